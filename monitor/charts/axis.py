"""Axes: where a price or an instant stands between 0 and 1, and which of them are named.

A linear axis begins at zero, so that half the price is half the height. A span of more than twenty to one would press
the small prices flat, and has a logarithmic axis; a price of zero has no place on that one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

LOG_SPAN = 20


@dataclass(frozen=True, slots=True)
class PriceAxis:
    """From `low` to `high`; on a logarithmic axis both are above zero."""

    low: Fraction
    high: Fraction
    is_log: bool = False

    def place(self, price: Fraction) -> float:
        """Where a price stands: 0 at the foot, 1 at the top; what lies outside stands at the nearer end."""
        if self.is_log:
            if price <= 0:
                return 0.0
            share = (_log10(price) - _log10(self.low)) / (_log10(self.high) - _log10(self.low))
        else:
            share = float((price - self.low) / (self.high - self.low))
        return min(1.0, max(0.0, share))

    @property
    def ticks(self) -> tuple[Fraction, ...]:
        """Two to six round prices on the axis, from the lowest up."""
        if not self.is_log:
            step = _nice(self.high / 4)
            return tuple(step * number for number in range(int(self.high / step) + 1))
        first, last = math.floor(_log10(self.low)), math.ceil(_log10(self.high))
        digits = (1, 2, 5) if last - first <= 2 else (1,)
        every = max(1, (last - first) // 4)
        found = (Fraction(10) ** power * digit for power in range(first, last + 1, every) for digit in digits)
        return tuple(tick for tick in found if self.low <= tick <= self.high)


def price_axis(prices: Iterable[Fraction]) -> PriceAxis:
    """The axis for these prices, with a little room above them.

    >>> price_axis([Fraction(5), Fraction(1)]).is_log, price_axis([Fraction(30), Fraction(1, 10)]).is_log
    (False, True)
    >>> [str(tick) for tick in price_axis([Fraction(5), Fraction(1)]).ticks]
    ['0', '2', '4']
    """
    known = sorted(prices)
    if not known or known[-1] <= 0:
        return PriceAxis(Fraction(0), Fraction(1))
    low, high = known[0], known[-1]
    if low > 0 and high / low > LOG_SPAN:
        return PriceAxis(low * Fraction(4, 5), high * Fraction(5, 4), is_log=True)
    return PriceAxis(Fraction(0), high * Fraction(11, 10))


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From `start` to `end`, aware instants."""

    start: datetime
    end: datetime

    def place(self, at: datetime) -> float:
        """Where an instant stands: 0 at the start, 1 at the end, and never outside."""
        whole = (self.end - self.start).total_seconds()
        return min(1.0, max(0.0, (at - self.start).total_seconds() / whole)) if whole > 0 else 0.0

    def ticks(self, most: int = 5) -> tuple[datetime, ...]:
        """At most so many first days of months within, evenly spaced by whole months."""
        first = self.start.astimezone(UTC)
        months = [
            datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
            for number in range(_month(first), _month(self.end.astimezone(UTC)) + 1)
        ]
        within = [month for month in months if self.start <= month <= self.end]
        every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200, 12000) if len(within) <= step * most)
        return tuple(month for month in within if _month(month) % every == 0)


def _month(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _log10(price: Fraction) -> float:
    """Exact enough at any size: a float of the fraction itself could overflow."""
    return math.log10(price.numerator) - math.log10(price.denominator)


def _nice(step: Fraction) -> Fraction:
    """The next of 1, 2, 5 times a power of ten."""
    decade = Fraction(10) ** math.floor(_log10(step))
    return next(decade * part for part in (1, 2, 5, 10) if decade * part >= step)
