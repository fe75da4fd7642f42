"""The nouns: a rate is what one meter of one model costs under conditions, as printed.

Amounts are exact decimals and never floats. `Rate.identity` says which prices are the same thing at two times,
`Rate.value` whether it changed; provenance is part of neither.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

from scrapers.windows import Window

State = Literal["priced", "free", "included", "contact", "dynamic"]

METERS = (
    "input",
    "output",
    "cached_input",
    "cache_write",
    "cache_storage",
    "audio_input",
    "audio_output",
    "cached_audio_input",
    "image_input",
    "image_output",
    "cached_image_input",
    "video_input",
    "image",
    "video",
    "speech",
    "request",
    "search",
    "page",
    "training",
    "rerank",
    "other",
)
UNITS = (
    "token",
    "token_hour",
    "character",
    "image",
    "video",
    "second",
    "minute",
    "hour",
    "request",
    "page",
    "other",
)
STATES: tuple[State, ...] = ("priced", "free", "included", "contact", "dynamic")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@lru_cache(maxsize=20_000)
def _per_one(amount: Decimal, per: Decimal, unit: str | None) -> Fraction:
    """The price of one token, character, second, ...: pages repeat their amounts, and fractions are slow to make."""
    return Fraction(amount) / Fraction(per) / _SECONDS.get(unit or "", 1)


@dataclass(frozen=True, slots=True)
class TokenRange:
    """A range of tokens: more than `gt` and at most `lte`; None is no bound."""

    gt: int | None = None
    lte: int | None = None

    def to_json(self) -> dict[str, int | None]:
        return {"gt": self.gt, "lte": self.lte}

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> TokenRange | None:
        return None if value is None else cls(value.get("gt"), value.get("lte"))


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rate holds; an absent condition means "any"."""

    context_tokens: TokenRange | None = None
    output_tokens: TokenRange | None = None
    cache_ttl: str | None = None
    mode: Literal["thinking", "non_thinking"] | None = None
    window: Literal["peak", "off_peak"] | None = None
    region: str | None = None
    other: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The contract's object: only what is said."""
        said: dict[str, Any] = {}
        for name in ("context_tokens", "output_tokens"):
            span: TokenRange | None = getattr(self, name)
            if span is not None:
                said[name] = span.to_json()
        for name in ("cache_ttl", "mode", "window", "region", "other"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        return said

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Conditions:
        words = {name: value.get(name) for name in ("cache_ttl", "mode", "window", "region", "other")}
        return cls(
            TokenRange.from_json(value.get("context_tokens")), TokenRange.from_json(value.get("output_tokens")), **words
        )

    @property
    def key(self) -> str:
        """Canonical text, equal exactly when the conditions are."""
        return _conditions_key(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that a rate was read from, as printed, and where they stand."""

    quote: str
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """One price as printed: `amount` `currency` buys `per` `unit` of `meter` of `model`.

    `valid_from` and `valid_until` are aware UTC instants that the page states; a rate whose `valid_from` lies after
    the capture is announced and not in force.
    """

    model: str
    meter: str
    state: State
    amount: Decimal | None
    currency: str | None
    per: Decimal | None
    unit: str | None
    service_tier: str = "standard"
    conditions: Conditions = field(default_factory=Conditions)
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    list_amount: Decimal | None = None
    flags: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=lambda: Evidence(""))

    @property
    def unit_price(self) -> Fraction | None:
        """Price of one token, character, second, ... as an exact fraction; free is zero, an unknown price None."""
        if self.state == "free":
            return Fraction(0)
        if self.amount is None or self.per is None:
            return None
        return _per_one(self.amount, self.per, self.unit)

    @property
    def model_key(self) -> str:
        """The model's name folded for comparison."""
        return model_key(self.model)

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """What stays the same while a price moves: model, meter, service tier, conditions, currency."""
        return (self.model_key, self.meter, self.service_tier, self.conditions.key, self.currency or "")

    @property
    def value(self) -> tuple[Any, ...]:
        """What a change changes: state, price of one unit, list price of one unit, validity."""
        struck = None
        if self.list_amount is not None and self.per is not None:
            struck = _per_one(self.list_amount, self.per, self.unit)
        unit = "second" if self.unit in _SECONDS else self.unit
        return (
            self.state,
            self.unit_price,
            unit if self.unit_price else None,
            struck,
            self.valid_from,
            self.valid_until,
        )

    def is_in_force(self, at: datetime) -> bool:
        """Whether the page says that the rate holds at this instant."""
        started = self.valid_from is None or self.valid_from <= at
        return started and (self.valid_until is None or at < self.valid_until)

    def to_json(self) -> dict[str, Any]:
        """The contract's object for one rate."""
        return {
            "model": self.model,
            "meter": self.meter,
            "state": self.state,
            "amount": None if self.amount is None else format_decimal(self.amount),
            "currency": self.currency,
            "per": None if self.per is None else format_decimal(self.per),
            "unit": self.unit,
            "service_tier": self.service_tier,
            "conditions": self.conditions.to_json(),
            "valid_from": format_instant(self.valid_from),
            "valid_until": format_instant(self.valid_until),
            "list_amount": None if self.list_amount is None else format_decimal(self.list_amount),
            "flags": list(self.flags),
            "evidence": {"quote": self.evidence.quote, "locator": self.evidence.locator},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Rate:
        """The rate that `to_json` wrote."""
        evidence = value.get("evidence") or {}
        return cls(
            model=value["model"],
            meter=value["meter"],
            state=value["state"],
            amount=_decimal(value.get("amount")),
            currency=value.get("currency"),
            per=_decimal(value.get("per")),
            unit=value.get("unit"),
            service_tier=value.get("service_tier") or "standard",
            conditions=Conditions.from_json(value.get("conditions") or {}),
            valid_from=parse_instant(value.get("valid_from")),
            valid_until=parse_instant(value.get("valid_until")),
            list_amount=_decimal(value.get("list_amount")),
            flags=tuple(value.get("flags") or ()),
            evidence=Evidence(evidence.get("quote", ""), evidence.get("locator", "")),
        )


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something on a page that was seen and not understood, or understood and not believed.

    `kind` is one of `unknown_column`, `unknown_unit`, `unknown_currency`, `unreadable_price`, `ragged_row`,
    `conflict`, `unread_amount`, `incomplete`, `expectation`.
    """

    kind: str
    message: str
    quote: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Retirement:
    """A page's word that a model ends; `retires_at` is the aware UTC instant that it names, None when it names none."""

    model: str
    retires_at: datetime | None
    quote: str
    locator: str = ""


@dataclass(frozen=True, slots=True)
class PriceList:
    """All that one document says: rates, complaints, and how many of its amounts were read or ignored by a rule.

    `relative` holds prices that stand only in relation to others ("batch is half"): conditions, no rates. `windows` are
    the hours of peak and off-peak prices, where the list has such prices and the page or the provider file says them.
    """

    rates: tuple[Rate, ...]
    complaints: tuple[Complaint, ...] = ()
    amounts_seen: int = 0
    amounts_ignored: int = 0
    relative: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    retirements: tuple[Retirement, ...] = ()


_BRACKETED = re.compile(
    r"\([^()]*\)|（[^（）]*）|【[^【】]*】|\[(?![a-z]{3,12}\])[^\[\]]*\]"
)  # but "[pro]" is a name's
_SEPARATORS = re.compile(r"[\s\-_.‐‑‒–—―−]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")


@lru_cache(maxsize=8_192)  # every comparison of two lists asks for the same few conditions
def _conditions_key(conditions: Conditions) -> str:
    return json.dumps(conditions.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=65_536)  # a page of 400 models is compared by name some ten thousand times
def model_key(name: str) -> str:
    """A model's name folded for comparison: case, width, separators and bracketed notes do not count.

    >>> model_key("GPT‑4o  (2024-08-06)") == model_key("gpt-4o")
    True
    >>> model_key("GLM-4.5 Air") == model_key("glm-4_5-air")
    True
    >>> model_key("nova.1 [pro]") == model_key("nova.1 [dev]")
    False
    >>> model_key("(only brackets)")
    '(only brackets)'
    """
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name)).casefold()
    bare = _SEPARATORS.sub(" ", _BRACKETED.sub(" ", text)).strip()
    return bare or _SEPARATORS.sub(" ", text).strip()


def format_decimal(value: Decimal) -> str:
    """Plain digits without an exponent, trailing zeros as printed.

    >>> format_decimal(Decimal("2E-7")), format_decimal(Decimal("0.10")), format_decimal(Decimal("1E+6"))
    ('0.0000002', '0.10', '1000000')
    """
    return format(value, "f")


def format_instant(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with a trailing Z, to the second."""
    if value is None:
        return None
    return value.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_instant(text: str | None) -> datetime | None:
    """The instant that `format_instant` wrote; a bare date is its first moment in UTC.

    Raises:
        ValueError: the text is no ISO 8601 date.

    """
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
