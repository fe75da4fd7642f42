"""Markdown and MDX to HTML, so that one walker reads all; every table row keeps how many cells its source printed.

Front matter is taken off first. Of MDX, imports and comments are dropped, exported literals become records, and
components become placeholders that the walker turns into tables; see `components`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_RAW_TABLE = re.compile(r"<table\b.*?</table\s*>", re.DOTALL | re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*+(?:\n[ \t]*+)++")
_BAR = re.compile(r"(?<!\\)\|")
_FRONT_LINE = re.compile(r"([A-Za-z_][\w-]*):[ \t]*(.*?)[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The simple keys of a page's YAML head; the nested ones are not kept."""

    title: str = ""
    description: str = ""
    language: str = ""


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    r"""The front matter and the text after it.

    >>> split_front_matter("---\ntitle: 'Prices'\n---\n# A")
    (FrontMatter(title='Prices', description='', language=''), '# A')
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return FrontMatter(), text
    keys: dict[str, str] = {}
    for line in match[1].splitlines():
        pair = _FRONT_LINE.match(line)
        if pair:
            keys[pair[1].lower()] = _unquote(pair[2])
    front = FrontMatter(keys.get("title", ""), keys.get("description", ""), keys.get("lang", keys.get("language", "")))
    return front, text[match.end() :]


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace('\\"', '"')
    return text


def markdown_to_html(text: str, *, is_mdx: bool = False) -> str:
    """HTML with `data-cells` on each table row; MDX has no indented code, so there the rule for it is off."""
    text = _RAW_TABLE.sub(_without_blank_lines, _MAGIC_BLOCK.sub(_magic_table, text))
    parser = _parser(is_mdx=is_mdx)
    tokens = parser.parse(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for token in tokens:
        if token.type == "tr_open" and token.map is not None:
            token.attrSet("data-cells", str(_count_cells(lines[token.map[0]])))
    return str(parser.renderer.render(tokens, parser.options, {}))


@cache
def _parser(*, is_mdx: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.core.ruler.at("inline", _parse_inline)
    return parser.disable("code") if is_mdx else parser


_INLINE_SIGN = re.compile(r"[\n\\`*_~\[<&]")


def _parse_inline(state: StateCore) -> None:
    """The rule for what stands in a line; most cells and paragraphs hold no sign of markup and are one text."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if _INLINE_SIGN.search(token.content):
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children = [Token("text", "", 0, content=token.content)] if token.content else []


_MAGIC_BLOCK = re.compile(r"\[block:parameters\]([^\[]*(?:\[(?!/?block)[^\[]*)*)\[/block\]")


def _magic_table(block: re.Match[str]) -> str:
    """The table that ReadMe keeps as JSON: `{"data": {"h-0": "Model", "0-0": "nova"}, "cols": 1, "rows": 1}`."""
    try:
        value = json.loads(block[1])
        cells, columns = value["data"], range(min(int(value["cols"]), _MAX_COLUMNS))
        names = ["h", *range(min(int(value["rows"]), _MAX_ROWS))]
    except (ValueError, KeyError, TypeError):
        return block[0]
    if not isinstance(cells, dict):
        return block[0]
    rows = [
        " | ".join(str(cells.get(f"{name}-{column}", "")).replace("\n", " ").replace("|", "\\|") for column in columns)
        for name in names
    ]
    lines = [f"| {row} |" for row in rows]
    return "\n".join(["", lines[0], f"|{'---|' * len(columns)}", *lines[1:], ""])


_MAX_COLUMNS, _MAX_ROWS = 40, 2_000


def _without_blank_lines(table: re.Match[str]) -> str:
    """A blank line would end the raw HTML, and what is indented behind it would be taken for code."""
    return _BLANK_LINES.sub(_one_line_end, table[0])


def _one_line_end(blank: re.Match[str]) -> str:
    indent = blank[0].rpartition("\n")[2]
    is_markup = blank.string[blank.end() : blank.end() + 1] == "<"
    return f"\n{indent}" if is_markup or len(indent) >= 4 else blank[0]


def _count_cells(line: str) -> int:
    columns = _BAR.split(line.strip().lstrip("> ").strip())
    inner = columns[not columns[0] :]
    return len(inner) - bool(inner and not inner[-1])


def escape(text: str) -> str:
    """Text as HTML."""
    return str(escapeHtml(text))
