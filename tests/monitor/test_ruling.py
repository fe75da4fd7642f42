"""Decisions on held differences of every form, and what later looks make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.judge import judge_page
from monitor.judging.corrections import Meant, amended, corrected_pending, corrected_rate
from monitor.judging.policy import Policy
from monitor.reviewing import Held, accepted_prices, held_differences, held_ref, with_parts
from monitor.ruling import Action, Word, correct_accepted, decide
from monitor.settings import Settings
from scrapers.catalog import Page, Provider
from scrapers.rates import Evidence, PriceList, Rate
from storage.nouns import Correction, Event, Pending, identity_text
from storage.outcomes import Decision, PageOutcome, PageState
from storage.rows import event_of
from storage.rulings import rulings
from storage.store import Store
from tests.monitor.price_lists import DAY, OFF_PEAK, PEAK, catalogue, rate, with_price, without

URL = "https://acme.example/pricing"
PAGE = catalogue(9)
MILLION = Decimal(1_000_000)


@dataclass
class Desk:
    """A page that is looked at every day, and a person who decides about it."""

    store: Store
    settings: Settings
    at: datetime = DAY
    looks: int = 0

    def look(self, rates: tuple[Rate, ...], url: str = URL, market: str = "intl") -> tuple[Event, ...]:
        """One look as `monitor.cycle` takes it; what is told."""
        self.at += timedelta(days=1)
        self.looks += 1
        page = Page("acme", url, market=market)
        state = self.store.page_state("acme", market, url)
        known = () if state.page_id is None else self.store.accepted_rates(state.page_id)
        read = PriceList(rates)
        if state.page_id is not None:
            read = amended(read, self.store.corrections_of(state.page_id), known)
        judgement = judge_page(
            provider=Provider("acme", "Acme", pages=(page,)),
            page=page,
            accepted=known or None,
            read=read,
            pending=() if state.page_id is None else self.store.pending_of(state.page_id),
            captured_at=self.at,
            previous_at=state.last_ok_at,
            policy=Policy(confirm=False),
        )
        events = self.store.new_events(judgement.events)
        self.store.record_page(
            PageOutcome(
                run_id=None,
                provider="acme",
                market=market,
                url=url,
                captured_at=self.at,
                sha256=f"{self.looks:064}",
                size=1,
                price_list=read,
                accepted=judgement.accepted,
                recorded_at=self.at,
                pending=judgement.pending,
                events=events,
            )
        )
        return events

    @property
    def held(self) -> tuple[Held, ...]:
        return held_differences(self.store)

    @property
    def word(self) -> Word:
        return Word("I asked them", "ann", self.at + timedelta(hours=1))

    def rule(self, action: Action, *chosen: Held, meant: Meant | None = None) -> tuple[str, ...]:
        before = len(self.events)
        decide(self.store, self.settings, chosen, action, self.word, meant)
        return tuple(event.kind for event in self.events[before:])

    @property
    def events(self) -> tuple[Event, ...]:
        found = self.store.connection.rows("SELECT * FROM events WHERE kind <> 'held' ORDER BY seq")
        return tuple(event_of(row) for row in found)

    def amounts(self, name: str, meter: str) -> list[str]:
        (state,) = [state for state in self.store.pages() if state.url == URL]
        found = [
            each for each in self.store.accepted_rates(state.page_id or 0) if (each.model, each.meter) == (name, meter)
        ]
        return [None if each.amount is None else str(each.amount) for each in found]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store.open(tmp_path / "prices.db") as store:
        yield Desk(store, Settings(None, tmp_path / "prices.db", tmp_path / "pages", tmp_path))


def test_an_accepted_removal_is_told_as_one(desk: Desk) -> None:
    desk.look(PAGE)
    desk.look(without(PAGE, "Model 1", "Model 2", "Model 3", "Model 4"))
    mine = [one for one in desk.held if one.rate.model == "Model 1"]
    assert desk.rule("accept", *mine) == ("removal",) * 3
    assert desk.amounts("Model 1", "input") == []
    assert desk.look(without(PAGE, "Model 1", "Model 2", "Model 3", "Model 4")) == ()


def test_a_rejected_removal_keeps_the_price_and_does_not_hold_later_ones(desk: Desk) -> None:
    fewer = without(PAGE, "Model 1", "Model 2", "Model 3", "Model 4")
    desk.look(PAGE)
    desk.look(fewer)
    assert desk.rule("reject", *desk.held) == ()
    assert desk.look(fewer) == ()
    assert desk.amounts("Model 1", "input") == ["1.00"]
    later = desk.look(without(fewer, "Model 9"))
    assert {(event.kind, event.rate.model) for event in later} == {("removal", "Model 9")}


def test_the_parts_of_a_split_are_accepted_together(desk: Desk) -> None:
    flat = (rate("Nova", "input", "1.00"), rate("Nova", "output", "4.00"))
    parts = tuple(
        rate("Nova", meter, amount, conditions=when)
        for meter, amount, when in [
            ("input", "0.10", OFF_PEAK),
            ("input", "2.00", PEAK),
            ("output", "4.00", OFF_PEAK),
            ("output", "8.00", PEAK),
        ]
    )
    desk.look((*PAGE, *flat))
    desk.look((*PAGE, *parts))
    inputs = [one for one in desk.held if one.rate.meter == "input"]
    assert len(inputs) == 2
    assert set(with_parts(inputs[:1], desk.held)) == set(inputs)
    assert sorted(desk.rule("accept", *with_parts(inputs[:1], desk.held))) == ["cut", "raise"]
    assert sorted(desk.amounts("Nova", "input")) == ["0.10", "2.00"]
    assert desk.look((*PAGE, *parts)) == ()


def test_of_two_prices_for_one_thing_the_accepted_one_stays_settled(desk: Desk) -> None:
    twice = (*PAGE, rate("Model 3", "input", "2.75"))
    desk.look(PAGE)
    desk.look(twice)
    (conflict,) = desk.held
    assert desk.rule("accept", conflict) == ("cut",)
    assert desk.amounts("Model 3", "input") == ["2.75"]
    assert desk.look(twice) == ()
    assert desk.held == ()
    assert desk.look(with_price(PAGE, "Model 3", "input", "2.75")) == ()


def test_a_launch_that_was_held_is_corrected_and_told_as_a_launch(desk: Desk) -> None:
    odd = (*PAGE, rate("Nova", "input", "250000"))
    desk.look(PAGE)
    desk.look(odd)
    (launch,) = desk.held
    assert desk.rule("correct", launch, meant=Meant(Decimal("0.25"))) == ("launch",)
    assert desk.amounts("Nova", "input") == ["0.25"]
    assert desk.look(odd) == ()
    assert desk.held == ()
    # Another number is judged against what the person said.
    assert [event.kind for event in desk.look((*PAGE, rate("Nova", "input", "0.30")))] == ["raise"]
    assert [event.kind for event in desk.look(odd)] == ["held"]


def test_a_correction_to_the_accepted_price_tells_nothing_and_lasts(desk: Desk) -> None:
    slip = with_price(PAGE, "Model 5", "input", "50")
    desk.look(PAGE)
    desk.look(slip)
    (held,) = desk.held
    assert desk.rule("correct", held, meant=Meant(Decimal(5))) == ()
    for rates in (slip, PAGE, slip):
        assert desk.look(rates) == ()
        assert desk.held == ()
    assert desk.amounts("Model 5", "input") == ["5"]


def test_a_correction_may_change_currency_and_unit(desk: Desk) -> None:
    read = rate("Nova", "input", "2", currency="CNY")
    right = corrected_rate(read, Meant(Decimal("0.002"), "USD", Decimal(1000)), DAY)
    assert (right.amount, right.currency, right.per, right.unit) == (Decimal("0.002"), "USD", Decimal(1000), "token")
    assert amended(PriceList((read,)), [Correction(read, right)], [right]).rates == (right,)
    # It no longer speaks when its price is not what is accepted.
    assert amended(PriceList((read,)), [Correction(read, right)], [read]).rates == (read,)


def test_a_struck_price_below_the_corrected_one_is_dropped() -> None:
    read = rate("Nova", "input", "2", list_amount=Decimal(4))
    assert corrected_rate(read, Meant(Decimal(3)), DAY).list_amount == Decimal(4)
    assert corrected_rate(read, Meant(Decimal(5)), DAY).list_amount is None


def test_the_same_change_on_a_twin_page_is_told_once(desk: Desk) -> None:
    twin = "https://acme.example/zh/pricing"
    slip = with_price(PAGE, "Model 5", "input", "0.5")
    for url in (URL, twin):
        desk.look(PAGE, url)
    for url in (URL, twin):
        desk.look(slip, url)
    one, other = desk.held
    assert one.ref != other.ref
    assert desk.rule("accept", one, other) == ("cut",)
    assert desk.held == ()
    assert len({row["event_id"] for row in rulings(desk.store.connection)}) == 1


def test_an_accepted_price_is_corrected_on_every_page_of_its_market(desk: Desk) -> None:
    twin = "https://acme.example/zh/pricing"
    for url in (URL, twin):
        desk.look(PAGE, url)
    desk.look(with_price(PAGE, "Model 5", "input", "0.5"), twin)  # held there, against the price that is wrong
    (price,) = [p for p in accepted_prices(desk.store, "acme") if (p.rate.model, p.rate.meter) == ("Model 5", "input")]
    assert len(price.places) == 2
    correct_accepted(desk.store, desk.settings, price, Meant(Decimal("0.6")), desk.word)
    assert [event.kind for event in desk.events] == ["correction"]
    rows = desk.store.connection.rows("SELECT amount FROM current_prices WHERE model = 'Model 5' AND meter = 'input'")
    assert [row["amount"] for row in rows] == ["0.6"]
    (held,) = desk.held
    assert held.pending.old is not None
    assert held.pending.old.amount == Decimal("0.6")


def test_what_waits_is_compared_with_a_corrected_price() -> None:
    old, right, other = rate("Nova", "input", "5"), rate("Nova", "input", "0.5"), rate("Nova", "output", "9")

    def waiting(before: Rate | None, after: Rate | None) -> Pending:
        return Pending(identity_text(after or old), "held", "cut", before, after, "a tenth", DAY)

    elsewhere = waiting(other, rate("Nova", "output", "8"))
    assert corrected_pending([waiting(old, right), elsewhere], old, right) == (elsewhere,)
    assert corrected_pending([waiting(old, None)], old, right) == (waiting(right, None),)
    assert corrected_pending([waiting(old, right)], old, None) == ()


def test_an_id_says_what_it_stands_for() -> None:
    state = PageState("acme", "intl", URL, page_id=1)
    old, new = rate("Nova", "input", "5"), rate("Nova", "input", "0.5")
    pending = Pending(identity_text(new), "held", "cut", old, new, "a tenth", DAY)
    ref = held_ref(state, pending)
    same = (replace(pending, looks=7), replace(pending, new=replace(new, evidence=Evidence("$0.50", "row 9"))))
    assert {held_ref(state, each) for each in same} == {ref}
    others = (
        replace(pending, new=rate("Nova", "input", "0.6")),
        replace(pending, old=rate("Nova", "input", "6")),
        replace(pending, new=replace(new, valid_from=DAY)),
        replace(pending, key=identity_text(rate("Nova", "output", "0.5"))),
    )
    assert len({ref, *(held_ref(state, each) for each in others)}) == 5
    assert held_ref(replace(state, url=URL + "/zh"), pending) != ref


@pytest.mark.parametrize("kind", ["scheduled", "cancelled"])
def test_an_announced_price_leaves_todays_where_it_is(desk: Desk, kind: str) -> None:
    today, later = rate("Nova", "input", "1.00"), rate("Nova", "input", "2.00", valid_from=DAY + timedelta(days=90))
    desk.look((*PAGE, today) if kind == "scheduled" else (*PAGE, today, later))
    state = desk.store.pages()[0]
    held = Pending(
        identity_text(later),
        "held",
        kind,  # type: ignore[arg-type]  # one of the two
        today if kind == "scheduled" else later,
        later if kind == "scheduled" else today,
        "announced",
        desk.at,
    )
    # The judge has no rule yet that holds an announcement.
    desk.store.record_decision(Decision(None, state.page_id or 0, desk.at, desk.at, pending=(held,)))
    assert desk.rule("accept", *desk.held) == (kind,)
    assert desk.amounts("Nova", "input") == (["1.00", "2.00"] if kind == "scheduled" else ["1.00"])
    assert desk.events[-1].effective_from == later.valid_from
