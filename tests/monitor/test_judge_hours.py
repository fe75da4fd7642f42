"""Peak and off-peak hours that move while their prices stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scrapers.windows import WEEK, Window
from tests.monitor.price_lists import DAY, OFF_PEAK, PEAK, Watch, catalogue, kinds, model, with_price

PAGE = (
    *catalogue(4),
    *model("deepseek-v4", "0.44", "1.32", conditions=PEAK),
    *model("deepseek-v4", "0.22", "0.66", conditions=OFF_PEAK),
)
NIGHT = Window("off_peak", "Asia/Shanghai", ((30, 510),))  # 00:30-08:30
LATER = replace(NIGHT, hours=((120, 480),))  # 02:00-08:00
MINUTES = timedelta(minutes=3)


def watch(*windows: Window, confirm: bool = True) -> Watch:
    first = Watch(PAGE, confirm=confirm)
    first.look(PAGE, windows=windows)
    return first


def test_moved_hours_are_told_once_at_the_second_look_in_local_time_and_utc() -> None:
    page = watch(NIGHT)
    first = page.look(PAGE, windows=(LATER,))
    assert (first.events, first.windows) == ((), (NIGHT,))
    second = page.look(PAGE, after=MINUTES, windows=(LATER,))
    (event,) = second.events
    assert (event.kind, second.windows, second.pending) == ("notice", (LATER,), ())
    assert "now off-peak 02:00-08:00 Asia/Shanghai, daily (18:00-00:00 UTC)" in event.why
    assert "before: off-peak 00:30-08:30 Asia/Shanghai, daily (16:30-00:30 UTC)" in event.why
    assert page.look(PAGE, windows=(LATER,)).events == ()


def test_hours_that_were_misread_once_are_told_to_nobody() -> None:
    page = watch(NIGHT)
    page.look(PAGE, windows=(LATER,))
    back = page.look(PAGE, after=MINUTES, windows=(NIGHT,))
    assert (back.events, back.pending, back.windows) == ((), (), (NIGHT,))


@pytest.mark.parametrize(
    "same",
    [
        Window("off_peak", "UTC", ((990, 30),)),
        Window("peak", "Asia/Shanghai", ((510, 30),)),
        replace(NIGHT, quote="other words"),
        replace(NIGHT, valid_from=DAY - timedelta(days=9)),
    ],
    ids=["another zone", "the other kind", "other words", "a day that has come"],
)
def test_the_same_hours_in_other_words_are_nothing(same: Window) -> None:
    said = watch(NIGHT).look(PAGE, windows=(same,))
    assert (said.events, said.pending, said.windows) == ((), (), (same,))


def test_weekends_that_become_cheap_are_a_change() -> None:
    peak = Window("peak", "Asia/Shanghai", ((540, 1080),))
    (event,) = watch(peak, confirm=False).look(PAGE, windows=(replace(peak, days=WEEK[:5]),)).events
    assert "mon-fri" in event.why


def test_announced_hours_are_told_when_announced_and_not_again_when_they_begin() -> None:
    page = watch(NIGHT, confirm=False)
    day = datetime(2026, 8, 9, 16, tzinfo=UTC)
    coming = replace(LATER, valid_from=day)
    (event,) = page.look(PAGE, windows=(NIGHT, coming)).events
    assert (event.kind, event.effective_from) == ("notice", day)
    assert "from 2026-08-09T16:00:00Z: off-peak 02:00-08:00" in event.why
    assert page.look(PAGE, at=day + timedelta(hours=1), windows=(LATER,)).events == ()


@pytest.mark.parametrize(("before", "after"), [((), (NIGHT,)), ((NIGHT,), ())])
def test_hours_that_a_page_begins_or_ceases_to_tell_have_not_moved(
    before: tuple[Window, ...], after: tuple[Window, ...]
) -> None:
    said = watch(*before).look(PAGE, windows=after)
    assert (said.events, said.windows) == ((), after)


def test_hours_of_a_provider_file_are_believed_at_once() -> None:
    said = watch(NIGHT).look(PAGE, windows=(replace(LATER, source="file"),))
    assert (said.events, said.windows[0].hours) == ((), LATER.hours)


def test_a_cut_at_the_same_time_is_told_as_a_cut() -> None:
    cheaper = with_price(PAGE, "Model 1", "input", "0.50")
    both = watch(NIGHT, confirm=False).look(cheaper, windows=(LATER,))
    assert kinds(both) == ["cut", "notice"]
