"""What a person sees while a run goes on and at its end; nothing of it reaches standard output's programs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import click
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from monitor.alerts.health_words import duration_text, headline
from monitor.alerts.payload import incident_json
from monitor.alerts.sender import DeliverySummary
from monitor.cycle import CycleSummary, PageReport
from monitor.health import HealthChanges
from monitor.tables import conditions_text, console, per_text, print_rows, visible
from storage.nouns import Event

_COLOURS = {"cut": "green", "free": "green", "raise": "red", "launch": "cyan", "held": "yellow", "removal": "magenta"}


def event_line(event: Event) -> str:
    """One event in one line: what, whose, from what to what, and by how much.

    The words come from a page; the caller escapes them for its medium.
    """
    said = event.to_json()
    rate = event.rate
    words = [f"{event.kind:<11}", event.provider, visible(rate.model), rate.meter]
    if rate.service_tier != "standard":
        words.append(rate.service_tier)
    conditions = conditions_text(rate.conditions)
    if conditions:
        words.append(f"({visible(conditions)})")
    old, new = said["old"], said["new"]
    if old is not None and new is not None:
        words.append(f"{old} → {new}")
    elif new is not None:
        words.append(new)
    elif old is not None:
        words.append(f"was {old}")
    words.append(f"{said['currency'] or ''} per {per_text(said['per'], said['unit'])}".strip())
    if event.percent is not None:
        words.append(f"({event.percent:+.1f} %)")
    if event.predecessor:
        words.append(f"against {visible(event.predecessor)}")
    return " ".join(words)


class Progress:
    """A bar over the pages on a terminal, event lines as they come; silent where there is no terminal."""

    def __init__(self, pages: int, *, is_shown: bool) -> None:
        self._console = console(stderr=True)
        self._is_shown = is_shown
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not is_shown or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("pages", total=pages)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()

    def show_page(self, page: PageReport) -> None:
        """A page is done."""
        self._bar.update(self._task, advance=1, description=escape(page.provider))

    def show_event(self, event: Event) -> None:
        """Something happened."""
        if self._is_shown:
            colour = _COLOURS.get(event.kind, "default")
            self._bar.console.print(f"[{colour}]{escape(event_line(event))}[/]", soft_wrap=True)

    def show_wait(self, seconds: float) -> None:
        """The second look is waited for."""
        if self._is_shown:
            self._bar.console.print(f"prices changed; looking again in {seconds:g} s before anybody is told")


class Steps:
    """A bar over many like steps on a terminal; silent where there is none."""

    def __init__(self, what: str, total: int) -> None:
        shown = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=shown, transient=True, disable=not shown.is_terminal)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()

    def advance(self, steps: int = 1) -> None:
        """So many steps are done."""
        self._bar.update(self._task, advance=steps)


def delivery_text(delivered: DeliverySummary) -> str:
    """What became of the messages that were due, in words."""
    words = f"{delivered.sent} messages sent"
    if delivered.retried:
        words += f", {delivered.retried} to be tried again"
    if delivered.dead:
        words += f", {delivered.dead} given up"
    return words


def health_lines(health: HealthChanges) -> list[str]:
    """What began and what is over with the watching itself, a line each."""
    lines = []
    for incidents, begins in ((health.opened, True), (health.closed, False)):
        for incident in incidents:
            said = incident_json(incident, "en")
            lasted = "" if begins else f", over after {duration_text(said['lasted_s'], 'en')}"
            address = f" {visible(incident.url)}" if incident.url else ""
            words = f": {said['why']} {said['advice']}" if begins else ""
            lines.append(f"health: {headline(said)}{lasted}{address}{visible(words)}")
    return lines


def print_summary(summary: CycleSummary, delivered: DeliverySummary | None, *, only_failures: bool = False) -> None:
    """The table at the end of a run, a row a page, and the counts."""
    pages = [p for p in summary.pages if not only_failures or p.status in {"failed", "suspect"}]
    rows = [
        {
            "provider": p.provider,
            "market": p.market,
            "page": p.url.removeprefix("https://"),
            "status": p.status + (" (304)" if p.http_unchanged else ""),
            "rates": p.rates,
            "complaints": p.complaints,
            "events": len(p.events),
            "waiting": p.waiting,
            "held": p.held,
            "reason": p.error,
        }
        for p in pages
    ]
    print_rows(rows, title="Failed pages" if only_failures else "Pages", empty="no page is enabled")
    counts = summary.counts()
    for line in health_lines(summary.health):
        click.echo(line)
    click.echo(
        f"{counts['pages']} pages: {counts['read']} read, {counts['unchanged']} unchanged ({counts['not_modified']} by "
        f"304), {counts['failed'] + counts['suspect']} failed; {counts['rates']} rates, {counts['events']} events, "
        f"{counts['waiting']} waiting, {counts['held']} held, {counts['alerts']} alerts queued"
        + (f", {counts['incidents']} incidents open (`pricefall health`)" if counts["incidents"] else "")
        + ("" if delivered is None else f"; {delivery_text(delivered)}")
    )
