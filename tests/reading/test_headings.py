"""What headings may say: a tier that is a phrase of its own, and nothing against a table that explains itself."""

from __future__ import annotations

import pytest

from scrapers.catalog import Hints
from scrapers.errors import NoTable
from scrapers.reader import read_page

_TABLE = "| Model | Input (1M tokens) | Output (1M tokens) |\n|---|---|---|\n| nova-1 | $1.25 | $5.00 |\n"
_NO_UNIT = "| Model | Input | Output |\n|---|---|---|\n| nova-1 | $1.25 | $5.00 |\n\nPrices are per 1M tokens.\n"
_CARD = "### nova-1\n\n- Input: $1.25 / MTok\n- Output: $5.00 / MTok\n"


def _read(text: str) -> dict[tuple[str, str], tuple[str, str]]:
    rates = read_page(text.encode()).rates
    return {(rate.model, rate.meter): (str(rate.amount), rate.service_tier) for rate in rates}


@pytest.mark.parametrize(
    "heading",
    [
        "# Plans & pricing",
        "# Plans & pricing\n\n## API",
        "## Pricing per model",
        "## Example models",
        "## Reserved and on-demand",
        "# Credits",
        "# Instance types\n\n## Serverless",
        "## Free tier limits",
        "## Prices after the free tier",
        "## Preços dos Modelos (Após Free Tier)",
        "## 套餐与价格",
        "## 资源包与按量付费",
        "## 料金プラン",
        "## Fast models",
        "### Grok (Fast, efficient)",
    ],
)
@pytest.mark.parametrize("body", [_TABLE, _NO_UNIT, _CARD], ids=["table", "unit below", "card"])
def test_a_heading_never_outweighs_labels_that_name_direction_and_unit(heading: str, body: str) -> None:
    assert _read(f"{heading}\n\n{body}") == {
        ("nova-1", "input"): ("1.25", "standard"),
        ("nova-1", "output"): ("5.00", "standard"),
    }


@pytest.mark.parametrize(
    ("heading", "tier"),
    [
        ("Batch", "batch"),
        ("Batch Pricing (50% discount)", "batch"),
        ("批量推理（5折）", "batch"),
        ("Nova models – Priority processing", "priority"),
        ("Fast mode", "priority"),
        ("Flex", "flex"),
        ("Flex/Batch", "flex/batch"),
        ("Batch and Flex", "flex/batch"),
        ("Standard", "standard"),
        ("Flexible pricing", "standard"),
        ("gpt-priority-1 and gpt-batch-2", "standard"),
        ("Gemini Flash (Fast, efficient)", "standard"),
        ("Grok 4 Fast", "standard"),
        ("Priority support", "standard"),
        ("Free tier", "standard"),
    ],
)
def test_the_service_tier_is_a_phrase_of_its_own_and_never_free_above_zero(heading: str, tier: str) -> None:
    assert {each for _, each in _read(f"## {heading}\n\n{_TABLE}").values()} == {tier}


@pytest.mark.parametrize(
    "text",
    [
        f"## Example\n\n{_NO_UNIT}",
        "## Monthly plans\n\n| Model | Price |\n|---|---|\n| nova-1 | $20 |\n",
        "## Token packs\n\n| Model | Free plan |\n|---|---|\n| nova-1 | $5 |\n",
    ],
)
def test_a_heading_counts_where_nothing_nearer_says_what_is_priced(text: str) -> None:
    with pytest.raises(NoTable):
        read_page(text.encode())


@pytest.mark.parametrize("heading", ["Cost of one thousand chats", "Price for 1,000 conversations", "1000次对话的费用"])
def test_the_unit_of_a_hint_is_not_lent_to_what_a_heading_counts_otherwise(heading: str) -> None:
    text = f"| Model | Input | Output |\n|---|---|---|\n| nova-1 | $1.25 | $5.00 |\n\n## {heading}\n\n{_NO_UNIT}"
    rates = read_page(text.encode(), hints=Hints(unit="1M tokens")).rates
    assert {(rate.model, str(rate.amount)) for rate in rates} == {("nova-1", "1.25"), ("nova-1", "5.00")}
