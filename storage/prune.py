"""What may be thrown away: captures that are the evidence of nothing, their bodies, and old notes of failed looks.

A capture is evidence when a price, an event or the hours of a price name it, or when it says that a model ends. The
newest of each page stay as well, because the judge reads them again, and all since what waits there was first seen; so
does the first one, which is a page's baseline. What was found later (`past_captures`) is not thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.archive import Archive
from storage.connection import Connection
from storage.errors import ArchiveError
from storage.rows import instant

NEWEST_KEPT = 20
"""Captures that each page keeps, whatever their age."""

_USELESS = f"""
SELECT id FROM (
  SELECT id, page_id, captured_at,
    ROW_NUMBER() OVER (PARTITION BY page_id ORDER BY captured_at DESC, id DESC) AS from_newest,
    ROW_NUMBER() OVER (PARTITION BY page_id ORDER BY captured_at, id) AS from_oldest,
    LEAD(captured_at) OVER (PARTITION BY page_id ORDER BY captured_at, id) AS followed_at
  FROM captures
) AS old
WHERE captured_at < :before AND from_newest > {NEWEST_KEPT} AND from_oldest > 1
  AND id NOT IN (SELECT capture_id FROM rates WHERE capture_id IS NOT NULL)
  AND id NOT IN (SELECT last_capture_id FROM rates WHERE last_capture_id IS NOT NULL)
  AND id NOT IN (SELECT capture_id FROM events WHERE capture_id IS NOT NULL)
  AND id NOT IN (SELECT capture_id FROM windows WHERE capture_id IS NOT NULL)
  AND id NOT IN (SELECT last_capture_id FROM pages WHERE last_capture_id IS NOT NULL)
  AND id NOT IN (SELECT capture_id FROM retirements)
  -- the one before what waits was first seen says whether the page changed, or how it is read
  AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.page_id = old.page_id AND first_seen <= old.followed_at)"""  # noqa: S608 - a number of ours

_NAMED = """
SELECT id AS capture_id, sha256 AS body FROM captures
UNION ALL SELECT id, companion_sha256 FROM captures WHERE companion_sha256 IS NOT NULL
UNION ALL SELECT NULL, sha256 FROM pages WHERE sha256 IS NOT NULL
UNION ALL SELECT NULL, companion_sha256 FROM pages WHERE companion_sha256 IS NOT NULL
UNION ALL SELECT NULL, sha256 FROM past_captures WHERE sha256 IS NOT NULL
UNION ALL SELECT NULL, sha256 FROM past_prices WHERE sha256 IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was, or would be, removed: rows of captures and failed looks, files of bodies with their packed bytes."""

    captures: int
    failed_looks: int
    bodies: int
    bytes: int


def prune(connection: Connection, archive: Archive, before: datetime, *, dry_run: bool) -> Pruned:
    """Remove what is older than an instant and the evidence of nothing; the caller holds the run lock.

    The rows go first, in one transaction, and then the files that no row names any more: whoever dies between leaves
    files that the next call removes once they are old enough themselves.

    Raises:
        StoreError: the database could not be written; nothing was removed.
        ArchiveError: a file could not be removed; the next call tries again.

    """
    useless = {row["id"] for row in connection.rows(_USELESS, {"before": instant(before)})}
    files = _unnamed(connection, archive, useless, before)
    size = sum(file.stat().st_size for file in files)
    old = (instant(before),)
    failed = connection.rows("SELECT count(*) FROM failed_looks WHERE failed_at < ?", old)[0][0]
    if not dry_run:
        with connection.write() as sql:
            for table, column in (("complaints", "capture_id"), ("captures", "id")):
                sql.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(each,) for each in useless])  # noqa: S608 - our own names
            sql.execute("DELETE FROM failed_looks WHERE failed_at < ?", old)
        for file in files:
            _remove(file)
    return Pruned(len(useless), failed, len(files), size)


def _unnamed(connection: Connection, archive: Archive, useless: set[int], before: datetime) -> list[Path]:
    """The files of these captures that nothing else names, and those that nothing names and that are old themselves."""
    kept: set[str] = set()
    named: set[str] = set()
    for row in connection.rows(_NAMED):
        (named if row["capture_id"] in useless else kept).add(row["body"])
    files: list[Path] = []
    for file in sorted(archive.folder.glob("[0-9a-f][0-9a-f]/*.zst")):
        body = file.parent.name + file.stem
        is_old = datetime.fromtimestamp(file.stat().st_mtime, UTC) < before
        if body not in kept and (body in named or is_old):
            files.append(file)
    return files


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as err:
        raise ArchiveError(f"{file} cannot be removed ({err.strerror}); check its permissions", path=file) from err
