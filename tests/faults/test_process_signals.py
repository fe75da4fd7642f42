"""P05 and P06: what a signal leaves, and what the next run finds."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.e2e.place import PRICES, Place
from tests.e2e.test_watch import wait_for

CHEAPER = {**PRICES, "aurora-large": ("2.50", "7.50")}


@contextmanager
def held_page(place: Place, host: str) -> Iterator[None]:
    """A page that answers only when the test is over."""
    is_over = threading.Event()

    def hold(asked: str, path: str) -> None:
        if (asked, path) == (host, "/pricing"):
            is_over.wait(120)

    place.site.on_request = hold
    try:
        yield
    finally:
        is_over.set()
        place.site.on_request = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_P05_a_signal_in_mid_crawl_keeps_what_is_finished(place: Place, number: signal.Signals) -> None:
    both = replace(place, providers=("aurora", "borealis")).write()
    both.show(PRICES)
    both.show(PRICES, "borealis")
    with held_page(both, "borealis.example"):
        running = both.start("run", "--only", "aurora,borealis", "--json")
        wait_for(lambda: ("aurora.example", "/pricing", 200) in both.site.requests, 120)
        wait_for(lambda: both.query("select * from captures"), 120)
        running.send_signal(number)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 143, err
    statuses = {page["provider"]: page["error_kind"] or page["status"] for page in json.loads(out)["pages"]}
    assert statuses == {"aurora": "baseline", "borealis": "interrupted"}
    assert {row["provider"] for row in both.query("select distinct provider from current_prices")} == {"aurora"}
    assert both.query("select status from runs order by id desc limit 1") == [{"status": "interrupted"}]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT], ids=["hup", "quit"])
def test_P06_a_signal_that_nobody_catches_is_like_a_kill(
    place: Place, number: signal.Signals, request: pytest.FixtureRequest
) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # a shell ignores it for what it starts in the background
    request.addfinalizer(lambda: signal.signal(number, before))
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    with held_page(place, "aurora.example"):
        asked = len(place.site.requests)
        running = place.start("run", "--only", "aurora")
        wait_for(lambda: len(place.site.requests) > asked and len(place.query("select * from runs")) == 2, 120)
        running.send_signal(number)
        running.communicate(timeout=120)
    assert running.returncode == -number
    assert_as_after_a_kill(place)


def test_P06_a_second_sigterm_ends_it_at_once(place: Place) -> None:
    """The first waits for what is in hand, here for the end of a second look that is two minutes away."""
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    with held_page(place, "aurora.example"):
        asked = len(place.site.requests)
        running = place.start("run", "--only", "aurora")
        wait_for(lambda: len(place.site.requests) > asked and len(place.query("select * from runs")) == 2, 120)
        running.send_signal(signal.SIGTERM)
        try:
            running.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGTERM)
        running.communicate(timeout=120)
    assert running.returncode in {143, -signal.SIGTERM}  # the second may come when the first is done with
    assert_as_after_a_kill(place)


def assert_as_after_a_kill(place: Place) -> None:
    """Nothing of the page was taken, and the next run tells the change once."""
    assert place.query("select count(*) n from events") == [{"n": 0}]
    assert {event["kind"] for event in place.run()["events"]} == {"cut"}
    assert [row["status"] for row in place.query("select status from runs order by id")] == ["ok", "interrupted", "ok"]
    assert len(place.hook.bodies) == 1
