"""Entries of a list that lost what the others have: a second name or a default never stands in for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapers.catalog import Hints
from scrapers.errors import NoTable
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


def test_the_second_name_of_one_of_two_entries_is_not_taken_for_the_lost_first() -> None:
    price = {"input_price": "1", "output_price": "4"}
    entries = [
        {"model": "lab/nova-4", "displayName": "Nova 4", "price": price},
        {"displayName": "Vega 4", "price": price},
    ]
    read = read_page(json.dumps({"data": entries}).encode(), hints=Hints(unit="1M tokens", currency="USD"))
    assert {rate.model for rate in read.rates} == {"lab/nova-4"}
    assert [(each.kind, "'model'" in each.message) for each in read.complaints] == [("ragged_row", True)]


def test_prices_before_a_reduction_are_none_where_the_ones_in_force_are_lost() -> None:
    price = {"discount": "80", "origin": {"input_price": "1", "output_price": "4"}}
    with pytest.raises(NoTable) as refused:
        read_page(json.dumps({"data": [{"model": "nova-4", "price": price}]}).encode(), hints=Hints(unit="1M tokens"))
    assert refused.value.found == "unread_amount"


def test_cents_are_prices_below_whatever_key() -> None:
    entry = {"model_name": "nova-4", "zorblax": {"cents_per_input_token": 0.0001, "cents_per_output_token": 0.0004}}
    read = read_page(json.dumps([entry]).encode(), hints=Hints(currency="USD"))
    million = {rate.meter: (rate.unit_price or 0) * 1_000_000 for rate in read.rates}
    assert million == {"input": 1, "output": 4}
