"""Peak and off-peak hours that move while their prices stay: what a user pays at an hour changes, and no price does.

Hours are compared by what they mean, hour by hour over a week: the same hours told in another zone, or by naming the
other kind, are no change. A change is a notice, because no kind of price event fits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.judging.verdicts import Verdict
from monitor.judging.words import on
from scrapers.rates import Rate
from scrapers.windows import Window, days_text, hours_text, window_at, windows_in_force

_STEP = timedelta(minutes=15)
_WEEK_STEPS = 7 * 24 * 4


def hours_verdict(old: Sequence[Window], new: Sequence[Window], rates: Sequence[Rate], at: datetime) -> Verdict | None:
    """The verdict on the hours that a page states now, or None where they mean what they meant before.

    Args:
        old: the hours that are believed.
        new: what the page states, announced hours too.
        rates: the accepted prices, of which one for such hours speaks for all.
        at: when the page was captured.

    """
    priced = next((rate for rate in rates if rate.conditions.window is not None), None)
    is_ours = any(window.source == "file" for window in new)  # whoever writes the provider file knows
    if not old or not new or priced is None or is_ours:
        return None
    before, after = windows_in_force(old, at), windows_in_force(new, at)
    told = [f"from {on(window.valid_from)}: {_words([window], at)}" for window in _announced(new, old, at)]
    if _week(before, at) != _week(after, at):
        told = [f"now {_words(after, at)}", *told]
    if not told:
        return None
    starts = [window.valid_from for window in new if window.valid_from and window.rule not in {w.rule for w in old}]
    why = f"the hours of peak and off-peak prices move and the prices do not: {'; '.join(told)}"
    return Verdict("notice", "wait", priced, priced, f"{why}; before: {_words(before, at)}", max(starts, default=None))


def hours_key(windows: Sequence[Window], rate: Rate) -> tuple[str, ...]:
    """Names what is stated, so that the same hours are known at the next look."""
    return (*rate.identity, "hours " + "; ".join(sorted(str(window.rule) for window in windows)))


def _announced(new: Sequence[Window], old: Sequence[Window], at: datetime) -> list[Window]:
    known = {window.rule for window in old}
    return [each for each in new if each.valid_from and each.valid_from > at and each.rule not in known]


def _week(windows: Sequence[Window], at: datetime) -> list[str | None]:
    """Which prices hold at each quarter of an hour of a week, holidays aside, and whose holidays count."""
    begin = at.replace(minute=0, second=0, microsecond=0)
    held = [window_at(windows, begin + _STEP * step) for step in range(_WEEK_STEPS)]
    return [*held, *sorted({window.calendar or "" for window in windows})]


def _words(windows: Sequence[Window], at: datetime) -> str:
    """Hours as told, and in UTC."""
    said = [
        f"{window.name.replace('_', '-')} {hours_text(window.hours)} {window.zone}, "
        f"{days_text(window.days, window.calendar)} ({hours_text(window.utc_hours(at.date()))} UTC)"
        for window in windows
    ]
    return " and ".join(said) or "none"
