"""`pricefall replay`: dated captures through the whole pipeline; its options and output are an interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scrapers.catalog import Page, Provider, load_catalog
from scrapers.rates import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.cycle import Cycle
    from scrapers.fetching import Capture, FetchFailure, FetchTask
    from storage.nouns import Event

# Health notices and comparisons with a predecessor are no change of a price.
_UNTOLD = {"notice", "successor"}


@dataclass(frozen=True, slots=True)
class _Line:
    file: Path
    provider: str
    url: str
    captured_at: datetime


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--db", type=click.Path(path_type=Path), required=True, help="Database to fill; made when absent.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each event.")
def command(manifest: Path, db: Path, as_json: bool) -> None:
    """Run dated captures through the whole pipeline, as if each had been fetched at its date.

    MANIFEST has a JSON object a line, oldest first: file, provider, url, captured.
    A replay has no second look at a page; every other guard is on.

    \b
    pricefall replay captures.jsonl --db history.db --json
    """
    from monitor.cycle import Cycle
    from monitor.parts import utc_now
    from monitor.settings import Settings
    from scrapers.errors import ScrapeError
    from storage.archive import Archive
    from storage.store import Store

    lines = list(_read_manifest(manifest))
    catalog = load_catalog()
    with Store.open(db) as store:
        moment = [lines[0].captured_at if lines else utc_now()]
        cycle = Cycle(
            Settings(None, db, db, db.parent),
            _NoSession(),
            store,
            Archive(db.with_name(db.name + ".archive")),
            lambda: moment[0],
            confirm=False,
        )
        cycle.run_id = store.begin_run(moment[0], "replay") if lines else None
        failed = 0
        for line in lines:
            moment[0] = line.captured_at
            try:
                events = _take(cycle, catalog, line)
            except ScrapeError as err:
                failed += 1
                click.echo(f"pricefall: {line.file.name}: {err.message}", err=True)
                continue
            for event in events:
                _show(event, as_json=as_json)
        if cycle.run_id is not None:
            store.finish_run(cycle.run_id, moment[0], "some_failed" if failed else "ok", {"captures": len(lines)})


class _NoSession:
    """A replay fetches nothing."""

    def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture | FetchFailure]:
        raise RuntimeError(f"a replay has no network: {tasks}")


def _take(cycle: Cycle, catalog: dict[str, Provider], line: _Line) -> tuple[Event, ...]:
    """One capture through the pipeline; returns the events that a subscriber would have seen.

    Raises:
        ScrapeError: the page cannot be read; it changes nothing.

    """
    from scrapers.fetching import Capture, FetchTask

    provider = catalog.get(line.provider) or Provider(id=line.provider, name=line.provider)
    known = provider.page_for(line.url)
    page = Page(provider.id, line.url, hints=provider.hints) if known is None else replace(known, url=line.url)
    capture = Capture(
        task=FetchTask(provider=provider.id, url=page.url, market=page.market),
        final_url=line.url,
        status="fetched",
        body=line.file.read_bytes(),
        etag=None,
        last_modified=None,
        content_type=None,
        charset=None,
        captured_at=line.captured_at,
    )
    report = cycle.take(provider, page, capture)
    if report.error:
        click.echo(f"pricefall: {line.file.name}: {report.error}", err=True)
    return tuple(event for event in report.events if event.kind not in _UNTOLD)


def _show(event: Event, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(event.to_json(), ensure_ascii=False))
        return
    from monitor.progress import event_line

    click.echo(f"{event.captured_at:%Y-%m-%d}  {event_line(event)}")


def _read_manifest(manifest: Path) -> Iterator[_Line]:
    """The manifest's lines; a wrong one ends the command with status 2 and its number."""
    try:
        text = manifest.read_text(encoding="utf-8")
    except OSError as err:
        raise click.UsageError(f"{manifest} cannot be read: {err.strerror}") from err
    for number, words in enumerate(text.splitlines(), start=1):
        if not words.strip():
            continue
        try:
            said = json.loads(words)
            captured_at = parse_instant(said["captured"])
            line = _Line(manifest.parent / said["file"], said["provider"], said["url"], captured_at)  # type: ignore[arg-type]  # checked next
        except (ValueError, KeyError, TypeError) as err:
            raise click.UsageError(f"{manifest}, line {number}: needs file, provider, url, captured ({err})") from err
        if captured_at is None or not line.file.is_file():
            raise click.UsageError(
                f"{manifest}, line {number}: no such file or date: {said['file']}, {said['captured']}"
            )
        yield line
