"""Money in every form that pages print: a value, or a refusal that says why; never another value."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scrapers.rates import format_decimal
from scrapers.reading.currencies import find_currencies, strip_currencies
from scrapers.reading.money import Mark, find_amounts, read_mark
from scrapers.reading.text import clean

FORMS = [
    ("1 000,00 ₽", "1000.00", "RUB"),
    ("€ 1 250,50", "1250.50", "EUR"),  # a narrow blank that does not break
    ("1'250.50 CHF", "1250.50", "CHF"),
    ("CHF 1’250", "1250", "CHF"),
    ("₹1,00,000.50", "100000.50", "INR"),
    ("Rp1.250.000", "1250000", "IDR"),
    ("＄１．５０", "1.50", "USD"),
    ("￥０．８", "0.8", "¥"),
    ("CN¥ 2", "2", "CNY"),
    ("HK$5", "5", "HKD"),
    ("NT$ 30", "30", "TWD"),
    ("R$ 0,50", "0.50", "BRL"),
    ("USD$ 3", "3", "USD"),
    ("0,30 $ US", "0.30", "USD"),
    ("5 долларов США", "5", "USD"),
    ("₩1,300", "1300", "KRW"),
    ("1,300원", "1300", "KRW"),
    ("0.5¢", "0.005", "USD"),
    ("US¢ 5", "0.05", "USD"),
    ("25 cents", "0.25", "USD"),
    ("0.5 коп.", "0.005", "RUB"),
    ("0.3分/千tokens", "0.003", "CNY"),
    ("0.8厘", "0.0008", "CNY"),
    ("15角", "1.5", "CNY"),
    ("$.50", "0.50", "USD"),
    ("$1.5e-06", "0.0000015", "USD"),
    ("1.5万元", "15000", "CNY"),
    ("¥3千", "3000", "¥"),
    ("1.2元tokens", "1.2", "CNY"),
]


@pytest.mark.parametrize(("text", "value", "currency"), FORMS)
def test_forms_of_money(text: str, value: str, currency: str) -> None:
    (amount,) = find_amounts(clean(text))
    assert (Decimal(format_decimal(amount.value)), amount.currency, amount.doubt) == (Decimal(value), currency, "")


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("12345 000,00 ₽", "part of a longer number"),
        ("1。5元", "part of a longer number"),
        ("1.234.56 $", "no number of a known form"),
        ("$1,2,3", "no number of a known form"),
        ("¥2百万tokens", "a number whose scale is not clear"),
        ("$3 million", "a number whose scale is not clear"),
        ("$2.00+", "an open price"),
        ("à partir de 3 $", "an open price"),
        ("от 5 ₽", "an open price"),
        ("$3 / CHF 4 – 5 CHF", "a range"),
        ("3-$4", "a range"),
        ("Rp 15.000", "thousands or decimals"),
        ("$3 €", "two currencies"),
    ],
)
def test_what_cannot_be_read_for_certain_says_why(text: str, doubt: str) -> None:
    assert doubt in [amount.doubt for amount in find_amounts(clean(text))]


@pytest.mark.parametrize(
    "text", ["5分钟", "5分キャッシュ", "/ 1分", "10元素", "$12345678901234", "$3M", "поддержка 5", "v1.2.3"]
)
def test_what_is_no_money(text: str) -> None:
    assert not find_amounts(clean(text))


def test_a_list_comma_parts_two_numbers_and_a_wide_one_does_not() -> None:
    assert [amount.value for amount in find_amounts(clean("¥0.8，¥2"))] == [Decimal("0.8"), Decimal(2)]
    assert find_amounts(clean("１，５００円"))[0].value == 1500


def test_whose_cents_is_open_where_the_page_writes_commas() -> None:
    assert find_amounts("25 Cent", mark="?")[0].currency is None


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["0,30 €", "1.500 €"], ","),
        (["0.30 €", "1,500 €"], "."),
        (["1.234,50 €", "1.500 €"], ","),
        (["1.000.000 €", "1.500 €"], ","),
        (["0,30 €", "0.40 €", "1.500 €"], "?"),
        (["0,30", "1.500"], ","),
        (["GPT-4.1", "1.500 €"], None),
        (["0,30 €", "2 €"], None),
    ],
)
def test_the_other_numbers_tell_how_decimals_are_written(texts: list[str], mark: Mark | None) -> None:
    assert read_mark(texts) == mark


def test_words_inside_of_other_words_are_no_currency() -> None:
    assert [
        sorted(find_currencies(text)) for text in ("지원 모델", "рубрика", "가격 (원)", "単価(円)", "в долларах США")
    ] == [
        [],
        [],
        ["KRW"],
        ["JPY"],
        ["USD"],
    ]
    assert strip_currencies("Preis in US-Dollar").split() == ["Preis", "in"]


CONVENTIONS = [(",", "."), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("’", "."), ("\u202f", ",")]
SIGNS = ["{} €", "€{}", "USD {}", "R$ {}", "{} ₽", "{}元"]


@given(
    st.decimals(min_value=0, max_value=10**7, places=4, allow_nan=False, allow_infinity=False),
    st.integers(min_value=0, max_value=4),
    st.sampled_from(CONVENTIONS),
    st.sampled_from(SIGNS),
    st.sampled_from([".", ",", "?"]),
)
def test_every_convention_gives_the_value_or_a_refusal(
    value: Decimal, places: int, convention: tuple[str, str], sign: str, mark: Mark
) -> None:
    thousands, decimal = convention
    printed = f"{value:,.{places}f}"
    expected = Decimal(printed.replace(",", ""))
    text = sign.format(printed.replace(",", "\0").replace(".", decimal).replace("\0", thousands))
    assume(mark in {decimal, "?"})
    found = find_amounts(clean(text), mark=mark)
    assert len(found) == 1
    assert found[0].doubt or found[0].value == expected
    if mark == decimal and not sign.startswith("R$"):
        assert not found[0].doubt


@given(st.text(alphabet="0123456789.,' $€元万/-+e", max_size=24))
def test_a_signed_number_is_never_cut_out_of_a_longer_one(text: str) -> None:
    cleaned = clean(text)
    for amount in find_amounts(cleaned):
        at = cleaned.index(amount.printed, amount.start)
        around = cleaned[at - 1 : at] + cleaned[at + len(amount.printed) :][:1]
        assert amount.doubt or not any(char.isdigit() for char in around)


@pytest.mark.parametrize(
    ("text", "currency"), [("¥100円", "JPY"), ("¥2元", "CNY"), ("NT$ 5 $", "TWD"), ("$5 CAD", "CAD"), ("AUD $5", "AUD")]
)
def test_a_shared_sign_beside_a_name_is_that_currency(text: str, currency: str) -> None:
    (amount,) = find_amounts(clean(text))
    assert (amount.currency, amount.doubt) == (currency, "")
