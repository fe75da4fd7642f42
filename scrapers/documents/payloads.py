"""What frameworks embed beside or instead of the page: script payloads and the properties of islands.

Next.js (`__NEXT_DATA__` and flight chunks), Astro islands, JSON-LD, JSON in scripts, and literals that a script
assigns. Of a payload only the parts that speak of prices are kept; the rest is the page's machinery.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from scrapers.documents.blocks import Block, Cell, Context, Table
from scrapers.documents.components import PRICE_KEY_WORDS, component_blocks
from scrapers.documents.grid import renumber
from scrapers.documents.inline import attribute
from scrapers.documents.literals import LiteralError, PrintedKey, parse_literal, skip_balanced
from scrapers.documents.nodes import Tag
from scrapers.documents.references import without_references
from scrapers.documents.structured import parse_json, priced_entries

_PUSH = re.compile(r"__next_f\s*\.\s*push\(\s*\[\s*1\s*,\s*(?=\")")
_FLIGHT_ROW = re.compile(r"([0-9a-f]{1,6}):(T([0-9a-f]{1,8}),)?")
_ASSIGNED = re.compile(
    r"(?:^|[;\s])(?:window\.|self\.|globalThis\.|const\s+|var\s+|let\s+)([A-Za-z_$][\w$.]{0,60})\s*=\s*(?=[\[{])"
    r"|[{,]\s*(data):\s*(?=\[(?:null,|\{))"
)  # the second is what SvelteKit starts a page with
_NUXT_CALL = re.compile(r"__NUXT__\s*=\s*\(?function\s?\((?P<names>[\w$, ]{0,4000})\)\s?(?P<open>\{)\s?return\b")
_PRICE_WORDS = ("pric", "cost", "rate")
_AMOUNT = re.compile(r"(?<![\w.])\d{1,12}(?:,\d{3}){0,4}(?:\.\d{1,20})?(?![\w.]*\d)")
_GOING_ON = bytes(range(0x80, 0xC0))  # the bytes of UTF-8 with which no character begins
_MAX_ASSIGNED = 20
_MAX_DEPTH = 100


def script_blocks(node: Tag, context: Context, locator: str) -> list[Block]:
    """The priced parts of one script's payload; flight chunks are read together by `flight_blocks`."""
    kind = attribute(node, "type").lower()
    text = node.string
    if "json" in kind or attribute(node, "id") == "__NEXT_DATA__":
        if not _has_price_key(text):
            return []
        hidden = replace(context, is_hidden=True, before=())
        try:
            return priced_entries(without_references(_fetched(parse_json(text))), hidden, locator)
        except ValueError:
            return []
    if kind and "javascript" not in kind and kind != "module":
        return []
    lowered = text.lower()
    if not any(word in lowered for word in _PRICE_WORDS) or is_flight(text):
        return []
    hidden = replace(context, is_hidden=True, before=())
    called = _called(text)
    if called is not None:
        return priced_entries(called, hidden, f"{locator} __NUXT__")
    blocks: list[Block] = []
    done = number = 0
    for match in _ASSIGNED.finditer(text):
        if match.start() < done:
            continue  # a part of what was read
        number += 1
        if number > _MAX_ASSIGNED:
            break
        try:
            value, done = parse_literal(text, match.end())
        except LiteralError:
            continue
        blocks.extend(priced_entries(value, hidden, f"{locator} {match[1] or match[2]}"))
    return blocks


def _fetched(value: Any) -> Any:
    """The document in an answer that was fetched while the page was rendered: `{"status": 200, "body": "{..}"}`."""
    body = value.get("body") if isinstance(value, dict) else None
    if not isinstance(body, str) or body[:1] not in {"{", "["} or "status" not in value:
        return value
    try:
        return parse_json(body)
    except ValueError:
        return value


def _called(text: str) -> Any:
    """What Nuxt 2 assigns: a function that names values, called with them; None where a script does nothing so."""
    match = _NUXT_CALL.search(text)
    if match is None:
        return None
    try:
        end = skip_balanced(text, match.end("open") - 1)
        given, _ = parse_literal(f"[{text[end + 1 : skip_balanced(text, end) - 1]}]")
        names = dict(zip(match["names"].replace(" ", "").split(","), given, strict=False))
        return parse_literal(text, text.index("{", match.end("open")), names=names)[0]
    except (LiteralError, ValueError):
        return None


def flight_blocks(scripts: list[str], context: Context) -> list[Block]:
    """The priced parts of Next.js flight chunks, which only together make whole rows."""
    chunks: list[str] = []
    for text in scripts:
        for match in _PUSH.finditer(text):
            chunk = _json_string(text, match.end())
            if chunk is not None:
                chunks.append(chunk)
    hidden = replace(context, is_hidden=True, before=())
    blocks: list[Block] = []
    for name, row in _flight_rows("".join(chunks)):
        lowered = row.lower()
        if not any(word in lowered for word in _PRICE_WORDS) or not _has_price_key(row):
            continue
        try:
            value = parse_json(row)
        except ValueError:
            continue
        blocks.extend(priced_entries(_without_escapes(value), hidden, f"flight {name}"))
    return blocks


def _has_price_key(row: str) -> bool:
    """Whether a row of JSON holds a key of which `structured.priced_entries` makes a record."""
    lowered = row.lower()
    for word in PRICE_KEY_WORDS:
        place = lowered.find(word)
        while place >= 0:
            end = lowered.find('"', place)
            if end < 0:
                break
            if lowered[end - 1] == "\\" or lowered[end + 1 : end + 20].lstrip()[:1] in {":", ""}:
                return True
            place = lowered.find(word, end + 1)
    return r"\u00" in lowered  # letters of a key can be written so


def _without_escapes(value: object, depth: int = 0) -> object:
    """Flight rows double a dollar sign at the beginning of a string, since a single one begins a reference."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, str):
        return value[1:] if value.startswith("$$") else value
    if isinstance(value, list):
        return [_without_escapes(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {key: _without_escapes(one, depth + 1) for key, one in value.items()}
    return value


def is_flight(text: str) -> bool:
    """Whether a script pushes flight chunks."""
    return "__next_f" in text and _PUSH.search(text) is not None


def _json_string(text: str, start: int) -> str | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _flight_rows(stream: str) -> Iterator[tuple[str, str]]:
    """Rows `id:payload`; a `T` row holds as many bytes of text as it says and no line's end."""
    place = 0
    while place < len(stream):
        match = _FLIGHT_ROW.match(stream, place)
        if match and match[2]:
            place = _after_bytes(stream, match.end(), int(match[3], 16))
            continue
        end = stream.find("\n", place)
        end = len(stream) if end < 0 else end
        start = match.end() if match else place
        row = stream[start:end]
        bare = row.lstrip("IHEDW") if row[:1].isupper() else row
        yield (match[1] if match else "0"), bare
        place = end + 1


def _after_bytes(stream: str, start: int, count: int) -> int:
    """The place after `count` bytes of UTF-8."""
    head = stream[start : start + count].encode("utf-8", "surrogatepass")[:count]
    return start + len(head.translate(None, _GOING_ON))


def island_blocks(node: Tag, context: Context, locator: str) -> list[Block]:
    """What the properties of an Astro island hold; its visible children are walked by themselves."""
    text = attribute(node, "props")
    if not text:
        return []
    try:
        props = _decode_island(parse_json(text), 0)
    except ValueError:
        return []
    if not isinstance(props, dict):
        return []
    name = attribute(node, "component-export")
    if name in {"", "default"}:
        try:
            name = str(parse_json(attribute(node, "opts") or "{}").get("name", name))
        except ValueError:
            name = "island"
    return component_blocks(name, props, replace(context, is_hidden=True), f"{locator} {name}")


def _decode_island(value: object, depth: int) -> Any:
    """Astro writes each property as [kind, value]: 0 a plain value or an object of such pairs, 1 a list of pairs."""
    if depth > 60:
        return None
    if isinstance(value, dict):
        return {PrintedKey(key, ""): _decode_island(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], Decimal):
        if len(value) == 1:
            return None
        if value[0] == 1 and isinstance(value[1], list):
            return [_decode_island(one, depth + 1) for one in value[1]]
        return _decode_island(value[1], depth + 1) if isinstance(value[1], dict) else value[1]
    return value


def without_shown_rows(hidden: list[Block], shown: list[Block]) -> list[Block]:
    """Drops the rows that visible tables print too: all their words and amounts stand in one row there."""
    visible = [_signature(row) for block in shown if isinstance(block, Table) for row in block.rows]
    if not visible:
        return hidden
    kept: list[Block] = []
    for block in hidden:
        if not isinstance(block, Table):
            kept.append(block)
            continue
        rows = [
            row
            for number, row in enumerate(block.rows)
            if number < block.header_rows or not any(_signature(row) <= other for other in visible)
        ]
        if len(rows) > block.header_rows:
            kept.append(replace(block, rows=renumber(rows)))
    return kept


def _signature(row: tuple[Cell | None, ...]) -> frozenset[object]:
    """Words and amounts of a row, without order and without how an amount is dressed."""
    signs: set[object] = set()
    for cell in row:
        text = "" if cell is None else cell.text
        amounts = _AMOUNT.findall(text)
        if amounts and len(text) <= 24 and not any(character.isalpha() for character in text):
            signs.update(_decimal(amount) for amount in amounts)
        elif any(character.isalnum() for character in text):
            signs.add(text)
    return frozenset(signs)


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return text
