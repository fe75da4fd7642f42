"""A digest: one message made of the parts that changes have left for it, the events of each provider together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitor.alerts.payload import VERSION
from monitor.alerts.phrases import subject_of, visible
from monitor.alerts.words import word
from scrapers.rates import format_instant
from storage.nouns import Alert
from storage.outbox import OutboxAlert

_NAMED = 3


def digest_of(parts: Sequence[OutboxAlert], language: str) -> Alert:
    """The digest of one channel's parts; an event that stands in several is told once.

    Where the day of the daily digests is that of the weekly one, both come as one message, the weekly one.
    """
    events: dict[str, dict[str, Any]] = {}
    for part in parts:
        events.update({event["id"]: event for event in part.payload["data"]["events"]})
    providers = sorted({event["provider"] for event in events.values()})
    ordered = sorted(events.values(), key=lambda event: providers.index(event["provider"]))
    rules = list(dict.fromkeys(rule for part in parts for rule in part.payload["data"]["rules"]))
    every = "weekly" if any(part.digest == "weekly" for part in parts) else "daily"
    digest = Alert(parts[0].channel, ",".join(rules), tuple(events), "digest", is_digest=True)
    payload: dict[str, Any] = {
        "id": digest.id,
        "type": "price.changes",
        "version": parts[0].payload.get("version", VERSION),
        "timestamp": max(part.payload["timestamp"] for part in parts),
        "data": {
            "subject": digest_subject(ordered, every, language),
            "provider": providers[0] if len(providers) == 1 else None,
            "rules": rules,
            "events": ordered,
            "also": [],
            "also_count": 0,
            "digest": {"every": every, "since": format_instant(min(part.created_at for part in parts))},
        },
    }
    withdrawn = [each for part in parts for each in part.payload["data"].get("withdrawn", ())]
    if withdrawn:
        payload["data"]["withdrawn"] = withdrawn
        payload["follows"] = list(dict.fromkeys(each["message"] for each in withdrawn))
    return replace(digest, payload=payload)


def digest_subject(events: Sequence[Mapping[str, Any]], every: str, language: str) -> str:
    """The subject of a digest that is `daily` or `weekly`: the one fact of a single provider, else whose events."""
    providers = sorted({event["provider"] for event in events})
    if len(providers) == 1:
        return f"{word(every, language)}: {subject_of(events, language)}"
    named = ", ".join(visible(provider, 60) for provider in providers[:_NAMED])
    if len(providers) > _NAMED:
        named += word("and_others", language, count=len(providers) - _NAMED)
    return f"{word(every, language)}: {word('several_of', language, count=len(events), providers=named)}"
