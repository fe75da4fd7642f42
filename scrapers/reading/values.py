"""A value cell to rates: its prices with their own words first, then what its places have in common.

A value that spans several rows or columns holds for what these have in common.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scrapers.documents.blocks import Cell
from scrapers.rates import Complaint
from scrapers.reading.cells import CellPrices, Price, read_cell
from scrapers.reading.headings import SET_ASIDE
from scrapers.reading.ignoring import NO_MODEL, OTHER_GOODS, SETTLED_BY, ignore, rule_of
from scrapers.reading.labels import Reading, Scope, join_readings
from scrapers.reading.names import ModelName
from scrapers.reading.places import Place
from scrapers.reading.pricing import make_rates
from scrapers.reading.text import clean
from scrapers.reading.units import FOREIGN
from scrapers.reading.vocabulary import Meaning


def read_value(
    cell: Cell,
    spots: list[Place],
    around: Meaning,
    scope: Scope,
    locator: str,
    flags: tuple[str, ...],
    *,
    is_ragged: bool,
) -> Reading:
    """All rates of one value cell: once for each model that it prices."""
    prices = read_cell(cell.lines, scope, bare=all(spot.bare for spot in spots))
    if not prices.prices and all(spot.meaning.unit and spot.meaning.currency and not spot.bare for spot in spots):
        return _numbers_of_no_meter(cell, spots, scope, locator)
    if not prices.prices and _may_be_price(cell, spots, scope):
        message = "a number without a currency; if it is a price, add its heading to the provider's [hints] meters"
        return Reading(complaints=(Complaint("unknown_currency", message, cell.text, locator),), amounts_seen=1)
    if not prices.prices:
        return _without_prices(cell, prices, spots, locator)
    if is_ragged or any(spot.is_shifted for spot in spots):
        message = f"the row has more or fewer cells than its headings, so they may stand in wrong columns; {SETTLED_BY}"
        return Reading(complaints=(Complaint("ragged_row", message, cell.text, locator),), amounts_seen=prices.seen)
    by_model: dict[str, list[tuple[ModelName, Place]]] = {}
    for spot in spots:
        for model in spot.models:
            by_model.setdefault(model.name, []).append((model, spot))
    if not by_model:
        return _without_model(prices, spots, around, locator)
    if any(spot.is_strange for spot in spots):
        around = around._replace(
            kind=None, modalities=frozenset()
        )  # "Speech" above the table explains no strange column
    parts = [prices.set_aside(locator)] if prices.ignored else []
    counted = False
    for name, places in by_model.items():
        meaning = _common([_named(model, spot, scope) for model, spot in places])
        part = _read_prices(name, prices.prices, meaning.over(around), places[0][1], scope, locator, flags)
        parts.append(part if not counted else replace(part, amounts_seen=0, set_aside=()))
        counted = True
    return join_readings(parts)


def _numbers_of_no_meter(cell: Cell, spots: list[Place], scope: Scope, locator: str) -> Reading:
    """Numbers below a heading of money ("元/百万token") that neither it nor the row says what is paid for."""
    found = read_cell(cell.lines, scope, bare=True)
    meaning = _common([spot.meaning for spot in spots])
    rule = rule_of(meaning)
    amounts = [price for price in found.prices if price.amount is not None]
    if rule is not None:
        return sum((ignore(rule, price.quote, locator) for price in amounts), found.set_aside(locator))
    message = f"no words say what is paid for here; add the heading or the row's label to [hints] meters; {SETTLED_BY}"
    complaints = tuple(Complaint("unknown_column", message, price.quote, locator) for price in amounts)
    return found.set_aside(locator) + Reading(complaints=complaints, amounts_seen=len(amounts))


def _without_prices(cell: Cell, prices: CellPrices, spots: list[Place], locator: str) -> Reading:
    """A cell of a price column without prices: nothing, or a complaint where its numbers read like amounts."""
    text = clean(cell.plain)
    is_bare = all(spot.bare for spot in spots) or is_list_of_decimals(text)
    numbers = _DECIMAL.findall(text) if not prices.seen and is_bare else []
    if not numbers:
        return prices.set_aside(locator)
    message = f"numbers without a currency between words: not read as prices; {SETTLED_BY}"
    return Reading(complaints=(Complaint("unreadable_price", message, cell.text, locator),), amounts_seen=len(numbers))


_LISTED = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?(?:\s*[/|]\s*[0-9]{1,6}(?:[.,][0-9]{1,6})?){1,5}")


def is_list_of_decimals(text: str) -> bool:
    """Whether a cell holds numbers parted by strokes and nothing else: "0.8 / 0.16 / 2.0"."""
    return bool(_LISTED.fullmatch(text)) and "." in text


_DECIMAL = re.compile(r"(?<![\w.,])[0-9]+[.,][0-9]{1,6}(?![\w.,]*[0-9kKmM%])")


def _may_be_price(cell: Cell, spots: list[Place], scope: Scope) -> bool:
    """Whether a number below a meter, where the hints know unit and currency, looks like more than a count."""
    if not (scope.hints.unit and scope.hints.currency and all(spot.meaning.has_meter for spot in spots)):
        return False
    found = read_cell(cell.lines, scope, bare=True).prices
    return len(found) == 1 and found[0].amount is not None and "." in found[0].amount.printed


def _named(model: ModelName, spot: Place, scope: Scope) -> Meaning:
    """The place's meaning with what the model's own cell says, which yields to row and column.

    A name such as "Rerank" or "Embedding-3" tells what kind of model it is.
    """
    own = model.meaning
    kind = scope.vocabulary.read_words(model.name).kind
    if own.kind is None and kind in {"embedding", "rerank", "video"}:
        own = own._replace(kind=kind)
    return spot.meaning.over(own)


def _read_prices(
    name: str,
    prices: Sequence[Price],
    meaning: Meaning,
    spot: Place,
    scope: Scope,
    locator: str,
    flags: tuple[str, ...],
) -> Reading:
    parts: list[Reading] = []
    has_parts = len(spot.parts) == len(prices) > 1
    has_lines = len(spot.row_lines) == len(prices) > 1
    has_storage = any(price.unit is not None and price.unit.unit == "token_hour" for price in prices)
    for number, price in enumerate(prices):
        label = scope.label(price.label) if price.label else Meaning()
        if meaning.cache and label.unknown and not label.has_meter:
            below = scope.label(f"cache {price.label}")  # "Write: $3.75" under "Cache"
            label = below if below.cache and not below.unknown else label
        is_open = bool(label.unknown) and not label.has_meter and not meaning.has_meter
        own = label._replace(roles=label.roles & {"foreign", "total"}, unknown=label.unknown if is_open else "")
        if has_parts:
            own = own.over(spot.parts[number])
        elif has_lines:
            own = own.over(scope.label(spot.row_lines[number])._replace(roles=frozenset()))
        elif label.unknown and label.has_meter and len(prices) == 1:
            own = Meaning(context=label.context, output=label.output, unit=label.unit) if meaning.has_meter else own
        elif label.unknown and len(prices) > 1:
            own = own._replace(others=(*own.others, price.label[:80]))
        if price.unit is not None and price.unit.unit == FOREIGN:
            parts.append(ignore(OTHER_GOODS, price.quote, locator))
            continue
        if own.context and meaning.direction not in {None, "both"} and own.direction and not own.cache:
            own = own._replace(direction=None)  # the "prompts" of a range are no meter where row or column name one
        joined = own.over(meaning)
        if (
            own.direction
            and meaning.direction
            and not own.cache
            and meaning.cache not in {None, "miss"}
            and own.direction == "output"
        ):
            joined = joined._replace(cache=None)
        if (
            has_storage
            and joined.cache == "storage"
            and own.cache is None
            and (price.unit or joined.unit) != price.unit
        ):
            joined = joined._replace(
                cache="hit", direction="input"
            )  # the storage of "cache storage" is priced beside it
        parts.append(make_rates(name, price, joined, scope, locator, flags))
    return join_readings(parts)


def _without_model(prices: CellPrices, spots: list[Place], around: Meaning, locator: str) -> Reading:
    """Amounts that stand beside no model: other goods, or a complaint."""
    meaning = _common([spot.meaning for spot in spots]).over(around)
    rule = rule_of(meaning) if meaning.roles & SET_ASIDE else None
    if rule is not None:
        named = (ignore(rule, price.quote, locator) for price in prices.prices if price.amount is not None)
        return sum(named, prices.set_aside(locator))
    dispute = next(filter(None, (spot.dispute for spot in spots)), "")
    message = f"{dispute or NO_MODEL}; {SETTLED_BY}"
    complaints = tuple(
        Complaint("unread_amount", message, price.quote, locator)
        for price in prices.prices
        if price.amount or (dispute and price.state != "none")
    )
    seen = prices.seen - len(prices.ignored)
    return prices.set_aside(locator) + Reading(complaints=complaints, amounts_seen=seen)


def _common(meanings: list[Meaning]) -> Meaning:
    """What several places have in common; input and output together are both."""
    first = meanings[0]
    if len(meanings) == 1:
        return first
    changes: dict[str, Any] = {}
    for name in Meaning._fields:
        values = [getattr(meaning, name) for meaning in meanings]
        if all(value == values[0] for value in values):
            continue
        if name == "direction" and set(values) <= {"input", "output", "both"}:
            changes["direction"] = "both"
        elif name == "roles":
            changes["roles"] = frozenset.intersection(*values)
        elif name in {"others", "hints"}:
            changes[name] = tuple(word for word in values[0] if all(word in value for value in values))
        else:
            changes[name] = (
                type(values[0])()
                if isinstance(values[0], (frozenset, str)) and name in {"modalities", "unknown"}
                else None
            )
    return first._replace(**changes)
