"""What is skipped at once: no word that a pattern knows may be lost because a text was not looked at."""

from __future__ import annotations

import pytest

from scrapers.rates import TokenRange
from scrapers.reading.currencies import CURRENCY_OF, find_currencies
from scrapers.reading.dates import _MONTHS, read_validity
from scrapers.reading.tiers import find_ranges
from scrapers.reading.units import _MAGNITUDES, _NOUN_OF, _SELF_SCALED, Unit, find_units
from scrapers.reading.vocabulary import Meaning

_NO_LABEL = frozenset({"rp", "rp.", "rs.", "s$", "a$", "c$", "u$s", "块", "圆", "엔"})  # other words hold them


@pytest.mark.parametrize("name", sorted(set(CURRENCY_OF) - _NO_LABEL))
def test_every_currency_is_found_in_a_label(name: str) -> None:
    assert find_currencies(f"({name}/1M)") == {CURRENCY_OF[name]}
    assert find_currencies(f"({name.upper()}/1M)") == {CURRENCY_OF[name]}


@pytest.mark.parametrize("name", sorted(_MONTHS))
def test_every_month_is_read(name: str) -> None:
    until = read_validity(f"valid until 3 {name.upper()} 2026").valid_until
    assert until is not None
    assert (until.month, until.day) == (_MONTHS[name], 4)


@pytest.mark.parametrize("noun", sorted(_NOUN_OF))
@pytest.mark.parametrize("lead", ["/", "per ", "每"])
def test_every_noun_is_a_unit_behind_a_separator(lead: str, noun: str) -> None:
    assert [found.unit.unit for found in find_units(f"$2 {lead}{noun}", is_label=False)] == [_NOUN_OF[noun]]


@pytest.mark.parametrize("magnitude", sorted(_MAGNITUDES))
def test_every_magnitude_scales_tokens(magnitude: str) -> None:
    per = 10 ** _MAGNITUDES[magnitude]
    assert [found.unit for found in find_units(f"prices: {magnitude} tokens")] == [Unit(per, "token")]


@pytest.mark.parametrize("word", sorted(_SELF_SCALED))
def test_every_scaled_word_is_a_unit_alone(word: str) -> None:
    assert [found.unit.per for found in find_units(f"USD {word.upper()}")] == [10 ** _SELF_SCALED[word]]


def test_a_scale_that_is_glued_to_its_noun_is_a_unit() -> None:
    assert [found.unit for found in find_units("Mtokens, Kchars")] == [Unit(10**6, "token"), Unit(10**3, "character")]


@pytest.mark.parametrize(
    ("lead", "is_upper"),
    [
        *((lead, True) for lead in ("up to", "at most", "no more than", "maximum", "max.", "within", "不超过", "最多")),
        *((lead, True) for lead in ("至多", "bis zu", "jusqu'à", "hasta", "até", "fino a", "до", "under", "below")),
        *(
            (lead, True)
            for lead in ("less than", "fewer than", "小于", "低于", "少于", "unter", "moins de", "menos de")
        ),
        *((lead, True) for lead in ("meno di", "менее", "≤", "<=", "<", "⩽")),
        *(
            (lead, False)
            for lead in ("over", "above", "more than", "greater than", "exceeding", "beyond", "大于", "超过")
        ),
        *((lead, False) for lead in ("高于", "über", "mehr als", "plus de", "más de", "mais de", "più di", "oltre")),
        *(
            (lead, False)
            for lead in ("более", "свыше", "lebih dari", "at least", "不少于", "ab", "from", "≥", ">=", ">")
        ),
    ],
)
def test_every_comparison_before_a_length_is_a_range(lead: str, *, is_upper: bool) -> None:
    (found,) = find_ranges(f"{lead} 200K tokens")
    span = found.tokens(None)
    assert span is not None
    assert (span.lte or 0) in ({200_000, 199_999} if is_upper else {0})
    assert (span.gt or 0) in ({0} if is_upper else {200_000, 199_999})


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("200K 以内", TokenRange(lte=200_000)),
        ("200K 及以下", TokenRange(lte=200_000)),
        ("200K 以上", TokenRange(gt=199_999)),
        ("200K 未満", TokenRange(lte=199_999)),
        ("200K を超える", TokenRange(gt=200_000)),
        ("200K or less", TokenRange(lte=200_000)),
        ("200K and above", TokenRange(gt=199_999)),
        ("200K 이하", TokenRange(lte=200_000)),
        ("200K 초과", TokenRange(gt=200_000)),
        ("200K 미만", TokenRange(lte=199_999)),
        ("200K+", TokenRange(gt=199_999)),
        ("32K to 200K", TokenRange(gt=32_000, lte=200_000)),
        ("32K 至 200K", TokenRange(gt=32_000, lte=200_000)),
        ("(32K, 200K]", TokenRange(gt=32_000, lte=200_000)),
        ("200K >= n > 32K", TokenRange(gt=32_000, lte=200_000)),
    ],
)
def test_every_form_of_a_range_is_found(text: str, span: TokenRange) -> None:
    assert [found.tokens(None) for found in find_ranges(text)] == [span]


def test_a_wider_meaning_fills_every_gap_and_no_more() -> None:
    """`over` names each field, so one that is added to `Meaning` must be added there."""
    wider = Meaning(
        *(frozenset({name}) if name in {"modalities", "roles"} else (name,) for name in Meaning._fields)  # type: ignore[arg-type]  # any value will do
    )._replace(unknown="words")
    assert Meaning(currency=None).over(wider) == wider
    assert Meaning(unknown="own").over(wider) == wider._replace(unknown="own words")
    assert wider.over(Meaning(direction="input", region="eu")) == wider
