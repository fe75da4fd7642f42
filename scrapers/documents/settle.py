"""What can only be seen when all blocks of a document are there: split tables, footnotes, cards, signs.

A table that is all header joins the body that follows it; paragraphs after a table are its notes until the next heading
or table; short lines with an amount among them, under one heading, are a card.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scrapers.documents.blocks import Block, Card, Cell, Prose, Table

_AMOUNT = re.compile(r"[$¥￥€£₩₽₹]\s?\d|\d\s?(?:[$€£₽₩₹¢]|元|円|厘|원|엔|yuan|USD|RMB|CNY|EUR|руб)|^[$¥￥€£]$")
_MARK = re.compile(
    r"(\(\d{1,2}\)|（\d{1,2}）|\[\d{1,2}\]|\d{1,2}(?=[.、)]\s*\D)|[*†‡§※]{1,4}|[¹²³⁴⁵⁶⁷⁸⁹]|注\s?\d{0,2}(?=[:：]))[.、)]?\s*(?=\S)"
)
_MAX_LINE = 160
_MAX_NOTES = 30
_MAX_MARK = 4


def settle_blocks(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Joins, annotates and groups the blocks of one document."""
    return tuple(_group_cards(_add_notes(_join_split_tables(blocks))))


def _join_split_tables(blocks: Sequence[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if isinstance(block, Table) and isinstance(above, Table):
            if _is_head_of(above, block):
                joined[-1] = _stack(above, block)
                continue
            if _is_same(above, block):
                continue
        joined.append(block)
    return joined


def _is_head_of(head: Table, body: Table) -> bool:
    return (
        head.header_rows == len(head.rows)
        and body.header_rows == 0
        and bool(head.rows)
        and bool(body.rows)
        and len(head.rows[0]) == len(body.rows[0])
        and head.context.tabs == body.context.tabs
        and head.context.headings == body.context.headings
    )


def _is_same(one: Table, other: Table) -> bool:
    """A fixed column's copy of a table: the same words in the same places under the same headings."""
    if one.context.tabs != other.context.tabs or one.context.headings != other.context.headings:
        return False
    if one.context.component != other.context.component or len(one.rows) != len(other.rows):
        return False
    return [[c and c.text for c in row] for row in one.rows] == [[c and c.text for c in row] for row in other.rows]


def _stack(head: Table, body: Table) -> Table:
    moved: dict[int, Cell] = {}

    def down(cell: Cell | None) -> Cell | None:
        if cell is None:
            return None
        return moved.setdefault(id(cell), replace(cell, row=cell.row + len(head.rows)))

    rows = (*head.rows, *(tuple(down(cell) for cell in row) for row in body.rows))
    return replace(head, rows=rows, locator=body.locator)


def _add_notes(blocks: list[Block]) -> list[Block]:
    noted = list(blocks)
    for number, block in enumerate(blocks):
        if not isinstance(block, Table):
            continue
        notes: list[tuple[str, str]] = []
        for after in blocks[number + 1 :]:
            if not isinstance(after, Prose) or len(notes) >= _MAX_NOTES:
                break
            if after.context.headings != block.context.headings and not _is_below(after, block):
                break
            notes.extend(_notes_of(after))
        if notes:
            noted[number] = replace(block, context=replace(block.context, notes=tuple(notes)))
    return noted


def _is_below(after: Prose, block: Table) -> bool:
    """What follows a pane stands under the headings that held before the pane."""
    outer = after.context.headings
    return bool(block.context.tabs) and block.context.headings[: len(outer)] == outer


def _notes_of(prose: Prose) -> list[tuple[str, str]]:
    """A note's mark may be raised instead of bracketed."""
    first = prose.runs[0]
    if first.raised and len(first.text.strip()) <= _MAX_MARK:
        return [(first.text.strip(), "".join(run.text for run in prose.runs[1:]).strip())]
    return split_notes(prose.text)


def split_notes(text: str) -> list[tuple[str, str]]:
    """A paragraph as (mark, note); the mark is "" where it begins with none.

    >>> split_notes("(1) New prices. "), split_notes("* Global"), split_notes("5.5 is a model")
    ([('(1)', 'New prices.')], [('*', 'Global')], [('', '5.5 is a model')])
    """
    bare = text.strip()
    match = _MARK.match(bare)
    if match is None:
        return [("", bare)] if bare else []
    return [(match[1], bare[match.end() :].strip())]


def _group_cards(blocks: list[Block]) -> list[Block]:
    grouped: list[Block] = []
    run: list[Prose] = []

    def close() -> None:
        if any(_AMOUNT.search(line.text) for line in run):
            grouped.append(_card(run))
        else:
            grouped.extend(run)
        run.clear()

    for block in blocks:
        if not isinstance(block, Prose) or len(block.text) > _MAX_LINE:
            close()
            grouped.append(block)
            continue
        if run and _place(run[-1]) != _place(block):
            close()
        run.append(block)
    close()
    return grouped


def _place(prose: Prose) -> tuple[object, ...]:
    context = prose.context
    return (context.headings, context.tabs, context.is_hidden)


def _card(lines: Sequence[Prose]) -> Card:
    first = lines[0].context
    title = first.headings[-1] if first.headings else ""
    return Card(title, tuple(line.runs for line in lines), first, f"card at {lines[0].locator}")
