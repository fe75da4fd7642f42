"""The price-war index: the lowest list price of a class of models, and of the newest of a lineage, over time.

The decision to know: an index never falls because of a price that not everybody gets. Sales count at the struck price,
free offers, batch and cached tokens do not count, of prices by the hour the peak one counts, and where several prices
of a model fit the same prompt (regions, modes) the dearest does. Sellers in different currencies are compared at the
ECB's rate of each day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from monitor.workloads import Use, fitting
from storage.list_prices import ListPrice

Meter = Literal["input", "output", "mix"]
METERS: tuple[Meter, ...] = ("input", "output", "mix")
MIX = (3, 1)
"""Tokens read to tokens written in `mix`, as price lists of several sellers are usually compared."""

SHORTEST = timedelta(days=90)
"""A fall within less time is not reckoned to a year."""

_YEAR = Decimal("365.25")
_USE = Use("", "", ())

Convert = Callable[[Fraction, str, str, date], Fraction | None]
"""An amount in one currency as one in another on a day; None where nobody quotes one of them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One model of one seller in one currency: its list prices of a token, by meter, from each instant on."""

    provider: str
    market: str
    model: str
    currency: str
    steps: tuple[tuple[datetime, dict[Meter, Fraction]], ...]

    def price(self, meter: Meter, at: datetime) -> Fraction | None:
        place = bisect_right(self.steps, at, key=lambda step: step[0])
        return self.steps[place - 1][1].get(meter) if place else None


@dataclass(frozen=True, slots=True)
class Point:
    """From `at` on this offer is the lowest, at so much a token in its own currency; without an offer there is none."""

    at: datetime
    offer: Offer | None = None
    price: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Series:
    """An index over time; `until` is the last moment for which somebody vouches."""

    meter: Meter
    points: tuple[Point, ...]
    until: datetime
    convert: Convert

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        """The last point that has a price."""
        return next(point for point in reversed(self.points) if point.offer is not None)

    @property
    def ends(self) -> datetime:
        """Until when there was a price."""
        place = self.points.index(self.last) + 1
        return self.points[place].at if place < len(self.points) else self.until

    def value(self, currency: str, at: datetime) -> Fraction | None:
        """What a token cost at an instant, in a currency at the rate of that day; None where there was no price."""
        place = bisect_right(self.points, at, key=lambda point: point.at)
        return self.worth(self.points[place - 1], currency, at) if place else None

    def worth(self, point: Point, currency: str, at: datetime) -> Fraction | None:
        """What a point's price was worth at an instant."""
        if point.offer is None:
            return None
        return self.convert(point.price, point.offer.currency, currency, at.date())

    def fall(self, currency: str, begin: datetime | None = None, end: datetime | None = None) -> Fraction | None:
        """By which part the price fell between two instants, the first and the last price by default."""
        old = self.value(currency, begin or self.first.at)
        new = self.value(currency, end) if end else self.worth(self.last, currency, self.ends)
        return None if not old or new is None else 1 - new / old

    def yearly_fall(self, currency: str) -> Decimal | None:
        """The same reckoned to one year, as a part of 1; None over less than ninety days."""
        fall, span = self.fall(currency), self.ends - self.first.at
        if fall is None or span < SHORTEST or fall == 1:
            return None
        ratio = 1 - fall
        years = Decimal(span.total_seconds()) / 86_400 / _YEAR
        return 1 - (Decimal(ratio.numerator) / Decimal(ratio.denominator)) ** (1 / years)

    def by_year(self, currency: str) -> list[tuple[int, datetime, datetime, Fraction]]:
        """The fall within each calendar year, with the instants between which it was reckoned."""
        found = []
        for year in range(self.first.at.year, self.ends.year + 1):
            begin = max(self.first.at, self.first.at.replace(year=year, month=1, day=1, hour=0, minute=0, second=0))
            end = min(self.ends, begin.replace(year=year + 1, month=1, day=1, hour=0, minute=0, second=0))
            fall = self.fall(currency, begin, None if end == self.ends else end - timedelta(seconds=1))
            if fall is not None:
                found.append((year, begin, end, fall))
        return found


def offers(prices: Iterable[ListPrice]) -> list[Offer]:
    """List prices by seller, model and currency, each as what a usual prompt costs over time."""
    groups: dict[tuple[str, str, str, str], list[ListPrice]] = {}
    for price in prices:
        currency = price.rate.currency or ""
        groups.setdefault((price.provider, price.market, price.rate.model_key, currency), []).append(price)
    return [
        Offer(provider, market, max(of, key=lambda one: one.vouched_until).rate.model, currency, _steps(of))
        for (provider, market, _, currency), of in groups.items()
        if currency
    ]


def _steps(prices: Sequence[ListPrice]) -> tuple[tuple[datetime, dict[Meter, Fraction]], ...]:
    turns = sorted({at for price in prices for at in (price.begins, price.ends) if at is not None})
    return tuple((at, _standing(prices, at)) for at in turns)


def _standing(prices: Sequence[ListPrice], at: datetime) -> dict[Meter, Fraction]:
    """What each meter costs at an instant; of one price on several pages, or from several sources, the newest."""
    standing = [price for price in prices if price.begins <= at and (price.ends is None or at < price.ends)]
    if not all(price.is_hearsay for price in standing):
        standing = [price for price in standing if not price.is_hearsay]
    newest = {price.rate.identity: price.rate for price in sorted(standing, key=lambda price: price.begins)}
    rates = list(newest.values())
    window = "peak" if any(rate.conditions.window for rate in rates) else None
    costs: dict[Meter, Fraction] = {}
    for meter in ("input", "output"):
        fit = [rate.unit_price for rate in fitting(_USE, rates, meter, "standard", window) if rate.unit_price]
        if fit:
            costs[meter] = max(fit)
    if len(costs) == 2:
        costs["mix"] = (costs["input"] * MIX[0] + costs["output"] * MIX[1]) / sum(MIX)
    return costs


def series(
    chosen: Sequence[Offer],
    meter: Meter,
    rank: Callable[[Offer, date], int | None],
    until: datetime,
    convert: Convert,
    *,
    days: Iterable[datetime] = (),
) -> Series | None:
    """The lowest list price over time; None where there never was one.

    Args:
        chosen: the offers that may count.
        meter: whose price.
        rank: of an offer on a day; the lowest price among those of the highest rank counts, None is left out.
        until: the last moment to look at.
        convert: rates of exchange.
        days: the moments at which `rank` changes.

    """
    turns: dict[datetime, set[int]] = {at: set(range(len(chosen))) for at in days}
    for number, offer in enumerate(chosen):
        for at, _ in offer.steps:
            turns.setdefault(at, set()).add(number)
    board = _Board(chosen)
    points: list[Point] = []
    for at in sorted(turn for turn in turns if turn <= until):
        for number in turns[at]:
            board.put(number, chosen[number].price(meter, at), rank(chosen[number], at.date()))
        best = board.lowest(at, convert)
        if (best.offer, best.price) != ((points[-1].offer, points[-1].price) if points else (None, 0)):
            points.append(best)
    return Series(meter, tuple(points), until, convert) if points else None


class _Board:
    """Who asks what now, with the first of each currency kept: only a change that touches it makes another search."""

    def __init__(self, chosen: Sequence[Offer]) -> None:
        self._chosen = chosen
        self._places: dict[str, dict[int, tuple[int, Fraction, str, str]]] = {}
        self._firsts: dict[str, int] = {}

    def put(self, number: int, price: Fraction | None, rank: int | None) -> None:
        """An offer's price and rank from now on; without one of them it does not count."""
        offer = self._chosen[number]
        places = self._places.setdefault(offer.currency, {})
        first = self._firsts.get(offer.currency)
        if price is None or rank is None:
            places.pop(number, None)
        else:
            places[number] = (-rank, price, offer.provider, offer.model)
            if first is not None and first != number and places[number] < places[first]:
                self._firsts[offer.currency] = number
        if first in {None, number}:
            self._firsts.pop(offer.currency, None)
            if places:
                self._firsts[offer.currency] = min(places, key=places.__getitem__)

    def lowest(self, at: datetime, convert: Convert) -> Point:
        """The first of all currencies, at the rates of the day."""
        found = []
        for currency, number in self._firsts.items():
            rank, price, *names = self._places[currency][number]
            worth = convert(price, currency, "USD", at.date())
            if worth is not None:
                found.append((rank, worth, names, number, price))
        if not found:
            return Point(at)
        *_, number, price = min(found)
        return Point(at, self._chosen[number], price)
