"""Peak and off-peak hours: what pages say of them, and which of the two holds at an instant.

Hours are kept in the zone that they are told in, because summer time moves them in UTC. Hours past midnight belong to
the day on which they begin. What a page's windows do not name is of the other kind: "all other hours are off-peak".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

WindowName = Literal["peak", "off_peak"]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = (*WEEK, "holiday")
MIDNIGHT = 24 * 60
WINDOW_KEYS = ("window", "zone", "hours", "days", "holidays", "valid_from")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")

DayOf = Callable[["Window", datetime], str]


@dataclass(frozen=True, slots=True)
class Window:
    """When prices of one kind hold.

    Attributes:
        name: of which prices.
        zone: IANA zone of the hours.
        hours: begin and end in minutes after midnight; an end that is not after its begin is the next day's.
        days: of `DAYS`; with a `calendar` a public holiday is a "holiday" and no other day, and a Saturday or Sunday
            that is worked instead is a "mon".
        calendar: ISO 3166 code of the country whose public holidays count, None where they do not.
        valid_from: since when, None for "now".
        source: "page", or "file" for a `[[window]]` of the provider file.
        quote: the words that say so, and `locator` where they stand.

    """

    name: WindowName
    zone: str
    hours: tuple[tuple[int, int], ...]
    days: tuple[str, ...] = WEEK
    calendar: str | None = None
    valid_from: datetime | None = None
    source: Literal["page", "file"] = "page"
    quote: str = ""
    locator: str = ""

    @property
    def rule(self) -> tuple[object, ...]:
        """What it says, whoever says it in whatever words."""
        return (self.name, self.zone, self.hours, self.days, self.calendar, self.valid_from)

    def is_open(self, at: datetime, day_of: DayOf) -> bool:
        """Whether the window holds at an aware instant."""
        zone = ZoneInfo(self.zone)
        local = at.astimezone(zone).replace(tzinfo=None)
        for midnight in (datetime.combine(local.date() - timedelta(days=back), time()) for back in (0, 1)):
            for begin, end in self.hours:
                first = midnight + timedelta(minutes=begin)
                last = midnight + timedelta(minutes=end if end > begin else end + MIDNIGHT)
                if first <= local < last and day_of(self, first.replace(tzinfo=zone)) in self.days:
                    return True
        return False

    def utc_hours(self, on: date) -> tuple[tuple[int, int], ...]:
        """The hours in UTC on a day; summer time moves them."""
        midnight = datetime.combine(on, time())
        return tuple(
            (_utc_minute(midnight, begin, self.zone), _utc_minute(midnight, end, self.zone))
            for begin, end in self.hours
        )


def window_of_table(raw: Mapping[str, Any]) -> Window:
    """The window that a `[[window]]` of a provider file says.

    Raises:
        ValueError: a value cannot be meant; the message says what to write.

    """
    name, zone, calendar = raw.get("window"), raw.get("zone"), raw.get("holidays")
    if name not in {"peak", "off_peak"}:
        raise ValueError(f'`window` is "peak" or "off_peak", not {name!r}')
    if not isinstance(zone, str) or zone not in available_timezones():
        raise ValueError(f'`zone` is an IANA zone such as "Asia/Shanghai", not {zone!r}')
    if calendar is not None and not (isinstance(calendar, str) and re.fullmatch(r"[A-Za-z]{2}", calendar)):
        raise ValueError(f'`holidays` is the code of a country such as "cn", not {calendar!r}')
    spans = [_SPAN.fullmatch(str(each)) for each in raw.get("hours", ())]
    hours = tuple((int(s[1]) * 60 + int(s[2]), int(s[3]) * 60 + int(s[4])) for s in spans if s)
    if not hours or None in spans or any(minute > MIDNIGHT for span in hours for minute in span):
        raise ValueError('`hours` is a list such as ["09:00-12:00", "22:00-06:00"]')
    start = raw.get("valid_from")
    if start is not None and not isinstance(start, date):
        raise ValueError("`valid_from` is a date or an instant, without quotes: 2026-08-17")
    if start is not None:
        moment = start if isinstance(start, datetime) else datetime.combine(start, time())
        start = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    days = _days_of(raw.get("days", ["mon-sun"]))
    code = calendar.upper() if calendar else None
    if "holiday" in days and code is None:
        raise ValueError('`days` names holidays; say whose with `holidays = "cn"`')
    words = f"{', '.join(raw['hours'])} {zone}, {days_text(days, code)}"
    return Window(name, zone, hours, days, code, start, "file", words, "provider file")


def _days_of(words: Iterable[object]) -> tuple[str, ...]:
    named: set[str] = set()
    for word in words:
        first, _, last = str(word).lower().partition("-")
        if first not in DAYS or (last and last not in WEEK) or (last and first not in WEEK):
            raise ValueError(f'`days` knows "mon" to "sun", "mon-fri" and "holiday", not {word!r}')
        steps = (WEEK.index(last) - WEEK.index(first)) % 7 if last else 0
        named |= {WEEK[(WEEK.index(first) + step) % 7] for step in range(steps + 1)} if first in WEEK else {first}
    return tuple(day for day in DAYS if day in named)


def day_of_week(window: Window, begin: datetime) -> str:  # noqa: ARG001 - the form of every `DayOf`
    """The day on which hours begin, with no holidays known."""
    return WEEK[begin.weekday()]


def window_at(windows: Iterable[Window], at: datetime, day_of: DayOf = day_of_week) -> str | None:
    """Which prices hold at an instant: "peak", "off_peak", or "between" where both are named and neither is open.

    None where nobody says, or where the words contradict each other.
    """
    valid = windows_in_force(windows, at)
    is_open = {window.name for window in valid if window.is_open(at, day_of)}
    named = {window.name for window in valid}
    if len(is_open) == 1:
        return is_open.pop()
    if is_open or not named:
        return None
    hourly = {window.name for window in valid if any(end - begin != MIDNIGHT for begin, end in window.hours)}
    rest = named if len(named) == 1 else hourly  # whole days beside the hours of the other only add to what is left
    if len(rest) != 1:
        return "between"
    return "off_peak" if rest == {"peak"} else "peak"


def windows_in_force(windows: Iterable[Window], at: datetime) -> list[Window]:
    """The windows that hold at an instant by their own dates: of each name those that came last."""
    return _newest([window for window in windows if window.valid_from is None or window.valid_from <= at])


def hours_text(hours: Sequence[tuple[int, int]]) -> str:
    """Hours for reading.

    >>> hours_text([(60, 240), (990, 30)])
    '01:00-04:00, 16:30-00:30'
    """
    return ", ".join(f"{clock(begin)}-{clock(end)}" for begin, end in hours)


def clock(minute: int) -> str:
    """A minute of the day as `09:00`; the end of a day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days_text(days: Sequence[str], calendar: str | None) -> str:
    """Days for reading.

    >>> days_text(WEEK, None), days_text(WEEK[:5], "CN"), days_text(("sat", "sun", "holiday"), "CN")
    ('daily', 'mon-fri, not on holidays (CN)', 'sat, sun, holiday (CN)')
    """
    if set(days) >= set(WEEK):
        return "daily"
    words = "mon-fri" if tuple(days[:5]) == WEEK[:5] else ", ".join(days[:5])
    words = ", ".join([words, *days[5:]]) if len(days) > 5 else words
    if calendar is None:
        return words
    return f"{words} ({calendar})" if "holiday" in days else f"{words}, not on holidays ({calendar})"


def _newest(windows: Sequence[Window]) -> list[Window]:
    """Of each name those that came last: hours that begin on a day take the place of the earlier ones."""
    newest = {name: max(_begin(each) for each in windows if each.name == name) for name in {w.name for w in windows}}
    return [window for window in windows if _begin(window) == newest[window.name]]


def _begin(window: Window) -> datetime:
    return window.valid_from or datetime.min.replace(tzinfo=UTC)


def _utc_minute(midnight: datetime, minute: int, zone: str) -> int:
    moment = (midnight + timedelta(minutes=minute)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.hour * 60 + moment.minute
