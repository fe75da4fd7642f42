"""P12 to P17: a clock that jumps, a machine that sleeps, summer time, and the ends of years."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook

from monitor.commands.watch import make_scheduler
from scrapers.rates import parse_instant
from tests.e2e.place import PRICES, SECRET, Place
from tests.e2e.test_watch import wait_for

CHEAPER = {**PRICES, "aurora-large": ("2.50", "7.50")}


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """The monitor's clock stands where it is set; that of the machine goes on."""

    def set_it(at: datetime) -> None:
        monkeypatch.setattr("monitor.parts.utc_now", lambda: at)

    return set_it


def looks(place: Place) -> int:
    return sum(path == "/pricing" for _, path, _ in place.site.requests)


def test_P12_a_round_that_is_longer_than_the_interval_is_said_once_and_looks_do_not_pile_up(place: Place) -> None:
    place.show(PRICES)
    place.site.on_request = lambda _, path: time.sleep(2.5) if path == "/pricing" else None  # the interval is 2 s
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: looks(place) >= 3, 120)
    finally:
        watching.send_signal(signal.SIGTERM)
        out, err = watching.communicate(timeout=60)
    assert watching.returncode == 0, err
    assert out.count("longer than its interval of 2 s") == 1
    begun = [parse_instant(row["started_at"]) for row in place.query("select started_at from runs order by id")]
    assert all(later - earlier >= timedelta(seconds=2) for earlier, later in pairwise(filter(None, begun)))


def test_P13_a_machine_that_slept_looks_once_when_it_wakes(place: Place) -> None:
    own = place.folder / "providers" / "aurora.toml"
    own.write_text(own.read_text().replace('interval = "2s"', 'interval = "4s"'))
    place.show(PRICES)
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: looks(place) >= 1, 120)
        watching.send_signal(signal.SIGSTOP)
        before = looks(place)
        time.sleep(13)  # three looks fall due
        watching.send_signal(signal.SIGCONT)
        wait_for(lambda: looks(place) > before, 120)
        time.sleep(1.5)
        assert looks(place) <= before + 2, "the look that was missed, and the next ordinary one"
    finally:
        watching.send_signal(signal.SIGCONT)
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=60)


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)], ids=["hour", "day"])
def test_P14_a_clock_that_jumps_back_loses_and_tells_nothing_twice(
    place: Place, set_clock: Callable[[datetime], None], back: timedelta
) -> None:
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    set_clock(noon)
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    place.hook.status = 500
    place.run()
    set_clock(noon - back)
    place.hook.status = 200
    place.run()
    assert len(place.hook.bodies) == 1, "what was due is not put off by the clock"
    place.show(PRICES)
    assert {event["kind"] for event in place.run()["events"]} == {"raise"}
    intervals = place.query("select seen_from, seen_until, ended_at, superseded_at from price_history")
    assert all(row["seen_from"] <= row["seen_until"] for row in intervals)
    assert all(row["ended_at"] is None or row["seen_until"] <= row["ended_at"] for row in intervals)
    amounts = place.query("select amount from current_prices where model = 'aurora-large' order by meter")
    assert amounts == [{"amount": "5.00"}, {"amount": "15.00"}]
    pages = place.run()["pages"]
    assert all(page["seconds"] >= 0 for page in pages)


def test_P15_a_clock_that_jumps_three_days_ahead_makes_no_storm(
    place: Place, set_clock: Callable[[datetime], None]
) -> None:
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    set_clock(noon)
    place.show(PRICES)
    place.run()
    place.hook.status = 500
    place.show(CHEAPER)
    place.run()
    set_clock(noon + timedelta(days=3))
    place.hook.status = 200
    asked = looks(place)
    place.run()
    assert looks(place) == asked + 1
    ((headers, body),) = place.hook.bodies
    Webhook(SECRET).verify(body, headers)  # refuses what was not signed within five minutes of the real time
    assert len(place.mails.messages) == 1


@pytest.fixture
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Shanghai"]
TURNS = [
    datetime(2026, 3, 28, 20, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 20, 30, tzinfo=UTC),
    datetime(2026, 4, 4, 12, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 0, 0, tzinfo=UTC),
]


@pytest.mark.parametrize("zone", ZONES, indirect=True)
def test_P16_summer_time_moves_no_look_and_makes_none_twice(zone: str) -> None:
    for turn in TURNS:
        scheduler = make_scheduler()
        job = scheduler.add_job(print, "interval", seconds=1800, next_run_time=turn)
        fired, at = [turn], turn
        for _ in range(96):
            at = job.trigger.get_next_fire_time(at, at)
            fired.append(at.astimezone(UTC))
        gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(fired)}
        assert gaps == {1800.0}, zone


@pytest.mark.parametrize(
    "at",
    [
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(2107, 1, 1, tzinfo=UTC),
    ],
    ids=["leap", "year", "2038", "2107"],
)
def test_P17_odd_days_are_days(place: Place, set_clock: Callable[[datetime], None], at: datetime) -> None:
    set_clock(at)
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    set_clock(at + timedelta(hours=6))
    place.run()
    (row,) = place.query("select distinct captured_at from price_events")
    assert parse_instant(row["captured_at"]) == at + timedelta(hours=6)
    (ended,) = place.query("select distinct ended_at from price_history where ended_at is not null")
    assert at < (parse_instant(ended["ended_at"]) or at) <= at + timedelta(hours=6)
