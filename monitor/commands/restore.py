"""`pricefall restore FILE`: a backup in the place of the database; the old file is kept."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("backup", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Although a database is there; it is kept under another name.")
@click.pass_obj
def command(config_path: str | None, backup: Path, force: bool) -> None:
    """Put the backup FILE in the place of the database, once it was checked. Stop `pricefall watch` before.

    \b
    pricefall restore pricefall.db.v16-20261124T080000Z.bak --force
    """
    from monitor.parts import lock_path, read_settings, utc_now
    from storage.lock import RunLock
    from storage.restoring import restore
    from storage.schema import latest_version

    settings = read_settings(config_path)
    database = settings.database
    with RunLock(lock_path(settings), database=database, timeout_s=settings.monitor.lock_timeout_s):
        copied, kept = restore(database, backup, utc_now(), overwrite=force)
    click.echo(f"{database} is {backup} now: {copied.words}")
    if kept is not None:
        click.echo(f"the old file is {kept}; delete it, and what stands beside it, when nothing is missing")
    if copied.version < latest_version():
        click.echo(f"it has schema version {copied.version}; the next `pricefall run` migrates it")
