"""Whether a write-ahead log belongs to the database that it stands beside, as far as that can be told.

SQLite gives a log no name. But a file that was written later than its log was written by folding that log into it, so
it holds the log's pages; a restored copy holds few of them, if any.
"""

from __future__ import annotations

from pathlib import Path

_HEADER, _FRAME = 32, 24
_LATER_NS = 60_000_000_000  # two files that are copied together are seconds apart


def is_foreign_log(path: Path, log: Path) -> bool:
    """Whether the file is later than the log by more than a minute and holds few pages of it."""
    try:
        if path.stat().st_mtime_ns - log.stat().st_mtime_ns < _LATER_NS or log.stat().st_size <= _HEADER:
            return False
        pages = _newest_pages(log)
        return 2 * sum(_is_in(path, number, page) for number, page in pages.items()) < len(pages)
    except OSError:
        return False  # there is no log, or opening the database says what is wrong


def _newest_pages(log: Path) -> dict[int, bytes]:
    """The pages that a replay would put in place: the newest frame of each, up to the last commit."""
    pages: dict[int, bytes] = {}
    open_pages: dict[int, bytes] = {}
    with log.open("rb") as file:
        header = file.read(_HEADER)
        size = int.from_bytes(header[8:12], "big")
        if header[:4] not in (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83") or not 512 <= size <= 65536:
            return {}
        while len(frame := file.read(_FRAME + size)) == _FRAME + size and frame[8:16] == header[16:24]:
            open_pages[int.from_bytes(frame[:4], "big")] = frame[_FRAME:]
            if int.from_bytes(frame[4:8], "big"):
                pages |= open_pages
                open_pages = {}
    return pages


def _is_in(path: Path, number: int, page: bytes) -> bool:
    with path.open("rb") as file:
        file.seek((number - 1) * len(page))
        return file.read(len(page)) == page
