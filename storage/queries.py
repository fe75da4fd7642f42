"""The named questions of the command line, each answered as a list of dicts with the contract's column names.

Money comes out as the exact text that was printed; `per_million_tokens` is rounded, in the printed currency.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from fnmatch import translate
from re import IGNORECASE
from re import compile as compile_pattern
from typing import Any, Literal

from scrapers.rates import model_key, parse_instant
from storage.backup import newest_backup
from storage.force import in_force_sql
from storage.outbox import counts, disabled_channels
from storage.past_queries import past_changes, past_history, past_names, past_prices
from storage.rows import dump, instant
from storage.schema import latest_version
from storage.sql import Answer, run_sql
from storage.store import Store

__all__ = ["Answer", "changes", "complaints", "doctor", "evidence", "history", "prices", "providers", "run_sql", "runs"]

Row = dict[str, Any]
_EMPTY: dict[str, type[dict[Any, Any] | list[Any]]] = {"{}": dict, "[]": list}  # most of them, quicker than JSON

# In force at :at, as it was known at :known: an interval that the database had learnt of by then, and whose end, if it
# had learnt of that too, is later. It began when it was first seen, or earlier where the page says so.
_PRICES = f"""
WITH
  known AS NOT MATERIALIZED (
    SELECT *, CASE WHEN end_recorded_at <= :known THEN ended_at END AS known_end, min(seen_until, :known, :at) AS sight
    FROM rates
    WHERE {{scope}} AND recorded_at <= :known AND (superseded_at IS NULL OR superseded_at > :known)
      AND (:provider IS NULL OR provider = :provider)
      AND (:meter IS NULL OR meter = :meter)
      AND (:tier IS NULL OR service_tier = :tier)
      AND (:currency IS NULL OR currency = :currency)
  ),{in_force_sql(":at", ":known")}
SELECT
  in_force.provider, in_force.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  per_million_tokens, list_amount, valid_from, valid_until, seen_from, seen_until, flags, quote, locator, url,
  in_force.id AS rate_id
FROM in_force JOIN pages ON pages.id = in_force.page_id {{models}}
ORDER BY in_force.provider, in_force.market, model_key, meter, service_tier, conditions, currency
"""  # noqa: S608 - our own expressions

_HISTORY = """
SELECT
  rates.provider, rates.market, model, meter, service_tier, conditions, state, amount, currency, per, unit,
  CASE WHEN unit = 'token' THEN price_sort END AS per_million_tokens,
  list_amount, valid_from, valid_until, seen_from, min(seen_until, :known) AS seen_until,
  CASE WHEN end_recorded_at <= :known THEN ended_at END AS ended_at,
  CASE WHEN superseded_at <= :known THEN superseded_at END AS superseded_at,
  CASE WHEN superseded_at <= :known THEN superseded_why END AS superseded_why,
  flags, quote, url, model_key, identity, rates.id AS rate_id
FROM rates JOIN pages ON pages.id = rates.page_id
WHERE recorded_at <= :known AND (:provider IS NULL OR rates.provider = :provider)
  AND (:meter IS NULL OR meter = :meter) AND (:tier IS NULL OR service_tier = :tier)
  AND (:currency IS NULL OR currency = :currency) {models}
ORDER BY rates.provider, rates.market, model_key, meter, service_tier, conditions, currency, seen_from, rate_id
"""


def prices(
    store: Store,
    provider: str | None = None,
    model: str | None = None,
    meter: str | None = None,
    tier: str | None = None,
    currency: str | None = None,
    at: datetime | None = None,
    as_known_on: datetime | None = None,
    *,
    now: datetime | None = None,
    found_later: bool = False,
) -> list[Row]:
    """The prices in force, one row for each provider, market and identity.

    Args:
        store: the open database.
        provider: a provider's id.
        model: a glob over model names, case and separators do not count ("gpt-4*").
        meter: one meter.
        tier: one service tier.
        currency: one ISO 4217 code.
        at: in force at this instant, `now` when None.
        as_known_on: as the database knew it at this instant, with all that it knows when None.
        now: the clock; the real one when None.
        found_later: of a time before the pages were watched also what was found later (`storage.past`), with its
            `source` and `citation`.

    """
    clock = now or datetime.now().astimezone()
    values = {
        "provider": provider,
        "meter": meter,
        "tier": tier,
        "currency": None if currency is None else currency.upper(),
        "at": instant(at or clock),
        "known": _known(as_known_on),
    }
    # Without a question about the past the open intervals are enough: they have an index, and a clock that was set
    # back does not hide what was seen.
    scope = "ended_at IS NULL" if at is None and as_known_on is None else "(seen_from <= :at OR valid_from <= :at)"
    models = ""
    if model is not None:
        models = "WHERE model_key IN (SELECT value FROM json_each(:keys))"
        values["keys"] = dump(_keys_of(store, model))
    rows = _dicts(store.connection.rows(_PRICES.format(scope=scope, models=models), values))
    if found_later and at is not None:
        rows = _in_order([*rows, *past_prices(store, values, rows)])
    return of_model(rows, model)


def evidence(
    store: Store,
    model: str,
    provider: str | None = None,
    meter: str | None = None,
    tier: str | None = None,
    at: datetime | None = None,
) -> list[Row]:
    """The prices in force with the capture that showed them last; arguments as for `prices`."""
    rows = prices(store, provider, model, meter, tier, at=at, found_later=True)
    captures = store.connection.rows(
        "SELECT rates.id AS rate_id, captured_at, sha256, companion_sha256, bytes FROM rates "
        "JOIN captures ON captures.id = coalesce(rates.last_capture_id, rates.capture_id) "
        "WHERE rates.id IN (SELECT value FROM json_each(:ids))",
        {"ids": dump([row["rate_id"] for row in rows])},
    )
    shown_by = {row["rate_id"]: dict(row) for row in captures}
    return [{**row, **shown_by.get(row["rate_id"], {})} for row in rows]


def windowed_markets(store: Store, provider: str | None = None) -> list[tuple[str, str]]:
    """The provider and market of every accepted list with prices for peak or off-peak hours."""
    found = store.connection.rows(
        "SELECT DISTINCT provider, market FROM rates JOIN conditions USING (conditions) "
        "WHERE ended_at IS NULL AND window IS NOT NULL AND (:provider IS NULL OR provider = :provider) "
        "ORDER BY provider, market",
        {"provider": provider},
    )
    return [(row["provider"], row["market"]) for row in found]


def model_names(store: Store) -> list[tuple[str, str]]:
    """Every model's name that was ever accepted or found later, folded for comparison and as printed."""
    found = store.connection.rows("SELECT DISTINCT model_key, model FROM models ORDER BY model_key, model")
    names = [(row["model_key"], row["model"]) for row in found]
    return [*names, *((model_key(name), name) for name in past_names(store))]


def known_words(store: Store, column: Literal["service_tier", "currency"]) -> list[str]:
    """The words that stand in a column of the prices that are accepted now."""
    found = store.connection.rows(
        f"SELECT DISTINCT {column} FROM rates WHERE ended_at IS NULL AND {column} IS NOT NULL ORDER BY {column}"  # noqa: S608 - one of two words of ours
    )
    return [row[0] for row in found]


def of_model(found: list[Row], pattern: str | None) -> list[Row]:
    """Rows whose model, or another name of it, matches a glob, as printed or folded; all of them without one."""
    if pattern is None:
        return found
    printed = compile_pattern(translate(pattern), IGNORECASE)
    folded = compile_pattern(translate(model_key(pattern)), IGNORECASE)
    names = {name for row in found for name in (row["model"], *row.get("names", ()))}
    matching = {name for name in names if printed.match(name) or folded.match(model_key(name))}
    return [row for row in found if row["model"] in matching or not matching.isdisjoint(row.get("names", ()))]


def first_known(store: Store) -> datetime | None:
    """When the first price was recorded, None before that."""
    row = store.connection.rows("SELECT recorded_at FROM rates ORDER BY id LIMIT 1")
    return parse_instant(row[0]["recorded_at"]) if row else None


def history(
    store: Store,
    model: str | None = None,
    provider: str | None = None,
    meter: str | None = None,
    tier: str | None = None,
    currency: str | None = None,
    *,
    as_known_on: datetime | None = None,
    found_later: bool = False,
) -> list[Row]:
    """Every accepted price of the models that a glob names, oldest first; corrected ones say so in `superseded_why`.

    With `as_known_on` what the database had learnt by then: later prices, ends and corrections do not show. With
    `found_later` also what was found later about the past, with its `source` and `citation`.
    """
    values = {
        "known": _known(as_known_on),
        "provider": provider,
        "meter": meter,
        "tier": tier,
        "currency": None if currency is None else currency.upper(),
    }
    models = ""
    if model is not None:
        models = "AND model_key IN (SELECT value FROM json_each(:keys))"
        values["keys"] = dump(_keys_of(store, model))
    rows = _dicts(store.connection.rows(_HISTORY.format(models=models), values))
    if found_later:
        rows = _in_order([*rows, *past_history(store, values)])
    return of_model(rows, model)


def changes(
    store: Store,
    since: datetime | None = None,
    kinds: Iterable[str] | None = None,
    provider: str | None = None,
    model: str | None = None,
    *,
    until: datetime | None = None,
    as_known_on: datetime | None = None,
    found_later: bool = False,
) -> list[Row]:
    """What happened, oldest first: events of pages captured since then and before `until`, of these kinds.

    With `as_known_on` only what had been told by then. With `found_later` also what was found later about the past,
    with its `source` and `citation`; nobody was told of that.
    """
    values = {
        "since": None if since is None else instant(since),
        "until": None if until is None else instant(until),
        "known": _known(as_known_on),
        "kinds": None if kinds is None else dump(sorted(kinds)),
        "provider": provider,
    }
    found = store.connection.rows(
        "SELECT captured_at, provider, market, model, meter, service_tier, conditions, kind, old_amount, new_amount, "
        "currency, per, unit, percent, effective_from, confidence, why, predecessor, url, id "
        "FROM events WHERE captured_at >= coalesce(:since, '') AND captured_at < coalesce(:until, '9999') "
        "AND recorded_at <= :known "
        "AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds))) "
        "AND (:provider IS NULL OR provider = :provider) ORDER BY captured_at, seq",
        values,
    )
    rows = _dicts(found)
    if found_later:
        rows = sorted([*rows, *past_changes(store, values)], key=lambda row: str(row["captured_at"]))
    return of_model(rows, model)


def providers(store: Store) -> list[Row]:
    """Each page that was ever looked at: when it was last good, how much it states, what is wrong with it."""
    found = store.connection.rows(
        """
        SELECT
          pages.provider, pages.market, pages.url,
          (SELECT count(DISTINCT model_key) FROM rates WHERE page_id = pages.id AND ended_at IS NULL) AS models,
          (SELECT count(*) FROM rates WHERE page_id = pages.id AND ended_at IS NULL) AS rates,
          captures.complaints, captures.amounts_seen, captures.amounts_unread,
          (SELECT count(*) FROM pending WHERE page_id = pages.id AND outcome = 'wait') AS waiting,
          (SELECT count(*) FROM pending WHERE page_id = pages.id AND outcome = 'held') AS held,
          last_ok_at, last_full_at, last_checked_at, next_due_at, failures, last_error, left_why
        FROM pages LEFT JOIN captures ON captures.id = pages.last_capture_id
        ORDER BY pages.provider, pages.market, pages.url
        """
    )
    return _dicts(found)


def complaints(store: Store, provider: str | None = None, limit: int = 200) -> list[Row]:
    """What the newest capture of each page left unexplained."""
    found = store.connection.rows(
        "SELECT provider, url, complaints.kind, message, quote, locator, captured_at FROM pages "
        "JOIN captures ON captures.id = pages.last_capture_id JOIN complaints ON complaints.capture_id = captures.id "
        "WHERE (:provider IS NULL OR provider = :provider) ORDER BY provider, url, complaints.id LIMIT :limit",
        {"provider": provider, "limit": limit},
    )
    return _dicts(found)


def reading_shares(store: Store) -> list[Row]:
    """Amounts seen and left unread at the newest capture of each page, and at the one before."""
    found = store.connection.rows(
        """
        WITH ranked AS (
          SELECT *, ROW_NUMBER() OVER (PARTITION BY page_id ORDER BY captured_at DESC, id DESC) AS place FROM captures
        )
        SELECT provider, market, url, one.captured_at, one.amounts_seen AS seen, one.amounts_unread AS unread,
          two.amounts_seen AS seen_before, two.amounts_unread AS unread_before
        FROM ranked AS one JOIN pages ON pages.id = one.page_id
          LEFT JOIN ranked AS two ON two.page_id = one.page_id AND two.place = 2
        WHERE one.place = 1 ORDER BY provider, market, url
        """
    )
    return _dicts(found)


def runs(store: Store, limit: int = 20) -> list[Row]:
    """The newest runs, newest first, with their counts."""
    found = _dicts(store.connection.rows("SELECT * FROM runs ORDER BY id DESC LIMIT ?", (limit,)))
    for row in found:
        row["summary"] = json.loads(row["summary"])
    return found


def doctor(store: Store, *, full_check: bool = False) -> Row:
    """Facts about the file for `pricefall doctor`.

    `problems` is SQLite's own check ("ok" is no problem); `full_check` compares the indexes too and takes longer.
    `wal_reset_bug` says whether this SQLite may damage a file that two programs checkpoint at once.
    """
    connection = store.connection
    log = store.path.with_name(store.path.name + "-wal")
    check = "integrity_check" if full_check else "quick_check"
    problems = [str(row[0]) for row in connection.rows(f"PRAGMA {check}(20)")]
    problems += [f"foreign key: {tuple(row)}" for row in connection.rows("PRAGMA foreign_key_check")]
    backup = newest_backup(store.path)
    sizes = {
        name: connection.rows(f"SELECT count(*) FROM {name}")[0][0]  # noqa: S608 - our own table names
        for name in ("pages", "captures", "rates", "events", "pending", "alerts")
    }
    last = runs(store, 1)
    return {
        "path": str(store.path),
        "sqlite_version": sqlite3.sqlite_version,
        "wal_reset_bug": (3, 7, 0) <= sqlite3.sqlite_version_info <= (3, 51, 2),
        "schema_version": connection.rows("PRAGMA user_version")[0][0],
        "known_schema_version": latest_version(),
        "journal_mode": connection.rows("PRAGMA journal_mode")[0][0],
        "bytes": store.path.stat().st_size,
        "wal_bytes": log.stat().st_size if log.exists() else 0,
        "problems": [problem for problem in problems if problem != "ok"],
        "newest_backup": None if backup is None else str(backup),
        "rows": sizes,
        "undecided": connection.rows("SELECT count(*) FROM pending WHERE outcome <> 'settled'")[0][0],
        "last_run": last[0] if last else None,
        "failing_pages": [row for row in providers(store) if row["failures"] and not row["left_why"]],
        "alerts": counts(store),
        "disabled_channels": disabled_channels(store),
    }


def _known(as_known_on: datetime | None) -> str:
    """The instant whose knowledge counts; all knowledge without one."""
    return "9999" if as_known_on is None else instant(as_known_on)


def _dicts(found: Iterable[sqlite3.Row]) -> list[Row]:
    """Rows as dicts; conditions and flags as what they are, not as JSON text."""
    answer = []
    for row in found:
        said = dict(row)
        for name in ("conditions", "flags"):
            if name in said:
                said[name] = _EMPTY[said[name]]() if said[name] in _EMPTY else json.loads(said[name])
        answer.append(said)
    return answer


def _keys_of(store: Store, pattern: str) -> list[str]:
    """The folded names of all models that match a glob: with them the indexes of `rates` find the prices."""
    key = model_key(pattern)
    if not any(sign in pattern for sign in "*?["):
        return [key]
    named = of_model([{"model_key": key, "model": name} for key, name in model_names(store)], pattern)
    return sorted({row["model_key"] for row in named})


def _in_order(rows: list[Row]) -> list[Row]:
    """Prices of pages and prices that were found later, in the order of each."""

    def place(row: Row) -> tuple[str, ...]:
        name = (row["provider"], row["market"] or "", model_key(row["model"]), row["meter"], row["service_tier"])
        return (*name, dump(row["conditions"]), row["currency"] or "", row["seen_from"])

    return sorted(rows, key=place)
