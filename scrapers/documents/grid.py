"""Rows of cells to a grid with every span filled in.

A span is clipped to the rows that exist, so a table can only grow by its columns; a grid of more than `CELL_BUDGET`
places is refused before it is built. Cells that merely mark a merged place (`colspan=0`, or `rowspan=0` and empty)
are dropped. Short rows of Markdown copies, whose rowspan was lost, are repaired here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scrapers.documents.blocks import Cell
from scrapers.documents.inline import Line
from scrapers.errors import LayoutError

CELL_BUDGET = 100_000
_MAX_COLSPAN = 1000

Grid = tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """A cell as it stands in its row, before its place in the grid is known; a rowspan of 0 means "to the end"."""

    lines: tuple[Line, ...]
    rowspan: int = 1
    colspan: int = 1
    is_header: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.lines


def build_grid(rows: Sequence[Sequence[PrintedCell]]) -> Grid:
    """Places cells as HTML does: each takes the next free column, and a spanned cell stands in all its places.

    Raises:
        LayoutError: the spans ask for more than `CELL_BUDGET` places.

    """
    grid: list[dict[int, _Placed]] = [{} for _ in rows]
    places = 0
    for row_number, row in enumerate(rows):
        column = 0
        for printed in row:
            if printed.colspan == 0 or (printed.rowspan == 0 and printed.is_empty):
                continue
            while column in grid[row_number]:
                column += 1
            remaining = len(rows) - row_number
            rowspan = min(printed.rowspan or remaining, remaining)
            colspan = min(printed.colspan, _MAX_COLSPAN)
            places += rowspan * colspan
            if places > CELL_BUDGET:
                raise LayoutError(
                    f"a table asks for more than {CELL_BUDGET} cells by its spans; read the page in a browser and "
                    "report it if it is a real price table"
                )
            cell = (printed, row_number, column, rowspan, colspan)
            for covered in range(row_number, row_number + rowspan):
                for place in range(column, column + colspan):
                    grid[covered].setdefault(place, cell)
            column += colspan
    return _square(grid)


_Placed = tuple[PrintedCell, int, int, int, int]  # with row, column, rowspan and colspan as HTML counts them


def _square(grid: list[dict[int, _Placed]]) -> Grid:
    """Equal rows, without rows that no cell covers and columns in which none begins; places are counted anew."""
    begun = sorted({column for row in grid for _, _, column, _, _ in row.values()})
    columns = {column: place for place, column in enumerate(begun)}
    rows = {number: place for place, number in enumerate(number for number, row in enumerate(grid) if row)}
    placed: dict[int, Cell] = {}

    def place(cell: _Placed) -> Cell:
        known = placed.get(id(cell))
        if known is None:
            printed, row, column, rowspan, colspan = cell
            rowspan = 1 if rowspan == 1 else sum(number in rows for number in range(row, row + rowspan))
            colspan = 1 if colspan == 1 else sum(number in columns for number in range(column, column + colspan))
            known = Cell(printed.lines, rows[row], columns[column], rowspan, colspan, printed.is_header)
            placed[id(cell)] = known
        return known

    return tuple(tuple(place(row[column]) if column in row else None for column in columns) for row in grid if row)


def renumber(rows: Sequence[Sequence[Cell | None]]) -> Grid:
    """The grid of some rows of another grid: each cell knows its new row and how many of the rows it covers."""
    places: dict[int, list[int]] = {}
    cells: dict[int, Cell] = {}
    for number, row in enumerate(rows):
        for cell in row:
            if cell is not None:
                covered = places.setdefault(id(cell), [])
                cells[id(cell)] = cell
                if covered[-1:] != [number]:
                    covered.append(number)
    moved = {key: replace(cell, row=places[key][0], rowspan=len(places[key])) for key, cell in cells.items()}
    return tuple(tuple(None if cell is None else moved[id(cell)] for cell in row) for row in rows)


_AMOUNT = re.compile(r"[$¥￥€£]\s*\d|\d\s*(元|円|厘)|^\d+(\.\d+)?$")
_MARK = re.compile(r"^[\W_]*$")


def _kind(printed: PrintedCell) -> str:
    """The look of a cell, enough to tell in which column it feels at home."""
    text = " ".join("".join(run.text for run in line) for line in printed.lines).strip()
    if not text or _MARK.match(text):
        return "mark"
    if _AMOUNT.search(text):
        return "amount"
    return "digits" if any(character.isdigit() for character in text) else "words"


def _likeness(row: Sequence[PrintedCell], model: Sequence[PrintedCell]) -> int:
    score = 0
    for cell, other in zip(row, model, strict=False):
        mine, theirs = _kind(cell), _kind(other)
        if mine == theirs:
            score += 2 if mine == "amount" else 1
        elif "amount" in (mine, theirs) and "mark" not in (mine, theirs):
            score -= 2
    return score


def continues(row: Sequence[PrintedCell], full: Sequence[PrintedCell]) -> bool:
    """Whether a short row has amounts where the right end of a full row above it has them: its labels span down."""
    end = full[len(full) - len(row) :]
    kinds = [(_kind(mine), _kind(theirs)) for mine, theirs in zip(row, end, strict=True)]
    return ("amount", "amount") in kinds and all(
        mine == theirs or "mark" in (mine, theirs) for mine, theirs in kinds[1:]
    )


def repair_short_rows(
    rows: Sequence[Sequence[PrintedCell]], width: int
) -> tuple[list[list[PrintedCell]], tuple[int, ...]]:
    """Gives short rows of a Markdown table their place; returns the rows and the numbers of those left in doubt.

    The rule: a row that prints fewer cells than the table is wide, and whose cells look like the *right* end of the
    last full row above it, has lost labels that span down from there: those labels are extended. A row that looks
    like the left end lost empty cells at its end. A row that looks like neither stays as printed and is named, and so
    is one that may have lost an amount, since that may have stood between those that are left. Below the headings
    alone, the next full row shows what a row looks like.
    """
    repaired: list[list[PrintedCell]] = []
    doubtful: list[int] = []
    full: Sequence[PrintedCell] | None = None
    was_right = False
    owners: list[tuple[int, int] | None] = []
    for number, row in enumerate(rows):
        missing = width - len(row)
        if missing <= 0:
            full, was_right = row, False
            repaired.append(list(row))
            owners = [(number, place) for place in range(len(row))]
            continue
        if full is None or number == 0 or len(row) <= 1:
            repaired.append(list(row))
            continue
        if len(repaired) == 1 or full is rows[0]:
            full = next((later for later in rows[number:] if len(later) >= width), full)
        right, left = _likeness(row, full[missing:]), _likeness(row, full[: len(row)])
        if full is rows[0] or (full not in repaired and right >= left):
            right, left = 0, 0  # no label stands above that could span down: a heading is none
        if right > left or (right == left and was_right):
            was_right = True
            for place in range(missing):
                owner = owners[place]
                if owner is not None:
                    above, at = owner
                    spanned = repaired[above][at]
                    repaired[above][at] = replace(spanned, rowspan=spanned.rowspan + 1)
            repaired.append(list(row))
            owners = [*owners[:missing], *((number, place) for place in range(len(row)))]
        else:
            was_right = False
            if right == left or any(_kind(cell) == "amount" for cell in full[len(row) :]):
                doubtful.append(number)
            repaired.append(list(row))
            owners = [*((number, place) for place in range(len(row))), *([None] * missing)]
    return repaired, tuple(doubtful)
