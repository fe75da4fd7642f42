"""Taking back what was undone: an alert that never left is withdrawn, one that may have arrived gets a follow-up.

An event is undone when a person rejects it or a correction says that it was never true, when an announced price is
cancelled, and when a price is back where it was. What matters is what a receiver believes, so each address is judged by
what it may have: a price that went and came back before anybody heard of it is told not at all; one that somebody may
have heard of is followed by what undoes it, whatever the rules say, except for a price that honestly went back: that is
an event of its own, in its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.alerts.digest import digest_subject
from monitor.alerts.payload import event_json, payload_of, withdrawn_payload
from monitor.alerts.phrases import fact_of, subject_of
from monitor.channels import Language
from monitor.settings import Settings
from scrapers.rates import Rate
from storage.nouns import Alert, Event, Telling, Withdrawal
from storage.outcomes import Decision
from storage.rows import transition_of
from storage.store import Store
from storage.transitions import PRICE_KINDS
from storage.withdrawals import earlier_events, held_event, tellings


@dataclass(frozen=True, slots=True)
class Undoing:
    """An event that was told or is about to be, and is undone.

    Attributes:
        event: the earlier event.
        why: the reason in words.
        by: the event that undoes it; None when a person decided that nothing happened.
        was_wrong: whether who may have heard of it must hear of this, whatever the rules say.

    """

    event: Event
    why: str
    by: Event | None = None
    was_wrong: bool = True

    @property
    def restores(self) -> bool:
        """Whether all is again as it was before the event."""
        return self.by is None or _price(self.by.new) == _price(self.event.old)


@dataclass(frozen=True, slots=True)
class Settled:
    """The alerts that are to be queued, and what is taken back from others."""

    alerts: tuple[Alert, ...]
    withdrawals: tuple[Withdrawal, ...] = ()


def undone_by(store: Store, events: Iterable[Event]) -> list[Undoing]:
    """What these events undo of what was told before."""
    found: list[Undoing] = []
    for event in events:
        earlier = earlier_events(store.connection, event)
        if event.kind == "cancelled":
            plan = next((one for one in earlier if one.kind in {"scheduled", "cancelled"}), None)
            if plan is not None and plan.kind == "scheduled" and _price(plan.new) == _price(event.old):
                found.append(Undoing(plan, event.why, event))
        elif event.kind in PRICE_KINDS:
            found.extend(_undone_price(event, earlier))
    return found


def undone_by_rulings(store: Store, decisions: Iterable[Decision]) -> list[Undoing]:
    """The messages about held differences that a person has decided; who was told of one hears of its rejection."""
    found = []
    for decision in decisions:
        told = {event.id: event for event in decision.events}
        for ruling in decision.rulings:
            held = held_event(store.connection, decision.page_id, ruling)
            if held is not None:
                by, rejected = told.get(ruling.event_id or ""), ruling.action == "reject"
                why = f"{ruling.action}ed by a person: {ruling.reason}"
                found.append(Undoing(held, why, None if rejected else by, was_wrong=rejected))
    return found


def settle(store: Store, settings: Settings, alerts: Sequence[Alert], undone: Sequence[Undoing]) -> Settled:
    """The alerts with what the undoing makes of them and of the outbox; all of it belongs in one transaction."""
    if not undone:
        return Settled(tuple(alerts))
    work = _Work(settings, list(alerts))
    told = tellings(store.connection, {each.event.id for each in undone})
    withdrawals = [work.take_back(one, [u for u in undone if u.event.id in one.event_ids]) for one in told]
    return Settled(tuple(work.alerts), tuple(one for one in withdrawals if one is not None))


def _undone_price(event: Event, earlier: Sequence[Event]) -> Iterable[Undoing]:
    latest = next((one for one in earlier if one.kind in PRICE_KINDS), None)
    if latest is None or _price(latest.new) != _price(event.old):
        return
    was_wrong = event.kind == "correction"
    if was_wrong or transition_of(latest.new, latest.old) == transition_of(event.old, event.new):
        yield Undoing(latest, event.why, event, was_wrong)
        for one in earlier[: earlier.index(latest)]:  # what compares the same price with the older model's
            if one.kind == "successor" and _price(one.new) == _price(event.old):
                yield Undoing(one, event.why, event, was_wrong)


def _price(rate: Rate | None) -> object:
    return None if rate is None else (rate.state, rate.unit_price, rate.currency)


class _Work:
    """The alerts of one transaction while the undoing goes over them."""

    def __init__(self, settings: Settings, alerts: list[Alert]) -> None:
        self.alerts = alerts
        self.languages: dict[str, Language] = {
            address: settings.language_of(channel) for channel in settings.places for address in channel.addresses
        }
        self.default: Language = settings.language

    def take_back(self, told: Telling, undone: Sequence[Undoing]) -> Withdrawal | None:
        """What becomes of one message that tells of these undone events."""
        language = self.languages.get(told.channel, self.default)
        never_left = told.is_waiting and not told.maybe_out
        gone = [each for each in undone if each.was_wrong or never_left]
        if not gone:
            return None
        follow_up = None
        if never_left:
            for each in gone:
                self._settle_unheard(told, each, language)
        elif told.channel in self.languages:
            follow_up = self._follow_up(told, gone, language)
        ids = {each.event.id for each in gone}
        left = tuple(one for one in told.event_ids if one not in ids) if told.is_waiting else told.event_ids
        payload = _without(told.payload, ids, language) if told.is_waiting and left else told.payload
        return Withdrawal(told, {each.event.id: each.why for each in gone}, left, payload, follow_up)

    def _settle_unheard(self, told: Telling, undone: Undoing, language: Language) -> None:
        """Nobody heard of the event: what takes it back is not told either, and a right price takes its place."""
        if undone.by is None or undone.event.kind in {"held", "successor"}:
            return
        if undone.restores:
            self._drop(told.channel, undone.by, language)
        elif undone.was_wrong and told.channel in self.languages:
            self._carrier(told, undone.by, language)

    def _follow_up(self, told: Telling, gone: Sequence[Undoing], language: Language) -> str:
        """Say to a receiver that may have the message what of it is undone; the id of what says so."""
        said = [_said(told, each, language) for each in gone]
        by = next((each.by for each in gone if each.by is not None), None)
        if by is None:
            alert = Alert(told.channel, told.rule, tuple(f"undone {each.event.id}" for each in gone), told.order_key)
            payload = withdrawn_payload(gone[0].event, told.rule, language, said)
            place = len(self.alerts)
            self.alerts.append(replace(alert, payload={"id": alert.id, **payload, "follows": [told.id]}))
            return self.alerts[place].id
        place = self._carrier(told, by, language)
        alert = self.alerts[place]
        data = {**alert.payload["data"], "withdrawn": [*alert.payload["data"].get("withdrawn", ()), *said]}
        follows = [*alert.payload.get("follows", ()), told.id]
        self.alerts[place] = replace(alert, payload={**alert.payload, "data": data, "follows": follows})
        return alert.id

    def _carrier(self, told: Telling, event: Event, language: Language) -> int:
        """The place of the alert that tells of an event at the address of a message; it is made where no rule did."""
        for place, alert in enumerate(self.alerts):
            if alert.channel == told.channel and event.id in alert.event_ids:
                return place
        alert = Alert(told.channel, told.rule, (event.id,), event.provider)
        payload = payload_of([event], told.rule, language)
        self.alerts.append(replace(alert, payload={"id": alert.id, **payload}))
        return len(self.alerts) - 1

    def _drop(self, address: str, event: Event, language: Language) -> None:
        """Tell an address nothing of an event."""
        for place, alert in enumerate(self.alerts):
            if alert.channel == address and event.id in alert.event_ids:
                left = tuple(one for one in alert.event_ids if one != event.id)
                smaller = replace(alert, event_ids=left)
                payload = {**_without(alert.payload, {event.id}, language), "id": smaller.id} if left else {}
                self.alerts[place : place + 1] = [replace(smaller, payload=payload)] if left else []
                return


def _without(payload: Mapping[str, Any], ids: set[str], language: Language) -> dict[str, Any]:
    """A payload without some of its events; its id stays, since it names the telling and not what is left of it."""
    events = [event for event in payload["data"]["events"] if event["id"] not in ids]
    digest = payload["data"].get("digest")
    subject = digest_subject(events, digest["every"], language) if digest else subject_of(events, language)
    return {**payload, "data": {**payload["data"], "events": events, "subject": subject}}


def _said(told: Telling, undone: Undoing, language: Language) -> dict[str, Any]:
    fact = fact_of(event_json(undone.event), language)
    return {"event": undone.event.id, "message": told.id, "fact": fact, "why": undone.why}
