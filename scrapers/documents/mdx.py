"""MDX to Markdown that a Markdown parser reads: components become placeholders, JSX attributes become HTML's.

Code fences are left alone. What is exported as a literal and what a component holds in its properties is read without
being run; a component whose opening tag a copyist cut off leaves its groups of rows, which are kept under `rows`.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from scrapers.documents.components import format_value
from scrapers.documents.literals import LiteralError, parse_literal, skip_balanced

PLACEHOLDER = "pf-component"

_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(
    r"^import\s(?:[^;\n]{0,300}|\{[^{}]{0,2000}\}\s*)(?:from\s*)?['\"][^'\"\n]{1,300}['\"];?[ \t]*$", re.MULTILINE
)
_EXPORT = re.compile(
    r"^(?:export\s+)?(?:const|let|var)\s+([A-Za-z_$][\w$]*)[^=\n]{0,100}=\s*(?=[\[{(\w])|"
    r"^export\s+(default)\s+(?=[\[{])",
    re.MULTILINE,
)
_EXPORT_END = re.compile(r"[ \t;]*(?:as\s+const)?[ \t;]*")
_EXPORT_OTHER = re.compile(r"^export\s+(?:default|function)\b[^\n{(]{0,200}", re.MULTILINE)
_ORPHAN = re.compile(
    r"\{\s*(?:model|label|name|title|category|group)\s*:\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*,\s*rows\s*:\s*\["
)
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,80})(?=[\s/>])")
_ATTRIBUTE = re.compile(r"\s*(?:([A-Za-z_@:][\w:.@-]{0,100})(\s*=\s*)?|(\{))")
_MAX_UNCLOSED = 50
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_RENAMED = {"classname": "class", "htmlfor": "for"}
_TITLED = ("title", "label", "name", "heading")
_PANES = frozenset({"Tab", "TabItem", "TabPanel", "TabPane"})
_FOLDED = frozenset({"Accordion", "Expandable", "Details", "Collapse", "Collapsible", "Spoiler"})


@dataclass(frozen=True, slots=True)
class Component:
    """One component or exported literal: its name and what its properties hold."""

    name: str
    props: dict[str, Any]


@dataclass
class Mdx:
    """Markdown with placeholders, the components that they stand for, and whether all of it was closed."""

    text: str = ""
    components: list[Component] = field(default_factory=list)
    is_complete: bool = True
    unclosed: int = 0

    def skip(self, text: str, start: int) -> int:
        """`skip_balanced`, which looks to the text's end for a bracket that is never closed.

        After many of them no more are tried and the page counts as cut: each would cost the rest of the page anew.

        Raises:
            LiteralError: it is never closed, or not looked for any more.

        """
        if self.unclosed >= _MAX_UNCLOSED:
            self.is_complete = False
            raise LiteralError("too many brackets of the page are never closed")
        try:
            return skip_balanced(text, start)
        except LiteralError:
            self.unclosed += 1
            raise

    def placeholder(self, name: str, props: dict[str, Any]) -> str:
        self.components.append(Component(name, props))
        return f'<{PLACEHOLDER} n="{len(self.components) - 1}"></{PLACEHOLDER}>'


def read_mdx(text: str) -> Mdx:
    """Takes the JSX out of a page of MDX."""
    mdx = Mdx()
    parts: list[str] = []
    place = 0
    for fence in _FENCE.finditer(text):
        parts.append(_read_part(text[place : fence.start()], mdx))
        parts.append(fence[0])
        place = fence.end()
    parts.append(_read_part(text[place:], mdx))
    mdx.text = "".join(parts)
    return mdx


def _read_part(text: str, mdx: Mdx) -> str:
    text = _IMPORT.sub("", _without_comments(text))
    text = _take_exports(text, mdx)
    text = _take_orphans(text, mdx)
    return _take_tags(text, mdx)


def _without_comments(text: str) -> str:
    parts: list[str] = []
    place = 0
    while (start := text.find("{/*", place)) >= 0 and (end := text.find("*/}", start + 3)) >= 0:
        parts.append(text[place:start])
        place = end + 3
    return "".join((*parts, text[place:]))


def _take_exports(text: str, mdx: Mdx) -> str:
    parts: list[str] = []
    place = 0
    for match in _EXPORT.finditer(text):
        if match.start() < place:
            continue
        parts.append(text[place : match.start()])
        try:
            value, end = parse_literal(text, match.end())
            props = value if isinstance(value, dict) else {"rows": value}
            parts.append("\n" + mdx.placeholder(match[1] or match[2], props) + "\n")
            place = end
        except LiteralError:
            place = _after_code(text, match.end(), mdx)
        place = _EXPORT_END.match(text, place).end()  # type: ignore[union-attr]  # matches ""
    parts.append(text[place:])
    return _without_functions("".join(parts), mdx)


def _without_functions(text: str, mdx: Mdx) -> str:
    parts: list[str] = []
    place = 0
    for match in _EXPORT_OTHER.finditer(text):
        if match.start() >= place:
            parts.append(text[place : match.start()])
            place = _after_code(text, match.end(), mdx)
    return "".join((*parts, text[place:]))


def _after_code(text: str, start: int, mdx: Mdx) -> int:
    """The place after a function's or an expression's last bracket, which a blank line or the end follows."""
    place = start
    while place < len(text) and not text.startswith("\n\n", place):
        if text[place] in "([{":
            try:
                place = mdx.skip(text, place)
                continue
            except LiteralError:
                mdx.is_complete = False
                return len(text)
        place += 1
    return place


def _take_orphans(text: str, mdx: Mdx) -> str:
    """Groups of rows outside any tag; neighbours make one component named for the key that holds them."""
    parts: list[str] = []
    groups: list[Any] = []
    place = 0
    for match in _ORPHAN.finditer(text):
        if match.start() < place or _is_in_tag(text, match.start(), mdx):
            continue
        try:
            group, end = parse_literal(text, match.start())
        except LiteralError:
            continue
        between = text[place : match.start()]
        if groups and between.strip(" \t\r\n,"):
            parts.append(mdx.placeholder("rows", {"groups": groups}))
            groups = []
        if not groups:
            parts.append(between)
        groups.append(group)
        place = end
    if groups:
        parts.append(mdx.placeholder("rows", {"groups": groups}))
    parts.append(text[place:])
    return "".join(parts)


def _is_in_tag(text: str, place: int, mdx: Mdx) -> bool:
    """Whether the nearest tag before a place is still open there."""
    for match in reversed(list(_TAG.finditer(text, max(0, place - 50_000), place))):
        try:
            return _read_tag(text, match.end(), mdx)[1] > place
        except LiteralError:
            continue
    return False


def _take_tags(text: str, mdx: Mdx) -> str:
    parts: list[str] = []
    place = 0
    for match in _TAG.finditer(text):
        if match.start() < place:
            continue
        try:
            attributes, end, is_closed = _read_tag(text, match.end(), mdx)
        except LiteralError:
            if match[2][0].isupper():
                mdx.is_complete = mdx.is_complete and _TAG.search(text, match.end()) is not None
            continue
        parts.append(text[place : match.start()])
        tag = _rewrite(match[1] == "/", match[2], attributes, mdx, is_closed=is_closed)
        parts.append(f"\n\n{tag}\n\n" if match[2][0].isupper() and _is_alone(text, match.start(), end) else tag)
        place = end
    parts.append(text[place:])
    return "".join(parts)


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a tag has its line for itself: what stands in the next lines is Markdown, without a blank line too."""
    before, after = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return not text[before:start].strip() and not text[end : after if after >= 0 else len(text)].strip()


def _read_tag(text: str, place: int, mdx: Mdx) -> tuple[dict[str, Any], int, bool]:
    """Attributes from after a tag's name, the place after its `>`, and whether it closes itself.

    Raises:
        LiteralError: what follows is no tag.

    """
    attributes: dict[str, Any] = {}
    while True:
        end = re.compile(r"\s*(/?)>").match(text, place)
        if end:
            return attributes, end.end(), bool(end[1])
        match = _ATTRIBUTE.match(text, place)
        if match is None or match.end() == place:
            raise LiteralError("no attribute")
        if match[3]:
            place = mdx.skip(text, match.end() - 1)
        elif match[2]:
            attributes[match[1]], place = _attribute_value(text, match.end(), mdx)
        else:
            attributes[match[1]] = True
            place = match.end()


def _attribute_value(text: str, place: int, mdx: Mdx) -> tuple[Any, int]:
    opener = text[place : place + 1]
    if opener in {'"', "'"}:
        end = text.find(opener, place + 1)
        if end < 0:
            raise LiteralError("an attribute is never closed")
        return html.unescape(text[place + 1 : end]), end + 1
    if opener == "{":
        end = mdx.skip(text, place)
        try:
            value, after = parse_literal(text, place + 1)
        except LiteralError:
            return None, end
        return (value if not text[after : end - 1].strip() else None), end
    match = re.compile(r"[^\s\"'<>=`{}]{1,200}").match(text, place)
    if match is None:
        raise LiteralError("an attribute without a value")
    return match[0], match.end()


def _rewrite(is_end: bool, name: str, attributes: dict[str, Any], mdx: Mdx, *, is_closed: bool) -> str:
    """A tag of JSX as HTML."""
    if name[0].islower():
        return f"</{name}>" if is_end else _rewrite_element(name, attributes, is_closed=is_closed)
    tag = "tab" if name in _PANES else "details" if name in _FOLDED else "div"
    if is_end:
        return f"</{tag}>"
    if any(isinstance(value, list | dict) for key, value in attributes.items() if key != "style"):
        placeholder = mdx.placeholder(name, attributes)
        return placeholder if is_closed else f"<div>{placeholder}"
    title = next((attributes[key] for key in _TITLED if isinstance(attributes.get(key), str)), "")
    closing = f"</{tag}>" if is_closed else ""
    if tag == "tab":
        return f'<tab title="{html.escape(title)}">{closing}'
    if tag == "details":
        return f"<details><summary>{html.escape(title)}</summary>{closing}"
    heading = f'<div class="title">{html.escape(title)}</div>' if title else ""
    return f"<div>{heading}{closing}"


def _rewrite_element(name: str, attributes: dict[str, Any], *, is_closed: bool) -> str:
    said: list[str] = []
    inner = ""
    for key, value in attributes.items():
        lower = key.lower()
        if lower in {"set:html", "dangerouslysetinnerhtml"}:
            found = value.get("__html") if isinstance(value, dict) else value
            inner = found if isinstance(found, str) else ""
        elif value is True:
            said.append(lower)
        elif value is not None and not isinstance(value, list | dict | bool):
            said.append(f'{_RENAMED.get(lower, lower)}="{html.escape(format_value(value))}"')
    opening = f"<{' '.join([name, *said])}>"
    if is_closed and name not in _VOID:
        return f"{opening}{inner}</{name}>"
    return opening + inner
