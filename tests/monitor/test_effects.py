"""What a change does to a bill: of the model in use, and of one that could take its place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from monitor.effects import Effect, by_key, effects_on
from monitor.workloads import Use, Workload, offers
from scrapers.rates import Conditions, Rate

M = 1_000_000
USE = Use("nova", "nova-1", (("input", 10 * M), ("output", 2 * M)))
Said = tuple[str, str, Rate]


def rate(meter: str, amount: str, model: str = "nova-1", region: str | None = None) -> Rate:
    conditions = Conditions(region=region)
    return Rate(model, meter, "priced", Decimal(amount), "USD", Decimal(M), "token", conditions=conditions)


def said(provider: str, *rates: Rate) -> tuple[Said, ...]:
    return tuple((provider, "intl", one) for one in rates)


def effects(
    workload: Workload, before: Iterable[Said], after: Iterable[Said], provider: str = "nova", model: str = "nova-1"
) -> list[dict[str, object]]:
    found = effects_on([workload], provider, "intl", model, before=by_key(offers(before)), after=by_key(offers(after)))
    return [effect.to_json() for effect in found]


OLD = said("nova", rate("input", "2"), rate("output", "10"))


def test_a_cut_of_the_model_in_use_changes_its_bill_once() -> None:
    new = said("nova", rate("input", "1"), rate("output", "5"))
    assert effects(Workload("bot", (USE,)), OLD, new) == [
        {
            "workload": "bot",
            "model": "nova-1",
            "replaces": None,
            "currency": "USD",
            "before": "40.00",
            "after": "20.00",
            "percent": -50.0,
        }
    ]


def test_a_change_that_the_workload_does_not_pay_has_no_effect() -> None:
    new = (*OLD, *said("nova", rate("cached_input", "0.1")))
    assert effects(Workload("bot", (USE,)), OLD, new) == []


def test_a_model_that_nobody_uses_has_no_effect_without_a_shortlist() -> None:
    other = said("orbit", rate("input", "1", "orbit-1"), rate("output", "1", "orbit-1"))
    assert effects(Workload("bot", (USE,)), OLD, (*OLD, *other), "orbit", "orbit-1") == []


def test_a_model_of_the_shortlist_that_would_now_save_is_an_effect_until_it_is_dearer() -> None:
    listed = Workload("bot", (USE,), shortlist=("orbit/*",))
    cheap = said("orbit", rate("input", "1", "orbit-1"), rate("output", "5", "orbit-1"))
    (found,) = effects(listed, OLD, (*OLD, *cheap), "orbit", "Orbit 1")
    assert (found["replaces"], found["before"], found["after"], found["percent"]) == ("nova-1", "40.00", "20.00", -50.0)
    assert effects(listed, (*OLD, *cheap), (*OLD, *cheap), "orbit", "orbit-1") == []
    dear = said("orbit", rate("input", "3", "orbit-1"), rate("output", "10", "orbit-1"))
    assert effects(listed, (*OLD, *cheap), (*OLD, *dear), "orbit", "orbit-1") == []


def test_a_bill_that_is_not_certain_has_no_effect() -> None:
    split = said("nova", rate("input", "1", region="eu"), rate("input", "2", region="us"), rate("output", "5"))
    assert effects(Workload("bot", (USE,)), OLD, split) == []


def test_a_bill_of_nothing_has_no_percentage() -> None:
    assert Effect("bot", "nova-1", "USD", Fraction(0), Fraction(1)).percent == 0
