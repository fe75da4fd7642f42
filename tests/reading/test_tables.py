"""Tables in the shapes that providers print: each case is a page of its own and all that may be read from it."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from scrapers.catalog import Hints
from scrapers.rates import PriceList, Rate
from scrapers.reader import read_page

CAPTURED = datetime(2026, 8, 1, tzinfo=UTC)


def read(text: str, hints: Hints | None = None) -> PriceList:
    return read_page(dedent(text).encode(), hints=hints or Hints(), captured_at=CAPTURED)


def brief(rate: Rate) -> str:
    """One rate as words: model, meter, amount, currency, per unit, and what is not usual about it."""
    said = rate.conditions.to_json()
    words = [rate.model, rate.meter, str(rate.amount) if rate.state == "priced" else rate.state]
    words += [rate.currency or "-", f"{rate.per:f}" if rate.per else "-", rate.unit or "-"]
    if rate.service_tier != "standard":
        words.append(rate.service_tier)
    for name, value in sorted(said.items()):
        words.append(f"{name}={value['gt']}..{value['lte']}" if isinstance(value, dict) else f"{name}={value}")
    if rate.list_amount is not None:
        words.append(f"list={rate.list_amount}")
    return " ".join(words)


CASES = {
    "models down, meters across": (
        """
        Prices per 1M tokens.

        | Model | Input | Cached input | Output |
        |---|---|---|---|
        | nova-1 | $1.25 | $0.125 | $10.00 |
        | nova-1-mini | $0.25 | - | $2.00 |
        """,
        """
        nova-1 input 1.25 USD 1000000 token
        nova-1 cached_input 0.125 USD 1000000 token
        nova-1 output 10.00 USD 1000000 token
        nova-1-mini input 0.25 USD 1000000 token
        nova-1-mini output 2.00 USD 1000000 token
        """,
    ),
    "old style: price per thousand in the cell, size as the row": (
        """
        ## Nova-4

        | Model | Prompt | Completion |
        |---|---|---|
        | 8K context | $0.03 / 1K tokens | $0.06 / 1K tokens |
        | 32K context | $0.06 / 1K tokens | $0.12 / 1K tokens |
        """,
        """
        Nova-4 input 0.03 USD 1000 token other=8K context
        Nova-4 output 0.06 USD 1000 token other=8K context
        Nova-4 input 0.06 USD 1000 token other=32K context
        Nova-4 output 0.12 USD 1000 token other=32K context
        """,
    ),
    "rows amid the body that restate the unit": (
        """
        | Model | Context | Pricing [in/out per million tokens] |
        |---|---|---|
        | **Language models** | | **Per million tokens** |
        | nova-4-0709 | 256,000 | $3.00 $15.00 |
        | **Image generation models** | | **Per image output** |
        | nova-2-image-1212 | | $0.07 |
        """,
        """
        nova-2-image-1212 image 0.07 USD 1 image
        nova-4-0709 input 3.00 USD 1000000 token
        nova-4-0709 output 15.00 USD 1000000 token
        """,
    ),
    "the length in a column of its own parts two rows of one model": (
        """
        <table><tr><th>Models</th><th>Context</th><th>Prompt (Per 1,000 tokens)</th></tr>
        <tr><td rowspan="2">Nova-4</td><td>8K</td><td>$0.03</td></tr><tr><td>32K</td><td>$0.06</td></tr></table>
        """,
        """
        Nova-4 input 0.03 USD 1000 token other=8K
        Nova-4 input 0.06 USD 1000 token other=32K
        """,
    ),
    "two meters in one row label, models across": (
        """
        <table><tr><th></th><th>Nova 3.5 Large</th><th>Nova 3.5 Small</th></tr>
        <tr><td>Context window</td><td>200K</td><td>200K</td></tr>
        <tr><td>Cost (Input / Output per MTok<sup>1</sup>)</td><td>$3.00 / $15.00</td><td>$0.80 / $4.00</td></tr>
        </table>
        """,
        """
        Nova 3.5 Large input 3.00 USD 1000000 token
        Nova 3.5 Large output 15.00 USD 1000000 token
        Nova 3.5 Small input 0.80 USD 1000000 token
        Nova 3.5 Small output 4.00 USD 1000000 token
        """,
    ),
    "an identifier that ends like a badge": (
        """
        | Model | Input (per 1M tokens) |
        |---|---|
        | nova-3-beta | $3 |
        | nova-3 Beta | $2 |
        """,
        """
        nova-3 input 2 USD 1000000 token
        nova-3-beta input 3 USD 1000000 token
        """,
    ),
    "free in a column whose amounts all name one unit of tokens": (
        """
        | 模型 | 类型 | 单价 |
        |---|---|---|
        | 云雀-plus | 文本生成 | 0.05元/千tokens |
        | 云雀-flash | 文本生成 | 免费 |
        """,
        """
        云雀-flash input free - 1000 token
        云雀-flash output free - 1000 token
        云雀-plus input 0.05 CNY 1000 token
        云雀-plus output 0.05 CNY 1000 token
        """,
    ),
    "what one dollar buys is no price": (
        """
        | AI Model | Speed (Tokens per Second) | Input Price (Per Million Tokens) | Output Price (Per Million Tokens) |
        |---|---|---|---|
        | Nova Scout (17Bx16E) | 594 TPS | $0.11 (9.09M / $1)* | $0.34 (2.94M / $1)* |
        """,
        """
        Nova Scout input 0.11 USD 1000000 token
        Nova Scout output 0.34 USD 1000000 token
        """,
    ),
    "batch and cache in the headers": (
        """
        | Acme models | Price per 1,000 input tokens | Price per 1,000 input tokens (batch) |
        |---|---|---|
        | Acme Sonnet 9 | $0.003 | $0.0015 |

        | Acme models | Price per 1,000 input tokens (cache write) | Price per 1,000 input tokens (cache read) |
        |---|---|---|
        | Acme Sonnet 9 | $0.00375 | $0.0003 |
        """,
        """
        Acme Sonnet 9 input 0.003 USD 1000 token
        Acme Sonnet 9 input 0.0015 USD 1000 token batch
        Acme Sonnet 9 cache_write 0.00375 USD 1000 token
        Acme Sonnet 9 cached_input 0.0003 USD 1000 token
        """,
    ),
    "a row for each price with its own unit": (
        """
        | 模型名称 | 版本名称 | 服务内容 | 子项 | 在线推理 | 批量推理 | 单位 |
        |---|---|---|---|---|---|---|
        | 云雀 4.5 | yunque-4.5-128k | 推理服务 | 输入 | 0.0008 | 0.00032 | 元/千tokens |
        | 云雀 4.5 | yunque-4.5-128k | 推理服务 | 命中缓存 | 0.0002 | - | 元/千tokens |
        | 云雀 4.5 | yunque-4.5-128k | 推理服务 | 输出 | 0.0032 | 0.00128 | 元/千tokens |
        """,
        """
        云雀 4.5 input 0.0008 CNY 1000 token
        云雀 4.5 input 0.00032 CNY 1000 token batch
        云雀 4.5 cached_input 0.0002 CNY 1000 token
        云雀 4.5 output 0.0032 CNY 1000 token
        云雀 4.5 output 0.00128 CNY 1000 token batch
        """,
    ),
    "two meters in one header and cell": (
        """
        | Model | Input/Output ($/1M tokens) |
        |---|---|
        | nova-2 | $0.15 / $0.60 |
        """,
        """
        nova-2 input 0.15 USD 1000000 token
        nova-2 output 0.60 USD 1000000 token
        """,
    ),
    "labels in the cell, the unit once at its end": (
        """
        | Model | Pricing |
        |---|---|
        | nova-3 | Input $3, output $15 per million tokens |
        """,
        """
        nova-3 input 3 USD 1000000 token
        nova-3 output 15 USD 1000000 token
        """,
    ),
    "German labels and decimal commas in the cell": (
        """
        Alle Preise gelten pro Million Token und sind in US-Dollar angegeben. Die Eingabe wird getrennt berechnet.

        | Modell | Eingabe | Ausgabe |
        |---|---|---|
        | nova-5 | 3,75 $ | 22,50 $ |
        """,
        """
        nova-5 input 3.75 USD 1000000 token
        nova-5 output 22.50 USD 1000000 token
        """,
    ),
    "Japanese headers": (
        """
        | モデル | 入力（100万トークンあたり） | キャッシュヒット | 出力（100万トークンあたり） |
        |---|---|---|---|
        | nova-jp | $1.00 | - | $4.00 |
        """,
        """
        nova-jp input 1.00 USD 1000000 token
        nova-jp output 4.00 USD 1000000 token
        """,
    ),
    "models across, windows as rows": (
        """
        Each price below is for 1M tokens.

        | MODEL | | nova-flash | nova-pro |
        |---|---|---|---|
        | CONTEXT LENGTH | | 1M | 1M |
        | PRICING | 1M INPUT TOKENS (CACHE HIT) | $0.01 | $0.02 |
        | PRICING | 1M INPUT TOKENS (CACHE MISS) | $0.10 | $0.20 |
        | PRICING | 1M OUTPUT TOKENS | $0.30 | $0.60 |
        | Concurrency Limit | | 2500 | 500 |
        """,
        """
        nova-flash cached_input 0.01 USD 1000000 token
        nova-pro cached_input 0.02 USD 1000000 token
        nova-flash input 0.10 USD 1000000 token
        nova-pro input 0.20 USD 1000000 token
        nova-flash output 0.30 USD 1000000 token
        nova-pro output 0.60 USD 1000000 token
        """,
    ),
    "bands in brackets whose scale the header names": (
        """
        | 模型名称 | 条件 千 token | 输入 元/百万token | 输出 元/百万token |
        |---|---|---|---|
        | 云雀-pro | 输入长度 [0, 32] | 0.8 | 2.0 |
        | 云雀-pro | 输入长度 (32, 128] | 1.2 | 16.0 |
        """,
        """
        云雀-pro input 0.8 CNY 1000000 token context_tokens=None..32000
        云雀-pro output 2.0 CNY 1000000 token context_tokens=None..32000
        云雀-pro input 1.2 CNY 1000000 token context_tokens=32000..128000
        云雀-pro output 16.0 CNY 1000000 token context_tokens=32000..128000
        """,
    ),
    "sale prices": (
        """
        | 模型 | 输入单价（每百万Token） | 输出单价（每百万Token） |
        |---|---|---|
        | 云雀-max | 原价12元 限时5折 | ~~36元~~ 18元 |
        """,
        """
        云雀-max input 6 CNY 1000000 token list=12
        云雀-max output 18 CNY 1000000 token list=36
        """,
    ),
    "free, contact and nothing are three things": (
        """
        | Model | Input (per 1M tokens) | Output (per 1M tokens) |
        |---|---|---|
        | nova-flash | Free | 限时免费 |
        | nova-max | Contact us | N/A |
        | nova-mini | $0.10 | — |
        """,
        """
        nova-flash input free - 1000000 token
        nova-flash output free - 1000000 token
        nova-max input contact - 1000000 token
        nova-mini input 0.10 USD 1000000 token
        """,
    ),
    "a tab's label as a line before its table": (
        """
        ## Text models

        Prices per 1M tokens.

        Standard

        | Model | Input | Output |
        |---|---|---|
        | nova-1 | $2.00 | $8.00 |

        Batch

        | Model | Input | Output |
        |---|---|---|
        | nova-1 | $1.00 | $4.00 |
        """,
        """
        nova-1 input 2.00 USD 1000000 token
        nova-1 output 8.00 USD 1000000 token
        nova-1 input 1.00 USD 1000000 token batch
        nova-1 output 4.00 USD 1000000 token batch
        """,
    ),
    "the model only in the heading, a free column beside": (
        """
        ## Nova 2.5 Pro

        ### Standard

        | | Free Tier | Paid Tier, per 1M tokens in USD |
        |---|---|---|
        | Input price | Free of charge | $1.25, prompts <= 200k tokens $2.50, prompts > 200k tokens |
        | Output price (including thinking tokens) | Not available | $10.00 |
        | Context caching price | N/A | $0.31 (text / image) $1.00 (audio) $4.50 / 1M tokens per hour (storage) |
        """,
        """
        Nova 2.5 Pro input free - - - free
        Nova 2.5 Pro input 1.25 USD 1000000 token context_tokens=None..200000
        Nova 2.5 Pro input 2.50 USD 1000000 token context_tokens=200000..None
        Nova 2.5 Pro output 10.00 USD 1000000 token
        Nova 2.5 Pro cached_input 0.31 USD 1000000 token
        Nova 2.5 Pro cached_audio_input 1.00 USD 1000000 token
        Nova 2.5 Pro cache_storage 4.50 USD 1000000 token_hour
        """,
    ),
    "a table about models that the sentence above names": (
        """
        | Model | Input | Output |
        |---|---|---|
        | Acme Sonnet 4 | $3 / MTok | $15 / MTok |
        | Acme Sonnet 4.5 | $3 / MTok | $15 / MTok |
        | Acme Opus 4 | $15 / MTok | $75 / MTok |

        ### Long context

        When using Acme Sonnet 4 or Sonnet 4.5 with long prompts, these rates apply:

        | ≤ 200K input tokens | > 200K input tokens |
        |---|---|
        | Input: $3 / MTok | Input: $6 / MTok |
        """,
        """
        Acme Sonnet 4 input 3 USD 1000000 token
        Acme Sonnet 4 output 15 USD 1000000 token
        Acme Sonnet 4.5 input 3 USD 1000000 token
        Acme Sonnet 4.5 output 15 USD 1000000 token
        Acme Opus 4 input 15 USD 1000000 token
        Acme Opus 4 output 75 USD 1000000 token
        Acme Sonnet 4 input 3 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4.5 input 3 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4 input 6 USD 1000000 token context_tokens=200000..None
        Acme Sonnet 4.5 input 6 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "several models in one cell, a blank cell below": (
        """
        | Model | ≤ 200K input tokens | > 200K input tokens |
        |---|---|---|
        | Acme Sonnet 4.5 / 4 | Input: $3 / MTok | Input: $6 / MTok |
        | | Output: $15 / MTok | Output: $22.50 / MTok |
        """,
        """
        Acme Sonnet 4.5 input 3 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4 input 3 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4.5 input 6 USD 1000000 token context_tokens=200000..None
        Acme Sonnet 4 input 6 USD 1000000 token context_tokens=200000..None
        Acme Sonnet 4.5 output 15 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4 output 15 USD 1000000 token context_tokens=None..200000
        Acme Sonnet 4.5 output 22.50 USD 1000000 token context_tokens=200000..None
        Acme Sonnet 4 output 22.50 USD 1000000 token context_tokens=200000..None
        """,
    ),
    "images by size and quality": (
        """
        ### Image generation

        Prices per image.

        | Model | Quality | 1024 x 1024 | 1024 x 1536 |
        |---|---|---|---|
        | nova-image | Low | $0.011 | $0.016 |
        | nova-image | High | $0.167 | $0.25 |
        """,
        """
        nova-image image 0.011 USD 1 image other=low, 1024 x 1024
        nova-image image 0.016 USD 1 image other=low, 1024 x 1536
        nova-image image 0.167 USD 1 image other=high, 1024 x 1024
        nova-image image 0.25 USD 1 image other=high, 1024 x 1536
        """,
    ),
    "an embedding model has one price, a chat model with one price two": (
        """
        ## Embedding models

        | Model | Price |
        |---|---|
        | nova-embed-3 | $0.02 / MTok |

        ## Chat models

        | Model | Price |
        |---|---|
        | nova-chat-32b | $0.10 / MTok |
        """,
        """
        nova-embed-3 input 0.02 USD 1000000 token
        nova-chat-32b input 0.10 USD 1000000 token
        nova-chat-32b output 0.10 USD 1000000 token
        """,
    ),
    "multipliers are no prices": (
        """
        | Model name | Input multiplier | Input price (per 1M token units) | Output price (per 1M token units) |
        |---|---|---|---|
        | nova-4o | 0.25 | $2.50 | $10.00 |
        """,
        """
        nova-4o input 2.50 USD 1000000 token
        nova-4o output 10.00 USD 1000000 token
        """,
    ),
    "a range that a postfix closes": (
        """
        | 模型 | 上下文长度 | 输入（元/百万tokens） |
        |---|---|---|
        | 云雀-x | 输入长度（0, 512k] | 2.1 |
        | 云雀-x | 输入长度 512k+ | 4.2 |
        """,
        """
        云雀-x input 2.1 CNY 1000000 token context_tokens=None..512000
        云雀-x input 4.2 CNY 1000000 token context_tokens=512000..None
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_page_says_exactly_this(name: str) -> None:
    page, expected = CASES[name]
    wanted = sorted(line.strip() for line in expected.strip().splitlines())

    assert sorted(brief(rate) for rate in read(page).rates) == wanted


def test_a_reduced_price_ends_when_the_footnote_of_its_mark_says_so() -> None:
    page = """
        <html lang="en"><h1>Models &amp; Pricing</h1><p>Prices are per 1M tokens.</p>
        <table><tr><th>Model</th><th>Input price</th><th>Output price</th></tr>
        <tr><td>nova-chat</td><td><del>$0.27</del><br>$0.14<sup>(4)</sup></td><td>$1.10<sup>(5)</sup></td></tr></table>
        <ul><li>(4) The form shows the original and the discounted price. Until 2026-12-08 16:00 (UTC), all users enjoy
        the discounted prices.</li><li>(5) Until 2026-12-09 16:00 (UTC) answers may be slower.</li></ul></html>
        """
    ends = {rate.meter: rate.valid_until for rate in read(page).rates}

    assert ends == {"input": datetime(2026, 12, 8, 16, tzinfo=UTC), "output": None}


def test_words_of_other_languages_name_cache_prices_and_lengths_in_full() -> None:
    page = """
        | Модель | Écritures de cache 1 h (/ MTok) | Попадания и обновления кэша (/ MTok) | 入力料金 (/ MTok) |
        |---|---|---|---|
        | Nova 5 | $10 | $0.50 | $1.25（プロンプトが 20 万トークン以下） |
        """

    assert [brief(rate) for rate in read(page).rates] == [
        "Nova 5 cache_write 10 USD 1000000 token cache_ttl=1h",
        "Nova 5 cached_input 0.50 USD 1000000 token",
        "Nova 5 input 1.25 USD 1000000 token context_tokens=None..200000",
    ]
