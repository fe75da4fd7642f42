"""The outbox: nothing is lost, nothing overtakes, and what is sent stays sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage import outbox
from storage.errors import StoreError
from storage.nouns import Alert
from storage.outbox import Leased, lease, mark_dead, mark_failed, mark_sent
from storage.store import Store
from tests.storage.looks import day, outcome, rate, view

NOW = day(10)
SECOND = timedelta(seconds=1)


def queue(store: Store, *names: str, channel: str = "hook", order_key: str = "openai", at: datetime = NOW) -> None:
    alerts = tuple(Alert(channel, "cuts", (name,), order_key, {"subject": name}) for name in names)
    store.record_page(outcome(0, [rate()], alerts=alerts, recorded_at=at))


def subjects(leased: tuple[Leased, ...]) -> list[str]:
    return [each.payload["subject"] for each in leased]


def states(store: Store) -> dict[str, int]:
    """How many alerts are in each state, where there are any."""
    return {state: count for state, count in outbox.counts(store).items() if count}


def test_an_alert_comes_out_as_it_went_in(store: Store) -> None:
    queue(store, "GPT-4o 降价 50 %")
    [leased] = lease(store, NOW, 60)
    assert (leased.payload, leased.event_ids, leased.attempt) == (
        {"subject": "GPT-4o 降价 50 %"},
        ("GPT-4o 降价 50 %",),
        1,
    )
    assert leased.leased_until == NOW + timedelta(seconds=60)


def test_only_the_first_of_a_key_is_leased_and_the_next_after_it_is_sent(store: Store) -> None:
    queue(store, "first", "second")
    [first] = lease(store, NOW, 60)
    assert first.payload["subject"] == "first"
    assert lease(store, NOW, 60) == ()
    mark_sent(store, first, NOW)
    assert subjects(lease(store, NOW, 60)) == ["second"]


def test_a_later_one_waits_while_an_earlier_one_is_being_tried_again(store: Store) -> None:
    queue(store, "first", "second")
    [first] = lease(store, NOW, 60)
    mark_failed(store, first, NOW, next_attempt_at=NOW + timedelta(hours=1), error="503")
    assert lease(store, NOW + timedelta(minutes=59), 60) == ()
    [again] = lease(store, NOW + timedelta(hours=1), 60)
    assert (again.payload["subject"], again.attempt, again.id) == ("first", 2, first.id)


def test_other_channels_and_keys_are_not_held_back(store: Store) -> None:
    queue(store, "stuck", "behind")
    queue(store, "mail", channel="mail")
    queue(store, "other provider", order_key="deepseek")
    [stuck, *_] = lease(store, NOW, 60)
    mark_failed(store, stuck, NOW, next_attempt_at=day(20), error="refused")
    later = lease(store, NOW + timedelta(minutes=2), 60)
    assert subjects(later) == ["mail", "other provider"]


def test_a_dead_one_holds_back_nothing_and_can_be_asked_for_again(store: Store) -> None:
    queue(store, "poison", "next")
    [poison] = lease(store, NOW, 60)
    mark_dead(store, poison, NOW, "400 Bad Request, 12 times")
    assert subjects(lease(store, NOW, 60)) == ["next"]
    assert states(store) == {"pending": 1, "dead": 1}
    [dead] = outbox.list_alerts(store, state="dead")
    assert (dead.id, dead.last_error) == (poison.id, "400 Bad Request, 12 times")
    assert outbox.retry_dead(store, NOW, ["msg_of_nobody"]) == 0
    assert outbox.retry_dead(store, NOW) == 1
    [again] = lease(store, NOW, 60)
    assert (again.id, again.attempt) == (poison.id, 1)


def test_a_lease_that_ran_out_gives_the_same_id_to_the_next_sender(store: Store) -> None:
    queue(store, "once")
    [first] = lease(store, NOW, 60)
    assert lease(store, NOW + 59 * SECOND, 60) == ()
    [second] = lease(store, NOW + 60 * SECOND, 60)
    assert second.id == first.id
    # The first sender was only slow: what it sent is sent, and its failure would not take the second one's lease.
    mark_failed(store, first, NOW + 61 * SECOND, next_attempt_at=day(90), error="late")
    assert lease(store, NOW + 62 * SECOND, 60) == ()
    mark_sent(store, first, NOW + 63 * SECOND)
    mark_dead(store, second, NOW + 64 * SECOND, "given up")
    assert states(store) == {"sent": 1}


def test_two_senders_never_hold_the_same_alert(store: Store, database: Path) -> None:
    queue(store, *[f"a{n}" for n in range(3)])
    queue(store, *[f"b{n}" for n in range(3)], order_key="deepseek")
    with Store.open(database) as other:
        one, two = lease(store, NOW, 60, limit=1), lease(other, NOW, 60, limit=5)
    assert subjects(one) == ["a0"]
    assert subjects(two) == ["b0"]


def test_leases_can_be_given_back(store: Store) -> None:
    queue(store, "first")
    outbox.release(store, lease(store, NOW, 600))
    assert subjects(lease(store, NOW, 60)) == ["first"]


def test_only_the_named_channels_are_leased(store: Store) -> None:
    queue(store, "hook")
    queue(store, "mail", channel="mail")
    assert lease(store, NOW, 60, channels=[]) == ()
    assert subjects(lease(store, NOW, 60, channels=["mail", "unknown"])) == ["mail"]


def test_a_disabled_channel_keeps_its_alerts_until_it_is_enabled(store: Store) -> None:
    queue(store, "hook")
    outbox.disable_channel(store, "hook", NOW, "410 Gone")
    outbox.disable_channel(store, "hook", NOW, "410 Gone again")
    assert lease(store, NOW, 60) == ()
    assert outbox.disabled_channels(store) == {"hook": "410 Gone again"}
    outbox.enable_channel(store, "hook")
    assert subjects(lease(store, NOW, 60)) == ["hook"]


def test_a_clock_that_is_set_back_puts_nothing_off(store: Store) -> None:
    """P14: neither what was never tried, nor what is tried again, nor a lease from the future."""
    queue(store, "new")
    [new] = lease(store, NOW, 60)
    a_day_ago = NOW - timedelta(days=1)
    assert subjects(lease(store, a_day_ago, 60)) == ["new"]
    [new] = lease(store, NOW + timedelta(minutes=5), 60)
    mark_failed(store, new, NOW, next_attempt_at=NOW + 60 * SECOND, error="refused")
    assert subjects(lease(store, a_day_ago, 60)) == ["new"]


def test_every_attempt_is_written_down(store: Store) -> None:
    queue(store, "hook")
    [first] = lease(store, NOW, 60)
    mark_failed(store, first, NOW, next_attempt_at=NOW + SECOND, error="500")
    [second] = lease(store, NOW + SECOND, 60)
    mark_sent(store, second, NOW + 2 * SECOND)
    assert [(row["attempt"], row["outcome"], row["error"]) for row in view(store, "deliveries")] == [
        (1, "failed", "500"),
        (2, "sent", None),
    ]
    sent = outbox.get_alert(store, first.id)
    assert (sent.state, sent.attempts, sent.sent_at, sent.last_error) == ("sent", 2, NOW + 2 * SECOND, None)


def test_an_alert_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="msg_of_nobody"):
        outbox.get_alert(store, "msg_of_nobody")


def test_the_oldest_go_first_and_the_limit_holds(store: Store) -> None:
    for number in range(5):
        queue(store, f"n{number}", order_key=f"key {number}")
    assert subjects(lease(store, NOW, 60, limit=2)) == ["n0", "n1"]
    assert subjects(lease(store, NOW, 60, limit=2)) == ["n2", "n3"]
    assert [each.payload["subject"] for each in outbox.list_alerts(store, limit=2)] == ["n4", "n3"]


def test_counts_name_what_was_withdrawn_and_what_waits_for_a_digest(store: Store) -> None:
    queue(store, "a", "b")
    outbox.enqueue(store, [Alert("hook", "cuts", ("c",), "openai", {"subject": "c"}, digest="daily")], NOW)
    with store.connection.write() as sql:
        sql.execute("UPDATE alerts SET state = 'withdrawn' WHERE event_ids = '[\"a\"]'")
    assert outbox.counts(store) == {"pending": 1, "collected": 1, "sent": 0, "dead": 0, "withdrawn": 1}
