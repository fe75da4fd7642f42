"""One feed's body to prices of providers: the shape is read by its kind, the sellers are told by the catalog's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scrapers.catalog import Hints, Provider
from scrapers.errors import LayoutError
from scrapers.feeds.aws import read_aws
from scrapers.feeds.catalog import Feed, FeedKind
from scrapers.feeds.genai_prices import read_genai_prices
from scrapers.feeds.litellm import read_litellm
from scrapers.feeds.llm_prices import read_llm_prices
from scrapers.feeds.models_dev import read_models_dev
from scrapers.feeds.openrouter import read_openrouter
from scrapers.feeds.pages import read_list
from scrapers.feeds.prices import FeedError, FeedPrice, FeedPrices, FeedReading, parse_json

_READERS: dict[FeedKind, Callable[[object], FeedReading]] = {
    "aws": read_aws,
    "genai-prices": read_genai_prices,
    "litellm": read_litellm,
    "llm-prices": read_llm_prices,
    "models.dev": read_models_dev,
    "openrouter": read_openrouter,
}


def read_feed(feed: Feed, body: bytes, providers: Mapping[str, Provider]) -> FeedPrices:
    """The prices that a feed's body states.

    Raises:
        FeedError: the body is no JSON, has another shape, or holds no price at all.

    """
    if feed.kind == "page":
        seller = next(iter(feed.sellers))
        known = providers.get(feed.sellers[seller].provider)
        try:
            reading = read_list(body, seller, Hints() if known is None else known.hints_for(feed.url))
        except LayoutError as err:
            raise FeedError(f"{feed.id}: {err.message}") from err
    else:
        try:
            reading = _READERS[feed.kind](parse_json(body, feed.id))
        except (AttributeError, LookupError, TypeError, ValueError) as err:
            raise FeedError(f"{feed.id}: it has another shape than {feed.kind} ({err}); see docs/feeds.md") from err
    if not reading.quotes:
        raise FeedError(f"{feed.id}: no price is in it; was it cut, or is it a file of another kind?")
    prices = []
    for quote in reading.quotes:
        whose = feed.sellers.get(quote.seller)
        provider, market = (None, None) if whose is None else (whose.provider, whose.market)
        lineage = feed.lineage_of(quote.seller)
        prices.append(
            FeedPrice(feed.id, lineage, quote.seller, provider, market, quote.rate, quote.names, quote.is_resold)
        )
    return FeedPrices(feed.id, tuple(prices), reading.unknown)
