"""What questions cost in a database of 10^5, 10^6 or 10^7 price intervals, beside a bare look-up by primary key.

    python benchmarks/intervals.py build DB --intervals 1000000
    python benchmarks/intervals.py measure DB [--rounds 200] [--json]

The rows are made by SQL in the order of time, as a watch of some years would leave them: the prices of one model are
scattered over the file. Indexes are dropped while the rows are written and made again from the schema's own SQL.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import queries
from storage.connection import Connection, create
from storage.rows import instant
from storage.store import Store

PROVIDERS, METERS, STEPS = 40, 10, 50  # an identity changes its price fifty times in three years, about every 22 days
STEP = timedelta(days=22)
END = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
BEGIN = END - STEP * STEPS

_ROWS = """
INSERT INTO rates (
  page_id, provider, market, model, model_key, meter, service_tier, conditions, currency, state, amount, per, unit,
  price_sort, flags, quote, locator, identity, seen_from, seen_until, ended_at, recorded_at, end_recorded_at,
  capture_id, last_capture_id
)
SELECT
  m.page_id, m.provider, m.market, m.model, m.model_key, meter, tier, '{}', 'USD', 'priced',
  printf('%d.%02d', cents / 100, cents % 100), '1000000', 'token', cents / 100.0, '[]',
  printf('$%d.%02d / 1M tokens', cents / 100, cents % 100), printf('table 1, row %d, column "%s"', m.id, meter),
  json_array(m.model_key, meter, tier, '{}', 'USD'), begun, iif(is_last, :end, ended), iif(is_last, NULL, ended),
  begun, iif(is_last, NULL, ended), m.page_id, m.page_id
FROM (
  SELECT m.*, meters.*, 1 + (m.id * 7919 + meters.meter_id * 104729 + :step * 15485863) % 5000 AS cents,
    :step = :steps - 1 AS is_last,
    strftime('%Y-%m-%dT%H:%M:%SZ', :begin + :step * 1900800 + (m.id * 1000003) % 1900800, 'unixepoch') AS begun,
    strftime('%Y-%m-%dT%H:%M:%SZ', :begin + (:step + 1) * 1900800 + (m.id * 1000003) % 1900800, 'unixepoch') AS ended
  FROM temp.offers AS m CROSS JOIN temp.meters
) AS m"""

# One interval in ten began with an event that was told.
_EVENTS = """
INSERT INTO events (
  id, kind, provider, market, model, model_key, meter, service_tier, conditions, currency, per, unit, old_amount,
  new_amount, percent, effective_from, captured_at, confidence, why, repeat, url, identity, transition, page_id,
  recorded_at
)
SELECT
  printf('evt_%024x', id), iif(id % 2, 'cut', 'raise'), provider, market, model, model_key, meter, service_tier,
  conditions, currency, per, unit, '9.99', amount, round((price_sort - 9.99) / 9.99 * 100, 2), NULL, seen_from, 0.97,
  printf('%s %s fell from $9.99 to $%s per 1M tokens; 1 of 40 models changed; seen twice', model, meter, amount), 0,
  'https://' || provider || '.example/pricing', identity, json_array('priced', '9.99', 'priced', amount), page_id,
  seen_from
FROM rates WHERE id % 10 = 0 ORDER BY seen_from"""


def build(path: Path, intervals: int) -> None:
    """A new database with about so many intervals, and a tenth of that in events."""
    create(path)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = OFF")
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("PRAGMA cache_size = -400000")
    indexes = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        raw.execute(f"DROP INDEX {name}")
    _places(raw, intervals // (METERS * STEPS))
    for step in range(STEPS):
        values = {"step": step, "steps": STEPS, "begin": int(BEGIN.timestamp()), "end": instant(END)}
        raw.execute(_ROWS, values)
    raw.execute(_EVENTS)
    for _, sql in indexes:
        raw.execute(sql)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.close()


def _places(raw: sqlite3.Connection, offers: int) -> None:
    """Pages, and who sells what: every fifth model has a second seller, every tenth a Chinese name."""
    raw.executemany(
        "INSERT INTO pages (id, provider, market, url, has_baseline, last_ok_at) VALUES (?, ?, 'intl', ?, 1, ?)",
        [(n + 1, f"provider{n:02}", f"https://provider{n:02}.example/pricing", instant(END)) for n in range(PROVIDERS)],
    )
    raw.execute(
        "INSERT INTO captures (id, page_id, captured_at, sha256, bytes, headers, rates, complaints, amounts_seen, "
        "amounts_unread, recorded_at) SELECT id, id, last_ok_at, '0', 0, '{}', 0, 0, 0, 0, last_ok_at FROM pages"
    )
    raw.execute("INSERT INTO conditions (conditions) VALUES ('{}')")
    raw.execute("CREATE TEMP TABLE meters (meter_id, meter, tier)")
    meters = [
        (meter, tier)
        for meter in ("input", "output", "cached_input", "cache_write", "audio_input")
        for tier in ("standard", "batch")
    ]
    raw.executemany("INSERT INTO meters VALUES (?, ?, ?)", [(n, *each) for n, each in enumerate(meters)])
    raw.execute("CREATE TEMP TABLE offers (id, page_id, provider, market, model, model_key)")
    named = max(1, offers * 4 // 5)
    for n in range(offers):
        number = n % named
        family = "通义千问" if number % 10 == 0 else ("gpt", "glm", "claude", "doubao", "qwen")[number % 5]
        page = (n + n // named) % PROVIDERS
        raw.execute(
            "INSERT INTO offers VALUES (?, ?, ?, 'intl', ?, ?)",
            (n, page + 1, f"provider{page:02}", f"{family}-{number}-pro", f"{family} {number} pro"),
        )


def measure(path: Path, rounds: int) -> list[dict[str, object]]:
    """Median and 95th percentile of each question in ms, and the median beside a look-up by primary key."""
    dice = random.Random(20240513)  # noqa: S311 - the same questions each time
    with Store.open(path, read_only=True) as store:
        raw = store.connection.raw
        last = raw.execute("SELECT max(id) FROM rates").fetchone()[0]
        names = [row[0] for row in raw.execute("SELECT DISTINCT model FROM models ORDER BY model LIMIT 5000")]
        week = instant(END - timedelta(days=7))

        def ask(sql: str, *values: object) -> Callable[[], int]:
            return lambda: len(raw.execute(sql, values).fetchall())

        def named(sql: str) -> Callable[[], Callable[[], int]]:
            return lambda: ask(sql, dice.choice(names))

        def called(question: Callable[..., list[object]], **words: object) -> Callable[[], Callable[[], int]]:
            return lambda: lambda: len(question(store, model=dice.choice(names), **words))

        questions: dict[str, Callable[[], Callable[[], int]]] = {
            "look-up by primary key": lambda: ask("SELECT * FROM rates WHERE id = ?", dice.randint(1, last)),
            "current price by model": named("SELECT * FROM current_prices WHERE model = ?"),
            "... `pricefall prices`": called(queries.prices),
            "history of a model": named("SELECT * FROM price_history WHERE model = ?"),
            "... `pricefall history`": called(queries.history),
            "price in force a year ago": called(queries.prices, at=END - timedelta(days=365)),
            "cheapest seller of a model": named("SELECT * FROM cheapest_prices WHERE model_key = replace(?, '-', ' ')"),
            "what changed last week": lambda: ask("SELECT * FROM price_changes WHERE captured_at >= ?", week),
            "... the newest hundred": lambda: ask("SELECT * FROM price_changes LIMIT 100"),
        }
        told = []
        reference = 0.0  # the first question is the look-up that the others are held against
        for name, make in questions.items():
            asked = rounds if "week" not in name else max(5, rounds // 20)
            spent, rows = [], 0
            for _ in range(asked):
                question = make()
                begin = time.perf_counter()
                rows = question()
                spent.append((time.perf_counter() - begin) * 1000)
            reference = reference or statistics.median(spent)
            told.append(
                {
                    "question": name,
                    "rows": rows,
                    "ms": round(statistics.median(spent), 3),
                    "p95_ms": round(sorted(spent)[int(len(spent) * 0.95)], 3),
                    "ratio": round(statistics.median(spent) / reference, 1),
                }
            )
        return told


@contextmanager
def _rolled_back(path: Path) -> Iterator[sqlite3.Connection]:
    connection = Connection.open(path)
    connection.raw.execute("BEGIN IMMEDIATE")
    try:
        yield connection.raw
    finally:
        connection.raw.execute("ROLLBACK")
        connection.close()


def cost_of_writing(path: Path) -> float:
    """Microseconds for a new interval with all its indexes, a thousand in a transaction that is taken back."""
    with _rolled_back(path) as raw:
        columns = ", ".join(row[1] for row in raw.execute("PRAGMA table_info(rates)") if row[1] != "id")
        begin = time.perf_counter()
        raw.execute(f"INSERT INTO rates ({columns}) SELECT {columns} FROM rates ORDER BY id DESC LIMIT 1000")  # noqa: S608 - our own columns
        return (time.perf_counter() - begin) * 1000


def main() -> None:
    """Build a database, or measure one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("build", "measure"))
    parser.add_argument("database", type=Path)
    parser.add_argument("--intervals", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.do == "build":
        begin = time.perf_counter()
        build(options.database, options.intervals)
        print(f"{options.database.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - begin:.0f} s")
        return
    told = measure(options.database, options.rounds)
    if options.json:
        print(json.dumps(told, indent=1))
        return
    for row in told:
        print(f"{row['question']:<28} {row['rows']:>7} rows {row['ms']:>9} ms (95 %: {row['p95_ms']}) x {row['ratio']}")
    print(f"a new interval costs {cost_of_writing(options.database):.0f} microseconds")


if __name__ == "__main__":
    main()
