"""Incidents: what is wrong with the watching itself, apart from prices; each is one row from its begin to its end.

The monitor decides what begins and ends (`monitor.health`); here it is kept. An incident is written in the transaction
that ends the run, with the messages that tell of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from scrapers.rates import parse_instant
from storage.nouns import Alert
from storage.recording import insert_alerts
from storage.rows import dump, insert, instant, moment

if TYPE_CHECKING:
    from storage.store import Store

IncidentKind = Literal[
    "outage", "vanished", "blocked", "failing", "layout", "unread", "stale", "flapping", "held", "retirement"
]
INCIDENT_KINDS: tuple[IncidentKind, ...] = (
    "outage",
    "vanished",
    "blocked",
    "failing",
    "layout",
    "unread",
    "stale",
    "flapping",
    "held",
    "retirement",
)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is, or was, wrong with a page, or that a page says of a model's end.

    Attributes:
        provider: with `market` and `url` the page; all empty for what is no one page's matter.
        subject: the model that retires, the identity of the price that flaps; else empty.
        why: what is wrong, in a sentence.
        facts: the figures and names behind `why`, for messages in other languages.
        since: when it began, so far as is known.
        opened_at: when it was found; `closed_at` when it was found to be over, None while it is open.
        reopened: how often it came back within a day of its end.
        is_end_told: whether its end was told, or needed no telling.
        id: of its row; None before it is written.

    """

    kind: IncidentKind
    provider: str
    market: str
    url: str
    since: datetime
    opened_at: datetime
    why: str
    subject: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    reopened: int = 0
    is_end_told: bool = False
    id: int | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes it the same incident at two times."""
        return (self.kind, self.provider, self.market, self.url, self.subject)

    @property
    def page(self) -> tuple[str, str, str]:
        return (self.provider, self.market, self.url)


@dataclass(frozen=True, slots=True)
class HealthOutcome:
    """What the end of a run found: incidents in their new state (without an id: new ones), and who is told."""

    incidents: tuple[Incident, ...] = ()
    alerts: tuple[Alert, ...] = ()


def write_health(sql: sqlite3.Connection, health: HealthOutcome, run_id: int | None, now: datetime) -> None:
    """Write incidents and alerts, inside a transaction that the store has begun."""
    for incident in health.incidents:
        columns = _columns(incident)
        if incident.id is None:
            insert(sql, "incidents", {**columns, "run_id": run_id})
        else:
            changes = ", ".join(f"{name} = :{name}" for name in columns)
            sql.execute(f"UPDATE incidents SET {changes} WHERE id = :id", {**columns, "id": incident.id})  # noqa: S608 - column names of this package
    insert_alerts(sql, health.alerts, run_id, now)


def known_incidents(store: Store, closed_since: datetime) -> tuple[Incident, ...]:
    """The open incidents, and the closed ones that still matter: ended since then, or their end not told yet."""
    found = store.connection.rows(
        "SELECT * FROM incidents WHERE closed_at IS NULL OR closed_at >= ? OR end_told = 0 ORDER BY id",
        (instant(closed_since),),
    )
    return tuple(_incident(row) for row in found)


def list_incidents(store: Store, provider: str | None = None, *, with_closed: bool = False) -> tuple[Incident, ...]:
    """The incidents of one provider or of all, oldest first; the closed ones too when asked for."""
    found = store.connection.rows(
        "SELECT * FROM incidents WHERE (:provider IS NULL OR provider = :provider) "
        "AND (:all OR closed_at IS NULL) ORDER BY since, id",
        {"provider": provider, "all": with_closed},
    )
    return tuple(_incident(row) for row in found)


def _columns(incident: Incident) -> dict[str, Any]:
    return {
        "kind": incident.kind,
        "provider": incident.provider,
        "market": incident.market,
        "url": incident.url,
        "subject": incident.subject,
        "why": incident.why,
        "facts": dump(dict(incident.facts)),
        "since": instant(incident.since),
        "opened_at": instant(incident.opened_at),
        "closed_at": None if incident.closed_at is None else instant(incident.closed_at),
        "reopened": incident.reopened,
        "end_told": int(incident.is_end_told),
    }


def _incident(row: sqlite3.Row) -> Incident:
    return Incident(
        kind=row["kind"],
        provider=row["provider"],
        market=row["market"],
        url=row["url"],
        since=moment(row["since"]),
        opened_at=moment(row["opened_at"]),
        why=row["why"],
        subject=row["subject"],
        facts=json.loads(row["facts"]),
        closed_at=parse_instant(row["closed_at"]),
        reopened=row["reopened"],
        is_end_told=bool(row["end_told"]),
        id=row["id"],
    )
