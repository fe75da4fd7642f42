"""`pricefall history MODEL`: every price that a model had, drawn as a line, and why each came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from itertools import groupby
from typing import Any

import click

from scrapers.rates import format_instant, parse_instant
from storage.rows import moment

Row = dict[str, Any]
_SAME = ("provider", "market", "model_key", "meter", "service_tier", "conditions", "currency")


@click.command()
@click.argument("model")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--meter", help="Only this meter: input, output, cached_input, ...")
@click.option("--tier", help="Only this service tier: standard, batch, flex, priority, ...")
@click.option("--currency", metavar="CODE", help="Only prices printed in this currency: USD, CNY, ...")
@click.option("--as-known-on", metavar="DATE", help="As the database knew it then: an instant, or the end of a day.")
@click.option("--table", "as_table", is_flag=True, help="A table, one row a price, instead of lines with reasons.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    model: str,
    provider: str | None,
    meter: str | None,
    tier: str | None,
    currency: str | None,
    as_known_on: str | None,
    as_table: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show how a model's prices moved and why, oldest first. MODEL may be a pattern.

    \b
    pricefall history deepseek-chat
    pricefall history 'gpt-4*' --meter output --csv
    """
    from monitor import arguments
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from storage import queries
    from storage.reasons import with_reasons

    known = arguments.moment(as_known_on, "--as-known-on")
    when = "" if known is None else f" as of {format_instant(known)}"
    empty = f"no price of {model!r} is known{when}"
    with open_to_read(config_path) as parts:
        provider, meter = arguments.known_provider(parts, provider), arguments.known_meter(meter)
        found = queries.history(
            parts.store, model, provider, meter, tier, currency, as_known_on=known, found_later=True
        )
        rows = with_reasons(parts.store, found, as_known_on=known)
        if not rows:
            empty = _nothing(empty, arguments.unknown_words(parts.store, model, tier, currency))
    if rows and not (as_json or as_csv or as_table):
        _draw(rows)
        return
    shown = rows if as_json else [_for_people(row) for row in rows]
    write_rows(
        shown, as_json=as_json, as_csv=as_csv, title=f"{model}: {len(rows)} prices{when}", empty=empty, tells_empty=True
    )


def _nothing(empty: str, unknown: str | None) -> str:
    """That nothing is known, with the name that may have been meant."""
    _, near, proposal = (unknown or "").partition("; did you mean ")
    return f"{empty}. Did you mean {proposal}" if near else empty


def _draw(rows: list[Row]) -> None:
    """Each price over time: a head, a line, and its steps with their reasons."""
    end = max(moment(row["seen_until"]) for row in rows)
    for number, (_, steps) in enumerate(groupby(rows, key=lambda row: [row[name] for name in _SAME])):
        click.echo("\n" * bool(number) + "\n".join(_story(list(steps), end)))


def _story(steps: list[Row], end: datetime) -> Iterable[str]:
    from monitor.tables import conditions_text, visible
    from scrapers.rates import Conditions

    last = steps[-1]
    tier = "" if last["service_tier"] == "standard" else f" ({last['service_tier']})"
    conditions = conditions_text(Conditions.from_json(last["conditions"]))
    where = f"{last['provider']} {last['market']}"
    yield visible(f"{last['model']}  {last['meter']}{tier}  {conditions and conditions + '  '}{where}")
    line = _line(steps, end)
    if line:
        yield f"  {line}"
    for step in steps:
        yield visible(f"  {(step['valid_from'] or step['seen_from'])[:10]}  {_price(step):<24} {_why(step)}".rstrip())
    if last["ended_at"] is not None and "source" not in last:
        yield visible(f"  {last['ended_at'][:10]}  {'no longer listed':<24} {last['ended_why'] or ''}".rstrip())


def _line(steps: list[Row], end: datetime) -> str:
    """The steps as a line of letters; nothing where they are one price, or not prices of one unit."""
    from monitor.sparkline import sparkline
    from scrapers.rates import Rate

    points: list[tuple[datetime, Fraction | None]] = []
    for step in steps:
        if step["superseded_at"] is None:
            begun = moment(step["valid_from"] or step["seen_from"])
            points.append((begun, Rate.from_json(step).unit_price))
            ended = parse_instant(step["ended_at"])
            if ended is not None and ended > begun:
                points.append((ended, None))
    points.sort(key=lambda point: (point[0], point[1] is not None))
    prices = {price for _, price in points if price is not None}
    if len(prices) < 2 or len({step["unit"] for step in steps if step["unit"]}) > 1:
        return ""
    return sparkline(points, max(end, points[-1][0]))


def _price(step: Row) -> str:
    from monitor.tables import per_text

    if step["amount"] is None:
        return str(step["state"])
    return f"{step['amount']} {step['currency'] or '?'} / {per_text(step['per'], step['unit'])}"


def _why(step: Row) -> str:
    if "source" in step:
        from monitor.commands.prices import source_text

        names = f" ({', '.join(step['names'])})" if step["names"] else ""
        return source_text(step) + names + ("" if step["holds_from"] else "; nobody says since when")
    if step["superseded_why"]:
        return f"taken back: {step['superseded_why']}"
    if step["kind"] is None:
        return "first seen"
    percent = "" if step["percent"] is None else f" {step['percent']:+.1f}%"
    return f"{step['kind']}{percent}: {step['why']}"


def _for_people(row: Row) -> Row:
    from monitor.commands.prices import for_people

    shown = for_people(row)
    shown["last_seen"] = row["seen_until"][:10]
    shown["ended"] = (row["ended_at"] or "")[:10]
    shown["corrected"] = row.get("superseded_why")
    shown["kind"] = row["kind"]
    shown["why"] = row["why"]
    return shown
