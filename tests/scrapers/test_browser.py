"""A page that only a browser can show, in a real Chromium whose network is our transport."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scrapers.fetching import Capture, FetchFailure
from scrapers.middlewares.browser import find_chromium
from scrapers.reader import read_page
from tests.scrapers.conftest import reply

if TYPE_CHECKING:
    from tests.scrapers.conftest import Fetch, Site

needs_chromium = pytest.mark.skipif(find_chromium("") is None, reason="no Chromium on this machine: install chromium")

SHELL = b"""<!doctype html><html><body><div id="app">Loading</div><script src="/app.js"></script></body></html>"""
SCRIPT = b"""
fetch("https://docs.example.com/api/prices").then(answer => answer.json()).then(prices => {
  const unit = "/ 1M tokens";
  const rows = prices.map(p => `<tr><td>${p.name}</td><td>$${p.in} ${unit}</td><td>$${p.out} ${unit}</td></tr>`);
  document.getElementById("app").innerHTML =
    `<table><tr><th>Model</th><th>Input</th><th>Output</th></tr>${rows.join("")}</table>`;
});
"""
PRICES = [{"name": "nova-1", "in": "1.25", "out": "5.00"}, {"name": "nova-1-mini", "in": "0.10", "out": "0.40"}]


def serve_app(site: Site) -> None:
    site.say("/pricing", reply(SHELL))
    site.say("/app.js", reply(SCRIPT, kind="text/javascript"))
    site.say(
        "/api/prices", reply(json.dumps(PRICES).encode(), kind="application/json", Access_Control_Allow_Origin="*")
    )


@needs_chromium
def test_a_page_of_scripts_is_read_after_they_have_run(site: Site, fetch: Fetch) -> None:
    serve_app(site)
    outcome = fetch(render="browser", timeout_s=30)
    assert isinstance(outcome, Capture), outcome
    said = {(rate.model, rate.meter): str(rate.amount) for rate in read_page(outcome.body).rates}
    assert said == {
        ("nova-1", "input"): "1.25",
        ("nova-1", "output"): "5.00",
        ("nova-1-mini", "input"): "0.10",
        ("nova-1-mini", "output"): "0.40",
    }
    assert site.asked("/api/prices")[0]["user-agent"].startswith("Pricefall/")


@needs_chromium
def test_a_script_cannot_reach_the_local_network(site: Site, fetch: Fetch) -> None:
    serve_app(site)
    spy = (
        f'fetch("{site.address}/secret"); new Image().src = "{site.address}/secret"; location = "{site.address}/secret"'
    )
    site.say("/app.js", reply(spy.encode(), kind="text/javascript"))
    fetch(render="browser", timeout_s=30)
    assert site.asked("/app.js")
    assert not site.asked("/secret")


def test_the_same_page_without_a_browser_is_only_its_shell(site: Site, fetch: Fetch) -> None:
    serve_app(site)
    outcome = fetch()
    assert isinstance(outcome, Capture)
    assert outcome.body == SHELL


def test_a_missing_browser_is_named_with_its_remedy(site: Site, fetch: Fetch) -> None:
    serve_app(site)
    outcome = fetch(render="browser", browser="/no/such/chromium")
    assert isinstance(outcome, FetchFailure)
    assert outcome.kind == "browser"
    assert "install one, or set fetch.browser" in str(outcome.error)
