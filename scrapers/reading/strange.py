"""Columns of prices under words that nobody has explained: each is one complaint and never a rate."""

from __future__ import annotations

from dataclasses import replace

from scrapers.rates import Complaint
from scrapers.reading.cells import read_cell
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.layout import Column, Layout
from scrapers.reading.vocabulary import Meaning


def strange_columns(layout: Layout, around: Meaning, scope: Scope, locator: str) -> Reading:
    """One complaint for each column of bare numbers (or of "free") under words that nobody has explained."""
    total = Reading()
    speaks = around.unit or around.currency or any(column.role == "price" for column in layout.columns)
    for index, column in enumerate(layout.columns):
        meaning = column.meaning
        if column.role != "label" or index == layout.model_column or not meaning.unknown or layout.models_across:
            continue
        if meaning.has_meter or meaning.roles & {"model", "condition", "region"} or not (speaks or meaning.unit):
            continue
        cells = [
            cell for cell in dict.fromkeys(row[index] for row in layout.body if index < len(row)) if cell is not None
        ]
        numbers = [cell for cell in cells if read_cell(cell.lines, scope, bare=True).prices]
        if numbers and (len(numbers) * 2 > len(cells) or meaning.unit or meaning.currency):
            message = (
                f"numbers under {column.header!r}, which the vocabulary does not explain; add it or `meters` to the "
                f"provider's [hints]"
            )
            quote = numbers[0].text
            total += Reading(
                complaints=(Complaint("unknown_column", message, quote, locator),), amounts_seen=len(numbers)
            )
    return total


def refuse_doubles(layout: Layout, locator: str) -> tuple[Layout, Reading]:
    """Without columns that say the same as a plain one and strange words besides: "Night-owl input" beside "Input"."""
    plain = {_said(column) for column in layout.columns if column.role == "price" and not column.meaning.unknown}
    doubles = [
        index
        for index, column in enumerate(layout.columns)
        if column.role == "price" and column.meaning.unknown and column.meaning.has_meter and _said(column) in plain
    ]
    if not doubles or layout.models_across:
        return layout, Reading()
    total = Reading()
    for index in doubles:
        column = layout.columns[index]
        cells = [cell for row in layout.body if index < len(row) and (cell := row[index]) is not None]
        message = f"{column.header!r} says the same meter as a plainer heading; explain {column.meaning.unknown!r}"
        quote = cells[0].text if cells else column.header
        total += Reading(complaints=(Complaint("unknown_column", message, quote, locator),))
    columns = tuple(
        replace(column, role="ignore") if index in doubles else column for index, column in enumerate(layout.columns)
    )
    return replace(layout, columns=columns), total


def _said(column: Column) -> Meaning:
    """What tells a column from another: all but the look of its heading."""
    return replace(column.meaning, unknown="", roles=frozenset(), hints=(), others=(), unit=None, currency=None)


def is_strange(column: Column) -> bool:
    """A price column whose heading says no meter and holds words that nobody has explained."""
    return column.role == "price" and bool(column.meaning.unknown) and not column.meaning.has_meter
