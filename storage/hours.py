"""The hours of peak and off-peak prices in the database: recorded with a look at their page, closed, never changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrapers.rates import format_instant, parse_instant
from scrapers.windows import Window, clock
from storage.connection import Connection
from storage.outcomes import PageOutcome
from storage.rows import dump, insert, instant


@dataclass(frozen=True, slots=True)
class KeptWindow:
    """A window as a page of a market stated it; `ended_at` is None while it does."""

    provider: str
    market: str
    url: str
    window: Window
    seen_from: datetime
    seen_until: datetime
    ended_at: datetime | None = None


def windows_of(
    connection: Connection,
    provider: str | None = None,
    *,
    at: datetime | None = None,
    as_known_on: datetime | None = None,
) -> list[KeptWindow]:
    """The windows that were stated at an instant, as they were known at another; all that ever were without `at`.

    With `at` those of one page a market, the one that was seen last.
    """
    known = "9999" if as_known_on is None else instant(as_known_on)
    found = connection.rows(
        "SELECT windows.*, url, CASE WHEN end_recorded_at <= :known THEN ended_at END AS known_end FROM windows "
        "JOIN pages ON pages.id = windows.page_id "
        "WHERE recorded_at <= :known AND (:provider IS NULL OR windows.provider = :provider) "
        "AND (:at IS NULL OR ((seen_from <= :at OR valid_from <= :at) AND (known_end IS NULL OR known_end > :at))) "
        "ORDER BY windows.provider, windows.market, url, window DESC, seen_from, windows.id",
        {"known": known, "provider": provider, "at": None if at is None else instant(at)},
    )
    kept = [_kept(row, known) for row in found]
    if at is None:
        return kept
    last = {(each.provider, each.market): each for each in sorted(kept, key=lambda each: each.seen_until)}
    return [each for each in kept if each.url == last[each.provider, each.market].url]


def windows_on(sql: sqlite3.Connection, page_id: int) -> tuple[Window, ...]:
    """The windows that are believed of a page."""
    found = sql.execute("SELECT * FROM windows WHERE page_id = ? AND ended_at IS NULL ORDER BY id", (page_id,))
    return tuple(_window(row) for row in found)


def write_windows(sql: sqlite3.Connection, page_id: int, capture_id: int, outcome: PageOutcome) -> None:
    """Close what is no longer believed and open what is believed anew; what goes on was seen again."""
    at, recorded_at = instant(outcome.captured_at), instant(outcome.recorded_at)
    opened = {
        _window(row).rule: row["id"]
        for row in sql.execute("SELECT * FROM windows WHERE page_id = ? AND ended_at IS NULL", (page_id,))
    }
    believed = outcome.price_list.windows if outcome.windows is None else outcome.windows
    stated = {window.rule: window for window in believed}
    for rule, row_id in opened.items():
        if rule in stated:
            sql.execute("UPDATE windows SET seen_until = max(seen_until, ?) WHERE id = ?", (at, row_id))
        else:
            sql.execute(
                "UPDATE windows SET ended_at = max(seen_until, ?), end_recorded_at = ? WHERE id = ?",
                (at, recorded_at, row_id),
            )
    for rule, window in stated.items():
        if rule not in opened:
            columns = {
                "page_id": page_id,
                "provider": outcome.provider,
                "market": outcome.market,
                **_columns(window, outcome.captured_at),
                "seen_from": at,
                "seen_until": at,
                "recorded_at": recorded_at,
                "capture_id": capture_id,
            }
            insert(sql, "windows", columns)


def see_windows(sql: sqlite3.Connection, seen: Iterable[tuple[str, int]]) -> None:
    """Pages that were seen unchanged, as (instant, page id), state their windows still."""
    sql.executemany(
        "UPDATE windows SET seen_until = max(seen_until, ?) WHERE page_id = ? AND ended_at IS NULL", list(seen)
    )


def _columns(window: Window, on: datetime) -> dict[str, Any]:
    return {
        "window": window.name,
        "zone": window.zone,
        "days": dump(list(window.days)),
        "hours": dump([[clock(begin), clock(end)] for begin, end in window.hours]),
        "utc_hours": dump([[clock(begin), clock(end)] for begin, end in window.utc_hours(on.date())]),
        "calendar": window.calendar,
        "valid_from": format_instant(window.valid_from),
        "source": window.source,
        "quote": window.quote,
        "locator": window.locator,
    }


def _window(row: sqlite3.Row) -> Window:
    return Window(
        name=row["window"],
        zone=row["zone"],
        hours=tuple((_minute(begin), _minute(end)) for begin, end in json.loads(row["hours"])),
        days=tuple(json.loads(row["days"])),
        calendar=row["calendar"],
        valid_from=parse_instant(row["valid_from"]),
        source=row["source"],
        quote=row["quote"],
        locator=row["locator"],
    )


def _kept(row: sqlite3.Row, known: str) -> KeptWindow:
    return KeptWindow(
        provider=row["provider"],
        market=row["market"],
        url=row["url"],
        window=_window(row),
        seen_from=datetime.fromisoformat(row["seen_from"]),
        seen_until=datetime.fromisoformat(min(row["seen_until"], known)),
        ended_at=parse_instant(row["known_end"]),
    )


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
