"""`pricefall run`: every enabled page once. Suits cron: `--quiet` speaks only of failures, each has a status."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.alerts.sender import DeliverySummary
    from monitor.cycle import Cycle, CycleSummary, PageReport
    from monitor.health import HealthChanges
    from monitor.parts import Parts
    from scrapers.crawl import CrawlSession

STATUSES = {"ok": 0, "some_failed": 1, "all_failed": 4, "interrupted": 143}


@click.command()
@click.option("--only", multiple=True, metavar="PROVIDER", help="Only these providers; repeat or separate with commas.")
@click.option("--dry-run", is_flag=True, help="Fetch, read and judge, but store nothing and tell nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with pages, events, health and counts.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something failed.")
@click.pass_obj
def command(config_path: str | None, only: tuple[str, ...], dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Look at every enabled page once, compare, and tell.

    \b
    Exit status: 0 every page was read or unchanged; 1 some pages failed; 4 all
    pages failed; 2 settings are wrong; 5 the database cannot be used; 75 another
    run is at work; 143 stopped by a signal (what was finished is kept).

    \b
    pricefall run --only deepseek,openai --dry-run
    pricefall run --json | jq .counts
    """
    from monitor.heartbeat import beating, is_good, round_words
    from monitor.parts import chosen_providers, locked_parts, read_settings
    from monitor.progress import Progress

    settings = read_settings(config_path)
    with beating(None if dry_run else settings.run.heartbeat) as pulse, locked_parts(settings) as parts:
        pulse.start()
        providers = chosen_providers(parts.catalog, only)
        pages = sum(page.enabled for provider in providers for page in provider.pages)
        with Progress(pages, is_shown=not (as_json or quiet)) as progress:
            summary = _cycle(parts, providers, progress, dry_run=dry_run)
        delivered = None if dry_run else _deliver(parts)
        pulse.end(is_ok=is_good(summary), words=round_words(summary))
    failures = [page for page in summary.pages if page.status in {"failed", "suspect"}]
    if as_json:
        click.echo(json.dumps(summary_json(summary, delivered), ensure_ascii=False, indent=1))
    elif not quiet or failures:
        from monitor.progress import print_summary

        print_summary(summary, delivered, only_failures=quiet)
    sys.exit(STATUSES[summary.status])


def _deliver(parts: Parts) -> DeliverySummary:
    from monitor.alerts.sender import deliver_due
    from monitor.converting import converter_of
    from monitor.parts import utc_now

    return deliver_due(parts.store, parts.settings, utc_now(), convert=converter_of(parts.settings))


def _cycle(parts: Parts, providers: list[Any], progress: Any, *, dry_run: bool) -> CycleSummary:
    from monitor.cycle import Cycle
    from monitor.parts import utc_now
    from monitor.witnesses import open_stand
    from scrapers.crawl import CrawlSession

    with CrawlSession(parts.settings.fetch, utc_now) as session:
        cycle = Cycle(
            parts.settings,
            session,
            parts.store,
            parts.archive,
            utc_now,
            is_dry=dry_run,
            on_event=progress.show_event,
            on_page=progress.show_page,
            on_wait=progress.show_wait,
            watched=parts.catalog.values(),
            stand=open_stand(parts, session, utc_now),
        )
        with stopped_by_signals(cycle, session):
            return cycle.run(providers)


@contextmanager
def stopped_by_signals(cycle: Cycle, session: CrawlSession) -> Iterator[None]:
    """SIGTERM and SIGINT end the crawl; what is finished stays, nothing half is compared."""
    stopped = False

    def stop(signum: int, frame: object) -> None:  # noqa: ARG001  (signal's signature)
        nonlocal stopped
        if stopped:  # the second time they mean it
            raise SystemExit(143)
        stopped = True
        session.cancel()

    def sleep_or_stop(seconds: float) -> None:
        import time

        deadline = time.monotonic() + seconds
        while not stopped and time.monotonic() < deadline:
            time.sleep(min(0.2, max(0.0, deadline - time.monotonic())))

    cycle.is_cancelled = lambda: stopped
    cycle.sleep = sleep_or_stop
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def summary_json(summary: CycleSummary, delivered: Any) -> dict[str, Any]:
    """The object that `run --json` prints."""
    return {
        "run": summary.run_id,
        "status": summary.status,
        "counts": summary.counts(),
        "pages": [page_json(page) for page in summary.pages],
        "events": [event.to_json() for event in summary.events],
        "health": health_json(summary.health),
        "delivery": None if delivered is None else delivery_json(delivered),
    }


def health_json(health: HealthChanges) -> dict[str, Any]:
    """What began and what is over with the watching itself, and how much of it is open."""
    from monitor.alerts.payload import incident_json

    return {
        "opened": [incident_json(incident, "en") for incident in health.opened],
        "closed": [incident_json(incident, "en") for incident in health.closed],
        "open": len(health.open),
    }


def delivery_json(delivered: DeliverySummary) -> dict[str, Any]:
    """What became of the messages that were due."""
    return {
        "sent": delivered.sent,
        "retried": delivered.retried,
        "dead": delivered.dead,
        "failures": [{"alert": f.alert_id, "channel": f.channel, "error": f.error} for f in delivered.failures],
    }


def page_json(page: PageReport) -> dict[str, Any]:
    """One page of the summary."""
    return {
        "provider": page.provider,
        "market": page.market,
        "url": page.url,
        "status": page.status,
        "rates": page.rates,
        "complaints": page.complaints,
        "events": len(page.events),
        "waiting": page.waiting,
        "held": page.held,
        "not_modified": page.http_unchanged,
        "error_kind": page.error_kind or None,
        "error": page.error or None,
        "seconds": page.seconds,
    }
