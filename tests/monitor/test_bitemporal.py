"""What was in force on a day, as it was known on another: the hard cases, judged and stored as a run does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
import time_machine

from monitor.cycle import Cycle
from monitor.settings import Settings
from scrapers.catalog import Page, Provider
from scrapers.fetching import Capture, FetchTask
from scrapers.rates import PriceList, Rate
from storage.archive import Archive
from storage.nouns import Event
from storage.outcomes import Decision
from storage.queries import changes, history, prices
from storage.sql import run_sql
from storage.store import Store
from tests.monitor.price_lists import OFF_PEAK, PEAK, catalogue, rate, with_price, without

PAGE = catalogue(4)
EN, ZH = "https://acme.example/pricing", "https://acme.example/zh/pricing"
START = datetime(2026, 8, 16, 16, tzinfo=UTC)
RISE = rate("Model 2", "input", "3.00", valid_from=START)
FLAT = rate("Deep", "input", "0.435")
PARTS = (rate("Deep", "input", "0.66", conditions=OFF_PEAK), rate("Deep", "input", "1.32", conditions=PEAK))
ANNOUNCED = tuple(replace(part, valid_from=START) for part in PARTS)


def aug(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 8, day, hour, tzinfo=UTC)


class Diary:
    """One provider's pages, looked at and recorded in order as a run does it; what is recorded is known at once."""

    def __init__(self, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.confirm = False
        self.provider = Provider("acme", "Acme")
        self.settings = Settings(None, store.path, folder / "pages", folder)
        self.monkeypatch = monkeypatch

    def look(self, at: datetime, *shown: Rate, url: str = EN) -> list[str]:
        """Take what a page shows; the kinds of what was told."""
        self.monkeypatch.setattr("monitor.cycle.read_page", lambda *_, **__: PriceList(shown))
        return self._take(at, url, "fetched")

    def unchanged(self, at: datetime, url: str = EN) -> list[str]:
        """The page answers that it is what it was; what falls due is told."""
        told = self._take(at, url, "unchanged")
        page_id = self.store.page_state("acme", "intl", url).page_id
        assert page_id is not None
        self.store.record_unchanged(None, [page_id], at)
        return told

    def _take(self, at: datetime, url: str, status: Literal["fetched", "unchanged"]) -> list[str]:
        cycle = Cycle(self.settings, Nobody(), self.store, Archive(self.settings.archive), lambda: at, self.confirm)
        body = b"" if status == "unchanged" else f"{url} at {at}".encode()
        capture = Capture(FetchTask("acme", url), url, status, body, None, None, None, None, at)
        report = cycle.take(self.provider, Page("acme", url), capture)
        assert report.status in {"baseline", "read", "unchanged"}, report.error
        return sorted({event.kind for event in report.events})

    def amounts(self, at: datetime, known: datetime | None = None, *, model: str = "Model 2") -> list[str | None]:
        """What the input of a model costs, with its window where it has one."""
        rows = prices(self.store, model=model, meter="input", at=at, as_known_on=known)
        return [" ".join(filter(None, (row["amount"], row["conditions"].get("window")))) for row in rows]


class Nobody:
    """These stories bring their captures with them."""

    def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture]:
        raise AssertionError(tasks)


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Diary]:
    with Store.open(tmp_path / "prices.db") as store:
        yield Diary(store, tmp_path, monkeypatch)


def test_an_announced_price_is_expected_once_it_is_announced_and_not_before(diary: Diary) -> None:
    diary.look(aug(10), *PAGE)
    diary.look(aug(13), *PAGE, RISE)
    assert diary.amounts(aug(20), aug(12)) == ["2.00"]
    assert diary.amounts(aug(20), aug(15)) == ["3.00"]
    assert diary.amounts(aug(16, 15), aug(15)) == ["2.00"]
    assert diary.amounts(aug(16, 16), aug(15)) == ["3.00"]


def test_a_split_that_was_announced_takes_the_place_of_the_flat_price_whoever_looked_since(diary: Diary) -> None:
    diary.look(aug(10), *PAGE, FLAT)
    diary.look(aug(13), *PAGE, FLAT, *ANNOUNCED)
    both = ["0.66 off_peak", "1.32 peak"]
    assert diary.amounts(aug(20), aug(12), model="Deep") == ["0.435"]
    assert diary.amounts(aug(20), aug(15), model="Deep") == both
    assert diary.amounts(aug(16, 15), model="Deep") == ["0.435"]
    with time_machine.travel(aug(20), tick=False):  # the page was down since
        rows = run_sql(diary.store.path, "SELECT amount FROM current_prices WHERE model = 'Deep'").rows
    # SQLite's own clock is the machine's, which is past the day too
    assert sorted(rows) == [("0.66",), ("1.32",)]
    assert diary.look(aug(17), *PAGE, *PARTS) == ["raise"]
    assert diary.amounts(aug(16, 15), model="Deep") == ["0.435"]
    assert diary.amounts(aug(16, 20), model="Deep") == both
    assert diary.amounts(aug(20), model="Deep") == both


def test_an_announcement_that_is_taken_back_was_expected_until_then(diary: Diary) -> None:
    diary.look(aug(10), *PAGE)
    diary.look(aug(13), *PAGE, RISE)
    assert diary.look(aug(15), *PAGE) == ["cancelled"]
    assert diary.amounts(aug(20), aug(14)) == ["3.00"]
    assert diary.amounts(aug(20), aug(15)) == ["2.00"]
    assert diary.amounts(aug(20)) == ["2.00"]


def test_an_announcement_that_was_not_borne_out_never_held(diary: Diary) -> None:
    diary.look(aug(10), *PAGE)
    diary.look(aug(13), *PAGE, RISE)
    assert diary.look(aug(18), *PAGE) == ["cancelled"]
    assert diary.amounts(aug(17), aug(17)) == ["3.00"]
    assert diary.amounts(aug(17)) == ["2.00"]
    [row] = [row for row in history(diary.store, "Model 2", meter="input") if row["amount"] == "3.00"]
    assert "is no longer" in row["superseded_why"]


def test_a_cancellation_that_the_twin_has_told_holds_for_this_page_too(diary: Diary) -> None:
    for url in (EN, ZH):
        diary.look(aug(10), *PAGE, url=url)
        diary.look(aug(13), *PAGE, RISE, url=url)
    assert diary.look(aug(18), *PAGE, url=EN) == ["cancelled"]
    assert diary.look(aug(18, 9), *PAGE, url=ZH) == []
    assert diary.amounts(aug(17)) == ["2.00"]


def test_a_slip_that_two_pages_showed_is_corrected_on_both(diary: Diary) -> None:
    slip = rate("Painter", "image", "2.509", per=Decimal(1), unit="image")
    right = replace(slip, amount=Decimal("2.51"), per=Decimal(1_000_000))
    for url in (EN, ZH):
        diary.look(aug(10), *PAGE, slip, url=url)
    assert diary.look(aug(12), *PAGE, right, url=EN) == ["correction"]
    assert diary.look(aug(12, 9), *PAGE, right, url=ZH) == []

    def of(at: datetime, known: datetime | None = None) -> list[str]:
        return [row["amount"] for row in prices(diary.store, model="Painter", at=at, as_known_on=known)]

    assert of(aug(11), aug(11)) == ["2.509"]
    assert of(aug(11)) == []
    assert of(aug(13)) == ["2.51"]


def test_what_a_person_accepted_held_since_it_was_first_seen_and_was_not_known_before(diary: Diary) -> None:
    diary.look(aug(10), *PAGE)
    assert diary.look(aug(12), *with_price(PAGE, "Model 2", "input", "0.10")) == ["held"]
    state = diary.store.page_state("acme", "intl", EN)
    assert state.page_id is not None
    [held] = diary.store.pending_of(state.page_id)
    assert held.new is not None
    accepted = (*(r for r in diary.store.accepted_rates(state.page_id) if r != held.old), held.new)
    told = Event("cut", "acme", "intl", held.first_seen, held.old, held.new, 1.0, "accepted by a person", EN)
    diary.store.record_decision(Decision(None, state.page_id, aug(15), aug(15), accepted, (), (told,)))
    assert diary.amounts(aug(13), aug(14)) == ["2.00"]
    assert diary.amounts(aug(13)) == ["0.10"]
    assert diary.amounts(aug(11)) == ["2.00"]
    assert [row["kind"] for row in changes(diary.store, as_known_on=aug(14))] == ["held"]
    assert [row["kind"] for row in changes(diary.store)] == ["held", "cut"]


def test_a_page_that_is_down_tells_its_last_price_until_another_of_its_market_knows_better(diary: Diary) -> None:
    diary.look(aug(10), *PAGE, url=EN)
    diary.look(aug(10), *PAGE, url=ZH)
    assert diary.amounts(aug(14)) == ["2.00"]
    assert diary.look(aug(12), *with_price(PAGE, "Model 2", "input", "1.50"), url=ZH) == ["cut"]
    assert diary.amounts(aug(14)) == ["1.50"]
    assert diary.amounts(aug(11)) == ["2.00"]
    assert diary.amounts(aug(14), aug(11)) == ["2.00"]


def test_sights_after_what_was_known_do_not_count(diary: Diary) -> None:
    diary.look(aug(10), *PAGE, url=EN)
    diary.look(aug(12), *with_price(PAGE, "Model 2", "input", "1.50"), url=ZH)
    diary.unchanged(aug(18), url=ZH)
    diary.unchanged(aug(19), url=EN)
    assert diary.amounts(aug(20)) == ["2.00"]
    assert diary.amounts(aug(20), aug(13)) == ["1.50"]


def test_a_page_that_is_down_does_not_keep_a_model_or_a_flat_price_that_its_twin_dropped(diary: Diary) -> None:
    for url in (EN, ZH):
        diary.look(aug(10), *PAGE, FLAT, url=url)
    diary.confirm = True
    diary.look(aug(12), *without(PAGE, "Model 2"), *PARTS, url=ZH)
    diary.look(aug(13), *without(PAGE, "Model 2"), *PARTS, url=ZH)
    assert diary.amounts(aug(14)) == []
    assert diary.amounts(aug(14), model="Deep") == ["0.66 off_peak", "1.32 peak"]
    assert diary.amounts(aug(11)) == ["2.00"]
    assert diary.amounts(aug(14), aug(12)) == ["2.00"]  # it waited for its second look
    diary.unchanged(aug(15), url=EN)  # and the other page still says it
    assert diary.amounts(aug(16)) == ["2.00"]


def test_a_cancelled_announcement_of_one_page_does_not_hide_the_price_of_another(diary: Diary) -> None:
    diary.look(aug(10), *PAGE, url=ZH)
    diary.look(aug(11), *PAGE, RISE, url=EN)
    diary.look(aug(12), *without(PAGE, "Model 2"), *PAGE[3:6], url=EN)
    assert diary.amounts(aug(13)) == ["2.00"]


def test_a_model_is_gone_from_the_first_look_that_missed_it_once_that_is_believed(diary: Diary) -> None:
    diary.confirm = True
    diary.look(aug(10), *PAGE)
    diary.look(aug(12), *without(PAGE, "Model 2"))
    assert diary.amounts(aug(13)) == ["2.00"]
    diary.look(aug(14), *without(PAGE, "Model 2"))
    assert diary.amounts(aug(13)) == []
    assert diary.amounts(aug(13), aug(13)) == ["2.00"]
    assert diary.amounts(aug(11)) == ["2.00"]


def test_history_and_changes_as_they_were_known(diary: Diary) -> None:
    diary.look(aug(10), *PAGE)
    diary.look(aug(12), *with_price(PAGE, "Model 2", "input", "1.50"))
    before = history(diary.store, "Model 2", meter="input", as_known_on=aug(11))
    assert [(row["amount"], row["ended_at"], row["seen_until"]) for row in before] == [
        ("2.00", None, "2026-08-10T08:00:00Z")
    ]
    after = history(diary.store, "Model 2", meter="input")
    assert [(row["amount"], row["ended_at"]) for row in after] == [("2.00", "2026-08-12T08:00:00Z"), ("1.50", None)]
    assert changes(diary.store, as_known_on=aug(11)) == []


SALE = with_price(PAGE, "Model 2", "input", "1.00", list_amount=Decimal("2.00"), valid_until=START)


def current(store: Store, name: str = "Model 2") -> list[tuple[object, ...]]:
    """What the view says; SQLite's clock is the machine's, long after these days."""
    sql = (
        f"SELECT amount, list_amount, per_million_tokens FROM current_prices WHERE model = '{name}' AND meter = 'input'"
    )
    return list(run_sql(store.path, sql).rows)


def test_a_sale_that_is_over_gives_way_to_its_list_price_although_the_page_is_down(diary: Diary) -> None:
    diary.look(aug(10), *SALE)
    assert diary.amounts(aug(16, 15)) == ["1.00"]
    assert diary.amounts(aug(16, 16)) == ["2.00"]
    [row] = prices(diary.store, model="Model 2", meter="input", at=aug(20))
    assert (row["flags"], row["list_amount"], row["valid_until"], row["per_million_tokens"]) == (
        ["derived"], None, None, 2.0,
    )  # fmt: skip
    assert current(diary.store) == [("2.00", None, 2.0)]


@pytest.mark.parametrize("shown_after", [SALE, PAGE], ids=["the page goes on showing it", "the page was edited"])
def test_the_end_of_a_sale_is_told_once_when_the_page_comes_back(diary: Diary, shown_after: tuple[Rate, ...]) -> None:
    diary.look(aug(10), *SALE)
    diary.confirm = True
    assert diary.look(aug(18), *shown_after) == ["promo_end"]
    assert diary.look(aug(19), *shown_after) == []
    assert diary.unchanged(aug(20)) == []
    assert diary.look(aug(21), *PAGE) == []
    assert diary.amounts(aug(17)) == ["2.00"]
    assert diary.amounts(aug(22)) == ["2.00"]
    assert current(diary.store) == [("2.00", None, 2.0)]


def test_the_end_of_a_sale_on_pages_that_do_not_change_is_told_once(diary: Diary) -> None:
    for url in (EN, ZH):
        diary.look(aug(10), *SALE, url=url)
    assert diary.unchanged(aug(16, 15)) == []
    assert diary.unchanged(aug(16, 17)) == ["promo_end"]
    assert diary.unchanged(aug(16, 17), url=ZH) == []
    assert diary.unchanged(aug(17)) == []
    assert current(diary.store) == [("2.00", None, 2.0)]


def test_a_sale_between_two_dates_leaves_and_brings_back_the_price_beside_it(diary: Diary) -> None:
    until = START + timedelta(days=2)
    between = rate("Model 2", "input", "1.00", valid_from=START, valid_until=until)
    diary.look(aug(10), *PAGE)
    assert diary.look(aug(12), *PAGE, between) == ["scheduled"]
    assert diary.amounts(aug(17)) == ["1.00"]
    assert diary.amounts(aug(19)) == ["2.00"]
    assert diary.unchanged(aug(17)) == ["promo_start"]
    assert diary.unchanged(aug(18)) == []
    assert diary.unchanged(aug(19)) == ["promo_end"]
    assert diary.look(aug(20), *PAGE) == []
    assert diary.amounts(aug(21)) == ["2.00"]
    assert diary.amounts(aug(17)) == ["1.00"]
    assert current(diary.store) == [("2.00", None, 2.0)]


def test_a_free_sale_ends_in_a_price(diary: Diary) -> None:
    diary.look(aug(10), *with_price(PAGE, "Model 2", "input", None, list_amount=Decimal("2.00"), valid_until=START))
    assert diary.unchanged(aug(17)) == ["promo_end"]
    assert diary.amounts(aug(18)) == ["2.00"]


def test_what_falls_due_between_a_look_and_the_end_of_its_run_is_told_at_the_next(diary: Diary, tmp_path: Path) -> None:
    diary.look(aug(10), *PAGE)
    diary.look(aug(13), *PAGE, RISE)
    seen = [START - timedelta(seconds=10), START + timedelta(hours=2)]
    page = Page("acme", EN)
    provider = Provider("acme", "Acme", pages=(page,))

    class Answers:
        def fetch(self, tasks: Iterable[FetchTask]) -> Iterator[Capture]:
            for task in tasks:
                yield Capture(task, EN, "unchanged", b"", None, None, None, None, seen[0])

    told = []
    for end in (START + timedelta(minutes=3), START + timedelta(hours=3)):  # the run lasts longer than the look
        home = Settings(None, tmp_path / "prices.db", tmp_path / "pages", tmp_path)
        cycle = Cycle(home, Answers(), diary.store, Archive(tmp_path / "pages"), lambda end=end: end)
        told.append([event.kind for event in cycle.run([provider]).events])
        seen.pop(0)
    assert told == [[], ["raise"]]
