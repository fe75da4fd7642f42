"""The report in a real Chromium, from the disk: nothing is fetched, nothing overflows, everything works by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scrapers.middlewares.browser import find_chromium

CHROMIUM = find_chromium("")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install chromium")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PAGES = ("index.html", "models.html", "month.html", "p/aurora.html", "p/xing.html", "m/aurora/nova-1.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Watched:
    """A window that notes what must not happen."""

    def __init__(self, browser: Browser, site: Path, width: int = 1440, **settings: object) -> None:
        self.site, self.faults = site, list[str]()
        self.page: Page = browser.new_page(viewport={"width": width, "height": 800}, **settings)  # type: ignore[arg-type] # colour scheme, script
        self.page.on("console", lambda said: self.faults.append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(dialog.message))
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, url: str) -> None:
        if not url.startswith(self.site.resolve().as_uri() + "/"):
            self.faults.append(f"asked for {url}")

    def open(self, path: str) -> Page:
        self.page.goto((self.site / path).resolve().as_uri())
        return self.page


@pytest.fixture
def wide(browser: Browser, site: Path) -> Iterator[Watched]:
    watched = Watched(browser, site)
    yield watched
    watched.page.close()
    assert watched.faults == []


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (768, "light"), (1440, "dark")])
def test_nothing_is_wider_than_the_window_or_comes_from_elsewhere(
    browser: Browser, site: Path, width: int, scheme: str
) -> None:
    watched = Watched(browser, site, width, color_scheme=scheme)
    for path in [*PAGES, *(f"zh/{path}" for path in PAGES[:1])]:
        page = watched.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        widths = page.evaluate("Array.from(document.querySelectorAll('table'), t => t.getBoundingClientRect().right)")
        assert max(widths) <= width, path
    watched.page.close()
    assert watched.faults == []


def test_currency_and_unit_follow_the_switches_and_are_kept(wide: Watched) -> None:
    page = wide.open("models.html")
    price = page.locator("tr", has_text="星 pro").locator(".p").first
    assert price.text_content() == "¥0.8"
    page.select_option("#unit", "k")
    assert price.text_content() == "¥0.0008"
    page.select_option("#currency", "USD")
    assert (price.text_content() or "").startswith("≈$0.0001")
    assert page.locator("tr", has_text="nova-mini").locator(".p").first.text_content() == "$0.0001"
    wide.open("m/aurora/nova-1.html")
    assert page.locator("#now ~ table .p").first.text_content() == "$0.0025"
    assert "per 1K tokens" in (page.locator("#now ~ table caption").text_content() or "")
    for switch in ("unit", "currency"):
        page.select_option(f"#{switch}", "")
    assert page.locator("#now ~ table .p").first.text_content() == "$2.5"


def test_the_theme_follows_the_system_until_it_is_chosen(wide: Watched) -> None:
    page = wide.open("index.html")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.select_option("#theme", "light")
    assert page.evaluate(ground) == light
    wide.open("month.html")
    assert page.evaluate(ground) == light


def test_columns_sort_by_price_across_currencies_with_the_keyboard(wide: Watched) -> None:
    page = wide.open("models.html")
    head = page.locator("thead th", has_text="Input").first
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    names = page.locator("tbody th a").all_text_contents()
    assert names.index("星 pro") < names.index("nova-1")
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("tbody th a").first.text_content() == "nova-1"
    assert page.locator("th[aria-sort]").count() == 1


def test_a_filter_leaves_what_fits_and_says_how_much(wide: Watched) -> None:
    page = wide.open("models.html")
    page.locator(".sift input").fill("NOVA mini")
    page.locator(".sift output", has_text="1 of ").wait_for()
    assert page.locator("tbody tr:visible").count() == 1


def test_search_finds_a_model_and_takes_hostile_names_literally(wide: Watched) -> None:
    page = wide.open("p/xing.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#search")
    page.keyboard.type("script alert")
    page.wait_for_selector("#found a")
    assert (page.locator("#found a").first.text_content() or "").startswith("<script>alert(1)</script>")
    page.fill("#search", "nova-1")
    page.locator("#found-count", has_text=re.compile(r"^1 ")).wait_for(state="attached")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/m/aurora/nova-1.html")
    page.fill("#search", "no such model")
    page.wait_for_selector("#found span")
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()


def test_a_dot_leads_to_its_evidence(wide: Watched) -> None:
    page = wide.open("m/aurora/nova-1.html")
    page.locator(".big svg a").first.focus()
    page.keyboard.press("Enter")
    assert "2.50 USD for 1M" in (page.locator("tr:target").text_content() or "")


def test_without_script_the_tables_stand_and_no_switch_pretends(browser: Browser, site: Path) -> None:
    watched = Watched(browser, site, java_script_enabled=False)
    page = watched.open("models.html")
    assert page.locator("tbody tr").count() >= 5
    assert page.locator("#currency").is_hidden()
    page.locator("tbody th a", has_text="nova-1").first.click()
    assert page.locator("h1").text_content() == "nova-1 by aurora"
    watched.page.close()
    assert watched.faults == []
