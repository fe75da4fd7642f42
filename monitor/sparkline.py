"""A price over time in one line of letters: eight heights, as wide as was asked for, by the calendar.

Heights go from nothing to the highest price, so that half as high is half as dear; a blank is a time without a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

_HEIGHTS = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[tuple[datetime, Fraction | None]], end: datetime, width: int = 24) -> str:
    """Prices that hold from their instants on until the next one's, drawn up to `end`; oldest first.

    Each letter shows the price at the end of its part of the time, so that the last one is the newest price.

    >>> from datetime import UTC
    >>> day = lambda number: datetime(2024, 5, number, tzinfo=UTC)
    >>> sparkline([(day(1), Fraction(5)), (day(11), Fraction(1))], day(21), 4)
    '██▂▂'
    >>> sparkline([(day(1), Fraction(5)), (day(6), None), (day(11), Fraction(0))], day(21), 4)
    '█ ▁▁'
    """
    begin = points[0][0]
    highest = max((price for _, price in points if price is not None), default=Fraction(0)) or Fraction(1)
    letters = []
    for number in range(1, width + 1):
        at = begin + (end - begin) * number / width
        price = next((price for since, price in reversed(points) if since < at or since == begin), None)
        letters.append(" " if price is None else _letter(price / highest))
    return "".join(letters)


def _letter(share: Fraction) -> str:
    return _HEIGHTS[max(0, -(-share * len(_HEIGHTS) // 1) - 1)]
