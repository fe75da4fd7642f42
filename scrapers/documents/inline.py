"""Nodes to runs and lines: what a cell or a paragraph prints, with its struck and raised parts kept apart.

White space is folded as a browser would fold it; zero-width characters are dropped, because editors leave them in every
cell and no reader sees them. A `<br>` or a block-level child begins a new line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from scrapers.documents.blocks import Run
from scrapers.documents.nodes import Tag
from scrapers.documents.traits import Traits

Line = tuple[Run, ...]

_MAX_NESTING = 100
_SIGNS = frozenset("$¥￥€£₩₽₹")
PLAIN, STRUCK = Run(""), Run("", struck=True)
_STRONG = frozenset({"b", "strong", "code"})
_BREAK = Tag("br")
_GAP = " "
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad]+")
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u3000\u2002-\u200a\u202f]+")
_PLAIN_SPACE = " \t\r\n"


def fold_space(text: str) -> str:
    r"""Runs of white space become one space, zero-width characters vanish; ends are kept.

    >>> fold_space("a\u200b \n b ")
    'a b '
    """
    if text.isascii():
        return text if text.isprintable() and "  " not in text else _SPACE.sub(" ", text)
    return _SPACE.sub(" ", _INVISIBLE.sub("", text))


def attribute(node: Tag, name: str) -> str:
    """An attribute's text, or "" where it is absent; names are matched as HTML does, in lower case."""
    return node.attrs.get(name, "")


def laid_out(node: Tag) -> Iterable[Tag | str]:
    """The children, with a line's end or a space after each where classes set them under or beside one another."""
    if not node.traits.parts or not node.children:
        return node.children
    return _with_each(node, _BREAK if node.traits.parts == "line" else _GAP)


def _with_each(node: Tag, after: Tag | str) -> Iterator[Tag | str]:
    for child in node.children:
        yield child
        if isinstance(child, Tag):
            yield after


def printed_strings(node: Tag, depth: int = 0) -> Iterator[str]:
    """The strings of which `text_of` makes an element's text, one by one."""
    if depth > _MAX_NESTING:
        return
    for child in node.children:
        if isinstance(child, str):
            yield child
        elif not child.traits.is_skipped and child.name != "table" and child.traits.is_displayed:
            yield from printed_strings(child, depth + 1)


class LineGatherer:
    """Collects texts into lines; `lines` folds their space and drops empty ones."""

    def __init__(self) -> None:
        self._line: list[tuple[str, Run]] = []  # texts with their looks
        self._lines = [self._line]
        self._depth = 0

    def add(self, text: str, look: Run = PLAIN) -> None:
        """Adds a text that looks as `look` does."""
        line = self._line
        if not line:
            if text.strip(_PLAIN_SPACE):  # a line begins with what can be seen
                line.append((text, look))
            return
        last, was = line[-1]
        if text[:1] in _SIGNS and last[-1:].isalpha():
            text = f" {text}"  # two elements that a browser shows apart: a label and its price
        if was is look or was.looks_like(look):
            line[-1] = (last + text, was)
        else:
            line.append((text, look))

    def break_line(self) -> None:
        if self._line:
            self._line = []
            self._lines.append(self._line)

    def gather(self, nodes: Iterable[Tag | str], look: Run = PLAIN) -> None:
        """Adds what the nodes print, in order; nested tables and what is not displayed are left out."""
        for child in nodes:
            if isinstance(child, str):
                self.add(child, look)
            else:
                self._gather_element(child, look)

    def _gather_element(self, node: Tag, look: Run) -> None:
        traits = node.traits
        if traits.is_skipped or node.name == "table" or not traits.is_displayed or self._depth > _MAX_NESTING:
            return
        if node.name == "br":
            self.break_line()
            return
        self._part(traits, look)
        self._depth += 1
        self.gather(laid_out(node), _look_in(node, look))
        self._depth -= 1
        self._part(traits, look)

    def _part(self, traits: Traits, look: Run) -> None:
        """Parts an element from what stands before and behind it."""
        if traits.breaks_line:
            self.break_line()
        elif traits.is_badge:
            self.add(" ", look)

    def lines(self) -> tuple[Line, ...]:
        """The lines gathered so far, folded; the gatherer starts anew."""
        if not self._lines[0]:
            return ()
        gathered, self._line = self._lines, []
        self._lines = [self._line]
        return tuple([line for line in map(_fold_line, gathered) if line])


def _look_in(node: Tag, look: Run) -> Run:
    """How text looks inside of an element that stands in text of a look."""
    if node.name == "a":
        href = node.attrs.get("href")
        look = replace(look, href=href) if href else look
    elif node.name in _STRONG:
        look = replace(look, strong=True)
    elif node.name == "sup":
        look = replace(look, raised=True)
    return replace(look, struck=True) if node.traits.is_struck and not look.struck else look


def lines_of(node: Tag) -> tuple[Line, ...]:
    """What an element prints, line by line."""
    gatherer = LineGatherer()
    gatherer.gather(laid_out(node))
    return gatherer.lines()


def line_text(line: Line) -> str:
    """A line's text with struck and raised parts."""
    return "".join(run.text for run in line).strip()


def text_of(node: Tag) -> str:
    """What an element prints, lines joined by one space."""
    return " ".join([line_text(line) for line in lines_of(node)])


def _fold_line(line: list[tuple[str, Run]]) -> Line:
    if len(line) == 1:
        ((text, look),) = line
        bare = fold_space(text).strip(" ")
        return (look.with_text(bare),) if bare else ()
    folded: list[tuple[str, Run]] = []
    ends_with_space = True
    for printed, look in line:
        text = fold_space(printed).lstrip(" ") if ends_with_space else fold_space(printed)
        if text:
            ends_with_space = text.endswith(" ")
            folded.append((text, look))
    while folded:
        text, look = folded[-1]
        trimmed = text.rstrip(" ")
        if trimmed:
            folded[-1] = (trimmed, look)
            break
        folded.pop()
    return tuple([look.with_text(text) for text, look in folded])
