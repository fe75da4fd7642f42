"""What the entries of one list have in common: an entry without a key that nearly all others hold has lost it.

A lost price is only told of. An entry that lost what names its model, or the unit, currency or region of its prices,
is refused: a second name or a default of the page would make another price of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrapers.rates import Complaint
from scrapers.reading.keys import CURRENCY_KEYS, MODEL_KEYS, PRICE_WORDS, REGION_KEYS, UNIT_KEYS, words_of
from scrapers.reading.labels import Scope

Path = tuple[str, ...]

_LEAST = 2  # entries of a list before the absence of a key says anything
_SHARE = 0.95
_DEPTH = 4
_SAYS_WHAT = UNIT_KEYS | CURRENCY_KEYS | REGION_KEYS | {"product name"}  # whose name a version goes on


@dataclass(frozen=True, slots=True)
class Habits:
    """The paths of keys that nearly all entries of a list hold: those of prices, and those that say what is priced."""

    prices: frozenset[Path] = frozenset()
    telling: frozenset[Path] = frozenset()


def habits_of(entries: Sequence[Mapping[str, Any]], scope: Scope) -> Habits:
    """What nearly all of some entries hold, or one of two; nothing for one entry and for such as state no prices."""
    if len(entries) < _LEAST:
        return Habits()
    counts = Counter(path for entry in entries for path in {(), *_paths(entry, ())})
    parts = {path: (count, counts[path[:-1]]) for path, count in counts.items() if path}
    usual = [path for path, (count, whole) in parts.items() if count >= _SHARE * whole or count == whole - 1]
    prices = frozenset(path for path in usual if _is_price(path, scope))
    words = {words_of(path[0]).casefold(): path for path in usual if len(path) == 1}
    name = next((words[wanted] for wanted in MODEL_KEYS if wanted in words), None)
    telling = {path for path in usual if path == name or words_of(path[-1]).casefold() in _SAYS_WHAT}
    sure = {path for path in prices if parts[path][0] >= _SHARE * parts[path][1]}  # of few models one may lack a meter
    return Habits(frozenset(sure), frozenset(telling)) if prices else Habits()


def missing_keys(entry: Mapping[str, Any], habits: Habits, locator: str) -> tuple[tuple[Complaint, ...], bool]:
    """A complaint on the keys that an entry has lost, if any, and whether it cannot be read without them."""
    own = {(), *_paths(entry, ())} if habits.telling or habits.prices else set()
    lost = [path for path in sorted(habits.telling | habits.prices) if path not in own and path[:-1] in own]
    if not lost:
        return (), False
    names = ", ".join(repr(".".join(path)) for path in lost)
    message = f"the entry lacks {names}, which nearly all beside it have; if it is right so, add it to ignore_models"
    return (Complaint("ragged_row", message, "", locator),), not habits.telling.isdisjoint(lost)


def _paths(fields: Mapping[str, Any], above: Path) -> Iterator[Path]:
    """The keys of an entry and those below them; of a list of objects such as each of them holds."""
    for key, value in fields.items():
        if value is None or value == "":
            continue
        path = (*above, key)
        yield path
        inner = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
        parts = [set(_paths(one, path)) for one in inner if isinstance(one, Mapping)] if len(path) < _DEPTH else []
        yield from set.intersection(*parts) if parts else ()


def _is_price(path: Path, scope: Scope) -> bool:
    words = words_of(path[-1])
    label = scope.label(words)
    says_meter = bool(label.direction or label.cache) and not label.unknown and not label.roles & {"ignore", "foreign"}
    return says_meter or bool(PRICE_WORDS & set(words.casefold().split()))
