"""Keys of objects as words, and what some of them say by themselves: names, units, machinery.

These are the habits of programmers, not of pages, so they stand here and not in the vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scrapers.documents.components import format_value
from scrapers.documents.literals import PrintedKey

MODEL_KEYS = (
    *("model", "model id", "model name", "id", "slug", "meter name", "name", "display name", "label", "title"),
    "product name",
)
LABEL_KEYS = frozenset(
    {
        *("label", "name", "title", "type", "kind", "meter", "metric", "category", "component", "direction", "tier"),
        *("item", "value", "key", "sku", "modality", "token type", "usage type", "price type", "service tier", "mode"),
        *("window", "billing item"),
    }
)
TIER_KEYS = frozenset({"service tier", "serverless mode", "tier", "mode", "processing", "processing mode"})
METER_NAME_KEYS = frozenset({"meter name", "sku name", "usage type", "usagetype", "metric name"})
UNIT_KEYS = frozenset(
    {"per", "unit", "units", "price unit", "billing unit", "unit of measure", "pricing unit", "unit text"}
)
TYPE_KEYS = frozenset({"type", "category", "kind", "mode"})
TOOLS = frozenset({"tool", "tools", "plugin", "plugins"})
CURRENCY_KEYS = frozenset({"currency", "currency code", "price currency"})
REGION_KEYS = frozenset({"region", "location", "geo"})
BEFORE = frozenset(
    {"origin", "original", "original price", "origin price", "list", "list price", "msrp", "regular", "retail price"}
)
AFTER = frozenset(
    {
        "actual",
        "current",
        "sale",
        "sale price",
        "discounted",
        "discount price",
        "discounted price",
        "final",
        "effective",
        "unit price",
    }
)
MACHINERY = frozenset(
    {
        *("architecture", "benchmarks", "top provider", "per request limits", "default parameters", "links", "limit"),
        *("supported parameters", "limits", "rate limits", "performance", "latency", "throughput"),
        *("stats", "usage"),
        *("low price", "high price", "min price", "max price"),  # the ends of a list of offers and no price of one
    }
)
PRICE_WORDS = frozenset(
    {"price", "prices", "pricing", "pricings", "cost", "costs", "rate", "rates", "fee", "fees", "tariff", "cents"}
)
NO_PRICE = frozenset(
    {
        *(
            "id",
            "created",
            "updated",
            "date",
            "time",
            "timestamp",
            "year",
            "expires",
            "age",
            "version",
            "index",
            "sort",
        ),
        *("order", "position", "rank", "level", "priority", "weight", "score", "elo", "popularity", "views", "likes"),
        *(
            "downloads",
            "stars",
            "count",
            "number",
            "max",
            "min",
            "limit",
            "length",
            "window",
            "context",
            "size",
            "width",
        ),
        *("height", "dim", "dimension", "dimensions", "duration", "rpm", "tpm", "rps", "rpd", "requests", "tokens"),
        *("latency", "speed", "throughput", "tps", "temperature", "top", "parameters", "params", "layers", "percent"),
        *("discount", "usage", "days", "hours", "minutes", "seconds", "ttl", "cutoff", "decimals", "precision"),
    }
)
_LEAST_PARTS = 100
_FORM_VALUE = re.compile(r"\s*(?:one of|e\.g\.|for example|for instance)\b", re.IGNORECASE)
_MEDIA = re.compile(
    r"(?:^|to[-_ ])(?:image|video|audio|speech)s?(?:[-_ ](?:generation|speech))?\Z|transcription\Z|^(?:tts|stt|asr)\Z",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])|[_\-.:/\s]+")
NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,3})?\Z")
COUNTS = re.compile(
    r"\A(?:number of )?(?:total|prompt|completion|input|output|cached|reasoning|billed|used|n|num)"
    r"(?: (?:input|output|prompt|completion))? (?:tokens|requests|calls)(?: (?:used|count|total))?\Z"
)
_BILLED = frozenset({"cost", "costs", "total", "total cost", "spend", "amount", "bill", "charge"})
MOST_TOKENS = 10**15
CENTS = re.compile(r"\bcents?\b\s*", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def words_of(key: str) -> str:
    """A key as words.

    >>> words_of("inputCachePricePer1M"), words_of("input_cost_per_token"), words_of("per1k")
    ('input Cache Price Per 1M', 'input cost per token', 'per 1k')
    """
    return " ".join(part for part in _SPLIT.split(key) if part)


@lru_cache(maxsize=5_000)
def names_price(word: str) -> bool:
    """Whether a word of a key is one for a price."""
    return not PRICE_WORDS.isdisjoint(word.split())


def is_price_like(key: str, value: object) -> bool:
    """Whether an amount under a key that nobody has explained may be a price: no date, count, rank or setting."""
    if not is_number(value) and not (isinstance(value, str) and NUMBER.match(value)):
        return False
    return not NO_PRICE & set(words_of(key).casefold().split())


def counts_in_parts(key: str, amount: Decimal) -> bool:
    """Whether a price "per million" may count parts of a currency, as one API does in ten-thousandths of a dollar.

    >>> counts_in_parts("input_token_price_per_m", Decimal(2690)), counts_in_parts("price_per_m", Decimal("2.69"))
    (True, False)
    """
    is_per_million = re.search(r"\bper (?:1 ?)?(?:m|million)\b", words_of(key), re.IGNORECASE) is not None
    return is_per_million and amount >= _LEAST_PARTS and amount == amount.to_integral_value()


def sold_by(value: object) -> str:
    """What a model of a type sells besides text: "embedding", "media", or "" for text and for what is not known.

    >>> sold_by("embedding"), sold_by("text-to-image"), sold_by("image-text-to-text"), sold_by("chat")
    ('embedding', 'media', '', '')
    """
    if not isinstance(value, str):
        return ""
    if re.search(r"embedding|rerank", value, re.IGNORECASE):
        return "embedding"
    return "media" if _MEDIA.search(value) else ""


def is_usage(fields: Mapping[str, Any], words: Mapping[str, str]) -> bool:
    """Whether an object counts tokens that somebody used: what it costs then is a bill and no price."""
    counts = {words[key] for key, value in fields.items() if _may_count(words[key]) and _is_count(value)}
    is_billed = any(word in _BILLED for word in words.values())
    return bool(counts - _DIRECTIONS) or (is_billed and counts >= _DIRECTIONS)


_DIRECTIONS = frozenset({"input", "output"})


@lru_cache(maxsize=5_000)
def _may_count(word: str) -> bool:
    return word in _DIRECTIONS or COUNTS.search(word) is not None


def _is_count(value: object) -> bool:
    if isinstance(value, str) and NUMBER.match(value):
        value = Decimal(value)
    return isinstance(value, Decimal) and 100 <= value < MOST_TOKENS and value == int(value)


def is_number(value: object) -> bool:
    """Whether a value is a number of the document; true and false are none."""
    return isinstance(value, Decimal) and not isinstance(value, bool)


def quote_of(key: str, value: object) -> str:
    """Key and value as the document spells them, or the value alone where they do not stand together."""
    printed = format_value(value)
    if isinstance(key, PrintedKey):
        return f"{key.printed}: {printed}" if key.printed and not isinstance(value, str) else printed
    return f'"{key}": "{printed}"' if isinstance(value, str) else f'"{key}": {printed}'


def leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str, object]]:
    """The plain values of an object and of all below it, each with its path and its key.

    >>> [path for path, _, _ in leaves({"a": {"b": 1, "c": [{"d": 2}]}})]
    ['a.b', 'a.c[0].d']
    """
    for key, one in value.items():
        path = f"{above}.{key}" if above else key
        if isinstance(one, dict):
            yield from leaves(one, path)
        elif isinstance(one, list):
            for number, part in enumerate(one):
                yield from leaves(part, f"{path}[{number}]") if isinstance(part, dict) else ()
        else:
            yield path, key, one


def is_form(fields: Mapping[str, Any], words: Mapping[str, str]) -> bool:
    """Whether an entry shows how entries are written: a value explains what may stand there, and its prices are zeros.

    >>> fields = {"input_cost": Decimal(0), "mode": "one of: chat, embedding"}
    >>> is_form(fields, {key: words_of(key) for key in fields})
    True
    """
    is_explained = any(isinstance(value, str) and _FORM_VALUE.match(value) for value in fields.values())
    prices = [fields[key] for key, word in words.items() if names_price(word) and is_number(fields[key])]
    return is_explained and bool(prices) and not any(prices)
