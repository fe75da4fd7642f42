"""`type = "feishu"` and `type = "lark"`: a group's custom bot, written as an interactive card.

Everything that may come from a page stands in plain text, so that it is neither markup nor a mention. An error comes
inside of a 200, as a `code` other than 0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any, Literal

from monitor.alerts.brief import Brief, Item, brief_of, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import Codes, HookChannel, SignedHookForm, check_code, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.alerts.words import word
from monitor.channels import Place

MESSAGE_BYTES = 18_000
"""A custom bot takes 20 KB, with the signature."""

_COLOURS = {"good": "green", "bad": "red", "plain": "blue"}
_HOSTS = {"feishu": "open.feishu.cn", "lark": "open.larksuite.com"}
_CODES = Codes(
    busy=frozenset({11232, 11233, 99991400, 230020, 18120}),
    gone=frozenset({19001, 19003}),
    set_up={
        19021: "correct its `secret` and this machine's clock",
        19022: "let this machine's address pass in the bot's settings",
        19024: "make Pricefall the keyword in the bot's settings",
    },
)


class FeishuForm(SignedHookForm):
    """`[[channel]]` with `type = "feishu"` or `type = "lark"`."""

    type: Literal["feishu", "lark"]


def _read(form: FeishuForm, place: Place) -> HookChannel | None:
    host = _HOSTS[form.type]
    return read_hook(form.type, form, place, f"https://{host}/open-apis/bot/v2/hook/<token>", (host,))


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message with its card; a signature is added when it is sent."""
    from monitor.alerts.posting import to_json

    return fit(brief_of(delivery), _write, lambda message: len(to_json(message)) <= MESSAGE_BYTES)


def signature(secret: str, timestamp: int) -> str:
    """Feishu's signature: an HMAC of nothing, whose key is the time in seconds, a line feed and the secret."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it, signed where the channel has a secret.

    Raises:
        NotNow: among others when the bot is asked too often, or is set up in another way.
        ChannelGone: the bot was taken out of the group.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    signed: dict[str, Any] = {}
    if channel.key is not None:
        now = int(time.time())  # the real time: the service refuses what is an hour old
        signed = {"timestamp": str(now), "sign": signature(channel.key.reveal(), now)}
    answer = post_to(channel, {**signed, **compose(channel, delivery)})
    check_code(answer, answer.json.get("code", answer.json.get("StatusCode")), _CODES)


def _write(brief: Brief) -> dict[str, Any]:
    elements: list[dict[str, Any]] = []
    for item in brief.items:
        elements += [*([{"tag": "hr"}] if elements else []), *_item(item, brief.language)]
    notes = [_plain(words) for words in (brief.more, brief.foot) if words]
    header = {"title": _plain(brief.title), "template": _COLOURS[brief.mood]}
    card = {
        "config": {"wide_screen_mode": True},
        "header": header,
        "elements": [*elements, {"tag": "note", "elements": notes}],
    }
    return {"msg_type": "interactive", "card": card}


def _item(item: Item, language: str) -> list[dict[str, Any]]:
    rows = [{"is_short": False, "text": _plain(f"{d.label}: {d.words}")} for d in item.details]
    block: dict[str, Any] = {"tag": "div", "text": _plain(item.headline)}
    if rows:
        block["fields"] = rows
    if not item.url:
        return [block]
    button = {"tag": "button", "type": "default", "text": _plain(word("price_page", language)), "url": item.url}
    return [block, {"tag": "action", "actions": [button]}]


def _plain(words: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": words}


SERVICE = Service(FeishuForm, _read, compose, send, pause_s=1)
