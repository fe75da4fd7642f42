"""What today's reader says of a page's kept captures, against what was recorded from them: a pure comparison.

A price is judged by the first and the last capture that were seen to state it: what an accepted interval spans in
between may be a glitch that was held, and a look that was not believed says nothing about it. Differences are
corrections of the record, never events of the past.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitor.diff import compare, price_of
from monitor.judging import schedule
from monitor.judging.corrections import is_corrected
from monitor.judging.names import split_joint_names
from scrapers.rates import PriceList, Rate
from storage.outcomes import Piece
from storage.recorded import RecordedInterval

What = Literal["other", "missing", "new"]
_LOOKS_TO_BELIEVE = 3  # a difference is accepted after at most so many looks, and recorded from then on


@dataclass(frozen=True, slots=True)
class Reading:
    """One kept capture as today's reader reads it."""

    captured_at: datetime
    read: PriceList


@dataclass(frozen=True, slots=True)
class Misreading:
    """A price that was recorded otherwise than today's reader reads it.

    `recorded` is None for a price that was never recorded (`new`), `pieces` are empty for one that the captures do
    not state (`missing`).
    """

    what: What
    recorded: RecordedInterval | None
    pieces: tuple[Piece, ...]

    @property
    def rate(self) -> Rate:
        """The price as it is read now, or as it was recorded."""
        if self.pieces:
            return self.pieces[-1].rate
        if self.recorded is None:
            raise ValueError("a misreading needs a recorded or a read price")
        return self.recorded.rate

    @property
    def is_in_force(self) -> bool:
        """Whether it stands in the accepted list, or will."""
        return (self.recorded.ended_at if self.recorded else self.pieces[-1].ended_at) is None

    @property
    def is_changed_now(self) -> bool:
        """Whether the price that was accepted until now is another one, or none."""
        if self.recorded is None or self.recorded.ended_at is not None:
            return False
        return not self.pieces or not _is_same(self.pieces[-1].rate, self.recorded.rate)


def find_misreadings(
    intervals: Sequence[RecordedInterval],
    readings: Iterable[Reading],
    *,
    doubted: frozenset[object] = frozenset(),
    waiting: frozenset[str] = frozenset(),
    since: datetime | None = None,
) -> tuple[Misreading, ...]:
    """The differences between the record of one page and its captures as they are read now.

    Args:
        intervals: what is recorded of the page and believed.
        readings: its captures in their order; each is needed for a moment only.
        doubted: `sight` of prices that the page showed and the judge did not believe.
        waiting: folded names of models of which something waits or is held: what is new of them is not decided.
        since: captures before it are not among the readings; what was recorded then stands.

    """
    tracks = {interval.row_id: _Track(interval) for interval in intervals}
    extras: dict[object, list[_Extra]] = defaultdict(list)
    last_at = None
    for reading in readings:
        at = last_at = reading.captured_at
        alive = [i for i in intervals if i.seen_from <= at and (i.ended_at is None or at < i.ended_at)]
        rates = split_joint_names(reading.read.rates, [i.rate for i in alive])
        printed = {sight(rate) for rate in rates}
        stated, conflicts = _stated(rates, at)
        found = _matched([i.rate for i in alive], stated)
        for interval in alive:
            if at <= interval.seen_until and interval.rate.identity not in conflicts:
                # A price that is printed beside one that replaces it by its date is still what was recorded.
                is_printed = sight(interval.rate) in printed
                seen = interval.rate if is_printed else found.of_recorded.get(id(interval.rate))
                tracks[interval.row_id].see(at, seen)
        for rate in found.unrecorded:
            if sight(rate) not in doubted:
                _see_extra(extras[(rate.identity, rate.valid_from)], rate, at)
        for runs in extras.values():
            runs[-1].end(at)
    wrong = [each for track in tracks.values() if (each := track.misreading(since)) is not None]
    new = [
        Misreading("new", None, (extra.piece(last_at),))
        for runs in extras.values()
        for extra in runs
        if not extra.was_waiting(intervals, runs) and (extra.ended_at or extra.rate.model_key not in waiting)
    ]
    return (*wrong, *new)


def sight(rate: Rate) -> object:
    """A price as it may be seen again: identity and price."""
    return (rate.identity, price_of(rate))


@dataclass(slots=True)
class _Track:
    """What the captures say of one recorded interval: the first and the last reading, and since when the last one."""

    interval: RecordedInterval
    first: Rate | None = None
    first_at: datetime | None = None
    last: Rate | None = None
    last_from: datetime | None = None

    def see(self, at: datetime, rate: Rate | None) -> None:
        """The interval's price, or its absence, on one capture."""
        if self.first_at is None:
            self.first, self.first_at = rate, at
        if self.last_from is None or not _is_same(rate, self.last):
            self.last, self.last_from = rate, at

    def misreading(self, since: datetime | None) -> Misreading | None:
        """What is wrong with the interval, or None."""
        row = self.interval
        if self.first_at is None or self.last_from is None or is_corrected(row.rate):
            return None
        if _is_same(self.first, row.rate) and _is_same(self.last, row.rate):
            return None
        spans: list[tuple[Rate | None, datetime]] = [(self.first, row.seen_from)]
        if since is not None and row.seen_from < since <= self.first_at:
            spans = [(row.rate, row.seen_from), (self.first, self.first_at)]
        if not _is_same(self.first, self.last):
            spans.append((self.last, self.last_from))
        ends = [start for _, start in spans[1:]]
        pieces = [
            Piece(rate, start, end or row.seen_until, end or row.ended_at)
            for (rate, start), end in zip(spans, [*ends, None], strict=True)
            if rate is not None
        ]
        return Misreading("other" if pieces else "missing", row, tuple(pieces))


@dataclass(slots=True)
class _Extra:
    """A price that the captures state and nothing recorded, over neighbouring captures."""

    rate: Rate
    seen_from: datetime
    seen_until: datetime
    looks: int = 1
    ended_at: datetime | None = None

    def end(self, at: datetime) -> None:
        """A capture has come that did not state it."""
        if self.ended_at is None and self.seen_until < at:
            self.ended_at = at

    def piece(self, last_at: datetime | None) -> Piece:
        return Piece(self.rate, self.seen_from, self.seen_until, None if self.seen_until == last_at else self.ended_at)

    def was_waiting(self, intervals: Sequence[RecordedInterval], runs: Sequence[_Extra]) -> bool:
        """Whether it was seen and not yet believed: recorded at the next look, or gone after the first."""
        if self.ended_at is None or self.looks >= _LOOKS_TO_BELIEVE:
            return False
        begun = {each.seen_from for each in intervals if sight(each.rate) == sight(self.rate)}
        next_at: datetime | None = self.ended_at
        for _ in range(_LOOKS_TO_BELIEVE):  # a slip of a look or two may stand between it and its record
            if next_at in begun:
                return True
            slip = next((each for each in runs if each.seen_from == next_at and each.looks < _LOOKS_TO_BELIEVE), None)
            next_at = None if slip is None else slip.ended_at
        return self.looks == 1 and not any(each.seen_from == self.ended_at for each in runs)


@dataclass(frozen=True, slots=True)
class _Matched:
    """Each recorded rate's reading by its id, and the readings that nothing recorded."""

    of_recorded: dict[int, Rate] = field(default_factory=dict)
    unrecorded: tuple[Rate, ...] = ()


def _see_extra(runs: list[_Extra], rate: Rate, at: datetime) -> None:
    if runs and runs[-1].ended_at is None and _is_same(runs[-1].rate, rate):
        runs[-1].seen_until, runs[-1].looks = at, runs[-1].looks + 1
        return
    if runs:
        runs[-1].end(at)
    runs.append(_Extra(rate, at, at))


def _stated(rates: Sequence[Rate], at: datetime) -> tuple[tuple[Rate, ...], set[object]]:
    """What a capture states, prepared as the judge does, and the identities that it gives two prices."""
    places: dict[object, list[Rate]] = defaultdict(list)
    for rate in rates:
        places[(rate.identity, rate.valid_from)].append(rate)
    certain = [members[0] for members in places.values() if len({price_of(rate) for rate in members}) == 1]
    doubtful: set[object] = {members[0].identity for members in places.values() if members[0] not in certain}
    settled = schedule.settle(certain, at)
    return (*settled.current, *settled.announced), doubtful


def _matched(recorded: Sequence[Rate], stated: Sequence[Rate]) -> _Matched:
    comparison = compare(recorded, stated)
    pairs = [(match.old, match.new) for match in comparison.kept]
    pairs += [(d.old, d.new) for d in comparison.differences if d.kind in {"changed", "respelled"} and d.old and d.new]
    # `compare` takes equal rates for one: whatever row an equal one has, it is read as the same.
    twins = {(old.identity, old.value): new for old, new in pairs}
    found = ((id(rate), twins.get((rate.identity, rate.value))) for rate in recorded)
    of_recorded = {row: new for row, new in found if new is not None}
    taken = {id(new) for _, new in pairs}
    read = {(new.identity, new.value) for _, new in pairs}
    unrecorded = (rate for rate in stated if id(rate) not in taken and (rate.identity, rate.value) not in read)
    return _Matched(of_recorded, tuple(unrecorded))


def _is_same(one: Rate | None, other: Rate | None) -> bool:
    """Whether both are absent, or cost the same in the same currency."""
    if one is None or other is None:
        return one is other
    return price_of(one) == price_of(other) and (one.currency == other.currency or not one.unit_price)
