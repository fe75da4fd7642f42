"""Cards whose heading is a meter: "Price (input)" above one price, "Price (output)" above the next.

Neighbouring cards below one heading become one card whose lines are these headings and their prices, so that the
headings are read as the labels that they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scrapers.documents.blocks import Block, Card, Prose, Run
from scrapers.reading.labels import Scope


def join_meter_cards(blocks: Sequence[Block], scope: Scope) -> list[Block]:
    """The blocks, with cards below headings that are meters joined into the card of the heading above these."""
    joined: list[Block] = []
    place: int | None = None
    for block in blocks:
        if isinstance(block, Card) and _is_meter(block, scope):
            part = _without_meter(block)
            last = joined[place] if place is not None else None
            if place is not None and isinstance(last, Card) and last.context.headings == part.context.headings:
                joined[place] = replace(last, lines=(*last.lines, *part.lines))
            else:
                place = len(joined)
                joined.append(part)
            continue
        if not isinstance(block, Prose):
            place = None
        joined.append(block)
    return joined


def _is_meter(card: Card, scope: Scope) -> bool:
    """Whether the nearest heading says a direction or a cache and nothing that is not understood."""
    path = card.context.headings
    if len(path) < 2 or path[-1] != card.title:
        return False
    label = scope.label(card.title)
    return bool(label.direction or label.cache) and not label.unknown and not label.roles - {"price", "filler"}


def _without_meter(card: Card) -> Card:
    path = card.context.headings[:-1]
    lines = ((Run(card.title),), *card.lines)
    return replace(card, title=path[-1], lines=lines, context=replace(card.context, headings=path))
