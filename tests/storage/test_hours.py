"""Hours are kept like prices: since when a page states them, until when, and when the database learnt of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from scrapers.rates import Conditions, PriceList
from scrapers.windows import WEEK, Window
from storage.hours import windows_of
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.storage.looks import day, outcome, page_id, rate, view

PEAK = Window("peak", "America/New_York", ((540, 1020), (1320, 60)), WEEK[:5], "US", quote="Peak: ...", locator="note")
LATER = replace(PEAK, hours=((600, 1020),))
TWIN = "https://openai.example/zh/pricing"


def look(number: int, *windows: Window, **changes: object) -> PageOutcome:
    listed = (rate(conditions=Conditions(window="peak")), rate(conditions=Conditions(window="off_peak")))
    said = outcome(number, listed, **changes)
    return replace(said, price_list=PriceList(listed, windows=windows))


def stated(
    store: Store, at: datetime | None = None, known: datetime | None = None
) -> list[tuple[tuple[int, int], ...]]:
    return [kept.window.hours for kept in windows_of(store.connection, at=at, as_known_on=known)]


def test_hours_come_back_as_they_were_and_stand_in_the_file_for_people(store: Store) -> None:
    store.record_page(look(0, PEAK))
    [kept] = windows_of(store.connection)
    assert kept.window == PEAK
    [row] = view(store, "windows")
    assert json.loads(row["hours"]) == [["09:00", "17:00"], ["22:00", "01:00"]]
    assert json.loads(row["utc_hours"]) == [["13:00", "21:00"], ["02:00", "05:00"]]  # in May
    assert (row["zone"], row["calendar"], row["quote"]) == ("America/New_York", "US", "Peak: ...")


def test_hours_that_change_end_and_begin_and_nothing_is_overwritten(store: Store) -> None:
    store.record_page(look(0, PEAK))
    store.record_page(look(2, replace(PEAK, quote="in other words")))
    store.record_page(look(5, LATER))
    assert [row["ended_at"] for row in view(store, "windows")] == ["2024-05-18T09:00:00Z", None]
    assert stated(store, day(4)) == [PEAK.hours]
    assert stated(store, day(6)) == [LATER.hours]
    assert stated(store, day(6), known=day(4)) == [PEAK.hours]
    assert stated(store, day(-1)) == []
    assert stated(store) == [PEAK.hours, LATER.hours]


def test_hours_that_a_page_no_longer_tells_are_not_known(store: Store) -> None:
    store.record_page(look(0, PEAK))
    store.record_page(look(2))
    assert stated(store, day(1)) == [PEAK.hours]
    assert stated(store, day(3)) == []


def test_the_page_of_a_market_that_was_seen_last_tells_the_hours(store: Store) -> None:
    store.record_page(look(0, PEAK))
    store.record_page(look(2, LATER, url=TWIN))
    assert stated(store, day(3)) == [LATER.hours]
    store.record_unchanged(None, [page_id(store)], day(4))
    assert stated(store, day(5)) == [PEAK.hours]
    assert stated(store, day(5), known=day(3)) == [PEAK.hours]  # both may have been seen that day


def test_hours_that_are_announced_are_known_before_they_hold(store: Store) -> None:
    store.record_page(look(0, PEAK, replace(LATER, valid_from=day(9))))
    assert stated(store, day(1)) == [PEAK.hours, LATER.hours]
