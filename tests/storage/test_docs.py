"""`docs/database.md` tells the truth: every table, view and column, no other, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.store import Store
from tests.storage.recipes import DOCUMENT, RECIPE, answer, fill

TEXT = DOCUMENT.read_text(encoding="utf-8")
RECIPES = RECIPE.findall(TEXT)


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
        for row in store.connection.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type != 'shadow'"
        )
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


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("recipes") / "pricefall.db"
    with Store.open(database) as store:
        fill(store)
    return database


@pytest.mark.parametrize(("sql", "text"), RECIPES, ids=[sql.split(" FROM")[0][:40] for sql, _ in RECIPES])
def test_a_recipe_gives_the_answer_that_stands_below_it(market: Path, sql: str, text: str) -> None:
    assert answer(market, sql) == text
    assert text.count("\n") > 2  # an empty answer shows nothing


def test_every_query_of_the_document_has_its_answer() -> None:
    assert len(RECIPES) == TEXT.count("```sql") > 10


def test_the_schema_comments_stand_in_the_file(store: Store) -> None:
    """`.schema` explains the columns to whoever opens the file without this project."""
    sql = store.connection.rows("SELECT sql FROM sqlite_schema WHERE name = 'rates'")[0]["sql"]
    assert "-- exact, as printed" in sql
