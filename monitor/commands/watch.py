"""`pricefall watch`: a process that keeps looking. Jobs only enqueue; one thread fetches, judges, stores and delivers.

That is why SIGTERM in the middle of a crawl leaves no half comparison: a page is either stored in one transaction or
not looked at. This is the only module that imports APScheduler.
"""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.parts import Parts
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
    are kept, the others wait for the next start.

    \b
    pricefall watch --only deepseek,openai
    """
    from monitor.parts import chosen_providers, open_locked, utc_now
    from scrapers.crawl import CrawlSession

    with open_locked(config_path) as parts:
        providers = chosen_providers(parts.catalog, only)
        with CrawlSession(parts.settings.fetch, utc_now) as session:
            watcher = Watcher(parts, session, utc_now)
            watcher.watch(providers, at_once=at_once)


@dataclass(slots=True)
class Watcher:
    """The queue between the scheduler's thread and the one that works."""

    parts: Parts
    session: CrawlSession
    now: Callable[[], datetime]
    _due: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)
    _is_stopped: bool = False
    _scheduler: Any = None

    def watch(self, providers: Sequence[Provider], *, at_once: bool) -> None:
        """Work until stopped."""
        from apscheduler.schedulers.background import BackgroundScheduler

        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
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
        try:
            self._work({provider.id: provider for provider in providers})
        finally:
            self._scheduler.shutdown(wait=False)
            for number, handler in before.items():
                signal.signal(number, handler)
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
                self._cycle([providers[name] for name in seconds], is_second=True)
            if looks and not self._is_stopped:
                self._cycle([providers[name] for name in looks], is_second=False)
            self._deliver()

    def _cycle(self, providers: list[Provider], *, is_second: bool) -> None:
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
        from monitor.progress import delivery_text

        summary = deliver_due(self.parts.store, self.parts.settings, self.now())
        if summary.sent or summary.failures:
            self._say(delivery_text(summary))

    def _say(self, words: str) -> None:
        click.echo(f"{self.now():%Y-%m-%d %H:%M:%S}Z {words}")
