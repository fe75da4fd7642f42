"""`pricefall backfill`: history from before anybody watched, marked as found later; nobody is ever told of it."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Fill in the past: what happened before anybody watched.

    What is found is marked as found later and answers only for the time before
    a seller's pages were watched. Nobody is told of it. See docs/history.md.

    \b
    pricefall backfill history
    """


@command.command("history")
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Your own files of facts instead of the shipped ones.",
)
@click.pass_obj
def history(config_path: str | None, folder: Path | None) -> None:
    """Load the curated facts of 2023 to 2026, each with its source.

    Loading them again changes nothing; it needs no network.

    \b
    pricefall backfill history
    pricefall prices --at 2023-12-15 --model 'gpt-4*'
    """
    say_loaded(config_path, folder)


def say_loaded(config_path: str | None, folder: Path | None = None) -> None:
    """Load facts and say what came of it."""
    from monitor.backfill.facts import SHIPPED_HISTORY
    from monitor.backfill.history import load_history
    from monitor.parts import open_locked, utc_now

    with open_locked(config_path) as parts:
        done = load_history(parts.store, utc_now(), folder or SHIPPED_HISTORY)
    click.echo(
        f"{done.prices} prices and {done.changes} changes from {done.files} files of facts: "
        f"{done.added} rows are new, {done.superseded} taken back"
    )
