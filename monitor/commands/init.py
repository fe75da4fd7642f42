"""`pricefall init`: a commented settings file to start from, and the known past where it is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--history/--no-history", "with_history", default=None, help="Load the prices of 2023 to 2026, or not.")
@click.pass_obj
def command(config_path: str | None, folder: Path, with_history: bool | None) -> None:
    """Write pricefall.toml and an empty providers/ into FOLDER (default: here).

    Nothing that exists is overwritten. In a terminal you are asked whether the
    curated prices of 2023 to 2026 are to be loaded; see docs/history.md.
    """
    from monitor.settings import write_default

    path = Path(config_path) if config_path else folder / "pricefall.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_default(path)
    (path.parent / "providers").mkdir(exist_ok=True)
    click.echo(
        f"wrote {path}; uncomment a [[channel]] and a [[rule]], then `pricefall alerts test` and `pricefall run`"
    )
    if with_history is None and sys.stdin.isatty():
        with_history = click.confirm("Load the curated prices of 2023 to 2026? It needs no network", default=True)
    if with_history:
        from monitor.commands.backfill import say_loaded

        say_loaded(str(path))
    elif with_history is None:
        click.echo("`pricefall backfill history` loads the curated prices of 2023 to 2026")
