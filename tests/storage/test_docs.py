"""`docs/database.md` tells the truth: every table, view and column, no other, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.sql import run_sql
from storage.store import Store
from tests.storage.looks import outcome, rate

TEXT = (Path(__file__).parent.parent.parent / "docs" / "database.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


def documented() -> dict[str, dict[str, str]]:
    """Columns with their meaning, by table or view."""
    sections = re.split(r"^### `(\w+)`$", TEXT, flags=re.MULTILINE)[1:]
    return {
        name: dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", body, re.MULTILINE))
        for name, body in zip(sections[::2], sections[1::2], strict=True)
    }


def test_every_column_of_every_table_and_view_is_documented_and_no_other(store: Store) -> None:
    names = [
        row["name"]
        for row in store.connection.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        if not row["name"].startswith(("sqlite_", "_sqlite_"))
    ]
    there = {
        name: [row["name"] for row in store.connection.rows("SELECT name FROM pragma_table_info(?)", (name,))]
        for name in names
    }
    assert {name: list(columns) for name, columns in documented().items()} == there


def test_every_meaning_is_said() -> None:
    assert [
        (table, column)
        for table, columns in documented().items()
        for column, meaning in columns.items()
        if len(meaning) < 5
    ] == []


@pytest.mark.parametrize("sql", EXAMPLES)
def test_examples_run(store: Store, database: Path, sql: str) -> None:
    store.record_page(outcome(0, [rate("GPT-4o", meter="output")]))
    assert run_sql(database, sql, limit_s=20).columns


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 2


def test_the_schema_comments_stand_in_the_file(store: Store) -> None:
    """`.schema` explains the columns to whoever opens the file without this project."""
    sql = store.connection.rows("SELECT sql FROM sqlite_schema WHERE name = 'rates'")[0]["sql"]
    assert "-- exact, as printed" in sql
