"""What an alert carries: a versioned JSON object, complete in itself, the body of a webhook as it is.

Its form is `docs/webhook.schema.json`. A key may be added within a version; one that is renamed, removed or given
another meaning makes the next version. Prices are decimal text in the printed currency, never floats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.alerts.health_words import advice_text, health_subject, title_text, why_text
from monitor.alerts.phrases import facts_of, subject_of, visible
from monitor.alerts.words import word
from monitor.effects import Effect
from monitor.price_lines import PriceLine
from monitor.severity import Severity, severity_of
from scrapers.rates import METERS, Rate, format_decimal, format_instant
from storage.incidents import Incident
from storage.nouns import EVENT_KINDS, Event, fraction_text

VERSION = 1

_MOVES = frozenset({"cut", "raise", "free", "promo_start", "promo_end"})

MOST_ASIDE = 10
"""Of what else moved on the page so many are named, the rest is counted."""


@dataclass(frozen=True, slots=True)
class Background:
    """What is known beside the events: effects on workloads, price lines and severities, by the event's id.

    `aside` are events of the same provider in the same look that are not told in this alert. A severity that is not
    said is that without any workload.
    """

    effects: Mapping[str, Sequence[Effect]] = field(default_factory=dict)
    lines: Mapping[str, PriceLine] = field(default_factory=dict)
    aside: Sequence[Event] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)


def payload_of(
    events: Sequence[Event], rules: str, language: str, background: Background | None = None
) -> dict[str, Any]:
    """The payload of one alert about events of one provider; the alert's id is added by whoever makes the alert.

    Events stand in the order of interest: what moves a bill of the user's, then what moves a price, the largest change
    first (a rise to the double is as large as a cut to the half), then the rest.
    """
    known = background or Background()
    ordered = [
        event_json(event, known.effects.get(event.id, ()), known.lines.get(event.id), known.severities.get(event.id))
        for event in sorted(events, key=lambda event: _interest(event, known.effects.get(event.id, ())))
    ]
    aside: dict[tuple[str, str, str], list[Event]] = {}
    for event in sorted(known.aside, key=_interest):
        if event.kind not in {"held", "notice"}:
            aside.setdefault((event.kind, event.market, event.rate.model), []).append(event)
    return {
        "type": "price.changes",
        "version": VERSION,
        "timestamp": format_instant(max(event.captured_at for event in events)),
        "data": {
            "subject": subject_of(ordered, language),
            "provider": events[0].provider,
            "rules": rules.split(","),
            "events": ordered,
            "also": [_aside_json(group, language) for group in list(aside.values())[:MOST_ASIDE]],
            "also_count": len(aside),
        },
    }


def withdrawn_payload(event: Event, rules: str, language: str, said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The payload of a message that takes back what another told, where no event takes its place.

    It holds no events, so that whoever does not know its type learns no price from it.
    """
    provider = visible(event.provider, 60)
    subject = word("withdrawn_subject", language, provider=provider, fact=said[0]["fact"])
    text = "; ".join(word("withdrawn", language, fact=each["fact"], why=visible(each["why"], 500)) for each in said)
    return {
        "type": "price.withdrawn",
        "version": VERSION,
        "timestamp": format_instant(event.captured_at),
        "data": {
            "subject": subject,
            "text": text,
            "provider": event.provider,
            "rules": rules.split(","),
            "events": [],
            "withdrawn": list(said),
        },
    }


def notice_payload(kind: str, at: datetime, subject: str, text: str) -> dict[str, Any]:
    """The payload of a message about Pricefall itself: `test`, or `channel.down` when another channel failed."""
    return {
        "type": kind,
        "version": VERSION,
        "timestamp": format_instant(at),
        "data": {"subject": subject, "text": text, "provider": None, "rules": [], "events": []},
    }


def health_payload(incidents: Sequence[Incident], at: datetime, language: str, *, is_end: bool) -> dict[str, Any]:
    """The payload of one notice about incidents that began (`health.opened`) or are over (`health.closed`)."""
    said = [incident_json(incident, language) for incident in incidents]
    providers = {incident.provider for incident in incidents}
    return {
        "type": "health.closed" if is_end else "health.opened",
        "version": VERSION,
        "timestamp": format_instant(at),
        "data": {
            "subject": health_subject(said, language, is_end=is_end),
            "provider": (providers.pop() or None) if len(providers) == 1 else None,
            "rules": [],
            "events": [],
            "incidents": said,
        },
    }


def incident_json(incident: Incident, language: str) -> dict[str, Any]:
    """One incident as JSON: `title`, `why` and `advice` in the language, times in UTC, `lasted_s` once it is over."""
    kind, facts, closed_at = incident.kind, incident.facts, incident.closed_at
    return {
        "kind": kind,
        "provider": incident.provider or None,
        "market": incident.market or None,
        "url": incident.url or None,
        "subject": incident.subject or None,
        "title": title_text(kind, facts, language),
        "why": why_text(kind, facts, language),
        "advice": advice_text(kind, facts, incident.provider, language),
        "since": format_instant(incident.since),
        "opened": format_instant(incident.opened_at),
        "closed": format_instant(closed_at),
        "lasted_s": None if closed_at is None else int((closed_at - incident.since).total_seconds()),
        "reopened": incident.reopened,
        "facts": dict(facts),
    }


def event_json(
    event: Event, effects: Sequence[Effect] = (), line: PriceLine | None = None, severity: Severity | None = None
) -> dict[str, Any]:
    """One event with what a message needs beside the contract's keys: its states, evidence, line and severity."""
    rate = event.rate
    return {
        **event.to_json(),
        "old_state": event.old.state if event.old else None,
        "new_state": event.new.state if event.new else None,
        "old_printed": _printed(event.old),
        "new_printed": _printed(event.new),
        "old_per_million": _per_million(event.old),
        "new_per_million": _per_million(event.new),
        "list_amount": None if rate.list_amount is None else format_decimal(rate.list_amount),
        "valid_until": format_instant(rate.valid_until),
        "evidence": {"quote": rate.evidence.quote, "locator": rate.evidence.locator},
        "effects": [effect.to_json() for effect in effects],
        "line": None if line is None else line.to_json(),
        "severity": severity or severity_of(event, effects),
    }


def _aside_json(group: Sequence[Event], language: str) -> dict[str, Any]:
    """What happened to one model: its first event, and how many there are."""
    said = event_json(group[0])
    kept = ("id", "kind", "market", "model", "meter", "service_tier", "percent")
    return {**{key: said[key] for key in kept}, "count": len(group), "fact": facts_of(said, language, len(group))}


def _printed(rate: Rate | None) -> dict[str, str | None] | None:
    """A price as its page printed it, before it was brought to the event's `per` `unit`."""
    if rate is None:
        return None
    return {
        "amount": None if rate.amount is None else format_decimal(rate.amount),
        "currency": rate.currency,
        "per": None if rate.per is None else format_decimal(rate.per),
        "unit": rate.unit,
    }


def _per_million(rate: Rate | None) -> str | None:
    """The price of a million tokens; None for what is not sold by the token, or has no price."""
    if rate is None or rate.unit_price is None or rate.unit != "token":
        return None
    return fraction_text(rate.unit_price * 1_000_000)


def _interest(event: Event, effects: Sequence[Effect] = ()) -> tuple[float, int, float, int, str, int, str]:
    """Smaller is of more interest."""
    return (
        -max((abs(effect.percent) for effect in effects), default=0.0),
        0 if event.kind in _MOVES else 1,
        -_size(event),
        EVENT_KINDS.index(event.kind),
        event.rate.model,
        METERS.index(event.rate.meter) if event.rate.meter in METERS else len(METERS),
        event.id,
    )


def _size(event: Event) -> float:
    """How large a change is, up or down alike: the logarithm of its factor; becoming free is the largest."""
    if event.percent is None:
        return math.inf if event.kind == "free" else 0.0
    return math.inf if event.percent <= -100 else abs(math.log1p(event.percent / 100))
