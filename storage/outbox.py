"""The outbox: alerts wait here until they are delivered, in order for each (channel, order key).

A sender *leases* an alert, sends it and marks it. When it dies between sending and marking, the lease runs out and the
alert goes out again with the same id: a duplicate that the receiver drops, never a loss. Only the first undelivered
alert of a (channel, order key) can be leased, so a later price never overtakes an earlier one; one that is dead blocks
nothing. One that waits for the end of quiet hours goes out earlier when a later one of its key may go: it is taken
along, before it. The parts of digests stand in `storage.digests`.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scrapers.rates import parse_instant
from storage.errors import StoreError
from storage.nouns import Alert
from storage.rows import alert_columns, dump, insert, instant, moment
from storage.store import Store

LONGEST_PAUSE = timedelta(days=1)
"""A pause that ends later was set by a clock that ran ahead, and holds nothing back."""

CLOCK_SET_BACK = timedelta(hours=1)
"""What was queued so much later than now was queued by a wrong clock, and its `not_before` means nothing."""


@dataclass(frozen=True, slots=True)
class Leased:
    """An alert that this sender may deliver until `leased_until`.

    `attempt` is 1 for the first delivery. `lease` marks this sender's hold on it.
    """

    id: str
    channel: str
    rule: str
    order_key: str
    event_ids: tuple[str, ...]
    payload: Mapping[str, Any]
    attempt: int
    created_at: datetime
    leased_until: datetime
    lease: str


@dataclass(frozen=True, slots=True)
class OutboxAlert:
    """An alert as it stands in the outbox, with what became of its deliveries.

    `not_before` and `digest` as in `Alert`; `digest_id` is the alert that the events of a folded one went out with.
    """

    id: str
    channel: str
    rule: str
    order_key: str
    event_ids: tuple[str, ...]
    payload: Mapping[str, Any]
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    last_error: str | None
    sent_at: datetime | None
    not_before: datetime | None = None
    digest: str | None = None
    digest_id: str | None = None

    @property
    def due_at(self) -> datetime | None:
        """When it is tried next, if nothing of its order key goes out before; None when it is not."""
        if self.state not in {"pending", "collected"}:
            return None
        return max(self.next_attempt_at, self.not_before or self.next_attempt_at)


def enqueue(store: Store, alerts: Iterable[Alert], now: datetime) -> None:
    """Queue alerts that tell of no price, such as a notice that a channel is down; a price's are written with it.

    An alert whose id the outbox has already is not queued again.
    """
    with store.connection.write() as sql:
        for alert in alerts:
            insert(sql, "alerts", alert_columns(alert, now), conflict="ON CONFLICT (id) DO NOTHING")


def lease(
    store: Store, now: datetime, seconds: float, limit: int = 20, channels: Iterable[str] | None = None
) -> tuple[Leased, ...]:
    """Take up to `limit` alerts that are due, oldest first, for `seconds`.

    Args:
        store: the open database.
        now: the clock; a clock that was set back neither holds back what was due nor keeps a lease for ever.
        seconds: how long this sender may take; longer than its slowest delivery.
        limit: at most so many.
        channels: only these channels, all when None; disabled ones never.

    """
    until = instant(now + timedelta(seconds=seconds))
    latest_pause = instant(now + LONGEST_PAUSE)
    mark = secrets.token_hex(8)
    wanted = None if channels is None else dump(sorted(channels))
    with store.connection.write() as sql:
        due = sql.execute(
            """
            WITH RECURSIVE heads (seq) AS (  -- from group to group, so that a full outbox is not read whole
              SELECT (
                SELECT seq FROM alerts INDEXED BY alerts_pending
                WHERE state = 'pending' ORDER BY channel, order_key, seq LIMIT 1
              )
              UNION ALL
              SELECT coalesce((
                SELECT later.seq FROM alerts AS later INDEXED BY alerts_pending
                WHERE later.state = 'pending' AND later.channel = head.channel AND later.order_key > head.order_key
                ORDER BY later.order_key, later.seq LIMIT 1
              ), (
                SELECT later.seq FROM alerts AS later INDEXED BY alerts_pending
                WHERE later.state = 'pending' AND later.channel > head.channel
                ORDER BY later.channel, later.order_key, later.seq LIMIT 1
              ))
              FROM heads JOIN alerts AS head ON head.seq = heads.seq
            )
            SELECT alerts.* FROM heads JOIN alerts USING (seq)
            WHERE (:wanted IS NULL OR alerts.channel IN (SELECT value FROM json_each(:wanted)))
              AND alerts.channel NOT IN (
                SELECT id FROM channels
                WHERE disabled_at IS NOT NULL OR (quiet_until > :now AND quiet_until <= :latest_pause)
              )
              AND (coalesce(not_before, '') <= :now OR created_at > :soon OR EXISTS (
                SELECT 1 FROM alerts AS later
                WHERE later.state = 'pending' AND later.channel = alerts.channel
                  AND later.order_key = alerts.order_key AND coalesce(later.not_before, '') <= :now
              ))
              AND (attempts = 0 OR next_attempt_at <= :now OR last_attempt_at > :now)
              AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :until)
            ORDER BY alerts.seq LIMIT :limit
            """,
            {
                "wanted": wanted,
                "now": instant(now),
                "soon": instant(now + CLOCK_SET_BACK),
                "until": until,
                "latest_pause": latest_pause,
                "limit": limit,
            },
        ).fetchall()
        sql.executemany(
            # A lease that was never given back is that of a sender which died: it may have sent.
            "UPDATE alerts SET leased_until = ?, maybe_out = maybe_out OR lease IS NOT NULL, lease = ? WHERE seq = ?",
            [(until, mark, row["seq"]) for row in due],
        )
    return tuple(
        Leased(
            id=row["id"],
            channel=row["channel"],
            rule=row["rule"],
            order_key=row["order_key"],
            event_ids=tuple(json.loads(row["event_ids"])),
            payload=json.loads(row["payload"]),
            attempt=row["attempts"] + 1,
            created_at=moment(row["created_at"]),
            leased_until=moment(until),
            lease=mark,
        )
        for row in due
    )


def mark_sent(store: Store, leased: Leased, now: datetime) -> None:
    """The receiver has it. This holds even when the lease ran out meanwhile: what is sent is sent."""
    with store.connection.write() as sql:
        _close(sql, leased, now, "sent", None, maybe_out=True)
        sql.execute("UPDATE alerts SET sent_at = ? WHERE id = ? AND sent_at IS NULL", (instant(now), leased.id))


def mark_failed(
    store: Store, leased: Leased, now: datetime, *, next_attempt_at: datetime, error: str, is_unsent: bool = False
) -> None:
    """It did not arrive; it is due again at `next_attempt_at`. Nothing happens when another sender has it by now.

    `is_unsent` says that it certainly never left this machine; else a receiver may have it all the same.
    """
    with store.connection.write() as sql:
        changed = sql.execute(
            "UPDATE alerts SET attempts = attempts + 1, next_attempt_at = ?, last_attempt_at = ?, last_error = ?, "
            "maybe_out = maybe_out OR ?, leased_until = NULL, lease = NULL "
            "WHERE id = ? AND lease = ? AND state = 'pending'",
            (instant(next_attempt_at), instant(now), error, not is_unsent, leased.id, leased.lease),
        ).rowcount
        if changed:
            _note(sql, leased.id, leased.channel, leased.attempt, now, "failed", error, next_attempt_at)


def mark_dead(store: Store, leased: Leased, now: datetime, error: str, *, is_unsent: bool = False) -> None:
    """It is given up; a person may ask for it again with `retry_dead`. It no longer holds back later alerts."""
    with store.connection.write() as sql:
        _close(sql, leased, now, "dead", error, maybe_out=not is_unsent)


def release(store: Store, leased: Iterable[Leased]) -> None:
    """Give leases back unused, when a sender stops before it came to them."""
    with store.connection.write() as sql:
        sql.executemany(
            "UPDATE alerts SET leased_until = NULL, lease = NULL WHERE id = ? AND lease = ?",
            [(each.id, each.lease) for each in leased],
        )


def retry_dead(store: Store, now: datetime, alert_ids: Iterable[str] | None = None) -> int:
    """Make dead alerts due again, all of them when no ids are given; returns how many."""
    chosen = None if alert_ids is None else dump(list(alert_ids))
    with store.connection.write() as sql:
        dead = sql.execute(
            "SELECT id, channel FROM alerts WHERE state = 'dead' "
            "AND (:chosen IS NULL OR id IN (SELECT value FROM json_each(:chosen)))",
            {"chosen": chosen},
        ).fetchall()
        for row in dead:
            # Attempts begin anew: the sender's schedule of waits is counted from them.
            sql.execute(
                "UPDATE alerts SET state = 'pending', attempts = 0, next_attempt_at = ?, leased_until = NULL, "
                "lease = NULL WHERE id = ?",
                (instant(now), row["id"]),
            )
            _note(sql, row["id"], row["channel"], 0, now, "retry", None, None)
    return len(dead)


def hasten(store: Store, now: datetime) -> None:
    """Make all that waits due now; free leases, end pauses; only for who holds the run lock, the one sender."""
    with store.connection.write() as sql:
        sql.execute(
            "UPDATE alerts SET next_attempt_at = ?, not_before = NULL, maybe_out = maybe_out OR lease IS NOT NULL, "
            "leased_until = NULL, lease = NULL WHERE state IN ('pending', 'collected')",
            (instant(now),),
        )
        sql.execute("UPDATE channels SET quiet_until = NULL")


def pause_channel(store: Store, channel: str, until: datetime) -> None:
    """Lease nothing of a channel until then, at most `LONGEST_PAUSE`: its receiver asked for that."""
    with store.connection.write() as sql:
        sql.execute(
            "INSERT INTO channels (id, quiet_until) VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET quiet_until = excluded.quiet_until",
            (channel, instant(until)),
        )


def disable_channel(store: Store, channel: str, now: datetime, why: str) -> None:
    """Stop leasing alerts of a channel; they wait."""
    with store.connection.write() as sql:
        sql.execute(
            "INSERT INTO channels (id, disabled_at, disabled_why) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET disabled_at = excluded.disabled_at, disabled_why = excluded.disabled_why",
            (channel, instant(now), why),
        )


def enable_channel(store: Store, channel: str) -> None:
    """Lease the channel's alerts again."""
    with store.connection.write() as sql:
        sql.execute(
            "UPDATE channels SET disabled_at = NULL, disabled_why = NULL, quiet_until = NULL WHERE id = ?", (channel,)
        )


def disabled_channels(store: Store) -> dict[str, str]:
    """Disabled channels with the reason."""
    found = store.connection.rows("SELECT id, disabled_why FROM channels WHERE disabled_at IS NOT NULL ORDER BY id")
    return {row["id"]: row["disabled_why"] or "" for row in found}


def counts(store: Store) -> dict[str, int]:
    """How many alerts are `pending`, `collected` for a digest, `sent`, `dead` and `withdrawn`."""
    found = {row[0]: row[1] for row in store.connection.rows("SELECT state, count(*) FROM alerts GROUP BY state")}
    return {state: found.get(state, 0) for state in ("pending", "collected", "sent", "dead", "withdrawn")}


def list_alerts(
    store: Store,
    *,
    state: str | None = None,
    channel: str | None = None,
    rule: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> tuple[OutboxAlert, ...]:
    """The newest alerts that fit all that is given.

    `channel` is a channel's id, an address as it stands in the outbox, or what follows the slash there.
    """
    found = store.connection.rows(
        """
        SELECT * FROM alerts WHERE (:state IS NULL OR state = :state)
          AND (:channel IS NULL OR channel = :channel OR substr(channel, 1, length(:channel) + 1) = :channel || '/'
            OR substr(channel, -length(:channel) - 1) = '/' || :channel)
          AND (:rule IS NULL OR instr(',' || rule || ',', ',' || :rule || ',') > 0)
          AND (:since IS NULL OR created_at >= :since)
        ORDER BY seq DESC LIMIT :limit
        """,
        {
            "state": state,
            "channel": channel,
            "rule": rule,
            "since": None if since is None else instant(since),
            "limit": limit,
        },
    )
    return tuple(alert_of(row) for row in found)


def alerts_about(store: Store, event_id: str) -> tuple[OutboxAlert, ...]:
    """All alerts that tell, or told until it was withdrawn, of an event, the digests too, in their order."""
    found = store.connection.rows(
        "SELECT * FROM alerts WHERE id IN (SELECT alert_id FROM alert_events WHERE event_id = ?) ORDER BY seq",
        (event_id,),
    )
    return tuple(alert_of(row) for row in found)


def next_release(store: Store, now: datetime) -> datetime | None:
    """The next instant at which quiet hours end for an alert or a digest is due; None when nothing waits for one."""
    found = store.connection.rows(
        "SELECT min(not_before) FROM alerts WHERE state IN ('pending', 'collected') AND not_before > ?",
        (instant(now),),
    )
    return parse_instant(found[0][0])


def get_alert(store: Store, alert_id: str) -> OutboxAlert:
    """One alert.

    Raises:
        StoreError: there is none with this id.

    """
    found = store.connection.rows("SELECT * FROM alerts WHERE id = ?", (alert_id,))
    if not found:
        raise StoreError(f"no alert has the id {alert_id!r}; `pricefall alerts list` shows them", path=store.path)
    return alert_of(found[0])


def _close(
    sql: sqlite3.Connection, leased: Leased, now: datetime, state: str, error: str | None, *, maybe_out: bool
) -> None:
    sql.execute(
        "UPDATE alerts SET state = ?, attempts = attempts + 1, last_attempt_at = ?, last_error = ?, "
        "maybe_out = maybe_out OR ?, leased_until = NULL, lease = NULL "
        "WHERE id = ? AND state != 'sent' AND (state != 'withdrawn' OR ? = 'sent')",
        (state, instant(now), error, maybe_out, leased.id, state),
    )
    _note(sql, leased.id, leased.channel, leased.attempt, now, state, error, None)


def _note(
    sql: sqlite3.Connection,
    alert_id: str,
    channel: str,
    attempt: int,
    now: datetime,
    outcome: str,
    error: str | None,
    next_attempt_at: datetime | None,
) -> None:
    insert(
        sql,
        "deliveries",
        {
            "alert_id": alert_id,
            "channel": channel,
            "attempt": attempt,
            "attempted_at": instant(now),
            "outcome": outcome,
            "error": error,
            "next_attempt_at": None if next_attempt_at is None else instant(next_attempt_at),
        },
    )


def alert_of(row: sqlite3.Row) -> OutboxAlert:
    """The alert of a row of `alerts`."""
    return OutboxAlert(
        id=row["id"],
        channel=row["channel"],
        rule=row["rule"],
        order_key=row["order_key"],
        event_ids=tuple(json.loads(row["event_ids"])),
        payload=json.loads(row["payload"]),
        state=row["state"],
        attempts=row["attempts"],
        created_at=moment(row["created_at"]),
        next_attempt_at=moment(row["next_attempt_at"]),
        last_error=row["last_error"],
        sent_at=parse_instant(row["sent_at"]),
        not_before=parse_instant(row["not_before"]),
        digest=row["digest"],
        digest_id=row["digest_id"],
    )
