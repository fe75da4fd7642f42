"""Plain text to blocks: lines parted by tabs (as a browser copies tables), spaces or commas are tables.

In a browser's copy a row is one line, a cell's line break splits the row, and a label that spans rows leaves an empty
cell at the beginning of the rows below it, or none at all where the copyist dropped it; any other short row's first
cell spans the columns that it lacks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace

from scrapers.documents.blocks import Block, Context, Prose, Run, Table
from scrapers.documents.grid import PrintedCell, build_grid, continues
from scrapers.documents.inline import fold_space
from scrapers.documents.spaced import spaced_rows

_MAX_LABEL = 60
_MAX_BEFORE = 12


def text_blocks(text: str) -> list[Block]:
    """Blocks of a plain text, in order."""
    blocks: list[Block] = []
    before: list[str] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    place = 0
    while place < len(lines):
        rows, after = _table_at(lines, place)
        if not rows:
            rows, after = _spaced_at(lines, place)
        if not rows:
            rows, after = _listed_at(lines, place)
        if rows:
            context = Context(before=tuple(before))
            blocks.append(Table(build_grid(_printed(rows)), 0, context, f"line {place + 1}"))
            before.clear()
            place = after
            continue
        bare = fold_space(lines[place]).strip()
        if bare:
            blocks.append(Prose((Run(bare),), Context(before=tuple(before)), f"line {place + 1}"))
            before = [*before, bare][-_MAX_BEFORE:]
        place += 1
    return blocks


def _table_at(lines: list[str], start: int) -> tuple[list[list[list[str]]], int]:
    """Rows of cells that begin at a line, and the line after them; no rows where fewer than two stand there."""
    if "\t" not in lines[start]:
        return [], start
    rows: list[list[list[str]]] = []
    pending: list[str] = []
    place = start
    while place < len(lines):
        line = lines[place]
        if "\t" in line:
            cells = [[part] if (part := fold_space(cell).strip()) else [] for cell in line.split("\t")]
            cells[0] = [*pending, *cells[0]]
            pending = []
            rows.append(cells)
        elif line.strip() and _starts_row(lines, place):
            pending.append(fold_space(line).strip())
        else:
            break
        place += 1
    return (rows, place) if len(rows) >= 2 else ([], start)


def _spaced_at(lines: list[str], start: int) -> tuple[list[list[list[str]]], int]:
    """Rows of the lines from here to the next blank one, where spaces part their columns, and the line after them."""
    end = start
    while end < len(lines) and _GAP.search(lines[end]) and "\t" not in lines[end] and end - start < _MAX_ROWS:
        end += 1
    rows = [[[cell] if cell else [] for cell in row] for row in spaced_rows(lines[start:end])]
    return rows, end if rows else start


def _listed_at(lines: list[str], start: int) -> tuple[list[list[list[str]]], int]:
    """Rows of comma-separated values: a line of headings, then lines of as many values, a number among each."""
    for mark in ";,":  # a comma may be in a number: "nova;0,45;1,35"
        if lines[start].count(mark) < _MIN_MARKS or any(map(_NUMBER.fullmatch, lines[start].split(mark))):
            continue
        rows: list[list[str]] = []
        after = start
        for row, end in _values(lines, start, mark):
            if rows and (len(row) != len(rows[0]) or not any(map(_NUMBER.fullmatch, row))):
                break
            rows.append([fold_space(cell).strip() for cell in row])
            after = end
        if len(rows) >= _MIN_MARKS and all(rows[0]):
            rows[0] = [cell.replace("_", " ") for cell in rows[0]]
            return [[[cell] if cell else [] for cell in row] for row in rows], after
    return [], start


def _values(lines: list[str], start: int, mark: str) -> Iterator[tuple[list[str], int]]:
    """Rows of values from a line on, each with the line after it; a quoted value may go on in a few more lines."""
    place = start
    while place < min(len(lines), start + _MAX_ROWS):
        reader = csv.reader([f"{line}\n" for line in lines[place : place + _MAX_CELL_LINES]], delimiter=mark)
        try:
            row = next(reader)
        except csv.Error:  # a value of more than 128 kB
            return
        place += reader.line_num
        yield row, place


_MIN_MARKS = 2
_MAX_CELL_LINES = 20
_NUMBER = re.compile(r"\s*(?:[$¥€£₽₩₹]\s?)?[0-9]{1,9}(?:[.,][0-9]{1,12})?\s*")
_GAP = re.compile(r"\S {2,}\S")
_MAX_ROWS = 2_000


def _starts_row(lines: list[str], place: int) -> bool:
    """A line with tabs, or a short label whose row goes on in the next lines."""
    for line in lines[place : place + 3]:
        if "\t" in line:
            return True
        if not line.strip() or len(line) > _MAX_LABEL:
            return False
    return False


def _printed(rows: list[list[list[str]]]) -> list[list[PrintedCell]]:
    width = max(len(row) for row in rows)
    printed = [[PrintedCell(tuple((Run(line),) for line in cell)) for cell in row] for row in rows]
    label: tuple[int, int] | None = None
    full: list[PrintedCell] | None = None
    for number, row in enumerate(printed):
        missing = width - len(row)
        is_below = label is not None and (
            (missing == 0 and row[0].is_empty) or (missing == 1 and full is not None and continues(row, full))
        )
        if is_below and label is not None:
            owner = printed[label[0]][0]
            printed[label[0]][0] = replace(owner, rowspan=owner.rowspan + 1)
            printed[number] = row if missing else row[1:]
        elif missing:
            row[0] = replace(row[0], colspan=missing + 1)
            label = None
        else:
            label, full = (number, 0), list(row)
    return printed
