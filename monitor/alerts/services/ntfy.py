"""`type = "ntfy"`: a notification on phones, through ntfy.sh or a server of your own.

The alert's id is the notification's `sequence_id`: one that is delivered again takes the place of the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from monitor.alerts.brief import Brief, brief_of, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.services.service import Service
from monitor.channel_secrets import Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm, Line

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
MESSAGE_BYTES = 4000
"""ntfy makes a file of a message of more than 4,096 bytes."""

_BY_SEVERITY = {"low": 2, "normal": 3, "high": 4, "urgent": 5}
_BY_KIND = {
    "raise": 4,
    "promo_end": 4,
    "scheduled": 4,
    "removal": 4,
    "channel.down": 4,
    "held": 2,
    "notice": 2,
    "correction": 2,
    "health.closed": 2,
}
_TAGS = {
    "cut": "chart_with_downwards_trend",
    "raise": "chart_with_upwards_trend",
    "free": "gift",
    "promo_start": "gift",
    "promo_end": "hourglass",
    "launch": "new",
    "removal": "wastebasket",
    "scheduled": "calendar",
    "held": "mag",
    "health.opened": "warning",
    "health.closed": "white_check_mark",
    "channel.down": "warning",
}


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise ValueError(
            "is no topic: write at most 64 letters, digits, dashes and underscores, without a blank or slash"
        )
    return value


class NtfyForm(ChannelForm):
    """`[[channel]]` with `type = "ntfy"`."""

    type: Literal["ntfy"]
    topic: Annotated[str, AfterValidator(_topic)] | None = None
    topic_file: str | None = None
    server: Line = "https://ntfy.sh"
    token: str | None = None
    token_file: str | None = None
    allow_private: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class NtfyChannel(OneAddress):
    """A topic, which on a public server is as good as a password, and a token where the server wants one."""

    type: ClassVar[str] = "ntfy"
    id: str
    topic: Secret
    server: str = "https://ntfy.sh"
    token: Secret | None = None
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.topic,) if self.token is None else (self.topic, self.token)


def _read(form: NtfyForm, place: Place) -> NtfyChannel | None:
    token = place.secret("token", form.token, form.token_file)
    topic = Secret(form.topic) if form.topic and token is not None and form.topic_file is None else None
    topic = topic or place.needed("topic", form.topic, form.topic_file)
    place.check_url("server", form.server, allow_private=form.allow_private)
    ca_file = place.file("ca_file", form.ca_file)
    if topic is None:
        return None
    return NtfyChannel(form.id, topic, form.server, token, form.allow_private, ca_file, form.language)


def compose(_channel: NtfyChannel, delivery: Delivery) -> dict[str, Any]:
    """The notification; its topic is added when it is sent."""
    brief = brief_of(delivery)
    text = fit(brief, _write, lambda text: len(text.encode()) <= MESSAGE_BYTES)
    provider = delivery.payload["data"].get("provider")
    note: dict[str, Any] = {
        "title": brief.title,
        "message": text,
        "priority": _priority(brief.kind, delivery),
        "tags": [tag for tag in (_TAGS.get(brief.kind), provider) if tag],
        "sequence_id": delivery.id,
    }
    return {**note, "click": brief.url} if brief.url else note


def send(channel: NtfyChannel, delivery: Delivery) -> None:
    """Send it.

    Raises:
        NotNow: among others when the server wants another token.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.errors import NotNow
    from monitor.alerts.posting import Receiver, post_json, refusal

    receiver = Receiver(
        "ntfy", channel.id, channel.server, channel.secrets, channel.allow_private, channel.ca_file,
        resent="the next try takes its place",
    )  # fmt: skip
    headers = {"authorization": f"Bearer {channel.token.reveal()}"} if channel.token else {}
    answer = post_json(receiver, {"topic": channel.topic.reveal(), **compose(channel, delivery)}, headers)
    if answer.status in {401, 403}:
        raise NotNow(
            f"{receiver.name} answers {answer.status}{answer.words}; set a `token` that may write to the topic"
        )
    if not answer.is_good:
        raise refusal(answer)


def _priority(kind: str, delivery: Delivery) -> int:
    """1 to 5: that of the most severe event, else that of the kind."""
    events = delivery.payload["data"].get("events", ())
    known = [_BY_SEVERITY[each["severity"]] for each in events if each.get("severity") in _BY_SEVERITY]
    return max(known, default=_BY_KIND.get(kind, 3))


def _write(brief: Brief) -> str:
    parts = ["\n".join([item.headline, *(f"{d.label}: {d.words}" for d in item.details)]) for item in brief.items]
    return "\n\n".join([*parts, *([brief.more] if brief.more else [])])


SERVICE = Service(NtfyForm, _read, compose, send)
