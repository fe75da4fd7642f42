"""Alerts that wait: for the end of quiet hours, and for their digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage import digests, outbox
from storage.nouns import Alert
from storage.outbox import OutboxAlert, lease, mark_dead, mark_failed, mark_sent
from storage.store import Store
from tests.storage.looks import day, outcome, rate

NOW = day(10)
HOUR = timedelta(hours=1)
MORNING = NOW + 8 * HOUR


def queue(store: Store, name: str, at: datetime = NOW, **facts: Any) -> Alert:
    alert = Alert("hook", "r", (name,), "openai", {"subject": name, "version": 1}, **facts)
    store.record_page(outcome(0, [rate()], alerts=(alert,), recorded_at=at))
    return alert


def take(store: Store, at: datetime) -> list[str]:
    """The names of all that goes out at a moment, in its order."""
    names = []
    while leased := lease(store, at, 60):
        for each in leased:
            names.append(each.payload["subject"])
            mark_sent(store, each, at)
    return names


def join(parts: Sequence[OutboxAlert]) -> Alert:
    ids = tuple(event for part in parts for event in part.event_ids)
    return Alert(parts[0].channel, "r", ids, "digest", {"subject": "+".join(ids)}, is_digest=True)


def test_what_came_in_quiet_hours_waits_for_their_end(store: Store) -> None:
    queue(store, "at night", not_before=MORNING)
    assert outbox.next_release(store, NOW) == MORNING
    assert take(store, MORNING - timedelta(seconds=1)) == []
    assert take(store, MORNING) == ["at night"]
    assert outbox.next_release(store, MORNING) is None


def test_what_must_go_out_takes_along_what_waits_before_it_and_nothing_after(store: Store) -> None:
    queue(store, "first", not_before=MORNING)
    queue(store, "urgent")
    queue(store, "third", not_before=MORNING)
    assert take(store, NOW) == ["first", "urgent"]
    assert take(store, MORNING) == ["third"]


def test_what_failed_and_what_is_dead_wake_nobody(store: Store) -> None:
    queue(store, "dead")
    queue(store, "at night", not_before=MORNING)
    [first] = lease(store, NOW, 60)
    mark_failed(store, first, NOW, next_attempt_at=NOW + HOUR, error="503")
    [again] = lease(store, NOW + HOUR, 60)
    mark_dead(store, again, NOW + HOUR, "503")
    assert take(store, NOW + HOUR) == []
    assert take(store, MORNING) == ["at night"]


@pytest.mark.parametrize(("ahead", "names"), [(timedelta(days=400), ["x"]), (timedelta(minutes=5), [])])
def test_what_a_clock_far_ahead_has_queued_is_not_kept_for_a_year(
    store: Store, ahead: timedelta, names: list[str]
) -> None:
    """A step of minutes, which every clock makes, ends no quiet hours."""
    queue(store, "x", at=NOW + ahead, not_before=MORNING + ahead)
    assert take(store, NOW) == names
    assert take(store, MORNING + ahead) == [] if names else ["x"]


def test_a_digest_far_ahead_is_made_when_the_clock_is_right_again(store: Store) -> None:
    later = timedelta(days=400)
    queue(store, "x", at=NOW + later, not_before=MORNING + later, digest="weekly")
    assert digests.fold(store, NOW, join) == 1


def test_the_parts_of_a_digest_go_out_as_one_and_only_when_it_is_due(store: Store) -> None:
    queue(store, "a", not_before=MORNING, digest="daily")
    queue(store, "now")
    queue(store, "b", not_before=MORNING, digest="daily")
    queue(store, "next week", not_before=MORNING + 24 * HOUR, digest="weekly")
    assert digests.fold(store, NOW, join) == 0
    assert take(store, NOW) == ["now"]
    assert outbox.next_release(store, NOW) == MORNING
    assert digests.fold(store, MORNING, join) == 1
    assert digests.fold(store, MORNING, join) == 0
    assert take(store, MORNING) == ["a+b"]
    digest, part = (outbox.alerts_about(store, "a")[index] for index in (1, 0))
    assert (part.state, part.digest_id) == ("folded", digest.id)
    assert outbox.counts(store)["sent"] == 2


def test_a_digest_of_one_part_has_an_id_of_its_own_that_depends_on_nothing_but_its_events(store: Store) -> None:
    part = queue(store, "a", not_before=MORNING, digest="daily")
    digests.fold(store, MORNING, join)
    [digest] = lease(store, MORNING, 60)
    assert digest.id != part.id
    assert digest.id == Alert("hook", "other", ("a",), "digest", {"subject": "x"}, is_digest=True).id


def test_a_fold_that_is_broken_off_changes_nothing(store: Store) -> None:
    queue(store, "a", not_before=MORNING, digest="daily")

    def die(_parts: Sequence[OutboxAlert]) -> Alert:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        digests.fold(store, MORNING, die)
    assert digests.fold(store, MORNING, join) == 1
    assert take(store, MORNING) == ["a"]


def test_an_impatient_person_gets_all_that_waits(store: Store) -> None:
    queue(store, "at night", not_before=MORNING)
    queue(store, "part", not_before=MORNING, digest="weekly")
    outbox.hasten(store, NOW)
    assert digests.fold(store, NOW, join) == 1
    assert sorted(take(store, NOW)) == ["at night", "part"]
