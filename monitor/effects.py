"""What a change of prices does to the bills of the user's workloads.

The decision to know: a bill is compared with itself, priced before and after the page changed, so related changes of
one page count together and once. A bill that is not certain on either side has no effect rather than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from monitor.judging.schedule import settle
from monitor.workloads import Offer, Use, Workload, bill, is_wanted, offers
from scrapers.rates import Rate, model_key
from storage import queries
from storage.nouns import EVENT_KINDS, Event
from storage.store import Store

_OF_PRICES = frozenset(EVENT_KINDS) - {"successor", "held", "notice"}
Priced = tuple[str, str, Rate]  # provider, market, rate
OfferKey = tuple[str, str, str, str]  # provider, market, folded model, currency


@dataclass(frozen=True, slots=True)
class Effect:
    """What a month of one use of a workload costs before and after, in the printed currency.

    `replaces` is the model in use where the event is about another model of the shortlist: then `before` is the bill
    of the model in use, and `after` what the other would cost.
    """

    workload: str
    model: str
    currency: str
    before: Fraction
    after: Fraction
    replaces: str | None = None

    @property
    def percent(self) -> float:
        """Change of the bill in percent, negative for a saving."""
        return float((self.after - self.before) / self.before * 100) if self.before else 0.0

    def to_json(self) -> dict[str, Any]:
        """Amounts to the hundredth, for messages and the webhook."""
        return {
            "workload": self.workload,
            "model": self.model,
            "replaces": self.replaces,
            "currency": self.currency,
            "before": cents(self.before),
            "after": cents(self.after),
            "percent": round(self.percent, 1),
        }


def cents(value: Fraction) -> str:
    """An amount of money to the hundredth.

    >>> cents(Fraction(2, 3))
    '0.67'
    """
    return f"{Decimal(value.numerator) / value.denominator:.2f}"


def effects_of(
    events: Iterable[Event],
    workloads: Sequence[Workload],
    elsewhere: Iterable[Priced],
    before: Sequence[Rate],
    after: Sequence[Rate],
) -> dict[str, tuple[Effect, ...]]:
    """The effects of each event of one page, by the event's id; events without one are left out.

    An announced price counts as it will be on its day.

    Args:
        events: of one page.
        workloads: of the settings.
        elsewhere: prices in force, of all pages; those of the models on this page do not count.
        before: the page's accepted list as it was.
        after: the page's accepted list with the change.

    """
    events = [event for event in events if event.kind in _OF_PRICES]
    if not events or not workloads:
        return {}
    provider, market = events[0].provider, events[0].market
    mine = {rate.model_key for rate in (*before, *after)}
    others = [one for one in elsewhere if one[:2] != (provider, market) or one[2].model_key not in mine]
    moments: dict[object, tuple[Mapping[OfferKey, Offer], Mapping[OfferKey, Offer]]] = {}
    found = {}
    for event in events:
        at = max(event.captured_at, event.effective_from or event.captured_at)
        if at not in moments:
            moments[at] = (
                _offers_with(others, provider, market, settle(before, event.captured_at).current),
                _offers_with(others, provider, market, settle(after, at).current),
            )
        old, new = moments[at]
        effects = effects_on(workloads, provider, market, event.rate.model, before=old, after=new)
        if effects:
            found[event.id] = effects
    return found


def _offers_with(
    others: Sequence[Priced], provider: str, market: str, rates: Sequence[Rate]
) -> Mapping[OfferKey, Offer]:
    return by_key(offers((*others, *((provider, market, rate) for rate in rates))))


def effects_then(store: Store, event: Event, workloads: Sequence[Workload]) -> dict[str, tuple[Effect, ...]]:
    """The effects of one event of the past by itself, among the prices that were in force with it."""
    rows = queries.prices(store, at=event.captured_at) if workloads else []
    priced = [(row["provider"], row["market"], Rate.from_json(row)) for row in rows]
    mine = (event.provider, event.market)
    rest = [rate for *whose, rate in priced if tuple(whose) == mine and rate.identity != event.rate.identity]
    before, after = ([*rest, *([rate] if rate else [])] for rate in (event.old, event.new))
    return effects_of([event], workloads, priced, before, after)


def effects_on(
    workloads: Iterable[Workload],
    provider: str,
    market: str,
    model: str,
    *,
    before: Mapping[OfferKey, Offer],
    after: Mapping[OfferKey, Offer],
) -> tuple[Effect, ...]:
    """The effects of what happened to one model's prices.

    Args:
        workloads: of the settings.
        provider: whose page changed.
        market: of that page.
        model: whose prices moved, as printed.
        before: all offers as they were, by provider, market, folded model and currency.
        after: all offers with the change.

    """
    name = model_key(model)
    moved = [key for key in {**before, **after} if key[:3] == (provider, market, name)]
    return tuple(
        effect
        for workload in workloads
        for use in workload.uses
        for key in moved
        for effect in (_own(workload, use, before.get(key), after.get(key)), _other(workload, use, after, key, before))
        if effect is not None
    )


def by_key(offers: Sequence[Offer]) -> dict[OfferKey, Offer]:
    """Offers by provider, market, folded model and currency."""
    return {(o.provider, o.market, model_key(o.model), o.currency): o for o in offers}


def _own(workload: Workload, use: Use, old: Offer | None, new: Offer | None) -> Effect | None:
    if old is None or new is None or not _is_used(use, new):
        return None
    before, after = bill(use, old, workload).total, bill(use, new, workload).total
    if before is None or after is None or before == after:
        return None
    return Effect(workload.id, new.model, new.currency, before, after)


def _other(
    workload: Workload,
    use: Use,
    after: Mapping[OfferKey, Offer],
    key: OfferKey,
    before: Mapping[OfferKey, Offer],
) -> Effect | None:
    """A model of the shortlist that would now cost less than the one in use, and did not cost that before."""
    new = after.get(key)
    if new is None or _is_used(use, new) or not workload.shortlist or not is_wanted(workload, new):
        return None
    own = next((o for o in after.values() if _is_used(use, o) and o.currency == new.currency), None)
    if own is None:
        return None
    paid, would = bill(use, own, workload).total, bill(use, new, workload).total
    old = before.get(key)
    if paid is None or would is None or would >= paid or (old is not None and bill(use, old, workload).total == would):
        return None
    return Effect(workload.id, new.model, new.currency, paid, would, replaces=own.model)


def _is_used(use: Use, offer: Offer) -> bool:
    is_here = offer.provider == use.provider and use.market in {None, offer.market}
    return is_here and model_key(offer.model) == model_key(use.model)
