"""A price and what all its labels mean, to rates: which meter, which unit, which currency, or a complaint.

Unit and currency come from the nearest place that names them (cell, header, row, caption, sentence, page) and at last
from a written hint, which then shows in the evidence. Neither is ever guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from scrapers.rates import Complaint, Conditions, Evidence, Rate, State, TokenRange
from scrapers.reading.cells import Price
from scrapers.reading.currencies import YEN_OR_YUAN
from scrapers.reading.headings import SET_ASIDE, weigh_headings
from scrapers.reading.ignoring import ALLOWANCE, BY_MODEL_HINT, OTHER_GOODS, SETTLED_BY, ignore, rule_of
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.units import Unit, read_unit
from scrapers.reading.vocabulary import Meaning

_IGNORED_ROLES = frozenset({"ignore", "list", *SET_ASIDE})
_TOKEN_METERS = frozenset(
    {"input", "output", "cached_input", "cache_write", "cached_audio_input", "cached_image_input"}
)
_TIMES = frozenset({"second", "minute", "hour"})
_TOKEN_UNITS = frozenset({"token", "character"})
_DIRECTED = {
    ("input", "audio"): "audio_input",
    ("input", "image"): "image_input",
    ("input", "video"): "video_input",
    ("output", "audio"): "audio_output",
    ("output", "image"): "image_output",
    ("cached", "audio"): "cached_audio_input",
    ("cached", "image"): "cached_image_input",
}
_PER_CALL = frozenset({"search", "request", "page"})
_BY_UNIT = {"image": "image", "video": "video", "request": "request", "page": "page", "character": "speech"}


def make_rates(
    model: str, price: Price, meaning: Meaning, scope: Scope, locator: str, flags: Iterable[str] = ()
) -> Reading:
    """The rates of one price of one model.

    Args:
        model: the name without badges and marks.
        price: what its cell says.
        meaning: all labels joined, the cell's own first.
        scope: the page.
        locator: where the cell stands.
        flags: `hidden` where it stands only in data.

    Returns:
        Rates; or one complaint; or, where a rule says that the amount is no model's price, a count of one ignored.

    """
    counted = 1 if price.amount is not None else 0
    if any(re.search(pattern, model, re.IGNORECASE) for pattern in scope.hints.ignore_models):
        return ignore(BY_MODEL_HINT, price.quote, locator, counted)
    meaning = weigh_headings(meaning, price.unit or price.late_unit)
    if meaning.tier == "free" and price.amount is not None and price.amount.value:
        if "free_tier" in meaning.roles:
            return ignore(ALLOWANCE, price.quote, locator, counted)
        meaning = meaning._replace(tier=None)
    if price.doubt == "belongs to other goods" or meaning.roles & _IGNORED_ROLES:
        return ignore(rule_of(meaning) or OTHER_GOODS, price.quote, locator, counted)
    if price.doubt:
        return _complaint(
            "unreadable_price", f"{price.doubt}: not read as a price; {SETTLED_BY}", price, locator, counted
        )
    stored = meaning.unit or scope.page.unit
    if meaning.cache == "storage" and price.unit is not None and price.unit.unit == "hour" and stored is not None:
        price = replace(price, unit=replace(stored, unit="token_hour") if stored.unit == "token" else price.unit)
    if price.unit is not None or meaning.unit is None:
        meaning = meaning._replace(unit=price.unit or price.late_unit)
    used: list[str] = [*meaning.hints]
    unit = meaning.unit
    if unit is None and scope.page.unit is not None:
        unit = scope.page.unit
    if unit is None and scope.hints.unit and price.amount is not None:
        unit = read_unit(scope.hints.unit)
        used.append(f"unit {scope.hints.unit!r}")
    if unit is not None and unit.unit in _TIMES and not (meaning.kind or meaning.unknown):
        meaning = meaning._replace(kind=_kind_named(model, scope))
    meters = meters_of(meaning, unit)
    if meters == ("input", "output") and meaning.unit is None and price.amount is not None:
        meters = ()  # a unit from afar says what token prices buy; that an amount is one, only words beside it can say
    if not meters:
        return _complaint("unknown_column", _without_meter(model, meaning), price, locator, counted)
    if price.amount is None:
        return _states(model, price, meters, unit, meaning, scope, locator, flags, used)
    if unit is not None and meters == ("training",) and not (meaning.unit or scope.page.unit or meaning.hints):
        unit = None  # what a run cost is no price; a hint says what token prices buy
    if unit is None or not unit.per:  # "$1 per 0 tokens" buys nothing
        return _complaint(
            "unknown_unit", "an amount without a unit; add `unit` to the provider's [hints]", price, locator, counted
        )
    if meters == ("cache_storage",) and unit.unit not in {"token", "token_hour"}:
        message = (
            f"a cache is paid by its tokens, and nothing says how many a price by the {unit.unit} is for; {SETTLED_BY}"
        )
        return _complaint("unknown_unit", message, price, locator, counted)
    if unit.unit in {"token", "token_hour"} and meters[0] in _PER_CALL:
        return _complaint(
            "unknown_unit", f"a {meters[0]} is not paid by the token; {SETTLED_BY}", price, locator, counted
        )
    if _TOKEN_METERS.intersection(meters) and unit.unit not in _TOKEN_UNITS:
        message = f"tokens of {meters[0]} are not bought by the {unit.unit}; {SETTLED_BY}"
        return _complaint("unknown_unit", message, price, locator, counted)
    currency = _currency(price, meaning, scope, used)
    if currency is None:
        return _complaint(
            "unknown_currency",
            "an amount without a currency; add `currency` to the provider's [hints]",
            price,
            locator,
            counted,
        )
    rates = tuple(
        _rate(
            model,
            meter,
            "priced",
            currency=currency,
            unit=_unit_for(meter, unit),
            price=price,
            meaning=meaning,
            scope=scope,
            locator=locator,
            flags=flags,
            used=used,
        )
        for meter in meters
    )
    return Reading(rates, amounts_seen=counted)


def _without_meter(model: str, meaning: Meaning) -> str:
    if meaning.unknown:
        remedy = "add it to the vocabulary or to the provider's [hints] meters"
        return f"no meter is known for {meaning.unknown!r}; {remedy}"
    remedy = (
        "give a word of its heading or label a meter in [hints] meters, or where it is no model add it to ignore_models"
    )
    return f"no words say what is paid for in the row {model!r}; {remedy}"


_HEARS_OR_SPEAKS = re.compile(r"(?<![a-z])(?:whisper|transcribe|asr|stt|tts)(?![a-z])", re.IGNORECASE)


def _kind_named(model: str, scope: Scope) -> str | None:
    """What a model that is paid by time makes, as far as its name tells: "grok-imagine-video"."""
    words = scope.vocabulary.read_words(model)
    if words.kind == "speech" or _HEARS_OR_SPEAKS.search(model):
        return "speech"
    return "video" if words.modalities == {"video"} else None


def meters_of(meaning: Meaning, unit: Unit | None) -> tuple[str, ...]:
    """The meters that labels and unit name: one, input and output for a price without direction, () when unknown.

    >>> audio = frozenset({"audio"})
    >>> meters_of(Meaning(direction="input", modalities=audio), None)
    ('audio_input',)
    >>> from scrapers.reading.units import read_unit
    >>> meters_of(Meaning(roles=frozenset({"price"}), unit=read_unit("1M tokens")), read_unit("1M tokens"))
    ('input', 'output')
    >>> meters_of(Meaning(unknown="zorp", roles=frozenset({"price"})), read_unit("1M tokens"))
    ()
    """
    noun = unit.unit if unit else None
    if meaning.meter:
        return (meaning.meter,)
    if meaning.cache == "storage" or noun == "token_hour":
        return ("cache_storage",)
    modality = _modality(meaning)
    if meaning.cache in {"hit", "write"}:
        return ("cache_write",) if meaning.cache == "write" else (_DIRECTED.get(("cached", modality), "cached_input"),)
    if meaning.cache == "miss" and meaning.direction is None:
        return (_directed("input", modality, noun, meaning.kind),)
    if meaning.direction in {"input", "output"}:
        return (_directed(meaning.direction, modality, noun, meaning.kind),)
    if meaning.direction == "both":
        return ("input", "output") if noun in {"token", None} else ()
    return _undirected(meaning, modality, noun)


def _directed(direction: str, modality: str, noun: str | None, kind: str | None) -> str:
    if direction == "output" and noun in {"image", "video"}:
        return noun
    if direction == "input" and noun == "image":
        return "image_input"
    if noun in _TIMES:
        if modality == "video" or kind == "video":
            return "video" if direction == "output" else "video_input"
        if kind == "speech":
            return "speech"
        if modality == "audio":
            return f"audio_{direction}"
    if direction == "output" and modality == "video":
        return "video"
    if noun == "character" and kind == "speech":
        return "speech"
    return _DIRECTED.get((direction, modality), direction)


def _undirected(meaning: Meaning, modality: str, noun: str | None) -> tuple[str, ...]:
    if meaning.kind in {"training", "search"} or (meaning.kind == "rerank" and noun != "token"):
        return (meaning.kind or "",)
    if meaning.kind == "page" or noun == "page":
        return ("page",)
    if noun in _TIMES:
        if modality == "video" or meaning.kind == "video":
            return ("video",)
        is_speech = meaning.kind == "speech" or (modality == "audio" and not meaning.unknown)
        return ("speech",) if is_speech else ()
    if noun in _TOKEN_UNITS and meaning.kind in {"embedding", "rerank"}:
        return (_DIRECTED.get(("input", modality), "input"),)
    if noun in _BY_UNIT and not meaning.unknown:
        if noun == "request" and meaning.kind in {"image", "video", "speech"}:
            return (meaning.kind,)
        return (_BY_UNIT[noun],)
    if noun == "token" and modality in {"audio", "image", "video"}:
        return ()
    if noun in {"token", None} and meaning.kind in {"image", "video", "speech"}:
        return (meaning.kind,) if noun is None else ()
    if noun == "token" and not meaning.unknown and (meaning.unit is not None or "price" in meaning.roles):
        return ("input", "output")
    return ()


def _modality(meaning: Meaning) -> str:
    """The modality that is priced apart; "text" where text is among several, and where none is named."""
    said = meaning.modalities
    if not said or "text" in said:
        return "text"
    return next(each for each in ("image", "audio", "video") if each in said)


def _unit_for(meter: str, unit: Unit) -> Unit:
    """Cache storage is paid by the hour; a call of a model that makes one image or video is that image or video."""
    if meter == "cache_storage" and unit.unit == "token":
        return replace(unit, unit="token_hour")
    return replace(unit, unit=meter) if meter in {"image", "video"} and unit.unit == "request" else unit


def _currency(price: Price, meaning: Meaning, scope: Scope, used: list[str]) -> str | None:
    said = (price.amount.currency if price.amount else None) or meaning.currency or scope.page.currency
    if said == YEN_OR_YUAN:
        named = {meaning.currency, scope.page.currency} & {"CNY", "JPY"}
        if len(named) == 1:
            return named.pop()
        if scope.hints.currency in {"CNY", "JPY"}:
            used.append(f"currency {scope.hints.currency!r}")
            return scope.hints.currency
        return scope.yen
    if said is None and scope.hints.currency:
        used.append(f"currency {scope.hints.currency!r}")
        return scope.hints.currency
    return said


def _states(
    model: str,
    price: Price,
    meters: tuple[str, ...],
    unit: Unit | None,
    meaning: Meaning,
    scope: Scope,
    locator: str,
    flags: Iterable[str],
    used: list[str],
) -> Reading:
    if price.state in {None, "none"}:
        return Reading()
    state: State = price.state  # type: ignore[assignment]  # "none" is excluded above
    currency = _currency(price, meaning, scope, used)
    return Reading(
        tuple(
            _rate(
                model,
                meter,
                state,
                currency=currency,
                unit=_unit_for(meter, unit) if unit else None,
                price=price,
                meaning=meaning,
                scope=scope,
                locator=locator,
                flags=flags,
                used=used,
            )
            for meter in meters
        )
    )


def _rate(
    model: str,
    meter: str,
    state: State,
    *,
    currency: str | None,
    unit: Unit | None,
    price: Price,
    meaning: Meaning,
    scope: Scope,
    locator: str,
    flags: Iterable[str],
    used: list[str],
) -> Rate:
    others = [*meaning.others]
    if meaning.kind == "training" and meter != "training":
        others.append("fine-tuned")
    conditions = Conditions(
        context_tokens=_or_none(meaning.context),
        output_tokens=_or_none(meaning.output),
        cache_ttl=meaning.ttl if meter == "cache_write" else None,
        mode=meaning.mode if meaning.mode in {"thinking", "non_thinking"} else None,  # type: ignore[arg-type]  # narrowed by the test
        window=meaning.window if meaning.window in {"peak", "off_peak"} else None,  # type: ignore[arg-type]  # the same
        region=meaning.region or scope.hints.region,
        other=", ".join(others) or None,
    )
    hints = f" (hints: {'; '.join(dict.fromkeys(used))})" if used else ""
    return Rate(
        model=model,
        meter=meter,
        state=state,
        amount=price.amount.value if price.amount else None,
        currency=currency,
        per=unit.per if unit else None,
        unit=unit.unit if unit else None,
        service_tier=meaning.tier or "standard",
        conditions=conditions,
        valid_from=meaning.valid_from,
        valid_until=meaning.valid_until,
        list_amount=price.list_value,
        flags=(*flags, *(("derived",) if price.is_derived else ())),
        evidence=Evidence(price.quote, locator + hints),
    )


def _or_none(span: TokenRange | None) -> TokenRange | None:
    return None if span is None or (span.gt is None and span.lte is None) else span


def _complaint(kind: str, message: str, price: Price, locator: str, counted: int) -> Reading:
    return Reading(complaints=(Complaint(kind, message, price.quote, locator),), amounts_seen=counted)
