"""What an index is made of: a class of models, or a lineage; which offers count, and how they rank."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal

from monitor.classes import CapabilityClass, Classes
from monitor.index import Convert, Meter, Offer, Series, offers, series
from monitor.lineages import Lineage, lineages
from scrapers.catalog import Provider
from scrapers.rates import model_key
from storage.list_prices import list_prices
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Subject:
    """A class or a lineage.

    Attributes:
        words: what it is, for people.
        may_hold: whether a model of a folded name may ever count, whoever sells it.
        rank: of an offer on a day; None where it does not count, and only the highest ones compete.
        days: the moments at which `rank` changes.
        provider: the only seller who counts, None for every one.

    """

    id: str
    kind: Literal["class", "lineage"]
    words: str
    may_hold: Callable[[str], bool]
    rank: Callable[[Offer, date], int | None]
    days: tuple[datetime, ...] = ()
    provider: str | None = None

    def series(
        self, store: Store, keys: Iterable[str], meters: Sequence[Meter], end: datetime, convert: Convert
    ) -> Iterator[Series]:
        """Its indexes up to `end`, or up to the last moment for which somebody vouches; none without a price.

        `keys` are the folded names of all models that the database knows.
        """
        known = list_prices(store, filter(self.may_hold, keys))
        prices = [price for price in known if self.provider in {None, price.provider}]
        if not prices:
            return
        until = min(end, max(price.vouched_until for price in prices))
        chosen = offers(prices)
        for meter in meters:
            found = series(chosen, meter, self.rank, until, convert, days=self.days)
            if found is not None:
                yield found


def subjects(classes: Classes, providers: Iterable[Provider]) -> list[Subject]:
    """All classes, then all lineages."""
    return [*map(_of_class, classes.classes), *map(_of_lineage, lineages(providers))]


def _of_class(each: CapabilityClass) -> Subject:
    days = {day for member in each.members for day in (member.since, member.until) if day is not None}
    return Subject(
        each.id,
        "class",
        f"{each.name}: {each.reason}",
        lambda key: any(member.names(None, key) for member in each.members),
        lambda offer, on: 0 if each.has(offer.provider, offer.model, on) else None,
        tuple(datetime.combine(day, time(tzinfo=UTC)) for day in sorted(days)),
    )


def _of_lineage(each: Lineage) -> Subject:
    steps = dict(each.steps)
    return Subject(
        each.id,
        "lineage",
        f"the newest of {each.provider}'s models since {each.first}, as its provider file declares them",
        steps.__contains__,
        lambda offer, _: steps.get(model_key(offer.model)),
        provider=each.provider,
    )
