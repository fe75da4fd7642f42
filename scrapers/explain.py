"""A page as it was read, block by block: how the axes were understood and what each amount became.

It joins what the readers gave with the places they named and decides nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from scrapers.catalog import Hints
from scrapers.documents.blocks import Block, Card, Cell, Document, Prose, Record, Table
from scrapers.rates import Complaint, Rate, format_decimal
from scrapers.reader import is_ignored, read_blocks
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.layout import Column, Layout, find_layout
from scrapers.reading.money import find_amounts
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Meaning

_RULES = {
    "total": "the total of an example",
    "foreign": "a price of other goods or of a plan",
    "relative": "a price in relation to another",
    "list": "a list price",
    "ignore": "a column that holds no prices",
}
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


def explain(
    document: Document, hints: Hints | None = None, captured_at: datetime | None = None
) -> tuple[BlockAccount, ...]:
    """Every block that holds an amount, a price or a complaint, in reading order."""
    accounts = (_account(*each, hints or Hints()) for each in read_blocks(document, hints or Hints(), captured_at))
    return tuple(account for account in accounts if account.amounts or account.outcomes)


def _account(block: Block, scope: Scope, part: Reading, hints: Hints) -> BlockAccount:
    context = block.context
    axes: tuple[str, ...] = ()
    if is_ignored(block, hints):
        outcomes = [_ignored(part.amounts_ignored, "the provider file's `ignore` names this block")]
    elif isinstance(block, Table):
        layout = find_layout(block, scope)
        axes = tuple(_axes(layout))
        outcomes = list(_of_table(block, layout, part, scope))
    else:
        rule = (
            "a price in running text"
            if isinstance(block, Prose)
            else "beside no model, of other goods, or a list price"
        )
        outcomes = [*_of_rates(part.rates), *_of_complaints(part.complaints), _ignored(part.amounts_ignored, rule)]
        outcomes += [Outcome("condition", words, "a price in relation to another") for words in part.relative]
    return BlockAccount(
        type(block).__name__.casefold(),
        block.locator,
        " > ".join(filter(None, (*context.headings, *context.tabs, context.caption, context.component))),
        _size(block),
        axes,
        part.amounts_seen,
        part.amounts_ignored,
        tuple(each for each in outcomes if each.text),
    )


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


def _of_table(table: Table, layout: Layout, part: Reading, scope: Scope) -> Iterator[Outcome]:
    rates: dict[str, list[Rate]] = {}
    for rate in part.rates:
        rates.setdefault(_place(rate.evidence.locator), []).append(rate)
    complaints: dict[str, list[Complaint]] = {}
    for complaint in part.complaints:
        complaints.setdefault(complaint.locator, []).append(complaint)
    header = {id(cell) for row in layout.header for cell in row if cell is not None}
    places = {id(cell): cell for row in table.rows for cell in row if cell is not None}
    for cell in places.values():
        locator = f"{table.locator} row {cell.row + 1}, column {cell.column + 1}".strip()
        said = [*_of_rates(rates.pop(locator, ())), *_of_complaints(complaints.pop(locator, ()))]
        yield from said
        count = len(find_amounts(clean(cell.text)))
        if not said and count:
            column = layout.columns[cell.column] if cell.column < len(layout.columns) else Column()
            rule = "a heading" if id(cell) in header else _rule(column, _row_label(table, cell, scope))
            yield Outcome("ignored", cell.text, rule, locator)
        elif not said and id(cell) not in header and _RELATIVE.search(cell.text):
            yield Outcome("condition", cell.text, "a price in relation to another", locator)
    for rest in rates.values():
        yield from _of_rates(rest)
    for more in complaints.values():
        yield from _of_complaints(more)


def _row_label(table: Table, cell: Cell, scope: Scope) -> Meaning:
    first = next((each for each in table.rows[cell.row] if each is not None), None)
    return Meaning() if first is None or first is cell else scope.label(first.plain)


def _rule(column: Column, row: Meaning) -> str:
    for roles in (column.meaning.roles, row.roles):
        for role, words in _RULES.items():
            if role in roles:
                return words
    return "no price by the words beside it" if column.role == "price" else f"a column of the kind {column.role}"


def _of_rates(rates: Sequence[Rate]) -> Iterator[Outcome]:
    for rate in rates:
        amount = rate.state if rate.amount is None else f"{format_decimal(rate.amount)} {rate.currency}"
        per = "" if rate.per is None else f" per {format_decimal(rate.per)} {rate.unit}"
        words = f"{rate.model} {rate.meter}: {amount}{per}, {rate.service_tier}"
        yield Outcome("rate", rate.evidence.quote or amount, words, rate.evidence.locator)


def _of_complaints(complaints: Sequence[Complaint]) -> Iterator[Outcome]:
    for each in complaints:
        yield Outcome("complaint", each.quote or each.kind, f"{each.kind}: {each.message}", each.locator)


def _ignored(count: int, rule: str) -> Outcome:
    return Outcome("ignored", f"{count} amounts" if count else "", rule)


def _place(locator: str) -> str:
    return locator.partition(" (hints")[0]
