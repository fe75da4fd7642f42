"""Bytes to text and to a kind: what a document says about itself goes before what its looks suggest.

The order is a byte order mark, the charset that the server named, the document's own declaration, UTF-8, GB18030.
Bytes that fit nowhere become U+FFFD, which no price survives unnoticed: a reader complains about an amount beside it.
"""

from __future__ import annotations

import codecs
import json
import re

from scrapers.documents.blocks import Kind

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-:.]{1,40})", re.IGNORECASE)
_XML_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_\-]{1,40})", re.IGNORECASE)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252"}


def decode(body: bytes, charset: str | None = None) -> str:
    """The document's text.

    >>> decode("价格".encode("gb18030")), decode("price".encode("utf-16"))
    ('价格', 'price')
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, errors="replace")
    head = body[:4096]
    declared = _DECLARED.search(head) or _XML_DECLARED.search(head)
    named = declared[1].decode("ascii").lower() if declared else None
    for candidate in (charset, named, "utf-8", _guess_utf16(head), "gb18030"):
        text = _decode_strictly(body, candidate)
        if text is not None:
            return text
    return body.decode(_usable(charset) or _usable(named) or "utf-8", errors="replace")


def _decode_strictly(body: bytes, charset: str | None) -> str | None:
    name = _usable(charset)
    if name is None:
        return None
    try:
        return body.decode(name)
    except UnicodeDecodeError:
        return None


def _usable(charset: str | None) -> str | None:
    """The codec for a charset's name, the wider one where a name is commonly too narrow; None for an unknown name."""
    if not charset:
        return None
    name = charset.strip().strip("\"'").lower()
    name = _WIDER.get(name, name)
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _guess_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark shows as zero bytes in every second place."""
    if len(head) < 8:
        return None
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) // 4 else None


_HTML_START = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|div|table|section|main|article|script|p|ul|ol|dl|h[1-6]|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_MDX_SIGN = re.compile(
    r"^(?:import\s.{1,300}\sfrom\s+['\"]|export\s+(?:const|default|function)\s|const\s+\w+[^=\n]{0,80}=\s*[\[{])"
    r"|\bclassName=|^[ \t]*+<[A-Z][A-Za-z]*+(?:\s|>|/>)|^\{/\*",
    re.MULTILINE,
)
_MARKDOWN_SIGN = re.compile(
    r"^#{1,6}\s|^[ \t]*+\|.*\|[ \t]*+$|^[ \t]*+[-*]\s++\S|\[[^\]\n]{1,200}\]\([^)\n]{1,500}\)|^```|\A---\n|\*\*\S|"
    r"^[ \t]*+\|?[ \t]*+:?-{2,}+:?[ \t]*+\|[ \t:|-]*+$|^\[block:[a-z]",
    re.MULTILINE,
)
_YAML_LINE = re.compile(r"\s*(?:#.*|-(?:\s.*)?|(?:- )?[\w.\"'/@-][\w .\"'/@:()-]{0,80}:(?:\s.*)?|---|)\Z")
_YAML_NEST = re.compile(
    r"^[ \t]*+(?:- )?[\w.\"'/@-]++:[ \t]*+\n(?:[ \t]*+#[^\n]*+\n)*+\s|^- [\w.-]+: .*\n {2,}[\w.-]+:", re.MULTILINE
)


def sniff_kind(text: str) -> Kind:
    r"""What the text looks like.

    >>> sniff_kind('{"a": 1}'), sniff_kind('{"a": 1}\n{"a": 2}\n'), sniff_kind("<table></table>")
    ('json', 'ndjson', 'html')
    >>> sniff_kind("# Prices\n\n<Tabs />"), sniff_kind("| a |\n| - |"), sniff_kind("model\nprice 5")
    ('mdx', 'markdown', 'text')
    """
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in "{[" and not start.startswith("{/*"):
        if _looks_like_lines_of_json(start):
            return "ndjson"
        if re.match(r"[{\[]\s*([\"{\[\]}\d\-tfn])", start) and not re.match(r"\[[^\]\n\"{]{0,200}\]\(", start):
            return "json"
    if _HTML_START.match(start[:5000]) and not re.search(r"^#{1,6} \S", text[:20000], re.MULTILINE):
        return "html"
    if _looks_like_yaml(start):
        return "yaml"
    if _MDX_SIGN.search(text):
        return "mdx"
    if _MARKDOWN_SIGN.search(text):
        return "markdown"
    return "text"


def _looks_like_yaml(start: str) -> bool:
    """Every line is a key, an entry or a comment, and at least one thing is nested in another."""
    head = start[:20_000]
    lines = head.split("\n")[:-1] if len(start) > len(head) else head.split("\n")
    if any(mark in head for mark in ("](", "**", "| ", "```")):
        return False
    return all(line[:2] == "  " or _YAML_LINE.match(line) for line in lines) and _YAML_NEST.search(head) is not None


def _looks_like_lines_of_json(start: str) -> bool:
    lines = [line for line in start[:200_000].split("\n", 3)[:3] if line.strip()]
    return (
        len(lines) >= 2
        and all(line.lstrip().startswith("{") for line in lines)
        and _is_object(lines[0].rstrip().rstrip(","))
    )


def _is_object(line: str) -> bool:
    """Whether a line is a whole object and not the beginning of one that goes on below."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
