"""Notes about subscribers from processes that do not hold the run lock: a file beside the database, a note a line.

A link that is clicked must hold at once, and `pricefall watch` keeps the run lock for weeks. So who has something to
say writes it here, and the process that holds the lock takes it in before it sends its next message. The file is locked
for both, and emptied only after the transaction that took its notes in.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from scrapers.rates import format_instant
from storage.errors import StoreError
from storage.rows import dump, moment
from storage.store import Store
from storage.subscribers import Note, take_in


def notes_path(database: Path) -> Path:
    """Where the notes of a database stand."""
    return database.with_name(database.name + ".subscribers")


def leave_note(database: Path, note: Note) -> None:
    """Add a note; it is on the disk when this returns.

    Raises:
        StoreError: it could not be written.

    """
    line = {"deed": note.deed, "address": note.address, "at": format_instant(note.at), "why": note.why}
    with _opened(notes_path(database), os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        file.write((dump({**line, "form": note.form}) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


def waiting_notes(database: Path) -> tuple[Note, ...]:
    """The notes that nobody has taken in yet, oldest first."""
    path = notes_path(database)
    if not path.exists() or path.stat().st_size == 0:
        return ()
    with _opened(path, os.O_RDONLY) as file:
        return tuple(_notes(file.read()))


def take_in_notes(store: Store) -> bool:
    """Take the notes into the database and empty their file; whether there were any. For who holds the run lock."""
    path = notes_path(store.path)
    if not path.exists() or path.stat().st_size == 0:
        return False
    with _opened(path, os.O_RDWR) as file:
        take_in(store, _notes(file.read()))
        file.truncate(0)
        os.fsync(file.fileno())
    return True


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[IO[bytes]]:
    """The file, locked and private to its owner."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as err:
        raise StoreError(
            f"{path} cannot be used ({err.strerror}); it takes notes about subscribers: check its permissions and the "
            "room on its disk",
            path=path,
        ) from err


def _notes(body: bytes) -> Iterator[Note]:
    """The notes of whole lines; half of one, which a full disk left, is none."""
    for line in body.split(b"\n"):
        try:
            said: dict[str, Any] = json.loads(line)
            yield Note(said["deed"], said["address"], moment(said["at"]), said["why"], said["form"])
        except (ValueError, KeyError, TypeError):
            continue
