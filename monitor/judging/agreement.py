"""Our prices beside those of the feeds, provider by provider: what agrees, what does not, what only one side has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context
from typing import Any, Literal

from monitor.judging.same_model import spellings
from monitor.judging.witnesses import Bench, Witness, relation
from monitor.judging.words import money
from scrapers.catalog import Provider
from scrapers.feeds.prices import MILLION, FeedPrice
from scrapers.rates import Rate

Outcome = Literal["agree", "disagree", "not comparable", "only here", "only there"]


@dataclass(frozen=True, slots=True)
class OurPrice:
    """A price in force that was accepted from a page."""

    provider: str
    market: str
    url: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Line:
    """One price of one side or of both; a price on which two lineages differ from ours has two lines."""

    provider: str
    outcome: Outcome
    ours: Rate | None
    theirs: Rate | None
    source: str = ""
    url: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """For programs, and for the table of `--all`."""
        rate = self.ours or self.theirs
        if rate is None:
            raise ValueError("a line needs one side")
        return {
            "provider": self.provider,
            "model": rate.model,
            "meter": rate.meter,
            "service_tier": rate.service_tier,
            "conditions": rate.conditions.to_json(),
            "outcome": self.outcome,
            "ours": None if self.ours is None else money(self.ours),
            "theirs": None if self.theirs is None else money(_restated(self.theirs, self.ours)),
            "source": self.source or None,
            "key": None if self.theirs is None else self.theirs.evidence.locator,
            "url": self.url or None,
            "why": self.why or None,
        }


def compare_feeds(
    ours: Sequence[OurPrice], theirs: Iterable[FeedPrice], providers: Mapping[str, Provider], now: datetime
) -> tuple[Line, ...]:
    """A line for each of our prices (more where several lineages differ), and for each above zero that only a feed has.

    A price counts as agreed when a lineage shows it and none shows another.
    """
    stated: dict[str, list[FeedPrice]] = defaultdict(list)
    for price in theirs:
        if price.provider is not None and price.rate.is_in_force(now) and price.rate.unit_price is not None:
            stated[price.provider].append(price)
    own: dict[tuple[str, str], dict[object, OurPrice]] = defaultdict(dict)
    for our in ours:
        own[our.provider, our.market].setdefault(our.rate.identity, our)
    lines: list[Line] = []
    for (name, market), prices in sorted(own.items()):
        fits = [price for price in stated.get(name, ()) if price.market in {None, market}]
        aliases = providers[name].aliases if name in providers else ()
        lines += _of_market(name, list(prices.values()), [witness_of(price) for price in fits], aliases)
    return tuple(lines)


def witness_of(price: FeedPrice) -> Witness:
    """What a feed states, as a witness."""
    return Witness(price.lineage, price.feed, price.rate, price.names, is_resold=price.is_resold)


def _of_market(
    provider: str, ours: Sequence[OurPrice], witnesses: Sequence[Witness], aliases: Sequence[tuple[str, str]]
) -> Iterable[Line]:
    bench = Bench(witnesses, aliases)
    found: set[Witness] = set()
    for our in ours:
        heard = list(bench.find(our.rate))
        found |= {witness for witness, _ in heard}
        yield from _of_price(provider, our, heard)
    seen: set[object] = set()
    for witness in witnesses:
        names = spellings(witness.rate.model)
        key = (min(names.undated or names.words), witness.rate.meter, witness.rate.service_tier)
        if witness not in found and key not in seen and witness.rate.unit_price and not witness.is_resold:
            seen.add(key)
            yield Line(provider, "only there", None, witness.rate, witness.source)


def _of_price(provider: str, our: OurPrice, heard: Sequence[tuple[Witness, bool]]) -> Iterable[Line]:
    said = [(witness, *_relation(our.rate, witness, is_near=near)) for witness, near in heard]
    agreed = {witness.lineage for witness, how, _ in said if how == "agree"}
    against = [(witness, why) for witness, how, why in said if how == "disagree" and witness.lineage not in agreed]
    if against:
        for lineage in dict.fromkeys(witness.lineage for witness, _ in against):
            witness = next(w for w, _ in against if w.lineage == lineage)
            yield Line(provider, "disagree", our.rate, witness.rate, witness.source, our.url)
    elif agreed:
        witness = next(w for w, how, _ in said if how == "agree")
        yield Line(provider, "agree", our.rate, witness.rate, ", ".join(sorted(agreed)), our.url)
    elif said:
        witness, _, why = said[0]
        yield Line(provider, "not comparable", our.rate, witness.rate, witness.source, our.url, why)
    else:
        yield Line(provider, "only here", our.rate, None, "", our.url)


def _restated(theirs: Rate, ours: Rate | None) -> Rate:
    """A feed's price per what ours is for (tokens without ours: a million), with ten digits, for reading."""
    per = ours.per if ours is not None and ours.per and ours.unit == theirs.unit else None
    per = per or (MILLION if theirs.unit == "token" else theirs.per)
    if theirs.amount is None or theirs.per is None or per is None:
        return theirs
    return replace(theirs, amount=Context(prec=10).create_decimal(theirs.amount / theirs.per * per), per=per)


def _relation(ours: Rate, witness: Witness, *, is_near: bool) -> tuple[str, str]:
    how, why = relation(ours, witness)
    return ("not comparable", "a dated version") if is_near and how == "disagree" else (how, why)
