"""Money, units, ranges, dates and labels: the ugly cases that pages print, one line each."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.documents.blocks import Run
from scrapers.rates import TokenRange, format_decimal
from scrapers.reading.cells import read_cell
from scrapers.reading.currencies import find_currencies
from scrapers.reading.dates import read_validity
from scrapers.reading.labels import Scope
from scrapers.reading.money import find_amounts
from scrapers.reading.names import is_model_like, read_model, read_models
from scrapers.reading.text import clean
from scrapers.reading.tiers import find_ranges
from scrapers.reading.units import FOREIGN, find_units, read_unit, unit_after
from scrapers.reading.vocabulary import load_vocabulary

SCOPE = Scope()

MONEY = [
    ("$3 / MTok", [("3", "USD")]),
    ("$0.075", [("0.075", "USD")]),
    ("$1,234.50", [("1234.50", "USD")]),
    ("$1,234", [("1234", "USD")]),
    ("1.234,50 €", [("1234.50", "EUR")]),
    ("22,50 $", [("22.50", "USD")]),
    ("0,125 €", [("0.125", "EUR")]),
    ("￥１．００", [("1.00", "¥")]),
    ("CN¥8", [("8", "CNY")]),
    ("0.8元/千tokens", [("0.8", "CNY")]),
    ("110円", [("110", "JPY")]),
    ("0.14 美元", [("0.14", "USD")]),
    ("USD 2.50", [("2.50", "USD")]),
    ("US$2.50", [("2.50", "USD")]),
    ("HK$20", [("20", "HKD")]),
    ("NT$90", [("90", "TWD")]),
    ("R$5,00", [("5.00", "BRL")]),
    ("15 ₽", [("15", "RUB")]),
    ("2分/千tokens", [("0.02", "CNY")]),
    ("15 cents", [("0.15", "USD")]),
    ("$0.50, prompts <= 200k tokens $1.00", [("0.50", "USD"), ("1.00", "USD")]),
    ("原价12元", [("12", "CNY")]),
    ("gpt-4 8K 50% 1_000 0x10", []),
    ("version 2.5 of 2026", []),
]


@pytest.mark.parametrize(("text", "expected"), MONEY)
def test_amounts(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(format_decimal(a.value), a.currency) for a in find_amounts(clean(text))] == expected


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("from $3", "open"),
        ("$2.53~$5.62", "range"),
        ("$1 - $2", "range"),
        ("2元起", "open"),
        ("$-1", "negative"),
        ("up to $5", "open"),
    ],
)
def test_doubtful_amounts_say_why(text: str, doubt: str) -> None:
    assert doubt in find_amounts(clean(text))[0].doubt


def test_a_point_before_three_digits_is_doubtful_where_commas_are_decimal() -> None:
    assert find_amounts("1.250 €", mark="?")[0].doubt
    assert not find_amounts("1.250 €")[0].doubt
    assert not find_amounts("0.125 €", mark="?")[0].doubt


@given(st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False, allow_infinity=False))
def test_printing_and_reading_money_round_trips(value: Decimal) -> None:
    for text in (f"${value:f} / MTok", f"{value:f}元/千tokens", f"Input: ${value:f}", f"USD {value:f}"):
        (amount,) = find_amounts(clean(text))
        assert amount.value == value
        assert not amount.doubt


@given(st.integers(min_value=1000, max_value=10**9), st.sampled_from(["$", "€", "£"]))
def test_thousands_separators_do_not_change_a_number(value: int, sign: str) -> None:
    assert find_amounts(f"{sign}{value:,}.50")[0].value == Decimal(f"{value}.50")


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    cleaned = clean(text)
    find_amounts(cleaned, bare=True)
    find_units(cleaned)
    find_ranges(cleaned)
    SCOPE.label(text)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 10_000,
        "1," * 5_000,
        "$" * 10_000,
        "1 " * 5_000,
        "[" * 5_000,
        "per " * 2_500,
        "input " * 1_500,
        "1.1" * 3_000,
    ],
)
def test_hostile_text_is_read_quickly(text: str) -> None:
    started = time.perf_counter()
    find_amounts(clean(text))
    find_units(clean(text))
    find_ranges(clean(text))
    assert time.perf_counter() - started < 2


UNITS = [
    ("$3 / MTok", 1_000_000, "token"),
    ("per M input tokens", 1_000_000, "token"),
    ("Price per 1,000 input tokens", 1000, "token"),
    ("每百万Token", 1_000_000, "token"),
    ("元/千tokens", 1000, "token"),
    ("单价 / 万字符", 10_000, "character"),
    ("/Mt", 1_000_000, "token"),
    ("/ M Tokens", 1_000_000, "token"),
    ("100万トークンあたり", 1_000_000, "token"),
    ("100만 토큰당", 1_000_000, "token"),
    ("pro Million Token", 1_000_000, "token"),
    ("par million de tokens", 1_000_000, "token"),
    ("por millón de tokens", 1_000_000, "token"),
    ("за 1 млн токенов", 1_000_000, "token"),
    ("缓存存储(百万tokens/小时)", 1_000_000, "token_hour"),
    ("/ 1,000,000 tokens per hour", 1_000_000, "token_hour"),
    ("/ 1k calls", 1000, "request"),
    ("元/千次", 1000, "request"),
    ("per image", 1, "image"),
    ("per 4K image", 1, "image"),
    ("/second", 1, "second"),
    ("per audio minute", 1, "minute"),
    ("per 1,000 pages", 1000, "page"),
    ("/ month", 1, FOREIGN),
    ("元/GB/小时", 1, FOREIGN),
    ("per session-hour", 1, FOREIGN),
]


@pytest.mark.parametrize(("text", "per", "unit"), UNITS)
def test_units(text: str, per: int, unit: str) -> None:
    (found,) = find_units(clean(text))
    assert (found.unit.per, found.unit.unit) == (per, unit)


@pytest.mark.parametrize("text", ["262,144 tokens", "128K context", "text / image / video", "GPT-4 Pro Image", "8K"])
def test_no_units(text: str) -> None:
    assert find_units(clean(text)) == ()


def test_a_hint_is_one_unit_or_none() -> None:
    assert read_unit("token").per == 1  # type: ignore[union-attr]  # None would fail the test as it should
    assert read_unit("1M tokens / 1K tokens") is None


RANGES = [
    ("<= 200K", "context", None, 200_000),
    ("<32K", "context", None, 31_999),
    (">=200K", "context", 199_999, None),
    ("> 200,000 input tokens", "context", 200_000, None),
    ("32K < input <= 128K", "context", 32_000, 128_000),
    ("0<Token≤256K", "context", None, 256_000),
    ("8,192 < 长度 ≤ 32,768 tokens", "context", 8192, 32_768),
    ("(128K, 1M]", "context", 128_000, 1_000_000),
    ("[0, 32K)", "context", None, 31_999),
    ("输入长度 512k+", "context", 511_999, None),
    ("up to 128k tokens", "context", None, 128_000),
    ("over 200k tokens", "context", 200_000, None),
    ("128K以上", "context", 127_999, None),
    ("200K を超える入力トークン", "context", 200_000, None),
    ("200K 入力トークン以下", "context", None, 200_000),
    ("输出长度 ≤ 4K", "output", None, 4000),
    ("32k~128k", "context", 32_000, 128_000),
]


@pytest.mark.parametrize(("text", "axis", "low", "high"), RANGES)
def test_ranges(text: str, axis: str, low: int | None, high: int | None) -> None:
    (found,) = find_ranges(clean(text))
    assert (found.axis, found.tokens(None)) == (axis, TokenRange(low, high))


@pytest.mark.parametrize("text", ["1M", "128K", "moonshot-v1-128k", "2~15", "16:30-00:30", "gpt-4-32k"])
def test_a_bare_length_is_no_range(text: str) -> None:
    assert find_ranges(clean(text)) == ()


def test_two_axes_in_one_cell_take_their_scale_from_the_header() -> None:
    found = find_ranges(clean("输入长度 [0, 32) 输出长度 [0.2+)"))

    assert [(one.axis, one.tokens(1000)) for one in found] == [
        ("context", TokenRange(None, 31_999)),
        ("output", TokenRange(199, None)),
    ]
    assert [one.tokens(None) for one in found] == [None, None]


def test_dates_say_from_when_until_when() -> None:
    until = read_validity("Nova Sonnet through August 31, 2026")
    assert (until.rest, until.valid_until) == ("Nova Sonnet", datetime(2026, 9, 1, tzinfo=UTC))
    beijing = read_validity("自2026年9月1日起", "Asia/Shanghai")
    assert beijing.valid_from == datetime(2026, 8, 31, 16, tzinfo=UTC)
    clock = read_validity("北京时间2025年2月9日 00:00起", "UTC")
    assert clock.valid_from is not None
    near = read_validity("until January 5", "UTC", datetime(2025, 12, 21, tzinfo=UTC))
    assert near.valid_until == datetime(2026, 1, 6, tzinfo=UTC)
    assert read_validity("nova-4o-2024-08-06").valid_until is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Base Input Tokens", {"direction": "input"}),
        ("Cache Hits & Refreshes", {"cache": "hit"}),
        ("5m Cache Writes", {"cache": "write", "ttl": "5m"}),
        ("1M INPUT TOKENS (CACHE MISS)", {"direction": "input", "cache": "miss"}),
        ("输入（缓存命中）", {"cache": "hit"}),
        ("缓存存储", {"cache": "storage"}),
        ("在线推理（低延迟）", {"tier": "low_latency"}),
        ("思考模式（思维链+回答）", {"mode": "thinking"}),
        ("OFF-PEAK", {"window": "off_peak"}),
        ("Eingabe", {"direction": "input"}),
        ("Sortie", {"direction": "output"}),
        ("Entrada en caché", {"cache": "hit"}),
        ("出力", {"direction": "output"}),
        ("출력", {"direction": "output"}),
        ("Keluaran", {"direction": "output"}),
        ("Uscita", {"direction": "output"}),
        ("Saída", {"direction": "output"}),
        ("快取命中", {"cache": "hit"}),
        ("Out ($/M)", {"direction": "output"}),
        ("In ($/M)", {"direction": "input"}),
    ],
)
def test_words_of_many_languages(text: str, said: dict[str, str]) -> None:
    label = SCOPE.label(text)
    assert {name: getattr(label, name) for name in said} == said
    assert not label.unknown


def test_states_are_told_from_nothing() -> None:
    vocabulary = load_vocabulary()
    words = {
        "Free": "free",
        "限时免费": "free",
        "No charge": "free",
        "Contact us": "contact",
        "N/A": "none",
        "—": "none",
    }
    assert {word: vocabulary.read_state(word) for word in words} == words
    assert vocabulary.read_state("$3") is None


def test_currencies_of_labels() -> None:
    assert find_currencies(clean("Preise in US-Dollar ($)")) == {"USD"}
    assert find_currencies(clean("单位：元/百万tokens")) == {"CNY"}
    assert find_currencies(clean("一元化多元模型")) == frozenset()


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("GLM-5.2 新品", "GLM-5.2"),
        ("kimi-k2-turbo-preview推荐", "kimi-k2-turbo-preview"),
        ("Claude Opus 4 (deprecated)", "Claude Opus 4"),
        ("Nova Pro*", "Nova Pro"),
        ("NEW Nova Pro", "Nova Pro"),
        ("Nova 3 🍌", "Nova 3"),
        ("DeepSeek-V4-Flash 原厂直供", "DeepSeek-V4-Flash 原厂直供"),
        ("Claude Sonnet 5 starting September 1, 2026", "Claude Sonnet 5"),
    ],
)
def test_names_without_what_pages_hang_on_them(printed: str, name: str) -> None:
    found = read_model(printed, SCOPE)
    assert found is not None
    assert found.name == name


def test_lines_of_a_models_cell_are_names_notes_or_the_rest_of_the_name() -> None:
    def names(*lines: str) -> list[str]:
        return [model.name for model in read_models(tuple((Run(line),) for line in lines), SCOPE)]

    assert names("nova-3-small", "nova-3-large") == ["nova-3-small", "nova-3-large"]
    assert names("Nova 2.5 Pro", "Computer Use-Preview") == ["Nova 2.5 Pro Computer Use-Preview"]
    assert names("nova-max", "Batch调用半价") == ["nova-max"]
    assert names("nova-4-mini", "with data sharing") == ["nova-4-mini with data sharing"]
    assert names("Nova Sonnet 4.6 / 4.5") == ["Nova Sonnet 4.6", "Nova Sonnet 4.5"]


def test_headings_that_are_no_models() -> None:
    for heading in ("Standard", "Model pricing", "Pricing in 2026.", "$20 per month", "Prices per 1M tokens"):
        assert not is_model_like(heading, SCOPE)


def test_a_struck_price_is_the_list_price() -> None:
    line = (Run("0.12元/千tokens (限时优惠，"), Run("原价0.15元", struck=True), Run("/千tokens)"))
    (price,) = read_cell((line,), SCOPE).prices
    assert price.amount is not None
    assert (price.amount.value, price.list_value) == (Decimal("0.12"), Decimal("0.15"))


def test_a_raised_mark_is_no_digit() -> None:
    (price,) = read_cell(((Run("$0.075"), Run("1", raised=True)),), SCOPE).prices
    assert price.amount is not None
    assert price.amount.value == Decimal("0.075")


def test_equivalents_in_other_terms_are_seen_and_not_read() -> None:
    line = (Run("$2.00 (text), equivalent to $0.0011 per image and $0.24 per 4K image"),)
    prices = read_cell((line,), SCOPE)
    assert [price.amount.value for price in prices.prices if price.amount] == [Decimal("2.00")]
    assert (prices.seen, len(prices.ignored)) == (3, 2)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("32,768 <", 32_768, None),
        ("up to 200 000 tokens", None, 200_000),
        ("at least 128K", 127_999, None),
        ("over 1.000.000 tokens", 1_000_000, None),
        ("20만 이하", None, 200_000),
        ("0 < n <= 256K", None, 256_000),
        ("1024 < n <= 32K", 1024, 32_000),
        ("per 1M tokens <= 200 тыс.", None, 200_000),
    ],
)
def test_ranges_in_other_notations(text: str, low: int | None, high: int | None) -> None:
    spans = [one.tokens(None) for one in find_ranges(clean(text))]
    assert spans == [TokenRange(low, high)]


@pytest.mark.parametrize("text", ["up to 5", "5 or more", "128K-32K"])
def test_small_numbers_and_falling_spans_are_no_ranges_of_tokens(text: str) -> None:
    assert not find_ranges(clean(text))


def test_a_call_that_is_paid_by_the_month_is_foreign() -> None:
    found = unit_after("$5 / 1,000 calls per month", 2)
    assert found is not None
    assert found.unit.unit == FOREIGN
    assert read_unit("per 1M tokens or per 1K images") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from September 31, 2026", None),
        ("from September 1", None),
        ("from 5:00 pm UTC on September 1, 2026", datetime(2026, 9, 1, 17, tzinfo=UTC)),
        ("from 10:00 UTC+8 on September 1, 2026", datetime(2026, 9, 1, 2, tzinfo=UTC)),
        ("from 25:00 on September 1, 2026", datetime(2026, 9, 1, tzinfo=UTC)),
    ],
)
def test_clocks_zones_and_days_that_do_not_exist(text: str, expected: datetime | None) -> None:
    assert read_validity(clean(text)).valid_from == expected
