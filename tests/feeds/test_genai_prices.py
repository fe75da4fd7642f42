"""genai-prices: units in keys, dates, hours and variants, and the real data of the package."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.feeds.catalog import load_feeds
from scrapers.feeds.genai_prices import read_price_key
from scrapers.feeds.prices import FeedPrices
from scrapers.feeds.read import read_feed


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("input_mtok", ("input", "1000000", "token", "{}")),
        ("input_text_mtok", ("input", "1000000", "token", "{}")),
        ("input_audio_mtok", ("audio_input", "1000000", "token", "{}")),
        ("output_image_mtok", ("image_output", "1000000", "token", "{}")),
        ("output_reasoning_mtok", ("output", "1000000", "token", '{"mode":"thinking"}')),
        ("cache_read_mtok", ("cached_input", "1000000", "token", "{}")),
        ("cache_image_read_mtok", ("cached_image_input", "1000000", "token", "{}")),
        ("cache_write_1h_mtok", ("cache_write", "1000000", "token", '{"cache_ttl":"1h"}')),
        ("audio_hours", ("speech", "1", "hour", "{}")),
        ("web_searches_kcount", ("search", "1000", "request", "{}")),
        ("input_document_kpages", ("page", "1000", "page", "{}")),
    ],
)
def test_a_key_says_its_unit(key: str, meaning: tuple[str, ...]) -> None:
    use = read_price_key(key)
    assert use is not None
    assert (use.meter, str(use.per), use.unit, use.conditions.key) == meaning


@pytest.mark.parametrize("key", ["input_ktok", "cache_mtok", "input_write_mtok", "input_1h_mtok", "furlongs", "x_mtok"])
def test_other_keys_are_unknown(key: str) -> None:
    assert read_price_key(key) is None


def one(prices: object, variants: object = None) -> list[dict[str, Any]]:
    return [{"id": "acme", "models": [{"id": "nova", "name": "Nova", "prices": prices, "price_variants": variants}]}]


def test_the_last_price_that_began_holds_and_the_first_is_old(read: Callable[..., FeedPrices]) -> None:
    steps = [
        {"prices": {"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]}}},
        {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 3}},
        {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 2}},
    ]
    said = read("genai-prices", one(steps))

    def on(year: int, month: int) -> list[str | None]:
        at = dt.datetime(year, month, 20, tzinfo=dt.UTC)
        return [str(price.rate.amount) for price in said.prices if price.rate.is_in_force(at)]

    assert (on(2026, 1), on(2026, 11), on(2027, 1)) == (["3", "6"], ["3"], ["2"])


def test_hours_are_peak_and_off_peak(read: Callable[..., FeedPrices], told: Callable[..., dict[Any, str]]) -> None:
    hours = {"start_time": "01:00:00Z", "end_time": "04:00:00Z"}
    later = {"start_time": "06:00:00Z", "end_time": "10:00:00Z"}
    steps = [
        {"prices": {"input_mtok": 0.66}},
        {"constraint": hours, "prices": {"input_mtok": 1.32}},
        {"constraint": later, "prices": {"input_mtok": 1.32}},
    ]
    assert told(read("genai-prices", one(steps))) == {
        ("nova", "input", "standard", '{"window":"off_peak"}'): "0.66 / 1000000 token",
        ("nova", "input", "standard", '{"window":"peak"}'): "1.32 / 1000000 token",
    }


def test_variants_are_tiers_or_conditions(read: Callable[..., FeedPrices], told: Callable[..., dict[Any, str]]) -> None:
    variants = [
        {"when": {"processing": "batch"}, "prices": {"input_mtok": 1}},
        {"when": {"speed": "fast"}, "prices": {"input_mtok": 4}},
        {"when": {"route": "eu"}, "prices": {"input_mtok": 2.2}},
        {"when": {"service_tier": "default"}, "prices": {"input_mtok": 9}},
    ]
    assert told(read("genai-prices", one({"input_mtok": 2}, variants))) == {
        ("nova", "input", "standard", "{}"): "2 / 1000000 token",
        ("nova", "input", "batch", "{}"): "1 / 1000000 token",
        ("nova", "input", "priority", "{}"): "4 / 1000000 token",
        ("nova", "input", "standard", '{"other":"route eu"}'): "2.2 / 1000000 token",
    }


def test_tiers_of_another_shape_give_no_price(read: Callable[..., FeedPrices]) -> None:
    odd = {"base": 1, "tiers": [{"start": 1000, "price": 2, "weekday": 7}]}
    said = read("genai-prices", one({"input_mtok": odd, "output_mtok": 5, "output_furlong": 1}))
    assert [price.rate.meter for price in said.prices] == ["output"]
    assert [key.key for key in said.unknown] == ["input_mtok", "output_furlong"]


def test_the_real_data_is_understood_as_a_whole() -> None:
    script = Path(__file__).with_name("genai_document.py")
    body = subprocess.run([sys.executable, script], capture_output=True, check=True).stdout
    said = read_feed(load_feeds()["genai-prices"], body, {})
    assert said.unknown == ()
    assert len(said.prices) > 5_000
    sellers = {price.provider for price in said.matched}
    assert {"openai", "anthropic", "google", "deepseek", "mistral", "xai"} <= sellers
    claude_2 = {
        (price.rate.meter, str(price.rate.amount))
        for price in said.matched
        if (price.provider, price.rate.model) == ("anthropic", "claude-2")
    }
    assert claude_2 == {("input", "8"), ("output", "24")}
