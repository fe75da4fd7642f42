"""Copies from the Wayback Machine into the archive, page by page, as far as the archive lets us.

The database is locked only for noting what came, some copies at a time, so that runs of the watch go on beside it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import datetime

import click

from monitor.backfill.wayback import Copy, Every, WaybackError, copies_of, fetch_copies
from monitor.cycle import Session
from monitor.parts import locked_parts, utc_now
from monitor.settings import Settings
from scrapers.catalog import Page, Provider
from scrapers.crawl import CrawlSession
from scrapers.fetching import Capture
from storage.archive import Archive
from storage.past_captures import PastCapture, add_past_captures, past_captures

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: the time (UTC), one copy a `every`, at most `limit` of them, `delay_s` between requests."""

    since: datetime
    until: datetime
    every: Every
    limit: int | None
    delay_s: float


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came: copies, those without a page, those that were known; `stopped` says why not all came."""

    copies: int = 0
    empty: int = 0
    known: int = 0
    pages: tuple[Page, ...] = ()
    stopped: str = ""


def gather(settings: Settings, provider: Provider, wish: Wish) -> Gathered:
    """Fetch what is not known yet of all pages of a provider; what came is kept, also when the rest does not come."""
    done = Gathered()
    with CrawlSession(settings.fetch, utc_now) as session:
        for page in provider.pages:
            done = _page(settings, session, provider, page, wish, done)
            if not done.stopped and wish.limit is not None and done.copies >= wish.limit:
                done = replace(done, stopped=f"stopped after {done.copies} copies; run it again to go on from there")
            if done.stopped:
                break
    return done


def _page(settings: Settings, session: Session, provider: Provider, page: Page, wish: Wish, done: Gathered) -> Gathered:
    with locked_parts(settings) as parts:
        known = {each.captured_at for each in past_captures(parts.store, provider.id, page.market, page.url)}
    pages = (*done.pages, page) if known else done.pages
    try:
        copies = copies_of(session, provider, page, wish.since, wish.until, wish.every, wish.delay_s)
    except WaybackError as err:
        return replace(done, pages=pages, stopped=err.message)
    wanted = [copy for copy in copies if copy.captured_at not in known]
    done = replace(done, pages=pages, known=done.known + len(copies) - len(wanted))
    wanted = wanted if wish.limit is None else wanted[: wish.limit - done.copies]
    kept: list[PastCapture] = []
    came: list[bool] = []
    stopped = ""
    try:
        with click.progressbar(length=len(wanted), label=f"{provider.id} {page.market}", file=sys.stderr) as bar:
            for copy, body in fetch_copies(session, provider, page, wanted, wish.delay_s):
                kept.append(_capture(Archive(settings.archive), provider, page, copy, body))
                came.append(isinstance(body, Capture))
                bar.update(1)
                if len(kept) >= _AT_ONCE:
                    _note(settings, kept)
    except WaybackError as err:
        stopped = err.message
    finally:
        _note(settings, kept)
    return replace(
        done,
        copies=done.copies + len(came),
        empty=done.empty + came.count(False),
        pages=(*(one for one in done.pages if one != page), page) if came else done.pages,
        stopped=stopped,
    )


def _capture(archive: Archive, provider: Provider, page: Page, copy: Copy, came: Capture | str) -> PastCapture:
    sha256 = None if isinstance(came, str) else archive.put(came.body)
    return PastCapture(
        provider.id,
        page.market,
        page.url,
        copy.captured_at,
        "wayback",
        copy.address,
        sha256,
        content_type=None if isinstance(came, str) else came.content_type,
        message=came if isinstance(came, str) else "",
    )


def _note(settings: Settings, kept: list[PastCapture]) -> None:
    """Note what came, and forget it here."""
    if kept:
        with locked_parts(settings) as parts:
            add_past_captures(parts.store, kept, utc_now())
        kept.clear()
