from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import pytest

from monitor.alerts.waiting import parse_quiet
from monitor.channel_secrets import Secret
from monitor.channels import EmailChannel, WebhookChannel
from monitor.effects import Effect
from monitor.rules import alerts_for, explain
from monitor.settings import AlertSettings, Rule, Settings
from monitor.workloads import Use, Workload
from storage.nouns import EVENT_KINDS, Event
from tests.monitor.alerts.parts import NOW, change, hook_channel, rate

HOOK = hook_channel("https://hooks.example.com/x")
MAIL = EmailChannel(
    "mail", "mx.example.com", 587, "starttls", "", None, "p@example.com", ("a@example.com", "b@example.com")
)


def settings_with(*rules: Rule, channels: tuple[EmailChannel | WebhookChannel, ...] = (HOOK,)) -> Settings:
    return Settings(None, Path("db"), Path("archive"), Path("providers"), channels=channels, rules=rules)


def is_told(event: Event, **conditions: Any) -> bool:
    return bool(alerts_for([event], settings_with(Rule("r", ("hook",), **conditions))))


def why_not(event: Event, **conditions: Any) -> str:
    (verdict,) = explain(event, settings_with(Rule("r", ("hook",), **conditions)))
    assert not verdict.matches
    assert not is_told(event, **conditions)
    return verdict.why


def test_a_rule_without_conditions_tells_everything_but_what_is_not_believed() -> None:
    for kind in EVENT_KINDS:
        assert is_told(change(kind=kind)) == (kind not in {"held", "notice"}), kind


@pytest.mark.parametrize("kind", ["held", "notice"])
def test_what_is_held_is_told_only_to_a_rule_that_names_it(kind: str) -> None:
    event = change(kind=kind)
    assert is_told(event, kinds=("cut", kind))
    assert why_not(event, kinds=("*",)) == f"kind '{kind}' is not among '*' (it must be named, `*` does not mean it)"
    assert why_not(event, kinds=("cut",)).startswith(f"kind '{kind}' is not among 'cut'")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("gpt-4o", True),
        ("GPT-4O*", True),
        ("gpt 4o", True),
        ("gpt?4o", True),
        ("*4o*", True),
        ("gpt-4", False),
        ("gpt-4o-mini", False),
        ("4o", False),
    ],
)
def test_model_patterns_look_past_case_separators_and_notes(pattern: str, matches: bool) -> None:
    assert is_told(change("GPT‑4o (2024-08-06)"), models=(pattern,)) == matches


def test_one_pattern_of_several_is_enough() -> None:
    assert is_told(change("qwen-max"), models=("gpt*", "qwen*"))
    assert why_not(change("glm-4"), models=("gpt*", "qwen*")) == "model 'glm-4' is not among 'gpt*', 'qwen*'"


def test_provider_meter_tier_and_currency_are_compared() -> None:
    event = change()
    assert is_told(event, providers=("deep*",), meters=("*input",), service_tiers=("Standard",), currency="CNY")
    assert why_not(event, providers=("openai",)) == "provider 'deepseek' is not among 'openai'"
    assert why_not(event, meters=("output",)) == "meter 'input' is not among 'output'"
    assert why_not(event, service_tiers=("batch",)) == "service tier 'standard' is not among 'batch'"
    assert why_not(event, currency="USD") == "currency CNY is not USD"


def test_a_price_that_becomes_free_keeps_the_currency_it_had() -> None:
    free = Event(
        "free",
        "deepseek",
        "cn",
        NOW,
        rate(),
        rate(state="free", amount=None, currency=None, per=None, unit=None),
        1.0,
        "w",
        "u",
    )
    assert is_told(free, currency="CNY")
    assert not is_told(free, currency="USD")


def test_what_has_no_currency_is_told_to_a_rule_about_one() -> None:
    free = rate(state="free", amount=None, currency=None, per=None, unit=None)
    assert is_told(Event("launch", "deepseek", "cn", NOW, None, free, 1.0, "w", "u"), currency="USD")


@pytest.mark.parametrize(("old", "new", "told"), [("100", "95", True), ("100", "95.01", False), ("100", "105", True)])
def test_min_percent_counts_both_ways_and_its_bound_is_inside(old: str, new: str, told: bool) -> None:
    assert is_told(change(old=old, new=new), min_percent=5.0) == told


def test_min_percent_says_how_small_the_change_is() -> None:
    assert why_not(change(old="100", new="99"), min_percent=5.0) == "the change of -1.00 % is smaller than 5 %"


def test_min_percent_does_not_keep_back_what_has_no_percentage() -> None:
    launch = Event("launch", "deepseek", "cn", NOW, None, rate(), 1.0, "w", "u")
    assert is_told(launch, min_percent=50.0)


def test_related_events_travel_together_and_providers_apart() -> None:
    events = [change("a"), change("b"), change("c", provider="zhipu")]
    alerts = alerts_for(events, settings_with(Rule("r", ("hook",))))
    assert [(alert.order_key, len(alert.event_ids)) for alert in alerts] == [("deepseek", 2), ("zhipu", 1)]
    assert set(alerts[0].event_ids) == {events[0].id, events[1].id}


def test_an_event_that_several_rules_name_is_told_once_and_names_them() -> None:
    rules = (
        Rule("cuts", ("hook",), kinds=("cut",)),
        Rule("all", ("hook",)),
        Rule("rises", ("hook",), kinds=("raise",)),
    )
    (alert,) = alerts_for([change(), change()], settings_with(*rules))
    assert alert.rule == "cuts,all"
    assert alert.payload["data"]["rules"] == ["cuts", "all"]
    assert len(alert.payload["data"]["events"]) == 1


def test_each_recipient_has_an_alert_of_its_own() -> None:
    alerts = alerts_for([change()], settings_with(Rule("r", ("mail",)), channels=(MAIL,)))
    assert [alert.channel for alert in alerts] == ["mail/a@example.com", "mail/b@example.com"]
    assert len({alert.id for alert in alerts}) == 2
    assert [alert.payload["id"] for alert in alerts] == [alert.id for alert in alerts]


def test_d17_the_same_change_gives_the_same_id_whatever_is_said_about_it() -> None:
    settings = settings_with(Rule("r", ("hook",)))
    (first,) = alerts_for([change()], settings)
    (again,) = alerts_for([change(why="other words", confidence=0.5)], settings)
    (later,) = alerts_for([replace(change(), repeat=1)], settings)
    assert first.id == again.id != later.id


def test_the_payload_is_complete_and_the_largest_change_comes_first() -> None:
    small, large = change("small", "10", "9"), change("large", "10", "1")
    (alert,) = alerts_for([small, large], settings_with(Rule("r", ("hook",))))
    told = alert.payload["data"]
    assert [event["model"] for event in told["events"]] == ["large", "small"]
    assert told["subject"] == "deepseek: price cut, large input: ¥10 → ¥1 per 1M tokens (-90%), and 1 more"
    assert told["events"][0]["evidence"] == {"quote": "1元", "locator": "table 1, row 2"}
    assert told["events"][0]["url"] == "https://deepseek.example/pricing"
    assert told["events"][0]["old_per_million"] == "10"


def test_what_else_moved_is_named_where_the_rules_do_not_tell_it() -> None:
    events = [change("cut", "10", "1"), change("risen", "1", "3"), change("elsewhere", "1", "3", provider="zhipu")]
    (alert,) = alerts_for(events, settings_with(Rule("r", ("hook",), kinds=("cut",))))
    told = alert.payload["data"]
    assert [event["model"] for event in told["events"]] == ["cut"]
    assert [(event["model"], event["kind"]) for event in told["also"]] == [("risen", "raise")]


def test_the_largest_change_comes_first_a_double_as_large_as_a_half() -> None:
    events = [change("some", "1", "3"), change("more", "1", "9"), change("cut", "10", "9"), change("most", "10", "1")]
    (alert,) = alerts_for(events, settings_with(Rule("r", ("hook",))))
    assert [event["model"] for event in alert.payload["data"]["events"]] == ["most", "more", "some", "cut"]


def test_a_price_per_thousand_is_also_told_per_million_exactly() -> None:
    old, new = rate(amount="0.005", per=Decimal(1000)), rate(amount="0.0000000833", per=Decimal(1))
    event = Event("cut", "zhipu", "cn", NOW, old, new, 1.0, "w", "u")
    (alert,) = alerts_for([event], settings_with(Rule("r", ("hook",))))
    (told,) = alert.payload["data"]["events"]
    assert (told["old_per_million"], told["new_per_million"]) == ("5", "0.0833")


def test_no_secret_reaches_an_alert() -> None:
    hook = replace(HOOK, url=Secret("https://hooks.example.com/canary"))
    (alert,) = alerts_for([change()], settings_with(Rule("r", ("hook",)), channels=(hook,)))
    assert "canary" not in repr(alert)
    assert hook.secret.reveal() not in repr(alert)


def test_nothing_is_told_without_events_rules_or_channels() -> None:
    assert alerts_for([], settings_with(Rule("r", ("hook",)))) == ()
    assert alerts_for([change()], settings_with()) == ()
    assert alerts_for([change()], settings_with(Rule("r", ("mail",)))) == ()


# When a rule tells

EVENING = datetime(2026, 5, 4, 21, tzinfo=UTC)  # a Monday, 23:00 in Berlin
MORNING = datetime(2026, 5, 5, 5, tzinfo=UTC)
NIGHT = (parse_quiet("22:00-07:00"),)
BOT = Workload("bot", (Use("deepseek", "deepseek-chat", (("input", 1_000_000),)),))


def in_berlin(*rules: Rule, match: Literal["all", "first"] = "all", **more: Any) -> Settings:
    return replace(settings_with(*rules), alerts=AlertSettings(match, "Europe/Berlin"), **more)


def bill(event: Event, before: int = 100, after: int = 120) -> dict[str, tuple[Effect, ...]]:
    return {event.id: (Effect("bot", event.rate.model, "CNY", Fraction(before), Fraction(after)),)}


def test_quiet_hours_put_a_message_off_to_their_end() -> None:
    settings = in_berlin(Rule("r", ("hook",), quiet_hours=NIGHT))
    (at_night,) = alerts_for([change()], settings, now=EVENING)
    (by_day,) = alerts_for([change()], settings, now=EVENING - timedelta(hours=2))
    assert (at_night.not_before, by_day.not_before) == (MORNING, None)
    assert at_night.id == by_day.id, "the id says what is told, and not when"


@pytest.mark.parametrize(("wake_for", "waits"), [("urgent", False), ("high", False), ("nothing", True)])
def test_what_is_severe_comes_through_quiet_hours(wake_for: Any, waits: bool) -> None:
    event = change(old="2", new="2.4")
    settings = in_berlin(Rule("r", ("hook",), quiet_hours=NIGHT, wake_for=wake_for))
    (alert,) = alerts_for([event], settings, bill(event), now=EVENING)
    assert (alert.not_before == MORNING) == waits
    assert alert.payload["data"]["events"][0]["severity"] == "urgent"


def test_what_comes_through_takes_the_rest_of_its_provider_along_in_one_message() -> None:
    small, urgent = change("deepseek-coder"), change(old="2", new="2.4")
    settings = in_berlin(Rule("r", ("hook",), quiet_hours=NIGHT))
    (alert,) = alerts_for([small, urgent], settings, bill(urgent), now=EVENING)
    assert (alert.not_before, len(alert.event_ids)) == (None, 2)


def test_a_digest_waits_for_its_hour_in_the_zone_of_the_settings() -> None:
    daily = Rule("d", ("hook",), deliver="daily", digest_time=9 * 60)
    weekly = Rule("w", ("mail",), deliver="weekly")
    settings = replace(in_berlin(daily, weekly), channels=(HOOK, MAIL))
    (to_hook, to_ann, to_bob) = alerts_for([change()], settings, now=EVENING)
    assert (to_hook.digest, to_hook.not_before) == ("daily", datetime(2026, 5, 5, 7, tzinfo=UTC))
    assert (to_ann.digest, to_ann.not_before) == ("weekly", datetime(2026, 5, 11, 6, tzinfo=UTC))
    assert to_bob.channel == "mail/b@example.com"


def test_an_event_that_two_rules_tell_is_told_once_at_the_sooner_time() -> None:
    weekly, cuts = Rule("rest", ("hook",), deliver="weekly"), Rule("cuts", ("hook",), kinds=("cut",))
    rise = change("deepseek-coder", "1", "2")
    cut, rest = alerts_for([change(), rise], in_berlin(weekly, cuts), now=EVENING)
    assert (cut.event_ids, cut.digest, cut.rule) == ((change().id,), "", "rest,cuts")
    assert (rest.event_ids, rest.digest, rest.rule) == ((rise.id,), "weekly", "rest")


def test_the_first_rule_alone_applies_where_the_settings_say_so() -> None:
    rules = Rule("small", ("hook",), models=("*mini",), deliver="weekly"), Rule("all", ("hook",))
    mini, other = change("gpt-mini"), change("gpt")
    settings = in_berlin(*rules, match="first")
    at_once, weekly = alerts_for([mini, other], settings, now=EVENING)
    assert (at_once.event_ids, at_once.digest) == ((other.id,), "")
    assert (weekly.event_ids, weekly.digest) == ((mini.id,), "weekly")
    assert [verdict.why for verdict in explain(mini, settings)] == ["matches", "rule 'small' took it before"]
    assert [verdict.matches for verdict in explain(other, settings)] == [False, True]


def test_a_rule_asks_for_a_severity() -> None:
    assert is_told(change(old="2", new="1"), min_severity="high")
    assert why_not(change(old="2", new="1.8"), min_severity="high") == "its severity 'normal' is below 'high'"


def test_a_model_of_a_workload_that_is_no_longer_listed_is_heard_of_though_it_has_no_bill() -> None:
    gone = Event("removal", "deepseek", "cn", NOW, rate(), None, 0.9, "w", "https://x.example/")
    settings = in_berlin(Rule("bill", ("hook",), workloads=("bot",)), workloads=(BOT,))
    assert alerts_for([gone], settings)
    other = Event("removal", "deepseek", "cn", NOW, rate("deepseek-coder"), None, 0.9, "w", "https://x.example/")
    assert alerts_for([other], settings) == ()
