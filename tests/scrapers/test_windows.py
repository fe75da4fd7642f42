"""Which hours hold at an instant: past midnight, in zones with summer time, on weekdays and from a day on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from scrapers.windows import WEEK, Window, window_at, window_of_table

PEAK = Window("peak", "UTC", ((60, 240), (360, 600)))
NIGHT = Window("off_peak", "UTC", ((990, 30),))
OFFICE = Window("peak", "America/New_York", ((540, 1020),), WEEK[:5])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("windows", "moment", "held"),
    [
        ([PEAK], "2026-08-20T01:00Z", "peak"),
        ([PEAK], "2026-08-20T00:59:59Z", "off_peak"),
        ([PEAK], "2026-08-20T04:00Z", "off_peak"),
        ([PEAK], "2026-08-20T17:59+08:00", "peak"),
        ([NIGHT], "2026-08-20T16:30Z", "off_peak"),
        ([NIGHT], "2026-08-21T00:29:59Z", "off_peak"),
        ([NIGHT], "2026-08-21T00:30Z", "peak"),
        ([PEAK, NIGHT], "2026-08-20T02:00Z", "peak"),
        ([PEAK, NIGHT], "2026-08-20T23:00Z", "off_peak"),
        ([PEAK, NIGHT], "2026-08-20T12:00Z", "between"),
        ([], "2026-08-20T12:00Z", None),
        ([PEAK, replace(NIGHT, hours=((120, 180),))], "2026-08-20T02:30Z", None),  # they contradict each other
    ],
)
def test_what_no_window_names_is_of_the_other_kind(windows: list[Window], moment: str, held: str | None) -> None:
    assert window_at(windows, at(moment)) == held


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = Window("off_peak", "UTC", ((1320, 360),), ("fri",))
    assert window_at([friday_night], at("2026-08-22T05:59Z")) == "off_peak"  # Saturday morning
    assert window_at([friday_night], at("2026-08-21T05:59Z")) == "peak"  # Friday morning
    assert window_at([friday_night], at("2026-08-22T22:00Z")) == "peak"


def test_local_hours_move_in_utc_with_summer_time() -> None:
    assert OFFICE.utc_hours(date(2026, 7, 1)) == ((780, 1260),)
    assert OFFICE.utc_hours(date(2026, 12, 1)) == ((840, 1320),)
    assert window_at([OFFICE], at("2026-07-01T13:30Z")) == "peak"
    assert window_at([OFFICE], at("2026-12-01T13:30Z")) == "off_peak"
    # the night on which clocks go forward: 02:30 does not exist, 03:30 is an hour after 01:30
    early = replace(OFFICE, hours=((90, 210),), days=WEEK)
    assert [window_at([early], at(f"2026-03-08T{hour}:29Z")) for hour in ("06", "07")] == ["off_peak", "peak"]
    assert window_at([early], at("2026-03-08T07:30Z")) == "off_peak"


def test_days_are_those_of_the_zone() -> None:
    assert window_at([OFFICE], at("2026-08-21T20:59Z")) == "peak"  # Friday
    assert window_at([OFFICE], at("2026-08-22T14:00Z")) == "off_peak"
    tokyo = Window("peak", "Asia/Tokyo", ((0, 540),), ("mon",))
    assert window_at([tokyo], at("2026-08-23T15:00Z")) == "peak"  # Sunday in UTC, Monday in Tokyo


def test_whole_days_of_the_other_kind_only_add_to_what_the_hours_leave() -> None:
    weekend = Window("off_peak", "UTC", ((0, 1440),), ("sat", "sun"))
    busy = replace(PEAK, days=WEEK)
    assert window_at([replace(busy, days=WEEK[:5]), weekend], at("2026-08-20T12:00Z")) == "off_peak"
    assert window_at([replace(busy, days=WEEK[:5]), weekend], at("2026-08-22T02:00Z")) == "off_peak"


def test_hours_that_begin_on_a_day_take_the_place_of_the_earlier_ones() -> None:
    later = Window("peak", "UTC", ((0, 60),), valid_from=at("2026-09-10T00:00Z"))
    assert window_at([PEAK, later], at("2026-09-09T02:00Z")) == "peak"
    assert window_at([PEAK, later], at("2026-09-10T02:00Z")) == "off_peak"
    assert window_at([PEAK, later], at("2026-09-10T00:30Z")) == "peak"
    assert window_at([later], at("2026-09-09T00:30Z")) is None


def test_a_provider_file_says_hours_as_a_person_writes_them() -> None:
    raw = {"window": "peak", "zone": "Asia/Shanghai", "hours": ["09:00-12:00", "14:00-18:00"]}
    more = {"days": ["mon-fri"], "holidays": "cn", "valid_from": date(2026, 9, 10)}
    window = window_of_table({**raw, **more})
    assert (window.hours, window.days, window.calendar) == (((540, 720), (840, 1080)), WEEK[:5], "CN")
    assert window.valid_from == datetime(2026, 9, 9, 16, tzinfo=UTC)  # the day begins in that zone
    assert window.source == "file"
    assert window_of_table(raw).days == WEEK


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"window": "busy"}, '"peak" or "off_peak"'),
        ({"zone": "Beijing"}, "Asia/Shanghai"),
        ({"hours": []}, "09:00-12:00"),
        ({"hours": ["9-12"]}, "09:00-12:00"),
        ({"hours": ["09:00-24:30"]}, "09:00-12:00"),
        ({"days": ["weekdays"]}, "mon-fri"),
        ({"days": ["mon-holiday"]}, "mon-fri"),
        ({"days": ["sat", "holiday"]}, 'holidays = "cn"'),
        ({"holidays": "china"}, "country"),
        ({"valid_from": "2026-09-10"}, "without quotes"),
    ],
)
def test_a_wrong_window_is_refused_with_what_to_write(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        window_of_table({"window": "peak", "zone": "UTC", "hours": ["09:00-12:00"], **wrong})
