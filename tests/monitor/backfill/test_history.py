"""A new installation answers questions about 2023 to 2026, and says from whom it has the answers."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from monitor.backfill.facts import SHIPPED_HISTORY, fact_files, load_facts
from monitor.backfill.history import load_history
from monitor.backfill.timeline import timeline
from scrapers.catalog import load_catalog
from scrapers.rates import Evidence, PriceList, Rate
from storage import queries
from storage.outcomes import PageOutcome
from storage.sql import run_sql
from storage.store import Store
from tests.monitor.calls import call

NEW = 'new = { input = "1" }'
REST = f'{NEW}\non = 2024-05-11\nmodel = "m"\ncurrency = "USD"'
LOADED = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the shipped facts and nothing else; only read."""
    path = tmp_path_factory.mktemp("history") / "prices.db"
    with Store.open(path) as store:
        load_history(store, LOADED)
    return path


@pytest.fixture
def asked(loaded: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder whose settings name that database."""
    (home / "pricefall.toml").write_text(f'database = "{loaded}"\narchive = "pages"\n')
    return home


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    code, out, err = call(capsys, *words, "--json")
    rows: list[dict[str, Any]] = json.loads(out)
    assert (code, bool(err)) == (0, not rows)
    return rows


@pytest.mark.parametrize(
    ("model", "day", "prices"),
    [
        ("gpt-4-turbo", "2023-12-15", {"input": "10", "output": "30"}),
        ("glm-3-turbo", "2024-05-10", {"input": "5", "output": "5"}),
        ("glm-3-turbo", "2024-05-11", {"input": "1", "output": "1"}),
        ("deepseek-v2", "2024-05-05", {}),
        ("deepseek-v2", "2024-05-06", {"input": "1", "output": "2"}),
        ("doubao-pro-32k", "2024-05-15", {"input": "0.8", "output": "2"}),
        ("gpt-3.5-turbo", "2023-05-01", {"input": "2", "output": "2"}),
        ("gpt-3.5-turbo", "2023-07-01", {"input": "1.5"}),
        ("ernie-speed-8k", "2024-05-21", {"input": "free", "output": "free"}),
        ("qwen-max", "2025-01-10", {"input": "20", "output": "60"}),
        ("o3", "2025-06-11", {"input": "2", "output": "8"}),
        ("deepseek-v4-pro", "2026-06-30", {"input": "3", "cached_input": "0.025", "output": "6"}),
    ],
)
def test_what_a_model_cost_on_a_day(
    asked: Path, capsys: pytest.CaptureFixture[str], model: str, day: str, prices: dict[str, str]
) -> None:
    rows = ask(capsys, "prices", "--model", model, "--at", day, "--tier", "standard")
    of_one_market = [row for row in rows if row["market"] == "cn" or row["provider"] == "openai"]
    assert {row["meter"]: row["amount"] or row["state"] for row in of_one_market} == prices
    assert {row["source"] for row in rows} <= {"curated"}


def test_a_price_whose_end_nobody_knows_does_not_answer_for_ever(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(capsys, "prices", "--model", "gpt-4o", "--at", "2024-08-31")
    assert ask(capsys, "prices", "--model", "gpt-4o", "--at", "2025-08-31") == []


def test_what_was_not_loaded_yet_was_not_known(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("prices", "--model", "glm-3-turbo", "--at", "2024-05-12", "--as-known-on")
    assert ask(capsys, *words, "2026-11-23") == []
    assert ask(capsys, *words, "2026-11-24")


def test_no_price_of_today_comes_from_a_fact(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "prices") == []
    assert "`--at DAY` asks for what was found later" in call(capsys, "prices")[2]


def test_changes_say_who_tells_of_them(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys, "changes", "--since", "2024-05-11", "--until", "2024-05-11", "--kind", "cut")
    assert [(row["model"], row["meter"], row["old_amount"], row["new_amount"]) for row in rows] == [
        ("GLM-3-Turbo", "input", "5", "1"),
        ("GLM-3-Turbo", "output", "5", "1"),
    ]
    assert {row["citation"] for row in rows} == {"Jiemian News, May 2024"}
    _, out, _ = call(capsys, "changes", "--since", "2024-05-06", "--until", "2024-05-06")
    assert "curated: Jiemian" in out
    assert "found later" in out


def test_history_and_evidence_name_the_source(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "history", "glm-3-turbo", "--meter", "input", "--tier", "standard", "--csv")
    before, after = csv.DictReader(io.StringIO(out))
    assert (before["price"], before["since"], before["ended"]) == ("5", "?", "2024-05-11")
    assert (after["price"], after["since"], after["source"]) == ("1", "2024-05-11", "curated: Jiemian News, May 2024")
    _, out, _ = call(capsys, "evidence", "gpt-4-turbo", "--at", "2023-12-15", "--meter", "input")
    assert "gpt-4-1106-preview input (standard): 10 USD / 1M tokens" in out
    assert "said by   Jiemian News, May 2024 (curated, confidence high)" in out
    assert "recorded  2026-11-24T08:00:00Z, found later" in out


def test_a_seller_whom_no_provider_file_names_can_be_asked_for(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ask(capsys, "prices", "--provider", "iflytek", "--at", "2024-06-01")
    assert {row["model"] for row in rows} == {"Spark Lite", "Spark Pro", "Spark Max"}
    code, _, err = call(capsys, "prices", "--provider", "iflytec", "--at", "2024-06-01")
    assert code == 2
    assert "did you mean 'iflytek'?" in err


def test_what_the_pages_show_is_never_spoken_against(tmp_path: Path) -> None:
    """From the first look on the page speaks, also about a model that it does not show."""
    seen_at = datetime(2024, 6, 1, 9, tzinfo=UTC)
    shown = Rate("GLM-4", "input", "priced", Decimal(100), "CNY", Decimal(1000000), "token", evidence=Evidence("100"))
    with Store.open(tmp_path / "prices.db") as store:
        load_history(store, LOADED)
        store.record_page(
            PageOutcome(
                None, "zhipu", "cn", "https://z.example/", seen_at, "0" * 64, 9, PriceList((shown,)), (shown,), seen_at
            )
        )

        def told(*day: int) -> set[str]:
            at = datetime(*day, tzinfo=UTC)  # type: ignore[arg-type]  # year, month, day
            rows = queries.prices(store, "zhipu", at=at, found_later=True)
            return {row["model"] for row in rows if row["market"] == "cn"}

        assert told(2024, 5, 20) == {"GLM-3-Turbo"}
        assert told(2024, 6, 2) == {"GLM-4"}
        changed = queries.changes(store, provider="zhipu", found_later=True)
        assert [row for row in changed if row["market"] == "cn" and row["captured_at"] >= "2024-06-01T09"] == []


def test_loading_again_changes_nothing_and_a_corrected_fact_is_marked(home: Path) -> None:
    fact = '[[fact]]\non = 2024-01-01\nmodel = "m"\ncurrency = "USD"\nnew = {{ input = "{}" }}\nsource = "a letter"\n'
    own = home / "own"
    own.mkdir()
    file = own / "acme.toml"
    with Store.open(home / "prices.db") as store:
        file.write_text(fact.format("1"))
        assert load_history(store, LOADED, own).added == 2  # a price and its launch
        assert load_history(store, LOADED, own).added == 0
        file.write_text(fact.format("2"))
        later = LOADED + timedelta(days=1)
        done = load_history(store, later, own)
        assert (done.added, done.superseded) == (2, 2)
        known = [queries.history(store, "m", as_known_on=at, found_later=True) for at in (LOADED, later)]
    assert [[row["amount"] for row in rows] for rows in known] == [["1"], ["2"]]


def test_the_timeline_of_a_model_is_one_query(loaded: Path) -> None:
    answer = run_sql(
        loaded,
        "SELECT held_from, held_until, amount, source FROM price_timeline WHERE model_key = 'qwen max' "
        "AND meter = 'input' ORDER BY held_from",
    )
    assert [row[2] for row in answer.rows] == ["120", "40", "20", "2.4"]
    assert all(one[1] == two[0] for one, two in pairwise(answer.rows))
    assert {row[3] for row in answer.rows} == {"curated"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('modle = "m"', "line 2: unknown key 'modle'; did you mean 'model'?"),
        (f'{NEW}\non = "2024-05-11"', "line 3: on: write it without quotes, as 2024-05-11"),
        ('new = { inptu = "1" }', "line 2: new: 'inptu' is no meter; did you mean 'input'?"),
        ("new = { input = 1.5 }", "line 2: new: 1.5 is no exact amount"),
        (f'{NEW}\nold = {{ output = "2" }}', "line 3: old: it has an old price of output"),
        (f'{REST}\nsource = "a letter"\nconfidence = "hi"', "confidence: 'hi' is not known; did you mean 'high'?"),
        (REST, "source: say it as a text"),
    ],
)
def test_a_wrong_fact_names_its_line(home: Path, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    own = home / "own"
    own.mkdir()
    (own / "acme.toml").write_text(f"[[fact]]\n{words}\n")
    code, _, err = call(capsys, "backfill", "history", "--from", str(own))
    assert code == 2
    assert said in err
    with Store.open(home / "prices.db") as store:
        assert queries.history(store, found_later=True) == []


def test_the_shipped_facts_are_of_known_sellers_and_markets() -> None:
    """A fact under a misspelt id or market would be in nobody's history."""
    catalog = load_catalog()
    unwatched = {path.stem for path in fact_files()} - catalog.keys()
    assert unwatched == {"iflytek", "lingyiwanwu", "xiaomi"}
    for path in fact_files():
        facts = load_facts(path)
        assert {fact.market for fact in facts} <= {"cn", "intl"}, path
        assert {fact.currency for fact in facts if fact.market == "cn"} <= {"CNY"}, path
        assert all(fact.on <= LOADED for fact in facts), path


def test_no_two_facts_answer_for_one_price_at_one_time() -> None:
    for path in fact_files(SHIPPED_HISTORY):
        prices, _ = timeline(load_facts(path))
        places: dict[object, list[tuple[datetime, datetime]]] = {}
        for price in prices:
            assert price.counts_from <= price.counts_until, price
            places.setdefault((price.market, price.rate.identity), []).append((price.counts_from, price.counts_until))
        for place, spans in places.items():
            ordered = sorted(spans)
            assert all(one[1] <= two[0] for one, two in pairwise(ordered)), (path, place)


def test_init_offers_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "init", str(tmp_path / "one"))
    assert code == 0
    assert "`pricefall backfill history` loads the curated prices" in out
    code, out, _ = call(capsys, "init", str(tmp_path / "two"), "--history")
    assert code == 0
    assert "16 files of facts" in out
    with Store.open(tmp_path / "two" / "pricefall.db", read_only=True) as store:
        assert queries.changes(store, model="glm-3-turbo", found_later=True)


def test_init_asks_in_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "init", str(tmp_path / "new")],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert "Load the curated prices of 2023 to 2026?" in done.stdout
    assert not (tmp_path / "new" / "pricefall.db").exists()
