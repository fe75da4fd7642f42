"""List prices over time: what models cost at standard tier, and from when to when each price stood.

A list price is what a price list asks of everybody: of a sale the struck price, and nothing that is free. What was
found later (`storage.past`) counts for the time before a seller's pages were watched, and until the next price that is
known: that nobody says any more what a model costs is no change of its price.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scrapers.rates import Rate, model_key, parse_instant
from storage.past_queries import watched_since
from storage.rows import dump, moment
from storage.store import Store

_LISTED = """
SELECT rates.*, left_at FROM rates JOIN pages ON pages.id = page_id
WHERE model_key IN (SELECT value FROM json_each(?)) AND meter IN ('input', 'output') AND service_tier = 'standard'
  AND unit = 'token' AND state = 'priced' AND superseded_at IS NULL
ORDER BY rates.id
"""
_FOUND_LATER = """
SELECT * FROM past_prices
WHERE meter IN ('input', 'output') AND service_tier = 'standard' AND unit = 'token' AND state = 'priced'
  AND superseded_at IS NULL
ORDER BY row_id
"""


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A price that stood from `begins` until before `ends` (None: it stands), in UTC; a sale's has its struck amount.

    `vouched_until` is the last moment of which somebody says so; `is_hearsay` what only a feed says.
    """

    provider: str
    market: str
    rate: Rate
    begins: datetime
    ends: datetime | None
    vouched_until: datetime
    is_hearsay: bool = False


def list_prices(store: Store, keys: Iterable[str]) -> list[ListPrice]:
    """The list prices of input and output tokens that models of these folded names ever had."""
    wanted = set(keys)
    found = [dict(row) for row in store.connection.rows(_LISTED, (dump(sorted(wanted)),))]
    twins: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in found:
        twins.setdefault((row["provider"], row["market"], row["identity"]), []).append(row)
    prices = [_price(row, twins[row["provider"], row["market"], row["identity"]]) for row in found]
    watched = watched_since(store)
    prices += [
        price for row in store.connection.rows(_FOUND_LATER) for price in _found_later(dict(row), wanted, watched)
    ]
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
    end = _first(ends)
    return ListPrice(
        row["provider"],
        row["market"],
        _listed(rate),
        moment(row["valid_from"] or row["seen_from"]),
        end,
        end or moment(row["seen_until"]),
    )


def _found_later(row: dict[str, Any], keys: set[str], watched: Mapping[tuple[str, str], str]) -> Iterator[ListPrice]:
    """A row of the past under the name that was asked for; none where no name was."""
    name = next((name for name in (row["model"], *json.loads(row["names"])) if model_key(name) in keys), None)
    if name is None:
        return
    speak = [
        since
        for (provider, market), since in watched.items()
        if provider == row["provider"] and row["market"] in {None, market}
    ]
    rate = Rate.from_json({**row, "model": name, "conditions": json.loads(row["conditions"])})
    # Prices by the hour come and go with their hours, and would stay beside a flat price that took their place.
    own_end = row["counts_until"] if rate.conditions.window else row["holds_until"]
    ends = _first([own_end, *speak])
    vouched = moment(row["holds_until"] or row["seen_until"])
    begins = moment(row["holds_from"] or row["seen_from"])
    if ends is not None and row["holds_from"] is None:  # what it was until then, since nobody says when
        begins = min(begins, ends - timedelta(seconds=1))
    yield ListPrice(
        row["provider"],
        row["market"] or "",
        _listed(rate),
        begins,
        ends,
        vouched if ends is None else min(vouched, ends),
        row["source"] == "feed",
    )


def _listed(rate: Rate) -> Rate:
    """The rate at its struck price, where it has one."""
    return rate if rate.list_amount is None else replace(rate, amount=rate.list_amount)


def _first(instants: Iterable[str | None]) -> datetime | None:
    return min((at for at in map(parse_instant, instants) if at is not None), default=None)
