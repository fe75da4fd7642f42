"""One run at a time: `flock` on a file beside the database, free at once when its holder dies.

A pid file would outlive a killed run, and `lockf` is lost when any part of the program closes the file. After locking,
the inode is compared with the path: a lock on a file that was deleted meanwhile locks nobody out. A lock file that is
deleted *while* it is held locks nobody out either, so the database itself is locked as well.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from scrapers.rates import format_instant, parse_instant
from storage.errors import AlreadyRunning, ReadOnlyDatabase

__all__ = ["AlreadyRunning", "Holder", "RunLock", "find_holder"]

_PAUSE_S = 0.1
_PATIENCE_S = 0.3  # `find_holder` holds the lock for a moment: that is no other run
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs"})


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, as it wrote there: None for what it did not tell."""

    pid: int | None
    since: datetime | None

    @property
    def state(self) -> str:
        """`running`, `stopped` (SIGSTOP), `gone` (a process that it started holds it) or `unknown`."""
        if self.pid is None:
            return "unknown"
        try:
            os.kill(self.pid, 0)
            status = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace")
        except ProcessLookupError:
            return "gone"
        except OSError:  # another user's process, or a system without /proc
            return "running"
        letter = status.rpartition(")")[2].split()[0]
        return {"T": "stopped", "t": "stopped", "Z": "gone", "X": "gone"}.get(letter, "running")


def find_holder(path: Path) -> Holder | None:
    """Who holds the lock now; None when nobody does, whatever a killed run has left in the file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(handle)
    except OSError:
        return None
    finally:
        os.close(handle)
    return None


class RunLock:
    """A context manager that holds the lock; children of the process do not inherit it.

    Args:
        path: the lock file; it is created and stays.
        database: the file that is guarded; it need not exist yet.
        timeout_s: how long to wait for another run to end, in seconds.

    Raises:
        AlreadyRunning: another run holds it (on entering); names its pid and since when.
        ReadOnlyDatabase: the file cannot be written, or lies on a network file system.

    """

    def __init__(self, path: Path, *, database: Path | None = None, timeout_s: float = 0.0) -> None:
        self.path = path
        self.database = database
        self.timeout_s = timeout_s
        self._handle: int | None = None
        self._database_handle: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, waiting up to `timeout_s`."""
        self._refuse_network()
        end = time.monotonic() + max(self.timeout_s, _PATIENCE_S)
        while True:
            handle = self._open()
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _is_in_place(handle, self.path):
                    os.close(handle)  # somebody deleted the file that was locked: lock the one that is there now
                    continue
                self._handle = handle
                self._guard()
                break
            except BlockingIOError as err:
                told = _read_holder(handle)
                self._handle = None
                os.close(handle)
                if time.monotonic() >= end:
                    raise AlreadyRunning(self.path, pid=told.pid, since=told.since, state=told.state) from err
                time.sleep(_PAUSE_S)
            except OSError as err:
                self._handle = None
                os.close(handle)
                raise ReadOnlyDatabase(
                    f"{self.path} cannot be locked ({err.strerror}); keep the database on a local file system",
                    path=self.path,
                ) from err
        words = json.dumps({"pid": os.getpid(), "since": format_instant(datetime.now(UTC))}) + "\n"
        os.ftruncate(handle, 0)
        os.pwrite(handle, words.encode(), 0)

    def guard_database(self) -> None:
        """Lock the database too, once it exists; before it is opened, or by whoever created it.

        Closing a descriptor frees the locks that SQLite has taken in this process, so this one stays open until the
        database is closed. Only on Linux, where these locks and those of SQLite do not see each other.

        Raises:
            AlreadyRunning: another run has it, although the lock file was free.

        """
        try:
            self._guard()
        except BlockingIOError as err:
            raise AlreadyRunning(self.path, pid=None, since=None) from err

    def _guard(self) -> None:
        if self.database is None or self._database_handle is not None or sys.platform != "linux":
            return
        try:
            handle = os.open(self.database, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # not there yet, or not ours to read: opening it says which
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise
        self._database_handle = handle

    def release(self) -> None:
        """Free the lock; the file stays, because deleting it would open a gap."""
        if self._database_handle is not None:
            os.close(self._database_handle)
            self._database_handle = None
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # os.open sets close-on-exec: a child that lives on does not hold the lock.
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as err:
            remedy = "free some descriptors" if err.errno == errno.EMFILE else "check the permissions of its folder"
            raise ReadOnlyDatabase(
                f"the lock file {self.path} cannot be opened ({err.strerror}); {remedy}", path=self.path
            ) from err

    def _refuse_network(self) -> None:
        kind = file_system(self.path.parent)
        if kind in _NETWORK:
            raise ReadOnlyDatabase(
                f"{self.path.parent} is on a network file system ({kind}), where neither this lock nor SQLite's log is "
                "safe; keep the database on a local file system",
                path=self.path,
            )


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The kind of file system that a folder is on, such as ext4 or nfs4; None where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    here = str(folder.absolute().resolve())
    best: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = fields[4].replace("\\040", " ").rstrip("/")
        # A later mount on the same point covers the earlier one.
        if (here == point or here.startswith(point + "/")) and (best is None or len(point) >= best[0]):
            best = (len(point), after.split()[0])
    return None if best is None else best[1]


def _is_in_place(handle: int, path: Path) -> bool:
    try:
        here = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(handle)
    return (here.st_ino, here.st_dev) == (mine.st_ino, mine.st_dev)


def _read_holder(handle: int) -> Holder:
    """Pid and since when, as the holder wrote them."""
    try:
        told = json.loads(os.pread(handle, 4096, 0))
        return Holder(int(told["pid"]), parse_instant(told["since"]))
    except (ValueError, KeyError, TypeError):
        return Holder(None, None)
