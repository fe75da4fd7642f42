"""Witnesses: what the provider's other pages and independent feeds say of a price, and what that is worth.

The decision to know: a witness never sets a price and is never needed. One that shows the new price makes a change
surer, and lets one that a person would have had to decide for its size alone wait for more looks instead. One that
shows the old price makes it a little less sure, because feeds are late. Lineages are counted, not feeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from monitor.diff import covers, price_of
from monitor.judging.same_model import Words, spellings
from monitor.judging.verdicts import Verdict
from monitor.judging.words import listed, money
from scrapers.rates import Conditions, Rate, TokenRange
from storage.nouns import EventKind

Relation = Literal["agree", "disagree", "not comparable"]
_NEARLY = Fraction(1, 1000)  # a feed's float that lost its last digits is the same price
_ROUNDED = Fraction(1, 20)  # $0.13 on a page is $0.125 in a feed, and $1 is not $1.4
_LENGTHS = Fraction(1, 20)  # 200,000 and 204,800 tokens are one threshold
PRICE_KINDS: frozenset[EventKind] = frozenset(
    {"cut", "raise", "free", "repriced", "promo_start", "promo_end", "correction"}
)
_AGREES, _AGREE_MORE, _STILL_OLD = 0.06, 0.09, 0.05


@dataclass(frozen=True, slots=True)
class Witness:
    """What one other source says now of one price of the provider that is judged.

    Attributes:
        lineage: whose number it is; the provider's own pages are one lineage.
        source: the feed or the page, for words.
        names: what else the source calls the model.
        is_own: another page of the provider in the same market.
        is_resold: what somebody asks who sells on; it may be another price.

    """

    lineage: str
    source: str
    rate: Rate
    names: tuple[str, ...] = ()
    is_own: bool = False
    is_resold: bool = False


@dataclass(frozen=True, slots=True)
class Hearing:
    """Which lineages show the new price of a change, which the old one, and which another one."""

    new: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    neither: tuple[str, ...] = ()


class Bench:
    """All witnesses of one provider, by the names of their models."""

    def __init__(self, witnesses: Iterable[Witness], aliases: Sequence[tuple[str, str]] = ()) -> None:
        self._aliases = aliases
        self._exact: dict[tuple[str, str, str], list[Witness]] = defaultdict(list)
        self._words: dict[tuple[Words, str, str], list[Witness]] = defaultdict(list)
        self._undated: dict[tuple[Words, str, str], list[Witness]] = defaultdict(list)
        for witness in witnesses:
            kind = (witness.rate.meter, witness.rate.service_tier)
            known = spellings(witness.rate.model, *witness.names)
            for key in known.exact:
                self._exact[key, *kind].append(witness)
            for words in known.words:
                self._words[words, *kind].append(witness)
            for words in known.undated:
                self._undated[words, *kind].append(witness)

    def __bool__(self) -> bool:
        return bool(self._words)

    def find(self, rate: Rate) -> Iterator[tuple[Witness, bool]]:
        """Statements about the model, meter and tier of a rate, each lineage by the nearest name that it has.

        The second value is whether the name is only near: a dated version of it, which may have another price.
        """
        known = spellings(rate.model, *self._names_of(rate))
        kind = (rate.meter, rate.service_tier)
        heard: set[str] = set()
        exact = [w for key in sorted(known.exact) for w in self._exact.get((key, *kind), ())]
        words = [w for key in sorted(known.words) for w in self._words.get((key, *kind), ())]
        dated = [w for key in sorted(known.words) for w in self._undated.get((key, *kind), ())]
        for found, is_near in ((exact, False), (words, False), (_of_one_model(dated), True)):
            new = [witness for witness in dict.fromkeys(found) if witness.lineage not in heard]
            heard |= {witness.lineage for witness in new}
            yield from ((witness, is_near) for witness in new)

    def hear(self, old: Rate, new: Rate) -> Hearing:
        """Who shows which price of a change."""
        said: dict[str, set[str]] = defaultdict(set)
        for witness, is_near in self.find(new):
            to_new = relation(new, witness)[0]
            if to_new == "agree":
                said[witness.lineage].add("new")
            elif to_new == "disagree" and not is_near:
                said[witness.lineage].add("old" if relation(old, witness)[0] == "agree" else "neither")
        best = {lineage: next(w for w in ("new", "old", "neither") if w in words) for lineage, words in said.items()}
        return Hearing(*(tuple(sorted(k for k, v in best.items() if v == word)) for word in ("new", "old", "neither")))

    def still_shown(self, rate: Rate) -> str:
        """The address of another page of the provider that shows this price, or ""."""
        for witness, _ in self.find(rate):
            if witness.is_own and relation(rate, witness)[0] == "agree":
                return witness.source
        return ""

    def _names_of(self, rate: Rate) -> list[str]:
        """What the provider file says that the model is called besides."""
        pairs = [*self._aliases, *((b, a) for a, b in self._aliases)]
        return [other for one, other in pairs if one == rate.model]


def relation(ours: Rate, witness: Witness) -> tuple[Relation, str]:
    """Whether a statement is the same price, another one, or no statement about this use; and why not.

    Peak hours, promotions, regions, other tiers and what a reseller asks may be equal, and never contradict.
    """
    theirs = witness.rate
    mine, other = price_of(ours), price_of(theirs)
    if mine[1] is None or other[1] is None:
        return "not comparable", "no amount"
    if mine[1] and other[1] and (ours.currency != theirs.currency or mine[2] != other[2]):
        return "not comparable", "another currency or unit"
    use = _same_use(ours, theirs)
    if use is None:
        return "not comparable", "other conditions"
    if _is_near(ours, mine[1], other[1]):
        return "agree", ""
    excuse = _excuse(ours, witness) or ("" if use else "other conditions")
    return ("not comparable", excuse) if excuse else ("disagree", "")


def weigh(verdict: Verdict, bench: Bench) -> Verdict:
    """A verdict with what the witnesses say; without witnesses it is what it was."""
    if not bench or verdict.trust == "silent" or verdict.old is None:
        return verdict
    if verdict.new is None:
        return _kept(verdict, verdict.old, bench) if verdict.kind == "removal" else verdict
    if verdict.kind not in PRICE_KINDS:
        return verdict
    heard = bench.hear(verdict.old, verdict.new)
    if heard.new:
        why = f"{verdict.why}; {listed(heard.new)} {_show(heard.new)} {money(verdict.new)} too"
        surer = _AGREES if len(heard.new) == 1 else _AGREE_MORE
        if verdict.trust == "held" and verdict.is_of_size:
            trust: Literal["slow", "wait"] = "slow" if len(heard.new) == 1 else "wait"
            return replace(verdict, trust=trust, why=why)
        return replace(verdict, why=why, confidence=verdict.confidence + surer)
    if heard.old:
        why = f"{verdict.why}; {listed(heard.old)} still {_show(heard.old)} {money(verdict.old)}"
        return replace(verdict, why=why, confidence=verdict.confidence - _STILL_OLD)
    return verdict


def _kept(verdict: Verdict, old: Rate, bench: Bench) -> Verdict:
    """A removal waits as long as another page of the provider shows the model at its price."""
    page = bench.still_shown(old)
    if not page or verdict.trust == "held":
        return verdict
    return replace(verdict, trust="kept", why=f"{verdict.why}; {page} still shows it")


def _is_near(ours: Rate, mine: Fraction, other: Fraction) -> bool:
    """Whether two prices of one unit are the same but for lost digits: of a float, or of a page that rounds."""
    apart, size = abs(mine - other), max(mine, other)
    if apart <= _NEARLY * size:
        return True
    if ours.amount is None or not mine:
        return False
    half_digit = Fraction(10) ** int(ours.amount.as_tuple().exponent) / 2 * mine / Fraction(ours.amount)
    return apart <= half_digit and apart <= _ROUNDED * size


def _show(lineages: Sequence[str]) -> str:
    return "shows" if len(lineages) == 1 else "show"


def _of_one_model(witnesses: Sequence[Witness]) -> list[Witness]:
    """Statements of those lineages that have a single dated version: of several, nobody knows which is meant."""
    models: dict[str, set[str]] = defaultdict(set)
    for witness in witnesses:
        models[witness.lineage].add(witness.rate.model_key)
    return [witness for witness in witnesses if len(models[witness.lineage]) == 1]


def _excuse(ours: Rate, witness: Witness) -> str:
    """Why another price of the same use is no contradiction, or ""."""
    theirs = witness.rate
    if witness.is_resold:
        return "a reseller's price"
    if ours.service_tier != "standard":
        return f"{ours.service_tier} prices are kept late"
    if ours.conditions.window or theirs.conditions.window:
        return "peak and off-peak"
    if ours.conditions.region or theirs.conditions.region:
        return "a region's price"
    if ours.list_amount is not None or ours.valid_until is not None or theirs.valid_until is not None:
        return "a promotion"
    if not theirs.unit_price:
        return "a zero is as often a gap"
    return ""


def _same_use(ours: Rate, theirs: Rate) -> bool | None:
    """True for the same conditions, False when one covers the other, None when they are apart."""
    mine, other = _folded(ours), _folded(theirs)
    if _alike(mine.context_tokens, other.context_tokens) and _alike(mine.output_tokens, other.output_tokens):
        mine = replace(mine, context_tokens=other.context_tokens, output_tokens=other.output_tokens)
    if mine == other:
        return True
    return False if covers(mine, other) or covers(other, mine) else None


def _folded(rate: Rate) -> Conditions:
    """Conditions with the usual lifetime of a cache left out, and free words in one case."""
    conditions = rate.conditions
    ttl = None if rate.meter == "cache_write" and conditions.cache_ttl == "5m" else conditions.cache_ttl
    return replace(conditions, cache_ttl=ttl, other=conditions.other.casefold() if conditions.other else None)


def _alike(one: TokenRange | None, other: TokenRange | None) -> bool:
    """Whether two ranges mean the same lengths: 200K, 199,999 and 204,800 do."""
    ends = zip(_ends(one), _ends(other), strict=True)
    return all(a == b or (a and b and abs(a - b) <= _LENGTHS * max(a, b)) for a, b in ends)


def _ends(span: TokenRange | None) -> tuple[int, int]:
    return (0, 0) if span is None else (span.gt or 0, span.lte or 0)
