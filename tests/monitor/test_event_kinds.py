"""Every kind of event, from a case that happened; prices and dates as the providers printed them.

Elsewhere: hours that begin at a Beijing midnight and hours that end (`sequences/deepseek-hours.txt`), a price for
thinking that is dropped (`sequences/google-thinking.txt`), a release's month in a name and a floating alias that moves
(`sequences/mistral-names.txt`), a thousand restated as a million (`sequences/alibaba-halved.txt`), a first price that
settles and removals that wait (`test_confirmation.py`), a moved page and rows that slip (`test_judge_pages.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from monitor.judge import due_events
from scrapers.rates import Conditions, Rate
from tests.monitor.price_lists import (
    ABOVE_200K,
    OFF_PEAK,
    PEAK,
    UP_TO_200K,
    Watch,
    catalogue,
    kinds,
    model,
    rate,
    told,
    without,
)

OTHERS = catalogue(4)
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=1)


def yuan(name: str, meter: str, amount: str, **more: object) -> Rate:
    return rate(name, meter, amount, currency="CNY", **more)


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_scheduled_and_then_a_raise_at_the_instant_when_the_day_begins_in_beijing() -> None:
    """DeepSeek, announced on 13 August 2026 for the 17th at 0:00 in Beijing; nobody fetched the page that night."""
    begins = on("2026-08-16T16:00")
    now = (*OTHERS, yuan("deepseek-v4-flash", "input", "1"))
    windows = {OFF_PEAK: "1.5", PEAK: "3"}
    later = [yuan("deepseek-v4-flash", "input", a, conditions=c, valid_from=begins) for c, a in windows.items()]
    watch = Watch(now, at=on("2026-08-12"))
    announced = watch.look((*now, *later), at=on("2026-08-13"))
    assert [(e.kind, e.effective_from, e.amount_of(e.new)) for e in announced.events] == [
        ("scheduled", begins, "1.5"),
        ("scheduled", begins, "3"),
    ]
    before = due_events(
        provider=watch.provider, page=watch.page, accepted=announced.accepted, since=watch.at, now=begins - MINUTES
    )
    assert before.events == ()
    due = due_events(
        provider=watch.provider, page=watch.page, accepted=before.accepted, since=begins - MINUTES, now=begins
    )
    assert [(e.kind, e.effective_from, e.amount_of(e.old), e.amount_of(e.new)) for e in due.events] == [
        ("raise", begins, "1", "1.5"),
        ("raise", begins, "1", "3"),
    ]
    again = due_events(provider=watch.provider, page=watch.page, accepted=due.accepted, since=begins, now=begins + HOUR)
    assert again.events == ()


def test_cancelled_a_rise_that_the_page_takes_back_before_its_day() -> None:
    """Anthropic announced Sonnet 5 at $3 from September 2026 and took it back in August; $2 went on."""
    begins = on("2026-09-01")
    now = (*OTHERS, *model("Claude Sonnet 5", "2", "10"))
    rise = tuple(replace(r, valid_from=begins) for r in model("Claude Sonnet 5", "3", "15"))
    watch = Watch((*now, *rise), at=on("2026-08-01"))
    judgement = watch.look(now, at=on("2026-08-27"))
    assert told(judgement) == [
        ("cancelled", "Claude Sonnet 5", "input", "3", "2"),
        ("cancelled", "Claude Sonnet 5", "output", "15", "10"),
    ]
    assert {e.effective_from for e in judgement.events} == {begins}
    assert watch.look(now, at=on("2026-09-02")).events == ()


def test_a_promotion_begins_and_ends_by_its_own_date_on_a_page_that_still_shows_it() -> None:
    """DeepSeek V3's first prices held until 8 February 2025, midnight in Beijing."""
    ends = on("2025-02-08T16:00")
    full = (*OTHERS, yuan("deepseek-chat", "input", "2"), yuan("deepseek-chat", "output", "8"))
    sale = tuple(
        replace(r, amount=Decimal(now), list_amount=r.amount, valid_until=ends)
        for r, now in zip(full[-2:], ("1", "2"), strict=True)
    )
    watch = Watch(full, at=on("2024-12-25"))
    assert told(watch.look((*OTHERS, *sale), at=on("2024-12-26"))) == [
        ("promo_start", "deepseek-chat", "input", "2", "1"),
        ("promo_start", "deepseek-chat", "output", "8", "2"),
    ]
    over = watch.look((*OTHERS, *sale), at=ends + HOUR)
    assert [(e.kind, e.effective_from, e.amount_of(e.old), e.amount_of(e.new)) for e in over.events] == [
        ("promo_end", ends, "1", "2"),
        ("promo_end", ends, "2", "8"),
    ]
    assert watch.look(full, at=ends + 2 * HOUR).events == ()


def test_a_promotion_that_becomes_the_price_is_no_event() -> None:
    """DeepSeek V4 Pro: a quarter of the list price until 31 May 2026, made permanent on 22 May."""
    sale = yuan("deepseek-v4-pro", "input", "3", list_amount=Decimal(12), valid_until=on("2026-05-31T16:00"))
    watch = Watch((*OTHERS, sale), at=on("2026-05-01"))
    lasting = (*OTHERS, yuan("deepseek-v4-pro", "input", "3"))
    assert watch.look(lasting, at=on("2026-05-22")).events == ()
    assert watch.look(lasting, at=on("2026-06-02")).events == ()


def test_a_dropped_premium_for_long_prompts_is_a_cut_of_the_long_ones() -> None:
    """Anthropic, 13 March 2026: one million tokens at the ordinary price for 4.6, while 4.5 keeps its premium."""

    def sonnet(name: str, *, premium: bool) -> tuple[Rate, ...]:
        plain = model(f"Claude Sonnet {name}", "3", "15", conditions=UP_TO_200K if premium else Conditions())
        return (*plain, *model(f"Claude Sonnet {name}", "6", "22.50", conditions=ABOVE_200K)) if premium else plain

    watch = Watch((*OTHERS, *sonnet("4.5", premium=True), *sonnet("4.6", premium=True)))
    judgement = watch.look((*OTHERS, *sonnet("4.5", premium=True), *sonnet("4.6", premium=False)))
    assert told(judgement) == [
        ("cut", "Claude Sonnet 4.6", "input", "6", "3"),
        ("cut", "Claude Sonnet 4.6", "output", "22.50", "15"),
    ]
    assert {e.rate.conditions for e in judgement.events} == {ABOVE_200K}


def test_a_cut_in_cache_only_to_exactly_a_tenth_of_the_input_price() -> None:
    """DeepSeek, 2 August 2024: hits fall from $0.14 to $0.014, input stays at $0.14."""
    before = (*OTHERS, *model("deepseek-chat", "0.14", "0.28", "0.14"))
    after = (*OTHERS, *model("deepseek-chat", "0.14", "0.28", "0.014"))
    watch = Watch(before, confirm=True)
    assert watch.look(after, after=HOUR).events == ()
    assert told(watch.look(after, after=2 * MINUTES)) == [("cut", "deepseek-chat", "cached_input", "0.14", "0.014")]


def test_a_cut_in_batch_only() -> None:
    """OpenAI gave half off for batches of embeddings after they had cost the full price."""

    def embeddings(batch: str) -> tuple[Rate, ...]:
        both = rate("text-embedding-3-small", "input", "0.02")
        return (*OTHERS, both, replace(both, amount=Decimal(batch), service_tier="batch"))

    (event,) = Watch(embeddings("0.02")).look(embeddings("0.01")).events
    assert (event.kind, event.rate.service_tier, event.percent) == ("cut", "batch", -50.0)


def test_free_and_a_small_price_again() -> None:
    """Zhipu, 28 August 2024: GLM-4-Flash from ¥0.1 to nothing."""
    before = (*OTHERS, yuan("GLM-4-Flash", "input", "0.1"), yuan("GLM-4-Flash", "output", "0.1"))
    free = (*OTHERS, rate("GLM-4-Flash", "input", None), rate("GLM-4-Flash", "output", None))
    watch = Watch(before)
    assert [event[:3] for event in told(watch.look(free))] == [
        ("free", "GLM-4-Flash", "input"),
        ("free", "GLM-4-Flash", "output"),
    ]
    assert kinds(watch.look(before, after=timedelta(days=200))) == ["raise"]


def test_a_rename_is_told_from_a_removal_with_a_launch() -> None:
    """Zhipu put a day into a name; Anthropic's Sonnet 4.5 came at Sonnet 4's price."""
    flash = model("GLM-4-Flash", "0.1", "0.3")
    renamed = Watch((*OTHERS, *flash)).look((*OTHERS, *(replace(r, model="GLM-4-Flash-250414") for r in flash)))
    assert [(e.kind, e.why.split(":")[0]) for e in renamed.events] == [
        ("notice", "GLM-4-Flash is now called GLM-4-Flash-250414")
    ]
    sonnet = model("Claude Sonnet 4", "3", "15")
    newer = Watch((*OTHERS, *sonnet)).look((*OTHERS, *(replace(r, model="Claude Sonnet 4.5") for r in sonnet)))
    assert kinds(newer) == ["launch", "removal"]


def test_a_retired_name_that_is_served_by_another_model_is_no_cut() -> None:
    """DeepSeek, 2026: deepseek-chat goes on as a name of V4 Flash, as the provider file says."""
    flash = model("deepseek-v4-flash", "0.14", "0.28", "0.0028")
    before = (*OTHERS, *flash, *model("deepseek-chat", "0.28", "0.42", "0.028"))
    after = (*OTHERS, *flash, *(replace(r, model="deepseek-chat") for r in flash))
    watch = Watch(before, aliases=(("deepseek-chat", "deepseek-v4-flash"),))
    (event,) = watch.look(after).events
    assert (event.kind, event.why.split(":")[0]) == (
        "notice",
        "deepseek-chat now has the prices of deepseek-v4-flash",
    )
    retired = watch.look(without(after, "deepseek-chat"))
    assert kinds(retired) == ["removal"]


def test_a_second_currency_beside_the_first_is_no_launch_of_every_model() -> None:
    """Mistral prints euros beside dollars since 2026: the dollars are what they were."""
    euros = tuple(replace(r, currency="EUR", amount=r.amount and r.amount * Decimal("0.9")) for r in OTHERS)
    judgement = Watch(OTHERS).look((*OTHERS, *euros))
    assert kinds(judgement) == ["notice"]
    gone = Watch((*OTHERS, *euros)).look(OTHERS)
    assert set(kinds(gone)) <= {"held", "notice"}


def test_a_number_that_is_spelt_otherwise_is_nothing() -> None:
    """$0.50, $0.5, 50 cents a million as $0.0000005 a token, and an hour as sixty minutes."""
    said = rate("o4-mini", "input", "0.50")
    hour = rate("whisper-1", "audio_input", "0.36", per=Decimal(1), unit="hour")
    watch = Watch((*OTHERS, said, hour))
    for spelt in (
        replace(said, amount=Decimal("0.5")),
        replace(said, amount=Decimal("0.0000005"), per=Decimal(1)),
        replace(said, amount=Decimal("0.0005"), per=Decimal(1000)),
    ):
        minutes = replace(hour, amount=Decimal("0.006"), unit="minute")
        judgement = watch.look((*OTHERS, spelt, minutes))
        assert (judgement.events, judgement.pending) == ((), ())


def test_repriced_from_yuan_a_call_to_dollars_a_million() -> None:
    """A list that moves to another currency at other prices: nobody can say whether it rose."""
    before = (*OTHERS, yuan("embedding-3", "input", "0.5"))
    judgement = Watch(before).look((*OTHERS, rate("embedding-3", "input", "0.06")))
    assert [(e.kind, e.percent) for e in judgement.events] == [("repriced", None)]


def test_a_correction_of_a_slipped_unit() -> None:
    """$2.509 an image that was meant for a thousand images."""
    slipped = rate("flux-schnell", "image", "2.509", per=Decimal(1), unit="image")
    judgement = Watch((*OTHERS, slipped)).look((*OTHERS, replace(slipped, per=Decimal(1000))))
    assert kinds(judgement) == ["correction"]
    assert "a unit slip on the page was repaired" in judgement.events[0].why
