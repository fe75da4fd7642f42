"""Rates of exchange, for showing prices of several currencies beside each other, and for nothing else.

The rates are the European Central Bank's: those that came with `currencyconverter`, and over them its file of the last
90 days, kept beside the database. A converted figure is always marked, with its rate and that rate's day; it is never
stored, compared or judged (an import contract keeps this module away from what does).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from monitor.price_rows import cheapest_first
from scrapers.fetching import Capture, FetchFailure, FetchSettings, FetchTask
from scrapers.rates import format_decimal

ECB_URL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"
FILE_NAME = "ecb-rates.xml"

_DAY = re.compile(r"<Cube time=['\"](\d{4}-\d{2}-\d{2})['\"]\s*>(.*?)</Cube>", re.DOTALL)
_RATE = re.compile(r"<Cube currency=['\"]([A-Z]{3})['\"] rate=['\"](\d{1,9}(?:\.\d{1,9})?)['\"]\s*/>")
_FRESH = timedelta(hours=24)
_AFTER_FAILURE = timedelta(hours=1)
_OLD = timedelta(days=7)
_LONGEST_PAUSE = timedelta(days=14)  # holidays; a currency that is silent for longer is no longer quoted


class NoExchangeRate(Exception):
    """The ECB has no rate for this; the message says since when, or that it never had."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to come from one currency to another: an amount times `rate`, by the ECB's figures of `day`."""

    rate: Fraction
    day: date

    def convert(self, amount: Decimal | Fraction) -> Decimal:
        """The amount in the other currency, to six significant digits."""
        exact = Fraction(amount) * self.rate
        return Context(prec=6).divide(Decimal(exact.numerator), Decimal(exact.denominator))


class _Table(Protocol):
    """What is used of `currency_converter.CurrencyConverter`."""

    bounds: dict[str, Any]

    def convert(self, amount: int, currency: str, new_currency: str, date: date) -> Decimal: ...


class Exchange:
    """All rates of exchange that are at hand, newest source first.

    Args:
        recent: the ECB's file of the last 90 days; None, empty or strange for none.

    """

    def __init__(self, recent: str | None = None) -> None:
        from currency_converter import CurrencyConverter

        shipped: _Table = CurrencyConverter(decimal=True)
        self._tables: list[_Table] = [shipped]
        lines = _csv_lines(recent or "")
        if lines:
            newest = CurrencyConverter(currency_file=None, decimal=True)
            newest.load_lines(lines)
            self._tables.insert(0, newest)

    @property
    def newest(self) -> date:
        """The day of the newest rates."""
        day: date = max(table.bounds["EUR"].last_date for table in self._tables)
        return day

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that the ECB still quotes."""
        known = {name for table in self._tables for name in table.bounds}
        return tuple(sorted(name for name in known if self._last(name) >= self.newest - _LONGEST_PAUSE))

    def conversion(self, currency: str, other: str, on: date) -> Conversion:
        """The rate between two currencies on a day, or on the last day before it that has one.

        Raises:
            NoExchangeRate: the ECB never quoted one of them, no longer does, or did not yet.

        """
        for name in (currency, other):
            self._check(name, on)
        for table in self._tables:
            if not {currency, other} <= table.bounds.keys():
                continue
            last = min(on, *(table.bounds[name].last_date for name in (currency, other)))
            for back in range(_LONGEST_PAUSE.days + 1):
                found = _on(table, currency, other, last - timedelta(days=back))
                if found is not None:
                    return found
        raise NoExchangeRate(f"the ECB has no rate between {currency} and {other} on {on} or the days before")

    def _check(self, currency: str, on: date) -> None:
        bounds = [table.bounds[currency] for table in self._tables if currency in table.bounds]
        if not bounds:
            raise NoExchangeRate(f"the ECB quotes no rate for {currency}")
        first, last = min(each.first_date for each in bounds), self._last(currency)
        if on < first:
            raise NoExchangeRate(f"the ECB quotes {currency} only since {first}")
        if last < min(on, self.newest) - _LONGEST_PAUSE:
            raise NoExchangeRate(f"the ECB quotes no rate for {currency} since {last}")

    def _last(self, currency: str) -> date:
        day: date = max(table.bounds[currency].last_date for table in self._tables if currency in table.bounds)
        return day


def convert_rows(
    rows: list[dict[str, Any]], exchange: Exchange, currency: str, on: date
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of prices with what each is in one currency, cheapest first within a meter, and notes for the user.

    Adds `converted` (False for a price that is printed in that currency, or that cannot be converted),
    `converted_amount` for the row's own `per` `unit`, `converted_currency`, `exchange_rate` and `exchange_date`.
    """
    ways: dict[str, Conversion | None] = {currency: None}
    lost: dict[str, str] = {}
    for name in sorted({row["currency"] for row in rows if row["currency"]} - {currency}):
        try:
            ways[name] = exchange.conversion(name, currency, on)
        except NoExchangeRate as err:
            lost[name] = str(err)
    converted = [{**row, **_in_currency(row, ways, currency)} for row in rows]
    notes = []
    for name, why in lost.items():
        count = sum(row["currency"] == name for row in rows)
        notes.append(f"{count} prices are left in {name}: {why}")
    days = [way.day for way in ways.values() if way is not None]
    if days and (on - min(days)).days > _OLD.days:
        notes.append(f"the newest rates of exchange at hand are of {min(days)}, {(on - min(days)).days} days before")
    return sorted(converted, key=cheapest_first), notes


def _in_currency(row: dict[str, Any], ways: dict[str, Conversion | None], currency: str) -> dict[str, Any]:
    said: dict[str, Any] = {"converted": False, "converted_amount": None, "converted_currency": currency}
    said |= {"exchange_rate": None, "exchange_date": None}
    if row["amount"] is None or row["currency"] not in ways:
        return said
    way = ways[row["currency"]]
    if way is None:
        return said | {"converted_amount": row["amount"]}
    return said | {
        "converted": True,
        "converted_amount": format_decimal(way.convert(Decimal(row["amount"]))),
        "exchange_rate": format_decimal(way.convert(Decimal(1))),
        "exchange_date": way.day.isoformat(),
    }


def open_exchange(
    database: Path,
    *,
    fetch: Callable[[], Capture | FetchFailure] | None,
    now: datetime,
    say: Callable[[str], None],
) -> Exchange:
    """The rates at hand, after a look for newer ones when the last look is a day old.

    Args:
        database: the ECB's file is kept beside it, as `ecb-rates.xml`.
        fetch: gets the file; None when settings say never.
        now: the clock.
        say: takes a sentence for the user when newer rates could not be had.

    """
    path = database.with_name(FILE_NAME)
    if fetch is not None and now - _looked_at(path) >= _FRESH:
        _update(path, fetch(), now, say)
    try:
        kept = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        kept = None
    return Exchange(kept)


def converter(open_: Callable[[], Exchange]) -> Callable[[str, str, date], tuple[Fraction, date] | None]:
    """From a currency to another on a day, as a factor and the day of its rate; opened at the first question.

    It is None where there is no rate.
    """
    opened: list[Exchange] = []

    def convert(currency: str, other: str, on: date) -> tuple[Fraction, date] | None:
        if not opened:
            opened.append(open_())
        try:
            found = opened[0].conversion(currency, other, on)
        except NoExchangeRate:
            return None
        return found.rate, found.day

    return convert


def fetch_rates(settings: FetchSettings) -> Capture | FetchFailure:
    """The ECB's file of the last 90 days, through the guarded fetcher."""
    from scrapers.crawl import CrawlSession

    with CrawlSession(settings) as session:
        return next(iter(session.fetch([FetchTask("ecb", ECB_URL, delay_s=0)])))


def _update(path: Path, outcome: Capture | FetchFailure, now: datetime, say: Callable[[str], None]) -> None:
    """Keep a good file; after a failure the old one stays, and the next try is an hour later."""
    try:
        if isinstance(outcome, Capture) and _csv_lines(outcome.body.decode("utf-8", "replace")):
            fresh = path.with_name(path.name + ".new")
            fresh.write_bytes(outcome.body)
            fresh.replace(path)
            looked_at = now
        else:
            why = "it is not the file that was expected" if isinstance(outcome, Capture) else str(outcome.error)
            say(f"the ECB's newest rates of exchange could not be had ({why}); older ones are used")
            path.touch()
            looked_at = now - _FRESH + _AFTER_FAILURE
        os.utime(path, (looked_at.timestamp(), looked_at.timestamp()))
    except OSError as err:
        say(f"{path} cannot be written ({err.strerror}); the rates of exchange that came with Pricefall are used")


def _looked_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except OSError:
        return datetime.fromtimestamp(0).astimezone()


def _csv_lines(xml: str) -> list[str]:
    """The ECB's XML as the lines that the converter reads; none where it holds no rates."""
    days = {day: dict(_RATE.findall(body)) for day, body in _DAY.findall(xml)}
    names = sorted({name for rates in days.values() for name in rates})
    if not names:
        return []
    rows = [",".join([day, *(rates.get(name, "N/A") for name in names)]) for day, rates in days.items()]
    return [",".join(["Date", *names]), *rows]


def _on(table: _Table, currency: str, other: str, day: date) -> Conversion | None:
    """The rate of exactly that day; it is asked for both ways, since each is a division that has an end only once."""
    from currency_converter import RateNotFoundError

    try:
        euros = [Fraction(table.convert(1, "EUR", name, day)) for name in (currency, other)]
    except RateNotFoundError:
        return None
    return Conversion(euros[1] / euros[0], day)
