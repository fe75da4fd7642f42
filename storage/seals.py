"""A hash over the accepted list of each page: what was written is what is read, or it is damage and no change of price.

SQLite's own check sees three of four flipped bits. One in the digits of a price passes it, and the next look at the
page would tell of a cut that never was.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3

_SEALED = (
    "SELECT id, model, meter, service_tier, conditions, currency, state, amount, per, unit, list_amount, valid_from, "
    "valid_until, flags, identity, quote, locator FROM rates WHERE page_id = ? AND ended_at IS NULL ORDER BY id"
)


def seal(sql: sqlite3.Connection, page_id: int) -> None:
    """Note the hash of a page's accepted list, inside the transaction that changed it."""
    sql.execute("UPDATE pages SET rates_sha256 = ? WHERE id = ?", (_hash(sql, page_id), page_id))


def is_unbroken(sql: sqlite3.Connection, page_id: int) -> bool:
    """Whether a page's accepted list is what was written; also for one that was never sealed."""
    found = sql.execute("SELECT rates_sha256 FROM pages WHERE id = ?", (page_id,)).fetchone()
    return found is None or found[0] is None or found[0] == _hash(sql, page_id)


def _hash(sql: sqlite3.Connection, page_id: int) -> str:
    rows = [list(row) for row in sql.execute(_SEALED, (page_id,))]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogateescape")).hexdigest()
