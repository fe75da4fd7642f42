"""Pages that leave the provider files: their prices are no longer current, and nobody hears of a removal."""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e.place import PRICES, Place


def current(place: Place) -> set[str]:
    """Who has prices in the view and in the command, which must agree."""
    said = {row["provider"] for row in json.loads(place.call("prices", "--json").stdout)}
    assert said == {row["provider"] for row in place.query("SELECT provider FROM current_prices")}
    return said


def left(place: Place) -> list[str]:
    return [row["left_why"] for row in place.query("SELECT left_why FROM pages WHERE left_at IS NOT NULL")]


@pytest.fixture
def two(place: Place) -> Place:
    place.providers = ("aurora", "borealis")
    place.write()
    for name in place.providers:
        place.show(PRICES, name)
    place.run()
    assert current(place) == {"aurora", "borealis"}
    return place


def drop(place: Place) -> None:
    (place.folder / "providers" / "borealis.toml").unlink()
    place.providers = ("aurora",)


def test_a_provider_whose_file_is_gone_has_no_current_prices_and_no_removals(two: Place) -> None:
    time.sleep(1.1)  # instants are kept to the second
    drop(two)
    assert two.run()["events"] == []
    assert current(two) == {"aurora"}
    assert left(two) == ["no provider file borealis.toml names it any more"]
    then = two.query("SELECT min(seen_until) at FROM rates WHERE provider = 'borealis'")[0]["at"]
    assert {row["provider"] for row in json.loads(two.call("prices", "--json", "--at", then).stdout)} == {
        "aurora",
        "borealis",
    }
    assert "borealis.example/pricing is not watched" in " ".join(two.call("doctor").stdout.split())
    two.providers = ("aurora", "borealis")
    two.write()
    assert two.run()["events"] == []
    assert (current(two), left(two)) == ({"aurora", "borealis"}, [])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("enabled = false\n", "it is disabled in borealis.toml"),
        ('market = "cn"\n', "borealis.toml no longer names it in the market intl"),
    ],
)
def test_a_page_that_is_disabled_or_moves_to_another_market_says_so(two: Place, line: str, why: str) -> None:
    two.extra = {"borealis": line}
    two.write()
    assert two.run()["events"] == []
    assert left(two) == [why]
    markets = {row["market"] for row in two.query("SELECT market FROM current_prices WHERE provider = 'borealis'")}
    assert markets == ({"cn"} if "market" in line else set())


def test_what_is_held_on_a_page_that_left_asks_for_no_decision(two: Place) -> None:
    two.show({**PRICES, "aurora-large": ("0.50", "15.00")}, "borealis")
    assert [event["kind"] for event in two.run()["events"]] == ["held"]
    drop(two)
    two.run()
    assert json.loads(two.call("review", "--json").stdout) == []


def test_a_run_of_one_provider_leaves_the_others_current(two: Place) -> None:
    assert two.call("run", "--only", "aurora").returncode == 0
    assert current(two) == {"aurora", "borealis"}
