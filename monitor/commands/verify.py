"""`pricefall verify`: whether database and kept pages are what was written."""

from __future__ import annotations

import json
import sys

import click


@click.command()
@click.option("--quick", is_flag=True, help="Kept pages only have to be there; they are not unpacked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(config_path: str | None, quick: bool, as_json: bool) -> None:
    """Check the database, the hashes of its prices and each kept page; says what is damaged and what to do.

    It reads everything and changes nothing. Exit status 1 when something is damaged.

    \b
    pricefall verify
    pricefall verify --quick --json
    """
    from monitor.parts import open_to_read
    from monitor.tables import print_rows
    from storage.verify import verify

    with open_to_read(config_path) as parts:
        checked = verify(parts.store.connection, parts.archive, read_bodies=not quick)
    rows = [{"about": each.about, "damage": each.what, "what to do": each.remedy} for each in checked.damage]
    counted = f"{checked.pages} pages, {checked.bodies} kept bodies"
    if not quick:
        counted += f" ({checked.bytes / 1e6:.1f} MB)"
    if as_json:
        whole = {"pages": checked.pages, "bodies": checked.bodies, "bytes": checked.bytes, "damage": rows}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    elif rows:
        print_rows(rows, title=f"{len(rows)} damaged, of {counted}")
    else:
        click.echo(f"everything is as it was written: {counted}")
    sys.exit(1 if rows else 0)
