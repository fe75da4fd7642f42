"""Whether everything is as it was written: the file, the accepted prices, and the pages that they were read from.

SQLite's own check does not see a digit that flipped in a price, and nobody sees that a kept page is gone until it is
wanted. Each finding says what is damaged and what to do; nothing is mended here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from storage.archive import Archive
from storage.backup import newest_backup
from storage.connection import Connection, translated
from storage.errors import ArchiveError
from storage.seals import is_unbroken

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not what it was: `about` is database, prices, names or archive."""

    about: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at: pages with accepted prices, kept bodies, and their bytes unpacked."""

    pages: int
    bodies: int
    bytes: int
    damage: tuple[Damage, ...]


def verify(
    connection: Connection, archive: Archive, *, read_bodies: bool = True, step: Callable[[], None] = lambda: None
) -> Checked:
    """Check the file, the seal of each page's prices, and each body that a capture names.

    Args:
        connection: the open database.
        archive: the kept bodies.
        read_bodies: whether each body is unpacked and its digest compared; else it only has to be there.
        step: called after each page and each body.

    """
    damage = [*_file(connection), *_names(connection)]
    pages = connection.rows("SELECT id, provider, url FROM pages ORDER BY provider, url")
    for page in pages:
        with translated(connection.path):
            is_whole = is_unbroken(connection.raw, page["id"])
        if not is_whole:
            what = f"the accepted prices of {page['provider']} {page['url']} are not what was written"
            damage.append(Damage("prices", what, _restore(connection)))
        step()
    size = 0
    bodies = connection.rows(_BODIES)
    for row in bodies:
        found = _body(archive, row, read_bodies=read_bodies)
        if isinstance(found, Damage):
            damage.append(found)
        else:
            size += found
        step()
    return Checked(len(pages), len(bodies), size, tuple(damage))


_BODIES = """
SELECT body, min(captured_at) AS captured_at, provider, url FROM (
  SELECT captures.sha256 AS body, captured_at, provider, url FROM captures JOIN pages ON pages.id = page_id
  UNION ALL SELECT captures.companion_sha256, captured_at, provider, url FROM captures JOIN pages ON pages.id = page_id
  UNION ALL SELECT sha256, captured_at, provider, url FROM past_captures
) WHERE body IS NOT NULL GROUP BY body ORDER BY provider, url, captured_at"""


def _file(connection: Connection) -> Iterator[Damage]:
    """SQLite's check of the whole file, indexes too, and of references between tables."""
    for row in connection.rows(f"PRAGMA integrity_check({_MOST_PROBLEMS})"):
        if row[0] != "ok":
            yield Damage("database", " ".join(str(row[0]).split()), _restore(connection))
    for row in connection.rows("PRAGMA foreign_key_check"):
        what = f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there"
        yield Damage("database", what, _restore(connection))


def _names(connection: Connection) -> Iterator[Damage]:
    """Whether `models` has every name of `rates`."""
    found = connection.rows(
        "SELECT DISTINCT model FROM rates WHERE NOT EXISTS (SELECT 1 FROM models "
        "WHERE models.model_key = rates.model_key AND models.model = rates.model "
        "AND models.provider = rates.provider AND models.market = rates.market) LIMIT 5"
    )
    for row in found:
        yield Damage("names", f"`pricefall search` cannot find {row['model']!r}", _restore(connection))


def _body(archive: Archive, row: sqlite3.Row, *, read_bodies: bool) -> int | Damage:
    """The length of a body, or what is wrong with it."""
    path = archive.path_of(row["body"])
    if not read_bodies and path.exists():
        return 0
    try:
        return len(archive.get(row["body"]))
    except ArchiveError as err:
        what = f"the page {row['url']} of {row['provider']}, captured {row['captured_at']}: {err}"
        remedy = f"put {path} back from a copy of the archive; the prices that were read from it stay, with their words"
        return Damage("archive", what, remedy)


def _restore(connection: Connection) -> str:
    backup = newest_backup(connection.path)
    return (
        f"`pricefall restore {backup} --force`" if backup else "restore a backup with `pricefall restore FILE --force`"
    )
