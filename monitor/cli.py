"""The command `pricefall`: every sub-command is imported only when it is asked for, so that `--help` is quick.

Errors that a person can mend end in one sentence on standard error and an exit status, never in a traceback.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

EXIT_OK = 0
EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_PRICES = 3
EXIT_ALL_FAILED = 4
EXIT_STORE = 5
EXIT_MEMORY = 71
EXIT_ALREADY_RUNNING = 75
EXIT_TERMINATED = 143

_COMMANDS = {
    "init": "Write a commented pricefall.toml to start from.",
    "run": "Look at every enabled page once, compare, and tell.",
    "watch": "Keep looking, each provider at its own interval, until stopped.",
    "prices": "Show the prices in force.",
    "search": "Find models by words of their names, in any script.",
    "windows": "Show the hours of peak and off-peak prices.",
    "history": "Show how a model's prices moved.",
    "evidence": "Show where a price was read: words, page and capture.",
    "compare": "Compare the prices of two models.",
    "changes": "Show what happened to prices since a date.",
    "index": "Show how fast the lowest list prices fell, by class and lineage.",
    "report": "Write a site of all prices that opens from the disk.",
    "providers": "Show the providers and pages that are watched.",
    "compare-feeds": "Compare the prices in force with what feeds say.",
    "provider": "Add a provider: draft its file from a page, try it, check it.",
    "status": "Show at a glance whether all is well: last run, watch, queue, incidents.",
    "health": "Show what is wrong with the watching itself, since when and what to do.",
    "doctor": "Check settings, database, provider files and what the last run left.",
    "cost": "Price a month of work on the models in use, or on every model.",
    "cheapest": "Show on which models an amount of work costs least.",
    "review": "Decide about changes that were held.",
    "reread": "Read all kept captures again, and list what was misread.",
    "rules": "List rules, explain what was sent, try a rule on the past.",
    "subscribers": "List, add and remove those who get mails of their own.",
    "alerts": "Test channels, list and retry messages.",
    "export": "Write prices, history or changes as CSV, JSON Lines or Parquet.",
    "explore": "Show the database in a browser: searches, charts, questions.",
    "sql": "Run one read-only query against the database.",
    "backup": "Copy the database whole, also while a run is at work.",
    "restore": "Put a backup in the place of the database.",
    "verify": "Check that database and kept pages are what was written.",
    "prune": "Remove old captures that no stored price rests on.",
    "extract": "Read the prices on one saved page.",
    "replay": "Run dated captures through the whole pipeline.",
    "backfill": "Fill in the past, from curated facts and old captures.",
    "demo": "Watch the price war of 2023-24 happen on this machine.",
}


class _LateGroup(click.Group):
    """Knows the names of all commands, and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"monitor.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        if ctx.resilient_parsing:  # a shell asks what could be typed
            from monitor.completion import offer_words

            offer_words(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from scrapers.catalog import nearest

            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=_LateGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `pricefall demo`, then `pricefall init` and `pricefall run`.",
)
@click.option(
    "--config", "config_path", metavar="FILE", help="Settings file, instead of ./pricefall.toml and the others."
)
@click.version_option(package_name="pricefall", prog_name="pricefall")
@click.pass_context
def cli(ctx: click.Context, config_path: str | None) -> None:
    """Pricefall watches what LLM API providers charge, and tells you of price cuts and rises."""
    ctx.obj = config_path


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the console command; ends the process with a documented exit status."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # cron's LANG=C must not break a Chinese model name
            reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = cli.main(args=None if argv is None else list(argv), prog_name="pricefall", standalone_mode=False)
    except click.ClickException as err:
        err.show()
        status = EXIT_USAGE
    except click.Abort:
        click.echo("stopped", err=True)
        status = 130
    except BrokenPipeError:  # `pricefall prices | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as err:  # noqa: BLE001  (the one place that turns our errors into exit statuses)
        status = _explain(err)
    sys.exit(status if isinstance(status, int) else EXIT_OK)


def _explain(err: Exception) -> int:
    """Print what happened in one sentence and choose the exit status; an unknown error asks for a report."""
    from scrapers.catalog import ConfigError
    from scrapers.errors import ScrapeError
    from storage.errors import StoreError
    from storage.lock import AlreadyRunning

    if isinstance(err, AlreadyRunning):
        click.echo(f"pricefall: {err}", err=True)
        return EXIT_ALREADY_RUNNING
    if isinstance(err, StoreError):
        click.echo(f"pricefall: {err}", err=True)
        return EXIT_STORE
    if isinstance(err, ConfigError | ScrapeError | OSError):
        click.echo(f"pricefall: {err}", err=True)
        return EXIT_USAGE
    if isinstance(err, MemoryError):
        click.echo(
            "pricefall: there is not enough memory; nothing half was stored. Give it 1 GB, or lower "
            "`fetch.concurrency` and `fetch.max_bytes`",
            err=True,
        )
        return EXIT_MEMORY
    if os.environ.get("PRICEFALL_TRACEBACK"):
        raise err
    click.echo(
        f"pricefall: unexpected {type(err).__name__}: {err}\n"
        "This is a fault of Pricefall; nothing half was stored. Run again with PRICEFALL_TRACEBACK=1 and report it.",
        err=True,
    )
    return 70
