"""LiteLLM's file: the grammar of its keys, nested prices, and the real file where it is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from scrapers.feeds.catalog import load_feeds
from scrapers.feeds.litellm_fields import read_field
from scrapers.feeds.prices import FeedPrices, Use
from scrapers.feeds.read import read_feed
from scrapers.rates import METERS, UNITS

FIELDS = (Path(__file__).parent / "litellm_fields.txt").read_text(encoding="utf-8").split()
NESTED = {"tiered_pricing", "off_peak_pricing"}
NO_PRICES = {
    "cost_per_second",
    "file_search_cost_per_gb_per_day",
    "guardrail_cost_per_unit",
    "input_dbu_cost_per_token",
    "output_dbu_cost_per_token",
    "vector_store_cost_per_gb_per_day",
}
ABOVE_200K = '{"context_tokens":{"gt":200000,"lte":null}}'


@pytest.mark.parametrize(
    ("key", "mode", "meaning"),
    [
        ("input_cost_per_token", None, ("input", "1", "token", "standard", "{}")),
        ("output_cost_per_token_batches", None, ("output", "1", "token", "batch", "{}")),
        ("output_cost_per_reasoning_token", None, ("output", "1", "token", "standard", '{"mode":"thinking"}')),
        ("input_cost_per_token_above_200k_tokens", None, ("input", "1", "token", "standard", ABOVE_200K)),
        ("input_cost_per_token_cache_hit", None, ("cached_input", "1", "token", "standard", "{}")),
        ("cache_read_input_token_cost_priority", None, ("cached_input", "1", "token", "priority", "{}")),
        (
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
            None,
            ("cache_write", "1", "token", "standard", '{"cache_ttl":"1h","context_tokens":{"gt":200000,"lte":null}}'),
        ),
        ("cache_read_input_audio_token_cost_flex", None, ("cached_audio_input", "1", "token", "flex", "{}")),
        ("output_cost_per_image_token_batches", None, ("image_output", "1", "token", "batch", "{}")),
        ("input_cost_per_second", "audio_transcription", ("speech", "1", "second", "standard", "{}")),
        ("output_cost_per_second", "video_generation", ("video", "1", "second", "standard", "{}")),
        ("output_cost_per_second_1080p", "video_generation", ("video", "1", "second", "standard", '{"other":"1080p"}')),
        ("input_cost_per_character", "audio_speech", ("speech", "1", "character", "standard", "{}")),
        ("input_cost_per_character", "chat", ("input", "1", "character", "standard", "{}")),
        ("input_cost_per_query", "rerank", ("rerank", "1", "request", "standard", "{}")),
        ("output_cost_per_image_0.5K", "image_generation", ("image", "1", "image", "standard", '{"other":"0.5K"}')),
        ("ocr_cost_per_page", "ocr", ("page", "1", "page", "standard", "{}")),
        ("file_search_cost_per_1k_calls", None, ("search", "1000", "request", "standard", '{"other":"files"}')),
    ],
)
def test_a_key_says_what_its_number_buys(key: str, mode: str | None, meaning: tuple[str, ...]) -> None:
    use = read_field(key, mode)
    assert isinstance(use, Use)
    assert (use.meter, str(use.per), use.unit, use.service_tier, use.conditions.key) == meaning


def test_every_key_of_the_file_is_understood_or_named_as_no_price() -> None:
    assert len(FIELDS) == 176
    meant = {key: read_field(key) for key in FIELDS if key not in NESTED}
    assert {key for key, use in meant.items() if use == "unknown"} == set()
    assert {key for key, use in meant.items() if use == "no price"} == NO_PRICES
    uses = [use for use in meant.values() if isinstance(use, Use)]
    assert {use.meter for use in uses} <= set(METERS)
    assert {use.unit for use in uses} <= set(UNITS)


@pytest.mark.parametrize("change", ["{}_turbo", "{}_above_9zz", "estimated_{}", "{}_above_200k_sprockets"])
def test_half_a_known_key_is_unknown(change: str) -> None:
    changed = [change.format(key) for key in FIELDS if key not in NESTED | NO_PRICES]
    assert [key for key in changed if read_field(key) != "unknown"] == []


def test_keys_that_are_about_no_price_are_passed_over() -> None:
    others = ["max_input_tokens", "supports_vision", "mode", "rpm", "deprecation_date"]
    assert {key: read_field(key) for key in others} == dict.fromkeys(others, "other")


def model(**more: Any) -> dict[str, Any]:
    return {"litellm_provider": "acme", "mode": "chat", **more}


def test_a_price_below_a_threshold_ends_where_the_next_begins(
    read: Callable[..., FeedPrices], told: Callable[..., dict[Any, str]]
) -> None:
    entry = model(
        input_cost_per_token=3e-06,
        input_cost_per_token_above_200k_tokens=6e-06,
        input_cost_per_token_batches=1.5e-06,
    )
    assert told(read("litellm", {"acme/nova": entry})) == {
        ("nova", "input", "standard", '{"context_tokens":{"gt":null,"lte":200000}}'): "0.000003 / 1 token",
        ("nova", "input", "standard", ABOVE_200K): "0.000006 / 1 token",
        ("nova", "input", "batch", "{}"): "0.0000015 / 1 token",
    }


def test_tiers_cheap_hours_and_search_sizes_are_conditions(
    read: Callable[..., FeedPrices], told: Callable[..., dict[Any, str]]
) -> None:
    said = read(
        "litellm",
        {
            "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of many"},
            "acme/tiers": model(
                tiered_pricing=[
                    {"range": [0, 32e3], "output_cost_per_token": 4e-06},
                    {"range": [32e3, 1e6], "output_cost_per_token": 8e-06},
                ]
            ),
            "acme/hours": model(
                input_cost_per_token=4e-06,
                off_peak_pricing={"input_cost_per_token": 2e-06, "windows": [{"hours_utc": "10:00-00:00"}]},
            ),
            "acme/search": model(search_context_cost_per_query={"search_context_size_low": 0.005}),
        },
    )
    assert said.unknown == ()
    assert told(said) == {
        ("tiers", "output", "standard", '{"context_tokens":{"gt":null,"lte":32000}}'): "0.000004 / 1 token",
        ("tiers", "output", "standard", '{"context_tokens":{"gt":32000,"lte":1000000}}'): "0.000008 / 1 token",
        ("hours", "input", "standard", '{"window":"peak"}'): "0.000004 / 1 token",
        ("hours", "input", "standard", '{"window":"off_peak"}'): "0.000002 / 1 token",
        ("search", "search", "standard", '{"other":"low"}'): "0.005 / 1 request",
    }


def test_what_is_not_known_gives_no_price_and_is_listed(
    read: Callable[..., FeedPrices], told: Callable[..., dict[Any, str]]
) -> None:
    said = read(
        "litellm",
        {
            "acme/one": model(input_cost_per_token=1e-06, output_cost_per_furlong=9.0),
            "acme/two": model(output_cost_per_furlong=8.0, input_cost_per_token=-2.0, output_cost_per_token="free"),
            "acme/tiers": model(
                tiered_pricing=[{"range": [0, 32e3], "moon_phase": "full", "output_cost_per_token": 4e-06}]
            ),
        },
    )
    assert list(told(said)) == [("one", "input", "standard", "{}")]
    assert {(key.key, key.count) for key in said.unknown} == {
        ("output_cost_per_furlong", 2),
        ("input_cost_per_token", 1),
        ("output_cost_per_token", 1),
        ("tiered_pricing.moon_phase", 1),
    }
    assert next(key.example for key in said.unknown if key.count == 2) == "acme/one output_cost_per_furlong"


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "9" * 400, "-3", '"1e999"', "true", '"12 dollars"'])
def test_numbers_that_no_price_can_be_are_listed_and_not_kept(number: str) -> None:
    entry = json.dumps({"acme/nova": model(output_cost_per_token=1e-06, input_cost_per_token="?")})
    said = read_feed(load_feeds()["litellm"], entry.replace('"?"', number).encode(), {})
    assert [price.rate.meter for price in said.prices] == ["output"]
    assert [key.key for key in said.unknown] == ["input_cost_per_token"]


def test_the_real_file_has_no_key_that_is_not_known() -> None:
    try:
        found = metadata.distribution("litellm")
    except metadata.PackageNotFoundError:
        pytest.skip("litellm is not installed (requirements-files.lock): its real file is not read here")
    name = "litellm/model_prices_and_context_window_backup.json"
    body = Path(str(found.locate_file(name))).read_bytes()
    said = read_feed(load_feeds()["litellm"], body, {})
    assert len(said.prices) > 15_000
    assert len({price.provider for price in said.matched}) > 25
    entries = json.loads(body).values()
    keys = {key for entry in entries for key in entry if read_field(key) == "unknown" and key not in NESTED}
    assert {unknown.key for unknown in said.unknown} >= keys, "a new key is listed"
    assert len(keys) < 9, "the grammar has fallen behind"
    assert price_of(said, "openai", "text-embedding-3-small", "input") == "0.00000002"
    assert price_of(said, "anthropic", "claude-haiku-4-5", "output") == "0.000005"


def price_of(said: FeedPrices, provider: str, model_id: str, meter: str) -> str:
    """The standard price, without conditions, as the file prints it."""
    found = [
        price.rate.evidence.quote
        for price in said.matched
        if (price.provider, price.rate.model, price.rate.meter) == (provider, model_id, meter)
        and price.rate.service_tier == "standard"
        and price.rate.conditions.key == "{}"
    ]
    return found[0] if found else "none"
