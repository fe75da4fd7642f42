"""Classes of models that can do the same work, as `config/classes.toml` declares them.

A class is closed upward: what belongs to a class that another one names in `above` belongs to that one too. A file
`classes.toml` beside the settings takes the place of the shipped one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from monitor.toml_lines import line_of, read_toml
from scrapers.catalog import CONFIG_DIR, ConfigError, nearest
from scrapers.rates import model_key

SHIPPED_CLASSES = CONFIG_DIR / "classes.toml"

_KEYS = {
    "class": ("id", "name", "reason", "above", "member"),
    "member": ("models", "providers", "since", "until", "reason"),
    "expected": ("fall_percent", "source"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """Models of a class and why they are in it; patterns hold for names folded by `model_key`.

    Attributes:
        providers: who may sell it, any seller where none is named.
        since: from this day on (UTC), where a name meant a lesser model before.
        until: up to this day, where it means another one after.

    """

    models: tuple[str, ...]
    reason: str
    providers: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def names(self, provider: str | None, key: str) -> bool:
        """Whether it is about a seller's model, by the model's folded name; without a seller, about anybody's."""
        is_seller = not self.providers or provider is None or provider in self.providers
        return is_seller and any(fnmatchcase(key, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True)
class CapabilityClass:
    """Models that can do the same work; `reason` says by which measure."""

    id: str
    name: str
    reason: str
    members: tuple[Member, ...]

    def memberships(self, provider: str, model: str) -> tuple[Member, ...]:
        """Why a seller's model is in the class, and when; none where it is not."""
        return _memberships(self.members, provider, model_key(model))

    def has(self, provider: str, model: str, on: date) -> bool:
        """Whether a seller's model is in the class on a day."""
        return any(
            (member.since is None or member.since <= on) and (member.until is None or on < member.until)
            for member in self.memberships(provider, model)
        )


@lru_cache(maxsize=8192)  # an index asks for each price of a model
def _memberships(members: tuple[Member, ...], provider: str, key: str) -> tuple[Member, ...]:
    return tuple(member for member in members if member.names(provider, key))


@dataclass(frozen=True, slots=True)
class Classes:
    """All classes, and what fall of prices was expected: percent a year from `low` to `high`, by `source`."""

    classes: tuple[CapabilityClass, ...]
    low: Decimal
    high: Decimal
    source: str

    def named(self, name: str) -> CapabilityClass:
        """The class of an id.

        Raises:
            ConfigError: there is none.

        """
        known = {each.id: each for each in self.classes}
        if name not in known:
            raise ConfigError(f"no class is called {name!r}{nearest(name, known)}; known are {', '.join(known)}")
        return known[name]


def load_classes(folder: Path | None = None) -> Classes:
    """The classes of the user's `classes.toml` in `folder`, else the shipped ones.

    Raises:
        ConfigError: the file is no TOML or says something unknown; the message names file and line.

    """
    own = None if folder is None else folder / SHIPPED_CLASSES.name
    path = own if own is not None and own.exists() else SHIPPED_CLASSES
    text, data = read_toml(path)
    return _Reader(path, text).classes(data)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One file; its errors name the line."""

    path: Path
    text: str

    def classes(self, data: Mapping[str, Any]) -> Classes:
        self._known(data, ("expected", "class"), ())
        expected = data.get("expected", {})
        self._known(expected, _KEYS["expected"], ("expected",))
        band = expected.get("fall_percent")
        if not (isinstance(band, list) and len(band) == 2 and all(type(edge) in {int, float} for edge in band)):
            raise self._wrong("`fall_percent` is two numbers, such as [50, 75]", ("expected", "fall_percent"))
        raw = list(self._tables(data.get("class", []), ("class",)))
        own = {}
        above: dict[str, tuple[str, ...]] = {}
        for number, said in enumerate(raw):
            read = self._class(said, ("class", number))
            if read.id in own:
                raise self._wrong(f"the class {read.id!r} is there twice", ("class", number, "id"))
            own[read.id], above[read.id] = read, self._words(said, "above", ("class", number))
        for number, name in enumerate(own):
            for other in above[name]:
                if other not in own:
                    raise self._wrong(f"no class is called {other!r}{nearest(other, own)}", ("class", number, "above"))
        closed = tuple(
            CapabilityClass(
                each.id, each.name, each.reason, tuple(m for one in _closure(each.id, above) for m in own[one].members)
            )
            for each in own.values()
        )
        low, high = sorted(Decimal(str(edge)) for edge in band)
        return Classes(closed, low, high, str(expected.get("source", "")))

    def _class(self, said: Mapping[str, Any], at: tuple[str | int, ...]) -> CapabilityClass:
        self._known(said, _KEYS["class"], at)
        members = tuple(
            self._member(one, (*at, "member", number))
            for number, one in enumerate(self._tables(said.get("member", []), (*at, "member")))
        )
        return CapabilityClass(
            self._text(said, "id", at), self._text(said, "name", at), self._text(said, "reason", at), members
        )

    def _member(self, said: Mapping[str, Any], at: tuple[str | int, ...]) -> Member:
        self._known(said, _KEYS["member"], at)
        days = {name: said.get(name) for name in ("since", "until")}
        for name, day in days.items():
            if day is not None and type(day) is not date:
                raise self._wrong(f"`{name}` is a day, such as 2024-12-26", (*at, name))
        models = self._words(said, "models", at)
        if not models:
            raise self._wrong('a member names `models = ["gpt-4o", "gpt-4o-2024-*"]`', at)
        return Member(
            tuple(model_key(name) for name in models),
            self._text(said, "reason", at),
            self._words(said, "providers", at),
            days["since"],
            days["until"],
        )

    def _tables(self, value: Any, at: tuple[str | int, ...]) -> Iterable[Mapping[str, Any]]:
        if not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            raise self._wrong(f"write `[[{'.'.join(str(part) for part in at if isinstance(part, str))}]]`", at)
        return value

    def _words(self, said: Mapping[str, Any], key: str, at: tuple[str | int, ...]) -> tuple[str, ...]:
        value = said.get(key, [])
        if not (isinstance(value, list) and all(isinstance(word, str) and word for word in value)):
            raise self._wrong(f'`{key}` is a list of words, such as ["one", "two"]', (*at, key))
        return tuple(value)

    def _text(self, said: Mapping[str, Any], key: str, at: tuple[str | int, ...]) -> str:
        value = said.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(f"say `{key}` in words", (*at, key))
        return value

    def _known(self, said: Mapping[str, Any], keys: Sequence[str], at: tuple[str | int, ...]) -> None:
        for key in said:
            if key not in keys:
                raise self._wrong(f"unknown key {key!r}{nearest(key, keys)}; known are {', '.join(keys)}", (*at, key))

    def _wrong(self, words: str, at: tuple[str | int, ...]) -> ConfigError:
        line = line_of(self.text, at)
        return ConfigError(f"{self.path}{'' if line is None else f', line {line}'}: {words}")


def _closure(name: str, above: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A class and all that stand above it, each once."""
    found = [name]
    for one in found:
        found += [other for other in above[one] if other not in found]
    return found
