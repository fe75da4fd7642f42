"""OpenRouter's `/api/v1/models`, and other lists of its shape: decimal strings, dollars a token, -1 for "it depends".

OpenRouter sells on: its price for `openai/gpt-4o` is its own, mostly passed through. Suffixes make offers of their own
(`:free`, `:batch`, `:thinking`), `~vendor/...-latest` names move and are not read, and `overrides` replace prices from
a length of the prompt on; an override with a key that is not known here holds for an unknown use and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scrapers.feeds.prices import FeedError, FeedReading, Notebook, Use, above, parse_mapping, read_amount, under
from scrapers.rates import Conditions

_USES: dict[str, Use] = {
    "prompt": Use("input"),
    "completion": Use("output"),
    "input_cache_read": Use("cached_input"),
    "input_cache_write": Use("cache_write"),
    "input_cache_write_1h": Use("cache_write", conditions=Conditions(cache_ttl="1h")),
    "internal_reasoning": Use("output", conditions=Conditions(mode="thinking")),
    "audio": Use("audio_input"),
    "input_audio_cache": Use("cached_audio_input"),
    "audio_output": Use("audio_output"),
    "image_token": Use("image_input"),
    "image_output": Use("image_output"),
    "request": Use("request", unit="request"),
    "web_search": Use("search", unit="request"),
}
_NO_PRICES = {"overrides", "discount", "image"}  # `image` was dollars an image and is dollars a token: it does not say
_SUFFIXES: dict[str, Use] = {
    "batch": Use("", service_tier="batch"),
    "flex": Use("", service_tier="flex"),
    "priority": Use("", service_tier="priority"),
    "free": Use("", service_tier="free"),
    "thinking": Use("", conditions=Conditions(mode="thinking")),
}
_SHAPE = "an object with a list `data` of models with `id` and `pricing`, as OpenRouter's /api/v1/models answers"


def read_openrouter(document: object) -> FeedReading:
    """All prices of the list; the seller is the part of the id before the slash.

    Raises:
        FeedError: the document has another shape.

    """
    models = parse_mapping(document, "openrouter", _SHAPE).get("data")
    if not isinstance(models, list):
        raise FeedError(f"openrouter: expected {_SHAPE}; is this a file of another kind?")
    book = Notebook()
    for entry in models:
        if not isinstance(entry, dict) or not isinstance(entry.get("pricing"), dict):
            continue
        seller, slash, name = str(entry.get("id", "")).partition("/")
        if slash and not seller.startswith("~"):
            _read_model(book, seller, name, entry)
    return book.reading()


def _read_model(book: Notebook, seller: str, name: str, entry: Mapping[str, Any]) -> None:
    model, _, suffix = name.partition(":")
    offer = _SUFFIXES.get(suffix, Use("", conditions=Conditions(other=suffix or None)))
    names = () if suffix else (str(entry.get("name", "")).rpartition(": ")[2],)
    pricing = entry["pricing"]

    def note(prices: Mapping[str, Any], path: str, given: Conditions) -> None:
        for key, value in prices.items():
            if key in _USES:
                use = replace(under(under(_USES[key], offer.conditions), given), service_tier=offer.service_tier)
                where = f"{entry['id']} {path}{key}"
                book.quote(seller, model, use, value, where, names=names, is_resold=True)
            elif key not in _NO_PRICES:
                book.refuse(f"{path}{key}", f"{entry['id']} {path}{key}", "not a known key of `pricing`")

    note(pricing, "", Conditions())
    overrides = pricing.get("overrides")
    for override in overrides if isinstance(overrides, list) else ():
        prices = {key: value for key, value in override.items() if key != "min_prompt_tokens"}
        start = read_amount(override.get("min_prompt_tokens"))
        strange = next((key for key in prices if key not in _USES and key not in _NO_PRICES), None)
        if strange is not None or start is None:
            why = "unknown beside prices; none of them is read"
            book.refuse(f"overrides.{strange or 'min_prompt_tokens'}", f"{entry['id']} overrides", why)
        else:
            note(prices, "overrides.", above(int(start)))
