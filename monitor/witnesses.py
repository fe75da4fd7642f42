"""The stand: which witnesses there are for a page, and the asking of feeds.

Feeds are asked only when a change waits, or is held, on a page of a provider that they know, and not more often than
the settings say, so a quiet run costs nothing. A feed that does not come is noted and never fails a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.judging.agreement import witness_of
from monitor.judging.witnesses import Bench, Witness
from monitor.parts import Parts
from scrapers.catalog import Page, Provider
from scrapers.feeds.catalog import Feed, choose_feeds, load_feeds
from scrapers.feeds.prices import FeedError
from scrapers.fetching import Capture, FetchFailure, FetchTask
from scrapers.rates import Rate
from storage.feeds import feed_state, record_feed, record_feed_failure, record_feed_unchanged, stored_feed_prices
from storage.nouns import Pending, identity_text
from storage.outcomes import PageState
from storage.store import Store

_FRESH = timedelta(days=2)  # a page of the provider that was not seen for longer is no witness
_FEED_FRESH = timedelta(days=7)


class Session(Protocol):
    """What fetches: `scrapers.crawl.CrawlSession`."""

    def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture | FetchFailure]:
        """Exactly one outcome a task, in order of arrival."""
        ...


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What came of asking one feed."""

    feed: str
    prices: int = 0
    unknown: int = 0
    is_unchanged: bool = False
    error: str = ""


def is_held_price(pending: Pending) -> bool:
    """Whether a changed price is held, so that a witness may still speak for it."""
    return pending.outcome == "held" and pending.old is not None and pending.new is not None


def open_stand(parts: Parts, session: Session, now: Callable[[], datetime]) -> WitnessStand:
    """The stand of one installation, with the feeds that its settings name.

    Raises:
        ConfigError: the settings name a feed that does not exist.

    """
    settings = parts.settings.witnesses
    feeds = choose_feeds(load_feeds(), settings.feeds)
    return WitnessStand(feeds, settings.every_s, parts.catalog, parts.store, session, now)


@dataclass(slots=True)
class WitnessStand:
    """What a run hears beside the pages that it judges.

    `every_s` is the time between two questions to one feed, in seconds.
    """

    feeds: Sequence[Feed]
    every_s: float
    catalog: Mapping[str, Provider]
    store: Store
    session: Session
    now: Callable[[], datetime]

    def witnesses(self, provider: Provider, page: Page) -> tuple[Witness, ...]:
        """All that other pages of the market and the feeds say of this provider now."""
        return (*self._own_pages(provider, page), *self._from_feeds(provider, page))

    def vouches(self, provider: Provider, page: Page, held: Iterable[Pending]) -> bool:
        """Whether any source shows the new price of a change that is held on this page."""
        bench = Bench(self.witnesses(provider, page), provider.aliases)
        return any(p.old and p.new and bench.hear(p.old, p.new).new for p in held)

    def ask(self, providers: Iterable[str]) -> tuple[FeedReport, ...]:
        """Ask the feeds that know any of these providers and were not asked lately."""
        wanted = set(providers)
        due = {feed.id: feed for feed in self.feeds if self._is_due(feed) and any(feed.knows(name) for name in wanted)}
        reports = []
        for outcome in self.session.fetch([self._task(feed) for feed in due.values()]) if due else ():
            feed = due[outcome.task.provider]
            if isinstance(outcome, FetchFailure) and outcome.kind == "interrupted":
                continue  # we stopped, the feed did nothing wrong
            report = self._take(feed, outcome)
            if report.error:
                record_feed_failure(self.store, feed.id, feed.url, self.now(), report.error)
            reports.append(report)
        return tuple(reports)

    def _is_due(self, feed: Feed) -> bool:
        asked = feed_state(self.store, feed.id).last_checked_at
        return asked is None or self.now() - asked >= timedelta(seconds=self.every_s)

    def _task(self, feed: Feed) -> FetchTask:
        state = feed_state(self.store, feed.id)
        return FetchTask(
            provider=feed.id,
            url=feed.url,
            market="feed",
            etag=state.etag,
            last_modified=state.last_modified,
            robots=feed.robots,
        )

    def _take(self, feed: Feed, outcome: Capture | FetchFailure) -> FeedReport:
        from scrapers.feeds.read import read_feed  # late: it brings the readers of pages

        if isinstance(outcome, FetchFailure):
            return FeedReport(feed.id, error=str(outcome.error))
        if outcome.is_unchanged:
            record_feed_unchanged(self.store, feed.id, self.now())
            return FeedReport(feed.id, is_unchanged=True)
        try:
            said = read_feed(feed, outcome.body, self.catalog)
        except FeedError as err:
            return FeedReport(feed.id, error=err.message)
        record_feed(self.store, said, feed.url, self.now(), etag=outcome.etag, last_modified=outcome.last_modified)
        return FeedReport(feed.id, len(said.matched), len(said.unknown))

    def _from_feeds(self, provider: Provider, page: Page) -> Iterator[Witness]:
        """What feeds say; a copy of the provider's own API, or the page itself, is no witness against it."""
        fresh = {feed.id: feed for feed in self.feeds if self._is_fresh(feed) and feed.url != page.url}
        for price in stored_feed_prices(self.store, list(fresh), provider.id):
            is_copy = price.seller in fresh[price.feed].synced
            if not is_copy and price.market in {None, page.market} and price.rate.is_in_force(self.now()):
                yield witness_of(price)

    def _is_fresh(self, feed: Feed) -> bool:
        seen = feed_state(self.store, feed.id).last_ok_at
        return seen is not None and self.now() - seen <= _FEED_FRESH

    def _own_pages(self, provider: Provider, page: Page) -> Iterator[Witness]:
        for other in provider.pages:
            if other.enabled and other.market == page.market and other.url != page.url:
                state = self.store.page_state(provider.id, other.market, other.url)
                if state.page_id is not None and self._is_good(state):
                    for rate in self._shown(state.page_id):
                        yield Witness(f"{provider.id} itself", other.url, rate, is_own=True)

    def _is_good(self, state: PageState) -> bool:
        is_seen = state.last_ok_at is not None and self.now() - state.last_ok_at <= _FRESH
        return state.has_baseline and is_seen and not state.failures

    def _shown(self, page_id: int) -> Iterator[Rate]:
        """What a page shows now: the accepted prices in force, with what waits there in their place."""
        waiting = {p.key: p for p in self.store.pending_of(page_id)}
        for rate in self.store.accepted_rates(page_id):
            pending = waiting.get(identity_text(rate))
            if rate.is_in_force(self.now()) and pending is None:
                yield rate
            elif pending is not None and pending.new is not None:
                yield pending.new
