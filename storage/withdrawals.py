"""What of the outbox is undone: which messages tell of an event, and the taking back of events from them.

A message that certainly never left is changed or withdrawn where it lies. One that a receiver may have is followed by
another that says so; `monitor.alerts.withdrawal` decides, and all is written in the transaction that undoes the event.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from storage.connection import Connection
from storage.errors import StoreError
from storage.nouns import Event, Ruling, Telling, Withdrawal, identity_text
from storage.rows import dump, event_of, insert, instant, transition_of


def tellings(connection: Connection, event_ids: Iterable[str]) -> tuple[Telling, ...]:
    """The messages that tell of any of these events, oldest first; not those that were withdrawn or folded."""
    found = connection.rows(
        "SELECT * FROM alerts WHERE state NOT IN ('withdrawn', 'folded') AND id IN "
        "(SELECT alert_id FROM alert_events WHERE event_id IN (SELECT value FROM json_each(?))) ORDER BY seq",
        (dump(list(event_ids)),),
    )
    return tuple(_telling(row) for row in found)


def earlier_events(connection: Connection, event: Event) -> tuple[Event, ...]:
    """What was told before of the same price, newest first; a hundred at most."""
    found = connection.rows(
        "SELECT * FROM events WHERE provider = ? AND market = ? AND identity = ? ORDER BY seq DESC LIMIT 100",
        (event.provider, event.market, identity_text(event.rate)),
    )
    return tuple(event_of(row) for row in found)


def held_event(connection: Connection, page_id: int, ruling: Ruling) -> Event | None:
    """The event that told that the difference of a ruling was held, if one was."""
    found = connection.rows(
        "SELECT events.* FROM events JOIN pages USING (provider, market) WHERE pages.id = ? AND kind = 'held' "
        "AND identity = ? AND transition = ? ORDER BY seq DESC LIMIT 1",
        (page_id, ruling.key, transition_of(ruling.old, ruling.seen)),
    )
    return event_of(found[0]) if found else None


def withdrawals_of(connection: Connection, event_id: str) -> list[dict[str, Any]]:
    """The messages that an event was taken back from: `alert_id`, `channel`, `state`, `why`, `follow_up`."""
    found = connection.rows(
        "SELECT alert_id, channel, state, why, follow_up, withdrawn_at FROM withdrawals "
        "JOIN alerts ON alerts.id = alert_id WHERE event_id = ? ORDER BY alerts.seq",
        (event_id,),
    )
    return [dict(row) for row in found]


def write_withdrawals(sql: sqlite3.Connection, withdrawals: Iterable[Withdrawal], at: datetime) -> None:
    """Take events back, inside the caller's transaction.

    Raises:
        StoreError: a sender has taken a message since it was looked at.

    """
    for each in withdrawals:
        told = each.telling
        row = sql.execute("SELECT * FROM alerts WHERE id = ?", (told.id,)).fetchone()
        if row is None or _telling(row).mark != told.mark:
            raise StoreError(f"message {told.id} was sent by another process meanwhile; nothing was written, run again")
        if told.is_waiting:
            sql.execute(
                "UPDATE alerts SET state = CASE WHEN ? THEN state ELSE 'withdrawn' END, event_ids = ?, payload = ?, "
                "leased_until = NULL, lease = NULL WHERE id = ?",
                (bool(each.left), dump(list(each.left or told.event_ids)), dump(dict(each.payload)), told.id),
            )
        for event_id, why in each.undone.items():
            columns = {"alert_id": told.id, "event_id": event_id, "why": why, "follow_up": each.follow_up}
            insert(sql, "withdrawals", {**columns, "withdrawn_at": instant(at)}, conflict="ON CONFLICT DO NOTHING")


def _telling(row: sqlite3.Row) -> Telling:
    return Telling(
        id=row["id"],
        channel=row["channel"],
        rule=row["rule"],
        order_key=row["order_key"],
        event_ids=tuple(json.loads(row["event_ids"])),
        payload=json.loads(row["payload"]),
        is_waiting=row["state"] != "sent",
        maybe_out=bool(row["maybe_out"]) or row["state"] == "sent" or row["lease"] is not None,
        mark=dump([row["state"], row["attempts"], row["lease"], row["event_ids"]]),
    )
