"""`pricefall watch`: a process that keeps looking. Jobs only enqueue; one thread fetches, judges, stores and delivers.

That is why SIGTERM in the middle of a crawl leaves no half comparison: a page is either stored in one transaction or
not looked at. This is the only module that imports APScheduler.
"""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import format_instant

if TYPE_CHECKING:
    from monitor.cycle import CycleSummary
    from monitor.parts import Parts
    from monitor.watch_file import WatchFile
    from scrapers.catalog import Provider
    from scrapers.crawl import CrawlSession

_DELIVER_EVERY_S = 60


@click.command()
@click.option("--only", multiple=True, metavar="PROVIDER", help="Only these providers; repeat or separate with commas.")
@click.option("--at-once", is_flag=True, help="Begin with a look at every provider instead of when each is due.")
@click.pass_obj
def command(config_path: str | None, only: tuple[str, ...], at_once: bool) -> None:
    """Keep looking, each provider at its own interval, until stopped.

    SIGTERM or Ctrl-C ends it cleanly with status 0: pages that are finished
    are kept, the others wait for the next start. `pricefall status` shows what
    it is doing.

    \b
    pricefall watch --only deepseek,openai
    """
    from monitor.parts import chosen_providers, open_locked, utc_now
    from monitor.watch_file import WatchFile, watch_file_path
    from scrapers.crawl import CrawlSession

    with open_locked(config_path) as parts:
        providers = chosen_providers(parts.catalog, only)
        with CrawlSession(parts.settings.fetch, utc_now) as session:
            watcher = Watcher(parts, session, utc_now, WatchFile(watch_file_path(parts.settings.database), utc_now()))
            watcher.watch(providers, at_once=at_once)


def make_scheduler() -> Any:
    """A scheduler in UTC, which no summer time moves; what fell due while the machine slept is done once."""
    from apscheduler.schedulers.background import BackgroundScheduler

    return BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )


@dataclass(slots=True)
class Watcher:
    """The queue between the scheduler's thread and the one that works."""

    parts: Parts
    session: CrawlSession
    now: Callable[[], datetime]
    file: WatchFile
    _due: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)
    _is_stopped: bool = False
    _scheduler: Any = None
    _file_error: str | None = None
    _slow: set[str] = field(default_factory=set)

    def watch(self, providers: Sequence[Provider], *, at_once: bool) -> None:
        """Work until stopped."""
        self._scheduler = make_scheduler()
        jitter = int(self.parts.settings.monitor.jitter_s)
        for provider in providers:
            self._scheduler.add_job(
                self._due.put,
                "interval",
                args=[("look", provider.id)],
                seconds=provider.interval_s,
                jitter=min(jitter, provider.interval_s // 4) or None,
                next_run_time=self.now() if at_once else self._next_look(provider),
                id=f"look-{provider.id}",
            )
            self._keep_appointments(provider)
        self._scheduler.add_job(
            self._due.put, "interval", args=[("deliver", "")], seconds=_DELIVER_EVERY_S, next_run_time=self.now()
        )
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        self._scheduler.start()
        self._say(f"watching {len(providers)} providers; stop with Ctrl-C or SIGTERM")
        self._note()
        try:
            self._work({provider.id: provider for provider in providers})
        finally:
            self._scheduler.shutdown(wait=False)
            for number, handler in before.items():
                signal.signal(number, handler)
        self._note(state="stopped", looking_at=(), queue=())
        self._say("stopped; what was finished is kept")

    def _stop(self, signum: int, frame: object) -> None:  # noqa: ARG002  (signal's signature)
        self._is_stopped = True
        self.session.cancel()
        self._due.put(("stop", ""))

    def _next_look(self, provider: Provider) -> datetime:
        """One interval after the oldest last look at its pages; at once when one was never seen."""
        now = self.now()
        checked = []
        for page in provider.pages:
            if page.enabled:
                state = self.parts.store.page_state(provider.id, page.market, page.url)
                checked.append(state.last_checked_at or datetime.min.replace(tzinfo=UTC))
        oldest = min(checked, default=now)
        if oldest.year == 1:
            return now
        return max(now, oldest + timedelta(seconds=provider.interval_s))

    def _work(self, providers: dict[str, Provider]) -> None:
        while not self._is_stopped:
            asked = [self._due.get()]
            time.sleep(0.05)  # looks that fall due together are one run
            while not self._due.empty():
                asked.append(self._due.get())
            looks = list(dict.fromkeys(name for what, name in asked if what == "look"))
            seconds = list(dict.fromkeys(name for what, name in asked if what == "second"))
            if seconds and not self._is_stopped:
                self._round([providers[name] for name in seconds], is_second=True, then=looks)
            if looks and not self._is_stopped:
                self._round([providers[name] for name in looks], is_second=False, then=())
            self._deliver()

    def _round(self, providers: list[Provider], *, is_second: bool, then: Sequence[str]) -> None:
        """One cycle, with its heartbeat and its place in the status file."""
        from monitor.heartbeat import beating, is_good, round_words

        began, started = self.now(), time.monotonic()
        self._note(state="looking", looking_at=tuple(provider.id for provider in providers), queue=tuple(then))
        with beating(self.parts.settings.run.heartbeat, self._say) as pulse:
            pulse.start()
            summary = self._cycle(providers, is_second=is_second)
            pulse.end(is_ok=is_good(summary), words=round_words(summary))
        self._remember_due(providers)
        self._say_when_too_slow(providers, time.monotonic() - started)
        failed = next((page for page in summary.pages if page.error), None)
        if failed is not None:
            self._remember_error(f"{failed.provider} {failed.url}: {failed.error}")
        last = {
            "started": format_instant(began),
            "finished": format_instant(self.now()),
            "status": summary.status,
            "providers": [provider.id for provider in providers],
            "counts": summary.counts(),
        }
        self._note(state="idle", looking_at=(), queue=(), last_round=last)

    def _say_when_too_slow(self, providers: Sequence[Provider], lasted_s: float) -> None:
        """Looks that fell due meanwhile are made once, and a person hears of it once."""
        slow = [provider for provider in providers if lasted_s > provider.interval_s and provider.id not in self._slow]
        for provider in slow:
            self._say(
                f"{provider.id}: the round took {lasted_s:.0f} s, longer than its interval of {provider.interval_s} s; "
                "looks that fell due meanwhile are made once: raise `interval` in its file"
            )
            self._slow.add(provider.id)

    def _note(self, **changes: Any) -> None:
        """Write the status file; why it cannot be is said once and not every minute."""
        jobs = self._scheduler.get_jobs() if self._scheduler.running else []
        due = {job.id: format_instant(job.next_run_time) or "" for job in jobs if job.next_run_time and "-" in job.id}
        wrong = self.file.write(self.now(), due=due, **changes)
        if wrong is not None and wrong != self._file_error:
            self._say(wrong)
        self._file_error = wrong

    def _remember_due(self, providers: Sequence[Provider]) -> None:
        """When the pages of these providers are looked at again, into the database."""
        due: dict[tuple[str, str, str], datetime] = {}
        for provider in providers:
            times = [
                job.next_run_time
                for kind in ("look", "second")
                if (job := self._scheduler.get_job(f"{kind}-{provider.id}"))
            ]
            times = [at for at in times if at is not None]
            if times:
                due |= {(provider.id, page.market, page.url): min(times) for page in provider.pages if page.enabled}
        if due:
            self.parts.store.set_next_due(due)

    def _remember_error(self, words: str) -> None:
        self.file.state = replace(self.file.state, last_error={"at": format_instant(self.now()) or "", "words": words})

    def _cycle(self, providers: list[Provider], *, is_second: bool) -> CycleSummary:
        from monitor.cycle import Cycle
        from monitor.progress import event_line, health_lines
        from monitor.witnesses import open_stand

        cycle = Cycle(
            self.parts.settings,
            self.session,
            self.parts.store,
            self.parts.archive,
            self.now,
            on_event=lambda event: self._say(event_line(event)),
            on_page=lambda page: self._say(f"{page.provider} {page.url}: {page.error}") if page.error else None,
            is_cancelled=lambda: self._is_stopped,
            watched=self.parts.catalog.values(),
            stand=open_stand(self.parts, self.session, self.now),
        )
        summary = cycle.run(providers, "watch", second_look="only" if is_second else "later")
        counts = summary.counts()
        self._say(
            f"{', '.join(p.id for p in providers)}: {counts['read']} read, {counts['unchanged']} unchanged, "
            f"{counts['failed'] + counts['suspect']} failed, {counts['events']} events, {counts['waiting']} waiting"
        )
        for line in health_lines(summary.health):
            self._say(line)
        due: dict[str, datetime] = {}
        for page in summary.pages:
            if page.due_at is not None:
                due[page.provider] = min(page.due_at, due.get(page.provider, page.due_at))
        for name, at in due.items():
            if at > self.now() or not is_second:  # what is overdue after its own look waits for the next ordinary one
                self._look_again(name, at)
        return summary

    def _keep_appointments(self, provider: Provider) -> None:
        """Looks that an earlier process had promised and did not make."""
        store, due = self.parts.store, []
        for page in provider.pages:
            state = store.page_state(provider.id, page.market, page.url)
            waiting = () if state.page_id is None else store.pending_of(state.page_id)
            seen = state.last_checked_at or self.now()
            due += [p.due_at for p in waiting if p.due_at is not None and p.due_at > seen]
        if due:
            self._look_again(provider.id, min(due))

    def _look_again(self, name: str, at: datetime) -> None:
        """Enqueue a confirming look."""
        self._scheduler.add_job(
            self._due.put,
            "date",
            args=[("second", name)],
            run_date=max(at, self.now()),
            id=f"second-{name}",
            replace_existing=True,
        )

    def _deliver(self) -> None:
        from monitor.alerts.sender import deliver_due
        from monitor.converting import converter_of
        from monitor.progress import delivery_text
        from storage.outbox import next_release

        settings = self.parts.settings
        summary = deliver_due(self.parts.store, settings, self.now(), convert=converter_of(settings))
        if summary.sent or summary.failures:
            self._say(delivery_text(summary))
        release = next_release(self.parts.store, self.now())
        if release is not None:  # the end of quiet hours, or a digest
            self._scheduler.add_job(
                self._due.put, "date", args=[("deliver", "")], run_date=release, id="release", replace_existing=True
            )
        if summary.failures:
            self._remember_error(summary.failures[-1].error)
        self._note()

    def _say(self, words: str) -> None:
        click.echo(f"{self.now():%Y-%m-%d %H:%M:%S}Z {words}")
