"""Every command as a newcomer types it: help that helps, and one bad input each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click
import pytest

from monitor.cli import cli
from scrapers.rates import Complaint, Evidence, PriceList, Rate
from storage.archive import Archive
from storage.nouns import Event, Pending
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call

ROOT = Path(__file__).resolve().parents[2]
URL = "https://api-docs.deepseek.com/quick_start/pricing"
DAY = datetime(2026, 8, 1, 9, tzinfo=UTC)


def rate(amount: str, meter: str = "input", model: str = "deepseek-chat") -> Rate:
    return Rate(
        model, meter, "priced", Decimal(amount), "USD", Decimal(1000000), "token", evidence=Evidence(f"${amount}")
    )


@pytest.fixture
def watched(home: Path) -> Path:
    """The same with a page that was seen twice: a cut of the input price, and an output price that is held."""
    old, new = rate("0.50"), rate("0.25")
    dear = rate("1.00", "output")
    cut = Event("cut", "deepseek", "intl", datetime(2026, 8, 2, 9, tzinfo=UTC), old, new, 0.9, "half of it", URL)
    held = Pending("k", "held", "cut", dear, rate("0.01", "output"), "a hundredth of it", cut.captured_at)

    def outcome(at: datetime, rates: tuple[Rate, ...], **more: object) -> PageOutcome:
        return PageOutcome(
            None,
            "deepseek",
            "intl",
            URL,
            at,
            f"{at.day:064}",
            10,
            PriceList(rates),
            rates,
            at,
            **more,  # type: ignore[arg-type]  # the two keywords below
        )

    with Store.open(home / "prices.db") as store:
        store.record_page(outcome(DAY, (old, dear)))
        store.record_page(outcome(cut.captured_at, (new, dear), events=(cut,), pending=(held,)))
    return home


def commands_below(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command by its words, those of groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*path, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands_below(command, (*path, name))


@pytest.mark.parametrize("words", sorted(commands_below(cli)), ids=" ".join)
def test_every_command_has_help_with_its_examples_on_lines_of_their_own(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, out, _ = call(capsys, *words, "--help")
    command = f"pricefall {' '.join(words)}"
    assert code == 0
    assert f"Usage: {command}" in out
    assert "\\b" not in out
    assert not [line for line in out.splitlines() if line.count(f"{command} ") > 1]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["pirces"], "did you mean 'prices'"),
        (["prices", "--provider", "deepsek"], "did you mean 'deepseek'"),
        (["health", "--provider", "deepsek"], "did you mean 'deepseek'"),
        (["prices", "--meter", "inputs"], "did you mean 'input'"),
        (["prices", "--at", "yesterday"], "write it as 2026-08-13"),
        (["changes", "--kind", "cuts"], "did you mean 'cut'"),
        (["run", "--only", "open-ai"], "did you mean 'openai'"),
        (["extract", "missing.html"], "missing.html cannot be read"),
        (["replay", "missing.jsonl", "--db", "x.db"], "missing.jsonl cannot be read"),
        (["alerts", "test"], "no [[channel]]"),
        (["alerts", "test", "mial"], "mial"),
        (["compare", "deepseek-chta", "x"], "did you mean 'deepseek-chat'"),
        (["evidence", "deepseek-chat", "--meter", "inputs"], "did you mean 'input'"),
        (["review", "accept", "7", "--reason", "x"], "7 is a place in a list that may have moved"),
        (["--config", "nowhere.toml", "run"], "does not exist"),
        (["init"], "exists already"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_ends_with_status_2_and_a_sentence(
    watched: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    code, out, err = call(capsys, *args)
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("args", [["prices"], ["history", "gpt-4o"], ["changes"], ["sql", "select 1"], ["review"]])
def test_without_a_database_the_next_step_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    code, _, err = call(capsys, *args)
    assert code == 5
    assert "pricefall run" in err


def test_prices_as_table_json_and_csv(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, table, _ = call(capsys, "prices", "--provider", "deepseek", "--meter", "input")
    assert "deepseek-chat" in table
    assert "0.25" in table
    _, text, _ = call(capsys, "prices", "--json")
    assert {(row["meter"], row["amount"]) for row in json.loads(text)} == {("input", "0.25"), ("output", "1.00")}
    _, csv, _ = call(capsys, "prices", "--csv", "--meter", "input")
    assert csv.splitlines()[0].startswith("provider,market,model,meter")
    assert "deepseek-chat,input" in csv


def test_prices_at_an_earlier_date(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "prices", "--json", "--meter", "input", "--at", "2026-08-01T12:00:00Z")
    assert [row["amount"] for row in json.loads(text)] == ["0.50"]


def test_history_shows_both_prices_and_proposes_a_name(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "history", "DeepSeek Chat", "--meter", "input", "--json")
    assert [row["amount"] for row in json.loads(text)] == ["0.50", "0.25"]
    code, _, err = call(capsys, "history", "deepseek-chta")
    assert code == 0
    assert "Did you mean 'deepseek-chat'?" in err


def test_changes_tell_why(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "changes", "--since", "2026-08-01", "--json")
    (row,) = json.loads(text)
    assert (row["kind"], row["old_amount"], row["new_amount"], row["why"]) == ("cut", "0.50", "0.25", "half of it")
    _, table, _ = call(capsys, "changes", "--since", "2026-08-01")
    assert "-50.0" in table
    _, _, err = call(capsys, "changes", "--since", "2026-09-01")
    assert "nothing changed since 2026-09-01" in err


def test_what_is_held_can_be_accepted_and_is_told(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "review", "--json")
    (row,) = json.loads(text)
    assert (row["model"], row["meter"], row["why"]) == ("deepseek-chat", "output", "a hundredth of it")
    code, out, _ = call(capsys, "review", "accept", row["id"], "--reason", "they say so")
    assert (code, out) == (0, f"accepted: {row['id']} deepseek deepseek-chat output (cut)\n")
    _, text, _ = call(capsys, "prices", "--json", "--meter", "output")
    assert [row["amount"] for row in json.loads(text)] == ["0.01"]
    _, text, _ = call(capsys, "changes", "--since", "2026-08-01", "--json")
    assert [row["meter"] for row in json.loads(text)] == ["input", "output"]
    _, _, err = call(capsys, "review")
    assert "nothing is held" in err


def test_sql_reads_and_refuses_to_write(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "sql", "--json", "select count(*) as n from current_prices")
    assert json.loads(text) == [{"n": 2}]
    code, _, err = call(capsys, "sql", "delete from rates")
    assert code == 5
    assert "only reads" in err


def test_the_queries_that_are_shown_to_newcomers_run(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "monitor/commands/sql.py").read_text("utf-8")
    queries = re.findall(r'pricefall sql "([^"]+)"', shown)
    assert len(queries) >= 2
    for query in queries:
        assert call(capsys, "sql", "--json", query)[0] == 0, query


def test_providers_say_which_pages_nobody_has_seen(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "providers", "--json")
    rows = json.loads(text)
    assert {"openai", "anthropic", "deepseek", "zhipu", "volcengine", "openrouter"} <= {row["provider"] for row in rows}
    assert all("verified" in row for row in rows)


def test_doctor_names_unverified_pages_and_missing_captures(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = call(capsys, "doctor", "--json")
    found = json.loads(text)
    assert code == 1
    assert any(f["level"] == "wrong" and f["about"] == "archive" for f in found)
    unverified = [f["words"] for f in found if f["about"] == "unverified"]
    assert unverified
    assert all("https://" in words for words in unverified)


def test_doctor_names_the_share_of_unread_amounts_its_trend_and_pages_not_read_for_days(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def look(at: datetime, unread: int) -> PageOutcome:
        complaints = tuple(Complaint("unknown_unit", "an amount without a unit", f"${n}") for n in range(unread))
        read = PriceList((rate("0.50"),), complaints, amounts_seen=1 + unread)
        return PageOutcome(None, "deepseek", "intl", URL, at, f"{at.day:064}", 10, read, read.rates, at)

    with Store.open(home / "prices.db") as store:
        store.record_page(look(DAY, 1))
        store.record_page(look(datetime(2026, 8, 2, tzinfo=UTC), 3))
    _, text, _ = call(capsys, "doctor", "--json")
    said = {finding["about"]: finding["words"] for finding in json.loads(text)}
    assert "3 of 4 amounts are unread (75 %), 1 of 2 at the capture before" in said["unread"]
    assert URL in said["late"]
    assert "`pricefall provider try deepseek`" in said["late"]
    _, table, _ = call(capsys, "doctor")
    assert "75 %" in table


@pytest.mark.parametrize("args", [["health"], ["health", "--json"]])
def test_health_says_that_nothing_is_watched_any_more(
    watched: Path, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    with Store.open(watched / "prices.db") as store:
        store.finish_run(store.begin_run(DAY, "run"), DAY, "ok", {})
    code, text, _ = call(capsys, *args)
    assert code == 1
    assert "cron" in text
    assert "nothing is watched" in " ".join(text.split())


def test_health_lists_notices(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    renamed = Event("notice", "deepseek", "intl", now, rate("1"), rate("1"), 0.7, "v3 is now called chat", URL)
    old = PriceList((rate("1"),))
    with Store.open(watched / "prices.db") as store:
        store.record_page(
            PageOutcome(None, "deepseek", "intl", URL, now, "a" * 64, 10, old, old.rates, now, events=(renamed,))
        )
    code, text, _ = call(capsys, "health", "--notices")
    assert code == 0
    assert "v3 is now called chat" in text
    _, text, _ = call(capsys, "health", "--notices", "--provider", "openai", "--json")
    assert json.loads(text) == []


def test_init_writes_settings_that_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "init", str(tmp_path / "new"))
    assert code == 0
    assert (tmp_path / "new" / "pricefall.toml").exists()
    assert (tmp_path / "new" / "providers").is_dir()
    assert "alerts test" in out
    code, text, _ = call(capsys, "--config", str(tmp_path / "new" / "pricefall.toml"), "doctor", "--json")
    assert code == 0
    assert json.loads(text)


def test_evidence_shows_the_words_and_writes_the_page(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = b"| Model | Input |\n|---|---|\n| nova-1 | $0.25 |\n"
    name = Archive(home / "pages").put(body)
    seen = rate("0.25", model="nova-1")
    outcome = PageOutcome(None, "deepseek", "intl", URL, DAY, name, len(body), PriceList((seen,)), (seen,), DAY)
    with Store.open(home / "prices.db") as store:
        store.record_page(outcome)
    _, out, _ = call(capsys, "evidence", "nova-*", "--save", "raw")
    assert "'$0.25'" in out
    assert URL in out
    (path,) = (home / "raw").iterdir()
    assert path.name == f"2026-08-01-deepseek-{name[:12]}.md"
    assert path.read_bytes() == body
    _, _, err = call(capsys, "evidence", "orbit")
    assert "no price of 'orbit' is in force" in err


def test_two_models_are_compared_in_one_currency(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = (rate("0.50"), rate("2", "output"), rate("0.25", model="nova-1"))
    yuan = Rate("nova-1", "input", "priced", Decimal(2), "CNY", Decimal(1000000), "token")
    with Store.open(home / "prices.db") as store:
        for market, said in (("intl", rates), ("cn", (yuan,))):
            page = PageOutcome(None, "deepseek", market, URL, DAY, "0" * 64, 10, PriceList(said), said, DAY)
            store.record_page(page)
        zhipu = PageOutcome(None, "zhipu", "cn", URL, DAY, "0" * 64, 10, PriceList((yuan,)), (yuan,), DAY)
        store.record_page(zhipu)
    _, text, _ = call(capsys, "compare", "deepseek-chat", "deepseek/nova-1", "--json")
    rows = {row["meter"]: row for row in json.loads(text)}
    assert rows["input"]["b_dearer_percent"] == -50
    assert (rows["output"]["a"], rows["output"]["b"]) == ("2 USD / 1M tokens", None)
    _, text, _ = call(capsys, "compare", "deepseek-chat", "zhipu/nova-1", "--json")
    assert json.loads(text)[0]["b_dearer_percent"] is None
    code, _, err = call(capsys, "compare", "deepseek-chat", "nova-1")
    assert code == 2
    assert "say which: deepseek/nova-1, zhipu/nova-1" in err


@pytest.mark.parametrize(
    ("at", "amount"),
    [
        ("2026-08-01", "0.50"),
        ("2026-08-02", "0.25"),  # a plain date is the end of its day in UTC
        ("2026-08-02T08:59:59Z", "0.50"),
        ("2026-08-02T16:59+08:00", "0.50"),
        ("2026-08-02T17:00+08:00", "0.25"),
        ("2026-08-02 09:00", "0.25"),
    ],
)
def test_a_moment_may_be_a_day_or_an_instant_in_any_zone(
    watched: Path, capsys: pytest.CaptureFixture[str], at: str, amount: str
) -> None:
    _, text, _ = call(capsys, "prices", "--json", "--meter", "input", "--at", at)
    assert [row["amount"] for row in json.loads(text)] == [amount]
    _, text, _ = call(capsys, "prices", "--json", "--meter", "input", "--as-known-on", at)
    assert [row["amount"] for row in json.loads(text)] == [amount]


def test_a_span_of_one_day_is_all_of_that_day(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = call(capsys, "changes", "--since", "2026-08-02", "--until", "2026-08-02", "--json")
    assert len(json.loads(text)) == 1
    _, text, _ = call(capsys, "changes", "--until", "2026-08-03", "--as-known-on", "2026-08-01", "--json")
    assert json.loads(text) == []


def test_answers_about_the_past_say_which_moment_was_meant(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, table, _ = call(capsys, "prices", "--at", "2026-08-02", "--as-known-on", "2026-08-01T18:00:00+08:00")
    assert "in force at 2026-08-02T23:59:59Z, as known at 2026-08-01T10:00:00Z" in table
    _, _, err = call(capsys, "prices", "--as-known-on", "2026-07-01")
    assert "nothing was known at 2026-07-01T23:59:59Z: the first price was recorded at 2026-08-01T09:00:00Z" in err
    _, _, err = call(capsys, "history", "deepseek-chat", "--as-known-on", "2026-07-01")
    assert "no price of 'deepseek-chat' is known as of 2026-07-01T23:59:59Z" in err


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00+08:00", "2026-02-30", "9999-12-31"])
def test_a_date_that_is_none_is_refused_with_an_example(
    watched: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    code, _, err = call(capsys, "changes", "--until", text)
    assert code == 2
    assert "write it as 2026-08-13, 2026-08-13T16:00:00Z or 2026-08-14T00:00+08:00" in err
