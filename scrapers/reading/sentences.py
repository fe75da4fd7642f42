"""Prices that a sentence states: Nova 3 is priced at $2 per million input tokens and $8 per million output tokens.

Only a sentence of a known form is believed: the model right before the words of the price, each amount with its own
unit of tokens and its own direction, or a reduction "from A to B". Where a heading names a model, the sentence must be
of its family, for an announcement compares itself with others; any other sentence is prose and gives nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scrapers.documents.blocks import Context, Run
from scrapers.reading.cells import Price, read_cell
from scrapers.reading.ignoring import IN_TEXT, ignore
from scrapers.reading.labels import Reading, Scope, split_sentences
from scrapers.reading.money import Amount, find_amounts
from scrapers.reading.names import is_model_like, read_model
from scrapers.reading.pricing import make_rates
from scrapers.reading.text import clean
from scrapers.reading.units import unit_after
from scrapers.reading.vocabulary import Meaning

# Words that begin as names do. A Chinese family stands before a dash and holds none of a sentence's own words.
_NAME = (
    r"(?!(?:In|By|At|On|Since|From|Until|With|As|When|While|Back|Today|Now)\s)(?<![\w\u4e00-\u9fff\-])(?:(?:(?![将把对我们现今日起的是由从])[\u4e00-\u9fff]){1,6}-[A-Za-z0-9]|[A-Z]"
    r"|[a-z]{1,12}(?=[\-.0-9]))[\w.+\-]{0,40}(?:\s[A-Z0-9][\w.+\-]{0,20}){0,4}"
)
_VERB = (
    r"(?:(?:is|are)(?:\s(?:now|also|priced|available|offered|billed|charged|set)){0,3}(?:\s(?:at|for))?|now\scosts?"
    r"|costs|(?:starts|is\snow)\sat)"
)
_SUBJECT = re.compile(rf"(?:(?P<before>.*[,，:：])\s*)?(?P<name>{_NAME})\s{_VERB}:?\s*", re.ASCII)
_SUBJECT_ZH = re.compile(
    rf"(?:(?P<before>.*[,，:：、])\s*)?(?P<name>{_NAME})\s?(?:的\s?)?(?P<lead>[^A-Za-z0-9,，:：。]{{0,8}}(?:API\s?)?"
    r"[^A-Za-z0-9,，。]{0,16})",
    re.ASCII,
)
_GENERIC = re.compile(
    r"(?:(?:api\s)?pricing|(?:the|its|api)\s(?:api\s)?price|it|(?:our|this|the)\s(?:[a-z\-]+\s){0,3}model)"
    rf"\s{_VERB}:?\s*|(?:API\s?)?(?:定价|价格|售价)\s?(?:为|是|[:：])\s?(?P<lead>[^A-Za-z0-9,，。]{{0,12}})",
    re.IGNORECASE,
)
_CUT = re.compile(rf"(?P<name>{_NAME})\s?(?:的\s?)?(?P<lead>[^A-Za-z0-9,，。]{{0,16}})\s?(?:from|从|由)\s?$", re.ASCII)
_DOWN = re.compile(r"\s*(?:down\s)?(?:to|降至|降到|降为|下调至|下调到|下调为|调整为|调至)\s*", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:unlike|compared?|comparison|competitors?|versus|vs|whereas|while|previously|was|were|used\sto|if|would)\b"
    r"|相比|对比|而|竞品|此前|原先|如果|假设",
    re.IGNORECASE,
)
_LATER = re.compile(r"\b(?:will|soon|next|plans?)\b|将于|即将|计划", re.IGNORECASE)
_TAIL = re.compile(
    r"\s*[(（][^()（）]{0,40}[)）]|\s+(?:on|for|with)\s(?:a\s)?cache\s(?:hit|miss)(?:es|s)?", re.IGNORECASE
)
_CLAUSE_END = re.compile(r"[,，;；。、\n]|\s(?:and|to|和|降至)\s")
_SIGNS = frozenset("$¥￥€£")
_OPEN = frozenset({"a range", "an open price"})  # what "from A to B" looks like where no sentence says that it is a cut
_DIRECTIONS = frozenset({"input", "output"})


@dataclass(frozen=True, slots=True)
class _Statement:
    """One model, its prices and what each means."""

    name: str
    prices: tuple[tuple[Price, Meaning], ...]


def read_sentences(text: str, context: Context, scope: Scope, locator: str) -> Reading:
    """The rates that the sentences of a text state; all other amounts are counted as ignored.

    Args:
        text: a paragraph as printed.
        context: its headings name the models that it may speak of.
        scope: the page.
        locator: where it stands.

    """
    total = Reading()
    flags = ("hidden",) if context.is_hidden else ()
    place = 0
    for sentence in split_sentences(text):
        amounts = find_amounts(sentence, mark=scope.mark)
        if not amounts:
            continue
        quotes = []
        for amount in amounts:
            quote, place = _quote(text, amount.printed, place)
            quotes.append(quote)
        statement = None if len(sentence) > 400 else _read_cut(sentence, amounts, context, scope)
        if statement is None and len(sentence) <= 400:
            statement = _read_statement(sentence, amounts, context, scope)
        part = Reading()
        if statement is not None:
            own = zip(statement.prices, quotes[-len(statement.prices) :], strict=True)
            for (price, meaning), quote in own:
                priced = replace(price, quote=quote)
                part += make_rates(statement.name, priced, meaning, scope, locator, flags)
        others = quotes[: len(amounts) - part.amounts_seen]
        total += sum((ignore(IN_TEXT, quote, locator) for quote in others), part)
    return total


def _quote(text: str, printed: str, begin: int) -> tuple[str, int]:
    """The words of an amount as printed, to the end of their clause, and where they end."""
    start = max(text.find(printed, begin), begin)
    end = _CLAUSE_END.search(text, start + len(printed))
    stop = min(end.start() if end else len(text), start + 60)
    while start and text[start - 1] in _SIGNS:
        start -= 1
    return text[start:stop].strip(), stop


def family_of(name: str) -> str:
    """The first word of a model's name, as relatives share it.

    >>> family_of("Nova 3 Mini"), family_of("nova-2"), family_of("星河-V2")
    ('nova', 'nova', '星河')
    """
    return re.split(r"[\s\-_0-9]", name.casefold())[0]


def _read_statement(sentence: str, amounts: Sequence[Amount], context: Context, scope: Scope) -> _Statement | None:
    head = sentence[: amounts[0].start]
    found = _GENERIC.fullmatch(head) or _SUBJECT.fullmatch(head) or _SUBJECT_ZH.fullmatch(head)
    if found is None or _COMPARES.search(head) or _LATER.search(head):
        return None
    said = found.groupdict()
    name = _of_family(said["name"], context, scope) if said.get("name") else _of_headings(context, scope)
    lead = said.get("lead") or ""
    body, tail = _cut_tail(lead + sentence[amounts[0].start :], len(lead) - amounts[0].start, amounts[-1])
    after = scope.label(tail)
    if name is None or after.tier or after.context or after.window or after.mode or after.valid_until:
        return None
    when = scope.label(said.get("before") or "")
    prices = read_cell(((Run(body),),), scope).prices
    told = tuple((price, scope.label(price.label)._replace(valid_from=when.valid_from)) for price in prices)
    if len(prices) != len(amounts) or not all(_is_sure(price, meaning) for price, meaning in told):
        return None
    kinds = {(meaning.direction, meaning.cache, meaning.modalities) for _, meaning in told}
    return _Statement(name, told) if len(kinds) == len(told) else None


def _is_sure(price: Price, meaning: Meaning) -> bool:
    unit = price.unit or price.late_unit
    is_token = unit is not None and unit.unit == "token"
    return is_token and meaning.direction in _DIRECTIONS and not meaning.unknown and not price.doubt


def _cut_tail(text: str, shift: int, last: Amount) -> tuple[str, str]:
    """The words of the prices, and what the sentence goes on to say."""
    end = last.end + shift
    unit = unit_after(text, end)
    end = unit.end if unit else end
    more = _TAIL.match(text, end)
    end = more.end() if more else end
    return text[:end], text[end:]


def _read_cut(sentence: str, amounts: Sequence[Amount], context: Context, scope: Scope) -> _Statement | None:
    """A reduction: the new price, with the old one as its list price."""
    for old, new in itertools.pairwise(amounts):
        found = _CUT.search(sentence[: old.start])
        unit = unit_after(sentence, new.end)
        between = unit_after(sentence, old.end)
        gap = sentence[between.end if between else old.end : new.start]
        if found is None or unit is None or unit.unit.unit != "token" or not _DOWN.fullmatch(gap):
            continue
        label = scope.label(f"{found['lead'] or ''} {unit.rest}")
        name = _of_family(found["name"], context, scope)
        is_sound = not {old.doubt, new.doubt} - {"", *_OPEN} and old.currency == new.currency
        if name is None or label.unknown or not is_sound or len(amounts) > 2 or _LATER.search(sentence):
            return None
        quote = sentence[old.start : unit.end]
        price = Price(replace(new, doubt=""), unit=unit.unit, quote=quote)
        if old.value > new.value and (between is None or between.unit == unit.unit):
            price = replace(price, list_value=old.value)
        return _Statement(name, ((price, label._replace(roles=frozenset({"price"}))),))
    return None


def _of_family(name: str, context: Context, scope: Scope) -> str | None:
    """A name that a sentence gives, where it is of the family that the headings speak of."""
    model = read_model(name, scope)
    names = [heading for heading in context.headings if is_model_like(heading, scope)]
    above = clean(" ".join(names)).casefold()
    if model is None or scope.vocabulary.is_section(model.name):
        return None
    is_named = model.name.casefold() in clean(" ".join(context.headings)).casefold() or model.name in scope.models
    if not is_named and not is_model_like(model.name, scope):
        return None
    return model.name if is_named or not above or family_of(model.name) in above else None


def _of_headings(context: Context, scope: Scope) -> str | None:
    """The model that the nearest heading names, for a sentence that speaks of "pricing" or "our model"."""
    for heading in reversed(context.headings):
        if is_model_like(heading, scope) and not scope.vocabulary.is_section(heading):
            model = read_model(heading, scope)
            return model.name if model else None
    return None
