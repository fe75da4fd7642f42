"""`type = "dingtalk"`: a group's custom robot, written in its Markdown. An error is an `errcode` inside of a 200.

DingTalk's Markdown knows no escapes, so signs that it would read are shown as their full-width twins.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any, Literal
from urllib.parse import quote_plus

from monitor.alerts.brief import Brief, Item, brief_of, clip, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import Codes, HookChannel, SignedHookForm, check_code, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.channels import Place

MESSAGE_BYTES = 15_000
"""A custom robot takes 20,000 bytes."""

TWINS = {ord(sign): chr(ord(sign) + 0xFEE0) for sign in "*`[]<>\\"}
_MARKS = {"good": "🟢 ", "bad": "🔴 ", "plain": ""}
_CODES = Codes(
    busy=frozenset({-1, 130101, 410100, 90018, 90030}),
    gone=frozenset({300001, 400101, 400102, 400106, 400013}),
    set_up={
        310000: "in the robot's settings make Pricefall the keyword, or let this machine's address pass, or set the "
        "`secret` of its signature"
    },
)


class DingTalkForm(SignedHookForm):
    """`[[channel]]` with `type = "dingtalk"`."""

    type: Literal["dingtalk"]


def _read(form: DingTalkForm, place: Place) -> HookChannel | None:
    example = "https://oapi.dingtalk.com/robot/send?access_token=..."
    return read_hook("dingtalk", form, place, example, ("oapi.dingtalk.com", "api.dingtalk.com", "api.dingtalk.io"))


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message; the signature stands in the address."""
    brief = brief_of(delivery)
    text = fit(brief, _write, lambda text: len(text.encode()) <= MESSAGE_BYTES)
    return {"msgtype": "markdown", "markdown": {"title": clip(brief.title, 100, TWINS), "text": text}}


def signature(secret: str, timestamp_ms: int) -> str:
    """DingTalk's signature of the time in milliseconds, a line feed and the secret, ready for an address."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it, signed where the channel has a secret.

    Raises:
        NotNow: among others when the robot is asked too often (20 a minute), or is set up in another way.
        ChannelGone: the robot was taken out of the group or switched off.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    query = ""
    if channel.key is not None:
        now_ms = int(time.time() * 1000)  # the real time: the service refuses what is an hour old
        query = f"timestamp={now_ms}&sign={signature(channel.key.reveal(), now_ms)}"
    answer = post_to(channel, compose(channel, delivery), query=query)
    check_code(answer, answer.json.get("errcode"), _CODES)


def _write(brief: Brief) -> str:
    parts = [f"### {clip(brief.title, 400, TWINS)}", *(_item(item) for item in brief.items)]
    return "\n\n".join([*parts, *(f"> {words}" for words in (brief.more, brief.foot) if words)])


def _item(item: Item) -> str:
    lines = [f"**{_MARKS[item.mood]}{clip(item.headline, 1000, TWINS)}**", ""]
    for detail in item.details:
        words = clip(detail.words, 500, TWINS)
        lines.append(f"- {detail.label}: " + (f"[{words}]({detail.url})" if detail.url else words))
    return "\n".join(lines).rstrip()


SERVICE = Service(DingTalkForm, _read, compose, send, pause_s=3)
