"""The line of a price is what was accepted, with the event at its end, read from a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.price_lines import MOST_POINTS, SPAN, price_line, price_lines
from scrapers.rates import PriceList, Rate
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.price_lines import KnownPrice
from storage.store import Store
from tests.monitor.alerts.parts import NOW, change, rate


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "pricefall.db") as opened:
        yield opened


def record(store: Store, at: datetime, *rates: Rate) -> None:
    url = "https://deepseek.example/pricing"
    read = PriceList(rates, (), len(rates))
    store.record_page(PageOutcome(None, "deepseek", "cn", url, at, at.isoformat(), 9, read, read.rates, at))


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def known(price: Rate, begins: int, ends: int | None = None) -> KnownPrice:
    return KnownPrice(price, day(begins), None if ends is None else day(ends))


def drawn(event: Event, *prices: KnownPrice) -> list[tuple[int, str | None]] | None:
    line = price_line(event, prices)
    if line is None:
        return None
    return [((at - NOW).days, None if price is None else str(price)) for at, price in line.points]


def test_a_line_holds_until_the_next_price_and_ends_with_the_event() -> None:
    past = [known(rate(amount="4"), -300, -100), known(rate(amount="2"), -100)]
    assert drawn(change(), *past) == [(-300, "4"), (-100, "2"), (0, "1")]


def test_a_line_begins_a_year_before_with_what_held_then() -> None:
    assert drawn(change(), known(rate(), -900)) == [(-SPAN.days, "2"), (0, "1")]


def test_the_page_s_own_date_begins_the_new_price() -> None:
    assert drawn(change(effective_from=day(-3)), known(rate(), -10)) == [(-10, "2"), (-3, "1")]
    announced = change(kind="scheduled", effective_from=day(30))
    assert drawn(announced, known(rate(), -10)) == [(-10, "2"), (30, "1")]


def test_a_promotion_that_was_over_gave_way_to_its_list_price() -> None:
    sale = rate(amount="1", list_amount=Decimal(2), valid_from=day(-50), valid_until=day(-20))
    assert drawn(change(new="3", kind="raise"), known(rate(), -90, -50), known(sale, -50)) == [
        (-90, "2"),
        (-50, "1"),
        (-20, "2"),
        (0, "3"),
    ]


def test_a_time_without_a_price_is_a_gap_and_a_removal_ends_in_one() -> None:
    past = [known(rate(amount="4"), -300, -200), known(rate(), -100)]
    assert drawn(change(), *past) == [(-300, "4"), (-200, None), (-100, "2"), (0, "1")]
    assert drawn(replace(change(), kind="removal", new=None), *past)[-1] == (0, None)  # type: ignore[index] # it is drawn


def test_a_free_price_is_zero_and_a_thousand_and_a_million_are_one_line() -> None:
    per_thousand = rate(amount="0.004", per=Decimal(1000))
    free = rate(state="free", amount=None, currency=None, per=None, unit=None)
    event = Event("free", "deepseek", "cn", NOW, rate(), free, 0.9, "w", "https://x.example/")
    assert drawn(event, known(per_thousand, -30, -10), known(rate(), -10)) == [(-30, "4"), (-10, "2"), (0, "0")]


@pytest.mark.parametrize(
    "event",
    [
        change(kind="successor"),
        change(kind="correction"),
        replace(change(kind="repriced"), new=rate(amount="0.14", currency="USD")),
        replace(change(kind="launch"), old=None),
    ],
)
def test_what_is_not_one_price_over_time_has_no_line(event: Event, store: Store) -> None:
    for number, amount in ((-300, "4"), (-100, "2")):
        record(store, day(number), rate(amount=amount))
    assert price_lines(store, [event]) == {}


def test_of_many_changes_the_newest_are_kept() -> None:
    past = [known(rate(amount=str(n)), -n, 1 - n) for n in range(100, 1, -1)]
    points = drawn(change(), *past)
    assert points is not None
    assert len(points) == MOST_POINTS
    assert points[-2:] == [(-1, None), (0, "1")]


def test_the_database_s_line_is_what_the_webhook_carries(store: Store) -> None:
    for number, amount in ((-20, "4.00"), (-10, "2.50")):
        record(store, day(number), rate(amount=amount), rate("another", amount))
    event = change()
    line = price_lines(store, [event, change("unknown")])[event.id]
    assert line.to_json() == {
        "currency": "CNY",
        "per": "1000000",
        "unit": "token",
        "points": [
            {"at": "2026-04-14T12:00:00Z", "price": "4"},
            {"at": "2026-04-24T12:00:00Z", "price": "2.5"},
            {"at": "2026-05-04T12:00:00Z", "price": "1"},
        ],
    }
