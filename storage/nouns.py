"""The nouns that go into the database and come out of it: events, alerts, what waits for a second look.

They stand here and not in `monitor` because imports go one way; `monitor` makes them, `storage` keeps them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Literal

from scrapers.rates import Rate, format_decimal, format_instant

EventKind = Literal[
    "cut",
    "raise",
    "launch",
    "removal",
    "scheduled",
    "cancelled",
    "promo_start",
    "promo_end",
    "free",
    "repriced",
    "correction",
    "successor",
    "held",
    "notice",
]
EVENT_KINDS: tuple[EventKind, ...] = (
    "cut",
    "raise",
    "launch",
    "removal",
    "scheduled",
    "cancelled",
    "promo_start",
    "promo_end",
    "free",
    "repriced",
    "correction",
    "successor",
    "held",
    "notice",
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a price, with why it is believed.

    `old` and `new` are the rates before and after (one is None for a launch or a removal). `captured_at` is when the
    page that shows it was fetched, `effective_from` since when the price holds. `successor` events compare a new
    model's price (`new`) with that of the `predecessor` that its provider file declares; they are no change of one
    model's price. `repeat` counts how often this same transition was told before (a promotion that comes back).
    """

    kind: EventKind
    provider: str
    market: str
    captured_at: datetime
    old: Rate | None
    new: Rate | None
    confidence: float
    why: str
    url: str
    effective_from: datetime | None = None
    predecessor: str | None = None
    repeat: int = 0

    @property
    def rate(self) -> Rate:
        """The rate that the event is about: the new one, or the vanished one."""
        rate = self.new or self.old
        if rate is None:
            raise ValueError("an event needs an old or a new rate")
        return rate

    @property
    def id(self) -> str:
        """Derived from content, so that the same change found again after a restored backup has the same id."""
        rate = self.rate
        parts = [
            self.kind,
            self.provider,
            self.market,
            *rate.identity,
            str(self.old.unit_price) if self.old else "",
            str(self.new.unit_price) if self.new else "",
            self.old.state if self.old else "",
            self.new.state if self.new else "",
            format_instant(self.effective_from) or "",
            self.predecessor or "",
            str(self.repeat),
        ]
        return "evt_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]

    @property
    def percent(self) -> float | None:
        """Change in percent of the old price, negative for a cut; None when it cannot be said."""
        if self.old is None or self.new is None:
            return None
        old, new = self.old.unit_price, self.new.unit_price
        if old is None or new is None or old == 0 or self.old.currency != self.new.currency:
            return None
        return float((new - old) / old * 100)

    def amount_of(self, rate: Rate | None) -> str | None:
        """A rate's price as decimal text per the event's own `per` `unit`; None when it has none."""
        if rate is None or rate.unit_price is None:
            return None
        if rate.per == self.rate.per and rate.unit == self.rate.unit and rate.amount is not None:
            return format_decimal(rate.amount)
        scale = {"minute": 60, "hour": 3600}.get(self.rate.unit or "", 1)
        per = Fraction(self.rate.per) if self.rate.per is not None else Fraction(rate.per or 1)
        return fraction_text(rate.unit_price * per * scale)

    def to_json(self) -> dict[str, Any]:
        """The contract's object for one event, with what the project adds (`id`, `market`, `percent`, `url`)."""
        rate = self.rate
        per = rate.per or (self.old.per if self.old else None)
        return {
            "captured": format_instant(self.captured_at),
            "provider": self.provider,
            "model": rate.model,
            "meter": rate.meter,
            "service_tier": rate.service_tier,
            "conditions": rate.conditions.to_json(),
            "kind": self.kind,
            "old": self.amount_of(self.old),
            "new": self.amount_of(self.new),
            "per": None if per is None else format_decimal(per),
            "unit": rate.unit or (self.old.unit if self.old else None),
            "currency": rate.currency or (self.old.currency if self.old else None),
            "effective_from": format_instant(self.effective_from),
            "confidence": round(self.confidence, 3),
            "why": self.why,
            "id": self.id,
            "market": self.market,
            "percent": None if self.percent is None else round(self.percent, 2),
            "predecessor": self.predecessor,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Pending:
    """A difference that is not accepted: it waits for a second look, a person must decide, or one has (`settled`).

    `kept` is a removal that waits for the provider's other pages to show it too. `key` is the identity of the rate (see
    `identity_text`); `old` and `new` as in `Event`. `looks` counts the good pages that showed it, `due_at` is when
    another look may decide (None for what a person, or another page, decides). What is settled is not told or asked
    again while the page shows it.
    """

    key: str
    outcome: Literal["wait", "kept", "held", "settled"]
    kind: EventKind
    old: Rate | None
    new: Rate | None
    why: str
    first_seen: datetime
    looks: int = 1
    due_at: datetime | None = None


RulingAction = Literal["accept", "reject", "correct", "reread"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided about one price of a page, and why.

    `ref` is the short id under which it was listed, `key` as in `Pending`. `old` was accepted until then, `seen` is
    what the page says as it was read, `new` is accepted since; each may be None. `event_id` names what was told.
    """

    ref: str
    action: RulingAction
    key: str
    old: Rate | None
    seen: Rate | None
    new: Rate | None
    reason: str
    who: str
    held_why: str = ""
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word on a page: where it reads as `wrong`, it means `right`."""

    wrong: Rate
    right: Rate


@dataclass(frozen=True, slots=True)
class Flapping:
    """How often a price went to and fro on its page, the first and the newest time (UTC).

    `monitor` says how often is too often. `key` is the identity of the rate, as in `Pending`, or stands for the page as
    a whole.
    """

    key: str
    reversals: int
    first_at: datetime
    last_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to one channel, written in the transaction of the change it tells of.

    `id` is derived from the channel and the events, `order_key` keeps the order of messages about one model on one
    channel. It is not sent before `not_before`, when that is said. `digest` (`daily`, `weekly`) makes it a part of the
    channel's next digest, which is sent in its place; `is_digest` is such a digest.
    """

    channel: str
    rule: str
    event_ids: tuple[str, ...]
    order_key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    digest: Literal["", "daily", "weekly"] = ""
    is_digest: bool = False

    @property
    def id(self) -> str:
        mark = ("digest",) if self.is_digest else ()  # a digest of one part is not that part
        text = "\x1f".join((self.channel, *mark, *sorted(self.event_ids)))
        return "msg_" + hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Telling:
    """A message that tells, or will tell, of some events.

    `is_waiting` while it may still be changed; `maybe_out` when a receiver may have it. Both may be true. `mark` names
    the moment: a sender that takes the message changes it.
    """

    id: str
    channel: str
    rule: str
    order_key: str
    event_ids: tuple[str, ...]
    payload: Mapping[str, Any]
    is_waiting: bool
    maybe_out: bool
    mark: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Events that are taken back from a message.

    `undone` has their ids with the reason; `left` the events that stay, with the `payload` that tells of them; both are
    as they were where the message is out. `follow_up` is the id of the message that says so to a receiver.
    """

    telling: Telling
    undone: Mapping[str, str]
    left: tuple[str, ...]
    payload: Mapping[str, Any]
    follow_up: str | None = None


def identity_text(rate: Rate) -> str:
    """A rate's identity as one text, for a column with an index."""
    return json.dumps(rate.identity, ensure_ascii=False, separators=(",", ":"))


def fraction_text(value: Fraction) -> str:
    """Exact decimal text of a fraction, or 28 significant digits where it has no end.

    >>> fraction_text(Fraction(1, 8)), fraction_text(Fraction(3, 1)), fraction_text(Fraction(1, 3))[:8]
    ('0.125', '3', '0.333333')
    """
    quotient = Context(prec=28).divide(Decimal(value.numerator), Decimal(value.denominator))
    return format(quotient.normalize() if quotient != quotient.to_integral() else quotient.quantize(Decimal(1)), "f")
