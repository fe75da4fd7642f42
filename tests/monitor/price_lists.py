"""Short spellings for the rates, pages and looks of the judge's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from monitor.judge import Judgement, judge_page
from monitor.judging.earlier import EarlierLook, nothing_earlier
from monitor.judging.policy import Policy
from monitor.judging.witnesses import Witness
from scrapers.catalog import Expectations, Page, Provider, Successor
from scrapers.rates import Complaint, Conditions, PriceList, Rate, TokenRange
from scrapers.windows import Window
from storage.nouns import Event

DAY = datetime(2026, 8, 1, tzinfo=UTC)
ABOVE_200K = Conditions(context_tokens=TokenRange(gt=200_000))
UP_TO_200K = Conditions(context_tokens=TokenRange(lte=200_000))
PEAK = Conditions(window="peak")
OFF_PEAK = Conditions(window="off_peak")


def rate(model: str, meter: str, amount: str | None, **more: object) -> Rate:
    """`amount` dollars per million tokens, unless `more` says otherwise; None is free."""
    plain = Rate(
        model=model,
        meter=meter,
        state="priced" if amount is not None else "free",
        amount=None if amount is None else Decimal(amount),
        currency="USD",
        per=Decimal(1_000_000),
        unit="token",
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # a test's keywords are the fields' names


def model(name: str, given: str, taken: str, cached: str | None = None, **more: object) -> tuple[Rate, ...]:
    """Input, output and perhaps cached input of one model."""
    rates = (rate(name, "input", given, **more), rate(name, "output", taken, **more))
    return rates if cached is None else (*rates, rate(name, "cached_input", cached, **more))


def catalogue(count: int = 6) -> tuple[Rate, ...]:
    """A page of models whose prices are all different."""
    return tuple(
        r for n in range(1, count + 1) for r in model(f"Model {n}", f"{n}.00", f"{n * 3 + 1}.00", f"0.{n + 10}")
    )


def with_price(rates: tuple[Rate, ...], name: str, meter: str, amount: str | None, **more: object) -> tuple[Rate, ...]:
    """The list with one price changed; None is free, or what `state` says."""
    priced = {"amount": None, "state": "free"} if amount is None else {"amount": Decimal(amount), "state": "priced"}
    changed = {**priced, **more}
    return tuple(
        replace(r, **changed) if (r.model, r.meter) == (name, meter) else r  # type: ignore[arg-type]  # as in `rate`
        for r in rates
    )


def without(rates: tuple[Rate, ...], *names: str) -> tuple[Rate, ...]:
    return tuple(r for r in rates if r.model not in names)


class Watch:
    """A page that is looked at again and again; each look is one day after the last unless it says otherwise."""

    def __init__(
        self,
        first: tuple[Rate, ...],
        *,
        confirm: bool = False,
        expect: Expectations | None = None,
        successors: tuple[Successor, ...] = (),
        aliases: tuple[tuple[str, str], ...] = (),
        is_reseller: bool = False,
        at: datetime = DAY,
        policy: Policy | None = None,
    ) -> None:
        self.page = Page("acme", "https://acme.example/pricing", expect=expect or Expectations())
        self.provider = Provider(
            "acme", "Acme", pages=(self.page,), successors=successors, aliases=aliases, is_reseller=is_reseller
        )
        self.confirm = confirm
        self.policy = policy or Policy()
        self.told: tuple[Event, ...] = ()
        self.at = at
        self.last: Judgement | None = None
        self.earlier: EarlierLook = nothing_earlier
        self.baseline = self.look(first, at=at)

    def look(
        self,
        rates: tuple[Rate, ...],
        *,
        at: datetime | None = None,
        after: timedelta = timedelta(days=1),
        complaints: tuple[Complaint, ...] = (),
        recent: tuple[Event, ...] = (),
        witnesses: Sequence[Witness] = (),
        windows: tuple[Window, ...] = (),
    ) -> Judgement:
        previous = None if self.last is None else self.at
        now = at if at is not None else self.at + after
        self.last = judge_page(
            provider=self.provider,
            page=self.page,
            accepted=None if self.last is None else self.last.accepted,
            read=PriceList(rates, complaints, windows=windows),
            pending=() if self.last is None else self.last.pending,
            captured_at=now,
            previous_at=previous,
            policy=replace(self.policy, confirm=self.confirm),
            recent=(*self.told, *recent),
            flapping=() if self.last is None else self.last.flapping,
            witnesses=witnesses,
            windows=() if self.last is None else self.last.windows,
            earlier=self.earlier,
        )
        self.at = now
        self.told += self.last.events
        return self.last


def told(judgement: Judgement) -> list[tuple[str, str, str, str | None, str | None]]:
    """Kind, model, meter, old and new amount of what was told."""
    return [(e.kind, e.rate.model, e.rate.meter, e.amount_of(e.old), e.amount_of(e.new)) for e in judgement.events]


def kinds(judgement: Judgement) -> list[str]:
    return sorted({event.kind for event in judgement.events})


def price(judgement: Judgement, name: str, meter: str, conditions: Conditions | None = None) -> str | None:
    """The accepted amount of one rate that is in force, None when there is none."""
    wanted = conditions or Conditions()
    found = [r for r in judgement.accepted if (r.model, r.meter, r.conditions) == (name, meter, wanted)]
    found = [r for r in found if r.valid_from is None or r.valid_from <= DAY]
    return str(found[0].amount) if found else None
