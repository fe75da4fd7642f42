"""Documents that nobody writes: each is read or refused by name, within seconds, and what comes out can be printed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.documents.blocks import Run
from scrapers.documents.grid import PrintedCell, build_grid
from scrapers.errors import LayoutError, NoTable
from scrapers.reader import read_page

TABLE = "<table><tr><th>Model<th>Input ($/1M tokens)<tr><td>nova-1<td>$1</table>"


def _page(body: str) -> bytes:
    return f"<html><body>{body}</body></html>".encode()


EXTREMES = {
    "10,000 divs": _page("<div>" * 10_000 + TABLE + "</div>" * 10_000),
    "10,000 spans": _page("<span>" * 10_000 + TABLE),
    "5,000 bold words in a cell": _page("<table><tr><td>" + "<b>" * 5000 + "x</table>"),
    "5,000 arrays": b"[" * 5000 + b"]" * 5000,
    "5,000 objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "5,000 arrays in a script": _page(f"<script>var price = {'[' * 5000}{']' * 5000}</script>{TABLE}"),
    "900 arrays in a flight row": _page(
        f'<script>self.__next_f.push([1,"0:{"[" * 900}{{\\"price\\":1}}{"]" * 900}\\n"])</script>{TABLE}'
    ),
    "900 objects of a framework": _page(
        f'<script id="__NEXT_DATA__" type="application/json">{{"price":{"[" * 900}1{"]" * 900}}}</script>{TABLE}'
    ),
    "3,000 divs in a string": json.dumps({"models": [{"id": "nova-1", "price": "<div>" * 3000 + "$1"}]}).encode(),
    "100,000 digits": b'{"models":[{"id":"m-1","input_price":' + b"9" * 100_000 + b"}]}",
    "an exponent of nine digits": b'{"models":[{"id":"m-1","input_price":1e999999999,"output_price":1e-999999999}]}',
    "half of a pair of surrogates": b'{"models":[{"id":"nova-1 \\ud800","input_price":"$1 per 1M tokens \\udfff"}]}',
    "spans of a hundred million": _page("<table><tr><td colspan=99999999>a<td rowspan=65534>b<tr><td>$1</table>"),
    "a thousand large spans": _page("<table>" + "<tr><td rowspan=1000 colspan=1000>a" * 1000 + "</table>"),
    "anchors that multiply": b"a: &a [x,x,x]\n"
    + b"".join(b"%c: &%c [*%c,*%c]\n" % (98 + n, 98 + n, 97 + n, 97 + n) for n in range(20))
    + b"models:\n  - id: x\n    price: *u\n",
    "3,000 levels of YAML": b"".join(b"  " * level + b"a:\n" for level in range(3000)),
    "20,000 buttons": _page("<button>a</button>" * 20_000),
    "a line of 500 kB": b"price " * 80_000,
    "amounts without an end": _page("<p>" + "$1 a " * 10_000),
    "no UTF-8": b"\xff\xfe\xfa" * 1000 + TABLE.encode(),
    "zero bytes": TABLE.replace("a", "a\0").encode() + b"\0" * 1000,
    "UTF-16": TABLE.encode("utf-16"),
    "UTF-16 without its mark": TABLE.encode("utf-16-le"),
    "comments without an end": b"# a\n" + b"{/*" * 50_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", EXTREMES)
def test_an_extreme_document_is_read_or_refused(name: str) -> None:
    try:
        prices = read_page(EXTREMES[name])
    except (NoTable, LayoutError):
        pass
    else:
        assert json.dumps([rate.to_json() for rate in prices.rates], ensure_ascii=False).encode()


def test_utf_16_reads_like_utf_8() -> None:
    assert read_page(EXTREMES["UTF-16"]).rates == read_page(TABLE.encode()).rates


_CELLS = st.builds(
    PrintedCell,
    lines=st.sampled_from([(), ((Run("x"),),)]),
    rowspan=st.one_of(st.integers(0, 5), st.just(100_000)),
    colspan=st.one_of(st.integers(0, 5), st.just(90)),
    is_header=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(_CELLS, max_size=6), max_size=8))
def test_a_grid_covers_every_place_once(rows: list[list[PrintedCell]]) -> None:
    try:
        grid = build_grid(rows)
    except LayoutError:
        return
    assert len({len(row) for row in grid}) <= 1
    begins: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(grid):
        assert any(cell is not None for cell in row)
        for place, cell in enumerate(row):
            if cell is None:
                continue
            assert cell.row <= number < cell.row + cell.rowspan
            assert cell.column <= place < cell.column + cell.colspan
            begins.setdefault(id(cell), (number, place))
    assert len(begins) <= sum(len(row) for row in rows)
