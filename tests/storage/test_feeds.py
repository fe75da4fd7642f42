"""What feeds said is kept as intervals and never becomes a price."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from scrapers.feeds.prices import FeedPrice, FeedPrices, UnknownKey
from scrapers.rates import Conditions, Evidence, Rate, TokenRange
from storage.feeds import (
    feed_state,
    record_feed,
    record_feed_failure,
    record_feed_unchanged,
    stored_feed_prices,
)
from storage.store import Store

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def said(amount: str, model: str = "nova-5", provider: str | None = "openai", key: str = "nova-5 input") -> FeedPrice:
    rate = Rate(
        model=model,
        meter="input",
        state="priced",
        amount=Decimal(amount),
        currency="USD",
        per=Decimal(1),
        unit="token",
        conditions=Conditions(context_tokens=TokenRange(gt=200_000)),
        valid_from=NOON,
        evidence=Evidence(amount, key),
    )
    return FeedPrice("litellm", "litellm", "openai", provider, "intl", rate, ("Nova 5",))


def feed(*prices: FeedPrice, unknown: tuple[UnknownKey, ...] = ()) -> FeedPrices:
    return FeedPrices("litellm", prices, unknown)


def test_a_price_comes_back_as_it_was(store: Store) -> None:
    resold = replace(said("0.0000025", key="other"), is_resold=True)
    record_feed(store, feed(said("2E-7"), resold), "https://a.example", NOON)
    first, second = stored_feed_prices(store, ["litellm"], "openai")
    assert first == replace(
        said("2E-7"), rate=replace(said("2E-7").rate, evidence=Evidence("0.0000002", "nova-5 input"))
    )
    assert second == resold
    assert stored_feed_prices(store, ["litellm"], "google") == ()
    assert stored_feed_prices(store, ["openrouter"]) == ()


def test_another_number_closes_the_interval_and_the_same_prolongs_it(store: Store) -> None:
    record_feed(store, feed(said("2"), said("9", key="gone")), "https://a.example", NOON)
    record_feed(store, feed(said("2.0")), "https://a.example", NOON + HOUR)
    record_feed(store, feed(said("3")), "https://a.example", NOON + 2 * HOUR)
    rows = store.connection.rows("SELECT key, amount, first_seen, last_seen, ended_at FROM feed_prices ORDER BY id")
    seen = [
        (r["key"], r["amount"], r["first_seen"][11:13], r["last_seen"][11:13], (r["ended_at"] or "")[11:13])
        for r in rows
    ]
    assert seen == [
        ("nova-5 input", "2", "12", "13", "14"),
        ("gone", "9", "12", "12", "13"),
        ("nova-5 input", "3", "14", "14", ""),
    ]


def test_a_304_prolongs_what_was_said(store: Store) -> None:
    record_feed(store, feed(said("2")), "https://a.example", NOON, etag='"x"')
    record_feed_unchanged(store, "litellm", NOON + HOUR)
    assert store.connection.rows("SELECT last_seen FROM feed_prices")[0]["last_seen"] == "2026-11-24T13:00:00Z"
    assert feed_state(store, "litellm").etag == '"x"'


def test_sellers_without_a_provider_are_not_kept_but_unknown_keys_are(store: Store) -> None:
    key = UnknownKey("output_cost_per_furlong", "not in the grammar", "acme/one output_cost_per_furlong", 2)
    record_feed(store, feed(said("2", provider=None), unknown=(key,)), "https://a.example", NOON)
    record_feed(store, feed(unknown=(replace(key, count=3),)), "https://a.example", NOON + HOUR)
    assert stored_feed_prices(store, ["litellm"]) == ()
    row = store.connection.rows("SELECT * FROM feed_unknown_keys")[0]
    assert (row["key"], row["count"], row["first_seen"][11:13], row["last_seen"][11:13]) == (key.key, 3, "12", "13")


def test_a_failure_leaves_what_was_said(store: Store) -> None:
    record_feed(store, feed(said("2")), "https://a.example", NOON)
    record_feed_failure(store, "litellm", "https://a.example", NOON + HOUR, "no route")
    state = feed_state(store, "litellm")
    assert (state.last_error, state.last_ok_at, state.last_checked_at) == ("no route", NOON, NOON + HOUR)
    assert len(stored_feed_prices(store, ["litellm"])) == 1


def test_no_price_of_a_feed_is_in_force(store: Store) -> None:
    record_feed(store, feed(said("2")), "https://a.example", NOON)
    for view in ("current_prices", "price_history", "price_events"):
        assert store.connection.rows(f"SELECT * FROM {view}") == []


@pytest.mark.parametrize("amount", ["0.0000016000000000000001", "1E-8", "0.10"])
def test_amounts_stay_exact(store: Store, amount: str) -> None:
    record_feed(store, feed(said(amount)), "https://a.example", NOON)
    assert stored_feed_prices(store, ["litellm"])[0].rate.amount == Decimal(amount)
