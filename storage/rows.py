"""Nouns to columns and back: exact decimals as text, instants as ISO text, whole rates as JSON.

SQLite's Python module would take a Decimal through float if it were given one, so nothing but text leaves here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scrapers.rates import Conditions, Evidence, Rate, TokenRange, format_decimal, format_instant, parse_instant
from storage.nouns import Alert, Event, Flapping, Pending, identity_text
from storage.outcomes import PageState

_PER_MILLION = {"token", "token_hour", "character"}


def dump(value: object) -> str:
    """Compact JSON with the letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def instant(moment: datetime) -> str:
    """ISO text of an aware instant, in UTC to the second.

    Raises:
        ValueError: the instant has no zone, so nobody knows when it is.

    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; pass an aware datetime")
    text = format_instant(moment)
    if text is None:  # pragma: no cover - only None gives None
        raise AssertionError
    return text


def moment(text: str) -> datetime:
    """The instant of a column that is NOT NULL."""
    found = parse_instant(text)
    if found is None:  # pragma: no cover - the column is NOT NULL
        raise AssertionError
    return found


def price_sort(rate: Rate) -> float | None:
    """A rounded price for sorting: of 1M tokens or characters, else of one unit as printed; None without a price."""
    if rate.state == "free":
        return 0.0
    if rate.amount is None or not rate.per:
        return None
    price = Fraction(rate.amount) / Fraction(rate.per) * (1_000_000 if rate.unit in _PER_MILLION else 1)
    try:
        return float(price)
    except OverflowError:
        return None


def printed_columns(rate: Rate) -> dict[str, Any]:
    """The columns that another spelling of the same price changes."""
    return {
        "model": rate.model,
        "amount": _text(rate.amount),
        "per": _text(rate.per),
        "unit": rate.unit,
        "price_sort": price_sort(rate),
        "list_amount": _text(rate.list_amount),
        "flags": dump(list(rate.flags)),
        "quote": rate.evidence.quote,
        "locator": rate.evidence.locator,
    }


def rate_columns(rate: Rate) -> dict[str, Any]:
    """All columns of `rates` that the rate itself fills."""
    return {
        **printed_columns(rate),
        "model_key": rate.model_key,
        "meter": rate.meter,
        "service_tier": rate.service_tier,
        "conditions": rate.conditions.key,
        "currency": rate.currency,
        "state": rate.state,
        "valid_from": format_instant(rate.valid_from),
        "valid_until": format_instant(rate.valid_until),
        "identity": identity_text(rate),
    }


def conditions_columns(conditions: Conditions) -> dict[str, Any]:
    """All columns of `conditions`: what the JSON text says, each in its own."""
    context, output = conditions.context_tokens or TokenRange(), conditions.output_tokens or TokenRange()
    return {
        "conditions": conditions.key,
        "context_gt": context.gt,
        "context_lte": context.lte,
        "output_gt": output.gt,
        "output_lte": output.lte,
        "cache_ttl": conditions.cache_ttl,
        "mode": conditions.mode,
        "window": conditions.window,
        "region": conditions.region,
        "other": conditions.other,
    }


def rate_of(row: sqlite3.Row) -> Rate:
    """The rate that `rate_columns` wrote."""
    return Rate(
        model=row["model"],
        meter=row["meter"],
        state=row["state"],
        amount=_decimal(row["amount"]),
        currency=row["currency"],
        per=_decimal(row["per"]),
        unit=row["unit"],
        service_tier=row["service_tier"],
        conditions=Conditions.from_json(json.loads(row["conditions"])),
        valid_from=parse_instant(row["valid_from"]),
        valid_until=parse_instant(row["valid_until"]),
        list_amount=_decimal(row["list_amount"]),
        flags=tuple(json.loads(row["flags"])),
        evidence=Evidence(row["quote"], row["locator"]),
    )


def rate_json(rate: Rate | None) -> str | None:
    """A whole rate as a column's text."""
    return None if rate is None else dump(rate.to_json())


def rate_from_json(text: str | None) -> Rate | None:
    """The rate that `rate_json` wrote."""
    return None if text is None else Rate.from_json(json.loads(text))


def event_columns(event: Event) -> dict[str, Any]:
    """All columns of `events` that the event itself fills."""
    said = event.to_json()
    return {
        "id": said["id"],
        "kind": event.kind,
        "provider": event.provider,
        "market": event.market,
        "model": said["model"],
        "model_key": event.rate.model_key,
        "meter": said["meter"],
        "service_tier": said["service_tier"],
        "conditions": event.rate.conditions.key,
        "currency": said["currency"],
        "per": said["per"],
        "unit": said["unit"],
        "old_amount": said["old"],
        "new_amount": said["new"],
        "percent": said["percent"],
        "effective_from": said["effective_from"],
        "captured_at": instant(event.captured_at),
        "confidence": event.confidence,
        "why": event.why,
        "predecessor": event.predecessor,
        "repeat": event.repeat,
        "url": event.url,
        "identity": identity_text(event.rate),
        "transition": transition_text(event),
        "old_rate": rate_json(event.old),
        "new_rate": rate_json(event.new),
    }


def event_of(row: sqlite3.Row) -> Event:
    """The event that `event_columns` wrote."""
    return Event(
        kind=row["kind"],
        provider=row["provider"],
        market=row["market"],
        captured_at=moment(row["captured_at"]),
        old=rate_from_json(row["old_rate"]),
        new=rate_from_json(row["new_rate"]),
        confidence=row["confidence"],
        why=row["why"],
        url=row["url"],
        effective_from=parse_instant(row["effective_from"]),
        predecessor=row["predecessor"],
        repeat=row["repeat"],
    )


def transition_text(event: Event) -> str:
    """From which price to which: state and exact price of one unit before and after, as one text."""
    return transition_of(event.old, event.new)


def transition_of(old: Rate | None, new: Rate | None) -> str:
    """The same of two rates."""
    return dump([*_side(old), *_side(new)])


def pending_columns(waiting: Pending) -> dict[str, Any]:
    """All columns of `pending` but the page."""
    return {
        "key": waiting.key,
        "outcome": waiting.outcome,
        "kind": waiting.kind,
        "old_rate": rate_json(waiting.old),
        "new_rate": rate_json(waiting.new),
        "why": waiting.why,
        "first_seen": instant(waiting.first_seen),
        "looks": waiting.looks,
        "due_at": instant(waiting.due_at) if waiting.due_at is not None else None,
    }


def pending_of(row: sqlite3.Row) -> Pending:
    """The pending difference that `pending_columns` wrote."""
    return Pending(
        key=row["key"],
        outcome=row["outcome"],
        kind=row["kind"],
        old=rate_from_json(row["old_rate"]),
        new=rate_from_json(row["new_rate"]),
        why=row["why"],
        first_seen=moment(row["first_seen"]),
        looks=row["looks"],
        due_at=parse_instant(row["due_at"]),
    )


def flapping_columns(price: Flapping) -> dict[str, Any]:
    """All columns of `flapping` but the page."""
    return {
        "key": price.key,
        "reversals": price.reversals,
        "first_at": instant(price.first_at),
        "last_at": instant(price.last_at),
        "why": price.why,
    }


def flapping_of(row: sqlite3.Row) -> Flapping:
    """The flapping price that `flapping_columns` wrote."""
    return Flapping(row["key"], row["reversals"], moment(row["first_at"]), moment(row["last_at"]), row["why"])


def alert_columns(alert: Alert, created_at: datetime) -> dict[str, Any]:
    """All columns of a new row of `alerts` but the run."""
    return {
        "id": alert.id,
        "channel": alert.channel,
        "rule": alert.rule,
        "order_key": alert.order_key,
        "event_ids": dump(list(alert.event_ids)),
        "payload": dump(dict(alert.payload)),
        "state": "collected" if alert.digest else "pending",
        "next_attempt_at": instant(created_at),
        "created_at": instant(created_at),
        "not_before": None if alert.not_before is None else instant(alert.not_before),
        "digest": alert.digest or None,
    }


def page_state(row: sqlite3.Row) -> PageState:
    """What a row of `pages` remembers."""
    return PageState(
        provider=row["provider"],
        market=row["market"],
        url=row["url"],
        page_id=row["id"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        sha256=row["sha256"],
        companion_sha256=row["companion_sha256"],
        has_baseline=bool(row["has_baseline"]),
        last_full_at=parse_instant(row["last_full_at"]),
        last_ok_at=parse_instant(row["last_ok_at"]),
        last_checked_at=parse_instant(row["last_checked_at"]),
        failures=row["failures"],
        last_error=row["last_error"],
        next_due_at=parse_instant(row["next_due_at"]),
        left_at=parse_instant(row["left_at"]),
    )


def insert(connection: sqlite3.Connection, table: str, columns: Mapping[str, Any], *, conflict: str = "") -> int:
    """Insert one row and return its rowid, 0 when `conflict` (an ON CONFLICT clause) kept it out."""
    names = ", ".join(columns)
    marks = ", ".join(f":{name}" for name in columns)
    sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}"  # noqa: S608  (names are our own, values bound)
    cursor = connection.execute(sql, dict(columns))
    return int(cursor.lastrowid or 0) if cursor.rowcount else 0


def _side(rate: Rate | None) -> tuple[str | None, str | None]:
    if rate is None:
        return None, None
    return rate.state, None if rate.unit_price is None else str(rate.unit_price)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
