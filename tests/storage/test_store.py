from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scrapers.rates import Complaint, Conditions, Evidence, Rate
from storage.errors import StoreError
from storage.store import Decision, Store
from tests.storage.looks import MARKET, PROVIDER, URL, alert, day, event, outcome, page_id, rate, view, waiting


def open_intervals(store: Store) -> list[tuple[str, str, str, str]]:
    return [
        (row["model"], row["amount"], row["seen_from"], row["seen_until"])
        for row in view(store, "price_history")
        if row["ended_at"] is None
    ]


def test_a_page_that_was_never_looked_at_is_empty_and_leaves_no_row(store: Store) -> None:
    state = store.page_state(PROVIDER, MARKET, URL)
    assert (state.page_id, state.has_baseline, state.etag, state.failures) == (None, False, None, 0)
    assert view(store, "pages") == []


def test_the_first_look_is_remembered_with_all_that_the_next_one_needs(store: Store) -> None:
    store.record_page(outcome(0, [rate()], last_modified="Mon, 13 May 2024 09:00:00 GMT", headers={"age": "3"}))
    state = store.page_state(PROVIDER, MARKET, URL)
    assert state.has_baseline
    assert state.etag == '"0"'
    assert state.last_modified == "Mon, 13 May 2024 09:00:00 GMT"
    assert state.last_full_at == state.last_ok_at == state.last_checked_at == day(0)
    assert store.accepted_rates(page_id(store)) == (rate(),)
    [capture] = view(store, "captures")
    assert (capture["bytes"], capture["rates"], capture["headers"]) == (1000, 1, '{"age":"3"}')


def test_the_same_price_moves_only_the_time_of_seeing(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(3, [rate()]))
    assert open_intervals(store) == [("GPT-4o", "5.00", "2024-05-13T09:00:00Z", "2024-05-16T09:00:00Z")]


def test_another_spelling_of_the_same_price_opens_no_interval_and_is_quoted_as_it_is_now_printed(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    spelled = rate("gpt-4o", "0.005", per=Decimal(1000), evidence=Evidence("$0.005 / 1K", "table 2"))
    store.record_page(outcome(1, [spelled]))
    [row] = view(store, "price_history")
    assert (row["model"], row["amount"], row["per"], row["quote"]) == ("gpt-4o", "0.005", "1000", "$0.005 / 1K")
    assert (row["per_million_tokens"], row["seen_from"]) == (5.0, "2024-05-13T09:00:00Z")


def test_a_changed_price_ends_one_interval_and_begins_the_next_at_the_same_moment(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(1, [rate()]))
    store.record_page(outcome(5, [rate(amount="2.50")]))
    old, new = view(store, "price_history")
    assert (old["amount"], old["seen_until"], old["ended_at"]) == (
        "5.00",
        "2024-05-14T09:00:00Z",
        "2024-05-18T09:00:00Z",
    )
    assert (new["amount"], new["seen_from"], new["ended_at"]) == ("2.50", "2024-05-18T09:00:00Z", None)


def test_a_price_that_was_accepted_after_waiting_began_when_it_was_first_seen(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    cheap = rate(amount="2.50")
    store.record_page(outcome(1, [cheap], accepted=[rate()], pending=(waiting(rate(), cheap, 1),)))
    [kept] = view(store, "current_prices")
    assert (kept["amount"], kept["seen_until"]) == ("5.00", "2024-05-13T09:00:00Z")  # not seen on day 1
    store.record_page(outcome(2, [cheap]))
    old, new = view(store, "price_history")
    assert old["ended_at"] == new["seen_from"] == "2024-05-14T09:00:00Z"
    assert store.pending_of(page_id(store)) == ()


def test_a_removal_that_waited_ended_when_the_model_was_first_missed(store: Store) -> None:
    both = [rate(), rate("GPT-4")]
    store.record_page(outcome(0, both))
    gone = waiting(rate("GPT-4"), None, 1, kind="removal")
    store.record_page(outcome(1, [rate()], accepted=both, pending=(gone,)))
    store.record_page(outcome(2, [rate()]))
    [ended] = [row for row in view(store, "price_history") if row["ended_at"]]
    assert (ended["model"], ended["ended_at"]) == ("GPT-4", "2024-05-14T09:00:00Z")


def test_a_price_and_the_one_announced_for_later_stand_side_by_side(store: Store) -> None:
    announced = rate(amount="10.00", valid_from=day(30))
    store.record_page(outcome(0, [rate(), announced]))
    assert store.accepted_rates(page_id(store)) == (rate(), announced)
    store.record_page(outcome(1, [rate(), announced]))
    assert len(view(store, "price_history")) == 2


def test_a_page_whose_list_was_not_accepted_keeps_its_prices(store: Store) -> None:
    store.record_page(outcome(0, [rate(), rate("GPT-4")]))
    store.record_page(outcome(1, [rate()], accepted=None))
    assert {row[0] for row in open_intervals(store)} == {"GPT-4o", "GPT-4"}


def test_an_empty_list_is_no_baseline(store: Store) -> None:
    store.record_page(outcome(0, []))
    assert not store.page_state(PROVIDER, MARKET, URL).has_baseline


def test_complaints_are_kept_with_their_capture(store: Store) -> None:
    unknown = Complaint("unread_amount", "an amount under an unknown word", "$3.00", "table 1")
    capture_id = store.record_page(outcome(0, [rate()], complaints=[unknown]))
    [kept] = view(store, "complaints")
    assert (kept["capture_id"], kept["kind"], kept["quote"]) == (capture_id, "unread_amount", "$3.00")
    assert view(store, "captures")[0]["amounts_unread"] == 1


def test_a_correction_says_that_the_old_price_was_never_true(store: Store) -> None:
    wrong, right = rate(amount="5000"), rate(amount="5.00")
    store.record_page(outcome(0, [wrong]))
    correction = event("correction", wrong, right, why="a unit slip of a thousand was repaired")
    store.record_page(outcome(1, [right], events=(correction,)))
    old, new = view(store, "price_history")
    assert (old["superseded_at"], old["superseded_why"]) == (
        "2024-05-14T09:01:00Z",
        "a unit slip of a thousand was repaired",
    )
    assert new["superseded_at"] is None


def test_an_event_and_its_alert_come_back_as_they_were(store: Store) -> None:
    cut = event("cut", rate(), rate(amount="2.50"), effective_from=day(1))
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(1, [rate(amount="2.50")], events=(cut,), alerts=(alert(cut),)))
    assert store.event(cut.id) == cut
    assert store.event("evt_of_nobody") is None
    [queued] = view(store, "alerts")
    assert (queued["id"], queued["state"]) == (alert(cut).id, "pending")


def test_recent_events_are_those_of_the_pages_market_since_then_oldest_first(store: Store) -> None:
    a, b = rate(), rate(amount="2.50")
    events = tuple(event(kind, old, new, number) for number, (kind, old, new) in enumerate(
        [("cut", a, b), ("raise", b, a), ("free", a, rate(amount=None, state="free"))], start=1
    ))  # fmt: skip
    store.record_page(outcome(3, [a], events=events))
    of_twin = event("launch", None, rate("o1"), 3)
    store.record_page(outcome(3, [a], url=f"{URL}/zh", events=(of_twin,)))
    elsewhere = event("launch", None, rate("o1"), 3, market="cn")
    store.record_page(outcome(3, [a], market="cn", events=(elsewhere,)))
    assert store.recent_events(page_id(store), day(2)) == (*events[1:], of_twin)
    assert store.recent_events(page_id(store), day(9)) == ()


def test_a_body_that_came_in_full_and_was_the_same_is_remembered_as_such(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_unchanged(None, [page_id(store)], day(1))
    assert store.page_state(PROVIDER, MARKET, URL).last_full_at == day(0)
    store.record_unchanged(None, [page_id(store)], day(2), in_full=[page_id(store)])
    assert store.page_state(PROVIDER, MARKET, URL).last_full_at == day(2)


def test_the_same_look_written_twice_tells_nothing_twice(store: Store) -> None:
    cut = event("cut", rate(), rate(amount="2.50"))
    look = outcome(1, [rate(amount="2.50")], events=(cut,), alerts=(alert(cut),))
    store.record_page(outcome(0, [rate()]))
    store.record_page(look)
    store.record_page(look)
    assert len(view(store, "events")) == len(view(store, "alerts")) == 1


def test_an_unchanged_page_moves_the_sight_of_what_stands_on_it_and_of_nothing_else(store: Store) -> None:
    kept = rate("GPT-4", "30.00")
    store.record_page(outcome(0, [rate(), kept]))
    store.record_page(outcome(1, [rate()], accepted=[rate(), kept]))
    run_id = store.begin_run(day(2), "run")
    store.record_unchanged(run_id, [page_id(store)], day(2))
    seen = {row["model"]: row["seen_until"] for row in view(store, "price_history")}
    assert seen == {"GPT-4o": "2024-05-15T09:00:00Z", "GPT-4": "2024-05-13T09:00:00Z"}
    state = store.page_state(PROVIDER, MARKET, URL)
    assert (state.last_ok_at, state.last_full_at) == (day(2), day(1))


def test_failures_are_counted_until_a_good_look_and_change_no_price(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    for number in (1, 2):
        store.record_failure(None, PROVIDER, MARKET, URL, day(number), "FetchError", "connection refused")
    state = store.page_state(PROVIDER, MARKET, URL)
    assert (state.failures, state.last_error) == (2, "FetchError: connection refused")
    assert (state.last_ok_at, state.last_checked_at) == (day(0), day(2))
    assert store.accepted_rates(page_id(store)) == (rate(),)
    store.record_unchanged(None, [page_id(store)], day(3))
    assert store.page_state(PROVIDER, MARKET, URL).failures == 0


def test_a_page_that_fails_at_its_first_look_is_remembered_without_a_baseline(store: Store) -> None:
    store.record_failure(None, PROVIDER, MARKET, URL, day(0), "Blocked", "a challenge page")
    state = store.page_state(PROVIDER, MARKET, URL)
    assert (state.failures, state.has_baseline) == (1, False)


def test_a_price_that_falls_due_without_a_new_body_is_accepted_with_its_event(store: Store) -> None:
    announced = rate(amount="10.00", valid_from=day(3))
    store.record_page(outcome(0, [rate(), announced]))
    rise = event("raise", rate(), announced, 4, effective_from=day(3))
    store.record_decision(
        Decision(None, page_id(store), day(4), day(4), accepted=(announced,), events=(rise,), alerts=(alert(rise),))
    )
    assert store.accepted_rates(page_id(store)) == (announced,)
    assert store.event(rise.id) == rise
    assert len(view(store, "alerts")) == 1


def test_a_reviewed_difference_replaces_what_was_held(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    steep = rate(amount="0.05")
    held = waiting(rate(), steep, 1, outcome="held", why="a hundredth of the old price")
    store.record_page(outcome(1, [steep], accepted=[rate()], pending=(held,)))
    [(state, pending)] = store.all_pending()
    assert (state.url, pending) == (URL, held)
    store.record_decision(Decision(None, page_id(store), day(2), day(2), accepted=(steep,), pending=()))
    assert store.accepted_rates(page_id(store)) == (steep,)
    assert store.all_pending() == ()
    store.record_unchanged(None, [page_id(store)], day(3))
    assert view(store, "current_prices")[0]["seen_until"] == "2024-05-16T09:00:00Z"


def test_a_decision_about_an_unknown_page_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no page has the id 7"):
        store.record_decision(Decision(None, 7, day(0), day(0)))


def test_a_reread_does_not_pretend_that_the_page_was_fetched(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(5, [rate()], is_full=False, etag=None))
    state = store.page_state(PROVIDER, MARKET, URL)
    assert (state.etag, state.last_full_at) == ('"0"', day(0))


def test_a_run_that_never_ended_is_closed_as_interrupted_by_the_next(store: Store) -> None:
    first = store.begin_run(day(0), "run")
    second = store.begin_run(day(1), "watch")
    store.finish_run(second, day(1) + timedelta(minutes=2), "ok", {"pages": 3})
    runs = {row["id"]: (row["status"], row["finished_at"], row["summary"]) for row in view(store, "runs")}
    assert runs == {
        first: ("interrupted", "2024-05-14T09:00:00Z", "{}"),
        second: ("ok", "2024-05-14T09:02:00Z", '{"pages":3}'),
    }


def test_when_a_page_is_due_is_remembered_for_one_never_seen_too(store: Store) -> None:
    store.set_next_due({(PROVIDER, MARKET, URL): day(9)})
    assert store.page_state(PROVIDER, MARKET, URL).next_due_at == day(9)
    assert [state.url for state in store.pages()] == [URL]


def test_an_error_in_the_middle_of_a_look_leaves_nothing_of_it(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    broken = outcome(1, [rate(amount="2.50"), rate("half \ud800 a letter")])
    with pytest.raises(StoreError, match="no Unicode"):
        store.record_page(broken)
    assert store.accepted_rates(page_id(store)) == (rate(),)
    assert len(view(store, "captures")) == 1


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.record_page(replace(outcome(0, [rate()]), captured_at=day(0).replace(tzinfo=None)))
    assert view(store, "pages") == []


def test_a_clock_that_was_set_back_gives_no_interval_that_ends_before_it_was_seen(store: Store) -> None:
    store.record_page(outcome(5, [rate()]))
    store.record_page(outcome(1, [rate(amount="2.50")]))
    for row in view(store, "price_history"):
        assert row["seen_from"] <= row["seen_until"]
        assert row["ended_at"] is None or row["ended_at"] >= row["seen_until"]


@pytest.mark.parametrize(
    ("changed", "sort"),
    [
        (rate(amount="0.0000000833333333333333", per=Decimal(1)), 0.0833333333333333),
        (rate(state="free", amount=None), 0.0),
        (rate(state="contact", amount=None, per=None, unit=None), None),
        (rate(meter="image", amount="0.04", per=Decimal(1), unit="image"), 0.04),
        (rate(meter="speech", amount="15", unit="character"), 15.0),
        (rate(amount="1" + "0" * 400), None),
    ],
)
def test_the_sorting_column_is_a_rounded_price_per_million_or_per_one(
    store: Store, changed: Rate, sort: float | None
) -> None:
    store.record_page(outcome(0, [changed]))
    found = view(store, "rates")[0]["price_sort"]
    assert found == (None if sort is None else pytest.approx(sort))
    assert store.accepted_rates(page_id(store)) == (changed,)


def test_conditions_tell_prices_apart(store: Store) -> None:
    peak, calm = Conditions(window="peak"), Conditions(window="off_peak")
    listed = [rate(conditions=peak), rate(amount="2.50", conditions=calm)]
    store.record_page(outcome(0, listed))
    store.record_page(outcome(1, [listed[0], rate(amount="1.00", conditions=calm)]))
    assert sorted(row["amount"] for row in view(store, "current_prices")) == ["1.00", "5.00"]
