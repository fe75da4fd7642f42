"""`type = "telegram"`: a bot writes to a chat, in Telegram's HTML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from monitor.alerts.brief import Brief, Item, brief_of, clip, fit, units
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import BUSY_S
from monitor.alerts.services.service import Service
from monitor.channel_secrets import Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm, Line

TEXT_LENGTH = 4096
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_MARKS = {"good": "🟢 ", "bad": "🔴 ", "plain": "• "}
_GONE = (401, 403, 404)
"""The token was revoked; the bot was blocked or put out of the chat; there is no such bot."""


def _chat(value: str) -> str:
    is_number = value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()
    if not is_number and not (value.startswith("@") and value.isascii() and value.isprintable()):
        raise ValueError('is no chat; write its number in quotes ("-1001234567890") or "@channelname"')
    return value


class TelegramForm(ChannelForm):
    """`[[channel]]` with `type = "telegram"`."""

    type: Literal["telegram"]
    token: str | None = None
    token_file: str | None = None
    chat: Annotated[str, AfterValidator(_chat)]
    topic: int | None = None
    server: Line = "https://api.telegram.org"
    allow_private: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class TelegramChannel(OneAddress):
    """A bot and the chat that it writes to, in one of its topics where it has some."""

    type: ClassVar[str] = "telegram"
    id: str
    token: Secret
    chat: str
    topic: int | None = None
    server: str = "https://api.telegram.org"
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.token,)


def _read(form: TelegramForm, place: Place) -> TelegramChannel | None:
    token = place.needed("token", form.token, form.token_file)
    place.check_url("server", form.server, allow_private=form.allow_private)
    ca_file = place.file("ca_file", form.ca_file)
    if token is None:
        return None
    number, colon, rest = token.reveal().partition(":")
    if not (number.isascii() and number.isdigit() and colon and rest.replace("-", "").replace("_", "").isalnum()):
        place.complain("token", "is no token of a bot; it looks like 123456789:AA... (ask @BotFather)")
    server = form.server.rstrip("/")
    return TelegramChannel(form.id, token, form.chat, form.topic, server, form.allow_private, ca_file, form.language)


def compose(channel: TelegramChannel, delivery: Delivery) -> dict[str, Any]:
    """What the method `sendMessage` is given."""
    text = fit(brief_of(delivery), _write, lambda text: units(text) <= TEXT_LENGTH)
    message: dict[str, Any] = {
        "chat_id": channel.chat,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return message if channel.topic is None else {**message, "message_thread_id": channel.topic}


def send(channel: TelegramChannel, delivery: Delivery) -> None:
    """Send it.

    Raises:
        NotNow: among others when the bot is too quick, for as long as `retry_after` says.
        ChannelGone: the token is no longer valid, or the bot may not write to the chat.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.errors import NotNow, Refused
    from monitor.alerts.posting import RETRY_AFTER_CAP_S, Receiver, gone_error, post_json, refusal

    url = f"{channel.server}/bot{channel.token.reveal()}/sendMessage"
    receiver = Receiver("telegram", channel.id, url, channel.secrets, channel.allow_private, channel.ca_file)
    answer = post_json(receiver, compose(channel, delivery))
    said = answer.json
    if answer.is_good and said.get("ok") is True:
        return
    code = said.get("error_code") if said.get("ok") is False else answer.status
    hints = said.get("parameters")
    wait = hints.get("retry_after") if isinstance(hints, dict) else None
    if code == 429:
        seconds = min(float(wait), RETRY_AFTER_CAP_S) if isinstance(wait, int) and wait >= 0 else BUSY_S
        raise NotNow(f"{receiver.name} says that the bot is too quick; it is tried again later", retry_after_s=seconds)
    if code in _GONE:
        raise gone_error(answer, f"answers {code}{answer.words}")
    if isinstance(hints, dict) and isinstance(hints.get("migrate_to_chat_id"), int):
        raise NotNow(f'{receiver.name}: the group has a new number; set `chat = "{hints["migrate_to_chat_id"]}"`')
    if answer.is_good:
        raise Refused(f"{receiver.name} refuses the message{answer.words}; check `chat` and `server`")
    raise refusal(answer)


def _write(brief: Brief) -> str:
    parts = [f"<b>{clip(brief.title, 1000, _ESCAPES)}</b>", *(_item(item) for item in brief.items)]
    foot = "\n".join(words for words in (brief.more, brief.foot) if words)
    return "\n\n".join([*parts, f"<i>{foot}</i>"])


def _item(item: Item) -> str:
    lines = [f"{_MARKS[item.mood]}<b>{clip(item.headline, 2000, _ESCAPES)}</b>"]
    for detail in item.details:
        words = clip(detail.words, 1500, _ESCAPES)
        url = clip(detail.url, 4000, _ESCAPES)
        lines.append(f"{detail.label}: " + (f'<a href="{url}">{words}</a>' if url else words))
    return "\n".join(lines)


SERVICE = Service(TelegramForm, _read, compose, send, pause_s=3)
