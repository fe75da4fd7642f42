"""A page as it was read, block by block: how the axes were understood and what each amount became.

It joins what the readers gave with the places they named and decides nothing itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from scrapers.catalog import Hints
from scrapers.documents.blocks import Block, Card, Document, Prose, Record, Table
from scrapers.rates import Complaint, Rate, format_decimal
from scrapers.reader import is_ignored, read_blocks
from scrapers.reading.headers import where
from scrapers.reading.ignoring import RELATIVE
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.layout import Layout, find_layout
from scrapers.reading.vocabulary import Meaning

_CELL = re.compile(r"row (\d+), column (\d+)")
_RELATIVE = re.compile(r"\d(?:\.\d+)?\s?(?:[x×](?![0-9])|times\b|倍)|\d\s?%|\d\s?折", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one printed amount or relation: `rate`, `ignored` (by which rule), `complaint` or `condition`."""

    became: Literal["rate", "ignored", "complaint", "condition"]
    text: str
    why: str
    locator: str = ""


@dataclass(frozen=True, slots=True)
class BlockAccount:
    """One block as it was read.

    Attributes:
        path: headings, tabs and caption, outermost first.
        axes: a sentence for each column (or for the block) on what it was taken for.
        amounts: how many it prints; `ignored` of them by a rule.

    """

    kind: str
    locator: str
    path: str
    size: str
    axes: tuple[str, ...]
    amounts: int
    ignored: int
    outcomes: tuple[Outcome, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around one read price: rows of a table, or lines.

    Attributes:
        path: headings, tabs and caption, outermost first.
        axis: what the reader took the price's column for, or "".
        rows: the headings of a table and the rows around the price, as cells; lines have one cell.
        marked: which of `rows` holds the price, or None.

    """

    path: str
    axis: str
    rows: tuple[tuple[str, ...], ...]
    marked: int | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def surroundings(
    document: Document, locator: str, quote: str, hints: Hints | None = None, captured_at: datetime | None = None
) -> Surroundings | None:
    """What stands around the place that a rate's evidence names; None when the document has no such place."""
    place = _place(locator)
    blocks = [block for block in document.blocks if _is_in(place, block.locator)]
    block = max(blocks, key=lambda each: len(each.locator), default=None)
    if block is None:
        return None
    accounts = explain(document, hints, captured_at)
    axes = next((account.axes for account in accounts if account.locator == block.locator), ())
    cell = _CELL.search(place.removeprefix(block.locator))
    if isinstance(block, Table) and cell is not None:
        row, column = int(cell[1]) - 1, cell[2]
        axis = next((words for words in axes if words.startswith(f"column {column} ")), "")
        heads = list(range(max(1, block.header_rows)))
        shown = sorted({*heads, *range(max(0, row - 1), row + 2)} & set(range(len(block.rows))))
        cells = (tuple("" if each is None else each.text for each in block.rows[number]) for number in shown)
        return Surroundings(_path(block), axis, tuple(cells), shown.index(row) if row in shown else None)
    lines = _lines(block)
    marked = next((number for number, line in enumerate(lines) if quote and quote in line), None)
    first = max(0, (marked or 0) - 2)
    around = tuple((line[:200],) for line in lines[first : first + 5])
    return Surroundings(_path(block), "", around, None if marked is None else marked - first)


def explain(
    document: Document, hints: Hints | None = None, captured_at: datetime | None = None
) -> tuple[BlockAccount, ...]:
    """Every block that holds an amount, a price or a complaint, in reading order."""
    accounts = (_account(*each, hints or Hints()) for each in read_blocks(document, hints or Hints(), captured_at))
    return tuple(account for account in accounts if account.amounts or account.outcomes)


def _account(block: Block, scope: Scope, part: Reading, hints: Hints) -> BlockAccount:
    axes: tuple[str, ...] = ()
    outcomes = [*_of_rates(part.rates), *_of_complaints(part.complaints), *_of_ignored(part.set_aside)]
    if isinstance(block, Table) and not is_ignored(block, hints):
        layout = find_layout(block, scope)
        axes = tuple(_axes(layout))
        outcomes = list(_by_cell(block, layout, outcomes))
    outcomes += [Outcome("condition", words, RELATIVE) for words in part.relative]
    return BlockAccount(
        type(block).__name__.casefold(),
        block.locator,
        _path(block),
        _size(block),
        axes,
        part.amounts_seen,
        part.amounts_ignored,
        tuple(each for each in outcomes if each.text),
    )


def _path(block: Block) -> str:
    context = block.context
    return " > ".join(filter(None, (*context.headings, *context.tabs, context.caption, context.component)))


def _lines(block: Block) -> list[str]:
    """A block as lines, to show what stands around a price."""
    if isinstance(block, Table):
        return [" | ".join("" if cell is None else cell.text for cell in row) for row in block.rows]
    if isinstance(block, Card):
        return [block.title, *("".join(run.text for run in line) for line in block.lines)]
    if isinstance(block, Prose):
        return [block.text]
    return json.dumps(dict(block.fields), ensure_ascii=False, indent=1, default=str).splitlines()


def _is_in(place: str, locator: str) -> bool:
    """Whether a place is the block of that locator or within it ("table 1" is not "table 10").

    >>> _is_in("table 1 row 2, column 3", "table 1"), _is_in("table 10 row 2, column 3", "table 1")
    (True, False)
    """
    return bool(locator) and place.startswith(locator) and not place.removeprefix(locator)[:1].isdigit()


def _size(block: Block) -> str:
    if isinstance(block, Table):
        return f"{len(block.rows)} rows x {max((len(row) for row in block.rows), default=0)} columns"
    if isinstance(block, Card):
        return f"{len(block.lines)} lines"
    return f"{len(block.fields)} keys" if isinstance(block, Record) else f"{len(block.text)} characters"


def _axes(layout: Layout) -> Iterator[str]:
    if layout.models_across:
        yield "models stand in the header, meters in the rows"
    elif layout.model_column is None:
        yield "models stand above the table"
    for number, column in enumerate(layout.columns, start=1):
        yield f"column {number} {column.header!r}: {column.role}{_said(column.meaning)}"


def _said(meaning: Meaning) -> str:
    """What the words of a heading say, for reading."""
    words = [meaning.meter, meaning.direction, meaning.tier, meaning.mode, meaning.window, meaning.currency]
    words.append(f"cache {meaning.cache}" if meaning.cache else None)
    words.append(f"per {format_decimal(meaning.unit.per)} {meaning.unit.unit}" if meaning.unit else None)
    words.append(f"not understood: {meaning.unknown!r}" if meaning.unknown else None)
    said = ", ".join(word for word in words if word)
    return f" ({said})" if said else ""


def _by_cell(table: Table, layout: Layout, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """The outcomes of a table, cell by cell, and the relations that its other cells state."""
    by_place: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_place.setdefault(_place(outcome.locator), []).append(outcome)
    header = {id(cell) for row in layout.header for cell in row if cell is not None}
    places = {id(cell): cell for row in table.rows for cell in row if cell is not None}
    for cell in places.values():
        said = by_place.pop(where(table.locator, cell), [])
        yield from said
        if not said and id(cell) not in header and _RELATIVE.search(cell.text):
            yield Outcome("condition", cell.text, RELATIVE, where(table.locator, cell))
    for rest in by_place.values():
        yield from rest


def _of_rates(rates: Sequence[Rate]) -> Iterator[Outcome]:
    for rate in rates:
        amount = rate.state if rate.amount is None else f"{format_decimal(rate.amount)} {rate.currency}"
        per = "" if rate.per is None else f" per {format_decimal(rate.per)} {rate.unit}"
        words = f"{rate.model} {rate.meter}: {amount}{per}, {rate.service_tier}"
        yield Outcome("rate", rate.evidence.quote or amount, words, rate.evidence.locator)


def _of_complaints(complaints: Sequence[Complaint]) -> Iterator[Outcome]:
    for each in complaints:
        yield Outcome("complaint", each.quote or each.kind, f"{each.kind}: {each.message}", each.locator)


def _of_ignored(set_aside: Sequence[Complaint]) -> Iterator[Outcome]:
    for each in dict.fromkeys(set_aside):
        yield Outcome("ignored", each.quote, each.message, each.locator)


def _place(locator: str) -> str:
    return locator.partition(" (hints")[0].partition(" (corrected")[0]
