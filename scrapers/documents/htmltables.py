"""The rows and cells of one HTML table, before they have a place in the grid: which are its own, which are headers.

A table's rows are those that no nested table owns; a row is a header where the document says so, by `<thead>`, by an
attribute or by header cells alone. Elements with the roles of a table count like its tags.
"""

from __future__ import annotations

from dataclasses import replace

from scrapers.documents.blocks import Context
from scrapers.documents.grid import PrintedCell, repair_short_rows
from scrapers.documents.inline import attribute, lines_of
from scrapers.documents.nodes import Tag

_CELL_TAGS = frozenset({"td", "th"})
_CELL_ROLES = frozenset({"cell", "gridcell", "columnheader", "rowheader"})
_TABLE_PARTS = frozenset({"caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "script", "style"})


def repair_rows(
    rows: list[Tag], printed: list[list[PrintedCell]], context: Context
) -> tuple[list[list[PrintedCell]], Context]:
    """Cuts rows to the cells that the Markdown source prints and lets the grid repair the short ones."""
    width = max((len(row) for row in printed), default=0)
    cut = [
        row[: int(attribute(tag, "data-cells"))] if attribute(tag, "data-cells").isdigit() else row
        for tag, row in zip(rows, printed, strict=True)
    ]
    repaired, doubtful = repair_short_rows(cut, width)
    overfull = [n for n, tag in enumerate(rows) if (attribute(tag, "data-cells") or "0") > "" and _is_over(tag, width)]
    named = sorted({*doubtful, *overfull})
    if named:
        props = (*context.props, ("ragged_rows", ",".join(map(str, named))))
        context = replace(context, props=props)
    return repaired, context


def _is_over(row: Tag, width: int) -> bool:
    cells = attribute(row, "data-cells")
    return cells.isdigit() and int(cells) > width


def rows_of(table: Tag) -> list[Tag]:
    """The rows of this table and of none that is nested in it."""
    if table.name != "table":
        return [row for row in table.find_all(role="row") if _owner(row) is table]
    return [row for row in table.find_all("tr") if row.find_parent("table") is table]


def _owner(node: Tag) -> Tag | None:
    return next((above for above in node.parents if attribute(above, "role") in {"table", "grid"}), None)


def cells_of(row: Tag) -> list[Tag]:
    """The displayed cells of one row."""
    if row.name == "tr":
        cells = [child for child in row.children if isinstance(child, Tag) and child.name in _CELL_TAGS]
    else:
        cells = [child for child in row.elements() if attribute(child, "role") in _CELL_ROLES]
    return [cell for cell in cells if cell.traits.is_displayed]


def nested_tables(table: Tag) -> list[Tag]:
    """Tables that stand in this one and in none between."""
    return [inner for inner in table.find_all("table") if inner.find_parent("table") is table]


def strays_of(table: Tag) -> list[Tag]:
    """Elements that stand in a table and in none of its rows: a table that is never closed swallows what follows it."""
    if table.name != "table":
        rows = rows_of(table)
        inside = {id(node) for row in rows for node in (row, *row.parents)}
        return [child for child in table.find_all(recursive=False) if rows and id(child) not in inside]
    places = [table, *table.find_all(["tbody", "thead", "tfoot"], recursive=False)]
    return [child for place in places for child in place.find_all(recursive=False) if child.name not in _TABLE_PARTS]


def printed_cell(cell: Tag) -> PrintedCell:
    """A cell as it stands in its row, with the spans that it asks for."""
    rowspan, colspan = (_span(cell, "rowspan"), _span(cell, "colspan")) if cell.attrs else (1, 1)
    return PrintedCell(lines_of(cell), rowspan, colspan, cell.traits.is_header_cell)


def _span(cell: Tag, name: str) -> int:
    text = attribute(cell, name) or attribute(cell, f"aria-{name}")
    if not text:
        return 1
    digits = text.strip()
    return min(int(digits), 100_000) if digits.isdecimal() and len(digits) < 10 else 1


def count_header_rows(rows: list[Tag], printed: list[list[PrintedCell]]) -> int:
    """How many leading rows the document marks as header: in `<thead>`, by an attribute, or all of header cells."""
    count = 0
    for row, cells in zip(rows, printed, strict=True):
        parent = row.parent
        is_marked = (
            (parent is not None and parent.name == "thead")
            or attribute(row, "thead") == "true"
            or (
                bool(cells)
                and all(cell.is_header or cell.is_empty for cell in cells)
                and any(c.is_header for c in cells)
            )
        )
        if not is_marked:
            break
        count += 1
    return count if count < len(rows) or count <= 3 else 1
