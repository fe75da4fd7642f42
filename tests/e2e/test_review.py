"""A person decides about what a run held: against a real web server, mail server and webhook receiver."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.parts import open_to_read, read_settings, utc_now
from monitor.review_sheet import print_sheet, sheet_of
from monitor.reviewing import held_differences
from tests.e2e.place import PRICES, Place, is_killed

KILL_AT = Path(__file__).with_name("kill_at.py")
SLIP = {**PRICES, "aurora-large": ("0.50", "15.00")}  # a tenth: held for its power of ten


@pytest.fixture
def held(place: Place) -> Place:
    """A place where the input price of aurora-large fell to a tenth, and that is held."""
    place.show(PRICES)
    place.run()
    place.show(SLIP)
    assert [event["kind"] for event in place.run()["events"]] == ["held"]
    return place


def listed(place: Place) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(place.call("review", "--json").stdout)
    return rows


def amount(place: Place, model: str = "aurora-large", meter: str = "input") -> str:
    (row,) = place.query(f"select amount from current_prices where model = '{model}' and meter = '{meter}'")
    return str(row["amount"])


def kinds(place: Place) -> list[str]:
    return [row["kind"] for row in place.query("select kind from events order by seq")]


def decide(place: Place, *args: str) -> str:
    done = place.call("review", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_accepted_change_is_told_as_the_cut_that_it_is(held: Place) -> None:
    (row,) = listed(held)
    assert (row["accepted"], row["page says"]) == ("5.00 USD / 1M tokens", "0.50 USD / 1M tokens")
    out = decide(held, "accept", row["id"], "--reason", "their blog announces it")
    assert "(cut)" in out
    assert "2 messages are queued" in out
    assert listed(held) == []
    assert amount(held) == "0.50"
    (event,) = held.query("select kind, percent, why, captured_at, effective_from from events where kind = 'cut'")
    assert event["percent"] == -90.0
    assert "their blog announces it" in event["why"]
    (first,) = held.query("select captured_at from events where kind = 'held'")
    assert event["captured_at"] == first["captured_at"]  # the page showed it then, not when a person got to it
    (interval,) = held.query("select seen_from from rates where amount = '0.50' and model = 'aurora-large'")
    assert interval["seen_from"] == first["captured_at"]
    assert held.call("alerts", "retry", "--now").returncode == 0
    (mail,) = held.mails.messages
    assert "aurora-large" in mail["Subject"]
    assert held.run()["events"] == []


def test_a_rejected_change_stays_silent_until_the_page_says_something_else(held: Place) -> None:
    (row,) = listed(held)
    assert "$5 per 1M tokens stays" in decide(held, "reject", row["id"], "--reason", "a slip on their page")
    assert listed(held) == []
    held.show({**SLIP, "aurora-nano": ("0.09", "0.40")})  # another body, the same slip
    said = held.run()
    assert [(event["kind"], event["model"]) for event in said["events"]] == [("cut", "aurora-nano")]
    assert said["counts"]["held"] == 0
    assert amount(held) == "5.00"
    held.show({**SLIP, "aurora-large": ("0.05", "15.00")})
    assert "held" in [event["kind"] for event in held.run()["events"]]
    (anew,) = listed(held)
    assert anew["id"] != row["id"]


def test_a_rejection_ends_when_the_page_goes_back(held: Place) -> None:
    decide(held, "reject", listed(held)[0]["id"], "--reason", "a slip")
    held.show(PRICES)
    held.run()
    held.show(SLIP)
    assert held.run()["counts"]["held"] == 1


def test_a_corrected_change_is_told_as_what_it_means_and_stays(held: Place) -> None:
    (row,) = listed(held)
    out = decide(held, "correct", row["id"], "--amount", "2.50", "--reason", "the sign is for 5")
    assert "(cut)" in out
    assert amount(held) == "2.50"
    (event,) = held.query("select old_amount, new_amount, why from events where kind = 'cut'")
    assert (event["old_amount"], event["new_amount"]) == ("5.00", "2.50")
    assert "corrected by a person" in event["why"]
    (rate,) = held.query("select flags, quote, locator, seen_from, seen_until from rates where amount = '2.50'")
    assert json.loads(rate["flags"]) == ["corrected"]
    assert rate["quote"] == "$0.50"
    assert "corrected by a person" in rate["locator"]
    # The same wrong number again, on another body: neither undone nor held, and still seen.
    held.show({**SLIP, "aurora-small": ("0.40", "1.50")})
    said = held.run()
    assert [(event["kind"], event["model"]) for event in said["events"]] == [("cut", "aurora-small")]
    assert said["counts"]["held"] == 0
    (later,) = held.query("select seen_until from rates where amount = '2.50'")
    assert later["seen_until"] >= rate["seen_until"]
    # A reading that agrees is silent, and the wrong number after it too.
    held.show({**SLIP, "aurora-large": ("2.50", "15.00"), "aurora-small": ("0.40", "1.50")})
    assert held.run()["events"] == []
    held.show({**SLIP, "aurora-small": ("0.40", "1.40")})
    said = held.run()
    assert [event["model"] for event in said["events"]] == ["aurora-small"]
    assert said["counts"]["held"] == 0
    assert amount(held) == "2.50"


def test_an_accepted_price_that_was_wrong_is_superseded_and_nothing_is_overwritten(place: Place) -> None:
    place.show(PRICES)
    place.run()
    before = place.query("select strftime('%Y-%m-%dT%H:%M:%SZ', 'now') as now")[0]["now"]
    (old,) = place.query("select rate_id, seen_from from price_history where model = 'aurora-nano' and meter = 'input'")
    time.sleep(1.1)  # instants are kept to the second
    price = ("aurora", "aurora-nano", "input")
    args = ("correct", *price, "--amount", "10", "--per", "1M", "--reason", "cents, not dollars")
    assert "$10 per 1M tokens and never $0.1 per 1M tokens" in decide(place, *args)
    assert kinds(place) == ["correction"]
    assert amount(place, "aurora-nano") == "10"
    history = place.query(
        "select amount, seen_from, superseded_at, superseded_why from price_history "
        "where model = 'aurora-nano' and meter = 'input' order by rate_id"
    )
    since = old["seen_from"]
    assert [(row["amount"], row["seen_from"]) for row in history] == [("0.10", since), ("10", since)]
    assert "cents, not dollars" in history[0]["superseded_why"]
    assert history[1]["superseded_at"] is None
    then = place.call("prices", "--json", "--model", "aurora-nano", "--meter", "input", "--as-known-on", before)
    assert [row["amount"] for row in json.loads(then.stdout)] == ["0.10"]
    now = place.call("prices", "--json", "--model", "aurora-nano", "--meter", "input", "--at", since)
    assert [row["amount"] for row in json.loads(now.stdout)] == ["10"]
    # The page goes on saying 0.10, in other company: that means 10 now.
    place.show({**PRICES, "aurora-small": ("0.40", "1.50")})
    said = place.run()
    assert [event["model"] for event in said["events"]] == ["aurora-small"]
    assert said["counts"]["held"] == 0
    # A second thought about it: the page's number is remembered as read, not the first correction.
    decide(place, "correct", "aurora", "aurora-nano", "input", "--amount", "1", "--reason", "tenths")
    place.show({**PRICES, "aurora-small": ("0.40", "1.40")})
    said = place.run()
    assert [event["model"] for event in said["events"]] == ["aurora-small"]
    assert amount(place, "aurora-nano") == "1"


def test_the_log_says_who_when_and_why(held: Place) -> None:
    (row,) = listed(held)
    decide(held, "reject", row["id"], "--reason", "a slip on their page")
    (said,) = json.loads(held.call("review", "log", "--json").stdout)
    assert (said["action"], said["id"], said["reason"]) == ("reject", row["id"], "a slip on their page")
    assert said["who"]
    again = held.call("review", "accept", row["id"], "--reason", "no")
    assert again.returncode == 2
    assert f"{row['id']} was rejected by {said['who']}" in again.stderr
    assert amount(held) == "5.00"


def test_the_sheet_shows_both_pages_what_moved_with_it_and_who_would_hear(held: Place) -> None:
    (row,) = listed(held)
    sheet = json.loads(decide(held, "show", row["id"], "--json"))
    old, new = sheet["accepted"], sheet["page_says"]
    assert (old["quote"], new["quote"]) == ("$5.00", "$0.50")
    assert old["around"]["rows"][old["around"]["marked"]] == ["aurora-large", "$5.00", "$15.00"]
    assert new["around"]["rows"][new["around"]["marked"]] == ["aurora-large", "$0.50", "$15.00"]
    assert "input" in new["around"]["axis"]
    assert old["captured_at"] <= new["captured_at"]
    assert Path(old["archived"]).exists()
    assert sheet["tells"].startswith("cut")
    assert sheet["to"] == ["mail/ops@example.com (rule all)", "hook (rule all)"]
    assert sheet["links"][0] == "https://aurora.example/pricing"
    wide = decide(held, "show", row["id"])
    assert re.search(r"accepted .*the page says", wide)
    assert [line for line in wide.splitlines() if "$5.00" in line and "$0.50" in line]  # beside each other


def test_in_a_narrow_terminal_the_sides_stand_one_below_the_other(
    held: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(held.folder / "pricefall.toml")
    with open_to_read(config) as parts:
        (one,) = held_differences(parts.store)
        print_sheet(sheet_of(parts, read_settings(config), one, utc_now()), width=80)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if "://" not in line) <= 80
    assert [line for line in lines if line.startswith("▶")] == [
        "▶ aurora-large | $5.00 | $15.00",
        "▶ aurora-large | $0.50 | $15.00",
    ]


def test_a_capture_that_is_gone_is_named_and_the_rest_is_shown(held: Place) -> None:
    (row,) = listed(held)
    sheet = json.loads(decide(held, "show", row["id"], "--json"))
    Path(sheet["accepted"]["archived"]).unlink()
    sheet = json.loads(decide(held, "show", row["id"], "--json"))
    assert "does not hold" in sheet["accepted"]["remark"]
    assert sheet["page_says"]["around"]["marked"] is not None


def test_what_a_page_no_longer_states_shows_what_stands_there_now(place: Place) -> None:
    many = PRICES | {f"aurora-{n}": (f"{n}.00", f"{n}.50") for n in range(2, 6)}
    place.show(many)
    place.run()
    place.show({name: price for name, price in many.items() if not name.startswith("aurora-l") and name < "aurora-4"})
    place.run()
    row = next(row for row in listed(place) if row["model"] == "aurora-large" and row["meter"] == "input")
    sheet = json.loads(decide(place, "show", row["id"], "--json"))
    assert sheet["page_says"]["price"] == "not on the page"
    assert ["aurora-2", "$2.00", "$2.50"] in sheet["page_says"]["around"]["rows"]
    assert any("aurora-5" in words for words in sheet["changed_with_it"])


def test_everything_of_a_provider_is_taken_by_all(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show({**SLIP, "aurora-small": ("0.05", "1.50")})
    place.run()
    assert decide(place, "accept", "--all", "aurora", "--reason", "announced").count("(cut)") == 2
    assert listed(place) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("accept", "1", "--reason", "x"), "1 is a place in a list that may have moved"),
        (("accept", "h0000000", "--reason", "x"), "the page may have moved on"),
        (("accept",), "say which"),
        (("accept", "--all", "aurorra", "--reason", "x"), "did you mean 'aurora'"),
        (
            ("correct", "aurora", "aurora-larg", "input", "--amount", "1", "--reason", "x"),
            "did you mean 'aurora-large'",
        ),
        (("correct", "aurora", "aurora-large", "inputs", "--amount", "1", "--reason", "x"), "did you mean 'input'"),
        (("correct", "aurora", "aurora-large", "input", "--amount", "2,5", "--reason", "x"), "'2,5' is no amount"),
        (("correct", "aurora", "aurora-large", "input", "--amount", "5", "--reason", "x"), "nothing to correct"),
        (("correct", "aurora", "aurora-large", "--amount", "5", "--reason", "x"), "PROVIDER MODEL METER"),
        (("correct", "p000", "--amount", "5", "--reason", "x"), "no accepted price has the id"),
        (("correct", "aurora", "aurora-large", "search", "--amount", "5", "--reason", "x"), "no such search price"),
    ],
)
def test_what_names_nothing_is_refused_with_a_way_out(held: Place, args: tuple[str, ...], words: str) -> None:
    done = held.call("review", *args)
    assert done.returncode == 2
    assert words in done.stderr
    assert kinds(held) == ["held"]


def test_a_near_id_is_proposed_and_a_reason_is_asked_for(held: Place) -> None:
    (row,) = listed(held)
    wrong = row["id"][:-1] + ("0" if row["id"][-1] != "0" else "1")
    assert f"did you mean '{row['id']}'" in held.call("review", "accept", wrong, "--reason", "x").stderr
    assert "say why with --reason" in held.call("review", "accept", row["id"]).stderr
    assert "say why with --reason" in held.call("review", "accept", row["id"], "--reason", "  ").stderr
    assert amount(held) == "5.00"


def test_a_run_in_between_never_makes_another_change_be_accepted(held: Place) -> None:
    (row,) = listed(held)
    held.show({**PRICES, "aurora-small": ("0.05", "1.50")})
    held.run()
    done = held.call("review", "accept", row["id"], "--reason", "I saw 0.50 for aurora-large")
    assert done.returncode == 2
    assert amount(held) == "5.00"
    assert amount(held, "aurora-small") == "0.50"


@pytest.mark.parametrize("step", ["deciding", "ruling", "alerting", "decided"])
def test_killed_while_a_decision_is_written(held: Place, step: str) -> None:
    (row,) = listed(held)
    command = held.command("review", "accept", row["id"], "--reason", "announced")[3:]
    dead = subprocess.run(
        [sys.executable, str(KILL_AT), step, "1", "--", *command], capture_output=True, timeout=60, check=False
    )
    assert is_killed(dead.returncode), dead.stderr.decode()
    is_done = step == "decided"
    counts = held.query(
        "select (select count(*) from rulings) rulings, (select count(*) from events where kind = 'cut') cuts, "
        "(select count(*) from alerts) alerts, (select count(*) from pending) pending"
    )
    done, left = (
        {"rulings": 1, "cuts": 1, "alerts": 2, "pending": 0},
        {"rulings": 0, "cuts": 0, "alerts": 0, "pending": 1},
    )
    assert counts == [done if is_done else left]
    assert amount(held) == ("0.50" if is_done else "5.00")
    again = held.call("review", "accept", row["id"], "--reason", "announced")
    assert again.returncode == (2 if is_done else 0)
    assert amount(held) == "0.50"
