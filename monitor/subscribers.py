"""Subscribers: people beside the operator who get mails of their own, by their own rules, and may leave at any time.

A subscriber is settings of his own (`views`): his rules, his workloads, his language and one address, through the mail
server of one `[[channel]]`. So whatever makes alerts makes them for one reader at a time, and no message is made
for two. The link to leave is signed (HMAC) over the address, holds it in no readable form, and never expires.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from storage import subscriber_notes
from storage.store import Store
from storage.subscribers import (
    PREFIX,
    KnownSubscriber,
    Note,
    after,
    key_of,
    known_subscribers,
    make_signing_key,
    note_known,
    signing_key,
    withdraw_of_who_left,
)

if TYPE_CHECKING:
    from monitor.channels import EmailChannel, Language
    from monitor.settings import Rule, Settings

CHANNEL = PREFIX.rstrip("/")
"""The id of the channel of all subscribers; no `[[channel]]` may have it."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One `[[subscriber]]`, of the settings or added by command.

    Attributes:
        language: of the mails; that of the settings where it is None.
        currency: what prices are shown in as well, converted and marked.
        time_zone: of quiet hours and digests; that of `[alerts]` where it is None.
        workloads: the ids of the `[[workload]]`s whose bills are this reader's matter.
        rules: their channels are `CHANNEL`.

    """

    address: str
    rules: tuple[Rule, ...]
    language: Language | None = None
    currency: str | None = None
    time_zone: str | None = None
    workloads: tuple[str, ...] = ()
    origin: Literal["settings", "command"] = "settings"


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """`[subscribers]`: whose server sends the mails (None without a mail channel), and where their links lead."""

    server: EmailChannel | None = None
    unsubscribe_url: str | None = None


def views(settings: Settings) -> Iterator[Settings]:
    """The settings as each reader has them: the operator's with all channels, then those of each subscriber."""
    yield replace(settings, subscribers=())
    for subscriber in settings.subscribers:
        yield view_of(subscriber, settings)


def view_of(subscriber: Subscriber, settings: Settings) -> Settings:
    """The settings as one subscriber has them."""
    place = place_of(subscriber, settings)
    return replace(
        settings,
        subscribers=(),
        language=subscriber.language or settings.language,
        channels=() if place is None else (place,),
        rules=subscriber.rules,
        workloads=tuple(each for each in settings.workloads if each.id in subscriber.workloads),
        alerts=replace(settings.alerts, time_zone=subscriber.time_zone or settings.alerts.time_zone),
    )


def place_of(subscriber: Subscriber, settings: Settings) -> EmailChannel | None:
    """The channel of one subscriber; None where no server is named."""
    server = settings.subscription.server
    if server is None:
        return None
    language = subscriber.language or settings.language
    return replace(server, id=CHANNEL, to=(subscriber.address,), language=language, currency=subscriber.currency)


def with_subscribers(store: Store, settings: Settings) -> Settings:
    """The settings with those who were added by command, and without those who unsubscribed; without a server none."""
    return replace(settings, subscribers=everyone(store, settings) if settings.subscription.server else ())


def everyone(store: Store, settings: Settings) -> tuple[Subscriber, ...]:
    """All who are subscribed: those of the settings, and those who were added by command."""
    known = after(known_subscribers(store.connection), subscriber_notes.waiting_notes(store.path))
    unique = {key_of(each.address): each for each in _added(known.values(), settings)}
    unique |= {key_of(each.address): each for each in settings.subscribers}
    left = {key for key, each in known.items() if each.unsubscribed_at is not None}
    return tuple(each for key, each in unique.items() if key not in left)


def ready_to_mail(store: Store, settings: Settings, now: datetime) -> Settings:
    """The same before messages are sent: notes are taken in, and each address has a link of its own."""
    subscriber_notes.take_in_notes(store)
    withdraw_of_who_left(store, now)
    settings = with_subscribers(store, settings)
    if settings.subscribers:
        note_known(store, [each.address for each in settings.subscribers], now)
        make_signing_key(store)
    return settings


def token_of(address: str, key: bytes) -> str:
    """The signed word that unsubscribes one address.

    >>> token_of("Ann@example.com", b"k" * 32) == token_of("ann@example.com", b"k" * 32)
    True
    >>> len(token_of("ann@example.com", b"k" * 32))
    43
    """
    signed = hmac.digest(key, b"unsubscribe\x1f" + key_of(address).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def address_of(token: str, addresses: Iterable[str], key: bytes | None) -> str | None:
    """Whose token it is; None for nobody's. All are compared, each in constant time, so that no answer is quicker."""
    found = None
    for address in addresses:
        if hmac.compare_digest(token_of(address, key or b"").encode(), token.strip().encode()) and key:
            found = address
    return found


def way_out(store: Store, settings: Settings, address: str) -> str | None:
    """The address that unsubscribes: the operator's URL with the token, else a mail to the sender.

    None while no key was made, that is, before the first message.
    """
    key, server = signing_key(store.connection), settings.subscription.server
    if key is None or server is None:
        return None
    token, url = token_of(address, key), settings.subscription.unsubscribe_url
    if url is None:
        return f"mailto:{server.sender}?subject={quote(f'unsubscribe {token}')}"
    return f"{url}{'&' if '?' in url else '?'}t={token}"


def leave_note(settings: Settings, note: Note) -> None:
    """Note what somebody said; it holds from the next message on, whoever is at work."""
    subscriber_notes.leave_note(settings.database, note)


def _added(known: Iterable[KnownSubscriber], settings: Settings) -> Iterator[Subscriber]:
    """Who was added by command; a table that this version cannot read any more is left out, `list` says so."""
    from monitor.subscriber_forms import read_added

    for each in known:
        if each.form is not None:
            subscriber, _wrong = read_added(each.form, settings)
            if subscriber is not None:
                yield subscriber
