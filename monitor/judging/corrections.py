"""What a person says a page means, in place of what was read from it.

A correction speaks for as long as the accepted list holds its price: a page that shows the wrong number again undoes
nothing and is not doubted again, a page that shows the right one is silent, and any other number is judged as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from monitor.diff import price_of
from monitor.judging.words import money, name_of, on
from scrapers.rates import Evidence, PriceList, Rate
from storage.nouns import Correction, Event, Pending
from storage.outcomes import PageState

CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Meant:
    """What a person says that a price is; None leaves a part as it was read. `amount` 0 is free."""

    amount: Decimal
    currency: str | None = None
    per: Decimal | None = None
    unit: str | None = None


def corrected_rate(read: Rate, meant: Meant, at: datetime) -> Rate:
    """The rate that the page means, with the page's own words as evidence and a flag that a person read them."""
    per = meant.per or read.per or Decimal(1_000_000)
    unit = meant.unit or read.unit or "token"
    is_rescaled = (per, unit) != (read.per, read.unit)
    struck = read.list_amount if read.list_amount is not None and read.list_amount > meant.amount else None
    place = f"{read.evidence.locator} (corrected by a person on {on(at)[:10]})".strip()
    return replace(
        read,
        state="priced",
        amount=meant.amount,
        currency=meant.currency or read.currency,
        per=per,
        unit=unit,
        list_amount=None if is_rescaled else struck,
        flags=(*(flag for flag in read.flags if flag != CORRECTED), CORRECTED),
        evidence=Evidence(read.evidence.quote, place),
    )


def amended(read: PriceList, corrections: Iterable[Correction], accepted: Sequence[Rate]) -> PriceList:
    """The list with each price that a person corrected as they said, where that is still what is accepted."""
    held = {(rate.identity, price_of(rate)) for rate in accepted}
    meant: dict[object, Rate] = {}
    for each in corrections:  # the newest word first
        if (each.right.identity, price_of(each.right)) in held:
            meant.setdefault(_sight(each.wrong), each.right)
    if not meant:
        return read
    return replace(read, rates=tuple(meant.get(_sight(rate), rate) for rate in read.rates))


def is_corrected(rate: Rate) -> bool:
    """Whether a person stated this price."""
    return CORRECTED in rate.flags


def correction_event(state: PageState, old: Rate, new: Rate | None, why: str, at: datetime) -> Event:
    """What is told when an accepted price turns out never to have been true; `new` is None when there was none."""
    before, after = money(old), "no such price" if new is None else money(new)
    said = f"{name_of(new or old)} is {after} and was wrongly recorded as {before}; {why}"
    return Event("correction", state.provider, state.market, state.last_ok_at or at, old, new, 1.0, said, state.url)


def corrected_pending(pending: Iterable[Pending], old: Rate, new: Rate | None) -> tuple[Pending, ...]:
    """What waits on a page, compared with the corrected price from now on; what it already says is done."""
    left = []
    for waiting in pending:
        if waiting.old is None or _sight(waiting.old) != _sight(old):
            left.append(waiting)
        elif new is not None and (waiting.new is None or price_of(waiting.new) != price_of(new)):
            left.append(replace(waiting, old=new))
    return tuple(left)


def _sight(rate: Rate) -> object:
    return (rate.identity, price_of(rate), rate.valid_from)
