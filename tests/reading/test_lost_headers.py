"""Headings that a page renames or drops: what they said is not guessed, and what is lost with them is reported."""

from __future__ import annotations

import pytest

from scrapers.errors import NoTable
from scrapers.reader import read_page

BANDS = """
| Model | <= 200K input tokens | {heading} |
|---|---|---|
| nova-1 | Input: $3 / MTok<br>Output: $15 / MTok | Input: $6 / MTok<br>Output: $22.50 / MTok |
"""


def test_labelled_prices_below_a_strange_heading_are_refused() -> None:
    read = read_page(BANDS.format(heading="Zorblax").encode())
    assert {str(rate.amount) for rate in read.rates} == {"3", "15"}
    assert "unknown_column" in {each.kind for each in read.complaints}


def test_labelled_prices_below_a_range_are_read() -> None:
    read = read_page(BANDS.format(heading="> 200K input tokens").encode())
    assert {str(rate.amount) for rate in read.rates} == {"3", "15", "6", "22.50"}


@pytest.mark.parametrize("state", ["Not available", "Free of charge"])
def test_a_state_is_never_a_model(state: str) -> None:
    page = f"""
## nova-2

| | | Paid Tier, per 1M tokens in USD |
|---|---|---|
| Input price | {state} | $2.00 |
| Output price | {state} | $12.00 |
| Context caching price | {state} | $0.20 |
"""
    assert {rate.model for rate in read_page(page.encode()).rates} == {"nova-2"}


def test_bare_numbers_below_no_heading_are_reported() -> None:
    page = """
| 模型名称 | 条件 | 推理输入（美元/百万 tokens） | |
|---|---|---|---|
| nova-3 | - | 0.14 | 0.28 |
| nova-4 | - | 0.24 | 0.48 |
"""
    read = read_page(page.encode())
    assert {str(rate.amount) for rate in read.rates} == {"0.14", "0.24"}
    assert "unknown_column" in {each.kind for each in read.complaints}


def test_a_name_that_says_embedding_does_not_turn_a_table_of_one_row() -> None:
    page = """
| Model | ID | Zorblax |
|---|---|---|
| Vega-M3 | `text-embedding-vega` | $0.15 / 1M tokens |
"""
    with pytest.raises(NoTable, match="zorblax"):
        read_page(page.encode())


@pytest.mark.parametrize("heading", ["Zorblax", ""])
def test_rows_that_two_columns_of_names_call_differently_are_refused(heading: str) -> None:
    page = f"""
| {heading} | API Name | Price |
|---|---|---|
| Nova-4 | nova-4 | $0.1 / MTok |
| Nova-5 | nova-5 | $0.2 / MTok |
| Web Search | search_pro | $0.01 / use |
"""
    read = read_page(page.encode())
    assert {rate.model_key for rate in read.rates} == {"nova 4", "nova 5"}
    assert [(each.kind, each.quote) for each in read.complaints] == [("unread_amount", "$0.01 / use")]


@pytest.mark.parametrize("heading", ["Model", "Zorblax"])
def test_a_column_of_companies_never_names_the_models(heading: str) -> None:
    page = f"""
| {heading} | Model provider | Input price |
|---|---|---|
| nova-4-instruct | Acme | $0.9 / MTok |
| vega-120b | Omega | $0.15 / MTok |
"""
    assert {rate.model for rate in read_page(page.encode()).rates} == {"nova-4-instruct", "vega-120b"}


def test_a_strange_heading_beside_models_is_no_model() -> None:
    page = """
| Model | Input price | Output price |
|---|---|---|
| nova-4 | $1 / MTok | $2 / MTok |

| Tool | Zorblax |
|---|---|
| Web Search | $0.01 / use |
"""
    read = read_page(page.encode())
    assert {rate.model for rate in read.rates} == {"nova-4"}
    assert [each.quote for each in read.complaints] == ["$0.01 / use"]


def test_a_refused_column_bounds_no_price_beside_it() -> None:
    page = """
## nova-2

| | Zorblax | Paid Tier, per 1M tokens in USD |
|---|---|---|
| Input price | $7, prompts <= 200k tokens $8, prompts > 200k tokens | $2.00 |
| Output price | $7, prompts <= 200k tokens $8, prompts > 200k tokens | $12.00 |
"""
    read = read_page(page.encode())
    assert {(str(rate.amount), rate.conditions.context_tokens) for rate in read.rates} == {
        ("2.00", None),
        ("12.00", None),
    }


def test_decimals_beside_meters_under_a_strange_heading_are_reported() -> None:
    page = """
| Model | Input price (USD / 1M tokens) |
|---|---|
| nova-4 | 0.5 |

| 模型名称 | 计费项 | Zorblax |
|---|---|---|
| nova-embed | 文本输入 | 0.07 |
| nova-embed | 图片输入 | 0.098 |
"""
    read = read_page(page.encode())
    assert {rate.model for rate in read.rates} == {"nova-4"}
    assert ("unknown_column", "0.07") in {(each.kind, each.quote) for each in read.complaints}


def test_a_row_cut_below_the_headings_borrows_nothing_from_them() -> None:
    page = "| Model | Input Tokens | Cache Hits | Output Tokens |\n|---|---|---|---|\n| nova-4 | $5 / MTok | "
    with pytest.raises(NoTable, match="more or fewer cells"):
        read_page(page.encode())


def test_a_broken_table_says_nothing_of_the_page() -> None:
    page = """
## nova-4

| | Free Tier | Paid Tier, per 1M tokens in USD |
|---|---|---|
| Input price | Free of charge | $2.00 |

## nova-5

| | Free Tier | Paid Tier, per 1M tokens in USD |
|---|----
"""
    free = [rate for rate in read_page(page.encode()).rates if rate.service_tier == "free"]
    assert [(rate.model, rate.state, rate.currency) for rate in free] == [("nova-4", "free", None)]


def test_a_price_by_the_minute_under_a_strange_heading_is_no_speech() -> None:
    page = """
| Model | Input (USD / 1M tokens) | Zorblax |
|---|---|---|
| nova-tts | 0.60 | $7.77 / minute |
"""
    read = read_page(page.encode())
    assert {(rate.meter, str(rate.amount)) for rate in read.rates} == {("input", "0.60")}
    assert "unknown_column" in {each.kind for each in read.complaints}


RANGES = """
| 模型名称 | {heading} | 推理输入（元/百万 tokens） |
|---|---|---|
| nova-3 | 输入长度 [0, 32] | 0.80 |
| nova-3 | 输入长度 (32, 128] | 1.20 |
"""


def test_a_range_keeps_its_unit_only_with_its_heading() -> None:
    read = read_page(RANGES.format(heading="条件 千 token").encode())
    assert {str(rate.amount): rate.conditions.context_tokens.lte for rate in read.rates} == {
        "0.80": 32_000,
        "1.20": 128_000,
    }
    for lost in ("Zorblax", ""):
        with pytest.raises(NoTable, match="range of unknown unit"):
            read_page(RANGES.format(heading=lost).encode())


SIDES = """
| Model | Feature | {heading} | Output | Price |
|---|---|---|---|---|
| Vega 4 | Image generation | Text prompt | Image | $0.06 per image |
| Vega 4 | Image editing | Image | Image | $0.02 per image |
"""


def test_what_goes_in_names_no_meter_beside_what_comes_out() -> None:
    read = read_page(SIDES.format(heading="Input").encode())
    assert {(rate.meter, str(rate.amount)) for rate in read.rates} == {("image", "0.06"), ("image", "0.02")}
    for lost in ("Zorblax", ""):
        with pytest.raises(NoTable, match="may go in or come out"):
            read_page(SIDES.format(heading=lost).encode())


def test_words_below_a_strange_heading_are_no_models() -> None:
    page = """
| Zorblax | Meaning | Price |
|---|---|---|
| Model calls | What calling a model costs | see the list |
| Sandbox runtime | Where code is run | $0.50 / hour |
| Tool calls | What calling a tool costs | web_search: $0.02 / request |
"""
    with pytest.raises(NoTable, match="beside no model's name"):
        read_page(page.encode())


def test_free_beside_prices_below_a_blank_heading_is_reported() -> None:
    page = """
## nova-2

| | | Paid Tier, per 1M tokens in USD |
|---|---|---|
| Input price | Free of charge | $0.30 |
| Output price | Free of charge | $2.50 |
| Used to improve our products | Yes | No |
| Training on your inputs | Yes | No |
"""
    read = read_page(page.encode())
    assert {str(rate.amount) for rate in read.rates} == {"0.30", "2.50"}
    assert "Free of charge" in {each.quote for each in read.complaints if each.kind == "unknown_column"}


def test_a_price_per_minute_below_a_strange_heading_is_no_speech() -> None:
    page = """
## Transcription and speech

Prices per 1M tokens.

### Audio tokens

| Model | Input | Output | Zorblax |
|---|---|---|---|
| nova-4-tts | - | $12.00 | $7.77 / minute |
| nova-4-transcribe | $6.00 | - | $7.77 / minute |
"""
    read = read_page(page.encode())
    assert "7.77" not in {str(rate.amount) for rate in read.rates}
    assert "$7.77 / minute" in {each.quote for each in read.complaints}


def test_a_strange_column_beside_both_sides_is_neither() -> None:
    page = """
| Model | Speciality | Input | Output | Price |
|---|---|---|---|---|
| Vega 4 | Images | Text | Image | $0.06 per image |
"""
    assert {(rate.meter, str(rate.amount)) for rate in read_page(page.encode()).rates} == {("image", "0.06")}
