"""The blocks of a letter about prices: one for each model, so that a cut of its input, output and cache is one thing.

What all events of a block have in common is said once below their prices; what differs stands beside each price.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from monitor.alerts.letter import Block, Graph, PriceRow, Row, Tone
from monitor.alerts.phrases import (
    bill_text,
    conditions_text,
    confidence_text,
    list_price,
    money,
    month_text,
    per_million,
    percent_of,
    sides_of,
    visible,
    what_it_buys,
    when_text,
)
from monitor.alerts.reader import Reader
from monitor.alerts.words import word
from monitor.charts.lines import Line, Point, sparkline
from monitor.charts.steps import MOST_LINES, StepChart
from scrapers.rates import METERS, parse_instant
from storage.nouns import fraction_text

SHOWN_PRICES = 12
SHOWN_QUOTES = 4
BARS = 20

_TONES: dict[str, Tone] = {
    "cut": "good",
    "free": "good",
    "promo_start": "good",
    "raise": "bad",
    "promo_end": "bad",
    "removal": "warn",
    "held": "warn",
}
_COLUMNS = {"scheduled": ("now", "announced"), "cancelled": ("announced", "now"), "held": ("accepted", "shown")}
_SHORTEST = timedelta(days=14)  # what a chart shows at least

EventJson = Mapping[str, Any]


def blocks_of(
    events: Sequence[EventJson], language: str, reader: Reader | None = None
) -> list[tuple[list[EventJson], Block]]:
    """The events of each model with their block, in the order of the first event of each."""
    groups: dict[tuple[str, ...], list[EventJson]] = {}
    for event in events:
        key = (event["provider"], event["market"], event["model"], event["predecessor"] or "")
        groups.setdefault(key, []).append(event)
    has_several = len({event["provider"] for event in events}) > 1
    found = []
    for group in groups.values():
        group.sort(key=_place)
        block = _block(group, language, reader)
        if has_several:  # a digest: each block says whose it is
            block = replace(block, name=f"{block.name} · {visible(group[0]['provider'], 60)}")
        found.append((group, block))
    return found


def _place(event: EventJson) -> tuple[int, str, str]:
    """Prices of a model in the order in which people think of them."""
    meters = tuple(METERS)
    place = meters.index(event["meter"]) if event["meter"] in meters else len(meters)
    return place, event["service_tier"], str(event["conditions"])


def _block(group: Sequence[EventJson], language: str, reader: Reader | None) -> Block:
    first = group[0]
    kinds = list(dict.fromkeys(word(event["kind"], language) for event in group))
    bought = {side.bought for event in group for side in sides_of(event, language) if side and side.bought}
    shared = bought.pop() if len(bought) == 1 else ""
    conditions = {conditions_text(event, language) for event in group}
    prices = [
        _price_row(event, language, shared, has_kind=len(kinds) > 1, has_conditions=len(conditions) > 1, reader=reader)
        for event in group[:SHOWN_PRICES]
    ]
    tones = {_tone(event) for event in group}
    return Block(
        badge=" · ".join(kinds[:3]),
        tone=tones.pop() if len(tones) == 1 else "plain",
        name=visible(first["model"], 80),
        bought=_caption(shared, language),
        columns=_columns(group, language),
        prices=tuple(price for price in prices if price.before or price.now),
        graph=_graph(group, language),
        rows=_rows(group, language, conditions.pop() if len(conditions) == 1 else "", is_own=reader is None),
    )


def _columns(group: Sequence[EventJson], language: str) -> tuple[str, str, str]:
    """What the two prices are: of one model over time, of two models, or of which one is not in force or believed."""
    kinds = {event["kind"] for event in group}
    before, now = _COLUMNS.get(kinds.pop() if len(kinds) == 1 else "", ("before", "now"))
    predecessor = group[0]["predecessor"]
    if predecessor:
        return visible(predecessor, 30), visible(group[0]["model"], 30), word("difference", language)
    return word(before, language), word(now, language), word("change", language)


def _price_row(
    event: EventJson, language: str, shared: str, *, has_kind: bool, has_conditions: bool, reader: Reader | None
) -> PriceRow:
    """One price; what it buys is said in its cells unless the whole block shares it."""
    old, new = ("" if side is None else side.text(language, shared) for side in sides_of(event, language))
    notes = [word(event["kind"], language)] if has_kind else []
    notes += [conditions_text(event, language)] if has_conditions else []
    million = per_million(event, language)
    return PriceRow(
        label=word(event["meter"], language),
        note="; ".join(note for note in notes if note),
        before=old,
        now=new,
        change=percent_of(event),
        aside=f"{word('per_million', language)}{word('colon', language)}{million}" if million else "",
        converted="" if reader is None else reader.converted(event, language),
        tone=_tone(event),
    )


def _tone(event: EventJson) -> Tone:
    """Good news or bad; a successor by what it costs."""
    if event["kind"] == "successor" and event["percent"]:
        return "good" if event["percent"] < 0 else "bad"
    return _TONES.get(event["kind"], "plain")


def _rows(group: Sequence[EventJson], language: str, conditions: str, *, is_own: bool) -> tuple[Row, ...]:
    """What is told of a block below its prices; a row without words is left out. A subscriber has no commands."""
    bills = dict.fromkeys(bill_text(effect, language) for event in group for effect in event.get("effects", ()))
    rows = [
        *(Row("bill", bill) for bill in bills),
        Row("when", _shared(group, language, lambda event: when_text(event, language))),
        Row("list_price", _shared(group, language, lambda event: list_price(event, language))),
        Row("conditions", conditions),
        *_evidence(group, language),
        Row("why", _why(group, language)),
        Row("confidence", confidence_text(min(event["confidence"] for event in group), language)),
        *(Row("further_look", command, is_command=True) for command in (_commands(group) if is_own else ())),
    ]
    labelled, before = [], ""
    for row in rows:
        if row.words:
            labelled.append(replace(row, label="" if row.label == before else word(row.label, language)))
            before = row.label
    return tuple(labelled)


def _shared(group: Sequence[EventJson], language: str, say: Callable[[EventJson], str]) -> str:
    """What is said of each event: once where all say the same, else with the prices that it is said of."""
    said: dict[str, list[str]] = {}
    for event in group:
        said.setdefault(say(event), []).append(word(event["meter"], language))
    said.pop("", None)
    if len(said) == 1 and len(next(iter(said.values()))) == len(group):
        return next(iter(said))
    comma, colon = word("comma", language), word("colon", language)
    parts = [f"{comma.join(dict.fromkeys(meters))}{colon}{words}" for words, meters in said.items()]
    return word("semicolon", language).join(parts[:SHOWN_QUOTES])


def _why(group: Sequence[EventJson], language: str) -> str:
    """The reasons of all prices, each once: those of one price, which say whose they are, then the shared ones."""
    clauses: dict[str, list[EventJson]] = {}
    for event in group:
        for clause in dict.fromkeys(visible(event["why"], 500).rstrip(".。").split("; ")):
            clauses.setdefault(clause, []).append(event)
    parts = []
    for clause, events in sorted(clauses.items(), key=lambda said: len(said[1]) == len(group)):
        is_named = len(events) == len(group) or visible(events[0]["model"], 80) in clause
        meters = word("comma", language).join(dict.fromkeys(word(event["meter"], language) for event in events))
        parts.append(clause if is_named else f"{meters}{word('colon', language)}{clause}")
    return visible("; ".join(parts), 700)


def _evidence(group: Sequence[EventJson], language: str) -> list[Row]:
    """The words that each price was read from, with the address of their page."""
    pages: dict[str, list[str]] = {}
    for event in group:
        quote = visible(event["evidence"]["quote"], 300)
        name = f"{word(event['meter'], language)} " if len(group) > 1 else ""
        pages.setdefault(visible(event["url"], 2000), []).append(f"{name}“{quote}”" if quote else "")
    rows = []
    for url, quotes in pages.items():
        said = [quote for quote in dict.fromkeys(quotes) if quote]
        more = f" (+{len(said) - SHOWN_QUOTES})" if len(said) > SHOWN_QUOTES else ""
        shown = word("comma", language).join(said[:SHOWN_QUOTES]) + more
        rows.append(Row("evidence", shown if said else url, url))
    return rows


def _commands(group: Sequence[EventJson]) -> list[str]:
    """What to type to see more; a square bracket would be a pattern there, and `?` fits it."""
    first = group[0]
    model = shlex.quote(visible(first["model"], 120).replace("[", "?"))
    whose = f"{model} --provider {shlex.quote(visible(first['provider'], 60))}"
    return [f"pricefall {name} {whose}" for name in ("evidence", "history")]


def _graph(group: Sequence[EventJson], language: str) -> Graph | None:
    """The lines of a block that have one currency and unit, as a chart, as words and as bars."""
    drawn = [event for event in group if event.get("line")]
    if not drawn:
        return None
    first = drawn[0]["line"]
    like = [first[key] for key in ("currency", "per", "unit")]
    drawn = [event for event in drawn if [event["line"][key] for key in ("currency", "per", "unit")] == like]
    lines = _lines(drawn, group, language)[:MOST_LINES]
    now = max(_instant(event["captured"]) for event in drawn)
    start = min(now - _SHORTEST, *(line.points[0].at for line in lines))
    last = max(now, *(line.points[-1].at for line in lines))
    end = last + (last - start) / 16

    def say(price: Fraction) -> str:
        return money(fraction_text(price), first["currency"], language)

    bought = _caption(what_it_buys(first["per"], first["unit"], language), language)
    title = word("graph_title", language, model=visible(drawn[0]["model"], 80), bought=bought)
    colon = word("colon", language)
    told = [f"{line.label}{colon}{_told(line, say, language)}" for line in lines]
    words = f"{title}{colon}{word('semicolon', language).join(told)}"
    chart = StepChart(lines, start, end, now, title, words, say, lambda at: month_text(at, language))
    bars = tuple(
        (line.label, sparkline(line.points, start, end, BARS), _told(line, say, language, with_months=False))
        for line in lines
    )
    return Graph(word("graph", language, when=month_text(start, language)), chart, words, bars)


def _lines(drawn: Sequence[EventJson], group: Sequence[EventJson], language: str) -> list[Line]:
    """The lines of prices; those that moved as one are one, and a meter that stands twice is named with conditions."""
    meters = [event["meter"] for event in group]
    named: dict[tuple[Point, ...], list[str]] = {}
    for event in drawn:
        label = word(event["meter"], language)
        if meters.count(event["meter"]) > 1:
            label += f" {conditions_text(event, language)}".rstrip()
        points = tuple(
            Point(_instant(point["at"]), None if point["price"] is None else Fraction(point["price"]))
            for point in event["line"]["points"]
        )
        named.setdefault(points, []).append(label)
    return [Line(word("comma", language).join(labels), points) for points, labels in named.items()]


def _told(line: Line, say: Callable[[Fraction], str], language: str, *, with_months: bool = True) -> str:
    """The newest prices of a line, each with the month from which it held."""
    known = []
    for point in line.points:
        price = word("none", language) if point.price is None else say(point.price)
        since = word("in_brackets", language, words=month_text(point.at, language)) if with_months else ""
        known.append(price + since)
    left = "… → " if len(known) > SHOWN_QUOTES else ""
    return left + " → ".join(known[-SHOWN_QUOTES:])


def _caption(bought: str, language: str) -> str:
    """What prices buy, as the head of a column."""
    return word("bought", language, bought=bought.removeprefix("/")) if bought else ""


def _instant(text: str) -> Any:
    return parse_instant(text)
