"""What a person may decide about: held differences and accepted prices, each under a short id.

An id is derived from what it stands for (page, price, old and new value), never from a place in a list: when a run or
another person comes in between, it either still means the same or means nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scrapers.rates import Rate, format_instant
from storage.nouns import Pending, identity_text
from storage.outcomes import PageState
from storage.recorded import RecordedInterval, intervals_of
from storage.store import Store

SHORTEST = 5  # an id may be shortened to this many signs


@dataclass(frozen=True, slots=True)
class Held:
    """A difference that waits for a person, with the page that shows it."""

    ref: str
    state: PageState
    pending: Pending

    @property
    def rate(self) -> Rate:
        """The rate that it is about: what the page says, or what it says no longer."""
        rate = self.pending.new or self.pending.old
        if rate is None:
            raise ValueError("a held difference needs an old or a new rate")
        return rate


@dataclass(frozen=True, slots=True)
class Accepted:
    """A price in the accepted list, with every page of its market that states it so."""

    ref: str
    provider: str
    market: str
    rate: Rate
    places: tuple[tuple[PageState, RecordedInterval], ...]


def held_differences(store: Store) -> tuple[Held, ...]:
    """All that is held, page by page; what nobody watches any more asks for no decision."""
    return tuple(
        Held(held_ref(state, pending), state, pending)
        for state, pending in store.all_pending()
        if pending.outcome == "held" and state.left_at is None
    )


def held_ref(state: PageState, pending: Pending) -> str:
    """The short id of a held difference."""
    sides = (_side(pending.old), _side(pending.new))
    return "h" + _digest(state.provider, state.market, state.url, pending.key, pending.kind, *sides)


def accepted_prices(store: Store, provider: str) -> tuple[Accepted, ...]:
    """The accepted list of a provider; what several pages of a market state alike is one."""
    found: dict[str, Accepted] = {}
    for state in store.pages():
        if state.provider != provider or state.page_id is None:
            continue
        for interval in intervals_of(store.connection, state.page_id, only_open=True):
            rate = interval.rate
            ref = "p" + _digest(provider, state.market, identity_text(rate), _side(rate))
            known = found.get(ref) or Accepted(ref, provider, state.market, rate, ())
            found[ref] = replace(known, places=(*known.places, (state, interval)))
    return tuple(found.values())


def with_parts(chosen: Iterable[Held], held: Sequence[Held]) -> tuple[Held, ...]:
    """The chosen ones, each with the other parts of a price that was split: all are believed or none."""
    found = {one.ref: one for one in chosen}
    for one in tuple(found.values()):
        whole = _split_of(one)
        if whole is not None:
            found |= {each.ref: each for each in held if _split_of(each) == whole}
    return tuple(found.values())


def _split_of(held: Held) -> object:
    """The price that a held difference is a part of, or None: its identity is another than the new one's."""
    old, new = held.pending.old, held.pending.new
    if old is None or new is None or old.conditions == new.conditions:
        return None
    return (held.state.page_id, old.identity, old.valid_from)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:7]


def _side(rate: Rate | None) -> str:
    if rate is None:
        return ""
    return f"{rate.state} {rate.unit_price} {rate.unit} {rate.currency} {format_instant(rate.valid_from)}"
