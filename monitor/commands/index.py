"""`pricefall index`: how fast the lowest list price of a class of models, or of a lineage, fell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from monitor.index import METERS, SHORTEST, Convert, Meter, Point, Series
from scrapers.rates import format_decimal, format_instant

if TYPE_CHECKING:
    from monitor.classes import Classes
    from monitor.index_subjects import Subject
    from monitor.parts import Parts

Row = dict[str, Any]
Found = Sequence[tuple["Subject", Series]]
_MILLION = 1_000_000
_SIGNS = {"USD": "$", "CNY": "¥"}


@click.command()
@click.argument("index", metavar="[NAME]", required=False)
@click.option("--meter", type=click.Choice(METERS), help="Only of this; mix is three tokens read to one written.")
@click.option(
    "--until", metavar="DATE", help="Up to this date instead of the last look: an instant, or the end of a day."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header: a row an index, or with NAME a row a step.")
@click.pass_obj
def command(
    config_path: str | None, index: str | None, meter: Meter | None, until: str | None, as_json: bool, as_csv: bool
) -> None:
    """Show how fast the lowest list price fell, in dollars and in yuan.

    Of each class of models that can do the same work (config/classes.toml), and
    of the newest model of each lineage (the [[lineage]] of provider files).
    NAME is a class, or a lineage as PROVIDER/FIRST-MODEL, and shows its steps.
    What is converted is marked ~; docs/index.md says what counts.

    \b
    pricefall index
    pricefall index gpt-4 --meter input
    pricefall index openai/gpt-4 --until 2024-05-15
    """
    from monitor.arguments import moment, warn
    from monitor.classes import load_classes
    from monitor.parts import open_to_read, utc_now
    from monitor.tables import write_rows
    from storage.queries import model_names

    end = moment(until, "--until") or utc_now()
    with open_to_read(config_path) as parts:
        classes = load_classes(parts.settings.providers_dir.parent)
        subjects = _chosen(parts, classes, index)
        convert, lost = _converter(parts, end.date())
        names = [key for key, _ in model_names(parts.store)]
        found = [
            (subject, one)
            for subject in subjects
            for one in subject.series(parts.store, names, METERS if meter is None else (meter,), end, convert)
        ]
    for why in sorted(lost):
        warn(f"left out: {why}")
    empty = "no list price of its models is known" if index else "no list price of any class or lineage is known"
    if as_json:
        rows = [_as_json(subject, one, classes) for subject, one in found]
    elif index and as_csv:
        rows = [{"index": subject.id, "meter": one.meter, **row} for subject, one in found for row in _points(one)]
    elif index and found:
        _draw(found, classes)
        return
    else:
        long = [each for each in found if as_csv or each[1].yearly_fall("USD") is not None]
        rows = [_summary(subject, one, classes) for subject, one in long]
        if len(long) < len(found):
            warn(f"{len(found) - len(long)} are known for less than {SHORTEST.days} days; name one to see it")
    title = f"list prices of 1M tokens; a fall of {classes.low:g} to {classes.high:g} % a year was expected"
    write_rows(rows, as_json=as_json, as_csv=as_csv, title=title, empty=empty, tells_empty=True)


def _chosen(parts: Parts, classes: Classes, name: str | None) -> list[Subject]:
    """All classes and lineages, or the one that is named.

    Raises:
        click.UsageError: none has that name.

    """
    from monitor.index_subjects import subjects
    from scrapers.catalog import nearest

    known = {subject.id: subject for subject in subjects(classes, parts.catalog.values())}
    if name is None:
        return list(known.values())
    if name not in known:
        raise click.UsageError(
            f"no class or lineage is called {name!r}{nearest(name, known)}; `pricefall index` shows all"
        )
    return [known[name]]


def _converter(parts: Parts, on: date) -> tuple[Convert, set[str]]:
    """What turns an amount of one currency into another, and why some could not be."""
    from monitor.arguments import exchange_into
    from monitor.exchange import NoExchangeRate

    exchange, _ = exchange_into(parts, "USD", on, "--until")
    lost: set[str] = set()

    @cache
    def rate(currency: str, other: str, day: date) -> Fraction | None:
        try:
            return exchange.conversion(currency, other, day).rate
        except NoExchangeRate as err:
            lost.add(str(err))
            return None

    def convert(amount: Fraction, currency: str, other: str, day: date) -> Fraction | None:
        way = Fraction(1) if currency == other else rate(currency, other, day)
        return None if way is None else amount * way

    return convert, lost


def _summary(subject: Subject, one: Series, classes: Classes) -> Row:
    last = one.last
    return {
        "index": subject.id,
        "meter": one.meter,
        "since": f"{one.first.at:%Y-%m-%d}",
        "then": _in(one, one.first, "USD", one.first.at),
        "until": f"{one.ends:%Y-%m-%d}",
        "last": _in(one, last, "USD", one.ends),
        "by": "" if last.offer is None else f"{last.offer.provider} {last.offer.model}",
        "% in $": _change(one.fall("USD")),
        "% a year in $": _change(one.yearly_fall("USD")),
        "% a year in ¥": _change(one.yearly_fall("CNY")),
        "was": _verdict(one, classes),
    }


def _verdict(one: Series, classes: Classes) -> str:
    """The yearly fall in dollars beside what was expected."""
    fall = one.yearly_fall("USD")
    if fall is None:
        return "too short to say"
    percent = fall * 100
    if percent > classes.high:
        return "faster"
    if percent >= classes.low:
        return "as expected"
    return "slower" if percent > 0 else "no fall"


def _draw(found: Found, classes: Classes) -> None:
    """Each index of one class or lineage: a line, its steps, its years."""
    from monitor.sparkline import sparkline
    from monitor.tables import visible

    click.echo(visible(found[0][0].words))
    for _, one in found:
        dollars = [(point.at, one.worth(point, "USD", point.at)) for point in one.points]
        click.echo(f"\n{one.meter}, list price of 1M tokens\n  {sparkline(dollars, one.until, 48)}")
        for row in _points(one):
            price = "none" if row["price"] is None else f"{row['price']} {row['currency']}"
            where = f"{row['provider']} {row['model']}" if row["provider"] else "no longer listed"
            money = "  ".join(filter(None, (row["dollars"], row["yuan"])))
            click.echo(visible(f"  {row['at'][:10]}  {price:<16} {money:<24} {where}"))
        years = [f"{_span(begin, end)} {_percent(fall)}" for _, begin, end, fall in one.by_year("USD")]
        click.echo(f"  in dollars: {', '.join(years)}")
        yearly = f"{_percent(one.yearly_fall('USD'))} in dollars, {_percent(one.yearly_fall('CNY'))} in yuan"
        if one.yearly_fall("USD") is not None:
            click.echo(f"  a year, up to {one.ends:%Y-%m-%d}: {yearly} ({_verdict(one, classes)})")


def _span(begin: datetime, end: datetime) -> str:
    """`2024` for a whole year, else the part of it that is known: `2024-01-01 to 05-15`."""
    is_whole = (begin.month, begin.day) == (1, 1) and end.year > begin.year
    return f"{begin:%Y}" if is_whole else f"{begin:%Y-%m-%d} to {end - timedelta(seconds=1):%m-%d}"


def _points(one: Series) -> Iterator[Row]:
    """The steps of an index, with what each was worth on its day."""
    for point in one.points:
        offer = point.offer
        yield {
            "at": format_instant(point.at),
            "provider": offer and offer.provider,
            "market": offer and offer.market,
            "model": offer and offer.model,
            "price": None if offer is None else _exact(point.price),
            "currency": offer and offer.currency,
            "dollars": _in(one, point, "USD", point.at),
            "yuan": _in(one, point, "CNY", point.at),
        }


def _as_json(subject: Subject, one: Series, classes: Classes) -> Row:
    return {
        "index": subject.id,
        "kind": subject.kind,
        "about": subject.words,
        "meter": one.meter,
        "per": str(_MILLION),
        "unit": "token",
        "since": format_instant(one.first.at),
        "until": format_instant(one.ends),
        "fall_percent": {code: _number(one.fall(code)) for code in ("USD", "CNY")},
        "fall_percent_a_year": {code: _number(one.yearly_fall(code)) for code in ("USD", "CNY")},
        "expected_percent_a_year": [str(classes.low), str(classes.high)],
        "was": _verdict(one, classes),
        "years": [
            {"year": year, "from": format_instant(begin), "to": format_instant(end), "fall_percent": _number(fall)}
            for year, begin, end, fall in one.by_year("USD")
        ],
        "points": list(_points(one)),
    }


def _in(one: Series, point: Point, currency: str, at: datetime) -> str:
    """`$30`, or `~$0.138` where it is converted; nothing where there is no price."""
    worth = one.worth(point, currency, at)
    if worth is None or point.offer is None:
        return ""
    sign = {"USD": "$", "CNY": "¥"}[currency]
    if point.offer.currency == currency:
        return f"{sign}{_exact(worth)}"
    rounded = Context(prec=4).divide(Decimal(worth.numerator * _MILLION), Decimal(worth.denominator))
    return f"~{sign}{format_decimal(rounded)}"


def _exact(price: Fraction) -> str:
    from storage.nouns import fraction_text

    return fraction_text(price * _MILLION)


def _number(fall: Fraction | Decimal | None) -> str | None:
    """A fall in percent, to the tenth; negative where the price rose."""
    if fall is None:
        return None
    exact = fall if isinstance(fall, Decimal) else Decimal(fall.numerator) / fall.denominator
    return f"{exact * 100:.1f}"


def _change(fall: Fraction | Decimal | None) -> str:
    """A fall as a change in percent: `-80.0`."""
    number = _number(fall)
    return "" if number is None else f"{-Decimal(number):+.1f}"


def _percent(fall: Fraction | Decimal | None) -> str:
    return f"{_change(fall)}%"
