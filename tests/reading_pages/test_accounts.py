"""Every amount that a page prints is a rate, ignored by a named rule, or a complaint; `--explain` shows which.

The amounts are counted here from the page's cells, lines, sentences and keys, not by the readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapers.documents.blocks import Block, Card, Prose, Record, Table
from scrapers.documents.components import format_value
from scrapers.documents.read import read_document
from scrapers.explain import BlockAccount, explain
from scrapers.reading.bounds import bound_of
from scrapers.reading.ignoring import RULES
from scrapers.reading.keys import MACHINERY, NUMBER, leaves, names_price, words_of
from scrapers.reading.money import find_amounts
from scrapers.reading.text import clean


def test_every_printed_amount_is_accounted_for(priced: Any) -> None:
    document = read_document(priced.path.read_bytes())
    accounts = {account.locator: account for account in explain(document, priced.hints, priced.captured_at)}
    lost = [
        (place, text, amount)
        for block in document.blocks
        for place, text in texts_of(block)
        for amount in amounts_of(text, is_bare=is_priced(accounts.get(block.locator), block, place, text))
        if amount not in said_at(accounts.get(block.locator), place)
    ]
    assert lost == []


def test_what_is_ignored_is_ignored_by_a_named_rule(priced: Any) -> None:
    document = read_document(priced.path.read_bytes())
    outcomes = [each for account in explain(document, priced.hints, priced.captured_at) for each in account.outcomes]
    ignored = [each for each in outcomes if each.became == "ignored"]
    assert {each.why for each in ignored} <= RULES
    assert all(each.text and each.locator for each in ignored)


def said_at(account: BlockAccount | None, place: str) -> str:
    """What `--explain` says of a place, a row, or a block of lines."""
    said = account.outcomes if account else ()
    places = {place, place.partition(", column")[0]}
    return clean(" ".join(each.text for each in said if each.locator.partition(" (hints")[0].startswith(tuple(places))))


def texts_of(block: Block) -> Iterator[tuple[str, str]]:
    """The places of a block and what they print; of a record the values whose keys speak of prices."""
    if isinstance(block, Table):
        for cell in {id(cell): cell for row in block.rows for cell in row if cell is not None}.values():
            yield f"{block.locator} row {cell.row + 1}, column {cell.column + 1}".strip(), cell.text
    elif isinstance(block, Card):
        yield from ((block.locator, "".join(run.text for run in line)) for line in block.lines)
    elif isinstance(block, Prose):
        yield block.locator, block.text
    elif isinstance(block, Record):
        for path, key, value in leaves(block.fields):
            words = [words_of(part).casefold() for part in re.split(r"[.\[\]]+", path)]
            names = any(names_price(word) for word in words) and not MACHINERY.intersection(words)
            if names and not bound_of(words_of(key).casefold()) and not words_of(key).casefold().endswith("id"):
                yield block.locator, re.sub("<[^>]*>", " ", format_value(value))


def is_priced(account: BlockAccount | None, block: Block, place: str, text: str) -> bool:
    """Whether a number alone is an amount: a record's value, or a decimal in a column that was taken for prices."""
    head = f"column {place.rpartition(' ')[2]} "
    axes = account.axes if account else ()
    return isinstance(block, Record) or (
        "." in text and any(axis.startswith(head) and ": price" in axis for axis in axes)
    )


def amounts_of(text: str, *, is_bare: bool) -> list[str]:
    printed = clean(text)
    if is_bare and NUMBER.match(printed):
        return [printed]
    return [amount.printed for amount in find_amounts(printed)]
