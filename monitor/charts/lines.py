"""The nouns of a chart: points in time, lines through them, and what they look like in a line of text.

A price holds until it changes, so a line is a list of changes and never interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Point:
    """From `at` (aware UTC) on the price is this; None where nothing is known of it.

    `note` says how that is known, `target` is the address, on the same page, of more of it.
    """

    at: datetime
    price: Fraction | None
    note: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One price over time, its points in order of time."""

    label: str
    points: tuple[Point, ...]

    @property
    def last(self) -> Fraction | None:
        """The last price that is known."""
        return next((point.price for point in reversed(self.points) if point.price is not None), None)


def stretches(points: Sequence[Point], end: datetime) -> Iterator[tuple[datetime, datetime, Fraction | None]]:
    """Each point with the moment at which the next one takes over; the last one holds until `end`."""
    for point, following in zip(points, (*points[1:], None), strict=True):
        yield point.at, end if following is None else following.at, point.price


def price_at(points: Sequence[Point], at: datetime) -> Fraction | None:
    """The price that holds at an instant; None before the first point."""
    return next((point.price for point in reversed(points) if point.at <= at), None)


def sparkline(points: Sequence[Point], start: datetime, end: datetime, bars: int = 24) -> str:
    """A line of text whose bars are the prices at the ends of equal stretches of time, from zero; blank is unknown.

    >>> from datetime import UTC
    >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 6, 11)]
    >>> sparkline([Point(days[0], Fraction(5)), Point(days[1], Fraction(1))], days[0], days[2], bars=10)
    '████▂▂▂▂▂▂'
    """
    step = (end - start) / bars
    prices = [price_at(points, start + step * (number + 1)) for number in range(bars)]
    top = max((price for price in prices if price is not None), default=Fraction(0))
    return "".join(" " if price is None else _bar(price, top) for price in prices)


def _bar(price: Fraction, top: Fraction) -> str:
    return _BARS[max(0, math.ceil(price / top * len(_BARS)) - 1)] if top > 0 else _BARS[0]
