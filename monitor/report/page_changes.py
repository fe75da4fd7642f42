"""What happened to prices: a table of changes with their evidence, and the pages of the months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.alerts.markup import Markup, element
from monitor.alerts.phrases import visible
from monitor.report.cells import Cells, Head, cell, note, row, row_head
from monitor.report.facts import Row
from monitor.report.frame import Frame
from monitor.report.paths import month_path
from monitor.report.words import say
from scrapers.rates import METERS

MOST_ROWS = 1500
"""Changes on one page of a month; a page of so many stays below 3 MB."""


def changes_table(
    cells: Cells, events: Sequence[Row], caption: str, *, with_model: bool = True, is_titled: bool = False
) -> Markup:
    """One row a change, newest first."""
    language = cells.language
    heads = [
        Head(say("when", language)),
        Head(say("model" if with_model else "meter", language)),
        Head(say("before_after", language), "x"),
        Head(say("change", language), "n wide"),
    ]
    return cells.table(
        caption,
        heads,
        (_row(cells, event, with_model=with_model) for event in events),
        is_long=len(events) > 40,
        is_titled=is_titled,
    )


def headlines(events: Sequence[Row]) -> list[Row]:
    """Of what happened at once to the prices of one model the most telling, with the number of the others."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for event in events:
        key = tuple(event[name] for name in ("captured_at", "provider", "market", "model_key", "kind"))
        groups.setdefault(key, []).append(event)
    found = []
    for group in groups.values():
        first: Row = min(group, key=_telling)
        found.append({**first, "others": len(group) - 1})
    return found


def _telling(event: Row) -> tuple[bool, int, int]:
    meter = event["meter"]
    order = ("output", "input", *METERS)
    return (
        event["service_tier"] != "standard",
        len(event["conditions"]),
        order.index(meter) if meter in order else len(order),
    )


def months_parts(months: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, int, int, Sequence[Row]]]:
    """Month, part and number of parts, with the changes of each part."""
    for month, events in months.items():
        parts = range(0, len(events), MOST_ROWS)
        for number, first in enumerate(parts, 1):
            yield month, number, len(parts), events[first : first + MOST_ROWS]


def month_changes_page(frame: Frame, cells: Cells, month: str, number: int, parts: int, events: Sequence[Row]) -> str:
    """One part of a month."""
    language = cells.language
    title = say("changes_title", language, month=cells.month_of(month))
    inside: list[str] = [element("p", say("changes_lead", language), class_="lead")]
    if parts > 1:
        inside.append(element("p", say("page_of", language, number=number, all=parts)))
        others = [(str(each), month_path(month, each)) for each in range(1, parts + 1) if each != number]
        inside.append(_links(cells, others))
    inside.append(changes_table(cells, events, say("caption_changes", language)))
    others = [(cells.month_of(each), month_path(each)) for each in cells.overview.months if each != month]
    if others:
        inside += [element("h2", say("other_months", language)), _links(cells, others)]
    return frame.page(title, *inside)


def no_changes_page(frame: Frame, cells: Cells) -> str:
    """In place of the newest month where nothing ever happened."""
    return frame.page(say("changes", cells.language), element("p", say("no_changes", cells.language)))


def _links(cells: Cells, named: Sequence[tuple[str, str]]) -> Markup:
    links = [element("li", element("a", name, href=cells.place.to(path))) for name, path in named]
    return element("ul", *links, class_="row")


def _row(cells: Cells, event: Row, *, with_model: bool) -> Markup:
    language = cells.language
    conditions = cells.conditions(event)
    meter = visible(say(event["meter"], language), 60) + (f" · {conditions}" if conditions else "")
    words = [visible(event["why"], 300), " ", *cells.evidence(event)]
    why = element("details", element("summary", say("why_and_where", language)), element("p", *words), class_="why")
    name = [meter, why]
    if with_model:
        model = cells.model_link(event["provider"], event["model_key"], event["model"])
        name = [model, note(f"{visible(event['provider'], 60)} · {meter}"), why]
    price = [*cells.move(event), element("div", cells.change(event), class_="narrow")]
    if event.get("others"):
        price.append(note(say("and_more_dots", language, count=event["others"])))
    if event["predecessor"]:
        price.append(note(say("predecessor", language) + " " + visible(event["predecessor"], 80)))
    return row(
        cell(cells.day(event["captured_at"]), " ", cells.kind(event)),
        row_head(*name),
        cell(*price),
        cell(cells.change(event), classes="n wide"),
    )
