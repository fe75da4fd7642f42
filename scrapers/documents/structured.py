"""JSON, NDJSON and payloads of scripts to blocks: one record for each entry of a list, tables where rows are printed.

An entry is an object in the outermost list of objects that a document holds. Objects whose keys are the headings of a
printed table become that table again. HTML in a string is read as a page of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from scrapers.documents.blocks import Block, Context, Record, Run, Table
from scrapers.documents.components import PRICE_KEY, component_blocks, format_value, speaks_of_price
from scrapers.documents.grid import PrintedCell, build_grid
from scrapers.documents.literals import JSON
from scrapers.documents.offers import offer_entries

Props = tuple[tuple[str, str], ...]
ReadHtml = Callable[[str], Sequence[Block]]

_MARKUP = re.compile(
    r"<(table|div|p|h[1-6]|main|section|ul)\b[^<>]{0,500}>|^[ \t]*+\|?[ \t]*+:?-{3,}+:?[ \t]*+\|[ :|-]*+$",
    re.IGNORECASE | re.MULTILINE,
)
_PRINTED_AMOUNT = re.compile(r"[$¥￥€£]\s*\d|\d\s*(元|円)")
_IDENTIFIER = re.compile(r"[A-Za-z]+(_[A-Za-z0-9]+)+\Z")
_SURROGATES = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)  # a pair is a character; one alone is none and could not be printed
_OBJECTS = re.compile(r"\s*(?:\{\s*\"|\[\s*\{)")
_MIN_MARKUP = 40
_MAX_DEPTH = 40
_MAX_SAID = 100


def parse_json(text: str) -> Any:
    """JSON with every number as Decimal, so that what is printed stays exact.

    Raises:
        ValueError: the text is no JSON, is cut, or is nested too deeply.

    """
    try:
        if "\\ud" in text or "\\uD" in text:
            text = _SURROGATES.sub(lambda found: found[1] or r"\ufffd", text)
        return JSON.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_blocks(value: object, read_html: ReadHtml, *, context: Context | None = None, name: str = "") -> list[Block]:
    """The blocks of one parsed document; `name` is the literal's own, where it has one."""
    blocks: list[Block] = []
    outer = context or Context()
    value = offer_entries(value) or value
    for path, entry, said in _entries(value, name, 0):
        where = replace(outer, component=path, props=(*outer.props, *said))
        if isinstance(entry, str):
            blocks.extend(_html_blocks(entry, where, read_html))
        elif isinstance(entry, dict):
            blocks.append(Record(entry, where, path))
    return _join_row_dicts(blocks)


def priced_entries(value: object, context: Context, locator: str) -> list[Block]:
    """Records for the parts of a payload that speak of prices, tables for its rows; the rest is machinery."""
    blocks: list[Block] = []
    for path, entry in _priced(value, "", 0):
        if isinstance(entry, list):
            blocks.append(Record({"entries": entry}, replace(context, component=path), f"{locator} {path}"))
        else:
            rows = [] if _is_product(entry) else component_blocks(path, entry, context, f"{locator} {path}")
            blocks.extend(rows or [Record(entry, replace(context, component=path), f"{locator} {path}")])
    return blocks


def ndjson_values(text: str) -> tuple[list[Any], bool]:
    """The values of the lines and whether every line could be read."""
    values: list[Any] = []
    is_complete = True
    for line in text.splitlines():
        bare = line.strip().rstrip(",")
        if not bare:
            continue
        try:
            values.append(parse_json(bare))
        except ValueError:
            is_complete = False
    return values, is_complete


def _entries(value: object, path: str, depth: int) -> Iterator[tuple[str, object, Props]]:
    """Entries of the outermost lists of objects with what their wrappers say; without such a list the object itself."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        value = _unwrapped(value)
    if _is_markup(value):
        yield path, value, ()
    elif isinstance(value, list):
        for number, one in enumerate(value):
            if isinstance(one, dict):
                yield f"{path}[{number}]", one, ()
            else:
                yield from _entries(one, f"{path}[{number}]", depth + 1)
    elif isinstance(value, dict):
        inner = [(key, one) for key, one in value.items() if isinstance(one, list | dict) or _holds_document(one)]
        found = [
            entry for key, one in inner for entry in _entries(one, f"{path}.{key}" if path else str(key), depth + 1)
        ]
        is_wrapper = any("[" in where or isinstance(one, str) for where, one, _ in found)
        if is_wrapper and not _names_itself(value):
            said = _scalars(value)
            yield from ((where, one, (*said, *inner_said)) for where, one, inner_said in found)
        else:
            yield path or "$", value, ()


def _scalars(value: Mapping[str, Any]) -> Props:
    """What a wrapper says of all its entries: its short plain values."""
    return tuple(
        (str(key), format_value(one))
        for key, one in value.items()
        if isinstance(one, str | Decimal | bool) and len(str(one)) <= _MAX_SAID
    )


def _is_markup(value: object) -> bool:
    return isinstance(value, str) and len(value) >= _MIN_MARKUP and _MARKUP.search(value) is not None


def _holds_document(value: object) -> bool:
    return _is_markup(value) or (isinstance(value, str) and _unwrapped(value) is not value)


def _unwrapped(text: str) -> Any:
    """The document that a string holds as JSON, or the string itself."""
    if len(text) < _MIN_MARKUP or not _OBJECTS.match(text):
        return text
    try:
        return parse_json(text)
    except ValueError:
        return text


def _names_itself(value: Mapping[str, Any]) -> bool:
    """An object with a price of its own beside its lists is an entry and no wrapper."""
    return any(PRICE_KEY.search(str(key)) and not isinstance(one, list) for key, one in value.items())


def _html_blocks(text: str, context: Context, read_html: ReadHtml) -> list[Block]:
    return [replace(block, context=replace(block.context, component=context.component)) for block in read_html(text)]


def _priced(value: object, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        objects = [one for one in value if isinstance(one, dict)]
        if len(objects) >= 1 and len(objects) == len(value) and any(speaks_of_price(one) for one in objects):
            yield path, {"entries": value} if not path else {path.rsplit(".", 1)[-1]: value}
            return
        for number, one in enumerate(value):
            yield from _priced(one, f"{path}[{number}]" if path else f"[{number}]", depth + 1)
    elif isinstance(value, dict):
        if speaks_of_price(value, deep=False) or _is_product(value):
            yield path or "$", value
            return
        for key, one in value.items():
            if isinstance(one, list | dict):
                yield from _priced(one, f"{path}.{key}" if path else str(key), depth + 1)


def _is_product(value: Mapping[str, Any]) -> bool:
    """Whether an object of schema.org names a product beside what it is offered for."""
    return isinstance(value.get("name"), str) and speaks_of_price(value.get("offers"))


def _join_row_dicts(blocks: list[Block]) -> list[Block]:
    """Neighbouring records that are rows of one printed table become that table."""
    joined: list[Block] = []
    rows: list[Record] = []

    def close() -> None:
        if rows:
            joined.append(_row_table(rows))
            rows.clear()

    for block in blocks:
        if isinstance(block, Record) and _is_printed_row(block.fields):
            if rows and _row_key(rows[-1].fields) != _row_key(block.fields):
                close()
            rows.append(block)
        else:
            close()
            joined.append(block)
    close()
    return joined


def _is_printed_row(fields: Mapping[str, Any]) -> bool:
    """Headings for keys (one of them of several words), printed text for values, an amount with its sign among them."""
    return (
        all(isinstance(value, str | Decimal | type(None)) for value in fields.values())
        and any(" " in str(key).strip() for key in fields)
        and any(isinstance(value, str) and _PRINTED_AMOUNT.search(value) for value in fields.values())
    )


def _row_key(fields: Mapping[str, Any]) -> tuple[object, ...]:
    """What the rows of one table share: their keys and the values of the notes; an object has no order."""
    return tuple((key, str(fields[key]) if _IDENTIFIER.match(str(key)) else "") for key in sorted(fields, key=str))


def _row_table(rows: Sequence[Record]) -> Table:
    """A table whose identifiers among the keys (`Hierarchy_Path`), the copyist's notes, are headings of the table."""
    first = rows[0]
    notes = sorted(key for key in first.fields if _IDENTIFIER.match(str(key)))
    said = [format_value(first.fields[key]) for key in notes if first.fields[key]]
    said.sort(key=lambda text: " > " in text)  # a path says most precisely where the table stands
    headings = dict.fromkeys(text.rpartition(" > ")[2] for text in said)
    keys = [key for key in first.fields if key not in notes]
    head = [PrintedCell(((Run(str(key)),),), is_header=True) for key in keys]
    body = [[_printed(row.fields[key]) for key in keys] for row in rows]
    context = replace(first.context, headings=(*first.context.headings, *headings), component="")
    return Table(build_grid([head, *body]), 1, context, first.locator)


def _printed(value: object) -> PrintedCell:
    lines = [line.strip() for line in format_value(value).splitlines()]
    return PrintedCell(tuple((Run(line),) for line in lines if line))
