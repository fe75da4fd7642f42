"""Health from end to end: a real server that loses its page, mail and webhooks that tell of it, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.e2e.place import PRICES, SECRET, Place, is_killed, price_page

KILL_AT = Path(__file__).with_name("kill_at.py")
NAMES = ("aurora", "borealis", "corona", "dawn", "ember", "flare", "glow")


def with_health(place: Place, *lines: str) -> Place:
    """Settings that name both channels for incidents, too."""
    settings = place.folder / "pricefall.toml"
    settings.write_text("\n".join([settings.read_text(), "[health]", 'channels = ["mail", "hook"]', *lines]))
    return place


def lose(place: Place, status: int = 404, provider: str = "aurora") -> None:
    place.site.pages[(f"{provider}.example", "/pricing")] = lambda _: (status, b"not here")


def subjects(place: Place) -> list[str]:
    return [str(mail["Subject"]) for mail in place.mails.messages]


def test_n27_a_page_that_is_gone_in_three_runs_is_told_once_and_its_recovery_too(place: Place) -> None:
    with_health(place)
    place.show(PRICES)
    place.run()
    lose(place)
    for number in range(4):
        said = place.run(expect=4)
        assert len(said["health"]["opened"]) == (number == 2)
    assert place.query("select count(*) n from current_prices") == [{"n": 6}], "no model was removed"
    assert place.query("select count(*) n from events") == [{"n": 0}]

    code, text = (done := place.call("health", "--json")).returncode, done.stdout
    (incident,) = json.loads(text)
    assert (code, incident["kind"], incident["provider"], incident["closed"]) == (1, "vanished", "aurora", None)
    assert "is not there any more" in incident["why"]
    table = place.call("health").stdout
    assert "page vanished" in table
    assert "page vanished" in place.call("doctor").stdout

    place.show(PRICES)
    said = place.run()
    assert [each["kind"] for each in said["health"]["closed"]] == ["vanished"]
    healthy = place.call("health")
    assert (healthy.returncode, healthy.stderr) == (0, "nothing is wrong\n")
    (over,) = json.loads(place.call("health", "--all", "--json").stdout)
    assert over["closed"] is not None

    assert subjects(place)[0] == "Pricefall health: aurora: page vanished"
    assert subjects(place)[1].startswith("Pricefall health: aurora: page vanished, over after")
    signed = [Webhook(SECRET).verify(body, headers) for headers, body in place.hook.bodies]
    assert [body["type"] for body in signed] == ["health.opened", "health.closed"]
    assert signed[0]["data"]["incidents"][0]["facts"]["looks"] == 3


@pytest.mark.parametrize("step", ["finishing", "finished"])
def test_killed_as_the_incident_is_written_it_is_told_once(place: Place, step: str) -> None:
    with_health(place)
    place.show(PRICES)
    place.run()
    lose(place)
    for _ in range(2):
        place.run(expect=4)
    command = place.command("run", "--json", "--only", "aurora")[3:]
    dead = subprocess.run(
        [sys.executable, str(KILL_AT), step, "1", "--", *command], capture_output=True, timeout=60, check=False
    )
    assert is_killed(dead.returncode), dead.stderr.decode()
    for _ in range(2):
        place.run(expect=4)
    place.call("alerts", "retry", "--now")
    assert subjects(place) == ["Pricefall health: aurora: page vanished"]
    assert len(place.hook.bodies) == 1
    assert place.query("select kind, reopened from incidents") == [{"kind": "vanished", "reopened": 0}]


def test_n19_a_storm_over_all_providers_is_one_message(place: Place) -> None:
    place.providers = NAMES
    with_health(place.write())
    for name in NAMES:
        place.show(PRICES, name)
    place.run()
    for name in NAMES:
        lose(place, 500, name)
    for _ in range(4):
        place.run(expect=4)
    assert subjects(place) == ["Pricefall health: pages cannot be read"]
    assert "http_500 (7)" in place.mails.messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]  # a mail has a plain part
    for name in NAMES:
        place.show(PRICES, name)
    place.run()
    assert len(subjects(place)) == 2
    assert place.call("health").returncode == 0


def test_health_and_prices_never_share_a_message(place: Place) -> None:
    place.providers = ("aurora", "borealis")
    with_health(place.write())
    for name in place.providers:
        place.show(PRICES, name)
    place.run()
    lose(place, provider="borealis")
    for _ in range(2):
        place.run(expect=1)
    place.show({**PRICES, "aurora-large": ("2.50", "15.00")})
    place.run(expect=1)
    told = [json.loads(body) for _, body in place.hook.bodies]
    assert sorted((body["type"], len(body["data"]["events"])) for body in told) == [
        ("health.opened", 0),
        ("price.changes", 1),
    ]


def test_a_page_with_a_challenge_is_blocked_and_one_without_its_table_has_a_new_layout(place: Place) -> None:
    place.providers = ("aurora", "borealis")
    with_health(place.write())
    for name in place.providers:
        place.show(PRICES, name)
    place.run()
    challenge = b"""<!doctype html><html><head><title>Just a moment...</title></head><body>
<div id="cf-wrapper"><form id="challenge-form"></form><script src="/cdn-cgi/challenge-platform/h/b.js"></script>
<noscript>Enable JavaScript and cookies to continue</noscript></div></body></html>"""
    place.show(challenge, "aurora")
    place.show(b"<!doctype html><html><body><h1>Pricing</h1><p>Ask our team.</p></body></html>", "borealis")
    for _ in range(3):
        place.run(expect=4)
    found = {(each["provider"], each["kind"]) for each in json.loads(place.call("health", "--json").stdout)}
    assert found == {("aurora", "blocked"), ("borealis", "layout")}
    assert place.call("health", "--provider", "borealis", "--json").stdout.count('"kind"') == 1


def test_a_new_column_that_nobody_understands_is_told(place: Place) -> None:
    with_health(place)
    place.show(PRICES)
    place.run()
    page = price_page(PRICES).decode()
    page = page.replace("<th>Output</th>", "<th>Output</th><th>Zorp</th>").replace(
        "</td></tr>", "</td><td>$9</td></tr>"
    )
    place.show(page.encode())
    said = place.run()
    (incident,) = said["health"]["opened"]
    assert incident["kind"] == "layout"
    assert "Zorp" in incident["why"] or "zorp" in incident["why"]
    place.show(PRICES)
    assert [each["kind"] for each in place.run()["health"]["closed"]] == ["layout"]


def test_the_announced_end_of_a_model_is_told_and_is_no_fault(place: Place) -> None:
    with_health(place)
    place.show(price_page(PRICES, note="aurora-nano will be retired on May 15, 2099; use aurora-small."))
    place.run()
    place.run()
    assert subjects(place) == ["Pricefall health: aurora: aurora-nano will be retired"]
    shown = place.call("health")
    assert shown.returncode == 0
    assert "2099-05-15" in " ".join(shown.stdout.split())
    place.show({name: prices for name, prices in PRICES.items() if name != "aurora-nano"})
    place.run()
    assert ["over after" in subject for subject in subjects(place)] == [False, False, True]  # between: the removal


def test_without_channels_the_incident_is_shown_and_nobody_is_told(place: Place) -> None:
    place.show(PRICES)
    place.run()
    lose(place, 410)
    for _ in range(3):
        place.run(expect=4)
    assert place.mails.messages == []
    assert place.call("health").returncode == 1


def test_a_run_that_is_stopped_says_nothing_about_the_pages_that_it_did_not_read(place: Place) -> None:
    with_health(place, "failing_after = 1", "vanished_after = 1")
    place.show(PRICES)
    place.run()
    running = place.start("run", "--only", "aurora")
    try:
        place.site.on_request = lambda _, path: running.terminate() if path == "/pricing" else None
        place.show({**PRICES, "aurora-large": ("2.50", "15.00")})
        running.communicate(timeout=30)
    finally:
        running.kill()
    place.site.on_request = None
    assert place.query("select failures from pages") == [{"failures": 0}]
    assert place.call("health").returncode == 0
