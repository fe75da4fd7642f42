"""Shapes that sellers without a provider file print, and that a stranger reads without doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from scrapers.catalog import Hints
from scrapers.errors import NoTable
from scrapers.rates import PriceList
from scrapers.reader import read_page

CAPTURED = datetime(2026, 6, 1, tzinfo=UTC)


def read(text: str) -> PriceList:
    return read_page(dedent(text).encode(), hints=Hints(), captured_at=CAPTURED)


def told(page: PriceList) -> list[tuple[str, str, str, str]]:
    return [(rate.model, rate.meter, str(rate.amount), f"{rate.per} {rate.unit}") for rate in page.rates]


def test_a_variant_in_square_brackets_is_part_of_the_name() -> None:
    page = read("""
        | Model | Price per image |
        |---|---|
        | nova.1 [pro] | $0.05 |
        | nova.1 [dev] | $0.025 |
        """)
    assert told(page) == [("nova.1 [pro]", "image", "0.05", "1 image"), ("nova.1 [dev]", "image", "0.025", "1 image")]


def test_what_a_dollar_buys_is_no_second_price() -> None:
    page = read("""
        <html><body><h2>Models</h2><div><h4>acme/nova-4</h4>
        <p>$3.00 / million input tokens or around 333 thousand tokens for $1</p>
        <p>$15.00 / million output tokens or around 66 thousand tokens for $1</p></div></body></html>
        """)
    assert told(page) == [
        ("acme/nova-4", "input", "3.00", "1000000 token"),
        ("acme/nova-4", "output", "15.00", "1000000 token"),
    ]
    assert page.complaints == ()


def test_a_name_without_a_digit_above_prices_in_the_unit_of_the_page() -> None:
    page = read("""
        ## Pricing

        All prices per 1M tokens

        **comet**

        - Input: $0.25
        - Cached input: $0.025
        - Output: $1.00
        """)
    assert told(page) == [
        ("comet", "input", "0.25", "1000000 token"),
        ("comet", "cached_input", "0.025", "1000000 token"),
        ("comet", "output", "1.00", "1000000 token"),
    ]


def test_a_range_alone_in_its_cell_is_no_blank() -> None:
    page = read("""
        <html><body><p>单位：元/百万 tokens</p><table>
        <tr><th>模型</th><th>输入长度区间（千 tokens）</th><th>推理输入</th><th>推理输出</th></tr>
        <tr><td rowspan="2">nova-1</td><td>(0, 32]</td><td>2</td><td>8</td></tr>
        <tr><td>(32, 128]</td><td>4</td><td>16</td></tr></table></body></html>
        """)
    ranges = [(rate.conditions.context_tokens, str(rate.amount)) for rate in page.rates]
    assert [(span.gt, span.lte, amount) for span, amount in ranges if span is not None] == [
        (None, 32000, "2"),
        (None, 32000, "8"),
        (32000, 128000, "4"),
        (32000, 128000, "16"),
    ]


@pytest.mark.parametrize("thing", ["billion pixels", "million vectors", "million rows"])
def test_a_million_of_other_things_is_no_million_of_tokens(thing: str) -> None:
    table = f"| Model | Price per million tokens | Price per {thing} |\n|---|---|---|\n| nova-3 | $0.12 | $0.60 |"
    assert ("0.60", "token") not in [(str(rate.amount), rate.unit) for rate in read(table).rates]
    with pytest.raises(NoTable):
        read(f"| Model | Price per {thing} |\n|---|---|\n| nova-embed-3 | $0.60 |")


def test_a_pack_of_tokens_is_no_price_per_token() -> None:
    with pytest.raises(NoTable):
        read("""
            ## Token packs

            | Pack | Tokens | Price |
            |---|---|---|
            | Nova Max S | 10M tokens | $50 |
            | Nova Max M | 50M tokens | $220 |
            """)


def test_a_currency_of_another_country_is_not_the_american_one() -> None:
    table = "| Model | Input | Output |\n|---|---|---|\n| nova-1 | 1.25 | 2.50 |"
    page = read(f"Prices in Canadian dollars per million tokens.\n\n{table}")
    assert {rate.currency for rate in page.rates} == {"CAD"}


@pytest.mark.parametrize("heading", ["Latency", "Quotas", "Spend"])
def test_numbers_below_another_heading_do_not_become_prices(heading: str) -> None:
    table = "| Model | Input | Output |\n|---|---|---|\n| nova-1 | {} | {} |"
    said = "# Prices\n\nAll prices in USD per million tokens.\n\n"
    page = read(f"{said}{table.format('$0.25', '$1.00')}\n\n## {heading}\n\n{table.format('0.45', '1.20')}")
    assert {str(rate.amount) for rate in page.rates} == {"0.25", "1.00"}


def test_what_a_price_was_in_the_past_is_no_price() -> None:
    with pytest.raises(NoTable):
        read("# Then and now\n\nIn March 2023 Nova 1 cost $30 per million input tokens.")


def test_a_line_of_values_without_a_number_is_no_row() -> None:
    with pytest.raises(NoTable):
        read("red, green, blue\none, two, three\n")


def test_words_behind_the_last_price_make_no_label_of_those_between() -> None:
    page = read("# Nova 2\n\n入力 $1.50／100万トークン、出力 $6.00／100万トークン（税抜）\n")
    assert {(rate.meter, str(rate.amount)) for rate in page.rates} == {("input", "1.50"), ("output", "6.00")}


def test_a_mode_in_front_of_the_first_label_is_of_all_prices_of_the_line() -> None:
    page = read("# Nova 2\n\nThinking mode: input $1 / 1M tokens, output $12 / 1M tokens\n")
    assert {(rate.meter, rate.conditions.mode) for rate in page.rates} == {
        ("input", "thinking"),
        ("output", "thinking"),
    }


def test_a_price_history_is_not_todays_list() -> None:
    head = "| Model | Input / 1M tokens | Output / 1M tokens |\n|---|---|---|\n"
    page = read(f"# Prices\n\n{head}| nova-5 | $1 | $5 |\n\n## Price history\n\n{head}| nova-5 | $2 | $8 |\n")
    assert told(page) == [("nova-5", "input", "1", "1000000 token"), ("nova-5", "output", "5", "1000000 token")]


def test_what_a_chatbot_cost_is_no_price_of_a_model() -> None:
    with pytest.raises(NoTable):
        read("""
            All prices in USD per million tokens.

            ## Support Chatbot

            | | Cost |
            |---|---|
            | Input | $30.00 |
            | Output | $12.00 |
            """)
