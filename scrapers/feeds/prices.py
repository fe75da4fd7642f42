"""The nouns of a feed: what it quotes, and what stands in its price objects that nobody has explained.

The decision to know: a key that is not understood gives no rate and is listed. A number beside it that is understood
is still read, but an object whose *condition* is not understood gives none at all: its prices hold for an unknown use.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from scrapers.errors import ScrapeError
from scrapers.rates import Conditions, Evidence, Rate, TokenRange, format_decimal

MILLION = Decimal(1_000_000)
ALWAYS = Conditions()
_DIGITS = 40


class FeedError(ScrapeError):
    """A feed gave no prices: it is no JSON, or has another shape than its kind."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One price as a feed states it, before anybody asks whose it is.

    Attributes:
        seller: who sells, in the feed's word.
        rate: the price; its evidence is the number as printed and the path of its key.
        names: what else the feed calls the model.
        is_resold: the feed's owner sells on what `seller` makes, and may ask another price.

    """

    seller: str
    rate: Rate
    names: tuple[str, ...] = ()
    is_resold: bool = False


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key of a price object that gave no rate, how often it stands there, and where first."""

    key: str
    why: str
    example: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class FeedReading:
    """All that one feed says."""

    quotes: tuple[Quote, ...]
    unknown: tuple[UnknownKey, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedPrice:
    """What a feed says that a provider charges.

    Attributes:
        lineage: whose number it is.
        seller: the seller in the feed's word.
        provider: its id here; None when `config/feeds.toml` does not name the seller.
        market: the provider's market that it is a price of; None for any.
        rate: model, meter, service tier, conditions, currency, price and dates; its evidence is the raw key.
        names: what else the feed calls the model.
        is_resold: a price of somebody who sells on what the provider makes.

    """

    feed: str
    lineage: str
    seller: str
    provider: str | None
    market: str | None
    rate: Rate
    names: tuple[str, ...] = ()
    is_resold: bool = False


@dataclass(frozen=True, slots=True)
class FeedPrices:
    """All that one body of a feed says."""

    feed: str
    prices: tuple[FeedPrice, ...]
    unknown: tuple[UnknownKey, ...]

    @property
    def matched(self) -> tuple[FeedPrice, ...]:
        """The prices of sellers that are known here."""
        return tuple(price for price in self.prices if price.provider is not None)


@dataclass(frozen=True, slots=True)
class Use:
    """What a number buys and when: everything of a rate but the model and the amount."""

    meter: str
    per: Decimal = Decimal(1)
    unit: str = "token"
    service_tier: str = "standard"
    conditions: Conditions = ALWAYS


@dataclass(slots=True)
class Notebook:
    """Takes down the quotes of one feed, model by model."""

    _quotes: list[Quote] = field(default_factory=list)
    _unknown: dict[str, UnknownKey] = field(default_factory=dict)

    def quote(
        self,
        seller: str,
        model: str,
        use: Use,
        value: object,
        key: str,
        *,
        names: tuple[str, ...] = (),
        currency: str = "USD",
        valid: tuple[datetime | None, datetime | None] = (None, None),
        is_resold: bool = False,
    ) -> None:
        """Note one number; what is no price is refused under the last word of its `key`.

        None is no statement at all, and -1 is OpenRouter's "depends on the request".
        """
        if value is None:
            return
        amount = read_amount(value)
        if amount is None or (amount < 0 and amount != -1):
            self.refuse(key.rpartition(" ")[2], key, f"{value!r} is no price")
            return
        state = "dynamic" if amount < 0 else "free" if amount == 0 else "priced"
        priced = state == "priced"
        rate = Rate(
            model=model,
            meter=use.meter,
            state=state,  # type: ignore[arg-type]  # one of three words of the line above
            amount=amount if priced else None,
            currency=currency,
            per=use.per if priced else None,
            unit=use.unit if priced else None,
            service_tier=use.service_tier,
            conditions=use.conditions,
            valid_from=valid[0],
            valid_until=valid[1],
            evidence=Evidence(format_decimal(amount), key),
        )
        self._quotes.append(Quote(seller, rate, names, is_resold))

    def refuse(self, key: str, example: str, why: str) -> None:
        """List a key that gave no rate."""
        known = self._unknown.get(key)
        self._unknown[key] = UnknownKey(key, why, example) if known is None else replace(known, count=known.count + 1)

    def reading(self) -> FeedReading:
        """What was noted; a price below the first tier is bounded by it."""
        return FeedReading(tuple(_bounded(self._quotes)), tuple(sorted(self._unknown.values(), key=lambda u: u.key)))


def parse_json(body: bytes, feed: str) -> Any:
    """The document with exact decimals.

    Raises:
        FeedError: it is no JSON.

    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise FeedError(f"{feed}: not valid JSON ({err}); look at what the address serves") from err


def parse_mapping(document: object, feed: str, shape: str) -> Mapping[str, Any]:
    """The document when it is an object.

    Raises:
        FeedError: it is something else; `shape` says what it should be.

    """
    if not isinstance(document, dict):
        raise FeedError(f"{feed}: expected {shape}; is this a file of another kind?")
    return document


def read_amount(value: object) -> Decimal | None:
    """A JSON number or decimal string as an exact decimal; None for all else: booleans, NaN, digits without end.

    >>> read_amount("0.0000025"), read_amount(3), read_amount(True), read_amount("free")
    (Decimal('0.0000025'), Decimal('3'), None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and _is_writable(amount) else None


def _is_writable(amount: Decimal) -> bool:
    """Whether an amount is as long as a price can be: 1e999999999 would fill the memory when it is written out."""
    return len(amount.as_tuple().digits) <= _DIGITS and abs(amount.adjusted()) <= _DIGITS


def above(tokens: int) -> Conditions:
    """More than so many tokens of context."""
    return Conditions(context_tokens=TokenRange(gt=tokens))


def under(use: Use, given: Conditions) -> Use:
    """A use within an object that holds under conditions: what both say in free words is said together."""
    own = use.conditions
    return replace(
        use,
        conditions=Conditions(
            context_tokens=given.context_tokens or own.context_tokens,
            cache_ttl=given.cache_ttl or own.cache_ttl,
            mode=given.mode or own.mode,
            window=given.window or own.window,
            region=given.region or own.region,
            other=", ".join(word for word in (own.other, given.other) if word) or None,
        ),
    )


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _bounded(quotes: Iterable[Quote]) -> Iterable[Quote]:
    """Quotes whose context ends where the next tier of the same use begins: "above 200K" bounds the price below it."""
    quotes = list(quotes)
    starts: dict[object, set[int]] = defaultdict(set)
    for quote in quotes:
        span = quote.rate.conditions.context_tokens
        if span is not None and span.gt:
            starts[_place(quote)].add(span.gt)
    for quote in quotes:
        span = quote.rate.conditions.context_tokens or TokenRange()
        following = sorted(start for start in starts.get(_place(quote), ()) if start > (span.gt or 0))
        if following and span.lte is None:
            conditions = replace(quote.rate.conditions, context_tokens=TokenRange(span.gt, following[0]))
            yield replace(quote, rate=replace(quote.rate, conditions=conditions))
        else:
            yield quote


def _place(quote: Quote) -> object:
    rate = quote.rate
    bare = replace(rate.conditions, context_tokens=None)
    return (quote.seller, rate.model, rate.meter, rate.service_tier, bare.key, rate.valid_from, rate.valid_until)
