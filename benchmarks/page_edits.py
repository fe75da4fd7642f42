"""Changes to a page at random places, as providers make them: marks, signs, units, tables, keys, cuts.

Each edit takes a page and a generator and returns what it did and the page's new bytes, or nothing where the page
offers no place for it. It knows nothing of the reader: what the reader should then say, `perturb_captures` judges.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from lxml import html as lxml_html

from scrapers.catalog import Hints

STRANGE = "Zorblax"  # a word that no vocabulary holds
_AMOUNT = re.compile(r"(?:(?:\b(?:R|US|CA|HK|NT|A|C))?\\?\$|[￥¥€])\s?\d+(?:[.,]\d+)*|\d+(?:\.\d+)?(?:元|厘)")
_UNITS = (
    (r"\bMTok(?=s?\b)", "KTok"),
    (r"\b1\s?M(?=\s?(?:input |output )?[Tt]ok)", "1K"),
    (r"\b1 ?000 ?000(?= tok)|\b1,000,000(?= tok)", "1,000"),
    (r"\b[Mm]illion(?=s? (?:input |output )?tok)", "thousand"),
    (r"(?<=[/每])\s?百\s?万(?=\s?[tT]oken)", "千"),
    (r"(?<=[/每])\s?千(?=\s?[tT]oken)", "百万"),
)
_SIGNS = {"$": "€", "¥": "$", "￥": "$", "€": "$", "元": "美元"}

Edited = tuple[str, bytes] | None  # what was done and the page's new bytes; nothing where it could not be done
Edit = Callable[["PageBytes", random.Random], Edited]


@dataclass(frozen=True, slots=True)
class PageBytes:
    """A capture with its bytes and hints."""

    file: str
    kind: str
    captured_at: datetime | None
    hints: Hints
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_html(self) -> bool:
        return self.kind == "html"


# Edits of any text


def _cut(page: PageBytes, chance: random.Random) -> Edited:
    at = chance.randrange(1, max(2, len(page.body) - 16))
    return f"after {at} bytes", page.body[:at]


def _footnote(page: PageBytes, chance: random.Random) -> Edited:
    mark = chance.choice(("<sup>1</sup>", "*", "¹", "†") if page.is_html else ("*", "¹", "†"))
    return _at_an_amount(page, chance, lambda amount: amount + mark)


def _wrap(page: PageBytes, chance: random.Random) -> Edited:
    before, after = ("<span><b>", "</b></span>") if page.is_html else ("**", "**")
    return _at_an_amount(page, chance, lambda amount: f"{before}{amount}{after}")


def _sign(page: PageBytes, chance: random.Random) -> Edited:
    def other(amount: str) -> str:
        return re.sub(r"[$¥￥€元]", lambda found: _SIGNS[found[0]], amount)

    return _at_an_amount(page, chance, other)


def _unit(page: PageBytes, chance: random.Random) -> Edited:
    text = page.text
    pattern, put = chance.choice(_UNITS)
    places = list(re.finditer(pattern, text))
    if not places:
        return None
    if chance.random() < 0.5:
        return f"{pattern} everywhere", re.sub(pattern, put, text).encode()
    place = chance.choice(places)
    return f"{place[0]} at {place.start()}", (text[: place.start()] + put + text[place.end() :]).encode()


def _at_an_amount(page: PageBytes, chance: random.Random, change: Callable[[str], str]) -> Edited:
    text = page.text
    # An amount in a script, an attribute or a longer word is not one that a provider would mark.
    body = (
        re.sub(r"<(script|style)\b.*?</\1>", lambda found: " " * len(found[0]), text, flags=re.DOTALL)
        if page.is_html
        else text
    )
    places = [
        each
        for each in _AMOUNT.finditer(body)
        if not re.match(r"[\w.,%]|[^<>\n]*\"\s*/?>", body[each.end() : each.end() + 200])
    ]
    if not places:
        return None
    place = chance.choice(places)
    return f"{place[0]} at {place.start()}", (text[: place.start()] + change(place[0]) + text[place.end() :]).encode()


def _payload(page: PageBytes, chance: random.Random) -> Edited:
    if not page.is_html:
        held = {"Response": {"content": page.text}}
        return "in a JSON string", json.dumps(held, ensure_ascii=chance.random() < 0.5).encode()
    inner = json.dumps({"props": {"pageProps": {"html": page.text}}}).replace("</", "<\\/")
    script = f'<script id="__NEXT_DATA__" type="application/json">{inner}</script>'
    return "in __NEXT_DATA__", f"<!doctype html><html><body><div id=__next></div>{script}</body></html>".encode()


# Edits of tables


@dataclass(slots=True)
class Grid:
    """The rows of one table as lists of cells that can be moved; `write` gives the whole page back."""

    rows: list[list[Any]]
    headers: int
    write: Callable[[], bytes]
    read: Callable[[Any], str]
    put: Callable[[Any, str], Any]  # a cell with this text, in the form of another cell
    is_spanned: bool = False

    def holds_amount(self, row: int, column: int) -> bool:
        return bool(re.search(r"^\d+[.,]\d+$|[$￥¥€]\s?\d|\d\s?元", self.read(self.rows[row][column])))


def _table_edit(change: Callable[[Grid, random.Random], str | None]) -> Edit:
    """An edit of one random table whose rows are all of one length."""

    def edit(page: PageBytes, chance: random.Random) -> Edited:
        grids = [
            grid for grid in (_html_grids(page) if page.is_html else _pipe_grids(page)) if len(grid.rows) > grid.headers
        ]
        if not grids:
            return None
        grid = chance.choice(grids)
        done = change(grid, chance)
        return None if done is None else (done, grid.write())

    return edit


def _swap_columns(grid: Grid, chance: random.Random) -> str | None:
    body = range(grid.headers, len(grid.rows))
    columns = [at for at in range(len(grid.rows[0])) if any(grid.holds_amount(row, at) for row in body)]
    if grid.is_spanned or len(columns) < 2:
        return None
    left, right = chance.sample(columns, 2)
    for row in grid.rows:
        row[left], row[right] = row[right], row[left]
    return f"columns {left} and {right} of {grid.read(grid.rows[grid.headers][0])[:30]!r}"


def _swap_rows(grid: Grid, chance: random.Random) -> str | None:
    if grid.is_spanned or len(grid.rows) < grid.headers + 2:
        return None
    upper = chance.randrange(grid.headers, len(grid.rows) - 1)
    pair = (upper, upper + 1)
    # A row without a name of its own, or without an amount, gets its meaning from its place.
    if any(not grid.read(grid.rows[row][0]).strip(" ↳└>-") for row in pair):
        return None
    if not all(any(grid.holds_amount(row, at) for at in range(1, len(grid.rows[row]))) for row in pair):
        return None
    grid.rows[upper], grid.rows[upper + 1] = grid.rows[upper + 1], grid.rows[upper]
    return f"rows {upper} and {upper + 1}: {grid.read(grid.rows[upper][0])[:30]!r}"


def _strange_column(grid: Grid, chance: random.Random) -> str | None:
    body = range(grid.headers, len(grid.rows))
    columns = [at for at in range(len(grid.rows[0])) if any(grid.holds_amount(row, at) for row in body)]
    if grid.is_spanned or not columns:
        return None
    at = chance.choice(columns)
    for number, row in enumerate(grid.rows):
        if number < grid.headers:
            said = STRANGE if number == grid.headers - 1 else ""
        else:
            said = re.sub(r"\d+(?:[.,]\d+)?", "7.77", grid.read(row[at]), count=1)
        row.insert(at, grid.put(row[at], said))
    return f"a strange column at {at}"


def _rename_header(grid: Grid, chance: random.Random) -> str | None:
    return _header(grid, chance, STRANGE)


def _drop_header(grid: Grid, chance: random.Random) -> str | None:
    return _header(grid, chance, "")


def _header(grid: Grid, chance: random.Random, said: str) -> str | None:
    if not grid.headers:
        return None
    row = grid.rows[grid.headers - 1]
    at = chance.randrange(len(row))
    was = grid.read(row[at])
    if not was.strip():
        return None
    row[at] = grid.put(row[at], said)
    return f"header {was[:30]!r}"


def _pipe_grids(page: PageBytes) -> list[Grid]:
    lines = page.text.split("\n")
    grids, start = [], 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        if end - start > 2 and re.fullmatch(r"\s*\|[\s:|-]+\|?\s*", lines[start + 1]):
            rows = [
                [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines[start:end]
            ]
            if len({len(row) for row in rows}) == 1:
                del rows[1]
                grids.append(Grid(rows, 1, partial(_piped, lines, start, end, rows), str, lambda _, said: said))
        start = max(end, start + 1)
    return grids


def _piped(lines: list[str], start: int, end: int, rows: list[list[str]]) -> bytes:
    written = ["| " + " | ".join(row) + " |" for row in rows]
    written.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join([*lines[:start], *written, *lines[end:]]).encode()


def _html_grids(page: PageBytes) -> list[Grid]:
    tree = lxml_html.document_fromstring(page.text)
    grids = []
    for found in tree.iter("table"):
        lines = [tr for tr in found.iter("tr") if next(tr.iterancestors("table")) is found]
        rows = [[cell for cell in tr if cell.tag in {"td", "th"}] for tr in lines]
        if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
            continue
        cells = [cell for row in rows for cell in row]
        is_spanned = any(cell.get(name) not in {None, "1"} for cell in cells for name in ("colspan", "rowspan"))
        marked = sum(all(cell.tag == "th" for cell in row) for row in rows)
        headers = min(marked, 2) or int(not any(cell.tag == "th" for cell in cells))
        grid = Grid(rows, headers, partial(_tree, tree, lines, rows), _said, _cell, is_spanned=is_spanned)
        # A body whose header stands in another table cannot be moved without it.
        if not any(grid.holds_amount(0, at) for at in range(len(rows[0]))):
            grids.append(grid)
    return grids


def _tree(tree: Any, lines: list[Any], rows: list[list[Any]]) -> bytes:
    for line, row in zip(lines, rows, strict=True):
        for cell in row:
            cell.tail = None
        line[:] = row
    return lxml_html.tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>")


def _said(cell: Any) -> str:
    return " ".join(cell.text_content().split())


def _cell(like: Any, said: str) -> Any:
    made = lxml_html.Element(like.tag)
    made.text = said
    return made


def _hide(page: PageBytes, chance: random.Random) -> Edited:
    if not page.is_html:
        return None
    tree = lxml_html.document_fromstring(page.text)
    tables = [found for found in tree.iter("table") if not list(found.iterancestors("table"))]
    if not tables:
        return None
    found = chance.choice(tables)
    pane = lxml_html.Element("div", {"style": "display: none"} if chance.random() < 0.5 else {"hidden": ""})
    parent = found.getparent()
    parent.insert(parent.index(found), pane)
    pane.append(found)
    pane.tail, found.tail = found.tail, None
    return "a hidden pane", lxml_html.tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>")


# Edits of records


def _record_edit(change: Callable[[dict[str, Any], random.Random], str | None]) -> Edit:
    """An edit of one random object of a JSON document or of JSON lines that holds a number or an amount."""

    def edit(page: PageBytes, chance: random.Random) -> Edited:
        is_lines = page.kind == "ndjson"
        body = (
            [json.loads(line) for line in page.text.splitlines() if line.strip()] if is_lines else json.loads(page.text)
        )
        chosen = chance.choice([each for each in _objects(body) if each])
        done = change(chosen, chance)
        if done is None:
            return None
        written = (
            "\n".join(json.dumps(each, ensure_ascii=False) for each in body)
            if is_lines
            else json.dumps(body, ensure_ascii=False)
        )
        return done, written.encode()

    return edit


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if any(re.fullmatch(r"\$?\d+(?:\.\d+)?(?:e-?\d+)?", str(each)) for each in value.values()):
            yield value
        for each in value.values():
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


def _shuffle_keys(chosen: dict[str, Any], chance: random.Random) -> str:
    pairs = list(chosen.items())
    chance.shuffle(pairs)
    chosen.clear()
    chosen.update(pairs)
    return f"keys of {str(chosen)[:40]}"


def _strange_key(chosen: dict[str, Any], chance: random.Random) -> str:
    chosen[STRANGE] = chance.choice(("0.00000777", 7.77, "$7.77"))
    return f"{STRANGE}: {chosen[STRANGE]} in {str(chosen)[:40]}"


def _rename_key(chosen: dict[str, Any], chance: random.Random) -> str:
    key = chance.choice(list(chosen))
    chosen[STRANGE] = chosen.pop(key)
    return f"{key!r} in {str(chosen)[:60]}"


def _drop_key(chosen: dict[str, Any], chance: random.Random) -> str:
    key = chance.choice(list(chosen))
    del chosen[key]
    return f"{key!r} of {str(chosen)[:60]}"


_TABLED = re.compile(r"<table|\|\s*---")
_TEXT_EDITS = [
    ("cut", _cut),
    ("footnote", _footnote),
    ("wrap", _wrap),
    ("sign", _sign),
    ("unit", _unit),
    ("payload", _payload),
]
PAGE_EDITS: list[tuple[str, Edit]] = [
    *_TEXT_EDITS,
    ("swap columns", _table_edit(_swap_columns)),
    ("swap rows", _table_edit(_swap_rows)),
    ("strange column", _table_edit(_strange_column)),
    ("rename header", _table_edit(_rename_header)),
    ("drop header", _table_edit(_drop_header)),
    ("hide", _hide),
]
RECORD_EDITS: list[tuple[str, Edit]] = [
    ("cut", _cut),
    ("shuffle keys", _record_edit(_shuffle_keys)),
    ("strange key", _record_edit(_strange_key)),
    ("rename key", _record_edit(_rename_key)),
    ("drop key", _record_edit(_drop_key)),
]


def edits_of(page: PageBytes) -> list[tuple[str, Edit]]:
    """The edits that suit a page, with the name of their kind."""
    is_record = page.kind in {"json", "ndjson"} and not _TABLED.search(page.text)
    return RECORD_EDITS if is_record else PAGE_EDITS
