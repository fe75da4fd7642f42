"""The opened parts of one installation, for the commands: settings, provider files, database, archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor.settings import Settings, load_settings
from scrapers.catalog import Provider, choose, load_catalog
from storage.archive import Archive
from storage.lock import RunLock
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """What a command works with; the database is open."""

    settings: Settings
    catalog: dict[str, Provider]
    store: Store
    archive: Archive


def utc_now() -> datetime:
    """The one clock of the commands."""
    return datetime.now(UTC)


def read_settings(config_path: str | None) -> Settings:
    """The user's settings, with what is doubtful in them said on standard error.

    Raises:
        ConfigError: the file is wrong; the message names every fault.

    """
    settings = load_settings(Path(config_path) if config_path else None)
    for warning in settings.warnings:
        click.echo(f"pricefall: warning: {warning}", err=True)
    return settings


def chosen_providers(catalog: dict[str, Provider], only: Iterable[str]) -> list[Provider]:
    """The providers named by `--only` (repeated, or with commas), all enabled ones when none is."""
    names = [name.strip() for text in only for name in text.split(",") if name.strip()]
    return list(choose(catalog, names).values())


def lock_path(settings: Settings) -> Path:
    """Where the one-run-at-a-time lock of a database stands."""
    return settings.database.with_name(settings.database.name + ".lock")


@contextmanager
def open_to_read(config_path: str | None) -> Iterator[Parts]:
    """Settings, catalog, database and archive for a command that only asks; no secret is touched.

    Raises:
        DatabaseMissing: nothing was watched yet.

    """
    settings = load_settings(Path(config_path) if config_path else None, with_secrets=False)
    with Store.open(settings.database, read_only=True) as store:
        yield Parts(settings, load_catalog(settings.providers_dir), store, Archive(settings.archive))


@contextmanager
def open_locked(config_path: str | None) -> Iterator[Parts]:
    """Settings, catalog, database and archive for the one process that writes; all is closed at the end.

    Raises:
        ConfigError: settings or a provider file are wrong.
        StoreError: the database cannot be opened, or another run holds the lock (`AlreadyRunning`).

    """
    with locked_parts(read_settings(config_path)) as parts:
        yield parts


@contextmanager
def locked_parts(settings: Settings) -> Iterator[Parts]:
    """The same for settings that are read already."""
    catalog = load_catalog(settings.providers_dir)
    with (
        RunLock(lock_path(settings), database=settings.database, timeout_s=settings.monitor.lock_timeout_s) as lock,
        Store.open(settings.database) as store,
    ):
        lock.guard_database()  # of a database that was created just now
        yield Parts(settings, catalog, store, Archive(settings.archive))
        warning = store.connection.log_warning()
        if warning is not None:
            click.echo(f"pricefall: warning: {warning}", err=True)
