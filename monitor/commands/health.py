"""`pricefall health`: what is wrong with the watching itself, as it stands now."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.parts import Parts
    from storage.incidents import Incident


@click.command()
@click.option("--all", "with_closed", is_flag=True, help="Also those that are over.")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--notices", is_flag=True, help="Instead: renames, moved aliases and new columns of the last 30 days.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def command(config_path: str | None, with_closed: bool, provider: str | None, notices: bool, as_json: bool) -> None:
    """Show what is wrong with the watching itself: since when, why, what to do.

    \b
    Exit status: 0 nothing is wrong (a model that will be retired is no fault);
    1 something is; 5 the database cannot be used.

    \b
    pricefall health || mail -s "Pricefall" you@example.com
    pricefall health --all --provider openai
    """
    from monitor.arguments import known_provider
    from monitor.parts import open_to_read

    with open_to_read(config_path) as parts:
        chosen = known_provider(parts, provider)
        if notices:
            _show_notices(parts, chosen, as_json=as_json)
            return
        is_open = [each for each in _open(parts) if chosen is None or each.provider in {chosen, ""}]
        over = _closed(parts, chosen) if with_closed else []
        language = parts.settings.language
    _show([*over, *is_open], language, as_json=as_json)
    sys.exit(1 if any(incident.kind != "retirement" for incident in is_open) else 0)


def _open(parts: Parts) -> list[Incident]:
    """What is wrong at this moment, whether or not a run has found it yet."""
    from monitor.health import look_at_health, stands_still
    from monitor.parts import utc_now
    from scrapers.rates import parse_instant
    from storage import queries

    now = utc_now()
    health = look_at_health(parts.store, parts.settings, parts.catalog.values(), now)
    last = next((run for run in queries.runs(parts.store) if run["command"] in {"run", "watch"}), None)
    last_at = parse_instant(last["finished_at"] or last["started_at"]) if last else None
    idle = stands_still(last_at, parts.settings.health, now)
    return sorted([*([idle] if idle else []), *health.open], key=lambda incident: incident.since)


def _closed(parts: Parts, provider: str | None) -> list[Incident]:
    from storage.incidents import list_incidents

    return [each for each in list_incidents(parts.store, provider, with_closed=True) if each.closed_at is not None]


def _show(incidents: list[Incident], language: str, *, as_json: bool) -> None:
    from monitor.alerts.payload import incident_json
    from monitor.tables import print_rows

    said = [incident_json(incident, language) for incident in incidents]
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        print_rows([_for_people(each) for each in said], title="Health", empty="nothing is wrong")


def _for_people(said: dict[str, Any]) -> dict[str, Any]:
    from monitor.alerts.health_words import duration_text

    lasted = said["lasted_s"]
    return {
        "since": said["since"][:16].replace("T", " "),
        "over_after": "" if lasted is None else duration_text(lasted, "en"),
        "what": said["title"],
        "provider": said["provider"],
        "page": (said["url"] or "").removeprefix("https://"),
        "why": said["why"],
        "what_to_do": said["advice"] if lasted is None else "",
    }


def _show_notices(parts: Parts, provider: str | None, *, as_json: bool) -> None:
    from datetime import timedelta

    from monitor.parts import utc_now
    from monitor.tables import write_rows
    from storage import queries

    rows = queries.changes(parts.store, utc_now() - timedelta(days=30), ["notice"], provider)
    for_people = [
        {"seen": row["captured_at"][:10], "provider": row["provider"], "model": row["model"], "what": row["why"]}
        for row in rows
    ]
    shown = rows if as_json else for_people
    write_rows(shown, as_json=as_json, as_csv=False, title="Notices of the last 30 days", empty="nothing was noted")
