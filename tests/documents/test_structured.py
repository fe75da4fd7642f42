from __future__ import annotations

import json
from collections.abc import Callable

from scrapers.documents.blocks import Document, Record, Table


def test_each_entry_of_the_outermost_list_is_a_record_that_keeps_what_its_wrapper_says(
    read: Callable[..., Document],
) -> None:
    document = read(json.dumps({"currency": "USD", "body": {"data": [{"id": "a", "tags": [{"x": 1}]}, {"id": "b"}]}}))
    assert [block.fields["id"] for block in document.blocks] == ["a", "b"]
    assert document.blocks[0].context.component == "body.data[0]"
    assert ("currency", "USD") in document.blocks[0].context.props


def test_row_dicts_become_the_printed_table_again_and_copyists_notes_its_headings(
    read: Callable[..., Document],
) -> None:
    rows = [
        {"Model": "nova-1", "Price per 1M tokens": "$1", "Sub_Path": "Nova > Text"},
        {"Model": "nova-2", "Price per 1M tokens": "$2", "Sub_Path": "Nova > Text"},
        {"Model": "nova-1", "Price per 1M tokens": "$0.5", "Sub_Path": "Nova > Batch"},
    ]
    first, second = read(json.dumps(rows)).blocks
    assert isinstance(first, Table)
    assert [[cell.text for cell in row] for row in first.rows] == [
        ["Model", "Price per 1M tokens"],
        ["nova-1", "$1"],
        ["nova-2", "$2"],
    ]
    assert (first.header_rows, first.context.headings) == (1, ("Text",))
    assert second.context.headings == ("Batch",)


def test_html_and_markdown_in_a_string_are_pages_of_their_own(read: Callable[..., Document]) -> None:
    html = "<div><h2>Text</h2><table><tr><td>nova</td><td>$1</td></tr></table></div>"
    markdown = "# 价格\n\n| 模型 | 输入 |\n| --- | --- |\n| nova | 1元 |\n"
    blocks = read(json.dumps({"data": {"content": html, "twin": markdown}}, ensure_ascii=False)).blocks
    tables = [block for block in blocks if isinstance(block, Table)]
    assert [table.context.headings for table in tables] == [("Text",), ("价格",)]
    assert [table.context.component for table in tables] == ["data.content", "data.twin"]


def test_lines_of_json_are_records_and_a_cut_line_is_incomplete(read: Callable[..., Document]) -> None:
    text = '{"meter": "a", "price": 1}\n{"meter": "b", "price": 2}\n'
    assert [block.fields["meter"] for block in read(text).blocks] == ["a", "b"]
    assert read(text).is_complete
    cut = read(text + '{"meter": "c", "pri')
    assert (len(cut.blocks), cut.is_complete) == (2, False)


def test_json_that_stops_is_incomplete_and_gives_nothing(read: Callable[..., Document]) -> None:
    document = read('{"data": [{"id": "a", "price": 1}, {"id": "b", "pr')
    assert (document.kind, document.blocks, document.is_complete) == ("json", (), False)


def test_an_object_without_lists_is_one_record(read: Callable[..., Document]) -> None:
    (block,) = read('{"nova": {"input": 1, "output": 2}}').blocks
    assert isinstance(block, Record)


def test_rows_are_one_table_whatever_the_order_of_their_keys(read: Callable[..., Document]) -> None:
    rows = [
        {"Model": "nova-1", "Price per 1M tokens": "$1", "Sub_Path": "Nova > Batch", "Plan_Name": "On Demand"},
        {"Plan_Name": "On Demand", "Sub_Path": "Nova > Batch", "Price per 1M tokens": "$2", "Model": "nova-2"},
    ]
    (table,) = read(json.dumps(rows)).blocks
    assert isinstance(table, Table)
    assert table.context.headings == ("On Demand", "Batch")  # the path's end says most
    assert [cell.text for cell in table.rows[2]] == ["nova-2", "$2"]


def test_a_document_that_a_string_holds_is_read_as_one(read: Callable[..., Document]) -> None:
    page = json.dumps({"html": "<div><table><tr><td>nova</td><td>0.8元</td></tr></table></div>"})
    (table,) = read(json.dumps({"Response": {"content": page}})).blocks
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0]] == ["nova", "0.8元"]
