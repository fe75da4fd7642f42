"""Mistakes in rules are refused at start, with line and proposal; what is doubtful is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerts.waiting import QuietSpan
from monitor.settings import AlertSettings
from tests.monitor.test_settings import HOOK, SIGNING_SECRET, load, refusal

WORKLOAD = """
[[workload]]
id = "bot"
[[workload.use]]
provider = "openai"
model = "gpt-4o"
tokens = { input = "1M" }
"""
SECRET = {"PRICEFALL_CHANNEL_HOOK_SECRET": SIGNING_SECRET}


def rule(lines: str, name: str = "r") -> str:
    return f'[[rule]]\nid = "{name}"\nchannels = ["hook"]\n{lines}\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('kinds = ["cut", "rise"]', "line 4: rule[1].kinds[2]: 'rise' is no kind of event"),
        ('meters = ["out*", "cach_*"]', "line 4: rule[1].meters[2]: 'cach_*' fits no meter"),
        ('meters = ["outpt"]', "rule[1].meters[1]: 'outpt' is no meter; did you mean 'output'?"),
        (
            'providers = ["open*", "opena1"]',
            "rule[1].providers: 'opena1' fits no provider; did you mean 'openai'?",
        ),
        ('providers = ["*-cloudd"]', "rule[1].providers: '*-cloudd' fits no provider"),
        (
            'service_tiers = ["bacth"]',
            "rule[1].service_tiers: 'bacth' fits no service tier; did you mean 'batch'?",
        ),
        ('workloads = ["bott"]', "line 4: rule[1].workloads: no workload is called 'bott'; did you mean 'bot'?"),
        (
            'deliver = "dayly"',
            "deliver: Input should be 'immediate', 'daily' or 'weekly'; did you mean 'daily'?",
        ),
        ('min_severity = "hihg"', "; did you mean 'high'?"),
        ('digest_time = "9"\ndeliver = "daily"', "line 4: rule[1].digest_time: '9' is no time of day; write it as"),
        ('digest_day = "mnday"\ndeliver = "weekly"', "'mnday' is no day of the week; did you mean 'monday'?"),
        ('quiet_hours = "22-7"', "line 4: rule[1].quiet_hours: '22' is no time of day"),
        ('quiet_hours = "00:00-24:00"', "rule[1].quiet_hours: they leave no hour of the week"),
        ('quiet_hours = ["00:00-12:00", "12:00-00:00"]', "they leave no hour of the week"),
        ('quiet_hours = "07:00-07:00"', "begins and ends at the same time"),
        ('digest_time = "09:00"', "digest_time: is for digests; say deliver ="),
        ('deliver = "daily"\ndigest_day = "tue"', "digest_day: is for weekly digests"),
        ('deliver = "daily"\nquiet_hours = "22:00-07:00"', "quiet_hours: a digest comes at its own hour"),
        ('meters = "input"', 'meters: must be a list, as ["one", "two"]'),
        (
            'quiet_hours = "22:00-07:00"\nwake_for = "never"',
            "wake_for: Input should be 'low', 'normal', 'high', 'urgent' or 'nothing'",
        ),
        ('wake_for = "high"', "wake_for: says what comes through quiet hours"),
        ('kinds = ["launch"]\nmin_severity = "urgent"', ""),
        ('kinds = ["held"]\nmin_severity = "normal"', "min_severity: can never match: 'held' are 'low' at most"),
        (
            'kinds = ["held", "successor"]\nworkloads = ["bot"]',
            "kinds: can never match: 'held', 'successor' change no bill",
        ),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    text = rule(line) + HOOK + WORKLOAD
    if said:
        assert said in refusal(tmp_path, text, **SECRET)
    else:
        assert load(tmp_path, text, **SECRET).rules


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("min_saving = 5", "line 4: rule[1].min_saving: can never match: it is a share of a bill"),
        ('min_severity = "urgent"', "are 'high' at most; only a [[workload]] makes events urgent"),
        ('kinds = ["launch"]\nmin_severity = "high"', "min_severity: can never match: 'launch' are 'normal' at most"),
    ],
)
def test_a_rule_about_bills_without_a_workload_can_never_match(tmp_path: Path, line: str, said: str) -> None:
    assert said in refusal(tmp_path, rule(line) + HOOK, **SECRET)


def test_a_provider_of_one_s_own_is_known(tmp_path: Path) -> None:
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "aurora.toml").write_text(
        'name = "Aurora"\n[[page]]\nurl = "https://aurora.example/pricing"\nverified = false\n'
        '[hints.tiers]\n"Night" = "night"\n'
    )
    text = rule('providers = ["aurora"]\nservice_tiers = ["night", "low_*"]') + HOOK
    assert load(tmp_path, text, **SECRET).rules[0].providers == ("aurora",)


FIRST = '[alerts]\nmatch = "first"\n'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        ('kinds = ["*"]', 'kinds = ["cut"]'),
        ('models = ["gpt-*"]', 'models = ["gpt-4*", "GPT-5"]'),
        ("min_percent = 5", "min_percent = 5"),
        ("min_percent = 5", "min_percent = 20"),
        ('min_severity = "normal"', 'min_severity = "high"'),
        ("", 'currency = "USD"'),
        ("", 'workloads = ["bot"]\ndeliver = "weekly"'),
        ("min_saving = 5", 'min_saving = 10\nworkloads = ["bot"]'),
        ('providers = ["*"]', 'providers = ["open*"]'),
    ],
)
def test_a_rule_that_an_earlier_one_swallows_is_refused_where_only_the_first_applies(
    tmp_path: Path, one: str, other: str
) -> None:
    text = rule(one, "wide") + rule(other, "narrow") + HOOK + WORKLOAD
    said = refusal(tmp_path, FIRST + text, **SECRET)
    assert "rule[2].id: can never match: with match = \"first\", 'wide' above takes all" in said
    assert load(tmp_path, text, **SECRET).rules, "where all apply, it is no mistake"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('kinds = ["cut"]', ""),
        ("", 'kinds = ["cut", "held"]'),
        ('models = ["gpt-4?"]', 'models = ["gpt-*"]'),
        ('models = ["gpt-*"]', 'models = ["gpt-*", "claude-*"]'),
        ("min_percent = 5", ""),
        ('min_severity = "high"', ""),
        ('currency = "USD"', ""),
        ('workloads = ["bot"]', 'deliver = "weekly"'),
        ("min_saving = 10", "min_saving = 5"),
        ('service_tiers = ["batch"]', 'service_tiers = ["standard"]'),
    ],
)
def test_a_rule_with_something_left_for_it_is_taken(tmp_path: Path, one: str, other: str) -> None:
    text = FIRST + rule(one, "a") + rule(other, "b") + HOOK + WORKLOAD
    assert [each.id for each in load(tmp_path, text, **SECRET).rules] == ["a", "b"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('match = "frist"', "line 2: alerts.match: Input should be 'all' or 'first'; did you mean 'first'?"),
        (
            'time_zone = "Europe/Berln"',
            "alerts.time_zone: 'Europe/Berln' is no time zone; did you mean 'Europe/Berlin'?",
        ),
        ('timezone = "UTC"', "line 2: alerts.timezone: unknown key; did you mean 'time_zone'?"),
    ],
)
def test_mistakes_in_the_table_of_all_rules(tmp_path: Path, lines: str, said: str) -> None:
    assert said in refusal(tmp_path, f"[alerts]\n{lines}\n")


def test_times_are_read_as_they_stand(tmp_path: Path) -> None:
    text = '[alerts]\ntime_zone = "Asia/Shanghai"\n'
    text += rule('deliver = "weekly"\ndigest_time = "17:30"\ndigest_day = "Friday"', "w")
    text += rule('quiet_hours = ["22:00-07:00", "sat-sun 00:00-24:00"]\nwake_for = "high"', "q")
    settings = load(tmp_path, text + HOOK, **SECRET)
    weekly, quiet = settings.rules
    assert settings.alerts == AlertSettings("all", "Asia/Shanghai")
    assert (weekly.deliver, weekly.digest_time, weekly.digest_day) == ("weekly", 17 * 60 + 30, 4)
    assert quiet.quiet_hours == (QuietSpan(22 * 60, 7 * 60), QuietSpan(0, 1440, (5, 6)))
    assert quiet.wake_for == "high"
