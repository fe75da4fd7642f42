"""What the database remembers of each page beside its prices: failed looks, how well it was read, what is held.

It is all that the health of a page is judged by, so that a restart, or a kill between two looks, loses nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scrapers.rates import Retirement, parse_instant
from storage.nouns import Flapping
from storage.outcomes import PageState
from storage.recording import flapping_on
from storage.rows import moment

if TYPE_CHECKING:
    from storage.store import Store

_READINGS = 12


@dataclass(frozen=True, slots=True)
class FailedLook:
    """A look that gave no price list; `kind` is that of the failure ("http_404"), `run_id` None outside a run."""

    run_id: int | None
    failed_at: datetime
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Figures:
    """How well one capture was read: amounts seen, amounts left unread, and what was said of unknown columns."""

    captured_at: datetime
    seen: int
    unread: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageHistory:
    """What is remembered of one page that was ever looked at.

    Attributes:
        failures: the failed looks since the last good one, oldest first.
        readings: the newest captures, newest first, the newest twelve at most.
        held: how many differences a person must decide, and since when the oldest waits.
        flapping: the prices that go to and fro.
        retirements: what the newest capture says of the end of models.
        old_news: models of which the first capture said already that they end, on no day.
        last_run_id: the run that looked at the page last.
        passed_over_since: when the first run began that did not look at the page, after its last look; None for none.

    """

    state: PageState
    failures: tuple[FailedLook, ...] = ()
    readings: tuple[Figures, ...] = ()
    held: int = 0
    held_since: datetime | None = None
    flapping: tuple[Flapping, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    old_news: frozenset[str] = frozenset()
    last_run_id: int | None = None
    passed_over_since: datetime | None = None

    @property
    def page(self) -> tuple[str, str, str]:
        return (self.state.provider, self.state.market, self.state.url)


def page_histories(store: Store) -> tuple[PageHistory, ...]:
    """The history of every page that was ever looked at."""
    return tuple(_history(store.connection.raw, state) for state in store.pages() if state.page_id is not None)


def _history(sql: sqlite3.Connection, state: PageState) -> PageHistory:
    page_id = state.page_id or 0
    held = sql.execute(
        "SELECT count(*) AS number, min(first_seen) AS since FROM pending WHERE page_id = ? AND outcome = 'held'",
        (page_id,),
    ).fetchone()
    checked = sql.execute("SELECT last_checked_at, last_run_id FROM pages WHERE id = ?", (page_id,)).fetchone()
    passed = sql.execute(
        "SELECT min(started_at) AS since FROM runs WHERE id > ? AND command IN ('run', 'watch')",
        (checked["last_run_id"] or 0,),
    ).fetchone()
    readings = _readings(sql, page_id)
    return PageHistory(
        state=state,
        failures=_failures(sql, page_id, state.failures),
        readings=readings,
        held=held["number"],
        held_since=parse_instant(held["since"]),
        flapping=flapping_on(sql, page_id),
        retirements=_retirements(sql, page_id),
        old_news=_old_news(sql, page_id),
        last_run_id=checked["last_run_id"],
        passed_over_since=parse_instant(passed["since"]) if checked["last_checked_at"] else None,
    )


def _failures(sql: sqlite3.Connection, page_id: int, count: int) -> tuple[FailedLook, ...]:
    """The last `count` failed looks, and that is what `pages.failures` counts: those since the last good one."""
    found = sql.execute("SELECT * FROM failed_looks WHERE page_id = ? ORDER BY id DESC LIMIT ?", (page_id, count))
    looks = [FailedLook(row["run_id"], moment(row["failed_at"]), row["kind"], row["message"]) for row in found]
    return tuple(reversed(looks))


def _readings(sql: sqlite3.Connection, page_id: int) -> tuple[Figures, ...]:
    found = sql.execute(
        "SELECT id, captured_at, amounts_seen, amounts_unread FROM captures WHERE page_id = ? "
        "ORDER BY captured_at DESC, id DESC LIMIT ?",
        (page_id, _READINGS),
    ).fetchall()
    return tuple(
        Figures(moment(row["captured_at"]), row["amounts_seen"], row["amounts_unread"], _columns(sql, row["id"]))
        for row in found
    )


def _columns(sql: sqlite3.Connection, capture_id: int) -> tuple[str, ...]:
    found = sql.execute(
        "SELECT DISTINCT message FROM complaints WHERE capture_id = ? AND kind = 'unknown_column' ORDER BY id",
        (capture_id,),
    )
    return tuple(row["message"] for row in found)


def _retirements(sql: sqlite3.Connection, page_id: int) -> tuple[Retirement, ...]:
    found = sql.execute(
        "SELECT retirements.* FROM retirements JOIN pages ON pages.last_capture_id = capture_id WHERE pages.id = ? "
        "ORDER BY retirements.id",
        (page_id,),
    )
    return tuple(
        Retirement(row["model"], parse_instant(row["retires_at"]), row["quote"], row["locator"]) for row in found
    )


def _old_news(sql: sqlite3.Connection, page_id: int) -> frozenset[str]:
    found = sql.execute(
        "SELECT model FROM retirements WHERE retires_at IS NULL AND capture_id = "
        "(SELECT id FROM captures WHERE page_id = ? ORDER BY captured_at, id LIMIT 1)",
        (page_id,),
    )
    return frozenset(row["model"] for row in found)
