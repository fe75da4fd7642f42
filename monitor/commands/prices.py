"""`pricefall prices`: the prices in force, now or at a date."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--model", metavar="PATTERN", help="Only models that match, such as 'gpt-4*'.")
@click.option("--meter", help="Only this meter: input, output, cached_input, ...")
@click.option("--tier", help="Only this service tier: standard, batch, flex, priority, ...")
@click.option("--currency", metavar="CODE", help="Only prices printed in this currency: USD, CNY, ...")
@click.option("--at", metavar="DATE", help="In force at this date instead of now.")
@click.option("--as-known-on", metavar="DATE", help="As the database knew it on this date.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    provider: str | None,
    model: str | None,
    meter: str | None,
    tier: str | None,
    currency: str | None,
    at: str | None,
    as_known_on: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the prices in force.

    \b
    pricefall prices --provider openai --meter input
    pricefall prices --model 'deepseek*' --at 2026-08-20 --csv
    """
    from monitor.arguments import known_meter, known_provider, moment
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from storage import queries

    with open_to_read(config_path) as parts:
        rows = queries.prices(
            parts.store,
            known_provider(parts, provider),
            model,
            known_meter(meter),
            tier,
            currency,
            moment(at, "--at"),
            moment(as_known_on, "--as-known-on"),
        )
    shown = rows if as_json else [for_people(row) for row in rows]
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=f"{len(rows)} prices", empty=_nothing(model))


def for_people(row: dict[str, Any]) -> dict[str, Any]:
    """A row of prices with conditions and unit in words."""
    from monitor.tables import conditions_text, per_text
    from scrapers.rates import Conditions

    return {
        "provider": row["provider"],
        "market": row["market"],
        "model": row["model"],
        "meter": row["meter"],
        "tier": row["service_tier"],
        "conditions": conditions_text(Conditions.from_json(row["conditions"])),
        "price": row["amount"] if row["amount"] is not None else row["state"],
        "currency": row["currency"],
        "per": per_text(row["per"], row["unit"]),
        "list_price": row["list_amount"],
        "until": (row["valid_until"] or "")[:10],
        "since": row["seen_from"][:10],
    }


def _nothing(model: str | None) -> str:
    if model is None:
        return "no price is known; `pricefall run` looks at the pages"
    return f"no model in force matches {model!r}; a pattern is written 'gpt-4*', and `pricefall prices` shows all"
