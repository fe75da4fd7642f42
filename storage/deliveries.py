"""What became of each attempt to deliver an alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scrapers.rates import parse_instant
from storage.rows import moment
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, or what a person did; `outcome` as in the table `deliveries`, `number` is 1 for the first."""

    number: int
    at: datetime
    outcome: str
    error: str | None
    next_attempt_at: datetime | None


def attempts_of(store: Store, alert_id: str) -> tuple[Attempt, ...]:
    """All attempts of one alert, oldest first."""
    found = store.connection.rows(
        "SELECT attempt, attempted_at, outcome, error, next_attempt_at FROM deliveries WHERE alert_id = ? ORDER BY id",
        (alert_id,),
    )
    return tuple(
        Attempt(
            row["attempt"],
            moment(row["attempted_at"]),
            row["outcome"],
            row["error"],
            parse_instant(row["next_attempt_at"]),
        )
        for row in found
    )
