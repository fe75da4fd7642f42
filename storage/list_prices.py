"""List prices over time: what models cost at standard tier, and from when to when each price stood.

A list price is what a price list asks of everybody: of a sale the struck price, and nothing that is free.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scrapers.rates import Rate, parse_instant
from storage.rows import dump, moment
from storage.store import Store

_LISTED = """
SELECT rates.*, left_at FROM rates JOIN pages ON pages.id = page_id
WHERE model_key IN (SELECT value FROM json_each(?)) AND meter IN ('input', 'output') AND service_tier = 'standard'
  AND unit = 'token' AND state = 'priced' AND superseded_at IS NULL
ORDER BY rates.id
"""


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A price that stood from `begins` until before `ends` (None: it stands), in UTC; a sale's has its struck amount.

    `seen_until` is the last moment for which somebody vouches.
    """

    provider: str
    market: str
    rate: Rate
    begins: datetime
    ends: datetime | None
    seen_until: datetime


def list_prices(store: Store, keys: Iterable[str]) -> list[ListPrice]:
    """The list prices of input and output tokens that models of these folded names ever had."""
    found = [dict(row) for row in store.connection.rows(_LISTED, (dump(sorted(set(keys))),))]
    twins: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in found:
        twins.setdefault((row["provider"], row["market"], row["identity"]), []).append(row)
    prices = (_price(row, twins[row["provider"], row["market"], row["identity"]]) for row in found)
    return [price for price in prices if price.ends is None or price.begins < price.ends]


def _price(row: dict[str, Any], twins: Iterable[dict[str, Any]]) -> ListPrice:
    """One row; it ends, too, where its page was last seen before another page of its market dropped the price."""
    rate = Rate.from_json({**row, "conditions": json.loads(row["conditions"])})
    ends = [row["ended_at"], row["left_at"]]
    ends += [
        twin["ended_at"]
        for twin in twins
        if twin["page_id"] != row["page_id"] and twin["ended_at"] and twin["ended_at"] > row["seen_until"]
    ]
    if rate.list_amount is None:
        ends.append(row["valid_until"])
    return ListPrice(
        row["provider"],
        row["market"],
        rate if rate.list_amount is None else replace(rate, amount=rate.list_amount),
        moment(row["valid_from"] or row["seen_from"]),
        min((at for at in map(parse_instant, ends) if at is not None), default=None),
        moment(row["seen_until"]),
    )
