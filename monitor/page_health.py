"""What is wrong with one page, by what the database remembers of it; pure, and without memory of its own.

A page that fails has one incident of the family `FAILURES`, which keeps its kind until another one is certain: a page
that answers 404 and 503 in turn does not open two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from monitor.judging.flapping import flapping_now
from monitor.settings import HealthSettings
from scrapers.rates import format_instant, model_key
from storage.incidents import Incident, IncidentKind
from storage.page_histories import FailedLook, Figures, PageHistory

FAILURES: tuple[IncidentKind, ...] = ("vanished", "blocked", "layout", "failing")

_VANISHED = frozenset({"http_404", "http_410", "moved"})
_BLOCKED = frozenset({"blocked", "http_401", "http_403", "http_451", "robots"})
_LAYOUT = frozenset({"no_table", "layout", "implausible", "fault"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong now; `facts` are what its words are made from."""

    kind: IncidentKind
    page: tuple[str, str, str]
    since: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return (self.kind, *self.page, self.subject)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The settings as they hold for one page; looks up to `calm_from`, the end of an outage, do not count."""

    settings: HealthSettings
    interval_s: int
    full_every_s: float
    flap_window: timedelta
    calm_from: datetime | None = None

    @property
    def stale_after(self) -> timedelta:
        """A page that is looked at rarely is not stale before its second look was due."""
        return timedelta(seconds=max(self.settings.stale_after_s, 2 * self.interval_s))


def find_on_page(
    history: PageHistory, is_open: Mapping[IncidentKind, Incident], thresholds: Thresholds, now: datetime
) -> Iterator[Finding]:
    """All that is wrong with a page; `is_open` are its open incidents by kind."""
    failure = _failure(history, is_open, thresholds)
    layout = failure if failure is not None and failure.kind == "layout" else _columns(history, is_open.get("layout"))
    for finding in (failure, layout if layout is not failure else None):
        if finding is not None:
            yield finding
    unread = _unread(history, is_open.get("unread"), thresholds.settings)
    if unread is not None and (layout is None or "unread" in is_open):
        yield unread
    if failure is None:
        yield from _stale(history, thresholds, now, was_stale="stale" in is_open)
    if history.held_since is not None and now - history.held_since >= timedelta(
        seconds=thresholds.settings.held_after_s
    ):
        facts = {"held": history.held, "since": format_instant(history.held_since)}
        yield Finding("held", history.page, history.held_since, facts)
    yield from _flapping(history, thresholds.flap_window, now)
    yield from _retirements(history, now)


def runs_of(history: PageHistory, calm_from: datetime | None) -> tuple[FailedLook, ...]:
    """The failed looks that count, oldest first, the last one of each run."""
    last: dict[object, FailedLook] = {}
    for look in history.failures:
        if calm_from is None or look.failed_at > calm_from:
            last[look if look.run_id is None else look.run_id] = look
    return tuple(last.values())


def category(kind: str) -> IncidentKind:
    """What a failed look of this kind is a sign of.

    >>> [category(kind) for kind in ("http_404", "http_403", "no_table", "UnknownColumn", "timeout", "http_503")]
    ['vanished', 'blocked', 'layout', 'layout', 'failing', 'failing']
    """
    if kind in _VANISHED:
        return "vanished"
    if kind in _BLOCKED:
        return "blocked"
    return "layout" if kind in _LAYOUT or kind[:1].isupper() else "failing"


def _failure(history: PageHistory, is_open: Mapping[IncidentKind, Incident], thresholds: Thresholds) -> Finding | None:
    if not history.failures:
        return None
    settings = thresholds.settings
    needed = {
        "vanished": settings.vanished_after,
        "blocked": settings.failing_after,
        "layout": settings.layout_after,
    }
    looks = runs_of(history, thresholds.calm_from)
    kind = category(looks[-1].kind) if looks else "failing"
    alike = _last_alike(looks)
    before = next((each for each in FAILURES if each in is_open and "looks" in is_open[each].facts), None)
    if kind != "failing" and len(alike) >= needed[kind]:
        return _failed(kind, history, alike)
    if before is not None:
        return _failed(before, history, looks or history.failures)
    return _failed("failing", history, looks) if len(looks) >= settings.failing_after else None


def _last_alike(looks: Sequence[FailedLook]) -> tuple[FailedLook, ...]:
    """The newest looks that failed in the same way."""
    alike: list[FailedLook] = []
    for look in reversed(looks):
        if alike and category(look.kind) != category(alike[0].kind):
            break
        alike.append(look)
    return tuple(reversed(alike))


def _failed(kind: IncidentKind, history: PageHistory, looks: Sequence[FailedLook]) -> Finding:
    facts = {
        "looks": len(looks),
        "error_kind": looks[-1].kind,
        "message": looks[-1].message,
        "last_ok": format_instant(history.state.last_ok_at),
    }
    return Finding(kind, history.page, looks[0].failed_at, facts)


def _columns(history: PageHistory, before: Incident | None) -> Finding | None:
    """Columns that are not understood, on a page that had fewer of them at each capture that is remembered."""
    if len(history.readings) < 2:
        return None
    newest, older = history.readings[0], _older(history, before)
    most = before.facts.get("columns_before") if before is not None else None
    if most is None:
        most = max((len(figures.columns) for figures in older), default=len(newest.columns))
    if len(newest.columns) <= most:
        return None
    seen = {message for figures in older for message in figures.columns}
    news = [message for message in newest.columns if message not in seen] or list(newest.columns)
    facts = {"columns": len(newest.columns), "columns_before": most, "example": news[0]}
    return Finding("layout", history.page, newest.captured_at, facts)


def _older(history: PageHistory, before: Incident | None) -> list[Figures]:
    """The captures to compare the newest with: those before it, and before what is wrong began."""
    rest = history.readings[1:]
    return [figures for figures in rest if before is None or figures.captured_at < before.since]


def _unread(history: PageHistory, before: Incident | None, settings: HealthSettings) -> Finding | None:
    if len(history.readings) < 2:
        return None
    newest = history.readings[0]
    usual = (
        Fraction(before.facts["before"])
        if before is not None
        else median(_share(figures) for figures in history.readings[1:])
    )
    share = _share(newest)
    if share <= usual + Fraction(str(settings.unread_margin)):
        return None
    facts = {
        "unread": newest.unread,
        "seen": newest.seen,
        "percent": round(100 * share),
        "before": str(Fraction(usual)),
        "before_percent": round(100 * usual),
    }
    return Finding("unread", history.page, newest.captured_at, facts)


def _share(figures: Figures) -> Fraction:
    return Fraction(min(figures.unread, figures.seen), figures.seen) if figures.seen else Fraction(0)


def _stale(history: PageHistory, thresholds: Thresholds, now: datetime, *, was_stale: bool) -> Iterator[Finding]:
    """Not read for long; a page that nobody could look at, because no program ran, is not its own incident."""
    state, limit = history.state, thresholds.stale_after
    if state.last_ok_at is None:
        return
    if now - state.last_ok_at >= limit:
        passed = history.passed_over_since
        base = now - limit / 2
        is_passed_over = passed is not None and max(passed, thresholds.calm_from or passed) <= base
        is_failing = bool(runs_of(history, thresholds.calm_from))
        if was_stale or is_passed_over or is_failing:
            facts = {"last_ok": format_instant(state.last_ok_at), "is_failing": is_failing}
            yield Finding("stale", history.page, state.last_ok_at, facts)
    elif state.last_full_at and now - state.last_full_at >= timedelta(seconds=thresholds.full_every_s) + limit:
        facts = {"last_full": format_instant(state.last_full_at)}
        yield Finding("stale", history.page, state.last_full_at, facts)


def _flapping(history: PageHistory, window: timedelta, now: datetime) -> Iterator[Finding]:
    counts = flapping_now(history.flapping, now, window)
    if counts:
        worst = max(counts, key=lambda count: count.reversals)
        facts = {"prices": len(counts), "reversals": worst.reversals, "example": worst.why}
        yield Finding("flapping", history.page, min(count.first_at for count in counts), facts)


def _retirements(history: PageHistory, now: datetime) -> Iterator[Finding]:
    """Models that the page says will end; a day that is past, or no day and said from the first look on, is no news."""
    for said in history.retirements:
        if said.retires_at is None and said.model in history.old_news:
            continue
        newest = history.readings[0].captured_at if history.readings else now
        if said.retires_at is None or said.retires_at > newest:
            facts = {"model": said.model, "retires_at": format_instant(said.retires_at), "quote": said.quote}
            yield Finding("retirement", history.page, newest, facts, subject=model_key(said.model))
