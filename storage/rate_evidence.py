"""The evidence of one row of `rates`, in force or not."""

from __future__ import annotations

import json
from typing import Any

from storage.store import Store

_OF_RATE = """
SELECT
  rates.provider, rates.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  list_amount, valid_from, valid_until, seen_from, seen_until, ended_at, superseded_why, flags, quote, locator, url,
  rates.id AS rate_id, captured_at, captures.sha256, captures.companion_sha256, bytes
FROM rates JOIN pages ON pages.id = rates.page_id
  JOIN captures ON captures.id = coalesce(rates.last_capture_id, rates.capture_id)
WHERE rates.id = ?
"""


def evidence_of(store: Store, rate_id: int) -> list[dict[str, Any]]:
    """The price with the capture that showed it last, as rows of `storage.queries.evidence`; none for no such row."""
    found = [dict(row) for row in store.connection.rows(_OF_RATE, (rate_id,))]
    return [{**row, **{name: json.loads(row[name]) for name in ("conditions", "flags")}} for row in found]
