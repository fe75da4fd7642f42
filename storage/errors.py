"""What can go wrong with the database and the archive.

StoreError
├── NotADatabase       the file is no SQLite file, is empty, or belongs to another program
├── NewerSchema        a newer Pricefall wrote it
├── OlderSchema        it must be migrated first, and was opened read-only
├── CorruptDatabase    SQLite finds it damaged
├── DatabaseMissing    it is not there, or was deleted or replaced during the run
├── ReadOnlyDatabase   it cannot be written
├── DiskFull           no room
├── DatabaseBusy       another program wrote for longer than the busy timeout
├── ArchiveError       a raw page cannot be kept, or is not what it was
├── QueryError         a user's SQL was refused, stopped or wrong
└── AlreadyRunning     another run holds the lock

Each says in one sentence what happened and what to do. After any of them nothing half is in the database.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrapers.rates import format_instant


class StoreError(Exception):
    """What was asked of the database or the archive did not happen; nothing was half written.

    Args:
        message: what happened and what to do, one sentence.
        path: the file that it is about, where there is one.

    """

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotADatabase(StoreError):
    """The file is no SQLite file, is empty, or belongs to another program."""


class NewerSchema(StoreError):
    """A newer Pricefall wrote the file; `found` and `known` are the schema versions."""

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found} and this Pricefall knows up to {known}; "
            "install the newer Pricefall, or read the file with `pricefall sql`",
            path=path,
        )
        self.found = found
        self.known = known


class OlderSchema(StoreError):
    """An older Pricefall wrote the file and it was opened read-only; `found` and `known` are the schema versions."""

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found} and this Pricefall needs {known}; "
            "run `pricefall run` once to migrate it (a backup is made first)",
            path=path,
        )
        self.found = found
        self.known = known


class CorruptDatabase(StoreError):
    """SQLite finds the file damaged; `backup` is the newest backup beside it, or None."""

    def __init__(self, path: Path, why: str, *, backup: Path | None = None) -> None:
        remedy = (
            f"`pricefall restore {backup} --force` puts the newest backup in its place"
            if backup is not None
            else "restore a backup of it (`pricefall restore FILE --force`), or move it away to begin a new one"
        )
        super().__init__(f"{path} is damaged ({why}); nothing was written; {remedy}", path=path)
        self.why = why
        self.backup = backup


class DatabaseMissing(StoreError):
    """The file is not there, or was deleted or replaced while it was open."""


class ReadOnlyDatabase(StoreError):
    """The file, its folder or its file system cannot be written."""


class DiskFull(StoreError):
    """The file system has no room."""


class DatabaseBusy(StoreError):
    """Another program held the write lock for longer than the busy timeout."""


class ArchiveError(StoreError):
    """A raw page cannot be kept, is not there, or is not what it was."""


class QueryError(StoreError):
    """A user's SQL was refused, stopped or is wrong."""


class AlreadyRunning(StoreError):
    """Another run holds the lock: `pid` and `since` as it wrote them, None where the file does not tell.

    `state` is that of its process, see `storage.lock.Holder`.
    """

    def __init__(self, path: Path, *, pid: int | None, since: datetime | None, state: str = "unknown") -> None:
        who = "another run" if pid is None else f"a run with pid {pid}"
        when = "" if since is None else f" since {format_instant(since)} ({_age(datetime.now(UTC) - since)})"
        remedy = {
            "stopped": f"that process is stopped (SIGSTOP): continue it with `kill -CONT {pid}`, or end it",
            "gone": f"that process has ended, but one that it started still holds the lock: `fuser {path}` names it",
        }.get(state, "wait for it to end, or stop that process")
        super().__init__(f"{who} is already running{when} and holds {path}; {remedy}", path=path)
        self.pid = pid
        self.since = since


def _age(lasted: timedelta) -> str:
    """How long a run has lasted; a clock that was set back makes no negative age."""
    minutes = max(0, int(lasted.total_seconds() // 60))
    return f"for {minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"for {minutes} min"


# A limit on the size of files, or a quota, shows as a write that failed and not as a full disk.
_WRITE_FAILED = frozenset(
    {
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_FSYNC,
    }
)


def store_error(err: sqlite3.Error, path: Path, backup: Path | None = None) -> StoreError:
    """The error of the tree above that says what an error of SQLite means."""
    whole = getattr(err, "sqlite_errorcode", None) or 0
    code = whole & 0xFF
    if code == sqlite3.SQLITE_CORRUPT or str(err).startswith("Could not decode to UTF-8"):
        return CorruptDatabase(path, str(err), backup=backup)
    if code == sqlite3.SQLITE_NOTADB:
        return NotADatabase(
            f"{path} is no SQLite database; check the `database` setting, or move the file away to begin a new one",
            path=path,
        )
    if code == sqlite3.SQLITE_FULL or whole in _WRITE_FAILED:
        return DiskFull(
            f"the disk that holds {path} is full (or a quota, or a limit on the size of files, is reached); make room "
            "and run again: nothing of this step was written",
            path=path,
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ReadOnlyDatabase(
            f"{path} cannot be written ({err}); check the permissions of the file and of its folder", path=path
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(
            f"another program kept {path} locked for too long; close it (an open transaction in a database browser, "
            "perhaps) and run again",
            path=path,
        )
    return StoreError(f"{path}: SQLite says {err}; `pricefall doctor` checks the file", path=path)
