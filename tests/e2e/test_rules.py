"""Rules through the real commands: what waits for the morning, what for Monday, and what is said of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.place import PRICES, Place

EVENING = datetime(2026, 11, 25, 22, tzinfo=UTC)  # a Wednesday, 23:00 in Berlin
MORNING = datetime(2026, 11, 26, 6, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 7, tzinfo=UTC)
BILLS = """
[[workload]]
id = "bot"
shortlist = ["openai/*"]
[[workload.use]]
provider = "aurora"
model = "aurora-large"
tokens = { input = "10M", output = "1M" }
"""
PAIR = """
[alerts]
time_zone = "Europe/Berlin"
[[rule]]
id = "my-bill"
workloads = ["bot"]
channels = ["hook"]
[[rule]]
id = "rest"
deliver = "weekly"
channels = ["hook"]
"""
AT_NIGHT = """
[alerts]
time_zone = "Europe/Berlin"
[[rule]]
id = "calm"
quiet_hours = "22:00-07:00"
channels = ["hook"]
"""


class Clock:
    """What every command takes for now."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(EVENING - timedelta(hours=10))
    monkeypatch.setattr("monitor.parts.utc_now", clock)
    return clock


def with_rules(place: Place, rules: str) -> Place:
    """The place with these rules instead of its own."""
    file = place.folder / "pricefall.toml"
    file.write_text(file.read_text().partition("[[rule]]")[0] + rules)
    return place


def told(place: Place) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in place.hook.bodies]


def models(message: dict[str, Any]) -> list[str]:
    return [event["model"] for event in message["events"]]


def test_what_moves_the_bill_is_told_at_once_and_a_model_that_nobody_uses_on_monday(place: Place, clock: Clock) -> None:
    with_rules(place, PAIR + BILLS).show(PRICES)
    place.run()
    prices = {**PRICES, "aurora-nano": ("0.05", "0.40")}
    place.show(prices)
    clock.at = EVENING
    place.run()
    assert told(place) == []
    place.show(prices | {"aurora-large": ("2.50", "15.00"), "aurora-small": ("0.25", "1.50")})
    clock.at += timedelta(hours=1)
    place.run()
    assert [models(message) for message in told(place)] == [["aurora-large"]]
    clock.at = MONDAY - timedelta(minutes=1)
    place.run()
    assert len(told(place)) == 1

    nano = place.query("select id from events where model = 'aurora-nano'")[0]["id"]
    said = place.call("rules", "explain", nano).stdout
    assert "rule my-bill: does not: it changes no bill of 'bot'" in said
    assert "rule rest: tells it: matches" in said
    assert "hook: waits for the weekly digest of Mon 2026-11-30 08:00 CET" in said

    clock.at = MONDAY
    place.run()
    _, digest = told(place)
    assert sorted(models(digest)) == ["aurora-nano", "aurora-small"]
    assert digest["subject"].startswith("Weekly digest: aurora: price cut, aurora-nano input: ")
    assert digest["subject"].endswith(", and 1 more")
    assert digest["digest"]["every"] == "weekly"
    assert digest["rules"] == ["rest"]
    assert "hook: in the digest msg_" in place.call("rules", "explain", nano).stdout
    clock.at += timedelta(days=7)
    place.run()
    assert len(told(place)) == 2, "a week without a change has no digest"


def test_what_comes_at_night_is_told_in_the_morning_after_what_came_before_it(place: Place, clock: Clock) -> None:
    with_rules(place, AT_NIGHT).show(PRICES)
    place.run()
    clock.at = EVENING
    place.show({**PRICES, "aurora-large": ("2.50", "15.00")})
    place.run()
    clock.at += timedelta(hours=2)
    place.show({**PRICES, "aurora-large": ("3.50", "15.00")})
    place.run()
    assert told(place) == []
    (event,) = place.query("select id from events where kind = 'cut'")
    said = json.loads(place.call("rules", "explain", event["id"], "--json").stdout)
    assert said["severity"] == "high"
    assert said["rules"] == [{"rule": "calm", "matches": True, "why": "matches"}]
    assert said["alerts"][0]["fate"] == "waits for the end of quiet hours, Thu 2026-11-26 07:00 CET"
    listed = json.loads(place.call("alerts", "list", "--json").stdout)
    assert {row["next_attempt"] for row in listed} == {"2026-11-26 06:00Z"}
    clock.at = MORNING
    place.run()
    assert [message["events"][0]["kind"] for message in told(place)] == ["cut", "raise"]
    assert "hook: sent Thu 2026-11-26 07:00 CET" in place.call("rules", "explain", event["id"]).stdout


def test_a_rise_of_the_bill_wakes_and_brings_along_what_waits(place: Place, clock: Clock) -> None:
    with_rules(place, AT_NIGHT + BILLS).show(PRICES)
    place.run()
    clock.at = EVENING
    place.show({**PRICES, "aurora-large": ("4.95", "15.00")})
    place.run()
    assert told(place) == []
    clock.at += timedelta(hours=1)
    place.show({**PRICES, "aurora-large": ("8.00", "15.00")})
    place.run()
    assert [message["events"][0]["new"] for message in told(place)] == ["4.95", "8.00"]
    assert told(place)[1]["events"][0]["severity"] == "urgent"


def test_an_impatient_person_gets_the_digest_now(place: Place, clock: Clock) -> None:
    with_rules(place, PAIR + BILLS).show(PRICES)
    place.run()
    place.show({**PRICES, "aurora-nano": ("0.05", "0.40")})
    place.run()
    assert place.call("alerts", "retry", "--now").returncode == 0
    assert [models(message) for message in told(place)] == [["aurora-nano"]]


def test_a_digest_of_two_providers_says_whose_each_price_is(place: Place, clock: Clock) -> None:
    place.providers = ("aurora", "borealis")
    with_rules(place.write(), PAIR.replace('"hook"', '"mail"') + BILLS)
    for provider in place.providers:
        place.show(PRICES, provider)
    place.run()
    for provider in place.providers:
        place.show({**PRICES, "aurora-nano": ("0.05", "0.40")}, provider)
    place.run()
    clock.at = MONDAY
    place.run()
    (mail,) = place.mails.messages
    assert mail["Subject"] == "Weekly digest: 2 price changes of aurora, borealis"
    text = mail.get_body(("plain",)).get_content()
    assert text.index("price cut: aurora-nano · aurora") < text.index("price cut: aurora-nano · borealis")


def test_a_rule_is_tried_on_the_past_before_it_is_trusted(place: Place, clock: Clock) -> None:
    with_rules(place, PAIR + BILLS).show(PRICES)
    place.run()
    place.show({**PRICES, "aurora-nano": ("0.05", "0.40"), "aurora-large": ("2.50", "15.00")})
    place.run()
    tried = place.call("rules", "test", "my-bill")
    assert "high   cut aurora aurora-large input 5.00 → 2.50 USD per 1M tokens (-50.0 %)" in tried.stdout
    assert tried.stdout.endswith("1 of 2 events of the last 90 days\n")
    assert len(json.loads(place.call("rules", "test", "rest", "--json").stdout)) == 2
    clock.at += timedelta(days=31)
    assert "0 of 0 events" in place.call("rules", "test", "rest", "--days", "30").stdout
    wrong = place.call("rules", "test", "my-bil")
    assert wrong.returncode == 2
    assert "did you mean 'my-bill'?" in wrong.stderr


def test_the_rules_are_listed_in_words(place: Place) -> None:
    with_rules(place, PAIR.replace("[alerts]", '[alerts]\nmatch = "first"') + BILLS)
    listed = place.call("rules", "list")
    assert 'match = "first": only the first rule' in listed.stdout
    rows = json.loads(place.call("rules", "list", "--json").stdout)
    assert rows[0] == {"rule": "my-bill", "asks_for": "workloads bot", "when": "at once", "channels": "hook"}
    assert rows[1]["asks_for"] == "everything but held and notice"
    assert rows[1]["when"] == "weekly, mon 08:00 Europe/Berlin"


def test_an_event_that_there_is_not_is_said(place: Place) -> None:
    place.show(PRICES)
    place.run()
    asked = place.call("rules", "explain", "evt_x")
    assert asked.returncode == 2
    assert "no event has the id 'evt_x'" in asked.stderr
