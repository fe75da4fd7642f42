"""`pricefall compare-feeds`: counts, disagreements with both sides, and errors that say what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scrapers.rates import Conditions, PriceList, Rate
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call
from tests.monitor.price_lists import model, rate

DAY = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://openai.example/pricing"


@pytest.fixture
def known(home: Path) -> Path:
    """A database with a page of OpenAI's."""
    rates: tuple[Rate, ...] = (
        *model("nova-5", "5", "30", "0.5"),
        rate("nova-5", "input", "2.5", service_tier="batch"),
        rate("nova-4", "input", "2", conditions=Conditions(window="peak")),
        rate("nova-own", "input", "1"),
        replace(rate("nova-3", "input", "3"), valid_until=datetime(2026, 1, 1, tzinfo=UTC)),
    )
    with Store.open(home / "prices.db") as store:
        store.record_page(
            PageOutcome(None, "openai", "intl", URL, DAY, "0" * 64, 10, PriceList(rates), rates, recorded_at=DAY)
        )
    return home


def feed(home: Path, name: str = "litellm.json", **models: dict[str, Any]) -> str:
    """A saved file of LiteLLM's shape; keywords are models of OpenAI with their prices."""
    plain = {"litellm_provider": "openai", "mode": "chat"}
    entries = {key.replace("_", "-"): {**plain, **prices} for key, prices in models.items()}
    (home / name).write_text(json.dumps(entries))
    return f"litellm={home / name}"


def test_counts_disagreements_and_unknown_keys(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = feed(
        known,
        nova_5={
            "input_cost_per_token": 5e-06,
            "output_cost_per_token": 2.5e-05,
            "input_cost_per_token_batches": 9e-06,
            "input_cost_per_wish": 1,
        },
        nova_4={"input_cost_per_token": 1e-06},
        nova_there={"input_cost_per_token": 1e-06},
    )
    code, out, err = call(capsys, "compare-feeds", "openai", "--feed-file", words, "--json")
    said = json.loads(out)
    assert (code, err) == (0, "")
    assert said["providers"] == [
        {"provider": "openai", "agree": 1, "disagree": 1, "not_comparable": 2, "only_here": 2, "only_there": 1}
    ]
    (line,) = said["disagreements"]
    assert (line["model"], line["meter"], line["ours"], line["theirs"], line["source"], line["url"], line["key"]) == (
        "nova-5",
        "output",
        "$30 per 1M tokens",
        "$25 per 1M tokens",
        "litellm",
        URL,
        "nova-5 output_cost_per_token",
    )
    assert said["unknown_keys"]["litellm"][0]["key"] == "input_cost_per_wish"


def test_people_get_a_table_and_the_list_when_they_ask(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = feed(known, nova_5={"output_cost_per_token": 2.5e-05, "input_cost_per_wish": 1})
    _, short, err = call(capsys, "compare-feeds", "--feed-file", words)
    assert "disagree" in short
    assert "$25" not in short
    assert "1 keys of price objects are not understood and were not read; --all lists them" in err
    _, long, _ = call(capsys, "compare-feeds", "--feed-file", words, "--all")
    assert "$25 per 1M" in long
    assert "input_cost_per_wish" in long


def test_two_saved_feeds_that_differ_are_two_lines_and_one_price(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = feed(known, nova_5={"output_cost_per_token": 2.5e-05})
    document = [{"id": "openai", "models": [{"id": "nova-5", "prices": {"output_mtok": 20}}]}]
    (known / "genai.json").write_text(json.dumps(document))
    second = f"genai-prices={known / 'genai.json'}"
    _, out, _ = call(capsys, "compare-feeds", "--feed-file", first, "--feed-file", second, "--json")
    said = json.loads(out)
    assert said["providers"][0]["disagree"] == 1
    assert {(line["source"], line["theirs"]) for line in said["disagreements"]} == {
        ("litellm", "$25 per 1M tokens"),
        ("genai-prices", "$20 per 1M tokens"),
    }


def test_no_price_of_a_feed_changes_the_database(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (known / "prices.db").read_bytes()
    call(capsys, "compare-feeds", "--feed-file", feed(known, nova_5={"output_cost_per_token": 1e-05}))
    assert (known / "prices.db").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--feed-file", "prices.json"], "write it as FEED=PATH"),
        (["--feed-file", "litelm=prices.json"], "did you mean 'litellm'"),
        (["--feed-file", "litellm=nowhere.json"], "cannot be read (No such file"),
        (["--feed-file", "litellm=bad.json"], "litellm: not valid JSON"),
        (["--feed-file", "openrouter=other.json"], "is this a file of another kind?"),
        (["opnai", "--feed-file", "litellm=other.json"], "did you mean 'openai'"),
    ],
)
def test_what_is_wrong_is_said(known: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    (known / "bad.json").write_text("{")
    (known / "other.json").write_text("{}")
    code, out, err = call(capsys, "compare-feeds", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_without_a_database_it_says_what_to_do_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "compare-feeds", "--feed-file", feed(home, nova_5={"output_cost_per_token": 1e-05}))
    assert code != 0
    assert "pricefall run" in err


def test_the_feeds_of_the_settings_are_asked_when_no_file_is_given(
    known: Path, capsys: pytest.CaptureFixture[str], unused_port: int
) -> None:
    """Nothing listens there: each feed is named with its reason, and the comparison is made all the same."""
    (known / "pricefall.toml").write_text(
        'database = "prices.db"\n[fetch]\nretries = 0\n[fetch.hosts]\n'
        f'"www.llm-prices.com" = "http://127.0.0.1:{unused_port}"\n[witnesses]\nfeeds = ["llm-prices"]\n'
    )
    code, out, err = call(capsys, "compare-feeds", "--json")
    assert code == 0
    assert "llm-prices did not come, its last prices are used" in err
    assert json.loads(out)["providers"][0]["only_here"] == 6


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert isinstance(port, int)
    return port


def test_an_unknown_feed_in_the_settings_is_named_with_its_line(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (known / "pricefall.toml").write_text('database = "prices.db"\n[witnesses]\nfeeds = ["litelm"]\n')
    code, _, err = call(capsys, "compare-feeds")
    assert code == 2
    assert "line 3: witnesses.feeds" in err
    assert "did you mean 'litellm'" in err


def test_amounts_are_shown_per_what_ours_is_for(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = feed(known, nova_5={"cache_read_input_token_cost": 1.6000000000000001e-06})
    _, out, _ = call(capsys, "compare-feeds", "--feed-file", words, "--json")
    assert json.loads(out)["disagreements"][0]["theirs"] == "$1.6 per 1M tokens"
