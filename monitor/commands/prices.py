"""`pricefall prices`: the prices in force, now or at a date."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from monitor.price_rows import ORDERS, Order
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
@click.option("--per", metavar="TOKENS", help="Amounts of tokens and characters per so many: 1M, 1K, 1.")
@click.option("--unit", help="Only what is sold by this unit: token, image, second, request, ...")
@click.option("--state", help="Only prices in this state: priced, free, included, contact, dynamic.")
@click.option(
    "--sort",
    type=click.Choice(ORDERS),
    help="By name; by price, cheapest first within meter, tier and currency; or the newest first.",
)
@click.option("--top", metavar="N", type=click.IntRange(min=1), help="Only the first N, after sorting.")
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
    per: str | None,
    unit: str | None,
    state: str | None,
    sort: Order | None,
    top: int | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the prices in force.

    \b
    pricefall prices --provider openai --meter input
    pricefall prices --meter output --sort price --per 1M --top 20
    pricefall prices --model 'deepseek*' --at 2026-08-20 --csv
    pricefall prices --at 2026-08-20T00:00+08:00 --as-known-on 2026-08-15
    pricefall prices --model 'deepseek*' --now
    pricefall prices --meter output --tier standard --in USD
    """
    from monitor.arguments import is_plain_day, known_meter, known_provider, known_word, moment, warn_of_old
    from monitor.parts import open_to_read, utc_now
    from monitor.price_rows import in_order, parse_per, per_tokens
    from monitor.tables import write_rows
    from scrapers.rates import STATES, UNITS
    from storage import queries

    known = moment(as_known_on, "--as-known-on")
    instant = moment(at, "--at") or known
    has_hour = not any(is_plain_day(text) for text in (at or as_known_on,) if text)
    if of_the_hour and not has_hour:
        raise click.UsageError("--now needs a time of day; write it as --at 2026-08-20T09:00+08:00")
    known_word(unit, UNITS, "unit")
    known_word(state, STATES, "state")
    try:
        shown_per = None if per is None else parse_per(per)
    except ValueError as err:
        raise click.UsageError(f"--per: {err}") from err
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
            found_later=True,
        )
        rows = [row for row in rows if unit in {None, row["unit"]} and state in {None, row["state"]}]
        empty = "" if rows else _nothing(parts, model, tier, currency, instant, known)
        rows = _of_hours(parts, rows, instant or utc_now(), known, only=of_the_hour, has_hour=has_hour)
        if shown_per is not None:
            rows = [per_tokens(row, shown_per) for row in rows]
        if target is not None:
            rows = _in_currency(parts, rows, target, (instant or utc_now()).date())
    rows = (rows if sort is None else in_order(rows, sort))[:top]
    warn_of_old(parts, rows, instant)
    shown = rows if as_json else [for_people(row, with_hours=has_hour, per=shown_per) for row in rows]
    title = f"{len(rows)} prices{_when(instant, known)}"
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=title, empty=empty, tells_empty=True)


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
    from monitor.arguments import exchange_into, warn
    from monitor.exchange import convert_rows

    exchange, code = exchange_into(parts, target, on)
    converted, notes = convert_rows(rows, exchange, code, on)
    for note in notes:
        warn(note)
    return converted


def for_people(row: Row, *, with_hours: bool = False, per: int | None = None) -> dict[str, Any]:
    """A row of prices with conditions and unit in words, and with whether it holds at the hour that was asked about.

    `per` is what converted prices of tokens are shown per, a million when nothing was asked for.
    """
    from monitor.tables import conditions_text, in_force_text, per_text
    from scrapers.rates import Conditions

    shown = {
        "provider": row["provider"],
        "market": row["market"],
        "model": model_text(row),
        "meter": row["meter"],
        "tier": row["service_tier"],
        "conditions": conditions_text(Conditions.from_json(row["conditions"])),
        "price": row["amount"] if row["amount"] is not None else row["state"],
        "currency": row["currency"],
        "per": per_text(row["per"], row["unit"]),
        "list_price": row["list_amount"],
        "until": (row["valid_until"] or "")[:10],
        "since": "?" if row.get("holds_from", row["seen_from"]) is None else row["seen_from"][:10],
        "source": source_text(row),
    }
    if with_hours:
        is_by_hour = "window" in row["conditions"] or not row["in_force"]
        shown["in_force"] = in_force_text(row["in_force"]) if is_by_hour else ""
    if "converted" in row:
        shown[f"in {row['converted_currency']}"] = _converted_text(row, per or 1_000_000)
    return shown


def model_text(row: Row) -> str:
    """The model with its other names in brackets."""
    return f"{row['model']} ({', '.join(row['names'])})" if row.get("names") else row["model"]


def source_text(row: Row) -> str:
    """Who says so, of what was found later; empty for what a watched page said."""
    return f"{row['source']}: {row['citation']}" if "source" in row else ""


def _converted_text(row: Row, tokens: int) -> str:
    """`~0.148339 / 1M tokens`, so that prices per 1K and per 1M can be compared; the mark says that it is converted."""
    from fractions import Fraction

    from monitor.tables import per_text
    from storage.nouns import fraction_text

    if row["converted_amount"] is None:
        return ""
    amount, per = Fraction(row["converted_amount"]), row["per"]
    if row["unit"] in {"token", "character"}:
        amount, per = amount / Fraction(per) * tokens, str(tokens)
    return f"{'~' if row['converted'] else ''}{fraction_text(amount)} / {per_text(per, row['unit'])}"


def _when(at: datetime | None, known: datetime | None) -> str:
    """` in force at ..., as known at ...`: what a plain date was taken for."""
    words = "" if at is None else f" in force at {format_instant(at)}"
    return words if known is None else f"{words}, as known at {format_instant(known)}"


def _nothing(
    parts: Parts, model: str | None, tier: str | None, currency: str | None, at: datetime | None, known: datetime | None
) -> str:
    """Why nothing was found."""
    from monitor.arguments import unknown_words
    from storage import queries
    from storage.past_queries import past_providers

    first = queries.first_known(parts.store)
    if first is None and past_providers(parts.store):
        return f"no page was watched yet{_when(at, known)}; `--at DAY` asks for what was found later of such a price"
    if first is None:
        return "no price is known; `pricefall run` looks at the pages"
    if known is not None and known < first:
        return f"nothing was known at {format_instant(known)}: the first price was recorded at {format_instant(first)}"
    unknown = unknown_words(parts.store, model, tier, currency)
    if unknown is not None:
        return unknown
    if model is None:
        return f"no such price is known{_when(at, known)}; the first was recorded at {format_instant(first)}"
    return f"no such price of {model!r} is in force; `pricefall history` shows what was"
