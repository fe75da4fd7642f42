"""How much an event matters: `low`, `normal`, `high` or `urgent`; the table stands in docs/alerts.md.

Only the user's own bill makes an event urgent: without a `[[workload]]` nothing is. What is doubtful or far off
counts one level less.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from scrapers.rates import model_key
from storage.nouns import Event, EventKind

if TYPE_CHECKING:
    from monitor.effects import Effect
    from monitor.workloads import Workload

Severity = Literal["low", "normal", "high", "urgent"]
WakeFor = Literal["low", "normal", "high", "urgent", "nothing"]  # one literal: a union is told badly when it is wrong
SEVERITIES: tuple[Severity, ...] = ("low", "normal", "high", "urgent")

RISE_OF_BILL = 10.0
MOVE_OF_BILL = 5.0
SAVING_ELSEWHERE = 20.0
LARGE_MOVE = 30.0
SMALL_MOVE = 5.0
"""In percent."""
DOUBTFUL = 0.7
FAR_OFF = timedelta(days=7)

_OF_NO_BILL: frozenset[EventKind] = frozenset({"successor", "held", "notice"})
_MINOR: frozenset[EventKind] = _OF_NO_BILL | {"correction"}
_WITHOUT_SIZE: frozenset[EventKind] = frozenset({"launch", "removal"})
_LARGE: frozenset[EventKind] = frozenset({"free", "repriced"})


def severity_of(event: Event, effects: Sequence[Effect] = (), workloads: Sequence[Workload] = ()) -> Severity:
    """The severity of an event with its effects on the bills of the workloads of the settings."""
    level = _of_bill(event, effects, workloads)
    if level is None:
        level = _of_kind(event)
    is_far_off = event.effective_from is not None and event.effective_from > event.captured_at + FAR_OFF
    if event.confidence < DOUBTFUL or is_far_off:
        level = max(0, level - 1)
    return SEVERITIES[level]


def is_used(event: Event, workloads: Sequence[Workload]) -> bool:
    """Whether the event is about a model that one of the workloads uses."""
    return any(
        use.provider == event.provider
        and use.market in {None, event.market}
        and model_key(use.model) == event.rate.model_key
        for workload in workloads
        for use in workload.uses
    )


def highest(kinds: Sequence[str], *, with_workloads: bool) -> Severity:
    """The most that events of these kinds can reach; `*` is all that it stands for in a rule."""
    named = set(kinds)
    if named <= (_OF_NO_BILL if with_workloads else _MINOR):
        return "low"
    if with_workloads:
        return "urgent"
    return "normal" if named <= _MINOR | _WITHOUT_SIZE else "high"


def _of_bill(event: Event, effects: Sequence[Effect], workloads: Sequence[Workload]) -> int | None:
    """What the user's own bills say; None when they say nothing."""
    own = [effect.percent for effect in effects if effect.replaces is None]
    elsewhere = [-effect.percent for effect in effects if effect.replaces is not None]
    is_gone = event.kind == "removal" and is_used(event, workloads)
    is_whole = event.rate.service_tier == "standard" and not event.rate.conditions.to_json()
    if max(own, default=0.0) >= RISE_OF_BILL or (is_gone and is_whole):
        return SEVERITIES.index("urgent")
    if is_gone or any(abs(percent) >= MOVE_OF_BILL for percent in own):
        return SEVERITIES.index("high")
    if max(elsewhere, default=0.0) >= SAVING_ELSEWHERE:
        return SEVERITIES.index("high")
    return SEVERITIES.index("normal") if effects else None


def _of_kind(event: Event) -> int:
    """What the event says by itself."""
    if event.kind in _MINOR:
        return SEVERITIES.index("low")
    size = None if event.percent is None else abs(event.percent)
    if event.kind in _LARGE or (size is not None and size >= LARGE_MOVE):
        return SEVERITIES.index("high")
    return SEVERITIES.index("low" if size is not None and size < SMALL_MOVE else "normal")
