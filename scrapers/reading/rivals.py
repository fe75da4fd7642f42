"""Tables that show prices which are not the seller's of today: those of others beside its own, and those of the past.

A heading, caption or sentence right above says so ("How we compare", "versus other providers"). Of a comparison only
the models count that another block of the page prices, or that a heading of the page names, and their family. A boast
("10x cheaper than GPT-4o") above one family that it does not name is no comparison. A history ("Price history") gives
none: what a price was is no price.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from scrapers.documents.blocks import Block, Prose
from scrapers.rates import Rate, model_key
from scrapers.reading.ignoring import OTHERS, PAST, ignore
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.sentences import family_of

_RIVALS = re.compile(
    r"\bhow (?:we (?:compare|stack up)|[\w.\- ]{1,30} (?:compares|stacks up))\b"
    r"|\bcompet(?:itors?|ition|ing)\b|\brivals?\b|\b(?:compared|comparison) (?:to|with|against)\b"
    r"|\b(?:vs\.?|versus|against|than) (?:the )?(?:others?|rest|closed|proprietary|big|leading|alternatives?)\b"
    r"|\b(?:vs\.?|versus|against|than) (?:open ?ai|gpt|claude|gemini)\b"
    r"|竞品|競品|友商|同类(?:模型|产品)|(?:与|和|同|跟)其他\S{0,6}(?:对比|比较|相比)|他社|競合|타사"
    r"|경쟁\s?(?:사|업체|모델|제품|서비스)|\bim vergleich (?:zu|mit)\b|\bcompetencia\b|\bcompetidores\b"
    # Not "wettbewerbsfähig", "конкурентные цены" and such, which praise; nor "concurrent requests", which are limits.
    r"|\bwettbewerb(?:er\w*|s?vergleich\w*)?\b|\b(?:nos|les|aux|des|autres) concurrents\b|\bla concurrence\b"
    r"|\b(?:d?os|aos|nossos|outros) concorrentes\b|\b(?:i|ai|dei|nostri|altri) concorrenti\b"
    r"|\bконкурент(?:ы|ов|ам|ами|ах|а|у|ом)?\b|\bв сравнении с\b|\bпо сравнению с\b|\bpesaing\b|\bkompetitor\b",
    re.IGNORECASE,
)
_BETWEEN_SELLERS = re.compile(r"\b(?:across|between|among) (?:\w+ )?(?:providers|vendors)\b", re.IGNORECASE)
_BOASTS = re.compile(r"\b(?:than|vs\.?|versus|against|compar\w+)(?!\w)", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:price|pricing) history\b|\b(?:past|previous|former|historical) (?:prices|pricing)\b|历史价格|價格歷史"
    r"|历史定价|価格履歴|過去の料金|가격 이력|이전 가격|\bpreishistorie\b|\bfrühere preise\b"
    r"|\bhistori\w+ (?:des prix|de precios|de preços)\b|\bистория цен\b",
    re.IGNORECASE,
)
_MAX_SENTENCE = 160


def words_of_comparison(block: Block, title: str = "", *, is_router: bool = False) -> str:
    """The words right above a block, but not the page's title, that announce prices of others beside its own; or "".

    What a router sells are the prices "across providers", so there these words announce its own.
    """
    context = block.context
    heading = [text for text in context.headings[-1:] if text != title]
    before = [text for text in context.before[-1:] if text.endswith((":", "："))]
    above = (context.caption, *context.tabs[-1:], *heading, *before)
    if isinstance(block, Prose):
        return ""
    patterns = (_RIVALS,) if is_router else (_RIVALS, _BETWEEN_SELLERS)
    return next((t for t in above if t and len(t) <= _MAX_SENTENCE and any(p.search(t) for p in patterns)), "")


def without_rivals(read: Sequence[tuple[Block, Scope, Reading]]) -> list[tuple[Block, Scope, Reading]]:
    """The blocks with what they gave, without the prices that comparisons show of others; those count as ignored."""
    read = _without_past(read)
    title = next((block.context.headings[0] for block, _, _ in read if block.context.headings), "")
    priced = [block for block, _, part in read if part.rates]
    is_router = bool(_BETWEEN_SELLERS.search(title)) and len(_families(part for _, _, part in read)) > 1
    words = {id(block): words_of_comparison(block, title, is_router=is_router) for block in priced}
    families = _families(part for block, _, part in read if not words.get(id(block)))
    beside = {
        id(block) for block, _, part in read if words.get(id(block)) and not _is_boast(words[id(block)], part, families)
    }
    if not beside:
        return list(read)
    own = {model_key(rate.model) for block, _, part in read if id(block) not in beside for rate in part.rates}
    said = {text for block, _, part in read if id(block) in beside for text in block.context.headings[-1:]} - {title}
    texts = dict.fromkeys(text for block, _, _ in read for text in block.context.headings if text not in said)
    titles = " ".join(_BOASTS.split(text)[0] for text in texts).casefold()

    def own_rates(part: Reading) -> tuple[Rate, ...]:
        # A host prices many families, and beside a single one stand sellers, not models: there no relative counts.
        relatives = families if len(families) == 1 < len(_families([part])) else frozenset()
        return tuple(
            rate
            for rate in part.rates
            if family_of(rate.model) in relatives or model_key(rate.model) in own or rate.model.casefold() in titles
        )

    return [
        (block, scope, _kept(part, own_rates(part), OTHERS) if id(block) in beside else part)
        for block, scope, part in read
    ]


def _families(parts: Iterable[Reading]) -> frozenset[str]:
    return frozenset(family_of(rate.model) for part in parts for rate in part.rates)


def _is_boast(words: str, part: Reading, own: frozenset[str]) -> bool:
    """Whether words that compare stand above several models of one family, the seller's own: they do not name it."""
    families = _families([part])
    is_alone = len(families) == 1 and len({model_key(rate.model) for rate in part.rates}) > 1
    is_own = not own or families <= own
    return (
        is_alone and is_own and bool(_BOASTS.search(words)) and not any(name in words.casefold() for name in families)
    )


def _without_past(
    read: Sequence[tuple[Block, Scope, Reading]],
) -> Sequence[tuple[Block, Scope, Reading]]:
    past = {id(block) for block, _, _ in read if any(_PAST.search(text) for text in block.context.headings[-1:])}
    return [(block, scope, _kept(part, (), PAST) if id(block) in past else part) for block, scope, part in read]


def _kept(part: Reading, rates: tuple[Rate, ...], rule: str) -> Reading:
    left = {rate.evidence for rate in rates}
    gone = dict.fromkeys(rate.evidence for rate in part.rates if rate.amount is not None and rate.evidence not in left)
    named = sum((ignore(rule, evidence.quote, evidence.locator) for evidence in gone), Reading())
    return replace(part, rates=rates, set_aside=part.set_aside + named.set_aside)
