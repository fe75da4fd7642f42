"""`type = "teams"`: Microsoft Teams by a Workflows webhook, written as an Adaptive Card.

Everything that may come from a page stands in text runs, which Teams reads neither as Markdown nor as a template.
"""

from __future__ import annotations

from typing import Any, Literal

from monitor.alerts.brief import Brief, Detail, Item, brief_of, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.hooks import BUSY_S, HookChannel, HookForm, post_to, read_hook
from monitor.alerts.services.service import Service
from monitor.channels import Place

MESSAGE_BYTES = 26_000
"""Teams refuses a message of about 28 KB."""

_HOSTS = ("logic.azure.com", "api.powerplatform.com", "webhook.office.com", "logic.azure.us")
_STYLES = {"good": "good", "bad": "attention", "plain": "default"}


class TeamsForm(HookForm):
    """`[[channel]]` with `type = "teams"`."""

    type: Literal["teams"]


def _read(form: TeamsForm, place: Place) -> HookChannel | None:
    return read_hook("teams", form, place, "https://<...>.logic.azure.com:443/workflows/<...>", _HOSTS)


def compose(_channel: HookChannel, delivery: Delivery) -> dict[str, Any]:
    """The message with its card."""
    from monitor.alerts.posting import to_json

    return fit(brief_of(delivery), _write, lambda message: len(to_json(message)) <= MESSAGE_BYTES)


def send(channel: HookChannel, delivery: Delivery) -> None:
    """Post it. A webhook of the older kind says inside of a 200 that Teams refused the message.

    Raises:
        ChannelGone: the workflow was deleted or switched off.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.errors import NotNow, Refused
    from monitor.alerts.posting import gone_error, refusal

    answer = post_to(channel, compose(channel, delivery))
    name = answer.receiver.name
    if not answer.is_good:
        if b"WorkflowTriggerIsNotEnabled" in answer.body:
            raise gone_error(answer, "says that its workflow is switched off")
        raise refusal(answer, gone=(404, 410))
    if b"error" in answer.body.lower():
        if b"429" in answer.body:
            raise NotNow(f"{name} says that it is asked too often; it is tried again later", retry_after_s=BUSY_S)
        raise Refused(f"{name} refuses the message{answer.words}; make its address anew with Workflows")


def _write(brief: Brief) -> dict[str, Any]:
    title = _text(_run(brief.title, size="large", weight="bolder"))
    foot = [_text(_run(words, size="small", isSubtle=True)) for words in (brief.more, brief.foot) if words]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": brief.title,
        "body": [title, *(_container(item) for item in brief.items), *foot],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": brief.title, "attachments": [attachment]}


def _container(item: Item) -> dict[str, Any]:
    rows = [_text(_run(item.headline, weight="bolder")), *(_row(detail) for detail in item.details)]
    return {"type": "Container", "style": _STYLES[item.mood], "items": rows}


def _row(detail: Detail) -> dict[str, Any]:
    action = {"selectAction": {"type": "Action.OpenUrl", "url": detail.url}} if detail.url else {}
    return _text(_run(f"{detail.label}: ", isSubtle=True), _run(detail.words, **action))


def _text(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": "small", "inlines": list(runs)}


def _run(words: str, **looks: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": words, **looks}


SERVICE = Service(TeamsForm, _read, compose, send, pause_s=1)
