"""Which of peak and off-peak is in force at an instant, holidays and days worked instead of them counted.

Calendars come from the package `holidays` (extra `[holidays]`); without it a window that tells holidays apart goes by
weekdays, and `Calendars.missing` says which calendar was not applied.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scrapers.catalog import Provider
from scrapers.rates import Conditions, model_key
from scrapers.windows import WEEK, Window, day_of_week, window_at
from storage.hours import KeptWindow, windows_of
from storage.store import Store

# The zone of a country's calendar, where hours may be told in another one: "09:00-12:00 Beijing time" is told in UTC.
_HOME = {"CN": "Asia/Shanghai", "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "HK": "Asia/Hong_Kong", "SG": "Asia/Singapore"}

Market = tuple[str, str]


@dataclass(slots=True)
class Calendars:
    """The public holidays of countries; `missing` are those that were asked for and are not there."""

    missing: set[str] = field(default_factory=set)
    _years: dict[tuple[str, int], Any] = field(default_factory=dict)

    def day_of(self, window: Window, begin: datetime) -> str:
        """The day on which hours begin: of the week, "holiday", or "mon" for a weekend day that is worked."""
        if window.calendar is None:
            return day_of_week(window, begin)
        there = begin.astimezone(ZoneInfo(_HOME.get(window.calendar, window.zone))).date()
        calendar = self._calendar(window.calendar, there)
        if calendar is None:
            return day_of_week(window, begin)
        if there in calendar:
            return "holiday"
        return "mon" if there in calendar.weekend_workdays else WEEK[begin.weekday()]

    def _calendar(self, country: str, day: date) -> Any:
        key = (country, day.year)
        if key not in self._years:
            try:
                package = importlib.import_module("holidays")
                self._years[key] = package.country_holidays(country, years=day.year)
            except (ImportError, NotImplementedError):  # no extra, or no such country: `note` tells the user so
                self._years[key] = None
                self.missing.add(country)
        return self._years[key]

    def note(self) -> str:
        """What a user must know of calendars that were not applied; "" when all were."""
        if not self.missing:
            return ""
        names = ", ".join(sorted(self.missing))
        return f"holidays of {names} are not applied: install them with `pip install 'pricefall[holidays]'`"


def market_windows(
    store: Store,
    catalog: Mapping[str, Provider],
    provider: str | None = None,
    *,
    at: datetime,
    as_known_on: datetime | None = None,
) -> dict[Market, list[KeptWindow]]:
    """The windows of each market at an instant: as recorded, else those of the provider file as it is today."""
    found: dict[Market, list[KeptWindow]] = {}
    for kept in windows_of(store.connection, provider, at=at, as_known_on=as_known_on):
        found.setdefault((kept.provider, kept.market), []).append(kept)
    if as_known_on is None:
        for seller in catalog.values():
            for page in seller.pages if provider in {None, seller.id} else ():
                said = [KeptWindow(seller.id, page.market, page.url, each, at, at) for each in page.hints.windows]
                if said:
                    found.setdefault((seller.id, page.market), said)
    return found


def held_at(windows: Mapping[Market, Iterable[KeptWindow]], at: datetime, calendars: Calendars) -> dict[Market, str]:
    """Which prices hold in each market: "peak", "off_peak" or "between"; a market without an answer is left out."""
    held = {market: window_at([each.window for each in kept], at, calendars.day_of) for market, kept in windows.items()}
    return {market: name for market, name in held.items() if name is not None}


def mark_in_force(rows: Sequence[dict[str, Any]], held: Mapping[Market, str]) -> None:
    """Set `in_force` of each row of prices: True, False, or None where nobody says which hours are meant.

    A price without a window is in force where no price for the window of the hour stands beside it.
    """
    windowed = {_key(row, row["conditions"]["window"]) for row in rows if "window" in row["conditions"]}
    for row in rows:
        now = held.get((row["provider"], row["market"]))
        window = row["conditions"].get("window")
        if window is not None:
            row["in_force"] = None if now is None else window == now
        elif any(_key(row, name) in windowed for name in ("peak", "off_peak")):
            row["in_force"] = None if now is None else _key(row, now) not in windowed
        else:
            row["in_force"] = True


def _key(row: Mapping[str, Any], window: str) -> tuple[object, ...]:
    conditions = Conditions.from_json({**row["conditions"], "window": window})
    return (row["provider"], row["market"], model_key(row["model"]), row["meter"], row["service_tier"],
            row["currency"], conditions.key)  # fmt: skip
