"""Prices that stand only in the sentences of an announcement, and amounts there that are none."""

from __future__ import annotations

import pytest

from scrapers.errors import NoTable
from scrapers.rates import Rate
from scrapers.reader import read_page


def told(rates: tuple[Rate, ...]) -> list[tuple[object, ...]]:
    return [(rate.model, rate.meter, f"{rate.amount} {rate.currency}/{rate.per}") for rate in rates]


@pytest.mark.parametrize(
    ("page", "model", "amounts"),
    [
        (
            "Nova 3 is priced at $2 per million input tokens and $8 per million output tokens.",
            "Nova 3",
            ("2 USD/1000000", "8 USD/1000000"),
        ),
        (
            "# Introducing Nova 2\n\nPricing is $0.15 per 1M input tokens and $0.60 per 1M output tokens, below GPT.",
            "Nova 2",
            ("0.15 USD/1000000", "0.60 USD/1000000"),
        ),
        (
            "## Nova Mini 1.7\n\nOur small model costs $0.20 / 1M input tokens, $0.40 / 1M output tokens.",
            "Nova Mini 1.7",
            ("0.20 USD/1000000", "0.40 USD/1000000"),
        ),
        (
            "# 星河-V2 发布\n\n星河-V2 的API定价为：输入1元/百万Tokens、输出2元/百万Tokens，仅为GPT-4的1%。",
            "星河-V2",
            ("1 CNY/1000000", "2 CNY/1000000"),
        ),
        (
            "# 新模型 Nova Turbo S\n\n定价上，Nova Turbo S 输入价格为0.8元/百万tokens，输出价格为2元/百万tokens。",
            "Nova Turbo S",
            ("0.8 CNY/1000000", "2 CNY/1000000"),
        ),
    ],
)
def test_a_sentence_that_names_model_amounts_units_and_directions(
    page: str, model: str, amounts: tuple[str, str]
) -> None:
    assert told(read_page(page.encode()).rates) == [(model, "input", amounts[0]), (model, "output", amounts[1])]


def test_the_evidence_is_quoted_as_printed() -> None:
    page = "# Nova 3\n\nNova 3 输入价格为￥0.8/百万tokens，输出价格为￥2/百万tokens，即日起生效。"
    quotes = [rate.evidence.quote for rate in read_page(page.encode()).rates]
    assert quotes == ["￥0.8/百万tokens", "￥2/百万tokens"]


def test_a_direction_in_brackets_behind_the_unit() -> None:
    rates = read_page(
        b"# Dolphin\n\nDolphin Pro 32k is 0.0008 yuan per thousand tokens (input), 99% below others."
    ).rates
    assert told(rates) == [("Dolphin Pro 32k", "input", "0.0008 CNY/1000")]


@pytest.mark.parametrize(
    "page",
    [
        "Today we are cutting Orion-3-Turbo from 5 yuan to 1 yuan per million tokens.",
        "即日起，Orion-3-Turbo 的调用价格从 5元/百万tokens 降至 1元/百万tokens。",
    ],
)
def test_of_a_reduction_the_new_price_is_in_force_and_the_old_one_its_list_price(page: str) -> None:
    rates = read_page(page.encode()).rates
    assert told(rates) == [("Orion-3-Turbo", meter, "1 CNY/1000000") for meter in ("input", "output")]
    assert {str(rate.list_amount) for rate in rates} == {"5"}


@pytest.mark.parametrize(
    "page",
    [
        "# Nova 3\n\nBy comparison, GPT-4 Turbo costs $10 per million input tokens and $30 per million output tokens.",
        "# Nova 3\n\nGPT-4 Turbo costs $10 per million input tokens and $30 per million output tokens.",
        "# Nova 3\n\nNova 3 is half the price of GPT-4 Turbo and 2x faster.",
        "# Nova 3\n\nPreviously, Nova 3 was $10 per million input tokens and $30 per million output tokens.",
        "# Nova 3\n\nNova 3 will cost $10 per million input tokens and $30 per million output tokens next year.",
        "# Nova 3\n\nNova 3 costs $10 per million input tokens and $30 per million output tokens in batch mode.",
        "# Nova 3\n\nNova 3 costs $10 and takes 3 minutes.",
        "# Nova 3\n\nNova 3 costs $3 per million tokens and $8 for the rest.",
        "Nova 3 costs $3 per million input tokens. GPT-4 Turbo costs $10 per million input tokens.",
        "For cache hits, Nova 3 users pay $0.014 per million tokens, which saves up to 90%.",
        "We will cut Nova 3 from $5 to $1 per million tokens.",
    ],
)
def test_comparisons_old_and_later_prices_are_no_rates(page: str) -> None:
    with pytest.raises(NoTable):
        read_page(page.encode())


def test_sentences_give_no_price_where_a_table_states_some() -> None:
    page = """# Nova 3

| Model | Input / MTok | Output / MTok |
|---|---|---|
| Nova 3 | $2 | $8 |

Nova 3 Mini costs $1 per million input tokens and $4 per million output tokens.
"""
    assert {rate.model for rate in read_page(page.encode()).rates} == {"Nova 3"}
