"""What a report tells, read from the database as values: what is in force, every price there was, what happened.

A report is of an instant. Prices and events are those that were seen by then, as the database knows of them now, so the
same database and the same instant give the same report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from monitor.charts.lines import Point
from monitor.classes import CapabilityClass
from monitor.exchange import Conversion, Exchange, NoExchangeRate
from monitor.price_lines import line_per, line_price, standing, turns
from monitor.report.paths import model_path
from monitor.workloads import Bill, Offer, Use, bill, offers
from scrapers.rates import METERS, Rate, model_key, parse_instant
from storage import queries
from storage.price_lines import KnownPrice
from storage.reports import dated_rates, events_until, providers_known, watched_pages
from storage.rows import moment
from storage.store import Store

Row = dict[str, Any]

MONTH = timedelta(days=30)
STALE = timedelta(days=3)
"""A price that was not seen for so long is shown with the day on which it last was."""
MOVES = frozenset({"cut", "raise", "free", "promo_start", "promo_end", "repriced"})
"""Kinds of events by which a price moved."""
TOKENS = (("input", 10_000_000), ("output", 2_000_000))
"""The month of work that every model is priced at."""
TARGETS = ("USD", "CNY")
_MONTH_OF_WORK = Use("", "", TOKENS)
_CACHED = Use("", "", (("cached_input", 1_000_000),))


@dataclass(frozen=True, slots=True)
class Priced:
    """One model in one market and currency: the prices that a table shows, and the month of work.

    `seen` is the last day (UTC) on which one of its prices was seen, up to the report's.
    """

    offer: Offer
    path: str
    rates: Mapping[str, Rate]  # meter to the price for a typical prompt; absent where none or several fit
    bill: Bill
    seen: date


@dataclass(frozen=True, slots=True)
class Series:
    """One price over time, and where each of its points was read."""

    rate: Rate
    market: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """All that is known of one model of one provider; `rows` is its history, `current` what is in force."""

    provider: str
    key: str
    name: str
    path: str
    current: tuple[Row, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the pages over all providers show; times are aware UTC."""

    at: datetime
    providers: tuple[str, ...]
    current: Mapping[str, list[Row]]
    priced: tuple[Priced, ...]
    events: tuple[Row, ...]
    pages: tuple[Row, ...]
    classes: tuple[CapabilityClass, ...]
    conversions: Mapping[str, Mapping[str, Conversion]]

    def is_old(self, priced: Priced) -> bool:
        """Whether nobody has seen these prices for long."""
        return self.at.date() - priced.seen > STALE

    @property
    def moves(self) -> tuple[Row, ...]:
        """Cuts and raises of the last thirty days, newest first."""
        since = (self.at - MONTH).strftime("%Y-%m-%dT%H:%M:%SZ")
        return tuple(event for event in self.events if event["kind"] in MOVES and event["captured_at"] >= since)

    @property
    def months(self) -> Mapping[str, list[Row]]:
        """What happened by month ("2026-11"), newest first."""
        found: dict[str, list[Row]] = {}
        for event in self.events:
            found.setdefault(event["captured_at"][:7], []).append(event)
        return found

    def in_currency(self, amount: Fraction, currency: str | None, target: str) -> Fraction | None:
        """An amount in another currency, exact by the rate at hand, for sorting and placing; None without a rate."""
        if currency == target:
            return amount
        way = self.conversions.get(currency or "", {}).get(target)
        return None if way is None else amount * way.rate


def read_overview(store: Store, exchange: Exchange, classes: Sequence[CapabilityClass], at: datetime) -> Overview:
    """All but the histories."""
    current: dict[str, list[Row]] = {}
    for row in queries.prices(store, at=at):
        current.setdefault(row["provider"], []).append(row)
    rows = [row for provider in current for row in current[provider]]
    return Overview(
        at,
        tuple(providers_known(store, at)),
        current,
        _priced(rows),
        tuple(events_until(store, at)),
        tuple(watched_pages(store, at)),
        tuple(classes),
        _conversions(exchange, {row["currency"] for row in rows if row["currency"]}, at),
    )


def read_models(store: Store, overview: Overview, provider: str) -> tuple[ModelFacts, ...]:
    """The models of a provider, by name; those that are no longer listed too."""
    rows: dict[str, list[Row]] = {}
    for row in dated_rates(store, provider, overview.at):
        rows.setdefault(row["model_key"], []).append(row)
    standing_now = {row["rate_id"]: row for row in overview.current.get(provider, ())}
    models = []
    for key, known in rows.items():
        current = tuple(
            {
                **row,
                **{name: standing_now[row["id"]][name] for name in ("state", "amount", "list_amount", "valid_until")},
            }
            for row in known
            if row["id"] in standing_now
        )
        newest = max(known, key=lambda row: (row["seen_until"], row["id"]))
        models.append(
            ModelFacts(
                provider,
                key,
                newest["model"],
                model_path(provider, key),
                tuple(sorted(current, key=_order)),
                tuple(known),
            )
        )
    return tuple(sorted(models, key=lambda model: (model.name.casefold(), model.key)))


def series_of(model: ModelFacts) -> list[Series]:
    """The lines of a model's prices, the most telling first; what was never true is in none."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in model.rows:
        if row["superseded_at"] is None:
            groups.setdefault((row["market"], row["identity"]), []).append(row)
    is_current = {(row["market"], row["identity"]) for row in model.current}
    found: list[tuple[tuple[Any, ...], Series]] = []
    for which, rows in groups.items():
        known = [
            KnownPrice(Rate.from_json(row), moment(row["seen_from"]), parse_instant(row["ended_at"])) for row in rows
        ]
        points = _points(known, rows)
        if any(point.price is not None for point in points):
            series = Series(known[-1].rate, which[0], points)
            found.append(((series.market, *_line_order(series.rate, is_old=which not in is_current)), series))
    return [series for _order, series in sorted(found, key=lambda pair: pair[0])]


def _points(known: Sequence[KnownPrice], rows: Sequence[Row]) -> tuple[Point, ...]:
    """The changes of one price; each names the row of the history that it comes from."""
    like = known[-1].rate
    points: list[Point] = []
    for when in sorted({turn for price in known for turn in turns(price)}):
        rate = standing(known, when)
        price = line_price(rate, like, line_per(like))
        if points and points[-1].price == price:
            continue
        row = next((row for price_, row in zip(known, rows, strict=True) if price_.rate is rate), None)
        points.append(Point(when, price, "", "" if row is None else f"#r{row['id']}"))
    return tuple(points)


def _priced(rows: Sequence[Row]) -> tuple[Priced, ...]:
    """Every model that sells tokens in and out, or in alone."""
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        own = (row["provider"], row["market"], model_key(row["model"]), row["currency"] or "")
        seen[own] = max(seen.get(own, ""), row["seen_until"][:10])
    found = []
    for offer in offers((row["provider"], row["market"], Rate.from_json(row)) for row in rows):
        month = bill(_MONTH_OF_WORK, offer)
        cached = bill(_CACHED, offer)
        rates = {line.meter: line.rate for line in month.lines}
        rates |= {line.meter: line.rate for line in cached.lines if not line.note}
        if rates:
            key = offer.rates[0].model_key
            day = date.fromisoformat(seen[offer.provider, offer.market, key, offer.currency])
            found.append(Priced(offer, model_path(offer.provider, key), rates, month, day))
    return tuple(found)


def _conversions(exchange: Exchange, currencies: set[str], at: datetime) -> dict[str, dict[str, Conversion]]:
    """By currency how it becomes each target; a currency that the ECB does not quote has none."""
    found: dict[str, dict[str, Conversion]] = {}
    for currency in sorted(currencies | set(TARGETS)):
        for target in TARGETS:
            if currency != target:
                try:
                    found.setdefault(currency, {})[target] = exchange.conversion(currency, target, at.date())
                except NoExchangeRate:
                    continue
    return found


def _order(row: Row) -> tuple[Any, ...]:
    """As a table lists the prices in force: the standard tier first, few conditions before many."""
    rate = Rate.from_json(row)
    conditions = rate.conditions.to_json()
    is_other = rate.service_tier != "standard"
    return (row["market"], rate.currency or "", is_other, rate.service_tier, len(conditions), *_meter_order(rate))


def _line_order(rate: Rate, *, is_old: bool) -> tuple[Any, ...]:
    """As a chart takes lines: input and output of the standard tier before others, and of these what is in force."""
    is_other = rate.service_tier != "standard"
    return (rate.currency or "", rate.unit != "token", is_other, _meter_order(rate)[0], is_old, rate.identity)


def _meter_order(rate: Rate) -> tuple[int, str]:
    return (METERS.index(rate.meter) if rate.meter in METERS else len(METERS), rate.conditions.key)
