"""One look at every page: fetch, keep, read, compare, judge, store, queue alerts; then a second look at what changed.

This is the only module that catches errors broadly, a page at a time: a page that fails changes nothing and is named
with its reason, and never stops another. All that a page changes is stored in one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, Protocol

from monitor.alerts.summary import summary_alerts
from monitor.alerts.withdrawal import Settled, settle, undone_by
from monitor.earlier_looks import EarlierLooks
from monitor.effects import Effect, effects_of
from monitor.health import HealthChanges, look_at_health, notices
from monitor.judge import Judgement, due_events, judge_page
from monitor.judging.corrections import amended
from monitor.judging.earlier import EarlierLook, nothing_earlier
from monitor.judging.flapping import flapping_now
from monitor.judging.policy import Policy
from monitor.leaving import pages_that_left
from monitor.price_lines import price_lines
from monitor.rules import alerts_for
from monitor.settings import Settings
from monitor.subscribers import with_subscribers
from monitor.witnesses import WitnessStand, is_held_price
from scrapers.catalog import Page, Provider
from scrapers.errors import LayoutError, NoTable, ScrapeError
from scrapers.fetching import Capture, FetchFailure, FetchTask
from scrapers.rates import PriceList, Rate
from scrapers.reader import read_page
from storage import queries
from storage.archive import Archive
from storage.incidents import HealthOutcome
from storage.nouns import Event, Flapping, Pending
from storage.outcomes import Decision, PageOutcome, PageState
from storage.store import Store

PageStatus = Literal["baseline", "read", "unchanged", "suspect", "failed"]
SecondLook = Literal["now", "later", "only"]
RunStatus = Literal["ok", "some_failed", "all_failed", "interrupted"]


class Session(Protocol):
    """What fetches pages: `scrapers.crawl.CrawlSession`, or recorded captures in a replay."""

    def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture | FetchFailure]:
        """Exactly one outcome a task, in order of arrival."""
        ...


@dataclass(frozen=True, slots=True)
class PageReport:
    """What one look at one page came to.

    `due_at` is when another look may decide about what waits; `seconds` is the time for reading, judging and storing.
    """

    provider: str
    url: str
    market: str
    status: PageStatus
    rates: int = 0
    complaints: int = 0
    events: tuple[Event, ...] = ()
    waiting: int = 0
    held: int = 0
    due_at: datetime | None = None
    flapping: tuple[Flapping, ...] = ()
    http_unchanged: bool = False
    error: str = ""
    error_kind: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """What a run came to, page by page."""

    run_id: int | None
    status: RunStatus
    pages: tuple[PageReport, ...]
    events: tuple[Event, ...]
    alerts: int
    health: HealthChanges = field(default_factory=HealthChanges)

    def counts(self) -> dict[str, int]:
        """Figures for the summary line and the database."""
        pages = self.pages
        return {
            "pages": len(pages),
            "read": sum(p.status in {"read", "baseline"} for p in pages),
            "unchanged": sum(p.status == "unchanged" for p in pages),
            "not_modified": sum(p.http_unchanged for p in pages),
            "suspect": sum(p.status == "suspect" for p in pages),
            "failed": sum(p.status == "failed" for p in pages),
            "rates": sum(p.rates for p in pages),
            "complaints": sum(p.complaints for p in pages),
            "events": len(self.events),
            "waiting": sum(p.waiting for p in pages),
            "held": sum(p.held for p in pages),
            "alerts": self.alerts,
            "incidents": len(self.health.open),
        }


def _nothing(_: object) -> None:
    return None


@dataclass(slots=True)
class Cycle:
    """The parts that a cycle works with; `confirm` is off only in a replay, which has no second look.

    `sleep` waits before the second look and is replaced by tests; with `is_dry` nothing at all is written. `watched` is
    the whole catalog, by which the end of a run judges health; without it, as in a replay, health is left alone.
    `stand` has the witnesses; without one there are none.
    """

    settings: Settings
    session: Session
    store: Store
    archive: Archive
    now: Callable[[], datetime]
    confirm: bool = True
    is_dry: bool = False
    on_event: Callable[[Event], None] = _nothing
    on_page: Callable[[PageReport], None] = _nothing
    on_wait: Callable[[float], None] = _nothing
    sleep: Callable[[float], None] = time.sleep
    is_cancelled: Callable[[], bool] = lambda: False
    run_id: int | None = None
    watched: Iterable[Provider] = ()
    stand: WitnessStand | None = None
    _reports: dict[tuple[str, str, str], PageReport] = field(default_factory=dict)
    _unchanged: dict[int, bool] = field(default_factory=dict)  # page to whether its body came in full
    _seen_at: dict[int, datetime] = field(default_factory=dict)
    _alerts: int = 0

    def run(
        self, providers: Sequence[Provider], command: str = "run", *, second_look: SecondLook = "now"
    ) -> CycleSummary:
        """Look at every enabled page of these providers once, and again at those that changed.

        `second_look` is `now` (wait `confirm_after`, then look), `later` (the caller will come back) or `only` (the
        caller has come back: look only at pages on which something waits).
        """
        self.settings = with_subscribers(self.store, self.settings)
        pages = {(p.id, page.market, page.url): (p, page) for p in providers for page in p.pages if page.enabled}
        if not self.is_dry:
            self.run_id = self.store.begin_run(self.now(), command)
        interrupted = True
        try:
            if second_look == "only":
                self._look(
                    pages, [key for key, (_, page) in pages.items() if self._waits(page, "wait")], is_second=True
                )
            else:
                self._look(pages, pages, is_second=False)
            if second_look == "now" and self.confirm and not self.is_dry:
                self._look_again(pages)
            interrupted = self.is_cancelled()
        finally:
            summary = self._finish(interrupted, tells=command == "run")
        return summary

    def _look(self, pages: PageMap, chosen: Iterable[PageKey], *, is_second: bool) -> None:
        chosen = list(chosen)
        self._hear_of_held(pages, chosen)
        tasks = [self._task(*pages[key], is_second=is_second) for key in chosen]
        for outcome in self.session.fetch(tasks):
            task = outcome.task
            key = (task.provider, task.market, task.url)
            report = self.settled(*pages[key], outcome)
            if is_second and report.status == "failed" and key in self._reports:
                continue  # the first look stands, its changes go on waiting
            self._add(key, report)

    def _look_again(self, pages: PageMap) -> None:
        """The confirming look, at least `confirm_after` after the first sight of what waits and can be decided then."""
        seconds = self.settings.monitor.confirm_after_s
        soon = self.now() + timedelta(seconds=seconds)
        waiting = [key for key, report in self._reports.items() if report.due_at is not None and report.due_at <= soon]
        if not waiting or self.is_cancelled():
            return
        if seconds:
            self.on_wait(seconds)
            self.sleep(seconds)
        if not self.is_cancelled():
            self._look(pages, waiting, is_second=True)

    def _hear_of_held(self, pages: PageMap, chosen: Iterable[PageKey]) -> None:
        """Ask the feeds that were not asked lately about prices that are held: one may have caught up."""
        if self.stand is not None and not self.is_dry:
            held = {key[0] for key in chosen if any(is_held_price(p) for p in self._pending(pages[key][1]))}
            if held:
                self.stand.ask(sorted(held))

    def _waits(self, page: Page, *outcomes: str) -> bool:
        """Whether a change on this page was seen once; only a body can confirm it, a 304 cannot."""
        return any(p.outcome in outcomes for p in self._pending(page))

    def _is_vouched(self, provider: Provider, page: Page) -> bool:
        """Whether a witness shows a price that is held here: the page is judged again, although it did not change."""
        held = [p for p in self._pending(page) if is_held_price(p)]
        return bool(held) and self.stand is not None and self.stand.vouches(provider, page, held)

    def _pending(self, page: Page) -> tuple[Pending, ...]:
        state = self.store.page_state(page.provider, page.market, page.url)
        return () if state.page_id is None else self.store.pending_of(state.page_id)

    def _task(self, provider: Provider, page: Page, *, is_second: bool) -> FetchTask:
        state = self.store.page_state(provider.id, page.market, page.url)
        stale = state.last_full_at is None or self.now() - state.last_full_at >= timedelta(
            seconds=self.settings.fetch.full_every_s
        )
        waits = self._waits(page, "wait", "kept") or self._is_vouched(provider, page)
        in_full = is_second or stale or not state.has_baseline or waits
        return FetchTask.for_page(
            provider,
            page,
            etag=state.etag,
            last_modified=state.last_modified,
            ask_in_full=in_full,
            bypass_caches=is_second or waits,
        )

    def settled(self, provider: Provider, page: Page, outcome: Capture | FetchFailure) -> PageReport:
        """One outcome to a report; whatever goes wrong is this page's failure and nobody else's."""
        started = time.perf_counter()
        try:
            if isinstance(outcome, FetchFailure):
                report = self._fail(provider, page, outcome.kind, str(outcome.error))
            else:
                report = self.take(provider, page, outcome)
        except NoTable as err:
            kind = "blocked" if err.found in {"challenge", "login"} else "no_table"
            report = self._fail(provider, page, kind, f"no model prices on the page ({err.found}): {err.message}")
        except LayoutError as err:
            report = self._fail(provider, page, "layout", err.message)
        except ScrapeError as err:
            report = self._fail(provider, page, type(err).__name__, err.message)
        except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as err:
            words = f"the reader stopped with {type(err).__name__}: {err}; the page is kept, please report it"
            report = self._fail(provider, page, "fault", words)
        return replace(report, seconds=round(time.perf_counter() - started, 3))

    def take(self, provider: Provider, page: Page, capture: Capture) -> PageReport:
        """One capture through reading, judging and storing.

        Raises:
            LayoutError: the page cannot be read.
            StoreError: the database cannot be written; nothing of the page is stored then.

        """
        state = self.store.page_state(provider.id, page.market, page.url)
        at = capture.captured_at
        if capture.status == "unchanged":
            return self._see_unchanged(provider, page, state, at, by_http=True)
        body = capture.body
        pending = () if state.page_id is None else self.store.pending_of(state.page_id)
        sha256, amounts_sha256 = (self._kept(part) for part in (body, capture.companion))
        is_open = bool({p.outcome for p in pending} & {"wait", "kept"}) or self._is_vouched(provider, page)
        is_same = (sha256, amounts_sha256) == (state.sha256, state.companion_sha256)
        if is_same and state.has_baseline and not is_open:
            return self._see_unchanged(provider, page, state, at, by_http=False)
        read = read_page(body, hints=page.hints, captured_at=at, charset=capture.charset, companion=capture.companion)
        accepted = self.store.accepted_rates(state.page_id) if state.page_id and state.has_baseline else None
        earlier: EarlierLook = nothing_earlier
        if state.page_id and accepted:
            amend = partial(amended, corrections=self.store.corrections_of(state.page_id), accepted=accepted)
            read = amend(read)
            earlier = EarlierLooks(self.store, self.archive, page, state.page_id, accepted, amend).before
        judge = partial(
            judge_page,
            provider=provider,
            page=page,
            accepted=accepted,
            read=read,
            pending=pending,
            captured_at=at,
            previous_at=state.last_ok_at,
            policy=self.policy,
            recent=self.store.recent_events(state.page_id, at - self.policy.memory) if state.page_id else (),
            flapping=self.store.flapping_of(state.page_id) if state.page_id else (),
            windows=self.store.windows_of(state.page_id) if state.page_id else (),
            earlier=earlier,
        )
        judgement = self._with_witnesses(provider, page, judge)
        if judgement.is_suspect:
            failed = self._fail(provider, page, "implausible", judgement.why)
            return replace(failed, status="suspect", complaints=len(read.complaints))
        events, told = self._tell(judgement, accepted or ())
        self._store(page, capture, (sha256 or "", amounts_sha256), read, judgement, events, told)
        return PageReport(
            provider.id,
            page.url,
            page.market,
            "baseline" if accepted is None else "read",
            rates=len(read.rates),
            complaints=len(read.complaints),
            events=events,
            waiting=sum(p.outcome == "wait" for p in judgement.pending),
            held=sum(p.outcome == "held" for p in judgement.pending),
            due_at=min((p.due_at for p in judgement.pending if p.due_at is not None), default=None),
            flapping=flapping_now(judgement.flapping, at, self.policy.flap_window),
        )

    def _kept(self, body: bytes | None) -> str | None:
        """The name of a body in the archive, where it is from now on."""
        if body is None:
            return None
        return self.archive.address(body) if self.is_dry else self.archive.put(body)

    @property
    def policy(self) -> Policy:
        """The settings of `[monitor]` as the judge needs them."""
        said = self.settings.monitor
        return Policy(
            confirm_after=timedelta(seconds=said.confirm_after_s),
            confirm_large_after=timedelta(seconds=said.confirm_large_after_s),
            confirm_removal_after=timedelta(seconds=said.confirm_removal_after_s),
            settle_after=timedelta(seconds=said.settle_after_s),
            flap_window=timedelta(seconds=said.flap_window_s),
            confirm=self.confirm,
        )

    def _with_witnesses(self, provider: Provider, page: Page, judge: Callable[..., Judgement]) -> Judgement:
        """The judgement; where a changed price waits, feeds are asked first what they know of it."""
        judgement = judge()
        if self.stand is None or judgement.is_suspect or not (judgement.pending or judgement.events):
            return judgement
        if not self.is_dry and any(p.old is not None and p.new is not None for p in judgement.pending):
            self.stand.ask([provider.id])
        return judge(witnesses=self.stand.witnesses(provider, page))

    def _see_unchanged(
        self, provider: Provider, page: Page, state: PageState, at: datetime, *, by_http: bool
    ) -> PageReport:
        """A page that says what it said; its announced prices may fall due all the same."""
        if state.page_id is None:
            raise ValueError("a page that was never read cannot be unchanged")
        rates, has_dates = self.store.count_accepted(state.page_id)
        events = self._fall_due(provider, page, state.page_id, state.last_ok_at or at, at) if has_dates else ()
        self._unchanged[state.page_id] = not by_http
        self._seen_at[state.page_id] = at
        return PageReport(
            provider.id,
            page.url,
            page.market,
            "unchanged",
            rates=rates,
            events=events,
            flapping=flapping_now(self.store.flapping_of(state.page_id), at, self.policy.flap_window),
            http_unchanged=by_http,
        )

    def _fall_due(
        self, provider: Provider, page: Page, page_id: int, since: datetime, at: datetime
    ) -> tuple[Event, ...]:
        """What announced prices and promotions come to between two looks, decided and told."""
        accepted = self.store.accepted_rates(page_id)
        judgement = due_events(provider=provider, page=page, accepted=accepted, since=since, now=at)
        events, told = self._tell(judgement, accepted)
        if events and not self.is_dry:
            self.store.record_decision(
                Decision(
                    run_id=self.run_id,
                    page_id=page_id,
                    decided_at=at,
                    accepted=judgement.accepted,
                    recorded_at=self.now(),
                    events=events,
                    alerts=told.alerts,
                    withdrawals=told.withdrawals,
                )
            )
            self._alerts += len(told.alerts)
        return events

    def _tell(self, judgement: Judgement, before: Sequence[Rate]) -> tuple[tuple[Event, ...], Settled]:
        events = self.store.new_events(judgement.events)
        effects: dict[str, tuple[Effect, ...]] = {}
        if events and self.settings.workloads:
            rows = queries.prices(self.store, now=self.now())
            elsewhere = [(row["provider"], row["market"], Rate.from_json(row)) for row in rows]
            effects = effects_of(events, self.settings.workloads, elsewhere, before, judgement.accepted)
        alerts = alerts_for(events, self.settings, effects, price_lines(self.store, events), self.now())
        return events, settle(self.store, self.settings, alerts, undone_by(self.store, events))

    def _store(
        self,
        page: Page,
        capture: Capture,
        kept: tuple[str, str | None],
        read: PriceList,
        judgement: Judgement,
        events: tuple[Event, ...],
        told: Settled,
    ) -> None:
        if self.is_dry:
            return
        self.store.record_page(
            PageOutcome(
                run_id=self.run_id,
                provider=page.provider,
                market=page.market,
                url=page.url,
                captured_at=capture.captured_at,
                sha256=kept[0],
                companion_sha256=kept[1],
                size=len(capture.body),
                etag=capture.etag,
                last_modified=capture.last_modified,
                final_url=capture.final_url,
                content_type=capture.content_type,
                is_full=True,
                price_list=read,
                accepted=judgement.accepted,
                windows=judgement.windows,
                pending=judgement.pending,
                flapping=judgement.flapping,
                events=events,
                judged=judgement.events,
                alerts=told.alerts,
                withdrawals=told.withdrawals,
                recorded_at=self.now(),
            )
        )
        self._alerts += len(told.alerts)

    def _fail(self, provider: Provider, page: Page, kind: str, message: str) -> PageReport:
        if not self.is_dry and kind != "interrupted":  # that is our doing and says nothing about the page
            self.store.record_failure(self.run_id, provider.id, page.market, page.url, self.now(), kind, message)
        return PageReport(provider.id, page.url, page.market, "failed", error=message, error_kind=kind)

    def _add(self, key: PageKey, report: PageReport) -> None:
        first = self._reports.get(key)
        if first is not None:  # the second look continues the first
            report = replace(
                report,
                status=first.status if report.status == "unchanged" else report.status,
                events=first.events + report.events,
                seconds=first.seconds + report.seconds,
            )
        self._reports[key] = report
        for event in report.events[len(first.events) if first else 0 :]:
            self.on_event(event)
        self.on_page(report)

    def _finish(self, interrupted: bool, *, tells: bool) -> CycleSummary:
        reports = tuple(self._reports.values())
        failed = sum(r.status in {"failed", "suspect"} for r in reports)
        status: RunStatus = "ok"
        if interrupted:
            status = "interrupted"
        elif reports and failed == len(reports):
            status = "all_failed"
        elif failed:
            status = "some_failed"
        events = tuple(e for r in reports for e in r.events)
        summary = CycleSummary(self.run_id, status, reports, events, self._alerts)
        if not self.is_dry and self.run_id is not None:
            in_full = [page_id for page_id, is_full in self._unchanged.items() if is_full]
            now = self.now()
            self.store.record_unchanged(self.run_id, list(self._unchanged), now, in_full=in_full, seen_at=self._seen_at)
            watched = tuple(self.watched)
            health = HealthChanges() if interrupted else look_at_health(self.store, self.settings, watched, now)
            alerts = notices(health, self.settings, now)
            if tells and self.settings.run.summary_channels:
                begun = [(page.provider, f"{page.url}: {page.error}") for page in reports if self._begins_to_fail(page)]
                alerts += summary_alerts(events, begun, health.opened, health.closed, self.settings, self.run_id, now)
            summary = replace(summary, health=health, alerts=self._alerts + len(alerts))
            if watched:
                self.store.note_left(pages_that_left(self.store.pages(), watched), now)
            outcome = HealthOutcome(health.changed, alerts)
            self.store.finish_run(self.run_id, now, status, summary.counts(), outcome)
        return summary

    def _begins_to_fail(self, report: PageReport) -> bool:
        if report.status not in {"failed", "suspect"} or report.error_kind == "interrupted":
            return False
        return self.store.page_state(report.provider, report.market, report.url).failures == 1


PageKey = tuple[str, str, str]
PageMap = dict[PageKey, tuple[Provider, Page]]


def run_cycle(
    settings: Settings,
    providers: Sequence[Provider],
    *,
    session: Session,
    store: Store,
    archive: Archive,
    now: Callable[[], datetime],
    on_event: Callable[[Event], None] = _nothing,
    on_page: Callable[[PageReport], None] = _nothing,
) -> CycleSummary:
    """One run with the usual parts; see `Cycle` for the rest."""
    cycle = Cycle(settings, session, store, archive, now, on_event=on_event, on_page=on_page)
    return cycle.run(providers)
