"""OpenRouter, models.dev, llm-prices, AWS, Azure and providers' own lists, in small files of their shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scrapers.feeds.catalog import load_feeds
from scrapers.feeds.prices import FeedError, FeedPrices
from scrapers.feeds.read import read_feed

Read = Callable[[str, Any], FeedPrices]
Tell = Callable[[FeedPrices], dict[tuple[str, str, str, str], str]]


def test_openrouter_sells_on_under_suffixes_and_from_lengths_on(read: Read, told: Tell) -> None:
    models = [
        {
            "id": "openai/nova-5",
            "name": "OpenAI: Nova 5",
            "pricing": {
                "prompt": "0.000002",
                "completion": "0.000012",
                "web_search": "0.01",
                "image": "0.001",
                "overrides": [{"min_prompt_tokens": 272000, "prompt": "0.000004"}],
            },
        },
        {"id": "openai/nova-5:batch", "name": "x", "pricing": {"prompt": "0.000001"}},
        {"id": "openai/nova-5:free", "name": "x", "pricing": {"prompt": "0"}},
        {"id": "openai/nova-5:thinking", "name": "x", "pricing": {"completion": "0.00002"}},
        {"id": "openrouter/auto", "name": "Auto", "pricing": {"prompt": "-1", "completion": "-1"}},
        {"id": "~openai/nova-latest", "name": "Latest", "pricing": {"prompt": "0.000002"}},
    ]
    said = read("openrouter", {"data": models})
    assert told(said) == {
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":null,"lte":272000}}'): "0.000002 / 1 token",
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":272000,"lte":null}}'): "0.000004 / 1 token",
        ("nova-5", "output", "standard", "{}"): "0.000012 / 1 token",
        ("nova-5", "search", "standard", "{}"): "0.01 / 1 request",
        ("nova-5", "input", "batch", "{}"): "0.000001 / 1 token",
        ("nova-5", "input", "free", "{}"): "free",
        ("nova-5", "output", "standard", '{"mode":"thinking"}'): "0.00002 / 1 token",
        ("auto", "input", "standard", "{}"): "dynamic",
        ("auto", "output", "standard", "{}"): "dynamic",
    }
    assert {price.provider for price in said.matched} == {"openai"}
    assert all(price.is_resold and price.lineage == "openrouter" for price in said.prices)


def test_openrouter_overrides_for_an_unknown_use_are_not_read(read: Read, told: Tell) -> None:
    pricing = {
        "prompt": "0.000002",
        "per_wish": "3",
        "overrides": [{"min_prompt_tokens": 1000, "weekday": "sunday", "prompt": "0.000001"}],
    }
    said = read("openrouter", {"data": [{"id": "openai/nova-5", "name": "Nova", "pricing": pricing}]})
    assert list(told(said).values()) == ["0.000002 / 1 token"]
    assert [key.key for key in said.unknown] == ["overrides.weekday", "per_wish"]


def test_models_dev_tiers_take_the_place_of_the_older_threshold(read: Read, told: Tell) -> None:
    cost = {
        "input": 5,
        "output": 30,
        "cache_read": 0.5,
        "tiers": [{"input": 10, "tier": {"type": "context", "size": 272000}}],
        "context_over_200k": {"input": 10},
    }
    older = {"input": 2, "context_over_200k": {"input": 4}}
    fast = {"modes": {"fast": {"cost": {"input": 10}}}}
    document = {
        "openai": {
            "models": {
                "nova-5": {"name": "Nova 5", "cost": cost, "experimental": fast},
                "nova-4": {"name": "Nova 4", "cost": older},
                "nova-none": {"name": "No cost"},
            }
        }
    }
    assert told(read("models.dev", document)) == {
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":null,"lte":272000}}'): "5 / 1000000 token",
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":272000,"lte":null}}'): "10 / 1000000 token",
        ("nova-5", "output", "standard", "{}"): "30 / 1000000 token",
        ("nova-5", "cached_input", "standard", "{}"): "0.5 / 1000000 token",
        ("nova-5", "input", "priority", "{}"): "10 / 1000000 token",
        ("nova-4", "input", "standard", '{"context_tokens":{"gt":null,"lte":200000}}'): "2 / 1000000 token",
        ("nova-4", "input", "standard", '{"context_tokens":{"gt":200000,"lte":null}}'): "4 / 1000000 token",
    }


def test_models_dev_tiers_of_another_kind_and_new_keys_are_listed(read: Read, told: Tell) -> None:
    cost = {"input": 5, "per_wish": 1, "tiers": [{"input": 1, "tier": {"type": "weekday", "size": 6}}]}
    said = read("models.dev", {"openai": {"models": {"nova": {"name": "Nova", "cost": cost}}}})
    assert list(told(said).values()) == ["5 / 1000000 token"]
    assert [key.key for key in said.unknown] == ["per_wish", "tiers"]


def test_what_models_dev_copies_from_a_sellers_api_is_the_sellers_lineage(read: Read) -> None:
    cost = {"cost": {"input": 1}}
    said = read("models.dev", {name: {"models": {"m": cost}} for name in ("openai", "openrouter", "nobody")})
    assert [(price.provider, price.lineage) for price in said.prices] == [
        ("openai", "models.dev"),
        ("openrouter", "openrouter itself"),
        (None, "models.dev"),
    ]


def test_llm_prices_has_lengths_in_names_and_dates(read: Read, told: Tell) -> None:
    prices = [
        {"id": "nova-5", "vendor": "openai", "name": "Nova 5 ≤272k", "input": 2.5, "output": 15, "input_cached": 0.25},
        {"id": "nova-5-272k", "vendor": "openai", "name": "Nova 5 >272k", "input": 5, "output": 22.5},
        {
            "id": "nova-4",
            "vendor": "openai",
            "name": "Nova 4",
            "input": 8,
            "to_date": "2026-01-01",
            "input_cached": None,
        },
    ]
    said = read("llm-prices", {"updated_at": "2026-10-10", "prices": prices})
    assert told(said) == {
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":null,"lte":272000}}'): "2.5 / 1000000 token",
        ("nova-5", "output", "standard", '{"context_tokens":{"gt":null,"lte":272000}}'): "15 / 1000000 token",
        ("nova-5", "cached_input", "standard", '{"context_tokens":{"gt":null,"lte":272000}}'): "0.25 / 1000000 token",
        ("nova-5", "input", "standard", '{"context_tokens":{"gt":272000,"lte":null}}'): "5 / 1000000 token",
        ("nova-5", "output", "standard", '{"context_tokens":{"gt":272000,"lte":null}}'): "22.5 / 1000000 token",
        ("nova-4", "input", "standard", "{}"): "8 / 1000000 token",
    }
    ended = [price.rate.valid_until for price in said.prices if price.rate.model == "nova-4"]
    assert [str(end) for end in ended] == ["2026-01-01 00:00:00+00:00"]


def aws(kind: str, *, unit: str = "1K tokens", feature: str = "On-demand Inference", usage: str = "") -> dict[str, Any]:
    """An offer with one product."""
    said = {"model": "Nova", "inferenceType": kind, "feature": feature, "regionCode": "us-east-1", "usagetype": usage}
    dimension = {"unit": unit, "pricePerUnit": {"USD": "0.0030000000"}}
    term = {"effectiveDate": "2026-10-01T00:00:00Z", "priceDimensions": {"S.T.R": dimension}}
    return {"products": {"S": {"attributes": said}}, "terms": {"OnDemand": {"S": {"S.T": term}}}}


@pytest.mark.parametrize(
    ("offer", "meaning"),
    [
        (aws("Input tokens"), ("Nova", "input", "standard", '{"region":"us-east-1"}')),
        (aws("Output tokens batch"), ("Nova", "output", "batch", '{"region":"us-east-1"}')),
        (aws("Input tokens", feature="Batch Inference"), ("Nova", "input", "batch", '{"region":"us-east-1"}')),
        (
            aws("Prompt cache write input tokens", usage="USE1-Nova-cache-write-input-token-count-1-hour"),
            ("Nova", "cache_write", "standard", '{"cache_ttl":"1h","region":"us-east-1"}'),
        ),
        (
            aws("Input tokens flex", usage="USE1-Nova-input-tokens-cross-region-global"),
            ("Nova", "input", "flex", '{"other":"cross-region","region":"us-east-1"}'),
        ),
    ],
)
def test_an_aws_product_is_a_price_of_a_region(read: Read, told: Tell, offer: Any, meaning: tuple[str, ...]) -> None:
    said = read("aws", offer)
    assert told(said) == {meaning: "0.0030000000 / 1000 token"}
    assert said.prices[0].provider == "aws-bedrock"


def test_aws_products_of_other_kinds_are_left_out_or_listed(read: Read) -> None:
    offer = aws("Input tokens")
    offer["products"]["T"] = {"attributes": {**offer["products"]["S"]["attributes"], "inferenceType": "Moon tokens"}}
    offer["products"]["U"] = {"attributes": {**offer["products"]["S"]["attributes"], "feature": "Model Customization"}}
    offer["terms"]["OnDemand"] |= dict.fromkeys(("T", "U"), offer["terms"]["OnDemand"]["S"])
    said = read("aws", offer)
    assert len(said.prices) == 1
    assert [key.key for key in said.unknown] == ["Moon tokens per 1K tokens"]


def test_azure_items_and_a_providers_own_list_are_read_as_pages(read: Read) -> None:
    item = {
        "currencyCode": "USD",
        "retailPrice": 0.0025,
        "unitPrice": 0.0025,
        "armRegionName": "eastus",
        "location": "US East",
        "meterName": "gpt 4o 1120 Inp glbl Tokens",
        "productName": "Azure OpenAI",
        "skuName": "gpt 4o 1120 Inp glbl",
        "serviceName": "Cognitive Services",
        "unitOfMeasure": "1K",
        "type": "Consumption",
    }
    other = {
        **item,
        "meterName": "gpt 4o 1120 Outp glbl Tokens",
        "skuName": "gpt 4o 1120 Outp glbl",
        "retailPrice": 0.01,
    }
    said = read("azure", {"Items": [item, {**other, "unitPrice": 0.01}], "NextPageLink": None})
    assert [(p.provider, p.rate.meter, str(p.rate.amount), p.rate.conditions.region) for p in said.matched] == [
        ("azure", "input", "0.0025", "US East"),
        ("azure", "output", "0.01", "US East"),
    ]
    assert {price.lineage for price in said.prices} == {"azure itself"}


@pytest.mark.parametrize(
    ("feed", "body", "words"),
    [
        ("litellm", b"<html>", "not valid JSON"),
        ("litellm", b'{"a": NaN}', "not valid JSON"),
        ("litellm", b"[]", "is this a file of another kind?"),
        ("litellm", b'{"a": {"max_tokens": 3}}', "no price is in it"),
        ("openrouter", b'{"models": []}', "is this a file of another kind?"),
        ("genai-prices", b"{}", "is this a file of another kind?"),
        ("genai-prices", b'[{"id": "a", "models": [{"prices": {}}]}]', "has another shape"),
        ("models.dev", b"{}", "no price is in it"),
        ("llm-prices", b"[1]", "is this a file of another kind?"),
        ("aws", b'{"products": {}}', "is this a file of another kind?"),
        ("azure", b'{"Items": []}', "azure: "),
        ("litellm", b"[" * 100_000, "not valid JSON"),
    ],
)
def test_a_body_that_is_no_such_feed_is_refused_with_its_name(feed: str, body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words) as err:
        read_feed(load_feeds()[feed], body, {})
    assert err.value.message.startswith(feed)
