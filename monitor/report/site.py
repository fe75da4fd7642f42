"""All pages of a report, written one provider at a time, and the report as data.

The pages over all providers come last, because the search knows every model that was met on the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from monitor.alerts.phrases import visible
from monitor.charts.steps import variables
from monitor.classes import CapabilityClass
from monitor.exchange import Exchange
from monitor.report.cells import Cells
from monitor.report.facts import ModelFacts, Overview, Row, read_models, read_overview, series_of
from monitor.report.frame import SCRIPT, SEARCH, STYLE, Frame
from monitor.report.page_changes import month_changes_page, months_parts, no_changes_page
from monitor.report.page_index import index_page
from monitor.report.page_lists import models_page, month_page
from monitor.report.page_model import model_page
from monitor.report.page_provider import provider_page
from monitor.report.paths import Place, month_path, provider_path
from scrapers.rates import format_instant
from storage.nouns import fraction_text
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Written:
    """What a report consists of: pages, bytes of all files, bytes of the largest page and its path."""

    providers: int
    models: int
    pages: int
    size: int
    largest: int
    largest_path: str


def write_site(
    store: Store,
    exchange: Exchange,
    classes: Sequence[CapabilityClass],
    at: datetime,
    languages: Sequence[str],
    folder: Path,
    on_provider: Callable[[int], None],
) -> Written:
    """Write the report of an instant into an empty folder; `on_provider` is told how many models each had."""
    overview = read_overview(store, exchange, classes, at)
    site = _Site(overview, languages, folder)
    for provider in overview.providers:
        models = read_models(store, overview, provider)
        site.write_provider(provider, models)
        on_provider(len(models))
    site.write_lists()
    site.write_assets()
    sizes = {path: path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    pages = {path: size for path, size in sizes.items() if path.suffix == ".html"}
    largest = max(pages, key=lambda path: pages[path])
    return Written(
        len(overview.providers),
        len(site.met),
        len(pages),
        sum(sizes.values()),
        pages[largest],
        largest.relative_to(folder).as_posix(),
    )


def report_data(store: Store, exchange: Exchange, classes: Sequence[CapabilityClass], at: datetime) -> dict[str, Any]:
    """What the report tells, for programs: prices in force, the month of work, the moves, the rates of exchange."""
    overview = read_overview(store, exchange, classes, at)
    return {
        "at": format_instant(at),
        "exchange": [
            {
                "currency": currency,
                "into": target,
                "rate": fraction_text(way.rate),
                "date": way.day.isoformat(),
            }
            for currency, ways in overview.conversions.items()
            for target, way in ways.items()
        ],
        "prices": [row for provider in overview.current.values() for row in provider],
        "month_of_work": [
            {
                "provider": one.offer.provider,
                "market": one.offer.market,
                "model": one.offer.model,
                "currency": one.offer.currency,
                "seen": one.seen.isoformat(),
                "classes": [each.id for each in classes if each.has(one.offer.provider, one.offer.model, one.seen)],
                "month": None if one.bill.total is None else fraction_text(round(one.bill.total, 2)),
                "doubts": list(one.bill.doubts),
            }
            for one in overview.priced
        ],
        "moves": list(overview.moves),
    }


class _Site:
    """A report that is being written."""

    def __init__(self, overview: Overview, languages: Sequence[str], folder: Path) -> None:
        self.overview, self.folder = overview, folder
        self.met: list[tuple[str, str, str]] = []
        bases = {language: f"{language}/" if number else "" for number, language in enumerate(languages)}
        self.bases = [
            (language, base, next((bases[each] for each in languages if each != language), None))
            for language, base in bases.items()
        ]
        months = list(overview.months)
        self.changes = month_path(months[0]) if months else "changes/none.html"
        self.events: dict[tuple[str, str], list[Row]] = {}
        for event in overview.events:
            self.events.setdefault((event["provider"], event["model_key"]), []).append(event)

    def write_provider(self, provider: str, models: Sequence[ModelFacts]) -> None:
        """The pages of a provider and of its models."""
        lines = {model.key: series_of(model) for model in models}
        self._write(provider_path(provider), lambda frame, cells: provider_page(frame, cells, provider, models, lines))
        for model in models:
            self.met.append((visible(model.name, 120), visible(provider, 60), model.path))
            events = self.events.get((provider, model.key), [])
            self._write(model.path, _model_writer(model, lines[model.key], events))

    def write_lists(self) -> None:
        """The pages over all providers."""
        self._write("index.html", lambda frame, cells: index_page(frame, cells, len(self.met)))
        self._write("models.html", models_page)
        self._write("month.html", month_page)
        for month, number, parts, events in months_parts(self.overview.months):
            self._write(month_path(month, number), _month_writer(month, number, parts, events))
        if not self.overview.events:
            self._write(self.changes, no_changes_page)

    def write_assets(self) -> None:
        """Style sheet, script and the search's list."""
        assets = files("monitor.report") / "assets"
        light, dark = variables("light"), variables("dark")
        colours = (
            f":root{{{light}}}\n@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
            f":root[data-theme=dark]{{{dark}}}\n"
        )
        self._put(STYLE, colours + (assets / STYLE).read_text(encoding="utf-8"))
        self._put(SCRIPT, (assets / SCRIPT).read_text(encoding="utf-8"))
        listed = json.dumps(sorted(self.met), ensure_ascii=True, separators=(",", ":"))
        self._put(SEARCH, f"window.pricefallModels={listed};\n")

    def _write(self, path: str, write: Callable[[Frame, Cells], str]) -> None:
        """One page in every language."""
        for language, base, other in self.bases:
            place = Place(language, path, base, other)
            self._put(place.file, write(Frame(place, self.overview, self.changes), Cells(place, self.overview)))

    def _put(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "replace"))


def _model_writer(model: ModelFacts, lines: Sequence[Any], events: Sequence[Row]) -> Callable[[Frame, Cells], str]:
    return lambda frame, cells: model_page(frame, cells, model, lines, events)


def _month_writer(month: str, number: int, parts: int, events: Sequence[Row]) -> Callable[[Frame, Cells], str]:
    return lambda frame, cells: month_changes_page(frame, cells, month, number, parts, events)
