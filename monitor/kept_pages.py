"""The kept captures of each page, read again by today's reader one after the other, against what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.earlier_looks import read_kept
from monitor.judge import page_doubt
from monitor.parts import Parts
from monitor.rereading import Misreading, Reading, find_misreadings, sight
from scrapers.catalog import Page
from scrapers.errors import LayoutError
from storage.errors import ArchiveError
from storage.outcomes import PageState
from storage.recorded import RecordedCapture, captures_of, intervals_of, superseded_rates

_DOUBTED = {"held", "notice"}
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading a page's captures again came to; `skipped` says of each one that could not be used why."""

    state: PageState
    captures: int
    misread: tuple[Misreading, ...]
    skipped: tuple[str, ...]


def pages_to_read(parts: Parts, provider: str | None) -> list[PageState]:
    """The recorded pages of a provider, or of all."""
    return [state for state in parts.store.pages() if state.page_id is not None and provider in {None, state.provider}]


def reread(parts: Parts, state: PageState, since: datetime | None, on_capture: Callable[[], None]) -> Reread:
    """Read a page's captures again in their order, one in memory at a time."""
    page_id, store = state.page_id or 0, parts.store
    page = _page(parts, state)
    captures = captures_of(store.connection, page_id, since)
    skipped: list[str] = []

    def readings() -> Iterator[Reading]:
        for kept in captures:
            on_capture()
            found = _read(parts, page, kept)
            if isinstance(found, Reading):
                yield found
            else:
                skipped.append(f"{state.provider} {kept.captured_at:%Y-%m-%d %H:%M}Z: {found}")

    told = [event for event in store.recent_events(page_id, _EVER) if event.kind in _DOUBTED]
    pending = store.pending_of(page_id)
    doubted = [*(event.new for event in told), *(each.new for each in pending)]
    doubted += superseded_rates(store.connection, page_id)
    misread = find_misreadings(
        intervals_of(store.connection, page_id),
        readings(),
        doubted=frozenset(sight(rate) for rate in doubted if rate is not None),
        waiting=frozenset(rate.model_key for each in pending for rate in (each.old, each.new) if rate is not None),
        since=since,
    )
    return Reread(state, len(captures), misread, tuple(skipped))


def _page(parts: Parts, state: PageState) -> Page:
    """The page as today's provider file describes it; one that it no longer names is read with the provider's hints."""
    provider = parts.catalog.get(state.provider)
    if provider is None:
        return Page(state.provider, state.url, market=state.market)
    same = (page for page in provider.pages if (page.market, page.url) == (state.market, state.url))
    return next(same, Page(state.provider, state.url, market=state.market, hints=provider.hints_for(state.url)))


def _read(parts: Parts, page: Page, kept: RecordedCapture) -> Reading | str:
    """One capture as it is read today, or why it says nothing about the record."""
    try:
        read = read_kept(parts.archive, page, kept)
    except (ArchiveError, LayoutError) as err:
        return str(err)
    return page_doubt(page, read, kept.captured_at, None) or Reading(kept.captured_at, read)
