"""A letter as HTML for mail programs: tables, 600 pixels or the phone's width, light and dark, no outside file.

Old programs read the attributes and inline styles, new ones the style sheet too; only that one knows the dark colours.
A picture is named by its `cid:` and carries its facts as alternative text; without pictures the bars of text stand.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.letter import Block, Graph, Letter, Listing, PriceRow, Row
from monitor.alerts.markup import Markup, element, link, void

_TONES = {"good": "#0a7d33", "bad": "#b3261e", "warn": "#8a5a00", "plain": "#4b5563"}
_SANS = (
    "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',"
    "sans-serif"
)
_SHEET = f"""
body{{margin:0;padding:0;background:#f1f3f5}}
.paper{{background:#ffffff;border:1px solid #e2e5e9;border-radius:10px}}
.paper,.paper td,.paper th{{font-family:{_SANS};font-size:15px;line-height:1.5;color:#1b2430;text-align:left}}
.paper td.pad{{padding:18px 28px}}
.paper .quiet,.paper th{{color:#5d6876;font-size:13px;font-weight:normal}}
.paper td.rule{{border-top:1px solid #e2e5e9}}
.paper h1{{font-size:20px;line-height:1.3;margin:2px 0 0}}
.paper h2{{font-size:17px;line-height:1.3;margin:2px 0 8px}}
.paper .grid td,.paper .grid th{{padding:4px 0 4px 12px;vertical-align:top;border-bottom:1px solid #e2e5e9}}
.paper .grid td.name,.paper .grid th.name{{padding-left:0}}
.paper .grid .figure{{text-align:right;white-space:nowrap}}
.paper .said td{{padding:3px 0;vertical-align:top}}
.paper .said td.label{{width:112px;padding-right:12px;color:#5d6876;font-size:13px;line-height:1.7}}
.paper .said td{{word-break:break-word}}
.paper code,.paper .bars{{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12.5px}}
.paper .bars{{white-space:pre}}
.paper a{{color:#1a56c4}}
.paper img{{width:100%;max-width:544px;height:auto;display:block;margin:10px 0 4px}}
.paper .said{{margin-top:8px}}
.paper ul{{margin:4px 0 0;padding-left:18px}}
"""
_SHEET += "".join(f".paper .{tone}{{color:{colour}}}" for tone, colour in _TONES.items()) + "\n"
_SHEET += """@media (max-width:480px){
.paper td.pad{padding:14px 16px}
.paper .said td,.paper .said td.label{display:block;width:auto;padding:0}
.paper .said td.label{padding-top:8px}
.paper .grid td,.paper .grid th{padding-left:8px}
}
@media (prefers-color-scheme:dark){
body,.ground{background:#0f1419!important}
.paper{background:#181f27!important;border-color:#2e3844!important}
.paper td,.paper th,.paper h1,.paper h2{color:#e6eaef!important}
.paper .quiet,.paper th,.paper .said td.label{color:#9aa6b4!important}
.paper td.rule,.paper .grid td,.paper .grid th{border-color:#2e3844!important}
.paper a{color:#8ab4f8!important}
.paper .good{color:#4cc776!important}.paper .bad{color:#ff8a80!important}.paper .warn{color:#f0b849!important}
.paper .plain{color:#b6c0cc!important}
}
"""


def html_page(letter: Letter, pictures: Mapping[int, str] | None = None) -> str:
    """The HTML part of a message; `pictures` are the `cid:` addresses of the blocks that have one."""
    known = pictures or {}
    rows = [_head(letter)]
    rows += [_band(*(element("p", words) for words in letter.paragraphs))] if letter.paragraphs else []
    rows += [_block(block, known.get(number)) for number, block in enumerate(letter.blocks)]
    rows += [_listing(listing) for listing in letter.listings]
    rows += [_band(*(element("p", words, style="margin:0") for words in letter.closing))] if letter.closing else []
    foot = [letter.foot] if letter.foot else []
    foot += [_way_out(letter.way_out)] if letter.way_out else []
    if foot:
        rows.append(_band(*(element("div", words, class_="quiet") for words in foot)))
    paper = element(
        "table", *rows, role="presentation", class_="paper", **_TABLE, width="600", style="width:100%;max-width:600px"
    )
    ground = element(
        "table",
        element("tr", element("td", paper, align="center", style="padding:14px 6px")),
        role="presentation",
        class_="ground",
        **_TABLE,
        width="100%",
    )
    code = "zh-CN" if letter.language == "zh" else "en"
    return "<!doctype html>" + element("html", _html_head(letter), element("body", ground), lang=code)


_TABLE = {"cellpadding": "0", "cellspacing": "0", "border": "0"}


def _html_head(letter: Letter) -> Markup:
    named = {
        "viewport": "width=device-width,initial-scale=1",
        "color-scheme": "light dark",
        "supported-color-schemes": "light dark",
    }
    return element(
        "head",
        void("meta", charset="utf-8"),
        *(void("meta", name=name, content=content) for name, content in named.items()),
        element("title", letter.subject),
        Markup(f"<style>{_SHEET}</style>"),
    )


def _band(*inside: str, is_first: bool = False) -> Markup:
    return element("tr", element("td", *inside, class_="pad" if is_first else "pad rule"))


def _head(letter: Letter) -> Markup:
    return _band(element("div", letter.origin, class_="quiet"), element("h1", letter.subject), is_first=True)


def _way_out(row: Row) -> Markup:
    """Whose choice the mail was, and the link that ends it; `link` would refuse a mailto address."""
    return Markup(element("span", row.label) + " " + element("a", row.words, href=row.url or ""))


def _block(block: Block, picture: str | None) -> Markup:
    pieces: list[str] = []
    if block.badge:
        pieces.append(element("div", element("b", block.badge), class_=block.tone))
    pieces.append(element("h2", block.name))
    if block.prices:
        pieces.append(_prices(block))
    if block.graph is not None:
        pieces.append(_picture(block.graph, picture) if picture else _bars(block.graph))
    if block.rows:
        pieces.append(element("table", *(_row(row) for row in block.rows), class_="said", **_TABLE, width="100%"))
    return _band(*pieces)


def _prices(block: Block) -> Markup:
    """Model's prices as a table; columns that are empty throughout are left out."""
    used = [i for i, name in enumerate(("before", "now", "change")) if any(getattr(row, name) for row in block.prices)]
    heads = [
        element("th", block.bought, class_="name"),
        *(element("th", block.columns[i], class_="figure") for i in used),
    ]
    return element(
        "table",
        element("tr", *heads),
        *(_price_row(row, used) for row in block.prices),
        class_="grid",
        **_TABLE,
        width="100%",
    )


def _price_row(row: PriceRow, used: list[int]) -> Markup:
    notes = [element("div", words, class_="quiet") for words in (row.note, row.aside, row.converted) if words]
    figures = (
        element("td", row.before, class_="figure"),
        element("td", element("b", row.now), class_="figure"),
        element("td", element("b", row.change, class_=row.tone), class_="figure"),
    )
    return element("tr", element("td", row.label, *notes, class_="name"), *(figures[i] for i in used))


def _picture(graph: Graph, address: str) -> Markup:
    return void("img", src=address, alt=graph.words, width="544")


def _bars(graph: Graph) -> Markup:
    """The bars of text; their facts stand beside them, so who hears the page read misses nothing."""
    lines = [
        element(
            "tr",
            element("td", name, class_="label"),
            element("td", element("span", bars, class_="bars", aria_hidden="true"), " ", prices),
        )
        for name, bars, prices in graph.bars
    ]
    return element(
        "table", element("tr", element("td", graph.label, class_="quiet", colspan="2")), *lines, class_="said", **_TABLE
    )


def _row(row: Row) -> Markup:
    words = element("code", row.words) if row.is_command else row.words
    cell = [link(row.words, row.url)] if row.url == row.words and row.url else [words]
    if row.url and row.url != row.words:
        cell += [Markup("<br>"), link(row.url, row.url)]
    return element("tr", element("td", row.label, class_="label"), element("td", *cell))


def _listing(listing: Listing) -> Markup:
    return _band(element("b", listing.title), element("ul", *(element("li", fact) for fact in listing.facts)))
