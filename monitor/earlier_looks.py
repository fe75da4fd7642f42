"""The capture before a difference was first seen, read again by today's reader, when the judge asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from w3lib.encoding import http_content_type_encoding

from monitor.judging.earlier import Earlier, earlier_of
from scrapers.catalog import Page
from scrapers.errors import LayoutError
from scrapers.rates import PriceList, Rate
from scrapers.reader import read_page
from storage.archive import Archive
from storage.errors import ArchiveError
from storage.recorded import RecordedCapture, capture_before
from storage.store import Store


def read_kept(archive: Archive, page: Page, kept: RecordedCapture) -> PriceList:
    """A kept capture, with the document of its amounts, as it is read today.

    Raises:
        ArchiveError: its body is not in the archive, or is damaged.
        LayoutError: it cannot be read.

    """
    body = archive.get(kept.sha256)
    amounts = None if kept.companion_sha256 is None else archive.get(kept.companion_sha256)
    charset = http_content_type_encoding(kept.content_type) if kept.content_type else None
    return read_page(body, hints=page.hints, captured_at=kept.captured_at, charset=charset, companion=amounts)


@dataclass(slots=True)
class EarlierLooks:
    """The earlier captures of one page; each is read once, and only when it is asked for."""

    store: Store
    archive: Archive
    page: Page
    page_id: int
    accepted: tuple[Rate, ...]
    amend: Callable[[PriceList], PriceList]
    _read: dict[str, Earlier | None] = field(default_factory=dict)

    def before(self, first_seen: datetime) -> Earlier | None:
        """What the last capture before an instant says; None where there is none that can be read."""
        kept = capture_before(self.store.connection, self.page_id, first_seen)
        if kept is None:
            return None
        if kept.sha256 not in self._read:
            self._read[kept.sha256] = self._reading(kept)
        return self._read[kept.sha256]

    def _reading(self, kept: RecordedCapture) -> Earlier | None:
        try:
            read = self.amend(read_kept(self.archive, self.page, kept))
        except (ArchiveError, LayoutError):  # then the difference is judged without it
            return None
        return earlier_of(read, self.accepted, kept.captured_at)
