"""Opening the one SQLite file, and the one way to write to it.

A new database is built under another name and moved into place whole, so an empty or half-made file at the path is
never ours and is refused instead of being filled. Every write goes through `Connection.write`: `BEGIN IMMEDIATE`,
because a deferred transaction that upgrades to a write fails at once when another program writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from storage.backup import back_up, backup_name, newest_backup
from storage.errors import (
    CorruptDatabase,
    DatabaseMissing,
    NewerSchema,
    NotADatabase,
    OlderSchema,
    ReadOnlyDatabase,
    StoreError,
    store_error,
)
from storage.log_check import is_foreign_log
from storage.schema import APPLICATION_ID, latest_version, migrate

BUSY_TIMEOUT_S = 30.0
LOG_WARNING_BYTES = 64 * 1024 * 1024
_CHECKED_SIZE = 32 * 1024 * 1024  # bytes; a larger file is checked by `doctor` only, it would take seconds


class Connection:
    """An open database; `execute` reads, `write` is the only way to change it."""

    def __init__(self, path: Path, raw: sqlite3.Connection, *, read_only: bool) -> None:
        self.path = path
        self.raw = raw
        self.read_only = read_only
        self._inode = path.stat().st_ino

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, now: datetime | None = None) -> Self:
        """Open the file; unless `read_only`, create it when nothing is there and migrate it when it is old.

        Raises:
            StoreError: see the tree in `storage.errors`; the file is as it was.

        """
        if read_only:
            return cls._open_to_read(path)
        if not path.exists():
            create(path)
        _refuse_strange(path)
        with translated(path):
            _refuse_foreign_log(path)
            raw = connect(path)
            try:
                _refuse_damaged(path, raw)
                version = schema_version(path, raw)
                if version < latest_version():
                    _back_up_first(raw, backup_name(path, version, now or datetime.now(UTC)))
                    migrate(raw)
                # A file that cannot be written must be refused before the crawl, not after it.
                raw.execute("BEGIN IMMEDIATE")
                raw.execute("ROLLBACK")
            except BaseException:
                raw.close()
                raise
        return cls(path, raw, read_only=False)

    @classmethod
    def _open_to_read(cls, path: Path) -> Self:
        if not path.exists():
            raise DatabaseMissing(f"{path} does not exist; `pricefall run` creates it", path=path)
        _refuse_strange(path)
        with translated(path):
            raw = connect_to_read(path)
            try:
                _refuse_older(path, raw)
            except BaseException:
                raw.close()
                raise
        return cls(path, raw, read_only=True)

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it by the last one who leaves."""
        self.raw.close()

    def log_warning(self) -> str | None:
        """What is wrong when the write-ahead log has grown: somebody reads for so long that it cannot be folded."""
        log = self.path.with_name(self.path.name + "-wal")
        size = log.stat().st_size if log.exists() else 0
        if size < LOG_WARNING_BYTES:
            return None
        return (
            f"the log {log.name} has grown to {size / 1e6:.0f} MB, because another program has been reading the "
            "database all the while; close it, and the next run folds the log"
        )

    def execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement, with errors from the tree of `StoreError`."""
        with translated(self.path):
            return self.raw.execute(sql, values)

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows of one query."""
        with translated(self.path):
            return self.raw.execute(sql, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is in the file when the block ends, nothing of it after an error.

        Raises:
            ReadOnlyDatabase: the database was opened to read.
            DatabaseMissing: the file was deleted or replaced since it was opened.
            StoreError: whatever SQLite says.

        """
        if self.read_only:
            raise ReadOnlyDatabase(
                f"{self.path} was opened to read only; nothing can be recorded in it", path=self.path
            )
        self._refuse_replaced()
        with translated(self.path):
            self.raw.execute("BEGIN IMMEDIATE")
            try:
                yield self.raw
                self._refuse_replaced()
                self.raw.execute("COMMIT")
            except BaseException:
                if self.raw.in_transaction:
                    self.raw.execute("ROLLBACK")
                raise

    def _refuse_replaced(self) -> None:
        """A write to a file that was deleted would succeed and be gone."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = None
        if inode != self._inode:
            raise DatabaseMissing(
                f"{self.path} was deleted or replaced while it was open; nothing more is written to the old file: "
                "put it back, or run again",
                path=self.path,
            )


def create(path: Path) -> None:
    """A new, empty database at `path`; when another program creates it at the same moment, theirs stays."""
    building = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        building.unlink(missing_ok=True)
    except OSError as err:
        raise ReadOnlyDatabase(
            f"{path.parent} cannot be written ({err.strerror}); check `database`", path=path
        ) from err
    try:
        with translated(path):
            raw = sqlite3.connect(building, isolation_level=None)
            try:
                raw.execute("PRAGMA synchronous = OFF")  # nobody knows the file yet; it is synced once, below
                migrate(raw)
                raw.execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()
        sync(building)
        try:
            os.link(building, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not path.exists():
                building.rename(path)
        sync(path.parent)
    finally:
        for leftover in (building, *(building.with_name(building.name + end) for end in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes safely: WAL, full sync, foreign keys; it does not create the file."""
    raw = sqlite3.connect(_uri(path, "rw"), uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    try:
        raw.row_factory = sqlite3.Row
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        raw.close()
        raise
    return raw


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that only reads, on a file system that cannot be written too.

    A WAL database needs its shared-memory file, which a read-only folder refuses. With no log beside it nobody writes
    to it, and it may be read as immutable.
    """
    log = path.with_name(path.name + "-wal")
    frozen = not os.access(path.parent, os.W_OK) and (not log.exists() or log.stat().st_size == 0)
    uri = _uri(path, "ro") + ("&immutable=1" if frozen else "")
    raw = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    raw.row_factory = sqlite3.Row
    return raw


def schema_version(path: Path, raw: sqlite3.Connection) -> int:
    """The file's schema version.

    Raises:
        NotADatabase: it belongs to another program.
        NewerSchema: a newer Pricefall wrote it.

    """
    owner = raw.execute("PRAGMA application_id").fetchone()[0]
    version: int = raw.execute("PRAGMA user_version").fetchone()[0]
    if owner != APPLICATION_ID:
        raise NotADatabase(
            f"{path} is an SQLite database of another program; check the `database` setting: Pricefall wants its own",
            path=path,
        )
    if version > latest_version():
        raise NewerSchema(path, found=version, known=latest_version())
    return version


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, last through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of SQLite as the tree of `StoreError`."""
    try:
        yield
    except sqlite3.Error as err:
        raise store_error(err, path, newest_backup(path)) from err
    except UnicodeDecodeError as err:  # SQLite quotes a schema that is damaged
        raise CorruptDatabase(path, "its schema is no text any more", backup=newest_backup(path)) from err
    except UnicodeEncodeError as err:
        raise StoreError(f"text that is no Unicode cannot be stored ({err.reason}): {err.object[:80]!r}") from err


def _refuse_strange(path: Path) -> None:
    """A file that SQLite would fill or overwrite, although it is not a database."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except IsADirectoryError as err:
        raise NotADatabase(f"{path} is a folder; name a file in `database`", path=path) from err
    except OSError as err:
        raise ReadOnlyDatabase(f"{path} cannot be read ({err.strerror}); check its permissions", path=path) from err
    if not head:
        raise NotADatabase(
            f"{path} is empty (0 bytes), which Pricefall never leaves behind; restore a backup, or delete it to begin "
            "a new one",
            path=path,
        )
    if head != b"SQLite format 3\x00":
        raise NotADatabase(
            f"{path} is no SQLite database; check the `database` setting, or move the file away to begin a new one",
            path=path,
        )


def _refuse_foreign_log(path: Path) -> None:
    """A log that a restore forgot: SQLite would replay it, since its checksums say that it is whole, not whose it is.

    Raises:
        CorruptDatabase: file and log do not fit; both stay as they are.

    """
    log = path.with_name(path.name + "-wal")
    if is_foreign_log(path, log):
        raise CorruptDatabase(
            path,
            f"the log {log.name} beside it is older and not of it; after a restore move {log.name} away and run again",
            backup=newest_backup(path),
        )


def _refuse_damaged(path: Path, raw: sqlite3.Connection) -> None:
    if path.stat().st_size > _CHECKED_SIZE:
        return
    first = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
    if first != "ok":
        raise CorruptDatabase(path, " ".join(str(first).split()), backup=newest_backup(path))


def _back_up_first(raw: sqlite3.Connection, target: Path) -> None:
    try:
        back_up(raw, target)
    except OSError as err:
        raise ReadOnlyDatabase(
            f"the backup {target} before the migration cannot be made ({err.strerror}); make room for it: nothing was "
            "migrated",
            path=target,
        ) from err


def _refuse_older(path: Path, raw: sqlite3.Connection) -> None:
    version = schema_version(path, raw)
    if version < latest_version():
        raise OlderSchema(path, found=version, known=latest_version())


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"
