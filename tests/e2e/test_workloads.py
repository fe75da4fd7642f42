"""A workload in the settings: its bill stands in the mail and the webhook, and rules can ask for it."""

from __future__ import annotations

import json

from tests.e2e.place import PRICES, Place

WORKLOAD = """
[[workload]]
id = "bot"
shortlist = ["aurora/aurora-small"]
[[workload.use]]
provider = "aurora"
model = "aurora-large"
tokens = { input = "10M", output = "1M" }
"""


def place_with(place: Place, rule: str = "") -> Place:
    """Its settings with the workload, and with lines for the one rule."""
    file = place.folder / "pricefall.toml"
    file.write_text(file.read_text() + rule + WORKLOAD)
    return place


def told(place: Place) -> list[dict[str, object]]:
    return [event for _, body in place.hook.bodies for event in json.loads(body)["data"]["events"]]


def test_a_cut_tells_what_it_does_to_the_bill(place: Place) -> None:
    place_with(place).show(PRICES)
    place.run()
    place.show({**PRICES, "aurora-large": ("2.50", "15.00")})
    place.run()
    (event,) = told(place)
    assert event["effects"] == [
        {
            "workload": "bot",
            "model": "aurora-large",
            "replaces": None,
            "currency": "USD",
            "before": "65.00",
            "after": "40.00",
            "percent": -38.5,
        }
    ]
    (mail,) = place.mails.messages
    words = "Your bill bot: 65.00 → 40.00 USD a month (-38.5%)"
    assert words in " ".join(mail.get_body(("plain",)).get_content().split())
    explained = place.call("rules", "explain", str(event["id"]))
    assert "rule all: tells it: matches" in explained.stdout


def test_a_rule_hears_of_its_workload_alone_and_of_savings_that_are_large_enough(place: Place) -> None:
    place_with(place, 'workloads = ["bot"]\nmin_saving = 20\n').show(PRICES)
    place.run()
    place.show({**PRICES, "aurora-nano": ("0.05", "0.40")})  # nobody uses it and nobody has it on a shortlist
    place.run()
    place.show({**PRICES, "aurora-nano": ("0.05", "0.40"), "aurora-large": ("4.90", "15.00")})  # saves 1.5 %
    place.run()
    assert told(place) == []
    events = {row["model"]: row["id"] for row in place.query("select model, id from events")}
    assert "it changes no bill of 'bot'" in place.call("rules", "explain", events["aurora-nano"]).stdout
    assert "it saves 1.5 % at most, less than 20 %" in place.call("rules", "explain", events["aurora-large"]).stdout

    cheaper = {**PRICES, "aurora-nano": ("0.05", "0.40"), "aurora-large": ("4.90", "15.00")}
    place.show({**cheaper, "aurora-small": ("0.40", "1.50")})
    place.run()
    (event,) = told(place)
    (effect,) = event["effects"]  # type: ignore[misc]  # the webhook's JSON
    assert (effect["replaces"], effect["before"], effect["after"]) == ("aurora-large", "64.00", "5.50")


def test_a_rule_names_workloads_that_exist(place: Place) -> None:
    place_with(place, 'workloads = ["bto"]\n')
    ended = place.call("run")
    assert ended.returncode == 2
    assert "no workload is called 'bto'; did you mean 'bot'?" in ended.stderr
