"""What can go wrong between the outbox and a receiver.

DeliveryError
├── NotNow            the receiver cannot take it now: tried again for three days
│   └── Busy          only this recipient of a mail server cannot
├── Refused           this message is refused: tried a few times, since receivers are mended too
├── RefusedForGood    the mail server will never take this message for this recipient: given up at once
└── ChannelGone       the receiver says that it is gone (410): the channel is switched off, nothing is lost

Each says in one sentence what happened and what to do. No message holds a secret or a webhook's whole URL.
"""

from __future__ import annotations


class DeliveryError(Exception):
    """A message did not arrive.

    Attributes:
        tries: how often a message is tried before it is given up.
        stops_channel: whether other messages on the channel would fail alike, so that they wait as well.
        is_unsent: whether nothing of the message left this machine; False where the receiver may have it all the same.
        retry_after_s: how long the receiver asks to be left alone, in seconds; None when it does not say.

    """

    tries = 10
    stops_channel = False

    def __init__(self, message: str, *, retry_after_s: float | None = None, is_unsent: bool = False) -> None:
        super().__init__(message)
        self.is_unsent = is_unsent
        self.message = message
        self.retry_after_s = retry_after_s


class NotNow(DeliveryError):
    """The receiver cannot be reached, is not set up rightly, or asks to wait."""

    stops_channel = True


class Busy(NotNow):
    """The mail server takes mail, and cannot take it for this recipient now."""

    stops_channel = False


class Refused(DeliveryError):
    """The receiver refuses this one message."""

    tries = 5


class RefusedForGood(DeliveryError):
    """The mail server says that it will never take this message for this recipient."""

    tries = 1


class ChannelGone(DeliveryError):
    """The receiver says that it is gone."""

    stops_channel = True
