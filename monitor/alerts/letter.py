"""What a message says before it has a form: one letter, from which the plain and the HTML part are both made.

Its words are finished and safe on one line; only the two renderers know about width, markup and colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.charts.steps import StepChart

Tone = Literal["good", "bad", "warn", "plain"]


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price of a block: what it buys stands in the table's head, or in the cells where prices differ in that."""

    label: str
    note: str = ""
    before: str = ""
    now: str = ""
    change: str = ""
    aside: str = ""
    converted: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled paragraph below the prices; `url` is where its words were read, `is_command` is typed in a shell."""

    label: str
    words: str
    url: str | None = None
    is_command: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """The price line of a block, with the same facts in words and as bars of text (name, bars, prices)."""

    label: str
    chart: StepChart
    words: str
    bars: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One model, or one incident: what happened (`badge`), to whom (`name`), its prices and what is told of them.

    `columns` are the words over the price before, the price now and the change.
    """

    badge: str
    tone: Tone
    name: str
    bought: str = ""
    columns: tuple[str, str, str] = ("", "", "")
    prices: tuple[PriceRow, ...] = ()
    graph: Graph | None = None
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A heading with one fact a line."""

    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message in one language; `way_out` is where its reader unsubscribes."""

    subject: str
    origin: str
    language: str
    blocks: tuple[Block, ...] = ()
    paragraphs: tuple[str, ...] = ()
    listings: tuple[Listing, ...] = ()
    closing: tuple[str, ...] = ()
    foot: str = ""
    way_out: Row | None = None
