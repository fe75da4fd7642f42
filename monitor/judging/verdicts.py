"""One difference to one verdict: what kind of event it is, how far it is trusted, and why.

`trust` says what must happen before the new price is accepted: `silent` and `now` nothing, `wait` a second look, `gone`
a later one, `young` some time, `slow` a third look, `kept` that no other page of the provider contradicts it, `held` a
person. `policy` says how long each is; `ledger` counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from monitor.diff import Difference, price_of
from monitor.judging.guards import MASS_MODELS, MASS_SHARE, Guards, models_of
from monitor.judging.names import by_model, vector
from monitor.judging.plausible import (
    band_doubt,
    factor_doubt,
    is_cache_step,
    is_large,
    is_unusual,
    order_doubt,
    power_of_ten,
    ratio_of,
)
from monitor.judging.policy import Policy, Trust
from monitor.judging.schedule import same_price
from monitor.judging.settling import launch_of, placeholder
from monitor.judging.words import at, money, moved, name_of, on, share
from scrapers.catalog import Page, Provider
from scrapers.rates import Complaint, Rate, model_key
from storage.nouns import Event, EventKind

_HARMLESS = {"unread_amount", "expectation"}  # prose names models all the time
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,12})?")
CORROBORATED = 50
FREE_SHARE = Fraction(2, 3)
SURE: dict[EventKind, float] = {"launch": 0.9, "removal": 0.8, "correction": 0.8, "repriced": 0.7, "notice": 0.6}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a difference means. `old` and `new` are those of the event, which may be about one rate of a split.

    `is_of_size`: it is held for nothing but how far the price moved, so a witness of the new price can vouch for it.
    """

    kind: EventKind
    trust: Trust
    old: Rate | None
    new: Rate | None
    why: str
    effective_from: datetime | None = None
    confidence: float = 0.85
    is_of_size: bool = False

    @property
    def is_vouched(self) -> bool:
        """Whether a witness shows the new price of what would be held for its size alone."""
        return self.is_of_size and self.trust != "held"


@dataclass(frozen=True, slots=True)
class Look:
    """All that a verdict may look at.

    Attributes:
        old: accepted rates in force.
        new: the page's rates in force.
        complaints: of the reader, about this page.
        changed_models: how many models' prices differ.
        recent: what was told about these prices lately.
        policy: how long the first price of a model is new, and how long a change can be taken back.

    """

    provider: Provider
    page: Page
    at: datetime
    old: tuple[Rate, ...]
    new: tuple[Rate, ...]
    guards: Guards
    complaints: tuple[Complaint, ...] = ()
    changed_models: int = 0
    recent: tuple[Event, ...] = ()
    policy: Policy = field(default_factory=Policy)
    old_models: Mapping[str, Sequence[Rate]] = field(init=False)
    new_models: Mapping[str, Sequence[Rate]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "old_models", by_model(self.old))
        object.__setattr__(self, "new_models", by_model(self.new))

    @property
    def share(self) -> str:
        return share(self.changed_models, len(self.new_models))

    def before(self, rate: Rate) -> Sequence[Rate]:
        """The accepted rates of a rate's model."""
        return self.old_models.get(rate.model_key, ())

    def now(self, rate: Rate) -> Sequence[Rate]:
        """The page's rates of a rate's model."""
        return self.new_models.get(rate.model_key, ())


def judge_difference(difference: Difference, look: Look) -> Verdict:
    """The verdict on one difference between the rates in force."""
    old, new = difference.old, difference.new
    if old is None and new is not None:
        return _added(new, look, look.guards.quiet.get(difference), look.guards.held.get(difference))
    if new is None and old is not None:
        return _removed(old, look, look.guards.held.get(difference))
    if old is None or new is None:
        raise ValueError("a difference needs an old or a new rate")
    if difference.kind == "split":
        return _split(old, new, look)
    if difference.kind == "merged":
        return _merged(old, new, look)
    return _changed(old, new, look, difference)


def _added(new: Rate, look: Look, quiet: str | None = None, doubt: str | None = None) -> Verdict:
    doubt = doubt or band_doubt(new) or order_doubt(new, look.now(new))
    is_new_model = new.model_key not in look.old_models
    if doubt is None and not is_new_model and look.guards.changes:
        doubt = look.guards.changes
    what = "is new on the page" if is_new_model else f"is a new price of {new.model}"
    why = f"{name_of(new)} {what}{at(new)}"
    if doubt is not None:
        return Verdict("launch", "held", None, new, f"{why}; {doubt}")
    if quiet is not None:
        return Verdict("notice", "wait", None, new, f"{quiet}; taken over without an alert")
    return Verdict("launch", "wait", None, new, why, confidence=SURE["launch"])


def _removed(old: Rate, look: Look, doubt: str | None = None) -> Verdict:
    is_model_gone = old.model_key not in look.new_models
    what = f"{old.model} is no longer on the page" if is_model_gone else f"{name_of(old)} is no longer on the page"
    why = f"{what}, it was {money(old)}"
    doubt = doubt or look.guards.removals or _named_in_complaint(old, look.complaints)
    if not doubt and not is_model_gone:
        doubt = _still_printed(old, look.complaints)
    if doubt:
        return Verdict("removal", "held", old, None, f"{why}; {doubt}")
    if old.valid_until is not None and old.valid_until <= look.at:
        return Verdict("promo_end", "wait", old, None, f"{why}; it was announced to end on {on(old.valid_until)}")
    return Verdict("removal", "gone", old, None, why, confidence=SURE["removal"])


def _changed(old: Rate, new: Rate, look: Look, difference: Difference) -> Verdict:
    if same_price(old, new) and (old.currency == new.currency or not new.unit_price):
        return Verdict("notice", "silent", old, new, "the same price in other words")
    why = f"{moved(old, new)}; {look.share}"
    doubt = look.guards.held.get(difference) or look.guards.changes
    if doubt:
        return Verdict(direction(old, new), "held", old, new, f"{why}; {doubt}")
    verdict = _unsettled(old, new, look, _price_change(old, new, look, why))
    slow = look.guards.slow.get(difference)
    if slow is not None and verdict.trust in {"wait", "young"}:
        return replace(verdict, trust="mass", why=f"{verdict.why}; {slow}")
    return verdict


def _unsettled(old: Rate, new: Rate, look: Look, plain: Verdict) -> Verdict:
    """A change of a price that is itself new: the repair of a placeholder, or news that must be seen for a while."""
    if plain.trust != "wait" or plain.kind not in {"cut", "raise", "free", "repriced"}:
        return plain
    launch = launch_of(old, look.recent, look.at, look.policy.settle_after)
    if launch is None or not new.unit_price:
        return plain
    doubt = placeholder(old, launch, look.old_models, look.at, look.policy.settle_after)
    if doubt:
        return replace(
            plain, kind="correction", trust="young", why=f"{plain.why}; {doubt}", confidence=SURE["correction"]
        )
    return replace(plain, trust="young", why=f"{plain.why}; it was launched on {on(launch.captured_at)}")


def _split(old: Rate, new: Rate, look: Look) -> Verdict:
    """A rate under a new condition: beside the flat one a launch, in its place a change of it."""
    if same_price(old, new):
        return Verdict("notice", "silent", old, new, "the same price under a narrower condition")
    stays = any(rate.identity == old.identity for rate in look.now(old))
    if stays or (not _is_range(old, new) and _goes_on(old, look)):
        verdict = _added(new, look)
        return replace(verdict, why=f"{verdict.why}, beside {money(old)} otherwise")
    if look.guards.changes:
        return Verdict(direction(old, new), "held", old, new, f"{moved(old, new)}; {look.guards.changes}")
    return _price_change(old, new, look, f"{moved(old, new)}; the price {name_of(old)} was split by a new condition")


def _merged(old: Rate, new: Rate, look: Look) -> Verdict:
    """A narrower rate that is gone while a wider one covers its use: a dropped premium, or a dropped discount."""
    if same_price(old, new):
        return Verdict("notice", "silent", old, new, "the same price under a wider condition")
    is_other_offer = old.conditions.other != new.conditions.other and not _is_range(old, new)
    if is_other_offer or new.unit_price is None or old.unit_price is None:
        return _removed(old, look)
    stayed = any(rate.identity == new.identity and same_price(rate, new) for rate in look.before(old))
    is_premium = old.unit_price > new.unit_price and new.identity in {rate.identity for rate in look.before(old)}
    if is_premium and not _is_said_elsewhere(old, look.new):
        verdict = _removed(old, look)
        return replace(verdict, why=f"{verdict.why}; {money(new)} without that condition stays")
    flags = (*new.flags, *(() if "derived" in new.flags else ("derived",)))
    covering = replace(new, conditions=old.conditions, flags=flags)
    why = f"{moved(old, covering)}: its own price is gone and {name_of(new)} holds"
    doubt = look.guards.removals or _named_in_complaint(old, look.complaints)
    if doubt:
        return Verdict("removal", "held", old, None, f"{why}; {doubt}")
    if old.valid_until is not None and old.valid_until <= look.at:
        return Verdict("promo_end", "wait", old, covering, why, old.valid_until)
    verdict = _price_change(old, covering, look, why)
    is_absence = stayed and verdict.trust == "wait"  # nothing new is printed: a lost row looks the same
    return replace(verdict, trust="gone") if is_absence else verdict


def _is_said_elsewhere(old: Rate, new: Sequence[Rate]) -> bool:
    """Whether the page still prints conditions of this kind: otherwise a table is gone, and perhaps the offer too."""
    said = set(old.conditions.to_json())
    return any(said & set(rate.conditions.to_json()) for rate in new)


def _price_change(old: Rate, new: Rate, look: Look, why: str) -> Verdict:
    """The verdict on two different prices, guards of the whole page aside."""
    kind = direction(old, new)
    if kind == "repriced":
        return _repriced(old, new, why)
    ratio = ratio_of(old, new)
    exponent = None if ratio is None else power_of_ten(ratio)
    if exponent is not None and abs(exponent) >= 3 and is_unusual(old) and not is_unusual(new):
        said = f"{why}; {money(old)} could not be meant, a unit slip on the page was repaired"
        return Verdict("correction", "wait", old, new, said, confidence=SURE["correction"])
    doubt = band_doubt(new)
    factor = factor_doubt(old, new, look.now(new)) if doubt is None else None
    if factor is not None and _is_corroborated(old, new, look):
        said = f"{why}; {factor}, but the other prices of {new.model} moved with it"
        return Verdict(kind, "slow", old, new, said)
    if factor is not None and is_cache_step(old, new, look.now(new)):
        return Verdict(kind, "slow", old, new, f"{why}; {factor}, but caches are priced at a tenth and less")
    size = None if doubt is not None else factor or _crossing_doubt(old, new, look)
    doubt = doubt or size
    if doubt is None and order_doubt(old, look.before(old)) is None:
        doubt = order_doubt(new, look.now(new))
    if doubt is not None:
        return Verdict(kind, "held", old, new, f"{why}; {doubt}", is_of_size=size is not None)
    freed = _freed(look) if new.unit_price == 0 else 0
    if freed >= MASS_MODELS and freed > MASS_SHARE * len(look.old_models):
        return Verdict(kind, "slow", old, new, f"{why}; {freed} models become free at once")
    verdict = _promotion(old, new, look, Verdict(kind, "wait", old, new, why))
    undone = taken_back(old, new, look.recent, look.at, look.policy.flap_window)
    if undone is not None and verdict.kind != "promo_end":
        return replace(verdict, trust="slow", why=f"{why}; this undoes the change of {on(undone.captured_at)}")
    return verdict


def _is_corroborated(old: Rate, new: Rate, look: Look) -> bool:
    """Whether a large step (tenfold, or up to fiftyfold) is one of a whole model on a page that else stands still.

    A slipped cell moves one price, a slipped unit moves a page; when Qwen-Long fell fortyfold, input and output fell
    together and the other models kept their prices.
    """
    ratio = ratio_of(old, new)
    if ratio is None or max(ratio, 1 / ratio) > CORROBORATED:
        return False
    before = {rate.identity: rate for rate in look.before(old)} | _lately(look)
    before.pop(old.identity, None)
    steps = [ratio_of(before[rate.identity], rate) for rate in look.now(new) if _is_companion(rate, old, before)]
    is_together = all(step is not None and (step >= 3 if ratio > 1 else step <= Fraction(1, 3)) for step in steps)
    steady = [name for name, rates in look.new_models.items() if vector(rates) == vector(look.old_models.get(name, ()))]
    return bool(steps) and is_together and len(steady) >= MASS_MODELS


def _lately(look: Look) -> dict[tuple[str, ...], Rate]:
    """Prices that were told to have moved in the last days, as they were before: a companion is believed sooner."""
    since = look.at - look.policy.settle_after
    told = (event for event in look.recent if event.captured_at >= since and event.kind in {"cut", "raise", "free"})
    return {event.rate.identity: event.old for event in reversed(list(told)) if event.old is not None}


def _is_companion(rate: Rate, old: Rate, before: Mapping[tuple[str, ...], Rate]) -> bool:
    """Whether a rate is the model's input or output price in the tier of the old one, and was there before."""
    is_plain = rate.meter in {"input", "output"} and rate.service_tier == old.service_tier
    return is_plain and rate.identity in before


def taken_back(
    old: Rate | None, new: Rate | None, recent: Sequence[Event], at: datetime, window: timedelta
) -> Event | None:
    """The recent change that this one takes back: an older copy of the page may have been served."""
    for event in recent:
        if new is None or event.kind not in {"cut", "raise", "free", "repriced", "promo_start", "promo_end"}:
            continue
        is_near = timedelta() <= at - event.captured_at <= window
        is_back = event.rate.identity == new.identity and same_price(event.old, new) and same_price(event.new, old)
        if is_near and is_back:
            return event
    return None


def _promotion(old: Rate, new: Rate, look: Look, plain: Verdict) -> Verdict:
    """A cut with an end or beside a struck price is a sale, a rise back to the struck price is its end."""
    if plain.kind in {"cut", "free"} and old.list_amount is None:
        if new.list_amount is not None:
            return replace(plain, kind="promo_start", why=f"{plain.why}; the page strikes the list price")
        if new.valid_until is not None:
            return replace(plain, kind="promo_start", why=f"{plain.why}; it is said to end on {on(new.valid_until)}")
    if plain.kind == "raise":
        if old.valid_until is not None and old.valid_until <= look.at:
            why = f"{plain.why}; the lower price was announced to end on {on(old.valid_until)}"
            return replace(plain, kind="promo_end", why=why, effective_from=old.valid_until)
        if old.list_amount is not None and old.value[3] == new.unit_price:
            return replace(plain, kind="promo_end", why=f"{plain.why}, the list price that was struck before")
    return plain


def _repriced(old: Rate, new: Rate, why: str) -> Verdict:
    """A change of currency, of unit, or to a state without a price."""
    sure = SURE["repriced"]
    if old.unit_price and new.unit_price and (old.amount == new.amount or old.unit_price == new.unit_price):
        doubt = "the printed amount is the same, only its currency or unit changed, as a misread sign would do"
        return Verdict("repriced", "held", old, new, f"{why}; {doubt}")
    return Verdict("repriced", "wait", old, new, why, confidence=sure)


def _crossing_doubt(old: Rate, new: Rate, look: Look) -> str | None:
    """To free or from free: held when the price is large, or when many models become free at once."""
    if new.unit_price == 0:
        if is_large(old):
            return f"{money(old)} is much to become free at once"
        freed = _freed(look)
        if freed >= MASS_MODELS and freed > FREE_SHARE * len(look.old_models):
            return f"{freed} models become free at once"
    if old.unit_price == 0 and is_large(new):
        return f"{money(new)} is much for what was free"
    return None


def _freed(look: Look) -> int:
    """How many models have a price that became free."""
    free_now = models_of(rate for rate in look.new if rate.unit_price == 0)
    return len(free_now & models_of(rate for rate in look.old if rate.unit_price))


def direction(old: Rate, new: Rate) -> EventKind:
    """The kind of event that another price is, dates and struck prices aside."""
    before, after = price_of(old), price_of(new)
    if before[1] is None or after[1] is None:
        return "repriced"
    if after[1] == 0:
        return "free"
    if before[1] != 0 and (old.currency != new.currency or before[2] != after[2]):
        return "repriced"
    return "cut" if after[1] < before[1] else "raise"


def _is_range(old: Rate, new: Rate) -> bool:
    """Whether the narrower rate differs in a length or a time of day, which a user cannot choose freely."""
    return (
        old.conditions.context_tokens != new.conditions.context_tokens
        or old.conditions.output_tokens != new.conditions.output_tokens
        or old.conditions.window != new.conditions.window
    )


def _goes_on(old: Rate, look: Look) -> bool:
    """Whether the flat price goes on under one of its new conditions."""
    same = (rate for rate in look.now(old) if rate.identity[:3] == old.identity[:3])
    return any(same_price(rate, old) for rate in same)


def _still_printed(rate: Rate, complaints: Sequence[Complaint]) -> str:
    """Whether the amount of a vanished price of a model that is still there stands on the page, unread."""
    for complaint in complaints:
        amounts = {Decimal(text) for text in _AMOUNT.findall(complaint.quote.replace(",", ""))}
        if rate.amount in amounts:
            return f"that amount still stands on the page, unread ({complaint.message})"
    return ""


def _named_in_complaint(rate: Rate, complaints: Sequence[Complaint]) -> str:
    """Whether the reader complained about something that names the model: its price may be there, unread."""
    name = re.compile(rf"(?<!\w){re.escape(rate.model_key)}(?! ?[\w])")
    for complaint in complaints:
        said = model_key(f"{complaint.quote} / {complaint.message} / {complaint.locator}")
        if complaint.kind not in _HARMLESS and name.search(said):
            return f"the reader could not read all about it ({complaint.message})"
    return ""
