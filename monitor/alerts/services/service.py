"""What a service is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.alerts.delivery import Delivery
from monitor.channels import Channel, Place
from monitor.form_fields import ChannelForm


@dataclass(frozen=True, slots=True)
class Service:
    """How channels of one type are set up and used.

    Attributes:
        form: the keys of its `[[channel]]`.
        read: the channel of a form, with its secrets; None where something is missing, which it complains of.
        compose: what is sent, without secrets, for sending and to be shown: JSON, or text.
        send: sends it, or raises a `DeliveryError`.
        pause_s: between two messages to one channel, in seconds, so that the service's rate limit is not met.

    """

    form: type[ChannelForm]
    read: Callable[[Any, Place], Channel | None]
    compose: Callable[[Any, Delivery], dict[str, Any] | str]
    send: Callable[[Any, Delivery], None]
    pause_s: float = 0.0
