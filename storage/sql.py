"""A user's own SQL: it can read everything in the database and do nothing else.

A read-only connection alone would still let ATTACH write elsewhere, so an authorizer names what is allowed; a clock
stops what takes too long, and SQLite's own limits stop values that would fill the memory.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.connection import connect_to_read
from storage.errors import DatabaseMissing, QueryError

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_PRAGMAS_THAT_READ = {
    "application_id",
    "compile_options",
    "data_version",
    "encoding",
    "foreign_key_list",
    "freelist_count",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "page_size",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
}
_PRAGMAS_WITH_ARGUMENT = {name for name in _PRAGMAS_THAT_READ if name.startswith(("table_", "index_", "foreign_"))}
SECRET_TABLES = frozenset({"subscriber_key"})
"""What is shown to nobody: whoever reads it can sign."""
_REFUSED_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"}
_TABLE_FUNCTIONS = ("json_each", "json_tree", *(f"pragma_{name}" for name in sorted(_PRAGMAS_THAT_READ)))
_MAX_VALUE_BYTES = 8 * 1024 * 1024
_MAX_SQL_BYTES = 100_000
_STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows of a query; `is_cut` says that there were more rows than asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool = False

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by column; of two columns with one name the second is called `name_2`."""
        names: list[str] = []
        for column in self.columns:
            times = sum(name == column or name.startswith(f"{column}_") for name in names)
            names.append(column if column not in names else f"{column}_{times + 1}")
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def run_sql(path: Path, sql: str, limit_s: float = 1.0, max_rows: int = 10_000) -> Answer:
    """Run one reading statement.

    Args:
        path: the database; one with a newer schema may be read too.
        sql: one SELECT (or WITH, VALUES, EXPLAIN, or a PRAGMA that only reads).
        limit_s: seconds until it is stopped.
        max_rows: rows that are fetched at most.

    Raises:
        QueryError: it would write or reach outside the database, takes too long, or is wrong.
        DatabaseMissing: there is no such file.

    """
    if not path.exists():
        raise DatabaseMissing(f"{path} does not exist; `pricefall run` creates it", path=path)
    refused: list[str] = []
    end = time.monotonic() + limit_s

    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        word = _refusal(action, first, second)
        if word is None:
            return sqlite3.SQLITE_OK
        refused.append(word)
        return sqlite3.SQLITE_DENY

    try:
        raw = connect_to_read(path)
    except sqlite3.Error as err:
        raise QueryError(f"{path} cannot be read ({err}); check its permissions", path=path) from err
    try:
        raw.row_factory = None
        raw.execute("PRAGMA query_only = ON")
        for name in _TABLE_FUNCTIONS:
            # The first use of one declares its columns, which the authorizer would see as a change of the schema.
            raw.execute(f"SELECT 1 FROM {name} LIMIT 0")  # noqa: S608 - our own list
        if raw.execute("SELECT 1 FROM sqlite_schema WHERE name = 'model_search'").fetchone():
            # The index of words prepares what it would need to write, too, when it is first asked.
            raw.execute("SELECT 1 FROM model_search WHERE model_search MATCH 'any' LIMIT 1").fetchall()
        raw.execute("PRAGMA trusted_schema = OFF")
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        raw.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MAX_SQL_BYTES)
        raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        raw.set_authorizer(authorize)
        raw.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS_BETWEEN_LOOKS_AT_THE_CLOCK)
        cursor = raw.execute(sql)
        found = cursor.fetchmany(max_rows + 1)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as err:
        raise QueryError(_explain(err, refused, limit_s), path=path) from err
    finally:
        raw.close()
    if cursor.description is None:
        raise QueryError("there is no query in these words; write a SELECT", path=path)
    columns = tuple(column[0] for column in cursor.description)
    return Answer(columns, tuple(map(tuple, found[:max_rows])), is_cut=len(found) > max_rows)


def _refusal(action: int, first: str | None, second: str | None) -> str | None:
    """What is refused, in a word for the user; None when it is allowed."""
    if action == sqlite3.SQLITE_READ and first in SECRET_TABLES:
        return f"the table {first}"
    if action in _ALLOWED:
        return None
    if action == sqlite3.SQLITE_FUNCTION:
        return f"the function {second}" if (second or "").lower() in _REFUSED_FUNCTIONS else None
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").lower()
        reads = name in _PRAGMAS_THAT_READ and (second is None or name in _PRAGMAS_WITH_ARGUMENT)
        return None if reads else f"PRAGMA {first}"
    return {
        sqlite3.SQLITE_ATTACH: "ATTACH",
        sqlite3.SQLITE_DETACH: "DETACH",
        sqlite3.SQLITE_INSERT: "INSERT",
        sqlite3.SQLITE_UPDATE: "UPDATE",
        sqlite3.SQLITE_DELETE: "DELETE",
        sqlite3.SQLITE_TRANSACTION: "a transaction",
    }.get(action, "a statement that changes the database")


def _explain(err: Exception, refused: list[str], limit_s: float) -> str:
    text = str(err)
    if refused:
        return f"{refused[0]} is refused: `pricefall sql` only reads; write a SELECT"
    if text == "interrupted":
        return f"the query was stopped after {limit_s:g} s; narrow it with WHERE or LIMIT, or give it more time"
    if "one statement at a time" in text:
        return "write one statement at a time"
    if "too big" in text or "too large" in text:
        return f"the query or one of its values is too big ({text}); select less at once"
    return f"SQLite says: {text}; the tables and views stand in sqlite_schema"
