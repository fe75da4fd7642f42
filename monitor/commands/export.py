"""`pricefall export`: prices, their history or the changes, as a file for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from monitor.export_files import FORMATS, Format
from storage.export import VIEWS, Exported


@click.command()
@click.argument("what", type=click.Choice(list(VIEWS)))
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default what the ending of FILE says, else csv.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the terminal.")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--model", metavar="PATTERN", help="Only models that match.")
@click.option("--meter", help="Only this meter: input, output, cached_input, ...")
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
@click.pass_obj
def command(
    config_path: str | None,
    what: Exported,
    form: Format | None,
    out: Path | None,
    provider: str | None,
    model: str | None,
    meter: str | None,
    as_json: bool,
) -> None:
    """Write all prices in force, their history or the changes as CSV, JSON Lines or Parquet.

    The columns are those of the views current_prices, price_history and
    price_events (docs/database.md); money is exact text. A file takes its name
    when it is whole.

    \b
    pricefall export prices --out prices.csv
    pricefall export history --provider openai --out history.parquet
    pricefall export changes --format jsonl | jq .why
    """
    from monitor.arguments import known_meter, known_provider, unknown_words, warn
    from monitor.export_files import WRITERS, new_file
    from monitor.parts import open_to_read
    from storage.export import exported

    chosen = _format("jsonl" if as_json else form, out)
    if out is None and chosen == "parquet":
        raise click.UsageError("Parquet is no text; name a file: --out prices.parquet")
    if out is not None and not out.parent.is_dir():
        raise click.UsageError(f"there is no folder {out.parent} for {out.name}; make it first")
    with open_to_read(config_path) as parts:
        known_provider(parts, provider)
        known_meter(meter)
        columns, rows = exported(parts.store, what, provider=provider, model=model, meter=meter)
        if out is None:
            count = WRITERS[chosen](columns, rows, sys.stdout.buffer)
        else:
            with new_file(out) as file:
                count = WRITERS[chosen](columns, rows, file)
        unknown = None if count else unknown_words(parts.store, model)
    if not count:
        warn(unknown or f"there are no such {what}")
    if out is not None:
        click.echo(f"wrote {out}: {count} rows")


def _format(asked: Format | None, out: Path | None) -> Format:
    """What was asked for, else what the file's name says.

    Raises:
        click.UsageError: the name says nothing that is known.

    """
    from scrapers.catalog import nearest

    if asked is not None:
        return asked
    if out is None:
        return "csv"
    ending = out.suffix.removeprefix(".").lower()
    for known in FORMATS:
        if ending == known:
            return known
    raise click.UsageError(
        f"{out.name} does not say which format{nearest(ending, FORMATS)}; end it in .csv, .jsonl or .parquet, "
        "or say --format"
    )
