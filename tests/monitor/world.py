"""A small world for the tests of health: pages of some providers, and runs that find them as the test says.

Every run is written to a real database and judged as `Cycle` does at its end, so each test is also one of storage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from monitor.health import HealthChanges, look_at_health, notices
from monitor.settings import HealthSettings
from scrapers.catalog import Page, Provider
from scrapers.rates import Complaint, Evidence, PriceList, Rate
from storage.incidents import HealthOutcome
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.alerts.parts import hook_channel, settings_of

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
PRICED = Rate(
    "aurora-large", "input", "priced", Decimal(5), "USD", Decimal(1_000_000), "token", evidence=Evidence("$5")
)


def price_list(*, unread: int = 0, columns: int = 0, seen: int = 40, **changes: Any) -> PriceList:
    """A page of `seen` amounts, of which so many were not understood, some because their column is unknown."""
    complaints = [Complaint("unread_amount", f"an amount beside no model's name, {n}") for n in range(unread)]
    complaints += [Complaint("unknown_column", f'nobody knows what "Zorp {n}" means') for n in range(columns)]
    return PriceList((PRICED,), tuple(complaints), seen, **changes)


Found = PriceList | str | None
"""What a look finds: a price list, the kind of a failure, or nothing new (None: unchanged)."""


@dataclass
class World:
    """One database and its clock; `health` and `language` are the settings."""

    store: Store
    providers: Sequence[str] = ("aurora",)
    health: HealthSettings = field(default_factory=lambda: HealthSettings(channels=("hook",)))
    language: str = "en"
    interval_s: int = 6 * 3600
    now: datetime = START

    @property
    def catalog(self) -> list[Provider]:
        return [
            Provider(id=name, name=name.title(), interval_s=self.interval_s, pages=(Page(name, url_of(name)),))
            for name in self.providers
        ]

    @property
    def settings(self) -> Any:
        channel = hook_channel("https://hook.example/")
        return replace(settings_of(channel, language=self.language, folder=Path()), health=self.health)

    def run(self, found: Mapping[str, Found] | Found = None, *, hours: float = 6, **more: Any) -> HealthChanges:
        """One run, so many hours after the last: what it finds at each page, or at all of them."""
        self.now += timedelta(hours=hours)
        looks = found if isinstance(found, Mapping) else dict.fromkeys(self.providers, found)
        run_id = self.store.begin_run(self.now, "run")
        for number, (provider, what) in enumerate(looks.items()):
            self._look(run_id, provider, what, self.now + timedelta(seconds=number), **more)
        return self._finish(run_id)

    def health_now(self, *, hours: float = 0) -> HealthChanges:
        """What `pricefall health` would find so many hours from now."""
        return look_at_health(self.store, self.settings, self.catalog, self.now + timedelta(hours=hours))

    def _look(self, run_id: int, provider: str, what: Found, at: datetime, **more: Any) -> None:
        url = url_of(provider)
        if isinstance(what, str):
            self.store.record_failure(run_id, provider, "intl", url, at, what, f"{url} says {what}; look at it")
            return
        state = self.store.page_state(provider, "intl", url)
        if what is None and state.page_id is not None:
            self.store.record_unchanged(run_id, [state.page_id], at)
            return
        read = what or price_list()
        sha256 = f"{provider} {at.isoformat()}"
        self.store.record_page(
            PageOutcome(run_id, provider, "intl", url, at, sha256, 900, read, read.rates, at, **more)
        )

    def _finish(self, run_id: int) -> HealthChanges:
        end = self.now + timedelta(seconds=50)
        changes = look_at_health(self.store, self.settings, self.catalog, end)
        outcome = HealthOutcome(changes.changed, notices(changes, self.settings, end))
        self.store.finish_run(run_id, end, "ok", {}, outcome)
        return changes

    def told(self) -> list[str]:
        """The subjects of all messages that were queued, in order."""
        found = self.store.connection.rows(
            "SELECT json_extract(payload, '$.data.subject') AS subject FROM alerts ORDER BY seq"
        )
        return [row["subject"].removeprefix("Pricefall health: ") for row in found]


def url_of(provider: str) -> str:
    return f"https://{provider}.example/pricing"


def kinds(incidents: Iterable[Any]) -> list[tuple[str, str]]:
    return [(incident.kind, incident.provider) for incident in incidents]
