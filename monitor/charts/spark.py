"""A price line in the size of a word, without axes: the figures stand beside it, so it is hidden from who hears a page.

It ends at the present price; the highest price is the top of it and zero the foot, so that half the price is half the
height.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.alerts.markup import Markup, element
from monitor.charts.axis import TimeAxis
from monitor.charts.lines import Point, stretches

WIDTH, HEIGHT = 96, 22
_ROOM = 3  # for the stroke and the dot


def draw_spark(points: Sequence[Point], start: datetime, end: datetime) -> Markup | None:
    """The line from `start` to `end`; None where the price is not known to have moved."""
    known = [point.price for point in points if point.price is not None]
    if len(set(known)) < 2:
        return None
    times, top = TimeAxis(start, end), max(known)
    path, joins, x, y = "", False, 0.0, 0.0
    for begin, stop, price in stretches(points, end):
        if price is None or begin > end or stop <= start:
            joins = False
            continue
        y = HEIGHT - _ROOM - float(price / top) * (HEIGHT - 2 * _ROOM)
        first, x = (_ROOM + times.place(at) * (WIDTH - 2 * _ROOM) for at in (begin, stop))
        path += f"V{y:.1f}H{x:.1f}" if joins else f"M{first:.1f} {y:.1f}H{x:.1f}"
        joins = True
    return element(
        "svg",
        element("path", d=path),
        element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="2.5"),
        class_="spark",
        aria_hidden="true",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=str(WIDTH),
        height=str(HEIGHT),
    )
