"""Prices that go to and fro: reversals are counted, and from the third on a price flaps until it has been calm.

A reversal is a value that was gone before it was believed (A, B, A or A, B, C), or a told change that was taken back.
None of them is told as a price event. When three or more models go back at once the page flaps and not each price:
they are counted once, under the key `PAGE`. A count is forgotten when nothing went back for a whole window.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.nouns import Flapping

FLAPPING = 3
PAGE_MODELS = 3
PAGE = json.dumps(("the page", "as a whole", "", "", ""), separators=(",", ":"))  # a key like an identity, of no price


@dataclass(frozen=True, slots=True)
class Reversal:
    """What went back at one look; `key` as in `Pending`, `model` its folded name, `words` say from where to where."""

    key: str
    model: str
    words: str


def flapping_now(counts: Iterable[Flapping], at: datetime, window: timedelta) -> tuple[Flapping, ...]:
    """The counts that are high and fresh enough: what flaps at `at`."""
    return tuple(count for count in counts if count.reversals >= FLAPPING and _is_fresh(count, at, window))


def counted(
    counts: Iterable[Flapping], reversals: Sequence[Reversal], at: datetime, window: timedelta
) -> tuple[Flapping, ...]:
    """The counts of a page after a look, by key; those that have been calm for a window are gone."""
    known = {count.key: count for count in counts if _is_fresh(count, at, window)}
    if len({reversal.model for reversal in reversals}) >= PAGE_MODELS:
        models = len({reversal.model for reversal in reversals})
        words = f"{len(reversals)} prices of {models} models changed and went back together"
        reversals = (Reversal(PAGE, "", words),)
    for reversal in reversals:
        before = known.get(reversal.key, Flapping(reversal.key, 0, at, at, ""))
        number = before.reversals + 1
        why = f"{reversal.words}; reversal {number} since {before.first_at:%Y-%m-%d %H:%M} UTC"
        known[reversal.key] = replace(before, reversals=number, last_at=at, why=why)
    return tuple(known.values())


def _is_fresh(count: Flapping, at: datetime, window: timedelta) -> bool:
    return bool(window) and at - count.last_at <= window
