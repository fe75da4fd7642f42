"""Entries of a list that lost what the others have: a second name or a default never stands in for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapers.catalog import Hints
from scrapers.rates import PriceList
from scrapers.reader import read_page

HINTS = Hints(unit="per token", currency="USD", region="global")


def entries(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"acme/nova-{number}",
            "name": f"Nova {number}",
            "location": "Mars",
            "pricing": {"prompt": "0.000001", "completion": "0.000002"},
        }
        for number in range(count)
    ]


def read(listed: list[dict[str, Any]]) -> PriceList:
    return read_page(json.dumps({"data": listed}).encode(), hints=HINTS)


@pytest.mark.parametrize("key", ["id", "location"])
def test_an_entry_without_its_name_or_place_is_refused(key: str) -> None:
    listed = entries(3)
    del listed[1][key]
    page = read(listed)
    assert {rate.model for rate in page.rates} == {"acme/nova-0", "acme/nova-2"}
    assert [(each.kind, each.locator) for each in page.complaints] == [("ragged_row", "data[1]")]
    assert repr(key) in page.complaints[0].message


@pytest.mark.parametrize("key", ["prompt", "completion"])
def test_a_price_that_all_others_state_is_missed(key: str) -> None:
    listed = entries(20)
    del listed[7]["pricing"][key]
    page = read(listed)
    assert len(page.rates) == 39
    assert [(each.kind, each.locator) for each in page.complaints] == [("ragged_row", "data[7]")]


def test_what_some_entries_lack_is_no_loss() -> None:
    listed = entries(20)
    for entry in listed[::2]:
        entry["pricing"]["input_cache_read"] = "0.0000001"
    assert read(listed).complaints == ()


def test_lists_inside_of_an_entry_are_compared_too() -> None:
    listed = entries(4)
    del listed[2]["id"]
    page = read_page(json.dumps({"pricing": "models", "models": listed}).encode(), hints=HINTS)
    assert "acme/nova-1" in {rate.model for rate in page.rates}
    assert not {"nova 2"} & {rate.model_key for rate in page.rates}
