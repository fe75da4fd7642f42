"""The page of a provider: its models with their prices and lines, its pages, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.alerts.markup import Markup, fragment
from monitor.alerts.phrases import visible
from monitor.charts.spark import draw_spark
from monitor.report.cells import Cells, Head, cell, note, row, row_head, section, source_link
from monitor.report.facts import ModelFacts, Priced, Series
from monitor.report.frame import Frame
from monitor.report.page_changes import changes_table
from monitor.report.page_lists import METERS, price_cell
from monitor.report.words import say
from scrapers.rates import Rate

_MOST_CHANGES = 60
_SHOWN_FIRST = ("output", "input")  # whose line stands beside a model


def provider_page(
    frame: Frame, cells: Cells, provider: str, models: Sequence[ModelFacts], lines: Mapping[str, Sequence[Series]]
) -> str:
    """The whole page; `lines` are the series of each model by its key."""
    language, overview = cells.language, cells.overview
    priced: dict[str, list[Priced]] = {}
    for one in overview.priced:
        if one.offer.provider == provider:
            priced.setdefault(one.path, []).append(one)
    sold = [model for model in models if model.current]
    gone = [model for model in models if not model.current]
    inside = []
    if sold:
        rows = [each for model in sold for each in _rows(cells, model, priced.get(model.path, []), lines[model.key])]
        inside.append(section(say("price_now", language), _table(cells, rows), name="now"))
    events = [event for event in overview.events if event["provider"] == provider][:_MOST_CHANGES]
    if events:
        table = changes_table(cells, events, say("caption_changes", language), is_titled=True)
        inside.append(section(say("changes", language), table, name="changes"))
    if gone:
        inside.append(section(say("unlisted", language), _gone(cells, gone), name="gone"))
    inside.append(section(say("pages_read", language), _pages(cells, provider), name="pages"))
    title = say("provider_title", language, provider=visible(provider, 60))
    return frame.page(title, *inside, trail=((say("home", language), "index.html"),))


def _table(cells: Cells, rows: Sequence[Markup]) -> Markup:
    language = cells.language
    before, after = say("caption_models", language).split("{unit}")
    heads = [Head(say("model", language)), Head(say("line", language), "x wide")]
    heads += [Head(say(meter, language), "n wide" if meter == "cached_input" else "n") for meter in METERS]
    heads.append(Head(say("other_prices", language), "x wide"))
    caption = [before, cells.per_tokens(), after]
    return cells.table(caption, heads, rows, sorted_by=0, is_long=len(rows) > 20)


def _rows(cells: Cells, model: ModelFacts, priced: Sequence[Priced], lines: Sequence[Series]) -> list[Markup]:
    """One row for each market and currency of a model; one for a model that sells no tokens."""
    found = []
    for one in priced or (None,):
        below = []
        if one is not None and (len(priced) > 1 or one.offer.market != "intl"):
            below = [note(f"{visible(one.offer.market, 30)} · {visible(one.offer.currency, 3)}")]
        found.append(
            row(
                row_head(cells.model_link(model.provider, model.key, model.name), *below),
                cell(*_spark(cells, lines, one), classes="wide"),
                *(price_cell(cells, one, meter, "n wide" if meter == "cached_input" else "n") for meter in METERS),
                cell(*_others(cells, model, one), classes="wide"),
            )
        )
    return found


def _spark(cells: Cells, lines: Sequence[Series], priced: Priced | None) -> list[str]:
    for meter in _SHOWN_FIRST:
        shown = None if priced is None else priced.rates.get(meter)
        for series in lines:
            if shown is not None and series.rate.identity == shown.identity:
                drawn = draw_spark(series.points, series.points[0].at, cells.overview.at)
                if drawn is not None:
                    return [drawn]
    return []


def _others(cells: Cells, model: ModelFacts, priced: Priced | None) -> list[str]:
    """The first price of another unit, and how many prices stand on the model's page besides."""
    rates = [Rate.from_json(each) for each in model.current]
    others = [rate for rate in rates if rate.unit != "token"]
    shown = 0 if priced is None else len(priced.rates)
    first = [fragment(say(others[0].meter, cells.language), " ", cells.price(others[0]))] if others else []
    rest = len(rates) - shown - len(first)
    more = [note(say("and_more_dots", cells.language, count=rest))] if rest > 0 else []
    return [*first, *more]


def _gone(cells: Cells, gone: Sequence[ModelFacts]) -> Markup:
    language = cells.language
    heads = [Head(say("model", language)), Head(say("last_seen", language))]
    rows = [
        row(
            row_head(cells.model_link(model.provider, model.key, model.name)),
            cell(cells.day(max(each["seen_until"] for each in model.rows))),
        )
        for model in gone
    ]
    return cells.table(say("unlisted", language), heads, rows, sorted_by=0, is_titled=True)


def _pages(cells: Cells, provider: str) -> Markup:
    language = cells.language
    heads = [
        Head(say("page", language)),
        Head(say("market", language)),
        Head(say("last_read", language)),
        Head(say("captures", language), "n wide"),
    ]
    rows = [
        row(
            row_head(source_link(page["url"], visible(page["url"], 120))),
            cell(visible(page["market"], 30)),
            cell(cells.day(page["last_read"])),
            cell(str(page["captures"]), classes="n wide"),
        )
        for page in cells.overview.pages
        if page["provider"] == provider
    ]
    return cells.table(say("pages_read", language), heads, rows, is_titled=True)
