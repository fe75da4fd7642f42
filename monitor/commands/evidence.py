"""`pricefall evidence`: the words that a price was read from, and the page that they stand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.parts import Parts

_ENDINGS = {"markdown": "md", "text": "txt"}


@click.command()
@click.argument("model")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--meter", help="Only this meter: input, output, cached_input, ...")
@click.option("--tier", help="Only this service tier: standard, batch, flex, priority, ...")
@click.option("--at", metavar="DATE", help="Of the price in force at this date instead of now.")
@click.option(
    "--save",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the raw pages here.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def command(
    config_path: str | None,
    model: str,
    provider: str | None,
    meter: str | None,
    tier: str | None,
    at: str | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show where prices were read: words, place, page and capture.

    MODEL is a name or a pattern, of prices in force; or the number of one price
    (`rate_id` in --json, exports and views), in force or not.

    \b
    pricefall evidence deepseek-chat --meter input
    pricefall evidence 4711 --save pages
    pricefall evidence 'gpt-4*' --at 2024-05-20 --save pages
    """
    from monitor.arguments import known_meter, known_provider, moment, unknown_words, warn_of_old
    from monitor.parts import open_to_read
    from monitor.tables import visible, write_rows
    from storage import queries
    from storage.rate_evidence import evidence_of

    with open_to_read(config_path) as parts:
        known_provider(parts, provider)
        known_meter(meter)
        when = moment(at, "--at")
        rows = queries.evidence(parts.store, model, provider, meter, tier, when)
        warn_of_old(parts, rows, when)
        if not rows and model.isdecimal() and len(model) < 19:  # SQLite counts no further
            rows = evidence_of(parts.store, int(model))
        saved = _save(parts, rows, folder) if folder is not None else []
        unknown = None if rows else unknown_words(parts.store, model, tier)
    if not rows:
        nothing = f"no price has the number {model}" if model.isdecimal() else f"no price of {model!r} is in force"
        click.echo(f"{nothing}; {unknown or '`pricefall prices` shows all'}", err=True)
    if as_json:
        write_rows(rows, as_json=True, as_csv=False)
    else:
        for row in rows:
            click.echo(
                visible(f"{row['provider']} {row['model']} {row['meter']} ({row['service_tier']}): {_price(row)}")
            )
            for line in _found_later(row) if "source" in row else _seen(row):
                click.echo(visible(f"  {line}"))
    for path in saved:
        click.echo(f"wrote {path}", err=as_json)


def _seen(row: dict[str, Any]) -> list[str]:
    """Where a watched page says so."""
    return [
        f"read      {row['quote']!r}",
        f"at        {row['locator']}",
        f"on        {row['url']}",
        f"captured  {row['captured_at']}, {row['bytes']} bytes, sha256 {row['sha256']}",
        f"seen      {row['seen_from']} to {row['seen_until']}",
        *([f"ended     {row['ended_at']}"] if row.get("ended_at") else []),
    ]


def _found_later(row: dict[str, Any]) -> list[str]:
    """Who says so of a price that no watched page showed."""
    lines = [f"said by   {row['citation']} ({row['source']}, confidence {row['confidence']})"]
    if row["url"]:
        lines += [f"read      {row['quote']!r}", f"at        {row['locator']}", f"on        {row['url']}"]
    lines.append(f"held      {row['holds_from'] or '?'} to {row['holds_until'] or '?'}")
    return [*lines, f"recorded  {row['recorded_at']}, found later"]


def _price(row: dict[str, Any]) -> str:
    from monitor.tables import conditions_text, price_text
    from scrapers.rates import Rate

    rate = Rate.from_json(row)
    conditions = conditions_text(rate.conditions)
    return price_text(rate) + (f", {conditions}" if conditions else "")


def _save(parts: Parts, rows: list[dict[str, Any]], folder: Path) -> list[Path]:
    """The raw pages, each once, named by day, provider and content."""
    from scrapers.documents.decode import decode, sniff_kind

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    names = {sha256: row for row in rows for sha256 in (row["sha256"], row.get("companion_sha256")) if sha256}
    for sha256, row in names.items():
        body = parts.archive.get(sha256)
        kind = sniff_kind(decode(body))
        day = (row.get("captured_at") or row["seen_from"])[:10]
        name = f"{day}-{row['provider']}-{sha256[:12]}.{_ENDINGS.get(kind, kind)}"
        path = folder / name
        path.write_bytes(body)
        written.append(path)
    return written
