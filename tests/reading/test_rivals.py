"""Prices of others that a seller prints beside its own."""

from __future__ import annotations

import pytest

from scrapers.errors import NoTable
from scrapers.reader import read_page

BESIDE = (
    "| | Nova 3 | Comet-4o |\n|---|---|---|\n| Input / 1M tokens | $0.25 | $2.50 |\n| Output / 1M tokens | $1 | $9 |\n"
)
OWN = "| Model | Input / 1M tokens | Output / 1M tokens |\n|---|---|---|\n| Nova 3 | $0.25 | $1 |\n| Nova 2 | $1 | $2 |"


def models(text: str) -> set[str]:
    return {rate.model for rate in read_page(text.encode()).rates}


@pytest.mark.parametrize(
    "heading",
    ["How we compare", "Nova 3 vs. other providers", "与其他厂商对比", "Im Vergleich zu Comet", "Competitors"],
)
def test_a_comparison_states_no_prices_of_others(heading: str) -> None:
    assert models(f"# Nova\n\n## Pricing\n\n{OWN}\n\n## {heading}\n\n{BESIDE}") == {"Nova 3", "Nova 2"}


def test_a_comparison_alone_keeps_the_model_that_the_page_is_about() -> None:
    assert models(f"# Nova 3 is here\n\n## How Nova 3 compares\n\n{BESIDE}") == {"Nova 3"}


def test_a_comparison_of_others_alone_is_refused() -> None:
    with pytest.raises(NoTable):
        models(f"# Our tool\n\n## Cheaper than the alternatives\n\n{BESIDE}")


def test_a_title_that_boasts_hides_no_prices() -> None:
    assert models(f"# Cheaper than GPT and Claude\n\n{BESIDE}") == {"Nova 3", "Comet-4o"}


def test_a_comparison_of_ones_own_models_is_read() -> None:
    assert models(f"# Nova\n\n## Compare models\n\n{BESIDE}") == {"Nova 3", "Comet-4o"}
