"""Which lines of a card belong to which model: by names among its lines, by its title, or by a title's place.

The nearest name wins: one that is bold, in code or called the model goes before any heading, and "X Series" is no model
where a line names one. A name without a digit is believed only by its place, directly above token prices of both
directions that are read without a doubt.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from scrapers.documents.blocks import Card
from scrapers.reading.cardlines import CardLine, could_name
from scrapers.reading.headings import as_heading
from scrapers.reading.labels import Scope
from scrapers.reading.names import is_identifier, is_model_like
from scrapers.reading.text import clean

ReadsBoth = Callable[[str, Sequence[CardLine]], bool]

_ASIDE = re.compile(r"(?<=\S)\s[—–\-]\s.*\Z")
_SERIES = re.compile(r"\b(?:series|family|famil(?:le|ia|y)|baureihe)\b|系列|シリーズ|시리즈", re.IGNORECASE)
_HYPHENED = re.compile(r"[a-z]+(?:-[a-z0-9.]+)+")  # "gpt-realtime": an identifier, not words
_NEAR = 6
_KINDS = frozenset({"embed", "rerank"})  # what such models do, and what some sellers call them above their only price


def parts_of(
    card: Card, lines: Sequence[CardLine], scope: Scope, reads_both: ReadsBoth
) -> Iterator[tuple[str, list[CardLine]]]:
    """Names of models and the lines of each; "" for lines that belong to none.

    Args:
        card: the block.
        lines: its lines, classified.
        scope: the page.
        reads_both: whether lines give token prices of both directions, and no complaint, under a name.

    """
    named = [number for number, line in enumerate(lines) if line.kind == "name" and _leads_to_price(lines, number)]
    title = _named_by_headings(card, scope)
    if not title and not named:
        title = _named_by_place(card, lines, scope, reads_both)
    if not title and not named:
        named = _places(lines, scope, reads_both)
    is_title = bool(title) and not any(lines[number].is_own for number in named) and len(named) < 2
    if is_title and not (named and _SERIES.search(title)):
        yield title, [line for line in lines if line.kind != "name"]
        return
    if not named:
        yield "", list(lines)
        return
    yield "" if _SERIES.search(title) else title, list(lines[: named[0]])
    for number, start in enumerate(named):
        end = named[number + 1] if number + 1 < len(named) else len(lines)
        name = _ASIDE.sub("", lines[start].text)
        yield name, [line for line in lines[start + 1 : end] if line.kind != "name"]


def _named_by_headings(card: Card, scope: Scope) -> str:
    """The model that the card's title or a heading above it names; headings of known words ("Price") are passed."""
    for heading in (card.title, *reversed(card.context.headings)):
        if is_model_like(heading, scope):
            return "" if scope.vocabulary.is_section(heading) else heading
        label = scope.label(heading)
        if label.unknown and _HYPHENED.fullmatch(heading):
            return heading
        if label.unknown or label.kind == "search":
            return ""  # of a tool's prices the heading further above is no model
    return ""


def _named_by_place(card: Card, lines: Sequence[CardLine], scope: Scope, reads_both: ReadsBoth) -> str:
    """A short title directly above the prices of both directions is a model's name, whatever it looks like."""
    title = clean(card.title)
    prices = [price for line in lines for price in line.found.prices]
    if len(prices) == 1 and (title.casefold() in _KINDS or (_sells_speech(card, scope) and is_identifier(title))):
        return title
    if len(prices) == 1 and prices[0].unit is not None and " " in title and could_name(title, scope):
        kinds = {as_heading(heading, scope.label).kind for heading in card.context.headings[:-1]}
        if prices[0].unit.unit == "page" or (prices[0].unit.unit == "token" and "embedding" in kinds):
            return title  # "Document OCR" per page; "Embed Query" below "Embedding"
    return title if could_name(title, scope) and reads_both(title, lines) else ""


def _sells_speech(card: Card, scope: Scope) -> bool:
    return any(as_heading(heading, scope.label).kind == "speech" for heading in card.context.headings)


def _places(lines: Sequence[CardLine], scope: Scope, reads_both: ReadsBoth) -> list[int]:
    """Lines that stand where names do, each directly above its own prices of both directions; all of them or none."""
    places = [
        number
        for number, line in enumerate(lines[:-1])
        if line.kind == "other" and could_name(line.text, scope) and lines[number + 1].kind in {"label", "price"}
    ]
    bounds = itertools.pairwise([*places, len(lines)])
    return places if all(reads_both(lines[start].text, lines[start + 1 : end]) for start, end in bounds) else []


def _leads_to_price(lines: Sequence[CardLine], number: int) -> bool:
    """Whether a price comes before the next name and not too far below."""
    for line in lines[number + 1 : number + _NEAR]:
        if line.kind == "name":
            return False
        if line.kind == "price":
            return True
    return False
