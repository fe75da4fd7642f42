"""D16: a change that is undone before its delivery, or after it. What a receiver believes at the end is true."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from monitor.alerts.digest import digest_of
from monitor.alerts.sender import deliver_due
from monitor.alerts.withdrawal import settle, undone_by
from monitor.rules import alerts_for
from monitor.settings import Rule, Settings
from scrapers.rates import PriceList, Rate
from storage import digests, outbox
from storage.errors import StoreError
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.store import Store
from storage.withdrawals import withdrawals_of, write_withdrawals
from tests.e2e.place import PRICES, SECRET, Place, is_killed
from tests.faults.receiver import Receiver
from tests.monitor.alerts.parts import NOW, SIGNING_SECRET, Postbox, hook_channel, mail_channel, rate, settings_of
from tests.monitor.alerts.test_schema import SCHEMA, faults

HOUR = timedelta(hours=1)
KILL_AT = Path(__file__).parents[1] / "e2e" / "kill_at.py"


class Told:
    """A page of one provider whose events are recorded and told as a run does it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.at = NOW

    def tell(self, *changes: Event | tuple[str, Rate | None, Rate | None]) -> tuple[Event, ...]:
        """Record what happened, one look for all of it; the events as they were recorded."""
        self.at += HOUR
        said = [one if isinstance(one, Event) else self._event(*one) for one in changes]
        events = self.store.new_events(said)
        alerts = alerts_for(events, self.settings)
        told = settle(self.store, self.settings, alerts, undone_by(self.store, events))
        self.store.record_page(
            PageOutcome(
                None,
                "deepseek",
                "cn",
                "https://deepseek.example/pricing",
                self.at,
                str(self.at),
                9,
                PriceList((rate(),)),
                (rate(),),
                self.at,
                events=events,
                alerts=told.alerts,
                withdrawals=told.withdrawals,
            )
        )
        return events

    def _event(self, kind: Any, old: Rate | None, new: Rate | None) -> Event:
        return Event(kind, "deepseek", "cn", self.at, old, new, 0.95, f"a {kind}", "https://deepseek.example/pricing")

    def deliver(self) -> None:
        self.at += HOUR
        deliver_due(self.store, self.settings, self.at)

    def states(self) -> list[str]:
        return [alert.state for alert in reversed(outbox.list_alerts(self.store))]


def bodies(receiver: Receiver) -> list[Mapping[str, Any]]:
    """What arrived, each with its signature checked and in the published form."""
    found = []
    for headers, body in receiver.seen:
        said = Webhook(SIGNING_SECRET).verify(body, headers)
        assert said["id"] == headers["webhook-id"]
        assert list(faults(said, SCHEMA)) == []
        found.append(said)
    return found


def facts(body: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(event["kind"], event["old"], event["new"]) for event in body["data"]["events"]]


CUT = ("cut", rate(amount="2"), rate(amount="1"))
BACK = ("raise", rate(amount="1"), rate(amount="2"))
NEVER = ("correction", rate(amount="1"), rate(amount="2"))


@pytest.mark.parametrize("undoing", [BACK, NEVER], ids=["the price went back", "it was never true"])
def test_D16_what_was_undone_before_anybody_heard_of_it_is_told_not_at_all(
    store: Store, receiver: Receiver, undoing: tuple[str, Rate, Rate]
) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    (cut,) = world.tell(CUT)
    world.tell(undoing)
    world.deliver()
    assert receiver.seen == []
    assert world.states() == ["withdrawn"]
    (why,) = withdrawals_of(store.connection, cut.id)
    assert (why["state"], why["why"], why["follow_up"]) == ("withdrawn", f"a {undoing[0]}", None)
    world.tell(("cut", rate(amount="2"), rate(amount="1")))
    world.deliver()
    assert [facts(body) for body in bodies(receiver)] == [[("cut", "2", "1")]], "the same cut, later, is news"


def test_D16_a_price_that_went_back_after_its_delivery_is_an_event_of_its_own(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    world.tell(CUT)
    world.deliver()
    world.tell(BACK)
    world.deliver()
    assert [facts(body) for body in bodies(receiver)] == [[("cut", "2", "1")], [("raise", "1", "2")]]
    assert "follows" not in bodies(receiver)[1]


@pytest.mark.parametrize("act", ["drop", 500, "stall"])
def test_D16_what_may_have_arrived_is_told_to_its_end_in_order(
    store: Store, receiver: Receiver, act: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver may have processed the cut before it failed, so it must hear that the price is back."""
    monkeypatch.setattr("monitor.alerts.posting.TIMEOUTS", (1, 0.2))
    world = Told(store, settings_of(hook_channel(receiver.url)))
    receiver.acts = [act]
    world.tell(CUT)
    world.deliver()
    world.tell(BACK)
    for _ in range(3):
        world.deliver()
    assert [facts(body) for body in bodies(receiver)] == [[("cut", "2", "1")]] * 2 + [[("raise", "1", "2")]]


def test_D16_a_sender_that_died_may_have_sent(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    world.tell(CUT)
    assert outbox.lease(store, world.at, 60)  # and never heard of again
    world.tell(NEVER)
    for _ in range(3):
        world.deliver()
    (body,) = bodies(receiver)
    assert facts(body) == [("correction", "1", "2")]
    assert world.states() == ["withdrawn", "sent"]


def test_D16_a_receiver_that_could_not_be_reached_has_heard_nothing(store: Store, receiver: Receiver) -> None:
    away = settings_of(hook_channel("http://127.0.0.1:9/hook"))
    world = Told(store, away)
    world.tell(CUT)
    world.deliver()
    assert outbox.list_alerts(store)[0].attempts == 1
    world.tell(BACK)
    assert world.states() == ["withdrawn"]


def test_D16_a_wrong_price_that_was_told_is_taken_back_whatever_the_rules_say(
    store: Store, receiver: Receiver, postbox: Postbox
) -> None:
    settings = settings_of(hook_channel(receiver.url), mail_channel(postbox))
    settings = replace(settings, rules=(Rule("cuts", ("hook", "mail"), kinds=("cut",)),))
    world = Told(store, settings)
    (cut,) = world.tell(CUT)
    world.deliver()
    world.tell(("correction", rate(amount="1"), rate(amount="1.5")))
    world.deliver()
    first, second = bodies(receiver)
    assert second["type"] == "price.changes"
    assert facts(second) == [("correction", "1", "1.5")]
    assert second["follows"] == [first["id"]]
    (taken,) = second["data"]["withdrawn"]
    assert (taken["event"], taken["message"], taken["why"]) == (cut.id, first["id"], "a correction")
    assert "¥2 → ¥1" in taken["fact"]
    (_, one), (_, two) = postbox.mails
    assert two["In-Reply-To"] == two["References"] == one["Message-ID"]
    plain = two.get_body(("plain",))
    assert plain is not None
    words = " ".join(plain.get_content().split())
    assert "An earlier message said: price cut, deepseek-chat input: ¥2 → ¥1 per 1M tokens (-50%)" in words
    assert "That is withdrawn: a correction" in words
    assert "correction" in two["Subject"]


def test_D16_a_wrong_price_that_nobody_heard_of_gives_way_to_the_right_one(store: Store, receiver: Receiver) -> None:
    settings = settings_of(hook_channel(receiver.url))
    settings = replace(settings, rules=(Rule("cuts", ("hook",), kinds=("cut",)),))
    world = Told(store, settings)
    world.tell(CUT)
    world.tell(("correction", rate(amount="1"), rate(amount="1.5")))
    world.deliver()
    (body,) = bodies(receiver)
    assert facts(body) == [("correction", "1", "1.5")], "the rule names cuts only, and the cut is to 1.5"
    assert "follows" not in body
    assert world.states() == ["withdrawn", "sent"]


def test_D16_one_of_several_events_is_taken_out_and_the_alert_keeps_its_id(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    other = ("cut", rate("deepseek-reasoner", "8"), rate("deepseek-reasoner", "4"))
    gone, kept = world.tell(CUT, other)
    (queued,) = outbox.list_alerts(store)
    world.tell(NEVER)
    world.deliver()
    (body,) = bodies(receiver)
    assert body["id"] == queued.id
    assert [event["id"] for event in body["data"]["events"]] == [kept.id]
    assert body["data"]["subject"] == "deepseek: price cut, deepseek-reasoner input: ¥8 → ¥4 per 1M tokens (-50%)"
    assert outbox.get_alert(store, queued.id).event_ids == (kept.id,)
    assert [row["alert_id"] for row in withdrawals_of(store.connection, gone.id)] == [queued.id]


def test_D16_a_digest_that_loses_an_event_still_says_whose_the_others_are(store: Store) -> None:
    settings = settings_of(hook_channel("https://hooks.example/x"))
    world = Told(store, replace(settings, rules=(replace(settings.rules[0], deliver="weekly"),)))
    elsewhere = Event(
        "cut", "borealis", "cn", NOW, rate("north", "8"), rate("north", "4"), 0.95, "a cut", "https://b.example"
    )
    other = ("cut", rate("deepseek-reasoner", "8"), rate("deepseek-reasoner", "4"))
    world.tell(CUT, other, elsewhere)
    digests.fold(store, NOW + 24 * 8 * HOUR, lambda parts: digest_of(parts, "en"))
    world.tell(NEVER)
    [digest] = outbox.list_alerts(store, state="pending")
    assert digest.payload["data"]["subject"] == "Weekly digest: 2 price changes of borealis, deepseek"


def test_D16_of_what_undoes_and_something_else_the_else_is_told(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    world.tell(CUT)
    world.tell(BACK, ("cut", rate("deepseek-reasoner", "8"), rate("deepseek-reasoner", "4")))
    world.deliver()
    (body,) = bodies(receiver)
    assert facts(body) == [("cut", "8", "4")]
    assert body["data"]["subject"].startswith("deepseek: price cut, deepseek-reasoner")


def test_D16_each_address_is_judged_by_what_it_heard(store: Store, receiver: Receiver, postbox: Postbox) -> None:
    settings = settings_of(hook_channel(receiver.url), mail_channel(postbox))
    world = Told(store, settings)
    postbox.recipients["ann@example.com"] = "450 busy"  # nothing of the message left
    world.tell(CUT)
    world.deliver()
    postbox.recipients.clear()
    world.tell(NEVER)
    world.deliver()
    assert [facts(body) for body in bodies(receiver)] == [[("cut", "2", "1")], [("correction", "1", "2")]]
    assert postbox.mails == []


def test_D16_a_cancelled_plan_is_taken_back_or_was_never_told(store: Store, receiver: Receiver) -> None:
    day = datetime(2026, 6, 1, tzinfo=NOW.tzinfo)
    plan, today = rate(amount="1", valid_from=day), rate(amount="2")
    settings = settings_of(hook_channel(receiver.url))
    settings = replace(settings, rules=(Rule("plans", ("hook",), kinds=("scheduled",)),))
    world = Told(store, settings)
    world.tell(("scheduled", today, plan))
    world.tell(("cancelled", plan, today))
    world.deliver()
    assert receiver.seen == []
    world.tell(("scheduled", today, plan))
    world.deliver()
    world.tell(("cancelled", plan, today))
    world.deliver()
    first, second = bodies(receiver)
    assert (facts(first)[0][0], facts(second)[0][0]) == ("scheduled", "cancelled")
    assert second["follows"] == [first["id"]]


def test_D16_a_launch_that_was_no_launch_leaves_nothing(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    new = rate("deepseek-next", "3")
    older = Event(
        "successor", "deepseek", "cn", NOW, rate(), new, 0.9, "a successor", "https://x.example/", None, "chat"
    )
    world.tell(("launch", None, new), older)
    world.tell(("correction", new, None))
    world.deliver()
    assert receiver.seen == []
    assert world.states() == ["withdrawn"]


def test_D16_a_message_that_was_given_up_is_not_woken_after_it_was_withdrawn(store: Store, receiver: Receiver) -> None:
    world = Told(store, settings_of(hook_channel(receiver.url)))
    receiver.choose = lambda _alert_id: 400
    world.tell(CUT)
    for _ in range(8):
        world.at += timedelta(days=1)
        world.deliver()
    assert world.states() == ["dead"]
    receiver.choose = None
    world.tell(NEVER)
    assert outbox.retry_dead(store, world.at) == 0
    world.deliver()
    assert world.states() == ["withdrawn", "sent"]
    assert facts(bodies(receiver)[-1]) == [("correction", "1", "2")], "a receiver may lie, so it is told"


def test_D16_what_a_sender_takes_meanwhile_is_not_changed_under_it(store: Store, receiver: Receiver) -> None:
    settings = settings_of(hook_channel(receiver.url))
    world = Told(store, settings)
    world.tell(CUT)
    events = store.new_events([world._event(*NEVER)])
    told = settle(store, settings, alerts_for(events, settings), undone_by(store, events))
    outbox.lease(store, world.at, 60)
    with store.connection.write() as sql, pytest.raises(StoreError, match="run again"):
        write_withdrawals(sql, told.withdrawals, world.at)
    assert world.states() == ["pending"]


# The whole program: review, reread, and kills between.

HELD = {**PRICES, "aurora-large": ("0.50", "15.00")}  # a tenth: held


def _held(place: Place, *, hook_status: int = 200) -> str:
    """A change that is held and was told as such; its id for `review`."""
    path = place.folder / "pricefall.toml"
    path.write_text(path.read_text().replace('id = "all"\n', 'id = "all"\nkinds = ["*", "held"]\n'))
    place.show(PRICES)
    place.run()
    place.hook.status = hook_status
    place.show(HELD)
    place.run()
    listed = place.call("review", "--json")
    return str(json.loads(listed.stdout)[0]["id"])


def test_D16_a_rejected_difference_is_taken_back_where_it_was_told(place: Place) -> None:
    ref = _held(place)
    rejected = place.call("review", "reject", ref, "--reason", "a slip of the page")
    assert rejected.returncode == 0, rejected.stderr
    place.call("alerts", "retry", "--now")
    (_, one), (headers, two) = place.hook.bodies
    said = Webhook(SECRET).verify(two, headers)
    assert (said["type"], said["data"]["events"]) == ("price.withdrawn", [])
    assert list(faults(said, SCHEMA)) == []
    assert said["follows"] == [json.loads(one)["id"]]
    assert "a slip of the page" in said["data"]["text"]
    first, second = place.mails.messages
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Subject"].startswith("aurora: withdrawn: held for review, aurora-large")
    words = " ".join(second.get_body(("plain",)).get_content().split())
    assert "That is withdrawn: rejected by a person: a slip of the page." in words


def test_D16_a_rejected_difference_is_told_to_nobody_who_has_not_heard_of_it(place: Place) -> None:
    ref = _held(place)
    place.hook.bodies.clear()
    (event,) = place.query("select id from events")
    with Store.open(place.folder / "prices.db") as store, store.connection.write() as sql:
        sql.execute("UPDATE alerts SET state = 'pending', attempts = 0, maybe_out = 0, sent_at = NULL")
    assert place.call("review", "reject", ref, "--reason", "a slip").returncode == 0
    place.call("alerts", "retry", "--now")
    assert place.hook.bodies == []
    listed = json.loads(place.call("alerts", "list", "--state", "withdrawn", "--json").stdout)
    assert {row["channel"] for row in listed} == {"hook", "mail/ops@example.com"}
    explained = place.call("rules", "explain", event["id"])
    assert "withdrawn before it was sent: rejected by a person: a slip" in explained.stdout


@pytest.mark.parametrize("step", ["deciding", "ruling", "alerting", "decided"])
def test_D16_a_kill_while_it_is_taken_back_leaves_all_or_nothing(place: Place, step: str) -> None:
    ref = _held(place)
    told = len(place.hook.bodies)
    command = place.command("review", "reject", ref, "--reason", "a slip")[3:]
    dead = subprocess.run(
        [sys.executable, str(KILL_AT), step, "1", "--", *command], capture_output=True, timeout=60, check=False
    )
    assert is_killed(dead.returncode), dead.stderr.decode()
    is_written = step == "decided"
    assert [row["n"] for row in place.query("select count(*) n from withdrawals")] == [2 * is_written]
    assert [row["n"] for row in place.query("select count(*) n from rulings")] == [is_written]
    again = place.call("review", "reject", ref, "--reason", "a slip")
    assert (again.returncode == 0) == (not is_written)
    place.call("alerts", "retry", "--now")
    place.run()
    assert len(place.hook.bodies) == told + 1
    assert (
        Decimal(
            place.query("select amount from current_prices where meter='input' and model='aurora-large'")[0]["amount"]
        )
        == 5
    )
