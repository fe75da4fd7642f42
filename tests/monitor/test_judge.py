"""One difference at a time: what it is called, when it is believed, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from monitor.diff import Difference
from monitor.judge import judge_page
from monitor.judging.guards import Guards, page_guards
from monitor.judging.policy import Policy
from monitor.judging.verdicts import Look, judge_difference
from scrapers.catalog import Expectations, Successor
from scrapers.rates import Complaint, Conditions, PriceList, Rate, TokenRange
from tests.monitor.price_lists import (
    ABOVE_200K,
    DAY,
    OFF_PEAK,
    PEAK,
    UP_TO_200K,
    Watch,
    catalogue,
    kinds,
    model,
    price,
    rate,
    told,
    with_price,
    without,
)

PAGE = catalogue()


def test_the_first_look_is_the_baseline_and_tells_nothing() -> None:
    watch = Watch(PAGE)
    assert set(watch.baseline.accepted) == set(PAGE)
    assert (watch.baseline.events, watch.baseline.pending) == ((), ())
    assert "18 prices of 6 models" in watch.baseline.why


def test_an_unchanged_page_tells_nothing() -> None:
    judgement = Watch(PAGE).look(PAGE)
    assert (judgement.events, judgement.pending, judgement.why) == ((), (), "no price changed")


def test_a_cut_is_told_at_once_in_a_replay() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 2", "input", "1.50"))
    assert told(judgement) == [("cut", "Model 2", "input", "2.00", "1.50")]
    assert price(judgement, "Model 2", "input") == "1.50"
    (event,) = judgement.events
    assert event.why == "Model 2 input fell from $2 to $1.5 per 1M tokens; 1 of 6 models on the page changed; seen once"


def test_a_cut_waits_for_a_second_look_and_says_how_long_it_was_seen() -> None:
    watch = Watch(PAGE, confirm=True)
    cut = with_price(PAGE, "Model 2", "input", "1.50")
    first = watch.look(cut)
    assert (first.events, [p.outcome for p in first.pending]) == ((), ["wait"])
    assert price(first, "Model 2", "input") == "2.00"
    second = watch.look(cut, after=timedelta(seconds=130))
    assert told(second) == [("cut", "Model 2", "input", "2.00", "1.50")]
    assert second.events[0].why.endswith("seen twice, 130 s apart")
    assert second.events[0].confidence > 0.9
    assert (second.pending, price(second, "Model 2", "input")) == ((), "1.50")


def test_a_price_that_flips_back_vanishes_without_a_word() -> None:
    watch = Watch(PAGE, confirm=True)
    watch.look(with_price(PAGE, "Model 2", "input", "1.50"))
    back = watch.look(PAGE)
    assert (back.events, back.pending, price(back, "Model 2", "input")) == ((), (), "2.00")


def test_a_third_price_begins_to_wait_anew() -> None:
    watch = Watch(PAGE, confirm=True)
    watch.look(with_price(PAGE, "Model 2", "input", "1.50"))
    other = watch.look(with_price(PAGE, "Model 2", "input", "1.60"))
    assert other.events == ()
    assert [(p.looks, str(p.new.amount if p.new else "")) for p in other.pending] == [(1, "1.60")]


def test_a_rise_is_a_raise() -> None:
    assert kinds(Watch(PAGE).look(with_price(PAGE, "Model 1", "output", "5"))) == ["raise"]


def test_c11_another_unit_with_the_same_price_is_nothing() -> None:
    thousand = tuple(rate(r.model, r.meter, str((r.amount or Decimal(0)) / 1000), per=Decimal(1000)) for r in PAGE)
    judgement = Watch(PAGE).look(thousand)
    assert judgement.events == ()
    assert price(judgement, "Model 2", "input") == "0.002"


def test_c41_a_redesign_with_other_names_for_the_same_models_is_nothing() -> None:
    renamed = tuple(rate(r.model.upper().replace(" ", "-"), r.meter, str(r.amount)) for r in reversed(PAGE))
    assert Watch(PAGE, confirm=True).look(renamed).events == ()


def test_a_new_model_is_told_when_a_second_look_shows_it_too() -> None:
    watch = Watch(PAGE, confirm=True)
    page = (*PAGE, *model("Model 7", "7", "20"))
    assert (watch.look(page).events, len(watch.look(PAGE).pending)) == ((), 0)
    watch.look(page)
    judgement = watch.look(page, after=timedelta(seconds=130))
    assert told(judgement) == [("launch", "Model 7", "input", None, "7"), ("launch", "Model 7", "output", None, "20")]
    assert price(judgement, "Model 7", "output") == "20"


def test_a_new_model_on_request_is_a_launch_without_a_price() -> None:
    asked = rate("Model 7", "input", None, state="contact", currency=None)
    judgement = Watch(PAGE).look((*PAGE, asked))
    assert [(e.kind, e.why) for e in judgement.events] == [
        ("launch", "Model 7 input is new on the page, on request; seen once")
    ]


def test_the_words_name_a_length_with_two_bounds() -> None:
    middle = Conditions(context_tokens=TokenRange(32_000, 128_000))
    (event,) = Watch(PAGE).look((*PAGE, rate("Model 7", "input", "3", conditions=middle))).events
    assert (
        event.why == "Model 7 input, context 32000 to 128000 tokens is new on the page at $3 per 1M tokens; seen once"
    )


def test_a_flat_price_that_is_split_on_a_page_that_lost_a_table_is_held() -> None:
    page = catalogue(9)
    parts = (rate("Deep", "input", "0.5", conditions=OFF_PEAK), rate("Deep", "input", "1.5", conditions=PEAK))
    lost = without(page, "Model 1", "Model 2", "Model 3", "Model 4")
    judgement = Watch((*page, rate("Deep", "input", "1"))).look((*lost, *parts))
    assert (kinds(judgement), price(judgement, "Deep", "input")) == (["held"], "1")


def test_a_difference_without_rates_cannot_be_judged() -> None:
    watch = Watch(PAGE)
    look = Look(watch.provider, watch.page, DAY, PAGE, PAGE, Guards())
    with pytest.raises(ValueError, match="old or a new rate"):
        judge_difference(Difference("changed", None, None), look)
    with pytest.raises(ValueError, match="old and a new rate"):
        page_guards(PAGE, PAGE, [Difference("changed", PAGE[0], None)], frozenset())


@pytest.mark.parametrize("amount", ["1000000000", "0.0000000001"])
def test_c18_a_new_model_at_an_impossible_price_is_held(amount: str) -> None:
    judgement = Watch(PAGE).look((*PAGE, rate("Model 7", "input", amount)))
    assert kinds(judgement) == ["held"]
    assert "unit was probably misread" in judgement.events[0].why
    assert price(judgement, "Model 7", "input") is None


def test_a_cached_price_above_the_input_price_is_held() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 1", "cached_input", "1.05"))
    assert (kinds(judgement), price(judgement, "Model 1", "cached_input")) == (["held"], "0.11")
    assert "cached at $1.05 per 1M tokens would cost more than input at $1" in judgement.events[0].why


def test_a_batch_price_above_the_standard_price_is_held() -> None:
    page = (*PAGE, rate("Model 3", "input", "1.5", service_tier="batch"))
    dearer = (*PAGE, rate("Model 3", "input", "3.5", service_tier="batch"))
    judgement = Watch(page).look(dearer)
    assert kinds(judgement) == ["held"]
    assert "batch at $3.5 per 1M tokens would cost more than standard" in judgement.events[0].why


def test_a_page_on_which_batch_always_cost_more_may_change_its_batch_price() -> None:
    def page(batch: str) -> tuple[Rate, ...]:
        return (*PAGE, rate("Model 3", "input", batch, service_tier="batch"))

    assert kinds(Watch(page("4")).look(page("3.8"))) == ["cut"]


@pytest.mark.parametrize("amount", ["20", "200", "2000", "0.2", "0.02"])
def test_c33_one_cell_times_ten_is_held_and_told_once(amount: str) -> None:
    watch = Watch(PAGE)
    wrong = with_price(PAGE, "Model 2", "input", amount)
    wrong = without(wrong, "Model 2") + tuple(r for r in wrong if r.model == "Model 2" and r.meter != "cached_input")
    judgement = watch.look(wrong)
    assert "held" in kinds(judgement)
    assert price(judgement, "Model 2", "input") == "2.00"
    again = watch.look(wrong)
    assert again.events == ()
    assert "held" in {p.outcome for p in again.pending}
    assert price(again, "Model 2", "input") == "2.00"


def test_a_change_above_tenfold_is_held() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 2", "output", "98"))
    assert kinds(judgement) == ["held"]
    assert "14 times more than before" in judgement.events[0].why


def test_c35_a_cache_price_may_fall_fortyfold() -> None:
    page = (*PAGE, *model("Deep", "1.00", "2.00", "1.00"))
    judgement = Watch(page, confirm=True).look(with_price(page, "Deep", "cached_input", "0.025"))
    assert [p.outcome for p in judgement.pending] == ["wait"]


def test_a_first_discount_on_cached_input_may_be_tenfold() -> None:
    page = (*PAGE, *model("Deep", "1.00", "2.00", "1.00"), rate("Lone", "cached_input", "1.00"))
    assert kinds(Watch(page).look(with_price(page, "Deep", "cached_input", "0.10"))) == ["cut"]
    assert kinds(Watch(page).look(with_price(page, "Lone", "cached_input", "0.10"))) == ["held"]


def test_a_whole_model_that_falls_tenfold_needs_a_third_look() -> None:
    cut = with_price(with_price(PAGE, "Model 4", "input", "0.40"), "Model 4", "output", "1.30")
    cut = with_price(cut, "Model 4", "cached_input", "0.04")
    watch = Watch(PAGE)
    first = watch.look(cut)
    whys = [e.why for e in first.events if e.kind == "held"]
    assert all("but the other prices of Model 4 moved with it" in why for why in whys)
    assert {e.kind for e in first.events if e.rate.meter != "cached_input"} == {"held"}
    assert watch.look(cut).events == ()
    assert ("cut", "Model 4", "output", "13.00", "1.30") in told(watch.look(cut))


def test_a_whole_model_times_a_thousand_is_held_for_a_person() -> None:
    dear = with_price(with_price(PAGE, "Model 4", "input", "4000"), "Model 4", "output", "13000")
    watch = Watch(PAGE)
    watch.look(dear)
    watch.look(dear)
    assert (watch.look(dear).events, price(watch.look(dear), "Model 4", "input")) == ((), "4.00")


def test_a_price_beside_its_struck_old_price_is_believed_whatever_the_factor() -> None:
    sale = with_price(PAGE, "Model 2", "output", "0.7", list_amount=Decimal("7.00"))
    assert told(Watch(PAGE).look(sale)) == [("promo_start", "Model 2", "output", "7.00", "0.7")]


def test_c12_a_unit_that_changed_while_the_number_stayed_is_held() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 2", "input", "2.00", per=Decimal(1000)))
    assert kinds(judgement) == ["held"]
    assert "the unit changed while the printed amount stayed the same" in judgement.events[0].why


def test_a_repaired_unit_slip_is_a_correction() -> None:
    slip = rate("Sight", "image", "2.509", per=Decimal(1), unit="image")
    repaired = rate("Sight", "image", "2.51", per=Decimal(1_000_000), unit="image")
    judgement = Watch((*PAGE, slip)).look((*PAGE, repaired))
    assert kinds(judgement) == ["correction"]
    assert "could not be meant" in judgement.events[0].why


def test_c14_the_same_number_under_another_currency_is_held() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 2", "input", "2.00", currency="CNY"))
    assert kinds(judgement) == ["held"]
    assert "misread sign" in judgement.events[0].why


def test_another_currency_at_another_price_is_repriced() -> None:
    judgement = Watch(PAGE).look(with_price(PAGE, "Model 2", "input", "14.20", currency="CNY"))
    assert [(e.kind, e.percent) for e in judgement.events] == [("repriced", None)]


def test_another_unit_at_another_price_is_repriced() -> None:
    page = (*PAGE, rate("Draw", "image", "0.04", per=Decimal(1), unit="image"))
    assert kinds(Watch(page).look((*PAGE, rate("Draw", "image", "10")))) == ["repriced"]


def test_a_price_that_is_now_on_request_is_repriced() -> None:
    asked = with_price(PAGE, "Model 2", "input", None, state="contact")
    judgement = Watch(PAGE).look(asked)
    assert kinds(judgement) == ["repriced"]
    assert "to on request" in judgement.events[0].why


def test_c19_a_small_price_may_become_free_after_a_second_look() -> None:
    watch = Watch(PAGE, confirm=True)
    free = with_price(PAGE, "Model 1", "input", None)
    free = tuple(r for r in free if (r.model, r.meter) != ("Model 1", "cached_input"))
    watch.look(free)
    assert ("free", "Model 1", "input", "1.00", "0") in told(watch.look(free))


def test_c19_a_large_price_does_not_become_free() -> None:
    page = (*PAGE, *model("Grand", "30", "60"))
    judgement = Watch(page).look(with_price(page, "Grand", "output", "0"))
    assert kinds(judgement) == ["held"]
    assert "$60 per 1M tokens is much to become free" in judgement.events[0].why


def test_c19_what_was_free_may_cost_little_but_not_much() -> None:
    page = (*PAGE, rate("Gift", "input", None, currency=None))
    assert told(Watch(page).look((*PAGE, rate("Gift", "input", "0.5")))) == [("raise", "Gift", "input", "0", "0.5")]
    assert kinds(Watch(page).look((*PAGE, rate("Gift", "input", "25")))) == ["held"]


def test_c30_a_model_that_vanishes_for_one_look_is_no_alert() -> None:
    watch = Watch(PAGE, confirm=True)
    gone = watch.look(without(PAGE, "Model 4"))
    assert (gone.events, price(gone, "Model 4", "input")) == ((), "4.00")
    back = watch.look(PAGE)
    assert (back.events, back.pending) == ((), ())


def test_c31_a_model_that_is_gone_twice_is_removed() -> None:
    watch = Watch(PAGE, confirm=True)
    watch.look(without(PAGE, "Model 4"))
    gone = watch.look(without(PAGE, "Model 4"))
    assert kinds(gone) == ["removal"]
    assert "Model 4 is no longer on the page" in gone.events[0].why
    assert price(gone, "Model 4", "input") is None
    assert watch.look(without(PAGE, "Model 4")).events == ()


def test_a_removal_is_held_when_the_reader_complained_about_the_model() -> None:
    complaint = Complaint("unreadable_price", "the cell is no amount", quote="Model 4 | $4,,0")
    judgement = Watch(PAGE).look(without(PAGE, "Model 4"), complaints=(complaint,))
    assert kinds(judgement) == ["held"]
    assert "the cell is no amount" in judgement.events[0].why
    other = Complaint("unreadable_price", "the cell is no amount", quote="Model 4.5 | $4,,0")
    prose = Complaint("unread_amount", "an amount in prose", quote="Model 4 costs $4")
    assert kinds(Watch(PAGE).look(without(PAGE, "Model 4"), complaints=(other, prose))) == ["removal"]


def test_a_price_whose_amount_still_stands_unread_on_the_page_was_not_removed() -> None:
    page = (*PAGE, rate("Model 4", "input", "1500.50", service_tier="priority"))
    unread = Complaint("unread_amount", "no model stands beside it", quote="| $1,500.50 / MTok |")
    judgement = Watch(page).look(PAGE, complaints=(unread,))
    assert kinds(judgement) == ["held"]
    assert "that amount still stands on the page, unread" in judgement.events[0].why
    other = Complaint("unread_amount", "no model stands beside it", quote="$1,500 / MTok")
    assert kinds(Watch(page).look(PAGE, complaints=(other,))) == ["removal"]


def test_a_row_for_two_known_models_is_a_price_of_each() -> None:
    fast = rate("Model 5", "input", "9", service_tier="priority")
    page = (*PAGE, fast)
    judgement = Watch(page).look((*PAGE, rate("Model 6 / Model 5", "input", "9", service_tier="priority")))
    assert told(judgement) == [("launch", "Model 6", "input", None, "9")]
    unknown = Watch(page).look((*page, rate("Model 6 / Model 77", "input", "9")))
    assert told(unknown) == [("launch", "Model 6 / Model 77", "input", None, "9")]


def test_c29_a_renamed_model_is_a_notice() -> None:
    page = (*PAGE, *reversed(model("claude-3-opus", "15", "75")))
    judgement = Watch(page).look((*PAGE, *model("Claude Opus 3", "15", "75")))
    (notice,) = judgement.events
    assert (notice.kind, notice.percent) == ("notice", 0.0)
    assert price(judgement, "Claude Opus 3", "input") == "15"
    assert price(judgement, "claude-3-opus", "input") is None


def test_c29_a_rename_waits_for_its_second_look() -> None:
    page = (*PAGE, *model("claude-3-opus", "15", "75"))
    watch = Watch(page, confirm=True)
    renamed = (*PAGE, *model("Claude Opus 3", "15", "75"))
    first = watch.look(renamed)
    assert (first.events, price(first, "claude-3-opus", "input")) == ((), "15")
    assert kinds(watch.look(renamed)) == ["notice"]


def test_a_successor_at_the_same_price_is_no_rename() -> None:
    page = (*PAGE, *model("Sonnet 4", "3", "15"))
    judgement = Watch(page).look((*PAGE, *model("Sonnet 4.5", "3", "15")))
    assert kinds(judgement) == ["launch", "removal"]


def test_a_declared_alias_explains_any_rename() -> None:
    page = (*PAGE, *model("chat", "3", "15"))
    watch = Watch(page, aliases=(("chat", "Deep V2"),))
    assert kinds(watch.look((*PAGE, *model("Deep V2", "3", "15")))) == ["notice"]


def test_a_declared_successor_is_never_a_rename() -> None:
    page = (*PAGE, *model("Opus (old)", "3", "15"))
    watch = Watch(page, successors=(Successor("Opus new", "Opus (old)"),))
    assert kinds(watch.look((*PAGE, *model("Opus new", "3", "15")))) == ["launch", "removal", "successor"]


def test_another_sign_before_the_same_price_is_held_however_it_is_spelt() -> None:
    signs = {"currency": "CNY", "per": Decimal(1000)}
    page = with_price(PAGE, "Model 2", "input", "0.002", **signs)
    assert kinds(Watch(PAGE).look(page)) == ["held"]


def test_a_cache_that_falls_to_a_tenth_is_believed_at_the_third_look() -> None:
    page = (*PAGE, *model("Flash", "1.00", "2.00", "0.20"))
    watch = Watch(page, confirm=True)
    cheaper = with_price(page, "Flash", "cached_input", "0.02")
    assert [kinds(watch.look(cheaper)) for _ in range(3)] == [[], [], ["cut"]]


def test_half_a_page_that_becomes_free_is_believed_at_the_third_look() -> None:
    watch = Watch(PAGE, confirm=True)
    page = PAGE
    for number in (1, 2, 3):
        page = with_price(page, f"Model {number}", "input", None)
    seen = [watch.look(page) for _ in range(3)]
    assert [set(kinds(judgement)) for judgement in seen] == [set(), set(), {"free"}]


def test_a_whole_page_that_becomes_free_is_held() -> None:
    page = PAGE
    for number in range(1, 7):
        for meter in ("input", "output", "cached_input"):
            page = with_price(page, f"Model {number}", meter, None)
    assert set(kinds(Watch(PAGE).look(page))) == {"held"}


def test_a_moved_alias_is_one_notice() -> None:
    page = (*PAGE, *model("gpt-latest", "1.00", "4.00", "0.11"))
    moved = (*PAGE, *model("gpt-latest", "2.00", "7.00", "0.12"))
    judgement = Watch(page).look(moved)
    assert [(e.kind, e.why) for e in judgement.events] == [
        ("notice", "gpt-latest now has the prices of Model 2: the alias moved, no price did; seen once")
    ]
    assert price(judgement, "gpt-latest", "input") == "2.00"


def test_an_alias_is_not_believed_to_have_moved_where_rows_slipped() -> None:
    alias = model("gpt-latest", "1.00", "4.00", "0.11")
    names = [f"Model {number}" for number in range(1, 6)]
    slipped = [
        replace(r, model=name) for name, above in zip(names[1:], names, strict=False) for r in PAGE if r.model == above
    ]
    standing = [r for r in PAGE if r.model in {"Model 1", "Model 6"}]
    page = (*PAGE, *alias)
    moved = (*standing, *slipped, *model("gpt-latest", "6.00", "19.00", "0.16"))
    judgement = Watch(page).look(moved)
    assert {e.kind for e in judgement.events} == {"held"}
    assert price(judgement, "gpt-latest", "input") == "1.00"


def test_an_alias_whose_prices_are_nobody_elses_did_change() -> None:
    page = (*PAGE, *model("gpt-latest", "1.00", "4.00"))
    assert kinds(Watch(page).look((*PAGE, *model("gpt-latest", "0.90", "4.00")))) == ["cut"]


def test_a_new_model_is_compared_with_its_declared_predecessor() -> None:
    page = (*PAGE, *model("GPT-4 Turbo", "10", "30"))
    watch = Watch(page, successors=(Successor("GPT-4o", "gpt-4-turbo", date(2026, 5, 13)),))
    judgement = watch.look((*page, *model("GPT-4o", "5", "15")))
    compared = [e for e in judgement.events if e.kind == "successor"]
    assert [(e.rate.meter, e.percent, e.predecessor) for e in compared] == [
        ("input", -50.0, "gpt-4-turbo"),
        ("output", -50.0, "gpt-4-turbo"),
    ]
    assert kinds(judgement) == ["launch", "successor"]
    assert watch.look((*page, *model("GPT-4o", "5", "15"))).events == ()


def test_a_predecessor_that_nobody_knows_is_not_compared() -> None:
    watch = Watch(PAGE, successors=(Successor("GPT-4o", "gpt-4-turbo"), Successor("Model 9", "Model 1")))
    assert kinds(watch.look((*PAGE, *model("GPT-4o", "5", "15")))) == ["launch"]


def test_the_baseline_compares_no_successors() -> None:
    page = (*PAGE, *model("Old", "10", "30"), *model("New", "5", "15"))
    assert Watch(page, successors=(Successor("New", "Old"),)).baseline.events == ()


def test_a_sale_begins_and_ends_at_the_struck_price() -> None:
    watch = Watch(PAGE)
    begun = watch.look(with_price(PAGE, "Model 3", "input", "1.80", list_amount=Decimal("3.00")))
    assert told(begun) == [("promo_start", "Model 3", "input", "3.00", "1.80")]
    ended = watch.look(PAGE)
    assert told(ended) == [("promo_end", "Model 3", "input", "1.80", "3.00")]


def test_a_flat_price_that_is_split_is_a_rise_and_never_a_removal() -> None:
    old = (*PAGE, *model("Deep", "0.435", "0.87", "0.003625"))
    new = (
        *PAGE,
        *model("Deep", "0.66", "1.98", "0.022", conditions=OFF_PEAK),
        *model("Deep", "1.32", "3.96", "0.044", conditions=PEAK),
    )
    judgement = Watch(old).look(new)
    assert kinds(judgement) == ["raise"]
    assert {(t[2], t[3], t[4]) for t in told(judgement)} == {
        ("input", "0.435", "0.66"),
        ("input", "0.435", "1.32"),
        ("output", "0.87", "1.98"),
        ("output", "0.87", "3.96"),
        ("cached_input", "0.003625", "0.022"),
        ("cached_input", "0.003625", "0.044"),
    }
    assert price(judgement, "Deep", "input") is None
    assert price(judgement, "Deep", "input", PEAK) == "1.32"


def test_a_split_waits_as_a_whole() -> None:
    old = (*PAGE, rate("Deep", "input", "1"))
    parts = (rate("Deep", "input", "0.5", conditions=OFF_PEAK), rate("Deep", "input", "1.5", conditions=PEAK))
    watch = Watch(old, confirm=True)
    first = watch.look((*PAGE, *parts))
    assert (first.events, price(first, "Deep", "input"), len(first.pending)) == ((), "1", 2)
    assert len(first.accepted) == len(old)
    assert sorted(t[0] for t in told(watch.look((*PAGE, *parts)))) == ["cut", "raise"]


def test_a_split_with_one_impossible_part_is_held_as_a_whole() -> None:
    old = (*PAGE, rate("Deep", "input", "1"))
    parts = (rate("Deep", "input", "0.5", conditions=OFF_PEAK), rate("Deep", "input", "100", conditions=PEAK))
    judgement = Watch(old).look((*PAGE, *parts))
    assert (kinds(judgement), price(judgement, "Deep", "input")) == (["held"], "1")


def test_an_added_price_on_a_page_that_lost_a_table_is_held_too() -> None:
    page = catalogue(9)
    lost = without(page, "Model 1", "Model 2", "Model 3", "Model 4")
    judgement = Watch(page).look((*lost, rate("Model 9", "training", "25")))
    assert kinds(judgement) == ["held"]
    assert price(judgement, "Model 9", "training") is None


def test_a_price_restated_for_a_narrower_condition_is_nothing() -> None:
    old = (*PAGE, rate("Wide", "input", "3"))
    new = (
        *PAGE,
        rate("Wide", "input", "3", conditions=UP_TO_200K),
        rate("Wide", "input", "6", conditions=ABOVE_200K),
    )
    judgement = Watch(old).look(new)
    assert told(judgement) == [("raise", "Wide", "input", "3", "6")]


def test_a_premium_beside_the_flat_price_is_a_new_price_and_no_rise() -> None:
    old = (*PAGE, rate("Wide", "input", "3"))
    judgement = Watch(old).look((*old, rate("Wide", "input", "6", conditions=ABOVE_200K)))
    assert kinds(judgement) == ["launch"]
    assert "beside $3 per 1M tokens otherwise" in judgement.events[0].why
    assert price(judgement, "Wide", "input") == "3"


def test_a_quality_that_gets_its_own_price_while_the_old_one_goes_on_is_no_rise() -> None:
    piece = {"per": Decimal(1), "unit": "image"}
    old = (*PAGE, rate("Draw", "image", "0.04", **piece))
    new = (
        *PAGE,
        rate("Draw", "image", "0.04", conditions=Conditions(other="standard"), **piece),
        rate("Draw", "image", "0.08", conditions=Conditions(other="HD"), **piece),
    )
    assert kinds(Watch(old).look(new)) == ["launch"]


def _wide(*names: str) -> tuple[Rate, ...]:
    return tuple(rate(name, "input", "6", conditions=ABOVE_200K) for name in names)


def test_a_dropped_premium_is_a_cut_with_the_conditions_of_the_vanished_price() -> None:
    flat = tuple(rate(name, "input", "3") for name in ("Opus", "Sonnet"))
    judgement = Watch((*PAGE, *flat, *_wide("Opus", "Sonnet"))).look((*PAGE, *flat, *_wide("Sonnet")))
    (event,) = judgement.events
    assert (event.kind, event.rate.model, event.rate.conditions) == ("cut", "Opus", ABOVE_200K)
    assert (event.amount_of(event.old), event.amount_of(event.new), event.percent) == ("6", "3", -50.0)
    assert price(judgement, "Opus", "input") == "3"
    assert price(judgement, "Opus", "input", ABOVE_200K) is None


def test_a_length_with_a_name_is_a_length() -> None:
    flat = (*PAGE, rate("Opus", "input", "3"), rate("Sonnet", "input", "3"))
    named = replace(ABOVE_200K, other="long context")
    premium = tuple(rate(name, "input", "6", conditions=named) for name in ("Opus", "Sonnet"))
    (event,) = Watch((*flat, *premium)).look((*flat, premium[1])).events
    assert (event.kind, event.rate.conditions, event.percent) == ("cut", named, -50.0)


def test_the_last_premium_of_a_page_is_removed_because_the_offer_may_be_gone_too() -> None:
    flat = (*PAGE, rate("Opus", "input", "3"))
    judgement = Watch((*flat, *_wide("Opus"))).look(flat)
    (event,) = judgement.events
    assert (event.kind, event.rate.conditions) == ("removal", ABOVE_200K)
    assert "$3 per 1M tokens without that condition stays" in event.why


def test_two_lengths_that_become_one_price_are_a_cut_for_the_dearer_one() -> None:
    old = (*PAGE, rate("Opus", "input", "3", conditions=UP_TO_200K), *_wide("Opus"))
    judgement = Watch(old).look((*PAGE, rate("Opus", "input", "3")))
    assert told(judgement) == [("cut", "Opus", "input", "6", "3")]
    assert len([r for r in judgement.accepted if r.model == "Opus"]) == 1


def test_a_dropped_discount_is_a_rise_for_its_hours() -> None:
    flat = (*PAGE, rate("Deep", "input", "2"))
    judgement = Watch((*flat, rate("Deep", "input", "1", conditions=OFF_PEAK))).look(flat)
    (event,) = judgement.events
    assert (event.kind, event.rate.conditions, event.percent) == ("raise", OFF_PEAK, 100.0)


def test_a_vanished_quality_is_removed_and_not_compared_with_another() -> None:
    piece = {"per": Decimal(1), "unit": "image"}
    flat = (*PAGE, rate("Draw", "image", "0.04", **piece))
    judgement = Watch((*flat, rate("Draw", "image", "0.08", conditions=Conditions(other="HD"), **piece))).look(flat)
    assert told(judgement) == [("removal", "Draw", "image", "0.08", None)]


def test_a_premium_that_vanishes_with_a_complaint_is_held() -> None:
    flat = tuple(rate(name, "input", "3") for name in ("Opus", "Sonnet"))
    complaint = Complaint("unknown_column", "no meter is called Long", quote="Opus")
    judgement = Watch((*PAGE, *flat, *_wide("Opus", "Sonnet"))).look(
        (*PAGE, *flat, *_wide("Sonnet")), complaints=(complaint,)
    )
    assert kinds(judgement) == ["held"]
    assert price(judgement, "Opus", "input", ABOVE_200K) == "6"


def test_c26_a_row_that_is_printed_twice_is_one_price() -> None:
    judgement = Watch(PAGE).look((*PAGE, *PAGE))
    assert (judgement.events, len(judgement.accepted)) == ((), len(PAGE))


def test_c27_two_prices_for_one_thing_leave_the_accepted_one_and_others_go_on() -> None:
    watch = Watch(PAGE)
    doubled = (*with_price(PAGE, "Model 5", "input", "4.50"), rate("Model 2", "input", "2.50"))
    judgement = watch.look(doubled)
    assert told(judgement)[0][:3] == ("cut", "Model 5", "input")
    assert kinds(judgement) == ["cut", "notice"]
    assert "$2 per 1M tokens and $2.5 per 1M tokens for Model 2 input" in judgement.events[-1].why
    assert price(judgement, "Model 2", "input") == "2.00"
    assert watch.look(doubled).events == ()


def test_c27_a_conflict_that_was_there_from_the_beginning_is_no_price_and_no_event() -> None:
    doubled = (*PAGE, rate("Odd", "input", "2"), rate("Odd", "input", "3"))
    watch = Watch(doubled)
    assert price(watch.baseline, "Odd", "input") is None
    assert watch.look(doubled).events == ()


def test_a_price_by_the_character_beside_one_by_the_token_is_no_second_price() -> None:
    by_character = replace(rate("Odd", "input", "0.04"), unit="character")
    watch = Watch((*PAGE, rate("Odd", "input", "0.15"), by_character))
    assert price(watch.baseline, "Odd", "input") == "0.15"
    cut = (*PAGE, rate("Odd", "input", "0.10"), by_character)
    assert told(watch.look(cut)) == [("cut", "Odd", "input", "0.15", "0.10")]


def test_a_change_that_takes_back_a_recent_one_needs_a_third_look() -> None:
    watch = Watch(PAGE)
    cut = with_price(PAGE, "Model 2", "input", "1.50")
    recent = watch.look(cut).events
    held = watch.look(PAGE, recent=recent)
    assert kinds(held) == ["held"]
    assert "this undoes the change of 2026-08-02" in held.events[0].why
    assert watch.look(PAGE, recent=recent).events == ()
    assert told(watch.look(PAGE, recent=recent)) == [("raise", "Model 2", "input", "1.50", "2.00")]


def test_what_was_told_long_ago_or_of_others_does_not_slow_a_change() -> None:
    watch = Watch(PAGE)
    cut = with_price(PAGE, "Model 2", "input", "1.50")
    recent = watch.look((*cut, *model("New", "1", "2"))).events
    later = watch.look((*PAGE, *model("New", "1", "2")), after=timedelta(days=30), recent=recent)
    assert kinds(later) == ["raise"]


def test_a_reseller_is_believed_a_little_less() -> None:
    cut = with_price(PAGE, "Model 2", "input", "1.50")
    (own,) = Watch(PAGE).look(cut).events
    (resold,) = Watch(PAGE, is_reseller=True).look(cut).events
    assert resold.confidence < own.confidence


@pytest.mark.parametrize(
    ("rates", "complaint", "expected"),
    [
        (PAGE, Complaint("incomplete", "no </html>"), "not complete"),
        (PAGE[:6], None, "at least 4 are expected"),
        ((), None, "0 models"),
        (without(PAGE, "Model 1"), None, "Model 1 must always be"),
    ],
)
def test_a_page_that_breaks_what_is_expected_of_it_changes_nothing(
    rates: tuple[Rate, ...], complaint: Complaint | None, expected: str
) -> None:
    watch = Watch(PAGE, expect=Expectations(4, None, ("model-1",)), confirm=True)
    waiting = watch.look(with_price(PAGE, "Model 2", "input", "1.50"))
    judgement = watch.look(rates, complaints=() if complaint is None else (complaint,))
    assert judgement.is_suspect
    assert expected.replace("Model 1", "model-1") in judgement.why
    assert (judgement.accepted, judgement.pending) == (waiting.accepted, waiting.pending)
    assert judgement.events == ()


def test_a_first_page_that_breaks_what_is_expected_is_no_baseline() -> None:
    watch = Watch((), expect=Expectations(4))
    assert (watch.baseline.is_suspect, watch.baseline.accepted) == (True, ())
    good = watch.look(PAGE)
    assert (good.is_suspect, good.events, len(good.accepted)) == (False, (), len(PAGE))


def test_c39_a_capture_from_before_the_last_one_is_not_compared() -> None:
    watch = Watch(PAGE)
    watch.look(PAGE)
    old = watch.look(with_price(PAGE, "Model 2", "input", "1.50"), at=DAY - timedelta(days=9))
    assert (old.is_suspect, old.events) == (True, ())
    assert "older than the one accepted on 2026-08-02" in old.why


def test_judging_does_not_depend_on_the_order_of_the_page() -> None:
    cut = with_price(PAGE, "Model 2", "input", "1.50")
    one, other = Watch(PAGE).look(cut), Watch(PAGE[::-1]).look(cut[::-1])
    assert told(one) == told(other)


def test_an_event_keeps_its_id_when_the_same_change_is_judged_again() -> None:
    watch = Watch(PAGE)
    cut = PriceList(with_price(PAGE, "Model 2", "input", "1.50"))

    def look() -> str:
        (event,) = judge_page(
            provider=watch.provider,
            page=watch.page,
            accepted=PAGE,
            read=cut,
            pending=(),
            captured_at=DAY,
            previous_at=None,
            policy=Policy(confirm=False),
        ).events
        return event.id

    assert look() == look()
