"""The nouns of a document: runs make lines, lines make cells, cells make tables; every block knows its context.

A block keeps what was printed; nothing here knows a meter from a model. Spanned cells stand in every place that they
cover as the *same* `Cell`, so a reader can tell a group's label (`cell.row` is above) from a value of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["html", "markdown", "mdx", "json", "ndjson", "yaml", "text"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text with one look."""

    text: str
    struck: bool = False
    raised: bool = False  # superscript: a footnote's mark, or the 2 of m²
    href: str | None = None
    strong: bool = field(default=False, compare=False)  # bold or code, as names in running lines are

    def with_text(self, text: str) -> Run:
        """Another text with the same look."""
        return Run(text, self.struck, self.raised, self.href, self.strong)

    def looks_like(self, other: Run) -> bool:
        """Whether two runs differ in their text alone."""
        mine = (self.struck, self.raised, self.href, self.strong)
        return mine == (other.struck, other.raised, other.href, other.strong)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its lines, where it begins in the grid and how far it spans.

    Attributes:
        text: all that is printed, struck words and footnote marks too, lines joined by one space.
        plain: what is printed without struck words and raised marks.

    """

    lines: tuple[tuple[Run, ...], ...]
    row: int = 0
    column: int = 0
    rowspan: int = 1
    colspan: int = 1
    is_header: bool = False
    text: str = field(init=False, compare=False, repr=False, default="")
    plain: str = field(init=False, compare=False, repr=False, default="")

    def __post_init__(self) -> None:
        # Worked out once: readers ask for both at every turn.
        if len(self.lines) == 1 and len(self.lines[0]) == 1:
            (run,) = self.lines[0]
            text = run.text.strip()
            plain = "" if run.struck or run.raised else text
        else:
            text = " ".join(["".join([run.text for run in line]).strip() for line in self.lines]).strip()
            kept = ["".join([run.text for run in line if not run.struck and not run.raised]) for line in self.lines]
            plain = " ".join([bare for line in kept if (bare := line.strip())])
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "plain", plain)

    def __hash__(self) -> int:
        return hash((self.row, self.column))  # a table holds one cell at a place


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds a block.

    Attributes:
        headings: the path of headings, outermost first.
        tabs: labels of the panes it stands in, outermost first ("Batch", "Flex").
        caption: the table's own caption.
        before: paragraphs between the nearest heading (or previous table) and the block, in order.
        notes: footnotes that follow: (mark, text); a note without a mark has "".
        is_hidden: not displayed until a click, or present only in data that a script would print.
        component: name of the MDX component or key path of the JSON that holds it.
        props: the component's other properties, as strings.

    """

    headings: tuple[str, ...] = ()
    tabs: tuple[str, ...] = ()
    caption: str = ""
    before: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    is_hidden: bool = False
    component: str = ""
    props: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A grid with all spans filled in; every row has the same length, None is a place that no cell covers.

    `header_rows` counts the rows that the document itself marks as header; 0 says that it marks none.
    """

    rows: tuple[tuple[Cell | None, ...], ...]
    header_rows: int = 0
    context: Context = field(default_factory=Context)
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A group of lines that belong together and form no table: a price card, a definition list, rendered text."""

    title: str
    lines: tuple[tuple[Run, ...], ...]
    context: Context = field(default_factory=Context)
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """An object from JSON, YAML, a script or a payload; numbers are Decimal, so that what is printed stays exact."""

    fields: Mapping[str, Any]
    context: Context = field(default_factory=Context)
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph or a list item."""

    runs: tuple[Run, ...]
    context: Context = field(default_factory=Context)
    locator: str = ""

    @property
    def text(self) -> str:
        return self.runs[0].text if len(self.runs) == 1 else "".join([run.text for run in self.runs])


Block = Table | Card | Record | Prose


@dataclass(frozen=True, slots=True)
class Document:
    """One page as blocks in reading order.

    `language` is what the page declares ("zh-CN"), or "". `is_complete` is False where the document's end is missing
    (no `</html>`, an open fence, JSON that stops): its price list must not be compared. `signs` names what the page
    seems to be besides a price page: `challenge`, `shell` (needs a script to show anything), `login`, `template`.
    """

    kind: Kind
    title: str
    language: str
    blocks: tuple[Block, ...]
    is_complete: bool = True
    signs: tuple[str, ...] = ()
