"""Labels to meanings: a header, a row's label, a heading or a sentence, by units, ranges, dates, currencies and words.

`Scope` is what a reader of one page knows beside the block in its hands: vocabulary, hints, and what the page says once
for all its prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scrapers.catalog import Hints
from scrapers.documents.blocks import Context
from scrapers.rates import Complaint, Rate, TokenRange
from scrapers.reading.currencies import find_currencies, may_hold_currency, strip_currencies
from scrapers.reading.dates import read_validity
from scrapers.reading.headings import as_heading
from scrapers.reading.money import Mark, find_amounts, read_mark
from scrapers.reading.text import clean, fold, has_digits
from scrapers.reading.tiers import find_ranges, without_ranges
from scrapers.reading.units import FOREIGN, FoundUnit, Unit, find_units, may_hold_unit
from scrapers.reading.vocabulary import Meaning, Vocabulary, load_vocabulary


@dataclass(frozen=True)
class Scope:
    """What is known about a page before one of its blocks is read.

    Attributes:
        vocabulary: the shipped words and those of the hints.
        page: unit and currency that the page states once for all prices.
        yen: what the sign ¥ means here: "CNY", "JPY", or None where the page leaves it open.
        mark: how the page, and nearer to the amounts a table, writes decimals.
        models: names that tables above have given, to be recognised in sentences.
        memory, sentences, cells, names: labels, paragraphs, cells and names that were read before; a page repeats them.

    """

    vocabulary: Vocabulary = field(default_factory=load_vocabulary)
    hints: Hints = field(default_factory=Hints)
    captured_at: datetime | None = None
    page: Meaning = field(default_factory=Meaning)
    yen: str | None = None
    mark: Mark = "."
    models: tuple[str, ...] = ()
    memory: dict[tuple[str, int | None], Meaning] = field(default_factory=dict, repr=False, compare=False)
    sentences: dict[str, Meaning] = field(default_factory=dict, repr=False, compare=False)
    cells: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False, compare=False)
    names: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def marked_by(self, texts: Iterable[str]) -> Scope:
        """The scope for a block with these texts: its own numbers tell how it writes decimals, else the page does."""
        mark = read_mark(texts)
        return self if mark is None else replace(self, mark=mark)

    def label(self, text: str, scale: int | None = None) -> Meaning:
        """What a label says; `scale` multiplies the bare numbers of its ranges (a header "千 token")."""
        return read_label(text, self, scale)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one block gave; every amount seen is a rate, ignored by a rule, or in a complaint.

    `set_aside` has each ignored one with its words, its place and, as the message, the rule (`ignoring`).
    """

    rates: tuple[Rate, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    amounts_seen: int = 0
    relative: tuple[str, ...] = ()
    set_aside: tuple[Complaint, ...] = ()

    @property
    def amounts_ignored(self) -> int:
        return len(self.set_aside)

    def __add__(self, other: Reading) -> Reading:
        return Reading(
            self.rates + other.rates,
            self.complaints + other.complaints,
            self.amounts_seen + other.amounts_seen,
            self.relative + other.relative,
            self.set_aside + other.set_aside,
        )


def join_readings(parts: Iterable[Reading]) -> Reading:
    """The sum of many readings, which one after the other would copy again and again."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    return Reading(
        tuple([rate for part in every for rate in part.rates]),
        tuple([complaint for part in every for complaint in part.complaints]),
        sum([part.amounts_seen for part in every]),
        tuple([words for part in every for words in part.relative]),
        tuple([complaint for part in every for complaint in part.set_aside]),
    )


_SHORT = 40  # characters; what is longer is no label of a tab
_LONG = 60  # characters; what is longer is a sentence and no label
_LONGEST = 2_000  # characters; what is longer is neither a label nor a sentence about prices


def read_label(text: str, scope: Scope, scale: int | None = None) -> Meaning:
    """What a label says about the amounts under or beside it.

    >>> m = read_label("Price (/1M tokens) <= 200K cached input tokens", Scope())
    >>> m.direction, m.cache, m.context, m.unit.unit
    ('input', 'hit', TokenRange(gt=None, lte=200000), 'token')
    >>> read_label("缓存存储(元/百万token/小时)", Scope()).currency, read_label("Zorp price", Scope()).unknown
    ('CNY', 'zorp')
    """
    known = scope.memory.get((text, scale))
    if known is None:
        cleaned = clean(text)[:_LONGEST]
        known = scope.memory.get((cleaned, scale)) or _parse(cleaned, scope, scale)
        scope.memory[text, scale] = scope.memory[cleaned, scale] = known
    return known


def _parse(text: str, scope: Scope, scale: int | None) -> Meaning:
    validity = read_validity(text, scope.hints.timezone, scope.captured_at)
    rest = validity.rest
    context: TokenRange | None = None
    output: TokenRange | None = None
    others: list[str] = []
    if has_digits(rest):
        others.extend(_RESOLUTION.findall(rest))
        rest = _RESOLUTION.sub(" ", rest)
    place = _REGION_ID.search(rest) or _place_in(rest, scope.vocabulary)
    rest = f"{rest[: place.start()]} {rest[place.end() :]}" if place is not None else rest
    for one in find_ranges(rest):
        span = one.tokens(scale)
        if span is None:
            others.append(rest[one.start : one.end].strip())
        elif one.axis == "output":
            output = output or span
        else:
            context = context or span
    rest = without_ranges(rest)
    units = find_units(rest)
    bare = _without_units(rest, units)
    currencies = find_currencies(bare) | find_currencies(rest)
    plain = strip_currencies(bare)
    words = scope.vocabulary.read_words(plain)
    is_in = _IN_ALONE.fullmatch(fold(plain)) and not _IN_CURRENCY.search(bare)
    if not words.direction and is_in:
        words = words._replace(direction="input")  # "In ($/M)" beside "Out ($/M)"
    kinds = {found.unit for found in units if found.unit.unit != FOREIGN}
    if len(kinds) > 1:  # "$ / audio minute (billed per second)"
        kinds = {found.unit for found in units if not _BILLED.search(rest[: found.start])} or kinds
    is_foreign = any(_is_foreign(found, rest) for found in units) or (
        has_digits(rest) and _FOREIGN_QUANTITY.search(rest) is not None
    )
    return words._replace(
        context=context,
        output=output,
        unit=next(iter(kinds)) if len(kinds) == 1 else None,
        currency=next(iter(currencies)) if len(currencies) == 1 else None,
        valid_from=validity.valid_from,
        valid_until=validity.valid_until,
        region=place[0] if place is not None else words.region,
        roles=words.roles | ({"foreign"} if is_foreign else set()),
        others=(*words.others, *others),
    )


def _place_in(text: str, vocabulary: Vocabulary) -> re.Match[str] | None:
    """A region with the city in brackets, as clouds print it: "Europe (Milan)" is not what "Europe (Paris)" is."""
    found = _CITY.fullmatch(text.strip())
    if found is None or fold(found[0]) in vocabulary.phrases:
        return None
    outer, city = vocabulary.read_words(found["region"]), vocabulary.read_words(found["city"])
    is_city = bool(city.region) and not city.unknown if not city.unknown else city.unknown == fold(found["city"])
    return found if outer == Meaning(region=outer.region) and outer.region and is_city else None


_CITY = re.compile(r"(?P<region>[^()（）]{2,30}?)\s*[(（](?P<city>[A-Z\u4e00-\u9fff][^()（）0-9]{1,20})[)）]")


def _is_foreign(found: FoundUnit, text: str) -> bool:
    """Whether a label's unit belongs to other goods; "per model" heads a list of models."""
    return found.unit.unit == FOREIGN and not text[found.start : found.end].casefold().endswith("model")


_REGION_ID = re.compile(
    r"(?<![\w.@/\-])(?:us|eu|ca|sa|me|mx|af|il|ap|cn|asia|europe|africa|australia|(?:north|south)america)-(?:gov-)?"
    r"(?:north|south|east|west|central){1,2}-?[0-9](?:-[a-z])?(?![\w\-])"
    r"|(?:华[东北南中]|西[南北])[0-9]?(?:\s?[（(][\u4e00-\u9fff]{2,4}[)）]|-[\u4e00-\u9fff]{2,4})?"
)  # "us-east5", "ap-southeast-1", "华东2（上海）": what clouds call their regions
_IN_CURRENCY = re.compile(r"\bin\s+(?!price|cost|token)(?:us[$-]|[a-z]{2})", re.IGNORECASE)  # "in USD", but "in ($/M)"
_IN_ALONE = re.compile(r"[\W_]*in(?: price| cost| tokens?)?[\W_]*")
_FOREIGN_QUANTITY = re.compile(r"(?<![\w.])[0-9]+\s?(?:[GTM]i?B|users?|seats?|months?|个月)(?![a-z])", re.IGNORECASE)
_BILLED = re.compile(r"\b(?:billed|charged|metered|counted|rounded)\s*$", re.IGNORECASE)
_RESOLUTION = re.compile(r"(?<![0-9a-z])[0-9]{3,4}\s?[x×*]\s?[0-9]{3,4}(?![0-9])", re.IGNORECASE)


def _without_units(text: str, units: tuple[FoundUnit, ...]) -> str:
    for found in reversed(units):
        text = f"{text[: found.start]} {found.rest} {text[found.end :]}"
    return text


def read_context(context: Context, scope: Scope) -> Meaning:
    """What stands around a block: props, tabs, caption, the sentences before it and the headings, nearest first."""
    said = Meaning()
    for _, value in reversed(context.props):
        said = said.over(as_heading(value, scope.label))
    for text in (*reversed(context.tabs), _NUMBERED.sub("", context.caption)):
        if text:
            said = said.over(as_heading(text, scope.label))
    for sentence in reversed(context.before):
        said = said.over(read_sentence(sentence, scope))
    for heading in reversed(context.headings):
        said = said.over(as_heading(heading, scope.label))
    return said._replace(unknown="")


_NUMBERED = re.compile(r"^(?:table|tabelle|tableau|tabla|tabela|表|표)\s?[0-9]{1,3}\s?[.:：]\s*", re.IGNORECASE)
_ANNOUNCES = ("as follows", "following", "below", "如下", "以下", "下表", "次の", "folgende", "suivant", "siguiente")
_SENTENCE_END = re.compile(
    r"(?:(?<!Mio)(?<!Mrd)(?<!Tsd)(?<!mln)(?<!млн)(?<!тыс)(?<!inkl)(?<!zzgl)(?<!incl)(?<!excl)(?<!bzw)(?<!руб)\."
    r"|[。!?！？;；])\s*(?=[^\s0-9])"
)  # "1 Mio. Token" goes on


@lru_cache(maxsize=5_000)
def split_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, cleaned; "4.6 at" is no end."""
    sentences: list[str] = []
    for part in map(clean, text.split("\n")):
        begin = 0
        for end in _SENTENCE_END.finditer(part):
            sentences.append(part[begin : end.start() + 1])
            begin = end.end()
        if part[begin:]:
            sentences.append(part[begin:])
    return tuple(sentences)


def read_sentence(text: str, scope: Scope) -> Meaning:
    """What a sentence says about the prices that follow: unit and currency, and from when where it announces them.

    A sentence that holds an amount speaks of that amount and gives neither unit nor currency.
    """
    known = scope.sentences.get(text)
    if known is None:
        known = scope.sentences[text] = _parse_sentences(text, scope)
    return known


_ONE_TOKEN = Unit(Decimal(1), "token")
# These speak of a token without saying what an amount buys.
_NO_UNIT = re.compile(r"\bno charges?\b|\btoken counts?\b|\bpay(?:ing)?[ -]per\b", re.IGNORECASE)


def _parse_sentences(text: str, scope: Scope) -> Meaning:
    said = Meaning()
    sentences = split_sentences(text)
    whole = clean(text)
    if not (has_digits(whole) or may_hold_unit(whole) or may_hold_currency(whole)):
        sentences = tuple([sentence for sentence in sentences if len(sentence) <= _SHORT])
    for sentence in sentences:
        if len(sentence) > _LONGEST or find_amounts(sentence) or sentence.count("|") > 1:
            continue  # a row of a broken table speaks of its own columns
        lowered = sentence.lower()
        announces = sentence.endswith(":") or any(word in lowered for word in _ANNOUNCES)
        if len(sentence) >= _LONG and not (announces or find_units(sentence) or find_currencies(sentence)):
            continue
        if not _may_say(sentence, scope):
            continue
        label = scope.label(sentence)
        if (
            len(sentence) <= _SHORT
            and not label.unknown
            and (label.tier or label.mode or label.modalities or label.kind)
        ):
            said = said.over(
                as_heading(sentence, scope.label)
            )  # a tab's label that a copy of the page prints as a line
            continue
        is_about_prices = bool(label.roles & {"price", "unit"}) or (
            len(sentence) < _LONG and bool(find_units(sentence, is_label=False))
        )
        is_unit = is_about_prices and label.unit is not None and _is_sure(label.unit)
        if label.unit == _ONE_TOKEN and _NO_UNIT.search(sentence):
            is_unit = False
        more = Meaning(
            unit=label.unit if is_unit else None,
            currency=label.currency if is_about_prices else None,
        )
        if announces:
            more = more._replace(valid_from=label.valid_from, valid_until=label.valid_until)
        said = said.over(more)
    return said


def _may_say(sentence: str, scope: Scope) -> bool:
    """Whether a sentence can say anything: without a digit, a unit or a currency only short ones of known words do."""
    if has_digits(sentence) or find_units(sentence) or find_currencies(sentence):
        return True
    return len(sentence) <= _SHORT and scope.vocabulary.explains(sentence)


def _is_sure(unit: Unit) -> bool:
    """Whether a unit in running text can be meant for the prices: "per step" and a bare "per million" cannot."""
    return not unit.is_implied and unit.unit != "other"
