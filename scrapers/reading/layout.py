"""How a table is meant: which rows are headers, where the models stand, what each column holds.

Decided by what the axes say and never by position: a column that was moved or inserted changes nothing, and one that
nobody has explained is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from scrapers.documents.blocks import Cell, Table
from scrapers.reading.headers import (
    Row,
    count_headers,
    has_amount,
    head_label,
    header_parts,
    is_lone,
    is_more_header,
    is_number,
    with_lost_spans,
)
from scrapers.reading.labels import Scope
from scrapers.reading.money import find_amounts
from scrapers.reading.names import is_identifier, is_model_like, read_model
from scrapers.reading.text import clean, fold, has_digits, has_words
from scrapers.reading.tiers import find_ranges, without_ranges
from scrapers.reading.units import FOREIGN, Unit, unit_after
from scrapers.reading.vocabulary import Meaning

Role = Literal["model", "price", "label", "region", "unit", "ignore"]
_NO_PRICE = frozenset({"ignore", "foreign", "total", "relative"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, what that says, what stands beneath; `parts` where one header names several meters."""

    header: str = ""
    meaning: Meaning = field(default_factory=Meaning)
    role: Role = "label"
    parts: tuple[Meaning, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A table understood: header and body rows, columns, and whether models stand in the header row."""

    header: tuple[Row, ...]
    body: tuple[Row, ...]
    columns: tuple[Column, ...]
    model_column: int | None = None
    models_across: bool = False


def find_layout(table: Table, scope: Scope) -> Layout:
    """The layout of a table; `model_column` is None where the models stand in the header or above the table."""
    rows = [row for row in table.rows if any(cell is not None and clean(cell.text) for cell in row)]
    width = max((len(row) for row in table.rows), default=0)
    dropped = sum(1 for row in table.rows[: table.header_rows] if row not in rows)
    count = max(table.header_rows - dropped, 0) or count_headers(rows, scope)
    heads_all = not count and len(rows) > 2 and is_lone(rows[0]) and not has_amount(rows[0][0])
    if heads_all and count_headers(rows[1:], scope):
        rows = [rows[1], rows[0], *rows[2:]]  # a row across the table ("Batch") above its header is a group's label
        count = 1
    while 0 < count < len(rows) and is_more_header(rows[count], rows[count - 1], scope):
        count += 1
    header, body = with_lost_spans(rows[:count]), tuple(rows[count:])
    columns = tuple(_column(header, body, index, scope) for index in range(width))
    if not any(column.role == "price" and "list" not in column.meaning.roles for column in columns):
        columns = tuple(_only_price(column, body, index, scope) for index, column in enumerate(columns))
    columns = _beside_storage(_with_common_unit(_with_only_prices(columns, body, scope)))
    columns = _with_listed_unit(columns, body, scope)
    columns = _with_numbers_across(body, columns, scope)
    if _are_models_across(header, body, columns, scope):
        return Layout(header, body, columns, models_across=True)
    model = _model_column(body, columns, scope)
    if model is None and not any(is_model_like(heading, scope) for heading in table.context.headings):
        model = _billed_models(body, columns, scope)
    if model is not None:
        columns = (*columns[:model], replace(columns[model], role="model"), *columns[model + 1 :])
    return Layout(header, body, columns, model)


def _with_common_unit(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """A heading such as "Cached input" without a unit, among headings that all name the same unit of tokens."""
    priced = [column for column in columns if column.role == "price" and column.meaning.direction]
    units = [column.meaning.unit for column in priced if column.meaning.unit]
    if len(units) < 2 or len(set(units)) > 1 or units[0].unit != "token":
        return columns
    return tuple(
        replace(column, meaning=column.meaning._replace(unit=units[0]))
        if column in priced and column.meaning.unit is None and not column.meaning.modalities
        else column
        for column in columns
    )


def _with_listed_unit(columns: tuple[Column, ...], body: tuple[Row, ...], scope: Scope) -> tuple[Column, ...]:
    """Of a bare "free" in a row that prints no unit, the one unit that the column of units names for all other rows."""
    listed = next((index for index, column in enumerate(columns) if column.role == "unit"), None)
    if listed is None:
        return columns
    cells = [(row, row[listed]) for row in body if listed < len(row)]
    units = [(row, scope.label(cell.plain).unit if cell is not None else None) for row, cell in cells]
    known = {unit for _, unit in units if unit is not None}
    bare = [row for row, unit in units if unit is None]
    if (
        len(known) != 1
        or not bare
        or any(char.isdigit() for row in bare for cell in row[listed:] if cell for char in cell.plain)
    ):
        return columns
    (unit,) = known
    return tuple(
        replace(column, meaning=column.meaning._replace(unit=unit))
        if column.role == "price" and "price" in column.meaning.roles and column.meaning.unit is None
        else column
        for column in columns
    )


def _beside_storage(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """A bare "Price" beside what keeping a cache costs is the price of reading from the cache."""
    if not any(column.role == "price" and column.meaning.cache == "storage" for column in columns):
        return columns
    return tuple(
        replace(column, meaning=column.meaning._replace(cache="hit"))
        if column.role == "price" and "price" in column.meaning.roles and not column.meaning.has_meter
        else column
        for column in columns
    )


def _with_only_prices(columns: tuple[Column, ...], body: tuple[Row, ...], scope: Scope) -> tuple[Column, ...]:
    """In a table without a column of prices, list prices and notes that hold amounts of tokens are the prices."""
    if any(column.role == "price" for column in columns):
        return columns
    found = list(columns)
    for index, column in enumerate(columns):
        meaning = column.meaning
        cells = [cell for row in body if index < len(row) and (cell := row[index]) is not None]
        if "list" in meaning.roles:
            bare = meaning._replace(roles=meaning.roles - {"list"} | {"price"})
            found[index] = replace(column, meaning=bare, role=_role(bare, column.header, body, index, scope))
        elif column.role == "ignore" and meaning.roles & _NO_PRICE == {"ignore"}:
            priced = [cell for cell in cells if has_amount(cell) and _buys_tokens(clean(cell.text))]
            if priced and len(priced) * 2 > len(cells):
                without = meaning._replace(roles=meaning.roles - {"ignore"})
                found[index] = replace(column, meaning=without, role="price")
    return tuple(found)


def _buys_tokens(text: str) -> bool:
    """Whether each amount of a text has a unit of tokens directly behind it."""
    units = [unit_after(text, amount.end) for amount in find_amounts(text)]
    return all(unit is not None and unit.unit.unit == "token" for unit in units)


def _unit_of_all(body: tuple[Row, ...], index: int) -> Unit | None:
    """The one unit behind every amount of a column: what a bare "free" in it is free of."""
    units: set[Unit | None] = set()
    for row in body:
        cell = row[index] if index < len(row) else None
        text = clean(cell.text) if cell is not None else ""
        for amount in find_amounts(text):
            found = unit_after(text, amount.end)
            units.add(found.unit if found else None)
    unit = units.pop() if len(units) == 1 else None
    return None if unit is None or unit.unit in {"other", FOREIGN} else unit


def _column(header: tuple[Row, ...], body: tuple[Row, ...], index: int, scope: Scope) -> Column:
    stack: list[Cell] = []
    for row in header:
        cell = row[index] if index < len(row) else None
        if cell is not None and cell not in stack and clean(cell.text):
            stack.append(cell)
    text = " / ".join(clean(cell.text) for cell in stack)
    meaning = Meaning()
    for cell in reversed(stack):
        label = head_label(clean(cell.plain), scope)
        inner = meaning
        meaning = inner.over(label)
        if inner.modalities and label.modalities:
            meaning = meaning._replace(modalities=inner.modalities)
    parts: tuple[Meaning, ...] = ()
    if stack and (meaning.direction == "both" or (meaning.cache and meaning.direction)):
        parts = header_parts(clean(stack[-1].plain), scope)
    if parts:
        meaning = meaning._replace(direction="both", cache=None)
    role = _role(meaning, text, body, index, scope)
    if "price" in meaning.roles and not (meaning.unknown or meaning.unit or meaning.has_meter):
        meaning = meaning._replace(unit=_unit_of_all(body, index))
    return Column(text, meaning, role, parts)


def _role(meaning: Meaning, text: str, body: tuple[Row, ...], index: int, scope: Scope) -> Role:
    cells = [row[index] for row in body if index < len(row) and row[index] is not None]
    amounts = _own_amounts(body, index)
    if meaning.roles & _NO_PRICE and not (amounts and meaning.has_meter and not meaning.roles & {"relative", "total"}):
        return "ignore"
    if amounts:
        return "price"
    if "region" in meaning.roles:
        return "region"
    if (meaning.roles & {"condition", "model"} and "price" not in meaning.roles) or not text:
        return "label"
    if "unit" in meaning.roles:
        return "unit"
    states = sum(
        1 for cell in cells if cell is not None and scope.vocabulary.read_state(cell.plain) not in {None, "none"}
    )
    if meaning.tier == "free" and states:
        return "price"
    if meaning.has_meter and states and states == _worded(cells, scope):
        return "price"
    says_when = meaning.tier or meaning.mode in {"thinking", "non_thinking"} or meaning.window or meaning.context
    says_when = says_when or meaning.region
    is_money = bool(
        meaning.unit and meaning.unit.unit == "token" and meaning.currency and not meaning.unknown
    )  # "per 1M tokens in USD"
    numbers = sum(1 for cell in cells if cell is not None and any(char.isdigit() for char in clean(cell.text)[:12]))
    words = sum(
        1
        for cell in cells
        if cell is not None and has_words(cell.text) and not is_number(cell) and not _is_state(cell, scope)
    )
    is_priced = meaning.has_meter or "price" in meaning.roles or bool(says_when) or is_money
    if cells and all(_is_range(cell) for cell in cells if cell is not None):
        return "label"  # "0<Token≤32K" under "Input tokens per request"
    if words and not numbers and not states:
        return (
            "ignore" if "price" in meaning.roles else "label"
        )  # "Tokens * price of a token" under "Formula of the fee"
    if is_priced and ("price" in meaning.roles or meaning.unit or meaning.currency or numbers > words or not words):
        return "price"
    return "label"


def _is_range(cell: Cell) -> bool:
    """Whether a cell says between which lengths its row holds, and nothing else."""
    text = clean(cell.plain)
    return bool(find_ranges(text)) and not has_digits(without_ranges(text))


def _own_amounts(body: tuple[Row, ...], index: int) -> int:
    """How many cells of a column hold an amount; a text across columns of prices makes no column of labels one."""
    own: list[Cell] = []
    wide = 0
    for row in body:
        cell = row[index] if index < len(row) else None
        if cell is None:
            continue
        if any(beside is cell for beside in (*row[max(index - 1, 0) : index], *row[index + 1 : index + 2])):
            wide += has_amount(cell)
        elif clean(cell.text):
            own.append(cell)
    amounts = sum(1 for cell in own if has_amount(cell))
    return amounts if not amounts and len(own) > wide else amounts + wide


def _worded(cells: Sequence[Cell | None], scope: Scope) -> int:
    """How many cells hold anything but a dash."""
    return sum(1 for cell in cells if cell is not None and scope.vocabulary.read_state(cell.plain) != "none")


def _with_numbers_across(body: tuple[Row, ...], columns: tuple[Column, ...], scope: Scope) -> tuple[Column, ...]:
    """Columns of bare numbers under names, where the labels of the rows say meter, unit and currency."""
    if any(column.role == "price" for column in columns):
        return columns
    labels = [scope.label(row[0].plain) for row in body if row and row[0] is not None]
    says_all = [label for label in labels if label.has_meter and label.unit and label.currency and not label.unknown]
    if len(says_all) * 2 <= len(labels):
        return columns
    return tuple(
        replace(column, role="price")
        if index and column.meaning.unknown and is_model_like(column.header, scope, needs_digit=False)
        else column
        for index, column in enumerate(columns)
    )


def _are_models_across(
    header: tuple[Row, ...], body: tuple[Row, ...], columns: tuple[Column, ...], scope: Scope
) -> bool:
    """Models stand in the header when the headers over amounts are names and the rows' labels are meters."""
    if not header:
        return False
    priced = [index for index, column in enumerate(columns) if column.role == "price"]
    if not priced:
        return False
    # One column beside names is one of prices under a strange heading, unless that is a name beyond doubt.
    is_one = len(priced) == 1 and any("model" in column.meaning.roles for column in columns[: priced[0]])
    names = [
        index
        for index in priced
        if columns[index].meaning.unknown
        and not columns[index].meaning.roles & {"price", "unit"}
        and not columns[index].meaning.unit
        and is_model_like(columns[index].header, scope, needs_digit=is_one)
    ]
    if len(names) * 2 <= len(priced):
        return False
    labels = [
        scope.label(cell.plain)
        for row in body
        if any(has_amount(cell) or (cell is not None and is_number(cell)) for cell in row[priced[0] :])
        for cell in row[: priced[0]]
        if cell is not None
    ]
    return any(label.has_meter and not label.unknown for label in labels)


def _model_column(body: tuple[Row, ...], columns: tuple[Column, ...], scope: Scope) -> int | None:
    named = [
        index
        for index, column in enumerate(columns)
        if "model" in column.meaning.roles
        and column.role in {"label", "price"}
        and not column.meaning.has_meter
        and not scope.vocabulary.is_maker(column.header)
        and not column.meaning.roles & (_NO_PRICE | {"price", "unit", "condition"})
        and not any(has_amount(row[index]) for row in body if index < len(row))
        and not _names_places(body, index, scope)
    ]
    if named:
        finer = [index for index in range(len(columns)) if _names_versions(body, columns, index, named[0], scope)]
        return min(
            (*named, *finer),
            key=lambda at: (bool(columns[at].meaning.unknown), -_distinct(body, at), at not in finer, at),
        )
    best: tuple[float, int] | None = None
    for index, column in enumerate(columns):
        if column.role != "label" or column.meaning.roles - {"filler"} or column.meaning.has_meter:
            continue
        if scope.vocabulary.is_maker(column.header):
            continue
        cells = [
            cell
            for cell in dict.fromkeys(row[index] for row in body if index < len(row))
            if cell is not None and clean(cell.text)
        ]
        if any(_is_state(cell, scope) for cell in cells):
            continue  # "Not available" is what a price can be, and never a model
        alike = sum(1 for cell in cells if is_model_like(_first_line(cell), scope, needs_digit=False))
        digits = sum(1 for cell in cells if is_model_like(_first_line(cell), scope))
        if column.meaning.unknown and not digits:
            continue  # words under a strange heading: "Tool calls" is no name
        if cells and alike * 2 > len(cells) and (digits or len(cells) > 1) and (best is None or digits > best[0]):
            best = (digits, index)
    return None if best is None else best[1]


def _billed_models(body: tuple[Row, ...], columns: tuple[Column, ...], scope: Scope) -> int | None:
    """A column headed "Item" of which every cell names a model: "Calls of nova-4"."""
    for index, column in enumerate(columns):
        cells = [cell for row in body if index < len(row) and (cell := row[index]) is not None]
        names = [read_model(clean(cell.plain), scope) for cell in cells]
        if column.role != "label" or column.meaning.roles != {"condition"} or len(names) < 2:
            continue
        numbered = sum(1 for name in names if name and is_model_like(name.name, scope))
        if numbered * 2 > len(names) and all(name and _LETTER.match(name.name) for name in names):
            return index
    return None


_LETTER = re.compile(r"[^\W\d_]")


def _is_state(cell: Cell, scope: Scope) -> bool:
    return has_words(cell.plain) and scope.vocabulary.read_state(cell.plain) is not None


def _names_places(body: tuple[Row, ...], index: int, scope: Scope) -> bool:
    """Whether a column headed "Deployment" holds regions and no models."""
    labels = [scope.label(cell.plain) for row in body if index < len(row) and (cell := row[index]) is not None]
    said = [label for label in labels if label != Meaning()]
    return bool(said) and all(label.region and not label.unknown for label in said)


def _distinct(body: tuple[Row, ...], index: int) -> int:
    """How many names a column holds: of a family's column and a version's, the latter names the models."""
    return len({clean(cell.plain) for row in body if index < len(row) and (cell := row[index]) is not None})


def _names_versions(body: tuple[Row, ...], columns: tuple[Column, ...], index: int, family: int, scope: Scope) -> bool:
    """Whether a column headed "Version" holds names, finer ones than the column of their families beside it."""
    column = columns[index]
    if column.role not in {"ignore", "label"} or index == family or not _VERSIONS.search(column.header):
        return False
    pairs = [
        (clean(one.plain), clean(other.plain))
        for row in body
        if max(index, family) < len(row) and (one := row[family]) is not None and (other := row[index]) is not None
    ]
    alike = [
        is_model_like(version, scope, needs_digit=False) and fold(version)[:_STEM] == fold(name)[:_STEM]
        for name, version in pairs
    ]
    is_finer = _distinct(body, index) > _distinct(body, family) or all(
        is_identifier(version) and len(version) > len(name) for name, version in pairs
    )
    return bool(alike) and all(alike) and is_finer


_VERSIONS = re.compile(r"\bversion|版本|バージョン|버전|версия", re.IGNORECASE)
_STEM = 3  # letters that a version's name shares with its family's


def _first_line(cell: Cell) -> str:
    for line in cell.lines:
        text = clean("".join(run.text for run in line if not run.raised))
        if text:
            return text
    return ""


def _only_price(column: Column, body: tuple[Row, ...], index: int, scope: Scope) -> Column:
    """A column of list prices is one of prices where no other stands beside it that would be in force."""
    if "list" not in column.meaning.roles:
        return column
    meaning = column.meaning._replace(roles=(column.meaning.roles - {"list"}) | {"price"})
    return replace(column, meaning=meaning, role=_role(meaning, column.header, body, index, scope))
