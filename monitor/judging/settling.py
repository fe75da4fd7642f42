"""The first price of a model settles: until then another one may only put right what was never meant.

On the day of a launch pages print zeros, the predecessor's prices and plain slips. Telling their repair as a cut or a
rise is a main source of false alerts in public catalogues. But real cuts came two days after a launch, so a price that
stood for a third of the time is doubted only where it looks like a placeholder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.judging.names import vector
from monitor.judging.words import money
from scrapers.rates import Rate
from storage.nouns import Event

_SETTLED_BY = frozenset({"cut", "raise", "free", "repriced", "promo_start", "promo_end", "removal"})


def launch_of(rate: Rate, recent: Sequence[Event], at: datetime, settle_after: timedelta) -> Event | None:
    """The launch of which this price is still the first, or a correction of the first; None once it has settled."""
    mine = [event for event in recent if event.rate.identity == rate.identity]
    launches = [event for event in mine if event.kind == "launch" and at - event.captured_at < settle_after]
    if not launches:
        return None
    launch = launches[-1]
    later = (event for event in mine if event.captured_at > launch.captured_at)
    return None if any(event.kind in _SETTLED_BY for event in later) else launch


def placeholder(
    rate: Rate, launch: Event, models: Mapping[str, Sequence[Rate]], at: datetime, settle_after: timedelta
) -> str:
    """Why a first price that is replaced was not meant, or "" where it was a price."""
    stood = at - launch.captured_at
    if rate.unit_price == 0:
        return f"{money(rate)} was a placeholder at the launch"
    mine = {meter: price for meter, price in vector(models.get(rate.model_key, ())).items() if price[1]}
    for name, rates in models.items():
        if name != rate.model_key and mine and mine == vector(rates):
            return f"at its launch it had the prices of {rates[0].model}, a placeholder"
    if stood < settle_after / 3:
        return f"{money(rate)} stood for only {_span(stood)} after the launch"
    return ""


def _span(span: timedelta) -> str:
    hours = int(span / timedelta(hours=1))
    return f"{hours} hours" if hours > 1 else f"{int(span / timedelta(minutes=1))} minutes"
