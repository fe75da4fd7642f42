"""The store: what was seen, accepted, held and queued, each look at a page in one transaction.

`record_page` writes the capture, the intervals, the events and the alerts that tell of them together, so a process
that is killed at any moment leaves either all of a look or nothing of it, and never a change without its alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scrapers.rates import Rate
from scrapers.windows import Window
from storage import rows
from storage.backup import newest_backup
from storage.connection import Connection, translated
from storage.errors import CorruptDatabase
from storage.hours import see_windows, windows_on
from storage.incidents import HealthOutcome, write_health
from storage.nouns import Correction, Event, Flapping, Pending
from storage.outcomes import Decision, PageOutcome, PageState
from storage.recording import flapping_on, open_rates, page_id_of, pending_on, write_decision, write_page
from storage.rows import dump, insert, instant
from storage.rulings import corrections_of
from storage.seals import is_unbroken
from storage.transitions import fresh_events

__all__ = ["Decision", "PageOutcome", "PageState", "Store"]


class Store:
    """The database of one installation. Use `Store.open`; it is a context manager that closes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the database; unless `read_only`, create or migrate it (with a backup before a migration).

        Raises:
            StoreError: the file is missing, strange, damaged, newer than the program, or cannot be written.

        """
        return cls(Connection.open(path, read_only=read_only))

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        return self.connection.path

    # Runs

    def begin_run(self, now: datetime, command: str) -> int:
        """Open a run and return its id; a run that never ended is closed as `interrupted`."""
        with self.connection.write() as sql:
            sql.execute(
                "UPDATE runs SET status = 'interrupted', finished_at = ? WHERE finished_at IS NULL", (instant(now),)
            )
            return insert(
                sql, "runs", {"command": command, "started_at": instant(now), "status": "running", "summary": "{}"}
            )

    def finish_run(
        self,
        run_id: int,
        now: datetime,
        status: str,
        summary: Mapping[str, Any],
        health: HealthOutcome | None = None,
    ) -> None:
        """Close a run with its status, its counts and what its end found out about health, in one transaction."""
        with self.connection.write() as sql:
            if health is not None:
                write_health(sql, health, run_id, now)
            sql.execute(
                "UPDATE runs SET status = ?, finished_at = ?, summary = ? WHERE id = ?",
                (status, instant(now), dump(dict(summary)), run_id),
            )

    # What is remembered

    def page_state(self, provider: str, market: str, url: str) -> PageState:
        """What is remembered of a page; an empty state, and no row, for one that was never looked at."""
        found = self.connection.rows(
            "SELECT * FROM pages WHERE provider = ? AND market = ? AND url = ?", (provider, market, url)
        )
        return rows.page_state(found[0]) if found else PageState(provider, market, url)

    def pages(self) -> tuple[PageState, ...]:
        """All pages that were ever looked at."""
        return tuple(
            rows.page_state(row) for row in self.connection.rows("SELECT * FROM pages ORDER BY provider, market, url")
        )

    def accepted_rates(self, page_id: int) -> tuple[Rate, ...]:
        """The accepted list of a page, with announced prices, in the order in which they were accepted.

        Raises:
            CorruptDatabase: it is not what was written; see `storage.seals`.

        """
        with translated(self.path):
            is_whole = is_unbroken(self.connection.raw, page_id)
        if not is_whole:
            why = f"the accepted prices of page {page_id} are not what was written there"
            raise CorruptDatabase(self.path, why, backup=newest_backup(self.path))
        with translated(self.path):
            return tuple(open_rates(self.connection.raw, page_id).values())

    def count_accepted(self, page_id: int) -> tuple[int, bool]:
        """How many rates the accepted list of a page has, and whether any of them begins or ends on a day."""
        found = self.connection.rows(
            "SELECT count(*) AS rates, count(coalesce(valid_from, valid_until)) AS dated FROM rates "
            "WHERE page_id = ? AND ended_at IS NULL",
            (page_id,),
        )
        return found[0]["rates"], found[0]["dated"] > 0

    def pending_of(self, page_id: int) -> tuple[Pending, ...]:
        """What waits or is held on a page."""
        return pending_on(self.connection.raw, page_id)

    def flapping_of(self, page_id: int) -> tuple[Flapping, ...]:
        """The counts of what went to and fro on a page."""
        return flapping_on(self.connection.raw, page_id)

    def windows_of(self, page_id: int) -> tuple[Window, ...]:
        """The hours of peak and off-peak prices that are believed of a page."""
        return windows_on(self.connection.raw, page_id)

    def corrections_of(self, page_id: int) -> tuple[Correction, ...]:
        """What people said that a page means, the newest word first."""
        return corrections_of(self.connection.raw, page_id)

    def all_pending(self) -> tuple[tuple[PageState, Pending], ...]:
        """What waits or is held on any page, with the page."""
        states = {state.page_id: state for state in self.pages()}
        return tuple(
            (states[row["page_id"]], rows.pending_of(row))
            for row in self.connection.rows("SELECT * FROM pending ORDER BY page_id, id")
        )

    def event(self, event_id: str) -> Event | None:
        """A recorded event by its id."""
        found = self.connection.rows("SELECT * FROM events WHERE id = ?", (event_id,))
        return rows.event_of(found[0]) if found else None

    def events_since(self, since: datetime) -> tuple[Event, ...]:
        """All events of captures since then, oldest first."""
        found = self.connection.rows(
            "SELECT * FROM events WHERE captured_at >= ? ORDER BY captured_at, seq", (instant(since),)
        )
        return tuple(rows.event_of(row) for row in found)

    def new_events(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """The events that are news, each with `repeat` counted; see `storage.transitions`."""
        return fresh_events(self.connection.raw, tuple(events))

    def recent_events(self, page_id: int, since: datetime) -> tuple[Event, ...]:
        """What was told of captures since then about the prices of a page's market, oldest first.

        Twins are asked too: what one of them told is told, and the other says nothing.
        """
        found = self.connection.rows(
            "SELECT events.* FROM events JOIN pages USING (provider, market) "
            "WHERE pages.id = ? AND captured_at >= ? ORDER BY captured_at, seq",
            (page_id, instant(since)),
        )
        return tuple(rows.event_of(row) for row in found)

    # What is recorded

    def record_page(self, outcome: PageOutcome) -> int:
        """Write all of one look at a page in one transaction, and return the id of its capture.

        Raises:
            StoreError: it could not be written; nothing of it was.

        """
        with self.connection.write() as sql:
            return write_page(sql, outcome)

    def record_decision(self, decision: Decision) -> None:
        """Write what was decided about a page without a new body, in one transaction.

        Raises:
            StoreError: it could not be written; nothing of it was.

        """
        self.record_decisions((decision,))

    def record_decisions(self, decisions: Iterable[Decision]) -> None:
        """Write what was decided about several pages, all of it in one transaction.

        Raises:
            StoreError: it could not be written; nothing of it was.

        """
        with self.connection.write() as sql:
            for decision in decisions:
                write_decision(sql, decision)

    def record_unchanged(
        self,
        run_id: int | None,
        page_ids: Sequence[int],
        now: datetime,
        *,
        in_full: Sequence[int] = (),
        seen_at: Mapping[int, datetime] | None = None,
    ) -> None:
        """Mark pages as seen unchanged, all in one transaction: what stood on them still stands there.

        `in_full` names those whose body came and was the same; the others were vouched for by a 304. `seen_at` says
        when each was looked at, where that was not `now`: what falls due after a look is the next look's to tell.
        """
        at = {page_id: instant((seen_at or {}).get(page_id, now)) for page_id in page_ids}
        with self.connection.write() as sql:
            sql.executemany(
                "UPDATE pages SET last_ok_at = ?, last_checked_at = ?, failures = 0, last_error = NULL, "
                "last_run_id = ? WHERE id = ?",
                [(at[page_id], at[page_id], run_id, page_id) for page_id in page_ids],
            )
            sql.executemany(
                "UPDATE pages SET last_full_at = ? WHERE id = ?", [(at[page_id], page_id) for page_id in in_full]
            )
            # A held or waiting rate that is kept in the list does not stand on the page: its sight does not move.
            sql.executemany(
                "UPDATE rates SET seen_until = max(seen_until, ?) WHERE page_id = ? AND ended_at IS NULL "
                "AND last_capture_id = (SELECT last_capture_id FROM pages WHERE pages.id = rates.page_id)",
                [(at[page_id], page_id) for page_id in page_ids],
            )
            see_windows(sql, ((at[page_id], page_id) for page_id in page_ids))

    def record_failure(
        self, run_id: int | None, provider: str, market: str, url: str, now: datetime, kind: str, message: str
    ) -> None:
        """Note that a look failed; the prices of the page stay as they are."""
        with self.connection.write() as sql:
            page_id = page_id_of(sql, provider, market, url)
            sql.execute(
                "UPDATE pages SET failures = failures + 1, last_error = ?, last_checked_at = ?, last_run_id = ? "
                "WHERE id = ?",
                (f"{kind}: {message}", instant(now), run_id, page_id),
            )
            looked = {"page_id": page_id, "run_id": run_id, "failed_at": instant(now)}
            insert(sql, "failed_looks", {**looked, "kind": kind, "message": message})

    def note_left(self, left: Mapping[int, str], now: datetime) -> None:
        """Note which pages are not watched any more and why; all others are. What was noted before keeps its day."""
        known = {row["id"]: row["left_why"] for row in self.connection.rows("SELECT id, left_why FROM pages")}
        back = [page_id for page_id, why in known.items() if why is not None and page_id not in left]
        if not back and all(known.get(page_id) for page_id in left):
            return
        with self.connection.write() as sql:
            sql.executemany("UPDATE pages SET left_at = NULL, left_why = NULL WHERE id = ?", [(each,) for each in back])
            sql.executemany(
                "UPDATE pages SET left_at = ?, left_why = ? WHERE id = ? AND left_at IS NULL",
                [(instant(now), why, page_id) for page_id, why in left.items()],
            )

    def set_next_due(self, due: Mapping[tuple[str, str, str], datetime]) -> None:
        """Remember when each page, named by provider, market and URL, is to be looked at again."""
        with self.connection.write() as sql:
            for (provider, market, url), at in due.items():
                page_id = page_id_of(sql, provider, market, url)
                sql.execute("UPDATE pages SET next_due_at = ? WHERE id = ?", (instant(at), page_id))
