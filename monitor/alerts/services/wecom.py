"""`type = "wecom"`: a group robot of WeCom, written in its Markdown. An error comes inside of a 200, as an `errcode`.

WeCom's Markdown knows no escapes either, so the twins of `dingtalk` are used here too.
"""

from __future__ import annotations

from typing import Any, Literal

from monitor.alerts.brief import Brief, Item, brief_of, clip, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.dingtalk import TWINS
from monitor.alerts.services.hooks import Codes, HookChannel, HookForm, check_code, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.channels import Place

CONTENT_BYTES = 4096

_COLOURS = {"good": "info", "bad": "warning", "plain": "comment"}  # green, orange, grey
_CODES = Codes(busy=frozenset({-1, 45009, 45033, 45047}), gone=frozenset({93000, 93008, 40014}))


class WeComForm(HookForm):
    """`[[channel]]` with `type = "wecom"`."""

    type: Literal["wecom"]


def _read(form: WeComForm, place: Place) -> HookChannel | None:
    example = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=..."
    return read_hook("wecom", form, place, example, ("qyapi.weixin.qq.com",))


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message."""
    text = fit(brief_of(delivery), _write, lambda text: len(text.encode()) <= CONTENT_BYTES)
    return {"msgtype": "markdown", "markdown": {"content": text}}


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it.

    Raises:
        NotNow: among others when the robot is asked too often (20 a minute).
        ChannelGone: the robot was taken out of the group.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    answer = post_to(channel, compose(channel, delivery))
    check_code(answer, answer.json.get("errcode"), _CODES)


def _write(brief: Brief) -> str:
    parts = [f"## {clip(brief.title, 400, TWINS)}", *(_item(item) for item in brief.items)]
    foot = [f'<font color="comment">{words}</font>' for words in (brief.more, brief.foot) if words]
    return "\n\n".join([*parts, *foot])


def _item(item: Item) -> str:
    lines = [f'<font color="{_COLOURS[item.mood]}">**{clip(item.headline, 1000, TWINS)}**</font>']
    for detail in item.details:
        words = clip(detail.words, 500, TWINS)
        lines.append(f"> {detail.label}: " + (f"[{words}]({detail.url})" if detail.url else words))
    return "\n".join(lines)


SERVICE = Service(WeComForm, _read, compose, send, pause_s=3)
