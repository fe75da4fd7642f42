"""`pricefall compare A B`: the prices of two models side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.parts import Parts
    from scrapers.rates import Rate


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--tier", help="Only this service tier: standard, batch, flex, priority, ...")
@click.option("--at", metavar="DATE", help="In force at this date instead of now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None, first: str, second: str, tier: str | None, at: str | None, as_json: bool, as_csv: bool
) -> None:
    """Compare two models, each MODEL or PROVIDER/MODEL.

    Prices are compared in one currency and per the same unit; the percentage
    says how much dearer B is than A.

    \b
    pricefall compare openai/gpt-4o deepseek/deepseek-chat
    pricefall compare gpt-4o gpt-4o-mini --at 2024-08-01 --json
    """
    from monitor.arguments import moment, warn_of_old
    from monitor.parts import open_to_read
    from monitor.tables import write_rows

    with open_to_read(config_path) as parts:
        when = moment(at, "--at")
        found = [_prices(parts, name, tier, when) for name in (first, second)]
    warn_of_old(parts, [row for side in found for row in side], when)
    rows = _rows(*_pair(*(_offers(side) for side in found)))
    shown = rows if as_json or as_csv else [_for_people(row, first, second) for row in rows]
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=f"{first} and {second}", empty="neither has such a price")


def _prices(parts: Parts, name: str, tier: str | None, when: datetime | None) -> list[dict[str, Any]]:
    """The prices of one model of one provider.

    Raises:
        click.UsageError: nobody sells it, or several do.

    """
    from scrapers.catalog import nearest
    from scrapers.rates import model_key
    from storage import queries

    head, slash, tail = name.partition("/")
    is_named = bool(slash) and head in parts.catalog
    provider, model = (head, tail) if is_named else (None, name)
    rows = [row for row in queries.prices(parts.store, provider, at=when) if tier in {None, row["service_tier"]}]
    mine = [row for row in rows if model_key(row["model"]) == model_key(model)]
    sellers = dict.fromkeys(row["provider"] for row in mine)
    if not mine:
        raise click.UsageError(f"no price of {name!r} is in force{nearest(model, {row['model'] for row in rows})}")
    if len(sellers) > 1:
        which = ", ".join(f"{seller}/{model}" for seller in sellers)
        raise click.UsageError(f"{name!r} is sold by several; say which: {which}")
    return mine


def _offers(rows: list[dict[str, Any]]) -> list[list[Rate]]:
    """Prices as a list for each market and currency."""
    from scrapers.rates import Rate

    groups: dict[tuple[str, str | None], list[Rate]] = {}
    for row in rows:
        groups.setdefault((row["market"], row["currency"]), []).append(Rate.from_json(row))
    return list(groups.values())


def _pair(first: list[list[Rate]], second: list[list[Rate]]) -> tuple[list[Rate], list[Rate]]:
    """The two lists to compare: in one currency where both have one in common."""
    pairs = [(a, b) for a in first for b in second if a[0].currency == b[0].currency]
    return pairs[0] if pairs else (first[0], second[0])


def _rows(first: list[Rate], second: list[Rate]) -> list[dict[str, Any]]:
    from monitor.tables import conditions_text, price_text
    from scrapers.rates import METERS

    def key(rate: Rate) -> tuple[str, str, str]:
        return (rate.meter, rate.service_tier, conditions_text(rate.conditions))

    sides = [{key(rate): rate for rate in side} for side in (first, second)]
    keys = sorted({*sides[0], *sides[1]}, key=lambda one: (METERS.index(one[0]), *one[1:]))
    rows = []
    for meter, tier, conditions in keys:
        a, b = (side.get((meter, tier, conditions)) for side in sides)
        rows.append(
            {
                "meter": meter,
                "tier": tier,
                "conditions": conditions,
                "a": price_text(a) if a else None,
                "b": price_text(b) if b else None,
                "b_dearer_percent": _percent(a, b),
            }
        )
    return rows


def _for_people(row: dict[str, Any], first: str, second: str) -> dict[str, Any]:
    names = {"a": first, "b": second, "b_dearer_percent": f"{second} dearer by %"}
    return {names.get(key, key): value for key, value in row.items()}


def _percent(a: Rate | None, b: Rate | None) -> float | None:
    if a is None or b is None or a.currency != b.currency or a.unit != b.unit:
        return None
    if not a.unit_price or b.unit_price is None:
        return None
    return round(float((b.unit_price - a.unit_price) / a.unit_price * 100), 1)
