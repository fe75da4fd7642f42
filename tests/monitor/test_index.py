"""The price-war index: what falls, what must not, and how fast."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.index import Offer, series
from monitor.lineages import lineages
from scrapers.catalog import Provider, Successor
from scrapers.rates import Conditions, PriceList, Rate, TokenRange
from storage.outcomes import PageOutcome
from storage.past import PastPrice, record_past
from storage.store import Store
from tests.monitor.calls import call

Asked = dict[str, Any]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rate(model: str, meter: str, amount: str, currency: str = "USD", **more: Any) -> Rate:
    return Rate(model, meter, "priced", Decimal(amount), currency, Decimal(1_000_000), "token", **more)


def both(model: str, read: str, written: str, currency: str = "USD") -> tuple[Rate, ...]:
    return (rate(model, "input", read, currency), rate(model, "output", written, currency))


@pytest.fixture
def see(home: Path) -> Callable[..., None]:
    """Writes looks at pages: what each stated on a day, from then on until its next look."""
    (home / "pricefall.toml").write_text(
        'database = "prices.db"\narchive = "pages"\n[exchange]\nupdate = "never"\n', encoding="utf-8"
    )
    (home / "classes.toml").write_text(CLASSES, encoding="utf-8")

    def write(provider: str, day: str, *rates: Rate, url: str = "https://example.com/pricing") -> None:
        seen = at(day)
        outcome = PageOutcome(
            None, provider, "intl", url, seen, f"{seen:%Y%m%d}".rjust(64, "0"), 10, PriceList(rates), rates, seen
        )
        with Store.open(home / "prices.db") as store:
            store.record_page(outcome)

    return write


CLASSES = """[expected]
fall_percent = [50, 75]

[[class]]
id = "able"
name = "As able as nova"
reason = "we tried them"

[[class.member]]
models = ["nova", "orbit", "cheap"]
reason = "we tried it"

[[class.member]]
models = ["alias"]
since = 2024-06-01
reason = "it means nova since then"
"""


def asked(capsys: pytest.CaptureFixture[str], *args: str) -> list[Asked]:
    code, out, err = call(capsys, "index", *args, "--json")
    assert code == 0, err
    rows = json.loads(out)
    assert isinstance(rows, list)
    return rows


def steps(one: Asked) -> list[tuple[str, str | None, str | None]]:
    return [(point["at"][:10], point["model"], point["price"]) for point in one["points"]]


def test_the_lineage_of_the_article_fell_as_it_did(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2023-03-14", *both("gpt-4", "30", "60"))
    see("openai", "2023-11-06", *both("gpt-4", "30", "60"), *both("gpt-4-turbo", "10", "30"))
    see(
        "openai", "2024-05-13", *both("gpt-4", "30", "60"), *both("gpt-4-turbo", "10", "30"), *both("gpt-4o", "5", "15")
    )
    read, written, mix = asked(capsys, "openai/gpt-4")
    assert steps(read) == [
        ("2023-03-14", "gpt-4", "30"),
        ("2023-11-06", "gpt-4-turbo", "10"),
        ("2024-05-13", "gpt-4o", "5"),
    ]
    assert (read["fall_percent"]["USD"], read["fall_percent_a_year"]["USD"], read["was"]) == ("83.3", "78.5", "faster")
    assert (written["fall_percent"]["USD"], written["fall_percent_a_year"]["USD"]) == ("75.0", "69.5")
    assert written["was"] == "as expected"
    assert [point["price"] for point in mix["points"]] == ["37.5", "15", "7.5"]
    assert [(year["year"], year["fall_percent"]) for year in read["years"]] == [(2023, "66.7"), (2024, "50.0")]
    assert read["points"][0]["yuan"].startswith("~¥2")  # 30 dollars were about 206 yuan
    assert read["fall_percent_a_year"]["CNY"] != read["fall_percent_a_year"]["USD"]


def test_the_cheapest_of_a_class_counts_across_currencies_and_is_marked(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"))
    see("zhipu", "2024-03-01", rate("orbit", "input", "7", "CNY"))  # about a dollar
    see("openai", "2024-07-01", rate("nova", "input", "1.5"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "nova", "10"), ("2024-03-01", "orbit", "7")]
    first, second = one["points"]
    assert (first["dollars"], first["yuan"][:2]) == ("$10", "~¥")
    assert (second["dollars"][:4], second["yuan"]) == ("~$0.", "¥7")


def test_sales_free_offers_batches_and_other_meters_do_not_lower_it(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"))
    see(
        "openai",
        "2024-04-01",
        rate("nova", "input", "4", list_amount=Decimal(10), valid_until=at("2024-05-01")),
        rate("nova", "input", "5", service_tier="batch"),
        rate("nova", "cached_input", "1"),
    )
    see("zhipu", "2024-04-01", Rate("cheap", "input", "free", None, None, None, None))
    see("openai", "2024-06-01", rate("nova", "input", "10"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "nova", "10")]
    assert one["fall_percent"]["USD"] == "0.0"
    assert one["was"] == "no fall"


def test_of_several_prices_for_the_same_prompt_the_dearest_counts(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see(
        "openai",
        "2024-01-01",
        rate("nova", "input", "4", conditions=Conditions(region="eu")),
        rate("nova", "input", "3", conditions=Conditions(region="us")),
        rate("orbit", "input", "6", conditions=Conditions(window="peak")),
        rate("orbit", "input", "2", conditions=Conditions(window="off_peak")),
        rate("cheap", "input", "5", conditions=Conditions(context_tokens=TokenRange(None, 128_000))),
        rate("cheap", "input", "1", conditions=Conditions(context_tokens=TokenRange(128_000, None))),
    )
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "nova", "4")]


def test_a_name_counts_from_the_day_on_which_it_means_such_a_model(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"), rate("alias", "input", "1"))
    see("openai", "2024-07-01", rate("nova", "input", "10"), rate("alias", "input", "1"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "nova", "10"), ("2024-06-01", "alias", "1")]


def test_what_is_no_longer_listed_no_longer_counts(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"), rate("cheap", "input", "2"))
    see("openai", "2024-02-01", rate("nova", "input", "10"))
    see("openai", "2024-03-01", rate("other", "input", "10"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "cheap", "2"), ("2024-02-01", "nova", "10"), ("2024-03-01", None, None)]
    assert one["until"] == "2024-03-01T00:00:00Z"
    assert one["fall_percent"]["USD"] == "-400.0"
    assert (one["fall_percent_a_year"]["USD"], one["was"]) == (None, "too short to say")


def test_a_page_that_was_seen_before_its_twin_dropped_the_price_tells_it_no_more(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("cheap", "input", "2"), url="https://example.com/old")
    see("openai", "2024-02-01", rate("cheap", "input", "2"), rate("nova", "input", "9"))
    see("openai", "2024-05-01", rate("nova", "input", "9"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one)[-1] == ("2024-05-01", "nova", "9")


def test_it_is_told_up_to_a_day_and_never_beyond_the_last_look(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"))
    see("openai", "2024-05-01", rate("nova", "input", "5"))
    (one,) = asked(capsys, "able", "--meter", "input", "--until", "2024-04-30")
    assert (steps(one), one["until"]) == ([("2024-01-01", "nova", "10")], "2024-04-30T23:59:59Z")
    (one,) = asked(capsys, "able", "--meter", "input")
    assert one["until"] == "2024-05-01T00:00:00Z"


def test_people_see_a_line_the_steps_and_the_verdict(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", *both("nova", "10", "20"))
    see("openai", "2025-01-01", *both("nova", "4", "8"))
    _, table, _ = call(capsys, "index")
    assert "a fall of 50 to 75 % a year was expected" in table
    assert "-59.9" in table  # 366 days
    _, story, _ = call(capsys, "index", "able", "--meter", "input")
    assert "As able as nova: we tried them" in story
    assert "█" in story
    assert "2025-01-01  4 USD" in story
    assert "a year, up to 2025-01-01: -59.9% in dollars" in story
    assert "(as expected)" in story
    _, csv, _ = call(capsys, "index", "able", "--meter", "input", "--csv")
    assert csv.splitlines()[0].startswith("index,meter,at,provider")
    assert len(csv.splitlines()) == 3


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["abel"], "did you mean 'able'"),
        (["openai/gtp-4"], "did you mean 'openai/gpt-4'"),
        (["--until", "soon"], "write it as 2026-08-13"),
        (["able", "--meter", "both"], "'input', 'output', 'mix'"),
    ],
)
def test_what_it_does_not_know_it_says(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"))
    code, out, err = call(capsys, "index", *args)
    assert (code, out) == (2, "")
    assert words in err


def test_a_table_leaves_out_what_is_known_for_days_only(
    see: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    see("openai", "2024-01-01", rate("nova", "input", "10"))
    see("openai", "2024-01-09", rate("nova", "input", "4"))
    _, out, err = call(capsys, "index")
    assert out == ""
    assert "1 are known for less than 90 days" in err
    _, csv, _ = call(capsys, "index", "--csv")
    assert csv.splitlines()[1].split(",")[7:] == ["-60.0", "", "", "too short to say"]


def test_without_a_price_it_says_so(see: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    see("openai", "2024-01-01", rate("other", "input", "10"))
    assert asked(capsys, "able") == []
    assert "no list price of its models is known" in call(capsys, "index", "able")[2]


def test_a_new_installation_answers_the_article_from_the_curated_history(
    see: Callable[..., None], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A price of the past counts until the next one, and says nothing of the time in which a page was watched."""
    assert call(capsys, "backfill", "history")[0] == 0
    (one,) = asked(capsys, "openai/gpt-4", "--meter", "input", "--until", "2024-05-13T00:00Z")
    assert steps(one) == [
        ("2023-03-14", "gpt-4", "30"),
        ("2023-11-06", "gpt-4-1106-preview", "10"),
        ("2024-05-13", "gpt-4o", "5"),
    ]
    assert (one["fall_percent_a_year"]["USD"], one["was"]) == ("78.5", "faster")
    see("openai", "2024-01-01", *both("gpt-4", "20", "40"))
    (one,) = asked(capsys, "openai/gpt-4", "--meter", "input")
    assert steps(one)[2:] == [("2024-01-01", "gpt-4", "20")]


def test_what_only_a_feed_says_counts_where_nothing_else_does(
    see: Callable[..., None], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    see("zhipu", "2026-01-01", rate("other", "input", "1"))
    with Store.open(home / "prices.db") as store:
        for source, amount, day in (("feed", "9", 1), ("curated", "8", 10), ("feed", "2", 20)):
            found = at(f"2024-01-{day:02}")
            known = PastPrice(
                "openai", "intl", rate("nova", "input", amount), "x", found, found, found, at("2024-05-01")
            )
            record_past(store, source, f"{source} {day}", [known], [], at("2026-01-01"))
    (one,) = asked(capsys, "able", "--meter", "input")
    assert steps(one) == [("2024-01-01", "nova", "9"), ("2024-01-10", "nova", "8")]


def test_a_lineage_holds_both_of_two_successors_and_ends_in_a_circle() -> None:
    declared = (Successor("b", "a"), Successor("c", "a"), Successor("d", "c"), Successor("b", "d"), Successor("x", "y"))
    found = lineages([Provider("p", "P", successors=declared)])
    assert [(each.id, dict(each.steps)) for each in found] == [
        ("p/a", {"a": 0, "b": 3, "c": 1, "d": 2}),
        ("p/y", {"y": 0, "x": 1}),
    ]


DAY = datetime(2024, 1, 1, tzinfo=UTC)
SELLERS = (("USD", 0), ("CNY", 0), ("USD", 1), ("CNY", 1), ("USD", 2), ("CNY", 0))
"""Currency and rank of each."""


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 4)), max_size=24))
def test_the_lowest_is_the_lowest_at_every_moment(asked_for: list[tuple[int, int, int]]) -> None:
    """The index keeps only the first of each currency; a search through everything finds the same."""
    days: dict[int, dict[int, int]] = {}
    for seller, day, price in asked_for:
        days.setdefault(seller, {})[day] = price
    chosen = [
        Offer(
            f"seller {seller}",
            "intl",
            str(SELLERS[seller][1]),
            SELLERS[seller][0],
            tuple(
                (DAY + timedelta(days=day), {"input": Fraction(price)} if price else {})
                for day, price in sorted(prices.items())
            ),
        )
        for seller, prices in days.items()
    ]

    def convert(amount: Fraction, currency: str, _: str, on: date) -> Fraction:
        return amount if currency == "USD" else amount * Fraction(on.day, 7)

    def rank(offer: Offer, on: date) -> int | None:
        return None if offer.model == "0" and on.day < 5 else int(offer.model)

    found = series(chosen, "input", rank, DAY + timedelta(days=9), convert, days=[DAY + timedelta(days=4)])
    turns = {step[0] for offer in chosen for step in offer.steps} | {DAY + timedelta(days=4)}
    for moment in sorted(turns):
        asking = [
            (-place, convert(price, offer.currency, "USD", moment.date()))
            for offer in chosen
            if (price := offer.price("input", moment)) and (place := rank(offer, moment.date())) is not None
        ]
        told = None if found is None or moment < found.first.at else found.value("USD", moment)
        assert told == (min(asking)[1] if asking else None)
