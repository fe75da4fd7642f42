"""What is printed in any language and form is read back: ranges, units and days; and nothing is made up."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.rates import TokenRange
from scrapers.reading.dates import read_day, read_validity
from scrapers.reading.money import find_amounts
from scrapers.reading.text import clean
from scrapers.reading.tiers import find_ranges
from scrapers.reading.units import Unit, find_units, read_unit, unit_after

# Ranges

TWO_BOUNDS = [
    ("({low}, {high}]", 0, 0),
    ("[{low}, {high})", -1, -1),
    ("{low} < input tokens ≤ {high}", 0, 0),
    ("{high} ≥ prompt > {low}", 0, 0),
    ("{low} ≤ 输入长度 < {high}", -1, -1),
]
ONE_BOUND = [
    ("≤ {n}", None, 0),
    ("< {n} tokens", None, -1),
    ("{n} 以下", None, 0),
    ("{n}トークン以下", None, 0),
    ("{n} 未満", None, -1),
    ("{n} 토큰 이하", None, 0),
    ("bis zu {n} Tokens", None, 0),
    ("jusqu'à {n} jetons", None, 0),
    ("fino a {n}", None, 0),
    ("до {n} токенов", None, 0),
    ("menos de {n} tokens", None, -1),
    ("{n} or fewer", None, 0),
    ("> {n}", 0, None),
    ("≥ {n}", -1, None),
    ("{n} 以上", -1, None),
    ("{n} を超える", 0, None),
    ("{n} 초과", 0, None),
    ("über {n} Tokens", 0, None),
    ("más de {n} tokens", 0, None),
    ("oltre {n}", 0, None),
    ("более {n} токенов", 0, None),
    ("lebih dari {n}", 0, None),
]
SPELLINGS = [
    (lambda number: f"{number}"),
    (lambda number: f"{number:,}"),
    (lambda number: f"{number:,}".replace(",", ".")),
    (lambda number: f"{number:,}".replace(",", " ")),
    (lambda number: f"{number:,}".replace(",", "’")),
]
LENGTHS = st.integers(min_value=1_000, max_value=2_000_000)


@given(st.tuples(LENGTHS, LENGTHS).filter(lambda pair: pair[0] < pair[1]), st.sampled_from(TWO_BOUNDS))
def test_a_range_with_two_bounds_is_read_back(bounds: tuple[int, int], form: tuple[str, int, int]) -> None:
    printed, low_shift, high_shift = form
    low, high = bounds
    (found,) = find_ranges(clean(printed.format(low=low, high=high)))
    assert found.tokens(None) == TokenRange(low + low_shift, high + high_shift)


@given(LENGTHS, st.sampled_from(ONE_BOUND), st.sampled_from(SPELLINGS))
def test_a_range_with_one_bound_is_read_back(
    number: int, form: tuple[str, int | None, int | None], spell: object
) -> None:
    printed, low, high = form
    (found,) = find_ranges(clean(printed.format(n=spell(number))))  # type: ignore[operator]  # a function of a table
    assert found.tokens(None) == TokenRange(
        None if low is None else number + low, None if high is None else number + high
    )


@given(st.integers(min_value=1, max_value=999), st.sampled_from(["k", "K", " K", "千", " Tsd.", " тыс", " mil", "천"]))
def test_thousands_of_any_language_are_thousands(number: int, scale: str) -> None:
    (found,) = find_ranges(clean(f"≤ {number}{scale}"))
    assert found.tokens(None) == TokenRange(None, number * 1000)


@given(st.text(alphabet="0123456789kKM[]()<>≤≥,.-~+ 以上下", max_size=20))
def test_a_range_says_no_number_that_is_not_printed(text: str) -> None:
    printed = clean(text)
    digits = re.sub(r"\D", "", printed)
    for found in find_ranges(printed):
        assert 0 <= found.start < found.end <= len(printed)
        for bound in (found.low, found.high):
            assert bound is None or type(bound) is Decimal
            assert not bound or "".join(map(str, bound.normalize().as_tuple().digits)) in digits
        span = found.tokens(None)
        assert span is None or all(type(each) is int for each in (span.gt, span.lte) if each is not None)


# Units

SCALES = {
    6: [
        "1M",
        "1,000,000",
        "1 000 000",
        "1.000.000",
        "million",
        "1 Mio.",
        "百万",
        "百萬",
        "100万",
        "백만",
        "100만",
        "1 млн",
    ],
    3: ["1K", "1,000", "1000", "thousand", "千", "천", "1 тыс.", "mil", "tausend", "ribu"],
}
TOKENS = ["tokens", "Token", "tok", "トークン", "토큰", "词元", "токенов", "jetons"]


def test_a_unit_of_tokens_is_read_back_in_every_language() -> None:
    wrong = [
        (text, found)
        for power, scales in SCALES.items()
        for scale, noun in itertools.product(scales, TOKENS)
        for text in (f"{scale} {noun}", *(f"{lead}{scale} {noun}" for lead in ("/", "per ", "pro ", "за ", "每")))
        if (found := read_unit(text)) != Unit(Decimal(10) ** power, "token")
    ]
    assert wrong == []


@given(st.text(alphabet="/ 0123456789kKM,.perto百万千每次images토큰당", max_size=24))
def test_a_unit_says_no_number_that_is_not_printed(text: str) -> None:
    printed = clean(text)
    for found in find_units(printed):
        assert 0 <= found.start < found.end <= len(printed)
        assert type(found.unit.per) is Decimal
        digits = str(found.unit.per).rstrip("0") or "0"
        assert digits in {"1", "1E+"} or digits[0] in printed


def test_a_unit_must_follow_its_amount_at_once() -> None:
    assert unit_after("$5 in all, 3 / image", 2) is None
    assert unit_after("$5 (per image)", 2) is not None


# Days

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2039, 12, 31))
ENGLISH = " ".join(f"{date(2000, month, 1):%B}" for month in range(1, 13))
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
INDONESIAN = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"
FORMS = [
    ("{d:%Y-%m-%d}", ""),
    ("{d:%Y/%m/%d}", ""),
    ("{d.year}年{d.month}月{d.day}日", ""),
    ("{d.year}년 {d.month}월 {d.day}일", ""),
    ("{d.day}.{d.month}.{d.year}", ""),
    ("{month} {d.day}, {d.year}", ENGLISH),
    ("{d.day} {month} {d.year}", ENGLISH),
    ("{d.day}. {month} {d.year}", GERMAN),
    ("{d.day} {month} {d.year}", FRENCH),
    ("{d.day} de {month} de {d.year}", SPANISH),
    ("{d.day} {month} {d.year} года", RUSSIAN),
    ("{d.day} {month} {d.year}", INDONESIAN),
]


def printed_day(day: date, form: tuple[str, str]) -> str:
    return form[0].format(d=day, month=form[1].split()[day.month - 1] if form[1] else "")


@given(DAYS, st.sampled_from(FORMS), st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"]))
def test_a_day_is_read_back_in_every_language(day: date, form: tuple[str, str], zone: str) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    printed = printed_day(day, form)
    assert read_day(f"Gone on {printed} for good.", zone) == midnight
    validity = read_validity(f"from {printed}", zone)
    assert (validity.valid_from, validity.valid_until, validity.rest) == (midnight, None, "")


@given(DAYS, st.sampled_from(FORMS))
def test_through_a_day_ends_with_the_day(day: date, form: tuple[str, str]) -> None:
    next_day = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    assert read_validity(f"nova-4 through {printed_day(day, form)}").valid_until == next_day


@given(DAYS, st.integers(min_value=-180, max_value=180))
def test_a_day_without_a_year_is_the_nearest_to_the_capture(captured: date, distance: int) -> None:
    day = captured + timedelta(days=distance)
    read = read_day(
        f"{ENGLISH.split()[day.month - 1]} {day.day}", "UTC", datetime(*captured.timetuple()[:3], tzinfo=UTC)
    )
    assert read == datetime(day.year, day.month, day.day, tzinfo=UTC) or (day.month, day.day) == (2, 29)


@pytest.mark.parametrize("text", ["February 31, 2026", "2026-13-01", "31.4.2026", "2026年2月30日", "March 5", "no day"])
def test_what_no_calendar_holds_is_no_day(text: str) -> None:
    assert read_day(text) is None
    assert read_validity(f"from {text}").valid_from is None


# Money


@given(st.text(alphabet="0123456789.,' $€¥￥元円₽kKMe-+/()约原价 ", max_size=30), st.booleans())
def test_an_amount_is_exact_and_stands_where_it_says(text: str, bare: bool) -> None:
    printed = clean(text)
    for amount in find_amounts(printed, bare=bare):
        assert type(amount.value) is Decimal
        assert amount.printed in printed[amount.start : amount.end]
        assert amount.currency is not None or bare or amount.doubt
