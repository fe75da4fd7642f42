"""Verdicts on announced prices: told once when announced, again when they take effect or are taken back."""

from __future__ import annotations

from monitor.diff import price_of
from monitor.judging.schedule import Due
from monitor.judging.verdicts import Verdict
from monitor.judging.words import money, moved, name_of, on
from scrapers.rates import Rate
from storage.nouns import EventKind


def scheduled(rate: Rate, base: Rate | None, twin: Rate | None) -> Verdict:
    """An announced price: not in force, and not yet another one."""
    why = f"{name_of(rate)} will be {money(rate)} from {on(rate.valid_from)}"
    if base is not None:
        why += f", today it is {money(base)}"
    if twin is not None:
        why += f"; before, {money(twin)} from {on(twin.valid_from)} was announced"
    return Verdict("scheduled", "wait", base, rate, why, rate.valid_from, 0.9)


def cancelled(rate: Rate, base: Rate | None) -> Verdict:
    """An announced price that the page no longer announces; `base` is what stays."""
    why = f"{name_of(rate)} was announced at {money(rate)} from {on(rate.valid_from)}, and is no longer"
    if base is not None:
        why += f"; {money(base)} stays"
    return Verdict("cancelled", "wait", rate, base, why, rate.valid_from, 0.8)


def due_verdict(due: Due, now: Rate) -> Verdict:
    """An announced price that takes effect, or a promotion that ends by its own date."""
    before, after = price_of(due.old)[1], price_of(now)[1]
    if due.is_promo_end:
        why = f"{moved(due.old, now)}: the promotion ended on {on(due.since)} as announced"
        return Verdict("promo_end", "now", due.old, now, why, due.since, 0.95)
    why = f"{moved(due.old, now)}: it was announced for {on(due.since)} and took effect"
    if before is None or after is None:
        return Verdict("repriced", "now", due.old, now, why, due.since, 0.9)
    if before == after:
        return Verdict("notice", "silent", due.old, now, why, due.since)
    kind: EventKind = "free" if after == 0 else "cut" if after < before else "raise"
    if kind != "raise" and now.valid_until is not None:
        kind, why = "promo_start", f"{why}; it is said to end on {on(now.valid_until)}"
    return Verdict(kind, "now", due.old, now, why, due.since, 0.97)
