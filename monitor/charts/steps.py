"""A chart of prices over time: step lines with a dot at each change, and their names and last prices at the right end.

It is one SVG element without script, with a title and a description for who does not see it. `PAGE` takes its colours
from CSS custom properties and follows the reader's dark mode, `BARE` leaves them to the style sheet of the page;
`PICTURE` has fixed ones that can be read on light and on dark ground, since a picture in a mail does not know where it
will stand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from monitor.alerts.markup import Markup, element
from monitor.alerts.phrases import visible
from monitor.charts.axis import TimeAxis, price_axis
from monitor.charts.lines import Line, Point, stretches

MOST_LINES = 6
"""More than six lines in one chart cannot be told apart; further ones are left out."""

_LETTERS = 12.0  # font size
_ROW = 15.0  # between two labels
_DASHES = ("", "", "6 2", "2 2", "8 2 2 2", "1 3")
_COLOURS = {
    "light": ("#1f2937", "#6b7280", "#e5e7eb", "#1d4ed8", "#c2410c", "#047857", "#7e22ce", "#a16207", "#be185d"),
    "dark": ("#e5e7eb", "#9ca3af", "#374151", "#7aa2ff", "#fb923c", "#34d399", "#c084fc", "#facc15", "#f472b6"),
    "both": ("#7b8490", "#7b8490", "#9aa2ad55", "#4f83f1", "#e0701b", "#1c9e6c", "#a35fe0", "#b08a14", "#dd5a9b"),
}
_NAMES = ("ink", "quiet", "grid", *(f"line-{number}" for number in range(1, MOST_LINES + 1)))


@dataclass(frozen=True, slots=True)
class Look:
    """Colours by name, as CSS values, and the style sheet that they need."""

    colours: Mapping[str, str]
    sheet: str = ""


def variables(ground: Literal["light", "dark"]) -> str:
    """The CSS custom properties of one ground, for the style sheet of a page whose charts have the look `BARE`."""
    return ";".join(f"--pf-{name}:{value}" for name, value in zip(_NAMES, _COLOURS[ground], strict=True))


def _sheet() -> str:
    return f".pf-chart{{{variables('light')}}}@media(prefers-color-scheme:dark){{.pf-chart{{{variables('dark')}}}}}"


BARE = Look({name: f"var(--pf-{name})" for name in _NAMES})
PAGE = Look(BARE.colours, _sheet())
PICTURE = Look(dict(zip(_NAMES, _COLOURS["both"], strict=True)))


@dataclass(frozen=True, slots=True)
class StepChart:
    """What a chart shows; `now` parts what holds from what is announced (dashed), `money` writes a price.

    `title` and `words` say the same facts to who does not see the picture. Prices share one currency and unit.
    """

    lines: Sequence[Line]
    start: datetime
    end: datetime
    now: datetime
    title: str
    words: str
    money: Callable[[Fraction], str]
    day: Callable[[datetime], str]


def draw_steps(chart: StepChart, *, width: int = 560, height: int = 200, look: Look = PAGE) -> Markup:
    """The chart as one SVG element of this size in pixels (at least 200 by 80)."""
    return _Drawing(chart, max(200, width), max(80, height), look).svg()


def text_width(text: str) -> float:
    """About how many pixels a label takes; East Asian signs are square."""
    if text.isascii():
        return len(text) * _LETTERS * 0.58
    return sum(_LETTERS if unicodedata.east_asian_width(sign) in "WF" else _LETTERS * 0.58 for sign in text)


def spread(places: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Places moved apart by at least `gap` and kept within the bounds, in their order; they must fit.

    >>> spread([10, 11, 50], 0, 60, 15)
    [10, 25, 50]
    >>> spread([58, 59], 0, 60, 15)
    [45, 60]
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    floor = low
    for index in order:
        moved[index] = floor = max(moved[index], floor)
        floor += gap
    ceiling = high
    for index in reversed(order):
        moved[index] = ceiling = min(moved[index], ceiling)
        ceiling -= gap
    return moved


class _Drawing:
    """One chart being drawn: the box of the lines, both axes, and the pieces in their order."""

    def __init__(self, chart: StepChart, width: int, height: int, look: Look) -> None:
        self.chart, self.width, self.height, self.look = chart, width, height, look
        most = max(1, int((height - 40) / _ROW))
        self.lines = [line for line in chart.lines if line.last is not None][: min(MOST_LINES, most)]
        self.prices = price_axis(p.price for line in self.lines for p in line.points if p.price is not None)
        self.times = TimeAxis(chart.start, chart.end)
        self.ticks = [(tick, self._fit(chart.money(tick), 0.2)) for tick in self.prices.ticks]
        self.ends = [self._end_label(line) for line in self.lines]
        self.left = 12 + max((text_width(words) for _tick, words in self.ticks), default=0.0)
        self.right = width - 14 - max((text_width(words) for words in self.ends), default=0.0)
        self.top, self.bottom = 12.0, height - 26.0

    def svg(self) -> Markup:
        """The whole element."""
        pieces = [*self._grid(), *self._dates()]
        for number, line in enumerate(self.lines):
            pieces += self._line(number, line)
        pieces += self._end_labels()
        sheet = [Markup(f"<style>{self.look.sheet}</style>")] if self.look.sheet else []
        return element(
            "svg",
            element("title", visible(self.chart.title)),
            element("desc", visible(self.chart.words, 1000)),
            *sheet,
            *pieces,
            xmlns="http://www.w3.org/2000/svg",
            class_="pf-chart",
            role="group" if any(point.target for line in self.lines for point in line.points) else "img",
            aria_label=visible(self.chart.title),
            font_family="system-ui,'Noto Sans','DejaVu Sans','Noto Sans CJK SC',sans-serif",
            font_size=f"{_LETTERS:g}",
            viewBox=f"0 0 {self.width} {self.height}",
            width=str(self.width),
            height=str(self.height),
        )

    def _x(self, at: datetime) -> float:
        return self.left + self.times.place(at) * (self.right - self.left)

    def _y(self, price: Fraction) -> float:
        return self.bottom - self.prices.place(price) * (self.bottom - self.top)

    def _fit(self, words: str, share: float) -> str:
        """A label that takes at most this share of the width."""
        words = visible(words, 80)
        while len(words) > 1 and text_width(words) > self.width * share:
            words = words[:-2].rstrip() + "…"
        return words

    def _end_label(self, line: Line) -> str:
        """The name and the last price; the price stays whole where both are long."""
        price = "" if line.last is None else self._fit(self.chart.money(line.last), 0.2)
        name = self._fit(line.label, 0.4 - text_width(price + " ") / self.width)
        return f"{name} {price}".strip()

    def _text(self, words: str, x: float, y: float, colour: str, anchor: str = "start") -> Markup:
        said = {"text_anchor": anchor} if anchor != "start" else {}
        return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", **said, fill=self.look.colours[colour])

    def _grid(self) -> list[Markup]:
        """A hair line and a price at each tick."""
        pieces = []
        stroke = self.look.colours["grid"]
        for tick, words in self.ticks:
            y = self._y(tick)
            pieces.append(element("path", d=f"M{self.left:.1f} {y:.1f}H{self.right:.1f}", stroke=stroke))
            pieces.append(self._text(words, self.left - 6, min(y + 4, self.height - 16), "quiet", "end"))
        return pieces

    def _dates(self) -> list[Markup]:
        """Days below the box; one that would run into its neighbour or out of the picture is left out."""
        pieces, free = [], 0.0
        for at in self.times.ticks(max(2, int((self.right - self.left) / 70))):
            words = self._fit(self.chart.day(at), 0.3)
            x, half = self._x(at), text_width(words) / 2
            if x - half < free or x + half > self.width:
                continue
            pieces.append(self._text(words, x, self.height - 8.0, "quiet", "middle"))
            free = x + half + 6
        return pieces

    def _line(self, number: int, line: Line) -> list[Markup]:
        """What holds, what is announced, and the dots."""
        held, planned = self._paths(line)
        colour = self.look.colours[f"line-{number + 1}"]
        stroke = {"fill": "none", "stroke": colour, "stroke_linejoin": "round"}
        dashes = {"stroke_dasharray": _DASHES[number]} if _DASHES[number] else {}
        pieces = []
        if held:
            pieces.append(element("path", d=held, **stroke, stroke_width="2", **dashes))
        if planned:
            pieces.append(element("path", d=planned, **stroke, stroke_width="1.5", stroke_dasharray="2 4"))
        pieces.extend(
            self._dot(point, point.price, colour)
            for point in line.points
            if point.price is not None and self.times.start < point.at <= self.times.end
        )
        return pieces

    def _dot(self, point: Point, price: Fraction, colour: str) -> Markup:
        """A change, with its note for whoever points at it, as a link where it has a target."""
        notes = [element("title", visible(point.note, 400))] if point.note else []
        x, y = self._x(point.at), self._y(price)
        dot = element("circle", *notes, cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5", fill=colour)
        return element("a", dot, href=point.target) if point.target else dot

    def _paths(self, line: Line) -> tuple[str, str]:
        """The path of what holds and that of what is announced; a new piece begins after each gap."""
        held, planned = "", ""
        joins = False
        for begin, stop, price in stretches(line.points, self.chart.end):
            if price is None or stop <= self.chart.start or begin > self.chart.end:
                joins = False
                continue
            y = self._y(price)
            is_planned = begin > self.chart.now
            step = f"V{y:.1f}" if joins else f"M{self._x(begin):.1f} {y:.1f}"
            if is_planned and not planned and joins and held:
                step = f"M{self._x(begin):.1f} {self._y_before(line, begin):.1f}V{y:.1f}"
            step += f"H{self._x(stop):.1f}"
            held, planned = (held, planned + step) if is_planned else (held + step, planned)
            joins = True
        return held, planned

    def _y_before(self, line: Line, at: datetime) -> float:
        before = [point.price for point in line.points if point.at < at and point.price is not None]
        return self._y(before[-1])

    def _end_labels(self) -> list[Markup]:
        """Name and last price of each line beside its end, moved apart where lines end close together."""
        wanted = [self._y(line.last) + 4 for line in self.lines if line.last is not None]
        places = spread(wanted, self.top + 4, self.bottom + 4, _ROW)
        return [
            self._text(words, self.right + 8, y, f"line-{number + 1}")
            for number, (words, y) in enumerate(zip(self.ends, places, strict=True))
        ]
