"""`pricefall rules`: what the rules are, what they made of an event, what one would have sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.settings import Settings
    from storage.nouns import Event
    from storage.store import Store


@click.group()
def command() -> None:
    """List rules, explain what was sent, try a rule on the past."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def list_(config_path: str | None, as_json: bool, as_csv: bool) -> None:
    """List the rules in their order: what each asks for, when it tells, and whom."""
    from monitor.parts import read_settings
    from monitor.rule_words import asks_for, tells_when
    from monitor.tables import write_rows

    settings = read_settings(config_path)
    rows = [
        {
            "rule": rule.id,
            "asks_for": asks_for(rule),
            "when": tells_when(rule, view.alerts.time_zone),
            "channels": whose or ", ".join(rule.channels),
        }
        for whose, view in _readers(config_path, settings)
        for rule in view.rules
    ]
    write_rows(rows, as_json=as_json, as_csv=as_csv, empty="no [[rule]] is in the settings, so nobody is told anything")
    if settings.alerts.match == "first" and not (as_json or as_csv):
        click.echo('match = "first": only the first rule of this list that matches an event applies')


@command.command("explain")
@click.argument("event_id", metavar="EVENT")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def explain(config_path: str | None, event_id: str, as_json: bool) -> None:
    """Say, rule by rule, why an event is sent or not, and what became of its messages.

    Rules are judged as they are now; the messages are those that were queued
    by the rules of their time. `pricefall changes --json` shows the ids of events.
    """
    from monitor.parts import open_to_read, read_settings, utc_now
    from monitor.progress import event_line
    from monitor.rule_words import fates_of
    from monitor.tables import visible
    from storage.subscribers import PREFIX

    settings = read_settings(config_path)
    with open_to_read(config_path) as parts:
        event = parts.store.event(event_id)
        if event is None:
            raise click.UsageError(f"no event has the id {event_id!r}; `pricefall changes --json` shows them")
        readers = _readers(config_path, settings)
        found, *others = (_explained(parts.store, event, view) for _whose, view in readers)
        own = [
            {"subscriber": whose.removeprefix(PREFIX), "severity": said["severity"], "rules": said["rules"]}
            for (whose, _view), said in zip(readers[1:], others, strict=True)
        ]
        fates = fates_of(parts.store, event_id, settings, utc_now())
    if as_json:
        click.echo(json.dumps({**found, "subscribers": own, "alerts": fates}, ensure_ascii=False, indent=1))
        return
    click.echo(f"{event.captured_at:%Y-%m-%d %H:%M}Z {visible(' '.join(event_line(event).split()))}")
    click.echo(f"severity: {found['severity']}")
    for rule in found["rules"]:
        click.echo(_verdict(rule))
    for reader in own:
        for rule in reader["rules"]:
            click.echo(f"{reader['subscriber']}: {_verdict(rule)}")
    for fate in fates:
        click.echo(f"{fate['channel']}: {visible(fate['fate'])} ({fate['id']}, by {fate['rule']})")
    if not fates:
        click.echo("no message was queued: the rules of that time did not ask for it, or there were none")


@command.command("test")
@click.argument("rule_id", metavar="RULE")
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="So far back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def test(config_path: str | None, rule_id: str, days: int, as_json: bool) -> None:
    """Show which events of the past a rule would have sent. Nothing is sent.

    \b
    pricefall rules test cuts --days 30
    """
    from datetime import timedelta

    from monitor.parts import open_to_read, read_settings, utc_now
    from monitor.progress import event_line
    from monitor.tables import visible
    from scrapers.catalog import nearest

    settings = read_settings(config_path)
    known = [rule.id for rule in settings.rules]
    if rule_id not in known:
        raise click.UsageError(f"no [[rule]] of the settings is called {rule_id!r}{nearest(rule_id, known)}")
    with open_to_read(config_path) as parts:
        events = parts.store.events_since(utc_now() - timedelta(days=days))
        explained = [(event, _explained(parts.store, event, settings)) for event in events]
    told = [
        (event, found)
        for event, found in explained
        if any(rule["rule"] == rule_id and rule["matches"] for rule in found["rules"])
    ]
    if as_json:
        rows = [{**event.to_json(), "severity": found["severity"]} for event, found in told]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for event, found in told:
        line = visible(" ".join(event_line(event).split()))
        click.echo(f"{event.captured_at:%Y-%m-%d %H:%M}Z {found['severity']:<6} {line}")
    click.echo(f"{len(told)} of {len(events)} events of the last {days} days")


def _verdict(rule: dict[str, Any]) -> str:
    from monitor.tables import visible

    return f"rule {rule['rule']}: {'tells it' if rule['matches'] else 'does not'}: {visible(rule['why'])}"


def _readers(config_path: str | None, settings: Settings) -> list[tuple[str, Settings]]:
    """The settings of the operator (""), then of each subscriber with the address as the outbox has it."""
    from monitor.parts import open_to_read
    from monitor.subscribers import everyone, view_of
    from storage.subscribers import PREFIX

    subscribers = settings.subscribers
    if settings.database.exists():
        with open_to_read(config_path) as parts:
            subscribers = everyone(parts.store, settings)
    return [("", settings), *((PREFIX + each.address, view_of(each, settings)) for each in subscribers)]


def _explained(store: Store, event: Event, settings: Settings) -> dict[str, Any]:
    """What the rules of the settings say to an event, with its effects on the workloads at its time."""
    from monitor.effects import effects_then
    from monitor.rules import explain as judged
    from monitor.severity import severity_of

    effects = effects_then(store, event, settings.workloads)
    return {
        "event": event.id,
        "severity": severity_of(event, effects.get(event.id, ()), settings.workloads),
        "rules": [
            {"rule": verdict.rule, "matches": verdict.matches, "why": verdict.why}
            for verdict in judged(event, settings, effects)
        ],
    }
