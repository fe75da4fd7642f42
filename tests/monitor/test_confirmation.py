"""How long a difference must be seen: looks and time, the first price of a model, and prices that go to and fro."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.judge import Judgement
from monitor.judging.flapping import PAGE as PAGE_KEY
from monitor.judging.flapping import Reversal, counted, flapping_now
from monitor.judging.policy import Policy
from storage.nouns import Flapping
from tests.monitor.price_lists import (
    ABOVE_200K,
    DAY,
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
MINUTES, HOURS = timedelta(minutes=1), timedelta(hours=1)
CUT = with_price(PAGE, "Model 2", "input", "1.50")
HALVED = tuple(rate(r.model, r.meter, str(r.amount / 2)) for r in PAGE if r.amount is not None)


def test_a_second_look_within_two_minutes_confirms_nothing() -> None:
    watch = Watch(PAGE, confirm=True)
    watch.look(CUT)
    assert watch.look(CUT, after=timedelta(seconds=119)).events == ()
    (event,) = watch.look(CUT, after=timedelta(seconds=1)).events
    assert (event.kind, event.why.rsplit("; ", 1)[1]) == ("cut", "seen 3 times, 120 s apart")


def test_a_removal_is_believed_when_the_page_was_without_the_model_for_six_hours() -> None:
    watch = Watch(PAGE, confirm=True)
    gone = without(PAGE, "Model 4")
    first = watch.look(gone)
    assert {p.due_at for p in first.pending} == {watch.at + 2 * MINUTES}
    second = watch.look(gone, after=2 * MINUTES)
    assert (second.events, {p.due_at for p in second.pending}) == ((), {watch.at + 6 * HOURS - 2 * MINUTES})
    assert watch.look(gone, after=5 * HOURS).events == ()
    assert kinds(watch.look(gone, after=HOURS)) == ["removal"]


def test_a_premium_that_vanishes_beside_its_flat_price_waits_like_a_removal() -> None:
    """Nothing new is printed, so a lost row would look the same."""
    wide = [rate(f"Model {n}", "input", f"{n * 2}.00", conditions=ABOVE_200K) for n in (1, 2, 3)]
    watch = Watch((*PAGE, *wide), confirm=True)
    watch.look((*PAGE, *wide[1:]))
    assert watch.look((*PAGE, *wide[1:]), after=5 * HOURS).events == ()
    assert told(watch.look((*PAGE, *wide[1:]), after=HOURS)) == [("cut", "Model 1", "input", "2.00", "1.00")]


def test_a_model_that_comes_back_begins_a_new_absence() -> None:
    watch = Watch(PAGE, confirm=True)
    gone = without(PAGE, "Model 4")
    watch.look(gone)
    watch.look(PAGE, after=5 * HOURS)
    assert watch.look(gone, after=HOURS).events == ()
    assert watch.look(gone, after=2 * MINUTES).events == ()


def test_a_large_change_needs_three_looks_and_half_an_hour() -> None:
    page = (*PAGE, *model("Deep", "1", "2", "0.4"))
    cheap = with_price(page, "Deep", "cached_input", "0.04")
    watch = Watch(page, confirm=True)
    for after in (HOURS, 2 * MINUTES, 20 * MINUTES):
        judgement = watch.look(cheap, after=after)
        assert (judgement.events, [p.outcome for p in judgement.pending]) == ((), ["wait"])
    assert [p.due_at for p in judgement.pending] == [watch.at + 8 * MINUTES]
    assert kinds(watch.look(cheap, after=8 * MINUTES)) == ["cut"]


def test_a_whole_page_at_half_the_price_waits_as_long_as_a_removal() -> None:
    """A batch column that is read as the standard one may stand for an hour."""
    watch = Watch(PAGE, confirm=True)
    for after in (HOURS, 2 * MINUTES, 5 * HOURS):
        assert watch.look(HALVED, after=after).events == ()
    assert kinds(watch.look(HALVED, after=HOURS)) == ["cut"]


def test_what_a_person_decides_is_due_at_no_look() -> None:
    judgement = Watch(PAGE, confirm=True).look(with_price(PAGE, "Model 2", "input", "2000"))
    assert [(p.outcome, p.due_at) for p in judgement.pending] == [("held", None)]


# The first price of a model


def launched(first: tuple[str, str], *, confirm: bool = True) -> Watch:
    """A page on which a model was launched just now."""
    watch = Watch(PAGE, confirm=confirm)
    page = (*PAGE, *model("Nova", *first))
    watch.look(page)
    if confirm:
        watch.look(page, after=2 * MINUTES)
    assert [event.kind for event in watch.told] == ["launch", "launch"]
    return watch


def later(watch: Watch, second: tuple[str, str], after: timedelta) -> Judgement:
    """The page says something else of that model, for as long as it takes."""
    page = (*PAGE, *model("Nova", *second))
    watch.look(page, after=after)
    assert watch.look(page, after=2 * MINUTES).events == (), "it was told before it was seen for a while"
    return watch.look(page, after=30 * MINUTES)


def test_a_price_that_is_replaced_on_the_day_of_the_launch_is_corrected() -> None:
    judgement = later(launched(("9", "27")), ("6", "18"), 3 * HOURS)
    assert told(judgement) == [("correction", "Nova", "input", "9", "6"), ("correction", "Nova", "output", "27", "18")]
    assert "$9 per 1M tokens stood for only 3 hours after the launch" in judgement.events[0].why


def test_a_real_cut_two_days_after_the_launch_is_a_cut() -> None:
    """DeepSeek launched V4 Flash on 24 April 2026 and cut its cache price on the 26th."""
    judgement = later(launched(("9", "27")), ("6", "27"), 48 * HOURS)
    assert told(judgement) == [("cut", "Nova", "input", "9", "6")]
    assert "it was launched on 2026-08-02" in judgement.events[0].why


def test_the_predecessors_prices_are_a_placeholder_for_three_days() -> None:
    watch = Watch(PAGE, confirm=True)
    copied = (*PAGE, *model("Nova", "2.00", "7.00", "0.12"))
    watch.look(copied)
    watch.look(copied, after=2 * MINUTES)
    true = (*PAGE, *model("Nova", "1.60", "6.00", "0.10"))
    watch.look(true, after=60 * HOURS)
    judgement = watch.look(true, after=30 * MINUTES)
    assert kinds(judgement) == ["correction"]
    assert "at its launch it had the prices of Model 2" in judgement.events[0].why


def test_zero_at_the_launch_is_a_placeholder_and_later_an_offer() -> None:
    def first_free(after: timedelta) -> list[str]:
        watch = Watch(PAGE, confirm=True)
        free = (*PAGE, rate("Nova", "input", None, currency=None), rate("Nova", "output", "3"))
        watch.look(free)
        watch.look(free, after=2 * MINUTES)
        priced = (*PAGE, *model("Nova", "1", "3"))
        watch.look(priced, after=after)
        return kinds(watch.look(priced, after=30 * MINUTES))

    assert (first_free(50 * HOURS), first_free(80 * HOURS)) == (["correction"], ["raise"])


def test_a_sale_on_the_day_of_the_launch_is_a_sale() -> None:
    watch = launched(("9", "27"))
    sale = (*PAGE, rate("Nova", "input", "6", list_amount=rate("", "input", "9").amount), rate("Nova", "output", "27"))
    watch.look(sale, after=3 * HOURS)
    assert kinds(watch.look(sale, after=2 * MINUTES)) == ["promo_start"]


def test_a_price_that_has_settled_is_cut_after_an_ordinary_second_look() -> None:
    watch = launched(("9", "27"))
    page = (*PAGE, *model("Nova", "6", "18"))
    watch.look(page, after=73 * HOURS)
    assert kinds(watch.look(page, after=2 * MINUTES)) == ["cut"]


def test_a_first_price_that_was_cut_has_settled() -> None:
    watch = launched(("9", "27"))
    later(watch, ("6", "27"), 48 * HOURS)
    page = (*PAGE, *model("Nova", "5", "27"))
    watch.look(page, after=3 * HOURS)
    assert kinds(watch.look(page, after=2 * MINUTES)) == ["cut"]


def test_a_replay_corrects_by_the_dates_of_its_captures() -> None:
    watch = launched(("9", "27"), confirm=False)
    assert kinds(watch.look((*PAGE, *model("Nova", "6", "18")), after=12 * HOURS)) == ["correction"]
    watch = launched(("9", "27"), confirm=False)
    assert kinds(watch.look((*PAGE, *model("Nova", "6", "18")), after=96 * HOURS)) == ["cut"]


# To and fro


def flaps(watch: Watch, judgement: Judgement) -> list[int]:
    """How often what flaps now went back."""
    return [state.reversals for state in flapping_now(judgement.flapping, watch.at, watch.policy.flap_window)]


def to_and_fro(watch: Watch, times: int) -> Judgement:
    """The price moves and is back at the second look, so often, six hours apart."""
    for _ in range(times):
        watch.look(CUT, after=6 * HOURS)
        judgement = watch.look(PAGE, after=2 * MINUTES)
        assert judgement.events == ()
    return judgement


def test_a_price_that_goes_and_comes_three_times_flaps() -> None:
    watch = Watch(PAGE, confirm=True)
    assert flaps(watch, to_and_fro(watch, 2)) == []
    (state,) = to_and_fro(watch, 1).flapping
    assert (state.reversals, state.last_at) == (3, watch.at)
    assert state.why == (
        "Model 2 input went $2 per 1M tokens, $1.5 per 1M tokens, $2 per 1M tokens; "
        "reversal 3 since 2026-08-01 06:02 UTC"
    )


def test_a_third_price_in_place_of_the_second_counts_too() -> None:
    watch = Watch(PAGE, confirm=True)
    watch.look(CUT)
    (state,) = watch.look(with_price(PAGE, "Model 2", "input", "1.60")).flapping
    assert state.why.startswith("Model 2 input went $2 per 1M tokens, $1.5 per 1M tokens, $1.6 per 1M tokens; ")


def test_a_flapping_price_is_believed_only_after_a_calm_week() -> None:
    watch = Watch(PAGE, confirm=True)
    to_and_fro(watch, 3)
    assert watch.look(CUT, after=HOURS).events == ()
    judgement = watch.look(CUT, after=timedelta(days=6, hours=22))
    assert (judgement.events, flaps(watch, judgement)) == ((), [3])
    judgement = watch.look(CUT, after=3 * HOURS)
    assert (told(judgement), judgement.flapping) == ([("cut", "Model 2", "input", "2.00", "1.50")], ())


def test_other_prices_of_a_page_with_a_flapping_one_go_on() -> None:
    watch = Watch(PAGE, confirm=True)
    to_and_fro(watch, 3)
    other = with_price(PAGE, "Model 3", "input", "2.50")
    watch.look(other, after=HOURS)
    assert told(watch.look(other, after=2 * MINUTES)) == [("cut", "Model 3", "input", "3.00", "2.50")]


def test_told_changes_that_are_taken_back_count() -> None:
    """A, B, A, B, each seen long enough to be told: whoever heard of the first must hear of the second."""
    watch = Watch(PAGE, confirm=True)
    for number, page in enumerate((CUT, PAGE, CUT, PAGE)):
        for after in (HOURS, 2 * MINUTES, HOURS):
            judgement = watch.look(page, after=after)
        assert price(judgement, "Model 2", "input") == ("1.50" if page is CUT else "2.00"), number
    assert flaps(watch, judgement) == [3]


def test_a_sale_of_every_weekend_does_not_flap() -> None:
    sale = with_price(PAGE, "Model 2", "input", "1.00", list_amount=rate("", "input", "2.00").amount)
    watch = Watch(PAGE, confirm=True)
    heard = []
    for page in (sale, PAGE) * 3:
        for after in (timedelta(days=3), 2 * MINUTES, HOURS):
            heard += watch.look(page, after=after).events
    assert [event.kind for event in heard] == ["promo_start", "promo_end"] * 3
    assert watch.last is not None
    assert watch.last.flapping == ()


def test_a_page_on_which_many_models_go_and_come_flaps_as_one_and_is_looked_at_for_longer() -> None:
    watch = Watch(PAGE, confirm=True)
    for _ in range(3):
        watch.look(HALVED, after=6 * HOURS)
        judgement = watch.look(PAGE, after=2 * MINUTES)
    assert [(state.key, state.reversals) for state in judgement.flapping] == [(PAGE_KEY, 3)]
    assert "prices of 6 models changed and went back together" in judgement.flapping[0].why
    watch.look(CUT, after=HOURS)
    assert watch.look(CUT, after=2 * MINUTES).events == ()
    assert kinds(watch.look(CUT, after=30 * MINUTES)) == ["cut"]


def test_a_window_of_nothing_counts_no_flapping() -> None:
    watch = Watch(PAGE, confirm=True, policy=Policy(flap_window=timedelta()))
    assert flaps(watch, to_and_fro(watch, 5)) == []


@pytest.mark.parametrize(
    ("days", "at", "expected"),
    [
        ((0, 1), 1, None),
        ((0, 1, 2), 2, 3),
        ((0, 1, 2), 9, 3),  # exactly a week of calm is not over a week
        ((0, 1, 2), 9.5, None),
        ((0, 1, 2, 10, 11), 11, None),  # calm in between: counted anew
        ((0, 1, 2, 8, 14), 15, 5),  # once flapping, one a week keeps it so
    ],
)
def test_flapping_begins_with_the_third_reversal_and_ends_after_a_window_without(
    days: tuple[int, ...], at: float, expected: int | None
) -> None:
    week, counts = timedelta(days=7), tuple[Flapping, ...]()
    for day in days:
        counts = counted(counts, (Reversal("key", "model", "to and fro"),), DAY + timedelta(days=day), week)
    found = flapping_now(counts, DAY + timedelta(days=at), week)
    assert [state.reversals for state in found] == ([] if expected is None else [expected])
