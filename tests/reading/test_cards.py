from __future__ import annotations

import pytest

from scrapers.catalog import Hints
from scrapers.documents.blocks import Card, Context, Run
from scrapers.documents.read import read_document
from scrapers.reading.cards import read_card
from scrapers.reading.labels import Reading, Scope


def read(*lines: str, title: str = "", headings: tuple[str, ...] = (), scope: Scope | None = None) -> Reading:
    card = Card(title, tuple((Run(line),) for line in lines), Context(headings=headings or ((title,) if title else ())))
    return read_card(card, scope or Scope())


def told(reading: Reading) -> list[tuple[object, ...]]:
    return [
        (rate.model, rate.meter, str(rate.amount), *([rate.conditions.key] if rate.conditions.to_json() else []))
        for rate in reading.rates
    ]


def test_labels_above_their_prices_with_ranges_and_parts_of_a_cache() -> None:
    reading = read(
        "Our best model for agents",
        *("Input", "Prompts ≤ 200K tokens", "$3 / MTok", "Prompts > 200K tokens", "$6 / MTok"),
        *("Output", "$15 / MTok", "Prompt caching", "≤ 200K tokens", "Write", "$3.75 / MTok", "Read", "$0.30 / MTok"),
        title="Nova 4.5",
    )
    short, long = '{"context_tokens":{"gt":null,"lte":200000}}', '{"context_tokens":{"gt":200000,"lte":null}}'
    assert told(reading) == [
        ("Nova 4.5", "input", "3", short),
        ("Nova 4.5", "input", "6", long),
        ("Nova 4.5", "output", "15"),
        ("Nova 4.5", "cache_write", "3.75", short),
        ("Nova 4.5", "cached_input", "0.30", short),
    ]
    assert reading.complaints == ()


def test_labels_in_the_line_of_the_price() -> None:
    reading = read(
        "Input: $1.25 / 1M tokens", "Output$2.50 / 1M tokens", "Cached input $0.30 / 1M tokens", title="Nova 4.3"
    )
    assert told(reading) == [
        ("Nova 4.3", "input", "1.25"),
        ("Nova 4.3", "output", "2.50"),
        ("Nova 4.3", "cached_input", "0.30"),
    ]


def test_the_model_stands_in_a_heading_above_one_that_only_says_price() -> None:
    reading = read(
        "Input:", "$2.50 / 1M tokens", "Output:", "$10.00 / 1M tokens", title="Price", headings=("Nova-4o", "Price")
    )
    assert told(reading) == [("Nova-4o", "input", "2.50"), ("Nova-4o", "output", "10.00")]


def test_labels_behind_their_prices_and_several_models_in_one_text() -> None:
    reading = read(
        *("HOT", "Nova-4.7", "￥4/Mt", "输入", "￥16/Mt", "204.8K", "上下文", "￥0.8/Mt", "Cache Read"),
        *("Terra V3.2", "￥2/Mt", "输入", "￥3/Mt", "输出"),
        scope=Scope(yen="CNY"),
    )
    assert told(reading) == [
        ("Nova-4.7", "input", "4"),
        ("Nova-4.7", "cached_input", "0.8"),
        ("Terra V3.2", "input", "2"),
        ("Terra V3.2", "output", "3"),
    ]
    assert [(complaint.kind, complaint.quote) for complaint in reading.complaints] == [("unknown_column", "￥16/Mt")]


FLAT = ("Model Name", "Context Length", "Input", "Cached Input", "Output", "Actions")


def test_a_table_of_one_cell_a_line_with_signs_on_their_own_lines() -> None:
    reading = read(
        *FLAT,
        *("Nova-V4", "1049K", "$", "0.14", "$", "0.028", "$", "0.28", "Details"),
        *("Nova-VL-32B", "262K", "$", "0.2", "$", "0.6", "Details"),
        scope=Scope(hints=Hints(unit="1M tokens")),
    )
    assert told(reading) == [
        ("Nova-V4", "input", "0.14"),
        ("Nova-V4", "cached_input", "0.028"),
        ("Nova-V4", "output", "0.28"),
        ("Nova-VL-32B", "input", "0.2"),
        ("Nova-VL-32B", "output", "0.6"),
    ]
    assert reading.rates[0].evidence.quote == "$0.14"


def test_a_row_of_a_flat_table_that_may_lack_either_price_is_refused() -> None:
    reading = read(
        *FLAT,
        *("Nova-V4", "1049K", "$0.14", "$0.028", "Details", "Nova-V5", "1049K", "$1", "Details"),
        scope=Scope(hints=Hints(unit="1M tokens")),
    )
    assert reading.rates == ()
    assert [complaint.kind for complaint in reading.complaints] == ["ragged_row", "ragged_row"]


def test_headings_of_a_flat_table_count_by_what_they_say() -> None:
    reading = read(
        *("Model", "Output", "Input"),
        *("Nova-V4", "$8 / 1M tokens", "$2 / 1M tokens", "Nova-V5", "$9 / 1M tokens", "$3 / 1M tokens"),
    )
    assert told(reading)[:2] == [("Nova-V4", "output", "8"), ("Nova-V4", "input", "2")]


@pytest.mark.parametrize(
    "lines",
    [
        ("$20", "Per month billed annually", "Input up to 1M tokens"),
        ("Everything in Free", "$200 / month"),
        ("$0.06 / image",),
        ("Contact sales",),
    ],
)
def test_a_plan_gives_no_rate_even_where_a_hint_names_a_unit(lines: tuple[str, ...]) -> None:
    assert read(*lines, title="Pro 5", scope=Scope(hints=Hints(currency="USD", unit="1M tokens"))).rates == ()


def test_a_price_without_a_label_of_its_own_is_a_complaint() -> None:
    reading = read("Input", "$1 / 1M tokens", "$2 / 1M tokens", title="Nova 1")
    assert told(reading) == [("Nova 1", "input", "1")]
    assert [complaint.quote for complaint in reading.complaints] == ["$2 / 1M tokens"]


def test_an_amount_without_a_model_is_a_complaint() -> None:
    reading = read("Input", "$1 / 1M tokens", title="Prices")
    assert (reading.rates, reading.amounts_seen, reading.amounts_ignored) == ((), 1, 0)
    assert [complaint.quote for complaint in reading.complaints] == ["$1 / 1M tokens"]


def test_a_hidden_card_gives_hidden_rates() -> None:
    page = "<html><body><div hidden><h3>Nova 2</h3><p>Input</p><p>$1 / 1M tokens</p></div></body></html>"
    (card,) = (block for block in read_document(page.encode()).blocks if isinstance(block, Card))
    assert [rate.flags for rate in read_card(card, Scope()).rates] == [("hidden",)]


def test_a_strange_word_before_a_price_is_never_passed_over_for_the_label_behind_it() -> None:
    reading = read("Zorblax", "$15 / MTok", "Output", "$75 / MTok", title="Nova 4")
    assert told(reading) == [("Nova 4", "output", "75")]
    assert [complaint.quote for complaint in reading.complaints] == ["$15 / MTok"]


def test_models_and_prices_of_one_line_each() -> None:
    reading = read(
        "Prices per 1M tokens.",
        "llama-3.3-70b — $0.60 input, $0.70 output",
        "qwen-3-32b: $0.10 input / $0.30 output",
        "Using nova 4.5 at $1 input, $5 output",
        title="Pricing",
    )
    assert told(reading) == [
        ("llama-3.3-70b", "input", "0.60"),
        ("llama-3.3-70b", "output", "0.70"),
        ("qwen-3-32b", "input", "0.10"),
        ("qwen-3-32b", "output", "0.30"),
    ]
    assert {rate.model for rate in reading.rates} == {"llama-3.3-70b", "qwen-3-32b"}


def test_a_title_without_digits_is_a_model_by_its_place_above_prices_of_tokens() -> None:
    lines = ("Input (/M tokens)", "$0.3", "Output (/M tokens)", "$0.9")
    assert told(read(*lines, title="Codestral")) == [("Codestral", "input", "0.3"), ("Codestral", "output", "0.9")]
    assert read(*lines, title="Pricing").rates == ()


def test_a_property_is_no_model() -> None:
    reading = read("Context: 256K tokens", "Architecture: 1T/32B MoE", "Input: $1 / 1M tokens", title="Nova 2")
    assert told(reading) == [("Nova 2", "input", "1")]


def test_a_price_of_tokens_counts_on_a_page_that_also_sells_plans() -> None:
    reading = read("Input", "$1 / MTok", title="Nova 2", headings=("Plans and prices", "API", "Nova 2"))
    assert told(reading) == [("Nova 2", "input", "1")]


def test_a_cache_hit_above_the_input_price_has_the_label_of_another_price() -> None:
    reading = read("$1.8 / MTok", "Input", "$10.8 / MTok", "Cache read", "$0.42 / MTok", title="Nova 2")
    assert told(reading) == [("Nova 2", "input", "1.8")]
    assert "ragged_row" in {complaint.kind for complaint in reading.complaints}
