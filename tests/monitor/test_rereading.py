"""What today's reader says of kept captures: wrong, missing and new prices, and what is no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from monitor.rereading import Misreading, Reading, find_misreadings, sight
from scrapers.rates import PriceList, Rate
from storage.recorded import RecordedInterval
from tests.monitor.price_lists import DAY, rate

INPUT = rate("Nova", "input", "2.00")
OUTPUT = rate("Nova", "output", "6.00")


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def row(rate_: Rate, first: int, last: int, ended: int | None = None, number: int = 1) -> RecordedInterval:
    return RecordedInterval(number, rate_, day(first), day(last), None if ended is None else day(ended), None)


def readings(*lists: Sequence[Rate]) -> list[Reading]:
    """A capture a day."""
    return [Reading(day(number), PriceList(tuple(rates))) for number, rates in enumerate(lists)]


def said(wrong: Misreading) -> tuple[object, ...]:
    pieces = [
        (
            str(piece.rate.amount),
            (piece.seen_from - DAY).days,
            None if piece.ended_at is None else (piece.ended_at - DAY).days,
        )
        for piece in wrong.pieces
    ]
    return (wrong.what, pieces, wrong.is_in_force, wrong.is_changed_now)


def at(amount: str, base: Rate = INPUT) -> Rate:
    return replace(base, amount=Decimal(amount))


def test_what_is_read_as_it_was_recorded_is_no_difference() -> None:
    history = [row(INPUT, 0, 1, 2), row(at("1"), 2, 3, number=2), row(OUTPUT, 0, 3, number=3)]
    pages = readings([INPUT, OUTPUT], [INPUT, OUTPUT], [at("1"), OUTPUT], [at("1.000"), OUTPUT])
    assert find_misreadings(history, pages) == ()


def test_a_price_that_reads_otherwise_all_the_time_is_another_price_since_its_beginning() -> None:
    (wrong,) = find_misreadings([row(INPUT, 0, 2)], readings([at("2000")], [at("2000")], [at("2000")]))
    assert said(wrong) == ("other", [("2000", 0, None)], True, True)


def test_a_currency_that_reads_otherwise_is_another_price_and_not_two() -> None:
    yuan = replace(INPUT, currency="CNY")
    (wrong,) = find_misreadings([row(INPUT, 0, 1)], readings([yuan], [yuan]))
    assert (wrong.what, wrong.pieces[0].rate.currency) == ("other", "CNY")


def test_a_change_that_was_not_seen_is_found_on_its_day() -> None:
    (wrong,) = find_misreadings([row(INPUT, 0, 3)], readings([INPUT], [INPUT], [at("1")], [at("1")]))
    assert said(wrong) == ("other", [("2.00", 0, 2), ("1", 2, None)], True, True)


def test_a_price_of_the_past_is_corrected_without_changing_todays() -> None:
    history = [row(INPUT, 0, 0, 1), row(at("1"), 1, 2, number=2)]
    (wrong,) = find_misreadings(history, readings([at("3")], [at("1")], [at("1")]))
    assert said(wrong) == ("other", [("3", 0, 1)], False, False)


def test_a_glitch_that_was_not_believed_is_no_difference() -> None:
    # Day 1 showed a tenth and day 2 nothing at all; both were held and the page went back.
    assert (
        find_misreadings(
            [row(INPUT, 0, 3)], readings([INPUT], [at("0.2")], [OUTPUT], [INPUT]), doubted=frozenset({sight(OUTPUT)})
        )
        == ()
    )


def test_what_is_held_today_is_no_difference() -> None:
    kept = row(INPUT, 0, 0)  # in the list since, and no longer seen
    assert find_misreadings([kept], readings([INPUT], [at("0.2")], [at("0.2")])) == ()


def test_a_launch_that_was_held_is_not_new_and_one_that_waited_is_recorded() -> None:
    launch = rate("Sol", "input", "900000")
    pages = readings([INPUT], [INPUT, launch], [INPUT, launch])
    assert find_misreadings([row(INPUT, 0, 2)], pages, doubted=frozenset({sight(launch)})) == ()
    waited = row(rate("Sol", "input", "9"), 2, 2, number=2)
    pages = readings([INPUT], [INPUT, waited.rate], [INPUT, waited.rate])
    assert find_misreadings([row(INPUT, 0, 2), waited], pages) == ()


def test_a_price_that_nobody_read_is_new_for_as_long_as_it_stood_there() -> None:
    cheaper = at("5", OUTPUT)
    pages = readings([INPUT], [INPUT, OUTPUT], [INPUT, cheaper], [INPUT, cheaper], [INPUT])
    first, second = find_misreadings([row(INPUT, 0, 4)], pages)
    assert said(first) == ("new", [("6.00", 1, 2)], False, False)
    assert said(second) == ("new", [("5", 2, 4)], False, False)
    (open_,) = find_misreadings([row(INPUT, 0, 1)], readings([INPUT], [INPUT, OUTPUT]))
    assert said(open_) == ("new", [("6.00", 1, None)], True, False)


def test_what_was_gone_at_the_second_look_or_still_waits_for_it_is_not_new() -> None:
    pages = readings([INPUT], [INPUT, OUTPUT], [INPUT])
    assert find_misreadings([row(INPUT, 0, 2)], pages) == ()
    assert find_misreadings([row(INPUT, 0, 1)], pages[:2], waiting=frozenset({"nova"})) == ()


def test_a_price_printed_beside_one_that_replaces_it_is_what_was_recorded() -> None:
    due = replace(at("0.1"), valid_from=day(1))  # held when it fell due, for its size
    pages = readings([INPUT, due], [INPUT, due], [INPUT, due])
    assert (
        find_misreadings([row(INPUT, 0, 2), row(due, 0, 0, 1, number=2)], pages, doubted=frozenset({sight(due)})) == ()
    )


def test_a_price_that_no_capture_states_was_never_there() -> None:
    (wrong,) = find_misreadings([row(INPUT, 0, 1), row(OUTPUT, 0, 1, number=2)], readings([INPUT], [INPUT]))
    assert said(wrong) == ("missing", [], True, True)
    assert wrong.rate == OUTPUT


def test_captures_before_a_day_are_left_alone() -> None:
    pages = readings([INPUT], [INPUT], [at("1")], [at("1")])
    (wrong,) = find_misreadings([row(INPUT, 0, 3)], pages[2:], since=day(2))
    assert said(wrong) == ("other", [("2.00", 0, 2), ("1", 2, None)], True, True)


def test_what_a_person_corrected_stands() -> None:
    stated = replace(at("2.5"), flags=("corrected",))
    assert find_misreadings([row(stated, 0, 1)], readings([INPUT], [INPUT])) == ()


def test_two_prices_for_one_thing_say_nothing_about_it() -> None:
    assert find_misreadings([row(INPUT, 0, 1)], readings([INPUT, at("7")], [INPUT, at("7")])) == ()


def test_an_announced_price_is_followed_into_force() -> None:
    later = replace(at("3"), valid_from=day(2))
    history = [row(INPUT, 0, 1, 2), row(later, 0, 2, number=2)]
    assert find_misreadings(history, readings([INPUT, later], [INPUT, later], [INPUT, later])) == ()


@pytest.mark.parametrize("unreadable", [0, 1, 2])
def test_a_capture_that_cannot_be_read_is_no_difference(unreadable: int) -> None:
    pages = readings([INPUT], [INPUT], [INPUT])
    del pages[unreadable]
    assert find_misreadings([row(INPUT, 0, 2)], pages) == ()
