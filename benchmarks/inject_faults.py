"""Puts readers' faults into true price lists and counts what the judge does with them at the first look.

The directory is one of `captures.py`. Each page's own list is the accepted one; a copy with
one fault is what is read next. Right is: the page is suspect, the change is held or waits for a second look, or the
list is the same. `told` is an event about a price at the first look; `taken` is a changed price that was accepted
without a word. The last column counts what would be told if an independent second look showed the same fault.

    python benchmarks/inject_faults.py --corpus DIR               # 40 faults of each kind a page
    python benchmarks/inject_faults.py --corpus DIR --show 3

The exit status is 1 when a fault was told or taken at the first look.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks.captures import load_manifest, parser_for
from monitor.diff import price_of
from monitor.judge import Judgement, judge_page
from monitor.judging.policy import Policy
from scrapers.catalog import Page, Provider, load_catalog
from scrapers.errors import ScrapeError
from scrapers.rates import PriceList, Rate
from scrapers.reader import read_page

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_TOLD = frozenset({"cut", "raise", "free", "removal", "repriced", "promo_start", "promo_end", "successor"})
_RATE_OF_EXCHANGE = Decimal("7.1")

Rates = list[Rate]
Fault = Callable[[Rates, random.Random], Rates | None]  # None where the list has no place for it


@dataclass(frozen=True, slots=True)
class Known:
    """A page of the manifest with what it says."""

    file: str
    provider: Provider
    page: Page
    rates: tuple[Rate, ...]


def main() -> int:
    """Prints a table of faults by outcome."""
    arguments = _arguments()
    outcomes: Counter[tuple[str, str]] = Counter()
    later: Counter[str] = Counter()
    shown: dict[tuple[str, str], list[str]] = defaultdict(list)
    for known in pages(arguments.corpus, arguments.only):
        chance = random.Random(f"{arguments.seed} {known.file}")  # noqa: S311 # repeatable faults, no secret
        for name, fault in FAULTS.items():
            for _ in range(arguments.faults):
                faulty = fault(list(known.rates), chance)
                if faulty is None or faulty == list(known.rates):
                    continue
                first = _judge(known, faulty, _AT + timedelta(days=1), ())
                outcome, why = outcome_of(first, known.rates)
                outcomes[name, outcome] += 1
                if outcome == "waits":
                    second = _judge(known, faulty, _AT + timedelta(days=1, minutes=3), first)
                    later[name] += any(event.kind in _TOLD for event in second.events)
                shown[name, outcome].append(f"{known.file}: {why}")
        print(f"\r{known.file:80.80}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(_table(outcomes, later))
    for (name, outcome), examples in shown.items():
        if outcome in {"told", "taken"}:
            print(*(f"{outcome} {name}: {example}" for example in examples[: arguments.show]), sep="\n")
    return int(any(outcome in {"told", "taken"} for _, outcome in outcomes))


def pages(corpus: Path, only: str) -> Iterator[Known]:
    """The pages of the manifest that can be read, without prices that are only announced."""
    catalog = load_catalog()
    for saved in load_manifest(corpus):
        if saved.is_negative or only not in saved.file:
            continue
        provider = catalog.get(saved.provider) or Provider(id=saved.provider, name=saved.provider)
        page = provider.page_for(saved.url) or Page(provider=provider.id, url=saved.url)
        try:
            read = read_page(saved.path.read_bytes(), hints=page.hints)
        except ScrapeError:
            continue
        page = replace(
            page, expect=replace(page.expect, min_models=1, always=())
        )  # guards of the file are not tried here
        accepted = judge_page(
            provider=provider,
            page=page,
            accepted=None,
            read=PriceList(tuple(rate for rate in read.rates if rate.valid_from is None)),
            pending=(),
            captured_at=_AT,
            previous_at=None,
            policy=Policy(),
        )
        if len(accepted.accepted) >= 2:
            yield Known(saved.file, provider, page, accepted.accepted)


def _judge(known: Known, rates: Rates, at: datetime, before: Judgement | tuple[()]) -> Judgement:
    is_first = isinstance(before, tuple)
    return judge_page(
        provider=known.provider,
        page=known.page,
        accepted=known.rates if is_first else before.accepted,
        read=PriceList(tuple(rates)),
        pending=() if is_first else before.pending,
        captured_at=at,
        previous_at=_AT if is_first else at - timedelta(minutes=3),
        policy=Policy(),
    )


def outcome_of(judgement: Judgement, before: Sequence[Rate]) -> tuple[str, str]:
    """suspect, held, waits, same, told or taken, and the words for it."""
    told = [event for event in judgement.events if event.kind in _TOLD]
    if told:
        return "told", told[0].why
    if judgement.is_suspect:
        return "suspect", judgement.why
    prices = {rate.identity: price_of(rate) for rate in before}
    taken = [r for r in judgement.accepted if r.identity in prices and price_of(r) != prices[r.identity]]
    if taken:
        return "taken", f"{taken[0].model} {taken[0].meter}"
    if any(event.kind == "held" for event in judgement.events):
        return "held", judgement.why
    if judgement.pending:
        return "waits", judgement.why
    # A new name, tier or meter beside what stands is news without an old price.
    return ("launch" if judgement.events else "same"), judgement.why


def _table(outcomes: Counter[tuple[str, str]], later: Counter[str]) -> str:
    columns = ("same", "suspect", "held", "waits", "launch", "told", "taken")
    lines = [f"{'fault':24}" + "".join(f"{name:>9}" for name in columns) + f"{'safe %':>9}{'told at 2nd look':>18}"]
    for name in FAULTS:
        counts = [outcomes[name, column] for column in columns]
        changed = sum(counts[1:])
        safe = sum(counts[1:5]) * 100 / changed if changed else 100.0
        lines.append(f"{name:24}" + "".join(f"{count:9}" for count in counts) + f"{safe:9.1f}{later[name]:18}")
    return "\n".join(lines)


# Faults


def _scaled(rate: Rate, factor: Decimal) -> Rate:
    return rate if rate.amount is None else replace(rate, amount=rate.amount * factor)


def _priced(rates: Rates) -> list[int]:
    return [at for at, rate in enumerate(rates) if rate.amount]


def _cell(factor: Decimal) -> Fault:
    def fault(rates: Rates, chance: random.Random) -> Rates | None:
        places = _priced(rates)
        if not places:
            return None
        at = chance.choice(places)
        rates[at] = _scaled(rates[at], factor)
        return rates

    return fault


def _whole(change: Callable[[Rate], Rate]) -> Fault:
    def fault(rates: Rates, _chance: random.Random) -> Rates | None:
        return [change(rate) if rate.amount else rate for rate in rates]

    return fault


def _model_unit_slip(rates: Rates, chance: random.Random) -> Rates | None:
    name = chance.choice(rates).model_key
    factor = chance.choice((Decimal(1000), Decimal("0.001")))
    return [_scaled(rate, factor) if rate.model_key == name else rate for rate in rates]


def _swapped(left: str, right: str) -> Fault:
    def fault(rates: Rates, _chance: random.Random) -> Rates | None:
        exchange = {left: right, right: left}
        if not {left, right} <= {rate.meter for rate in rates}:
            return None
        return [replace(rate, meter=exchange.get(rate.meter, rate.meter)) for rate in rates]

    return fault


def _cells_swapped(rates: Rates, chance: random.Random) -> Rates | None:
    """Input and output of one model."""
    name = chance.choice(rates).model_key
    exchange = {"input": "output", "output": "input"}
    return [replace(r, meter=exchange.get(r.meter, r.meter)) if r.model_key == name else r for r in rates]


def _columns(rates: Rates) -> dict[tuple[object, ...], list[int]]:
    """Places of the rates that stand under each other: one meter, tier and condition over the models, in order."""
    columns: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, rate in enumerate(rates):
        if rate.amount:
            columns[rate.meter, rate.service_tier, rate.conditions.key, rate.unit, rate.currency].append(at)
    return {key: places for key, places in columns.items() if len(places) >= 3}


def _row_shift(rates: Rates, chance: random.Random) -> Rates | None:
    """All prices of a stretch of models are those of the row above."""
    models = list(dict.fromkeys(rate.model_key for rate in rates))
    if len(models) < 4:
        return None
    start = chance.randrange(1, len(models) - 2)
    above = dict(zip(models[start:], models[start - 1 :], strict=False))
    shifted = _by_place(rates)
    return [_with_price(rate, shifted.get((above.get(rate.model_key, ""), *rate.identity[1:]))) for rate in rates]


def _column_shift(rates: Rates, _chance: random.Random) -> Rates | None:
    """Every meter of a model has the price of the meter before it."""
    meters = [meter for meter in ("input", "cached_input", "output") if any(rate.meter == meter for rate in rates)]
    if len(meters) < 2:
        return None
    before = dict(zip(meters[1:], meters, strict=False))
    known = _by_place(rates)
    return [
        _with_price(rate, known.get((rate.model_key, before.get(rate.meter, ""), *rate.identity[2:]))) for rate in rates
    ]


def _by_place(rates: Rates) -> dict[tuple[str, ...], Rate]:
    return {rate.identity: rate for rate in rates if rate.amount}


def _with_price(rate: Rate, other: Rate | None) -> Rate:
    if other is None or not rate.amount:
        return rate
    return replace(rate, amount=other.amount, per=other.per, unit=other.unit)


def _lost_rows(rates: Rates, chance: random.Random) -> Rates | None:
    models = sorted({rate.model_key for rate in rates})
    if len(models) < 2:
        return None
    lost = set(chance.sample(models, min(len(models) - 1, chance.randrange(1, 4))))
    return [rate for rate in rates if rate.model_key not in lost]


def _lost_column(rates: Rates, chance: random.Random) -> Rates | None:
    columns = _columns(rates)
    if not columns:
        return None
    lost = set(columns[chance.choice(sorted(columns, key=str))])
    return [rate for at, rate in enumerate(rates) if at not in lost] or None


def _lost_table(rates: Rates, chance: random.Random) -> Rates | None:
    if len(rates) < 6:
        return None
    start = chance.randrange(len(rates) // 2)
    return rates[:start] + rates[start + len(rates) // 3 :]


def _cut(rates: Rates, chance: random.Random) -> Rates | None:
    return rates[: chance.randrange(1, len(rates))] if len(rates) > 3 else None


FAULTS: dict[str, Fault] = {
    "cell x10": _cell(Decimal(10)),
    "cell /10": _cell(Decimal("0.1")),
    "cell x100": _cell(Decimal(100)),
    "cell x1000": _cell(Decimal(1000)),
    "cell /1000": _cell(Decimal("0.001")),
    "cell x10000": _cell(Decimal(10000)),
    "model unit slip": _model_unit_slip,
    "page x1000": _whole(lambda rate: _scaled(rate, Decimal(1000))),
    "page /1000": _whole(lambda rate: _scaled(rate, Decimal("0.001"))),
    "page dollars as yuan": _whole(lambda rate: _scaled(rate, _RATE_OF_EXCHANGE)),
    "page other sign": _whole(lambda rate: replace(rate, currency="CNY" if rate.currency == "USD" else "USD")),
    "page halved": _whole(lambda rate: _scaled(rate, Decimal("0.5"))),
    "columns swapped": _swapped("input", "output"),
    "columns swapped, cache": _swapped("input", "cached_input"),
    "cells swapped": _cells_swapped,
    "shift by a row": _row_shift,
    "shift by a column": _column_shift,
    "lost rows": _lost_rows,
    "lost column": _lost_column,
    "lost table": _lost_table,
    "list cut": _cut,
}


def _arguments() -> argparse.Namespace:
    parser = parser_for(__doc__)
    parser.add_argument("--faults", type=int, default=40, help="of each kind, a page (40)")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="show N of each fault that was told or taken")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
