"""The law of `storage.force`: SQL takes to be in force what the judge does, from any list with dates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.schedule import settle
from scrapers.rates import Conditions, Rate, TokenRange
from storage.queries import prices
from storage.store import Store
from tests.storage.looks import day, outcome, rate, view

DAYS = [day(number) for number in (2, 4, 6)]
numbers = itertools.count()
conditions = st.builds(
    Conditions,
    context_tokens=st.sampled_from([None, None, TokenRange(lte=32_000), TokenRange(gt=32_000), TokenRange(lte=8_000)]),
    window=st.sampled_from([None, "peak", "off_peak"]),
    region=st.sampled_from([None, None, 'a "quoted","window":"peak" place']),
)


@st.composite
def listed(draw: st.DrawFn) -> list[Rate]:
    """A page's list: each identity has a price without a date or one from each day on, and perhaps a sale's end."""
    rates: list[Rate] = []
    for held in draw(st.lists(conditions, unique=True, min_size=1, max_size=5)):
        for start in draw(st.lists(st.sampled_from([None, *DAYS]), unique=True, min_size=1, max_size=2)):
            end = draw(st.sampled_from([None, None, *DAYS])) if start is None else None
            struck = None if end is None else Decimal("9.00")
            amount = draw(st.sampled_from(["1.00", "2.00", "3.00"]))
            rates.append(rate("GPT-4o", amount, conditions=held, valid_from=start, valid_until=end, list_amount=struck))
    return rates


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("law") / "pricefall.db") as store:
        yield store


def shown(rates: list[Rate]) -> list[tuple[str, str]]:
    return sorted((each.conditions.key, str(each.amount)) for each in rates)


@settings(max_examples=150, deadline=None)
@given(rates=listed(), at=st.sampled_from([1, 3, 5, 7]))
def test_sql_and_the_judge_agree_on_what_is_in_force(one_store: Store, rates: list[Rate], at: int) -> None:
    provider = f"p{next(numbers)}"
    one_store.record_page(outcome(0, rates, provider=provider))
    moment = day(at)
    rows = prices(one_store, provider=provider, at=moment)
    found = sorted((Conditions.from_json(row["conditions"]).key, row["amount"]) for row in rows)
    assert found == shown(list(settle(rates, moment).current))
    if moment == day(7):  # all days are over, as they are now
        now = [row for row in view(one_store, "current_prices") if row["provider"] == provider]
        assert sorted((row["conditions"], row["amount"]) for row in now) == found


def test_the_conditions_table_says_what_the_text_says(one_store: Store) -> None:
    held = Conditions(TokenRange(8_000, 32_000), TokenRange(lte=200), "5m", "thinking", "peak", "eu", "1080p")
    one_store.record_page(outcome(0, [rate(conditions=held)], provider="parts"))
    [row] = [row for row in view(one_store, "conditions") if row["conditions"] == held.key]
    assert list(row.values())[1:] == [8_000, 32_000, None, 200, "5m", "thinking", "peak", "eu", "1080p"]


def test_ten_thousand_prices_are_answered_within_a_second(one_store: Store) -> None:
    many = [rate(f"m{n}", f"{n % 97 + 1}.00", meter=meter) for n in range(5_000) for meter in ("input", "output")]
    dated = [rate(f"m{n}", "1.00", valid_from=day(5)) for n in range(0, 5_000, 10)]
    one_store.record_page(outcome(0, many + dated, provider="large"))
    start = process_time()
    assert len(prices(one_store, provider="large", at=day(9))) == 10_000
    assert process_time() - start < 5  # seconds; a join without an index takes minutes
