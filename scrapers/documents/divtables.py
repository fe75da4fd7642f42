"""Tables that are made of boxes instead of `<table>`: rows of equally many boxes under a row of headings.

Only what cannot be anything else is taken: the first row prints no amount, every other row prints one. A list of cards
has amounts in its first card and is left to the cards.
"""

from __future__ import annotations

import re

from scrapers.documents.inline import SKIPPED_TAGS, attribute, classes_of, is_displayed, text_of
from scrapers.documents.nodes import Tag

_AMOUNT = re.compile(r"[$¥￥€£₩₽₹]\s?\d|\d\s?(?:元|円|厘|€|USD|RMB|CNY)")
_GRID_COLUMNS = re.compile(r"grid-cols-(\d{1,2})\Z")
_BOXES = frozenset({"div", "section", "ul", "ol", "span"})
_MAX_COLUMNS = 16
_MAX_HEADING = 60
_MAX_CELL = 300


def find_div_rows(node: Tag) -> list[list[Tag]] | None:
    """The rows of boxes when the element is such a table, else None."""
    if node.name not in _BOXES:
        return None
    boxes = _boxes(node)
    if len(boxes) < 2:
        return None
    rows = [_boxes(box) for box in boxes]
    width = len(rows[0])
    if 3 <= width <= _MAX_COLUMNS and all(len(row) == width for row in rows) and _is_table(rows):
        return rows
    columns = _declared_columns(node)
    if columns and len(boxes) % columns == 0 and len(boxes) > columns:
        flat = [boxes[start : start + columns] for start in range(0, len(boxes), columns)]
        if _is_table(flat):
            return flat
    return None


def _boxes(node: Tag) -> list[Tag]:
    return [
        child
        for child in node.children
        if isinstance(child, Tag) and child.name not in SKIPPED_TAGS and child.name != "hr" and is_displayed(child)
    ]


def _declared_columns(node: Tag) -> int:
    if attribute(node, "role") == "list":
        return 0
    for word in classes_of(node):
        match = _GRID_COLUMNS.match(word)
        if match and int(match[1]) >= 3:
            return int(match[1])
    return 0


def _is_table(rows: list[list[Tag]]) -> bool:
    if any(cell.find(["table", "h1", "h2", "h3", "h4"]) is not None for row in rows for cell in row):
        return False
    head = [text_of(cell) for cell in rows[0]]
    if any(len(text) > _MAX_HEADING or _AMOUNT.search(text) for text in head) or sum(map(bool, head)) < len(head) - 1:
        return False
    for row in rows[1:]:
        texts = [text_of(cell) for cell in row]
        if any(len(text) > _MAX_CELL for text in texts) or not any(_AMOUNT.search(text) for text in texts):
            return False
    return True
