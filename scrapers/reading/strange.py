"""Columns of prices under words that nobody has explained: each is one complaint and never a rate."""

from __future__ import annotations

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


def is_strange(column: Column) -> bool:
    """A price column whose heading says no meter and holds words that nobody has explained."""
    return column.role == "price" and bool(column.meaning.unknown) and not column.meaning.has_meter
