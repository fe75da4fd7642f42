"""Nodes to runs and lines: what a cell or a paragraph prints, with its struck and raised parts kept apart.

White space is folded as a browser would fold it; zero-width characters are dropped, because editors leave them in every
cell and no reader sees them. A `<br>` or a block-level child begins a new line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from scrapers.documents.blocks import Run
from scrapers.documents.nodes import Tag

Line = tuple[Run, ...]

_BLOCKS = (
    "address article aside blockquote body button center dd details dialog div dl dt fieldset figcaption figure footer",
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre search section",
    "select summary tab table tbody td tfoot th thead tr ul",
)
BLOCK_TAGS = frozenset(name for line in _BLOCKS for name in line.split())
SKIPPED_TAGS = frozenset(
    ("script", "style", "svg", "noscript", "iframe", "canvas", "head", "template", "object", "video", "audio", "math")
)

_MAX_NESTING = 100
_BADGE = re.compile(r"(^|[-_])(badge|tag|chip|label|pill|sticker)($|[-_])", re.IGNORECASE)
_SIGNS = frozenset("$¥￥€£₩₽₹")
PLAIN, STRUCK = Run(""), Run("", struck=True)
_STRONG = frozenset({"b", "strong", "code"})
_BREAK = Tag("br")
_GAP = " "
_COLUMN_STYLE = re.compile(r"flex-direction\s*:\s*column", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u3000\u2002-\u200a\u202f]+")
_STRUCK_STYLE = re.compile(r"text-decoration[a-z-]*\s*:[^;]*line-through", re.IGNORECASE)
_STRUCK_CLASS = re.compile(r"(^|[-_:])(line-through|strike|strikethrough|struck)($|[-_])|^del$", re.IGNORECASE)
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def fold_space(text: str) -> str:
    r"""Runs of white space become one space, zero-width characters vanish; ends are kept.

    >>> fold_space("a\u200b \n b ")
    'a b '
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return _SPACE.sub(" ", text.translate(_INVISIBLE))


def classes_of(node: Tag) -> list[str]:
    """The class words of an element."""
    value = node.attrs.get("class")
    return value.split() if value else []


def attribute(node: Tag, name: str) -> str:
    """An attribute's text, or "" where it is absent; names are matched as HTML does, in lower case."""
    return node.attrs.get(name, "")


def is_displayed(node: Tag) -> bool:
    """False for an element that its own attributes keep from the page."""
    if "hidden" in node.attrs:
        return False
    style = node.attrs.get("style")
    return not (style and _NOT_DISPLAYED.search(attribute(node, "style")))


def is_struck(node: Tag) -> bool:
    """True for `<s>`, `<del>`, `<strike>` and what a style or a class strikes through."""
    if node.name in {"s", "del", "strike"}:
        return True
    if not node.attrs:
        return False
    if "style" in node.attrs and _STRUCK_STYLE.search(attribute(node, "style")):
        return True
    return "class" in node.attrs and _is_struck_class(node.attrs["class"])


@lru_cache(maxsize=5_000)
def _is_struck_class(classes: str) -> bool:
    return any(_STRUCK_CLASS.search(word) for word in classes.split())


@lru_cache(maxsize=5_000)
def _is_badge_class(classes: str) -> bool:
    return any(_BADGE.search(word) for word in classes.split())


def is_stacked(node: Tag) -> bool:
    """True for an inline element that a class makes a box of its own."""
    return not {"block", "d-block"}.isdisjoint(classes_of(node))


def laid_out(node: Tag) -> Iterable[object]:
    """The children, with a line's end or a space after each where classes set them under or beside one another."""
    if "class" not in node.attrs and "style" not in node.attrs:
        return node.children
    words = classes_of(node)
    if "flex-col" in words or "flex-column" in words or _COLUMN_STYLE.search(attribute(node, "style")):
        return _with_each(node, _BREAK)
    if "flex" in words or "inline-flex" in words:
        return _with_each(node, _GAP)
    return node.children


def _with_each(node: Tag, after: object) -> Iterator[object]:
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
        elif child.name not in SKIPPED_TAGS and child.name != "table" and is_displayed(child):
            yield from printed_strings(child, depth + 1)


class LineGatherer:
    """Collects runs into lines; `lines` folds their space and drops empty ones."""

    def __init__(self) -> None:
        self._lines: list[list[Run]] = [[]]
        self._depth = 0

    def add(self, text: str, look: Run = PLAIN) -> None:
        """Adds a text that looks as `look` does."""
        line = self._lines[-1]
        last = line[-1] if line else None
        if last is not None and text[:1] in _SIGNS and last.text[-1:].isalpha():
            text = f" {text}"  # two elements that a browser shows apart: a label and its price
        if last is not None and last.looks_like(look):
            line[-1] = last.with_text(last.text + text)
        else:
            line.append(look.with_text(text))

    def break_line(self) -> None:
        if self._lines[-1]:
            self._lines.append([])

    def gather(self, nodes: Iterable[object], look: Run = PLAIN) -> None:
        """Adds what the nodes print, in order; nested tables and what is not displayed are left out."""
        for child in nodes:
            if isinstance(child, str):
                self.add(child, look)
            elif isinstance(child, Tag):
                self._gather_element(child, look)

    def _gather_element(self, node: Tag, look: Run) -> None:
        name = node.name
        if name in SKIPPED_TAGS or name == "table" or not is_displayed(node) or self._depth > _MAX_NESTING:
            return
        if name == "br":
            self.break_line()
            return
        is_block = name in BLOCK_TAGS or is_stacked(node)
        is_badge = not is_block and "class" in node.attrs and _is_badge_class(node.attrs["class"])
        if is_badge:
            self.add(" ", look)
        if is_block:
            self.break_line()
        self._depth += 1
        self.gather(laid_out(node), _look_in(node, look))
        self._depth -= 1
        if is_badge:
            self.add(" ", look)
        if is_block:
            self.break_line()

    def lines(self) -> tuple[Line, ...]:
        """The lines gathered so far, folded; the gatherer starts anew."""
        gathered, self._lines = self._lines, [[]]
        folded = (_fold_line(line) for line in gathered)
        return tuple(line for line in folded if line)


def _look_in(node: Tag, look: Run) -> Run:
    """How text looks inside of an element that stands in text of a look."""
    if node.name == "a":
        look = replace(look, href=attribute(node, "href") or look.href)
    elif node.name in _STRONG:
        look = replace(look, strong=True)
    elif node.name == "sup":
        look = replace(look, raised=True)
    return replace(look, struck=True) if not look.struck and is_struck(node) else look


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
    return " ".join(line_text(line) for line in lines_of(node))


def _fold_line(line: list[Run]) -> Line:
    folded: list[Run] = []
    ends_with_space = True
    for run in line:
        text = fold_space(run.text)
        if ends_with_space:
            text = text.lstrip(" ")
        if text:
            ends_with_space = text.endswith(" ")
            folded.append(run.with_text(text))
    while folded:
        last = folded[-1]
        trimmed = last.text.rstrip(" ")
        if trimmed:
            folded[-1] = last.with_text(trimmed)
            break
        folded.pop()
    return tuple(folded)
