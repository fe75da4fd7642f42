"""Names that move while prices stay: renamed models, moved aliases, declared successors.

A rename needs equal prices *and* names that say the same thing: the same version numbers and mostly the same words. A
new model at its predecessor's price (Sonnet 4.5 and Sonnet 4) is a launch and a removal, never a rename.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.diff import Price, price_of
from scrapers.catalog import Provider
from scrapers.rates import Rate, model_key

_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_JOINT = re.compile(r" / |, |、| and | & ")
_DATE_DIGITS = 4
_MONTH = re.compile(r"(?<!\d)2\d (?:0[1-9]|1[0-2])(?!\d)")  # "mistral large 24 11"
_FLOATING = {"latest", "default", "stable"}


@dataclass(frozen=True, slots=True)
class Rename:
    """A model that left the page and came back under another name with the same prices."""

    old: tuple[Rate, ...]
    new: tuple[Rate, ...]


def find_renames(provider: Provider, old: Sequence[Rate], new: Sequence[Rate]) -> tuple[Rename, ...]:
    """Models of which only the name changed, each at most once."""
    before, after = by_model(old), by_model(new)
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    declared = {(model_key(a), model_key(b)) for a, b in provider.aliases}
    lineage = {(model_key(s.predecessor), model_key(s.model)) for s in provider.successors}
    prices = {name: vector(after[name]) for name in come}
    renames = []
    for name in sorted(gone):
        ours = vector(before[name])
        twins = [
            other
            for other in come
            if ours == prices[other]
            and (name, other) not in lineage
            and (means_same(name, other) or {(name, other), (other, name)} & declared)
        ]
        if twins:
            twin = max(twins, key=lambda other: (_overlap(name, other), other))
            come.remove(twin)
            renames.append(Rename(tuple(before[name]), tuple(after[twin])))
    return tuple(renames)


def split_joint_names(rates: Sequence[Rate], old: Sequence[Rate]) -> tuple[Rate, ...]:
    """Rates with one model each: "Opus 5 / Opus 4.8" is two when both names stand alone on the page or did before."""
    known = {rate.model_key for rate in (*rates, *old)}
    split: list[Rate] = []
    for rate in rates:
        parts = [part.strip() for part in _JOINT.split(rate.model)]
        is_joint = len(parts) > 1 and all(part and model_key(part) in known for part in parts)
        split += [replace(rate, model=part) for part in parts] if is_joint else [rate]
    return tuple(split)


def means_same(one: str, other: str) -> bool:
    """Whether two folded names name one model: equal version numbers, dates aside, and at least half of the words.

    >>> means_same("claude 3 opus", "claude opus 3"), means_same("glm 4", "glm 4 0520")
    (True, True)
    >>> means_same("mistral large", "mistral large 24 11"), means_same("mistral large 24 11", "mistral large 3")
    (True, False)
    >>> means_same("claude sonnet 4", "claude sonnet 4 5"), means_same("cogvideox 2", "cogvideox 3")
    (False, False)
    """
    return _versions(one) == _versions(other) and _overlap(one, other) >= 0.5


def points_elsewhere(provider: Provider, rates: Sequence[Rate], old: Sequence[Rate], new: Sequence[Rate]) -> str | None:
    """The model that an alias now points at, when an alias's prices became those of another model on the page.

    An alias is a name that floats ("... latest") or that the provider file declares; the other model's prices must
    not have moved themselves.
    """
    name = rates[0].model_key
    if not is_alias(provider, name):
        return None
    before, after = by_model(old), by_model(new)
    for other, prices in after.items():
        is_steady = other not in before or vector(before[other]) == vector(prices)
        if other != name and not is_alias(provider, other) and is_steady and vector(prices) == vector(after[name]):
            return prices[0].model
    return None


def is_alias(provider: Provider, name: str) -> bool:
    """Whether a folded model name is one that may point at another model tomorrow."""
    return bool(_FLOATING & set(_TOKEN.findall(name))) or name in {model_key(alias) for alias, _ in provider.aliases}


def predecessor_rate(
    provider: Provider, rate: Rate, old: Sequence[Rate], new: Sequence[Rate]
) -> tuple[str, Rate] | None:
    """The declared predecessor of a new model and its rate on the same meter, or None."""
    for successor in provider.successors:
        if model_key(successor.model) != rate.model_key:
            continue
        wanted = (model_key(successor.predecessor), *rate.identity[1:3])
        near = [r for r in (*old, *new) if r.identity[:3] == wanted and r.currency == rate.currency]
        found = next((r for r in near if r.conditions == rate.conditions), None)
        if found is not None:
            return successor.predecessor, found
    return None


def by_model(rates: Iterable[Rate]) -> dict[str, list[Rate]]:
    """Rates by folded model name, in the page's order."""
    models: dict[str, list[Rate]] = defaultdict(list)
    for rate in rates:
        models[rate.model_key].append(rate)
    return dict(models)


def vector(rates: Iterable[Rate]) -> Mapping[tuple[str, ...], Price]:
    """A model's prices without its name."""
    return {rate.identity[1:]: price_of(rate) for rate in rates}


def _versions(name: str) -> list[str]:
    """The numbers in a name that are no dates, sorted."""
    return sorted(t for t in _TOKEN.findall(_MONTH.sub("", name)) if t.isdigit() and len(t) < _DATE_DIGITS)


def _overlap(one: str, other: str) -> float:
    """How much of the words two names share, numbers aside."""
    ours = {t for t in _TOKEN.findall(one) if not t.isdigit()}
    theirs = {t for t in _TOKEN.findall(other) if not t.isdigit()}
    return len(ours & theirs) / max(1, len(ours | theirs))
