"""Which model a card's prices belong to, on whole pages of lists and boxes."""

from __future__ import annotations

import pytest

from scrapers.errors import NoTable
from scrapers.reader import read_page


def prices(page: str) -> list[tuple[object, ...]]:
    return [(rate.model, rate.meter, str(rate.amount), rate.service_tier) for rate in read_page(page.encode()).rates]


def both(name: str, first: str, second: str, tier: str = "standard") -> list[tuple[object, ...]]:
    return [(name, "input", first, tier), (name, "output", second, tier)]


def test_a_bold_line_goes_before_the_heading_of_a_series() -> None:
    page = """# Provider

### M2 Series (Agents)

**mango-m2-preview** - Latest **[RECOMMENDED]**
- **Context:** 256K tokens
- **Architecture:** 1T/32B MoE
- **Pricing:** $0.15 (cache hit) / $0.60 (cache miss) / $2.50 (output) per 1M tokens

**mango-m2-turbo**
- **Pricing:** $0.30 (cache hit) / $1.20 (cache miss) / $5.00 (output) per 1M tokens
"""
    assert [(model, meter, amount) for model, meter, amount, _ in prices(page)] == [
        ("mango-m2-preview", "cached_input", "0.15"),
        ("mango-m2-preview", "input", "0.60"),
        ("mango-m2-preview", "output", "2.50"),
        ("mango-m2-turbo", "cached_input", "0.30"),
        ("mango-m2-turbo", "input", "1.20"),
        ("mango-m2-turbo", "output", "5.00"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<h3>Mercury Edit</h3><p>Input: $0.25 / 1M tokens</p><p>Output: $0.75 / 1M tokens</p>",
        "<h3>Mercury Edit</h3><p>Input</p><p>$0.25</p><p>/1M tokens</p><p>Output</p><p>$0.75</p><p>/1M tokens</p>",
        "<div>Mercury Edit</div><div>Input: $0.25 / 1M tokens</div><div>Output: $0.75 / 1M tokens</div>",
        "<p>Prices per 1M tokens</p><ul><li><b>Mercury Edit</b>: $0.25 input / $0.75 output</li></ul>",
        "<ol><li>Mercury Edit: input $0.25 / 1M tokens, output $0.75 / 1M tokens</li></ol>",
    ],
)
def test_a_name_without_a_digit_is_known_by_its_place(page: str) -> None:
    assert prices(page) == both("Mercury Edit", "0.25", "0.75")


@pytest.mark.parametrize(
    "title", ["Chat Completions", "Text Generation", "Serverless", "Pro Plan", "对话模型", "Pro 5"]
)
def test_the_heading_of_a_section_is_no_model(title: str) -> None:
    page = f"<h3>{title}</h3><p>Input: $0.25 / 1M tokens</p><p>Output: $0.75 / 1M tokens</p>"
    with pytest.raises(NoTable) as refused:
        read_page(page.encode())
    assert refused.value.found == "unread_amount"


def test_an_id_in_code_names_the_card_of_a_family() -> None:
    page = """<div><div><h2>Aria 2</h2></div><div>Model ID: aria-2-large</div><div>Pricing (per 1M tokens)</div>
        <div>$0.80 (input) / $2.40 (output)</div></div>"""
    assert prices(page) == both("aria-2-large", "0.80", "2.40")


def test_a_tier_before_a_colon_is_of_all_prices_of_its_line() -> None:
    page = """<h3>Raven R1</h3><p>Standard: $0.55 input, $2.19 output per 1M tokens</p>
        <p>Batch: $0.275 input, $1.095 output per 1M tokens</p>"""
    assert prices(page) == both("Raven R1", "0.55", "2.19") + both("Raven R1", "0.275", "1.095", "batch")


def test_what_a_price_was_is_its_list_price_and_no_condition() -> None:
    page = '<html lang="zh"><h3>豆蔻-2</h3><ul><li>输入：0.8元/百万tokens（原价2元，限时4折）</li></ul></html>'
    (rate,) = read_page(page.encode()).rates
    assert (str(rate.amount), str(rate.list_amount), rate.conditions.other) == ("0.8", "2", None)


@pytest.mark.parametrize(
    ("lines", "meter", "unit"),
    [
        (("$0.04 / image",), "image", "image"),
        (("Text to speech", "$15.00 / 1M characters"), "speech", "character"),
        (("Transcription", "$0.006 / minute"), "speech", "minute"),
        (("Embeddings", "$0.02 / 1M tokens"), "input", "token"),
    ],
)
def test_an_only_price_needs_no_direction_where_its_unit_says_what_is_bought(
    lines: tuple[str, ...], meter: str, unit: str
) -> None:
    page = "<h4>Vega 2</h4>" + "".join(f"<p>{line}</p>" for line in lines)
    assert [(rate.model, rate.meter, rate.unit) for rate in read_page(page.encode()).rates] == [("Vega 2", meter, unit)]


def test_an_only_price_of_tokens_is_of_both_directions() -> None:
    assert prices("<h4>Ostrich 70B</h4><p>Price: $0.90 per 1M tokens</p>") == both("Ostrich 70B", "0.90", "0.90")


def test_a_remark_with_an_amount_is_no_price() -> None:
    page = "<h4>Vega 2</h4><p>Image input is set at 560 tokens or $0.0011 per image.</p>"
    with pytest.raises(NoTable):
        read_page(page.encode())


def test_badges_remarks_and_struck_names_in_a_column_of_models() -> None:
    page = """<table><tr><th>Model</th><th>Input / MTok</th><th>Output / MTok</th></tr>
        <tr><td><a>vega-1</a><span class="badge">NEW</span><br><small>Best for coding</small></td>
        <td>$1</td><td>$4</td></tr>
        <tr><td><a>vega-1-mini</a><span>Beta</span></td><td>$0.2</td><td>$0.8</td></tr>
        <tr><td><s>vega-0</s> (deprecated)</td><td>$2</td><td>$8</td></tr>
        <tr><td>Flux 1.1 [pro]</td><td>$3</td><td>$9</td></tr></table>"""
    assert prices(page) == [
        *both("vega-1", "1", "4"),
        *both("vega-1-mini", "0.2", "0.8"),
        *both("vega-0", "2", "8"),
        *both("Flux 1.1 [pro]", "3", "9"),
    ]
