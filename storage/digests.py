"""Parts of digests, folded into one message when they are due.

A change writes its own part, in its own transaction, and nothing that stands is rewritten: that is why a digest is
made of rows at its hour and no row that grows. Folding is one transaction; the digest's id comes from its events, so
whoever dies before or after it loses and repeats nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from storage.nouns import Alert
from storage.outbox import CLOCK_SET_BACK, OutboxAlert, alert_of
from storage.rows import alert_columns, insert, instant
from storage.store import Store


def fold(store: Store, now: datetime, make: Callable[[Sequence[OutboxAlert]], Alert]) -> int:
    """Replace the parts that are due by one alert for each channel; returns how many digests that made.

    Args:
        store: the open database.
        now: the clock; parts of a clock that was set back since are due.
        make: the digest of one channel's parts, which are of one version and in the order in which they were queued.

    """
    with store.connection.write() as sql:
        due = sql.execute(
            "SELECT * FROM alerts WHERE state = 'collected' AND (coalesce(not_before, '') <= ? OR created_at > ?) "
            "ORDER BY channel, json_extract(payload, '$.version'), seq",
            (instant(now), instant(now + CLOCK_SET_BACK)),
        ).fetchall()
        made = 0
        for _key, parts in groupby(map(alert_of, due), lambda part: (part.channel, part.payload.get("version"))):
            some = tuple(parts)
            digest = make(some)
            insert(sql, "alerts", alert_columns(digest, now), conflict="ON CONFLICT (id) DO NOTHING")
            sql.executemany(
                "UPDATE alerts SET state = 'folded', digest_id = ? WHERE id = ?",
                [(digest.id, part.id) for part in some],
            )
            made += 1
    return made
