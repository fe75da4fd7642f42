"""Two prices for one thing on one page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from monitor.diff import price_of
from scrapers.rates import Rate


def without_conflicts(rates: Sequence[Rate]) -> tuple[tuple[Rate, ...], list[tuple[Rate, ...]]]:
    """The rates that say one thing once, and those that give two prices to one identity at one time."""
    places: dict[object, list[Rate]] = defaultdict(list)
    for rate in rates:
        places[(rate.identity, rate.valid_from)].append(rate)
    kept, conflicts = [], []
    for said in places.values():
        # Beside a price by the token, one by the character or second is the same restated.
        members = [rate for rate in said if rate.unit in {"token", "token_hour"}] or said
        if len({price_of(rate) for rate in members}) == 1:
            kept.append(members[0])
        else:
            conflicts.append(tuple(members))
    return tuple(kept), conflicts
