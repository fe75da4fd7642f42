"""What is news, and what the database holds already."""

from __future__ import annotations

from dataclasses import replace

from storage.nouns import Event
from storage.store import Store
from tests.storage.looks import URL, day, event, outcome, rate, waiting

A, B, C = rate(amount="5.00"), rate(amount="2.50"), rate(amount="1.00")


def tell(store: Store, *events: Event, url: str = URL) -> list[Event]:
    """Record what is news among these events, as a run does."""
    told = []
    for each in events:
        fresh = store.new_events([each])
        store.record_page(replace(outcome(0, [each.new or A]), url=url, events=fresh))
        told += fresh
    return told


def test_a_first_change_is_news(store: Store) -> None:
    assert store.new_events([event("cut", A, B)]) == (event("cut", A, B),)


def test_the_language_twin_tells_the_same_change_and_it_is_no_news(store: Store) -> None:
    tell(store, event("cut", A, B))
    spelled = rate("gpt-4o", "2.5", evidence=replace(A.evidence, quote="2.5 美元"))
    assert store.new_events([event("cut", A, spelled, 2, url="https://openai.example/zh/pricing")]) == ()


def test_the_twin_may_call_the_same_change_a_promotion(store: Store) -> None:
    tell(store, event("cut", A, B))
    assert store.new_events([event("promo_start", A, replace(B, list_amount=A.amount), 2)]) == ()


def test_another_market_tells_its_own_change(store: Store) -> None:
    tell(store, event("cut", A, B))
    assert len(store.new_events([event("cut", A, B, market="cn")])) == 1


def test_a_promotion_that_comes_back_is_news_with_its_own_id(store: Store) -> None:
    told = tell(store, event("cut", A, B, 1), event("raise", B, A, 2), event("cut", A, B, 3), event("raise", B, A, 4))
    assert [each.repeat for each in told] == [0, 0, 1, 1]
    assert len({each.id for each in told}) == 4


def test_it_is_also_counted_inside_one_batch(store: Store) -> None:
    batch = [event("cut", A, B), event("cut", A, B), event("raise", B, A), event("cut", A, B)]
    assert [(each.kind, each.repeat) for each in store.new_events(batch)] == [("cut", 0), ("raise", 0), ("cut", 1)]


def test_the_same_change_after_a_restored_backup_has_the_same_id(store: Store) -> None:
    told = tell(store, event("cut", A, B, 1), event("raise", B, A, 2))
    store.connection.execute("DELETE FROM events WHERE id = ?", (told[1].id,))  # the backup was older
    assert [each.id for each in store.new_events([event("raise", B, A, 3)])] == [told[1].id]


def test_a_twin_that_comes_late_does_not_launch_the_model_again(store: Store) -> None:
    tell(store, event("launch", None, A, 1), event("cut", A, B, 2))
    assert store.new_events([event("launch", None, B, 3)]) == ()
    assert len(store.new_events([event("launch", None, C, 3)])) == 1


def test_a_stale_twin_that_launches_at_the_old_price_tells_no_news(store: Store) -> None:
    tell(store, event("launch", None, A, 1), event("cut", A, B, 2))
    assert store.new_events([event("launch", None, A, 3, url="https://openai.example/zh/pricing")]) == ()


def test_a_stale_twin_that_tells_an_old_change_tells_no_news(store: Store) -> None:
    twin = "https://openai.example/zh/pricing"
    store.record_page(outcome(0, [A], url=twin))
    tell(store, event("cut", A, B, 1), event("cut", B, C, 2))
    assert store.new_events([event("cut", A, B, 3, url=twin)]) == ()


def test_a_page_that_showed_the_old_price_after_the_telling_is_believed(store: Store) -> None:
    """A new address began with the old price, so nobody told of the way back."""
    tell(store, event("cut", A, B, 1))
    moved = "https://openai.example/new/pricing"
    store.record_page(outcome(5, [A], url=moved))
    assert [each.repeat for each in store.new_events([event("cut", A, B, 9, url=moved)])] == [1]
    assert store.new_events([event("cut", A, B, 9)]) == ()


def test_a_model_that_was_removed_can_be_launched_again(store: Store) -> None:
    tell(store, event("launch", None, A, 1), event("removal", A, None, 2))
    assert store.new_events([event("removal", A, None, 3)]) == ()
    assert [each.repeat for each in store.new_events([event("launch", None, A, 4)])] == [1]


def test_a_plan_is_told_once_for_each_date(store: Store) -> None:
    plan = event("scheduled", A, C, 1, effective_from=day(30))
    tell(store, plan)
    assert store.new_events([replace(plan, captured_at=day(2))]) == ()
    assert len(store.new_events([replace(plan, effective_from=day(60))])) == 1
    tell(store, event("cancelled", C, A, 3, effective_from=day(30)))
    assert len(store.new_events([replace(plan, captured_at=day(4))])) == 1


def test_a_plan_does_not_make_the_last_cut_news_again(store: Store) -> None:
    tell(store, event("cut", A, B, 1), event("scheduled", B, C, 2, effective_from=day(30)))
    assert store.new_events([event("cut", A, B, 3)]) == ()


def test_what_is_held_is_told_once_while_it_is_held(store: Store) -> None:
    held = event("held", A, C, 1)
    pending = replace(waiting(A, C, 1, outcome="held"), key="the judge may add a date to it")
    store.record_page(outcome(1, [C], accepted=[A], pending=(pending,), events=store.new_events([held])))
    assert store.new_events([replace(held, captured_at=day(40))]) == ()


def test_what_was_held_and_went_away_is_told_again_a_week_later(store: Store) -> None:
    held = event("held", A, C, 1)
    tell(store, held)  # nothing waits any more
    assert store.new_events([replace(held, captured_at=day(3))]) == ()
    assert [each.repeat for each in store.new_events([replace(held, captured_at=day(9))])] == [1]


def test_comparisons_with_two_predecessors_are_two_pieces_of_news(store: Store) -> None:
    first = event("successor", A, B, 1, predecessor="GPT-4")
    tell(store, first)
    assert store.new_events([replace(first, captured_at=day(2))]) == ()
    assert len(store.new_events([replace(first, predecessor="GPT-4 Turbo")])) == 1


def moved_hours(words: str, rate_: str = "5.00") -> Event:
    priced = rate(f"model at {rate_}", amount=rate_)
    why = f"the hours move and the prices do not: {words}; seen twice, 120 s apart"
    return event("notice", priced, priced, why=why)


def test_a_twin_that_speaks_of_another_price_does_not_tell_the_moved_hours_again(store: Store) -> None:
    (first,) = tell(store, moved_hours("now 8 to 18"))
    assert tell(store, replace(moved_hours("now 8 to 18", "2.50"), why=first.why.replace("120", "124"))) == []


def test_hours_that_move_back_and_forth_are_news_each_time(store: Store) -> None:
    there, back = moved_hours("now 8 to 18"), moved_hours("now 9 to 18")
    assert len(tell(store, there, back, there)) == 3
