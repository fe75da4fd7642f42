"""Tables that show prices which are not the seller's of today: those of others beside its own, and those of the past.

A heading, caption or sentence right above says so ("How we compare", "versus other providers"). Of a comparison only
the models count that another block of the page prices, or that a heading of the page names; of a history ("Price
history") only those that no other block prices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from scrapers.documents.blocks import Block, Prose
from scrapers.rates import Rate, model_key
from scrapers.reading.labels import Reading, Scope

_RIVALS = re.compile(
    r"\bhow (?:we|it|they|our \w+|[\w.\- ]{1,30}) (?:compares?|stacks? up)\b"
    r"|\bcompet(?:itors?|ition|ing)\b|\brivals?\b|\b(?:compared|comparison) (?:to|with|against)\b"
    r"|\b(?:vs\.?|versus|against|than) (?:the )?(?:others?|rest|closed|proprietary|big|leading|alternatives?)\b"
    r"|\b(?:vs\.?|versus|against|than) (?:open ?ai|gpt|claude|gemini)\b"
    r"|\b(?:across|by|between|among) (?:\w+ )?(?:providers|vendors)\b"
    r"|\b(?:other|leading|alternative) (?:providers|vendors|platforms|labs|apis)\b|\balternatives\b"
    r"|竞品|競品|友商|同类(?:模型|产品)|(?:与|和|同|跟)其他\S{0,6}(?:对比|比较|相比)|他社|競合|경쟁|타사"
    r"|\bwettbewerb\w*|\bim vergleich (?:zu|mit)\b|\bconcurren\w+|\bcompetencia\b|\bcompetidores\b|\bconcorr\w+"
    r"|\bконкурент\w*|\bв сравнении с\b|\bпо сравнению с\b|\bpesaing\b|\bkompetitor\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:price|pricing) history\b|\b(?:past|previous|former|historical) (?:prices|pricing)\b|历史价格|價格歷史"
    r"|历史定价|価格履歴|過去の料金|가격 이력|이전 가격|\bpreishistorie\b|\bfrühere preise\b"
    r"|\bhistori\w+ (?:des prix|de precios|de preços)\b|\bистория цен\b",
    re.IGNORECASE,
)
_MAX_SENTENCE = 160


def is_comparison(block: Block, title: str = "") -> bool:
    """Whether the words right above a block, but not the page's title, announce prices of others beside its own."""
    context = block.context
    heading = [text for text in context.headings[-1:] if text != title]
    before = [text for text in context.before[-1:] if text.endswith((":", "："))]
    above = (context.caption, *context.tabs[-1:], *heading, *before)
    return not isinstance(block, Prose) and any(
        len(text) <= _MAX_SENTENCE and _RIVALS.search(text) is not None for text in above if text
    )


def without_rivals(read: Sequence[tuple[Block, Scope, Reading]]) -> list[tuple[Block, Scope, Reading]]:
    """The blocks with what they gave, without the prices that comparisons show of others; those count as ignored."""
    read = _without_past(read)
    title = next((block.context.headings[0] for block, _, _ in read if block.context.headings), "")
    beside = {id(block) for block, _, part in read if part.rates and is_comparison(block, title)}
    if not beside:
        return list(read)
    own = {model_key(rate.model) for block, _, part in read if id(block) not in beside for rate in part.rates}
    said = {text for block, _, part in read if id(block) in beside for text in block.context.headings[-1:]} - {title}
    texts = dict.fromkeys(text for block, _, _ in read for text in block.context.headings if text not in said)
    titles = " ".join(texts).casefold()

    def is_own(rate: Rate) -> bool:
        return model_key(rate.model) in own or rate.model.casefold() in titles

    return [
        (block, scope, _kept(part, tuple(filter(is_own, part.rates))) if id(block) in beside else part)
        for block, scope, part in read
    ]


def _without_past(
    read: Sequence[tuple[Block, Scope, Reading]],
) -> Sequence[tuple[Block, Scope, Reading]]:
    past = {id(block) for block, _, _ in read if any(_PAST.search(text) for text in block.context.headings[-1:])}
    if not past:
        return read
    now = {model_key(rate.model) for block, _, part in read if id(block) not in past for rate in part.rates}

    def is_left(rate: Rate) -> bool:
        return model_key(rate.model) not in now

    return [
        (block, scope, _kept(part, tuple(filter(is_left, part.rates))) if id(block) in past else part)
        for block, scope, part in read
    ]


def _kept(part: Reading, rates: tuple[Rate, ...]) -> Reading:
    places = {rate.evidence for rate in part.rates if rate.amount is not None}
    left = {rate.evidence for rate in rates}
    return replace(part, rates=rates, amounts_ignored=part.amounts_ignored + len(places - left))
