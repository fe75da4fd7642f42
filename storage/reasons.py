"""Why a price began and why it left: the events that were told of it, beside its interval."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from scrapers.rates import Rate
from storage.rows import instant, transition_of
from storage.store import Store
from storage.transitions import PRICE_KINDS

Row = dict[str, Any]

_BEGINS = frozenset({*PRICE_KINDS, "successor"} - {"removal"})
_NONE: Row = {"event": None, "kind": None, "percent": None, "why": None, "ended_why": None}


def with_reasons(store: Store, rows: Sequence[Row], *, as_known_on: datetime | None = None) -> list[Row]:
    """Rows of `storage.queries.history`, each with the event that told of it.

    Adds `event` (its id), `kind`, `percent` and `why` of the event by which a price began, and `ended_why` of the
    removal by which it left; all None for a price of a page's first capture, of which nobody was told.
    """
    known = "9999" if as_known_on is None else instant(as_known_on)
    told = {
        key: [dict(event) for event in store.connection.rows(_EVENTS, (*key, known))]
        for key in dict.fromkeys(_key(row) for row in rows)
    }
    return [{**row, **_reasons(row, told[_key(row)])} for row in rows]


_EVENTS = """
SELECT id, kind, percent, why, captured_at, effective_from, transition FROM events
WHERE provider = ? AND market = ? AND identity = ? AND recorded_at <= ? ORDER BY seq
"""


def _key(row: Row) -> tuple[str, str, str]:
    return (row["provider"], row["market"], row["identity"])


def _reasons(row: Row, told: Iterable[Row]) -> Row:
    """The first event of the interval that ends in its price; a removal at its end."""
    found = dict(_NONE)
    price = json.loads(transition_of(None, Rate.from_json(row)))[2:]
    for event in told:
        is_later = row["ended_at"] is not None and event["captured_at"] >= row["ended_at"]
        if event["kind"] == "removal" and is_later and found["ended_why"] is None:
            found["ended_why"] = event["why"]
        begins = event["kind"] in _BEGINS and json.loads(event["transition"])[2:] == price
        if begins and found["event"] is None and event["captured_at"] >= row["seen_from"] and not is_later:
            found |= {"event": event["id"], "kind": event["kind"], "percent": event["percent"], "why": event["why"]}
    return found
