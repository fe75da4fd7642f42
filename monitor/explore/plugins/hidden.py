"""A Datasette plugin: the columns of secret tables read as NULL, in pages and in questions of one's own."""

from __future__ import annotations

import sqlite3

from datasette import hookimpl

from storage.sql import SECRET_TABLES


@hookimpl  # type: ignore[untyped-decorator]  # Datasette has no types
def prepare_connection(conn: sqlite3.Connection) -> None:
    """What Datasette asks a plugin for, with each connection that it opens."""
    conn.set_authorizer(hide)


def hide(action: int, table: str | None, *_: str | None) -> int:
    """Whether SQLite may read a column."""
    is_secret = action == sqlite3.SQLITE_READ and table in SECRET_TABLES
    return sqlite3.SQLITE_IGNORE if is_secret else sqlite3.SQLITE_OK
