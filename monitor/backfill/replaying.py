"""A page's captures of the past through reader and judge, into prices and changes that were found later.

They run through the same cycle as a watched page, in a database of their own that is thrown away: what is found cannot
touch what was seen, and a page's past may be read again whenever more of it is found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from w3lib.encoding import http_content_type_encoding

from monitor.backfill.timeline import GRACE_AFTER
from monitor.cycle import Cycle, PageReport
from monitor.parts import Parts
from monitor.settings import Settings
from scrapers.catalog import Page, Provider
from scrapers.fetching import Capture, FetchFailure, FetchTask
from scrapers.rates import parse_instant
from storage.errors import ArchiveError
from storage.past import PastEvent, PastPrice, Recorded, record_past
from storage.past_captures import PastCapture, note_unread, past_captures
from storage.rows import event_of, moment, rate_of
from storage.store import Store

_UNTOLD = {"notice"}  # health of the watching, no change of a price


@dataclass(frozen=True, slots=True)
class PagePast:
    """What a page's past came to; `unread` names each capture that gave no prices, with the reason."""

    captures: int
    unread: tuple[tuple[datetime, str], ...]
    prices: int
    changes: int
    recorded: Recorded


def replay_past(parts: Parts, provider: Provider, page: Page, now: datetime) -> PagePast:
    """Read all captures of a page's past in their order, and record what they show."""
    captures = past_captures(parts.store, provider.id, page.market, page.url)
    unread = {each.captured_at: each.message for each in captures if each.sha256 is None}
    with TemporaryDirectory(prefix="pricefall-") as folder, Store.open(Path(folder) / "past.db") as scratch:
        unread |= _run(parts, scratch, provider, page, [each for each in captures if each.sha256 is not None])
        prices = tuple(_prices(scratch, page))
        changes = tuple(_changes(scratch))
    recorded = record_past(parts.store, "capture", f"{page.market} {page.url}", prices, changes, now)
    note_unread(parts.store, provider.id, page.market, page.url, unread)
    return PagePast(len(captures), tuple(sorted(unread.items())), len(prices), len(changes), recorded)


class _NoNetwork:
    """The past is not fetched."""

    def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture | FetchFailure]:
        raise RuntimeError(f"the past has no network: {tasks}")


def _run(
    parts: Parts, scratch: Store, provider: Provider, page: Page, captures: Iterable[PastCapture]
) -> dict[datetime, str]:
    """The captures through the cycle; returns why some gave no prices."""
    unread = {}
    for kept in captures:
        settings = Settings(None, scratch.path, parts.archive.folder, scratch.path.parent)
        cycle = Cycle(settings, _NoNetwork(), scratch, parts.archive, _clock(kept.captured_at), confirm=False)
        report = _look(cycle, parts, provider, page, kept)
        if report.error:
            unread[kept.captured_at] = report.error
    return unread


def _clock(at: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: at


def _look(cycle: Cycle, parts: Parts, provider: Provider, page: Page, kept: PastCapture) -> PageReport:
    try:
        body = parts.archive.get(kept.sha256 or "")
    except ArchiveError as err:
        return PageReport(provider.id, page.url, page.market, "failed", error=str(err))
    capture = Capture(
        task=FetchTask(provider.id, page.url, page.market),
        final_url=kept.address,
        status="fetched",
        body=body,
        etag=None,
        last_modified=None,
        content_type=kept.content_type,
        charset=http_content_type_encoding(kept.content_type) if kept.content_type else None,
        captured_at=kept.captured_at,
    )
    return cycle.settled(provider, replace(page, companion=None), capture)


def _prices(scratch: Store, page: Page) -> Iterator[PastPrice]:
    found = scratch.connection.rows(
        "SELECT rates.*, captures.sha256, (SELECT min(captured_at) FROM captures) AS begun FROM rates "
        "JOIN captures ON captures.id = rates.capture_id WHERE superseded_at IS NULL ORDER BY rates.id"
    )
    for row in found:
        price = _price(row, page)
        if price.holds_until is None or price.holds_until > price.counts_from:
            yield price


def _price(row: sqlite3.Row, page: Page) -> PastPrice:
    """An interval of the page; how long it had held when the first capture came, nobody knows."""
    seen_from, seen_until = moment(row["seen_from"]), moment(row["seen_until"])
    said = parse_instant(row["valid_from"])
    ends = [end for end in (parse_instant(row["ended_at"]), parse_instant(row["valid_until"])) if end is not None]
    until = min(ends, default=None)
    is_first = row["seen_from"] == row["begun"]
    return PastPrice(
        provider=row["provider"],
        market=row["market"],
        rate=rate_of(row),
        citation=f"captures of the page from {seen_from:%Y-%m-%d} to {seen_until:%Y-%m-%d}",
        seen_from=seen_from,
        seen_until=seen_until,
        counts_from=said or seen_from,
        counts_until=until or seen_until + GRACE_AFTER,
        holds_from=said or (None if is_first else seen_from),
        holds_until=until,
        url=page.url,
        sha256=row["sha256"],
    )


def _changes(scratch: Store) -> Iterator[PastEvent]:
    for row in scratch.connection.rows("SELECT * FROM events ORDER BY seq"):
        if row["kind"] not in _UNTOLD:
            event = event_of(row)
            yield PastEvent(event, f"capture of {event.captured_at:%Y-%m-%d}")
