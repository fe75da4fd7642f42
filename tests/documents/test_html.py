from __future__ import annotations

import html
import time
from collections.abc import Callable

import pytest

from scrapers.documents.blocks import Card, Document, Prose, Table
from scrapers.errors import LayoutError

HEAD = "<tr><th>Model</th><th>Input</th><th>Output</th></tr>"


def page(inner: str) -> str:
    return f'<!doctype html><html lang="en"><head><title>Prices</title></head><body>{inner}</body></html>'


def table(*rows: str) -> str:
    return f"<table><thead>{HEAD}</thead><tbody>{''.join(rows)}</tbody></table>"


def row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def test_a_page_gives_its_title_language_and_tables(read: Callable[..., Document]) -> None:
    document = read(page("<h1>Pricing</h1>" + table(row("nova-1", "$1", "$2"))))
    (block,) = (b for b in document.blocks if isinstance(b, Table))
    assert (document.kind, document.title, document.language) == ("html", "Prices", "en")
    assert (document.is_complete, document.signs) == (True, ())
    assert block.header_rows == 1
    assert block.context.headings == ("Pricing",)


def test_spans_stand_in_every_place_as_the_same_cell(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables(
        page(
            "<table><tr><td rowspan=2>nova-1</td><td colspan=2>$1</td></tr><tr><td>$2</td><td>$3</td></tr></table>",
        )
    )
    assert block.rows[0][0] is block.rows[1][0]
    assert block.rows[0][1] is block.rows[0][2]
    assert block.rows[1][0].row == 0


def test_marks_of_merged_places_are_dropped_and_a_rowspan_of_zero_reaches_the_end(
    grids: Callable[..., list[list[list[str | None]]]],
) -> None:
    phantom = '<td rowspan="0" colspan="0">\ufeff</td>'
    (first,) = grids(page(f"<table><tr><td rowspan=2>a</td><td>$1</td></tr><tr>{phantom}<td>$2</td></tr></table>"))
    (second,) = grids(page("<table><tr><td rowspan=0>a</td><td>$1</td></tr><tr><td>$2</td></tr></table>"))
    assert first == second == [["a", "$1"], ["a", "$2"]]


def test_a_bomb_of_spans_is_refused_before_it_is_built(read: Callable[..., Document]) -> None:
    bomb = "<table>" + ("<tr>" + "<td rowspan=5000 colspan=200>x</td>" * 50 + "</tr>") * 200 + "</table>"
    started = time.monotonic()
    with pytest.raises(LayoutError, match="cells by its spans"):
        read(page(bomb))
    assert time.monotonic() - started < 10


def test_elements_nested_without_end_are_refused(read: Callable[..., Document]) -> None:
    with pytest.raises(LayoutError, match="deeper than"):
        read(page("<div>" * 5000 + "x"))


def test_a_header_in_a_table_of_its_own_joins_its_body(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables(
        page(f"<div><table><thead>{HEAD}</thead></table></div><div><table>{row('nova-1', '$1', '$2')}</table></div>")
    )
    assert block.header_rows == 1
    assert [cell.text for cell in block.rows[1]] == ["nova-1", "$1", "$2"]
    assert block.rows[1][0].row == 1


def test_struck_and_raised_parts_and_lines_are_kept_apart(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables(
        page(
            table(
                row("nova-1<sup>(1)</sup>", "<s>$4</s> $3<br>per 1M tokens", '<span class="line-through">$8</span>$6')
            )
        )
    )
    name, first, second = block.rows[1]
    assert (name.text, name.plain) == ("nova-1(1)", "nova-1")
    assert [run.text for run in first.lines[0] if run.struck] == ["$4"]
    assert (first.plain, len(first.lines)) == ("$3 per 1M tokens", 2)
    assert second.plain == "$6"


def test_what_is_not_displayed_in_a_cell_is_no_part_of_it(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    (first,) = grids(page(table(row("nova-1", '$1<span style="display: none">$9</span>', "$2<template>$8</template>"))))
    assert first[1] == ["nova-1", "$1", "$2"]


TWO = (table(row("nova-1", "$1", "$2")), table(row("nova-1", "$0.5", "$1")))
TABS = {
    "aria by id": (
        '<div role="tablist"><button role="tab" id="a">Standard</button><button role="tab" id="b">Batch</button></div>'
        f'<div role="tabpanel" aria-labelledby="a">{TWO[0]}</div>'
        f'<div role="tabpanel" aria-labelledby="b" hidden>{TWO[1]}</div>'
    ),
    "aria by order": (
        '<div><ul role="tablist"><li role="tab">Standard</li><li role="tab">Batch</li></ul>'
        f'<div><div role="tabpanel">{TWO[0]}</div><div role="tabpanel" hidden>{TWO[1]}</div></div></div>'
    ),
    "panes with a hidden label": (
        f'<div data-content-pane data-value="standard"><div class="hidden">Standard</div>{TWO[0]}</div>'
        f'<div data-content-pane data-value="batch" hidden><div class="hidden">Batch</div>{TWO[1]}</div>'
    ),
    "sections with a heading": (
        f"<devsite-selector><section><h3>Standard</h3>{TWO[0]}</section>"
        f"<section><h3>Batch</h3>{TWO[1]}</section></devsite-selector>"
    ),
    "a bar by class": (
        '<div class="x-tabs"><div class="x-tabs__bar"><div class="x-tabs__item is-active">Standard</div>'
        f'<div class="x-tabs__item">Batch</div></div><div class="x-tabs__cont">{TWO[0]}</div>'
        f'<div class="x-tabs__cont">{TWO[1]}</div></div>'
    ),
    "bootstrap": (
        '<ul class="nav nav-tabs"><li class="nav-item"><a class="nav-link active">Standard</a></li>'
        '<li class="nav-item"><a class="nav-link">Batch</a></li></ul>'
        f'<div class="tab-content"><div class="tab-pane">{TWO[0]}</div><div class="tab-pane">{TWO[1]}</div></div>'
    ),
}


@pytest.mark.parametrize("markup", TABS.values(), ids=TABS.keys())
def test_each_pane_knows_its_own_label_and_no_other(tables: Callable[..., list[Table]], markup: str) -> None:
    first, second = tables(page(f"<h2>Text tokens</h2><p>Prices per 1M tokens.</p>{markup}"))
    assert (first.context.tabs, second.context.tabs) == (("Standard",), ("Batch",))
    assert first.context.headings == second.context.headings == ("Text tokens",)
    assert first.context.before == second.context.before == ("Prices per 1M tokens.",)


def test_a_hidden_pane_is_kept_and_marked(tables: Callable[..., list[Table]]) -> None:
    first, second = tables(page(TABS["aria by id"]))
    assert (first.context.is_hidden, second.context.is_hidden) == (False, True)


def test_a_row_of_words_that_names_no_panes_says_nothing_about_the_next_table(
    tables: Callable[..., list[Table]],
) -> None:
    (block,) = tables(page(f"<div><span>Standard</span><span>Batch</span></div><p>USD</p>{TWO[0]}"))
    assert block.context.before == ("USD",)


def test_headings_hold_until_the_next_of_their_level_and_classes_can_make_them(
    tables: Callable[..., list[Table]],
) -> None:
    first, second, third = tables(
        page(
            f"<h1>A</h1><h2>B</h2>{TWO[0]}<h3>C</h3>{TWO[0]}<h2><p>D</p></h2>"
            f'<div class="model-title">nova series</div>{TWO[1]}'
        )
    )
    assert first.context.headings == ("A", "B")
    assert second.context.headings == ("A", "B", "C")
    assert third.context.headings == ("A", "D", "nova series")


def test_paragraphs_after_a_table_are_its_notes_with_their_marks(tables: Callable[..., list[Table]]) -> None:
    first, second = tables(
        page(
            f"{TWO[0]}<p>(1) New prices from May.</p><p><sup>2</sup> Not for images.</p>"
            f"<p>* Global</p><p>Taxes apart.</p>"
            f"<h2>More</h2><p>Later</p>{TWO[1]}"
        )
    )
    assert first.context.notes == (
        ("(1)", "New prices from May."),
        ("2", "Not for images."),
        ("*", "Global"),
        ("", "Taxes apart."),
    )
    assert second.context.notes == ()


def test_a_summary_is_a_heading_and_details_stay_apart(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables(page(f"<h2>Prices</h2><details><summary>Batch</summary>{TWO[1]}</details>"))
    assert block.context.headings == ("Prices", "Batch")


def test_tables_of_roles_and_of_boxes_are_tables(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    roles = (
        '<div role="table"><div role="row"><span role="columnheader">Model</span>'
        '<span role="columnheader">Input</span></div>'
        '<div role="row"><span role="cell">nova-1</span><span role="cell">$1</span></div></div>'
    )
    boxes = (
        "<div><div><div>Model</div><div>Input</div><div>Output</div></div>"
        "<div><div>nova-1</div><div>$1</div><div>$2</div></div><div><div>nova-2</div><div>$3</div><div>$4</div></div></div>"
    )
    by_role, by_box = grids(page(roles + boxes))
    assert by_role == [["Model", "Input"], ["nova-1", "$1"]]
    assert by_box == [["Model", "Input", "Output"], ["nova-1", "$1", "$2"], ["nova-2", "$3", "$4"]]


def test_a_list_of_cards_is_not_taken_for_a_table_of_boxes(read: Callable[..., Document]) -> None:
    card = "<div><div>nova-{0}</div><div>Input ${0}</div><div>Output ${0}</div></div>"
    blocks = read(page("<div>" + card.format(1) + card.format(2) + "</div>")).blocks
    assert not [block for block in blocks if isinstance(block, Table)]
    assert [block for block in blocks if isinstance(block, Card)]


def test_a_table_that_only_lays_out_others_gives_their_headings(tables: Callable[..., list[Table]]) -> None:
    (block,) = tables(page(f"<table><tr><td><h3>Batch</h3>{TWO[1]}</td><td>aside</td></tr></table>"))
    assert block.context.headings == ("Batch",)


def test_short_lines_with_amounts_under_a_heading_are_a_card_and_long_ones_stay_prose(
    read: Callable[..., Document],
) -> None:
    blocks = read(
        page(
            f"<h3>nova-1</h3><p>Input</p><p>$1 / 1M tokens</p><h3>More</h3><p>{'We charge $5 in some cases. ' * 9}</p>"
        )
    ).blocks
    card, prose = blocks
    assert isinstance(card, Card)
    assert card.title == "nova-1"
    assert ["".join(run.text for run in line) for line in card.lines] == ["Input", "$1 / 1M tokens"]
    assert isinstance(prose, Prose)


def test_zero_width_characters_and_comments_are_not_printed(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    (first,) = grids(page(table(row("nova\u200b-1", "$\ufeff1<!-- $9 -->", "$2"))))
    assert first[1] == ["nova-1", "$1", "$2"]


def test_tables_escaped_in_an_attribute_are_read_and_a_template_is_named(read: Callable[..., Document]) -> None:
    markup = html.escape("<table><tr><td>nova-1</td><td>{priceOf!x!A*1000}</td></tr></table>")
    document = read(page(f'<h3>Nova</h3><div data-markup="{markup}"></div>'))
    assert [block.context.headings for block in document.blocks if isinstance(block, Table)] == [("Nova",)]
    assert document.signs == ("template",)


@pytest.mark.parametrize(
    ("body", "sign"),
    [
        ("<title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>", "challenge"),
        ('<div id="root"></div><script src="app.js"></script>', "shell"),
        ('<form><input type="password" name="p">Sign in</form>', "login"),
    ],
)
def test_pages_that_are_no_price_pages_say_what_they_are(read: Callable[..., Document], body: str, sign: str) -> None:
    assert read(page(body)).signs == (sign,)


def test_a_cut_page_is_incomplete_and_its_cut_row_is_dropped(
    read: Callable[..., Document], grids: Callable[..., list[list[list[str | None]]]]
) -> None:
    whole = page(table(row("nova-1", "$1", "$2"), row("nova-2", "$3", "$4.25")))
    cut = whole[: whole.index("$4.25") + 3]
    assert read(cut).is_complete is False
    assert grids(cut)[0] == [["Model", "Input", "Output"], ["nova-1", "$1", "$2"]]
    assert all(not read(whole[:end]).is_complete for end in range(200, len(whole) - 8, 17))


LAX = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Prices</title>
<p>Per 1M tokens.
<div><table><tr><th>Model<th>Input<tr><td>nova-1<td>$1.25<tr><td>nova-2<td>$2</table></div>
<p>Taxes are added.
"""


def test_a_page_that_leaves_ends_out_throughout_is_complete_without_the_last_one(
    read: Callable[..., Document],
) -> None:
    assert read(LAX).is_complete
    opened = LAX.index("<div>")
    assert not any(read(LAX[:end]).is_complete for end in range(opened + 1, LAX.index("</div>") + 6))
    assert not read(LAX[: LAX.index("added")]).is_complete
    assert not read(f"{LAX}<!-- more").is_complete


def test_a_page_that_writes_its_ends_is_cut_without_the_last_one(read: Callable[..., Document]) -> None:
    assert not read(LAX.replace("tokens.\n", "tokens.</p>\n")).is_complete


def test_a_fragment_without_html_tags_is_complete_when_nothing_stays_open(read: Callable[..., Document]) -> None:
    assert read(f"<div><h2>Prices</h2>{TWO[0]}</div>").is_complete
    assert not read(f"<div><h2>Prices</h2>{TWO[0][:-8]}").is_complete


def test_a_bold_paragraph_is_a_heading_and_bold_words_in_a_sentence_are_none(
    tables: Callable[..., list[Table]],
) -> None:
    first, second = tables(
        page(f"<p><strong>nova-1</strong></p>{TWO[0]}<p><b>nova-2</b></p><p><b>Per 1M</b> tokens</p>{TWO[1]}")
    )
    assert (first.context.headings, second.context.headings) == (("nova-1",), ("nova-2",))
    assert second.context.before == ("Per 1M tokens",)


def test_a_label_beside_its_price_and_a_badge_beside_a_name_are_parted(
    grids: Callable[..., list[list[list[str | None]]]],
) -> None:
    (first,) = grids(
        page(table(row('<a>nova-1</a><span class="badge">NEW</span>', "<span>Input</span><span>$1</span>", "$2")))
    )
    assert first[1][:2] == ["nova-1 NEW", "Input $1"]
