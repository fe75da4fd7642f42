"""A law over random worlds: with the same reader, reading all kept captures again says nothing new and tells nothing.

A world is a page of prices that lives for some weeks: cuts, rises, launches, removals, renames, sales with and without
a day, announced prices, free models, prices in another unit, a column that comes and goes, two rows that contradict
each other, and now and then a look that shows a slip. It is judged as a replay does, and with looks that confirm.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.cycle import Cycle
from monitor.kept_pages import pages_to_read, reread
from monitor.parts import Parts
from monitor.settings import Settings
from scrapers.catalog import Page, Provider
from scrapers.errors import LayoutError
from scrapers.fetching import Capture, FetchTask
from storage.archive import Archive
from storage.store import Store

URL = "https://acme.example/pricing"
PAGE = Page("acme", URL)
ACME = Provider("acme", "Acme", pages=(PAGE,))
LOOKS = 40


@dataclass
class Shop:
    """What the page says now; prices in dollars per million tokens."""

    chance: random.Random
    at: datetime = datetime(2026, 3, 2, 6, tzinfo=UTC)
    models: dict[str, list[Decimal]] = field(default_factory=dict)
    struck: dict[str, Decimal] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    has_cache: bool = False
    is_per_thousand: bool = False
    edition: int = 0

    def __post_init__(self) -> None:
        for number in range(self.chance.randrange(4, 9)):
            self.models[f"Nova {number + 1}"] = self._prices()

    def _prices(self) -> list[Decimal]:
        given = Decimal(self.chance.randrange(10, 800)) / 100
        return [given, given * self.chance.choice((2, 3, 4, 5))]

    def edit(self) -> None:
        """One thing that providers do."""
        changes: list[Callable[[str], None]] = [
            self._move, self._move, self._move_one, self._launch, self._drop, self._rename, self._sale,
            self._announce, self._free, self._double, self._unit, self._column, self._respell,
        ]  # fmt: skip
        self.chance.choice(changes)(self.chance.choice(sorted(self.models)))

    def _move(self, name: str) -> None:
        factor = Decimal(self.chance.choice(("0.5", "0.8", "1.25", "2", "0.05")))
        self.models[name] = [price * factor for price in self.models[name]]

    def _move_one(self, name: str) -> None:
        place = self.chance.randrange(2)
        self.models[name][place] *= Decimal(self.chance.choice(("0.9", "1.1", "0.1")))

    def _launch(self, name: str) -> None:
        self.models[f"{name} Turbo"] = self._prices()

    def _drop(self, name: str) -> None:
        if len(self.models) > 3:
            del self.models[name]

    def _rename(self, name: str) -> None:
        self.models[f"{name} Preview"] = self.models.pop(name)

    def _sale(self, name: str) -> None:
        if name in self.struck:
            self.models[name][0] = self.struck.pop(name)
            self.notes.pop(name, None)
            return
        self.struck[name] = self.models[name][0]
        self.models[name][0] *= Decimal("0.5")
        if self.chance.random() < 0.5:
            self.notes[name] = f"offer until {self._day(9)}"

    def _announce(self, name: str) -> None:
        self.notes[name] = "" if name in self.notes else f"input will be $9.99 from {self._day(5)}"

    def _free(self, name: str) -> None:
        self.models[name] = [Decimal(0), Decimal(0)]

    def _double(self, name: str) -> None:
        self.twice ^= {name}

    def _unit(self, _name: str) -> None:
        self.is_per_thousand = not self.is_per_thousand

    def _column(self, _name: str) -> None:
        self.has_cache = not self.has_cache

    def _respell(self, name: str) -> None:
        self.models[name] = [price.quantize(Decimal("0.000001")) for price in self.models[name]]

    def _day(self, after: int) -> str:
        return f"{self.at + timedelta(days=self.chance.randrange(1, after)):%B %-d, %Y}"

    def page(self, *, slip: int = 1) -> bytes:
        """The page; with a `slip` all prices of one model are so many times too high."""
        scale = 1000 if self.is_per_thousand else 1
        slipped = self.chance.choice(sorted(self.models)) if slip != 1 else ""
        rows = []
        for name in self.models:
            factor = Decimal(slip if name == slipped else 1) / scale
            given, taken = (price * factor for price in self.models[name])
            struck = f"<s>${self.struck[name] * factor:f}</s> " if name in self.struck else ""
            note = f" ({self.notes[name]})" if self.notes.get(name) else ""
            cells = [f"{struck}${given:f}" if given else "free", f"${taken:f}" if taken else "free"]
            cells += [f"${given / 4:f}"] if self.has_cache and given else ["-"] * self.has_cache
            rows.append((f"{name}{note}", *cells))
            if name in self.twice:
                rows.append((f"{name}{note}", f"${given + 1:f}", *cells[1:]))
        heads = ("Model", "Input", "Output", *(["Cached input"] * self.has_cache))
        self.edition += 1
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        return f"""<!doctype html><html lang="en"><head><title>Pricing</title></head><body><h1>API pricing</h1>
<p>US dollars per {"1K" if self.is_per_thousand else "1M"} tokens. Edition {self.edition}.</p>
<table><tr>{"".join(f"<th>{head}</th>" for head in heads)}</tr>
{body}</table></body></html>""".encode()


def live(shop: Shop, parts: Parts, *, confirm: bool) -> None:
    """Looks at the page for some weeks; what differs is looked at again, as a run does."""
    cycle = Cycle(parts.settings, _NoSession(), parts.store, parts.archive, lambda: shop.at, confirm=confirm)
    cycle.run_id = parts.store.begin_run(shop.at, "run" if confirm else "replay")
    for _ in range(LOOKS):
        shop.at += timedelta(hours=shop.chance.choice((6, 7, 30)))
        if shop.chance.random() < 0.6:
            shop.edit()
        slip = shop.chance.choice((10, 1000)) if shop.chance.random() < 0.1 else 1
        for step in range(2 if confirm else 1):
            shop.at += timedelta(seconds=150 * step)
            try:
                cycle.take(ACME, PAGE, capture_of(shop.page(slip=slip), shop.at))
            except LayoutError:  # a page that cannot be read changes nothing, here as in a run
                continue


def capture_of(body: bytes, at: datetime) -> Capture:
    task = FetchTask(provider="acme", url=URL)
    return Capture(task, URL, "fetched", body, None, None, "text/html; charset=utf-8", "utf-8", at)


class _NoSession:
    def fetch(self, tasks: object) -> object:
        raise AssertionError(tasks)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    store = Store.open(tmp_path / "prices.db")
    settings = Settings(None, tmp_path / "prices.db", tmp_path / "pages", tmp_path)
    return Parts(settings, {"acme": ACME}, store, Archive(tmp_path / "pages"))


@pytest.mark.parametrize("confirm", [True, False], ids=["run", "replay"])
@pytest.mark.parametrize("seed", [1, 3, 5])
def test_reading_again_with_the_same_reader_says_nothing_and_tells_nothing(
    parts: Parts, seed: int, confirm: bool
) -> None:
    shop = Shop(random.Random(seed))  # noqa: S311 - repeatable worlds, no secret
    live(shop, parts, confirm=confirm)
    events = [dict(row) for row in parts.store.connection.rows("SELECT * FROM events")]
    rates = [dict(row) for row in parts.store.connection.rows("SELECT * FROM rates")]
    assert len(events) >= 4, "a world in which nothing happens shows nothing"
    (state,) = pages_to_read(parts, None)
    found = reread(parts, state, None, lambda: None)
    assert found.skipped == ()
    assert [(each.what, each.rate.model, each.rate.meter, str(each.rate.amount)) for each in found.misread] == []
    assert events == [dict(row) for row in parts.store.connection.rows("SELECT * FROM events")]
    assert rates == [dict(row) for row in parts.store.connection.rows("SELECT * FROM rates")]


def test_the_law_would_see_a_reader_that_changed(parts: Parts) -> None:
    live(Shop(random.Random(1)), parts, confirm=True)  # noqa: S311 - repeatable worlds, no secret
    other = replace(ACME, pages=(replace(PAGE, hints=replace(PAGE.hints, ignore_models=("Nova 1",))),))
    (state,) = pages_to_read(parts, None)
    assert reread(replace(parts, catalog={"acme": other}), state, None, lambda: None).misread
