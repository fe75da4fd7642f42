"""`pricefall prune --older-than AGE`: captures that are the evidence of nothing."""

from __future__ import annotations

from datetime import timedelta

import click

_LEAST = timedelta(days=7)


@click.command()
@click.option("--older-than", "age", required=True, metavar="AGE", help="365d, 26w: only what is older than that.")
@click.option("--apply", "is_real", is_flag=True, help="Remove it; without this, it is only counted.")
@click.pass_obj
def command(config_path: str | None, age: str, is_real: bool) -> None:
    """Remove old captures that no price, event or notice rests on, with their pages, and old failed looks.

    What a stored price was read from always stays, and the newest 20 captures of each page. Without --apply nothing
    is removed, and what would be is counted.

    \b
    pricefall prune --older-than 365d
    pricefall prune --older-than 365d --apply
    """
    from monitor.parts import open_locked, utc_now
    from scrapers.catalog import ConfigError, parse_duration
    from storage.prune import prune

    try:
        old = timedelta(seconds=parse_duration(age, "--older-than"))
    except ConfigError as err:
        raise click.UsageError(str(err)) from err
    if old < _LEAST:
        raise click.UsageError(f"--older-than {age} is less than a week; what is so new may still be asked for")
    with open_locked(config_path) as parts:
        found = prune(parts.store.connection, parts.archive, utc_now() - old, dry_run=not is_real)
    told = (
        f"{found.captures} captures with {found.bodies} kept pages ({found.bytes / 1e6:.1f} MB packed), "
        f"{found.failed_looks} failed looks"
    )
    click.echo(f"removed: {told}" if is_real else f"would be removed: {told}; --apply removes it")
