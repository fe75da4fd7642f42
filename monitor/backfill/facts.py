"""Files of curated facts (`config/history/`) to facts: one `[[fact]]` a model and day, `docs/history.md` has the keys.

Only what a source says is entered, never what follows from it: intervals and kinds of change are worked out in
`monitor.backfill.timeline`. An unknown key is refused, because a misspelt one would be a wrong price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast, get_args

from monitor.toml_lines import line_of, read_toml
from scrapers.catalog import CONFIG_DIR, ConfigError, nearest
from scrapers.rates import METERS, UNITS, Conditions
from storage.past import Confidence

SHIPPED_HISTORY = CONFIG_DIR / "history"

_FILE_KEYS = {"market", "currency", "fact"}
_KEYS = {
    "on", "model", "names", "was", "market", "currency", "per", "unit", "tier", "conditions", "old", "new", "until",
    "predecessor", "promo", "splits", "source", "confidence",
}  # fmt: skip
_CONDITIONS = {"context_tokens", "output_tokens", "cache_ttl", "mode", "window", "region", "other"}
_CONDITION_WORDS = {"mode": ("thinking", "non_thinking"), "window": ("peak", "off_peak")}
_AMOUNT = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Fact:
    """What a source says of one model on one day.

    Attributes:
        on: since when the new prices hold (UTC); a plain day is its first moment.
        names: what else the model is called.
        was: the name under which it was sold until then, or "".
        old: meter to the price before; of a successor that of its predecessor, of a promotion the regular price.
        new: meter to the price since; zero is free.
        until: when the new prices end, None when nobody says.
        is_promo: the new prices are for a time, or for some hours beside the regular ones.
        splits: these prices of certain hours or uses take the place of the one price before.

    """

    provider: str
    market: str
    on: datetime
    model: str
    currency: str
    per: Decimal
    unit: str
    tier: str
    conditions: Conditions
    old: Mapping[str, Decimal]
    new: Mapping[str, Decimal]
    source: str
    confidence: Confidence = "high"
    names: tuple[str, ...] = ()
    was: str = ""
    until: datetime | None = None
    predecessor: str | None = None
    is_promo: bool = False
    splits: bool = False


def load_facts(path: Path) -> tuple[Fact, ...]:
    """The facts of one file; its name is the provider's id.

    Raises:
        ConfigError: the file cannot be read or says something unknown; the message names file and line.

    """
    text, said = read_toml(path)
    file = _File(path, text)
    file.refuse_unknown(said, _FILE_KEYS, ())
    facts = said.get("fact")
    if not isinstance(facts, list) or not facts:
        raise ConfigError(f"{path}: no fact is in it; write a [[fact]] table for each, as docs/history.md shows")
    return tuple(
        _Table({"market": "intl", **{k: v for k, v in said.items() if k != "fact"}, **raw}, file, number).fact()
        for number, raw in enumerate(facts)
    )


def fact_files(folder: Path = SHIPPED_HISTORY) -> list[Path]:
    """The files of a folder, in the order of their names.

    Raises:
        ConfigError: there are none.

    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder}: holds no .toml file with facts; name the folder with --from")
    return files


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    text: str

    def wrong(self, loc: tuple[str | int, ...], words: str) -> ConfigError:
        line = line_of(self.text, loc)
        return ConfigError(f"{self.path}{'' if line is None else f', line {line}'}: {words}")

    def refuse_unknown(self, raw: Mapping[str, Any], known: set[str], loc: tuple[str | int, ...]) -> None:
        for key in raw:
            if key not in known:
                words = f"unknown key {key!r}{nearest(key, known)}; known are {', '.join(sorted(known))}"
                raise self.wrong((*loc, key), words)


@dataclass(frozen=True, slots=True)
class _Table:
    """One `[[fact]]` table over the keys of its file."""

    raw: Mapping[str, Any]
    file: _File
    number: int

    def fact(self) -> Fact:
        self.file.refuse_unknown(self.raw, _KEYS, ("fact", self.number))
        new = self._prices("new")
        if not new:
            raise self._wrong("new", 'say what it costs since then, as new = { input = "1", output = "2" }')
        old = self._prices("old")
        for meter in old.keys() - new.keys():
            raise self._wrong("old", f"it has an old price of {meter} and no new one; enter both, or neither")
        on = self._moment("on")
        if on is None:
            raise self._wrong("on", "say since when, as on = 2024-05-11")
        return Fact(
            provider=self.file.path.stem,
            market=self._word("market"),
            on=on,
            model=self._word("model"),
            currency=self._word("currency"),
            per=self._amount("per", self.raw.get("per", "1000000")),
            unit=self._one_of("unit", UNITS, "token"),
            tier=self._word("tier", "standard"),
            conditions=self._conditions(),
            old=old,
            new=new,
            source=self._word("source"),
            confidence=cast("Confidence", self._one_of("confidence", get_args(Confidence), "high")),
            names=tuple(str(name) for name in self.raw.get("names", ())),
            was=self._word("was", ""),
            until=self._moment("until"),
            predecessor=self._word("predecessor", "") or None,
            is_promo=bool(self.raw.get("promo", False)),
            splits=bool(self.raw.get("splits", False)),
        )

    def _wrong(self, key: str, words: str) -> ConfigError:
        return self.file.wrong(("fact", self.number, key), f"{key}: {words}")

    def _word(self, key: str, default: str | None = None) -> str:
        value = self.raw.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self._wrong(key, "say it as a text in quotes")
        return value.strip()

    def _one_of(self, key: str, known: tuple[str, ...], default: str) -> str:
        word = self._word(key, default)
        if word not in known:
            raise self._wrong(key, f"{word!r} is not known{nearest(word, known)}; known are {', '.join(known)}")
        return word

    def _moment(self, key: str) -> datetime | None:
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if isinstance(value, date) and not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        raise self._wrong(key, "write it without quotes, as 2024-05-11 or 2025-09-05T16:00:00Z")

    def _prices(self, key: str) -> dict[str, Decimal]:
        said = self.raw.get(key, {})
        if not isinstance(said, dict):
            raise self._wrong(key, 'write it as { input = "1", output = "2" }')
        for meter in said:
            if meter not in METERS:
                raise self._wrong(key, f"{meter!r} is no meter{nearest(meter, METERS)}; known are {', '.join(METERS)}")
        return {meter: self._amount(key, amount) for meter, amount in said.items()}

    def _amount(self, key: str, value: object) -> Decimal:
        if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
            raise self._wrong(key, f'{value!r} is no exact amount; write it in quotes, as "0.8"')
        return Decimal(value)

    def _conditions(self) -> Conditions:
        said = self.raw.get("conditions", {})
        self.file.refuse_unknown(said, _CONDITIONS, ("fact", self.number, "conditions"))
        for name, known in _CONDITION_WORDS.items():
            if said.get(name, known[0]) not in known:
                raise self._wrong("conditions", f"{name} is {' or '.join(known)}, not {said[name]!r}")
        return Conditions.from_json(said)
