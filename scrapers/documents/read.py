"""Bytes of any kind to a document: the one door of this room.

Every kind ends in the same blocks: Markdown goes through HTML, MDX through Markdown, and HTML that stands in a JSON
string through the same walker as a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scrapers.documents.blocks import Block, Context, Document, Kind, Prose, Run, Table
from scrapers.documents.components import component_blocks
from scrapers.documents.decode import decode, sniff_kind
from scrapers.documents.inline import attribute
from scrapers.documents.markdown import FrontMatter, markdown_to_html, split_front_matter
from scrapers.documents.mdx import PLACEHOLDER, Component, read_mdx
from scrapers.documents.nodes import Tag, parse_html
from scrapers.documents.payloads import flight_blocks, is_flight, island_blocks, script_blocks
from scrapers.documents.plain import text_blocks
from scrapers.documents.references import without_references
from scrapers.documents.settle import settle_blocks
from scrapers.documents.signs import find_signs, is_cut_in_row, is_html_complete, is_markdown_complete, without_cut_row
from scrapers.documents.structured import json_blocks, ndjson_values, parse_json
from scrapers.documents.tree import Carrier, TreeWalker
from scrapers.documents.yaml import parse_yaml

_NESTED_HEADING = re.compile(r"(<h[1-6]\b[^<>]{0,500}>\s{0,50})<p\b[^<>]{0,300}>([^<>]{0,300})</p>", re.IGNORECASE)


def read_document(body: bytes, *, kind: Kind | None = None, charset: str | None = None) -> Document:
    """Reads one page into blocks; `kind` and `charset` go before what the bytes suggest.

    Raises:
        LayoutError: the document asks for more than the reader is willing to build.

    """
    text = decode(body, charset)
    kind = kind or sniff_kind(text)
    if kind == "html":
        document = _read_html(text)
    elif kind in {"markdown", "mdx"}:
        document = _read_markdown(text, kind)
    elif kind in {"json", "ndjson", "yaml"}:
        document = _read_json(text, kind)
    else:
        blocks = tuple(text_blocks(text))
        is_open = bool(blocks) and isinstance(blocks[-1], Table) and not text.endswith(("\n", "\r"))
        if is_open:  # the last row's last number may be cut
            blocks = tuple(text_blocks(text[: max(text.rfind("\n"), text.rfind("\r")) + 1]))
        document = Document(kind, "", "", blocks, is_complete=not is_open)
    blocks = settle_blocks(document.blocks)
    return replace(document, blocks=blocks, signs=find_signs(text, blocks, kind))


def _read_html(text: str) -> Document:
    is_complete = is_html_complete(text)
    root = parse_html(_unnest_headings(text if is_complete else without_cut_row(text)))
    title, html = root.find("title"), root.find("html")
    return Document(
        "html",
        title.string.strip() if title else "",
        attribute(html, "lang") if html else "",
        tuple(_html_blocks(root)),
        is_complete,
    )


def _unnest_headings(text: str) -> str:
    """Paragraphs inside of headings as spans: a parser would end the heading before them."""
    return _NESTED_HEADING.sub(r"\1<span>\2</span>", text)


def _html_blocks(root: Tag, components: Sequence[Component] = (), *, is_markdown: bool = False) -> list[Block]:
    scripts = [script.string for script in root.find_all("script")]
    flight = [text for text in scripts if is_flight(text)]
    carriers: dict[str, Carrier] = {"script": script_blocks, "astro-island": island_blocks}
    if components:
        carriers[PLACEHOLDER] = _placeholder_carrier(components)
    blocks = list(TreeWalker(root, carriers=carriers, is_markdown=is_markdown).walk())
    if flight:
        blocks.extend(flight_blocks(flight, Context()))
    return blocks


def _placeholder_carrier(components: Sequence[Component]) -> Carrier:
    def carry(node: Tag, context: Context, _locator: str) -> list[Block]:
        number = attribute(node, "n")
        if not number.isdecimal() or int(number) >= len(components):
            return []
        component = components[int(number)]
        blocks = component_blocks(component.name, component.props, context, f"{component.name} {number}")
        return blocks or json_blocks(component.props, _fragment_blocks, context=context, name=component.name)

    return carry


def _fragment_blocks(text: str) -> list[Block]:
    """Blocks of markup that stands in a string of another document, HTML or Markdown."""
    kind = sniff_kind(text)
    if kind in {"markdown", "mdx"}:
        return list(_read_markdown(text, kind).blocks)
    return _html_blocks(parse_html(text))


def _read_markdown(text: str, kind: Kind) -> Document:
    front, rest = split_front_matter(text)
    components: Sequence[Component] = ()
    is_complete = is_markdown_complete(rest)
    if is_cut_in_row(rest):
        rest = rest[: rest.rfind("\n") + 1]
    if kind == "mdx":
        mdx = read_mdx(rest)
        rest, components = mdx.text, mdx.components
        is_complete = is_complete and mdx.is_complete
    root = parse_html(markdown_to_html(rest, is_mdx=kind == "mdx"))
    blocks = _html_blocks(root, components, is_markdown=True)
    return Document(kind, front.title, front.language, (*_front_blocks(front), *blocks), is_complete)


def _front_blocks(front: FrontMatter) -> tuple[Block, ...]:
    texts = (("title", front.title), ("description", front.description))
    return tuple(Prose((Run(text),), locator=f"front matter {name}") for name, text in texts if text)


def _read_json(text: str, kind: Kind) -> Document:
    if kind == "ndjson":
        values, is_complete = ndjson_values(text)
        return Document(kind, "", "", tuple(json_blocks(values, _fragment_blocks)), is_complete)
    try:
        value = parse_yaml(text) if kind == "yaml" else without_references(parse_json(text))
    except ValueError:
        return Document(kind, "", "", (), is_complete=False)
    return Document(kind, "", "", tuple(json_blocks(value, _fragment_blocks)))
