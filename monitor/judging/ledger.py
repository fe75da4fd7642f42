"""What was pending, what is pending now, and what is told: the counting of looks.

A verdict is believed when it needs no second look or has had it. What is held stays held, whatever later looks say,
until the page goes back or a person decides; it is told once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.diff import price_of
from monitor.judging.verdicts import SEVERITY, Trust, Verdict
from monitor.judging.words import seen
from scrapers.catalog import Page, Provider
from scrapers.rates import Rate
from storage.nouns import Event, EventKind, Pending

_LOOKS = {"silent": 1, "now": 1, "wait": 2, "slow": 3}
_CONFIRMED = 0.12
_RESELLER = 0.1
_HELD = 0.3


@dataclass(frozen=True, slots=True)
class _Count:
    """What waited before under the same key with the same price, and how often it was seen with this look."""

    prior: Pending | None
    looks: int
    trust: Trust


@dataclass(slots=True)
class Ledger:
    """Collects the events and the pending rows of one look at one page."""

    provider: Provider
    page: Page
    at: datetime
    before: tuple[Pending, ...]
    confirm: bool
    _known: dict[str, Pending] = field(init=False)
    _events: list[Event] = field(default_factory=list)
    _pending: dict[str, Pending] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = {p.key: p for p in self.before}

    @property
    def events(self) -> tuple[Event, ...]:
        """What is told; of several notices with the same words only the first."""
        told: dict[object, Event] = {}
        for number, event in enumerate(self._events):
            told.setdefault(event.why if event.kind == "notice" else number, event)
        return tuple(told.values())

    @property
    def pending(self) -> tuple[Pending, ...]:
        return tuple(self._pending.values())

    @property
    def held_removals(self) -> set[str]:
        """Folded names of models with a removal that is already held: they count as lost before."""
        return {
            p.old.model_key for p in self.before if p.outcome == "held" and p.kind == "removal" and p.old is not None
        }

    def decide(self, verdict: Verdict, identity: tuple[str, ...]) -> bool:
        """Whether a verdict is believed at this look; tells it if so, keeps it as pending if not."""
        return self.decide_all([(verdict, identity)])

    def decide_all(self, verdicts: Sequence[tuple[Verdict, tuple[str, ...]]]) -> bool:
        """Like `decide` for verdicts that stand or fall together: the least trusted one speaks for all."""
        loud = [(verdict, _key(identity)) for verdict, identity in verdicts if verdict.trust != "silent"]
        counts = [self._count(verdict, key) for verdict, key in loud]
        trust: Trust = max((count.trust for count in counts), key=SEVERITY.index, default="silent")
        needed = 1 if trust == "wait" and not self.confirm else _LOOKS.get(trust)
        if needed is not None and all(count.looks >= needed for count in counts):
            for (verdict, _), count in zip(loud, counts, strict=True):
                self.tell(_confirmed(verdict, count.looks, count.prior, self.at))
            return True
        for (verdict, key), count in zip(loud, counts, strict=True):
            self._keep(replace(verdict, trust=trust), key, count)
        return False

    def _count(self, verdict: Verdict, key: str) -> _Count:
        prior = self._known.get(key)
        if prior is None or not _is_same(prior, verdict):
            return _Count(None, 1, verdict.trust)
        return _Count(prior, prior.looks + 1, "held" if prior.outcome == "held" else verdict.trust)

    def _keep(self, verdict: Verdict, key: str, count: _Count) -> None:
        """Store what is not believed yet, and tell of what is held when it is news."""
        prior = count.prior
        self._pending[key] = Pending(
            key=key,
            outcome="held" if verdict.trust == "held" else "wait",
            kind=verdict.kind,
            old=verdict.old,
            new=verdict.new,
            why=verdict.why,
            first_seen=self.at if prior is None else prior.first_seen,
            looks=count.looks,
        )
        is_news = prior is None or prior.outcome != "held"
        if (verdict.trust == "held" and is_news) or (verdict.trust == "slow" and not self.confirm and prior is None):
            kind: EventKind = "notice" if verdict.kind == "notice" else "held"
            self.tell(replace(verdict, kind=kind, confidence=_HELD))

    def tell(self, verdict: Verdict, *, predecessor: str | None = None) -> None:
        """Add an event."""
        sure = verdict.confidence - (_RESELLER if self.provider.is_reseller else 0)
        self._events.append(
            Event(
                kind=verdict.kind,
                provider=self.provider.id,
                market=self.page.market,
                captured_at=self.at,
                old=verdict.old,
                new=verdict.new,
                confidence=round(max(0.1, min(0.99, sure)), 2),
                why=verdict.why,
                url=self.page.url,
                effective_from=verdict.effective_from,
                predecessor=predecessor,
            )
        )

    def summary(self) -> str:
        """How much was told, waits and is held."""
        waiting = sum(p.outcome == "wait" for p in self._pending.values())
        held = len(self._pending) - waiting
        if not self.events and not self._pending:
            return "no price changed"
        return f"{len(self.events)} events, {waiting} differences wait for another look, {held} are held"


def _key(identity: tuple[str, ...]) -> str:
    """As `storage.nouns.identity_text` writes it; announced prices have their date besides."""
    return json.dumps(identity, ensure_ascii=False, separators=(",", ":"))


def _confirmed(verdict: Verdict, looks: int, prior: Pending | None, at: datetime) -> Verdict:
    """The verdict with how often it was seen, where looks count."""
    if verdict.trust not in {"wait", "slow"}:
        return verdict
    how = seen(looks, None if prior is None else prior.first_seen, at)
    bonus = _CONFIRMED if looks > 1 else 0.0
    return replace(verdict, why=f"{verdict.why}; {how}", confidence=verdict.confidence + bonus)


def _is_same(pending: Pending, verdict: Verdict) -> bool:
    """Whether what waited is what is seen again: the same new price, or the same absence."""
    return _price(pending.new) == _price(verdict.new) and _date(pending.new) == _date(verdict.new)


def _price(rate: Rate | None) -> object:
    return None if rate is None else (price_of(rate), rate.currency)


def _date(rate: Rate | None) -> object:
    return None if rate is None else rate.valid_from
