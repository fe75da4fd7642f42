"""What was found later, as rows of the named questions in `storage.queries`, with `source` and `citation`.

It answers only for the time before a seller's pages were watched: from then on the pages speak, also by their silence.
Where several sources answer, the most trusted one does (`storage.past.TRUST`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from scrapers.rates import Rate, parse_instant
from storage.nouns import identity_text
from storage.past import TRUST
from storage.store import Store

Row = dict[str, Any]

_SAME_CHANGE = timedelta(days=45)  # a capture shows a change up to so long after the day that a fact names
_KNOWN = "recorded_at <= :known AND (superseded_at IS NULL OR superseded_at > :known)"
_FILTERS = (
    "(:provider IS NULL OR provider = :provider) AND (:meter IS NULL OR meter = :meter) "
    "AND (:tier IS NULL OR service_tier = :tier) AND (:currency IS NULL OR currency = :currency)"
)
_COLUMNS = (
    "provider, market, model, names, meter, service_tier, conditions, state, amount, currency, per, unit, "
    "CASE WHEN unit = 'token' THEN price_sort END AS per_million_tokens, list_amount, valid_from, valid_until"
)


def watched_since(store: Store) -> dict[tuple[str, str], str]:
    """When the first page of each provider and market was read."""
    found = store.connection.rows(
        "SELECT provider, market, min((SELECT min(captured_at) FROM captures WHERE page_id = pages.id)) AS since "
        "FROM pages GROUP BY provider, market"
    )
    return {(row["provider"], row["market"]): row["since"] for row in found if row["since"] is not None}


def past_providers(store: Store) -> set[str]:
    """The providers of which something was found later."""
    return {row["provider"] for row in store.connection.rows("SELECT DISTINCT provider FROM past_prices")}


def past_names(store: Store) -> set[str]:
    """The names of the models of which something was found later."""
    found = store.connection.rows("SELECT DISTINCT model, names FROM past_prices")
    return {name for row in found for name in (row["model"], *json.loads(row["names"]))}


def past_prices(store: Store, values: Mapping[str, Any], there: Iterable[Row]) -> list[Row]:
    """What answers for the instant `at` beside the accepted prices.

    Args:
        store: the open database.
        values: `at`, `known` and the filters `provider`, `meter`, `tier`, `currency`, as `queries.prices` has them.
        there: the accepted prices in force then: an earlier look than the first may be told by a page's own dates.

    """
    found = store.connection.rows(
        f"SELECT {_COLUMNS}, coalesce(holds_from, counts_from) AS seen_from, min(seen_until, :at) AS seen_until, "  # noqa: S608 - our own expressions
        "flags, quote, locator, url, NULL AS rate_id, source, citation, confidence, holds_from, holds_until, "
        f"recorded_at, sha256, model_key, identity FROM past_prices WHERE {_KNOWN} AND {_FILTERS} "
        "AND counts_from <= :at AND counts_until > :at "
        "ORDER BY provider, market, model_key, meter, service_tier, conditions, currency, seen_until DESC",
        dict(values),
    )
    watched = watched_since(store)
    dated = (row for row in there if row["seen_from"] > values["at"])
    taken = {(row["provider"], row["market"], identity_text(Rate.from_json(row))) for row in dated}
    models: dict[tuple[str, str | None, str], str] = {}  # who told most trustworthily of a model
    answer = []
    for row in sorted(map(_plain, found), key=lambda row: TRUST.index(row["source"])):
        place = (row["provider"], row["market"], row["identity"])
        teller = models.setdefault((row["provider"], row["market"], row["model_key"]), row["source"])
        if place in taken or teller != row["source"] or _is_watched(watched, row, values["at"]):
            continue
        taken.add(place)
        answer.append(row)
    return answer


def past_history(store: Store, values: Mapping[str, Any]) -> list[Row]:
    """Every price that was found later, as rows of `queries.history`; the ends are what the source says of them."""
    found = store.connection.rows(
        f"SELECT {_COLUMNS}, coalesce(holds_from, seen_from) AS seen_from, min(seen_until, :known) AS seen_until, "  # noqa: S608 - our own expressions
        "holds_until AS ended_at, NULL AS superseded_at, NULL AS superseded_why, flags, quote, url, model_key, "
        "identity, NULL AS rate_id, source, citation, confidence, holds_from, holds_until, recorded_at "
        f"FROM past_prices WHERE {_KNOWN} AND {_FILTERS} ORDER BY counts_from, row_id",
        dict(values),
    )
    return [_plain(row) for row in found]


def past_changes(store: Store, values: Mapping[str, Any]) -> list[Row]:
    """The changes that were found later, as rows of `queries.changes`: each told once, by its best source."""
    found = store.connection.rows(
        "SELECT captured_at, provider, market, model, names, meter, service_tier, conditions, kind, old_amount, "  # noqa: S608 - our own expressions
        "new_amount, currency, per, unit, percent, effective_from, confidence, why, predecessor, url, id, source, "
        f"citation, recorded_at, identity FROM past_events WHERE {_KNOWN} "
        "AND (:since IS NULL OR captured_at >= :since) AND (:until IS NULL OR captured_at < :until) "
        "AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds))) "
        "AND (:provider IS NULL OR provider = :provider) ORDER BY captured_at, row_id",
        dict(values),
    )
    watched = watched_since(store)
    rows = [row for row in map(_plain, found) if not _is_watched(watched, row, row["captured_at"])]
    shown = [row for row in rows if row["source"] == TRUST[0]]
    return [row for row in rows if row["source"] == TRUST[0] or not any(_is_same(row, other) for other in shown)]


def _is_watched(watched: Mapping[tuple[str, str], str], row: Row, at: str) -> bool:
    """Whether the pages spoke for themselves by then."""
    if row["market"] is not None:
        return watched.get((row["provider"], row["market"]), "9999") <= at
    return any(since <= at for (provider, _), since in watched.items() if provider == row["provider"])


def _is_same(row: Row, other: Row) -> bool:
    """Whether a capture shows the change that a fact tells of."""
    same = ("provider", "market", "identity", "new_amount", "per", "unit")
    if any(row[name] != other[name] for name in same):
        return False
    one, two = parse_instant(row["captured_at"]), parse_instant(other["captured_at"])
    return one is not None and two is not None and timedelta() <= two - one <= _SAME_CHANGE


def _plain(row: sqlite3.Row) -> Row:
    said = dict(row)
    for name in ("conditions", "flags", "names"):
        if name in said:
            said[name] = json.loads(said[name])
    return said
