"""What is news: an event is dropped when the database holds it already and nothing has taken it back since.

A language twin of the same market tells the same change again, and a run that was repeated after a restored backup
finds it again. A transition that comes back after it was reversed (A, B, A, B) is news, and is counted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scrapers.rates import parse_instant
from storage.nouns import Event, EventKind, identity_text
from storage.rows import instant, pending_of, transition_text

PRICE_KINDS: tuple[EventKind, ...] = (
    "cut",
    "raise",
    "launch",
    "removal",
    "promo_start",
    "promo_end",
    "free",
    "repriced",
    "correction",
)
PLAN_KINDS: tuple[EventKind, ...] = ("scheduled", "cancelled")
_HELD_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Told:
    """What of an earlier event about the same price matters here."""

    kind: str
    transition: str
    effective_from: datetime | None
    captured_at: datetime
    why: str

    @property
    def words(self) -> str:
        """What is said of it, whenever and however often it was seen."""
        return self.why.partition("; seen ")[0]

    @property
    def topic(self) -> str:
        """What such words are about, whatever they say of it."""
        return self.words.partition(": ")[0]

    @property
    def before(self) -> list[str | None]:
        return list(json.loads(self.transition)[:2])

    @property
    def after(self) -> list[str | None]:
        return list(json.loads(self.transition)[2:])


def fresh_events(connection: sqlite3.Connection, events: Sequence[Event]) -> tuple[Event, ...]:
    """The events that are news, in their order, each with `repeat` counted."""
    fresh: list[Event] = []
    of_price: dict[tuple[str, ...], list[_Told]] = {}
    for event in events:
        price = (*_place(event), event.predecessor or "")
        if price not in of_price:
            of_price[price] = _stored(connection, event)
        told = of_price[price]
        new = _Told(event.kind, transition_text(event), event.effective_from, event.captured_at, event.why)
        if _is_known(connection, told, new, event):
            continue
        same = sum(earlier.kind == new.kind and earlier.transition == new.transition for earlier in told)
        fresh.append(replace(event, repeat=same))
        told.append(new)
    return tuple(fresh)


def _is_known(connection: sqlite3.Connection, told: Sequence[_Told], new: _Told, event: Event) -> bool:
    if event.kind == "notice" and new.before == new.after and _was_said_by_a_twin(connection, new, event):
        return True
    group = [earlier for earlier in told if earlier.kind in _group(event.kind)]
    if not group:
        return False
    if event.kind in PRICE_KINDS:
        # A twin that comes late launches the model at the price that it has by then.
        if event.kind == "launch" and group[-1].after == new.after:
            return True
        return _is_unreversed(connection, group, new, event)
    latest = group[-1]
    if latest.kind != new.kind or latest.transition != new.transition:
        return False
    if event.kind in PLAN_KINDS:
        return latest.effective_from == new.effective_from
    if event.kind == "held":
        return new.captured_at - latest.captured_at < _HELD_AGAIN_AFTER or _is_still_held(connection, event)
    return latest.before != latest.after or latest.words == new.words  # no price moved: hours may have moved again


def _was_said_by_a_twin(connection: sqlite3.Connection, new: _Told, event: Event) -> bool:
    """Whether the last notice of its market about the same thing says the same, of whatever price."""
    found = connection.execute(
        "SELECT kind, transition, effective_from, captured_at, why FROM events "
        "WHERE provider = ? AND market = ? AND kind = 'notice' ORDER BY seq DESC LIMIT 100",
        (event.provider, event.market),
    )
    said = (_told(row) for row in found)
    last = next((each for each in said if each.topic == new.topic and each.before == each.after), None)
    return last is not None and last.words == new.words


def _is_unreversed(connection: sqlite3.Connection, group: Sequence[_Told], new: _Told, event: Event) -> bool:
    """Whether this transition was told and the price has not been back where it started since.

    A page that came new, or that showed the old price only after the telling, knows better than the events do.
    """
    last = max((place for place, earlier in enumerate(group) if earlier.transition == new.transition), default=None)
    if last is None or any(later.after == new.before for later in group[last + 1 :]):
        return False
    return not _began_after(connection, event, group[last].captured_at)


def _began_after(connection: sqlite3.Connection, event: Event, told_at: datetime) -> bool:
    """Whether the old price began on the event's own page after that instant."""
    if event.old is None:
        return False
    row = connection.execute(
        "SELECT 1 FROM rates JOIN pages ON pages.id = rates.page_id WHERE pages.provider = ? AND pages.market = ? "
        "AND url = ? AND identity = ? AND ended_at IS NULL AND seen_from > ? LIMIT 1",
        (event.provider, event.market, event.url, identity_text(event.old), instant(told_at)),
    ).fetchone()
    return row is not None


def _group(kind: EventKind) -> tuple[EventKind, ...]:
    """Kinds that follow one another: a held difference does not make an old cut news again."""
    for group in (PRICE_KINDS, PLAN_KINDS):
        if kind in group:
            return group
    return (kind,)


def _stored(connection: sqlite3.Connection, event: Event) -> list[_Told]:
    found = connection.execute(
        "SELECT kind, transition, effective_from, captured_at, why FROM events "
        "WHERE provider = ? AND market = ? AND identity = ? AND predecessor IS ? ORDER BY seq",
        (*_place(event), event.predecessor),
    )
    return [_told(row) for row in found]


def _told(row: sqlite3.Row) -> _Told:
    return _Told(row[0], row[1], parse_instant(row[2]), datetime.fromisoformat(row[3]), row[4])


def _is_still_held(connection: sqlite3.Connection, event: Event) -> bool:
    found = connection.execute(
        "SELECT pending.* FROM pending JOIN pages ON pages.id = pending.page_id "
        "WHERE provider = ? AND market = ? AND outcome = 'held'",
        (event.provider, event.market),
    )
    held = [rate for row in found for rate in (pending_of(row).old, pending_of(row).new) if rate is not None]
    return any(identity_text(rate) == identity_text(event.rate) for rate in held)


def _place(event: Event) -> tuple[str, str, str]:
    return (event.provider, event.market, identity_text(event.rate))
