"""What feeds said, as intervals: never part of the accepted prices, and asked for only by the judge and a comparison.

A row is one number under one key of one feed; another number closes it and opens the next.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scrapers.feeds.prices import FeedPrice, FeedPrices
from scrapers.rates import Conditions, Evidence, Rate, format_decimal, format_instant, parse_instant
from storage.rows import dump, insert, instant
from storage.store import Store

_PLACE = ("key", "model", "meter", "service_tier", "conditions", "currency", "valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed; all None for one that was never asked."""

    id: str
    etag: str | None = None
    last_modified: str | None = None
    last_ok_at: datetime | None = None
    last_checked_at: datetime | None = None
    last_error: str | None = None


def feed_state(store: Store, feed: str) -> FeedState:
    """What is remembered of one feed."""
    for row in store.connection.rows("SELECT * FROM feeds WHERE id = ?", (feed,)):
        return FeedState(
            feed,
            row["etag"],
            row["last_modified"],
            parse_instant(row["last_ok_at"]),
            parse_instant(row["last_checked_at"]),
            row["last_error"],
        )
    return FeedState(feed)


def stored_feed_prices(store: Store, feeds: Sequence[str], provider: str | None = None) -> tuple[FeedPrice, ...]:
    """What these feeds say now, of one provider or of all."""
    marks = ", ".join("?" for _ in feeds)
    found = store.connection.rows(
        f"SELECT * FROM feed_prices WHERE ended_at IS NULL AND feed IN ({marks}) "  # noqa: S608 - question marks
        "AND (? IS NULL OR provider = ?) ORDER BY id",
        (*feeds, provider, provider),
    )
    return tuple(_price_of(row) for row in found)


def record_feed(
    store: Store,
    said: FeedPrices,
    url: str,
    now: datetime,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
) -> None:
    """Keep what a feed says of known sellers, and the keys that nobody has explained, in one transaction."""
    at = instant(now)
    with store.connection.write() as sql:
        state = {"id": said.feed, "url": url, "etag": etag, "last_modified": last_modified}
        insert(sql, "feeds", {"id": said.feed, "url": url, "failures": 0}, conflict="ON CONFLICT DO NOTHING")
        sql.execute(
            "UPDATE feeds SET url = :url, etag = :etag, last_modified = :last_modified, last_ok_at = :at, "
            "last_checked_at = :at, failures = 0, last_error = NULL WHERE id = :id",
            {**state, "at": at},
        )
        now_open = {
            _place(row): row
            for row in sql.execute("SELECT * FROM feed_prices WHERE feed = ? AND ended_at IS NULL", (said.feed,))
        }
        said_now = {_place(columns): columns for columns in (_columns(price) for price in said.matched)}
        gone = [row["id"] for place, row in now_open.items() if not _is_same(row, said_now.get(place))]
        sql.executemany("UPDATE feed_prices SET ended_at = ? WHERE id = ?", [(at, row_id) for row_id in gone])
        sql.execute("UPDATE feed_prices SET last_seen = ? WHERE feed = ? AND ended_at IS NULL", (at, said.feed))
        for place, columns in said_now.items():
            known = now_open.get(place)
            if known is None or not _is_same(known, columns):
                insert(sql, "feed_prices", {**columns, "first_seen": at, "last_seen": at})
        for unknown in said.unknown:
            sql.execute(
                "INSERT INTO feed_unknown_keys (feed, key, why, example, count, first_seen, last_seen) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (feed, key) DO UPDATE SET why = excluded.why, "
                "example = excluded.example, count = excluded.count, last_seen = excluded.last_seen",
                (said.feed, unknown.key, unknown.why, unknown.example, unknown.count, at, at),
            )


def record_feed_unchanged(store: Store, feed: str, now: datetime) -> None:
    """A feed that says what it said (304)."""
    at = instant(now)
    with store.connection.write() as sql:
        sql.execute(
            "UPDATE feeds SET last_ok_at = ?, last_checked_at = ?, failures = 0, last_error = NULL WHERE id = ?",
            (at, at, feed),
        )
        sql.execute("UPDATE feed_prices SET last_seen = ? WHERE feed = ? AND ended_at IS NULL", (at, feed))


def record_feed_failure(store: Store, feed: str, url: str, now: datetime, message: str) -> None:
    """A feed that did not come or could not be read; what it said before stays."""
    with store.connection.write() as sql:
        insert(sql, "feeds", {"id": feed, "url": url, "failures": 0}, conflict="ON CONFLICT DO NOTHING")
        sql.execute(
            "UPDATE feeds SET failures = failures + 1, last_error = ?, last_checked_at = ? WHERE id = ?",
            (message, instant(now), feed),
        )


def _columns(price: FeedPrice) -> dict[str, Any]:
    rate = price.rate
    return {
        "feed": price.feed,
        "lineage": price.lineage,
        "seller": price.seller,
        "provider": price.provider,
        "market": price.market,
        "model": rate.model,
        "names": dump(list(price.names)),
        "meter": rate.meter,
        "service_tier": rate.service_tier,
        "conditions": rate.conditions.key,
        "currency": rate.currency,
        "state": rate.state,
        "amount": None if rate.amount is None else format_decimal(rate.amount),
        "per": None if rate.per is None else format_decimal(rate.per),
        "unit": rate.unit,
        "valid_from": format_instant(rate.valid_from),
        "valid_until": format_instant(rate.valid_until),
        "is_resold": int(price.is_resold),
        "key": rate.evidence.locator,
    }


def _price_of(row: Any) -> FeedPrice:
    amount, per = (None if row[name] is None else Decimal(row[name]) for name in ("amount", "per"))
    rate = Rate(
        model=row["model"],
        meter=row["meter"],
        state=row["state"],
        amount=amount,
        currency=row["currency"],
        per=per,
        unit=row["unit"],
        service_tier=row["service_tier"],
        conditions=Conditions.from_json(json.loads(row["conditions"])),
        valid_from=parse_instant(row["valid_from"]),
        valid_until=parse_instant(row["valid_until"]),
        evidence=Evidence(row["amount"] or row["state"], row["key"]),
    )
    return FeedPrice(
        feed=row["feed"],
        lineage=row["lineage"],
        seller=row["seller"],
        provider=row["provider"],
        market=row["market"],
        rate=rate,
        names=tuple(json.loads(row["names"])),
        is_resold=bool(row["is_resold"]),
    )


def _place(row: Any) -> tuple[object, ...]:
    """What stays the same while a feed's number moves."""
    return tuple(row[name] for name in _PLACE)


def _is_same(row: Any, columns: dict[str, Any] | None) -> bool:
    return columns is not None and _value(row) == _value(columns)


def _value(row: Any) -> tuple[object, ...]:
    """A number in exact terms: 2 and 2.0 are the same."""
    price = None if row["amount"] is None or row["per"] is None else Fraction(row["amount"]) / Fraction(row["per"])
    return (row["state"], price, row["unit"])
