"""`pricefall status`: at a glance whether all is well, for a person and for a monitoring system.

What counts is attention: each point is either fine or asks for something, and one that asks makes the exit status 1.
It needs no `watch`; where one runs, its status file is shown beside what the database knows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import format_instant, parse_instant

if TYPE_CHECKING:
    from monitor.parts import Parts
    from storage.lock import Holder

SILENT_AFTER = timedelta(minutes=10)
"""An idle `watch` writes its status file every minute; one round may take a while."""

UNSENT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Point:
    """One line: what it is about, what there is to say, and whether it asks for attention."""

    about: str
    words: str
    needs_attention: bool = False


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--alive", is_flag=True, help="Only whether `watch` is alive and moves on: for a container's health check."
)
@click.pass_obj
def command(config_path: str | None, as_json: bool, alive: bool) -> None:
    """Show at a glance whether all is well, with or without a `watch`.

    \b
    Exit status: 0 all is well; 1 something needs attention, the table says what;
    2 settings are wrong; 5 the database cannot be used.

    \b
    pricefall status || mail -s "Pricefall" you@example.com
    pricefall status --alive          # for a container's health check
    pricefall status --json | jq .attention
    """
    from pathlib import Path

    from monitor.parts import lock_path, open_to_read, utc_now
    from monitor.settings import load_settings
    from monitor.watch_file import read_watch_file, watch_file_path
    from storage.lock import find_holder

    settings = load_settings(Path(config_path) if config_path else None, with_secrets=False)
    now = utc_now()
    holder = find_holder(lock_path(settings))
    watch = read_watch_file(watch_file_path(settings.database))
    points = [*_watch(watch, holder, now, is_wanted=alive)]
    facts: dict[str, Any] = {"watch": watch, "lock": _lock_json(holder)}
    if not alive:
        with open_to_read(config_path) as parts:
            facts |= _facts(parts, now)
        points += [*_lock(holder, watch), *_points(facts, now)]
    attention = [f"{point.about}: {point.words}" for point in points if point.needs_attention]
    if as_json:
        said = {"is_well": not attention, "attention": attention, "at": format_instant(now), **facts}
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        _show(points)
    sys.exit(1 if attention else 0)


def _show(points: Iterable[Point]) -> None:
    from monitor.tables import print_rows

    rows = [{"": "!" if p.needs_attention else "", "about": p.about, "what": p.words} for p in points]
    print_rows(rows, title="Status")


def _watch(watch: dict[str, Any] | None, holder: Holder | None, now: datetime, *, is_wanted: bool) -> Iterator[Point]:
    """The process that `watch` is; a file that a dead one left is said to be that."""
    if watch is None or watch["state"] == "stopped":
        ended = "no `pricefall watch` runs"
        if watch is not None:
            ended += f"; the last one stopped as it should at {watch['written_at']}"
        yield Point("watch", ended, is_wanted)
        return
    if holder is None or holder.pid != watch["pid"]:
        words = (
            f"the status file is stale: pid {watch['pid']} is dead, it last wrote at {watch['written_at']}; start it"
        )
        yield Point("watch", words, needs_attention=True)
        return
    if holder.state == "stopped":
        words = f"pid {watch['pid']} is stopped (SIGSTOP): continue it with `kill -CONT {watch['pid']}`"
        yield Point("watch", words, needs_attention=True)
        return
    doing = f"looks at {', '.join(watch['looking_at'])}" if watch["state"] == "looking" else "waits for what is due"
    words = f"pid {watch['pid']}, version {watch['version']}, since {watch['started_at']}: {doing}"
    if watch["queue"]:
        words += f", then {', '.join(watch['queue'])}"
    written = parse_instant(watch["written_at"]) or now
    silent = now - written
    is_late = watch["state"] == "idle" and silent > SILENT_AFTER
    if is_late:
        words += f"; it has written nothing since {watch['written_at']} and may hang"
    yield Point("watch", words, is_late)
    if watch["due"]:
        name, at = min(watch["due"].items(), key=lambda pair: pair[1])
        yield Point("next look", f"{name.partition('-')[2]} at {at}")
    last = watch["last_round"]
    if last is not None:
        yield Point("last round", f"{', '.join(last['providers'])}: {last['status']}, ended {last['finished']}")
    if watch["last_error"]:
        yield Point("last error", f"{watch['last_error']['at']}: {watch['last_error']['words']}")


def _lock(holder: Holder | None, watch: dict[str, Any] | None) -> Iterator[Point]:
    if holder is None:
        yield Point("lock", "free: nothing is at work")
    elif watch is None or holder.pid != watch["pid"]:
        words = f"held by pid {holder.pid} since {format_instant(holder.since)}, which is {holder.state}"
        yield Point("lock", words, holder.state in {"stopped", "gone"})


def _lock_json(holder: Holder | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    return {"pid": holder.pid, "since": format_instant(holder.since), "state": holder.state}


def _facts(parts: Parts, now: datetime) -> dict[str, Any]:
    """What the database knows, as the JSON shows it."""
    from monitor.alerts.payload import incident_json
    from monitor.health import look_at_health, stands_still
    from storage import outbox, queries

    store, settings = parts.store, parts.settings
    health = look_at_health(store, settings, parts.catalog.values(), now)
    runs = [run for run in queries.runs(store) if run["command"] in {"run", "watch"}]
    last_at = parse_instant(runs[0]["finished_at"] or runs[0]["started_at"]) if runs else None
    idle = stands_still(last_at, settings.health, now)
    pages = queries.providers(store)
    oldest = store.connection.rows("SELECT min(created_at) AS at FROM alerts WHERE state = 'pending'")[0]["at"]
    log = store.path.with_name(store.path.name + "-wal")
    return {
        "last_run": runs[0] if runs else None,
        "pages": {
            "watched": sum(p.enabled for each in parts.catalog.values() if each.enabled for p in each.pages),
            "known": len(pages),
            "failing": sum(page["failures"] > 0 for page in pages),
            "due": _due(pages, {each.id: each.interval_s for each in parts.catalog.values()}, now),
        },
        "alerts": {**outbox.counts(store), "oldest_pending": oldest},
        "disabled_channels": outbox.disabled_channels(store),
        "held": sum(page["held"] for page in pages),
        "waiting": sum(page["waiting"] for page in pages),
        "incidents": [incident_json(each, settings.language) for each in (*([idle] if idle else ()), *health.open)],
        "feeds": [dict(row) for row in store.connection.rows("SELECT id, last_ok_at, failures, last_error FROM feeds")],
        "database": {
            "path": str(store.path),
            "bytes": store.path.stat().st_size,
            "wal_bytes": log.stat().st_size if log.exists() else 0,
        },
    }


def _due(pages: list[dict[str, Any]], intervals: dict[str, int], now: datetime) -> int:
    """How many pages have not been looked at for as long as their provider's interval."""
    count = 0
    for page in pages:
        seen = parse_instant(page["last_checked_at"])
        interval = intervals.get(page["provider"])
        if interval is not None and (seen is None or now - seen >= timedelta(seconds=interval)):
            count += 1
    return count


def _points(facts: dict[str, Any], now: datetime) -> Iterator[Point]:
    last = facts["last_run"]
    if last is None:
        yield Point("last run", "there was none yet; `pricefall run` makes the first", needs_attention=True)
    else:
        was_killed = last["status"] == "running" and facts["lock"] is None
        words = f"{last['command']} at {last['started_at']}: {'killed' if was_killed else last['status']}"
        yield Point("last run", words, was_killed or last["status"] in {"all_failed", "interrupted"})
    pages = facts["pages"]
    yield Point(
        "pages", f"{pages['watched']} watched, {pages['failing']} failing, {pages['due']} due by their interval"
    )
    yield from _alert_points(facts, now)
    if facts["held"] or facts["waiting"]:
        words = f"{facts['held']} held for a person, {facts['waiting']} wait for another look; see `pricefall review`"
        yield Point("changes", words)
    for incident in facts["incidents"]:
        about = " ".join(filter(None, (incident["provider"], incident["url"]))) or "all pages"
        words = f"{about}: {incident['title']} since {incident['since']}; see `pricefall health`"
        yield Point("incident", words, incident["kind"] != "retirement")
    for feed in facts["feeds"]:
        if feed["failures"]:
            yield Point("feed", f"{feed['id']}: failed {feed['failures']} times: {feed['last_error']}")
    healthy = sum(not feed["failures"] for feed in facts["feeds"])
    yield Point("feeds", f"{healthy} of {len(facts['feeds'])} answered when last asked")
    size = facts["database"]
    yield Point("database", f"{size['path']}: {size['bytes']:,} bytes, log {size['wal_bytes']:,} bytes")


def _alert_points(facts: dict[str, Any], now: datetime) -> Iterator[Point]:
    """The outbox; a message that nobody could send for an hour wants to be looked after."""
    alerts = facts["alerts"]
    oldest = parse_instant(alerts["oldest_pending"])
    is_late = oldest is not None and now - oldest > UNSENT_AFTER
    words = f"{alerts['pending']} wait for delivery, {alerts['collected']} for a digest, {alerts['dead']} were given up"
    words += f", {alerts['withdrawn']} withdrawn" if alerts["withdrawn"] else ""
    if is_late:
        words += f"; the oldest waits since {alerts['oldest_pending']}: see `pricefall alerts list --state pending`"
    yield Point("alerts", words, is_late or alerts["dead"] > 0)
    for channel, why in facts["disabled_channels"].items():
        yield Point("channel", f"{channel} is disabled: {why}", needs_attention=True)
