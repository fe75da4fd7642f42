"""`type = "discord"`: a channel's webhook, an embed an event.

Discord reads Markdown in most places, so every sign that it could read is escaped; nobody can be mentioned.
"""

from __future__ import annotations

from typing import Any, Literal

from monitor.alerts.brief import Brief, Item, brief_of, clip, fit, units
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import BUSY_S, HookChannel, HookForm, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.channels import Place

EMBEDS, TITLE, DESCRIPTION, CONTENT, FOOTER = 10, 256, 4096, 2000, 2048
ALL_EMBEDS = 6000
"""The signs of all embeds of a message together."""

_COLOURS = {"good": 0x0A7D33, "bad": 0xB3261E, "plain": 0x666666}
_ESCAPES = {ord(sign): f"\\{sign}" for sign in "\\*_~`|>#-[]()<@:"}


class DiscordForm(HookForm):
    """`[[channel]]` with `type = "discord"`."""

    type: Literal["discord"]


def _read(form: DiscordForm, place: Place) -> HookChannel | None:
    example = "https://discord.com/api/webhooks/<number>/<token>"
    return read_hook("discord", form, place, example, ("discord.com", "discordapp.com"))


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message with its embeds."""
    return fit(brief_of(delivery), _write, _fits)


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it; `wait=true` makes Discord say whether the message was stored.

    Raises:
        NotNow: among others when it is asked too often, for as long as the answer's `retry_after` says.
        ChannelGone: the webhook was deleted.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.errors import NotNow
    from monitor.alerts.posting import RETRY_AFTER_CAP_S, refusal

    answer = post_to(channel, compose(channel, delivery), query="wait=true")
    if answer.status == 429:
        said = answer.json.get("retry_after")
        wait = float(said) if isinstance(said, int | float) and 0 <= said < RETRY_AFTER_CAP_S else None
        wait = wait if wait is not None else answer.retry_after_s
        raise NotNow(
            f"{answer.receiver.name} answers 429: too many messages; it is tried again later",
            retry_after_s=BUSY_S if wait is None else wait,
        )
    if not answer.is_good:
        raise refusal(answer, gone=(401, 404, 410))


def _write(brief: Brief) -> dict[str, Any]:
    content = f"**{clip(brief.title, 600, _ESCAPES)}**"
    if brief.more:
        content += f"\n{brief.more}"
    embeds = [_embed(item) for item in brief.items]
    if embeds:
        embeds[-1]["footer"] = {"text": clip(brief.foot, FOOTER)}
    return {"content": content, "embeds": embeds, "allowed_mentions": {"parse": []}}


def _embed(item: Item) -> dict[str, Any]:
    lines = []
    for detail in item.details:
        words = clip(detail.words, 1000, _ESCAPES)
        lines.append(f"{detail.label}: " + (f"[{words}](<{detail.url}>)" if detail.url else words))
    embed: dict[str, Any] = {"title": clip(item.headline, TITLE, _ESCAPES), "color": _COLOURS[item.mood]}
    if len(item.headline) > TITLE:  # a notice's sentence
        embed = {"color": _COLOURS[item.mood]}
        lines.insert(0, clip(item.headline, 2000, _ESCAPES))
    if lines:
        embed["description"] = "\n".join(lines)
    return embed | ({"url": item.url} if item.url and "title" in embed else {})


def _fits(message: dict[str, Any]) -> bool:
    embeds = message["embeds"]
    texts = [e.get(key, "") for e in embeds for key in ("title", "description")]
    texts += [e["footer"]["text"] for e in embeds if "footer" in e]
    return (
        len(embeds) <= EMBEDS
        and units(message["content"]) <= CONTENT
        and all(units(e.get("description", "")) <= DESCRIPTION for e in embeds)
        and sum(units(text) for text in texts) <= ALL_EMBEDS
    )


SERVICE = Service(DiscordForm, _read, compose, send, pause_s=2)
