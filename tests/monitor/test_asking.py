"""What the commands that only ask answer: order, amounts per, reasons, the cheapest, and names that were misspelt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scrapers.rates import PriceList, Rate
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call

URL = "https://api-docs.deepseek.com/quick_start/pricing"
FIRST, SECOND, THIRD = (datetime(2026, 8, day, 9, tzinfo=UTC) for day in (1, 11, 21))


CLASSES = """
[expected]
fall_percent = [50, 75]
source = "a newspaper"
[[class]]
id = "able"
name = "Able"
reason = "for the test"
[[class.member]]
models = ["deepseek chat"]
since = SINCE
reason = "for the test"
"""


def rate(model: str, meter: str, amount: str, currency: str = "USD", per: int = 1_000_000, **more: Any) -> Rate:
    return Rate(model, meter, "priced", Decimal(amount), currency, Decimal(per), "token", **more)


def look(provider: str, at: datetime, rates: tuple[Rate, ...], *events: Event) -> PageOutcome:
    return PageOutcome(None, provider, "intl", URL, at, f"{at.day:064}", 10, PriceList(rates), rates, at, events=events)


@pytest.fixture
def shop(home: Path) -> Path:
    """Two sellers: one cut its input price and dropped a model, the other is priced in yuan per 1K."""
    (home / "pricefall.toml").write_text(
        'database = "prices.db"\narchive = "pages"\n[exchange]\nupdate = "never"\n', encoding="utf-8"
    )
    old, new = rate("deepseek-chat", "input", "0.50"), rate("deepseek-chat", "input", "0.25")
    kept = rate("deepseek-chat", "output", "1.10")
    cached = rate("deepseek-chat", "cached_input", "0.05")
    gone = rate("deepseek-coder", "input", "0.10")
    cut = Event("cut", "deepseek", "intl", SECOND, old, new, 0.97, "input fell by half", URL)
    removal = Event("removal", "deepseek", "intl", THIRD, gone, None, 0.9, "two pages without it", URL)
    yuan = (rate("glm-x", "input", "0.002", "CNY", 1000), rate("glm-x", "output", "0.004", "CNY", 1000))
    with Store.open(home / "prices.db") as store:
        store.record_page(look("deepseek", FIRST, (old, kept, cached, gone)))
        store.record_page(look("deepseek", SECOND, (new, kept, cached, gone), cut))
        store.record_page(look("deepseek", THIRD, (new, kept, cached), removal))
        store.record_page(look("zhipu", FIRST, yuan))
    return home


def asked(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    code, out, err = call(capsys, *args, "--json")
    assert code == 0, err
    rows = json.loads(out)
    assert isinstance(rows, list)
    return rows


def test_prices_per_a_thousand_are_exact(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(capsys, "prices", "--per", "1K", "--meter", "input")
    assert [(row["amount"], row["per"]) for row in rows] == [("0.00025", "1000"), ("0.002", "1000")]
    rows = asked(capsys, "prices", "--per", "1M", "--model", "glm-x")
    assert [(row["amount"], row["per"]) for row in rows] == [("2", "1000000"), ("4", "1000000")]
    _, table, _ = call(capsys, "prices", "--per", "1K", "--in", "CNY", "--meter", "input")
    assert "0.002 / 1K tokens" in table


@pytest.mark.parametrize(
    "asked_for",
    [
        ("prices", "--model", "deepseek-chat"),
        ("evidence", "deepseek-chat"),
        ("compare", "deepseek-chat", "deepseek/deepseek-chat"),
        ("cheapest", "--model", "deepseek-chat", "--input", "1M"),
    ],
    ids=lambda words: words[0],
)
def test_prices_that_nobody_has_seen_for_long_are_said_to_be_old(
    shop: Path, capsys: pytest.CaptureFixture[str], asked_for: tuple[str, ...]
) -> None:
    said = "prices were last seen on 2026-08-21 or earlier and may have moved since"
    assert call(capsys, *asked_for, "--at", "2026-09-30")[2].count(said) == 1
    assert "last seen" not in call(capsys, *asked_for, "--at", "2026-08-22")[2]


def test_a_class_takes_no_price_from_before_its_name_meant_so_able_a_model(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "classes.toml").write_text(CLASSES.replace("SINCE", "2026-08-25"), encoding="utf-8")
    asked_for = ("cheapest", "--input", "1M", "--class", "able", "--at", "2026-09-30")
    assert asked(capsys, *asked_for) == []
    (shop / "classes.toml").write_text(CLASSES.replace("SINCE", "2026-08-20"), encoding="utf-8")
    assert [row["model"] for row in asked(capsys, *asked_for)] == ["deepseek-chat"]


def test_a_narrowed_list_of_messages_does_not_say_that_there_is_none(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "alerts", "list", "--channel", "nope")
    assert (code, "no message fits" in out + err) == (0, True)


@pytest.mark.parametrize(
    ("per", "words"), [("3K", "1, 1K, 1M"), ("many", "write 8000, 8K, 120M"), ("0", "1, 1K, 1M"), ("0.5", "120M")]
)
def test_an_amount_per_what_cannot_be_exact_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str], per: str, words: str
) -> None:
    code, _, err = call(capsys, "prices", "--per", per)
    assert code == 2
    assert words in err


def test_the_cheapest_stand_first_and_currencies_apart(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(capsys, "prices", "--sort", "price")
    order = [(row["meter"], row["currency"], row["amount"]) for row in rows]
    assert order == [
        ("cached_input", "USD", "0.05"),
        ("input", "CNY", "0.002"),
        ("input", "USD", "0.25"),
        ("output", "CNY", "0.004"),
        ("output", "USD", "1.10"),
    ]
    rows = asked(capsys, "prices", "--sort", "since", "--top", "1")
    assert [row["amount"] for row in rows] == ["0.25"]


def test_history_draws_the_fall_and_says_why(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "history", "deepseek-*", "--meter", "input")
    chat, coder = out.split("\n\n")
    line = chat.splitlines()[1].strip()
    assert line.startswith("█")
    assert line.endswith("▄")
    assert line.count("█") == pytest.approx(line.count("▄"), abs=2)
    assert "2026-08-11  0.25 USD / 1M tokens     cut -50.0%: input fell by half" in chat
    assert "2026-08-21  no longer listed         two pages without it" in coder
    (first, second) = asked(capsys, "history", "deepseek-chat", "--meter", "input")
    assert (first["kind"], first["why"]) == (None, None)
    assert (second["kind"], second["percent"], second["why"]) == ("cut", -50, "input fell by half")
    _, csv, _ = call(capsys, "history", "deepseek-chat", "--meter", "input", "--csv")
    assert csv.splitlines()[2].endswith("cut,input fell by half")


def test_history_does_not_know_a_reason_before_it_was_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(capsys, "history", "deepseek-coder", "--as-known-on", "2026-08-12")
    assert [row["ended_why"] for row in rows] == [None]
    rows = asked(capsys, "history", "deepseek-coder")
    assert [row["ended_why"] for row in rows] == ["two pages without it"]


def test_the_cheapest_is_found_across_currencies_and_counts_the_cache(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    when = ("--at", "2026-08-12T00:00Z")
    rows = asked(capsys, "cheapest", "--input", "10M", "--output", "2M", *when)
    assert [(row["provider"], row["cost"], row["converted"]) for row in rows][1] == ("deepseek", "4.70", False)
    assert rows[0]["provider"] == "zhipu"  # 28 yuan are less than 4.70 dollars
    assert (rows[0]["printed_cost"], rows[0]["printed_currency"], rows[0]["converted"]) == ("28.00", "CNY", True)
    assert rows[0]["exchange_date"]
    rows = asked(capsys, "cheapest", "--input", "10M", "--output", "2M", "--cached", "50%", *when)
    assert [row["cost"] for row in rows if row["provider"] == "deepseek"] == ["3.70"]
    assert [row["notes"] for row in rows if row["provider"] == "zhipu"] == [["cached_input at the price of input"]]
    _, table, _ = call(capsys, "cheapest", "--input", "10M", "--output", "2M", "--in", "cny", *when)
    assert "cost in CNY" in table
    assert "~" in table


def test_a_class_narrows_the_cheapest(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(capsys, "cheapest", "--input", "1M", "--output", "1M", "--class", "gpt-4")
    assert [row["model"] for row in rows] == ["deepseek-chat"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["prices", "--model", "deepsek-chat"], "did you mean 'deepseek-chat'"),
        (["prices", "--tier", "standrad"], "did you mean 'standard'"),
        (["prices", "--currency", "usb"], "did you mean 'USD'"),
        (["history", "GLMX"], "Did you mean 'glm-x'"),
        (["evidence", "deepsek-chat"], "did you mean 'deepseek-chat'"),
        (["changes", "--model", "deepsek-chat"], "did you mean 'deepseek-chat'"),
        (["cost", "--input", "1M", "--model", "deepsek-chat"], "did you mean 'deepseek-chat'"),
        (["cheapest", "--input", "1M", "--model", "deepsek-chat"], "did you mean 'deepseek-chat'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_a_name_that_nothing_has_is_answered_with_the_nearest(
    shop: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str, form: list[str]
) -> None:
    code, out, err = call(capsys, *args, *form)
    assert code == 0
    assert words in err
    assert out.strip() == ("[]" if form else "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["prices", "--unit", "tokens"], "did you mean 'token'"),
        (["prices", "--state", "pricd"], "did you mean 'priced'"),
        (["cheapest"], "--input 10M --output 2M"),
        (["cheapest", "--input", "1M", "--cached", "150%"], "write it as 50%"),
        (["cheapest", "--input", "lots"], "write 8000, 8K, 120M"),
        (["cheapest", "--input", "1M", "--class", "gtp-4"], "did you mean 'gpt-4'"),
        (["cheapest", "--input", "1M", "--in", "USB"], "did you mean 'USD'"),
        (["cheapest", "--input", "1M", "--provider", "zipu"], "did you mean 'zhipu'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_meant_ends_with_status_2(
    shop: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    code, out, err = call(capsys, *args)
    assert code == 2
    assert words in err
    assert out == ""


def test_one_price_has_its_evidence_by_its_number_also_when_it_is_over(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, _ = asked(capsys, "history", "deepseek-chat", "--meter", "input")
    (row,) = asked(capsys, "evidence", str(old["rate_id"]))
    assert (row["amount"], row["url"], row["bytes"]) == ("0.50", URL, 10)
    _, out, _ = call(capsys, "evidence", str(old["rate_id"]))
    assert "0.50 USD / 1M tokens" in out
    assert "ended     2026-08-11T09:00:00Z" in out
    code, out, err = call(capsys, "evidence", "4711")
    assert (code, out) == (0, "")
    assert "no price has the number 4711" in err
