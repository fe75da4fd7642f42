"""`pricefall cost`: what a month of work costs on the models in use, or on every model."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from fractions import Fraction

    from monitor.parts import Parts
    from monitor.workloads import Bill, Offer, Use, Workload

_METERS = ("input", "cached_input", "cache_write", "output")


@click.command()
@click.argument("workload", required=False)
@click.option("--provider", metavar="ID", help="Without a workload: only models of this provider.")
@click.option("--model", metavar="PATTERN", help="Without a workload: only models that match.")
@click.option(
    "--input", "input_tokens", metavar="TOKENS", help="Tokens a month: 120M, 8K, 1.5B; and so for the others."
)
@click.option("--cached-input", metavar="TOKENS", help="Tokens a month that a cache serves.")
@click.option("--cache-write", metavar="TOKENS", help="Tokens a month that are written to a cache.")
@click.option("--output", metavar="TOKENS", help="Tokens a month of answers.")
@click.option(
    "--batch", metavar="PERCENT", type=click.FloatRange(0, 100), default=0.0, help="What can wait for a batch."
)
@click.option(
    "--context", metavar="TOKENS", default="8K", help="A typical prompt; prices may depend on it.  [default: 8K]"
)
@click.option("--everywhere", is_flag=True, help="Also on every model of the workload's shortlist, cheapest first.")
@click.option("--at", metavar="DATE", help="At the prices of this date instead of today's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(config_path: str | None, /, workload: str | None, at: str | None, **options: Any) -> None:
    """Price a month of work: a [[workload]] of the settings, or the tokens that the options name.

    Bills are in the printed currency, after your discount and before tax. A
    bill that is not certain says why and has no total.

    \b
    pricefall cost support-bot
    pricefall cost support-bot --everywhere
    pricefall cost --input 120M --output 20M --model 'deepseek*'
    """
    from monitor.arguments import moment, unknown_words
    from monitor.parts import open_to_read
    from monitor.tables import write_rows

    when = moment(at, "--at")
    with open_to_read(config_path) as parts:
        if workload is None:
            rows = _of_options(parts, when, options)
        else:
            rows = _of_workload(parts, when, workload, everywhere=options["everywhere"])
        unknown = None if rows else unknown_words(parts.store, options["model"])
    shown = rows if options["as_json"] else [_for_people(row) for row in rows]
    title = f"{workload or 'a month'}, bills: {len(rows)}"
    write_rows(
        shown,
        as_json=options["as_json"],
        as_csv=options["as_csv"],
        title=title,
        empty=unknown or "no model fits; `pricefall prices` shows what is known",
        tells_empty=True,
    )


def _of_workload(parts: Parts, when: datetime | None, name: str, *, everywhere: bool) -> list[dict[str, Any]]:
    from monitor.workloads import bill, is_wanted
    from scrapers.catalog import nearest

    known = {workload.id: workload for workload in parts.settings.workloads}
    if name not in known:
        remedy = nearest(name, known) if known else "; the settings have no [[workload]], see docs/workloads.md"
        raise click.UsageError(f"no workload is called {name!r}{remedy}")
    chosen = known[name]
    all_offers = _offers(parts, when)
    rows: list[dict[str, Any]] = []
    for use in chosen.uses:
        mine = [offer for offer in all_offers if _is_of(use, offer)]
        if not mine:
            names = [offer.model for offer in all_offers if offer.provider == use.provider]
            raise click.UsageError(
                f"no price of {use.provider} {use.model!r} is known{nearest(use.model, names)} (see `pricefall prices`)"
            )
        own = [bill(use, offer, chosen) for offer in mine]
        others = [
            bill(use, offer, chosen)
            for offer in all_offers
            if everywhere
            and offer not in mine
            and is_wanted(chosen, offer)
            and any(r.meter == "output" for r in offer.rates)
        ]
        rows += _rows(use, own, _cheapest_first(others), chosen)
    return rows


def _of_options(parts: Parts, when: datetime | None, options: dict[str, Any]) -> list[dict[str, Any]]:
    from fractions import Fraction

    from monitor.arguments import known_provider
    from monitor.workloads import Use, bill, parse_tokens

    given = {"input": options["input_tokens"], **{meter: options[meter] for meter in _METERS[1:]}}
    try:
        tokens = tuple((meter, parse_tokens(text)) for meter, text in given.items() if text is not None)
        context = parse_tokens(options["context"])
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    if not tokens:
        raise click.UsageError("name a workload of the settings, or tokens a month: --input 120M --output 20M")
    provider = known_provider(parts, options["provider"])
    use = Use("", "", tokens, batch_share=Fraction(str(options["batch"])) / 100, context=context)
    chosen = _offers(parts, when, provider, options["model"])
    able = [
        offer
        for offer in chosen
        if {meter for meter, _ in tokens if meter in {"input", "output"}} <= {r.meter for r in offer.rates}
    ]
    return _rows(use, [], _cheapest_first(bill(use, offer) for offer in able), None)


def _offers(
    parts: Parts, when: datetime | None, provider: str | None = None, model: str | None = None
) -> tuple[Offer, ...]:
    from monitor.workloads import offers
    from scrapers.rates import Rate
    from storage import queries

    rows = queries.prices(parts.store, provider, model, at=when)
    return offers((row["provider"], row["market"], Rate.from_json(row)) for row in rows)


def _is_of(use: Use, offer: Offer) -> bool:
    from scrapers.rates import model_key

    is_here = offer.provider == use.provider and use.market in {None, offer.market}
    return is_here and model_key(offer.model) == model_key(use.model)


def _cheapest_first(bills: Iterable[Bill]) -> list[Bill]:
    """By currency, because nothing is converted; bills without a total at the end."""
    return sorted(bills, key=lambda one: (one.total is None, one.offer.currency, one.total or 0, one.offer.model))


def _rows(use: Use, own: Sequence[Bill], others: Sequence[Bill], workload: Workload | None) -> list[dict[str, Any]]:
    base = {one.offer.currency: one.total for one in own}
    rows = []
    for one in (*own, *others):
        mine = base.get(one.offer.currency)
        saving = None
        if one not in own and mine and one.total is not None:
            saving = round(float((mine - one.total) / mine * 100), 1)
        rows.append(
            {
                "workload": workload.id if workload else None,
                "for": use.model or None,
                "provider": one.offer.provider,
                "market": one.offer.market,
                "model": one.offer.model,
                "in_use": one in own,
                "month": _money(one.total),
                "currency": one.offer.currency,
                "saves_percent": saving,
                "lines": [
                    {
                        "meter": line.meter,
                        "service_tier": line.rate.service_tier,
                        "conditions": line.rate.conditions.to_json(),
                        "tokens": str(round(line.tokens)),
                        "cost": _money(line.cost),
                    }
                    for line in one.lines
                ],
                "discount_percent": float(one.discount * 100),
                "vat_percent": float(workload.vat * 100) if workload and workload.vat is not None else None,
                "tokens_factor": float(one.tokens_factor),
                "notes": list(one.notes),
                "doubts": list(one.doubts),
            }
        )
    return rows


def _money(value: Fraction | None) -> str | None:
    """To the hundredth; the exact figure is never asked for by a bill."""
    return None if value is None else f"{Decimal(value.numerator) / value.denominator:.2f}"


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    notes = [*row["doubts"], *row["notes"]]
    if row["discount_percent"]:
        notes.append(f"less {row['discount_percent']:g} %")
    if row["tokens_factor"] != 1:
        notes.append(f"{row['tokens_factor']:g} times the tokens")
    if row["vat_percent"]:
        notes.append(f"without {row['vat_percent']:g} % VAT")
    parts: dict[str, Decimal] = {}
    for line in row["lines"]:
        parts[line["meter"]] = parts.get(line["meter"], Decimal(0)) + Decimal(line["cost"])
    return {
        "for": row["for"],
        "provider": row["provider"],
        "market": row["market"],
        "model": row["model"] + (" (in use)" if row["in_use"] else ""),
        "a month": row["month"] or "uncertain",
        "currency": row["currency"],
        "saves %": row["saves_percent"],
        "of which": ", ".join(f"{meter} {cost}" for meter, cost in parts.items()),
        "notes": "; ".join(notes),
    }
