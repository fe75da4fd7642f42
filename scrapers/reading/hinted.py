"""Components that print no headings, laid out by the columns that a provider file names for them."""

from __future__ import annotations

from collections.abc import Sequence

from scrapers.documents.blocks import Table
from scrapers.rates import Complaint
from scrapers.reading.headers import Row
from scrapers.reading.labels import Reading, Scope, read_context
from scrapers.reading.layout import Column, Layout
from scrapers.reading.text import clean
from scrapers.reading.units import read_unit
from scrapers.reading.vocabulary import Meaning


def component_layouts(table: Table, scope: Scope) -> tuple[list[Layout], Reading]:
    """Layouts of a component's rows, by the provider file's columns for rows of exactly that length, and complaints.

    A row of another length is refused: a column may have been put into the middle.
    """
    props = dict(table.context.props)
    hints = [
        hint
        for hint in scope.hints.columns
        if hint.component == table.context.component and all(props.get(name) == value for name, value in hint.when)
    ]
    layouts: list[Layout] = []
    total = Reading()
    for length, rows in _by_length(table.rows).items():
        hint = next((each for each in hints if len(each.columns) == length), None)
        if hint is None:
            message = (
                f"rows of {length} columns in {table.context.component}: add `columns` for them to the provider's "
                f"[hints]"
            )
            for row in rows:
                cells = [cell for cell in row if cell is not None]
                count = sum(1 for cell in row[1:] if cell is not None and clean(cell.text))
                place = f"{table.locator} row {max(cell.row for cell in cells) + 1}"
                complaint = Complaint("unknown_column", message, " | ".join(cell.text for cell in cells), place)
                total += Reading(complaints=(complaint,), amounts_seen=count)
            continue
        note = (f"columns of {hint.component} by length {length}",)
        page_unit = read_context(table.context, scope).unit or scope.page.unit  # what the page says goes before a hint
        unit = page_unit or (read_unit(hint.unit) if hint.unit else None)
        columns = tuple(
            Column(word, role="model" if word == "model" else "ignore")
            if word in {"model", "-"}
            else Column(word, Meaning(meter=word, unit=unit, roles=frozenset({"price"}), hints=note), "price")
            for word in hint.columns
        )
        model = hint.columns.index("model") if "model" in hint.columns else None
        layouts.append(Layout((), rows, columns, model))
    return layouts, total


def _by_length(rows: Sequence[Row]) -> dict[int, tuple[Row, ...]]:
    """Rows by the number of places up to the last that holds a cell."""
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        length = max((index + 1 for index, cell in enumerate(row) if cell is not None), default=0)
        if length:
            grouped.setdefault(length, []).append(row[:length])
    return {length: tuple(group) for length, group in grouped.items()}
