"""What a user may say about a provider, and that the shipped files keep their word."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from scrapers.catalog import ConfigError, Page, Provider, load_catalog, load_provider

REQUIRED = {
    "openai",
    "anthropic",
    "google",
    "mistral",
    "xai",
    "cohere",
    "deepseek",
    "zhipu",
    "volcengine",
    "alibaba",
    "baidu",
    "tencent",
    "moonshot",
    "minimax",
    "siliconflow",
    "openrouter",
}
CATALOG = load_catalog()
PAGES = [(provider, page) for provider in CATALOG.values() for page in provider.pages]


def write(folder: Path, text: str, name: str = "acme") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_promised_providers_are_shipped_and_each_has_a_page_that_is_fetched() -> None:
    assert set(CATALOG) >= REQUIRED
    for name in REQUIRED:
        assert any(page.enabled for page in CATALOG[name].pages), name


@pytest.mark.parametrize(("provider", "page"), PAGES, ids=[page.url[:60] for _, page in PAGES])
def test_a_shipped_page_finds_itself_and_claims_no_future_date(provider: Provider, page: Page) -> None:
    found = provider.page_for(page.url)
    assert found is not None
    assert found.url.removesuffix(".md") == page.url.removesuffix(".md")
    assert page.url.startswith("https://")
    assert page.verified is None or date(2025, 1, 1) <= page.verified <= datetime.now(UTC).date()


def test_no_two_enabled_pages_of_a_market_state_the_same_list_twice() -> None:
    # Gemini and Vertex differ in market; all others have one list a market.
    for provider in CATALOG.values():
        markets = [page.market for page in provider.pages if page.enabled]
        assert len(markets) == len(set(markets)), provider.id


def test_the_only_exceptions_to_robots_txt_are_documented_apis() -> None:
    excepted = {page.host for _, page in PAGES if page.robots == "documented_api"}
    assert excepted == {"openrouter.ai", "prices.azure.com"}


def test_deepseek_has_two_lists_in_two_markets() -> None:
    deepseek = CATALOG["deepseek"]
    chinese = deepseek.page_for("https://api-docs.deepseek.com/zh-cn/quick_start/pricing/")
    english = deepseek.page_for("https://api-docs.deepseek.com/quick_start/pricing/?utm=x")
    assert chinese is not None
    assert english is not None
    assert (chinese.market, chinese.hints.timezone) == ("cn", "Asia/Shanghai")
    assert (english.market, english.hints.timezone) == ("intl", "UTC")


def test_the_longest_prefix_wins_and_an_unknown_address_has_the_providers_own_hints() -> None:
    anthropic = CATALOG["anthropic"]
    german = anthropic.page_for("https://platform.claude.com/docs/de/about-claude/pricing.md")
    old = anthropic.page_for("https://docs.anthropic.com/en/docs/about-claude/models/all-models")
    assert german is not None
    assert german.language == "de"
    assert old is not None
    assert old.url == "https://platform.claude.com/docs/en/about-claude/pricing.md"
    openai = CATALOG["openai"]
    assert openai.page_for("https://example.com/") is None
    assert openai.hints_for("https://example.com/").currency == "USD"


def test_the_line_of_openai_flagships_is_declared_with_its_dates() -> None:
    line = {(each.predecessor, each.model): each.since for each in CATALOG["openai"].successors}
    assert line["text-davinci-003", "gpt-3.5-turbo"] == date(2023, 3, 1)
    assert line["gpt-4", "gpt-4-turbo"] == date(2023, 11, 6)
    assert line["gpt-4-turbo", "gpt-4o"] == date(2024, 5, 13)
    assert line["text-embedding-ada-002", "text-embedding-3-small"] == date(2024, 1, 25)


def test_the_mixed_row_lengths_of_openai_have_a_hint_each() -> None:
    hints = [hint for hint in CATALOG["openai"].hints.columns if hint.component == "TextTokenPricingTables"]
    lengths = {len(hint.columns): hint.columns for hint in hints}
    assert lengths[4] == ("model", "input", "cached_input", "output")
    assert lengths[5] == ("model", "input", "cached_input", "cache_write", "output")


def test_a_file_of_the_user_takes_the_place_of_the_shipped_one_and_adds_new_ones(tmp_path: Path) -> None:
    write(tmp_path, 'name = "My OpenAI"\n[[page]]\nurl = "https://example.com/p"\nverified = false\n', "openai")
    write(tmp_path, 'name = "Acme"\n[[page]]\nurl = "https://acme.example/p"\nverified = 2026-08-01\n')
    catalog = load_catalog(tmp_path)
    assert catalog["openai"].name == "My OpenAI"
    assert catalog["acme"].pages[0].verified == date(2026, 8, 1)
    assert catalog["deepseek"].name == "DeepSeek"


def test_page_hints_add_to_the_providers_and_replace_single_values(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [hints]
        currency = "USD"
        ignore = ["Plans"]
        [[page]]
        url = "https://acme.example/eu"
        verified = false
        hints = { currency = "EUR", ignore = ["Jobs"] }
        """,
    )
    hints = load_provider(path).pages[0].hints
    assert hints.currency == "EUR"
    assert set(hints.ignore) == {"Plans", "Jobs"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('nmae = "x"', r"acme\.toml: unknown key 'nmae'; did you mean 'name'\?"),
        ('[[page]]\nurl = "https://a.example"', r"\[\[page\]\] 1: say `verified = false`"),
        ('[[page]]\nurl = "ftp://a.example"\nverified = false', "`url` must be an http or https address"),
        ('[[page]]\nurl = "https://a.example"\nverified = "2026-01-01"', "without quotes"),
        ('[[page]]\nurl = "https://a.example"\nverified = false\nrobots = "ignore"', 'is "obey" or "documented_api"'),
        (
            '[[page]]\nurl = "https://a.example"\nverified = false\nrobots = "documented_api"',
            "needs `robots_source`",
        ),
        ('[hints.meters]\nCost = "inptu"', r"'inptu' is no meter; did you mean 'input'\?"),
        ('[hints]\nignore = ["("]', "is no regular expression"),
        ('[[hints.columns]]\ncolumns = ["model"]', "name the `component`"),
        ('[[hints.columns]]\ncomponent = "T"\ncolumns = ["model", "outptu"]', r"did you mean 'output'\?"),
        ("interval = '6 parsecs'", 'write it as "15m", "6h" or "7d"'),
        ("[[lineage]]\nmodel = 'b'", "name `model` and its `predecessor`"),
        ("[expect]\nmodel = 3", r"unknown key 'model'; did you mean 'models'\?"),
        ("name = ", "not valid TOML"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", value)[:30],
)
def test_a_wrong_file_is_refused_with_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_provider(write(tmp_path, text))


def test_a_file_name_that_is_no_id_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only a-z, 0-9 and dashes"):
        load_provider(write(tmp_path, "", "Acme Inc"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_provider(tmp_path / "absent.toml")


def test_each_provider_has_a_written_page_and_each_page_a_provider() -> None:
    pages = Path(__file__).resolve().parents[1] / "pages"
    written = {folder.name for folder in pages.iterdir() if any(folder.glob("*/facts.toml"))}
    assert written == set(load_catalog())
    assert len(written) >= 40
