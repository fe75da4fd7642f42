"""genai-prices' `v2/data.json`: sellers with models, prices under keys that name their unit, with dates and hours.

`prices` is one object or a list of which the last one that is active holds and the first is what remains;
`price_variants` replace single prices for a tier or another mark of the request. Whoever reads the first element of a
list has an old price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from scrapers.feeds.prices import MILLION, FeedError, FeedReading, Notebook, Use, above, read_amount, under
from scrapers.rates import Conditions, parse_instant

_TOKENS = re.compile(
    r"(input|output|cache)(?:_(text|audio|image|video))?(?:_(read|write|reasoning))?(?:_(5m|1h))?_mtok"
)
_PIECES: dict[str, Use] = {
    "input_mchars": Use("input", MILLION, "character"),
    "audio_hours": Use("speech", Decimal(1), "hour"),
    "input_audio_hours": Use("speech", Decimal(1), "hour"),
    "output_audio_hours": Use("speech", Decimal(1), "hour", conditions=Conditions(other="output")),
    "input_document_kpages": Use("page", Decimal(1000), "page"),
    "input_annotated_document_kpages": Use("page", Decimal(1000), "page", conditions=Conditions(other="annotation")),
    "rerank_searches_kcount": Use("rerank", Decimal(1000), "request"),
    "web_searches_kcount": Use("search", Decimal(1000), "request"),
    "social_searches_kcount": Use("search", Decimal(1000), "request", conditions=Conditions(other="social")),
    "storage_searches_kcount": Use("search", Decimal(1000), "request", conditions=Conditions(other="files")),
    "requests_kcount": Use("request", Decimal(1000), "request"),
    "input_text_messages_kcount": Use("request", Decimal(1000), "request", conditions=Conditions(other="text message")),
    "code_executions_kcount": Use("other", Decimal(1000), "request", conditions=Conditions(other="code execution")),
    "input_gpixels": Use("image", Decimal(10**9), "other", conditions=Conditions(other="input pixel")),
}
_CITATION = re.compile(r"output_(?:\w+_)?citation_mtok|input_(?:\w+_)?tool_mtok")
_TIER_WORDS = {"fast": "priority"}
_SHAPE = "a list of providers with `models`, as genai-prices' v2/data.json is"

Window = Literal["peak", "off_peak"]


def read_genai_prices(document: object) -> FeedReading:
    """All prices of the file with their dates; the seller is the provider's id.

    Raises:
        FeedError: the document has another shape.

    """
    if not isinstance(document, list):
        raise FeedError(f"genai-prices: expected {_SHAPE}; is this a file of another kind?")
    book = Notebook()
    for provider in document:
        for entry in provider.get("models", ()) if isinstance(provider, dict) else ():
            _Model(book, str(provider["id"]), entry).read()
    return book.reading()


def read_price_key(key: str) -> Use | None:
    """What a key of a price object buys; None for one that is not known.

    >>> read_price_key("cache_audio_read_mtok").meter, read_price_key("cache_write_1h_mtok").conditions.cache_ttl
    ('cached_audio_input', '1h')
    >>> read_price_key("input_furlongs") is None
    True
    """
    if _CITATION.fullmatch(key):
        return Use("other", MILLION, conditions=Conditions(other=key.removesuffix("_mtok").replace("_", " ")))
    found = _TOKENS.fullmatch(key)
    if found is None:
        return _PIECES.get(key)
    way, medium, what, lifetime = found.groups()
    medium = "" if medium in {None, "text"} else f"{medium}_"
    conditions = Conditions(cache_ttl=lifetime, mode="thinking" if what == "reasoning" else None)
    if way != "cache":
        meter = {"video_output": "video"}.get(f"{medium}{way}", f"{medium}{way}")
        return None if what in {"read", "write"} or lifetime else Use(meter, MILLION, conditions=conditions)
    if what == "read":
        return Use(f"cached_{medium}input", MILLION, conditions=conditions) if medium != "video_" else None
    if what == "write":
        return Use("cache_write", MILLION, conditions=replace(conditions, other=medium.rstrip("_") or None))
    return None


class _Model:
    """One model of one seller."""

    def __init__(self, book: Notebook, seller: str, entry: Mapping[str, Any]) -> None:
        self.book, self.seller, self.entry = book, seller, entry
        self.model = str(entry["id"])
        self.names = (str(entry["name"]),) if entry.get("name") else ()

    def read(self) -> None:
        """The prices in their order of precedence, then the variants."""
        prices = self.entry.get("prices")
        steps = prices if isinstance(prices, list) else [{"prices": prices}]
        dated = [step for step in steps if not _is_daily(step)]
        rest = self._hours([step for step in steps if _is_daily(step)], dated[-1] if dated else {})
        starts = [_start(step) for step in dated]
        for place, step in enumerate(dated):
            later = [start for start in starts[place + 1 :] if start is not None]
            conditions = Conditions(window=rest if place == len(dated) - 1 else None)
            self._note(step.get("prices"), "", "standard", conditions, (starts[place], min(later, default=None)))
        for variant in self.entry.get("price_variants") or ():
            self._variant(variant)

    def _hours(self, daily: Sequence[Mapping[str, Any]], base: Mapping[str, Any]) -> Window | None:
        """Prices of hours of the day, the dearer ones as peak; what the other hours are is returned."""
        noted: list[object] = []
        for step in daily:
            prices = step.get("prices") or {}
            if prices not in noted:  # the same price in two spans of a day
                noted.append(prices)
                window = _window(prices, base.get("prices"))
                self._note(prices, "hours.", "standard", Conditions(window=window), (None, None))
        if not noted:
            return None
        opposite: dict[Window | None, Window | None] = {"peak": "off_peak", "off_peak": "peak"}
        return opposite.get(_window(daily[-1].get("prices") or {}, base.get("prices")))

    def _variant(self, variant: Mapping[str, Any]) -> None:
        """Prices of a request with certain marks; a mark that names no tier is a condition in its own words."""
        tier, other = "standard", []
        for mark, word in (variant.get("when") or {}).items():
            if mark in {"service_tier", "processing", "speed"}:
                tier = _TIER_WORDS.get(word, "standard" if word == "default" else word)
            else:
                other.append(f"{mark} {word}")
        conditions = Conditions(other=", ".join(other) or None)
        if tier != "standard" or other:
            self._note(variant.get("prices"), "variants.", tier, conditions, (_start(variant), None))

    def _note(
        self,
        prices: object,
        path: str,
        tier: str,
        given: Conditions,
        valid: tuple[datetime | None, datetime | None],
    ) -> None:
        for key, value in prices.items() if isinstance(prices, dict) else ():
            where = f"{self.seller}/{self.model} {path}{key}"
            use = read_price_key(key)
            if use is None:
                self.book.refuse(f"{path}{key}", where, "not a known key of a price")
                continue
            for span, amount in self._tiers(value, key, where):
                held = replace(under(under(use, given), span), service_tier=tier)
                self.book.quote(self.seller, self.model, held, amount, where, names=self.names, valid=valid)

    def _tiers(self, value: object, key: str, where: str) -> list[tuple[Conditions, object]]:
        """A price, or a base with `tiers`; with a tier that is not understood none of it is read."""
        if not isinstance(value, dict):
            return [(Conditions(), value)]
        steps = [(step.get("start"), step.get("price"), set(step)) for step in value.get("tiers", ())]
        if set(value) != {"base", "tiers"} or any(
            keys != {"start", "price"} or read_amount(start) is None for start, _, keys in steps
        ):
            self.book.refuse(key, where, "tiers of another shape; none of them is read")
            return []
        return [(Conditions(), value["base"]), *((above(int(start)), price) for start, price, _ in steps)]


def _is_daily(step: Mapping[str, Any]) -> bool:
    return "start_time" in (step.get("constraint") or {})


def _start(step: Mapping[str, Any]) -> datetime | None:
    """The day from which a price holds (UTC)."""
    return parse_instant((step.get("constraint") or {}).get("start_date"))


def _window(prices: Mapping[str, Any], base: object) -> Window | None:
    """Whether hours are dear or cheap, by the first price that differs from the one of the other hours."""
    for key, value in prices.items():
        here, there = read_amount(value), read_amount(base.get(key)) if isinstance(base, dict) else None
        if here is not None and there is not None and here != there:
            return "peak" if here > there else "off_peak"
    return None
