"""What SQLite says becomes an error that says what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.errors import (
    CorruptDatabase,
    DatabaseBusy,
    DiskFull,
    NotADatabase,
    ReadOnlyDatabase,
    StoreError,
    store_error,
)

PATH = Path("/home/ada/pricefall.db")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_CORRUPT, CorruptDatabase, "restore a backup"),
        (sqlite3.SQLITE_CORRUPT_INDEX, CorruptDatabase, "restore a backup"),
        (sqlite3.SQLITE_NOTADB, NotADatabase, "check the `database` setting"),
        (sqlite3.SQLITE_FULL, DiskFull, "make room"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, ReadOnlyDatabase, "check the permissions"),
        (sqlite3.SQLITE_CANTOPEN, ReadOnlyDatabase, "check the permissions"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, DatabaseBusy, "close it"),
        (sqlite3.SQLITE_LOCKED, DatabaseBusy, "close it"),
        (sqlite3.SQLITE_IOERR_READ, StoreError, "`pricefall doctor`"),
        (None, StoreError, "`pricefall doctor`"),
    ],
)
def test_each_error_of_sqlite_has_its_place_and_its_remedy(
    code: int | None, kind: type[StoreError], words: str
) -> None:
    err = sqlite3.OperationalError("it says this")
    if code is not None:
        err.sqlite_errorcode = code
    said = store_error(err, PATH)
    assert type(said) is kind
    assert words in said.message
    assert str(PATH) in said.message
    assert said.path == PATH


def test_the_backup_is_named_where_there_is_one() -> None:
    backup = Path("/home/ada/pricefall.db.v5-20260101T000000Z.bak")
    err = sqlite3.DatabaseError("database disk image is malformed")
    err.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    said = store_error(err, PATH, backup)
    assert f"pricefall restore {backup} --force" in said.message
