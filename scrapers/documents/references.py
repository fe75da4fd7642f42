"""Payloads that write every value once and refer to it by its number: those of Nuxt 3 and of SvelteKit.

The first value is the root. Inside of an object or list a whole number is the place of a value in the list; a list that
begins with a word is a wrapper ("Reactive", "Ref", "Set", "Date") of what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

_MAX_DEPTH = 60
_MAX_VALUES = 200_000


def without_references(value: Any) -> Any:
    """The document with its values in their places; one that is not written so comes back as it is.

    >>> without_references([{"models": Decimal(1)}, [Decimal(2)], {"name": Decimal(3)}, "nova"])
    {'models': [{'name': 'nova'}]}
    >>> without_references([{"name": "nova"}])
    [{'name': 'nova'}]
    """
    if _is_referred(value):
        return _Values(value).at(0, 0)
    if isinstance(value, dict) and isinstance(value.get("nodes"), list):
        nodes = [node for node in value["nodes"] if isinstance(node, dict) and _is_referred(node.get("data"))]
        if nodes:
            return [without_references(node["data"]) for node in nodes]
    return value


def _is_referred(value: object) -> bool:
    if not isinstance(value, list) or not 1 < len(value) <= _MAX_VALUES:
        return False
    root = value[0]
    if not isinstance(root, dict | list) or not _inside(root):
        return False
    return _is_flat(root, value) and all(_is_flat(one, value) for one in value if isinstance(one, dict))


def _inside(one: dict[str, object] | list[object]) -> list[object]:
    """What an object or list holds, without the word in front of a wrapper."""
    if isinstance(one, dict):
        return list(one.values())
    return one[1:] if one and isinstance(one[0], str) else one


def _is_flat(one: dict[str, object] | list[object], values: Sequence[object]) -> bool:
    """Whether it holds nothing but places, as all do where every value is written once."""
    return all(_is_place(each, values) for each in _inside(one))


def _is_place(one: object, values: Sequence[object]) -> bool:
    return isinstance(one, Decimal) and one == one.to_integral_value() and -7 <= one < len(values)


class _Values:
    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._left = _MAX_VALUES

    def at(self, place: int, depth: int) -> Any:
        self._left -= 1
        if place < 0 or depth > _MAX_DEPTH or self._left < 0:
            return None
        value = self._values[place]
        if isinstance(value, dict):
            return {key: self._follow(one, depth) for key, one in value.items()}
        if isinstance(value, list):
            if value and isinstance(value[0], str):
                return self._follow(value[1], depth) if len(value) == 2 and _is_place(value[1], self._values) else None
            return [self._follow(one, depth) for one in value]
        return value

    def _follow(self, one: object, depth: int) -> Any:
        return self.at(int(one), depth + 1) if isinstance(one, Decimal) and _is_place(one, self._values) else one
