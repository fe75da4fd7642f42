"""LiteLLM's `model_prices_and_context_window.json`: one object a model, dollars a token in 176 kinds of key.

Kept by many hands, later than the pages, and copied by half of the world: it and all that derives from it are one
lineage. A zero is as often "nobody looked" as "free".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrapers.feeds.litellm_fields import read_field
from scrapers.feeds.prices import FeedReading, Notebook, Use, parse_mapping, read_amount, under
from scrapers.rates import Conditions, TokenRange

_SHAPE = "an object of models, as LiteLLM's model_prices_and_context_window.json is"
_TIME_KEYS = {"windows", "weekday_timezone"}


def read_litellm(document: object) -> FeedReading:
    """All prices of the file; the seller is `litellm_provider`, the model its key without that prefix.

    Raises:
        FeedError: the document has another shape.

    """
    book = Notebook()
    for key, entry in parse_mapping(document, "litellm", _SHAPE).items():
        if key != "sample_spec" and isinstance(entry, dict) and isinstance(entry.get("litellm_provider"), str):
            _Model(book, key, entry).read()
    return book.reading()


class _Model:
    """One entry of the file."""

    def __init__(self, book: Notebook, key: str, entry: Mapping[str, Any]) -> None:
        self.book, self.key, self.entry = book, key, entry
        self.seller: str = entry["litellm_provider"]
        self.model = key.removeprefix(f"{self.seller}/")

    def read(self) -> None:
        """The object with its tiers and its cheap hours."""
        self._fields(self.entry, "", Conditions(window="peak" if "off_peak_pricing" in self.entry else None))
        for tier in _list(self.entry.get("tiered_pricing")):
            self._tier(tier)
        cheap = self.entry.get("off_peak_pricing")
        if isinstance(cheap, dict):
            prices = {name: value for name, value in cheap.items() if name not in _TIME_KEYS}
            if self._are_prices(prices, "off_peak_pricing"):
                self._fields(prices, "off_peak_pricing.", Conditions(window="off_peak"))

    def _tier(self, tier: Mapping[str, Any]) -> None:
        """One element of `tiered_pricing`; `range` is in tokens, `max_results_range` in results of a search."""
        prices = {name: value for name, value in tier.items() if name not in {"range", "max_results_range"}}
        if not self._are_prices(prices, "tiered_pricing"):
            return
        results = tier.get("max_results_range")
        if "range" not in tier and results is not None:
            self._fields(prices, "tiered_pricing.", Conditions(other=f"results {results[0]} to {results[-1]}"))
            return
        ends = [read_amount(end) for end in tier.get("range") or ()]
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            self.book.refuse("tiered_pricing", f"{self.key} tiered_pricing", "its range is not two numbers")
            return
        span = TokenRange(gt=int(ends[0]) or None, lte=int(ends[1]))
        self._fields(prices, "tiered_pricing.", Conditions(context_tokens=span))

    def _are_prices(self, prices: Mapping[str, Any], where: str) -> bool:
        """Whether a nested object holds prices only: a key that is none may be a condition that nobody knows."""
        strange = next((name for name in prices if isinstance(read_field(name), str)), None)
        if strange is None:
            return True
        self.book.refuse(f"{where}.{strange}", f"{self.key} {where}", "unknown beside prices; none of them is read")
        return False

    def _fields(self, prices: Mapping[str, Any], path: str, given: Conditions) -> None:
        for name, value in prices.items():
            if name in {"tiered_pricing", "off_peak_pricing"}:
                continue
            use = read_field(name, self.entry.get("mode"))
            if use == "unknown":
                self.book.refuse(f"{path}{name}", f"{self.key} {path}{name}", "not in the grammar of field names")
            elif isinstance(use, Use):
                self._quote(f"{path}{name}", under(use, given), value)

    def _quote(self, path: str, use: Use, value: object) -> None:
        if isinstance(value, dict):  # a search costs by how much of its result is read
            for size, amount in value.items():
                other = Conditions(other=size.removeprefix("search_context_size_").replace("_", " "))
                self._quote(f"{path}.{size}", under(use, other), amount)
            return
        self.book.quote(self.seller, self.model, use, value, f"{self.key} {path}")


def _list(value: object) -> list[Mapping[str, Any]]:
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []
