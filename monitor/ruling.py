"""A person's decisions, written with their events and alerts in one transaction.

Accepting tells a held change as what it is. Rejecting keeps the accepted price, and is settled while the page shows the
same. Correcting accepts what the person says that the page means. Each is remembered with who, when and why.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from monitor.alerts.withdrawal import settle, undone_by, undone_by_rulings
from monitor.diff import price_of
from monitor.effects import effects_then
from monitor.judging.corrections import Meant, corrected_pending, corrected_rate, correction_event
from monitor.judging.verdicts import direction
from monitor.judging.words import money, moved, name_of, on
from monitor.price_lines import price_lines
from monitor.rereading import Misreading
from monitor.reviewing import Accepted, Held
from monitor.rules import alerts_for
from monitor.settings import Settings
from monitor.subscribers import with_subscribers
from scrapers.rates import Rate
from storage.nouns import Event, EventKind, Pending, Ruling, identity_text
from storage.outcomes import Amendment, Decision, PageState, Piece
from storage.rows import transition_text
from storage.store import Store

Action = Literal["accept", "reject", "correct"]
DONE: dict[str, str] = {"accept": "accepted", "reject": "rejected", "correct": "corrected"}


@dataclass(frozen=True, slots=True)
class Word:
    """Who decides, why, and when."""

    reason: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision: a line for each price, and how many messages were queued."""

    lines: tuple[str, ...]
    alerts: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """One held difference with what is accepted in its place and what tells of it."""

    held: Held
    right: Rate | None
    event: Event | None


def this_user() -> str:
    """The name of whoever is logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user table
        return "unknown"


def decide(
    store: Store, settings: Settings, chosen: Sequence[Held], action: Action, word: Word, meant: Meant | None = None
) -> Outcome:
    """Write what a person decided about held differences; `meant` goes with `correct`.

    Raises:
        StoreError: it could not be written; nothing of it was.

    """
    plans = _with_news(store, [_plan(held, action, word, meant) for held in chosen])
    decisions = [
        _decision(store, state, [plan for plan in plans if plan.held.state == state], action, word)
        for state in dict.fromkeys(held.state for held in chosen)
    ]
    lines = (_line(plan, action) for plan in plans)
    return _record(store, settings, decisions, lines)


def would_tell(store: Store, held: Held, word: Word) -> Event | None:
    """The event that accepting would tell; None when it was told already."""
    return _with_news(store, [_plan(held, "accept", word, None)])[0].event


def correct_accepted(store: Store, settings: Settings, price: Accepted, meant: Meant, word: Word) -> Outcome:
    """Supersede an accepted price that was never true, on all pages of its market that state it.

    Raises:
        StoreError: it could not be written; nothing of it was.

    """
    decisions: list[Decision] = []
    for state, interval in price.places:
        page_id = _page_id(state)
        old, right = interval.rate, corrected_rate(interval.rate, meant, word.at)
        why = f"corrected by a person on {on(word.at)[:10]}: {word.reason}"
        events = store.new_events([correction_event(state, old, right, why, word.at)]) if not decisions else ()
        key = identity_text(old)
        event_id = events[0].id if events else None
        # What reads as the old price, and what an earlier correction took for it, both mean the new one.
        earlier = [each.wrong for each in store.corrections_of(page_id) if _is_one(each.right, old)]
        rulings = tuple(
            Ruling(price.ref, "correct", key, old, seen, right, word.reason, word.who, event_id=event_id)
            for seen in (*earlier, old)
        )
        piece = Piece(right, interval.seen_from, interval.seen_until)
        decision = Decision(None, page_id, word.at, word.at, events=events, rulings=rulings)
        pending = corrected_pending(store.pending_of(page_id), old, right)
        decisions.append(replace(decision, pending=pending, amendments=(Amendment(interval.row_id, (piece,), why),)))
    words = f"corrected: {price.provider} {name_of(price.rate)}: {money(right)} and never {money(price.rate)}"
    return _record(store, settings, decisions, [words])


def correct_record(
    store: Store, settings: Settings, found: Sequence[tuple[PageState, Sequence[Misreading]]], word: Word
) -> Outcome:
    """Supersede what was misread from kept captures; what is in force now and changes is told, as a correction.

    Raises:
        StoreError: it could not be written; nothing of it was.

    """
    why = f"read again on {on(word.at)[:10]}: {word.reason}"
    events = store.new_events(
        correction_event(state, wrong.recorded.rate, wrong.rate if wrong.pieces else None, why, word.at)
        for state, misread in found
        for wrong in misread
        if wrong.is_changed_now and wrong.recorded is not None and wrong.recorded.rate.is_in_force(word.at)
    )
    decisions = [_of_record(store, state, misread, word, why, events) for state, misread in found]
    return _record(store, settings, decisions, [])


def change_kind(old: Rate | None, new: Rate | None) -> EventKind:
    """The kind of event that a change from one accepted price to another is."""
    if old is None or new is None:
        return "launch" if old is None else "removal"
    return direction(old, new)


def _plan(held: Held, action: Action, word: Word, meant: Meant | None) -> _Plan:
    waiting = held.pending
    if action == "reject":
        return _Plan(held, waiting.old, None)
    right = waiting.new
    day = on(word.at)[:10]
    why = f"accepted by a person on {day}: {word.reason}; it had been held: {waiting.why}"
    kind = change_kind(waiting.old, right) if waiting.kind == "notice" else waiting.kind
    if meant is not None and right is not None:
        read, right = right, corrected_rate(right, meant, word.at)
        if waiting.old is not None and _is_one(waiting.old, right):
            return _Plan(held, right, None)
        kind = kind if kind == "scheduled" else change_kind(waiting.old, right)
        what = f"{name_of(right)} is {money(right)}" if waiting.old is None else moved(waiting.old, right)
        why = f"{what}; the page reads as {money(read)} and was corrected by a person on {day}: {word.reason}"
    dated = waiting.old if kind == "cancelled" else right
    event = Event(
        kind=kind,
        provider=held.state.provider,
        market=held.state.market,
        captured_at=waiting.first_seen,
        old=waiting.old,
        new=right,
        confidence=1.0,
        why=why,
        url=held.state.url,
        effective_from=None if dated is None else dated.valid_from,
    )
    return _Plan(held, right, event)


def _with_news(store: Store, plans: Sequence[_Plan]) -> list[_Plan]:
    """The plans with the events that are news; two pages of a market tell the same change once."""
    fresh = store.new_events(plan.event for plan in plans if plan.event is not None)
    told = {_change(event): event for event in fresh}
    return [replace(plan, event=None if plan.event is None else told.get(_change(plan.event))) for plan in plans]


def _decision(store: Store, state: PageState, plans: Sequence[_Plan], action: Action, word: Word) -> Decision:
    """All that is decided about one page."""
    page_id = _page_id(state)
    accepted = store.accepted_rates(page_id)
    pending = {waiting.key: waiting for waiting in store.pending_of(page_id)}
    rulings = []
    for plan in plans:
        waiting = plan.held.pending
        rulings.append(
            Ruling(
                ref=plan.held.ref,
                action=action,
                key=waiting.key,
                old=waiting.old,
                seen=waiting.new,
                new=plan.right,
                reason=word.reason,
                who=word.who,
                held_why=waiting.why,
                event_id=None if plan.event is None else plan.event.id,
            )
        )
        del pending[waiting.key]
        if action == "reject":
            pending[waiting.key] = replace(waiting, outcome="settled")
        elif waiting.kind == "notice":  # the page goes on stating two prices
            pending[waiting.key] = replace(waiting, outcome="settled", old=plan.right, new=plan.right)
        if action != "reject":
            accepted = _believing(accepted, waiting, plan.right)
    return Decision(
        run_id=None,
        page_id=page_id,
        decided_at=state.last_ok_at or word.at,
        recorded_at=word.at,
        accepted=accepted,
        pending=tuple(pending.values()),
        events=tuple(plan.event for plan in plans if plan.event is not None),
        rulings=tuple(rulings),
    )


def _of_record(
    store: Store, state: PageState, misread: Sequence[Misreading], word: Word, why: str, events: Sequence[Event]
) -> Decision:
    """All corrections of one page's record."""
    page_id = _page_id(state)
    pending = store.pending_of(page_id)
    mine = tuple(event for event in events if (event.market, event.url) == (state.market, state.url))
    rulings, amendments = [], []
    for wrong in misread:
        old = None if wrong.recorded is None else wrong.recorded.rate
        new = wrong.rate if wrong.pieces else None
        if old is not None and wrong.is_changed_now:
            pending = corrected_pending(pending, old, new)
        told = next((event.id for event in mine if old is not None and event.old == old and wrong.is_changed_now), None)
        key = identity_text(wrong.rate)
        rulings.append(Ruling("", "reread", key, old, None, new, word.reason, word.who, event_id=told))
        amendments.append(Amendment(None if wrong.recorded is None else wrong.recorded.row_id, wrong.pieces, why))
    return Decision(
        run_id=None,
        page_id=page_id,
        decided_at=word.at,
        recorded_at=word.at,
        pending=pending,
        events=mine,
        rulings=tuple(rulings),
        amendments=tuple(amendments),
    )


def _believing(accepted: tuple[Rate, ...], waiting: Pending, right: Rate | None) -> tuple[Rate, ...]:
    """The accepted list with a held difference in it; an announced price leaves today's where it is."""
    gone = {_place(rate) for rate in (waiting.old, waiting.new, right) if rate is not None}
    if waiting.kind == "cancelled" and waiting.old is not None:
        return tuple(rate for rate in accepted if _place(rate) != _place(waiting.old))
    if waiting.kind == "scheduled" and right is not None:
        later = (rate for rate in accepted if rate.valid_from is not None and rate.valid_from > waiting.first_seen)
        gone = {_place(rate) for rate in later if rate.identity == right.identity}
    kept = tuple(rate for rate in accepted if _place(rate) not in gone)
    return kept if right is None else (*kept, right)


def _record(store: Store, settings: Settings, decisions: Sequence[Decision], lines: Iterable[str]) -> Outcome:
    settings = with_subscribers(store, settings)
    drawn = {name: line for decision in decisions for name, line in price_lines(store, decision.events).items()}
    events = [event for decision in decisions for event in decision.events]
    effects = {k: v for event in events for k, v in effects_then(store, event, settings.workloads).items()}
    *others, last = decisions
    alerts = alerts_for(events, settings, effects, drawn, last.recorded_at)
    undone = [*undone_by(store, events), *undone_by_rulings(store, decisions)]
    settled = settle(store, settings, alerts, undone)
    store.record_decisions([*others, replace(last, alerts=settled.alerts, withdrawals=settled.withdrawals)])
    return Outcome(tuple(lines), len(settled.alerts))


def _line(plan: _Plan, action: Action) -> str:
    held = plan.held
    words = f"{DONE[action]}: {held.ref} {held.state.provider} {held.rate.model} {held.rate.meter}"
    if action == "reject":
        return f"{words}; {'nothing' if plan.right is None else money(plan.right)} stays"
    if action == "correct" and plan.right is not None:
        words += f" is {money(plan.right)}"
    return words + (f" ({plan.event.kind})" if plan.event else " (told before, or no change)")


def _change(event: Event) -> object:
    return (event.kind, event.provider, event.market, identity_text(event.rate), transition_text(event))


def _place(rate: Rate) -> object:
    return (rate.identity, rate.valid_from)


def _is_one(one: Rate, other: Rate) -> bool:
    return _place(one) == _place(other) and price_of(one) == price_of(other)


def _page_id(state: PageState) -> int:
    if state.page_id is None:
        raise ValueError("a page that was never looked at holds nothing to decide about")
    return state.page_id
