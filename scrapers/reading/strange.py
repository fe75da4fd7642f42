"""Columns of prices under words that nobody has explained: each is one complaint and never a rate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scrapers.documents.blocks import Cell
from scrapers.rates import Complaint, model_key
from scrapers.reading.cells import read_cell
from scrapers.reading.headers import count_printed, has_amount, where
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.layout import Column, Layout
from scrapers.reading.names import read_models
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Meaning


def strange_columns(layout: Layout, around: Meaning, scope: Scope, locator: str) -> Reading:
    """One complaint for each column of bare numbers (or of "free") under words that nobody has explained."""
    total = Reading()
    speaks = around.unit or around.currency or any(column.role == "price" for column in layout.columns)
    by_meter = _labels_meters(layout, scope)
    speaks = speaks or by_meter
    prices = [index for index, column in enumerate(layout.columns) if column.role == "price"]
    rows = [row for row in layout.body if any(has_amount(row[at]) for at in prices if at < len(row))] or layout.body
    for index, column in enumerate(layout.columns):
        meaning = column.meaning
        is_named = meaning.unknown or (layout.header and not column.header)
        is_named = is_named or (by_meter and meaning.roles == {"filler"})  # "All lengths" beside rows of meters
        if column.role != "label" or index == layout.model_column or not is_named or layout.models_across:
            continue
        if meaning.has_meter or meaning.roles & {"model", "condition", "region"} or not (speaks or meaning.unit):
            continue
        cells = [
            cell
            for cell in dict.fromkeys(row[index] for row in rows if index < len(row))
            if cell is not None and scope.vocabulary.read_state(cell.plain) != "none"
        ]
        numbers = [cell for cell in cells if read_cell(cell.lines, scope, bare=True).prices]
        if numbers and (len(numbers) * 2 > len(cells) or meaning.unit or meaning.currency):
            named = (
                f"{column.header!r}, which the vocabulary does not explain;" if column.header else "a blank heading;"
            )
            message = f"numbers under {named} add it or `meters` to the provider's [hints]"
            total += _complaint(message, numbers, locator, len(numbers))
    return total


_EXPLAIN = "explain in the vocabulary or in the provider's [hints] meters or tiers"


def _complaint(message: str, cells: Sequence[Cell], locator: str, count: int) -> Reading:
    """The one complaint on a column, at the first of its cells."""
    quote, place = (cells[0].text, where(locator, cells[0])) if cells else ("", locator)
    return Reading(complaints=(Complaint("unknown_column", message, quote, place),), amounts_seen=count)


def _labels_meters(layout: Layout, scope: Scope) -> bool:
    """Whether most cells of a label column name the meter of their row, beside decimals: a table of prices."""
    for index, column in enumerate(layout.columns):
        cells = [cell for row in layout.body if index < len(row) and (cell := row[index]) is not None]
        if column.role != "label" or index == layout.model_column or not cells:
            continue
        labels = [scope.label(cell.plain) for cell in cells]
        if 2 * sum(label.has_meter and not label.unknown and not label.roles for label in labels) > len(labels):
            return any(_DECIMAL.fullmatch(clean(cell.text)) for row in layout.body for cell in row if cell is not None)
    return False


_DECIMAL = re.compile(r"[0-9]+[.,][0-9]{1,6}")


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
        message = f"{column.header!r} says the same meter as a plainer heading; {_EXPLAIN} {column.meaning.unknown!r}"
        total += _complaint(message, cells, locator, count_printed(cells))
    columns = tuple(
        replace(column, role="ignore") if index in doubles else column for index, column in enumerate(layout.columns)
    )
    return replace(layout, columns=columns), total


def refuse_labelled(layout: Layout, scope: Scope, locator: str) -> tuple[Layout, Reading]:
    """Without columns whose cells name their meters below a strange heading, where another heading is understood.

    The heading says for which of the prices the column holds ("> 200K input tokens", "Growth" beside "Pay as you go"),
    and it alone.
    """
    priced = [column for column in layout.columns if column.role == "price"]
    if layout.models_across or all(is_strange(column) for column in priced):
        return layout, Reading()
    columns, total = list(layout.columns), Reading()
    has_tier = any(column.meaning.tier and not column.meaning.has_meter for column in priced if not is_strange(column))
    for index, column in enumerate(columns):
        if not is_strange(column) or column.meaning.unit:
            continue  # a heading that names the unit is one of prices, whatever else it says
        cells = [cell for row in layout.body if index < len(row) and (cell := row[index]) is not None]
        prices = [price for cell in cells for price in read_cell(cell.lines, scope).prices]
        if has_tier or any(scope.label(price.label).has_meter for price in prices if price.label):
            columns[index] = replace(column, role="ignore")
            message = f"{column.header!r} does not say for which prices it holds; {_EXPLAIN} {column.meaning.unknown!r}"
            total += _complaint(message, cells, locator, count_printed(cells))
    return replace(layout, columns=tuple(columns)), total


def disputed_rows(layout: Layout, scope: Scope) -> dict[int, str]:
    """Rows that two columns of names call differently, by number in the body, with both names in words.

    A column under strange words or none that repeats the models of some rows ("GLM-4.5" beside "glm-4.5") names models
    too. Where it stands first and says "Web Search" beside "search_pro", its lost heading may be the one that counts.
    """
    chosen = layout.model_column
    if chosen is None or not layout.header:
        return {}
    rivals = [
        index
        for index, column in enumerate(layout.columns[:chosen])
        if column.role == "label" and (column.meaning.unknown or not column.header)
    ]
    names = _names_down(layout, chosen, scope) if rivals else {}
    disputed: dict[int, str] = {}
    for index in rivals:
        others = _names_down(layout, index, scope)
        differ = {
            row: f"two columns name the model differently: {name} / {names[row]}"
            for row, name in others.items()
            if names.get(row, name) != name
        }
        if len(others.keys() & names.keys()) - len(differ) >= min(2, len(others)):
            disputed.update(differ)
    return disputed


def _names_down(layout: Layout, index: int, scope: Scope) -> dict[int, str]:
    """The folded names that a column holds, by number of the row."""
    cells = {number: row[index] for number, row in enumerate(layout.body) if index < len(row)}
    read = {number: read_models(cell.lines, scope) for number, cell in cells.items() if cell is not None}
    return {number: model_key(models[0].name) for number, models in read.items() if models}


def _said(column: Column) -> Meaning:
    """What tells a column from another: all but the look of its heading."""
    return column.meaning._replace(unknown="", roles=frozenset(), hints=(), others=(), unit=None, currency=None)


def is_strange(column: Column) -> bool:
    """A price column whose heading says no meter and holds words that nobody has explained."""
    return column.role == "price" and bool(column.meaning.unknown) and not column.meaning.has_meter
