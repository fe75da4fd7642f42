"""Tables that are made of boxes instead of `<table>`: rows of equally many boxes under a row of headings.

Only what cannot be anything else is taken: the first row prints no amount, every other row prints one (or says "free"
beside rows that do). A list of cards has amounts in its first card and is left to the cards.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from scrapers.documents.inline import attribute, text_of
from scrapers.documents.nodes import Tag

_AMOUNT = re.compile(r"[$¥￥€£₩₽₹]\s?\d|\d\s?(?:元|円|厘|€|USD|RMB|CNY)")
_WORDED = re.compile(
    r"free|gratis|免费|免費|無料|무료|бесплатно|n/a|[-–—]|contact (?:us|sales)|included", re.IGNORECASE
)
_GRID_COLUMNS = re.compile(r"grid-cols-(\d{1,2})\Z")
_BOXES = frozenset({"div", "section", "ul", "ol", "span"})
_HOLDERS = _BOXES | {"main", "article", "body"}
_MAX_COLUMNS = 16
_MAX_HEADING = 60
_MAX_CELL = 300
_MAX_ELEMENTS = 200


def find_div_rows(node: Tag) -> list[list[Tag]] | None:
    """The rows of boxes when the element is such a table, else None."""
    if node.boxes < 2 or node.name not in _BOXES:
        return None
    boxes = _boxes(node)
    width = boxes[0].boxes
    if 3 <= width <= _MAX_COLUMNS:
        rows = list(_unwrapped([_boxes(box) for box in boxes], width))
        if all(len(row) == width for row in rows) and _is_table(rows):
            return rows
    columns = _declared_columns(node)
    if columns and len(boxes) % columns == 0 and len(boxes) > columns:
        flat = [boxes[start : start + columns] for start in range(0, len(boxes), columns)]
        if _is_table(flat):
            return flat
    return None


def find_div_runs(node: Tag) -> dict[int, list[list[Tag]]]:
    """Tables whose rows stand among other boxes: rows by the id of the first box, [] for the boxes that follow it."""
    if node.boxes < 2 or node.name not in _HOLDERS:
        return {}
    runs: dict[int, list[list[Tag]]] = {}
    for width, group in itertools.groupby(_boxes(node), key=_width):
        boxes = [*group] if 3 <= width <= _MAX_COLUMNS else []
        run = [(box, _boxes(box)) for box in boxes]
        if len(run) < 2 or not all(_is_small(cell) for _, cells in run for cell in cells):
            continue
        for table in _headed(run):
            if _is_table([cells for _, cells in table]):
                runs |= {id(box): [] for box, _ in table}
                runs[id(table[0][0])] = [cells for _, cells in table]
    return runs


def _width(box: Tag) -> int:
    return box.boxes if box.name in _BOXES else 0


def _is_small(box: Tag) -> bool:
    """Whether a box can be a cell: the text of one that holds half the page would be read again at every depth."""
    return next(itertools.islice(box.elements(), _MAX_ELEMENTS, None), None) is None


def _headed(rows: Sequence[tuple[Tag, list[Tag]]]) -> Iterator[list[tuple[Tag, list[Tag]]]]:
    """Neighbouring rows of one width, parted before each row of headings."""
    table: list[tuple[Tag, list[Tag]]] = []
    for row in rows:
        if _is_head([text_of(cell) for cell in row[1]]) and len(table) > 1:
            yield table
            table = []
        table.append(row)
    if len(table) > 1:
        yield table


def _unwrapped(rows: list[list[Tag]], width: int) -> Iterator[list[Tag]]:
    """The rows, those of a box that holds all the others ("body") taken out of it."""
    for row in rows:
        inner = [] if len(row) == width else [_boxes(box) for box in row]
        yield from inner if inner and all(len(cells) == width for cells in inner) else [row]


def _boxes(node: Tag) -> list[Tag]:
    return [child for child in node.children if isinstance(child, Tag) and child.traits.is_box]


def _declared_columns(node: Tag) -> int:
    if attribute(node, "role") == "list":
        return 0
    for word in node.traits.classes:
        match = _GRID_COLUMNS.match(word)
        if match and int(match[1]) >= 3:
            return int(match[1])
    return 0


def _is_table(rows: list[list[Tag]]) -> bool:
    if any(cell.find(["table", "h1", "h2", "h3", "h4"]) is not None for row in rows for cell in row):
        return False
    if not _is_head([text_of(cell) for cell in rows[0]]):
        return False
    priced = 0
    for row in rows[1:]:
        texts = [text_of(cell) for cell in row]
        has_amount = any(_AMOUNT.search(text) for text in texts)
        if any(len(text) > _MAX_CELL for text in texts) or not (has_amount or _is_worded(texts)):
            return False
        priced += has_amount
    return priced * 2 >= len(rows) - 1 > 0


def _is_head(texts: Sequence[str]) -> bool:
    """Whether a row holds headings: short texts without an amount, and not those of a row without prices."""
    is_plain = not any(len(text) > _MAX_HEADING or _AMOUNT.search(text) for text in texts)
    return is_plain and sum(map(bool, texts)) >= len(texts) - 1 and not _is_worded(texts)


def _is_worded(texts: Sequence[str]) -> bool:
    """Whether a row says in words or dashes what others print as amounts."""
    return any(_WORDED.fullmatch(text) for text in texts[1:])
