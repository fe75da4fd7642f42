"""The line of a price over the year before an event, made when the event is accepted and carried in its message.

A message that is sent again must look the same, so the line is not read again at sending. It ends with the event: what
the page says now, or what it announces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from scrapers.rates import Rate, format_instant
from storage.nouns import Event, fraction_text, identity_text
from storage.price_lines import KnownPrice, known_prices
from storage.store import Store

SPAN = timedelta(days=366)
MOST_POINTS = 24
"""Of a price that changed more often the newest are kept."""

_NOT_ONE_PRICE = frozenset({"successor", "held", "notice", "correction", "cancelled", "launch"})
_SECONDS = {"minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class PriceLine:
    """Prices of `per` `unit` in `currency`, each from its instant on; None where there was no price."""

    currency: str
    per: int
    unit: str
    points: tuple[tuple[datetime, Fraction | None], ...]

    def to_json(self) -> dict[str, Any]:
        """The webhook's `line`: exact decimal text."""
        return {
            "currency": self.currency,
            "per": str(self.per),
            "unit": self.unit,
            "points": [
                {"at": format_instant(at), "price": None if price is None else fraction_text(price)}
                for at, price in self.points
            ],
        }


def price_lines(store: Store, events: Sequence[Event]) -> dict[str, PriceLine]:
    """The lines of events of one page, by their ids; an event whose prices are not one price over time has none."""
    drawn = [event for event in events if event.kind not in _NOT_ONE_PRICE and event.old is not None]
    if not drawn:
        return {}
    named = {identity_text(rate) for event in drawn for rate in (event.old, event.new) if rate is not None}
    known = known_prices(store, drawn[0].provider, drawn[0].market, named)
    lines = {}
    for event in drawn:
        whose = dict.fromkeys(identity_text(rate) for rate in (event.old, event.new) if rate is not None)
        line = price_line(event, [price for identity in whose for price in known.get(identity, ())])
        if line is not None:
            lines[event.id] = line
    return lines


def price_line(event: Event, known: Sequence[KnownPrice]) -> PriceLine | None:
    """The line of one event from what was known before it; None without a change between two comparable prices."""
    old, new = event.old, event.new
    if old is None or old.currency is None or old.unit is None:
        return None
    if new is not None and new.state == "priced" and (new.currency, new.unit) != (old.currency, old.unit):
        return None
    per = line_per(old)
    begins = event.effective_from or event.captured_at
    start = event.captured_at - SPAN
    moments = sorted({max(at, start) for price in known for at in turns(price) if at < begins})
    points: list[tuple[datetime, Fraction | None]] = [
        (at, line_price(standing(known, at), old, per)) for at in moments if at < begins
    ]
    if not points:
        return None
    points.append((begins, line_price(new, old, per)))
    changes = [point for number, point in enumerate(points) if not number or point[1] != points[number - 1][1]]
    changes = changes[-MOST_POINTS:]
    while changes and changes[0][1] is None:
        changes = changes[1:]
    return PriceLine(old.currency, per, old.unit, tuple(changes)) if len(changes) > 1 else None


def line_per(rate: Rate) -> int:
    """How many units a line's prices are for: a million tokens, of other things what the page names."""
    return 1_000_000 if rate.unit == "token" else int(rate.per or 1)


def turns(price: KnownPrice) -> Iterable[datetime]:
    """When a price may have begun, ended, or given way to its list price."""
    begun = price.rate.valid_from or price.seen_from
    return [at for at in (begun, price.rate.valid_until, price.ended_at) if at is not None]


def standing(known: Iterable[KnownPrice], at: datetime) -> Rate | None:
    """What held at an instant: of several the one that began last; a sale that is over gives way to its list price."""
    held = [
        price
        for price in known
        if (price.rate.valid_from or price.seen_from) <= at and (price.ended_at is None or price.ended_at > at)
    ]
    if not held:
        return None
    rate = max(held, key=lambda price: (not _is_over(price.rate, at), price.rate.valid_from or price.seen_from)).rate
    if not _is_over(rate, at):
        return rate
    return None if rate.list_amount is None else replace(rate, amount=rate.list_amount)


def _is_over(rate: Rate, at: datetime) -> bool:
    return rate.valid_until is not None and rate.valid_until <= at


def line_price(rate: Rate | None, like: Rate, per: int) -> Fraction | None:
    """A price in the line's unit; None where there is none, or it is another currency's or unit's."""
    if rate is None or rate.unit_price is None:
        return None
    if rate.state == "priced" and (rate.currency, rate.unit) != (like.currency, like.unit):
        return None
    return rate.unit_price * per * _SECONDS.get(like.unit or "", 1)
