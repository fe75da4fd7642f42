"""`pricefall sql`: one read-only query, under an authorizer and a time limit."""

from __future__ import annotations

import click


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.option("--limit", "limit_s", type=float, default=5.0, show_default=True, help="Seconds before it is stopped.")
@click.pass_obj
def command(config_path: str | None, query: str, as_json: bool, as_csv: bool, limit_s: float) -> None:
    """Run one read-only query against the database.

    Views: current_prices, price_history, price_events; docs/database.md has all.

    \b
    pricefall sql "select model, amount, currency from current_prices
                   where meter = 'input' order by per_million_tokens limit 5"
    """
    from monitor.parts import read_settings
    from monitor.tables import write_rows
    from storage.queries import run_sql

    answer = run_sql(read_settings(config_path).database, query, limit_s=limit_s)
    write_rows(answer.dicts(), as_json=as_json, as_csv=as_csv, empty="no rows")
    if answer.is_cut:
        click.echo(f"only the first {len(answer.rows)} rows; add a LIMIT or a WHERE", err=True)
