"""`pricefall watch` as a real process: it looks by itself, tells, and stops cleanly."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.place import PRICES, Place

CHEAPER = {**PRICES, "aurora-large": ("2.50", "15.00")}


def wait_for(what: Callable[[], object], seconds: float = 25) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_watch_looks_by_itself_confirms_and_tells(place: Place) -> None:
    place.show(PRICES)
    watching = place.start("watch", "--only", "aurora")
    try:
        wait_for(lambda: ("aurora.example", "/pricing", 200) in place.site.requests)
        wait_for(lambda: ("aurora.example", "/pricing", 304) in place.site.requests)
        place.show(CHEAPER)
        wait_for(lambda: place.hook.bodies and place.mails.messages)
    finally:
        watching.send_signal(signal.SIGTERM)
        out, err = watching.communicate(timeout=20)
    assert watching.returncode == 0, err
    assert "stopped; what was finished is kept" in out
    assert len(place.hook.bodies) == len(place.mails.messages) == 1
    events = place.query("select kind, old_amount, new_amount from events")
    assert events == [{"kind": "cut", "old_amount": "5.00", "new_amount": "2.50"}]


def test_watch_comes_back_for_what_is_not_decided_by_the_second_look(place: Place) -> None:
    """The ordinary looks are far apart; the removal is told by the look that is made for it."""
    place.write(confirm_removal_after='"8s"')
    own = place.folder / "providers" / "aurora.toml"
    own.write_text(own.read_text().replace('interval = "2s"', 'interval = "1h"'))
    place.show(PRICES)
    place.run()
    place.show({name: price for name, price in PRICES.items() if name != "aurora-nano"})
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: place.hook.bodies)
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)
    assert {row["kind"] for row in place.query("select kind from events")} == {"removal"}
    looks = [status for _, path, status in place.site.requests if path == "/pricing"]
    assert len(looks) == 4, "the baseline, the first sight, the second look and the one that believes"


def test_watch_delivers_what_waited_at_its_instant_and_not_at_its_next_round(place: Place) -> None:
    """It delivers when it starts and each minute; quiet hours end a few seconds after its start."""
    place.show(PRICES)
    place.run()
    now, hour = datetime.now(UTC), timedelta(hours=1)
    quiet = f"{now - hour:%H:%M}-{now + hour:%H:%M}"
    file = place.folder / "pricefall.toml"
    file.write_text(file.read_text().replace('id = "all"', f'id = "all"\nquiet_hours = "{quiet}"'))
    place.show(CHEAPER)
    place.run()
    assert place.hook.bodies == []
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    with sqlite3.connect(place.folder / "prices.db") as sql:
        sql.execute("UPDATE alerts SET not_before = ?", (f"{end:%Y-%m-%dT%H:%M:%SZ}",))
    sql.close()
    own = place.folder / "providers" / "aurora.toml"
    own.write_text(own.read_text().replace('interval = "2s"', 'interval = "1h"'))
    watching = place.start("watch", "--only", "aurora")
    try:
        wait_for(lambda: place.hook.bodies, seconds=50)
        late = datetime.now(UTC) - end
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)
    assert timedelta(0) <= late < timedelta(seconds=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_p05_a_signal_in_the_middle_of_a_crawl_leaves_no_half_comparison(place: Place, number: signal.Signals) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    asked = len(place.site.requests)
    place.site.on_request = lambda _, path: time.sleep(8) if path == "/pricing" else None
    watching = place.start("watch", "--only", "aurora", "--at-once")
    wait_for(lambda: len(place.site.requests) > asked)  # robots.txt was asked for, the page is on its way
    time.sleep(0.5)
    began = time.monotonic()
    watching.send_signal(number)
    _, err = watching.communicate(timeout=20)
    assert watching.returncode == 0, err
    assert time.monotonic() - began < 6, "it waited for the slow page"
    assert place.query("select amount from current_prices where model = 'aurora-large' and meter = 'input'") == [
        {"amount": "5.00"}
    ]
    assert place.query("select count(*) n from events") == [{"n": 0}]
    place.site.on_request = None
    assert [event["new"] for event in place.run()["events"]] == ["2.50"]


def test_watch_keeps_the_appointments_of_an_earlier_process(place: Place) -> None:
    place.write(confirm_removal_after='"15s"')
    own = place.folder / "providers" / "aurora.toml"
    own.write_text(own.read_text().replace('interval = "2s"', 'interval = "1h"'))
    place.show(PRICES)
    place.run()
    place.show({name: price for name, price in PRICES.items() if name != "aurora-nano"})
    assert place.run()["events"] == []
    watching = place.start("watch", "--only", "aurora")
    try:
        wait_for(lambda: place.hook.bodies, 60)
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)
    assert {row["kind"] for row in place.query("select kind from events")} == {"removal"}


def test_watch_refuses_to_start_beside_another(place: Place) -> None:
    place.show(PRICES)
    watching = place.start("watch", "--only", "aurora")
    try:
        wait_for(lambda: place.site.requests)
        assert place.call("run", "--only", "aurora").returncode == 75
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)
