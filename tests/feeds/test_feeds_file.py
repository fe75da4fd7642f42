"""config/feeds.toml: its sellers are providers of the catalog, and mistakes in such a file are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.settings import WitnessSettings
from scrapers.catalog import ConfigError, load_catalog
from scrapers.feeds.catalog import choose_feeds, load_feeds


def test_every_seller_is_a_provider_and_every_market_one_of_its() -> None:
    catalog = load_catalog()
    for feed in load_feeds().values():
        for word, seller in feed.sellers.items():
            assert seller.provider in catalog, (feed.id, word)
            markets = {page.market for page in catalog[seller.provider].pages}
            assert seller.market is None or seller.market in markets, (feed.id, word)


def test_the_feeds_of_the_settings_exist_and_are_four_lineages_or_more() -> None:
    feeds = choose_feeds(load_feeds(), WitnessSettings().feeds)
    assert len({feed.lineage for feed in feeds}) == len(feeds)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[x]\nkind = "litelm"\nurl = "https://a.example"', "did you mean 'litellm'"),
        ('[litellm]\nurl = "https://a.example"\nlineages = "x"', "unknown key 'lineages'"),
        ('[litellm]\nurl = "https://a.example"\nsynced = ["b"]', "`synced` names 'b'"),
        ("[litellm", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "feeds.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_feeds(path)


def test_an_unknown_feed_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'litellm'"):
        choose_feeds(load_feeds(), ["litelm"])
