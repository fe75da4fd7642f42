"""The statements of one look at a page, inside a transaction that the store has begun.

The order is the order of the foreign keys: page, capture, intervals, pending, events, alerts, page state.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from scrapers.rates import Complaint, Rate, Retirement, format_instant
from storage import rows
from storage.errors import StoreError
from storage.hours import write_windows
from storage.intervals import IntervalPlan, plan_intervals, rate_key
from storage.nouns import Alert, Flapping, Pending
from storage.outcomes import Decision, PageOutcome
from storage.rows import dump, insert, instant
from storage.rulings import as_ruled, write_amendments, write_rulings
from storage.seals import seal
from storage.withdrawals import write_withdrawals


def write_page(sql: sqlite3.Connection, outcome: PageOutcome) -> int:
    """All of one look at a page; returns the id of its capture."""
    page_id = page_id_of(sql, outcome.provider, outcome.market, outcome.url)
    capture_id = _insert_capture(sql, page_id, outcome)
    _insert_complaints(sql, capture_id, outcome.price_list.complaints)
    _insert_retirements(sql, capture_id, outcome.price_list.retirements)
    plan = plan_intervals(
        open_rates(sql, page_id),
        outcome.accepted,
        outcome.price_list.rates,
        pending_on(sql, page_id),
        outcome.captured_at,
    )
    _write_intervals(sql, page_id, plan, outcome, capture_id)
    write_windows(sql, page_id, capture_id, outcome)
    _replace_pending(sql, page_id, outcome.pending)
    if outcome.flapping is not None:
        _replace_flapping(sql, page_id, outcome.flapping)
    _insert_events(sql, page_id, capture_id, outcome)
    insert_alerts(sql, outcome.alerts, outcome.run_id, outcome.recorded_at)
    write_withdrawals(sql, outcome.withdrawals, outcome.recorded_at)
    _update_page(sql, page_id, capture_id, outcome)
    seal(sql, page_id)
    return capture_id


def write_decision(sql: sqlite3.Connection, decision: Decision) -> None:
    """What was decided about a page without a new body."""
    page_id = decision.page_id
    found = sql.execute("SELECT last_capture_id FROM pages WHERE id = ?", (page_id,)).fetchone()
    if found is None:
        raise StoreError(f"no page has the id {page_id}; look at the page once before deciding about it")
    capture_id = found["last_capture_id"]
    waited = as_ruled(pending_on(sql, page_id), decision.rulings)
    plan = plan_intervals(open_rates(sql, page_id), decision.accepted, (), waited, decision.decided_at)
    _write_intervals(sql, page_id, plan, decision, capture_id)
    write_amendments(sql, page_id, decision.amendments, decision.recorded_at)
    write_rulings(sql, page_id, decision.rulings, decision.recorded_at)
    if decision.pending is not None:
        _replace_pending(sql, page_id, decision.pending)
    _insert_events(sql, page_id, capture_id, decision)
    insert_alerts(sql, decision.alerts, decision.run_id, decision.recorded_at)
    write_withdrawals(sql, decision.withdrawals, decision.recorded_at)
    seal(sql, page_id)


def page_id_of(sql: sqlite3.Connection, provider: str, market: str, url: str) -> int:
    """The id of the page's row, which is made when there is none."""
    key = (provider, market, url)
    sql.execute("INSERT INTO pages (provider, market, url) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key)
    found = sql.execute("SELECT id FROM pages WHERE provider = ? AND market = ? AND url = ?", key).fetchone()
    return int(found["id"])


def open_rates(sql: sqlite3.Connection, page_id: int) -> dict[int, Rate]:
    """The accepted list of a page by the ids of its rows."""
    found = sql.execute("SELECT * FROM rates WHERE page_id = ? AND ended_at IS NULL ORDER BY id", (page_id,))
    return {row["id"]: rows.rate_of(row) for row in found}


def pending_on(sql: sqlite3.Connection, page_id: int) -> tuple[Pending, ...]:
    """What waits or is held on a page."""
    found = sql.execute("SELECT * FROM pending WHERE page_id = ? ORDER BY id", (page_id,))
    return tuple(rows.pending_of(row) for row in found)


def insert_alerts(sql: sqlite3.Connection, alerts: Iterable[Alert], run_id: int | None, now: datetime) -> None:
    """Queue alerts; one whose id the outbox has already is not queued again."""
    for alert in alerts:
        columns = {**rows.alert_columns(alert, now), "run_id": run_id}
        insert(sql, "alerts", columns, conflict="ON CONFLICT (id) DO NOTHING")


_NEVER_TRUE = frozenset({"correction", "cancelled"})  # what ends the old price as one that never held
_OF_NO_AMOUNT = frozenset({"incomplete", "expectation", "conflict"})  # these are about the page, or about rates


def flapping_on(sql: sqlite3.Connection, page_id: int) -> tuple[Flapping, ...]:
    """The prices of a page that go to and fro."""
    found = sql.execute("SELECT * FROM flapping WHERE page_id = ? ORDER BY key", (page_id,))
    return tuple(rows.flapping_of(row) for row in found)


def _insert_capture(sql: sqlite3.Connection, page_id: int, outcome: PageOutcome) -> int:
    read = outcome.price_list
    unread = sum(1 for complaint in read.complaints if complaint.kind not in _OF_NO_AMOUNT)
    return insert(
        sql,
        "captures",
        {
            "run_id": outcome.run_id,
            "page_id": page_id,
            "captured_at": instant(outcome.captured_at),
            "sha256": outcome.sha256,
            "companion_sha256": outcome.companion_sha256,
            "bytes": outcome.size,
            "final_url": outcome.final_url,
            "content_type": outcome.content_type,
            "headers": dump(dict(outcome.headers)),
            "kind": outcome.kind,
            "rates": len(read.rates),
            "complaints": len(read.complaints),
            "amounts_seen": read.amounts_seen,
            "amounts_unread": unread,
            "recorded_at": instant(outcome.recorded_at),
        },
    )


def _insert_complaints(sql: sqlite3.Connection, capture_id: int, complaints: Iterable[Complaint]) -> None:
    sql.executemany(
        "INSERT INTO complaints (capture_id, kind, message, quote, locator) VALUES (?, ?, ?, ?, ?)",
        [(capture_id, each.kind, each.message, each.quote, each.locator) for each in complaints],
    )


def _insert_retirements(sql: sqlite3.Connection, capture_id: int, retirements: Iterable[Retirement]) -> None:
    sql.executemany(
        "INSERT INTO retirements (capture_id, model, retires_at, quote, locator) VALUES (?, ?, ?, ?, ?)",
        [(capture_id, each.model, format_instant(each.retires_at), each.quote, each.locator) for each in retirements],
    )


def _write_intervals(
    sql: sqlite3.Connection, page_id: int, plan: IntervalPlan, outcome: PageOutcome | Decision, capture_id: int | None
) -> None:
    at = outcome.captured_at if isinstance(outcome, PageOutcome) else outcome.decided_at
    recorded_at = instant(outcome.recorded_at)
    for row_id, rate in plan.seen:
        printed = rows.printed_columns(rate)
        changes = ", ".join(f"{name} = :{name}" for name in printed)
        sql.execute(
            f"UPDATE rates SET {changes}, seen_until = max(seen_until, :at), last_capture_id = :capture "  # noqa: S608 - column names of this package
            "WHERE id = :id",
            {**printed, "at": instant(at), "capture": capture_id, "id": row_id},
        )
    judged = (outcome.judged if isinstance(outcome, PageOutcome) else ()) or outcome.events
    wrong = {rate_key(event.old): event.why for event in judged if event.kind in _NEVER_TRUE and event.old is not None}
    closing = open_rates(sql, page_id) if wrong else {}
    for row_id, ended_at in plan.ended:
        why = wrong.get(rate_key(closing[row_id])) if row_id in closing else None
        sql.execute(
            "UPDATE rates SET ended_at = max(seen_until, ?), end_recorded_at = ?, "
            "superseded_at = ?, superseded_why = ? WHERE id = ?",
            (instant(ended_at), recorded_at, recorded_at if why is not None else None, why, row_id),
        )
    place = sql.execute("SELECT provider, market FROM pages WHERE id = ?", (page_id,)).fetchone()
    for conditions in {rate.conditions for rate, _ in plan.begun}:
        insert(sql, "conditions", rows.conditions_columns(conditions), conflict="ON CONFLICT DO NOTHING")
    for rate, seen_from in plan.begun:
        insert(
            sql,
            "rates",
            {
                "page_id": page_id,
                "provider": place["provider"],
                "market": place["market"],
                **rows.rate_columns(rate),
                "seen_from": instant(seen_from),
                "seen_until": instant(at),
                "recorded_at": recorded_at,
                "capture_id": capture_id,
                "last_capture_id": capture_id,
            },
        )


def _replace_pending(sql: sqlite3.Connection, page_id: int, pending: Iterable[Pending]) -> None:
    sql.execute("DELETE FROM pending WHERE page_id = ?", (page_id,))
    for waiting in pending:
        insert(sql, "pending", {"page_id": page_id, **rows.pending_columns(waiting)})


def _replace_flapping(sql: sqlite3.Connection, page_id: int, flapping: Iterable[Flapping]) -> None:
    sql.execute("DELETE FROM flapping WHERE page_id = ?", (page_id,))
    for price in flapping:
        insert(sql, "flapping", {"page_id": page_id, **rows.flapping_columns(price)})


def _insert_events(
    sql: sqlite3.Connection, page_id: int, capture_id: int | None, outcome: PageOutcome | Decision
) -> None:
    for event in outcome.events:
        columns = {
            **rows.event_columns(event),
            "page_id": page_id,
            "capture_id": capture_id,
            "run_id": outcome.run_id,
            "recorded_at": instant(outcome.recorded_at),
        }
        # An event that is found again after a lost acknowledgement has the same id: the first record stays.
        insert(sql, "events", columns, conflict="ON CONFLICT (id) DO NOTHING")


def _update_page(sql: sqlite3.Connection, page_id: int, capture_id: int, outcome: PageOutcome) -> None:
    at = instant(outcome.captured_at)
    changes: dict[str, Any] = {
        "last_ok_at": at,
        "last_checked_at": at,
        "failures": 0,
        "last_error": None,
        "last_capture_id": capture_id,
        "last_run_id": outcome.run_id,
        "sha256": outcome.sha256,
        "companion_sha256": outcome.companion_sha256,
    }
    if outcome.is_full:
        changes |= {"etag": outcome.etag, "last_modified": outcome.last_modified, "last_full_at": at}
    if outcome.accepted:  # an empty list is never something to compare the next one with
        changes["has_baseline"] = 1
    names = ", ".join(f"{name} = :{name}" for name in changes)
    sql.execute(f"UPDATE pages SET {names} WHERE id = :id", {**changes, "id": page_id})  # noqa: S608 - column names of this package
