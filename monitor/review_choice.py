"""Which held difference or accepted price a person names, and what to say when it is none or several."""

from __future__ import annotations

from collections.abc import Sequence

import click

from monitor.judging.words import money, name_of
from monitor.reviewing import SHORTEST, Accepted, Held, accepted_prices, held_differences
from monitor.ruling import DONE
from monitor.tables import visible
from scrapers.catalog import nearest
from scrapers.rates import METERS, model_key
from storage.rulings import rulings
from storage.store import Store


def chosen_held(store: Store, refs: Sequence[str]) -> list[Held]:
    """The held differences of these ids, each as it is held now.

    Raises:
        UsageError: an id names nothing, or more than one.

    """
    held = held_differences(store)
    chosen = []
    for ref in dict.fromkeys(refs):
        found = [one for one in held if one.ref == ref or (len(ref) >= SHORTEST and one.ref.startswith(ref))]
        if len(found) != 1:
            raise click.UsageError(_unknown(store, ref, [one.ref for one in (found or held)], is_many=len(found) > 1))
        chosen += found
    return list(dict.fromkeys(chosen))


def chosen_price(store: Store, names: Sequence[str], tier: str | None) -> Accepted:
    """The one accepted price that is named by its id, or by provider, model and meter.

    Raises:
        UsageError: there is none, or more than one.

    """
    known = sorted({state.provider for state in store.pages()})
    if len(names) == 1:
        found = [price for name in known for price in accepted_prices(store, name) if price.ref == names[0]]
        if not found:
            raise click.UsageError(f"no accepted price has the id {names[0]!r}; name provider, model and meter")
        return found[0]
    provider, model, meter = names
    if provider not in known:
        raise click.UsageError(f"no page of {provider!r} was looked at{nearest(provider, known)}")
    if meter not in METERS:
        raise click.UsageError(f"{meter!r} is no meter{nearest(meter, METERS)}; meters are {', '.join(METERS)}")
    prices = accepted_prices(store, provider)
    of_model = [price for price in prices if price.rate.model_key == model_key(model)]
    if not of_model:
        names_there = sorted({price.rate.model for price in prices})
        raise click.UsageError(f"{provider} has no accepted price of {model!r}{nearest(model, names_there)}")
    found = [p for p in of_model if p.rate.meter == meter and tier in {None, p.rate.service_tier}]
    if len(found) != 1:
        listed = "\n".join(f"  {_accepted_line(price)}" for price in (found or of_model))
        what = "several prices are meant, name one by its id" if found else f"it has no such {meter} price, only"
        raise click.UsageError(f"{provider} {model}: {what}:\n{listed}")
    return found[0]


def _accepted_line(price: Accepted) -> str:
    return visible(f"{price.ref}  {name_of(price.rate)}: {money(price.rate)} ({price.market})")


def _unknown(store: Store, ref: str, held: Sequence[str], *, is_many: bool) -> str:
    if is_many:
        return f"{ref!r} is the beginning of several ids: {', '.join(held)}"
    for ruling in rulings(store.connection, ref=ref, limit=1):
        done = DONE.get(ruling["action"], ruling["action"])
        return f"{ref} was {done} by {ruling['who']} on {ruling['decided_at']}: {ruling['reason']}"
    if ref.isdigit():
        return f"{ref} is a place in a list that may have moved; name an id, the first column of `pricefall review`"
    near = nearest(ref, held)
    return f"nothing is held under {ref!r}{near}; the page may have moved on: `pricefall review` lists the ids"
