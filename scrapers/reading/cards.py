"""Card blocks to rates: lines that name a model, lines that are labels, lines that are prices.

Whether a label stands before or behind its price is decided once for each model, by which of the two comes first after
its name. A price without a label of its own is reported and never guessed; a card never makes one price count for both
directions. Tables that a copyist flattened to one cell a line are read by their row of headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scrapers.documents.blocks import Card
from scrapers.rates import Complaint
from scrapers.reading.cardlines import MAX_LABEL, CardLine, join_lines, read_lines
from scrapers.reading.cardparts import parts_of
from scrapers.reading.cells import Price
from scrapers.reading.headings import ABOVE, SET_ASIDE, weigh_headings
from scrapers.reading.ignoring import DOUBTFUL, NO_MODEL, SETTLED_BY, ignore, rule_of
from scrapers.reading.labels import Reading, Scope, read_context, read_sentence
from scrapers.reading.names import read_model
from scrapers.reading.pricing import make_rates
from scrapers.reading.units import Unit
from scrapers.reading.vocabulary import Meaning

_APART = frozenset({"embedding", "rerank", "speech", "image", "video"})
_OTHER_GOODS = frozenset({"image", "video", "page"})
_TIMES = frozenset({"second", "minute", "hour"})
_AMOUNT_SIGN = re.compile(r"[$¥￥€£]")
_MAX_IDLE = 6
_ONE_WORD = re.compile(r"(?!(?:From|Only|Just|Starting|About|For|Around|Up)\b)[A-Z][a-z]{2,}")  # "Ada" may be a name


def read_card(card: Card, scope: Scope) -> Reading:
    """The rates of one card, or of the several models that its lines name."""
    lines = [part for line in join_lines(card.lines) for part in read_lines(line, scope)]
    around = read_context(card.context, scope)
    if around.unit is None:
        around = around._replace(unit=_unit_of(lines, scope))
    reader = _CardReader(card, scope, around)
    total = Reading()
    flat = _find_flat_table(lines, scope, 0)
    if flat is not None:
        while flat is not None:
            table, end = reader.read_flat(lines, flat)
            total += table
            flat = _find_flat_table(lines, scope, end)
        return total
    for name, part in parts_of(card, lines, scope, reader.reads_both):
        total += reader.read_part(name, part)
    return total


def _unit_of(lines: Sequence[CardLine], scope: Scope) -> Unit | None:
    """The one unit of tokens that lines without a price name for all ("Prices per 1M tokens", "per 1M tokens")."""
    others = (line for line in lines if line.kind != "price")
    said = (line.meaning if line.kind == "label" else read_sentence(line.text, scope) for line in others)
    units = {meaning.unit for meaning in said if meaning.unit is not None and meaning.unit.unit == "token"}
    return units.pop() if len(units) == 1 else None


def _find_flat_table(lines: Sequence[CardLine], scope: Scope, begin: int) -> tuple[int, int] | None:
    """Where the headings of a flattened table begin and end: the model's, then meters or one price with a unit."""
    for start in range(begin, len(lines)):
        line = lines[start]
        if line.kind == "price" or "model" not in scope.label(line.text).roles:
            continue
        end = start + 1
        while end < len(lines) and lines[end].kind in {"label", "other"} and len(lines[end].text) <= MAX_LABEL:
            end += 1
        columns = _columns(lines[start + 1 : end])
        is_table = len(columns) >= 2 or any(column.unit is not None for column in columns)
        if is_table and end < len(lines) and lines[end].kind == "name":
            return start, end
    return None


def _columns(headings: Sequence[CardLine]) -> list[Meaning]:
    """The headings under which prices stand."""
    return [line.meaning for line in headings if line.meaning.has_meter or "price" in line.meaning.roles]


class _CardReader:
    def __init__(self, card: Card, scope: Scope, around: Meaning) -> None:
        self._scope = scope
        self._around = around
        self._locator = card.locator
        self._flags = ("hidden",) if card.context.is_hidden else ()

    def reads_both(self, name: str, lines: Sequence[CardLine]) -> bool:
        """Whether the lines give token prices under a name, and their labels speak of both directions."""
        prices = [price for line in lines for price in line.found.prices]
        rates = self.read_part(name, lines).rates if len(prices) > 1 else ()
        if not rates or any(rate.unit not in {"token", None} for rate in rates):
            return False
        said = {line.meaning.direction for line in lines} | {
            self._scope.label(price.label).direction for price in prices
        }
        return {"input", "output"} <= said | {rate.meter for rate in rates}

    def read_part(self, name: str, lines: Sequence[CardLine]) -> Reading:
        """The prices of one model, each with the label before it or behind it."""
        model = read_model(name, self._scope) if name else None
        if model is None:
            return self._nameless(lines)
        around = model.meaning._replace(roles=frozenset(), unknown="").over(self._around)
        labelled = self._behind(lines) if self._is_behind(lines) else self._before(lines)
        is_alone = sum(len(line.found.prices) for line in lines) == 1
        total = Reading()
        for line, meaning in labelled:
            total += self._rates(model.name, line, meaning, around, is_alone=is_alone)
        return _without_dear_cache(total)

    def _nameless(self, lines: Sequence[CardLine]) -> Reading:
        """Amounts of no model: a complaint for each price of tokens, labelled, after one word or alone."""
        total = Reading()
        for line in lines:
            total += line.found.set_aside(self._locator)
            for price in line.found.prices:
                label = self._scope.label(price.label)
                is_token = price.unit is not None and price.unit.unit == "token"
                is_labelled = not label.unknown and label.direction
                is_alone = not price.label or _ONE_WORD.fullmatch(price.label)
                is_price = is_labelled or (is_alone and not self._around.roles & SET_ASIDE)
                if is_token and is_price and len(line.text) <= MAX_LABEL:
                    message = f"a price of tokens beside no model's name; {SETTLED_BY}"
                    complaint = Complaint("unread_amount", message, price.quote, self._locator)
                    total += Reading(complaints=(complaint,), amounts_seen=1)
                elif price.amount is not None:
                    total += ignore(rule_of(self._around) or NO_MODEL, price.quote, self._locator)
        return total

    @staticmethod
    def _is_behind(lines: Sequence[CardLine]) -> bool:
        """Labels stand behind their prices where a price comes straight after the name and a meter's label next.

        A strange word between the name and the price may be a label in front of it; then nothing stands behind. The
        first price has no words of its own, or every price is followed by a meter's label.
        """
        if len(lines) < 2 or lines[0].kind != "price":
            return False
        bare = not any(price.label for price in lines[0].found.prices)
        followed = [after.kind == "label" and after.meaning.has_meter for after in lines[1:]] + [False]
        priced = [behind for line, behind in zip(lines, followed, strict=True) if line.kind == "price"]
        return followed[0] and (bare or all(priced))

    @staticmethod
    def _behind(lines: Sequence[CardLine]) -> Iterator[tuple[CardLine, Meaning]]:
        for number, line in enumerate(lines):
            if line.kind == "price":
                following = lines[number + 1] if number + 1 < len(lines) else None
                yield line, following.meaning if following is not None and following.kind == "label" else Meaning()

    def _before(self, lines: Sequence[CardLine]) -> Iterator[tuple[CardLine, Meaning]]:
        """Labels of two ranks: a meter opens a group, a range or a part of it ("Write") holds for the next price."""
        group = ""
        meaning = Meaning()
        span = Meaning()
        is_used = False
        for line in lines:
            if line.kind == "price":
                yield line, Meaning() if is_used and not any(price.label for price in line.found.prices) else meaning
                is_used = True
                continue
            if line.kind == "label" and line.meaning.has_meter:
                joined = self._scope.label(f"{group} {line.text}") if group else line.meaning
                is_bare = line.meaning.cache is None and line.meaning.direction is None
                is_part = bool(group) and not joined.unknown and is_bare and joined.cache is not None
                if not is_part:
                    group, span = line.text, Meaning()
                meaning = (joined if is_part else line.meaning).over(span)
                is_used = False
            elif line.kind == "label" and line.meaning.context is not None:
                span = Meaning(context=line.meaning.context)
                meaning = span.over(meaning._replace(context=None))
                is_used = False
            elif line.kind == "label" and "price" in line.meaning.roles and not group:
                meaning, is_used = line.meaning, False
            elif group and len(line.text) <= 20:
                joined = self._scope.label(f"{group} {line.text}")
                if not joined.unknown and joined.has_meter:
                    meaning = joined.over(span)
                    is_used = False
                else:
                    group, meaning, span = "", Meaning(), Meaning()
            elif line.kind == "other":
                group, meaning, span = "", Meaning(), Meaning()

    def _rates(self, model: str, line: CardLine, meaning: Meaning, around: Meaning, *, is_alone: bool) -> Reading:
        total = line.found.set_aside(self._locator)
        prices = _with_shared_unit(line.found.prices, self._scope)
        labels = [self._scope.label(price.label) if price.label else Meaning() for price in prices]
        is_sentence = any(label.unknown for label in labels)  # of something else: none of its prices is this model's
        for price, label in zip(prices, labels, strict=True):
            said = label.over(meaning) if not (label.has_meter and meaning.has_meter) else label
            is_whole = is_alone and not is_sentence
            total += self._rate(model, price, Meaning() if is_sentence else said, around, is_alone=is_whole)
        return total

    def _rate(self, model: str, price: Price, said: Meaning, around: Meaning, *, is_alone: bool) -> Reading:
        full = weigh_headings(said.over(around), price.unit)
        is_whole = _is_vectors(price, said, full) or (is_alone and _is_whole(price, said, full))
        if said.unknown or not (said.has_meter or is_whole):
            if price.amount is None:
                return Reading()
            if full.roles & {"foreign", ABOVE["foreign"]} or price.doubt:
                return ignore(rule_of(full) or DOUBTFUL, price.quote, self._locator)
            message = "a price in a card without a label that says which meter it is; add the words to the vocabulary"
            return Reading(
                complaints=(Complaint("unknown_column", message, price.quote, self._locator),), amounts_seen=1
            )
        return make_rates(model, price, full, self._scope, self._locator, self._flags)

    def read_flat(self, lines: Sequence[CardLine], flat: tuple[int, int]) -> tuple[Reading, int]:
        """A table of one cell a line, and the line after it: the prices between two names are a row."""
        start, end = flat
        meters = _columns(lines[start + 1 : end])
        total = Reading()
        row: list[CardLine] = []
        name = ""
        idle = 0
        for line in lines[end:]:
            end += 1
            if line.kind == "price" or (name and self._scope.vocabulary.read_state(line.text) == "none"):
                row.append(line)
                idle = 0
                continue
            if row:
                total += self._flat_row(name, row, meters)
                row, name = [], ""
            idle += 1
            if idle > _MAX_IDLE or len(line.text) > MAX_LABEL or "model" in line.meaning.roles:
                end -= 1
                break
            is_name = line.kind == "name" and not _is_length(line, self._scope)
            if (is_name or (not name and line.kind == "other")) and not _AMOUNT_SIGN.search(line.text):
                name = line.text
        return total + self._flat_row(name, row, meters), end

    def _flat_row(self, name: str, row: Sequence[CardLine], meters: Sequence[Meaning]) -> Reading:
        slots = [price for line in row for price in line.found.prices or (None,)]
        prices = [price for price in slots if price is not None]
        model = read_model(name, self._scope) if name else None
        if model is None or not prices:
            named = (ignore(NO_MODEL, line.text, self._locator, line.found.seen) for line in row)
            return sum(named, Reading())
        is_whole = len(slots) == len(meters)  # a dash keeps its column's place
        paid = [meter for meter, price in zip(meters, slots, strict=False) if price is not None]
        columns = paid if is_whole else _columns_for(prices, meters)
        if columns is None:
            message = f"{len(prices)} prices under {len(meters)} headings: it is unknown which is missing; {SETTLED_BY}"
            quote = " | ".join(price.quote for price in prices)
            complaint = Complaint("ragged_row", message, quote, f"{self._locator} {model.name}")
            return Reading(complaints=(complaint,), amounts_seen=len(prices))
        total = Reading()
        for price, meaning in zip(prices, columns, strict=True):
            total += make_rates(model.name, price, meaning.over(self._around), self._scope, self._locator, self._flags)
        return total


def _is_whole(price: Price, said: Meaning, full: Meaning) -> bool:
    """Whether a model's only price needs no label: its unit, the words above it or "Price" say what is bought."""
    unit = price.unit.unit if price.unit else None
    is_speech = unit == "character" or (unit in _TIMES and full.modalities == {"audio"})  # "$0.22 per hour of audio"
    return full.kind in _APART or unit in _OTHER_GOODS or is_speech or (unit == "token" and "price" in said.roles)


def _is_vectors(price: Price, said: Meaning, full: Meaning) -> bool:
    """Whether "Cost" heads a price of tokens of an embedding model, which has but one direction."""
    return full.kind == "embedding" and "price" in said.roles and price.unit is not None and price.unit.unit == "token"


def _with_shared_unit(prices: Sequence[Price], scope: Scope) -> Sequence[Price]:
    """The prices of one line; a unit behind the last alone ("$0.60 input / $0.70 output per 1M tokens") is of all."""
    if len(prices) < 2:
        return prices
    units = [price.unit or (scope.label(price.label).unit if price.label else None) for price in prices]
    if units[-1] is None or any(units[:-1]):
        return prices
    return [replace(price, unit=units[-1]) for price in prices]


def _is_length(line: CardLine, scope: Scope) -> bool:
    """A context length such as "1049K" or "262K"."""
    return re.fullmatch(r"[\d.,]+\s*[KkMm]?(?:\s*tokens?)?", line.text) is not None or bool(scope.label(line.text).unit)


def _columns_for(prices: Sequence[Price], meters: Sequence[Meaning]) -> Sequence[Meaning] | None:
    """The headings of a row's prices; an absent cache price is seen by the count, if the rest can be nothing else."""
    if len(prices) == len(meters):
        return meters
    plain = [meaning for meaning in meters if meaning.cache in {None, "miss"}]
    amounts = [price.amount.value for price in prices if price.amount is not None]
    is_rising = len(amounts) == len(prices) and amounts == sorted(amounts)
    return plain if len(prices) == len(plain) and is_rising else None


def _without_dear_cache(part: Reading) -> Reading:
    """Without a cache hit that costs more than the input itself: its label belongs to another price."""
    inputs = [rate.unit_price for rate in part.rates if rate.meter == "input" and rate.unit_price is not None]
    if not inputs:
        return part
    dear = [rate for rate in part.rates if rate.meter == "cached_input" and (rate.unit_price or 0) > max(inputs)]
    message = f"a cache hit above the price of the input; {SETTLED_BY}"
    complaints = tuple(Complaint("ragged_row", message, rate.evidence.quote, rate.evidence.locator) for rate in dear)
    kept = tuple(rate for rate in part.rates if rate not in dear)
    return replace(part, rates=kept, complaints=(*part.complaints, *complaints))
