"""Lineages: models of one provider that took each other's place, as its file declares them in `[[lineage]]`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scrapers.catalog import Provider
from scrapers.rates import model_key


@dataclass(frozen=True, slots=True)
class Lineage:
    """A first model and all that took its place, by folded name with how many steps from the first each stands."""

    provider: str
    first: str
    steps: tuple[tuple[str, int], ...]

    @property
    def id(self) -> str:
        """What it is called on the command line: `openai/gpt-4`; it stays when a successor comes."""
        return f"{self.provider}/{self.first}"


def lineages(providers: Iterable[Provider]) -> tuple[Lineage, ...]:
    """The lineages of some providers; where two models took one's place, both are of its lineage."""
    found = []
    for provider in providers:
        after: dict[str, list[str]] = {}
        for successor in provider.successors:
            after.setdefault(model_key(successor.predecessor), []).append(model_key(successor.model))
        later = {key for keys in after.values() for key in keys}
        names = {model_key(each.predecessor): each.predecessor for each in provider.successors}
        found += [
            Lineage(provider.id, name, tuple(_depths(key, after).items()))
            for key, name in names.items()
            if key not in later
        ]
    return tuple(found)


def _depths(first: str, after: dict[str, list[str]]) -> dict[str, int]:
    """Each model with the longest way to it; a declared circle is walked once."""
    depths = {first: 0}
    ways: list[tuple[str, ...]] = [(first,)]
    for way in ways:
        for key in after.get(way[-1], ()):
            if key not in way:
                depths[key] = max(depths.get(key, 0), len(way))
                ways.append((*way, key))
    return depths
