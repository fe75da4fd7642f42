"""Record blocks to rates: keys are labels, and what a key says is read as the words of a heading are.

An amount is a leaf under a key that speaks of a price, or one of a pair of directions beside each other (`input` and
`output`) in an object that names a model. The model is named by the nearest object above the amount that has a name.
Of a price before and after a reduction the one in force is read. What the document does not print (unit, currency)
comes from the hints; a unit of tokens is never lent to a price per request, image or search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from scrapers.documents.blocks import Record, Run
from scrapers.documents.components import format_value, speaks_of_price
from scrapers.documents.inline import Line, lines_of
from scrapers.documents.nodes import parse_fragment
from scrapers.rates import Complaint
from scrapers.reading.bounds import bound_of, range_in_name, range_of, tiered_key, tiers_of
from scrapers.reading.cells import Price, read_cell
from scrapers.reading.ignoring import BEFORE_REDUCTION, HIRED, NO_METER, NO_MODEL, OF_ROLES, SETTLED_BY, ignore
from scrapers.reading.keys import (
    AFTER,
    BEFORE,
    CENTS,
    CURRENCY_KEYS,
    LABEL_KEYS,
    MACHINERY,
    METER_NAME_KEYS,
    MODEL_KEYS,
    NUMBER,
    REGION_KEYS,
    TIER_KEYS,
    TOOLS,
    TYPE_KEYS,
    UNIT_KEYS,
    counts_in_parts,
    is_form,
    is_number,
    is_price_like,
    is_usage,
    leaves,
    names_price,
    quote_of,
    sold_by,
    words_of,
)
from scrapers.reading.labels import Reading, Scope, read_context
from scrapers.reading.meternames import names_tokens, split_meter_name
from scrapers.reading.money import Amount, find_amounts
from scrapers.reading.names import read_model, split_direction
from scrapers.reading.pricing import make_rates, meters_of
from scrapers.reading.siblings import Habits, habits_of, missing_keys
from scrapers.reading.units import Unit
from scrapers.reading.vocabulary import Meaning

_TOKEN_METERS = frozenset(
    {
        *("input", "output", "cached_input", "cache_write", "cache_storage", "audio_input", "audio_output", "training"),
        *("cached_audio_input", "image_input", "image_output", "cached_image_input", "video_input"),
    }
)
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16,}\Z|\d+\Z|https?://", re.IGNORECASE)
_COUNTED_KINDS = frozenset({"request", "search", "page", "image", "video", "speech", "rerank"})
_SHARES = {"0.000001": Decimal(1_000_000), "0.001": Decimal(1_000)}  # a unit as the share that one token is of it
_HIRED = frozenset({"hour"})  # without a meter: machines for a time, no model's price
_PRICE_AT_END = re.compile(r"\s*(?:price|cost|amount|rate)$")
_VERSION = re.compile(r"[vV]?\d+(?:\.\d+)*\Z")  # a version is no name: the family's belongs in front
_LEAST_POWER, _MOST_POWER = -30, 12  # of ten; what is beyond is no price and would fill the memory when printed
_NOT_SOLD = {
    "embedding": frozenset({"output", "cached_input"}),
    "media": frozenset({"input", "output", "cached_input"}),
}
_MAX_DEPTH = 25
_REDUCED = frozenset({"discount", "discount percent", "discount rate", "discount ratio"})
_NO_HABITS = Habits()
_RULES = {role: rule for role, rule in OF_ROLES.items() if role != "foreign"}
_TITLE_KEYS = frozenset({"name", "display name", "title", "label"})
_MOST = {"USD": 3000, "EUR": 3000, "CNY": 20_000}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known on the way down to an amount."""

    model: str | None = None
    is_meter_name: bool = False
    is_product: bool = False
    sells: str = ""
    family: str = ""
    meaning: Meaning = field(default_factory=Meaning)
    path: str = ""
    is_priced: bool = False
    is_inside: bool = False
    is_entry: bool = True
    struck: Mapping[str, Any] | None = None
    depth: int = 0


def read_record(record: Record, scope: Scope, habits: Habits = _NO_HABITS) -> Reading:
    """The rates of one record; `habits` are those of the entries of its list."""
    complaints, is_refused = missing_keys(record.fields, habits, record.locator)
    if is_refused:
        return Reading(complaints=complaints)
    around = read_context(record.context, scope)
    around = around._replace(unknown="", roles=around.roles - {"ignore"})
    reader = _RecordReader(scope, record)
    for key, value in record.context.props:
        if (word := words_of(key).casefold()) in UNIT_KEYS | CURRENCY_KEYS:
            around = reader.said_by_field(word, value, around, is_item=False)
    total = Reading(complaints=complaints)
    for part in reader.read_object(record.fields, _Place(meaning=around)):
        total += part
    return total


class _RecordReader:
    def __init__(self, scope: Scope, record: Record) -> None:
        self._scope = scope
        self._flags = ("hidden",) if record.context.is_hidden else ()
        self._locator = record.locator

    def read_object(self, fields: Mapping[str, Any], place: _Place) -> Iterator[Reading]:
        if place.depth > _MAX_DEPTH:
            return
        words = {key: words_of(key).casefold() for key in fields}
        if is_usage(fields, words):
            return
        place = self._entered(fields, words, place)
        if place.is_entry and place.model is not None and is_form(fields, words):
            return
        tiered = {words[key]: stem for key in fields if (stem := self._tiered(words[key], fields[key]))}
        sale = {key for key, word in words.items() if word in AFTER}
        struck = next((fields[key] for key, word in words.items() if word in BEFORE and sale), None)
        directions = self._directions(fields, words)
        is_reduced = not sale and any(word in _REDUCED and _says_some(fields[key]) for key, word in words.items())
        for key, value in fields.items():
            if words[key] in BEFORE and sale:
                yield self._set_aside({key: value}, place, _RULES["list"])
                continue
            if words[key] in BEFORE and is_reduced and speaks_of_price({key: value}):
                yield self._without_sale(key, value, place)
                continue
            if words[key] in MACHINERY or words[key] in tiered.values():
                continue
            if words[key] in tiered:
                yield self._read_tiers(key, tiered[words[key]], value, place)
                continue
            if isinstance(value, dict | list):
                beside = replace(place, is_priced=place.is_priced or self._is_priced_part(words[key], directions))
                yield from self._read_inner(key, words[key], value, beside, struck if key in sale else None)
            elif is_number(value) or isinstance(value, str):
                yield self._read_leaf(key, words, fields, place, directions)

    def _entered(self, fields: Mapping[str, Any], words: Mapping[str, str], place: _Place) -> _Place:
        """The place inside of an object: its model, and what its plain fields say of all amounts in it."""
        own = self._model_of(fields, words, place)
        meaning = place.meaning
        is_item = place.model is not None and own is None
        for key, value in fields.items():
            word = words[key]
            if isinstance(value, str) and value and len(value) <= 80:
                meaning = self.said_by_field(word, value, meaning, is_item=is_item)
        is_entry = own is not None or place.is_entry
        span = None if is_entry else range_of(fields, words)
        if span is not None:
            meaning = meaning._replace(context=span)
        for key in fields:
            if is_entry and own is not None and words[key] in _TITLE_KEYS and isinstance(fields[key], str):
                meaning = meaning._replace(context=meaning.context or range_in_name(fields[key]))
        if meaning.unit is None:
            meaning = meaning._replace(unit=self._unit_of_keys(words))
        if own is not None:
            meaning = _of_model(own, meaning)
            if any(words[key] in TYPE_KEYS and str(value).casefold() in TOOLS for key, value in fields.items()):
                meaning = meaning._replace(roles=meaning.roles | {"foreign"})
        sold = (sold_by(fields[key]) for key, word in words.items() if word in TYPE_KEYS)
        place = replace(place, sells=next(filter(None, sold), "" if own is not None else place.sells))
        if own is None:
            return replace(place, meaning=meaning)
        named_by = next((words[key] for key, value in fields.items() if value == own), "")
        is_meter_name, is_product = named_by in METER_NAME_KEYS, named_by == "product name"
        family = next((str(fields[key]) for key, word in words.items() if word == "product name"), "")
        return replace(
            place, model=own, is_meter_name=is_meter_name, is_product=is_product, family=family, meaning=meaning
        )

    def _unit_of_keys(self, words: Mapping[str, str]) -> Unit | None:
        """The one unit that keys of an object name (`input_cost_per_token`): it holds for those that name none."""
        labels = map(self._scope.label, words.values())
        units = {label.unit for label in labels if label.direction and label.unit and label.unit.unit == "token"}
        return units.pop() if len(units) == 1 else None

    def said_by_field(self, word: str, value: str, meaning: Meaning, *, is_item: bool) -> Meaning:
        if word in UNIT_KEYS and value in _SHARES:
            return meaning._replace(unit=Unit(_SHARES[value], "token", is_implied=True))
        if word in UNIT_KEYS:
            value = words_of(value) if " " not in value and "/" not in value else value
            label = self._scope.label(value if not value[:1].isdigit() or " " in value else f"per {value}")
            currency = meaning.currency or label.currency  # "USD/1M tokens"
            return meaning._replace(unit=label.unit, currency=currency) if label.unit else meaning
        if word in CURRENCY_KEYS:
            label = self._scope.label(value)
            return meaning._replace(currency=label.currency or meaning.currency)
        if word in REGION_KEYS:
            return meaning._replace(region=value)
        if not is_item and word in TIER_KEYS:
            label = self._scope.label(words_of(value))
            is_tier = label == Meaning(tier=label.tier, roles=label.roles) and label.tier != "free"
            return meaning._replace(tier=label.tier or meaning.tier) if is_tier else meaning
        if is_item and word in LABEL_KEYS and not NUMBER.match(value):
            return self._scope.label(value if " " in value else words_of(value)).over(meaning)
        return meaning

    def _model_of(self, fields: Mapping[str, Any], words: Mapping[str, str], place: _Place) -> str | None:
        """The name of the model that an object describes; None for a part of one."""
        if not any(map(_holds_digits, fields.values())):
            return None
        by_word = {word: fields[key] for key, word in reversed(list(words.items()))}
        for wanted in MODEL_KEYS:
            value = by_word.get(wanted)
            if not isinstance(value, str) or not value or _OPAQUE.match(value) or len(value) > 120:
                continue
            label = self._scope.label(value)
            if label.direction and not label.unknown:
                continue  # "Input tokens" names a meter
            if place.model is not None and wanted not in {"model", "model id", "model name"}:
                if not label.unknown or not place.is_inside:
                    continue
                if wanted in {"label", "title", "name"} and not any(c.isdigit() for c in value):
                    continue
            return value
        return None

    def _directions(self, fields: Mapping[str, Any], words: Mapping[str, str]) -> frozenset[str]:
        """Directions that plain numbers of an object name: both beside each other are prices without the word."""
        found = set()
        for key, value in fields.items():
            label = self._scope.label(words[key])
            if not label.direction or label.unknown or label.roles & {"ignore"} or label.direction in found:
                continue
            is_amount = isinstance(value, str) and len(value) <= 40 and bool(find_amounts(value))
            if is_amount or is_number(value) or (isinstance(value, str) and NUMBER.match(value)):
                found.add(label.direction)
        return frozenset(found)

    def _is_priced_part(self, word: str, directions: frozenset[str]) -> bool:
        """Whether a part beside prices of both directions holds prices too, since its key names a meter (`request`)."""
        label = self._scope.label(word)
        return {"input", "output"} <= directions and label.has_meter and not label.unknown

    def _read_inner(self, key: str, word: str, value: Any, place: _Place, struck: Any) -> Iterator[Reading]:
        label = self._scope.label(words_of(key))
        is_priced = place.is_priced or names_price(word)
        why = next((rule for role, rule in _RULES.items() if role in label.roles), None)
        is_name = bool(label.unknown) and any(char.isdigit() or char == "/" for char in key)  # "example/nova-4"
        if why is not None and not is_priced and not is_name:
            if speaks_of_price(value):
                yield self._set_aside({key: value}, place, why)
            return
        meaning = place.meaning
        names_model = False
        if word in AFTER or label.unknown:
            names_model = bool(label.unknown) and word not in AFTER
        else:
            meaning = label._replace(roles=label.roles - {"ignore"}).over(meaning)
        inner = replace(
            place,
            meaning=meaning,
            path=f"{place.path}.{key}" if place.path else key,
            is_priced=is_priced,
            is_inside=True,
            is_entry=False,
            struck=struck if isinstance(struck, dict) else _below(place.struck, key),
            depth=place.depth + 1,
        )
        if isinstance(value, dict):
            if names_model and inner.model is None and self._holds_prices(value):
                inner = replace(inner, model=str(key), meaning=_of_model(str(key), meaning), is_entry=True)
            yield from self.read_object(value, inner)
            return
        habits = habits_of([one for one in value if isinstance(one, dict)], self._scope)
        for number, one in enumerate(value):
            if isinstance(one, dict):
                entry = replace(inner, path=f"{inner.path}[{number}]")
                complaints, is_refused = missing_keys(one, habits, f"{self._locator} {entry.path}")
                yield Reading(complaints=complaints)
                if not is_refused:
                    yield from self.read_object(one, entry)

    def _tiered(self, word: str, value: object) -> str | None:
        """The key whose price a list gives by the prompt's length; the plain price beside it is that of one tier."""
        stem = tiered_key(word)
        is_list = isinstance(value, list) and bool(value)
        return stem if stem is not None and is_list and self._scope.label(stem).has_meter else None

    def _read_tiers(self, key: str, stem: str, value: Sequence[Mapping[str, Any]], place: _Place) -> Reading:
        tiers = tiers_of(value)
        if tiers is None:
            message = f"the tiers of {key!r} are no ranges of prompt lengths; {SETTLED_BY}"
            complaint = Complaint("unknown_column", message, f'"{key}"', self._where(place, key))
            return Reading(complaints=(complaint,), amounts_seen=len(value))
        total = Reading()
        label = self._scope.label(stem)
        for number, (name, span) in enumerate(tiers):
            inner = replace(place, path=f"{place.path}.{key}[{number}]")
            prices = self._prices_of(name, value[number][name], inner, bare=True)
            total += self._rates(prices, label._replace(context=span).over(place.meaning), inner, name)
        return total

    def _holds_prices(self, value: Mapping[str, Any]) -> bool:
        return any(
            (is_number(one) or (isinstance(one, str) and (NUMBER.match(one) or find_amounts(one[:60]))))
            and self._scope.label(words_of(key)).direction is not None
            for key, one in value.items()
        )

    def _read_leaf(
        self,
        key: str,
        words: Mapping[str, str],
        fields: Mapping[str, Any],
        place: _Place,
        directions: frozenset[str],
    ) -> Reading:
        value, word = fields[key], words[key]
        if word in UNIT_KEYS | CURRENCY_KEYS | REGION_KEYS or word.endswith(" id") or bound_of(word) is not None:
            return Reading()
        label = self._label_of(key, words, fields)
        is_named_price = names_price(word)
        has_direction = label.has_meter and not label.unknown
        is_price = is_named_price or place.is_priced or ({"input", "output"} <= directions and has_direction)
        why = next((rule for role, rule in _RULES.items() if role in label.roles), None)
        why = NO_MODEL if place.model is None else why
        if why is not None:
            return self._set_aside({key: value}, place, why) if is_price else Reading()
        if not is_price:
            is_lost = bool(directions) and is_price_like(key, value) and (has_direction or label.unknown)
            return self._unexplained(key, value, place) if is_lost else Reading()
        prices = self._prices_of(key, value, place, bare=is_named_price)
        if not prices:
            return Reading()
        if label.unknown:
            return self._unexplained(key, value, place)
        outer = place.meaning
        meaning = outer.over(label) if outer.has_meter and not label.has_meter else label.over(outer)
        return self._rates(prices, meaning, place, key)

    def _set_aside(self, fields: Mapping[str, Any], place: _Place, why: str) -> Reading:
        """The amounts of some fields and of all below them, counted and named with the rule that ignores them."""
        said = tuple(
            Complaint("ignored", why, quote_of(key, value), self._where(place, path))
            for path, key, value in leaves(fields)
            if is_number(value) or (isinstance(value, str) and len(value) <= 60 and _is_amount(value))
        )
        return Reading(amounts_seen=len(said), set_aside=said)

    def _without_sale(self, key: str, value: Any, place: _Place) -> Reading:
        """Prices before a reduction that the object names, without the ones in force."""
        message = f"what {key!r} cost before a reduction, and not what it costs now; {SETTLED_BY}"
        known = self._set_aside({key: value}, place, BEFORE_REDUCTION).set_aside
        complaints = tuple(replace(each, kind="unread_amount", message=message) for each in known)
        return Reading(complaints=complaints, amounts_seen=len(known))

    def _unexplained(self, key: str, value: Any, place: _Place) -> Reading:
        message = f"no meter is known for the key {key!r}; add it to the vocabulary or to the provider's [hints] meters"
        complaint = Complaint("unknown_column", message, quote_of(key, value), self._where(place, key))
        return Reading(complaints=(complaint,), amounts_seen=1)

    def _rates(self, prices: tuple[Price, ...], meaning: Meaning, place: _Place, key: str) -> Reading:
        name = read_model(place.model or "", self._scope)
        if name is None:
            return Reading()
        model, said = name.name, name.meaning
        if place.is_meter_name and (not meaning.has_meter or meaning.kind == "embedding"):
            if meaning.unit is not None and names_tokens(model):
                meaning = meaning._replace(unit=replace(meaning.unit, is_implied=False))
            split = split_meter_name(model, self._scope)
            if split is not None:
                model, words = split
                if meaning.region and words.region:
                    words = words._replace(region=None, others=(*words.others, words.region))
                said = words.over(said)
            if _VERSION.match(model) and place.family:
                model = f"{place.family.split()[0]} {model}"
        parted = None if place.is_meter_name or meaning.has_meter else split_direction(model, self._scope)
        if parted is not None:
            model, direction = parted
            said = direction.over(said)
        meaning = meaning.over(said._replace(roles=frozenset(), unknown=""))
        total = Reading()
        for price in prices:
            label = self._scope.label(price.label) if price.label else Meaning()
            full = label.over(meaning)
            scope = self._scope_for(full, price.unit)
            full = full._replace(unknown="") if full.has_meter else full
            unit = price.unit or full.unit
            if not full.has_meter and unit is not None and unit.unit in _HIRED:
                total += ignore(HIRED, price.quote, self._where(place, key))
                continue
            if not full.has_meter and not self._may_be_both(full, price, place):
                total += self._unexplained(key, price.quote, place)
                continue
            if price.amount is not None and not price.amount.value and not meters_of(full, unit):
                total += ignore(NO_METER, price.quote, self._where(place, key))
                continue
            if full.currency is None and price.amount is not None and counts_in_parts(key, price.amount.value):
                message = "whole numbers this high may count parts of the currency; say which in the [hints] unit"
                complaint = Complaint("unreadable_price", message, price.quote, self._where(place, key))
                total += Reading(complaints=(complaint,), amounts_seen=1)
                continue
            part = make_rates(model, price, full, scope, self._where(place, key), self._flags)
            total += _without_fillings(_without_absurd(part, price), place.sells)
        return total

    @staticmethod
    def _may_be_both(meaning: Meaning, price: Price, place: _Place) -> bool:
        """A price without a direction is one for both only where the document itself says that it buys tokens."""
        unit = price.unit or meaning.unit
        if unit is None or unit.unit != "token":
            return True
        return not unit.is_implied and not place.is_product

    def _scope_for(self, meaning: Meaning, unit: Unit | None) -> Scope:
        """The scope without its units where they would be lent to something that is not counted in tokens."""
        if unit is not None or meaning.unit is not None:
            return self._scope
        meters = meters_of(meaning, None) or meters_of(meaning, Unit(Decimal(1), "token"))
        counts_tokens = bool(meters) and set(meters) <= _TOKEN_METERS and (meaning.has_meter or meaning.kind)
        if counts_tokens and meaning.kind not in _COUNTED_KINDS:
            return self._scope
        wanted = {f"unit {word}" for word in (*meters, meaning.kind)}
        own = next((text for name, text in self._scope.hints.extra if name in wanted), None)
        return replace(
            self._scope, hints=replace(self._scope.hints, unit=own), page=self._scope.page._replace(unit=None)
        )

    def _label_of(self, key: str, words: Mapping[str, str], fields: Mapping[str, Any]) -> Meaning:
        """What the key says, or what a field beside it says of it (`inputLabel` beside `inputPrice`)."""
        stem = _PRICE_AT_END.sub("", words[key])
        if stem and stem != words[key]:
            for other, word in words.items():
                if word in {f"{stem} label", f"{stem} name", f"{stem} title"} and isinstance(fields[other], str):
                    return self._scope.label(fields[other])
        return self._scope.label(CENTS.sub("", words_of(key)))

    def _prices_of(self, key: str, value: Any, place: _Place, *, bare: bool) -> tuple[Price, ...]:
        quote = quote_of(key, value)
        if isinstance(value, str) and not NUMBER.match(value):
            if len(value) > 300 or not any(character.isdigit() for character in value):
                state = self._scope.vocabulary.read_state(value) if len(value) <= 40 else None
                return (Price(None, state=state, quote=quote),) if state not in {None, "none"} else ()
            return read_cell(_lines_of(value), self._scope, bare=bare).prices
        number = Decimal(str(value)) if isinstance(value, str) else Decimal(value)
        if number and not _LEAST_POWER <= number.adjusted() <= _MOST_POWER:
            return ()
        is_cents = CENTS.search(words_of(key)) is not None
        number = number / 100 if is_cents else number
        if number < 0:
            return (Price(None, state="dynamic", quote=quote),)
        printed = format_value(value)
        before = place.struck.get(key) if place.struck else None
        struck = Decimal(str(before)) if before is not None and NUMBER.match(format_value(before)) else None
        if struck is not None and struck <= number:
            struck = None
        amount = Amount(number, None, 0, len(printed), printed)
        return (Price(amount, quote=quote, list_value=struck, is_derived=is_cents),)

    def _where(self, place: _Place, key: str) -> str:
        return f"{self._locator} {place.path}.{key}".replace(" .", " ").strip()


def _lines_of(text: str) -> tuple[Line, ...]:
    """A value's lines; some payloads keep a price as markup."""
    return lines_of(parse_fragment(text)) if "<" in text and ">" in text else ((Run(text),),)


def _says_some(value: object) -> bool:
    """Whether a field holds a number other than zero, or its digits."""
    return (is_number(value) or (isinstance(value, str) and NUMBER.match(value) is not None)) and bool(
        Decimal(str(value))
    )


def _is_amount(text: str) -> bool:
    return bool(NUMBER.match(text) or find_amounts(text))


def _holds_digits(value: object) -> bool:
    """Whether amounts can stand in a value: a number, a container, or text with a digit."""
    if isinstance(value, str):
        return any(character.isdigit() for character in value)
    return is_number(value) or isinstance(value, dict | list)


def _without_fillings(part: Reading, sells: str) -> Reading:
    """Without the zeros of meters that this kind of model does not have: they fill a form and promise nothing."""
    empty = _NOT_SOLD.get(sells, frozenset())
    kept = tuple(rate for rate in part.rates if rate.amount != 0 or rate.meter not in empty)
    return replace(part, rates=kept)


def _without_absurd(part: Reading, price: Price) -> Reading:
    """Refuses a price of tokens that no provider asks: the document counts in a unit that it does not print."""
    for rate in part.rates:
        most = _MOST.get(rate.currency or "")
        if most is not None and rate.unit == "token" and (rate.unit_price or 0) * 1_000_000 > most:
            message = "more than any provider asks for a million tokens; say what the amounts count in the [hints] unit"
            complaint = Complaint("unreadable_price", message, price.quote, rate.evidence.locator)
            return replace(part, rates=(), complaints=(*part.complaints, complaint))
    return part


def _below(struck: Mapping[str, Any] | None, key: str) -> Mapping[str, Any] | None:
    inner = struck.get(key) if struck else None
    return inner if isinstance(inner, dict) else None


def _of_model(name: str, meaning: Meaning) -> Meaning:
    """An embedding model's price names no direction and is one of input."""
    is_embedding = re.search(r"embed|向量", name, re.IGNORECASE) is not None
    return meaning._replace(kind="embedding") if is_embedding and not meaning.kind else meaning
