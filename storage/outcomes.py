"""What a look at a page brings to the database, and what the database remembers of a page.

The monitor fills a `PageOutcome` or a `Decision`; the store writes each in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scrapers.rates import PriceList, Rate
from scrapers.windows import Window
from storage.nouns import Alert, Event, Flapping, Pending, Ruling, Withdrawal


@dataclass(frozen=True, slots=True)
class PageState:
    """What is remembered of one page; all None and False for a page that was never looked at.

    Attributes:
        page_id: None when the database has no row of the page.
        etag: for `If-None-Match`; of the last body that was read.
        last_modified: for `If-Modified-Since`, as the server wrote it.
        sha256: of the last body that was read.
        companion_sha256: of the document that held its amounts; None where the page holds them itself.
        has_baseline: whether a price list of this page was ever accepted.
        last_full_at: when a body last came, in full and not by 304.
        last_ok_at: when the page was last read or seen unchanged.
        last_checked_at: when it was last asked for, whatever came.
        failures: failed looks in a row.
        last_error: what the last failed look said; None after a good one.
        next_due_at: when `watch` looks again.
        left_at: since when no provider file has it watched; None while one does.

    """

    provider: str
    market: str
    url: str
    page_id: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None
    companion_sha256: str | None = None
    has_baseline: bool = False
    last_full_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_checked_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    next_due_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """A page that came and was read, and what was decided about it.

    Attributes:
        run_id: from `Store.begin_run`; None outside a run.
        url: the page's address in its provider file (`final_url` is where the body came from).
        captured_at: when the body came; what the page no longer says ended then.
        sha256: of the body; its name in the archive.
        companion_sha256: of the document that holds the page's amounts, where they stand in a second one.
        size: bytes of the body.
        price_list: all that was read.
        accepted: the whole accepted list after this look, with what is kept although the page does not show it;
            None leaves the accepted list as it is.
        windows: the hours that are believed after this look; None where they are those of `price_list`.
        pending: all that waits or is held after this look; takes the place of what waited before.
        flapping: the counts of what went to and fro, in place of those before; None leaves them as they are.
        is_full: False for a body that was not fetched now (a reread).
        events: what is told of it; what was told before is left out.
        withdrawals: what is undone by it, and is taken back from messages that tell of it.
        judged: all verdicts, told before or not, so that a price that was wrong is closed as wrong on every page; the
            same as `events` when empty.
        recorded_at: the clock when it is written: the database's "known since".

    """

    run_id: int | None
    provider: str
    market: str
    url: str
    captured_at: datetime
    sha256: str
    size: int
    price_list: PriceList
    accepted: tuple[Rate, ...] | None
    recorded_at: datetime
    windows: tuple[Window, ...] | None = None
    pending: tuple[Pending, ...] = ()
    flapping: tuple[Flapping, ...] | None = None
    events: tuple[Event, ...] = ()
    judged: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    final_url: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    is_full: bool = True
    companion_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time in which a price is now known to have held; `ended_at` is None while it does."""

    rate: Rate
    seen_from: datetime
    seen_until: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """A recorded interval that was never true, and what takes its place.

    `row_id` is the interval's row, None where nothing was recorded; without `pieces` there was no such price. The old
    row stays, marked with `why`: what was believed before can still be asked.
    """

    row_id: int | None
    pieces: tuple[Piece, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a page without a new body: a price that falls due, a person's ruling, a correction.

    `accepted` and `pending` as in `PageOutcome`; None leaves each as it is. `decided_at` is when the old prices ended.
    """

    run_id: int | None
    page_id: int
    decided_at: datetime
    recorded_at: datetime
    accepted: tuple[Rate, ...] | None = None
    pending: tuple[Pending, ...] | None = None
    events: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    amendments: tuple[Amendment, ...] = ()
