"""`backfill wayback` against a Wayback Machine on this machine that behaves as the real one does on bad days."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.monitor.backfill.archive import Answer, WaybackMachine
from tests.monitor.backfill.pages import PAGE, PROVIDER, RULES, page
from tests.monitor.calls import call


@pytest.fixture
def machine() -> Iterator[WaybackMachine]:
    opened = WaybackMachine()
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def acme(home: Path, machine: WaybackMachine) -> Path:
    (home / "providers").mkdir()
    (home / "providers" / "acme.toml").write_text(PROVIDER)
    (home / "pricefall.toml").write_text(
        'database = "prices.db"\narchive = "pages"\n'
        f'[fetch]\nretries = 1\nretry_after_cap = "2s"\nhosts = {{ "web.archive.org" = "{machine.address}" }}\n{RULES}'
    )
    return home


def fetch(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    words = ("backfill", "wayback", "acme", "--from", "2024-04", "--every", "day", "--delay", "0s")
    return call(capsys, *words, *more)


def amounts(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    rows: list[dict[str, Any]] = json.loads(call(capsys, "history", "acme-large", "--meter", "input", "--json")[1])
    return [(row["seen_from"][:10], row["amount"]) for row in rows]


def test_copies_become_history_and_are_never_asked_for_twice(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.keep("20240301000000", PAGE, page("9", "10").encode())  # before --from
    machine.keep("20240401120000", "https://old.acme.example/prices", page("5", "10").encode())
    machine.keep("20240511093000", PAGE, page("1", "10").encode(), digest="SAME")
    machine.keep("20240511203000", PAGE, page("7", "10").encode())  # a second one of that day
    machine.keep("20240601000000", PAGE, page("1", "10").encode(), digest="SAME")  # equal to the one before
    code, out, _ = fetch(capsys)
    assert code == 0
    assert "2 copies came, 0 of them without a page; 0 were known" in out
    assert machine.copies_asked() == ["20240401120000", "20240511093000"]
    assert amounts(capsys) == [("2024-04-01", "5"), ("2024-05-11", "1")]
    machine.keep("20240701000000", PAGE, page("2", "10").encode())
    machine.asked.clear()
    code, out, _ = fetch(capsys)
    assert "1 copies came, 0 of them without a page; 2 were known" in out
    assert machine.copies_asked() == ["20240701000000"]
    assert amounts(capsys)[-1] == ("2024-07-01", "2")
    told = json.loads(call(capsys, "sql", "select count(*) as told from alerts", "--json")[1])
    assert told == [{"told": 0}]


def test_what_is_no_page_is_named_and_not_fatal(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.keep("20240401000000", PAGE, page("5", "10").encode())
    machine.keep("20240402000000", PAGE, b"")
    machine.keep("20240403000000", PAGE, Answer(status=302, headers={"Location": f"/web/20240401000000id_/{PAGE}"}))
    machine.keep("20240404000000", PAGE, b"<html><body><h1>Log in</h1><form></form></body></html>")
    machine.keep("20240405000000", PAGE, page("5", "10").encode()[:80])
    machine.keep("20240406000000", PAGE, Answer(status=404))
    machine.keep("20240407000000", PAGE, page("4", "10").encode())
    code, out, err = fetch(capsys)
    assert code == 0
    assert "7 copies came, 4 of them without a page" in out
    assert "2 of 7 captures read" in out
    for day, why in (
        ("02", "came without a body"),
        ("03", "leads to the copy of 20240401000000"),
        ("04", "no model prices on the page"),
        ("05", "without </html>"),
        ("06", "not there any more"),
    ):
        assert [line for line in err.splitlines() if f"acme 2024-04-{day}" in line and why in line], (day, err)
    assert amounts(capsys) == [("2024-04-01", "5"), ("2024-04-07", "4")]
    machine.asked.clear()
    fetch(capsys)
    assert machine.copies_asked() == []  # what is no page is known as none


def test_a_short_pause_is_kept_and_a_bad_moment_passes(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    good = page("5", "10").encode()
    machine.keep("20240401000000", PAGE, Answer(status=429, headers={"Retry-After": "1"}), Answer(good))
    machine.keep(
        "20240402000000", PAGE, Answer(status=503, headers={"Retry-After": "1"}), Answer(page("4", "9").encode())
    )
    started = time.monotonic()
    code, out, _ = fetch(capsys)
    assert code == 0
    assert "2 copies came, 0 of them without a page" in out
    assert time.monotonic() - started >= 1.9


def test_a_long_pause_stops_and_the_next_call_goes_on(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.keep("20240401000000", PAGE, page("5", "10").encode())
    machine.keep(
        "20240402000000", PAGE, Answer(status=429, headers={"Retry-After": "3600"}), Answer(page("4", "10").encode())
    )
    machine.keep("20240403000000", PAGE, page("3", "10").encode())
    code, out, err = fetch(capsys)
    assert code == 1
    assert "1 copies came" in out
    assert "the Wayback Machine cannot be asked on" in err
    assert machine.copies_asked() == ["20240401000000", "20240402000000"]  # nobody insists
    assert amounts(capsys) == [("2024-04-01", "5")]
    code, out, _ = fetch(capsys)
    assert code == 0
    assert "2 copies came, 0 of them without a page; 1 were known" in out
    assert amounts(capsys) == [("2024-04-01", "5"), ("2024-04-02", "4"), ("2024-04-03", "3")]


def test_the_index_comes_in_pieces_and_a_limit_is_kept(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.page_limit = 2
    for day in range(1, 6):
        machine.keep(f"2024040{day}000000", PAGE, page(str(day), "10").encode())
    code, _, err = fetch(capsys, "--limit", "3")
    assert code == 1
    assert "stopped after 3 copies" in err
    code, out, _ = fetch(capsys)
    assert code == 0
    assert "2 copies came" in out
    assert machine.copies_asked() == [f"2024040{day}000000" for day in range(1, 6)]


@pytest.mark.parametrize(
    "answer",
    [Answer(b"<html>busy</html>"), Answer(status=403), Answer(b'{"a": 1}', kind="application/json")],
    ids=["no json", "refused", "another shape"],
)
def test_an_index_that_does_not_answer_is_said(
    acme: Path, machine: WaybackMachine, capsys: pytest.CaptureFixture[str], answer: Answer
) -> None:
    machine.index_answers = [answer]
    code, out, err = fetch(capsys)
    assert code == 1
    assert "0 copies came" in out
    assert "the index of the Wayback Machine" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("wayback", "acne"), "did you mean 'acme'?"),
        (("wayback", "acme", "--from", "2024-06", "--to", "2024-05-01"), "--from is not before --to"),
        (("wayback", "acme", "--from", "May"), "--from 'May' is no date"),
        (("wayback", "acme", "--delay", "soon"), "is no duration"),
        (("captures", "nowhere"), "nowhere is no folder"),
    ],
)
def test_bad_input_is_said(acme: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    code, _, err = call(capsys, "backfill", *words)
    assert code == 2
    assert said in err
