"""S07: a user's SQL reads everything and does nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from storage.errors import DatabaseMissing, QueryError
from storage.schema import latest_version
from storage.sql import run_sql
from storage.store import Store
from tests.storage.looks import outcome, rate

ENDLESS = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


@pytest.fixture
def filled(database: Path) -> Path:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate(), rate("GPT-4", "30.00")]))
    return database


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT model, amount FROM current_prices ORDER BY model", (("GPT-4", "30.00"), ("GPT-4o", "5.00"))),
        ("WITH m AS (SELECT model FROM rates) SELECT count(*) FROM m", ((2,),)),
        ("VALUES (1), (2)", ((1,), (2,))),
        ("SELECT value FROM rates, json_each(identity) WHERE value = 'USD' LIMIT 1", (("USD",),)),
        ("SELECT count(*) FROM pragma_table_info('rates') WHERE name = 'amount'", ((1,),)),
        ("SELECT model FROM model_search WHERE model_search MATCH '\"gpt-4o\"'", (("GPT-4o",),)),
        ("PRAGMA user_version", ((latest_version(),),)),
        ("WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9) SELECT max(x) FROM c", ((9,),)),
    ],
)  # fmt: skip
def test_what_only_reads_is_answered(filled: Path, sql: str, rows: tuple[tuple[object, ...], ...]) -> None:
    assert run_sql(filled, sql, limit_s=20).rows == rows


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ATTACH '{here}/stolen.db' AS other", "ATTACH is refused"),
        ("VACUUM INTO '{here}/stolen.db'", "ATTACH is refused"),
        ("DETACH main", "DETACH is refused"),
        ("PRAGMA journal_mode = DELETE", "PRAGMA journal_mode is refused"),
        ("PRAGMA user_version = 9", "PRAGMA user_version is refused"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema is refused"),
        ("PRAGMA query_only = 0", "PRAGMA query_only is refused"),
        ("PRAGMA temp_store_directory = '/'", "PRAGMA temp_store_directory is refused"),
        ("DELETE FROM rates", "DELETE is refused"),
        ("UPDATE rates SET amount = '0'", "UPDATE is refused"),
        ("INSERT INTO channels (id) VALUES ('x')", "INSERT is refused"),
        ("DROP TABLE rates", "refused"),
        ("CREATE TABLE t (x)", "refused"),
        ("CREATE TEMP TABLE t (x)", "refused"),
        ("ALTER TABLE rates ADD x", "refused"),
        ("REINDEX", "refused"),
        ("ANALYZE", "refused"),
        ("BEGIN IMMEDIATE", "a transaction is refused"),
        ("SELECT load_extension('{here}/evil.so')", "load_extension is refused"),
        ("UPDATE sqlite_schema SET sql = ''", "sqlite_master may not be modified"),
        ("SELECT 1; DROP TABLE rates", "one statement at a time"),
        ("SELECT zeroblob(900000000)", "too big"),
        ("SELECT '" + "x" * 200_000 + "'", "too big"),
        ("SELECT x FROM nowhere", "no such table: nowhere"),
        ("SELEC 1", "syntax error"),
        ("", "write a SELECT"),
        ("-- only a remark", "write a SELECT"),
        ("SELECT 1 WHERE ?", "SQLite says"),
        ("SELECT '\ud800'", "SQLite says"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_in_clear_words_and_changes_nothing(filled: Path, sql: str, words: str) -> None:
    before = filled.read_bytes()
    with pytest.raises(QueryError, match=words):
        run_sql(filled, sql.replace("{here}", str(filled.parent)))
    assert filled.read_bytes() == before
    assert not (filled.parent / "stolen.db").exists()


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS,
        f"SELECT * FROM ({ENDLESS})",
        "SELECT count(*) FROM " + ", ".join(f"sqlite_schema s{number}" for number in range(8)),
    ],
)
def test_what_does_not_end_is_stopped(filled: Path, sql: str) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match=r"stopped after 0\.3 s"):
        run_sql(filled, sql, limit_s=0.3)
    assert time.monotonic() - started < 5


def test_rows_are_cut_and_it_says_so(filled: Path) -> None:
    endless = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    answer = run_sql(filled, endless, limit_s=20, max_rows=3)
    assert (answer.rows, answer.is_cut) == (((1,), (2,), (3,)), True)
    assert not run_sql(filled, "SELECT 1", max_rows=1).is_cut


def test_columns_with_one_name_stay_apart(filled: Path) -> None:
    assert run_sql(filled, "SELECT 1 AS a, 2 AS a, 3 AS b, 4 AS a").dicts() == [{"a": 1, "a_2": 2, "b": 3, "a_3": 4}]


def test_a_database_that_is_not_there_is_not_made(database: Path) -> None:
    with pytest.raises(DatabaseMissing):
        run_sql(database, "SELECT 1")
    assert not database.exists()


def test_a_file_that_is_no_database_is_an_error(database: Path) -> None:
    database.write_text("no database at all, only words " * 40)
    with pytest.raises(QueryError, match="file is not a database"):
        run_sql(database, "SELECT 1")
