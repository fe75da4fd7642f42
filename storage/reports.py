"""What the report site asks of the database: every price of a provider with its evidence, and what happened.

One provider at a time, so that a report of ten thousand models needs the memory of one provider.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from storage.rows import instant
from storage.store import Store

Row = dict[str, Any]

_RATES = """
SELECT
  rates.id, rates.market, model, model_key, meter, service_tier, conditions, state, amount, currency, per, unit,
  list_amount, valid_from, valid_until, flags, quote, locator, identity, seen_from, min(seen_until, :at) AS seen_until,
  CASE WHEN ended_at <= :at THEN ended_at END AS ended_at,
  CASE WHEN superseded_at <= :at THEN superseded_at END AS superseded_at, superseded_why,
  pages.url, captures.captured_at, captures.sha256
FROM rates JOIN pages ON pages.id = rates.page_id LEFT JOIN captures ON captures.id = rates.capture_id
WHERE rates.provider = :provider AND (seen_from <= :at OR valid_from <= :at)
ORDER BY rates.market, model_key, identity, seen_from, rates.id
"""

_EVENTS = """
SELECT
  captured_at, provider, market, model, model_key, meter, service_tier, conditions, kind, old_amount, new_amount,
  currency, per, unit, percent, effective_from, confidence, why, predecessor, url, id,
  coalesce(json_extract(new_rate, '$.evidence.quote'), json_extract(old_rate, '$.evidence.quote'), '') AS quote,
  json_extract(old_rate, '$.state') AS old_state, json_extract(new_rate, '$.state') AS new_state,
  (SELECT sha256 FROM captures WHERE captures.id = capture_id) AS sha256
FROM events WHERE captured_at <= :at ORDER BY captured_at DESC, seq DESC
"""


def providers_known(store: Store, at: datetime) -> list[str]:
    """The providers of which a price was known then, in order of their ids."""
    found = store.connection.rows(
        "SELECT DISTINCT provider FROM rates WHERE seen_from <= :at OR valid_from <= :at ORDER BY provider",
        {"at": instant(at)},
    )
    return [row["provider"] for row in found]


def models_known(store: Store, at: datetime) -> int:
    """How many models of providers were known then."""
    found = store.connection.rows(
        "SELECT count(*) FROM "
        "(SELECT DISTINCT provider, model_key FROM rates WHERE seen_from <= :at OR valid_from <= :at)",
        {"at": instant(at)},
    )
    return int(found[0][0])


def dated_rates(store: Store, provider: str, at: datetime) -> list[Row]:
    """Every price of a provider that was seen by then, with the page and the capture that first showed it."""
    found = store.connection.rows(_RATES, {"provider": provider, "at": instant(at)})
    return [_read(dict(row)) for row in found]


def events_until(store: Store, at: datetime) -> list[Row]:
    """What happened up to then, newest first, with the words that it was read from."""
    return [_read(dict(row)) for row in store.connection.rows(_EVENTS, {"at": instant(at)})]


def watched_pages(store: Store, at: datetime) -> list[Row]:
    """The pages with when they were last read by then and how many captures of them are kept."""
    found = store.connection.rows(
        "SELECT provider, market, url, max(captured_at) AS last_read, count(*) AS captures FROM pages "
        "JOIN captures ON captures.page_id = pages.id WHERE captured_at <= :at "
        "GROUP BY pages.id ORDER BY provider, market, url",
        {"at": instant(at)},
    )
    return [dict(row) for row in found]


def _read(row: Row) -> Row:
    row["conditions"] = json.loads(row["conditions"])
    if "flags" in row:
        row["flags"] = json.loads(row["flags"])
    return row
