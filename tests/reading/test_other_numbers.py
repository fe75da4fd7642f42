"""Numbers that are no prices: limits, counts, scores, bills and other currencies, whatever a provider's hints lend."""

from __future__ import annotations

from textwrap import dedent

import pytest

from scrapers.catalog import Hints
from scrapers.errors import NoTable
from scrapers.reader import read_page

_LENT = Hints(currency="USD", unit="1M tokens")

PAGES = {
    "limits of a model": """
        | Model | Input tokens | Output tokens | Requests |
        |---|---|---|---|
        | nova-1 | 128000 | 16384 | 500 |
        """,
    "a worked example with its own prices": """
        | Item | Number of input tokens | Price per 1000 input tokens | Cost of input |
        |---|---|---|---|
        | Nova 1 inference | 5000 | $0.0008 | $0.004 |
        """,
    "limits by the minute": """
        | Model | Input tokens per minute | Output tokens per minute |
        |---|---|---|
        | nova-1 | 450,000 | 90,000 |
        """,
    "limits in Chinese": """
        | 模型 | 每分钟请求数 | 每分钟输入Token | 每分钟输出Token |
        |---|---|---|---|
        | nova-max | 600 | 1,000,000 | 200000 |
        """,
    "limits in Japanese": """
        | モデル | 入力トークン/分 | 出力トークン/分 |
        |---|---|---|
        | nova-1 | 30000 | 8000 |
        """,
    "a benchmark": """
        | Model | Accuracy | Input | Output | Score |
        |---|---|---|---|---|
        | nova-1 | 71.2 | 1200 | 330 | 88.1 |
        """,
    "a usage report": """
        | Day | Model | Input | Output | Cost |
        |---|---|---|---|---|
        | May 3 | nova-1 | 10233 | 812 | 0.41 |
        """,
    "a usage report in JSON": """
        {"data": [{"model": "nova-1", "input": 1332, "output": 812, "cost": 0.41}]}
        """,
    "training runs": """
        | Run | Base model | Epochs | Tokens | Cost |
        |---|---|---|---|---|
        | ft-1 | nova-1 | 3 | 1.2M | $6.00 |
        """,
    "a worked example": """
        ## Example: 10,000 chats

        | Model | Input | Output | Total |
        |---|---|---|---|
        | nova-1 | $25.00 | $20.00 | $45.00 |
        """,
    "shares of a machine": """
        | Model | Input (DBU per 1M tokens) | Output (DBU per 1M tokens) |
        |---|---|---|
        | nova-1 | 7.143 | 21.429 |
        """,
    "credits": """
        | Model | Input (credits per 1M tokens) | Output (credits per 1M tokens) |
        |---|---|---|
        | nova-1 | 125 | 500 |
        """,
    "points in Chinese": """
        | 模型 | 输入（积分/千tokens） | 输出（积分/千tokens） |
        |---|---|---|
        | nova-plus | 0.8 | 2 |
        """,
    "points in Japanese": """
        | モデル | 入力（ポイント/1,000トークン） | 出力（ポイント/1,000トークン） |
        |---|---|---|
        | nova-1 | 3 | 12 |
        """,
    "a token's price by the hour": """
        | Model | Input (per 1M tokens) |
        |---|---|
        | nova-1 | $1.00/hr |
        """,
}


@pytest.mark.parametrize("hints", [Hints(), _LENT], ids=["no hints", "hints"])
@pytest.mark.parametrize("page", PAGES)
def test_numbers_that_are_no_prices_stay_unread(page: str, hints: Hints) -> None:
    with pytest.raises(NoTable):
        read_page(dedent(PAGES[page]).strip().encode(), hints=hints)


def test_a_hint_lends_its_unit_to_amounts_with_a_currency_of_their_own() -> None:
    page = "| Model | Input | Output |\n|---|---|---|\n| nova-1 | $1.25 | $5.00 |\n"
    rates = read_page(page.encode(), hints=_LENT).rates
    assert [(rate.meter, str(rate.amount), str(rate.per)) for rate in rates] == [
        ("input", "1.25", "1000000"),
        ("output", "5.00", "1000000"),
    ]


def test_an_estimate_beside_a_price_is_passed_over() -> None:
    page = (
        "| Model | Price per million tokens | Estimated price per request |\n|---|---|---|\n| rerank-9 | $1 | $0.02 |\n"
    )
    assert [(rate.meter, rate.unit) for rate in read_page(page.encode()).rates] == [("input", "token")]


@pytest.mark.parametrize(("column", "read"), [("单位", ["0.8", "2"]), ("价格", [])])
def test_a_list_price_is_the_price_where_no_other_stands_beside_it(column: str, read: list[str]) -> None:
    page = f"""
        | 产品名 | 计费项 | 刊例价 | {column} |
        |---|---|---|---|
        | nova-1 | 输入 | 0.8 | 元/百万tokens |
        | nova-1 | 输出 | 2 | 元/百万tokens |
        """
    try:
        rates = read_page(dedent(page).encode()).rates
    except NoTable:
        rates = ()
    assert [str(rate.amount) for rate in rates] == read


def test_any_size_is_no_condition() -> None:
    page = (
        "| Model | Prompt size | Input ($/1M tokens) |\n|---|---|---|\n| nova-1 | any | $2 |\n| nova-2 | 不限 | $4 |\n"
    )
    assert [rate.conditions.other for rate in read_page(page.encode()).rates] == [None, None]
