"""Brings what is due in the outbox to its receivers: at least once, with the same id each time, in order.

An alert is leased, sent and marked, outside of any transaction, so that a process which dies sends
it again and never loses it. A receiver that is away keeps its messages in the outbox for three days of tries; then
they are dead (`pricefall alerts retry` wakes them).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts.delivery import Delivery
from monitor.alerts.digest import digest_of
from monitor.alerts.errors import ChannelGone, DeliveryError, RefusedForGood
from monitor.alerts.payload import VERSION, notice_payload
from monitor.alerts.reader import Convert, Reader
from monitor.alerts.services.registry import service_of
from monitor.alerts.words import word
from monitor.channels import Channel
from monitor.settings import Settings
from monitor.subscribers import CHANNEL, ready_to_mail, way_out
from storage import digests, outbox
from storage.nouns import Alert
from storage.outbox import Leased, OutboxAlert
from storage.store import Store
from storage.subscriber_notes import take_in_notes
from storage.subscribers import PREFIX, known_subscriber, withdraw_of_who_left

_log = logging.getLogger(__name__)

WAITS_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds before each further try, after Standard Webhooks: ten tries in three days and three hours."""

LEASE_S = 300
"""A batch is broken off at half of it, and half of it is longer than the slowest delivery."""

MANY_PENDING = 10_000
"""From so many waiting alerts on, the operator is warned: a channel is away, or a rule tells too much."""

MOST_REST_S = 20
"""So long one call waits, all in all, for chats that take only so many messages a minute; what is left goes later."""

BATCH = 10
"""Alerts leased at once; each is the first of its order key, so that their order among themselves is free."""


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that did not arrive; `is_dead` when it was given up, else it is tried again."""

    alert_id: str
    channel: str
    error: str
    is_dead: bool


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """What one call of `deliver_due` did; `disabled` are channels that answered that they are gone."""

    sent: int = 0
    failures: tuple[FailedDelivery, ...] = ()
    disabled: tuple[str, ...] = ()

    @property
    def dead(self) -> int:
        return sum(failure.is_dead for failure in self.failures)

    @property
    def retried(self) -> int:
        return len(self.failures) - self.dead


def deliver_due(
    store: Store, settings: Settings, now: datetime, *, limit: int = 1000, convert: Convert | None = None
) -> DeliverySummary:
    """Deliver what is due, oldest first; a channel that fails as a whole is left alone until the next call.

    Args:
        store: the open database; each mark is one short transaction.
        settings: the channels; an alert for a channel that the settings no longer name waits in the outbox.
        now: the monitor's clock, for what is due.
        limit: at most so many deliveries, so that a full outbox does not hold up a run.
        convert: rates of exchange, for subscribers who see prices in a second currency.

    """
    work = _Round(store, ready_to_mail(store, settings, now), now, convert)
    digests.fold(store, now, work.digest_of)
    while work.tried < limit:
        leased = outbox.lease(store, now, LEASE_S, min(BATCH, limit - work.tried), work.ready_places())
        if leased:
            work.deliver(leased)
        elif not work.rest():
            break
    pending = outbox.counts(store)["pending"]
    if pending >= MANY_PENDING:
        _log.warning(
            "%d alerts wait in the outbox; `pricefall alerts list --state pending` shows them: mend their channel, or "
            "narrow the rules",
            pending,
        )
    return DeliverySummary(work.sent, tuple(work.failures), tuple(work.disabled))


@dataclass(frozen=True, slots=True)
class SentTest:
    """A test message to one address: what was sent, without secrets, and why it did not arrive (None: it did)."""

    address: str
    sent: dict[str, Any] | str
    error: str | None = None


def send_test(settings: Settings, channel_id: str, now: datetime | None = None) -> tuple[SentTest, ...]:
    """Send a test message to each address of one channel, past the outbox.

    Raises:
        ConfigError: no channel has this id.

    """
    now = now or datetime.now(UTC)
    channel = settings.channel(channel_id)
    language = settings.language_of(channel)
    messages = []
    for address in channel.addresses:
        alert_id = "test_" + hashlib.sha256(f"{address}\x1f{now.isoformat()}".encode()).hexdigest()[:24]
        words = word("test_subject", language), word("test", language)
        payload = {"id": alert_id, **notice_payload("test", now, *words)}
        delivery = Delivery(address, alert_id, payload, language, now)
        message = SentTest(address, service_of(channel.type).compose(channel, delivery))
        try:
            _send(channel, delivery)
        except DeliveryError as err:
            message = replace(message, error=err.message)
        messages.append(message)
    return tuple(messages)


def wait_before_next(alert_id: str, attempt: int, retry_after_s: float | None = None) -> timedelta:
    """The pause after a failed attempt (1 for the first): the schedule, up to a tenth more, or longer where asked.

    The extra is drawn from the alert's id, so that alerts which failed together do not come back together.

    >>> wait_before_next("msg_a", 2) >= timedelta(seconds=300), wait_before_next("msg_a", 1, 90)
    (True, datetime.timedelta(seconds=90))
    """
    planned = WAITS_S[min(attempt, len(WAITS_S)) - 1]
    share = hashlib.sha256(f"{alert_id}\x1f{attempt}".encode()).digest()[0] / 255
    return timedelta(seconds=max(planned * (1 + share / 10), retry_after_s or 0.0))


class _Round:
    """One call of `deliver_due`: which addresses still take messages, and what became of those that were tried."""

    def __init__(self, store: Store, settings: Settings, now: datetime, convert: Convert | None) -> None:
        self.store = store
        self.convert = convert
        self.settings = settings
        self.now = now
        self.places = {address: channel for channel in settings.places for address in channel.addresses}
        self.open_places = set(self.places)
        self.sent = 0
        self.failures: list[FailedDelivery] = []
        self.disabled: list[str] = []
        self.free_at: dict[str, float] = {}  # by channel, on the monotonic clock
        self.rests_until = time.monotonic() + MOST_REST_S

    @property
    def tried(self) -> int:
        return self.sent + len(self.failures)

    def digest_of(self, parts: Sequence[OutboxAlert]) -> Alert:
        """The digest of the parts of one address, in the language of its channel, if the settings still name it."""
        channel = self.places.get(parts[0].channel)
        return digest_of(parts, self.settings.language if channel is None else self.settings.language_of(channel))

    def deliver(self, leased: Sequence[Leased]) -> None:
        """Deliver a batch; what it does not come to is given back, also when the process is told to end."""
        waiting = list(leased)
        broken_off_at = time.monotonic() + LEASE_S / 2
        unused: list[Leased] = []
        try:
            while waiting:
                alert = waiting.pop(0)
                is_ready = alert.channel in self.open_places and not self._rests(alert.channel)
                if is_ready and time.monotonic() < broken_off_at:
                    self._deliver_one(alert)
                else:
                    unused.append(alert)
        finally:
            if unused or waiting:
                outbox.release(self.store, [*unused, *waiting])

    def ready_places(self) -> list[str]:
        """The open addresses but those whose service takes no message yet, since it had one a moment ago."""
        return sorted(place for place in self.open_places if not self._rests(place))

    def rest(self) -> bool:
        """Wait until something that is due may leave; False where nothing is, or not soon enough.

        Others wait for the run lock meanwhile, so what does not fit is left to the next call.
        """
        resting = sorted(place for place in self.open_places if self._rests(place))
        if not resting:
            return False
        waiting = outbox.lease(self.store, self.now, LEASE_S, BATCH, resting)
        outbox.release(self.store, waiting)
        ends = [self.free_at[self.places[alert.channel].id] for alert in waiting]
        if not ends or min(ends) > self.rests_until:
            return False
        time.sleep(max(0.0, min(ends) - time.monotonic()))
        return True

    def _rests(self, place: str) -> bool:
        return self.free_at.get(self.places[place].id, 0.0) > time.monotonic()

    def _deliver_one(self, alert: Leased) -> None:
        channel = self.places[alert.channel]
        language = self.settings.language_of(channel)
        reader = None
        if channel.id == CHANNEL:
            reader = self._reader(channel, alert.channel.removeprefix(PREFIX))
            if reader is None:
                return
        delivery = Delivery(alert.channel, alert.id, alert.payload, language, self.now, reader)
        self.free_at[channel.id] = time.monotonic() + service_of(channel.type).pause_s
        try:
            _send(channel, delivery)
        except DeliveryError as err:
            is_gone = isinstance(err, ChannelGone)
            if is_gone or alert.attempt >= err.tries:
                outbox.enqueue(self.store, _notices(alert, err, self.settings, self.now), self.now)
            self.failures.append(_mark(self.store, alert, err, self.now))
            if is_gone:
                outbox.disable_channel(self.store, alert.channel, self.now, err.message)
                self.disabled.append(alert.channel)
            if err.stops_channel and err.retry_after_s:
                outbox.pause_channel(self.store, alert.channel, self.now + timedelta(seconds=err.retry_after_s))
            if err.stops_channel:
                self.open_places -= {place for place, each in self.places.items() if each.id == channel.id}
        else:
            outbox.mark_sent(self.store, alert, self.now)
            self.sent += 1

    def _reader(self, channel: Channel, address: str) -> Reader | None:
        """The subscriber behind an address; None once he left, and then nothing waits for him any more."""
        take_in_notes(self.store)
        known = known_subscriber(self.store.connection, address)
        if known is not None and known.unsubscribed_at is not None:
            withdraw_of_who_left(self.store, self.now)
            self.open_places.discard(PREFIX + address)
            return None
        out = way_out(self.store, self.settings, address)
        return Reader(out or "", getattr(channel, "currency", None), self.convert)


def _send(channel: Channel, delivery: Delivery) -> None:
    if delivery.payload.get("version") != VERSION:
        raise RefusedForGood("this alert was queued by another version of Pricefall; install that version to send it")
    service_of(channel.type).send(channel, delivery)


def _notices(alert: Leased, err: DeliveryError, settings: Settings, now: datetime) -> list[Alert]:
    """What the other addresses are told of a delivery that was given up: once a day for each failing address.

    A notice that cannot be delivered itself makes no further notice.
    """
    if alert.payload["type"] == "channel.down":
        return []
    key = "gone" if isinstance(err, ChannelGone) else "down"
    subscriber = alert.channel.removeprefix(PREFIX) if alert.channel.startswith(PREFIX) else ""
    what = f"channel.down {CHANNEL if subscriber else alert.channel} {now:%Y-%m-%d}"
    notices = []
    for channel in settings.channels:
        language = settings.language_of(channel)
        someone = word("a_subscriber", language)  # a chat need not know who
        name = someone if subscriber else alert.channel
        error = err.message.replace(subscriber, someone) if subscriber else err.message
        subject = word("down_subject", language, channel=name)
        text = word(key, language, channel=name, error=error)
        for address in channel.addresses:
            if address != alert.channel:
                notice = Alert(address, "", (what,), "pricefall")
                payload = {"id": notice.id, **notice_payload("channel.down", now, subject, text)}
                notices.append(replace(notice, payload=payload))
    return notices


def _mark(store: Store, alert: Leased, err: DeliveryError, now: datetime) -> FailedDelivery:
    """Write a failed attempt down: due again later, or given up after the last try."""
    is_dead = alert.attempt >= err.tries
    _log.warning("%s to %s: %s", "gave up on an alert" if is_dead else "could not deliver", alert.channel, err.message)
    if is_dead:
        outbox.mark_dead(store, alert, now, err.message, is_unsent=err.is_unsent)
    else:
        due = now + wait_before_next(alert.id, alert.attempt, err.retry_after_s)
        outbox.mark_failed(store, alert, now, next_attempt_at=due, error=err.message, is_unsent=err.is_unsent)
    return FailedDelivery(alert.id, alert.channel, err.message, is_dead)
