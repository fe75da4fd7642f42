from __future__ import annotations

import html
import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from scrapers.documents.blocks import Document, Record, Table

MODELS = [{"name": "Nova 1", "price": [{"value": "Input (/M tokens)", "price_dollar": "$$1.50"}]}]


def page(inner: str) -> str:
    return f"<html><body><h1>Pricing</h1>{inner}</body></html>"


def push(chunk: str) -> str:
    return f"<script>self.__next_f.push([1,{json.dumps(chunk)}])</script>"


def records(document: Document) -> list[Record]:
    return [block for block in document.blocks if isinstance(block, Record)]


def test_flight_rows_are_joined_over_chunks_and_text_rows_are_stepped_over(read: Callable[..., Document]) -> None:
    row = '1b:["$","$L2",null,' + json.dumps({"models": MODELS}) + "]\n"
    stream = "1a:T6,é<b>\n" + row + '2:["$","div",null,{"className":"x"}]\n'
    document = read(page(push(stream[:40]) + push(stream[40:])))
    (record,) = records(document)
    assert record.fields["name"] == "Nova 1"
    assert record.fields["price"][0]["price_dollar"] == "$1.50"
    assert record.context.is_hidden


def test_next_data_gives_only_what_speaks_of_prices(read: Callable[..., Document]) -> None:
    payload = {
        "props": {"menu": [{"label": "Docs", "href": "/d"}], "models": [{"id": "nova", "pricing": {"input": 1.10}}]}
    }
    document = read(page(f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(payload)}</script>'))
    (record,) = records(document)
    assert record.fields["id"] == "nova"
    assert str(record.fields["pricing"]["input"]) == "1.1"


def test_json_ld_and_assigned_literals_are_read(read: Callable[..., Document]) -> None:
    document = read(
        page(
            '<script type="application/ld+json">{"@type": "Offer", "price": "20.00"}</script>'
            '<script>window.__STATE__ = {models: [{id: "nova", inputPrice: 0.20}]}; run();</script>'
        )
    )
    assert [record.fields.get("price") or record.fields.get("id") for record in records(document)] == ["20.00", "nova"]


def island(props: dict[str, object], inner: str = "") -> str:
    return (
        f'<astro-island component-export="PriceTable" props="{html.escape(json.dumps(props))}">{inner}</astro-island>'
    )


def test_rows_that_an_island_shows_and_hides_come_once(read: Callable[..., Document]) -> None:
    props = {
        "tier": [0, "standard"],
        "rows": [1, [[1, [[0, "nova-1"], [0, 5], [0, 0.5]]], [1, [[0, "nova-2"], [0, 2.5], [0, None]]]]],
    }
    head = "<tr><th>Model</th><th>Input</th><th>Cached</th></tr>"
    shown = f"<table>{head}<tr><td>nova-1</td><td>$5.00</td><td>$0.50</td></tr></table>"
    visible, hidden = (block for block in read(page(island(props, shown))).blocks if isinstance(block, Table))
    assert visible.context.is_hidden is False
    assert [[cell.text for cell in row] for row in hidden.rows] == [["nova-2", "2.5", ""]]
    assert (hidden.context.is_hidden, hidden.context.component) == (True, "PriceTable")
    assert hidden.rows[0][0].row == 0
    assert dict(hidden.context.props)["tier"] == "standard"


def test_a_hidden_row_at_another_price_is_not_dropped(read: Callable[..., Document]) -> None:
    props = {"rows": [1, [[1, [[0, "nova-1"], [0, 6]]]]]}
    shown = "<table><tr><td>nova-1</td><td>$5.00</td></tr></table>"
    tables = [block for block in read(page(island(props, shown))).blocks if isinstance(block, Table)]
    assert [table.rows[0][1].text for table in tables] == ["$5.00", "6"]


def test_broken_payloads_are_passed_over(read: Callable[..., Document]) -> None:
    document = read(
        page(
            '<script type="application/json">{"price": </script><script>var price = {a: function() {}}</script>'
            '<astro-island props="nonsense"></astro-island><script>self.__next_f.push([1,"1:{\\"price\\": "])</script>'
        )
    )
    assert records(document) == []


def test_digits_stay_as_they_are_printed(read: Callable[..., Document]) -> None:
    document = read('{"data": [{"id": "nova", "pricing": {"prompt": 0.1500, "completion": 5e-7}}]}')
    (record,) = records(document)
    prompt, completion = record.fields["pricing"].values()
    assert (prompt.printed, completion.printed) == ("0.1500", "5e-7")
    assert completion == Decimal("0.0000005")


def test_values_that_refer_to_each_other_by_number_are_put_in_their_places(read: Callable[..., Document]) -> None:
    flat = [["Reactive", 1], {"models": 2}, [3], {"name": 4, "pricing": 5, "isNew": 7}, "nova", {"input": 6}, 1.1, True]
    document = read(page(f'<script type="application/json" id="__NUXT_DATA__">{json.dumps(flat)}</script>'))
    (record,) = records(document)
    assert record.fields["name"] == "nova"
    assert record.fields["pricing"] == {"input": Decimal("1.1")}


def test_values_that_refer_to_themselves_end(read: Callable[..., Document]) -> None:
    flat = [{"price": 0, "name": 1}, "nova"]
    assert len(read(page(f'<script type="application/json">{json.dumps(flat)}</script>')).blocks) < 20


def test_a_function_that_is_called_with_the_values_of_a_page_is_read(read: Callable[..., Document]) -> None:
    script = 'window.__NUXT__=(function(a,b){return {models:[{name:a,inputPrice:b}]}}("nova-2",1.1));'
    (record,) = records(read(page(f"<script>{script}</script>")))
    assert (record.fields["name"], record.fields["inputPrice"]) == ("nova-2", Decimal("1.1"))


def test_what_a_page_fetched_while_it_was_rendered_is_read(read: Callable[..., Document]) -> None:
    body = json.dumps({"models": [{"name": "nova", "pricing": {"input": 1.1}}]})
    kept = json.dumps({"status": 200, "statusText": "", "headers": {}, "body": body})
    (record,) = records(read(page(f'<script type="application/json" data-sveltekit-fetched>{kept}</script>')))
    assert record.fields["name"] == "nova"


PRICED = {"name": "nova", "pricing": {"input": 1.1}}


@pytest.mark.parametrize("body", ["[Learn more](/docs) about prices", "{not json", '{"a": 1}'])
def test_a_text_beside_prices_takes_the_place_of_none(read: Callable[..., Document], body: str) -> None:
    kept = json.dumps({"body": body, "models": [PRICED]})
    (record,) = records(read(page(f'<script type="application/json">{kept}</script>')))
    assert record.fields["name"] == "nova"


def test_a_list_that_begins_with_counts_does_not_refer_to_itself(read: Callable[..., Document]) -> None:
    kept = json.dumps([{"page": 1, "pages": 2}, "USD", 3, {"name": "nova", "pricing": {"input": 1, "output": 2}}])
    (record,) = records(read(page(f'<script type="application/json">{kept}</script>')))
    assert record.fields["pricing"] == {"input": Decimal(1), "output": Decimal(2)}


def test_parts_of_a_script_that_are_read_with_their_whole_are_not_counted(read: Callable[..., Document]) -> None:
    charts = ",".join(f"c{number}:{{data:[{{x:{number}}}]}}" for number in range(30))
    script = f"const charts={{{charts}}}; const models=[{{name:'nova',inputPrice:1.1}}];"
    (record,) = records(read(page(f"<script>{script}</script>")))
    assert record.fields["name"] == "nova"
