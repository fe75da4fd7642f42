"""What people decided about prices, and the corrections of intervals that were never true.

Nothing is overwritten: a wrong interval is closed and marked, and the right ones are written beside it, known since the
correction. A question as of an earlier day still finds the old belief.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from scrapers.rates import format_instant
from storage.connection import Connection
from storage.nouns import Correction, Pending, Ruling
from storage.outcomes import Amendment, Piece
from storage.rows import insert, instant, rate_columns, rate_from_json, rate_json

_RATES = ("old_rate", "seen_rate", "new_rate")


def rulings(connection: Connection, *, ref: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """The newest rulings with their page, newest first, their rates as `Rate`; only those of `ref` when it is given."""
    found = connection.rows(
        "SELECT rulings.*, provider, market, url FROM rulings JOIN pages ON pages.id = page_id "
        "WHERE :ref IS NULL OR ref = :ref ORDER BY rulings.id DESC LIMIT :limit",
        {"ref": ref, "limit": limit},
    )
    return [{**dict(row), **{name: rate_from_json(row[name]) for name in _RATES}} for row in found]


def corrections_of(sql: sqlite3.Connection, page_id: int) -> tuple[Correction, ...]:
    """What people said that a page means, the newest word on each price first."""
    found = sql.execute(
        "SELECT seen_rate, new_rate FROM rulings WHERE page_id = ? AND action = 'correct' ORDER BY id DESC", (page_id,)
    )
    pairs = ((rate_from_json(row["seen_rate"]), rate_from_json(row["new_rate"])) for row in found)
    return tuple(Correction(wrong, right) for wrong, right in pairs if wrong is not None and right is not None)


def as_ruled(pending: Iterable[Pending], ruled: Iterable[Ruling]) -> tuple[Pending, ...]:
    """What waited, with the price that a person put in its place: it began when the page first showed it."""
    right = {ruling.key: ruling.new for ruling in ruled if ruling.action == "correct"}
    return tuple(replace(waiting, new=right.get(waiting.key, waiting.new)) for waiting in pending)


def write_rulings(sql: sqlite3.Connection, page_id: int, ruled: Iterable[Ruling], at: datetime) -> None:
    """Remember what a person decided about a page, inside the caller's transaction."""
    for ruling in ruled:
        columns = {
            "ref": ruling.ref,
            "action": ruling.action,
            "page_id": page_id,
            "key": ruling.key,
            "old_rate": rate_json(ruling.old),
            "seen_rate": rate_json(ruling.seen),
            "new_rate": rate_json(ruling.new),
            "held_why": ruling.held_why,
            "reason": ruling.reason,
            "who": ruling.who,
            "event_id": ruling.event_id,
            "decided_at": instant(at),
        }
        insert(sql, "rulings", columns)


def write_amendments(sql: sqlite3.Connection, page_id: int, amendments: Iterable[Amendment], at: datetime) -> None:
    """Mark wrong intervals and write the right ones, inside the caller's transaction."""
    known_at = instant(at)
    page = sql.execute("SELECT provider, market, last_capture_id FROM pages WHERE id = ?", (page_id,)).fetchone()
    for amendment in amendments:
        if amendment.row_id is not None:
            sql.execute(
                "UPDATE rates SET ended_at = coalesce(ended_at, max(seen_until, :at)), "
                "end_recorded_at = coalesce(end_recorded_at, :at), superseded_at = :at, superseded_why = :why "
                "WHERE id = :id",
                {"at": known_at, "why": amendment.why, "id": amendment.row_id},
            )
        for piece in amendment.pieces:
            _insert_piece(sql, page_id, page, piece, known_at)


def _insert_piece(sql: sqlite3.Connection, page_id: int, page: sqlite3.Row, piece: Piece, known_at: str) -> None:
    captures = sql.execute(
        "WITH of_page AS (SELECT id, captured_at FROM captures WHERE page_id = :page) "
        "SELECT (SELECT id FROM of_page WHERE captured_at >= :start ORDER BY captured_at LIMIT 1), "
        "(SELECT id FROM of_page WHERE captured_at <= :end ORDER BY captured_at DESC LIMIT 1)",
        {"page": page_id, "start": instant(piece.seen_from), "end": instant(piece.seen_until)},
    ).fetchone()
    insert(
        sql,
        "rates",
        {
            "page_id": page_id,
            "provider": page["provider"],
            "market": page["market"],
            **rate_columns(piece.rate),
            "seen_from": instant(piece.seen_from),
            "seen_until": instant(piece.seen_until),
            "ended_at": format_instant(piece.ended_at),
            "recorded_at": known_at,
            "end_recorded_at": None if piece.ended_at is None else known_at,
            "capture_id": captures[0] if captures[0] is not None else page["last_capture_id"],
            "last_capture_id": captures[1] if captures[1] is not None else page["last_capture_id"],
        },
    )
