"""`type = "slack"`: an incoming webhook, written in Block Kit.

Everything that may come from a page stands in rich text, whose words Slack never reads as markup or as a mention;
only the line for notifications has to be escaped.
"""

from __future__ import annotations

from typing import Any, Literal

from monitor.alerts.brief import Brief, Item, brief_of, clip, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import HookChannel, HookForm, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.channels import Place

HEADER_LENGTH = 150
MESSAGE_BYTES = 35_000
"""Slack cuts a message of more than 40,000 signs."""

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_MARKS = {"good": "large_green_circle", "bad": "red_circle", "plain": ""}


class SlackForm(HookForm):
    """`[[channel]]` with `type = "slack"`."""

    type: Literal["slack"]


def _read(form: SlackForm, place: Place) -> HookChannel | None:
    example = "https://hooks.slack.com/services/T.../B.../..."
    return read_hook("slack", form, place, example, ("hooks.slack.com", "hooks.slack-gov.com"))


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message in Block Kit."""
    from monitor.alerts.posting import to_json

    return fit(brief_of(delivery), _write, lambda message: len(to_json(message)) <= MESSAGE_BYTES)


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it.

    Raises:
        ChannelGone: the hook was deleted, or its channel or workspace is gone.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.posting import gone_error, refusal

    answer = post_to(channel, compose(channel, delivery))
    if answer.status == 403 and b"invalid_token" in answer.body:
        raise gone_error(answer, "says that its address is no longer valid")
    if not answer.is_good:
        raise refusal(answer, gone=(404, 410))


def _write(brief: Brief) -> dict[str, Any]:
    header = {
        "type": "header",
        "text": {"type": "plain_text", "text": clip(brief.title, HEADER_LENGTH), "emoji": False},
    }
    foot = [{"type": "plain_text", "text": words, "emoji": False} for words in (brief.more, brief.foot) if words]
    blocks = [header, *(_block(item) for item in brief.items), {"type": "context", "elements": foot}]
    return {"text": clip(brief.title, 600, _ESCAPES), "mrkdwn": False, "blocks": blocks}


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}


def _block(item: Item) -> dict[str, Any]:
    mark = _MARKS[item.mood]
    inside: list[dict[str, Any]] = [{"type": "emoji", "name": mark}, {"type": "text", "text": " "}] if mark else []
    inside.append({"type": "text", "text": item.headline, "style": {"bold": True}})
    for detail in item.details:
        inside.append({"type": "text", "text": f"\n{detail.label}: "})
        words: dict[str, Any] = {"type": "text", "text": detail.words}
        inside.append({"type": "link", "url": detail.url, "text": detail.words} if detail.url else words)
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": inside}]}


SERVICE = Service(SlackForm, _read, compose, send, pause_s=1)
