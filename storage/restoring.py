"""A backup made on demand, and its way back to the place of the database.

What is put in place is checked first, and what stood there is kept under another name, with its log.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from storage.backup import back_up, newest_backup
from storage.connection import connect, connect_to_read, schema_version, sync, translated
from storage.errors import CorruptDatabase, DatabaseMissing, ReadOnlyDatabase, StoreError
from storage.seals import is_unbroken


@dataclass(frozen=True, slots=True)
class Copied:
    """A checked copy: its schema version, its rows of `rates`, and its newest capture (None before the first)."""

    path: Path
    version: int
    rates: int
    newest: str | None
    bytes: int

    @property
    def words(self) -> str:
        """What it holds, for reading."""
        seen = "no page yet" if self.newest is None else f"newest page of {self.newest}"
        return f"{self.rates} prices, {seen}, {self.bytes / 1e6:.1f} MB, checked"


def make_backup(database: Path, target: Path, *, overwrite: bool = False) -> Copied:
    """Copy the database whole to `target`, also while a run writes to it, and check the copy.

    Raises:
        StoreError: there is no database, `target` is there already, or the copy cannot be made or is damaged.

    """
    if not database.exists():
        raise DatabaseMissing(f"{database} does not exist; `pricefall run` creates it", path=database)
    if target.exists() and not overwrite:
        raise StoreError(f"{target} is there already; name another file, or say --force to replace it", path=target)
    if not target.parent.is_dir():
        raise StoreError(f"the folder {target.parent} does not exist; make it, or name another", path=target)
    building = target.with_name(f".{target.name}.unchecked-{os.getpid()}")
    try:
        with closing(connect_to_read(database)) as raw:
            with translated(database):
                schema_version(database, raw)
            with translated(target):
                back_up(raw, building)
        copied = _checked(building, database)
        sync(building)
        building.replace(target)
        sync(target.parent)
    except OSError as err:
        raise ReadOnlyDatabase(f"{target} cannot be written ({err.strerror}); nothing was copied", path=target) from err
    finally:
        building.unlink(missing_ok=True)
    return replace(copied, path=target)


def _checked(copy: Path, database: Path) -> Copied:
    """A new copy, checked; what is wrong with it is wrong with its original."""
    try:
        return check_copy(copy)
    except CorruptDatabase as err:
        raise CorruptDatabase(database, err.why, backup=newest_backup(database)) from err


def check_copy(path: Path) -> Copied:
    """Whether a file is a whole database of ours, of this schema or an older one.

    Raises:
        StoreError: it is not; the message says what it is instead.

    """
    if not path.exists():
        raise DatabaseMissing(f"{path} does not exist; name a backup, as `pricefall backup` makes it", path=path)
    with translated(path), closing(connect_to_read(path)) as raw:
        version = schema_version(path, raw)
        problem = str(raw.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if problem != "ok":
            raise CorruptDatabase(path, " ".join(problem.split()))
        if "rates_sha256" in {row["name"] for row in raw.execute("PRAGMA table_info(pages)")}:
            for row in raw.execute("SELECT id, url FROM pages"):
                if not is_unbroken(raw, row["id"]):
                    raise CorruptDatabase(path, f"the accepted prices of {row['url']} are not what was written")
        rates = _count(raw, "rates")
        newest = raw.execute("SELECT max(captured_at) FROM captures").fetchone()[0] if rates else None
    return Copied(path, version, rates, newest, path.stat().st_size)


def restore(database: Path, backup: Path, now: datetime, *, overwrite: bool = False) -> tuple[Copied, Path | None]:
    """Put a backup in the place of the database; returns it with where the old file is kept (None: there was none).

    The caller holds the run lock.

    Raises:
        StoreError: the backup is no whole database of ours, or a database is there and `overwrite` was not said.

    """
    copied = check_copy(backup)
    if database.exists() and database.samefile(backup):
        raise StoreError(f"{backup} is the database itself; name a backup of it", path=backup)
    kept = _aside(database, now)
    if database.exists() and not overwrite:
        raise StoreError(
            f"{database} is there; with --force it is kept as {kept.name} and the backup takes its place", path=database
        )
    building = database.with_name(f".{database.name}.new-{os.getpid()}")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with translated(database), closing(connect_to_read(backup)) as raw:
            back_up(raw, building)
        sync(building)
        had_one = _set_aside(database, kept)
        building.replace(database)
        sync(database.parent)
    except OSError as err:
        raise ReadOnlyDatabase(
            f"{database} cannot be replaced ({err.strerror}); check its folder", path=database
        ) from err
    finally:
        building.unlink(missing_ok=True)
    return copied, kept if had_one else None


def _set_aside(database: Path, kept: Path) -> bool:
    """Give what is at the path another name too, and its log only that one: no log may stay beside the backup.

    The log is folded first where the file is whole, so that whoever dies here leaves a database that lacks nothing.
    """
    if database.exists():
        with suppress(sqlite3.Error), closing(connect(database)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        log = database.with_name(database.name + end)
        if log.exists():
            log.rename(kept.with_name(kept.name + end))
    if not database.exists():
        return False
    try:
        os.link(database, kept)
    except OSError:  # a file system without links
        database.rename(kept)
    return True


def _aside(database: Path, now: datetime) -> Path:
    """`pricefall.db.replaced-20261124T080000Z`; SQLite opens it with the log that stands beside it."""
    return database.with_name(f"{database.name}.replaced-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")


def _count(raw: sqlite3.Connection, table: str) -> int:
    found = raw.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return 0 if found is None else int(raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own name
