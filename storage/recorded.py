"""What is recorded of a page: its captures, and the intervals of its prices with their rows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from scrapers.rates import Rate, parse_instant
from storage.connection import Connection
from storage.rows import instant, moment, rate_of


@dataclass(frozen=True, slots=True)
class RecordedCapture:
    """A body that was read, and the document that held its amounts; `sha256` are their names in the archive."""

    captured_at: datetime
    sha256: str
    content_type: str | None
    final_url: str | None
    companion_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedInterval:
    """A row of `rates`: a price that was accepted, and when the page was seen to state it."""

    row_id: int
    rate: Rate
    seen_from: datetime
    seen_until: datetime
    ended_at: datetime | None
    last_capture_id: int | None


def intervals_of(connection: Connection, page_id: int, *, only_open: bool = False) -> tuple[RecordedInterval, ...]:
    """The intervals of a page that are believed, oldest first; superseded ones are left out."""
    found = connection.rows(
        "SELECT * FROM rates WHERE page_id = ? AND superseded_at IS NULL AND (ended_at IS NULL OR NOT ?) "
        "ORDER BY seen_from, id",
        (page_id, only_open),
    )
    return tuple(
        RecordedInterval(
            row["id"],
            rate_of(row),
            moment(row["seen_from"]),
            moment(row["seen_until"]),
            parse_instant(row["ended_at"]),
            row["last_capture_id"],
        )
        for row in found
    )


def superseded_rates(connection: Connection, page_id: int) -> tuple[Rate, ...]:
    """What was recorded of a page and turned out never to have been true."""
    found = connection.rows("SELECT * FROM rates WHERE page_id = ? AND superseded_at IS NOT NULL", (page_id,))
    return tuple(rate_of(row) for row in found)


def captures_of(connection: Connection, page_id: int, since: datetime | None = None) -> tuple[RecordedCapture, ...]:
    """The captures of a page since an instant, oldest first."""
    found = connection.rows(
        "SELECT * FROM captures WHERE page_id = ? AND captured_at >= ? ORDER BY captured_at, id",
        (page_id, "" if since is None else instant(since)),
    )
    return tuple(_capture(row) for row in found)


def capture_before(connection: Connection, page_id: int, at: datetime) -> RecordedCapture | None:
    """The newest capture of a page that is older than an instant, or None."""
    found = connection.rows(
        "SELECT * FROM captures WHERE page_id = ? AND captured_at < ? ORDER BY captured_at DESC, id DESC LIMIT 1",
        (page_id, instant(at)),
    )
    return _capture(found[0]) if found else None


def capture(connection: Connection, capture_id: int | None) -> RecordedCapture | None:
    """One capture by its id, or None."""
    found = connection.rows("SELECT * FROM captures WHERE id = ?", (capture_id,))
    return _capture(found[0]) if found else None


def _capture(row: sqlite3.Row) -> RecordedCapture:
    return RecordedCapture(
        moment(row["captured_at"]), row["sha256"], row["content_type"], row["final_url"], row["companion_sha256"]
    )
