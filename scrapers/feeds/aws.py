"""The AWS price list (`offers/v1.0/aws/AmazonBedrock/current/<region>/index.json`): products and terms, joined by SKU.

A price is one of a region, so it can agree with another and never contradict it. Bedrock is spread over several offers:
`AmazonBedrock` alone lacks most models of other makers, so what is not there is no sign of anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scrapers.feeds.prices import FeedReading, Notebook, Use, parse_mapping, read_amount, under
from scrapers.rates import Conditions, parse_instant

_SELLER = "aws"
_FEATURES = {"on-demand inference", "batch inference", ""}
_STEMS: dict[str, Use] = {
    "input tokens": Use("input"),
    "output tokens": Use("output"),
    "text input tokens": Use("input"),
    "text output tokens": Use("output"),
    "prompt cache read input tokens": Use("cached_input"),
    "prompt cache write input tokens": Use("cache_write"),
    "audio input tokens": Use("audio_input"),
    "audio output tokens": Use("audio_output"),
    "image input tokens": Use("image_input"),
    "video input tokens": Use("video_input"),
}
_TIERS = {"batch": "batch", "flex": "flex", "priority": "priority", "standard": "standard"}
_UNIT = re.compile(r"(1[KM] )?tokens\Z", re.IGNORECASE)
_ROUTES = re.compile(r"\bcross[- ]region(?: global| geo)?\b|\bglobal\b")
_LIFETIME = re.compile(r"-(\d)-?h(?:ou)?r?s?\b|\b(\d) hour\b")
_SHAPE = "an object with `products` and `terms`, as an AWS offer file is"


def read_aws(document: object) -> FeedReading:
    """All token prices of the offer that hold on demand.

    Raises:
        FeedError: the document has another shape.

    """
    offer = parse_mapping(document, "aws", _SHAPE)
    products, terms = (parse_mapping(offer.get(name), "aws", _SHAPE) for name in ("products", "terms"))
    on_demand = terms.get("OnDemand") or {}
    book = Notebook()
    for sku, product in products.items():
        said = product.get("attributes") or {}
        if str(said.get("feature", "")).casefold() not in _FEATURES or not said.get("inferenceType"):
            continue
        for start, dimension in _dimensions(on_demand.get(sku) or {}):
            _note(book, sku, said, dimension, start)
    return book.reading()


def _note(
    book: Notebook, sku: str, said: Mapping[str, Any], dimension: Mapping[str, Any], start: datetime | None
) -> None:
    where = f"{sku} {said['inferenceType']}"
    use, unit = _use(said), _UNIT.fullmatch(str(dimension.get("unit", "")))
    if use is None or unit is None or not said.get("model"):
        what = f"{said['inferenceType']} per {dimension.get('unit')}"
        book.refuse(what, where, "not a known kind of tokens")
        return
    per = read_amount({"1k ": "1000", "1m ": "1000000"}.get((unit[1] or "").casefold(), "1"))
    for currency, amount in (dimension.get("pricePerUnit") or {}).items():
        held = replace(use, per=per or use.per)
        book.quote(_SELLER, str(said["model"]), held, amount, where, currency=currency, valid=(start, None))


def _use(said: Mapping[str, Any]) -> Use | None:
    """What a product's attributes say it is; None when a word of its type is not known."""
    words = _ROUTES.sub(" ", str(said["inferenceType"]).casefold())
    tier = "batch" if "batch" in str(said.get("feature", "")).casefold() else "standard"
    for word, meant in _TIERS.items():
        if re.search(rf"\b{word}\b", words):
            tier, words = meant, re.sub(rf"\b{word}\b", " ", words)
    stem = _STEMS.get(" ".join(words.split()))
    if stem is None:
        return None
    kind = f"{said['inferenceType']} {said.get('usagetype', '')}".casefold()
    lifetime = _LIFETIME.search(kind) if stem.meter == "cache_write" else None
    conditions = Conditions(
        region=said.get("regionCode") or said.get("location") or "a region",
        cache_ttl=f"{lifetime[1] or lifetime[2]}h" if lifetime else None,
        other="cross-region" if _ROUTES.search(kind.replace("-", " ")) else None,
    )
    return replace(under(stem, conditions), service_tier=tier)


def _dimensions(terms: Mapping[str, Any]) -> Iterator[tuple[datetime | None, Mapping[str, Any]]]:
    """The prices of one product with the day from which they hold."""
    for term in terms.values():
        start = parse_instant(term.get("effectiveDate"))
        for dimension in (term.get("priceDimensions") or {}).values():
            yield start, dimension
