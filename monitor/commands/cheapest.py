"""`pricefall cheapest`: on which models an amount of work costs least, in one currency."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import format_decimal

if TYPE_CHECKING:
    from monitor.exchange import Exchange
    from monitor.parts import Parts
    from monitor.workloads import Bill, Offer, Use

Row = dict[str, Any]


@click.command()
@click.option("--input", "prompt", metavar="TOKENS", help="Tokens of prompts: 10M, 800K, 1.5B.")
@click.option("--output", "answers", metavar="TOKENS", help="Tokens of answers.")
@click.option("--cached", metavar="PERCENT", default="0", help="The part of the prompts that a cache serves: 50%.")
@click.option("--batch", metavar="PERCENT", default="0", help="The part of all that can wait for a batch: 30%.")
@click.option("--context", metavar="TOKENS", default="8K", show_default=True, help="A typical prompt.")
@click.option("--class", "class_id", metavar="ID", help="Only models as able as this class; see `pricefall index`.")
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--model", metavar="PATTERN", help="Only models that match.")
@click.option("--in", "target", metavar="CODE", default="USD", show_default=True, help="The currency to compare in.")
@click.option("--top", metavar="N", type=click.IntRange(min=1), default=10, show_default=True, help="How many to show.")
@click.option("--at", metavar="DATE", help="At the prices of this date instead of today's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    /,
    prompt: str | None,
    answers: str | None,
    class_id: str | None,
    target: str,
    top: int,
    at: str | None,
    as_json: bool,
    as_csv: bool,
    **options: Any,
) -> None:
    """Show on which models an amount of work costs least.

    Bills in other currencies are converted by the ECB's rate of the day, and
    marked ~. Models whose bill is not certain are counted and left out.

    \b
    pricefall cheapest --input 10M --output 2M --cached 50%
    pricefall cheapest --input 10M --output 2M --class gpt-4 --in CNY
    """
    from monitor.arguments import exchange_into, known_provider, moment, unknown_words, warn
    from monitor.parts import open_to_read, utc_now
    from monitor.tables import write_rows
    from monitor.workloads import bill

    use = _use(prompt, answers, options["cached"], options["batch"], options["context"])
    when = moment(at, "--at")
    day = (when or utc_now()).date()
    with open_to_read(config_path) as parts:
        known_provider(parts, options["provider"])
        offers = _offers(parts, when, class_id, day, options["provider"], options["model"])
        unknown = None if offers else unknown_words(parts.store, options["model"])
        exchange, code = exchange_into(parts, target, day)
        bills = [bill(use, offer) for offer in offers if _can(use, offer)]
    rows = sorted(
        (row for row in (_row(one, exchange, code, day) for one in bills) if row is not None),
        key=lambda row: (Fraction(row.pop("exact")), row["provider"], row["model"]),
    )
    left = len(bills) - len(rows)
    if left:
        warn(f"{left} of {len(bills)} models have no certain bill; `pricefall cost` says why")
    shown = rows[:top] if as_json or as_csv else [_for_people(row) for row in rows[:top]]
    title = f"the cheapest {min(top, len(rows))} of {len(rows)}"
    empty = unknown or "no model fits; `pricefall prices` shows what is known"
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=title, empty=empty, tells_empty=True)


def _use(prompt: str | None, answers: str | None, cached: str, batch: str, context: str) -> Use:
    """The work that the options name.

    Raises:
        click.UsageError: they name none, or a number is none.

    """
    from monitor.workloads import Use, parse_tokens

    if prompt is None and answers is None:
        raise click.UsageError("say how much work: --input 10M --output 2M")
    try:
        read, written = parse_tokens(prompt or 0), parse_tokens(answers or 0)
        length = parse_tokens(context)
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    served = int(read * _share(cached, "--cached"))
    tokens = (("input", read - served), ("cached_input", served), ("output", written))
    share = _share(batch, "--batch")
    return Use("", "", tuple(each for each in tokens if each[1]), batch_share=share, context=length)


def _share(text: str, option: str) -> Fraction:
    try:
        share = Fraction(text.strip().removesuffix("%")) / 100
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise click.UsageError(f"{option} {text!r} is no part of a whole; write it as 50%")
    return share


def _offers(
    parts: Parts, when: datetime | None, class_id: str | None, day: date, provider: str | None, model: str | None
) -> list[Offer]:
    from monitor.arguments import warn_of_old
    from monitor.classes import load_classes
    from monitor.workloads import offers
    from scrapers.rates import Rate
    from storage import queries

    rows = queries.prices(parts.store, provider, model, at=when)
    if class_id is not None:
        chosen = load_classes(parts.settings.providers_dir.parent).named(class_id)
        # a name may have meant a lesser model when the price was last seen
        seen = [(row, min(day, date.fromisoformat(row["seen_until"][:10]))) for row in rows]
        rows = [row for row, on in seen if chosen.has(row["provider"], row["model"], on)]
    warn_of_old(parts, rows, when)
    return list(offers((row["provider"], row["market"], Rate.from_json(row)) for row in rows))


def _can(use: Use, offer: Offer) -> bool:
    """Whether the offer has what is asked of it; a price of cached tokens may be missing."""
    return {meter for meter, _ in use.tokens} - {"cached_input"} <= {rate.meter for rate in offer.rates}


def _row(one: Bill, exchange: Exchange, code: str, day: date) -> Row | None:
    """One bill in the currency that was asked for; None where it has no total, or no rate of exchange."""
    from monitor.exchange import NoExchangeRate

    if one.total is None:
        return None
    total, rate_day = one.total, None
    if one.offer.currency != code and total:
        try:
            way = exchange.conversion(one.offer.currency, code, day)
        except NoExchangeRate:
            return None
        total, rate_day = total * way.rate, way.day
    return {
        "exact": total,
        "provider": one.offer.provider,
        "market": one.offer.market,
        "model": one.offer.model,
        "cost": _money(total),
        "currency": code,
        "converted": rate_day is not None,
        "exchange_date": None if rate_day is None else rate_day.isoformat(),
        "printed_cost": _money(one.total),
        "printed_currency": one.offer.currency,
        "notes": list(one.notes),
    }


def _money(value: Fraction) -> str:
    """To the hundredth, small bills to three digits that count."""
    exact = Decimal(value.numerator) / value.denominator
    if exact >= 1 or not exact:
        return f"{exact:.2f}"
    return format_decimal(Context(prec=3).plus(exact))


def _for_people(row: Row) -> Row:
    return {
        "provider": row["provider"],
        "market": row["market"],
        "model": row["model"],
        f"cost in {row['currency']}": f"{'~' if row['converted'] else ''}{row['cost']}",
        "as printed": f"{row['printed_cost']} {row['printed_currency']}",
        "notes": "; ".join(row["notes"]),
    }
