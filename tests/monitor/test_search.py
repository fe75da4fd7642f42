"""`pricefall search`: names in two scripts, short words, near misses, and an index that follows the prices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.commands.search import spellings
from scrapers.rates import Rate
from storage.search import search_models
from storage.store import Store
from tests.monitor.calls import call
from tests.storage.looks import outcome, rate

CHINESE = ("通义千问-Max", "qwen-max", "Qwen2.5-72B", "GLM-4-Plus", "GLM4-Air", "glm-5.4", "文心4.0", "ernie-4.5")


def sold(*models: str, **changes: object) -> list[Rate]:
    return [rate(model, "2.00", meter=meter, **changes) for model in models for meter in ("input", "output")]


@pytest.fixture
def watched(home: Path) -> Path:
    with Store.open(home / "prices.db") as store:
        store.record_page(outcome(0, sold("GPT-4o", "GPT-4o mini", "old-gpt-4")))
        store.record_page(outcome(1, sold("GPT-4o", "GPT-4o mini")))
        store.record_page(
            outcome(1, sold(*CHINESE, currency="CNY"), provider="alibaba", market="cn", url="https://a/cn")
        )
    return home


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    code, out, _ = call(capsys, "search", *words, "--json")
    assert code == 0
    return [row["model"] for row in json.loads(out)]


@pytest.mark.parametrize(
    ("asked", "models"),
    [
        ("通义千问", {"通义千问-Max", "qwen-max", "Qwen2.5-72B"}),
        ("千问", {"通义千问-Max", "qwen-max", "Qwen2.5-72B"}),
        ("qwen", {"通义千问-Max", "qwen-max", "Qwen2.5-72B"}),
        ("ＱＷＥＮ max", {"通义千问-Max", "qwen-max"}),
        ("通义千问max", {"通义千问-Max", "qwen-max"}),
        ("qwen2.5", {"Qwen2.5-72B"}),
        ("qwen 2.5", {"Qwen2.5-72B"}),
        ("文心", {"文心4.0", "ernie-4.5"}),
        ("glm4", {"GLM-4-Plus", "GLM4-Air"}),
        ("glm", {"GLM-4-Plus", "GLM4-Air", "glm-5.4"}),
        ("GPT-4o", {"GPT-4o", "GPT-4o mini"}),
        ("openai mini", {"GPT-4o mini"}),
        ("百炼 plus", {"GLM-4-Plus"}),
    ],
)  # fmt: skip
def test_a_model_is_found_by_its_words_in_any_script(
    capsys: pytest.CaptureFixture[str], watched: Path, asked: str, models: set[str]
) -> None:
    assert set(found(capsys, *asked.split())) == models


def test_the_nearest_comes_first_and_what_is_no_longer_sold_last(
    capsys: pytest.CaptureFixture[str], watched: Path
) -> None:
    assert found(capsys, "gpt", "4o") == ["GPT-4o", "GPT-4o mini"]
    assert found(capsys, "gpt")[-1] == "old-gpt-4"
    assert found(capsys, "glm", "4") == ["GLM-4-Plus", "GLM4-Air", "glm-5.4"]


def test_a_person_sees_prices_and_what_is_no_longer_sold(capsys: pytest.CaptureFixture[str], watched: Path) -> None:
    code, out, _ = call(capsys, "search", "gpt-4", "--csv")
    lines = dict(line.split(",", 3)[2:] for line in out.splitlines())
    assert code == 0
    assert lines["GPT-4o"] == "2.00 USD / 1M tokens,2.00 USD / 1M tokens,2024-05-13,"
    assert lines["old-gpt-4"] == ",,2024-05-13,no longer"


def test_a_near_miss_is_answered_with_names(capsys: pytest.CaptureFixture[str], watched: Path) -> None:
    _, out, err = call(capsys, "search", "qwenmaxx")
    assert out == ""
    assert "no model is called 'qwenmaxx'; did you mean 'qwen-max'" in err


@pytest.mark.parametrize("words", ['"', "gpt' OR 1=1 --", "NEAR(gpt", "gpt*", "%", "model:gpt", "a" * 3000, "[", "x"])
def test_signs_that_sql_or_the_index_knows_are_only_letters(
    capsys: pytest.CaptureFixture[str], watched: Path, words: str
) -> None:
    assert found(capsys, words) == []


def test_no_words_are_refused(capsys: pytest.CaptureFixture[str], watched: Path) -> None:
    code, _, err = call(capsys, "search", " ")
    assert code == 2
    assert "name a model" in err


def test_the_limit_is_told(capsys: pytest.CaptureFixture[str], watched: Path) -> None:
    _, out, _ = call(capsys, "search", "gpt", "--limit", "1")
    assert "1 models or more; --limit shows them" in out


def test_a_new_spelling_is_found_and_a_name_that_was_never_true_is_not(home: Path) -> None:
    with Store.open(home / "prices.db") as store:
        store.record_page(outcome(0, sold("GPT-4o", "Totals")))
        store.record_page(outcome(1, sold("gpt 4o", "Totals")))
        with store.connection.write() as sql:
            sql.execute("UPDATE rates SET superseded_at = ended_at WHERE model = 'Totals'")
        assert [row["model"] for row in search_models(store, spellings("totals"))] == ["Totals"]
        with store.connection.write() as sql:
            sql.execute("UPDATE rates SET superseded_at = seen_until WHERE model = 'Totals'")
        assert search_models(store, spellings("totals")) == []
        both = search_models(store, spellings("gpt 4o"))
        assert {(row["model"], row["first_seen"][:10]) for row in both} == {
            ("GPT-4o", "2024-05-13"),
            ("gpt 4o", "2024-05-13"),
        }
