"""How much an event matters: each line of the table in docs/alerts.md."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from monitor.effects import Effect
from monitor.severity import severity_of
from monitor.workloads import Use, Workload
from scrapers.rates import Conditions
from storage.nouns import Event
from tests.monitor.alerts.parts import NOW, change, rate, tiered

BOT = Workload("bot", (Use("deepseek", "DeepSeek Chat", (("input", 1_000_000),)),))


def effect(before: int, after: int, replaces: str | None = None) -> Effect:
    return Effect("bot", "deepseek-chat", "CNY", Fraction(before), Fraction(after), replaces)


def removal(model: str = "deepseek-chat", **facts: Any) -> Event:
    return Event("removal", "deepseek", "cn", NOW, rate(model, **facts), None, 0.9, "w", "https://x.example/")


@pytest.mark.parametrize(
    ("effects", "severity"),
    [
        ([effect(100, 110)], "urgent"),
        ([effect(100, 109)], "high"),
        ([effect(100, 40)], "high"),
        ([effect(100, 95)], "high"),
        ([effect(100, 96)], "normal"),
        ([effect(100, 96), effect(100, 120)], "urgent"),
        ([effect(100, 80, "gpt-4o")], "high"),
        ([effect(100, 81, "gpt-4o")], "normal"),
    ],
)
def test_the_bill_decides_first(effects: list[Effect], severity: str) -> None:
    assert severity_of(change(old="2", new="1.99"), effects) == severity


def test_the_end_of_a_model_in_use_is_urgent_and_of_another_is_not() -> None:
    assert severity_of(removal(), (), (BOT,)) == "urgent"
    assert severity_of(removal()) == severity_of(removal("deepseek-coder"), (), (BOT,)) == "normal"
    for part in (removal(service_tier="batch"), removal(conditions=Conditions(window="peak"))):
        assert severity_of(part, (), (BOT,)) == "high"


@pytest.mark.parametrize(
    ("new", "severity"), [("2.8", "high"), ("1.4", "high"), ("2.5", "normal"), ("2.1", "normal"), ("2.09", "low")]
)
def test_without_a_bill_the_size_decides_and_nothing_is_urgent(new: str, severity: str) -> None:
    assert severity_of(change(old="2", new=new)) == severity


def test_kinds_without_a_size() -> None:
    launch = Event("launch", "deepseek", "cn", NOW, None, tiered(), 0.9, "w", "https://x.example/")
    free = rate(state="free", amount=None, currency=None, per=None, unit=None)
    assert severity_of(launch) == "normal"
    assert severity_of(change(kind="free", new="1", old="2")) == "high"
    assert severity_of(Event("free", "deepseek", "cn", NOW, rate(), free, 0.9, "w", "https://x.example/")) == "high"
    for kind in ("correction", "successor", "held", "notice"):
        assert severity_of(change(kind=kind, old="2", new="1")) == "low"


def test_what_is_doubtful_or_far_off_is_one_level_lower() -> None:
    assert severity_of(change(confidence=0.69)) == "normal"
    assert severity_of(change(confidence=0.7)) == "high"
    assert severity_of(change(effective_from=NOW + timedelta(days=7))) == "high"
    assert severity_of(change(effective_from=NOW + timedelta(days=8)), [effect(100, 120)]) == "high"
    assert severity_of(change(old="2", new="2.01", confidence=0.1)) == "low", "there is nothing below"
