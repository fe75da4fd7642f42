"""A provider file was wrong for a while: its captures are read again, and the record is corrected."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.place import PRICES, Place, is_killed, price_page

KILL_AT = Path(__file__).with_name("kill_at.py")
WRONG = '\n[hints]\ncurrency = "USD"\nunit = "1K tokens"\n'
RIGHT = '\n[hints]\ncurrency = "CNY"\nunit = "1M tokens"\n'
CHEAPER = {**PRICES, "aurora-large": ("2.50", "15.00")}


def bare_page(prices: Mapping[str, tuple[str, str]], note: str = "") -> bytes:
    """A page that prints neither currency nor unit."""
    rows = "".join(f"<tr><td>{name}</td><td>{old}</td><td>{new}</td></tr>" for name, (old, new) in prices.items())
    return f"""<!doctype html><html lang="en"><head><title>Pricing</title></head><body>
<h1>Token prices</h1><p>{note}</p>
<table><thead><tr><th>Model</th><th>Input price</th><th>Output price</th></tr></thead><tbody>{rows}</tbody></table>
</body></html>""".encode()


@pytest.fixture
def repaired(place: Place) -> Place:
    """Three captures read with a wrong hint, which is right now; input of aurora-large fell at the second."""
    place.extra = {"aurora": WRONG}
    place.write()
    for page in (bare_page(PRICES), bare_page(CHEAPER), bare_page(CHEAPER, "Updated.")):
        place.show(page)
        place.run()
        time.sleep(1.1)  # instants are kept to the second
    assert place.query("select currency, per from current_prices limit 1") == [{"currency": "USD", "per": "1000"}]
    place.extra = {"aurora": RIGHT}
    return place.write()


def reread(place: Place, *args: str) -> list[dict[str, Any]]:
    done = place.call("reread", "--json", *args)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def prices(place: Place, *args: str) -> dict[str, str]:
    rows = json.loads(place.call("prices", "--json", "--meter", "input", *args).stdout)
    return {row["model"]: f"{row['amount']} {row['currency']} per {row['per']}" for row in rows}


def test_a_repaired_hint_is_listed_and_changes_nothing(repaired: Place) -> None:
    before = repaired.query("select count(*) n from rates")
    rows = reread(repaired, "aurora")
    assert len(rows) == 7  # six prices, and the one before the cut
    assert {row["what"] for row in rows} == {"other"}
    assert sum(row["in force"] for row in rows) == 6
    mine = [row for row in rows if (row["model"], row["meter"]) == ("aurora-large", "input")]
    assert [(row["recorded"], row["reads"]) for row in mine] == [
        ("5.00 USD / 1K tokens", "5.00 CNY / 1M tokens"),
        ("2.50 USD / 1K tokens", "2.50 CNY / 1M tokens"),
    ]
    assert repaired.query("select count(*) n from rates") == before
    assert [row["kind"] for row in repaired.query("select kind from events")] == ["cut"]


def test_applied_it_corrects_the_record_and_the_old_belief_can_still_be_asked(repaired: Place) -> None:
    (then,) = repaired.query("select max(captured_at) at from captures")
    since = repaired.query("select min(seen_from) at from rates")[0]["at"]
    old = prices(repaired)
    assert old["aurora-large"] == "2.50 USD per 1000"
    messages = len(repaired.mails.messages)
    done = repaired.call("reread", "aurora", "--apply", "--reason", "the hint was wrong")
    assert done.returncode == 0, done.stderr
    assert "7 recorded prices corrected" in done.stderr
    assert prices(repaired)["aurora-large"] == "2.50 CNY per 1000000"
    assert prices(repaired, "--as-known-on", then["at"]) == old
    assert prices(repaired, "--at", since)["aurora-large"] == "5.00 CNY per 1000000"
    assert prices(repaired, "--at", since, "--as-known-on", then["at"])["aurora-large"] == "5.00 USD per 1000"
    told = repaired.query("select kind, model, meter, old_amount, new_amount from events where kind <> 'cut'")
    assert {row["kind"] for row in told} == {"correction"}
    assert len(told) == 6  # one for each price in force, none for the past
    (history,) = repaired.query("select count(*) n from price_history where superseded_why like '%the hint was wrong%'")
    assert history["n"] == 7
    assert repaired.query("select distinct action, reason from rulings") == [
        {"action": "reread", "reason": "the hint was wrong"}
    ]
    # It is done: a second time says nothing, and so does the next look at a new body.
    assert reread(repaired) == []
    repaired.show(bare_page(CHEAPER, "Updated again."))
    said = repaired.run()
    assert (said["events"], said["counts"]["held"]) == ([], 0)
    assert len(repaired.mails.messages) == messages + 1


def test_a_held_difference_is_compared_with_the_corrected_price(repaired: Place) -> None:
    repaired.show(bare_page(CHEAPER, "A new body, read with the right hint."))
    repaired.run()
    assert json.loads(repaired.call("review", "--json").stdout)
    repaired.call("reread", "--apply", "--reason", "the hint was wrong")
    assert json.loads(repaired.call("review", "--json").stdout) == []
    assert [row["kind"] for row in repaired.query("select distinct kind from events order by kind")] == [
        "correction",
        "cut",
        "held",
    ]


def test_a_damaged_archive_is_named_and_corrects_nothing(repaired: Place) -> None:
    for body in Path(repaired.folder / "pages").rglob("*.zst"):
        body.unlink()
    done = repaired.call("reread", "--apply", "--reason", "x")
    assert done.returncode == 0
    assert done.stderr.count("not compared") == 4  # a change is looked at twice
    assert "0 captures say what was recorded" in done.stderr
    assert "does not hold" in done.stderr
    assert prices(repaired)["aurora-large"] == "2.50 USD per 1000"


@pytest.mark.parametrize("step", ["ruling", "decided"])
def test_killed_while_the_record_is_corrected(repaired: Place, step: str) -> None:
    command = repaired.command("reread", "--apply", "--reason", "the hint was wrong")[3:]
    dead = subprocess.run(
        [sys.executable, str(KILL_AT), step, "1", "--", *command], capture_output=True, timeout=60, check=False
    )
    assert is_killed(dead.returncode), dead.stderr.decode()
    (counts,) = repaired.query(
        "select (select count(*) from rulings) rulings, (select count(*) from events where kind = 'correction') told, "
        "(select count(*) from rates where superseded_at is not null) superseded"
    )
    assert counts == ({"rulings": 7, "told": 6, "superseded": 7} if step == "decided" else dict.fromkeys(counts, 0))
    repaired.call("reread", "--apply", "--reason", "the hint was wrong")
    assert prices(repaired)["aurora-large"] == "2.50 CNY per 1000000"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("aurorra",), "did you mean 'aurora'"),
        (("--since", "yesterday"), "write it as 2026-08-13"),
        (("--apply",), "say why with --reason"),
        (("--reason", "x"), "--reason goes with --apply"),
        (("--only", "wrong"), "'other', 'missing', 'new'"),
    ],
)
def test_bad_input_is_refused_with_a_way_out(place: Place, args: tuple[str, ...], words: str) -> None:
    place.show(PRICES)
    place.run()
    done = place.call("reread", *args)
    assert done.returncode == 2
    assert words in done.stderr


def template_page() -> bytes:
    """A page that names its amounts and does not hold them."""
    rows = "".join(
        f"<tr><td>{name}</td><td>{{priceOf!t!{name}-IN!*!1000}}</td><td>{{priceOf!t!{name}-OUT!*!1000}}</td></tr>"
        for name in PRICES
    )
    return f"""<!doctype html><html lang="en"><head><title>Pricing</title></head><body>
<h2>Token prices</h2><table>
<tr><th>Model</th><th>Price per 1M input tokens</th><th>Price per 1M output tokens</th></tr>{rows}</table>
</body></html>""".encode()


def amounts(prices: Mapping[str, tuple[str, str]]) -> bytes:
    """The second document: prices per thousand tokens, as the page scales them."""
    said = {
        f"{name}-{side}": {"price": f"{Decimal(price) / 1000:f}"}
        for name, pair in prices.items()
        for side, price in zip(("IN", "OUT"), pair, strict=True)
    }
    return json.dumps({"regions": {"": said}}).encode()


@pytest.fixture
def joined(place: Place) -> Place:
    """A page whose amounts come from a second document."""
    place.extra = {"aurora": 'companion = "https://aurora.example/amounts.json"\n[hints]\ncurrency = "USD"\n'}
    place.write()
    place.site.pages["aurora.example", "/amounts.json"] = amounts(PRICES)
    place.show(template_page())
    place.run()
    return place


def test_a_cut_in_the_second_document_alone_is_told(joined: Place) -> None:
    joined.site.pages["aurora.example", "/amounts.json"] = amounts(CHEAPER)
    events = joined.run()["events"]
    assert [(event["kind"], event["model"], event["new"]) for event in events] == [("cut", "aurora-large", "2.5")]


def test_a_page_with_its_amounts_is_read_again_as_it_was(joined: Place) -> None:
    time.sleep(1.1)  # instants are kept to the second
    joined.site.pages["aurora.example", "/amounts.json"] = amounts(CHEAPER)
    joined.run()
    done = joined.call("reread", "--json")
    assert (json.loads(done.stdout), done.stderr) == ([], "")
    joined.extra = {"aurora": joined.extra["aurora"].replace("USD", "EUR")}
    joined.write()
    assert {row["what"] for row in reread(joined)} == {"other"}


def test_what_is_held_on_such_a_page_is_shown_with_its_rows(joined: Place) -> None:
    joined.site.pages["aurora.example", "/amounts.json"] = amounts({**PRICES, "aurora-large": ("0.50", "15.00")})
    joined.run()
    (row,) = json.loads(joined.call("review", "--json").stdout)
    shown = json.loads(joined.call("review", "show", row["id"], "--json").stdout)
    assert "0.5" in " ".join(map(str, json.dumps(shown).split()))
    assert "not found again" not in json.dumps(shown)


OLD = {"aurora-old": ("0.90", "1.90")}


def test_a_section_that_is_ignored_no_longer_is_no_launch_and_one_that_is_from_now_on_no_removal(place: Place) -> None:
    ignoring = '[hints]\nignore = ["Legacy"]\n'
    place.extra = {"aurora": ignoring}
    place.write()
    legacy = price_page(OLD).partition(b"<table>")[2].partition(b"</body>")[0]

    def show(note: str) -> None:
        section = b"<h2>Legacy</h2><table>" + legacy
        place.show(price_page(PRICES, note).replace(b"</body>", section + b"</body>"))
        time.sleep(1.1)  # instants are kept to the second

    show("")
    place.run()
    assert len(place.query("SELECT * FROM current_prices")) == 6
    place.extra = {}
    place.write()
    show("Updated.")
    assert [event["kind"] for event in place.run()["events"]] == ["notice"] * 2
    assert len(place.query("SELECT * FROM current_prices")) == 8
    place.extra = {"aurora": ignoring}
    place.write()
    show("Updated again.")
    assert {event["kind"] for _ in range(2) for event in place.run()["events"]} == {"notice"}
    assert len(place.query("SELECT * FROM current_prices")) == 6


def test_two_prices_for_one_thing_that_become_one_are_no_launch(place: Place) -> None:
    for cached, kinds in ((("1.00", "2.00"), []), (("1.00",), ["notice"])):
        rows = "".join(f"<tr><td>aurora-large</td><td>${price}</td></tr>" for price in cached)
        table = f"<table><tr><th>Model</th><th>Cached input</th></tr>{rows}</table></body>"
        place.show(price_page(PRICES).replace(b"</body>", table.encode()))
        assert [event["kind"] for event in place.run()["events"]] == kinds
        found = place.query("SELECT amount FROM current_prices WHERE meter = 'cached_input'")
        assert found == ([{"amount": "1.00"}] if kinds else [])
        time.sleep(1.1)
