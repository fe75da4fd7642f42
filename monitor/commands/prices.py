"""`pricefall prices`: the prices in force, now or at a date."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import format_instant

if TYPE_CHECKING:
    from monitor.parts import Parts

Row = dict[str, Any]


@click.command()
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--model", metavar="PATTERN", help="Only models that match, such as 'gpt-4*'.")
@click.option("--meter", help="Only this meter: input, output, cached_input, ...")
@click.option("--tier", help="Only this service tier: standard, batch, flex, priority, ...")
@click.option("--currency", metavar="CODE", help="Only prices printed in this currency: USD, CNY, ...")
@click.option("--at", metavar="DATE", help="In force then instead of now: an instant, or the end of a day in UTC.")
@click.option("--as-known-on", metavar="DATE", help="As the database knew it then; alone, also in force then.")
@click.option("--now", "of_the_hour", is_flag=True, help="Of peak and off-peak prices only the one of that hour.")
@click.option("--in", "target", metavar="CODE", help="Also in this currency, by the ECB's rates; cheapest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    *,
    provider: str | None,
    model: str | None,
    meter: str | None,
    tier: str | None,
    currency: str | None,
    at: str | None,
    as_known_on: str | None,
    of_the_hour: bool,
    target: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the prices in force.

    \b
    pricefall prices --provider openai --meter input
    pricefall prices --model 'deepseek*' --at 2026-08-20 --csv
    pricefall prices --at 2026-08-20T00:00+08:00 --as-known-on 2026-08-15
    pricefall prices --model 'deepseek*' --now
    pricefall prices --meter output --tier standard --in USD
    """
    from monitor.arguments import is_plain_day, known_meter, known_provider, moment
    from monitor.parts import open_to_read, utc_now
    from monitor.tables import write_rows
    from storage import queries

    known = moment(as_known_on, "--as-known-on")
    instant = moment(at, "--at") or known
    has_hour = not any(is_plain_day(text) for text in (at or as_known_on,) if text)
    if of_the_hour and not has_hour:
        raise click.UsageError("--now needs a time of day; write it as --at 2026-08-20T09:00+08:00")
    with open_to_read(config_path) as parts:
        rows = queries.prices(
            parts.store,
            known_provider(parts, provider),
            model,
            known_meter(meter),
            tier,
            currency,
            instant,
            known,
        )
        first = queries.first_known(parts.store)
        rows = _of_hours(parts, rows, instant or utc_now(), known, only=of_the_hour, has_hour=has_hour)
        if target is not None:
            rows = _in_currency(parts, rows, target, (instant or utc_now()).date())
    shown = rows if as_json else [for_people(row, with_hours=has_hour) for row in rows]
    title = f"{len(rows)} prices{_when(instant, known)}"
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=title, empty=_nothing(model, instant, known, first))


def _of_hours(
    parts: Parts, rows: list[Row], at: datetime, known: datetime | None, *, only: bool, has_hour: bool
) -> list[Row]:
    """The rows with `in_force`; a day without an hour has no answer for prices of peak and off-peak."""
    from monitor.hours import Calendars, held_at, mark_in_force, market_windows

    if not any("window" in row["conditions"] for row in rows):
        return [{**row, "in_force": True} for row in rows]
    calendars = Calendars()
    windows = market_windows(parts.store, parts.catalog, at=at, as_known_on=known)
    mark_in_force(rows, held_at(windows, at, calendars) if has_hour else {})
    if calendars.note():
        click.echo(f"pricefall: {calendars.note()}", err=True)
    if only and any(row["in_force"] is None for row in rows):
        names = ", ".join(sorted({row["provider"] for row in rows if row["in_force"] is None}))
        click.echo(f"pricefall: the hours of {names} are not known; both prices are shown, marked ?", err=True)
    return [row for row in rows if not only or row["in_force"] is not False]


def _in_currency(parts: Parts, rows: list[Row], target: str, on: date) -> list[Row]:
    """The rows with what they are in another currency, and notes on standard error.

    Raises:
        click.UsageError: the ECB has no rate for that currency on that day.

    """
    from monitor.exchange import NoExchangeRate, convert_rows, fetch_rates, open_exchange
    from monitor.parts import utc_now
    from scrapers.catalog import nearest

    def say(words: str) -> None:
        click.echo(f"pricefall: {words}", err=True)

    fetch = partial(fetch_rates, parts.settings.fetch) if parts.settings.exchange_update == "daily" else None
    exchange = open_exchange(parts.settings.database, fetch=fetch, now=utc_now(), say=say)
    code = target.strip().upper()
    try:
        exchange.conversion("EUR", code, on)
    except NoExchangeRate as err:
        known = ", ".join(exchange.currencies)
        raise click.UsageError(f"--in {target}: {err}{nearest(code, exchange.currencies)}; known are {known}") from err
    converted, notes = convert_rows(rows, exchange, code, on)
    for note in notes:
        say(note)
    return converted


def for_people(row: dict[str, Any], *, with_hours: bool = False) -> dict[str, Any]:
    """A row of prices with conditions and unit in words, and with whether it holds at the hour that was asked about."""
    from monitor.tables import conditions_text, in_force_text, per_text
    from scrapers.rates import Conditions

    shown = {
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
    if with_hours:
        is_by_hour = "window" in row["conditions"] or not row["in_force"]
        shown["in_force"] = in_force_text(row["in_force"]) if is_by_hour else ""
    if "converted" in row:
        shown[f"in {row['converted_currency']}"] = _converted_text(row)
    return shown


def _converted_text(row: Row) -> str:
    """`~0.148339 / 1M tokens`, so that prices per 1K and per 1M can be compared; the mark says that it is converted."""
    from fractions import Fraction

    from monitor.tables import per_text
    from storage.nouns import fraction_text

    if row["converted_amount"] is None:
        return ""
    amount, per = Fraction(row["converted_amount"]), row["per"]
    if row["unit"] in {"token", "character"}:
        amount, per = amount / Fraction(per) * 1_000_000, "1000000"
    return f"{'~' if row['converted'] else ''}{fraction_text(amount)} / {per_text(per, row['unit'])}"


def _when(at: datetime | None, known: datetime | None) -> str:
    """` in force at ..., as known at ...`: what a plain date was taken for."""
    words = "" if at is None else f" in force at {format_instant(at)}"
    return words if known is None else f"{words}, as known at {format_instant(known)}"


def _nothing(model: str | None, at: datetime | None, known: datetime | None, first: datetime | None) -> str:
    if first is None:
        return "no price is known; `pricefall run` looks at the pages"
    if known is not None and known < first:
        return f"nothing was known at {format_instant(known)}: the first price was recorded at {format_instant(first)}"
    if model is None:
        return f"no price is known{_when(at, known)}; the first was recorded at {format_instant(first)}"
    return f"no model in force matches {model!r}; a pattern is written 'gpt-4*', and `pricefall prices` shows all"
