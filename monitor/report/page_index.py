"""The first page: what is cheapest, what moved this month, input against output, and the providers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from monitor.alerts.markup import Markup, element
from monitor.alerts.phrases import instant_text, money, visible
from monitor.charts.scatter import Dot, Scatter, draw_scatter
from monitor.report.cells import Cells, Head, cell, note, row, row_head, section
from monitor.report.facts import Priced
from monitor.report.frame import Frame
from monitor.report.page_changes import changes_table, headlines
from monitor.report.page_lists import bill_cells, by_bill
from monitor.report.paths import month_path, provider_path
from monitor.report.words import say
from scrapers.rates import format_instant, model_key
from storage.nouns import fraction_text

_CHEAPEST = 12
_OF_A_CLASS = 5
_MOVES = 30
_MILLION = 1_000_000


def index_page(frame: Frame, cells: Cells, models: int) -> str:
    """The whole page; `models` is how many are known, priced or not."""
    overview, language = frame.overview, frame.place.language
    moves = overview.moves
    iso = format_instant(overview.at)
    day = instant_text((iso or "")[:10], language).removesuffix(" UTC").removesuffix("（UTC）")
    lead = say(
        "lead", language, models=models, providers=len(overview.providers), moves=len(moves), when=frame.when(iso)
    )
    parts = [
        element("p", lead, class_="lead"),
        _cheapest(cells),
        _moves(cells),
        *_scatter(cells),
        _providers(cells),
    ]
    return frame.page(say("title_index", language, day=day), *parts)


def _cheapest(cells: Cells) -> Markup:
    """The first of the month of work, of each class and of all; what is free is counted and left out."""
    language, overview = cells.language, cells.overview
    whole = [priced for priced in by_bill(overview) if priced.bill.total is not None]
    known = [priced for priced in whole if priced.bill.total]
    before, after = say("cheapest_lead", language).split("{unit}")
    parts: list[Markup] = []
    for each in overview.classes:
        members = [one for one in known if each.has(one.offer.provider, one.offer.model, one.seen)]
        if members:
            parts.append(
                _cheapest_table(cells, members[:_OF_A_CLASS], visible(each.name, 120), visible(each.reason, 300))
            )
    parts.append(_cheapest_table(cells, known[: _OF_A_CLASS if parts else _CHEAPEST], say("of_all", language), ""))
    free = say("free_models", language, count=len(whole) - len(known)) if len(whole) > len(known) else ""
    return section(
        say("cheapest", language),
        element("p", before, cells.per_tokens(), after),
        element("div", *parts, class_="two"),
        element("p", free, " ", element("a", say("month_of_work", language), href=cells.place.to("month.html"))),
        name="cheapest",
    )


def _cheapest_table(cells: Cells, chosen: Sequence[Priced], title: str, reason: str) -> Markup:
    language = cells.language
    heads = [Head(say("model", language)), *(Head(say(key, language), "n") for key in ("input", "output", "a_month"))]
    rows = [
        row(
            row_head(
                cells.model_link(priced.offer.provider, priced.offer.rates[0].model_key, priced.offer.model),
                note(visible(priced.offer.provider, 60)),
                *cells.last_seen(priced),
            ),
            *(cell(cells.price(priced.rates.get(meter)), classes="n") for meter in ("input", "output")),
            bill_cells(cells, priced)[0],
        )
        for priced in chosen
    ]
    caption = [element("strong", title), *([note(reason)] if reason else [])]
    return cells.table(caption, heads, rows)


def _moves(cells: Cells) -> Markup:
    language, overview = cells.language, cells.overview
    inside: list[str] = []
    if overview.moves:
        inside.append(changes_table(cells, headlines(overview.moves)[:_MOVES], say("moves", language), is_titled=True))
    else:
        inside.append(element("p", say("no_moves", language)))
    months = list(overview.months)[:12]
    if months:
        links = [
            element("li", element("a", cells.month_of(month), href=cells.place.to(month_path(month))))
            for month in months
        ]
        inside.append(element("h3", say("last_moves", language)))
        inside.append(element("ul", *links, class_="row"))
    return section(say("moves", language), *inside, name="moves")


def _scatter(cells: Cells) -> list[Markup]:
    language = cells.language
    dots = [dot for priced in cells.overview.priced if (dot := _dot(cells, priced)) is not None]
    if not dots:
        return []
    words = say(
        "scatter_words",
        language,
        count=len(dots),
        low=_dollars(min(dot.x for dot in dots), language),
        high=_dollars(max(dot.x for dot in dots), language),
    )
    chart = Scatter(
        dots,
        say("scatter", language),
        words,
        say("input_axis", language),
        say("output_axis", language),
        lambda tick: _dollars(tick, language),
        lambda count: say("and_more_dots", language, count=count),
    )
    before, after = say("scatter_lead", language).split("{link}")
    lead = element("p", before, element("a", say("all_models", language), href=cells.place.to("models.html")), after)
    pictures = [
        element("div", picture, class_=name)
        for name, width, height in (("chart big", 960, 460), ("chart small", 360, 340))
        if (picture := draw_scatter(chart, width=width, height=height)) is not None
    ]
    return [section(say("scatter", language), lead, *pictures, name="scatter")]


def _dot(cells: Cells, priced: Priced) -> Dot | None:
    """A model by its prices in dollars; None where one is unknown or free, which a logarithmic axis cannot show."""
    prices = []
    for meter in ("input", "output"):
        rate = priced.rates.get(meter)
        price = None if rate is None or not rate.unit_price else rate.unit_price * _MILLION
        prices.append(None if price is None else cells.overview.in_currency(price, priced.offer.currency, "USD"))
    if prices[0] is None or prices[1] is None:
        return None
    is_converted = priced.offer.currency != "USD"
    mark = "≈" if is_converted else ""
    figures = " / ".join(mark + _dollars(price, cells.language) for price in prices if price is not None)
    label = f"{visible(priced.offer.provider, 40)} {visible(priced.offer.model, 60)}: {figures}"
    return Dot(prices[0], prices[1], label, cells.place.to(priced.path), is_converted)


def _dollars(price: Fraction, language: str) -> str:
    """Dollars to four significant digits."""
    digits = 4 - len(str(int(price))) if price >= 1 else 4
    return money(fraction_text(round(price, max(0, digits))), "USD", language)


def _providers(cells: Cells) -> Markup:
    language, overview = cells.language, cells.overview
    read: dict[str, str] = {}
    for page in overview.pages:
        read[page["provider"]] = max(page["last_read"], read.get(page["provider"], ""))
    changed = {event["provider"]: event["captured_at"] for event in reversed(overview.events)}
    heads = [
        Head(say("provider", language)),
        Head(say("models", language), "n"),
        Head(say("last_change", language)),
        Head(say("last_read", language), "wide"),
    ]
    rows = []
    for provider in overview.providers:
        models = {model_key(each["model"]) for each in overview.current.get(provider, ())}
        rows.append(
            row(
                row_head(element("a", visible(provider, 60), href=cells.place.to(provider_path(provider)))),
                cell(str(len(models)), classes="n"),
                cell(cells.day(changed.get(provider))),
                cell(cells.day(read.get(provider)), classes="wide"),
            )
        )
    table = cells.table(say("providers", language), heads, rows, sorted_by=0, is_long=len(rows) > 40, is_titled=True)
    return section(say("providers", language), table, name="providers")
