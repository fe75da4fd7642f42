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
