"""The page of a model: its price lines over the years, what is in force, every price with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.alerts.markup import Markup, element, fragment
from monitor.alerts.phrases import instant_text, money, visible
from monitor.charts.lines import Line, Point
from monitor.charts.steps import BARE, MOST_LINES, StepChart, draw_steps
from monitor.price_lines import line_per
from monitor.report.cells import Cells, Head, cell, note, row, row_head, section
from monitor.report.facts import ModelFacts, Row, Series
from monitor.report.frame import Frame
from monitor.report.page_changes import changes_table
from monitor.report.paths import provider_path
from monitor.report.words import say
from scrapers.rates import Rate, format_decimal, format_instant
from storage.nouns import fraction_text

MOST_ROWS = 1500
"""Rows of a history on one page."""

_SHORTEST = timedelta(days=1)


def model_page(frame: Frame, cells: Cells, model: ModelFacts, lines: Sequence[Series], events: Sequence[Row]) -> str:
    """The whole page."""
    language = cells.language
    inside = [section(say("price_now", language), _current(cells, model), name="now")]
    charts = _charts(cells, model, lines)
    if charts:
        note_ = element("p", say("chart_note", language))
        inside.append(section(say("price_lines", language), note_, *charts, name="lines"))
    if events:
        table = changes_table(
            cells, events[:MOST_ROWS], say("caption_changes", language), with_model=False, is_titled=True
        )
        inside.append(section(say("changes", language), table, name="changes"))
    inside.append(section(say("history", language), *_history(cells, model), name="history"))
    provider = visible(model.provider, 60)
    title = say("model_title", language, model=visible(model.name, 120), provider=provider)
    trail = ((say("home", language), "index.html"), (provider, provider_path(model.provider)))
    return frame.page(title, *inside, trail=trail)


def _current(cells: Cells, model: ModelFacts) -> Markup:
    language = cells.language
    if not model.current:
        return element("p", say("none_now", language))
    before, after = say("caption_current", language).split("{unit}")
    heads = [
        Head(say("meter", language)),
        Head(say("price", language), "n"),
        Head(say("as_read", language), "n wide"),
        Head(say("since_head", language), "wide"),
        Head(say("evidence_head", language), "x"),
    ]
    markets = {each["market"] for each in model.current}
    rows = []
    for each in model.current:
        rate = Rate.from_json(each)
        below = [note(visible(each["market"], 30))] if len(markets) > 1 else []
        struck = []
        if rate.list_amount is not None:
            price = money(format_decimal(rate.list_amount), rate.currency, language)
            struck = [note(say("list_price_note", language, price=price))]
        rows.append(
            row(
                row_head(_label(cells, rate), *below),
                cell(cells.price(rate), *struck, classes="n"),
                cell(_printed(cells, rate), classes="n wide"),
                cell(cells.day(each["valid_from"] or each["seen_from"]), classes="wide"),
                cell(*cells.evidence(each), classes="why"),
            )
        )
    return cells.table([before, cells.per_tokens(), after], heads, rows)


def _charts(cells: Cells, model: ModelFacts, lines: Sequence[Series]) -> list[Markup]:
    """One chart for each market, currency and unit."""
    groups: dict[tuple[str, str | None, str | None, int], list[Series]] = {}
    for series in lines:
        rate = series.rate
        if any(point.price for point in series.points):
            groups.setdefault((series.market, rate.currency, rate.unit, line_per(rate)), []).append(series)
    markets = {market for market, _currency, _unit, _per in groups}
    rows = {f"#r{each['id']}": each for each in model.rows}
    charts = []
    for (market, currency, unit, per), members in groups.items():
        chart = _chart(cells, model, members[:MOST_LINES], currency, cells.bought(str(per), unit), rows)
        if chart is None:
            continue
        shape = max(2, min(MOST_LINES, len(members)))
        sizes = (("chart big", 960, 180 + 20 * shape), ("chart small", 360, 200 + 10 * shape))
        pictures = [
            element("div", draw_steps(chart, width=width, height=height, look=BARE), class_=name)
            for name, width, height in sizes
        ]
        title = f"{chart.title} · {market}" if len(markets) > 1 else chart.title
        more = len(members) - MOST_LINES
        below = [note(say("more_lines", cells.language, count=more))] if more > 0 else []
        charts.append(element("figure", element("figcaption", visible(title)), *pictures, *below))
    return charts


def _chart(
    cells: Cells, model: ModelFacts, members: Sequence[Series], currency: str | None, bought: str, rows: dict[str, Row]
) -> StepChart | None:
    """The chart of some prices; None where all were seen within a day."""
    language, at = cells.language, cells.overview.at
    start = min(series.points[0].at for series in members)
    last = max(series.points[-1].at for series in members)
    if max(at, last) - start < _SHORTEST:
        return None
    end = at if last <= at else last + (last - start) / 16
    drawn = [
        Line(_label(cells, series.rate), tuple(_told(cells, point, rows) for point in series.points))
        for series in members
    ]
    title = say(
        "price_line",
        language,
        model=visible(model.name, 80),
        currency=visible(currency or "", 3),
        unit=bought,
        since=cells.month(start),
    )
    told = say("and", language).join(f"{line.label} {_path_in_words(cells, line, currency)}" for line in drawn)
    return StepChart(
        drawn,
        start,
        end,
        at,
        title,
        f"{title}: {told}",
        lambda price: money(fraction_text(price), currency, language),
        cells.month,
    )


def _told(cells: Cells, point: Point, rows: dict[str, Row]) -> Point:
    """A point with its evidence in words: day, price as printed, quote, page and capture."""
    row_ = rows.get(point.target)
    if row_ is None:
        return point
    day = (format_instant(point.at) or "")[:10]
    source = visible(row_["url"], 120)
    sha = (row_["sha256"] or "")[:12]
    words = f"{day}: {_printed(cells, Rate.from_json(row_))} — {visible(row_['quote'], 120)} — {source} {sha}"
    return replace(point, note=words)


def _path_in_words(cells: Cells, line: Line, currency: str | None) -> str:
    """The newest prices of a line, each with its month."""
    known = [
        f"{money(fraction_text(point.price), currency, cells.language)} ({cells.month(point.at)})"
        for point in line.points
        if point.price is not None
    ]
    return " → ".join(known[-6:])


def _history(cells: Cells, model: ModelFacts) -> list[Markup]:
    language = cells.language
    heads = [
        Head(say("meter", language)),
        Head(say("price", language), "n"),
        Head(say("in_force", language)),
    ]
    newest = sorted(model.rows, key=lambda each: (each["seen_from"], each["id"]), reverse=True)
    rows = [_history_row(cells, each) for each in newest[:MOST_ROWS]]
    table = cells.table(say("caption_history", language), heads, rows, is_long=len(rows) > 40)
    if len(newest) <= MOST_ROWS:
        return [table]
    return [element("p", say("older_left_out", language, count=MOST_ROWS)), table]


def _history_row(cells: Cells, each: Row) -> Markup:
    language = cells.language
    rate = Rate.from_json(each)
    notes = [note(say(f"flag_{flag}", language)) for flag in each["flags"] if isinstance(flag, str)]
    if each["superseded_at"] is not None:
        notes.append(note(say("corrected_note", language, why=visible(each["superseded_why"] or "", 200))))
    held = [cells.day(each["valid_from"] or each["seen_from"]), " – "]
    held.append(say("still", language) if each["ended_at"] is None else cells.day(each["ended_at"]))
    if each["valid_until"] is not None:
        held.append(note(say("until", language, when=instant_text(each["valid_until"], language))))
    said = {"class_": "untrue"} if each["superseded_at"] is not None else {}
    return row(
        row_head(_label(cells, rate), element("div", *cells.evidence(each), class_="why"), *notes),
        cell(cells.price(rate), classes="n"),
        cell(*held),
        id=f"r{each['id']}",
        **said,
    )


def _label(cells: Cells, rate: Rate) -> str:
    """Meter and conditions."""
    conditions = cells.conditions(rate)
    return visible(say(rate.meter, cells.language), 60) + (f" · {conditions}" if conditions else "")


def _printed(cells: Cells, rate: Rate) -> str:
    """The price as the page prints it."""
    if rate.amount is None or rate.per is None:
        return fragment(cells.price(rate))
    bought = cells.bought(format_decimal(rate.per), rate.unit)
    blank = " " if cells.language == "en" else ""
    return f"{money(format_decimal(rate.amount), rate.currency, cells.language)}{blank}{bought}"
