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


@pytest.mark.parametrize(
    "heading",
    [
        "Pricing and concurrency",
        "Requêtes et prix concurrentiels",
        "Preços por concorrência",
        "Wettbewerbsfähige Preise",
        "경쟁력 있는 요금",
        "Конкурентные цены",
        "How our models compare",
        "10x cheaper than GPT-4o",
        "Cheaper than the competition",
        "Recommended alternatives",
    ],
)
def test_words_that_praise_or_limit_hide_no_prices(heading: str) -> None:
    assert models(f"# Acme\n\n## {heading}\n\n{OWN}") == {"Nova 3", "Nova 2"}


@pytest.mark.parametrize("heading", ["Other providers", "Models from leading labs", "Open-source alternatives"])
def test_a_host_sells_the_models_of_others(heading: str) -> None:
    others = OWN.replace("Nova 3", "Comet-4o").replace("Nova 2", "Orion 9")
    assert models(f"# Router\n\n## Our picks\n\n{OWN}\n\n## {heading}\n\n{others}") == {
        "Nova 3",
        "Nova 2",
        "Comet-4o",
        "Orion 9",
    }


def test_a_relative_of_the_sellers_models_is_its_own() -> None:
    beside = BESIDE.replace("Nova 3", "Nova mini")
    assert models(f"# Acme\n\n{OWN}\n\n## How we compare\n\n{beside}") == {"Nova 3", "Nova 2", "Nova mini"}


def test_a_title_that_names_a_rival_makes_it_no_model_of_the_seller() -> None:
    assert models(f"# Nova 3: cheaper than Comet-4o\n\n## How we compare\n\n{BESIDE}") == {"Nova 3"}


@pytest.mark.parametrize("heading", ["Competitors", "Compared to Comet", "Compared to their maker"])
def test_a_table_of_others_alone_is_no_boast(heading: str) -> None:
    others = OWN.replace("Nova", "Comet")
    assert models(f"# Acme\n\n{OWN}\n\n## {heading}\n\n{others}") == {"Nova 3", "Nova 2"}


def test_a_history_states_no_price_of_today_not_even_of_a_model_that_is_priced_nowhere_else() -> None:
    past = OWN.replace("Nova 2", "Nova 1")
    assert models(f"# Nova\n\n## Pricing\n\n{OWN}\n\n## Price history\n\n{past}") == {"Nova 3", "Nova 2"}


@pytest.mark.parametrize("heading", ["Industry Average", "Our Promise", "Overage"])
def test_a_heading_that_names_no_model_gives_no_rate(heading: str) -> None:
    rows = "| | Price per 1M tokens |\n|---|---|\n| Input | $3 |\n| Output | $9 |\n"
    assert models(f"# Prices\n\n## Osprey Pro\n\n{rows}\n## {heading}\n\n{rows}") == {"Osprey Pro"}
