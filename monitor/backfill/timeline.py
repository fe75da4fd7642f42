"""Dated facts to prices with their times, and to what changed: a pure function.

What a fact says of the price before holds on the day before, and longer only as far as nothing contradicts it. A price
of which one end is not known answers for a while beyond what is vouched for (`GRACE_AFTER`, `GRACE_BEFORE`), but never
before its model's launch. Where the next word names another price, something happened in between that nobody dated:
then it answers for no time that nobody vouches for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from monitor.backfill.facts import Fact
from scrapers.rates import Evidence, Rate, format_decimal, model_key
from storage.nouns import Event, EventKind
from storage.past import PastEvent, PastPrice

GRACE_AFTER = timedelta(days=120)
GRACE_BEFORE = timedelta(days=60)
DAY = timedelta(days=1)
_SURE = {"high": 0.9, "medium": 0.7, "low": 0.4}
_Key = tuple[str, tuple[str, str, str, str, str]]


def timeline(facts: Iterable[Fact]) -> tuple[tuple[PastPrice, ...], tuple[PastEvent, ...]]:
    """The prices and the changes that one provider's facts tell of, each oldest first."""
    ordered = sorted(facts, key=lambda fact: fact.on)
    tracks = _Tracks()
    for fact in ordered:
        tracks.add(fact)
    prices = sorted(tracks.prices(), key=lambda price: (price.counts_from, price.rate.identity))
    return tuple(prices), tuple(event for fact in ordered for event in _events(fact))


@dataclass(slots=True)
class _Span:
    """A price in the making: when it held, and the first and the last moment for which a fact vouches."""

    fact: Fact
    rate: Rate
    seen_from: datetime
    seen_until: datetime
    holds_from: datetime | None = None
    holds_until: datetime | None = None

    def costs(self, rate: Rate) -> bool:
        """Whether it is that price, or the regular price of this promotion."""
        if self.rate.unit_price == rate.unit_price:
            return True
        return self.rate.list_amount is not None and self.rate.list_amount == rate.amount


@dataclass(slots=True)
class _Tracks:
    """The spans of each price by what it is the price of, in the order of their facts."""

    spans: dict[_Key, list[_Span]] = field(default_factory=lambda: defaultdict(list))
    called: dict[tuple[str, str], str] = field(default_factory=dict)  # market and name to the model's key
    launched: dict[tuple[str, str], datetime] = field(default_factory=dict)  # market and the model's key

    def add(self, fact: Fact) -> None:
        for name in fact.names:
            self.called[(fact.market, model_key(name))] = model_key(fact.model)
        if fact.predecessor is not None or not fact.old:
            self.launched.setdefault((fact.market, model_key(fact.model)), fact.on)
        for meter, amount in fact.new.items():
            old = fact.old.get(meter)
            if fact.predecessor is not None:
                if old is not None:
                    self._confirm(fact, _rate(fact, self._name(fact, fact.predecessor), meter, old))
            else:
                self._end(fact, meter, old)
            rate = _rate(fact, fact.model, meter, amount, old if fact.is_promo else None)
            self._begin(fact, rate)

    def _name(self, fact: Fact, said: str) -> str:
        """The name under which a model has its spans, of a second name."""
        wanted = (fact.market, self.called.get((fact.market, model_key(said))))
        known = (spans[0].rate.model for (market, place), spans in self.spans.items() if (market, place[0]) == wanted)
        return next(known, said)

    def _begin(self, fact: Fact, rate: Rate) -> None:
        spans = self.spans[_key(fact, rate)]
        last = spans[-1] if spans else None
        if last is not None and last.holds_until == fact.on and last.rate.value == rate.value and not fact.names:
            last.holds_until, last.seen_until = fact.until, fact.until or fact.on
        else:
            spans.append(_Span(fact, rate, fact.on, fact.until or fact.on, fact.on, fact.until))

    def _end(self, fact: Fact, meter: str, old: Decimal | None) -> None:
        """End what the fact takes the place of."""
        rate = _rate(fact, fact.was or fact.model, meter, fact.new[meter] if old is None else old)
        if fact.splits:
            rate = replace(rate, conditions=replace(rate.conditions, window=None))
        spans = self.spans[_key(fact, rate)]
        last = spans[-1] if spans else None
        stood = last is not None and (last.holds_until is None or last.holds_until >= fact.on)
        if last is not None and stood and (old is None or last.costs(rate)):
            last.holds_until = last.seen_until = fact.on
        elif old is not None and (rate.conditions.window is None or not fact.is_promo):
            eve = fact.on - DAY
            spans.append(_Span(fact, rate, eve, eve, None, fact.on))

    def _confirm(self, fact: Fact, rate: Rate) -> None:
        """A comparison with a predecessor says what that cost on the day."""
        spans = self.spans[_key(fact, rate)]
        last = spans[-1] if spans else None
        if last is not None and last.holds_until is None and last.costs(rate):
            last.seen_until = fact.on
        else:
            spans.append(_Span(fact, rate, fact.on, fact.on))

    def prices(self) -> Iterator[PastPrice]:
        for (market, identity), spans in self.spans.items():
            launched = self.launched.get((market, identity[0]))
            told = [span for span in spans if span.holds_until is None or span.holds_until != span.holds_from]
            for place, span in enumerate(told):
                before = told[place - 1] if place else None
                after = told[place + 1] if place + 1 < len(told) else None
                yield _price(market, span, _counts_from(span, before, launched), _counts_until(span, after))


def _counts_from(span: _Span, before: _Span | None, launched: datetime | None) -> datetime:
    if span.holds_from is not None:
        return span.holds_from
    earliest = span.seen_from - GRACE_BEFORE
    if launched is not None:
        earliest = min(max(earliest, launched), span.seen_from)
    if before is None:
        return earliest
    return max(earliest, before.holds_until or before.seen_until) if before.costs(span.rate) else span.seen_from


def _counts_until(span: _Span, after: _Span | None) -> datetime:
    if span.holds_until is not None:
        return span.holds_until
    if after is None:
        return span.seen_until + GRACE_AFTER
    if after.holds_from is None and not span.costs(after.rate):
        return min(span.seen_until + DAY, after.seen_from)
    return min(span.seen_until + GRACE_AFTER, after.holds_from or after.seen_from)


def _price(market: str, span: _Span, counts_from: datetime, counts_until: datetime) -> PastPrice:
    fact = span.fact
    return PastPrice(
        provider=fact.provider,
        market=market,
        rate=span.rate,
        citation=fact.source,
        seen_from=span.seen_from,
        seen_until=span.seen_until,
        counts_from=counts_from,
        counts_until=counts_until,
        holds_from=span.holds_from,
        holds_until=span.holds_until,
        names=fact.names if span.holds_from == fact.on else (),
        confidence=fact.confidence,
    )


def _key(fact: Fact, rate: Rate) -> _Key:
    return (fact.market, rate.identity)


def _rate(fact: Fact, model: str, meter: str, amount: Decimal, regular: Decimal | None = None) -> Rate:
    return Rate(
        model=model,
        meter=meter,
        state="priced" if amount else "free",
        amount=amount or None,
        currency=fact.currency,
        per=fact.per,
        unit=fact.unit,
        service_tier=fact.tier,
        conditions=fact.conditions,
        list_amount=regular,
        evidence=Evidence(f"{format_decimal(amount)} {fact.currency}", f"fact of {fact.on:%Y-%m-%d}"),
    )


def _events(fact: Fact) -> Iterator[PastEvent]:
    """What happened that day; a fact that tells of an old price of another meter does not launch this one."""
    for meter, amount in fact.new.items():
        old = fact.old.get(meter)
        kind = _kind(fact, old, amount)
        if kind is None:
            continue
        before = None if old is None else _rate(fact, fact.predecessor or fact.was or fact.model, meter, old)
        event = Event(
            kind=kind,
            provider=fact.provider,
            market=fact.market,
            captured_at=fact.on,
            old=before,
            new=_rate(fact, fact.model, meter, amount),
            confidence=_SURE[fact.confidence],
            why=f"entered by hand from: {fact.source}; no page was seen",
            url="",
            effective_from=fact.on,
            predecessor=fact.predecessor,
        )
        yield PastEvent(event, fact.source, fact.names)


def _kind(fact: Fact, old: Decimal | None, new: Decimal) -> EventKind | None:
    if old is None:
        return None if fact.old or fact.is_promo else "launch" if new else "free"
    if fact.predecessor is not None:
        return "successor"
    if new == old:
        return None
    if fact.is_promo:
        return "promo_start"
    if not new:
        return "free"
    return "cut" if new < old else "raise"
