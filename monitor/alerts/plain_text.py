"""A letter as plain text: 76 columns, aligned by what a terminal shows, every address whole on a line of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from monitor.alerts.letter import Block, Graph, Letter, Row

WIDTH = 76
_INDENT = "    "
_OPENING, _CLOSING = "（“《", "，。；：、！？）”》"


def plain_text(letter: Letter) -> str:
    """The plain part of a message."""
    lines = [*wrapped(letter.subject), ""]
    for paragraph in letter.paragraphs:
        lines += [*wrapped(paragraph), ""]
    for block in letter.blocks:
        lines += [*_block(block, letter), ""]
    for listing in letter.listings:
        lines += [listing.title, *(line for fact in listing.facts for line in wrapped(fact, "  - ", "    ")), ""]
    for paragraph in letter.closing:
        lines += [*wrapped(paragraph), ""]
    if letter.foot or letter.way_out:
        lines += ["--", *(wrapped(letter.foot) if letter.foot else ())]
    if letter.way_out is not None:
        colon = "：" if letter.language == "zh" else ":"
        lines += [*wrapped(letter.way_out.label), f"{letter.way_out.words}{colon}", f"<{letter.way_out.url}>"]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes.

    >>> columns_of("5 元"), columns_of("¥5")
    (4, 2)
    """
    return sum(0 if unicodedata.combining(sign) else 2 if _is_square(sign) else 1 for sign in text)


def wrapped(text: str, first: str = "", then: str = "") -> list[str]:
    """Lines of at most 76 columns; a word that is longer, such as an address, stays whole.

    >>> wrapped("a " * 3 + "b", "* ")
    ['* a a a b']
    """
    lines, line, is_empty = [], first, True
    for word in _words(text):
        if not is_empty and columns_of(line) + columns_of(word.rstrip()) > WIDTH:
            lines.append(line)
            line, is_empty = then, True
        line += word.lstrip() if is_empty else word
        is_empty = False
    return [each.rstrip() for each in (*lines, line)]


def _words(text: str) -> Iterator[str]:
    """Pieces between which a line may end: after a space and beside a square sign, but not before its full stop."""
    piece = ""
    for sign in text:
        before = piece[-1:]
        beside = (_is_square(sign) or _is_square(before)) and sign not in _CLOSING and before not in _OPENING
        if piece and sign != " " and (before == " " or beside):
            yield piece
            piece = ""
        piece += sign
    if piece:
        yield piece


def _is_square(sign: str) -> bool:
    return sign != "" and unicodedata.east_asian_width(sign) in "WF"


def _block(block: Block, letter: Letter) -> Iterator[str]:
    colon = "：" if letter.language == "zh" else ": "
    yield from wrapped(colon.join(part for part in (block.badge, block.name) if part), "* ", "  ")
    if block.prices:
        yield from _prices(block)
    width = max((columns_of(label) for label in _labels(block)), default=0)
    if block.graph is not None:
        yield from _graph(block.graph, width)
    for row in block.rows:
        yield from _row(row, width)


def _labels(block: Block) -> list[str]:
    return [*(row.label for row in block.rows), *([block.graph.label] if block.graph else [])]


def _row(row: Row, width: int) -> Iterator[str]:
    """A label and its words beside it; an address below, and a command unbroken, so that both can be copied."""
    first = f"{_INDENT}{_padded(row.label, width)}  "
    then = " " * columns_of(first)
    if row.is_command or row.words == row.url:
        yield first + row.words
    else:
        yield from wrapped(row.words, first, then)
        if row.url:
            yield f"{then}<{row.url}>"


def _graph(graph: Graph, width: int) -> Iterator[str]:
    """The bars of each line; they stand under each other, so names and prices are padded."""
    names = max(columns_of(name) for name, _bars, _prices in graph.bars)
    label = graph.label
    for name, bars, prices in graph.bars:
        lead = f"{_INDENT}{_padded(label, width)}  {_padded(name, names)}  {bars}  "
        yield from wrapped(prices, lead, " " * columns_of(lead))
        label = ""


def _prices(block: Block) -> Iterator[str]:
    """A table of the prices; columns that are empty throughout are left out, and one price is a single line."""
    table = [(row.label, row.before, row.now, row.change) for row in block.prices]
    head = (block.bought, *block.columns)
    used = [index for index in range(4) if any(line[index] for line in table)]
    rows = [[line[index] for index in used] for line in [head, *table]]
    widths = [max(columns_of(row[place]) for row in rows) for place in range(len(used))]
    if sum(widths) + 2 * len(widths) + len(_INDENT) > WIDTH:
        yield from _price_lines(block)
        return
    yield _INDENT + _aligned(rows[0], widths)
    for row, cells in zip(block.prices, rows[1:], strict=True):
        yield _INDENT + _aligned(cells, widths)
        for more in (row.note, row.aside, row.converted):
            if more:
                yield from wrapped(more, f"{_INDENT}  ", f"{_INDENT}  ")
    yield ""


def _price_lines(block: Block) -> Iterator[str]:
    """The same as sentences, where a table would be too wide."""
    for row in block.prices:
        price = " → ".join(part for part in (row.before, row.now) if part)
        said = f"{row.label}: {price} {block.bought} {row.change}"
        yield from wrapped(" ".join(said.split()), _INDENT, f"{_INDENT}  ")
        for more in (row.note, row.aside, row.converted):
            if more:
                yield from wrapped(more, f"{_INDENT}  ", f"{_INDENT}  ")
    yield ""


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, prices to the right."""
    first = _padded(cells[0], widths[0])
    rest = (" " * (width - columns_of(cell)) + cell for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join((first, *rest))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))
