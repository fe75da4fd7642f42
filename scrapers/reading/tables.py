"""Tables to rates: models down and meters across, models across and meters down, or a row for each price.

Every value cell is read with all that is said about it: its own words first, then its row, its column, the group above
it, and what surrounds the table. `layout` says how the table is meant, `places` what each value cell prices, `values`
reads the cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from scrapers.documents.blocks import Cell, Context, Table
from scrapers.rates import Complaint, Rate, model_key
from scrapers.reading.apart import close_bands, tell_rows_apart
from scrapers.reading.cardlines import could_name
from scrapers.reading.dates import read_validity
from scrapers.reading.headers import header_parts, where
from scrapers.reading.hinted import component_layouts
from scrapers.reading.ignoring import HEADING, NO_COLUMN, TOTAL, ignore, rule_of
from scrapers.reading.labels import Reading, Scope, join_readings, read_context
from scrapers.reading.layout import Column, Layout, find_layout
from scrapers.reading.money import find_amounts
from scrapers.reading.names import ModelName, find_mentions, is_model_like, read_model
from scrapers.reading.places import places_across, places_down
from scrapers.reading.strange import is_strange, refuse_doubles, refuse_labelled, strange_columns
from scrapers.reading.text import clean
from scrapers.reading.units import find_units
from scrapers.reading.values import is_list_of_decimals, read_value
from scrapers.reading.vocabulary import Meaning


def read_table(table: Table, scope: Scope) -> Reading:
    """The rates of one table; amounts under words that nobody has explained come back as complaints."""
    scope = scope.marked_by(clean(cell.text) for row in table.rows for cell in row if cell is not None)
    if table.header_rows == 0 and any(hint.component == table.context.component for hint in scope.hints.columns):
        layouts, total = component_layouts(table, scope)
        for layout in layouts:
            total += _read_layout(table, layout, scope)
        return total
    return _read_layout(table, find_layout(table, scope), scope)


def _read_layout(table: Table, layout: Layout, scope: Scope) -> Reading:
    around = read_context(table.context, scope)
    if any(column.meaning.kind == "training" for column in layout.columns if column.role == "price"):
        around = around._replace(kind=None)  # "Training | Usage": the heading's word holds for one of the columns
    if _is_priced_by_page(layout, table.context, scope):
        around = around.over(Meaning(unit=scope.page.unit, currency=scope.page.currency))
    meant = layout.columns
    layout, doubles = refuse_doubles(layout, table.locator)
    layout, labelled = refuse_labelled(layout, scope, table.locator)
    refused = {index for index, pair in enumerate(zip(meant, layout.columns, strict=True)) if pair[0] is not pair[1]}
    makers = {model_key(name) for name in _makers(layout, scope)}
    above = tuple(model for model in _models_above(table.context, scope) if model_key(model.name) not in makers)
    if any("total" in column.meaning.roles for column in layout.columns):
        if not _names_models(layout):
            return _uncounted(table)
        scope = _lending_no_unit(scope)
    if not above and layout.model_column is None and not layout.models_across:
        above = _titled(table.context, layout, scope)
    layout = _with_parts_above(layout, table.context, scope)
    strange = strange_columns(layout, around, scope, table.locator)
    is_open = bool(strange.complaints) or any(is_strange(column) for column in layout.columns)
    places = (
        places_across(layout, around, scope)
        if layout.models_across
        else places_down(layout, around, above, scope, is_open=is_open)
    )
    ragged = _ragged_rows(table)
    parts: list[Reading] = []
    worded: list[tuple[Rate, tuple[str, ...]]] = []
    flags = ("hidden",) if table.context.is_hidden else ()
    for cell, spots in places:
        locator = where(table.locator, cell)
        part = read_value(cell, spots, around, scope, locator, flags, is_ragged=cell.row in ragged)
        worded += [(rate, spots[0].words) for rate in _until_footnote(part.rates, cell, table.context, scope)]
        parts.append(part)
    total = replace(join_readings(parts), rates=close_bands(tell_rows_apart(worded)))
    placed = {id(cell) for cell, _ in places}
    placed |= {id(row[index]) for row in layout.body for index in refused if index < len(row)}
    rest = _unplaced(layout, placed, table.locator)
    return total + rest + strange + doubles + labelled


def _until_footnote(rates: tuple[Rate, ...], cell: Cell, context: Context, scope: Scope) -> tuple[Rate, ...]:
    """Reduced prices with the end that the footnote of their own mark tells: "$0.14(4)", "(4) Until 2025-02-08"."""
    marks = {clean(run.text).strip("()（）[]") for line in cell.lines for run in line if run.raised} - {""}
    if not marks:
        return rates
    notes = [text for mark, text in context.notes if mark.strip("()（）[]") in marks]
    said = [read_validity(text, scope.hints.timezone, scope.captured_at) for text in notes]
    ends = {each.valid_until for each in said if each.valid_until is not None}
    if len(ends) != 1 or any(each.valid_from for each in said):
        return rates
    (end,) = ends
    return tuple(
        replace(rate, valid_until=end) if rate.list_amount is not None and rate.valid_until is None else rate
        for rate in rates
    )


def _is_priced_by_page(layout: Layout, context: Context, scope: Scope) -> bool:
    """Whether a sentence further above ("All prices are in USD per 1M tokens") speaks of a table's bare numbers.

    On a page that prints no currency beside any number, below a heading of known words, where columns hold
    numbers with decimals alone: lengths have none.
    """
    heading = context.headings[-1] if context.headings else ""
    if "bare" not in scope.page.roles or (scope.label(heading).unknown and not scope.vocabulary.is_section(heading)):
        return False
    says_all = scope.page.currency and scope.page.unit is not None and scope.page.unit.unit == "token"
    priced = [index for index, column in enumerate(layout.columns) if column.role == "price"]
    cells = [cell for row in layout.body for index in priced if index < len(row) and (cell := row[index])]
    texts = [text for cell in cells if (text := clean(cell.plain)) and scope.vocabulary.read_state(text) is None]
    return bool(says_all and texts) and all(map(_BARE_PRICE.fullmatch, texts))


_BARE_PRICE = re.compile(r"[0-9]{1,4}[.,][0-9]{1,8}")


def _with_parts_above(layout: Layout, context: Context, scope: Scope) -> Layout:
    """Columns whose headings name no meter, with those that the caption or the sentence above names in order.

    "Prices are per million tokens: input / cached input / output."
    """
    texts = (part for text in (context.caption, *context.before) for part in re.split(r"[:：.。()（）]\s*", text))
    said = {parts for text in texts if "/" in text and (parts := header_parts(text, scope))}
    if len(said) != 1:
        return layout
    (parts,) = said
    columns = tuple(
        replace(column, parts=parts)
        if column.role == "price" and not (column.parts or column.meaning.has_meter or column.meaning.unknown)
        else column
        for column in layout.columns
    )
    return replace(layout, columns=columns)


def _names_models(layout: Layout) -> bool:
    index = layout.model_column
    return layout.models_across or (index is not None and "model" in layout.columns[index].meaning.roles)


def _lending_no_unit(scope: Scope) -> Scope:
    """The scope for a table that adds up: its amounts are prices only where they print themselves what they buy."""
    return replace(scope, hints=replace(scope.hints, unit=None), page=scope.page._replace(unit=None))


def _uncounted(table: Table) -> Reading:
    """A worked example: its amounts are seen and none is a price."""
    cells = dict.fromkeys(cell for row in table.rows for cell in row if cell is not None)
    counts = ((cell, len(find_amounts(clean(cell.text)))) for cell in cells)
    return sum((ignore(TOTAL, cell.text, where(table.locator, cell), count) for cell, count in counts), Reading())


def _makers(layout: Layout, scope: Scope) -> Iterator[str]:
    """The companies that a column of the table names: a heading that names one of them names no model."""
    for index, column in enumerate(layout.columns):
        if scope.vocabulary.is_maker(column.header):
            yield from (clean(cell.plain) for row in layout.body if index < len(row) and (cell := row[index]))


def heading_model(context: Context, scope: Scope) -> ModelName | None:
    """The model that the nearest heading, tab or caption names, for tables that name none themselves."""
    for text in (context.caption, *reversed(context.tabs), *reversed(context.headings)):
        if text and is_model_like(text, scope):
            return read_model(text, scope)
    return None


def _models_above(context: Context, scope: Scope) -> tuple[ModelName, ...]:
    """The models that stand above a table: in its heading, or in the sentences before it."""
    heading = heading_model(context, scope)
    if heading is not None:
        return (heading,)
    mentions = tuple(ModelName(name) for name in find_mentions(context.before, scope.models))
    nearest = clean(context.headings[-1]) if context.headings else ""
    if not mentions and _HYPHENED.fullmatch(nearest) and scope.label(nearest).unknown:
        return (ModelName(nearest),)
    return mentions


def _titled(context: Context, layout: Layout, scope: Scope) -> tuple[ModelName, ...]:
    """The heading right above rows of both directions: a model's name, with a digit or without ("Osprey Pro").

    The table itself must speak of tokens or of prompts' lengths: what a month's input came to is no price.
    """
    heading = clean(context.headings[-1]) if context.headings else ""
    labels = [scope.label(row[0].plain) for row in layout.body if row and row[0] is not None]
    says_meters = layout.columns[0].role != "price" and all(label.has_meter and not label.unknown for label in labels)
    if not says_meters or not {"input", "output"} <= {label.direction for label in labels}:
        return ()
    said = (*(column.meaning for column in layout.columns), *labels)
    is_of_tokens = any(meaning.unit or meaning.context for meaning in said)
    is_of_tokens = is_of_tokens or any(cell and find_units(clean(cell.text)) for row in layout.body for cell in row)
    if not is_of_tokens or not could_name(heading, scope):
        return ()
    model = read_model(heading, scope)
    return (model,) if model else ()


_HYPHENED = re.compile(r"[a-z]+(?:-[a-z0-9.]+)+")  # "nova-turbo": an identifier, not words


def _ragged_rows(table: Table) -> frozenset[int]:
    """Rows that the document could not lay out without doubt, counted with the header that Markdown demands."""
    named = dict(table.context.props).get("ragged_rows", "")
    shift = 0 if table.header_rows else 1
    return frozenset(int(number) - shift for number in named.split(",") if number.isdigit())


def _unplaced(layout: Layout, placed: set[int], locator: str) -> Reading:
    """Amounts that no place holds: in headings, in columns that hold no prices, in words across the table."""
    parts: list[Reading] = []
    heads = {id(cell) for row in layout.header for cell in row}
    seen: set[int] = set()
    for row in (*layout.header, *layout.body):
        for cell in row:
            if cell is None or id(cell) in placed or id(cell) in seen:
                continue
            seen.add(id(cell))
            count = len(find_amounts(clean(cell.text)))
            if count:
                rule = HEADING if id(cell) in heads else rule_of(_column_of(cell, layout).meaning) or NO_COLUMN
                parts.append(ignore(rule, cell.text, where(locator, cell), count))
            elif is_list_of_decimals(clean(cell.plain)) and _column_of(cell, layout).role == "label":
                message = "numbers without a currency, parted by strokes; say in the [hints] what they are"
                complaint = Complaint("unknown_currency", message, cell.text, where(locator, cell))
                parts.append(Reading(complaints=(complaint,)))
    return join_readings(parts)


def _column_of(cell: Cell, layout: Layout) -> Column:
    return layout.columns[cell.column] if cell.column < len(layout.columns) else Column()
