"""`pricefall doctor`: what may be wrong with settings, database, provider files and the last look."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import parse_instant

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.settings import Settings
    from scrapers.catalog import Provider
    from storage.incidents import Incident


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--full", is_flag=True, help="Also compare the database's indexes; takes longer.")
@click.pass_obj
def command(config_path: str | None, as_json: bool, full: bool) -> None:
    """Check settings, database, provider files and what the last run left.

    Exit status 1 when something is wrong, 0 when there are only warnings.
    """
    from monitor.parts import read_settings
    from monitor.tables import print_rows
    from scrapers.catalog import ConfigError, load_catalog

    settings = read_settings(config_path)
    found = [*_settings(settings)]
    catalog: dict[str, Provider] = {}
    try:
        catalog = load_catalog(settings.providers_dir)
        found += _pages(catalog)
    except ConfigError as err:
        found.append(("wrong", "providers", f"{err}; `pricefall provider check` names every fault"))
    found += _database(settings, catalog, full=full)
    if as_json:
        click.echo(
            json.dumps([{"level": level, "about": about, "words": words} for level, about, words in found], indent=1)
        )
    else:
        print_rows([{"level": level, "about": about, "what": words} for level, about, words in found], title="Doctor")
    sys.exit(1 if any(level == "wrong" for level, _, _ in found) else 0)


Finding = tuple[str, str, str]


def _settings(settings: Settings) -> Iterator[Finding]:
    where = settings.path or "none found, defaults hold; `pricefall init` writes one"
    yield "ok" if settings.path else "warning", "settings", str(where)
    for warning in settings.warnings:
        yield "warning", "settings", warning
    yield (
        "ok" if settings.channels else "warning",
        "channels",
        (", ".join(channel.id for channel in settings.channels) or "no [[channel]]: nobody will be told"),
    )
    if settings.channels and not settings.rules:
        yield "warning", "rules", "no [[rule]]: nothing is sent to the channels"
    if not settings.fetch.contact:
        yield "warning", "fetch", "set fetch.contact, so that a provider can write to you before blocking you"
    if settings.fetch.hosts:
        yield "warning", "fetch", f"fetch.hosts sends {', '.join(settings.fetch.hosts)} elsewhere; it is for tests"


def _pages(catalog: dict[str, Provider]) -> Iterator[Finding]:
    pages = [page for provider in catalog.values() for page in provider.pages]
    enabled = [page for page in pages if page.enabled and catalog[page.provider].enabled]
    yield "ok", "providers", f"{len(catalog)} providers, {len(pages)} pages, {len(enabled)} enabled"
    for page in pages:
        if page.enabled and page.verified is None:
            yield "warning", "unverified", f"{page.provider}: no capture has shown prices at {page.url}"
        if page.robots == "documented_api":
            yield "ok", "robots", f"{page.provider}: {page.url} is a documented API ({page.robots_source})"


def _database(settings: Settings, catalog: dict[str, Provider], *, full: bool) -> Iterator[Finding]:
    from monitor.alerts.sender import MANY_PENDING
    from monitor.health import look_at_health
    from monitor.parts import utc_now
    from storage import queries
    from storage.store import Store

    if not settings.database.exists():
        yield "ok", "database", f"{settings.database} does not exist yet; `pricefall run` makes it"
        return
    with Store.open(settings.database, read_only=True) as store:
        facts = queries.doctor(store, full_check=full)
        missing = _missing_bodies(store, settings.archive)
        complaints = queries.complaints(store)
        shares = list(_shares(queries.reading_shares(store)))
        health = look_at_health(store, settings, catalog.values(), utc_now())
        log_warning = store.connection.log_warning()
        late = list(_late(queries.providers(store), utc_now()))
    for problem in facts["problems"]:
        yield (
            "wrong",
            "database",
            f"{problem}; `pricefall restore {facts['newest_backup'] or 'FILE'} --force` puts a backup in its place",
        )
    rows: dict[str, Any] = facts["rows"]
    yield (
        "ok",
        "database",
        f"{facts['path']}: {rows['rates']} rates, {rows['events']} events, {rows['captures']} captures",
    )
    if facts["wal_reset_bug"]:
        yield (
            "warning",
            "sqlite",
            (
                f"SQLite {facts['sqlite_version']} may damage a file that two programs checkpoint at once; Pricefall "
                "takes one lock for all its writes, other programs should only read"
            ),
        )
    if log_warning is not None:
        yield "warning", "log", log_warning
    last = facts["last_run"]
    if last is not None:
        level = "ok" if last["status"] == "ok" else "warning"
        yield level, "last run", f"{last['started_at']}: {last['status']}"
    yield from _incidents(health.open)
    told = {incident.url for incident in health.open}
    for page in (page for page in facts["failing_pages"] if page["url"] not in told):
        yield "warning", "failing", f"{page['provider']} {page['url']}, {page['failures']} times: {page['last_error']}"
    if facts["undecided"]:
        yield "warning", "review", f"{facts['undecided']} changes wait or are held; see `pricefall review`"
    if facts["alerts"]["dead"]:
        yield (
            "wrong",
            "alerts",
            f"{facts['alerts']['dead']} messages were given up; see `pricefall alerts list --state dead`",
        )
    if facts["alerts"]["pending"] >= MANY_PENDING:
        yield (
            "warning",
            "alerts",
            f"{facts['alerts']['pending']} messages wait; mend their channel, or narrow the rules",
        )
    for channel, why in facts["disabled_channels"].items():
        yield "wrong", "alerts", f"channel {channel} is disabled: {why}"
    if missing:
        yield (
            "wrong",
            "archive",
            f"{missing} captures have no kept page in {settings.archive}; `pricefall verify` names them",
        )
    yield from late
    yield from shares
    if complaints:
        first = complaints[0]
        yield (
            "warning",
            "reading",
            (
                f"{len(complaints)} things on the newest pages were not understood, first: {first['provider']} "
                f"{first['quote'][:60]!r}; `pricefall provider try {first['provider']}` shows them"
            ),
        )


def _incidents(incidents: Iterable[Incident]) -> Iterator[Finding]:
    """The open incidents, in the words of `pricefall health`."""
    from monitor.alerts.health_words import title_text

    for each in incidents:
        title = title_text(each.kind, each.facts, "en")
        words = " ".join(word for word in (each.provider, each.url) if word)
        about = "ok" if each.kind == "retirement" else "warning"
        yield about, "health", f"{words or 'many pages'}: {title}. {each.why} See `pricefall health`"


_LATE_DAYS = 3


def _late(pages: list[dict[str, Any]], now: datetime) -> Iterator[Finding]:
    """Pages that were last read, or seen unchanged, some days ago; and those that nobody has watched any more."""
    for page in pages:
        if page["left_why"]:
            words = f"{page['provider']} {page['url']} is not watched: {page['left_why']}; its prices are history"
            yield "ok", "left", words
            continue
        seen = parse_instant(page["last_ok_at"])
        days = None if seen is None else (now - seen).days
        if days is None or days >= _LATE_DAYS:
            since = "never been read" if days is None else f"not been read for {days} days"
            words = (
                f"{page['provider']} {page['url']} has {since}; `pricefall provider try {page['provider']}` says why"
            )
            yield "warning", "late", words


def _shares(pages: list[dict[str, Any]]) -> Iterator[Finding]:
    """The share of amounts that nobody understood, and how it was at the capture before."""
    for page in pages:
        if not page["unread"] and not page["unread_before"]:
            continue
        now = 100 * page["unread"] // max(1, page["seen"])
        words = f"{page['provider']} {page['url']}: {page['unread']} of {page['seen']} amounts are unread ({now} %)"
        if page["seen_before"]:
            words += f", {page['unread_before']} of {page['seen_before']} at the capture before"
        yield "warning" if page["unread"] else "ok", "unread", words


def _missing_bodies(store: Any, archive: Path) -> int:
    from storage.archive import Archive

    kept = Archive(archive)
    return sum(
        not kept.path_of(row["sha256"]).exists()
        for row in store.connection.rows(
            "SELECT sha256 FROM captures UNION SELECT companion_sha256 FROM captures WHERE companion_sha256 IS NOT NULL"
        )
    )
