"""Converted figures: dated, marked, from the newest rates at hand, and without any effect on what is stored or told."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from monitor.cycle import Cycle
from monitor.exchange import FILE_NAME, Exchange, NoExchangeRate, fetch_rates, open_exchange
from monitor.settings import load_settings
from scrapers.errors import FetchError
from scrapers.fetching import Capture, FetchFailure, FetchSettings, FetchTask
from scrapers.rates import PriceList, Rate
from storage.archive import Archive
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call
from tests.monitor.price_lists import rate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TASK = FetchTask("ecb", "https://www.ecb.europa.eu/rates.xml")


def ecb(*days: tuple[str, str, str]) -> str:
    """The bank's file with dollars and yuan for a euro on some days."""
    cubes = "".join(
        f"<Cube time='{day}'><Cube currency='USD' rate='{usd}'/><Cube currency='CNY' rate='{cny}'/></Cube>"
        for day, usd, cny in days
    )
    return f'<?xml version="1.0"?><gesmes:Envelope xmlns:gesmes="x"><Cube>{cubes}</Cube></gesmes:Envelope>'


RECENT = ecb(("2026-11-23", "1.25", "8.75"), ("2026-11-20", "1.2", "8.4"))


def capture(body: str) -> Capture:
    return Capture(TASK, TASK.url, "fetched", body.encode(), None, None, "text/xml", None, NOW)


def test_a_rate_is_that_of_the_day_or_of_the_last_day_before_it() -> None:
    exchange = Exchange(RECENT)
    monday = exchange.conversion("USD", "CNY", date(2026, 11, 24))
    assert (monday.rate, monday.day, monday.convert(Decimal("0.22"))) == (7, date(2026, 11, 23), Decimal("1.54"))
    assert exchange.conversion("CNY", "USD", date(2026, 11, 22)).day == date(2026, 11, 20)
    assert exchange.conversion("USD", "EUR", date(2026, 11, 23)).convert(Decimal(1)) == Decimal("0.8")
    assert exchange.newest == date(2026, 11, 23)


def test_what_the_newest_file_does_not_reach_comes_with_the_package() -> None:
    exchange = Exchange(RECENT)
    friday = exchange.conversion("USD", "EUR", date(2024, 5, 11))  # a Saturday
    assert (friday.day, friday.convert(Decimal("1.0779"))) == (date(2024, 5, 10), Decimal(1))


def test_figures_have_six_digits() -> None:
    assert Exchange(RECENT).conversion("CNY", "EUR", date(2026, 11, 23)).convert(Decimal(1)) == Decimal("0.114286")


@pytest.mark.parametrize(
    ("currency", "on", "words"),
    [
        ("TWD", date(2026, 11, 23), "the ECB quotes no rate for TWD"),
        ("RUB", date(2026, 11, 23), "the ECB quotes no rate for RUB since 2022-03-01"),
        ("CNY", date(2003, 1, 1), "the ECB quotes CNY only since 2005-04-01"),
    ],
)
def test_a_currency_without_a_rate_is_said_to_have_none(currency: str, on: date, words: str) -> None:
    exchange = Exchange()
    with pytest.raises(NoExchangeRate, match=words):
        exchange.conversion(currency, "USD", on)
    with pytest.raises(NoExchangeRate, match=words):
        exchange.conversion("USD", currency, on)
    assert currency not in exchange.currencies or currency == "CNY"


def test_roubles_of_the_time_when_they_were_quoted_are_converted() -> None:
    assert Exchange().conversion("RUB", "USD", date(2021, 6, 1)).day == date(2021, 6, 1)


class Bank:
    """Answers in turn and counts how often it was asked."""

    def __init__(self, *answers: Capture | FetchFailure) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.said: list[str] = []

    def fetch(self) -> Capture | FetchFailure:
        self.asked += 1
        return self.answers.pop(0)

    def open(self, folder: Path, now: datetime) -> Exchange:
        return open_exchange(folder / "prices.db", fetch=self.fetch, now=now, say=self.said.append)


DOWN = FetchFailure(TASK, FetchError("the name could not be resolved", provider="ecb", url=TASK.url), "dns")


def test_the_file_is_fetched_once_a_day_and_kept(tmp_path: Path) -> None:
    newer = ecb(("2026-11-25", "1.3", "9.1"))
    bank = Bank(capture(RECENT), capture(newer))
    assert bank.open(tmp_path, NOW).newest == date(2026, 11, 23)
    assert bank.open(tmp_path, NOW + timedelta(hours=23)).newest == date(2026, 11, 23)
    assert (bank.asked, bank.said) == (1, [])
    assert bank.open(tmp_path, NOW + timedelta(hours=25)).newest == date(2026, 11, 25)
    assert (bank.asked, sorted(path.name for path in tmp_path.iterdir())) == (2, [FILE_NAME])


@pytest.mark.parametrize("answer", [DOWN, capture("<html>busy</html>")], ids=["down", "another page"])
def test_a_failure_falls_back_says_so_and_is_not_repeated_within_the_hour(
    tmp_path: Path, answer: Capture | FetchFailure
) -> None:
    bank = Bank(answer, capture(RECENT))
    first = bank.open(tmp_path, NOW)
    assert first.newest < date(2026, 11, 23)
    assert len(bank.said) == 1
    assert "could not be had" in bank.said[0]
    bank.open(tmp_path, NOW + timedelta(minutes=50))
    assert bank.asked == 1
    assert bank.open(tmp_path, NOW + timedelta(minutes=70)).newest == date(2026, 11, 23)


def test_a_failure_leaves_the_rates_that_were_kept(tmp_path: Path) -> None:
    bank = Bank(capture(RECENT), DOWN)
    bank.open(tmp_path, NOW)
    assert bank.open(tmp_path, NOW + timedelta(days=2)).newest == date(2026, 11, 23)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    bank = Bank(capture(RECENT))
    exchange = open_exchange(tmp_path / "missing" / "prices.db", fetch=bank.fetch, now=NOW, say=bank.said.append)
    assert exchange.newest < date(2026, 11, 23)
    assert "cannot be written" in bank.said[0]


def test_the_bank_is_asked_through_the_guarded_fetcher(httpserver: HTTPServer) -> None:
    path = "/stats/eurofxref/eurofxref-hist-90d.xml"
    httpserver.expect_request(path).respond_with_data(RECENT, content_type="text/xml")
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    host = {"www.ecb.europa.eu": f"http://127.0.0.1:{httpserver.port}"}
    answer = fetch_rates(FetchSettings(hosts=host))
    assert isinstance(answer, Capture)
    assert answer.body.decode() == RECENT
    assert "Pricefall" in httpserver.log[-1][0].headers["User-Agent"]


@pytest.fixture
def shop(home: Path) -> Path:
    """Prices in dollars, yuan per thousand, roubles and for nothing; the bank is not asked."""
    (home / "pricefall.toml").write_text(
        'database = "prices.db"\narchive = "pages"\nproviders = "providers"\n[exchange]\nupdate = "never"\n'
    )
    listed = (
        rate("dollar", "output", "2"),
        rate("yuan", "output", "0.007", currency="CNY", per=Decimal(1000)),
        rate("rouble", "output", "3", currency="RUB"),
        rate("gift", "output", None, currency=None),
    )
    record(home, listed)
    (home / FILE_NAME).write_text(RECENT)
    return home


def record(home: Path, listed: tuple[Rate, ...]) -> None:
    with Store.open(home / "prices.db") as store:
        store.record_page(
            PageOutcome(None, "deepseek", "intl", "https://d.example", NOW, "0" * 64, 9, PriceList(listed), listed, NOW)
        )


def test_prices_of_several_currencies_are_sorted_and_marked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, err = call(capsys, "prices", "--in", "usd", "--at", "2026-11-24T13:00Z", "--json")
    assert code == 0
    rows: list[dict[str, Any]] = json.loads(text)
    assert [row["model"] for row in rows] == ["gift", "yuan", "dollar", "rouble"]
    keys = ("converted", "converted_amount", "converted_currency", "exchange_rate", "exchange_date", "amount")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        (False, None, "USD", None, None, None),
        (True, "0.001", "USD", "0.142857", "2026-11-23", "0.007"),
        (False, "2", "USD", None, None, "2"),
        (False, None, "USD", None, None, "3"),
    ]
    assert "1 prices are left in RUB: the ECB quotes no rate for RUB since 2022-03-01" in err
    _, table, _ = call(capsys, "prices", "--in", "USD", "--csv", "--at", "2026-11-24T13:00Z")
    assert "~1 / 1M tokens" in table
    assert ",2 / 1M tokens" in table


def test_a_target_that_has_no_rate_is_refused_with_those_that_have(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "prices", "--in", "TWD")
    assert code == 2
    assert "the ECB quotes no rate for TWD" in err
    assert "USD" in err
    code, _, err = call(capsys, "prices", "--in", "USDD")
    assert "did you mean 'USD'" in err


def test_old_rates_of_exchange_say_their_age(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = call(capsys, "prices", "--in", "EUR", "--at", "2026-12-10T13:00Z")
    assert "the newest rates of exchange at hand are of 2026-11-23, 17 days before" in err


PAGE = """# Prices

USD per 1M tokens.

| Model | Input | Output |
| --- | --- | --- |
| bay-large | $0.22 | $0.66 |
| bay-small | ¥0.5 CNY | ¥2 CNY |
"""


def test_a_move_of_the_exchange_rate_alone_makes_no_event(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two looks at one page, with the yuan at half its worth at the second."""
    from scrapers.catalog import Page, Provider

    url = "https://acme.example/pricing"
    page = Page("acme", url)
    provider = Provider("acme", "Acme", pages=(page,))
    text = 'database = "prices.db"\narchive = "pages"\n[exchange]\nupdate = "never"\n'
    (home / "pricefall.toml").write_text(text)
    with Store.open(home / "prices.db") as store:
        for number, rates in enumerate((RECENT, ecb(("2026-11-23", "1.25", "17.5")))):
            (home / FILE_NAME).write_text(rates)
            os.utime(home / FILE_NAME)
            at = NOW + timedelta(days=number)
            cycle = Cycle(load_settings(), None, store, Archive(home / "pages"), lambda at=at: at, confirm=False)  # type: ignore[arg-type,misc]  # nothing is fetched
            body = f"{PAGE}\nSeen {number + 1} times.\n".encode()
            seen = Capture(FetchTask("acme", url), url, "fetched", body, None, None, None, None, at)
            report = cycle.take(provider, page, seen)
            assert (report.rates, report.events, report.waiting, report.held) == (4, (), 0, 0)
        amounts = [row["amount"] for row in store.connection.rows("SELECT amount FROM rates ORDER BY amount")]
    assert amounts == ["0.22", "0.5", "0.66", "2"]
    _, shown, _ = call(capsys, "prices", "--model", "bay-small", "--meter", "output", "--in", "USD", "--json")
    assert [row["converted_amount"] for row in json.loads(shown)] == ["0.142857"]
