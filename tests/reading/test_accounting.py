"""Amounts that nothing explains are never lost in silence."""

from __future__ import annotations

import json

import pytest

from scrapers.catalog import Hints
from scrapers.documents.read import read_document
from scrapers.errors import NoTable
from scrapers.explain import explain
from scrapers.reader import read_page


@pytest.mark.parametrize("card", ["Ada\n$0.0004 / 1K tokens", "### Ada\n\n$0.0004 / 1K tokens"])
def test_one_unlabelled_price_of_tokens_beside_no_sure_name_is_reported(card: str) -> None:
    with pytest.raises(NoTable) as refused:
        read_page(f"## Embedding models\n\n{card}\n".encode())
    assert refused.value.found == "unread_amount"


def test_numbers_parted_by_strokes_under_tiers_are_reported() -> None:
    page = """
| Model | Input (USD / 1M tokens) |
|---|---|
| vega-4 | 0.5 |

| Model | Standard | Batch |
|---|---|---|
| nova-4 | 0.8 / 0.16 / 2.0 | 0.4 / 0.08 / 1.0 |
"""
    assert [each.quote for each in read_page(page.encode()).complaints] == ["0.8 / 0.16 / 2.0", "0.4 / 0.08 / 1.0"]


def test_a_record_names_what_it_ignores_and_by_which_rule() -> None:
    entry = {"id": "nova", "pricing": {"prompt": "0.1", "completion": "0.2"}, "example": {"price": "0.5"}}
    hints = Hints(unit="1M tokens", currency="USD")
    (account,) = explain(read_document(json.dumps({"data": [entry]}).encode()), hints)
    assert (account.amounts, account.ignored) == (3, 1)
    ignored = [(each.text, each.why) for each in account.outcomes if each.became == "ignored"]
    assert ignored == [('"price": "0.5"', "the total of an example")]


def test_a_unit_of_nothing_is_no_unit() -> None:
    with pytest.raises(NoTable):
        read_page(b"| Model | Input |\n|---|---|\n| nova-4 | $1 per 0 tokens |\n")
