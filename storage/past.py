"""What was found later about the past: curated facts, old captures, the histories of feeds.

It stands beside `rates` and not in it, so that no judge ever compares with it and nobody is told of it: it answers only
for the time before a seller's pages were watched. `counts_from` and `counts_until` say when a row may answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from scrapers.rates import Rate, format_instant
from storage.nouns import Event
from storage.rows import conditions_columns, dump, event_columns, insert, instant, rate_columns
from storage.store import Store

PastSource = Literal["capture", "curated", "feed"]
TRUST: tuple[PastSource, ...] = ("capture", "curated", "feed")  # falling: where several answer, the first is right
Confidence = Literal["high", "medium", "low"]

_EVENT_COLUMNS = (
    "id", "kind", "provider", "market", "model", "model_key", "meter", "service_tier", "conditions", "currency", "per",
    "unit", "old_amount", "new_amount", "percent", "effective_from", "captured_at", "confidence", "why", "predecessor",
    "url", "identity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PastPrice:
    """A price of the past, with what is known of its time (aware UTC).

    Attributes:
        market: None for any of the provider.
        citation: who says so, in words for people.
        seen_from: the first moment for which the source vouches; `seen_until` the last.
        holds_from: since when it held; None when that is not known. `holds_until` likewise when it ended.
        counts_from: since when it answers for the past; `counts_until` until when.
        names: what else the model is called.
        sha256: of the capture in the archive that shows it; None where there is none.

    """

    provider: str
    market: str | None
    rate: Rate
    citation: str
    seen_from: datetime
    seen_until: datetime
    counts_from: datetime
    counts_until: datetime
    holds_from: datetime | None = None
    holds_until: datetime | None = None
    names: tuple[str, ...] = ()
    confidence: Confidence = "high"
    url: str = ""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """A change of the past, dated when it happened or when a capture first showed it."""

    event: Event
    citation: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording came to, in rows of prices and events: new, known already, and taken back."""

    added: int
    known: int
    superseded: int


def record_past(
    store: Store,
    source: PastSource,
    origin: str,
    prices: Sequence[PastPrice],
    events: Sequence[PastEvent],
    now: datetime,
    *,
    why: str = "more is known of the past since",
) -> Recorded:
    """Make these all that an origin says of the past, in one transaction.

    What it said already stays as it was recorded. What it says no longer, or says otherwise, stays too, marked with
    `why`: what was believed before can still be asked.

    Args:
        store: the open database.
        source: what kind of source it is, which is how far it is trusted.
        origin: what is replaced as a whole: a file of facts, a page, a feed.
        prices: all prices of that origin.
        events: all changes of that origin.
        now: the clock: the database's "known since".
        why: why a row that is not among them is taken back.

    """
    wanted = {
        "past_prices": [_price_columns(price) for price in prices],
        "past_events": [_event_columns(past) for past in events],
    }
    counts = [0, 0, 0]
    with store.connection.write() as sql:
        for conditions in {price.rate.conditions for price in prices}:
            insert(sql, "conditions", conditions_columns(conditions), conflict="ON CONFLICT DO NOTHING")
        for table, rows in wanted.items():
            found = sql.execute(
                f"SELECT * FROM {table} WHERE source = ? AND origin = ? AND superseded_at IS NULL",  # noqa: S608 - our own table names
                (source, origin),
            )
            names = tuple(rows[0]) if rows else ()
            there = {tuple(row[name] for name in names): row["row_id"] for row in found} if rows else {}
            said = {tuple(row.values()): row for row in rows}
            stale = [row_id for key, row_id in there.items() if key not in said]
            if not rows:
                stale = [row["row_id"] for row in found]
            sql.executemany(
                f"UPDATE {table} SET superseded_at = ?, superseded_why = ? WHERE row_id = ?",  # noqa: S608 - our own table names
                [(instant(now), why, row_id) for row_id in stale],
            )
            for key, row in said.items():
                if key not in there:
                    insert(sql, table, {"source": source, "origin": origin, **row, "recorded_at": instant(now)})
            new = sum(key not in there for key in said)
            counts = [counts[0] + new, counts[1] + len(said) - new, counts[2] + len(stale)]
    return Recorded(*counts)


def _price_columns(price: PastPrice) -> dict[str, Any]:
    return {
        "provider": price.provider,
        "market": price.market,
        **rate_columns(price.rate),
        "names": dump(list(price.names)),
        "citation": price.citation,
        "confidence": price.confidence,
        "url": price.url,
        "sha256": price.sha256,
        "holds_from": format_instant(price.holds_from),
        "holds_until": format_instant(price.holds_until),
        "seen_from": instant(price.seen_from),
        "seen_until": instant(price.seen_until),
        "counts_from": instant(price.counts_from),
        "counts_until": instant(price.counts_until),
    }


def _event_columns(past: PastEvent) -> dict[str, Any]:
    columns = event_columns(past.event)
    return {
        **{name: columns[name] for name in _EVENT_COLUMNS},
        "names": dump(list(past.names)),
        "citation": past.citation,
    }
