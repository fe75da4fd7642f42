"""Ranges of tokens that objects name: by keys such as `min_prompt_tokens`, by a list of tiers, or in an entry's name.

The bounds of a tier are tokens only where they are as large as prompts get; a list whose bounds may count something
else (requests, a month's volume) is not read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from scrapers.rates import TokenRange
from scrapers.reading.keys import MOST_TOKENS, PRICE_WORDS, is_number, names_price
from scrapers.reading.tiers import find_ranges

_AT_LEAST = re.compile(r"(?:^|\s)(?:min|minimum|from|at least|above eq)(?:\s.*)?\Z")
_AT_MOST = re.compile(r"(?:^|\s)(?:max|maximum|up to|to|until)(?:\s.*)?\Z")
_MORE_THAN = re.compile(r"(?:^|\s)(?:threshold|above|over|gt|greater than)(?:\s.*)?\Z")
_TIERS = re.compile(r"\s*\btiers?\Z")
_TIER_KEYS = {"min", "max", "from", "to"}
_LEAST_PROMPT, _MOST_PROMPT = 1000, 100_000_000


@lru_cache(maxsize=5_000)
def bound_of(word: str) -> str | None:
    """Which bound of a range of tokens a key names: "min", "max" or "over"; None for another key."""
    if "output" in word or "completion" in word or "image" in word or names_price(word):
        return None
    if word == "start":
        return "over"
    if not re.search(r"token|prompt|context|input|threshold|length", word):
        return None
    if _MORE_THAN.search(word):
        return "over"
    if _AT_LEAST.search(word):
        return "min"
    return "max" if _AT_MOST.search(word) else None


def range_of(fields: Mapping[str, Any], words: Mapping[str, str]) -> TokenRange | None:
    """The range of prompt lengths for which the amounts of an object hold, from keys such as `min_prompt_tokens`."""
    low: int | None = None
    high: int | None = None
    directions = {"prompt", "completion", "input", "output"}
    if not any(names_price(word) or word in directions for word in words.values()):
        return None
    for key, value in fields.items():
        if not is_number(value) or not 0 <= value < MOST_TOKENS:
            continue
        bound = bound_of(words[key])
        if bound == "min":
            low = int(value) - 1
        elif bound == "over":
            low = int(value)
        elif bound == "max":
            high = int(value)
    low = None if low is not None and low <= 0 else low
    return None if low is None and high is None else TokenRange(low, high)


def range_in_name(name: str) -> TokenRange | None:
    """The range that an entry's name compares with: of a plain length nothing is said.

    >>> range_in_name("Nova Pro >200k"), range_in_name("Nova Pro 1M+")
    (TokenRange(gt=200000, lte=None), None)
    """
    for one in find_ranges(name):
        if one.axis == "context" and not name[one.start : one.end].rstrip().endswith("+"):
            return one.tokens(None)
    return None


@lru_cache(maxsize=5_000)
def tiered_key(word: str) -> str | None:
    """The key whose tiers another key holds: "input tiers" has those of "input"."""
    stem = _TIERS.sub("", word)
    return stem if stem and stem != word else None


def tiers_of(value: object) -> tuple[tuple[str, TokenRange | None], ...] | None:
    """The key of the price and the range of each tier in a list; None where the list is not understood.

    A tier begins with its `min`; its `max` belongs to the next tier where that begins with the same number.
    """
    if not isinstance(value, list) or not all(isinstance(tier, dict) for tier in value):
        return None
    starts = {tier.get("min", tier.get("from")) for tier in value}
    read = [_tier(tier, starts) for tier in value]
    return None if not read or None in read else tuple(tier for tier in read if tier is not None)


def _tier(tier: Mapping[str, Any], starts: set[object]) -> tuple[str, TokenRange | None] | None:
    prices = [key for key in tier if key.casefold() in PRICE_WORDS]
    low, high = tier.get("min", tier.get("from")), tier.get("max", tier.get("to"))
    if len(prices) != 1 or set(tier) - {*prices, *_TIER_KEYS} or not all(map(_is_length, (low, high))):
        return None
    gt = int(low) - 1 if low else None
    lte = None if high is None else int(high) - (high in starts)
    return prices[0], None if gt is None and lte is None else TokenRange(gt, lte)


def _is_length(bound: object) -> bool:
    return bound is None or (is_number(bound) and (bound == 0 or _LEAST_PROMPT <= bound <= _MOST_PROMPT))  # type: ignore[operator]  # a number


def join_bands(bands: Collection[TokenRange | None]) -> TokenRange | None:
    """The one range that several cover together; None where one is open in both ways or a gap is left.

    >>> join_bands([TokenRange(32_000, 128_000), TokenRange(0, 32_000)])
    TokenRange(gt=0, lte=128000)
    >>> join_bands([TokenRange(0, 32_000), TokenRange(64_000, None)]) is None
    True
    """
    known = sorted((band for band in bands if band is not None), key=lambda band: band.gt or 0)
    if len(known) < len(bands) or any(one.lte != other.gt for one, other in itertools.pairwise(known)):
        return None
    return TokenRange(known[0].gt, known[-1].lte) if known else None
