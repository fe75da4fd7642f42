"""Incidents, failed looks, retirements and flapping prices come back as they were written, or not at all."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from scrapers.rates import PriceList, Retirement
from storage import outbox
from storage.errors import StoreError
from storage.incidents import HealthOutcome, Incident, known_incidents, list_incidents
from storage.nouns import Alert, Flapping, identity_text
from storage.store import Store
from tests.storage.looks import MARKET, PROVIDER, URL, day, outcome, page_id, rate, view

GONE = Incident("vanished", PROVIDER, MARKET, URL, day(1), day(3), "it is not there", facts={"status": 404, "次": "三"})


def finish(store: Store, number: int, *incidents: Incident, alerts: tuple[Alert, ...] = ()) -> int:
    run_id = store.begin_run(day(number), "run")
    store.finish_run(run_id, day(number), "ok", {}, HealthOutcome(incidents, alerts))
    return run_id


def test_an_incident_comes_back_as_it_was_and_changes_in_its_row(store: Store) -> None:
    run_id = finish(store, 3, GONE)
    (opened,) = list_incidents(store)
    assert replace(opened, id=None) == GONE
    finish(store, 5, replace(opened, closed_at=day(5), is_end_told=True, reopened=1))
    assert list_incidents(store) == ()
    (closed,) = list_incidents(store, PROVIDER, with_closed=True)
    assert (closed.closed_at, closed.reopened, closed.is_end_told) == (day(5), 1, True)
    assert [(row["id"], row["run_id"]) for row in view(store, "incidents")] == [(opened.id, run_id)]


def test_what_still_matters_is_known_and_what_is_long_over_is_not(store: Store) -> None:
    over = replace(GONE, kind="blocked", closed_at=day(4), is_end_told=True)
    finish(store, 4, GONE, over, replace(GONE, kind="stale", closed_at=day(4)))
    assert {each.kind for each in known_incidents(store, day(4))} == {"vanished", "blocked", "stale"}
    later = known_incidents(store, day(4) + timedelta(seconds=1))
    assert {each.kind for each in later} == {"vanished", "stale"}, "an end that was not told is not forgotten"


def test_the_same_incident_is_never_open_twice_and_nothing_of_that_run_is_kept(store: Store) -> None:
    finish(store, 3, GONE)
    alert = Alert("team-hook", "health", ("health:1",), "health")
    with pytest.raises(StoreError):
        finish(store, 4, replace(GONE, kind="layout"), GONE, alerts=(alert,))
    assert [each.kind for each in list_incidents(store)] == ["vanished"]
    assert outbox.counts(store)["pending"] == 0
    assert [row["status"] for row in view(store, "runs")] == ["ok", "running"]


def test_messages_are_queued_with_the_incident(store: Store) -> None:
    alert = Alert("team-hook", "health", ("health:1",), "health", {"type": "health.opened"})
    run_id = finish(store, 3, GONE, alerts=(alert, alert))
    (queued,) = view(store, "alerts")
    assert (queued["id"], queued["run_id"], queued["state"]) == (alert.id, run_id, "pending")


def test_every_failed_look_is_kept(store: Store) -> None:
    for number, kind in enumerate(("http_404", "dns")):
        store.record_failure(None, PROVIDER, MARKET, URL, day(number), kind, "see the address")
    found = view(store, "failed_looks")
    assert [(row["kind"], row["message"], row["failed_at"]) for row in found] == [
        ("http_404", "see the address", "2024-05-13T09:00:00Z"),
        ("dns", "see the address", "2024-05-14T09:00:00Z"),
    ]


def test_retirements_belong_to_their_capture(store: Store) -> None:
    said = (Retirement("GPT-4", day(90), "retires on 11 August", "table 1"), Retirement("o1", None, "deprecated"))
    capture = store.record_page(outcome(0, [rate()], price_list=PriceList((rate(),), retirements=said)))
    assert [(row["capture_id"], row["model"], row["retires_at"]) for row in view(store, "retirements")] == [
        (capture, "GPT-4", "2024-08-11T09:00:00Z"),
        (capture, "o1", None),
    ]


def test_flapping_prices_are_replaced_by_a_look_that_counts_and_left_by_one_that_does_not(store: Store) -> None:
    flapping = Flapping(identity_text(rate()), 3, day(1), day(4), "$5 and $2.50 in turn")
    store.record_page(outcome(4, [rate()], flapping=(flapping,)))
    store.record_page(outcome(5, [rate()]))
    assert store.flapping_of(page_id(store)) == (flapping,)
    store.record_page(outcome(6, [rate()], flapping=()))
    assert store.flapping_of(page_id(store)) == ()


def test_a_row_without_its_page_is_refused(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.connection.raw.execute(
            "INSERT INTO failed_looks (page_id, failed_at, kind, message) VALUES (99, '', '', '')"
        )
