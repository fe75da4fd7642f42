"""The two lists over all models: their prices, and what a month of work costs on each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from monitor.alerts.markup import Markup, element, fragment
from monitor.alerts.phrases import visible
from monitor.report.cells import Cells, Head, cell, note, row, row_head
from monitor.report.facts import TOKENS, Overview, Priced
from monitor.report.frame import Frame
from monitor.report.words import say
from scrapers.rates import Rate

METERS = ("input", "cached_input", "output")


def by_bill(overview: Overview) -> list[Priced]:
    """Cheapest month first, across currencies by the dollar figure; what has no total comes last."""

    def order(priced: Priced) -> tuple[bool, Fraction, str, str]:
        total = priced.bill.total
        dollars = None if total is None else overview.in_currency(total, priced.offer.currency, "USD")
        return (dollars is None, dollars or Fraction(0), priced.offer.provider, priced.offer.model)

    return sorted((priced for priced in overview.priced if _is_whole(priced)), key=order)


def models_page(frame: Frame, cells: Cells) -> str:
    """Every model that sells tokens, by name."""
    language = cells.language
    heads = [Head(say("model", language))]
    heads += [Head(say(meter, language), "n wide" if meter == "cached_input" else "n") for meter in METERS]
    known = sorted(cells.overview.priced, key=lambda one: (one.offer.model.casefold(), one.offer.provider))
    rows = [
        row(
            _name(cells, priced),
            *(price_cell(cells, priced, meter, "n wide" if meter == "cached_input" else "n") for meter in METERS),
        )
        for priced in known
    ]
    before, after = say("caption_models", language).split("{unit}")
    caption = [before, cells.per_tokens(), after]
    return frame.page(say("all_models", language), cells.table(caption, heads, rows, sorted_by=0, is_long=True))


def month_page(frame: Frame, cells: Cells) -> str:
    """The same month of work on every model that takes tokens and gives tokens."""
    language = cells.language
    heads = [
        Head(say("rank", language), "n"),
        Head(say("model", language)),
        Head(say("a_month", language), "n"),
        Head(say("of_which_input", language), "n wide"),
        Head(say("of_which_output", language), "n wide"),
    ]
    rows, rank = [], 0
    for priced in by_bill(cells.overview):
        rank += priced.bill.total is not None
        place = str(rank) if priced.bill.total is not None else ""
        rows.append(row(cell(place, classes="n"), _name(cells, priced), *bill_cells(cells, priced)))
    table = cells.table(say("caption_month", language), heads, rows, sorted_by=0, is_long=True)
    return frame.page(say("month_of_work", language), element("p", say("month_lead", language), class_="lead"), table)


def price_cell(cells: Cells, priced: Priced | None, meter: str, classes: str = "n") -> Markup:
    """The price of one meter with its condition, or that several fit."""
    if priced is None:
        return cell(classes=classes)
    rate = priced.rates.get(meter)
    if rate is not None:
        return cell(cells.price(rate), *_condition(cells, rate), classes=classes)
    if any(one.meter == meter and one.service_tier == "standard" for one in priced.offer.rates):
        words = say("several", cells.language)
        return cell(element("span", words, title=say("several_why", cells.language)), classes=classes)
    return cell(classes=classes)


def bill_cells(cells: Cells, priced: Priced) -> list[Markup]:
    """The total of the month, and what input and output are of it; in place of a total why there is none."""
    total = priced.bill.total
    if total is None:
        why = visible("; ".join(priced.bill.doubts), 160)
        first = cell(say("uncertain", cells.language), note(why), classes="n")
    else:
        first = cell(_cents(cells, total, priced.offer.currency), classes="n")
    parts = []
    for meter, _tokens in TOKENS:
        costs = [line.cost for line in priced.bill.lines if line.meter == meter]
        words = _cents(cells, sum(costs, Fraction(0)), priced.offer.currency) if costs else ""
        parts.append(cell(words, classes="n wide"))
    return [first, *parts]


def _is_whole(priced: Priced) -> bool:
    """Whether it sells both directions: an embedding model has no month of work."""
    sold = {rate.meter for rate in priced.offer.rates}
    return {meter for meter, _tokens in TOKENS} <= sold


def _name(cells: Cells, priced: Priced) -> Markup:
    offer = priced.offer
    markets: Sequence[str] = [offer.market] if offer.market != "intl" else []
    below = " · ".join(visible(word, 60) for word in (offer.provider, *markets))
    return row_head(
        cells.model_link(offer.provider, offer.rates[0].model_key, offer.model), note(below), *cells.last_seen(priced)
    )


def _condition(cells: Cells, rate: Rate) -> list[Markup]:
    words = cells.conditions(rate)
    return [note(words)] if words else []


def _cents(cells: Cells, amount: Fraction, currency: str) -> Markup:
    """A bill to the hundredth, as `pricefall cost` writes it."""
    return fragment(cells.amount(round(amount, 2), currency))
