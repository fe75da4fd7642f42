"""When an alert may go out: quiet hours and the hours of digests, on the clocks of one time zone.

Every span and hour is turned into UTC instants for the days around a moment before anything is compared, so summer
time needs no case of its own. A wall time that comes twice means the first; one that is skipped means as long after
the skip as it would have been.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scrapers.windows import MIDNIGHT, WEEK

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SPAN = re.compile(r"(?:(?P<days>[a-z, -]+?)\s+)?(?P<begin>[\d:]+)\s*-\s*(?P<end>[\d:]+)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietSpan:
    """Hours in minutes after midnight, on the weekdays on which they begin (0 is Monday).

    An end that is not after its begin is the next day's.
    """

    begin: int
    end: int
    days: tuple[int, ...] = tuple(range(7))


def parse_time(text: str) -> int:
    """Minutes after midnight.

    >>> parse_time("07:30")
    450

    Raises:
        ValueError: it is no time of day; says how to write one.

    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text!r} is no time of day; write it as "07:30"')
    return int(found[1]) * 60 + int(found[2])


def parse_day(text: str) -> int:
    """The number of a weekday in English, whole or by its first three letters; 0 is Monday.

    >>> parse_day("Monday"), parse_day("sun")
    (0, 6)

    Raises:
        ValueError: it is no weekday; proposes the nearest.

    """
    from scrapers.catalog import nearest

    word = text.strip().casefold()
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for number, name in enumerate(names):
        if word in {name, name[:3]}:
            return number
    raise ValueError(f'{text!r} is no day of the week{nearest(word, (*names, *WEEK))}; write it as "monday" or "mon"')


def parse_quiet(text: str) -> QuietSpan:
    """A span of quiet hours, on all days or on those named before it.

    >>> parse_quiet("22:00-07:00") == QuietSpan(1320, 420)
    True
    >>> parse_quiet("sat-sun 00:00-24:00"), parse_quiet("mon,wed 12:00-13:00")
    (QuietSpan(begin=0, end=1440, days=(5, 6)), QuietSpan(begin=720, end=780, days=(0, 2)))

    Raises:
        ValueError: it is no span, or has no length.

    """
    found = _SPAN.fullmatch(text.strip().casefold())
    if found is None:
        raise ValueError(f'{text!r} are no hours; write them as "22:00-07:00" or "sat-sun 00:00-24:00"')
    begin = parse_time(found["begin"])
    end = MIDNIGHT if found["end"] == "24:00" else parse_time(found["end"])
    if begin == end:
        raise ValueError(f"{text!r} begins and ends at the same time; leave quiet_hours out, or name what is quiet")
    return QuietSpan(begin, end, tuple(range(7)) if found["days"] is None else _days(found["days"]))


def covers_the_week(spans: Iterable[QuietSpan]) -> bool:
    """Whether no minute of a week is left, so that nothing would ever be sent in time.

    >>> covers_the_week([QuietSpan(0, 720), QuietSpan(720, 0)]), covers_the_week([QuietSpan(0, 1440, (5, 6))])
    (True, False)
    """
    quiet: set[int] = set()
    for span in spans:
        length = (span.end - span.begin - 1) % MIDNIGHT + 1
        for day in span.days:
            first = day * MIDNIGHT + span.begin
            quiet.update(minute % (7 * MIDNIGHT) for minute in range(first, first + length))
    return len(quiet) == 7 * MIDNIGHT


def quiet_until(at: datetime, spans: Sequence[QuietSpan], zone: ZoneInfo) -> datetime | None:
    """The end in UTC of the quiet time around an aware moment, spans that touch taken together; None outside.

    At the very end it is quiet no more.
    """
    end = at
    while end < at + 8 * _DAY:  # a whole week is refused in the settings; this ends all the same
        later = [last for first, last in _around(end, spans, zone) if first <= end < last]
        if not later:
            break
        end = max(later)
    return end.astimezone(UTC) if end > at else None


def next_digest(at: datetime, minute: int, weekday: int | None, zone: ZoneInfo) -> datetime:
    """The first instant in UTC after an aware moment at which clocks show `minute` after midnight.

    `weekday` (0 is Monday) makes it a weekly hour; None is every day.
    """
    today = at.astimezone(zone).date()
    days = (today + number * _DAY for number in range(-1, 9))
    hours = (_instant(day, minute, zone) for day in days if weekday is None or day.weekday() == weekday)
    return min(hour for hour in hours if hour > at)


def _around(at: datetime, spans: Sequence[QuietSpan], zone: ZoneInfo) -> Iterable[tuple[datetime, datetime]]:
    """The spans near a moment, as UTC instants."""
    today = at.astimezone(zone).date()
    for day in (today - _DAY, today, today + _DAY):
        for span in spans:
            if day.weekday() in span.days:
                end = span.end if span.end > span.begin else span.end + MIDNIGHT
                yield _instant(day, span.begin, zone), _instant(day, end, zone)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _days(text: str) -> tuple[int, ...]:
    """The days of "sat-sun", "mon,wed", "fri-mon"."""
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = parse_day(first)
        days.update((begin + number) % 7 for number in range((parse_day(last) - begin) % 7 + 1 if dash else 1))
    return tuple(sorted(days))
