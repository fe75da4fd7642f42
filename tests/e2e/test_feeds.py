"""Feeds in a run: asked when a change waits and not otherwise, heard as witnesses, and never a reason to fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.place import Place

LITELLM = ("raw.githubusercontent.com", "/BerriAI/litellm/main/model_prices_and_context_window.json")
MODELS_DEV = ("models.dev", "/api.json")
PRICES = {"aurora-large": ("5.00", "15.00"), "aurora-small": ("0.50", "1.50"), "aurora-nano": ("0.10", "0.40")}


def litellm(large: float) -> bytes:
    prices = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": large, "output_cost_per_wish": 1.0}
    return json.dumps({"openai/aurora-large": prices}).encode()


def models_dev(large: float) -> bytes:
    return json.dumps({"openai": {"models": {"aurora-large": {"name": "Aurora", "cost": {"input": large}}}}}).encode()


@pytest.fixture
def place(place: Place) -> Place:
    """A place that watches a provider which feeds know."""
    place.providers = ("openai",)
    place.write()
    settings = place.folder / "pricefall.toml"
    hosts = "\n".join(f'"{host}" = "{place.site.address}"' for host, _ in (LITELLM, MODELS_DEV))
    words = settings.read_text().replace("[fetch.hosts]", f"[fetch.hosts]\n{hosts}")
    settings.write_text(f'{words}\n[witnesses]\nfeeds = ["litellm", "models.dev"]\nevery = "6h"\n')
    place.show(PRICES, "openai")
    place.run()
    return place


def asked(place: Place) -> list[tuple[str, str, int]]:
    feeds = {LITELLM, MODELS_DEV}
    return [(host, path, status) for host, path, status in place.site.requests if (host, path) in feeds]


def change(place: Place, price: str) -> dict[str, Any]:
    place.show({**PRICES, "aurora-large": (price, "15.00")}, "openai")
    return place.run()


def test_a_quiet_run_asks_no_feed(place: Place) -> None:
    place.run()
    place.show({**PRICES, "aurora-nova": ("1.00", "2.00")}, "openai")
    assert [event["kind"] for event in place.run()["events"]] == ["launch", "launch"]
    assert asked(place) == []


def test_a_change_is_told_with_what_the_feeds_show(place: Place) -> None:
    place.site.pages |= {LITELLM: litellm(0.000005), MODELS_DEV: models_dev(2.5)}
    (event,) = change(place, "2.50")["events"]
    assert (event["kind"], event["confidence"]) == ("cut", 0.99)
    assert "models.dev shows $2.5 per 1M tokens too" in event["why"]
    assert sorted(asked(place)) == [(*MODELS_DEV, 200), (*LITELLM, 200)]
    change(place, "3.00")
    assert len(asked(place)) == 2, "asked once in six hours"
    rows = place.query("SELECT feed, provider, amount, per FROM feed_prices ORDER BY feed")
    assert rows == [
        {"feed": "litellm", "provider": "openai", "amount": "0.000005", "per": "1"},
        {"feed": "models.dev", "provider": "openai", "amount": "2.5", "per": "1000000"},
    ]
    unknown = place.query("SELECT key FROM feed_unknown_keys")
    assert unknown == [{"key": "output_cost_per_wish"}]
    assert {row["amount"] for row in place.query("SELECT amount FROM current_prices")}.isdisjoint({"0.000005", "2.5"})


def test_a_tenfold_cut_that_no_feed_shows_is_held(place: Place) -> None:
    assert [event["kind"] for event in change(place, "0.50")["events"]] == ["held"]


def test_a_tenfold_cut_with_two_lineages_is_believed_at_the_second_look(place: Place) -> None:
    place.site.pages |= {LITELLM: litellm(0.0000005), MODELS_DEV: models_dev(0.5)}
    (event,) = change(place, "0.50")["events"]
    assert (event["kind"], event["old"], event["new"]) == ("cut", "5.00", "0.50")
    assert "seen twice" in event["why"]
    assert "litellm, models.dev show $0.5 per 1M tokens too" in event["why"]


@pytest.mark.parametrize("answer", [b"<html>not a feed</html>", b"[]", b'{"openai": 3}', b""])
def test_a_feed_that_fails_never_fails_the_run(place: Place, answer: bytes) -> None:
    place.site.pages |= {LITELLM: litellm(0.0000025), MODELS_DEV: answer}
    said = change(place, "2.50")
    assert said["status"] == "ok"
    assert "litellm shows $2.5" in said["events"][0]["why"]
    (row,) = place.query("SELECT last_error, failures FROM feeds WHERE id = 'models.dev'")
    assert row["failures"] == 1
    assert "models.dev" in row["last_error"]


def test_a_dry_run_asks_no_feed(place: Place) -> None:
    place.show({**PRICES, "aurora-large": ("2.50", "15.00")}, "openai")
    place.run("--dry-run")
    assert asked(place) == []
    assert place.query("SELECT * FROM feeds") == []


def test_a_twin_that_still_shows_a_model_keeps_its_removal_waiting(place: Place) -> None:
    twin = '[[page]]\nurl = "https://openai.example/ja"\nlanguage = "ja"\nverified = false\n'
    provider = place.folder / "providers" / "openai.toml"
    provider.write_text(provider.read_text() + twin)
    page = place.site.pages["openai.example", "/pricing"]
    place.site.pages["openai.example", "/ja"] = page
    place.run()
    left = {name: price for name, price in PRICES.items() if name != "aurora-nano"}
    place.show(left, "openai")
    for _ in range(3):
        assert place.run()["events"] == []
    kept = place.query("SELECT DISTINCT outcome, kind FROM pending")
    assert kept == [{"outcome": "kept", "kind": "removal"}]
    place.site.pages["openai.example", "/ja"] = place.site.pages["openai.example", "/pricing"]
    told = [event for _ in range(2) for event in place.run()["events"]]
    assert {(event["kind"], event["model"]) for event in told} == {("removal", "aurora-nano")}
    assert len(told) == 2, "input and output, once each and not once a page"
    assert place.query("SELECT * FROM pending") == []
    assert place.query("SELECT * FROM current_prices WHERE model = 'aurora-nano'") == []


def test_a_held_cut_is_told_when_a_feed_catches_up_although_the_page_stands_still(place: Place) -> None:
    settings = place.folder / "pricefall.toml"
    settings.write_text(settings.read_text().replace('every = "6h"', 'every = "0s"'))
    place.site.pages[LITELLM] = litellm(0.000005)
    assert [event["kind"] for event in change(place, "0.50")["events"]] == ["held"]
    assert place.run()["events"] == []
    place.site.pages[LITELLM] = litellm(0.0000005)
    told = [event for _ in range(2) for event in place.run()["events"]]
    assert [(event["kind"], event["old"], event["new"]) for event in told] == [("cut", "5.00", "0.50")]
    assert place.query("SELECT * FROM pending") == []
    assert [event for _ in range(2) for event in place.run()["events"]] == []
