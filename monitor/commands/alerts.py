"""`pricefall alerts`: test the channels, look into the outbox, send again."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.alerts.reader import Reader
    from monitor.parts import Parts


@click.group()
def command() -> None:
    """Test channels, list and retry messages."""


@command.command("test")
@click.argument("channels", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array: address, ok, error, what was sent.")
@click.pass_obj
def test(config_path: str | None, channels: tuple[str, ...], as_json: bool) -> None:
    """Send one test message through each channel, or through those named, and show it.

    Status 0: all took it. Status 1: one did not. Status 2: no such channel, or the settings are wrong.
    """
    from monitor.alerts.sender import send_test
    from monitor.parts import read_settings, utc_now
    from monitor.tables import visible

    settings = read_settings(config_path)
    names = channels or tuple(channel.id for channel in settings.channels)
    if not names:
        raise click.UsageError("no [[channel]] is in the settings; `pricefall init` writes examples to uncomment")
    for name in names:
        settings.channel(name)  # all names are known before anything is sent
    told = []
    for name in names:
        for message in send_test(settings, name, utc_now()):
            kind = settings.channel(name).type
            ok = message.error is None
            row = {"address": message.address, "type": kind, "ok": ok, "error": message.error, "sent": message.sent}
            told.append(row)
            if as_json:
                continue
            if message.error is None:
                click.echo(f"{message.address}: sent:")
            else:
                click.echo(f"{message.address}: failed: {message.error}", err=True)
            text = message.sent if isinstance(message.sent, str) else _json(message.sent)
            click.echo("".join(f"    {visible(line)}\n" for line in text.splitlines()), nl=False)
    if as_json:
        click.echo(_json(told))
    sys.exit(0 if all(row["ok"] for row in told) else 1)


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["pending", "sent", "dead", "withdrawn", "collected", "folded"]),
    help="Only messages in this state.",
)
@click.option("--channel", help="Only messages to this channel, `subscriber`, or one address.")
@click.option("--rule", help="Only messages that this rule asked for.")
@click.option("--since", metavar="DATE", help="Only messages written since then: 2026-05-01, or an instant in UTC.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def list_(
    config_path: str | None,
    state: str | None,
    channel: str | None,
    rule: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List messages, newest first."""
    from monitor.arguments import moment
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from storage.outbox import list_alerts

    with open_to_read(config_path) as parts:
        rows = [
            {
                "id": alert.id,
                "channel": alert.channel,
                "rule": alert.rule,
                "state": alert.state,
                "attempts": alert.attempts,
                "events": len(alert.event_ids),
                "created": f"{alert.created_at:%Y-%m-%d %H:%M}Z",
                "next_attempt": f"{alert.due_at:%Y-%m-%d %H:%M}Z" if alert.due_at else None,
                "last_error": alert.last_error,
            }
            for alert in list_alerts(
                parts.store,
                state=state,
                channel=channel,
                rule=rule,
                since=moment(since, "--since", "start"),
                limit=limit,
            )
        ]
    is_narrowed = any(asked is not None for asked in (state, channel, rule, since))
    empty = "no message fits; `pricefall alerts list` shows all" if is_narrowed else "no message is in the outbox"
    write_rows(rows, as_json=as_json, as_csv=as_csv, empty=empty)


@command.command("show")
@click.argument("alert_id")
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "html", "json"]),
    default="text",
    show_default=True,
    help="The message as mail shows it, its HTML alone, or all that is known of it.",
)
@click.pass_obj
def show(config_path: str | None, alert_id: str, form: str) -> None:
    """Show one message as a person gets it, and each attempt to deliver it."""
    from monitor.alerts.messages import compose
    from monitor.parts import open_to_read
    from monitor.tables import visible
    from scrapers.rates import format_instant
    from storage.deliveries import attempts_of
    from storage.outbox import get_alert

    with open_to_read(config_path) as parts:
        alert = get_alert(parts.store, alert_id)
        attempts = attempts_of(parts.store, alert_id)
        language, reader = _reader_of(parts, alert.channel)
    if form == "json":
        tries = [
            {
                "attempt": each.number,
                "at": format_instant(each.at),
                "outcome": each.outcome,
                "error": each.error,
                "next_attempt": format_instant(each.next_attempt_at),
            }
            for each in attempts
        ]
        head = {"id": alert.id, "channel": alert.channel, "rule": alert.rule, "state": alert.state}
        click.echo(_json({**head, "deliveries": tries, "payload": dict(alert.payload)}))
        return
    message = compose(alert.payload, language, reader=reader)
    if form == "html":
        click.echo(message.html)
        return
    click.echo(f"To: {alert.channel}\nSubject: {visible(message.subject)}\n")
    click.echo("\n".join(visible(line) for line in message.text.splitlines()))
    click.echo(f"\n{alert.state}:" if attempts else f"\n{alert.state}, not tried yet")
    for each in attempts:
        then = f", again at {format_instant(each.next_attempt_at)}" if each.next_attempt_at else ""
        why = f": {visible(each.error)}" if each.error else ""
        click.echo(f"  {each.number}. {format_instant(each.at)} {each.outcome}{why}{then}")


def _reader_of(parts: Parts, address: str) -> tuple[str, Reader | None]:
    """The language of a message, and the subscriber who gets it, if one does; the link is not shown."""
    from monitor.alerts.reader import Reader
    from monitor.converting import converter_of
    from monitor.subscribers import everyone
    from storage.subscribers import PREFIX, key_of

    settings = parts.settings
    if not address.startswith(PREFIX):
        return settings.language, None
    name = key_of(address.removeprefix(PREFIX))
    who = next((each for each in everyone(parts.store, settings) if key_of(each.address) == name), None)
    hidden = "https://..."
    if who is None:
        return settings.language, Reader(hidden)
    return who.language or settings.language, Reader(hidden, who.currency, converter_of(settings))


@command.command("retry")
@click.argument("alert_ids", nargs=-1)
@click.option(
    "--now", "at_once", is_flag=True, help="Also send at once what waits for its next attempt, quiet hours or a digest."
)
@click.pass_obj
def retry(config_path: str | None, alert_ids: tuple[str, ...], at_once: bool) -> None:
    """Wake messages that were given up, all or those named, and deliver what is due."""
    from monitor.alerts.sender import deliver_due
    from monitor.converting import converter_of
    from monitor.parts import open_locked, utc_now
    from storage import outbox

    with open_locked(config_path) as parts:
        for alert_id in alert_ids:
            outbox.get_alert(parts.store, alert_id)
        woken = outbox.retry_dead(parts.store, utc_now(), alert_ids or None)
        if at_once:
            outbox.hasten(parts.store, utc_now())
        delivered = deliver_due(parts.store, parts.settings, utc_now(), convert=converter_of(parts.settings))
    click.echo(
        f"{woken} woken; {delivered.sent} sent, {delivered.retried} to be tried again, {delivered.dead} given up"
    )
    for failure in delivered.failures:
        click.echo(f"{failure.alert_id} to {failure.channel}: {failure.error}", err=True)
    sys.exit(1 if delivered.failures else 0)


@command.command("enable")
@click.argument("address")
@click.pass_obj
def enable(config_path: str | None, address: str) -> None:
    """Use a channel again that was disabled because its receiver said that it is gone."""
    from monitor.parts import open_locked
    from storage import outbox

    with open_locked(config_path) as parts:
        disabled = outbox.disabled_channels(parts.store)
        if address not in disabled:
            raise click.UsageError(f"{address!r} is not disabled; disabled are: {', '.join(disabled) or 'none'}")
        outbox.enable_channel(parts.store, address)
    click.echo(f"{address} is used again; what waited for it is sent with the next run")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
