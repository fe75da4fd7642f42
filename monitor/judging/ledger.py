"""What was pending, what is pending now, and what is told: the counting of looks and of reversals.

A verdict is believed when it was seen as often and as long as the policy asks. What is held stays held, whatever later
looks say, until the page goes back, a person decides, or a witness vouches for it; it is told once. What a person has
rejected is settled: not believed and not told while the page shows it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.diff import price_of
from monitor.judging.flapping import PAGE, Reversal
from monitor.judging.policy import SEVERITY, Policy, Trust
from monitor.judging.verdicts import Verdict, taken_back
from monitor.judging.words import money, name_of, seen
from scrapers.catalog import Page, Provider
from scrapers.rates import Rate
from storage.nouns import Event, EventKind, Pending

_CONFIRMED = 0.12
_RESELLER = 0.1
_HELD = 0.3
_DECIDED = {"held", "settled"}  # by a person, or for one to decide


@dataclass(frozen=True, slots=True)
class _Count:
    """What waited before under the same key with the same price, and how often it was seen with this look."""

    prior: Pending | None
    looks: int
    trust: Trust
    first_seen: datetime


@dataclass(slots=True)
class Ledger:
    """Collects the events, the pending rows and the reversals of one look at one page.

    `flapping` are the keys of what flaps, `recent` is what was told lately.
    """

    provider: Provider
    page: Page
    at: datetime
    before: tuple[Pending, ...]
    policy: Policy
    flapping: frozenset[str] = frozenset()
    recent: tuple[Event, ...] = ()
    _known: dict[str, Pending] = field(init=False)
    _believed: set[str] = field(default_factory=set)
    _taken_back: list[Reversal] = field(default_factory=list)
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
    def held_removals(self) -> frozenset[tuple[str, ...]]:
        """Identities of prices whose removal is already held: they count as lost before."""
        held = (p.old for p in self.before if p.outcome in _DECIDED and p.kind == "removal")
        return frozenset(rate.identity for rate in held if rate is not None)

    def first_seen(self, identity: tuple[str, ...]) -> datetime:
        """Since when a difference of this price waits: now, when it is new."""
        prior = self._known.get(_key(identity))
        return self.at if prior is None else prior.first_seen

    def decide(self, verdict: Verdict, identity: tuple[str, ...]) -> bool:
        """Whether a verdict is believed at this look; tells it if so, keeps it as pending if not."""
        return self.decide_all([(verdict, identity)])

    def decide_all(self, verdicts: Sequence[tuple[Verdict, tuple[str, ...]]]) -> bool:
        """Like `decide` for verdicts that stand or fall together: the least trusted one speaks for all."""
        loud = [(verdict, _key(identity)) for verdict, identity in verdicts if verdict.trust != "silent"]
        counts = [self._count(verdict, key) for verdict, key in loud]
        trust: Trust = max((count.trust for count in counts), key=SEVERITY.index, default="silent")
        if all(self._is_enough(trust, count) and self._is_enough(count.trust, count) for count in counts):
            for (verdict, key), count in zip(loud, counts, strict=True):
                self._believe(verdict, key, count)
            return True
        for (verdict, key), count in zip(loud, counts, strict=True):
            self._keep(replace(verdict, trust=trust), key, count)
        return False

    def _is_enough(self, trust: Trust, count: _Count) -> bool:
        return self.policy.is_enough(trust, count.looks, self.at - count.first_seen)

    def _count(self, verdict: Verdict, key: str) -> _Count:
        trust = self._trust(verdict, key)
        prior = self._known.get(key)
        if prior is None or not _is_same(prior, verdict):
            return _Count(None, 1, trust, self.at)
        is_stuck = prior.outcome == "settled" or (prior.outcome == "held" and not verdict.is_vouched)
        return _Count(prior, prior.looks + 1, "held" if is_stuck else trust, prior.first_seen)

    def _trust(self, verdict: Verdict, key: str) -> Trust:
        """How far a verdict is trusted on a page, or of a price, that goes to and fro."""
        if verdict.trust not in {"wait", "young", "gone", "slow", "mass"}:
            return verdict.trust
        if key in self.flapping:
            return "calm"
        return "young" if PAGE in self.flapping and verdict.trust == "wait" else verdict.trust

    def _believe(self, verdict: Verdict, key: str, count: _Count) -> None:
        self._believed.add(key)
        undone = taken_back(verdict.old, verdict.new, self.recent, self.at, self.policy.flap_window)
        is_sale = verdict.kind in {"promo_start", "promo_end"}  # what the page explains may come back each week
        if undone is not None and verdict.new is not None and undone.old is not None and not is_sale:
            words = f"{name_of(verdict.new)} went {_path(undone.old, undone.new, verdict.new)}"
            self._taken_back.append(Reversal(key, verdict.new.model_key, words))
        self.tell(_confirmed(verdict, count.looks, count.prior, self.at))

    def _keep(self, verdict: Verdict, key: str, count: _Count) -> None:
        """Store what is not believed yet, and tell of what is held when it is news."""
        prior = count.prior
        self._pending[key] = Pending(
            key=key,
            outcome=verdict.trust if verdict.trust in {"held", "kept"} else "wait",
            kind=verdict.kind,
            old=verdict.old,
            new=verdict.new,
            why=verdict.why,
            first_seen=count.first_seen,
            looks=count.looks,
            due_at=self.policy.next_look(verdict.trust, count.looks, count.first_seen),
        )
        if prior is not None and prior.outcome == "settled":
            self._pending[key] = replace(self._pending[key], outcome="settled")
        is_news = prior is None or prior.outcome not in _DECIDED
        if (verdict.trust == "held" and is_news) or (
            verdict.trust in {"slow", "mass"} and not self.policy.confirm and prior is None
        ):
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

    def reversals(self) -> tuple[Reversal, ...]:
        """What was pending and is gone again at this look, or shows a third price, and what took back what was told."""
        gone = list(self._taken_back)
        for key, prior in self._known.items():
            now = self._pending.get(key)
            rate = prior.new or prior.old
            if key in self._believed or rate is None or (now is not None and _is_same(prior, now)):
                continue
            words = f"{name_of(rate)} went {_path(prior.old, prior.new, prior.old if now is None else now.new)}"
            gone.append(Reversal(key, rate.model_key, words))
        return tuple(gone)

    def summary(self) -> str:
        """How much was told, waits and is held."""
        waiting = sum(p.outcome == "wait" for p in self._pending.values())
        held = sum(p.outcome == "held" for p in self._pending.values())
        if not self.events and not self._pending:
            return "no price changed"
        return f"{len(self.events)} events, {waiting} differences wait for another look, {held} are held"


def _key(identity: tuple[str, ...]) -> str:
    """As `storage.nouns.identity_text` writes it; announced prices have their date besides."""
    return json.dumps(identity, ensure_ascii=False, separators=(",", ":"))


def _confirmed(verdict: Verdict, looks: int, prior: Pending | None, at: datetime) -> Verdict:
    """The verdict with how often it was seen, where looks count."""
    if verdict.trust in {"silent", "now"}:
        return verdict
    how = seen(looks, None if prior is None else prior.first_seen, at)
    bonus = _CONFIRMED if looks > 1 else 0.0
    return replace(verdict, why=f"{verdict.why}; {how}", confidence=verdict.confidence + bonus)


def _is_same(pending: Pending, verdict: Verdict | Pending) -> bool:
    """Whether what waited is what is seen again: the same new price, or the same absence."""
    return _price(pending.new) == _price(verdict.new) and _date(pending.new) == _date(verdict.new)


def _path(*rates: Rate | None) -> str:
    """Prices one after another: "$5 per 1M tokens, $2.5 per 1M tokens, $5 per 1M tokens"."""
    return ", ".join("off the page" if rate is None else money(rate) for rate in rates)


def _price(rate: Rate | None) -> object:
    return None if rate is None else (price_of(rate), rate.currency)


def _date(rate: Rate | None) -> object:
    return None if rate is None else rate.valid_from
