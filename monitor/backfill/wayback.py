"""The Wayback Machine's copies of a page: its index (CDX), then each copy as it was captured (`id_`).

Both are documented for programs. One request at a time, with a pause; who is asked to slow down waits, and where the
wait is too long all stops: what came is kept, and the next call goes on from there.
Sources: https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server and
https://archive.org/developers/wayback-cdx-server.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from monitor.backfill.saved import day_in
from monitor.cycle import Session
from scrapers.catalog import Page, Provider
from scrapers.errors import FetchError
from scrapers.fetching import Capture, FetchFailure, FetchTask

HOST = "https://web.archive.org"
DELAY_S = 5.0
_PAGE_LIMIT = 3000  # rows of one answer of the index
_FINAL = {"empty", "content_type", "http_404", "http_403", "redirect", "moved", "blocked", "too_large", "incomplete"}
_FAILURES_IN_A_ROW = 5
_COPY = re.compile(r"/web/(\d{14})(?:id_)?/")

Every = Literal["day", "week", "month", "capture"]


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy that the index names; `digest` is equal for equal bodies."""

    captured_at: datetime
    stamp: str
    original: str
    digest: str

    @property
    def address(self) -> str:
        """Where the copy stands as it was captured, without the archive's own additions."""
        return f"{HOST}/web/{self.stamp}id_/{self.original}"


class WaybackError(FetchError):
    """The archive could not be asked on; what came before is kept."""


def copies_of(
    session: Session, provider: Provider, page: Page, since: datetime, until: datetime, every: Every, delay_s: float
) -> list[Copy]:
    """The copies of a page, also at its earlier addresses, oldest first: at most one a `every`, none twice in a row.

    Raises:
        WaybackError: the index cannot be read.

    """
    found: dict[str, Copy] = {}
    for address in (page.url, *page.prefixes):
        for copy in _index(session, provider, page, address, since, until, delay_s):
            found.setdefault(copy.stamp, copy)
    return _thinned(sorted(found.values(), key=lambda copy: copy.stamp), every)


def fetch_copies(
    session: Session, provider: Provider, page: Page, copies: Sequence[Copy], delay_s: float
) -> Iterator[tuple[Copy, Capture | str]]:
    """Each copy with its body, or with why it holds no page; those that may come another time are left out.

    Raises:
        WaybackError: the archive asks for a pause that is too long, or fails again and again.

    """
    failed = 0
    for copy in copies:
        outcome = _fetched(session, _task(provider, page, copy.address, delay_s))
        if isinstance(outcome, Capture):
            failed = 0
            yield copy, _of_that_moment(copy, outcome)
        elif outcome.kind in _FINAL:
            failed = 0
            yield copy, outcome.error.message
        else:
            failed += 1
            if outcome.kind in {"rate_limited", "interrupted"} or failed >= _FAILURES_IN_A_ROW:
                raise WaybackError(
                    f"the Wayback Machine cannot be asked on: {outcome.error.message}; what came is kept, run it again "
                    "later to go on from there",
                    provider=provider.id,
                    url=copy.address,
                )


def _fetched(session: Session, task: FetchTask) -> Capture | FetchFailure:
    """One answer; the next request is not under way yet, so that a word to stop stops at once."""
    (outcome,) = session.fetch([task])
    return outcome


def _of_that_moment(copy: Copy, capture: Capture) -> Capture | str:
    """A copy that leads to another one is that other one, which the index names by itself."""
    at = _COPY.search(capture.final_url)
    if at is not None and at[1] != copy.stamp:
        return f"it leads to the copy of {at[1]}"
    return capture


def _index(
    session: Session, provider: Provider, page: Page, address: str, since: datetime, until: datetime, delay_s: float
) -> Iterator[Copy]:
    """All rows of the index for an address, in as many answers as it takes."""
    asked = {
        "url": address,
        "output": "json",
        "fl": "timestamp,original,digest",
        "filter": "statuscode:200",
        "collapse": "digest",
        "from": f"{since:%Y%m%d%H%M%S}",
        "to": f"{until:%Y%m%d%H%M%S}",
        "showResumeKey": "true",
        "limit": str(_PAGE_LIMIT),
    }
    while True:
        rows, key = _rows(_ask(session, provider, page, f"{HOST}/cdx/search/cdx?{urlencode(asked)}", delay_s))
        for stamp, original, digest in rows:
            at = day_in(stamp)
            if at is not None:
                yield Copy(at, stamp, original, digest)
        if key is None:
            return
        asked["resumeKey"] = key


def _ask(session: Session, provider: Provider, page: Page, url: str, delay_s: float) -> bytes:
    outcome = _fetched(session, _task(provider, page, url, delay_s))
    if isinstance(outcome, Capture):
        return outcome.body
    if outcome.kind == "empty":
        return b"[]"
    raise WaybackError(
        f"the index of the Wayback Machine did not come: {outcome.error.message}; run it again later",
        provider=provider.id,
        url=url,
    )


def _rows(body: bytes) -> tuple[list[tuple[str, str, str]], str | None]:
    """The rows of an answer without its heading, and the key with which the next one goes on."""
    try:
        said = json.loads(body)
        if said and said[-1] and len(said[-1]) == 1:
            return _rows_of(said[1:-1]), str(said[-1][0])
        return _rows_of(said[1:]), None
    except (ValueError, TypeError, LookupError) as err:
        raise WaybackError(f"the index of the Wayback Machine has another shape than documented ({err})") from err


def _rows_of(said: Iterable[Sequence[str]]) -> list[tuple[str, str, str]]:
    return [(str(row[0]), str(row[1]), str(row[2])) for row in said if row]


def _thinned(copies: Iterable[Copy], every: Every) -> list[Copy]:
    """One copy a span, and none that is equal to the one before."""
    length = {"capture": 14, "day": 8, "month": 6}
    kept: list[Copy] = []
    spans = set()
    for copy in copies:
        span = copy.captured_at.strftime("%G-%V") if every == "week" else copy.stamp[: length[every]]
        if span not in spans and not (kept and kept[-1].digest == copy.digest):
            spans.add(span)
            kept.append(copy)
    return kept


def _task(provider: Provider, page: Page, url: str, delay_s: float) -> FetchTask:
    return FetchTask(provider.id, url, page.market, ask_in_full=True, delay_s=delay_s, robots="documented_api")
