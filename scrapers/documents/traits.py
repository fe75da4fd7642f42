"""What an element's name and attributes say of how it is shown.

A page repeats a few hundred combinations of name, class, style and role in its thousands of elements, so each
combination is understood once and its elements share the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_BLOCKS = (
    "address article aside blockquote body button center dd details dialog div dl dt fieldset figcaption figure footer",
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre search section",
    "select summary tab table tbody td tfoot th thead tr ul",
)
BLOCK_TAGS = frozenset(name for line in _BLOCKS for name in line.split())
SKIPPED_TAGS = frozenset(
    ("script", "style", "svg", "noscript", "iframe", "canvas", "head", "template", "object", "video", "audio", "math")
)
TITLED_TAGS = frozenset({"tab", "tabitem", "tab-item", "tabpane", "tab-pane", "tabpanel"})
TITLED_GROUPS = frozenset({"devsite-selector", "devsite-tabs-panels"})
TITLE_LEVEL = 8  # of what acts as a heading by its class, below the six real levels and a summary's

_STRUCK_STYLE = re.compile(r"text-decoration[a-z-]*\s*:[^;]*line-through", re.IGNORECASE)
_STRUCK_CLASS = re.compile(r"(^|[-_:])(line-through|strike|strikethrough|struck)($|[-_])|^del$", re.IGNORECASE)
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BADGE = re.compile(r"(^|[-_])(badge|tag|chip|label|pill|sticker)($|[-_])", re.IGNORECASE)
_COLUMN_STYLE = re.compile(r"flex-direction\s*:\s*column", re.IGNORECASE)
_CLASS_HEADING = re.compile(r"^(heading-)?h([1-6])$", re.IGNORECASE)
_TITLE_CLASS = re.compile(r"(^|[-_])(title|heading|headline|subtitle)([-_]*text)?$", re.IGNORECASE)
_ANY_WORD = re.compile(
    r"(?:^|\s)del(?:$|\s)|struck|strike|through|badge|tag|chip|label|pill|sticker|h[1-6]|title|head|tab", re.IGNORECASE
)  # what the patterns for one class word have in common
_TABS_WORD = re.compile(r"(^|[-_])tabs?($|[-_])|^w-tabs$|tabs$", re.IGNORECASE)
_LABEL_WORD = re.compile(
    r"(^|[-_])tabs?([-_]+\w+)*[-_]+(label|link|title|btn|button|item|nav-item|head)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Traits:
    """How an element is shown.

    Attributes:
        classes: its class words.
        is_displayed: False where its own attributes keep it from the page.
        is_box: a displayed element of which tables can be made.
        breaks_line: a block by its name, or made one by a class.
        parts: what stands after each child: a line's end, a space, or nothing.
        titles: levels of headings that its class words name, in order; `TITLE_LEVEL` only where its text is short.
        names_tabs, labels_tab: a bar of tabs, and one of its labels, by role or class.
        bears_on_panes: whether it can name a pane at all.

    """

    classes: tuple[str, ...]
    is_displayed: bool
    is_skipped: bool
    is_block: bool
    is_box: bool
    is_table: bool
    is_header_cell: bool
    is_struck: bool
    is_badge: bool
    breaks_line: bool
    parts: Literal["line", "space", ""]
    titles: tuple[int, ...]
    names_tabs: bool
    labels_tab: bool
    bears_on_panes: bool


def traits_of(name: str, attrs: Mapping[str, str]) -> Traits:
    """The traits of an element with this name and these attributes."""
    if not attrs:
        return _understood(name)
    said = attrs.get
    return _understood(name, said("class", ""), said("style", ""), said("role", ""), said("hidden"))


@lru_cache(maxsize=20_000)
def _understood(name: str, classes: str = "", style: str = "", role: str = "", hidden: str | None = None) -> Traits:
    words = tuple(classes.split())
    telling = words if _ANY_WORD.search(classes) else ()
    is_displayed = hidden is None and not (style and _NOT_DISPLAYED.search(style))
    is_skipped = name in SKIPPED_TAGS
    breaks_line = name in BLOCK_TAGS or not {"block", "d-block"}.isdisjoint(words)
    is_struck = name in {"s", "del", "strike"} or bool(style and _STRUCK_STYLE.search(style))
    names_tabs = role == "tablist" or any(map(_TABS_WORD.search, telling))
    return Traits(
        classes=words,
        is_displayed=is_displayed,
        is_skipped=is_skipped,
        is_block=name in BLOCK_TAGS,
        is_box=not is_skipped and name != "hr" and is_displayed,
        is_table=name == "table" or role in {"table", "grid"},
        is_header_cell=name == "th"
        or role in {"columnheader", "rowheader"}
        or not {"is-header", "th", "table-header"}.isdisjoint(words),
        is_struck=is_struck or any(map(_STRUCK_CLASS.search, telling)),
        is_badge=not breaks_line and any(map(_BADGE.search, telling)),
        breaks_line=breaks_line,
        parts=_parts(words, style),
        titles=tuple(level for word in telling if (level := _title_level(word))),
        names_tabs=names_tabs,
        labels_tab=role == "tab" or any(map(_LABEL_WORD.search, telling)),
        bears_on_panes=names_tabs or role in {"tab", "tabpanel"} or name in TITLED_TAGS | TITLED_GROUPS,
    )


def _parts(words: tuple[str, ...], style: str) -> Literal["line", "space", ""]:
    """A class or a style sets the children under or beside one another."""
    if "flex-col" in words or "flex-column" in words or (style and _COLUMN_STYLE.search(style)):
        return "line"
    return "space" if "flex" in words or "inline-flex" in words else ""


def _title_level(word: str) -> int:
    heading = _CLASS_HEADING.match(word)
    return int(heading[2]) if heading else TITLE_LEVEL if _TITLE_CLASS.search(word) else 0
