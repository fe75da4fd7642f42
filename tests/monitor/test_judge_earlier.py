"""A reader that was repaired reads what stood on the page all along: that is no launch, no cut and no removal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from monitor.judging.earlier import Earlier, earlier_of
from scrapers.rates import Complaint, PriceList, Rate
from tests.monitor.price_lists import DAY, Watch, catalogue, kinds, model, price, rate, told, with_price, without

PAGE = catalogue()
NOVA = model("Nova", "0.5", "1.5")


def repaired(shown: tuple[Rate, ...], *complaints: Complaint, accepted: tuple[Rate, ...] = PAGE) -> Watch:
    """A page of which the accepted list was read by an older reader, and today's reads `shown` on the old capture."""
    watch = Watch(accepted, confirm=True)
    earlier = earlier_of(PriceList(shown, complaints), accepted, DAY)

    def before(_first_seen: datetime) -> Earlier:
        return earlier

    watch.earlier = before
    return watch


def twice(watch: Watch, now: tuple[Rate, ...]) -> list[str]:
    """The kinds that are told at two looks a day apart."""
    return [kind for _ in range(2) for kind in kinds(watch.look(now))]


@pytest.mark.parametrize(
    ("shown", "now", "kind"),
    [
        ((*PAGE, *NOVA), (*PAGE, *NOVA), "notice"),
        (PAGE, (*PAGE, *NOVA), "launch"),
        ((*PAGE, *model("Nova", "0.7", "1.5")), (*PAGE, NOVA[0]), "launch"),
        (with_price(PAGE, "Model 2", "input", "1.80"), with_price(PAGE, "Model 2", "input", "1.80"), "correction"),
        (PAGE, with_price(PAGE, "Model 2", "input", "1.80"), "cut"),
        (without(PAGE, "Model 2"), without(PAGE, "Model 2"), "notice"),
        (PAGE, without(PAGE, "Model 2"), "removal"),
        (with_price(PAGE, "Model 2", "input", "0.20"), with_price(PAGE, "Model 2", "input", "0.20"), "held"),
    ],
    ids=["read at last", "new", "another price", "read otherwise", "cut", "not read", "gone", "held for its size"],
)
def test_what_the_page_showed_before_is_no_event_of_today(
    shown: tuple[Rate, ...], now: tuple[Rate, ...], kind: str
) -> None:
    watch = repaired(shown)
    assert set(twice(watch, now)) == {kind}
    if kind != "held":
        assert {r.identity for r in watch.look(now).accepted} == {r.identity for r in now}


def test_a_price_that_was_only_announced_before_was_not_in_force() -> None:
    cheaper = with_price(PAGE, "Model 2", "input", "1.80")
    coming = replace(rate("Model 2", "input", "1.80"), valid_from=DAY.replace(year=2027))
    assert twice(repaired((*PAGE, coming)), cheaper) == ["cut"]


CONFLICT = Complaint("conflict", "Model 2 cached_input has several prices and nothing tells them apart: 0.12, 0.3")


@pytest.mark.parametrize("is_readers", [True, False])
def test_a_price_that_the_page_gave_twice_and_now_gives_once_is_no_launch(is_readers: bool) -> None:
    accepted = tuple(r for r in PAGE if (r.model, r.meter) != ("Model 2", "cached_input"))
    both = (rate("Model 2", "cached_input", "0.12"), rate("Model 2", "cached_input", "0.3"))
    earlier = repaired(accepted, CONFLICT, accepted=accepted)
    watch = earlier if is_readers else repaired((*accepted, *both), accepted=accepted)
    assert twice(watch, PAGE) == ["notice"]
    assert watch.last is not None
    assert price(watch.last, "Model 2", "cached_input") == "0.12"


def test_a_new_model_whose_prices_were_unclear_at_first_is_a_launch() -> None:
    message = "Nova input has several prices and nothing tells them apart: 0.5, 0.6"
    watch = repaired(PAGE, Complaint("conflict", message))
    watch.look((*PAGE, *NOVA))
    assert told(watch.look((*PAGE, *NOVA)))[0][:3] == ("launch", "Nova", "input")
