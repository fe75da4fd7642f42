from __future__ import annotations

from collections.abc import Callable

from scrapers.documents.blocks import Card, Document, Prose, Table


def test_a_copied_table_gets_its_spans_and_broken_cells_back(read: Callable[..., Document]) -> None:
    document = read(
        "模型 & 价格\n模型(1)\ta-1\tb-2\n上下文长度\t64K\t64K\n标准时段价格\n"
        "（北京时间 08:30-00:30）\t输入（缓存命中）\t0.5元\t1元\n"
        "\t输入（缓存未命中）\t2元\t4元\n优惠时段价格\t输入（缓存命中）\t0.25元\t0.25元\n\t输出\t4元\t4元\n1.脚注\n",
        "text",
    )
    (table,) = (block for block in document.blocks if isinstance(block, Table))
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["模型(1)", "模型(1)", "a-1", "b-2"],
        ["上下文长度", "上下文长度", "64K", "64K"],
        ["标准时段价格 （北京时间 08:30-00:30）", "输入（缓存命中）", "0.5元", "1元"],
        ["标准时段价格 （北京时间 08:30-00:30）", "输入（缓存未命中）", "2元", "4元"],
        ["优惠时段价格", "输入（缓存命中）", "0.25元", "0.25元"],
        ["优惠时段价格", "输出", "4元", "4元"],
    ]
    assert table.context.before == ("模型 & 价格",)
    assert table.context.notes == (("1", "脚注"),)


def test_a_label_whose_empty_cell_was_dropped_spans_down_too(read: Callable[..., Document]) -> None:
    document = read("MODEL\ta-1\tb-2\nSTANDARD\tHIT\t$0.07\t$0.14\nMISS\t$0.27\t$0.55\nOUTPUT\t$1.10\t$2.19\n", "text")
    (table,) = document.blocks
    assert [row[0].text for row in table.rows] == ["MODEL", "STANDARD", "STANDARD", "STANDARD"]


def test_lines_without_tabs_are_a_card_where_an_amount_stands_among_them(read: Callable[..., Document]) -> None:
    (card,) = read("nova-1\n￥4/Mt\n输入\n", "text").blocks
    (first, second) = read("nova-1\nno amounts\n", "text").blocks
    assert isinstance(card, Card)
    assert isinstance(first, Prose)
    assert isinstance(second, Prose)


SPACED = """Model         In      Cached   Out
nova-4        $3.00   $0.30    $15.00
nova-4 long   $6.00            $22.50
"""


def test_columns_parted_by_spaces_keep_their_empty_places(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    assert grids(SPACED, "text") == [
        [
            ["Model", "In", "Cached", "Out"],
            ["nova-4", "$3.00", "$0.30", "$15.00"],
            ["nova-4 long", "$6.00", "", "$22.50"],
        ]
    ]


def test_a_heading_over_the_wrong_column_is_never_moved_to_the_left(read: Callable[..., Document]) -> None:
    text = SPACED.replace("Model", "     ").replace("$0.30", "     ").replace("long   $6.00", "long        ")
    (table,) = (block for block in read(text, "text").blocks if isinstance(block, Table))
    assert [cell.text for cell in table.rows[1] if cell] == ["nova-4", "$3.00", "", "$15.00"]


def test_a_text_that_ends_in_a_row_may_have_lost_digits(read: Callable[..., Document]) -> None:
    assert read(SPACED, "text").is_complete
    cut = read(SPACED[:-2], "text")
    assert not cut.is_complete
    whole = read(SPACED[: SPACED.rstrip().rfind("\n") + 1], "text")
    assert [block.rows for block in cut.blocks if isinstance(block, Table)] == [
        block.rows for block in whole.blocks if isinstance(block, Table)
    ]


def test_a_comma_in_numbers_parts_no_values(grids: Callable[..., list[list[list[str | None]]]]) -> None:
    text = "model;input, USD per 1M;output, USD per 1M\nnova-1;0,45;1,35\n"
    assert grids(text, "text") == [[["model", "input, USD per 1M", "output, USD per 1M"], ["nova-1", "0,45", "1,35"]]]


def test_a_quoted_value_of_two_lines_belongs_to_one_row(read: Callable[..., Document]) -> None:
    table, prose = read('model,note,usd\nnova-1,"good,\nfast",0.45\nnova-2,cheap,0.25\nThe end.\n', "text").blocks
    assert isinstance(table, Table)
    assert [[cell.text for cell in row if cell] for row in table.rows[1:]] == [
        ["nova-1", "good, fast", "0.45"],
        ["nova-2", "cheap", "0.25"],
    ]
    assert isinstance(prose, Prose)
    assert prose.text == "The end."


def test_a_line_of_megabytes_below_one_with_commas_is_text(read: Callable[..., Document]) -> None:
    assert len(read(f"red, green, blue\nnova, 1, {'x' * 200_000}\n", "text").blocks) == 2
