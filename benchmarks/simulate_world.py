"""Lets the judge watch a world whose true changes are known, with glitches, cosmetics and outages put in.

The world is made from a table of dated price events (columns date, provider, market, model, predecessor, meter,
service_tier, window, old, new, currency, per, unit, valid_until): each provider and market is a page, on which a model
stands with its old price until its event; five models that never change stand on every page beside them. A look is a
price list; nothing is fetched and nothing is read.

    python benchmarks/simulate_world.py --events events.csv                    # the calm world: are true changes held?
    python benchmarks/simulate_world.py --events events.csv --days 400 --glitches 0.01

    python benchmarks/simulate_world.py --events events.csv --costs            # what each rule costs and stops

In the second form a page is looked at four times a day, and again whenever the judge asks for another look, as `watch`
does. Each kind of glitch strikes an ordinary look with the given chance, and again at each look that follows it with
the chance `--again`; every day models are reordered and respelled; outages hide a page for up to three days; half way
one model of each page is taken off. Printed are the share of true changes that were told, that a person must decide,
the false alerts (told, and not what the page shows), and the delay in days.

The third form runs the calm world once with all rules and once without each, and lets each kind of fault stand for
three looks (half an hour): which true changes are held or slowed by a rule, and which faults would be told without it.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from benchmarks.captures import SEED
from benchmarks.inject_faults import FAULTS
from monitor.judge import Judgement, judge_page
from monitor.judging.flapping import PAGE, flapping_now
from monitor.judging.policy import Policy
from scrapers.catalog import Page, Provider
from scrapers.rates import Conditions, PriceList, Rate
from storage.nouns import Event, Flapping, Pending

_POLICY = Policy()
_FILLERS = (("1.30", "5.10"), ("0.42", "1.70"), ("2.60", "9.90"), ("0.11", "0.36"), ("4.10", "17.00"))
_LOOKS = (timedelta(), timedelta(minutes=3), timedelta(minutes=34), timedelta(hours=7))  # after a change, in the calm
_EVERY = timedelta(hours=6)
_CHANGES = frozenset({"cut", "raise", "free", "removal", "repriced", "promo_start", "promo_end"})
_LEAVING = "leaving-1"

Identity = tuple[str, ...]
Prices = dict[Identity, Rate]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the table: from `at` on the page shows `rate`; `old` is what it showed before, None for a launch."""

    at: datetime
    rate: Rate
    old: Rate | None
    is_comparable: bool  # false for rows that compare a model with its predecessor


@dataclass(slots=True)
class Watched:
    """A page of the world and what the judge believes of it."""

    name: tuple[str, str]
    changes: list[Change]
    accepted: tuple[Rate, ...] | None = None
    pending: tuple[Pending, ...] = ()
    looked_at: datetime | None = None
    flapping: tuple[Flapping, ...] = ()
    told: list[Event] = field(default_factory=list)
    flapped: set[str] = field(default_factory=set)
    out_until: datetime | None = None
    leaves_at: datetime | None = None

    def look(self, rates: Sequence[Rate], at: datetime) -> Judgement:
        """One judgement of what the page shows."""
        provider = Provider(id=self.name[0], name=self.name[0])
        recent = tuple(event for event in self.told if at - event.captured_at <= _POLICY.memory)
        judgement = judge_page(
            provider=provider,
            page=Page(provider=self.name[0], url="https://example.com/pricing", market=self.name[1]),
            accepted=self.accepted,
            read=PriceList(tuple(rates)),
            pending=self.pending,
            captured_at=at,
            previous_at=self.looked_at,
            policy=_POLICY,
            recent=recent,
            flapping=self.flapping,
        )
        self.accepted, self.pending, self.looked_at = judgement.accepted, judgement.pending, at
        self.flapping = judgement.flapping
        self.flapped |= {count.key for count in flapping_now(self.flapping, at, _POLICY.flap_window)}
        self.told += judgement.events
        return judgement


def world(path: Path) -> list[Watched]:
    """The pages of the table, their changes in order."""
    pages: dict[tuple[str, str], list[Change]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["model"].split(", "):
                change = _change(row | {"model": name})
                if change is not None:
                    pages[row["provider"], row["market"]].append(change)
    return [Watched(name, sorted(changes, key=lambda each: each.at)) for name, changes in sorted(pages.items())]


def _change(row: dict[str, str]) -> Change | None:
    if not row["new"]:
        return None
    rate = Rate(
        model=row["model"],
        meter=row["meter"],
        state="priced" if Decimal(row["new"]) else "free",
        amount=Decimal(row["new"]) or None,
        currency=row["currency"],
        per=Decimal(row["per"]),
        unit=row["unit"],
        service_tier=row["service_tier"],
        conditions=Conditions(window=row["window"] or None),
    )
    is_comparable = not row["predecessor"]
    old = replace(rate, state="priced", amount=Decimal(row["old"])) if row["old"] and is_comparable else None
    return Change(datetime.fromisoformat(row["date"]).replace(tzinfo=UTC), rate, old, is_comparable)


def shown(page: Watched, at: datetime) -> Prices:
    """What the page shows at an instant; a price that a later change replaces stands there from the beginning."""
    prices: Prices = {}
    for number, amounts in enumerate(_FILLERS, 1):
        for meter, amount in zip(("input", "output"), amounts, strict=True):
            currency = page.changes[0].rate.currency
            filler = Rate(f"steady-{number}", meter, "priced", Decimal(amount), currency, Decimal(1_000_000), "token")
            prices[filler.identity] = filler
    if page.leaves_at is not None and at < page.leaves_at:
        leaving = [replace(rate, model=_LEAVING) for rate in prices.values() if rate.model == "steady-1"]
        prices |= {rate.identity: rate for rate in leaving}
    for change in page.changes:
        if change.at <= at:
            prices[change.rate.identity] = change.rate
        elif change.old is not None:
            prices.setdefault(change.old.identity, change.old)
    return prices


@dataclass(frozen=True, slots=True)
class Ending:
    """How one true change ended in the calm world: `look` counts from 1, None when it was never told."""

    change: tuple[str, ...]
    look: int | None
    outcome: str
    why: str


def calm(pages: Sequence[Watched]) -> list[Ending]:
    """Every true change, looked at four times, on pages that show nothing but the truth."""
    endings: list[Ending] = []
    for page in pages:
        days = sorted({change.at for change in page.changes})
        page.look(list(shown(page, days[0] - timedelta(days=1)).values()), days[0] - timedelta(days=1))
        for day in days:
            rates = list(shown(page, day + timedelta(hours=1)).values())
            before = {rate.identity: rate for rate in page.accepted or ()}
            events = [
                (number, event)
                for number, delay in enumerate(_LOOKS, 1)
                for event in page.look(rates, day + timedelta(hours=1) + delay).events
            ]
            endings += [
                _ending(page, change, events)
                for change in page.changes
                if change.at == day and change.is_comparable and _moves(change, before)
            ]
            # What a person would decide: the page is right here.
            page.accepted, page.pending = tuple(rates), ()
    return endings


def _moves(change: Change, before: Prices) -> bool:
    same = before.get(change.rate.identity)
    return same is None or same.unit_price != change.rate.unit_price


def _ending(page: Watched, change: Change, events: Sequence[tuple[int, Event]]) -> Ending:
    mine = [(number, event) for number, event in events if event.rate.identity == change.rate.identity]
    name = (page.name[0], page.name[1], str(change.at), *change.rate.identity)
    for number, event in mine:
        if event.kind not in {"held", "notice"}:
            return Ending(name, number, f"told at look {number}", event.why)
    kind, why = (mine[0][1].kind, mine[0][1].why) if mine else ("silent", "")
    return Ending(name, None, kind, why)


def print_calm(endings: Sequence[Ending]) -> None:
    """How many true changes were told at which look, and those that were not."""
    outcomes = Counter(ending.outcome for ending in endings)
    for outcome, count in sorted(outcomes.items()):
        print(f"{outcome:20}{count:6}{count * 100 / len(endings):8.1f} %")
    print(*(f"{e.outcome}: {e.change[0]} {e.change[3]}: {e.why}" for e in endings if e.look is None), sep="\n")


def stormy(pages: Sequence[Watched], days: int, glitches: float, again: float, seed: int) -> int:
    """The last `days` of the table with glitches; prints recall, false alerts and delay, returns the false alerts."""
    chance = random.Random(seed)  # noqa: S311 # repeatable, no secret
    end = max(change.at for page in pages for change in page.changes) + timedelta(days=14)
    at, struck, looks = end - timedelta(days=days), Counter[str](), 0
    for number, page in enumerate(pages):
        page.leaves_at = at + timedelta(days=days / 2, hours=number)
    while at < end:
        for page in pages:
            looks += _visit(page, at, chance, glitches, again, struck)
        at += _EVERY
    return _account(pages, end - timedelta(days=days), looks, struck)


def _visit(
    page: Watched, at: datetime, chance: random.Random, glitches: float, again: float, struck: Counter[str]
) -> int:
    """One visit with the looks that the judge asks for before the next one; gives the number of looks."""
    if page.out_until is None and chance.random() < 0.005:
        page.out_until = at + timedelta(hours=chance.randrange(6, 72))
    if page.out_until is not None and at < page.out_until:
        return 0
    page.out_until = None
    glitch = next((name for name in FAULTS if page.accepted and chance.random() < glitches), None)
    dice = chance.randrange(1 << 30)  # the same fault again at a later look
    struck[glitch or ""] += 1
    now, looks = at, 0
    while True:
        rates = _cosmetic(list(shown(page, now).values()), chance)
        if glitch is not None:
            rates = FAULTS[glitch](list(shown(page, now).values()), random.Random(dice)) or rates  # noqa: S311 # repeatable, no secret
        page.look(rates, now)
        looks += 1
        if glitch is not None and chance.random() >= again:
            glitch = None
        due = [each.due_at for each in page.pending if each.due_at is not None]
        later = [moment for moment in due if moment > now]
        if not later or min(later) >= at + _EVERY:
            return looks
        now = max(min(later), now + timedelta(seconds=1))


def _cosmetic(rates: list[Rate], chance: random.Random) -> list[Rate]:
    """The same prices in another order and in other words."""
    chance.shuffle(rates)
    thousand = Decimal(1000)
    spelt = [
        replace(rate, amount=rate.amount / thousand, per=rate.per / thousand)
        if rate.amount and rate.per and rate.per > 1 and chance.random() < 0.05
        else rate
        for rate in rates
    ]
    return [replace(rate, model=rate.model.replace("-", " ")) if chance.random() < 0.05 else rate for rate in spelt]


def _account(pages: Sequence[Watched], since: datetime, looks: int, struck: Counter[str]) -> int:
    delays: dict[str, list[float]] = defaultdict(list)
    missed, held, false = [], 0, []
    for page in pages:
        told = [event for event in page.told if event.kind in _CHANGES | {"launch", "correction"}]
        false += [(page.name, event) for event in told if not _is_true(page, event)]
        events = [event for event in told if event.kind in _CHANGES]
        for at, identity, price in _true_changes(page, since):
            match = next((e for e in events if e.rate.identity == identity and _fits(e, at, price)), None)
            if match is not None:
                events.remove(match)
                what = "removal" if price is None else "change"
                delays[what].append((match.captured_at - at) / timedelta(days=1))
            elif any(e.kind == "held" and e.rate.identity == identity and e.captured_at >= at for e in page.told):
                held += 1
            else:
                missed.append((page.name, at, identity))
        false += [(page.name, event) for event in events if (page.name, event) not in false]
    told_count = sum(map(len, delays.values()))
    total = told_count + held + len(missed)
    glitches = sum(count for name, count in struck.items() if name)
    print(f"{looks} looks at {len(pages)} pages, {glitches} glitches, {total} true changes")
    print(f"told {told_count} ({told_count * 100 / total:.1f} %), held {held}, missed {len(missed)}")
    for what, days in sorted(delays.items()):
        print(f"delay of a {what} in days: median {statistics.median(days):.3f}, longest {max(days):.2f}")
    flapped = [page for page in pages if page.flapped]
    prices = sum(len(page.flapped - {PAGE}) for page in pages)
    print(f"false alerts {len(false)}; {len(flapped)} pages flapped at some time, and {prices} single prices")
    for name, event in false[:10]:
        print(f"  false {event.kind}: {name[0]} {event.captured_at:%Y-%m-%d %H:%M} {event.why}")
    for name, at, identity in missed[:10]:
        print(f"  missed: {name[0]} {at:%Y-%m-%d} {identity}")
    return len(false)


def _is_true(page: Watched, event: Event) -> bool:
    """Whether the page shows now what the event says."""
    now = shown(page, event.captured_at).get(event.rate.identity)
    if event.new is None:
        return now is None
    return now is not None and now.unit_price == event.new.unit_price


def _true_changes(page: Watched, since: datetime) -> Iterator[tuple[datetime, Identity, object]]:
    """When a price that was shown became another one, or went (None)."""
    ends = [page.leaves_at] if page.leaves_at is not None else []
    days = sorted({since, *ends, *(change.at for change in page.changes if change.at > since)})
    for before, after in pairwise(days):
        old, new = shown(page, before), shown(page, after)
        for identity, rate in old.items():
            now = new.get(identity)
            if now is None or now.unit_price != rate.unit_price:
                yield after, identity, now and now.unit_price


def _fits(event: Event, at: datetime, price: object) -> bool:
    is_near = at <= event.captured_at <= at + timedelta(days=14)
    return is_near and (event.new and event.new.unit_price) == price


def main() -> int:
    """Runs the world that the arguments ask for; 1 when it told something false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True, help="the table of events (CSV)")
    parser.add_argument("--days", type=int, help="simulate the last so many days instead of the calm world")
    parser.add_argument("--costs", action="store_true", help="what each rule costs in true changes, and what it stops")
    parser.add_argument("--glitches", type=float, default=0.01, help="chance of each kind of glitch at a look (0.01)")
    parser.add_argument("--again", type=float, default=0.05, help="chance that the second look has the same one (0.05)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the generator ({SEED})")
    arguments = parser.parse_args()
    pages = world(arguments.events)
    if arguments.costs:
        from benchmarks.rule_costs import print_costs

        print_costs(arguments.events, arguments.seed)
        return 0
    if arguments.days is None:
        print_calm(calm(pages))
        return 0
    return int(stormy(pages, arguments.days, arguments.glitches, arguments.again, arguments.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
