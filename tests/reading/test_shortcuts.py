"""What is read on a shorter way reads as on the long one: an amount alone in its cell, a unit told by its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.documents.blocks import Run
from scrapers.reading.cells import read_cell
from scrapers.reading.labels import Scope, read_sentence
from scrapers.reading.money import Mark, find_amounts
from scrapers.reading.units import find_units

_SIGNS = st.sampled_from(["$", "€", "£", "¥", "US$", "CN¥", "₹"])
_NUMBERS = st.from_regex(r"[0-9]{1,7}(?:[.,][0-9]{1,7})?", fullmatch=True)
_TAILS = st.sampled_from(["", "元", " USD", "万", "+", " up", "/M"])
_MARKS: st.SearchStrategy[Mark] = st.sampled_from([".", ",", "?"])


@given(_SIGNS, _NUMBERS, _MARKS)
def test_an_amount_alone_is_the_one_that_stands_behind_a_word(sign: str, number: str, mark: Mark) -> None:
    alone = find_amounts(f"{sign}{number}", mark=mark)
    told = find_amounts(f"Price: {sign}{number}", mark=mark)
    assert [(a.value, a.currency, a.printed, a.doubt, a.end) for a in alone] == [
        (a.value, a.currency, a.printed, a.doubt, a.end - len("Price: ")) for a in told
    ]


@given(_SIGNS, _NUMBERS, _TAILS, _MARKS)
def test_a_cell_of_one_amount_reads_the_same_in_one_piece_and_in_two(
    sign: str, number: str, tail: str, mark: Mark
) -> None:
    scope = Scope(mark=mark)
    whole = read_cell(((Run(f"{sign}{number}{tail}"),),), scope)
    parted = read_cell(((Run(sign), Run(f"{number}{tail}")),), scope)
    assert whole == parted


@pytest.mark.parametrize("noun", ["tokens", "Zeichen", "caractères", "токенов", "词元", "トークン", "토큰", "imágenes"])
@pytest.mark.parametrize("lead", ["/ ", "per 1,000 ", "PER "])
def test_a_unit_is_found_whatever_its_language(lead: str, noun: str) -> None:
    assert [found.unit.unit for found in find_units(f"Input {lead}{noun}")] != []


def test_a_paragraph_says_its_unit_among_sentences_that_say_nothing() -> None:
    dull = "Teams choose a plan that suits them and keep what they have for as long as they like to."
    said = read_sentence(f"{dull} All prices are in USD per million tokens. {dull}", Scope())
    assert (said.currency, said.unit and said.unit.unit) == ("USD", "token")
    assert read_sentence(f"{dull} {dull}", Scope()).says_nothing
