"""Lets the judge watch a world whose true changes are known, with glitches, cosmetics and outages put in.

The world is made from a table of dated price events (columns date, provider, market, model, predecessor, meter,
service_tier, window, old, new, currency, per, unit, valid_until): each provider and market is a page, on which a model
stands with its old price until its event; five models that never change stand on every page beside them. A look is a
price list; nothing is fetched and nothing is read.

    python benchmarks/simulate_world.py --events events.csv                    # the calm world: are true changes held?
    python benchmarks/simulate_world.py --events events.csv --days 400 --glitches 0.01

In the second form a page is looked at four times a day. Each kind of glitch strikes a look with the given chance, and
again at the second look of the same change with the chance `--again`; every day models are reordered and respelled;
outages hide a page for up to three days. Printed are the share of true changes that were told, that a person must
decide, the false alerts, and the delay in days.
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
from monitor.judging.policy import Policy
from scrapers.catalog import Page, Provider
from scrapers.rates import Conditions, PriceList, Rate
from storage.nouns import Event, Pending

_FILLERS = (("1.30", "5.10"), ("0.42", "1.70"), ("2.60", "9.90"), ("0.11", "0.36"), ("4.10", "17.00"))
_CONFIRM = timedelta(minutes=3)
_CHANGES = frozenset({"cut", "raise", "free", "removal", "repriced", "promo_start", "promo_end"})

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
    told: list[Event] = field(default_factory=list)
    out_until: datetime | None = None

    def look(self, rates: Sequence[Rate], at: datetime) -> Judgement:
        """One judgement of what the page shows."""
        provider = Provider(id=self.name[0], name=self.name[0])
        recent = tuple(event for event in self.told if at - event.captured_at <= timedelta(days=7))
        judgement = judge_page(
            provider=provider,
            page=Page(provider=self.name[0], url="https://example.com/pricing", market=self.name[1]),
            accepted=self.accepted,
            read=PriceList(tuple(rates)),
            pending=self.pending,
            captured_at=at,
            previous_at=self.looked_at,
            policy=Policy(),
            recent=recent,
        )
        self.accepted, self.pending, self.looked_at = judgement.accepted, judgement.pending, at
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
    for change in page.changes:
        if change.at <= at:
            prices[change.rate.identity] = change.rate
        elif change.old is not None:
            prices.setdefault(change.old.identity, change.old)
    return prices


def calm(pages: Sequence[Watched]) -> None:
    """Every true change, looked at three times; prints how they ended."""
    outcomes: Counter[str] = Counter()
    examples = []
    for page in pages:
        days = sorted({change.at for change in page.changes})
        page.look(list(shown(page, days[0] - timedelta(days=1)).values()), days[0] - timedelta(days=1))
        for day in days:
            rates = list(shown(page, day + timedelta(hours=1)).values())
            before = {rate.identity: rate for rate in page.accepted or ()}
            events = [
                (number, event)
                for number, delay in enumerate((timedelta(0), _CONFIRM, timedelta(hours=6)), 1)
                for event in page.look(rates, day + timedelta(hours=1) + delay).events
            ]
            for change in page.changes:
                if change.at != day or not change.is_comparable:
                    continue
                same = before.get(change.rate.identity)
                if same is not None and same.unit_price == change.rate.unit_price:
                    continue
                mine = [(n, e) for n, e in events if e.rate.identity == change.rate.identity]
                outcome = next((f"told at look {n}" for n, e in mine if e.kind not in {"held", "notice"}), "")
                outcome = outcome or next((e.kind for _, e in mine), "silent")
                outcomes[outcome] += 1
                if not outcome.startswith("told"):
                    examples.append(f"{outcome}: {page.name[0]} {change.rate.model}: {mine[0][1].why if mine else ''}")
            # What a person would decide: the page is right here.
            page.accepted, page.pending = tuple(rates), ()
    total = sum(outcomes.values())
    for outcome, count in sorted(outcomes.items()):
        print(f"{outcome:20}{count:6}{count * 100 / total:8.1f} %")
    print(*examples, sep="\n")


def stormy(pages: Sequence[Watched], days: int, glitches: float, again: float, seed: int) -> int:
    """The last `days` of the table with glitches; prints recall, false alerts and delay, returns the false alerts."""
    chance = random.Random(seed)  # noqa: S311 # repeatable, no secret
    end = max(change.at for page in pages for change in page.changes) + timedelta(days=14)
    at, struck, looks = end - timedelta(days=days), Counter[str](), 0
    while at < end:
        for page in pages:
            looks += _visit(page, at, chance, glitches, again, struck)
        at += timedelta(hours=6)
    return _account(pages, end - timedelta(days=days), looks, struck)


def _visit(
    page: Watched, at: datetime, chance: random.Random, glitches: float, again: float, struck: Counter[str]
) -> int:
    """One visit with its second look, if something waits; gives the number of looks."""
    if page.out_until is None and chance.random() < 0.005:
        page.out_until = at + timedelta(hours=chance.randrange(6, 72))
    if page.out_until is not None and at < page.out_until:
        return 0
    page.out_until = None
    true = _cosmetic(list(shown(page, at).values()), chance)
    glitch = next((name for name in FAULTS if page.accepted and chance.random() < glitches), None)
    faulty = FAULTS[glitch](list(true), chance) if glitch else None
    struck[glitch or ""] += faulty is not None
    page.look(faulty if faulty is not None else true, at)
    if not any(each.outcome == "wait" for each in page.pending):
        return 1
    page.look(faulty if faulty is not None and chance.random() < again else true, at + _CONFIRM)
    return 2


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
    delays, missed, held, false = [], [], 0, []
    for page in pages:
        true = list(_true_changes(page, since))
        events = [event for event in page.told if event.kind in _CHANGES]
        for at, identity, price in true:
            match = next((e for e in events if e.rate.identity == identity and _fits(e, at, price)), None)
            if match is not None:
                events.remove(match)
                delays.append((match.captured_at - at) / timedelta(days=1))
            elif any(e.kind == "held" and e.rate.identity == identity and e.captured_at >= at for e in page.told):
                held += 1
            else:
                missed.append((page.name, at, identity))
        false += [(page.name, event) for event in events]
    total = len(delays) + held + len(missed)
    glitches = sum(count for name, count in struck.items() if name)
    print(f"{looks} looks at {len(pages)} pages, {glitches} glitches, {total} true changes")
    print(f"told {len(delays)} ({len(delays) * 100 / total:.1f} %), held {held}, missed {len(missed)}")
    print(f"delay in days: median {statistics.median(delays):.2f}, longest {max(delays):.2f}")
    print(f"false alerts {len(false)}")
    for name, event in false[:10]:
        print(f"  false {event.kind}: {name[0]} {event.captured_at:%Y-%m-%d %H:%M} {event.why}")
    for name, at, identity in missed[:10]:
        print(f"  missed: {name[0]} {at:%Y-%m-%d} {identity}")
    return len(false)


def _true_changes(page: Watched, since: datetime) -> Iterator[tuple[datetime, Identity, object]]:
    """When a price that was shown became another one."""
    days = sorted({since, *(change.at for change in page.changes if change.at > since)})
    for before, after in pairwise(days):
        old, new = shown(page, before), shown(page, after)
        for identity, rate in new.items():
            if identity in old and old[identity].unit_price != rate.unit_price:
                yield after, identity, rate.unit_price


def _fits(event: Event, at: datetime, price: object) -> bool:
    is_near = at <= event.captured_at <= at + timedelta(days=14)
    return is_near and event.new is not None and event.new.unit_price == price


def main() -> int:
    """Runs the world that the arguments ask for; 1 when it told something false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True, help="the table of events (CSV)")
    parser.add_argument("--days", type=int, help="simulate the last so many days instead of the calm world")
    parser.add_argument("--glitches", type=float, default=0.01, help="chance of each kind of glitch at a look (0.01)")
    parser.add_argument("--again", type=float, default=0.05, help="chance that the second look has the same one (0.05)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the generator ({SEED})")
    arguments = parser.parse_args()
    pages = world(arguments.events)
    if arguments.days is None:
        calm(pages)
        return 0
    return int(stormy(pages, arguments.days, arguments.glitches, arguments.again, arguments.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
