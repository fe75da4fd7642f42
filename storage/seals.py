"""A hash over the accepted list of each page: what was written is what is read, or it is damage and no change of price.

SQLite's own check sees three of four flipped bits. One in the digits of a price passes it, and the next look at the
page would tell of a cut that never was.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3

_SEALED = """
SELECT pages.rates_sha256, rates.id, rates.model, rates.meter, rates.service_tier, rates.conditions, rates.currency,
  rates.state, rates.amount, rates.per, rates.unit, rates.list_amount, rates.valid_from, rates.valid_until,
  rates.flags, rates.identity, rates.quote, rates.locator
FROM pages LEFT JOIN rates ON rates.page_id = pages.id AND rates.ended_at IS NULL
WHERE pages.id = ? ORDER BY rates.id"""


def seal(sql: sqlite3.Connection, page_id: int) -> None:
    """Note the hash of a page's accepted list, inside the transaction that changed it."""
    sql.execute("UPDATE pages SET rates_sha256 = ? WHERE id = ?", (_look(sql, page_id)[1], page_id))


def is_unbroken(sql: sqlite3.Connection, page_id: int) -> bool:
    """Whether a page's accepted list is what was written; also for one that was never sealed."""
    noted, found = _look(sql, page_id)
    return noted is None or noted == found


def _look(sql: sqlite3.Connection, page_id: int) -> tuple[str | None, str]:
    """The hash that was noted and that of the list, by one statement: a run may write between two."""
    found = [list(row) for row in sql.execute(_SEALED, (page_id,))]
    text = json.dumps([row[1:] for row in found], ensure_ascii=False)
    return found[0][0] if found else None, hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
