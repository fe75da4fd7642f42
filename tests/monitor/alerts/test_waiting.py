"""Quiet hours and the hours of digests, in five zones with five kinds of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.waiting import QuietSpan, covers_the_week, next_digest, parse_day, parse_quiet, quiet_until

# Northern and southern summer time, half an hour of it, a change at midnight, none.
ZONES = ("Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (parse_quiet("22:00-07:00"),)


def changes_of_clocks(zone: ZoneInfo) -> list[datetime]:
    """The hours of three years in which the offset of a zone changes."""
    first = datetime(2024, 1, 1, tzinfo=UTC)
    hours = [first + timedelta(hours=hour) for hour in range(3 * 366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, old, new in zip(hours[1:], offsets, offsets[1:], strict=False) if old != new]


CHANGES = {name: changes_of_clocks(ZoneInfo(name)) or [datetime(2025, 1, 1, tzinfo=UTC)] for name in ZONES}


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """A moment within three days of a change of clocks, where there are changes, and the zone."""
    name = draw(st.sampled_from(ZONES))
    seconds = draw(st.integers(-3 * 86400, 3 * 86400))
    return draw(st.sampled_from(CHANGES[name])) + timedelta(seconds=seconds), ZoneInfo(name)


minutes = st.integers(0, 24 * 60 - 1)
days = st.sets(st.integers(0, 6), min_size=1).map(lambda chosen: tuple(sorted(chosen)))
spans = st.builds(QuietSpan, minutes, minutes, days).filter(lambda span: span.begin != span.end)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def is_plain(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of the zone are not changed within two days."""
    offsets = {(at + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-48, 49)}
    return len(offsets) == 1


@given(moments(), st.lists(spans, min_size=1, max_size=3))
def test_the_end_of_quiet_hours_is_later_and_quiet_no_more(
    moment: tuple[datetime, ZoneInfo], quiet: list[QuietSpan]
) -> None:
    at, zone = moment
    if covers_the_week(quiet):
        return
    end = quiet_until(at, quiet, zone)
    if end is not None:
        assert at < end <= at + timedelta(days=8)
        assert end.tzinfo is UTC
        assert quiet_until(end, quiet, zone) is None


@given(moments(), spans)
def test_away_from_a_change_of_clocks_it_is_what_the_clock_on_the_wall_says(
    moment: tuple[datetime, ZoneInfo], span: QuietSpan
) -> None:
    at, zone = moment
    if not is_plain(at, zone):
        return
    local = at.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, local.weekday()
    if span.begin < span.end:
        is_quiet = span.begin <= minute < span.end and today in span.days
    else:
        is_quiet = (minute >= span.begin and today in span.days) or (minute < span.end and (today - 1) % 7 in span.days)
    assert (quiet_until(at, [span], zone) is not None) == is_quiet


@given(moments(), minutes)
def test_a_night_ends_on_time_or_where_the_clock_skips_that_time(moment: tuple[datetime, ZoneInfo], end: int) -> None:
    at, zone = moment
    found = quiet_until(at, [QuietSpan((end - 540) % 1440, end)], zone)
    if found is not None:
        assert found - at <= timedelta(hours=10), "nine hours, and one that comes twice"
        local = found.astimezone(zone)
        skipped = local.replace(tzinfo=None, hour=0, minute=0) + timedelta(minutes=end)
        exists = skipped.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == skipped
        assert local.hour * 60 + local.minute == end or not exists


@given(moments(), minutes, st.none() | st.integers(0, 6))
def test_a_digest_comes_within_its_period_at_its_time_and_never_twice_at_once(
    moment: tuple[datetime, ZoneInfo], minute: int, weekday: int | None
) -> None:
    at, zone = moment
    first = next_digest(at, minute, weekday, zone)
    second = next_digest(first, minute, weekday, zone)
    period = timedelta(days=1 if weekday is None else 7)
    slack = timedelta(hours=2)  # two changes of an hour never fall together; a change at midnight counts once more
    assert at < first <= at + period + slack
    assert period - slack <= second - first <= period + slack
    local = first.astimezone(zone)
    if is_plain(first, zone):
        assert (local.hour * 60 + local.minute, local.second) == (minute, 0)
        assert weekday in {None, local.weekday()}


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-05-04T21:59:59", None),
        ("2026-05-04T22:00:00", "2026-05-05T07:00:00"),
        ("2026-05-05T06:59:59", "2026-05-05T07:00:00"),
        ("2026-05-05T07:00:00", None),
        ("2026-03-28T23:00:00", "2026-03-29T07:00:00"),  # the night of seven hours
        ("2026-10-24T23:00:00", "2026-10-25T07:00:00"),  # and the one of nine
    ],
)
def test_a_night_in_berlin(at: str, end: str | None) -> None:
    assert quiet_until(berlin(at), NIGHT, BERLIN) == (None if end is None else berlin(end))


def test_the_nights_of_a_weekend_are_one_quiet_time() -> None:
    quiet = (parse_quiet("mon-fri 20:00-08:00"), parse_quiet("sat-sun 00:00-24:00"))
    assert quiet_until(berlin("2026-05-08T21:00"), quiet, BERLIN) == berlin("2026-05-11T00:00")
    assert quiet_until(berlin("2026-05-11T07:00"), quiet, BERLIN) is None, "Sunday's night was not asked for"


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    quiet = (parse_quiet("fri 22:00-07:00"),)
    assert quiet_until(berlin("2026-05-09T06:00"), quiet, BERLIN) == berlin("2026-05-09T07:00")
    assert quiet_until(berlin("2026-05-08T06:00"), quiet, BERLIN) is None


def test_a_weekly_digest_keeps_its_hour_when_the_clocks_change() -> None:
    monday = next_digest(berlin("2026-03-23T08:00"), 8 * 60, 0, BERLIN)
    assert monday == berlin("2026-03-30T08:00")
    assert monday - berlin("2026-03-23T08:00") == timedelta(days=6, hours=23)


def test_a_digest_at_an_hour_that_the_clock_skips_comes_after_the_skip() -> None:
    assert next_digest(berlin("2026-03-28T12:00"), 150, None, BERLIN) == berlin("2026-03-29T03:30")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("22:00-07:00", QuietSpan(1320, 420)),
        ("Sat-Sun 00:00-24:00", QuietSpan(0, 1440, (5, 6))),
        ("fri-mon 18:00 - 08:00", QuietSpan(1080, 480, (0, 4, 5, 6))),
        ("monday, thu 12:00-13:30", QuietSpan(720, 810, (0, 3))),
    ],
)
def test_how_quiet_hours_are_written(text: str, span: QuietSpan) -> None:
    assert parse_quiet(text) == span


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("night", "'night' are no hours; write them as"),
        ("25:00-07:00", "'25:00' is no time of day"),
        ("07:00-07:00", "begins and ends at the same time"),
        ("mo 22:00-07:00", "'mo' is no day of the week; did you mean 'mon'?"),
    ],
)
def test_what_are_no_quiet_hours(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        parse_quiet(text)


def test_a_weekday_that_is_misspelt_is_proposed() -> None:
    with pytest.raises(ValueError, match="did you mean 'wednesday'"):
        parse_day("wensday")
