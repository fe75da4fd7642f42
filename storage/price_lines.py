"""What each of some prices has been, for the lines that messages and reports draw."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scrapers.rates import Rate, parse_instant
from storage.rows import dump, moment
from storage.store import Store


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """A price with when it was first seen and when it left the accepted list (None while it is in it), in UTC."""

    rate: Rate
    seen_from: datetime
    ended_at: datetime | None


def known_prices(store: Store, provider: str, market: str, identities: Iterable[str]) -> dict[str, list[KnownPrice]]:
    """Every accepted price of these identities (see `storage.nouns.identity_text`), oldest first.

    What turned out never to have been true is left out.
    """
    found = store.connection.rows(
        "SELECT identity, model, meter, service_tier, conditions, state, amount, currency, per, unit, list_amount, "
        "valid_from, valid_until, seen_from, ended_at FROM rates "
        "WHERE provider = ? AND market = ? AND identity IN (SELECT value FROM json_each(?)) "
        "AND superseded_at IS NULL ORDER BY seen_from, id",
        (provider, market, dump(sorted(set(identities)))),
    )
    known: dict[str, list[KnownPrice]] = {}
    for row in found:
        rate = Rate.from_json({**dict(row), "conditions": json.loads(row["conditions"])})
        price = KnownPrice(rate, moment(row["seen_from"]), parse_instant(row["ended_at"]))
        known.setdefault(row["identity"], []).append(price)
    return known
