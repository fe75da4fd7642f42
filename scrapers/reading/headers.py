"""The rows that head a table: how many there are, what their cells say, and the spans that a copy of the page lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scrapers.documents.blocks import Cell
from scrapers.reading.labels import Scope
from scrapers.reading.money import find_amounts
from scrapers.reading.text import clean, has_words
from scrapers.reading.units import find_units
from scrapers.reading.vocabulary import Meaning

Row = tuple[Cell | None, ...]
_REMARK = re.compile(r"[(（][^()（）]{0,200}+[)）]")  # "(元/百万 tokens，缓存命中)": one meter with its remark
_IN_OUT = re.compile(r"\bin\s*[/|]\s*out\b", re.IGNORECASE)


def has_amount(cell: Cell | None) -> bool:
    """Whether a cell prints an amount with a currency."""
    return cell is not None and bool(find_amounts(clean(cell.text)))


def count_printed(cells: Iterable[Cell]) -> int:
    """How many amounts with a currency some cells print, each cell counted once."""
    return sum(len(find_amounts(clean(cell.text))) for cell in {id(cell): cell for cell in cells}.values())


def where(locator: str, cell: Cell) -> str:
    """Where a cell stands in the table of a locator."""
    return f"{locator} row {cell.row + 1}, column {cell.column + 1}".strip()


def is_lone(row: Row) -> bool:
    """Whether one cell alone holds anything in a row of several places."""
    return len(row) > 1 and len(dict.fromkeys(cell for cell in row if cell is not None and clean(cell.text))) == 1


def count_headers(rows: Sequence[Row], scope: Scope) -> int:
    """Header rows of a table that marks none: the first row, where it holds no amount and amounts follow."""
    if len(rows) < 2 or any(has_amount(cell) for cell in rows[0]):
        return 0
    cells = [cell for cell in dict.fromkeys(rows[0]) if cell is not None and clean(cell.text)]
    if len(cells) < 2:
        return 0
    labels = [scope.label(cell.plain) for cell in cells]
    says_meter = any(
        label.has_meter or label.roles & {"model", "price", "unit", "ignore", "condition"} for label in labels
    )
    return 1 if says_meter else 0


def is_more_header(row: Row, above: Row, scope: Scope) -> bool:
    """Whether a row still belongs to the header: it hangs under a spanned header cell and holds words alone."""
    cells = [cell for cell in row if cell is not None and clean(cell.text)]
    if not cells or any(has_amount(cell) for cell in cells) or any(is_number(cell) for cell in cells):
        return False
    shared = sum(1 for cell, over in zip(row, above, strict=False) if cell is not None and cell is over)
    own = [
        cell
        for cell, over in zip(row, above, strict=False)
        if cell is not None and cell is not over and clean(cell.text)
    ]
    is_first_blank = row[0] is not None and (row[0] is above[0] or not clean(row[0].text))
    spans = any(over is not None and over.colspan > 1 for over in above) or (
        is_first_blank and any(over is not None and not clean(over.text) for over in above[1:])
    )
    if not own:
        return shared > 0
    if not spans:
        return False
    labels = [scope.label(cell.plain) for cell in own]
    return all(not label.unknown and _says_which_price(label) for label in labels)


def with_lost_spans(header: Sequence[Row]) -> tuple[Row, ...]:
    """Headings whose colspan a copy of the page lost: a blank place above a heading belongs to the one on its left."""
    filled: list[Row] = []
    for number, row in enumerate(header):
        places = list(row)
        for index in range(1, len(row)):
            cell, below = places[index], header[number + 1][index] if number + 1 < len(header) else None
            is_blank = cell is not None and not clean(cell.text)
            if is_blank and below is not None and below is not cell and clean(below.text):
                places[index] = places[index - 1]
        filled.append(tuple(places))
    return tuple(filled)


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a number and no letters."""
    return _is_number(clean(cell.plain))


@lru_cache(maxsize=5_000)
def _is_number(text: str) -> bool:
    return bool(text) and not has_words(text) and any(char.isdigit() for char in text)


def _says_which_price(label: Meaning) -> bool:
    said = (label.mode, label.modalities, label.unit, label.context, label.output, label.tier, label.window)
    return label.has_meter or any(said) or bool(label.roles)


def head_label(text: str, scope: Scope) -> Meaning:
    """What a header cell says; where a sentence was glued to it ("... and response. Model"), its last words."""
    text = _IN_OUT.sub("input / output", text)
    tail = re.split(r"[.。]\s+|。", text)[-1]
    if len(text) > 40 and tail != text:
        label = scope.label(tail)
        if not label.unknown and "model" in label.roles:
            return label
    return scope.label(text)


def header_parts(text: str, scope: Scope) -> tuple[Meaning, ...]:
    """The meters of a header such as "Input / Output ($/1M tokens)", in order; () where a part names none."""
    text = _IN_OUT.sub("input / output", text)
    for found in reversed(find_units(text)):
        text = f"{text[: found.start]} {text[found.end :]}"
    text = _REMARK.sub(lambda remark: re.sub(r"[,，、]", " ", remark[0]), text)
    pieces = [
        scope.label(piece) for piece in re.split(r"\s*(?:[/|、,，&+]|\band\b|和|与|及)\s*", text) if has_words(piece)
    ]
    meters = [piece._replace(roles=frozenset()) for piece in pieces if piece.has_meter and not piece.unknown]
    names = {(meter.direction, meter.cache, meter.kind, meter.modalities) for meter in meters}
    return tuple(meters) if len(meters) > 1 and len(meters) == len(pieces) == len(names) else ()
