"""What a page seems to be besides a price page, and whether its end is there.

A cut page must never be compared: of real price pages cut at any byte a fifth reads silently to a shorter table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from scrapers.documents.blocks import Block, Card, Kind, Prose, Table

_CHALLENGES = (
    *("cf-chl", "challenge-platform", "_cf_chl_opt", "just a moment...", "enable javascript and cookies to continue"),
    *("checking your browser", "px-captcha", "h-captcha", "g-recaptcha", "geetest", "aws-waf-token", "awswaf"),
    *("请完成安全验证", "滑动验证", "人机验证", "访问验证", "unusual traffic", "access denied"),
)
_VERIFIES = re.compile(r"verify(?:ing)? (?:that )?you are (?:a )?human")
_PASSWORD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{(?:price[^{}\n]{1,200}|[A-Za-z_]+![^{}\n]{1,200})\}|\{\{\s*[\w.|$]{1,80}\s*\}\}")
_OPEN_TABLE = re.compile(r"<table\b", re.IGNORECASE)
_SHUT_TABLE = re.compile(r"</table\s*>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]{0,40})\b[^<>]*?(/?)>", re.IGNORECASE)
_FREE_ENDS = frozenset(
    ("html", "head", "body", "p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup")
)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_FEW_WORDS = 600
_SHELL_WORDS = 250


def find_signs(text: str, blocks: Sequence[Block], kind: Kind) -> tuple[str, ...]:
    """`challenge`, `login`, `shell` and `template`, as far as they fit."""
    shown = _shown_length(blocks)
    has_table = any(isinstance(block, Table) for block in blocks)
    signs: list[str] = []
    if kind == "html" and not has_table and shown < _FEW_WORDS * 3:
        lowered = text.lower()
        if _is_challenge(lowered[:200_000]):
            signs.append("challenge")
        if shown < _FEW_WORDS and "password" in lowered and _PASSWORD.search(text):
            signs.append("login")
        if shown < _SHELL_WORDS and "<script" in lowered and "challenge" not in signs:
            signs.append("shell")
    if _has_placeholders(blocks):
        signs.append("template")
    return tuple(signs)


def _is_challenge(lowered: str) -> bool:
    return any(words in lowered for words in _CHALLENGES) or (
        "human" in lowered and _VERIFIES.search(lowered) is not None
    )


def _shown_length(blocks: Sequence[Block]) -> int:
    length = 0
    for block in blocks:
        if isinstance(block, Prose) and not block.context.is_hidden:
            length += len(block.text)
        elif isinstance(block, Card):
            length += sum(len(run.text) for line in block.lines for run in line)
    return length


def _has_placeholders(blocks: Sequence[Block]) -> bool:
    return any(
        cell is not None and "{" in cell.text and _PLACEHOLDER.search(cell.text)
        for block in blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
    )


def is_html_complete(text: str) -> bool:
    """Whether the page's end is there; a fragment without `<html>` is whole when no tag and no table stays open.

    A page may leave out `</html>`, as it may `</head>` and `</p>`. It is believed to have done so where it leaves out
    such ends throughout, closes all that must be closed, and ends with a whole line or tag; any other is cut.
    """
    if text.rfind("<") > text.rfind(">"):
        return False
    head, tail = text[:5000].lower(), text[-5000:].lower()
    if "<html" in head or "<!doctype" in head:
        is_closed = "</html" in tail or ("<html" not in head and "</body" in tail)
        return is_closed or _leaves_ends_out(text)
    return len(_OPEN_TABLE.findall(text)) <= len(_SHUT_TABLE.findall(text))


def _leaves_ends_out(text: str) -> bool:
    """Whether a page closes no element whose end may be left out, and every other."""
    opened: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    for tag in _TAG.finditer(text):
        if tag[3] != "/":
            (closed if tag[1] else opened)[tag[2].lower()] += 1
    is_lax = any(opened[name] for name in _FREE_ENDS) and not any(closed[name] for name in _FREE_ENDS)
    is_balanced = all(count == closed[name] for name, count in opened.items() if name not in _FREE_ENDS | _VOID)
    return is_lax and is_balanced and text.endswith(("\n", ">")) and text.count("<!--") == text.count("-->")


def without_cut_row(text: str) -> str:
    """HTML without a last row that is never closed: of a cut row every cell is in doubt.

    >>> without_cut_row("<table><tr><td>a</td></tr><tr><td>1.9")
    '<table><tr><td>a</td></tr>'
    >>> without_cut_row("<table><tr><td>a<tr><td>b</table>")
    '<table><tr><td>a<tr><td>b</table>'
    """
    lower = text.lower()
    row, end = lower.rfind("<tr"), max(lower.rfind("</tr"), lower.rfind("</table"))
    return text[:row] if row > end >= 0 or (row >= 0 and end < 0 <= lower.rfind("<table")) else text


def is_cut_in_row(text: str) -> bool:
    """Whether a Markdown text ends inside of a table's row: no bar and no line's end, unlike the row above."""
    lines = text.split("\n")
    last, above = lines[-1].rstrip(), lines[-2].rstrip() if len(lines) > 1 else ""
    return last.startswith("|") and not last.endswith("|") and above.endswith("|")


def is_markdown_complete(text: str) -> bool:
    """Whether no fence stays open and a table that ends the text ends with a whole row."""
    openers: list[str] = []
    for match in filter(None, map(_FENCE.match, text.split("\n"))):
        if openers and match[1].startswith(openers[-1]):
            openers.pop()
        elif not openers:
            openers.append(match[1])
    return not openers and not is_cut_in_row(text)
