"""Prices and dates: what a list says for now, what it announces, and what fell due between two looks.

An announced rate carries `valid_from`; from that instant on it takes the place of the rate that it supersedes: the one
with the same identity, or a flat rate that it splits. A promotion ends at its `valid_until`, and what follows is the
price that the page strikes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.diff import covers, price_of
from scrapers.rates import Rate


@dataclass(frozen=True, slots=True)
class Due:
    """A rate whose time has come, the rate that it takes the place of, and since when."""

    old: Rate
    new: Rate
    since: datetime
    is_promo_end: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A price list as it stands at one instant."""

    current: tuple[Rate, ...]
    announced: tuple[Rate, ...]
    dues: tuple[Due, ...]


def settle(rates: Iterable[Rate], at: datetime) -> Settled:
    """What of a list holds at `at`, what is announced for later, and which rates took the place of which."""
    rates = tuple(rates)
    announced = tuple(rate for rate in rates if rate.valid_from is not None and rate.valid_from > at)
    started = _with_returns([rate for rate in rates if rate.valid_from is None or rate.valid_from <= at], at)
    dues: list[Due] = []
    superseded: set[int] = set()
    dated: dict[tuple[str, ...], list[Rate]] = defaultdict(list)
    for rate in started:
        if rate.valid_from is not None:
            dated[_use(rate)].append(rate)
    for old in started:
        following = _followers(old, dated.get(_use(old), ()), at)
        if following:
            superseded.add(id(old))
            dues += [Due(old, new, new.valid_from) for new in following if new.valid_from is not None]
    current = []
    for rate in started:
        if id(rate) in superseded:
            continue
        after = after_promotion(rate, at)
        if after is not None and rate.valid_until is not None:
            dues.append(Due(rate, after, rate.valid_until, is_promo_end=True))
        current.append(after or rate)
    return Settled(tuple(current), announced, tuple(dues))


def after_promotion(rate: Rate, at: datetime) -> Rate | None:
    """The struck price in force again, once a sale's last moment is over; None while it lasts or names no price."""
    if rate.valid_until is None or rate.valid_until > at or rate.list_amount is None:
        return None
    flags = (*rate.flags, *(() if "derived" in rate.flags else ("derived",)))
    return replace(
        rate,
        state="priced",
        amount=rate.list_amount,
        list_amount=None,
        valid_from=None,
        valid_until=None,
        flags=flags,
    )


def replaced_by(new: Rate, current: Sequence[Rate]) -> Rate | None:
    """The rate in force that an announced one will take the place of, or None."""
    for rate in current:
        if rate.identity == new.identity:
            return rate
    wide = [rate for rate in current if _use(rate) == _use(new) and covers(rate.conditions, new.conditions)]
    return min(wide, key=lambda rate: rate.conditions.key, default=None)


def same_price(one: Rate | None, other: Rate | None) -> bool:
    """Whether both are there and cost the same."""
    return one is not None and other is not None and price_of(one) == price_of(other)


def by_identity(rates: Iterable[Rate]) -> dict[tuple[str, ...], Rate]:
    """Rates of one instant by identity."""
    return {rate.identity: rate for rate in rates}


def group_dues(dues: Iterable[Due]) -> list[tuple[Rate, list[Due]]]:
    """Dues by the rate that they replace: a flat rate is replaced by all its windows or by none."""
    groups: dict[int, list[Due]] = defaultdict(list)
    for due in dues:
        groups[id(due.old)].append(due)
    return [(members[0].old, members) for members in groups.values()]


def _with_returns(started: list[Rate], at: datetime) -> list[Rate]:
    """Started rates whose sales know what follows them: the price that the sale took the place of returns.

    A sale with a beginning and an end ("2 from the 10th to the 20th") stands beside the price that it interrupts. While
    it lasts that price is its list price; once it is over it is as if it had never been.
    """
    interrupted = {rate.identity: rate for rate in started if rate.valid_from is None and rate.valid_until is None}
    settled = []
    for rate in started:
        plain = interrupted.get(rate.identity)
        if plain is None or plain is rate or rate.valid_until is None:
            settled.append(rate)
        elif rate.valid_until > at:
            is_alike = (rate.per, rate.unit, plain.state) == (plain.per, plain.unit, "priced")
            has_list = rate.list_amount is not None or not is_alike
            settled.append(rate if has_list else replace(rate, list_amount=plain.amount))
    return settled


def _followers(old: Rate, dated: Sequence[Rate], at: datetime) -> list[Rate]:
    """The started rates of the same use that supersede `old`: the latest of its own identity, or those that split it.

    One narrower rate beside a flat one is a premium or a discount and leaves the flat rate standing, unless the page
    gave that an end; two or more with one beginning (peak and off-peak, below and above a length) replace it.
    """
    later = [r for r in dated if r.valid_from and (old.valid_from is None or old.valid_from < r.valid_from)]
    own = [rate for rate in later if rate.identity == old.identity]
    if own:
        return [max(own, key=lambda rate: str(rate.valid_from))]
    parts = [rate for rate in later if covers(old.conditions, rate.conditions)]
    if not parts:
        return []
    last = max(rate.valid_from for rate in parts if rate.valid_from is not None)
    parts = [rate for rate in parts if rate.valid_from == last]
    has_ended = old.valid_until is not None and old.valid_until <= at
    return parts if has_ended or len({rate.conditions.key for rate in parts}) > 1 else []


def _use(rate: Rate) -> tuple[str, str, str, str]:
    return (rate.model_key, rate.meter, rate.service_tier, rate.currency or "")
