"""A chart of many models by two prices, both axes logarithmic: what is cheap stands at the lower left.

Dots that would lie on one another are one dot that names them, so a chart of thousands stays small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from monitor.alerts.markup import Markup, element
from monitor.alerts.phrases import visible
from monitor.charts.axis import PriceAxis
from monitor.charts.steps import BARE, text_width

_CELL = 5  # pixels: nearer dots are one
_NAMED = 6  # of the dots that became one


@dataclass(frozen=True, slots=True)
class Dot:
    """One model: both prices above zero, what it is called, its page, and whether the prices were converted."""

    x: Fraction
    y: Fraction
    label: str
    target: str
    is_converted: bool = False


@dataclass(frozen=True, slots=True)
class Scatter:
    """What a chart shows; `title` and `words` say it to who does not see it, `more` writes "and 3 more"."""

    dots: Sequence[Dot]
    title: str
    words: str
    x_name: str
    y_name: str
    money: Callable[[Fraction], str]
    more: Callable[[int], str]


def draw_scatter(chart: Scatter, *, width: int = 720, height: int = 420) -> Markup | None:
    """The chart as one SVG element of this size in pixels; None without dots."""
    if not chart.dots:
        return None
    x_axis, y_axis = (_axis(prices) for prices in ((d.x for d in chart.dots), (d.y for d in chart.dots)))
    y_ticks = [(tick, chart.money(tick)) for tick in y_axis.ticks]
    left, right = 10 + max(text_width(words) for _tick, words in y_ticks), width - 12.0
    top, bottom = 24.0, height - 40.0
    pieces = [
        *_ticks_up(y_axis, y_ticks, left, right, top, bottom),
        *_ticks_along(x_axis, chart.money, left, right, top, bottom),
        element("text", visible(chart.y_name), x=f"{left:.0f}", y="13", fill=BARE.colours["quiet"]),
        element(
            "text",
            visible(chart.x_name),
            x=f"{right:.0f}",
            y=f"{height - 6}",
            text_anchor="end",
            fill=BARE.colours["quiet"],
        ),
    ]
    cells: dict[tuple[int, int], list[Dot]] = {}
    for dot in chart.dots:
        x = left + x_axis.place(dot.x) * (right - left)
        y = bottom - y_axis.place(dot.y) * (bottom - top)
        cells.setdefault((round(x / _CELL), round(y / _CELL)), []).append(dot)
    pieces += [_dot(chart, place, dots) for place, dots in sorted(cells.items())]
    return element(
        "svg",
        element("title", visible(chart.title)),
        element("desc", visible(chart.words, 1000)),
        *pieces,
        class_="pf-chart scatter",
        role="group",
        aria_label=visible(chart.title),
        font_family="system-ui,'Noto Sans','DejaVu Sans','Noto Sans CJK SC',sans-serif",
        font_size="12",
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
    )


def _axis(prices: Iterable[Fraction]) -> PriceAxis:
    """A logarithmic axis with room at both ends, and at least a decade long."""
    known = sorted(prices)
    low, high = known[0] * Fraction(7, 10), known[-1] * Fraction(14, 10)
    if high < low * 10:
        low, high = low / 3, high * 3
    return PriceAxis(low, high, is_log=True)


def _ticks_up(
    axis: PriceAxis, ticks: Sequence[tuple[Fraction, str]], left: float, right: float, top: float, bottom: float
) -> list[Markup]:
    pieces, free = [], math.inf
    for tick, words in ticks:
        y = bottom - axis.place(tick) * (bottom - top)
        pieces.append(element("path", d=f"M{left:.1f} {y:.1f}H{right:.1f}", stroke=BARE.colours["grid"]))
        if free - y >= 14:
            said = {"x": f"{left - 5:.1f}", "y": f"{y + 4:.1f}", "text_anchor": "end", "fill": BARE.colours["quiet"]}
            pieces.append(element("text", words, **said))
            free = y
    return pieces


def _ticks_along(
    axis: PriceAxis, money: Callable[[Fraction], str], left: float, right: float, top: float, bottom: float
) -> list[Markup]:
    pieces, free = [], 0.0
    for tick in axis.ticks:
        words = money(tick)
        x, half = left + axis.place(tick) * (right - left), text_width(words) / 2
        pieces.append(element("path", d=f"M{x:.1f} {top:.1f}V{bottom:.1f}", stroke=BARE.colours["grid"]))
        if x - half >= free and x + half <= right + 10:
            said = {"x": f"{x:.1f}", "y": f"{bottom + 16:.1f}", "text_anchor": "middle", "fill": BARE.colours["quiet"]}
            pieces.append(element("text", words, **said))
            free = x + half + 6
    return pieces


def _dot(chart: Scatter, place: tuple[int, int], dots: Sequence[Dot]) -> Markup:
    """One dot for all that lie there, larger where there are many; hollow where all were converted."""
    names = [visible(dot.label, 120) for dot in dots[:_NAMED]]
    if len(dots) > _NAMED:
        names.append(chart.more(len(dots) - _NAMED))
    colour = BARE.colours["line-1"]
    is_hollow = all(dot.is_converted for dot in dots)
    circle = element(
        "circle",
        element("title", "\n".join(names)),
        cx=str(place[0] * _CELL),
        cy=str(place[1] * _CELL),
        r=f"{min(9, 3.5 + math.log2(len(dots))):.1f}",
        **({"class_": "hollow"} if is_hollow else {"fill": colour}),
    )
    return element("a", circle, href=dots[0].target)
