"""A run against a real web server, with a real mail server and a real webhook receiver."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.e2e.place import PRICES, SECRET, Place, price_page

CHEAPER = {**PRICES, "aurora-large": ("2.50", "15.00")}


def test_first_run_is_the_baseline_and_the_second_gets_304(place: Place) -> None:
    place.show(PRICES)
    first = place.run()
    assert (first["counts"]["read"], first["counts"]["rates"], first["events"]) == (1, 6, [])
    second = place.run()
    assert second["pages"][0]["not_modified"] is True
    assert second["counts"]["events"] == 0
    assert [status for _, path, status in place.site.requests if path == "/pricing"] == [200, 304]
    assert place.mails.messages == []
    assert place.hook.bodies == []


def test_a_cut_is_told_once_by_mail_and_by_signed_webhook(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    said = place.run()
    (event,) = said["events"]
    assert (event["kind"], event["model"], event["meter"], event["old"], event["new"]) == (
        "cut",
        "aurora-large",
        "input",
        "5.00",
        "2.50",
    )
    assert event["percent"] == -50.0
    (mail,) = place.mails.messages
    assert "aurora-large" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()
    assert "5.00" in text
    assert "2.50" in text
    assert mail.get_body(("html",)) is not None
    ((headers, body),) = place.hook.bodies
    payload = Webhook(SECRET).verify(body, headers)
    assert event["id"] in json.dumps(payload)
    again = place.run()
    assert again["events"] == []
    assert len(place.mails.messages) == len(place.hook.bodies) == 1


def test_a_change_that_is_gone_at_the_second_look_stays_silent(place: Place) -> None:
    place.show(PRICES)
    place.run()
    steady, odd = price_page(PRICES), price_page(CHEAPER)
    place.site.pages[("aurora.example", "/pricing")] = lambda seen: (200, odd if seen == 1 else steady)
    said = place.run()
    assert said["events"] == []
    assert said["counts"]["waiting"] == 0
    assert place.mails.messages == []


def test_a_receiver_that_is_down_loses_nothing_and_gets_the_same_id(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.hook.status = 500
    place.show(CHEAPER)
    place.run()
    assert place.hook.bodies == []
    (waiting,) = place.query("select id, state from alerts where channel = 'hook'")
    assert waiting["state"] == "pending"
    place.hook.status = 200
    retried = place.call("alerts", "retry", "--now")
    assert retried.returncode == 0, retried.stderr
    ((headers, _),) = place.hook.bodies
    assert headers["webhook-id"] == waiting["id"]


def test_a_page_that_fails_changes_nothing_and_is_named(place: Place) -> None:
    both = replace(place, providers=("aurora", "borealis")).write()
    both.show(PRICES)
    both.show(PRICES, "borealis")
    both.run()
    before = both.query("select provider, model, meter, amount from current_prices order by 1, 2, 3")
    both.site.pages[("borealis.example", "/pricing")] = lambda _: (500, b"out of order")
    said = both.run(expect=1)
    (failed,) = [page for page in said["pages"] if page["status"] == "failed"]
    assert failed["provider"] == "borealis"
    assert "500" in failed["error"]
    assert said["events"] == []
    assert both.query("select provider, model, meter, amount from current_prices order by 1, 2, 3") == before
    both.site.pages[("aurora.example", "/pricing")] = lambda _: (404, b"")
    assert both.run(expect=4)["status"] == "all_failed"


def test_a_page_that_lost_its_table_removes_nothing(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show(b"<!doctype html><html><body><h1>Pricing</h1><p>Loading the price table.</p></body></html>")
    said = place.run(expect=4)
    assert said["events"] == []
    assert "table" in said["pages"][0]["error"] or "price" in said["pages"][0]["error"]
    assert len(place.query("select * from current_prices")) == 6


def test_a_model_that_vanishes_is_removed_only_after_two_looks(place: Place) -> None:
    place.show(PRICES)
    place.run()
    fewer = {name: price for name, price in PRICES.items() if name != "aurora-nano"}
    place.show(fewer)
    events = place.run()["events"]
    assert {(event["kind"], event["model"]) for event in events} == {("removal", "aurora-nano")}


def test_a_removal_is_told_by_a_run_that_comes_long_enough_after_the_first(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime.now(UTC)
    past = timedelta()
    monkeypatch.setattr("monitor.parts.utc_now", lambda: begun + past)
    place.write(confirm_removal_after='"6h"')
    place.show(PRICES)
    place.run()
    place.show({name: price for name, price in PRICES.items() if name != "aurora-nano"})
    first = place.run()
    assert (first["events"], first["counts"]["waiting"]) == ([], 2)
    asked = sum(path == "/pricing" for _, path, _ in place.site.requests)
    past = timedelta(hours=5)
    assert place.run()["events"] == []
    again = sum(path == "/pricing" for _, path, _ in place.site.requests)
    assert again == asked + 1, "a second look that cannot decide is not made"
    past = timedelta(hours=6)
    assert {event["kind"] for event in place.run()["events"]} == {"removal"}


def test_a_price_that_goes_to_and_fro_is_remembered_and_never_told(place: Place) -> None:
    place.show(PRICES)
    place.run()
    steady = price_page(PRICES)
    for number in range(3):
        odd = price_page(PRICES | {"aurora-large": (f"4.{number}", "15.00")})
        asked = sum(path == "/pricing" for _, path, _ in place.site.requests)
        place.site.pages[("aurora.example", "/pricing")] = lambda seen, asked=asked, odd=odd: (
            200,
            odd if seen == asked else steady,
        )
        assert place.run()["events"] == []
    (count,) = place.query("select reversals, why from flapping")
    assert count["reversals"] == 3
    assert count["why"].startswith("aurora-large input went $5 per 1M tokens, $4.2 per 1M tokens, $5 per 1M tokens")
    place.show(CHEAPER)
    assert (place.run()["events"], place.run()["counts"]["waiting"]) == ([], 1)
    assert place.mails.messages == []


def test_dry_run_writes_nothing(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    before = place.query("select (select count(*) from captures) c, (select count(*) from runs) r")
    said = place.run("--dry-run")
    assert said["counts"]["waiting"] == 1
    assert place.query("select (select count(*) from captures) c, (select count(*) from runs) r") == before
    assert len(list((place.folder / "pages").rglob("*.zst"))) == 1


def test_settings_that_are_wrong_fetch_nothing(place: Place) -> None:
    path = place.folder / "pricefall.toml"
    path.write_text(path.read_text().replace("retries = 0", "retrys = 0"))
    done = place.call("run")
    assert done.returncode == 2
    assert "retries" in done.stderr
    assert "Traceback" not in done.stderr
    assert place.site.requests == []


def hours_page(hours: str) -> bytes:
    """A page with prices for peak and off-peak hours, and the hours."""
    rows = "".join(f"<tr><td>{name}</td><td>$0.20</td><td>$0.40</td></tr>" for name in PRICES)
    return f"""<!doctype html><html lang="en"><head><title>Pricing</title></head><body><h1>API pricing</h1>
<p>All prices are in US dollars per 1M input tokens. Peak hours are {hours} UTC, Monday through Friday; all other hours
are off-peak.</p><table><tr><th>Model</th><th>Off-peak input</th><th>Peak input</th></tr>{rows}</table>
</body></html>""".encode()


def test_hours_that_move_are_a_notice_for_each_time_and_the_old_ones_are_history(place: Place) -> None:
    settings = place.folder / "pricefall.toml"
    settings.write_text(settings.read_text().replace('id = "all"', 'id = "all"\nkinds = ["*", "notice"]'))
    place.show(hours_page("01:00 - 04:00"))
    place.run()
    told = []
    for hours in ("02:00 - 05:00", "03:00 - 06:00"):
        place.show(hours_page(hours))
        told += place.run()["events"]
        told += place.run()["events"]
    assert [(event["kind"], f"now peak {hours}" in event["why"]) for event, hours in zip(
        told, ("02:00-05:00", "03:00-06:00"), strict=True)] == [("notice", True)] * 2  # fmt: skip
    assert len(place.mails.messages) == 2
    windows = json.loads(place.call("windows", "--all", "--json").stdout)
    assert [row["hours"] for row in windows] == [[["03:00", "06:00"]], [["01:00", "04:00"]], [["02:00", "05:00"]]]
