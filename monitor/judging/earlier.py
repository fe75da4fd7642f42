"""Whether a page changed, or only how it is read: an earlier capture of it, read by today's reader.

A provider file or a reader that was repaired reads what stood on the page all along. That is no launch, no cut and no
removal, so what today's reader already reads on the earlier capture is a correction or is taken over without an alert.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.diff import Difference, price_of
from monitor.judging import schedule
from monitor.judging.conflicts import without_conflicts
from monitor.judging.names import split_joint_names
from monitor.judging.verdicts import SURE, Verdict
from monitor.judging.witnesses import PRICE_KINDS
from scrapers.rates import PriceList, Rate


@dataclass(frozen=True, slots=True)
class Earlier:
    """What today's reader reads on an earlier capture.

    Attributes:
        in_force: prices that it states for its own day, as `sight`.
        named: identities of all that it states.
        unclear: model and meter of what it gives several prices, so that none was taken.

    """

    in_force: frozenset[object]
    named: frozenset[tuple[str, ...]]
    unclear: tuple[str, ...]

    def states(self, rate: Rate) -> bool:
        """Whether the price was in force on the page already."""
        return _sight(rate) in self.in_force

    def is_unclear(self, rate: Rate) -> bool:
        """Whether the page gave it several prices."""
        return any(words.startswith(f"{rate.model} {rate.meter} ") for words in self.unclear)


EarlierLook = Callable[[datetime], Earlier | None]


def earlier_of(read: PriceList, accepted: tuple[Rate, ...], at: datetime) -> Earlier:
    """An earlier capture of `at` as the judge would have taken it."""
    rates, conflicts = without_conflicts(split_joint_names(read.rates, accepted))
    unclear = [f"{members[0].model} {members[0].meter} " for members in conflicts]
    unclear += [complaint.message for complaint in read.complaints if complaint.kind == "conflict"]
    return Earlier(
        frozenset(_sight(rate) for rate in schedule.settle(rates, at).current),
        frozenset(rate.identity for rate in (*rates, *(each for members in conflicts for each in members))),
        tuple(unclear),
    )


def nothing_earlier(_first_seen: datetime) -> Earlier | None:
    """No earlier capture can be read."""
    return None


def as_read_earlier(verdict: Verdict, difference: Difference, earlier: Earlier | None, *, is_known: bool) -> Verdict:
    """The verdict, or what it becomes where the page did not change; `is_known`: the model was accepted before."""
    if earlier is None or verdict.trust in {"silent", "held"}:
        return verdict
    old, new = verdict.old, verdict.new
    why = ""
    if verdict.kind == "launch" and new is not None:
        if earlier.states(new):
            why = "it stood on the page before and was not read then; taken over without an alert"
        elif is_known and earlier.is_unclear(new):
            why = "the page gave it several prices before; taken over without an alert"
    elif verdict.kind == "removal" and new is None and old is not None and old.identity not in earlier.named:
        why = "today's reader does not read it on the page before either; dropped without an alert"
    elif verdict.kind in PRICE_KINDS and difference.kind == "changed" and new is not None and earlier.states(new):
        said = f"{verdict.why}; the page showed it before and was read otherwise then"
        return replace(verdict, kind="correction", why=said, confidence=SURE["correction"])
    return replace(verdict, kind="notice", why=f"{verdict.why}; {why}", confidence=SURE["notice"]) if why else verdict


def _sight(rate: Rate) -> object:
    return (rate.identity, price_of(rate), rate.currency if rate.unit_price else None)
