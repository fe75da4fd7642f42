"""A page's new price list against the accepted one: what is believed, what waits, what a person must decide.

Pure functions over frozen values. The decision to know: a difference that is not believed leaves the old price in the
accepted list and stands in `pending`; it is believed when a later look shows the same, and vanishes without a word
when the page goes back. `docs/judging.md` has every rule with an example.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.diff import Comparison, Difference, compare
from monitor.judging import announced, schedule
from monitor.judging.conflicts import without_conflicts
from monitor.judging.earlier import EarlierLook, as_read_earlier, nothing_earlier
from monitor.judging.flapping import counted, flapping_now
from monitor.judging.guards import models_of, page_guards
from monitor.judging.hours import hours_key, hours_verdict
from monitor.judging.ledger import Ledger
from monitor.judging.names import Rename, find_renames, points_elsewhere, predecessor_rate, split_joint_names
from monitor.judging.policy import Policy
from monitor.judging.verdicts import Look, Verdict, judge_difference
from monitor.judging.witnesses import Bench, Witness, weigh
from monitor.judging.words import listed, money, name_of, on
from scrapers.catalog import Page, Provider
from scrapers.rates import PriceList, Rate, model_key
from scrapers.windows import Window
from storage.nouns import Event, Flapping, Pending


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one look at one page came to.

    Attributes:
        accepted: the list that is believed now, announced prices too.
        pending: all that waits or is held, to be stored in place of what was pending.
        events: what subscribers are told, `held` and `notice` among it.
        is_suspect: the page as a whole is not believed; `accepted` and `pending` are what they were.
        why: one sentence about the page.
        flapping: the counts of what went to and fro on the page, to be stored in place of those before; what flaps
            (`flapping_now`) is a matter of health, not of price.
        windows: the hours of peak and off-peak prices that are believed now.

    """

    accepted: tuple[Rate, ...]
    pending: tuple[Pending, ...]
    events: tuple[Event, ...]
    is_suspect: bool
    why: str
    flapping: tuple[Flapping, ...] = ()
    windows: tuple[Window, ...] = ()


def judge_page(
    *,
    provider: Provider,
    page: Page,
    accepted: tuple[Rate, ...] | None,
    read: PriceList,
    pending: tuple[Pending, ...],
    captured_at: datetime,
    previous_at: datetime | None,
    policy: Policy,
    recent: tuple[Event, ...] = (),
    flapping: tuple[Flapping, ...] = (),
    witnesses: Sequence[Witness] = (),
    windows: tuple[Window, ...] = (),
    earlier: EarlierLook = nothing_earlier,
) -> Judgement:
    """Compare one reading of a page with the accepted list and judge every difference.

    Announced prices that fell due since `previous_at` are settled here, with the new page as their witness: do not
    call `due_events` for a page that is judged.

    Args:
        provider: whose page it is; its lineage and aliases explain new names.
        page: the page with its expectations.
        accepted: the accepted list, None or empty before the first good capture.
        read: what the page says now.
        pending: what waited or was held after the previous look.
        captured_at: when the page was fetched (UTC).
        previous_at: when it was fetched before, None for the first time.
        policy: how often and how long a difference must be seen.
        recent: events told about these prices within `policy.memory`.
        flapping: the counts of what went to and fro on the page.
        witnesses: what the provider's other pages and feeds say of its prices now.
        windows: the hours of peak and off-peak prices that were believed until now.
        earlier: what today's reader reads on the last capture before an instant; asked only where something differs.

    """
    doubt = page_doubt(page, read, captured_at, previous_at)
    if doubt is not None:
        return Judgement(accepted or (), pending, (), is_suspect=True, why=doubt, flapping=flapping, windows=windows)
    rates, conflicts = without_conflicts(split_joint_names(read.rates, accepted or ()))
    new = schedule.settle(rates, captured_at)
    if not accepted:
        why = f"first good look: {len(rates)} prices of {len(models_of(rates))} models are the baseline"
        return Judgement((*new.current, *new.announced), (), (), is_suspect=False, why=why, windows=read.windows)
    restless = frozenset(count.key for count in flapping_now(flapping, captured_at, policy.flap_window))
    ledger = Ledger(provider, page, captured_at, pending, policy, restless, recent)
    scene = _Scene(
        provider, page, captured_at, accepted, new, read, ledger, Bench(witnesses, provider.aliases), earlier
    )
    scene.keep_conflicts(conflicts)
    scene.settle_dues(previous_at)
    scene.judge_current()
    scene.judge_announced()
    believed_hours = scene.judge_hours(windows)
    return Judgement(
        _unique(scene.accepted),
        ledger.pending,
        _in_order(ledger.events),
        is_suspect=False,
        why=ledger.summary(),
        flapping=counted(flapping, ledger.reversals(), captured_at, policy.flap_window),
        windows=believed_hours,
    )


def due_events(
    *, provider: Provider, page: Page, accepted: tuple[Rate, ...], since: datetime, now: datetime
) -> Judgement:
    """What falls due by the page's own dates between two looks at a page that did not change.

    Scheduled rates take the place of those that they supersede, promotions give way to their struck price. Calling it
    again with the list that it returned tells nothing twice.
    """
    ledger = Ledger(provider, page, now, (), Policy(confirm=False))
    settled = schedule.settle(accepted, now)
    for due in settled.dues:
        if due.since > since:
            ledger.decide(announced.due_verdict(due, due.new), due.new.identity)
    accepted_now = (*settled.current, *settled.announced)
    return Judgement(accepted_now, (), _in_order(ledger.events), is_suspect=False, why=ledger.summary())


def page_doubt(page: Page, read: PriceList, captured_at: datetime, previous_at: datetime | None) -> str | None:
    """Why nothing on this page is compared at all, or None."""
    if previous_at is not None and captured_at < previous_at:
        return f"the capture is older than the one accepted on {on(previous_at)}; nothing was compared"
    incomplete = next((c for c in read.complaints if c.kind == "incomplete"), None)
    if incomplete is not None:
        return f"the page is not complete ({incomplete.message}); nothing was compared"
    models = models_of(read.rates)
    if len(models) < max(1, page.expect.min_models):
        return (
            f"{len(models)} models were read and at least {max(1, page.expect.min_models)} are expected; nothing was "
            "compared, look at the page and at `expect` in the provider file"
        )
    missing = [name for name in page.expect.always if model_key(name) not in models]
    if missing:
        return f"{listed(missing)} must always be on this page and is not; nothing was compared"
    return None


@dataclass(slots=True)
class _Scene:
    """One comparison on its way: the parts of `judge_page` share it and nobody else sees it."""

    provider: Provider
    page: Page
    at: datetime
    before: tuple[Rate, ...]
    new: schedule.Settled
    read: PriceList
    ledger: Ledger
    bench: Bench
    earlier: EarlierLook
    current: tuple[Rate, ...] = ()
    announced: tuple[Rate, ...] = ()
    accepted: list[Rate] = field(default_factory=list)
    guards_removals: str = ""

    def keep_conflicts(self, conflicts: Sequence[tuple[Rate, ...]]) -> None:
        """Two values for one thing: what was accepted stays, and a person hears of it once."""
        current, later = list(self.new.current), list(self.new.announced)
        for rates in conflicts:
            is_later = self._is_announced(rates[0])
            same = (rate for rate in self.before if rate.identity == rates[0].identity)
            known = [rate for rate in same if self._is_announced(rate) == is_later]
            (later if is_later else current).extend(known)
            if known:
                prices = " and ".join(money(rate) for rate in rates)
                why = f"the page says {prices} for {name_of(rates[0])}; {money(known[0])} stays"
                self.ledger.decide(Verdict("notice", "held", known[0], rates[-1], why), rates[0].identity)
        self.new = replace(self.new, current=tuple(current), announced=tuple(later))

    def _is_announced(self, rate: Rate) -> bool:
        return rate.valid_from is not None and rate.valid_from > self.at

    def settle_dues(self, previous_at: datetime | None) -> None:
        """Let announced prices take effect where the page bears them out; otherwise the old ones stand."""
        old = schedule.settle(self.before, self.at)
        shown = schedule.by_identity(self.new.current)
        current = list(old.current)
        for replaced, dues in schedule.group_dues(old.dues):
            seen = [shown.get(due.new.identity) for due in dues]
            if all(schedule.same_price(now, due.new) for now, due in zip(seen, dues, strict=True)):
                for due, now in zip(dues, seen, strict=True):
                    if previous_at is None or due.since > previous_at:
                        self.ledger.decide(announced.due_verdict(due, now or due.new), due.new.identity)
                continue
            current = [rate for rate in current if not any(rate is due.new for due in dues)]
            current.append(replaced)
            if schedule.same_price(shown.get(replaced.identity), replaced):
                scheduled = [due.new for due in dues if not due.is_promo_end]
                verdicts = [(announced.cancelled(rate, replaced), _later(rate)) for rate in scheduled]
                if not self.ledger.decide_all(verdicts):
                    self.accepted += scheduled
        self.current, self.announced = tuple(current), old.announced

    def judge_current(self) -> None:
        """Every difference between the rates in force."""
        renames = find_renames(self.provider, self.current, self.new.current)
        self._note_renames(renames)
        moved_names = {rate.model_key for rename in renames for rate in (*rename.old, *rename.new)}
        old = tuple(rate for rate in self.current if rate.model_key not in moved_names)
        new = tuple(rate for rate in self.new.current if rate.model_key not in moved_names)
        comparison = compare(old, new)
        guards = page_guards(old, new, comparison.differences, self.ledger.held_removals)
        self.guards_removals = guards.removals
        changed = models_of(d.rate for d in comparison.differences if d.kind in {"changed", "split", "merged"})
        look = Look(
            self.provider,
            self.page,
            self.at,
            old,
            new,
            guards,
            self.read.complaints,
            len(changed),
            self.ledger.recent,
            self.ledger.policy,
        )
        self.accepted += [match.new for match in comparison.kept]
        aliases = {} if guards.changes else self._moved_aliases(comparison.differences, old, new)
        placed = _placed(comparison)
        launches: list[Rate] = []
        for group in _groups(comparison.differences):
            verdicts = [(d, aliases.get(d.rate.model_key) or self._verdict(d, look)) for d in group]
            is_believed = self.ledger.decide_all(
                [(verdict, (verdict.new or verdict.old or d.rate).identity) for d, verdict in verdicts]
            )
            for difference, verdict in verdicts:
                rate = difference.new if is_believed else difference.old
                if rate is not None and (id(rate) not in placed or difference.kind in {"changed", "respelled"}):
                    self.accepted.append(rate)
                if is_believed and verdict.kind == "launch" and verdict.new is not None:
                    launches.append(verdict.new)
        self._compare_successors(launches)

    def _verdict(self, difference: Difference, look: Look) -> Verdict:
        verdict = weigh(judge_difference(difference, look), self.bench)
        if verdict.trust in {"silent", "held"}:
            return verdict
        first_seen = self.ledger.first_seen((verdict.new or verdict.old or difference.rate).identity)
        is_known = difference.rate.model_key in look.old_models
        return as_read_earlier(verdict, difference, self.earlier(first_seen), is_known=is_known)

    def judge_announced(self) -> None:
        """Prices with a date to come: new ones are told, vanished ones are cancelled."""
        left = list(self.announced)
        in_force = schedule.by_identity(self.accepted)
        for rate in self.new.announced:
            twin = next((r for r in left if r.identity == rate.identity and r.valid_from == rate.valid_from), None)
            twin = twin or next((r for r in left if r.identity == rate.identity), None)
            if twin is not None:
                left.remove(twin)
            if twin is not None and schedule.same_price(twin, rate) and twin.valid_from == rate.valid_from:
                self.accepted.append(rate)
                continue
            base = schedule.replaced_by(rate, self.accepted)
            if schedule.same_price(base, rate) or self.ledger.decide(
                announced.scheduled(rate, base, twin), _later(rate)
            ):
                self.accepted.append(rate)
            elif twin is not None:
                self.accepted.append(twin)
        models, shown = models_of(self.accepted), models_of(self.new.current)
        for rate in left:
            took_effect = schedule.same_price(in_force.get(rate.identity), rate)
            if took_effect or rate.model_key not in models:
                continue
            verdict = announced.cancelled(rate, schedule.replaced_by(rate, self.accepted))
            is_lost = bool(self.guards_removals) or rate.model_key not in shown
            if is_lost or not self.ledger.decide(verdict, _later(rate)):
                self.accepted.append(rate)

    def judge_hours(self, before: tuple[Window, ...]) -> tuple[Window, ...]:
        """The hours that are believed: those of the page, or those before until other ones were seen twice."""
        stated = self.read.windows
        verdict = hours_verdict(before, stated, self.accepted, self.at)
        if verdict is None or verdict.new is None or self.ledger.decide(verdict, hours_key(stated, verdict.new)):
            return stated
        return before

    def _note_renames(self, renames: Iterable[Rename]) -> None:
        for rename in renames:
            new = rename.new[0]
            old = next((rate for rate in rename.old if rate.identity[1:] == new.identity[1:]), rename.old[0])
            why = f"{old.model} is now called {new.model}: {len(rename.new)} prices are the same; possible rename"
            if self.ledger.decide(Verdict("notice", "wait", old, new, why, confidence=0.7), new.identity):
                self.accepted += rename.new
            else:
                self.accepted += rename.old

    def _moved_aliases(
        self, differences: Sequence[Difference], old: Sequence[Rate], new: Sequence[Rate]
    ) -> dict[str, Verdict]:
        """Verdicts for aliases whose prices became those of another model."""
        found: dict[str, Verdict] = {}
        for name in models_of(d.rate for d in differences if d.kind in {"changed", "added", "removed"}):
            rates = [rate for rate in new if rate.model_key == name]
            if not rates or name not in models_of(old):
                continue
            target = points_elsewhere(self.provider, rates, old, new)
            if target is not None:
                why = f"{rates[0].model} now has the prices of {target}: the alias moved, no price did"
                found[name] = Verdict("notice", "wait", None, rates[0], why, confidence=0.6)
        return found

    def _compare_successors(self, launches: Iterable[Rate]) -> None:
        """A new model whose provider file names a predecessor is compared with it, beside its launch."""
        known = models_of(self.before)
        for rate in launches:
            found = predecessor_rate(self.provider, rate, self.before, self.new.current)
            if found is not None and rate.model_key not in known:
                name, old = found
                why = f"{rate.model} succeeds {name}: {money(rate)} against {money(old)}"
                self.ledger.tell(Verdict("successor", "now", old, rate, why, confidence=0.9), predecessor=name)


def _placed(comparison: Comparison) -> set[int]:
    """The rates that have a counterpart of their own: a premium dropped or added beside them does not move them."""
    placed = {id(rate) for match in comparison.kept for rate in (match.old, match.new)}
    own = (d for d in comparison.differences if d.kind in {"changed", "respelled"})
    return placed | {id(rate) for difference in own for rate in (difference.old, difference.new)}


def _groups(differences: Sequence[Difference]) -> list[list[Difference]]:
    """Differences that stand or fall together: the parts of one split, the parts that one rate merged."""
    groups: dict[object, list[Difference]] = defaultdict(list)
    for place, difference in enumerate(differences):
        shared = {"split": difference.old, "merged": difference.new}.get(difference.kind)
        groups[place if shared is None else (difference.kind, id(shared))].append(difference)
    return list(groups.values())


def _unique(rates: Iterable[Rate]) -> tuple[Rate, ...]:
    """Each rate once: the parts of a split that is not believed all bring back the rate that they split."""
    return tuple({(rate.identity, rate.valid_from): rate for rate in rates}.values())


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Believed events before notices and what is held, as they were found."""
    rank = {"notice": 1, "held": 2}
    return tuple(sorted(events, key=lambda event: rank.get(event.kind, 0)))


def _later(rate: Rate) -> tuple[str, ...]:
    """The key of an announced price: its identity is that of today's price, so its date goes with it."""
    return (*rate.identity, f"@{on(rate.valid_from)}")
