"""A Datasette plugin: rows of prices over time as a chart, `.svg` beside `.json`.

It draws what has the columns `line`, `since`, `until`, `amount`, `per` and `currency`, and prices of a token; the
lines of the first row's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from datasette import hookimpl

from monitor.charts.lines import Line, Point
from monitor.charts.steps import PICTURE, StepChart, draw_steps
from scrapers.rates import parse_instant
from storage.nouns import fraction_text

COLUMNS = {"line", "since", "until", "amount", "per", "unit", "currency"}
_EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'


@hookimpl  # type: ignore[untyped-decorator]  # Datasette has no types
def register_output_renderer() -> dict[str, Any]:
    """What Datasette asks a plugin for."""
    return {"extension": "svg", "render": render, "can_render": can_render}


def can_render(columns: Sequence[str]) -> bool:
    """Whether these are rows of prices over time."""
    return set(columns) >= COLUMNS


def render(rows: Iterable[Any]) -> dict[str, Any]:
    """The rows as a picture."""
    return {"body": draw([dict(row) for row in rows]), "content_type": "image/svg+xml; charset=utf-8"}


def draw(rows: Sequence[dict[str, Any]]) -> str:
    """One chart of the price of a million tokens; lines of other currencies than the first one's are left out."""
    rows = [row for row in rows if row["amount"] is not None and row["unit"] == "token"]
    rows = [row for row in rows if row["currency"] == rows[0]["currency"]]
    lines = [
        _line(name, [row for row in rows if row["line"] == name]) for name in dict.fromkeys(r["line"] for r in rows)
    ]
    if not lines:
        return _EMPTY
    now = datetime.now(UTC)
    start = min(now - timedelta(days=30), *(line.points[0].at for line in lines))
    currency = rows[0]["currency"]
    title = f"Price of a million tokens in {currency}"
    words = f"{title}: " + "; ".join(f"{line.label} {_text(line.last)}" for line in lines)
    chart = StepChart(lines, start, now + (now - start) / 16, now, title, words, _text, lambda at: f"{at:%Y-%m}")
    return str(draw_steps(chart, width=960, height=360, look=PICTURE))


def _line(name: str, rows: Sequence[dict[str, Any]]) -> Line:
    """The points of one price; where it ended and no other began at once, nothing is known."""
    points: list[Point] = []
    for row, following in zip(rows, (*rows[1:], None), strict=True):
        price = Fraction(row["amount"]) / Fraction(row["per"]) * 1_000_000
        points.append(Point(_instant(row["since"]), price))
        if row["until"] is not None and (following is None or following["since"] > row["until"]):
            points.append(Point(_instant(row["until"]), None))
    return Line(name, tuple(points))


def _instant(text: str) -> datetime:
    return parse_instant(text) or datetime.now(UTC)


def _text(price: Fraction | None) -> str:
    return "" if price is None else fraction_text(price)
