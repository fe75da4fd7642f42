"""models.dev's `api.json`: sellers by id, each with models by id, whose `cost` is dollars a million tokens.

`tiers` (`tier` says type and size) took the place of `context_over_200k`, which stays beside them for old readers and
says the same with a rounder threshold: where there are tiers it is not read. Prices of Chinese markets stand there
converted to dollars. Zero is also what a subscription's models have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from scrapers.feeds.prices import MILLION, FeedReading, Notebook, Use, above, parse_mapping, read_amount, under
from scrapers.rates import Conditions

_USES: dict[str, Use] = {
    "input": Use("input", MILLION),
    "output": Use("output", MILLION),
    "reasoning": Use("output", MILLION, conditions=Conditions(mode="thinking")),
    "cache_read": Use("cached_input", MILLION),
    "cache_write": Use("cache_write", MILLION),
    "input_audio": Use("audio_input", MILLION),
    "output_audio": Use("audio_output", MILLION),
    "per_minute": Use("speech", Decimal(1), "minute"),
}
_NESTED = {"tiers", "context_over_200k", "tier"}
_MODES = {"fast": "priority"}
_SHAPE = "an object of providers with `models`, as models.dev's api.json is"


def read_models_dev(document: object) -> FeedReading:
    """All prices of the file; the seller is the provider's id.

    Raises:
        FeedError: the document has another shape.

    """
    book = Notebook()
    for seller, provider in parse_mapping(document, "models.dev", _SHAPE).items():
        models = provider.get("models") if isinstance(provider, dict) else None
        for model, entry in models.items() if isinstance(models, dict) else ():
            if isinstance(entry, dict):
                _Model(book, seller, model, entry).read()
    return book.reading()


class _Model:
    """One model of one seller."""

    def __init__(self, book: Notebook, seller: str, model: str, entry: Mapping[str, Any]) -> None:
        self.book, self.seller, self.model, self.entry = book, seller, model, entry
        self.names = (str(entry.get("name", "")),)

    def read(self) -> None:
        """The price object with its tiers, then those of other modes."""
        self._cost(self.entry.get("cost"), "", "standard")
        for mode, said in _mapping(_mapping(self.entry.get("experimental")).get("modes")).items():
            self._cost(_mapping(said).get("cost"), f"modes.{mode}.", _MODES.get(mode, mode))

    def _cost(self, cost: object, path: str, tier: str) -> None:
        cost = _mapping(cost)
        self._note(cost, path, tier, Conditions())
        tiers = cost.get("tiers")
        for step in tiers if isinstance(tiers, list) else ():
            said = _mapping(_mapping(step).get("tier"))
            size = read_amount(said.get("size")) if said.get("type") == "context" else None
            if size is None or set(said) != {"type", "size"}:
                why = f"a tier that is not one of the context's length: {dict(said)}"
                self.book.refuse(f"{path}tiers", f"{self.seller}/{self.model} {path}tiers", why)
            else:
                self._note(step, f"{path}tiers.", tier, above(int(size)))
        if not tiers:
            self._note(_mapping(cost.get("context_over_200k")), f"{path}context_over_200k.", tier, above(200_000))

    def _note(self, cost: Mapping[str, Any], path: str, tier: str, given: Conditions) -> None:
        for key, value in cost.items():
            where = f"{self.seller}/{self.model} {path}{key}"
            if key in _USES:
                use = replace(under(_USES[key], given), service_tier=tier)
                self.book.quote(self.seller, self.model, use, value, where, names=self.names)
            elif key not in _NESTED:
                self.book.refuse(f"{path}{key}", where, "not a known key of `cost`")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
