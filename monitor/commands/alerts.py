"""`pricefall alerts`: test the channels, look into the outbox, send again."""

from __future__ import annotations

import json
import sys

import click


@click.group()
def command() -> None:
    """Test channels, list and retry messages."""


@command.command("test")
@click.argument("channels", nargs=-1)
@click.pass_obj
def test(config_path: str | None, channels: tuple[str, ...]) -> None:
    """Send one test message through each channel, or through those named."""
    from monitor.alerts.errors import DeliveryError
    from monitor.alerts.sender import send_test
    from monitor.parts import read_settings, utc_now

    settings = read_settings(config_path)
    names = channels or tuple(channel.id for channel in settings.channels)
    if not names:
        raise click.UsageError("no [[channel]] is in the settings; `pricefall init` writes examples to uncomment")
    for name in names:
        settings.channel(name)  # all names are known before anything is sent
    failed = False
    for name in names:
        try:
            addresses = send_test(settings, name, utc_now())
        except DeliveryError as err:
            failed = True
            click.echo(f"{name}: failed: {err.message}", err=True)
        else:
            click.echo(f"{name}: sent to {', '.join(addresses)}")
    sys.exit(1 if failed else 0)


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["pending", "sent", "dead", "withdrawn", "collected", "folded"]),
    help="Only messages in this state.",
)
@click.option("--limit", type=int, default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def list_(config_path: str | None, state: str | None, limit: int, as_json: bool, as_csv: bool) -> None:
    """List messages, newest first."""
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
            for alert in list_alerts(parts.store, state=state, limit=limit)
        ]
    write_rows(rows, as_json=as_json, as_csv=as_csv, empty="no message is in the outbox")


@command.command("show")
@click.argument("alert_id")
@click.pass_obj
def show(config_path: str | None, alert_id: str) -> None:
    """Print one message's payload as JSON."""
    from monitor.parts import open_to_read
    from storage.outbox import get_alert

    with open_to_read(config_path) as parts:
        click.echo(json.dumps(dict(get_alert(parts.store, alert_id).payload), ensure_ascii=False, indent=1))


@command.command("retry")
@click.argument("alert_ids", nargs=-1)
@click.option(
    "--now", "at_once", is_flag=True, help="Also send at once what waits for its next attempt, quiet hours or a digest."
)
@click.pass_obj
def retry(config_path: str | None, alert_ids: tuple[str, ...], at_once: bool) -> None:
    """Wake messages that were given up, all or those named, and deliver what is due."""
    from monitor.alerts.sender import deliver_due
    from monitor.parts import open_locked, utc_now
    from storage import outbox

    with open_locked(config_path) as parts:
        for alert_id in alert_ids:
            outbox.get_alert(parts.store, alert_id)
        woken = outbox.retry_dead(parts.store, utc_now(), alert_ids or None)
        if at_once:
            outbox.hasten(parts.store, utc_now())
        delivered = deliver_due(parts.store, parts.settings, utc_now())
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
