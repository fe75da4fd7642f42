"""The golden pages: `tests/pages/<provider>/<date>/` with a page, where it came from, and what it says.

Run `pytest tests/reading_pages --update-pages` to write every `expected.json` anew; then read the difference.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from scrapers.catalog import Hints, load_catalog
from scrapers.rates import PriceList
from scrapers.reader import read_page

PAGES = Path(__file__).resolve().parent.parent / "pages"
CATALOG = load_catalog()


@dataclass(frozen=True, slots=True)
class GoldenPage:
    """A page that was written for the tests in the shape of a real one."""

    folder: Path
    provider: str
    url: str
    captured_at: datetime
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.provider}/{self.folder.name}"

    @property
    def path(self) -> Path:
        (path,) = self.folder.glob("page.*")
        return path

    @property
    def hints(self) -> Hints:
        return CATALOG[self.provider].hints_for(self.url)

    @property
    def is_negative(self) -> bool:
        return "raises" in self.facts

    def read(self, body: bytes | None = None) -> PriceList:
        """What the reader says of the page, once for all tests, or of another body at its address."""
        if body is not None:
            return read_page(body, hints=self.hints, captured_at=self.captured_at)
        if self.id not in _READ:
            _READ[self.id] = self.read(self.path.read_bytes())
        return _READ[self.id]


_READ: dict[str, PriceList] = {}


def golden_pages() -> Iterator[GoldenPage]:
    """All pages, found by their folders."""
    for source in sorted(PAGES.glob("*/*/source.toml")):
        said = tomllib.loads(source.read_text(encoding="utf-8"))
        yield GoldenPage(
            folder=source.parent,
            provider=said["provider"],
            url=said["url"],
            captured_at=datetime.combine(said["captured"], time(), UTC),
            facts=tomllib.loads((source.parent / "facts.toml").read_text(encoding="utf-8")),
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-pages", action="store_true", help="write expected.json of every golden page anew")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`golden` is every page, `priced` every page that has prices, `negative` every page that has none."""
    chosen = {
        "golden": lambda _: True,
        "priced": lambda page: not page.is_negative,
        "negative": lambda page: page.is_negative,
    }
    for name, wanted in chosen.items():
        if name in metafunc.fixturenames:
            pages = [page for page in golden_pages() if wanted(page)]
            metafunc.parametrize(name, pages, ids=[page.id for page in pages])
