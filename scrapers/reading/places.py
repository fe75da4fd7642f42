"""Where the value cells of a table stand: which models each prices, and what its row, column and group say.

A cell that spans several rows or columns has several places. A model's cell that says only for which lengths, at which
tier or in which state the row's prices hold goes on with the model above it and never names one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from scrapers.documents.blocks import Cell
from scrapers.rates import TokenRange
from scrapers.reading.bounds import join_bands
from scrapers.reading.headers import Row, has_amount, header_parts
from scrapers.reading.headings import as_heading
from scrapers.reading.labels import Scope
from scrapers.reading.layout import Column, Layout
from scrapers.reading.modelcells import ModelColumn
from scrapers.reading.names import ModelName, is_model_like, read_models
from scrapers.reading.strange import disputed_rows, is_strange
from scrapers.reading.text import clean, has_words
from scrapers.reading.tiers import find_ranges, without_ranges
from scrapers.reading.units import find_units
from scrapers.reading.vocabulary import Meaning

_LENGTH = re.compile(r"[0-9][0-9,.]{0,12}\s?[kKmM]?(?:\s?(?:tokens?|context))?")


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a value cell: the models it prices there, none where a `dispute` says why, and what it says."""

    models: tuple[ModelName, ...]
    meaning: Meaning
    parts: tuple[Meaning, ...] = ()
    bare: bool = False
    row_lines: tuple[str, ...] = ()
    is_shifted: bool = False
    words: tuple[str, ...] = ()
    odd: str = ""
    dispute: str = ""
    is_strange: bool = False


def places_down(
    layout: Layout, around: Meaning, above: tuple[ModelName, ...], scope: Scope, *, is_open: bool
) -> list[tuple[Cell, list[Place]]]:
    """Value cells of a table whose rows are models (or, under a model's own heading, meters)."""
    found: dict[int, tuple[Cell, list[Place]]] = {}
    group = Meaning()
    names = ModelColumn(layout, above, scope)
    is_directed = False
    columns = layout.columns
    disputed = disputed_rows(layout, scope)
    has_meters = any(column.role == "price" and column.meaning.has_meter for column in columns)
    for number, row in enumerate(layout.body):
        lone = _lone(row)
        if lone is not None and not has_amount(lone) and lone.rowspan == 1:
            named = read_models(lone.lines, scope) if layout.model_column is None else ()
            if named and is_model_like(lone.plain, scope):
                above, group = named, Meaning()
            else:
                group = _group(lone, scope)
                names.forget()
            continue
        restated = _restated(row, layout, scope)
        if restated is not None:
            columns, group = restated, Meaning()
            names.forget()
            continue
        models, also = above, Meaning()
        if layout.model_column is not None:
            models, also = names.read(row[layout.model_column] if layout.model_column < len(row) else None)
        said, lines = _row_meaning(row, layout, scope)
        said = said.over(also)
        is_directed = is_directed or any(each.direction or each.cache for each in (said, *(m.meaning for m in models)))
        shifted = _is_shifted(row, layout)
        words = _row_words(row, layout, models)
        odd_words = _odd_words(row, layout, models, scope)
        dispute = disputed.get(number) or _doubt(row, layout, scope)
        for index, column in enumerate(columns):
            cell = row[index] if index < len(row) else None
            if cell is None or column.role != "price" or index == layout.model_column:
                continue
            meaning = _join_axes(said, column.meaning).over(group)
            says_which = meaning.tier and around.kind  # "Pay as you go" below "Speech to text" needs no more words
            if is_open and not (meaning.has_meter or meaning.unknown or says_which):
                meaning = meaning._replace(unknown="a price beside unexplained columns")
            bare = _allows_bare(column.meaning.over(said), around)
            odd = "" if any(model.meaning.has_meter for model in models) else odd_words
            strange = has_meters and is_strange(column) and not meaning.has_meter
            spot = Place(models, meaning, column.parts, bare, lines, shifted, words, odd, is_strange=strange)
            if dispute:
                spot = replace(spot, models=(), dispute=dispute)
            found.setdefault(id(cell), (cell, []))[1].append(spot)
    places = _with_joined_bands(list(found.values()))
    return [(cell, [_refused(spot) for spot in spots]) for cell, spots in places] if is_directed else places


def _with_joined_bands(places: list[tuple[Cell, list[Place]]]) -> list[tuple[Cell, list[Place]]]:
    """A price that spans some of its model's bands of lengths holds from the first to the last of them."""
    bands: dict[tuple[object, ...], set[TokenRange | None]] = {}
    for cell, spots in places:
        for spot in spots:
            bands.setdefault((cell.column, spot.models), set()).add(spot.meaning.context)
    joined = []
    for cell, spots in places:
        own = {spot.meaning.context for spot in spots}
        all_bands = set().union(*(bands[cell.column, spot.models] for spot in spots))
        span = join_bands(own) if len(own) > 1 and own != all_bands else None
        joined.append((cell, spots if span is None else [_spanning(spot, span) for spot in spots]))
    return joined


def _spanning(spot: Place, span: TokenRange) -> Place:
    return replace(spot, meaning=spot.meaning._replace(context=span))


def _restated(row: Row, layout: Layout, scope: Scope) -> tuple[Column, ...] | None:
    """The columns as a row amid the body restates their units: "Image models | Per image output"; else None."""
    if any(has_amount(cell) for cell in row):
        return None
    columns = list(layout.columns)
    for index, (cell, column) in enumerate(zip(row, layout.columns, strict=False)):
        if column.role != "price" or cell is None or not clean(cell.text):
            continue
        text = clean(cell.plain)
        label = scope.label(text)
        for found in reversed(find_units(text)):
            text = f"{text[: found.start]} {text[found.end :]}"
        if label.unknown or label.unit is None or any(char.isdigit() for char in text):
            return None  # an amount that lost its sign is no heading
        own = column.parts if label.unit.unit == "token" and not label.direction else ()
        columns[index] = replace(column, meaning=label.over(column.meaning), parts=own)
    return tuple(columns) if tuple(columns) != layout.columns else None


def _refused(spot: Place) -> Place:
    """A price without direction whose row has strange words, in a table whose other rows name directions."""
    if not spot.odd or spot.meaning.has_meter or spot.meaning.unknown:
        return spot
    return replace(spot, meaning=spot.meaning._replace(unknown=spot.odd))


def _odd_words(row: Row, layout: Layout, models: tuple[ModelName, ...], scope: Scope) -> str:
    """Words of a row's labels, and of the notes beside its models' names, that nobody has explained."""
    texts = [note for model in models for note in model.notes]
    for index, (cell, column) in enumerate(zip(row, layout.columns, strict=False)):
        if cell is not None and column.role == "label" and index != layout.model_column:
            texts.append(clean(cell.plain))
    return " ".join(filter(None, (scope.label(text).unknown for text in texts)))


def _doubt(row: Row, layout: Layout, scope: Scope) -> str:
    """Why the row's prices are not believed: a cell says what only its lost or strange heading could settle; or ""."""
    sides = {column.meaning.direction for column in layout.columns if column.role == "label"} - {None}
    for index, (cell, column) in enumerate(zip(row, layout.columns, strict=False)):
        is_known = column.role != "label" or (column.header and not column.meaning.unknown)
        if cell is None or is_known or not layout.header or index == layout.model_column:
            continue
        text = clean(cell.plain)
        if any(one.tokens(_scale_of(column)) is None for one in find_ranges(text)):
            return (
                f"{text[:60]!r} under {column.header!r} is a range of unknown unit; add the heading to the vocabulary"
            )
        label = scope.label(text)
        if len(sides) == 1 and (label.direction or label.modalities):
            return f"{text[:60]!r} under {column.header!r} may go in or come out; add the heading to the vocabulary"
    return ""


def places_across(layout: Layout, around: Meaning, scope: Scope) -> list[tuple[Cell, list[Place]]]:
    """Value cells of a table whose header names the models and whose rows are meters."""
    found: dict[int, tuple[Cell, list[Place]]] = {}
    priced = [index for index, column in enumerate(layout.columns) if column.role == "price"]
    names: dict[int, tuple[ModelName, ...]] = {}
    for index in priced:
        cells = [row[index] for row in layout.header if index < len(row) and row[index] is not None]
        lines = [line for cell in cells if cell is not None for line in cell.lines]
        names[index] = read_models(tuple(lines), scope)
    group = Meaning()
    for row in layout.body:
        lone = _lone(row)
        if lone is not None and not has_amount(lone):
            group = _group(lone, scope)
            continue
        said = Meaning()
        labels = list(dict.fromkeys(cell for cell in row[: priced[0]] if cell is not None))
        for label in reversed(labels):
            said = said.over(scope.label(label.plain))
        parts = header_parts(clean(labels[-1].plain), scope) if labels and said.direction == "both" else ()
        if said.roles & {"ignore", "relative"} and not said.roles & {"price"} and not said.has_meter:
            continue
        bare = _allows_bare(said, around)
        for index in priced:
            cell = row[index] if index < len(row) else None
            if cell is not None and (has_amount(cell) or said.has_meter or said.unit or "price" in said.roles):
                found.setdefault(id(cell), (cell, []))[1].append(Place(names[index], said.over(group), parts, bare))
    return list(found.values())


def _row_words(row: Row, layout: Layout, models: tuple[ModelName, ...]) -> tuple[str, ...]:
    """What a row prints besides its prices, place by place, and the notes beside its models' names."""
    told_by = "label"
    if not any(column.role == "label" and index != layout.model_column for index, column in enumerate(layout.columns)):
        told_by = "ignore"  # of a table without labels the length that a row serves may be all that parts two rows
    words = [
        clean(cell.plain)
        if cell is not None
        and column.role == told_by
        and index != layout.model_column
        and (told_by == "label" or _LENGTH.fullmatch(clean(cell.plain)))
        else ""
        for index, (cell, column) in enumerate(zip(row, layout.columns, strict=False))
    ]
    return (*words, ", ".join(note for model in models for note in model.notes))


def _is_shifted(row: Row, layout: Layout) -> bool:
    """Whether an amount of the row stands under no heading in a table that has headings."""
    if not layout.header:
        return False
    return any(has_amount(cell) and not column.header for cell, column in zip(row, layout.columns, strict=False))


_LIMIT = re.compile(r"(?<![\w.,])[0-9][0-9,.]{0,12}\s?[km]?\s?(?:[rtq]p[msdh])\b\s*[&,;/+·]?\s*", re.IGNORECASE)
_MAX_UNIT = 1_000_000  # tokens that prices are quoted for; more under "Tokens" is what a buyer gets


def _row_meaning(row: Row, layout: Layout, scope: Scope) -> tuple[Meaning, tuple[str, ...]]:
    """What the label cells of a row say, and the lines of the cell that names its meters one below the other."""
    said = Meaning()
    lines: tuple[str, ...] = ()
    for index in reversed(range(len(layout.columns))):
        column = layout.columns[index]
        cell = row[index] if index < len(row) else None
        if cell is None or index == layout.model_column or column.role in {"price", "model"}:
            continue
        text = _LIMIT.sub("", clean(cell.plain))
        scale = _scale_of(column)
        if column.role == "label" and column.meaning.direction:
            # Words under "Input" say what a model takes, not which meter the row prices; a range holds.
            label = scope.label(text, scale)
            said = said.over(Meaning(context=label.context, output=label.output))
            continue
        if not text or scope.vocabulary.is_same(text) or scope.vocabulary.read_state(text) == "none":
            continue
        if column.role == "region":
            said = Meaning(region=text).over(said)
            continue
        if column.role == "unit":
            label = scope.label(f"/{text}")
            said = Meaning(
                unit=label.unit or scope.label(text).unit, currency=label.currency, roles=label.roles & {"foreign"}
            ).over(said)
            continue
        label = scope.label(text, scale)
        if column.role == "ignore" and has_amount(cell):
            continue  # what bounds a refused price bounds no other
        if column.role == "ignore":
            kind = label.kind if not label.unknown else None
            said = Meaning(context=label.context, output=label.output, kind=kind).over(said)
            continue
        if len(cell.lines) > 1:
            parts = tuple(clean("".join(run.text for run in line)) for line in cell.lines)
            parts = tuple(part for part in parts if part)
            if len(parts) > 1 and all(scope.label(part).has_meter for part in parts):
                lines = parts
                continue
        is_condition = "condition" in column.meaning.roles
        if is_condition and _TAKES_PICTURES.fullmatch(text):
            continue  # a sort of model: its plain tokens are priced
        names_meter = layout.model_column is None and not is_condition
        if column.meaning.roles == {"filler"} and label.unit is not None and label.unit.per > _MAX_UNIT:
            label = label._replace(unit=None, roles=label.roles | {"foreign"})  # "10M tokens" under "Tokens": a pack
        said = _label_cell(label, text, is_condition=is_condition, names_meter=names_meter).over(said)
    return said, lines


def _scale_of(column: Column) -> int | None:
    """What the numbers below a heading such as "千 token" are multiplied by."""
    unit = column.meaning.unit
    return int(unit.per) if unit is not None and unit.unit == "token" else None


def _label_cell(label: Meaning, text: str, *, is_condition: bool, names_meter: bool) -> Meaning:
    """A label cell counts where it is understood; under "Type" and such strange words are a condition as printed.

    Where a row's label is what names its meter, or speaks of a price, strange words leave the meter open.
    """
    kept = label._replace(roles=label.roles - {"ignore", "model", "filler", "condition"}, unknown="")
    if not label.unknown:
        return kept
    if is_condition:
        rest = without_ranges(text).strip(" ,，;；()（）") if label.context or label.output or label.others else text
        return kept._replace(others=(*kept.others, rest[:80]) if has_words(rest) else kept.others)
    is_open = names_meter or "price" in label.roles
    return Meaning(context=label.context, output=label.output, unknown=label.unknown if is_open else "")


def _join_axes(row: Meaning, column: Meaning) -> Meaning:
    """Row and column together: "Input (text)" under "<= 200K cached input tokens" is cached input."""
    joined = row.over(column)
    if column.cache and not row.cache:
        joined = joined._replace(cache=column.cache)
    return joined


def _group(cell: Cell, scope: Scope) -> Meaning:
    label = scope.label(cell.plain)
    if label.unknown:
        said = as_heading(cell.plain, scope.label)
        return Meaning(tier=said.tier, unit=said.unit, currency=said.currency)
    return label._replace(roles=label.roles & {"foreign"})


def _lone(row: Row) -> Cell | None:
    """The one cell of a row that holds anything, where the row has more places than that."""
    cells = list(dict.fromkeys(cell for cell in row if cell is not None and clean(cell.text)))
    return cells[0] if len(cells) == 1 and len(row) > 1 else None


_TAKES_PICTURES = re.compile(r"vision|vision[ -]language|vlm|视觉|视觉理解|视觉模型|視覺", re.IGNORECASE)


def _allows_bare(meaning: Meaning, around: Meaning) -> bool:
    """Whether numbers without a currency are amounts here: only where header or caption speak of money.

    A hint of unit or currency lends these to amounts and makes no number an amount; one of a heading's meter does.
    """
    if meaning.roles & {"ignore", "foreign", "relative", "total"}:
        return False
    speaks = (
        "price" in meaning.roles or meaning.unit or meaning.currency or around.unit or around.currency or meaning.hints
    )
    return bool((meaning.has_meter or "price" in meaning.roles) and speaks)
