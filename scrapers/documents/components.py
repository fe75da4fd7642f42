"""Properties of components to tables: rows that a script would print, with the headings when the component names them.

A component without headings becomes a table without header rows whose context names it; what its columns mean is then
a hint of the provider file. Groups of rows get their label as a first cell that spans them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from scrapers.documents.blocks import Block, Context, Record, Run, Table
from scrapers.documents.grid import PrintedCell, build_grid
from scrapers.documents.inline import Line, lines_of
from scrapers.documents.literals import PrintedNumber
from scrapers.documents.nodes import parse_fragment

_ROW_KEYS = ("rows", "data", "items", "models", "values", "body")
_HEADING_KEYS = ("headings", "headers", "columns", "header", "head")
_GROUP_KEYS = ("groups", "sections", "categories")
_LABEL_KEYS = ("model", "label", "name", "title", "category", "group", "heading")
_MARKUP = re.compile(r"<[a-zA-Z/][^<>]{0,2000}>")
_MAX_PROP = 200
_MAX_DEPTH = 40
PRICE_KEY = re.compile(r"pric|cost|rate(?!d|_limit)|fee|\bper_|tarif|amount", re.IGNORECASE)


def component_blocks(name: str, props: Mapping[str, Any], context: Context, locator: str) -> list[Block]:
    """The tables (and records) that a component's properties hold; [] where they hold none."""
    said = tuple((key, format_value(value)) for key, value in props.items() if _is_scalar(value))
    context = replace(context, component=name, props=(*context.props, *said))
    headings = _headings(props)
    rows = _rows(props)
    if rows is not None:
        return _table(headings, [[_cell(value) for value in row] for row in rows], context, locator)
    groups = _groups(props)
    if groups is not None:
        return _table(headings, _grouped_cells(groups), context, locator)
    records = next((v for k, v in props.items() if _is_list_of_objects(v)), None)
    if records is not None and speaks_of_price(records):
        return [Record(record, context, f"{locator} {number}") for number, record in enumerate(records, 1)]
    return []


def format_value(value: object) -> str:
    """A value as the page would print it; numbers keep their digits.

    >>> format_value(Decimal("0.10")), format_value(None), format_value(True)
    ('0.10', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, PrintedNumber):
        return value.printed
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def speaks_of_price(value: object, *, deep: bool = True, depth: int = 0) -> bool:
    """True when a key names a price and what stands under it holds a number."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return _names_directions(value) or any(
            (PRICE_KEY.search(str(key)) and _holds_number(one, 0))
            or (deep and isinstance(one, list | dict) and speaks_of_price(one, depth=depth + 1))
            for key, one in value.items()
        )
    return isinstance(value, list) and deep and any(speaks_of_price(one, depth=depth + 1) for one in value)


_DIRECTIONS = frozenset({"input", "output", "prompt", "completion", "in", "out"})
# One of these is in every key that `speaks_of_price` looks for, in lower case; of a direction it is the whole key.
PRICE_KEY_WORDS = (
    *("pric", "cost", "rate", "fee", "per_", "tarif", "amount"),
    *('input"', 'output"', 'prompt"', 'completion"', 'in"', 'out"'),
)
_SIGNED = re.compile(r"\s*[$¥￥€£₩₽₹]\s?[0-9]")


def _names_directions(value: Mapping[Any, Any]) -> bool:
    """Whether two keys are directions that money stands under: `{"input": "$0.80", "output": "$3.20"}`."""
    paid = [key for key, one in value.items() if isinstance(one, str) and _SIGNED.match(one)]
    return len(_DIRECTIONS.intersection(str(key).casefold() for key in paid)) > 1


def _holds_number(value: object, depth: int) -> bool:
    if isinstance(value, Decimal):
        return True
    if isinstance(value, str):
        return len(value) <= 60 and any(character.isdigit() for character in value)
    if depth > 6:
        return False
    if isinstance(value, dict):
        return any(_holds_number(one, depth + 1) for one in value.values())
    return isinstance(value, list) and any(_holds_number(one, depth + 1) for one in value)


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | Decimal | int) or (isinstance(value, str) and len(value) <= _MAX_PROP)


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _rows(props: Mapping[str, Any]) -> list[list[Any]] | None:
    for key in _ROW_KEYS:
        value = props.get(key)
        if _is_rows(value):
            return list(value)  # type: ignore[arg-type]  # _is_rows says that it is a list of lists
    return None


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) and row for row in value)


def _groups(props: Mapping[str, Any]) -> list[tuple[str, list[list[Any]]]] | None:
    for key in (*_GROUP_KEYS, *_ROW_KEYS):
        value = props.get(key)
        if not _is_list_of_objects(value):
            continue
        groups = [(_label(group), _rows(group) or []) for group in value or ()]
        if any(rows for _, rows in groups):
            return groups
    return None


def _label(group: Mapping[str, Any]) -> str:
    return next((group[key] for key in _LABEL_KEYS if isinstance(group.get(key), str)), "")


def _grouped_cells(groups: Sequence[tuple[str, list[list[Any]]]]) -> list[list[PrintedCell]]:
    cells: list[list[PrintedCell]] = []
    for label, rows in groups:
        for number, row in enumerate(rows):
            printed = [_cell(value) for value in row]
            if number == 0:
                printed.insert(0, PrintedCell(_lines(label), rowspan=len(rows)))
            cells.append(printed)
    return cells


def _headings(props: Mapping[str, Any]) -> list[list[PrintedCell]]:
    for key in _HEADING_KEYS:
        value = props.get(key)
        if isinstance(value, list) and value and all(isinstance(one, str | dict | type(None)) for one in value):
            return [[PrintedCell(_lines(_text(one)), is_header=True) for one in value]]
    return []


def _table(
    headings: list[list[PrintedCell]], rows: list[list[PrintedCell]], context: Context, locator: str
) -> list[Block]:
    grid = build_grid([*headings, *rows])
    return [Table(grid, len(headings), context, locator)] if grid else []


def _cell(value: object) -> PrintedCell:
    return PrintedCell(_lines(_text(value)))


def _text(value: object) -> str:
    """A cell's text; of an object the first string that it holds, as wrappers of markup and tooltips do."""
    if isinstance(value, dict):
        if isinstance(value.get("label"), str):
            return str(value["label"])
        return next((_text(one) for one in value.values() if isinstance(one, str | dict)), "")
    if isinstance(value, list):
        return " ".join(_text(one) for one in value)
    return format_value(value)


def _lines(text: str) -> tuple[Line, ...]:
    if _MARKUP.search(text):
        return lines_of(parse_fragment(text))
    text = text.strip()
    return ((Run(text),),) if text else ()
