"""What other sources say: whether they mean the same price, and what that does to a verdict."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.judging.same_model import spellings
from monitor.judging.witnesses import Bench, Hearing, Witness, relation
from scrapers.rates import Conditions, Rate, TokenRange
from tests.monitor.price_lists import (
    ABOVE_200K,
    DAY,
    OFF_PEAK,
    UP_TO_200K,
    Watch,
    catalogue,
    kinds,
    price,
    rate,
    with_price,
    without,
)

PAGE = catalogue()


def witness(theirs: Rate, lineage: str = "litellm", **more: object) -> Witness:
    return Witness(lineage, lineage, theirs, **more)  # type: ignore[arg-type]  # a test's keywords are the fields' names


def says(amount: str | None, lineage: str = "litellm", name: str = "model-2", **more: object) -> Witness:
    """That Model 2's input costs so many dollars per million."""
    return witness(rate(name, "input", amount, **more), lineage)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claude Haiku 4.5", "claude-4-5-haiku"),
        ("GPT-4o mini", "openai/gpt-4o-mini"),
        ("DeepSeek-V3 (deepseek-chat)", "deepseek-chat"),
        ("Claude Haiku 4.5", "eu.anthropic.claude-haiku-4-5-v1:0"),
        ("claude-opus-4-5", "claude-opus-4-5@default"),
        ("GLM-4.5 Air", "glm-4.5-air"),
    ],
)
def test_one_model_by_two_names(one: str, other: str) -> None:
    assert spellings(one).words & spellings(other).words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4", "gpt-4o"),
        ("GPT-5.4 mini", "gpt-4.5-mini"),
        ("deepseek-v3", "deepseek-v3.1"),
        ("deepseek-v3", "deepseek"),
        ("Claude Sonnet 4", "claude-sonnet-4-5"),
        ("qwen-plus", "qwen-plus-latest"),
    ],
)
def test_two_models_by_near_names(one: str, other: str) -> None:
    assert not spellings(one).words & spellings(other).words


OURS = rate("Model 2", "input", "2")


@pytest.mark.parametrize(
    ("ours", "theirs", "how"),
    [
        (OURS, says("2.0"), "agree"),
        (OURS, says("0.000002", per=Decimal(1)), "agree"),
        (OURS, says("0.0000020000000000000003", per=Decimal(1)), "agree"),
        (OURS, says("3"), "disagree"),
        (rate("m", "input", "0.13"), says("0.125"), "agree"),
        (rate("m", "input", "1"), says("1.4"), "disagree"),
        (rate("m", "input", "0.130"), says("0.125"), "disagree"),
        (OURS, says("2", currency="CNY"), "not comparable"),
        (OURS, says("3", currency="CNY"), "not comparable"),
        (OURS, says("2", unit="character"), "not comparable"),
        (OURS, says(None), "not comparable"),
        (rate("m", "input", None), says(None), "agree"),
        (rate("m", "input", None), says("3"), "disagree"),
        (OURS, witness(replace(OURS, state="dynamic", amount=None)), "not comparable"),
        (replace(OURS, list_amount=Decimal(3)), says("3"), "not comparable"),
        (replace(OURS, valid_until=DAY), says("3"), "not comparable"),
        (OURS, replace(says("3"), is_resold=True), "not comparable"),
        (OURS, replace(says("2"), is_resold=True), "agree"),
        (replace(OURS, service_tier="batch"), says("3", service_tier="batch"), "not comparable"),
        (replace(OURS, conditions=OFF_PEAK), says("3", conditions=OFF_PEAK), "not comparable"),
        (
            replace(OURS, conditions=Conditions(region="eu")),
            says("3", conditions=Conditions(region="eu")),
            "not comparable",
        ),
        (replace(OURS, conditions=ABOVE_200K), says("3", conditions=UP_TO_200K), "not comparable"),
        (replace(OURS, conditions=UP_TO_200K), says("2"), "agree"),
        (replace(OURS, conditions=UP_TO_200K), says("3"), "not comparable"),
        (
            replace(OURS, conditions=ABOVE_200K),
            says("3", conditions=Conditions(context_tokens=TokenRange(gt=204_800))),
            "disagree",
        ),
        (
            rate("m", "cache_write", "2", conditions=Conditions(cache_ttl="5m")),
            witness(rate("m", "cache_write", "3")),
            "disagree",
        ),
        (
            rate("m", "cache_write", "2", conditions=Conditions(cache_ttl="1h")),
            witness(rate("m", "cache_write", "3", conditions=Conditions(cache_ttl="5m"))),
            "not comparable",
        ),
    ],
)
def test_when_two_prices_agree(ours: Rate, theirs: Witness, how: str) -> None:
    assert relation(ours, theirs)[0] == how


def test_lineages_are_counted_and_not_sources() -> None:
    bench = Bench([says("1"), says("1", name="acme/model-2"), says("2", "models.dev"), says("7", "genai-prices")])
    heard = bench.hear(rate("Model 2", "input", "2"), rate("Model 2", "input", "1"))
    assert heard == Hearing(("litellm",), ("models.dev",), ("genai-prices",))


def test_the_nearest_name_of_a_lineage_speaks_and_a_dated_one_contradicts_nothing() -> None:
    old, new = rate("Model 2", "input", "2"), rate("Model 2", "input", "1")
    assert Bench([says("1"), says("2", name="model-2-2026-05-13")]).hear(old, new) == Hearing(("litellm",))
    assert Bench([says("2", name="model-2-2026-05-13")]).hear(old, new) == Hearing()
    assert Bench([says("1", name="model-2-2026-05-13")]).hear(old, new) == Hearing(("litellm",))
    two = [says("1", name="model-2-2026-05-13"), says("1", name="model-2-2026-08-01")]
    assert Bench(two).hear(old, new) == Hearing()


def test_a_declared_alias_is_the_same_model() -> None:
    bench = Bench([says("1", name="nova-two")], aliases=(("nova-two", "Model 2"),))
    assert bench.hear(rate("Model 2", "input", "2"), rate("Model 2", "input", "1")).new == ("litellm",)


def told(amount: str | None, *witnesses: Witness, confirm: bool = False, old: str = "2.00") -> Watch:
    """A page that changed Model 2's input, looked at once with these witnesses."""
    watch = Watch(with_price(PAGE, "Model 2", "input", old), confirm=confirm)
    watch.look(with_price(PAGE, "Model 2", "input", amount), witnesses=witnesses)
    return watch


def test_agreement_makes_a_cut_surer_and_says_who() -> None:
    alone, one, two = told("1"), told("1", says("1")), told("1", says("1"), says("1", "models.dev"))
    sure = [watch.last.events[0].confidence for watch in (alone, one, two) if watch.last]
    assert sure == [0.85, 0.91, 0.94]
    assert two.last is not None
    assert two.last.events[0].why.count("litellm, models.dev show $1 per 1M tokens too") == 1


def test_a_late_feed_makes_it_a_little_less_sure_and_holds_nothing() -> None:
    watch = told("1", says("2"))
    assert watch.last is not None
    (event,) = watch.last.events
    assert (event.kind, event.confidence) == ("cut", 0.8)
    assert "litellm still shows $2 per 1M tokens" in event.why


@pytest.mark.parametrize(
    "theirs", [says("7"), says(None), says("2", currency="CNY"), replace(says("2"), is_resold=True)]
)
def test_other_words_change_nothing(theirs: Witness) -> None:
    plain, heard = told("1").last, told("1", theirs).last
    assert plain is not None
    assert plain == heard


def test_a_change_held_for_its_size_waits_for_a_third_look_when_one_lineage_shows_it() -> None:
    alone = told("0.2", confirm=True)
    assert alone.last is not None
    assert (kinds(alone.last), alone.last.pending[0].outcome) == (["held"], "held")
    watch = told("0.2", says("0.2"), confirm=True)
    page = with_price(PAGE, "Model 2", "input", "0.2")
    assert watch.last is not None
    assert (watch.last.events, watch.last.pending[0].outcome) == ((), "wait")
    second = watch.look(page, witnesses=[says("0.2")])
    assert (second.events, price(second, "Model 2", "input")) == ((), "2.00")
    third = watch.look(page, witnesses=[says("0.2")])
    assert (kinds(third), price(third, "Model 2", "input")) == (["cut"], "0.2")


def test_two_lineages_let_it_wait_for_the_second_look_and_never_less() -> None:
    heard = (says("0.2"), says("0.2", "models.dev"))
    watch = told("0.2", *heard, confirm=True)
    assert watch.last is not None
    assert (watch.last.events, watch.last.pending[0].outcome) == ((), "wait")
    second = watch.look(with_price(PAGE, "Model 2", "input", "0.2"), witnesses=heard)
    assert (kinds(second), price(second, "Model 2", "input")) == (["cut"], "0.2")


def test_a_witness_that_falls_silent_before_the_third_look_leaves_it_to_a_person() -> None:
    watch = told("0.2", says("0.2"), confirm=True)
    second = watch.look(with_price(PAGE, "Model 2", "input", "0.2"))
    assert kinds(second) == ["held"]


def test_large_prices_that_become_free_are_of_size_too() -> None:
    watch = told(None, says(None), confirm=True, old="20.00")
    assert watch.last is not None
    assert watch.last.pending[0].outcome == "wait"
    alone = told(None, confirm=True, old="20.00")
    assert alone.last is not None
    assert alone.last.pending[0].outcome == "held"


def test_guards_of_the_page_and_the_band_are_not_overruled() -> None:
    watch = Watch(PAGE, confirm=True)
    slipped = tuple(replace(r, amount=(r.amount or Decimal(0)) / 1000) for r in PAGE)
    agreeing = [witness(r, lineage) for r in slipped for lineage in ("litellm", "models.dev")]
    held = watch.look(slipped, witnesses=agreeing)
    assert {pending.outcome for pending in held.pending} == {"held"}
    mad = "300000"
    band = told(mad, says(mad), says(mad, "models.dev"), confirm=True)
    assert band.last is not None
    assert band.last.pending[0].outcome == "held"


def test_a_removal_waits_while_another_page_of_the_provider_shows_the_model() -> None:
    watch = Watch(PAGE, confirm=True)
    gone = without(PAGE, "Model 2")
    twin = [Witness("acme itself", "https://acme.example/ja", r, is_own=True) for r in PAGE if r.model == "Model 2"]
    for _ in range(4):
        kept = watch.look(gone, witnesses=twin)
        assert (kept.events, {p.outcome for p in kept.pending}) == ((), {"kept"})
        assert price(kept, "Model 2", "input") == "2.00"
    assert "https://acme.example/ja still shows it" in kept.pending[0].why
    believed = watch.look(gone)
    assert kinds(believed) == ["removal"]


def test_a_feed_that_still_lists_a_removed_model_keeps_nothing_waiting() -> None:
    watch = Watch(PAGE, confirm=True)
    feed = [witness(r) for r in PAGE if r.model == "Model 2"]
    watch.look(without(PAGE, "Model 2"), witnesses=feed)
    assert kinds(watch.look(without(PAGE, "Model 2"), witnesses=feed)) == ["removal"]


def test_a_twin_with_another_price_of_the_model_keeps_nothing_waiting() -> None:
    watch = Watch(PAGE, confirm=True)
    other = [Witness("acme itself", "https://acme.example/ja", rate("Model 2", "input", "9"), is_own=True)]
    watch.look(without(PAGE, "Model 2"), witnesses=other)
    assert kinds(watch.look(without(PAGE, "Model 2"), witnesses=other)) == ["removal"]


def test_a_held_change_is_told_when_a_feed_catches_up_and_a_rejected_one_is_not() -> None:
    page = with_price(PAGE, "Model 2", "input", "0.2")
    watch = told("0.2", confirm=True)
    for _ in range(3):
        assert watch.look(page).events == ()
    (event,) = watch.look(page, witnesses=[says("0.2")]).events
    assert (event.kind, "seen 5 times" in event.why, "litellm shows $0.2" in event.why) == ("cut", True, True)
    rejected = told("0.2", confirm=True)
    assert rejected.last is not None
    settled = tuple(replace(pending, outcome="settled") for pending in rejected.last.pending)
    rejected.last = replace(rejected.last, pending=settled)
    later = rejected.look(page, witnesses=[says("0.2"), says("0.2", "models.dev")])
    assert (later.events, price(later, "Model 2", "input")) == ((), "2.00")


def test_a_held_change_waits_for_its_third_look_although_a_feed_has_caught_up() -> None:
    page = with_price(PAGE, "Model 2", "input", "0.2")
    watch = told("0.2", confirm=True)
    assert watch.look(page, witnesses=[says("0.2")]).events == ()
    assert kinds(watch.look(page, witnesses=[says("0.2")])) == ["cut"]


def test_what_the_page_as_a_whole_makes_doubtful_stays_held_whatever_a_feed_shows() -> None:
    slipped = tuple(replace(r, amount=(r.amount or Decimal(0)) / 1000) for r in PAGE)
    watch = Watch(PAGE, confirm=True)
    for feeds in ([], [witness(r, line) for r in slipped for line in ("litellm", "models.dev")]):
        watch.look(slipped, witnesses=feeds)
        watch.look(slipped, witnesses=feeds)
        assert watch.last is not None
        assert {pending.outcome for pending in watch.last.pending} == {"held"}
