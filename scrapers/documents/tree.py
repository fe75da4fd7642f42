"""A tree of elements to blocks: one walk in reading order that knows headings, panes and what stands before a table.

A heading holds until the next of its level; what a pane says stays in the pane. An element that acts as a heading by
its class (`title`) counts below the six real levels. What a page hides until a click is kept and marked.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scrapers.documents.blocks import Block, Context, Prose, Run, Table
from scrapers.documents.divtables import find_div_rows, find_div_runs
from scrapers.documents.grid import PrintedCell, build_grid
from scrapers.documents.htmltables import (
    cells_of,
    count_header_rows,
    nested_tables,
    printed_cell,
    repair_rows,
    rows_of,
    strays_of,
)
from scrapers.documents.inline import (
    PLAIN,
    STRUCK,
    LineGatherer,
    attribute,
    fold_space,
    laid_out,
    line_text,
    lines_of,
    printed_strings,
    text_of,
)
from scrapers.documents.nodes import Tag, parse_html
from scrapers.documents.payloads import without_shown_rows
from scrapers.documents.plain import text_blocks
from scrapers.documents.tabs import pane_labels
from scrapers.documents.traits import TITLE_LEVEL
from scrapers.errors import LayoutError

Carrier = Callable[[Tag, Context, str], list[Block]]

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SUMMARY_LEVEL = 7
_MAX_TITLE = 80
_MAX_NESTING = 180
_MAX_BEFORE = 12
_MAX_CHOICES = 12
_MAX_WORD = 24
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"[$¥￥€£]\s?\d|\d\s?(?:元|円|€)")


@dataclass
class _Scope:
    """What holds at one place of the walk."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    tabs: tuple[str, ...] = ()
    is_hidden: bool = False
    struck: bool = False


class TreeWalker:
    """Walks one tree; `carriers` turn elements that hold blocks in their attributes or text into those blocks."""

    def __init__(self, root: Tag, *, carriers: dict[str, Carrier] | None = None, is_markdown: bool = False) -> None:
        self._root = root
        self._labels, self._bars = pane_labels(root)
        self._carriers = carriers or {}
        self._is_markdown = is_markdown
        self._scope = _Scope()
        self._blocks: list[Block] = []
        self._inline = LineGatherer()
        self._numbers: dict[str, int] = {}
        self._buttons: dict[int, set[int]] = {}
        self._is_choice = False
        self._depth = 0

    def walk(self) -> tuple[Block, ...]:
        """All blocks in reading order."""
        self._walk_children(self._root)
        self._flush()
        return tuple(self._blocks)

    def _walk_children(self, node: Tag) -> None:
        self._depth += 1
        runs = find_div_runs(node)
        for child in laid_out(node):
            if isinstance(child, str):
                self._inline.add(child, self._look)
            elif not runs or id(child) not in runs:
                self._walk_element(child)
            elif rows := runs[id(child)]:
                self._flush()
                self._add_table([[printed_cell(cell) for cell in row] for row in rows], 1, self._context())
        self._depth -= 1

    @property
    def _look(self) -> Run:
        return STRUCK if self._scope.struck else PLAIN

    def _walk_element(self, node: Tag) -> None:
        carrier = self._carriers.get(node.name)
        if carrier is not None:
            self._walk_carrier(node, carrier)
        elif not node.traits.is_skipped:
            self._walk_shown(node)
        elif node.name == "head":
            for script in node.find_all("script"):
                self._walk_element(script)

    def _walk_carrier(self, node: Tag, carrier: Carrier) -> None:
        self._flush()
        carried = carrier(node, self._context(), self._locator(node.name))
        shown = len(self._blocks)
        if not node.traits.is_skipped:
            self._walk_shown(node)
            if carried:
                self._flush()
        if carried:
            self._blocks.extend(without_shown_rows(carried, self._blocks[shown:]))

    def _walk_shown(self, node: Tag) -> None:
        name, traits = node.name, node.traits
        for value in _markup_in(node) if node.attrs else ():
            self._walk_children(parse_html(value))
        if id(node) in self._bars or (name == "button" and self._is_button_of_bar(node)):
            return
        if self._depth > _MAX_NESTING:
            raise LayoutError(
                f"elements are nested deeper than {_MAX_NESTING} levels; this is no page to read prices from"
            )
        label = self._labels.get(id(node))
        if label is not None or not traits.is_displayed:
            self._walk_pane(node, label)
        elif traits.is_table:
            self._flush()
            self._walk_table(node)
        elif traits.is_block or node.holds_block or "-" in name:  # editors wrap tables in spans
            self._walk_block(node)
        elif name == "br":
            self._inline.break_line()
        else:
            self._inline.gather([node], self._look)

    def _is_button_of_bar(self, node: Tag) -> bool:
        """A button beside another one: a choice of panes or an action, no paragraph."""
        if node.parent is None:
            return False
        known = self._buttons.get(id(node.parent))
        if known is None:
            beside = [child for child in node.parent.children if isinstance(child, Tag)]
            pairs = [pair for pair in itertools.pairwise(beside) if pair[0].name == pair[1].name == "button"]
            known = self._buttons[id(node.parent)] = {id(button) for pair in pairs for button in pair}
        return id(node) in known

    def _walk_block(self, node: Tag) -> None:
        self._flush()
        if _is_plain_text(node):
            self._inline.add("".join(printed_strings(node)), STRUCK if node.traits.is_struck else self._look)
            self._flush()
            return
        rows = find_div_rows(node)
        if rows:
            self._add_table([[printed_cell(cell) for cell in row] for row in rows], 1, self._context())
            return
        if node.name == "pre" and self._add_spaced_tables(node):
            return
        level = self._heading_level(node)
        if level is not None:
            text = text_of(node)
            if text and self._scope.tabs[-1:] == (text[:60],):
                return
            if text:
                self._open_heading(level, text)
                return
        was_struck, was_choice = self._scope.struck, self._is_choice
        self._scope.struck = was_struck or node.traits.is_struck
        self._is_choice = was_choice or _is_row_of_words(node)
        self._walk_children(node)
        self._flush()
        self._scope.struck, self._is_choice = was_struck, was_choice

    def _add_spaced_tables(self, node: Tag) -> bool:
        """Whether a preformatted text is tables whose columns are parted by spaces or tabs, with amounts in them."""
        text = "".join(printed_strings(node))
        blocks = text_blocks(text) if _AMOUNT.search(text) else []
        if not any(isinstance(block, Table) for block in blocks):
            return False
        for block in blocks:
            self._blocks.append(replace(block, context=self._context(), locator=self._locator("pre")))
            if isinstance(block, Prose):
                self._scope.before.append(block.text)
            else:
                self._scope.before.clear()
        return True

    def _heading_level(self, node: Tag) -> int | None:
        level = _HEADINGS.get(node.name)
        if level is not None:
            return None if node.holds_block and node.find("table") else level
        if node.name == "summary":
            return _SUMMARY_LEVEL
        if attribute(node, "role") == "heading":
            role_level = attribute(node, "aria-level")
            return int(role_level) if role_level.isdigit() else 6
        if node.name == "p" and _is_bold_alone(node):
            return TITLE_LEVEL
        levels = node.traits.titles
        return next((level for level in levels if level != TITLE_LEVEL or self._is_short_leaf(node)), None)

    @staticmethod
    def _is_short_leaf(node: Tag) -> bool:
        if node.find(["table", "ul", "ol", "p", "h1", "h2", "h3", "h4", "h5", "h6"]) is not None:
            return False
        lines = lines_of(node)
        return len(lines) == 1 and 0 < len(line_text(lines[0])) <= _MAX_TITLE

    def _open_heading(self, level: int, text: str) -> None:
        while self._scope.headings and self._scope.headings[-1][0] >= level:
            self._scope.headings.pop()
        self._scope.headings.append((level, text))
        self._scope.before.clear()

    def _walk_pane(self, node: Tag, label: str | None) -> None:
        self._flush()
        outer = self._scope
        self._scope = replace(outer, headings=list(outer.headings), before=list(outer.before))
        if label:
            self._scope.tabs = (*outer.tabs, label)
        self._scope.is_hidden = outer.is_hidden or not node.traits.is_displayed
        if node.name == "table":
            self._walk_table(node)
        else:
            self._walk_children(node)
        self._flush()
        self._scope = outer

    def _flush(self) -> None:
        for line in self._inline.lines():
            text = line_text(line)
            if self._scope.tabs and text == self._scope.tabs[-1]:
                continue
            self._blocks.append(Prose(line, self._context(), self._locator("p")))
            if self._is_choice:
                continue
            self._scope.before.append(text)
            del self._scope.before[:-_MAX_BEFORE]

    def _context(self, caption: str = "") -> Context:
        scope = self._scope
        return Context(
            headings=tuple(text for _, text in scope.headings),
            tabs=scope.tabs,
            caption=caption,
            before=tuple(scope.before),
            is_hidden=scope.is_hidden,
        )

    def _locator(self, name: str) -> str:
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        return f"{name} {number}"

    def _walk_table(self, node: Tag) -> None:
        rows = rows_of(node)
        nested = nested_tables(node)
        if nested and not _AMOUNT.search(text_of(node)):
            for row in rows:
                self._walk_block(row)
            return
        caption = node.find("caption", recursive=False)
        context = self._context(text_of(caption) if caption else "")
        printed = [[printed_cell(cell) for cell in cells_of(row)] for row in rows]
        if self._is_markdown:
            printed, context = repair_rows(rows, printed, context)
        header_rows = count_header_rows(rows, printed)
        empty_heads = 0
        while empty_heads < header_rows and all(cell.is_empty for cell in printed[empty_heads]):
            empty_heads += 1
        self._add_table(printed[empty_heads:], header_rows - empty_heads, context)
        strays = strays_of(node)
        for inner in nested:
            if not any(stray is inner or any(stray is parent for parent in inner.parents) for stray in strays):
                self._walk_table(inner)
        for stray in strays:
            self._walk_element(stray)

    def _add_table(self, printed: list[list[PrintedCell]], header_rows: int, context: Context) -> None:
        grid = build_grid(printed)
        if grid and any(cell is not None and cell.lines for row in grid for cell in row):
            self._blocks.append(Table(grid, header_rows, context, self._locator("table")))
            self._scope.before.clear()


def _is_plain_text(node: Tag) -> bool:
    """Whether a block is a text and can be nothing else, as most paragraphs are."""
    if len(node.children) != 1 or not isinstance(node.children[0], str) or node.traits.titles:
        return False
    return not (node.name in _HEADINGS or node.name in {"summary", "pre"} or attribute(node, "role") == "heading")


def _is_bold_alone(node: Tag) -> bool:
    """A short paragraph that is bold as a whole: exports of documents write their headings so."""
    children = [child for child in node.children if not (isinstance(child, str) and not child.strip())]
    if len(children) != 1 or not isinstance(children[0], Tag) or children[0].name not in {"strong", "b"}:
        return False
    text = text_of(node)
    return 0 < len(text) <= _MAX_TITLE and text[-1] not in ".。!！?？:：;；,，" and not _AMOUNT.search(text)


def _is_row_of_words(node: Tag) -> bool:
    """A row of single words or short phrases, as a choice of panes is: it says nothing about the table that follows."""
    if len(node.children) < 2 or node.boxes > _MAX_CHOICES:
        return False
    children = [child for child in node.children if isinstance(child, Tag) and not child.traits.is_skipped]
    if not 2 <= len(children) <= _MAX_CHOICES:
        return False
    if any(isinstance(child, str) and child.strip() for child in node.children):
        return False
    words = [child for child in children if child.name != "input"]
    return len(words) >= 2 and all(_is_word(child) for child in words)


def _is_word(node: Tag) -> bool:
    """Whether an element prints a word or a short phrase; a large one is not gathered to see that it is none."""
    length = 0
    for text in printed_strings(node):
        length += len(fold_space(text).replace(" ", ""))
        if length > _MAX_WORD:
            return False
    return length > 0 and len(text := text_of(node)) <= _MAX_WORD and not _DIGIT.search(text)


def _markup_in(node: Tag) -> list[str]:
    """Tables that an element keeps as escaped markup in a data attribute, for a script to unfold."""
    return [
        value
        for name, value in node.attrs.items()
        if isinstance(value, str) and name.startswith("data-") and "<table" in value
    ]
