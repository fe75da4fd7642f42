"""`pricefall backup [FILE]`: a whole copy of the database, also while a run writes to it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("target", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@click.pass_obj
def command(config_path: str | None, target: Path | None, force: bool) -> None:
    """Copy the database to FILE, or beside it under a name with the date, and check the copy.

    A folder gets a file of that name. The archive of raw pages only grows, so any copy of it will do.

    \b
    pricefall backup
    pricefall backup /var/backups/pricefall.db --force
    """
    from monitor.parts import read_settings, utc_now
    from storage.backup import backup_name
    from storage.restoring import make_backup
    from storage.schema import latest_version

    database = read_settings(config_path).database
    named = backup_name(database, latest_version(), utc_now())
    if target is None:
        target = named
    elif target.is_dir():
        target = target / named.name
    copied = make_backup(database, target, overwrite=force)
    click.echo(f"{copied.path}: {copied.words}")
