"""Short spellings for what a feed quotes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scrapers.feeds.catalog import load_feeds
from scrapers.feeds.prices import FeedPrices
from scrapers.feeds.read import read_feed
from scrapers.rates import format_decimal

Told = dict[tuple[str, str, str, str], str]


@pytest.fixture
def read() -> Callable[[str, Any], FeedPrices]:
    """A document as the named feed's body, read."""
    return lambda feed, document: read_feed(load_feeds()[feed], json.dumps(document).encode(), {})


@pytest.fixture
def told() -> Callable[[FeedPrices], Told]:
    """Model, meter, tier and conditions to the amount and what it buys."""

    def tell(said: FeedPrices) -> Told:
        rates = [price.rate for price in said.prices]
        return {
            (r.model, r.meter, r.service_tier, r.conditions.key): (
                r.state if r.amount is None or r.per is None else f"{r.amount} / {format_decimal(r.per)} {r.unit}"
            )
            for r in rates
        }

    return tell
