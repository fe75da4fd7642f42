"""A folder of saved pages to captures: each with its page and its day, by a manifest or by the names of its files.

Nothing is guessed: a file whose day, provider or page does not follow from its name is named with what is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scrapers.catalog import ConfigError, Page, Provider, nearest
from scrapers.rates import parse_instant

MANIFEST = "manifest.jsonl"
_STAMP = re.compile(
    r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"
    r"(?:[T_ -]?([01]\d|2[0-3])[:h-]?([0-5]\d)(?:[:m-]?([0-5]\d))?)?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A file that holds one page as it was at `captured_at` (UTC)."""

    file: Path
    provider: Provider
    page: Page
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that is not taken, and why."""

    file: Path
    why: str


def saved_pages(
    folder: Path, catalog: Mapping[str, Provider], provider: str | None = None, url: str | None = None
) -> tuple[list[SavedPage], list[Unusable]]:
    """The saved pages of a folder, oldest first, and what of it cannot be used.

    A `manifest.jsonl` (file, provider, url, captured) goes before names. By names, the day stands in the file's, and
    the provider is the nearest folder or the part of the name that is one's id.

    Args:
        folder: the folder; it is searched with its folders.
        catalog: all providers.
        provider: of files whose name or manifest does not say it.
        url: likewise the page's address, or the beginning of it.

    Raises:
        ConfigError: the folder or its manifest cannot be read.

    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name the one that holds the saved pages")
    manifest = folder / MANIFEST
    found = _by_manifest(manifest) if manifest.is_file() else _by_names(folder, catalog)
    outcomes = [_placed(said, catalog, provider, url) for said in found]
    pages = [outcome for outcome in outcomes if isinstance(outcome, SavedPage)]
    unusable = [outcome for outcome in outcomes if isinstance(outcome, Unusable)]
    return sorted(pages, key=lambda each: each.captured_at), unusable


def page_of(provider: Provider, url: str | None) -> Page | str:
    """The watched page that an address is of, or why there is none."""
    if url is None:
        if len(provider.pages) == 1:
            return provider.pages[0]
        return f"{provider.id} has {len(provider.pages)} pages; say which with --url"
    page = provider.page_for(url)
    return page or f"{provider.id} has no page at {url}; add the address to `prefixes` of the page that it was"


@dataclass(frozen=True, slots=True)
class _Said:
    """What manifest or name say of a file."""

    file: Path
    provider: str | None = None
    url: str | None = None
    captured_at: datetime | None = None


def _placed(
    said: _Said, catalog: Mapping[str, Provider], provider: str | None, url: str | None
) -> SavedPage | Unusable:
    name = said.provider or provider
    if not said.file.is_file():
        return Unusable(said.file, "there is no such file")
    if said.captured_at is None:
        return Unusable(said.file, "no day is in its name; write it as 2024-05-20, or make a manifest.jsonl")
    if name is None:
        return Unusable(said.file, "no provider is in its name; say which with --provider")
    if name not in catalog:
        return Unusable(said.file, f"no provider is called {name!r}{nearest(name, catalog)}")
    page = page_of(catalog[name], said.url or url)
    if isinstance(page, str):
        return Unusable(said.file, page)
    return SavedPage(said.file, catalog[name], page, said.captured_at)


def _by_manifest(path: Path) -> Iterator[_Said]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path} cannot be read ({err}); check the file") from err
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            at = parse_instant(said["captured"])
            yield _Said(path.parent / said["file"], said.get("provider"), said.get("url"), at)
        except (ValueError, KeyError, TypeError, AttributeError) as err:
            raise ConfigError(f"{path}, line {number}: needs file and captured, as provider and url ({err})") from err


def _by_names(folder: Path, catalog: Mapping[str, Provider]) -> Iterator[_Said]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield _Said(file, _provider_in(inside, catalog), None, day_in(file.name))


def _provider_in(inside: Path, catalog: Mapping[str, Provider]) -> str | None:
    """The nearest folder that is a provider's id, else the longest id that is a part of the name."""
    for part in reversed(inside.parts[:-1]):
        if part in catalog:
            return part
    words = [name for name in catalog if re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", inside.name.lower())]
    return max(words, key=len, default=None)


def day_in(name: str) -> datetime | None:
    """The one moment that stands in a file's name, in UTC; None where there is none, or more than one.

    >>> day_in("2024-05-20__pricing.html"), day_in("openai-20240520093000.html")
    (datetime.datetime(2024, 5, 20, 0, 0, tzinfo=datetime.timezone.utc), \
datetime.datetime(2024, 5, 20, 9, 30, tzinfo=datetime.timezone.utc))
    >>> day_in("pricing.html"), day_in("2024-05-20-and-2024-06-01.html")
    (None, None)
    """
    moments = set()
    for found in _STAMP.finditer(name):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            moments.add(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
        except ValueError:  # the 31st of April
            return None
    return moments.pop() if len(moments) == 1 else None
