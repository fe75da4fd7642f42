"""`pricefall history MODEL`: every price that a model had."""

from __future__ import annotations

from typing import Any

import click

from scrapers.rates import format_instant


@click.command()
@click.argument("model")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--meter", help="Only this meter.")
@click.option("--tier", help="Only this service tier.")
@click.option("--as-known-on", metavar="DATE", help="As the database knew it then: an instant, or the end of a day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    model: str,
    provider: str | None,
    meter: str | None,
    tier: str | None,
    as_known_on: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show how a model's prices moved, oldest first. MODEL may be a pattern.

    \b
    pricefall history deepseek-chat
    pricefall history 'gpt-4*' --meter output --csv
    """
    from monitor.arguments import known_meter, known_provider, moment
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from scrapers.catalog import nearest
    from storage import queries

    known = moment(as_known_on, "--as-known-on")
    with open_to_read(config_path) as parts:
        rows = queries.history(
            parts.store, model, known_provider(parts, provider), known_meter(meter), tier, as_known_on=known
        )
        names = set() if rows else {row["model"] for row in queries.history(parts.store, as_known_on=known)}
    near = nearest(model, names).replace("; did", ". Did")
    when = "" if known is None else f" as of {format_instant(known)}"
    empty = f"no price of {model!r} is known{when}{near}"
    shown = rows if as_json else [_for_people(row) for row in rows]
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=f"{model}: {len(rows)} prices{when}", empty=empty)


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    from monitor.commands.prices import for_people

    shown = for_people(row)
    shown["last_seen"] = row["seen_until"][:10]
    shown["ended"] = (row["ended_at"] or "")[:10]
    shown["corrected"] = row.get("superseded_why")
    return shown
