"""What each rule of the judge costs in true changes, and what it stops: `simulate_world.py --costs`.

Each rule is switched off in turn. Its cost is the number of true changes that a person must decide with it and not
without it, and of those that are told at a later look. What it stops is the number of faults that would be told without
it: all kinds of `inject_faults.py`, standing for three looks over half an hour, on the pages of the world.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.inject_faults import FAULTS
from benchmarks.simulate_world import Ending, Watched, calm, shown, world
from monitor.judging import guards, plausible, verdicts

_TOLD = frozenset({"cut", "raise", "free", "removal", "repriced", "promo_start", "promo_end", "correction", "launch"})
_LOOKS = (timedelta(), timedelta(minutes=3), timedelta(minutes=31))


def _nothing(*_: object, **__: object) -> None:
    return None


def _no_words(*_: object, **__: object) -> str:
    return ""


def _no_differences(*_: object, **__: object) -> dict[Any, Any]:
    return {}


def _ordinary(old: Any, new: Any, why: str) -> verdicts.Verdict:
    return verdicts.Verdict("repriced", "wait", old, new, why)


# Name of the rule, and what takes the place of which function while it is off.
RULES: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "lost table": ((guards, "_lost_models", _no_words), (guards, "_halved", _no_words)),
    "lost or new column": ((guards, "_columns", lambda *_: ("", {})),),
    "another label": ((guards, "_relabelled", _no_differences),),
    "swapped columns": ((guards, "_swapped", _no_differences),),
    "shifted column": ((guards, "_shifted_columns", _no_differences),),
    "shifted row": ((guards, "_shifted_rows", _no_differences),),
    "one factor": ((guards, "_common_ratio", lambda *_: ({}, {})),),
    "rate of exchange": ((guards, "_exchanged", _no_differences),),
    "band": ((verdicts, "band_doubt", _nothing),),
    "order": ((verdicts, "order_doubt", _nothing),),
    "power of ten": ((plausible, "power_of_ten", _nothing),),
    "factor above 10": ((plausible, "LARGE_FACTOR", 10**9),),
    "factor of either kind": ((verdicts, "factor_doubt", _nothing),),
    "to or from free": ((verdicts, "_crossing_doubt", _nothing),),
    "same number, other currency": ((verdicts, "_repriced", _ordinary),),
    "takes back": ((verdicts, "taken_back", _nothing),),
    "first price settles": ((verdicts, "launch_of", _nothing),),
}


def print_costs(events: Path, seed: int) -> None:
    """The table of `docs/judging.md`: a line a rule."""
    base = {ending.change: ending for ending in calm(world(events))}
    stopped, total = _faults_told(events, seed)
    held = sum(ending.look is None for ending in base.values())
    print(f"{len(base)} true changes, {held} held; {total} faults that stand for half an hour, {stopped} told")
    print(f"{'without':30}{'less held':>10}{'sooner':>8}{'faults told':>13}{'more':>7}")
    for name in RULES:
        with without(name):
            endings = {ending.change: ending for ending in calm(world(events))}
            told, _ = _faults_told(events, seed)
        less = sum(e.look is None and endings[key].look is not None for key, e in base.items() if key in endings)
        sooner = sum(_is_sooner(endings[key], ending) for key, ending in base.items() if key in endings)
        print(f"{name:30}{less:10}{sooner:8}{told:13}{told - stopped:7}", flush=True)


@contextmanager
def without(rule: str) -> Iterator[None]:
    """The judge with one rule switched off."""
    with ExitStack() as stack:
        for place, name, instead in RULES[rule]:
            stack.enter_context(patch.object(place, name, instead))
        yield


def _is_sooner(one: Ending, other: Ending) -> bool:
    return one.look is not None and other.look is not None and one.look < other.look


def _faults_told(events: Path, seed: int) -> tuple[int, int]:
    """How many faults were told as price events when three looks show them, and how many there were."""
    told = total = 0
    chance = random.Random(seed)  # noqa: S311 # repeatable faults, no secret
    for page in world(events):
        at = page.changes[len(page.changes) // 2].at + timedelta(days=1)
        true = list(shown(page, at).values())
        for fault in FAULTS.values():
            for _ in range(2):
                faulty = fault(list(true), chance)
                if faulty is None or faulty == true:
                    continue
                watched = Watched(page.name, page.changes)
                watched.look(true, at)
                kinds = {
                    event.kind
                    for after in _LOOKS
                    for event in watched.look(faulty, at + timedelta(hours=6) + after).events
                }
                total += 1
                told += bool(kinds & _TOLD)
    return told, total
