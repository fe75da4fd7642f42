"""Captures of the past that were found later: bodies in the archive, apart from those of watched pages.

A capture is one page at one moment, whoever kept it: a second copy of the same moment is not taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.rows import insert, instant, moment
from storage.store import Store

Keeper = Literal["captures", "wayback"]


@dataclass(frozen=True, slots=True)
class PastCapture:
    """One page as it was kept (`captured_at` aware UTC).

    Attributes:
        url: the page's address in its provider file.
        keeper: how it was found.
        address: where the copy stands: a file, or an address in an archive.
        sha256: its name in our archive; None when the copy holds no page, of which `message` says why.
        message: why it gave no prices; "" where it was read, or was not read yet.

    """

    provider: str
    market: str
    url: str
    captured_at: datetime
    keeper: Keeper
    address: str
    sha256: str | None
    content_type: str | None = None
    message: str = ""


def add_past_captures(store: Store, captures: Iterable[PastCapture], now: datetime) -> int:
    """Note captures in one transaction; returns how many are of a page and moment that was not known yet."""
    new = 0
    with store.connection.write() as sql:
        for capture in captures:
            columns = {
                "keeper": capture.keeper,
                "provider": capture.provider,
                "market": capture.market,
                "url": capture.url,
                "captured_at": instant(capture.captured_at),
                "address": capture.address,
                "sha256": capture.sha256,
                "content_type": capture.content_type,
                "message": capture.message,
                "recorded_at": instant(now),
            }
            new += bool(insert(sql, "past_captures", columns, conflict="ON CONFLICT DO NOTHING"))
    return new


def past_captures(store: Store, provider: str, market: str, url: str) -> tuple[PastCapture, ...]:
    """The captures of a page that were found later, oldest first."""
    found = store.connection.rows(
        "SELECT * FROM past_captures WHERE provider = ? AND market = ? AND url = ? ORDER BY captured_at",
        (provider, market, url),
    )
    return tuple(
        PastCapture(
            row["provider"],
            row["market"],
            row["url"],
            moment(row["captured_at"]),
            row["keeper"],
            row["address"],
            row["sha256"],
            row["content_type"],
            row["message"],
        )
        for row in found
    )


def note_unread(store: Store, provider: str, market: str, url: str, messages: dict[datetime, str]) -> None:
    """Remember what today's reader says of a page's captures; those that are not named were read."""
    place = (provider, market, url)
    with store.connection.write() as sql:
        sql.execute(
            "UPDATE past_captures SET message = '' "
            "WHERE provider = ? AND market = ? AND url = ? AND sha256 IS NOT NULL",
            place,
        )
        sql.executemany(
            "UPDATE past_captures SET message = ? WHERE provider = ? AND market = ? AND url = ? AND captured_at = ?",
            [(message, *place, instant(at)) for at, message in messages.items()],
        )
