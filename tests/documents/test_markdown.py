from __future__ import annotations

from collections.abc import Callable

from scrapers.documents.blocks import Document, Prose, Table

PRICES = """\
---
title: "Models"
description: "Prices are for 1M tokens."
---

# Prices

Prices in USD.

| Model | Input | Output |
| --- | --- | --- |
| nova-1 | \\$1 | ~~$4~~ **$2** |
"""


def test_front_matter_is_context_and_escapes_are_resolved(read: Callable[..., Document]) -> None:
    document = read(PRICES)
    (block,) = (b for b in document.blocks if isinstance(b, Table))
    assert document.title == "Models"
    assert [b.text for b in document.blocks if isinstance(b, Prose)] == [
        "Models",
        "Prices are for 1M tokens.",
        "Prices in USD.",
    ]
    assert block.context.before == ("Prices in USD.",)
    assert [cell.plain for cell in block.rows[1]] == ["nova-1", "$1", "$2"]


def test_an_empty_header_row_is_no_header(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables("|  |  |\n| --- | --- |\n| MODEL | nova-1 |\n| INPUT | $1 |\n")
    assert block.header_rows == 0
    assert block.rows[0][0].text == "MODEL"


def test_labels_whose_rowspan_was_lost_span_down_again(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    (got,) = grids(
        "|  |  |  |  |\n| --- | --- | --- | --- |\n| MODEL |  | a-1 | b-2 |\n| PRICING | HIT | $0.1 | $0.2 |\n"
        "| MISS | $1 | $2 |\n| OUTPUT | $3 | $4 |\n| Limit |  | 2500 | 500 |\n"
    )
    assert got == [
        ["MODEL", "", "a-1", "b-2"],
        ["PRICING", "HIT", "$0.1", "$0.2"],
        ["PRICING", "MISS", "$1", "$2"],
        ["PRICING", "OUTPUT", "$3", "$4"],
        ["Limit", "", "2500", "500"],
    ]


def test_a_short_row_that_lost_its_end_stays_at_the_left(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    (got,) = grids("| Model | Input | Note |\n| --- | --- | --- |\n| a-1 | $1 | new |\n| b-2 | $2 |\n")
    assert got[2] == ["b-2", "$2", None]


def test_rows_in_doubt_and_rows_with_too_many_cells_are_named(tables: Callable[..., list[Table]]) -> None:
    (doubtful,) = tables("| Model | Kind | Note |\n| --- | --- | --- |\n| a | b | c |\n| d | e |\n")
    (overfull,) = tables("| Model | Input |\n| --- | --- |\n| a-1 | $1 | $2 |\n")
    assert dict(doubtful.context.props) == {"ragged_rows": "2"}
    assert dict(overfull.context.props) == {"ragged_rows": "1"}


def test_a_row_without_a_closing_bar_counts_unless_the_text_ends_in_it(
    read: Callable[..., Document], grids: Callable[..., list[list[list[str | None]]]]
) -> None:
    text = "| Model | Input |\n| --- | --- |\n| a-1 | $1 |\n| b-2 | $1.95"
    assert grids(text + "\n")[0][2] == ["b-2", "$1.95"]
    assert read(text + "\n").is_complete
    assert len(grids(text)[0]) == 2
    assert not read(text).is_complete


def test_an_open_fence_is_an_incomplete_text(read: Callable[..., Document]) -> None:
    assert not read("# A\n\n```json\n{}\n").is_complete
    assert read("# A\n\n```json\n{}\n```\n").is_complete


def test_html_tables_stand_in_markdown(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    assert grids("# A\n\n<table><tr><td rowspan='2'>a</td><td>$1</td></tr><tr><td>$2</td></tr></table>\n") == [
        [["a", "$1"], ["a", "$2"]]
    ]


def test_a_block_of_json_that_is_not_closed_hides_no_other(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    whole = '[block:parameters]\n{"data": {"h-0": "Model", "0-0": "[nova](/nova)"}, "cols": 1, "rows": 1}\n[/block]\n'
    assert grids(f'# Prices\n\n[block:parameters]\n{{"data": {{\n\n{whole}', "markdown") == [[["Model"], ["nova"]]]
