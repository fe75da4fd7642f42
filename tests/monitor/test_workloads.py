"""A month of work: which price is chosen, what stands in for a missing one, and when there is no total."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.settings import load_settings
from monitor.settings_form import UseForm, WorkloadForm
from monitor.workloads import Bill, Offer, Use, Workload, bill, is_wanted, offers, parse_tokens
from scrapers.catalog import ConfigError
from scrapers.rates import Conditions, PriceList, Rate, TokenRange
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call

M = 1_000_000
LONG = Conditions(context_tokens=TokenRange(200_000, None))
SHORT = Conditions(context_tokens=TokenRange(None, 200_000))


def rate(meter: str, amount: str, tier: str = "standard", conditions: Conditions | None = None, **more: str) -> Rate:
    said = {"model": "nova-1", "currency": "USD", **more}
    return Rate(
        said["model"],
        meter,
        "priced",
        Decimal(amount),
        said["currency"],
        Decimal(M),
        "token",
        tier,
        conditions or Conditions(),
    )


def cost(rates: Iterable[Rate], use: Use, workload: Workload | None = None) -> Bill:
    return bill(use, Offer("nova", "intl", "nova-1", "USD", tuple(rates)), workload)


def use_of(**more: object) -> Use:
    return Use("nova", "nova-1", (("input", 10 * M), ("output", 2 * M)), **more)  # type: ignore[arg-type]  # by name


def test_tokens_are_paid_by_the_million_whatever_unit_the_page_prints() -> None:
    thousand = Rate("nova-1", "input", "priced", Decimal("0.003"), "USD", Decimal(1000), "token")
    assert cost((thousand, rate("output", "15")), use_of()).total == 60


def test_what_can_wait_pays_the_batch_price_and_the_rest_the_standard_one() -> None:
    rates = (rate("input", "4"), rate("input", "2", "batch"), rate("output", "10"), rate("output", "5", "batch"))
    assert cost(rates, use_of(batch_share=Fraction(1, 4))).total == Fraction(40 * 7, 8) + Fraction(20 * 7, 8)


def test_without_a_batch_or_cache_price_the_usual_one_stands_in_and_the_bill_says_so() -> None:
    use = Use("nova", "nova-1", (("cached_input", 10 * M),), batch_share=Fraction(1, 2))
    found = cost((rate("input", "4"),), use)
    assert found.total == 40
    assert found.notes == ("no batch price: at the standard one, as input", "cached_input at the price of input")


def test_the_length_of_a_prompt_chooses_among_prices() -> None:
    rates = (rate("input", "2", conditions=SHORT), rate("input", "4", conditions=LONG), rate("output", "10"))
    assert cost(rates, use_of(context=200_000)).total == 40
    assert cost(rates, use_of(context=200_001)).total == 60


def test_a_price_that_says_more_about_the_use_goes_before_the_general_one() -> None:
    peak, cheap = Conditions(window="peak"), Conditions(window="off_peak")
    rates = (
        rate("input", "2"),
        rate("input", "1", conditions=cheap),
        rate("output", "10", conditions=peak),
        rate("output", "5", conditions=cheap),
    )
    assert cost(rates, use_of()).total == 40
    assert cost(rates, use_of(peak_share=Fraction(0))).total == 20


def test_two_prices_that_fit_equally_well_give_no_total() -> None:
    rates = (
        rate("input", "2", conditions=Conditions(region="eu")),
        rate("input", "3", conditions=Conditions(region="us")),
        rate("output", "10"),
    )
    found = cost(rates, use_of())
    assert found.total is None
    assert found.doubts == ("2 prices of input fit (region: eu; region: us); say which in the workload",)
    assert cost(rates, use_of(region="us")).total == 50


def test_a_price_on_request_gives_no_total_and_an_included_one_costs_nothing() -> None:
    asked = Rate("nova-1", "input", "contact", None, "USD", None, None)
    free = Rate("nova-1", "output", "included", None, "USD", None, None)
    assert cost((asked, rate("output", "1")), use_of()).doubts == ("input has no printed price (contact)",)
    assert cost((rate("input", "1"), free), use_of()).total == 10


def test_discount_and_factor_belong_to_the_workload() -> None:
    workload = Workload("w", (), discounts=(("nova", Fraction(1, 10)),), tokens_factor=(("other-*", Fraction(13, 10)),))
    rates = (rate("input", "2"), rate("output", "10"))
    assert cost(rates, use_of(), workload).total == 36
    other = Offer("orbit", "intl", "Other 2", "USD", rates)
    assert bill(use_of(), other, workload).total == 52


def test_offers_are_kept_apart_by_market_and_currency_and_hold_token_prices_alone() -> None:
    image = Rate("nova-1", "image", "priced", Decimal(1), "USD", Decimal(1), "image")
    found = offers(
        (
            ("nova", "intl", rate("input", "2")),
            ("nova", "intl", rate("output", "4", model="Nova 1")),
            ("nova", "cn", rate("input", "14", currency="CNY")),
            ("nova", "intl", image),
        )
    )
    assert [(o.market, o.currency, len(o.rates)) for o in found] == [("intl", "USD", 2), ("cn", "CNY", 1)]


def test_a_shortlist_names_provider_and_model() -> None:
    offer = Offer("nova", "intl", "Nova 1", "USD", ())
    assert is_wanted(Workload("w", ()), offer)
    assert is_wanted(Workload("w", (), shortlist=("nova/nova-*",)), offer)
    assert not is_wanted(Workload("w", (), shortlist=("orbit/*",)), offer)


@pytest.mark.parametrize("text", ["10X", "-5", "1.5", "", "1e6", "0.0001K"])
def test_what_is_no_number_of_tokens_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 8000, 8K, 120M or 1\.5B"):
        parse_tokens(text)


SETTINGS = """
[[workload]]
id = "bot"
shortlist = ["nova/*"]
[[workload.use]]
provider = "nova"
model = "nova-1"
tokens = { input = "10M", output = "2M" }
batch_share = 12.5
"""


def test_the_settings_give_exact_shares(tmp_path: Path) -> None:
    (tmp_path / "pricefall.toml").write_text(SETTINGS)
    (workload,) = load_settings(tmp_path / "pricefall.toml").workloads
    assert workload.uses[0].batch_share == Fraction(1, 8)
    assert dict(workload.uses[0].tokens) == {"input": 10 * M, "output": 2 * M}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"10M"', '"10X"', "write 8000, 8K, 120M or 1.5B"),
        ("input =", "inptu =", "did you mean 'input'"),
        ("12.5", "125", "less than or equal to 100"),
        ("batch_share", "batch", "did you mean 'batch_share'"),
        ("shortlist", "shortlst", "did you mean 'shortlist'"),
    ],
)
def test_mistakes_in_a_workload_name_line_and_remedy(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "pricefall.toml").write_text(SETTINGS.replace(old, new))
    with pytest.raises(ConfigError, match=r"line \d+") as caught:
        load_settings(tmp_path / "pricefall.toml")
    assert words in str(caught.value)


@pytest.fixture
def priced(home: Path) -> Path:
    """A database with two models of one provider and the workload in the settings."""
    with (home / "pricefall.toml").open("a") as settings:
        settings.write(SETTINGS.replace("nova/", "deepseek/").replace('"nova"', '"deepseek"'))
    rates = (
        rate("input", "2"),
        rate("output", "10"),
        rate("input", "1", model="nova-2"),
        rate("output", "5", model="nova-2"),
    )
    at = datetime(2026, 8, 1, 9, tzinfo=UTC)
    url = "https://api-docs.deepseek.com/quick_start/pricing"
    with Store.open(home / "prices.db") as store:
        store.record_page(PageOutcome(None, "deepseek", "intl", url, at, "0" * 64, 10, PriceList(rates), rates, at))
    return home


def test_a_workload_is_priced_on_its_model_and_everywhere(priced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del priced
    _, out, _ = call(capsys, "cost", "bot", "--everywhere", "--json")
    rows = json.loads(out)
    assert [(row["model"], row["month"], row["saves_percent"], row["in_use"]) for row in rows] == [
        ("nova-1", "40.00", None, True),
        ("nova-2", "20.00", 50.0, False),
    ]
    _, out, _ = call(capsys, "cost", "bot")
    assert "no batch price: at the standard one" in " ".join(out.split())


def test_tokens_on_the_command_line_need_no_workload(priced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del priced
    _, out, _ = call(capsys, "cost", "--input", "1M", "--model", "nova-*", "--csv")
    assert [line.split(",")[3:5] for line in out.splitlines()[1:]] == [["nova-2", "1.00"], ["nova-1", "2.00"]]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("bto",), "did you mean 'bot'"),
        ((), "name a workload of the settings, or tokens a month"),
        (("--input", "10X"), "write 8000, 8K, 120M or 1.5B"),
        (("--input", "1M", "--provider", "deepsek"), "did you mean 'deepseek'"),
    ],
)
def test_bad_input_says_what_to_do(
    priced: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], words: str
) -> None:
    del priced
    code, _, err = call(capsys, "cost", *args)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(("form", "table"), [(WorkloadForm, "`[[workload]]`"), (UseForm, "`[[workload.use]]`")])
def test_every_key_of_a_workload_is_documented(form: type[WorkloadForm | UseForm], table: str) -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "workloads.md").read_text(encoding="utf-8")
    rows = document[document.index(f"| key of {table}") :].split("\n\n")[0].splitlines()[2:]
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])} == set(form.model_fields)
