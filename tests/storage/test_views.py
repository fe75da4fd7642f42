"""The views for people: what they say, and that no question about a model reads the prices of all the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from storage import queries
from storage.schema import latest_version
from storage.search import search_models
from storage.store import Store
from tests.storage.looks import day, event, outcome, rate, view
from tests.storage.test_opening import make_old

BY_INDEX = [
    "SELECT * FROM current_prices WHERE model = 'GPT-4o'",
    "SELECT * FROM current_prices WHERE model_key = 'gpt 4o' AND meter = 'input'",
    "SELECT * FROM current_prices WHERE model_key IN (SELECT model_key FROM models WHERE model LIKE 'gpt%')",
    "SELECT * FROM current_prices WHERE provider = 'openai'",
    "SELECT * FROM cheapest_prices WHERE model_key = 'gpt 4o'",
    "SELECT * FROM price_history WHERE model = 'GPT-4o'",
    "SELECT * FROM price_history WHERE model_key = 'gpt 4o' AND superseded_at IS NULL ORDER BY seen_from",
    "SELECT * FROM price_changes WHERE captured_at >= '2026-11-17'",
    "SELECT * FROM price_events WHERE captured_at >= '2026-11-17' LIMIT 100",
    "SELECT * FROM price_events WHERE model_key = 'gpt 4o'",
]

ASKED: dict[str, Callable[[Store], object]] = {
    "prices": lambda store: queries.prices(store, model="gpt-4o"),
    "prices by pattern": lambda store: queries.prices(store, model="gpt*", meter="input"),
    "prices on a day": lambda store: queries.prices(store, model="gpt-4o", at=day(1)),
    "history": lambda store: queries.history(store, "gpt-4*"),
    "changes": lambda store: queries.changes(store, day(1)),
    "search": lambda store: search_models(store, [["gpt"], ["4o"]]),
}


def full_scans(raw: sqlite3.Connection, sql: str) -> list[str]:
    """The steps of a plan that read all prices or all events."""
    plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [step for step in plan if step.startswith(("SCAN rates", "SCAN events", "SCAN gone"))]


@pytest.mark.parametrize("sql", BY_INDEX)
def test_a_question_about_a_model_or_a_week_goes_by_an_index(store: Store, sql: str) -> None:
    assert full_scans(store.connection.raw, sql) == []


@pytest.mark.parametrize("question", ASKED)
def test_the_questions_of_the_commands_go_by_an_index(store: Store, question: str) -> None:
    store.record_page(outcome(0, [rate(), rate("GPT-4o mini", "0.15")]))
    said: list[str] = []
    store.connection.raw.set_trace_callback(said.append)
    ASKED[question](store)
    store.connection.raw.set_trace_callback(None)
    selects = [sql for sql in said if sql.lstrip().startswith(("SELECT", "WITH"))]
    assert selects
    assert [full_scans(store.connection.raw, sql) for sql in selects] == [[]] * len(selects)


def test_the_plans_of_scans_are_recognised(store: Store) -> None:
    assert full_scans(store.connection.raw, "SELECT * FROM price_history WHERE amount = '5'") == ["SCAN rates"]


def test_the_cheapest_seller_is_shown_with_the_dearest_price_beside_it(store: Store) -> None:
    for provider, amount in (("openai", "5.00"), ("azure", "4.00"), ("other", "0.004")):
        per = 1000 if provider == "other" else 1_000_000
        store.record_page(outcome(0, [rate(amount=amount, per=type(rate().per)(per))], provider=provider))
    cheapest = view(store, "cheapest_prices")
    assert [(row["provider"], row["amount"], row["sellers"]) for row in cheapest] == [
        ("azure", "4.00", 3),
        ("other", "0.004", 3),
    ]
    assert {row["dearest_per_million_tokens"] for row in cheapest} == {5.0}


def test_changes_are_what_got_cheaper_or_dearer_newest_first(store: Store) -> None:
    cut = event("cut", rate(), rate(amount="2.50"), 1)
    up = event("raise", rate(amount="2.50"), rate(amount="3.00"), 2, effective_from=day(9))
    other = event("launch", None, rate("GPT-5", "1"), 2)
    store.record_page(outcome(1, [rate(amount="2.50")], events=(cut,)))
    store.record_page(outcome(2, [rate(amount="3.00")], events=(up, other)))
    told = view(store, "price_changes")
    assert [(row["kind"], row["percent"]) for row in told] == [("raise", 20.0), ("cut", -50.0)]
    assert [(row["old_per_million_tokens"], row["new_per_million_tokens"]) for row in told] == [(2.5, 3.0), (5.0, 2.5)]
    assert [row["effective_from"][:10] for row in told] == [f"{day(9):%F}", f"{day(1):%F}"]


def test_names_of_an_older_database_are_found_after_its_migration(database: Path) -> None:
    make_old(database, latest_version() - 1)
    raw = sqlite3.connect(database)
    raw.execute("INSERT INTO pages (id, provider, market, url) VALUES (1, 'zhipu', 'cn', 'https://z.example')")
    for model, seen in (("GLM-4", "2024-06-01T00:00:00Z"), ("GLM-4", "2024-05-01T00:00:00Z")):
        raw.execute(
            "INSERT INTO rates (page_id, provider, market, model, model_key, meter, service_tier, conditions, state, "
            "flags, quote, locator, identity, seen_from, seen_until, recorded_at) "
            "VALUES (1, 'zhipu', 'cn', ?, 'glm 4', 'input', 'standard', '{}', 'free', '[]', '', '', '[]', ?, ?, ?)",
            (model, seen, seen, seen),
        )
    raw.commit()
    raw.close()
    with Store.open(database) as store:
        [found] = search_models(store, [["glm"]])
        assert (found["model"], found["first_seen"]) == ("GLM-4", "2024-05-01T00:00:00Z")


def test_the_first_sight_of_a_name_moves_back_when_older_history_comes(store: Store) -> None:
    store.record_page(outcome(9, [rate()]))
    older = rate("GPT-4o", "6.00", meter="output")
    store.record_page(outcome(0, [older], url="https://openai.example/old", captured_at=day(0)))
    assert [row["first_seen"] for row in view(store, "models")] == [f"{day(0):%FT%TZ}"]
    assert day(9) - day(0) == timedelta(days=9)
