"""Saved pages of the past: read in their order, kept apart from what is watched, and told to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.backfill.facts import load_facts
from monitor.backfill.timeline import timeline
from storage import queries
from storage.past import record_past
from storage.store import Store
from tests.monitor.backfill.pages import PAGE, PROVIDER, RULES, page
from tests.monitor.calls import call

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def acme(home: Path) -> Path:
    """A user who watches Acme and wants to hear of everything."""
    (home / "providers").mkdir()
    (home / "providers" / "acme.toml").write_text(PROVIDER)
    (home / "pricefall.toml").write_text(f'database = "prices.db"\narchive = "pages"\n{RULES}')
    return home


@pytest.fixture
def saved(acme: Path) -> Path:
    """Five saved pages: a cut in May, a page that cannot be read, a raise in July."""
    folder = acme / "saved"
    folder.mkdir()
    (folder / "acme-2024-04-01.html").write_text(page("5", "10"))
    (folder / "acme-20240511093000.html").write_text(page("1", "10"))
    (folder / "acme-2024-06-01.html").write_text("<html><body><h1>Just a moment</h1></body></html>")
    (folder / "acme-2024-07-01.html").write_text(page("2", "10"))
    (folder / "notes.txt").write_text("bought in 2024")
    return folder


@pytest.fixture
def filled(saved: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert call(capsys, "backfill", "captures", str(saved))[0] == 0
    return saved.parent


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(call(capsys, *words, "--json")[1])
    return rows


@pytest.fixture
def store(filled: Path) -> Iterator[Store]:
    with Store.open(filled / "prices.db") as opened:
        yield opened


def test_what_was_read_and_what_was_not_is_said(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "backfill", "captures", str(saved))
    assert code == 0
    assert "4 saved pages, 4 of them new; 1 files were not used" in out
    assert f"acme intl {PAGE}: 3 of 4 captures read, 4 prices and 2 changes; 6 rows are new, 0 taken back" in out
    assert "notes.txt: no day is in its name" in err
    assert "acme 2024-06-01 00:00Z gave no prices: no model prices on the page" in err
    assert "0 of them new" in call(capsys, "backfill", "captures", str(saved))[1]


def test_prices_of_the_past_are_answered_and_marked(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def cost(day: str) -> str | None:
        rows = ask(capsys, "prices", "--provider", "acme", "--meter", "input", "--at", day)
        assert all(row["source"] == "capture" for row in rows)
        return rows[0]["amount"] if rows else None

    assert [cost(day) for day in ("2024-03-31", "2024-04-20", "2024-05-11", "2024-07-02")] == [None, "5", "1", "2"]
    assert cost("2025-07-02") is None  # nobody saw the page for a year
    history = ask(capsys, "history", "acme-large", "--meter", "input")
    assert [(row["amount"], row["holds_from"], row["ended_at"]) for row in history] == [
        ("5", None, "2024-05-11T09:30:00Z"),
        ("1", "2024-05-11T09:30:00Z", "2024-07-01T00:00:00Z"),
        ("2", "2024-07-01T00:00:00Z", None),
    ]


def test_changes_of_the_past_are_found_later_and_told_to_nobody(
    filled: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ask(capsys, "changes", "--since", "2024-01-01")
    assert [(row["kind"], row["old_amount"], row["new_amount"], row["source"]) for row in rows] == [
        ("cut", "5", "1", "capture"),
        ("raise", "1", "2", "capture"),
    ]
    assert "found later" in call(capsys, "changes", "--since", "2024-01-01")[1]
    tables = ("alerts", "events", "rates", "pages")
    counts = {name: store.connection.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}
    assert counts == {"alerts": 0, "events": 0, "rates": 0, "pages": 0}


def test_evidence_gives_the_words_and_the_page_itself(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("evidence", "acme-large", "--meter", "input", "--at", "2024-05-20", "--save", str(filled / "out"))
    _, out, _ = call(capsys, *words)
    assert "read      '$1'" in out
    assert f"on        {PAGE}" in out
    (kept,) = (filled / "out").iterdir()
    assert kept.read_text() == page("1", "10")


def test_more_of_the_past_mends_what_was_found_before(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page of between moves the day of the cut; what was believed before can still be asked."""
    more = filled / "more"
    more.mkdir()
    (more / "acme-2024-05-02.html").write_text(page("1", "10"))
    code, out, _ = call(capsys, "backfill", "captures", str(more))
    assert code == 0
    assert "4 of 5 captures read" in out
    (cut, _) = ask(capsys, "changes", "--since", "2024-01-01")
    assert cut["captured_at"] == "2024-05-02T00:00:00Z"
    assert ask(capsys, "prices", "--meter", "input", "--at", "2024-05-05")[0]["amount"] == "1"


def test_a_capture_is_believed_before_a_fact(filled: Path, store: Store) -> None:
    """And a change that both know is told once, by the capture."""
    facts = filled / "acme.toml"
    said = '[[fact]]\non = 2024-05-09\ncurrency = "USD"\nsource = "a letter"\n'
    facts.write_text(
        f'{said}model = "acme-large"\nold = {{ input = "5" }}\nnew = {{ input = "1" }}\n'
        f'{said}model = "acme-tiny"\nnew = {{ input = "0.1" }}\n'
    )
    record_past(store, "curated", "acme", *timeline(load_facts(facts)), NOW)
    at = datetime(2024, 5, 10, tzinfo=UTC)
    rows = queries.prices(store, "acme", meter="input", at=at, found_later=True)
    assert [(row["model"], row["amount"], row["source"]) for row in rows] == [
        ("acme-large", "5", "capture"),
        ("acme-tiny", "0.1", "curated"),
    ]
    changes = queries.changes(store, kinds=["cut"], found_later=True)
    assert [(row["kind"], row["source"]) for row in changes] == [("cut", "capture")]


def test_a_manifest_goes_before_names(acme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = acme / "saved"
    folder.mkdir()
    (folder / "a.html").write_text(page("5", "10"))
    lines = [
        {"file": "a.html", "provider": "acme", "url": PAGE, "captured": "2024-05-01"},
        {"file": "b.html", "provider": "acme", "url": PAGE, "captured": "2024-05-02"},
        {"file": "a.html", "provider": "acme", "url": "https://acme.example/jobs", "captured": "2024-05-03"},
    ]
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(line) for line in lines))
    _, out, err = call(capsys, "backfill", "captures", str(folder))
    assert "1 saved pages, 1 of them new; 2 files were not used" in out
    assert "b.html: there is no such file" in err
    assert "acme has no page at https://acme.example/jobs" in err
    manifest.write_text('{"file": "a.html"}')
    code, _, err = call(capsys, "backfill", "captures", str(folder))
    assert code == 2
    assert "manifest.jsonl, line 1" in err


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("2024-05-01.html", (), "no provider is in its name; say which with --provider"),
        ("2024-05-01.html", ("--provider", "openai"), "say which with --url"),
        ("acme-2024-05-01-to-2024-06-01.html", (), "no day is in its name"),
    ],
)
def test_nothing_is_guessed(
    acme: Path, capsys: pytest.CaptureFixture[str], name: str, words: tuple[str, ...], why: str
) -> None:
    (acme / "saved").mkdir()
    (acme / "saved" / name).write_text(page("5", "10"))
    _, out, err = call(capsys, "backfill", "captures", "saved", *words)
    assert "0 saved pages" in out
    assert why in err
