"""What is stored comes back as it was, whatever a page may print."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.rates import METERS, STATES, UNITS, Conditions, Evidence, Rate, TokenRange
from storage.intervals import rate_key
from storage.store import Store
from tests.storage.looks import day, event, outcome, page_id, rate, waiting

words = st.text(st.characters(codec="utf-8"), max_size=30)
names = words.filter(str.strip)
counts = st.none() | st.integers(0, 2_000_000)
spans = st.none() | st.builds(TokenRange, counts, counts)
moments = st.none() | st.integers(0, 20 * 366 * 86_400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
amounts = st.decimals(Decimal("1E-16"), Decimal(10**9), allow_nan=False, allow_infinity=False)
conditions = st.builds(
    Conditions,
    spans,
    spans,
    st.sampled_from([None, "5m", "1h"]),
    st.sampled_from([None, "thinking", "non_thinking"]),
    st.sampled_from([None, "peak", "off_peak"]),
    st.none() | words,
    st.none() | words,
)
rates = st.builds(
    Rate,
    model=names,
    meter=st.sampled_from(METERS),
    state=st.sampled_from(STATES),
    amount=st.none() | amounts,
    currency=st.sampled_from(["USD", "CNY", "EUR", None]),
    per=st.none() | st.sampled_from([Decimal(1), Decimal(1000), Decimal("1E+6"), Decimal(100_000_000)]),
    unit=st.none() | st.sampled_from(UNITS),
    service_tier=st.sampled_from(["standard", "batch", "flex"]) | names,
    conditions=conditions,
    valid_from=moments,
    valid_until=moments,
    list_amount=st.none() | amounts,
    flags=st.lists(st.sampled_from(["hidden", "derived"]), unique=True).map(tuple),
    evidence=st.builds(Evidence, words, words),
)


pages = itertools.count()


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("roundtrip") / "p.db") as store:
        yield store


@settings(max_examples=60, deadline=None)
@given(listed=st.lists(rates, max_size=8, unique_by=rate_key))
def test_a_price_list_comes_back_as_it_was_accepted(one_store: Store, listed: list[Rate]) -> None:
    url = f"page {next(pages)}"
    one_store.record_page(outcome(0, listed, url=url))
    page = page_id(one_store, url)
    found = one_store.accepted_rates(page)
    assert found == tuple(listed)
    assert [each.value for each in found] == [each.value for each in listed]
    one_store.record_page(outcome(1, listed, url=url))  # and the same list again changes nothing
    assert one_store.accepted_rates(page) == tuple(listed)
    assert len(one_store.connection.rows("SELECT 1 FROM rates WHERE page_id = ?", (page,))) == len(listed)


@settings(max_examples=30, deadline=None)
@given(
    first=st.lists(rates, max_size=6, unique_by=rate_key),
    second=st.lists(rates, max_size=6, unique_by=rate_key),
    kept=st.integers(0, 6),
)
def test_after_any_two_lists_the_second_is_accepted_and_the_first_is_remembered(
    one_store: Store, first: list[Rate], second: list[Rate], kept: int
) -> None:
    url = f"page {next(pages)}"
    second = list({rate_key(each): each for each in first[:kept] + second}.values())
    one_store.record_page(outcome(0, first, url=url))
    one_store.record_page(outcome(1, second, url=url))
    page = page_id(one_store, url)
    assert set(map(rate_key, one_store.accepted_rates(page))) == set(map(rate_key, second))
    known = one_store.connection.rows("SELECT 1 FROM rates WHERE page_id = ?", (page,))
    assert len(known) == len(set(map(rate_key, first)) | set(map(rate_key, second)))


@settings(max_examples=30, deadline=None)
@given(old=rates, new=rates, why=words, looks=st.integers(1, 9))
def test_what_waits_and_what_happened_come_back_as_they_were(
    one_store: Store, old: Rate, new: Rate, why: str, looks: int
) -> None:
    url = f"page {next(pages)}"
    pending = waiting(old, new, 0, why=why, looks=looks, due_at=day(looks) if looks > 1 else None)
    happened = event("cut", old, new, why=why, provider=url, effective_from=new.valid_from)
    said = outcome(0, [rate()], pending=(pending,), events=(happened,), url=url)
    one_store.record_page(said)
    assert one_store.pending_of(page_id(one_store, url)) == (pending,)
    assert one_store.event(happened.id) == happened
