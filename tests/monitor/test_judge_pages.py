"""What only the whole page can show: lost tables and columns, shifts, swaps, one factor over many rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from monitor.judging.plausible import is_exchange_rate, is_unusual
from scrapers.rates import Rate
from tests.monitor.price_lists import Watch, catalogue, kinds, model, price, rate, told, with_price, without

PAGE = catalogue(9)
SOME = ("Model 1", "Model 2", "Model 3", "Model 4")


def _scaled(rates: tuple[Rate, ...], factor: str, *names: str) -> tuple[Rate, ...]:
    return tuple(
        replace(r, amount=(r.amount or Decimal(0)) * Decimal(factor)) if not names or r.model in names else r
        for r in rates
    )


def test_c03_two_models_fewer_are_removed_and_three_of_nine_too() -> None:
    assert kinds(Watch(PAGE).look(without(PAGE, "Model 1", "Model 2"))) == ["removal"]
    assert kinds(Watch(PAGE).look(without(PAGE, *SOME[:3]))) == ["removal"]


def test_c04_more_than_a_third_of_the_models_gone_is_a_lost_table() -> None:
    watch = Watch(PAGE)
    lost = watch.look(without(PAGE, *SOME))
    assert kinds(lost) == ["held"]
    assert "4 of 9 models are gone from the page at once (model 1, model 2, model 3, model 4)" in lost.events[0].why
    assert set(lost.accepted) == set(PAGE)


def test_a_lost_table_stays_held_and_other_removals_are_told() -> None:
    watch = Watch(PAGE)
    watch.look(without(PAGE, *SOME))
    assert watch.look(without(PAGE, *SOME)).events == ()
    later = watch.look(without(PAGE, *SOME, "Model 9"))
    assert {t[:2] for t in told(later)} == {("removal", "Model 9")}
    assert price(later, "Model 1", "input") == "1.00"


def test_a_lost_table_that_comes_back_leaves_nothing_behind() -> None:
    watch = Watch(PAGE)
    watch.look(without(PAGE, *SOME))
    back = watch.look(PAGE)
    assert (back.events, back.pending) == ((), ())


def test_a_price_that_changes_on_a_page_that_lost_its_table_is_held() -> None:
    judgement = Watch(PAGE).look(with_price(without(PAGE, *SOME), "Model 8", "input", "7"))
    assert kinds(judgement) == ["held"]
    assert price(judgement, "Model 8", "input") == "8.00"


def test_a_page_that_changed_its_form_tells_no_launches_and_no_removals() -> None:
    others = tuple(r for n in range(20, 40) for r in model(f"Other {n}", "1", "2"))
    judgement = Watch(PAGE).look((*without(PAGE, *SOME), *others))
    assert kinds(judgement) == ["held", "notice"]
    (notice,) = [e for e in judgement.events if e.kind == "notice"]
    assert notice.why.startswith("20 models appear on the page while")
    assert price(judgement, "Other 20", "input") == "1"
    assert price(judgement, "Model 1", "input") == "1.00"


def test_a_few_new_models_are_launches_even_when_a_table_is_lost() -> None:
    judgement = Watch(PAGE).look((*without(PAGE, *SOME), *model("Model 10", "1", "2")))
    assert kinds(judgement) == ["held", "launch"]


def test_more_than_half_of_the_prices_gone_is_a_lost_table_though_no_model_is() -> None:
    page = tuple(
        rate(f"Model {n}", "input", f"{n}", service_tier=tier)
        for n in (1, 2)
        for tier in ("standard", "batch", "flex", "priority", "low_latency")
    )
    page = tuple(r for r in page if r.service_tier != "batch")
    judgement = Watch((*page, *model("Model 3", "7", "8"))).look(page[::4])
    assert kinds(judgement) == ["held"]
    assert "8 of 10 prices are gone" in judgement.events[0].why


def test_c05_a_column_that_most_models_lost_is_not_removed() -> None:
    judgement = Watch(PAGE).look(tuple(r for r in PAGE if r.meter != "cached_input"))
    assert kinds(judgement) == ["held"]
    assert "9 of 9 models lost their cached input price: a lost column" in judgement.events[0].why
    assert set(judgement.accepted) == set(PAGE)


def test_a_cache_price_that_one_model_lost_is_removed() -> None:
    judgement = Watch(PAGE).look(tuple(r for r in PAGE if (r.model, r.meter) != ("Model 2", "cached_input")))
    assert told(judgement) == [("removal", "Model 2", "cached_input", "0.12", None)]


def test_c08_a_new_column_is_one_notice() -> None:
    batch = tuple(rate(f"Model {n}", "input", f"0.{n}", service_tier="batch") for n in range(1, 10))
    judgement = Watch(PAGE).look((*PAGE, *batch))
    assert [e.why for e in judgement.events] == [
        "9 of 9 models got input (batch) prices at once: a new column; taken over without an alert; seen once"
    ]
    assert len(judgement.accepted) == len(PAGE) + 9


def test_c09_a_column_that_went_under_another_name_is_held_on_both_sides() -> None:
    renamed = tuple(replace(r, meter="cache_write") if r.meter == "cached_input" else r for r in PAGE)
    judgement = Watch(PAGE).look(renamed)
    assert kinds(judgement) == ["held"]
    assert set(judgement.accepted) == set(PAGE)


def test_c07_exchanged_input_and_output_prices_are_held() -> None:
    other = {"input": "output", "output": "input"}
    swapped = tuple(replace(r, meter=other.get(r.meter, r.meter)) for r in PAGE)
    judgement = Watch(PAGE).look(swapped)
    assert kinds(judgement) == ["held"]
    assert "exchanged their prices: swapped columns" in judgement.events[0].why
    one = tuple(replace(r, meter=other.get(r.meter, r.meter)) if r.model == "Model 2" else r for r in PAGE)
    assert kinds(Watch(PAGE).look(one)) == ["held"]


def _columns(first: str, second: str, third: str) -> tuple[Rate, ...]:
    return tuple(
        rate(f"Model {n}", meter, str(n + Decimal(part)))
        for n in range(1, 6)
        for meter, part in (("input", first), ("cache_write", second), ("output", third))
    )


def test_a_column_in_the_middle_that_shifts_the_others_is_held() -> None:
    judgement = Watch(_columns("0.1", "0.4", "0.7")).look(_columns("0.1", "0.2", "0.4"))
    assert kinds(judgement) == ["held"]
    assert "shifted column" in judgement.events[0].why
    assert price(judgement, "Model 3", "output") == "3.7"


def test_a_standard_column_that_shows_the_batch_prices_is_held() -> None:
    batch = tuple(
        replace(r, service_tier="batch", amount=(r.amount or Decimal(0)) * Decimal("0.6"))
        for r in _columns("0.1", "0.4", "0.7")
    )
    shown = tuple(replace(r, service_tier="standard") for r in batch)
    judgement = Watch((*_columns("0.1", "0.4", "0.7"), *batch)).look((*shown, *batch))
    assert kinds(judgement) == ["held"]
    assert "now shows the old cache write (batch) price: a shifted column" in judgement.events[0].why


def test_standard_and_batch_prices_that_are_halved_together_are_a_cut() -> None:
    some = tuple(r for n in (1, 2, 3) for r in model(f"Model {n}", f"{n}.00", f"{n}.80"))
    batch = tuple(replace(r, service_tier="batch", amount=(r.amount or Decimal(0)) / 2) for r in some)
    judgement = Watch((*PAGE[9:], *some, *batch)).look((*PAGE[9:], *_scaled((*some, *batch), "0.5")))
    assert kinds(judgement) == ["cut"]


def test_c32_prices_that_moved_by_one_row_are_held() -> None:
    rows = [tuple(r for r in PAGE if r.model == f"Model {n}") for n in range(1, 10)]
    shifted = [rows[0]]
    for above, row in pairwise(rows):
        shifted.append(tuple(replace(r, amount=a.amount) for r, a in zip(row, above, strict=True)))
    judgement = Watch(PAGE).look(tuple(r for row in shifted for r in row))
    assert kinds(judgement) == ["held"]
    assert any("shows the price that the row of Model 1 had: a shifted row" in e.why for e in judgement.events)
    assert set(judgement.accepted) == set(PAGE)


def test_c32_other_changes_on_a_page_with_shifted_rows_are_held_too() -> None:
    rows = [tuple(r for r in PAGE if r.model == f"Model {n}") for n in range(1, 10)]
    shifted = [rows[0]]
    for above, row in pairwise(rows[:-1]):
        shifted.append(tuple(replace(r, amount=a.amount) for r, a in zip(row, above, strict=True)))
    last = tuple(replace(r, amount=(r.amount or Decimal(0)) * Decimal("0.9")) for r in rows[-1])
    judgement = Watch(PAGE).look((*(r for row in shifted for r in row), *last))
    assert kinds(judgement) == ["held"]
    assert set(judgement.accepted) == set(PAGE)


def test_a_price_that_stands_under_another_meter_now_was_not_removed() -> None:
    page = (*PAGE, rate("Embed", "input", "0.02"))
    judgement = Watch(page).look((*PAGE, rate("Embed", "output", "0.02")))
    assert [(e.kind, e.rate.meter) for e in judgement.events] == [("held", "input"), ("held", "output")]
    assert "stood under input and now stands under output: another label" in judgement.events[0].why
    assert set(judgement.accepted) == set(page)


def test_two_rows_that_slipped_together_are_held_though_no_third_did() -> None:
    def slipped(*rows: int) -> tuple[Rate, ...]:
        above = {f"Model {row}": f"Model {row - 1}" for row in rows}
        before = {(r.model, r.meter): r.amount for r in PAGE}
        return tuple(replace(r, amount=before[above.get(r.model, r.model), r.meter]) for r in PAGE)

    assert kinds(Watch(PAGE).look(slipped(3, 4))) == ["held"]
    assert kinds(Watch(PAGE).look(slipped(3))) == ["cut"]


def test_two_rows_that_exchanged_their_prices_are_held() -> None:
    page = (*model("Ann", "1", "4"), *model("Bob", "2", "7"), *PAGE)
    swapped = (*model("Ann", "2", "7"), *model("Bob", "1", "4"), *PAGE)
    assert kinds(Watch(page).look(swapped)) == ["held"]


def test_a_model_that_now_costs_what_its_neighbour_costs_was_cut() -> None:
    page = (*model("Ann", "1", "4"), *model("Bob", "2", "7"), *PAGE)
    assert kinds(Watch(page).look((*model("Ann", "1", "4"), *model("Bob", "1", "4"), *PAGE))) == ["cut"]


@pytest.mark.parametrize("factor", ["0.001", "1000", "7.1"])
def test_c12_one_factor_of_a_unit_or_a_currency_over_all_rows_is_held(factor: str) -> None:
    judgement = Watch(PAGE).look(_scaled(PAGE, factor))
    assert kinds(judgement) == ["held"]
    assert "27 of 27 prices on the page changed by the same factor" in judgement.events[0].why
    assert set(judgement.accepted) == set(PAGE)


def test_c34_all_prices_halved_are_held_and_believed_at_the_third_look() -> None:
    watch = Watch(PAGE)
    sale = _scaled(PAGE, "0.5")
    assert kinds(watch.look(sale)) == ["held"]
    assert watch.look(sale).events == ()
    assert kinds(watch.look(sale)) == ["cut"]


def test_c34_with_second_looks_nothing_is_told_before_the_third() -> None:
    watch = Watch(PAGE, confirm=True)
    sale = _scaled(PAGE, "0.5")
    assert (watch.look(sale).events, watch.look(sale).events) == ((), ())
    third = watch.look(sale)
    assert kinds(third) == ["cut"]
    assert "seen 3 times" in third.events[0].why


def test_the_same_cut_for_a_few_of_many_models_is_believed() -> None:
    assert kinds(Watch(PAGE).look(_scaled(PAGE, "0.5", *SOME))) == ["cut"]


def test_all_prices_of_one_model_times_a_rate_of_exchange_are_held() -> None:
    dear = with_price(with_price(PAGE, "Model 1", "input", "7.10"), "Model 1", "output", "28.90")
    judgement = Watch(PAGE).look(dear)
    assert kinds(judgement) == ["held"]
    assert "a rate of exchange" in judgement.events[0].why


def test_two_rises_by_about_seven_and_eight_are_no_rate_of_exchange() -> None:
    dear = with_price(with_price(PAGE, "Model 1", "input", "6.90"), "Model 1", "output", "33.20")
    assert kinds(Watch(PAGE).look(dear)) == ["raise"]


def test_a_cut_to_three_twentieths_is_no_rate_of_exchange() -> None:
    page = (*PAGE, *model("Ernie", "20", "60", currency="CNY"))
    assert kinds(Watch(page).look((*PAGE, *model("Ernie", "3", "9", currency="CNY")))) == ["cut"]


def test_c19_many_models_that_become_free_at_once_are_held() -> None:
    free = tuple(replace(r, state="free", amount=None) if r.model in SOME and r.meter == "input" else r for r in PAGE)
    judgement = Watch(PAGE).look(free)
    assert kinds(judgement) == ["held"]
    assert "4 models become free at once" in judgement.events[0].why


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (rate("A", "input", "0.0001"), True),
        (rate("A", "input", "5000"), True),
        (rate("A", "input", "5"), False),
        (rate("A", "input", "14000", currency="CNY"), False),
        (rate("A", "input", None), False),
        (rate("A", "speech", "400", per=Decimal(1), unit="minute"), True),
        (rate("A", "image", "0.04", per=Decimal(1), unit="image"), False),
    ],
)
def test_which_prices_are_unusual(one: Rate, expected: bool) -> None:
    assert is_unusual(one) is expected


def test_a_rate_of_exchange_works_both_ways() -> None:
    assert (is_exchange_rate(Fraction(71, 10)), is_exchange_rate(Fraction(10, 71))) == (True, True)
    assert not is_exchange_rate(Fraction(2))


def test_a_lost_column_that_is_held_holds_no_later_change_and_a_lost_table_is_still_seen() -> None:
    page = catalogue()
    bare = tuple(rate for rate in page if rate.meter != "cached_input")
    watch = Watch(page, confirm=True)
    assert kinds(watch.look(bare)) == ["held"]
    cheaper = with_price(bare, "Model 2", "input", "1.80")
    assert [kinds(watch.look(cheaper)) for _ in range(2)] == [[], ["cut"]]
    for _ in range(3):
        gone = watch.look(without(cheaper, "Model 1", "Model 2", "Model 3", "Model 4"))
        assert {event.kind for event in gone.events} <= {"held"}
    assert price(gone, "Model 1", "output") == "4.00"
