"""How long a difference must be seen before it is believed: the user's `[monitor]` settings as the judge needs them.

The one decision to know: looks *and* time count. Two fetches within a second share their caches and their glitches, so
each kind of doubt has a least number of looks and a least age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Trust = Literal["silent", "now", "wait", "young", "gone", "slow", "mass", "calm", "kept", "held"]
SEVERITY: tuple[Trust, ...] = ("silent", "now", "wait", "young", "gone", "slow", "mass", "calm", "kept", "held")
_LOOKS: dict[Trust, int] = {"silent": 1, "now": 1, "wait": 2, "young": 2, "gone": 2, "slow": 3, "mass": 3, "calm": 2}


@dataclass(frozen=True, slots=True)
class Policy:
    """When a look may believe a difference.

    Attributes:
        confirm_after: age of an ordinary change (`wait`) at its second look.
        confirm_large_after: age of a large one (`slow`) at its third look, and of a change of a price that is itself
            new (`young`).
        confirm_removal_after: age of a removal (`gone`), counted from the first good page without the price, and of a
            change of nearly all prices of a page by one factor (`mass`) at its third look.
        settle_after: how long the first price of a model is new.
        flap_window: reversals within it count together; a flapping price (`calm`) is believed after so long a rest,
            and a change that takes back one of this age needs a third look.
        confirm: False in a replay: what would only wait is believed at first sight.

    """

    confirm_after: timedelta = timedelta(seconds=120)
    confirm_large_after: timedelta = timedelta(minutes=30)
    confirm_removal_after: timedelta = timedelta(hours=6)
    settle_after: timedelta = timedelta(hours=72)
    flap_window: timedelta = timedelta(days=7)
    confirm: bool = True

    @property
    def memory(self) -> timedelta:
        """How far back what was told and what was reversed matters."""
        return max(self.settle_after, self.flap_window)

    def is_enough(self, trust: Trust, looks: int, age: timedelta) -> bool:
        """Whether a difference with this trust is believed, having been seen so often and for so long."""
        if trust in {"kept", "held"}:
            return False
        if not self.confirm and trust in {"wait", "young", "gone"}:
            return True
        return looks >= _LOOKS[trust] and age >= self._least_age(trust)

    def next_look(self, trust: Trust, looks: int, first_seen: datetime) -> datetime | None:
        """When another look may decide; the second one is early even where only a later one can believe.

        A look two minutes later clears most of what a broken page showed, so that it does not wait for hours.
        """
        if trust in {"kept", "held"}:
            return None
        return first_seen + (self.confirm_after if looks == 1 else self._least_age(trust))

    def _least_age(self, trust: Trust) -> timedelta:
        return {
            "wait": self.confirm_after,
            "young": self.confirm_large_after,
            "gone": self.confirm_removal_after,
            "slow": self.confirm_large_after,
            "mass": self.confirm_removal_after,
            "calm": self.flap_window,
        }.get(trust, timedelta())
