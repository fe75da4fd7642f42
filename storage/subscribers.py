"""Who subscribed, who does not want mail any more, and the key that signs the links to say so.

An address is written down when it is first used, and its row stays: whoever unsubscribed once is never mailed again,
also when the settings name the address anew. Words of other processes come through a file of notes beside the database
(`storage.subscriber_notes`), so that nobody waits for the run lock, which `pricefall watch` never gives back.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from scrapers.rates import parse_instant
from storage.connection import Connection
from storage.rows import dump, insert, instant, moment
from storage.store import Store

PREFIX = "subscriber/"
"""Before the address, where an alert's `channel` is a subscriber."""

Deed = Literal["add", "remove", "unsubscribe", "resubscribe"]


@dataclass(frozen=True, slots=True)
class KnownSubscriber:
    """An address that was mailed, added or unsubscribed; `form` is its table as added by command, None without one."""

    address: str
    known_since: datetime
    form: Mapping[str, Any] | None = None
    unsubscribed_at: datetime | None = None
    unsubscribed_why: str | None = None

    @property
    def key(self) -> str:
        return key_of(self.address)


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said about an address, and when."""

    deed: Deed
    address: str
    at: datetime
    why: str = ""
    form: Mapping[str, Any] | None = None


def key_of(address: str) -> str:
    """By which addresses are compared: capitals tell no two mailboxes apart.

    >>> key_of("Ann@Example.COM")
    'ann@example.com'
    """
    return address.casefold()


def known_subscribers(connection: Connection) -> dict[str, KnownSubscriber]:
    """Everybody who is known, by `key_of` the address, oldest first."""
    found = connection.rows("SELECT * FROM subscribers ORDER BY known_since, address")
    return {known.key: known for known in map(_subscriber, found)}


def known_subscriber(connection: Connection, address: str) -> KnownSubscriber | None:
    """What is known of one address."""
    found = connection.rows("SELECT * FROM subscribers WHERE key = ?", (key_of(address),))
    return _subscriber(found[0]) if found else None


def after(known: Mapping[str, KnownSubscriber], notes: Iterable[Note]) -> dict[str, KnownSubscriber]:
    """Everybody who is known, once these notes are taken in; taking one in twice changes nothing."""
    result = dict(known)
    for note in notes:
        key = key_of(note.address)
        old = result.get(key, KnownSubscriber(note.address, note.at))
        if note.deed == "add":
            result[key] = replace(old, address=note.address, form=note.form)
        elif note.deed == "remove":
            result[key] = replace(old, form=None)
        elif note.deed == "resubscribe":
            result[key] = replace(old, unsubscribed_at=None, unsubscribed_why=None)
        elif old.unsubscribed_at is None:
            result[key] = replace(old, unsubscribed_at=note.at, unsubscribed_why=note.why)
    return result


def take_in(store: Store, notes: Iterable[Note]) -> None:
    """Write notes into the database; what was queued for who left is withdrawn, in the same transaction."""
    notes = list(notes)
    if not notes:
        return
    before = known_subscribers(store.connection)
    with store.connection.write() as sql:
        for key, known in after(before, notes).items():
            if before.get(key) != known:
                _write(sql, known)
        for note in notes:
            if note.deed in {"unsubscribe", "remove"}:
                _withdraw_queued(sql, note.address, note.at, note.why)


def note_known(store: Store, addresses: Iterable[str], at: datetime) -> None:
    """Write down addresses that are about to be mailed, so that their links hold as long as the database does."""
    known = known_subscribers(store.connection)
    new = {key_of(address): address for address in addresses if key_of(address) not in known}
    if new:
        with store.connection.write() as sql:
            for address in new.values():
                _write(sql, KnownSubscriber(address, at))


def withdraw_of_who_left(store: Store, at: datetime) -> None:
    """Withdraw what waits for anybody who unsubscribed, and was queued by a process that did not know yet."""
    found = store.connection.rows(
        "SELECT DISTINCT channel FROM alerts WHERE state IN ('pending', 'collected') AND substr(channel, 1, ?) = ?",
        (len(PREFIX), PREFIX),
    )
    for row in found:
        known = known_subscriber(store.connection, row["channel"].removeprefix(PREFIX))
        if known is not None and known.unsubscribed_at is not None:
            with store.connection.write() as sql:
                _withdraw_queued(sql, known.address, at, known.unsubscribed_why or "")


def signing_key(connection: Connection) -> bytes | None:
    """The key that signs the links; None while there is none."""
    found = connection.rows("SELECT key FROM subscriber_key")
    return bytes.fromhex(found[0]["key"]) if found else None


def make_signing_key(store: Store) -> bytes:
    """The key that signs the links, made at the first use and never changed, since links never expire."""
    found = signing_key(store.connection)
    if found is None:
        found = secrets.token_bytes(32)
        with store.connection.write() as sql:
            insert(sql, "subscriber_key", {"key": found.hex()})
    return found


def _subscriber(row: sqlite3.Row) -> KnownSubscriber:
    return KnownSubscriber(
        row["address"],
        moment(row["known_since"]),
        None if row["form"] is None else json.loads(row["form"]),
        parse_instant(row["unsubscribed_at"]),
        row["unsubscribed_why"],
    )


def _write(sql: sqlite3.Connection, known: KnownSubscriber) -> None:
    columns = {
        "key": known.key,
        "address": known.address,
        "form": None if known.form is None else dump(dict(known.form)),
        "known_since": instant(known.known_since),
        "unsubscribed_at": None if known.unsubscribed_at is None else instant(known.unsubscribed_at),
        "unsubscribed_why": known.unsubscribed_why,
    }
    sql.execute("DELETE FROM subscribers WHERE key = ?", (known.key,))
    insert(sql, "subscribers", columns)


def _withdraw_queued(sql: sqlite3.Connection, address: str, at: datetime, why: str) -> None:
    waiting = sql.execute(
        "SELECT id, channel, event_ids FROM alerts WHERE state IN ('pending', 'collected', 'dead') "
        "AND substr(channel, 1, ?) = ?",
        (len(PREFIX), PREFIX),
    ).fetchall()
    for row in waiting:
        if key_of(row["channel"].removeprefix(PREFIX)) != key_of(address):
            continue
        sql.execute(
            "UPDATE alerts SET state = 'withdrawn', leased_until = NULL, lease = NULL, last_error = ? WHERE id = ?",
            (why, row["id"]),
        )
        for event_id in json.loads(row["event_ids"]):
            columns = {"alert_id": row["id"], "event_id": event_id, "why": why, "withdrawn_at": instant(at)}
            insert(sql, "withdrawals", columns, conflict="ON CONFLICT DO NOTHING")
