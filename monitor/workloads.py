"""What a month of work costs on a model: tokens by meter against the prices in force.

The decision to know: nothing is guessed into a total. Where two prices fit a use equally well, or none does, the bill
says which and has no total; where a usual substitute holds (tokens that no cache price covers cost what input costs)
the bill says that too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction

from scrapers.rates import Conditions, Rate, model_key

_SCALES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
_SUBSTITUTES = {"cached_input": "input", "cache_write": "input"}


@dataclass(frozen=True, slots=True)
class Use:
    """One model's tokens of a month, and what chooses among its prices.

    Attributes:
        tokens: meter to tokens a month.
        batch_share: the part that can wait for a batch, 0 to 1.
        peak_share: the part that pays the peak price where a provider has one, 0 to 1; all of it unless you know.
        context: tokens of a typical prompt; chooses among prices by length.
        answer: tokens of a typical answer, for the same.
        mode: "thinking" or "non_thinking" where they are priced apart.
        region: as the page prints it.
        other: another condition as the page prints it ("short context").
        cache_ttl: how long a cached prompt is kept.

    """

    provider: str
    model: str
    tokens: tuple[tuple[str, int], ...]
    market: str | None = None
    batch_share: Fraction = Fraction(0)
    peak_share: Fraction = Fraction(1)
    context: int = 8_000
    answer: int = 1_000
    mode: str | None = None
    region: str | None = None
    other: str | None = None
    cache_ttl: str = "5m"


@dataclass(frozen=True, slots=True)
class Workload:
    """Some models' work of a month.

    Attributes:
        shortlist: patterns `provider/model` of what could take its place; empty is every model.
        discounts: provider to the part of its list prices that is not paid, 0 to 1.
        vat: the tax that comes on top, 0 to 1; shown, never added.
        tokens_factor: pattern of a model's name to how many tokens it needs for one of the model in use.

    """

    id: str
    uses: tuple[Use, ...]
    shortlist: tuple[str, ...] = ()
    discounts: tuple[tuple[str, Fraction], ...] = ()
    vat: Fraction | None = None
    tokens_factor: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """One model of one seller in one currency, with its prices in force."""

    provider: str
    market: str
    model: str
    currency: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Tokens at one price; `note` says where a substitute stands in."""

    meter: str
    tokens: Fraction
    rate: Rate
    cost: Fraction
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a use costs on an offer: after the discount, before tax; `total` is None where a doubt is left."""

    offer: Offer
    lines: tuple[Line, ...]
    doubts: tuple[str, ...]
    discount: Fraction
    tokens_factor: Fraction

    @property
    def total(self) -> Fraction | None:
        if self.doubts:
            return None
        return sum((line.cost for line in self.lines), Fraction(0)) * (1 - self.discount)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.note for line in self.lines if line.note))


def parse_tokens(text: str | int) -> int:
    """A number of tokens: 8000, "8K", "120M", "1.5B".

    Raises:
        ValueError: it is no whole number of tokens.

    >>> parse_tokens("1.5B"), parse_tokens("8k"), parse_tokens(12)
    (1500000000, 8000, 12)

    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMB]?)", str(text).strip().replace(",", "").upper())
    count = None if found is None else Decimal(found[1]) * _SCALES[found[2]]
    if count is None or count != int(count):
        raise ValueError(f"{text!r} is no number of tokens; write 8000, 8K, 120M or 1.5B")
    return int(count)


def offers(priced: Iterable[tuple[str, str, Rate]]) -> tuple[Offer, ...]:
    """Prices in force as (provider, market, rate), by model and currency; prices of other units are left out."""
    groups: dict[tuple[str, str, str, str], list[Rate]] = {}
    for provider, market, rate in priced:
        if rate.unit in {"token", None} and rate.currency is not None:
            groups.setdefault((provider, market, rate.model_key, rate.currency), []).append(rate)
    return tuple(
        Offer(provider, market, rates[0].model, currency, tuple(rates))
        for (provider, market, _, currency), rates in groups.items()
    )


def bill(use: Use, offer: Offer, workload: Workload | None = None) -> Bill:
    """What the tokens of `use` cost on this offer."""
    is_own = offer.provider == use.provider and model_key(offer.model) == model_key(use.model)
    factor = (
        Fraction(1) if is_own or workload is None else _first_like(workload.tokens_factor, offer.model, Fraction(1))
    )
    discounts: Mapping[str, Fraction] = dict(workload.discounts) if workload else {}
    lines: list[Line] = []
    doubts: list[str] = []
    for meter, tokens in use.tokens:
        for tier, window, share in _parts(use, offer):
            if tokens and share:
                found = _line(use, offer, meter, tier, window, tokens * share * factor)
                if isinstance(found, Line):
                    lines.append(found)
                else:
                    doubts.append(found)
    return Bill(offer, tuple(lines), tuple(dict.fromkeys(doubts)), discounts.get(offer.provider, Fraction(0)), factor)


def fitting(use: Use, rates: Sequence[Rate], meter: str, tier: str, window: str | None) -> list[Rate]:
    """The rates that hold for this use; of those that hold, the ones that say most about it and least beyond it."""
    scored = [
        (fit, rate)
        for rate in rates
        if rate.meter == meter and rate.service_tier == tier and (fit := _fit(use, rate.conditions, window)) is not None
    ]
    best = min((fit for fit, _ in scored), default=(0, 0))
    return [rate for fit, rate in scored if fit == best]


def is_wanted(workload: Workload, offer: Offer) -> bool:
    """Whether the workload's shortlist names an offer."""
    names = [f"{offer.provider}/{name}".casefold() for name in (offer.model, offer.model.replace(" ", "-"))]
    return not workload.shortlist or any(
        fnmatchcase(name, pattern.casefold()) for name in names for pattern in workload.shortlist
    )


def _parts(use: Use, offer: Offer) -> Iterator[tuple[str, str | None, Fraction]]:
    """Service tier, window and share of the tokens; windows only where the offer has them."""
    has_windows = any(rate.conditions.window for rate in offer.rates)
    windows: tuple[tuple[str | None, Fraction], ...] = ((None, Fraction(1)),)
    if has_windows:
        windows = (("peak", use.peak_share), ("off_peak", 1 - use.peak_share))
    for tier, share in (("batch", use.batch_share), ("standard", 1 - use.batch_share)):
        for window, part in windows:
            yield tier, window, share * part


def _line(use: Use, offer: Offer, meter: str, tier: str, window: str | None, tokens: Fraction) -> Line | str:
    """One line, or the doubt that stands in its way."""
    tries = [(meter, tier, ""), (_SUBSTITUTES.get(meter, meter), tier, f"{meter} at the price of input")]
    if tier != "standard":
        late = f"no {tier} price: at the standard one"
        tries += [(meter, "standard", late), (_SUBSTITUTES.get(meter, meter), "standard", f"{late}, as input")]
    for wanted, at_tier, note in tries:
        fit = fitting(use, offer.rates, wanted, at_tier, window)
        prices = {rate.unit_price for rate in fit}
        if len(prices) > 1:
            return f"{len(prices)} prices of {wanted} fit ({_differences(fit)}); say which in the workload"
        price = next(iter(prices), None)
        if price is not None:
            return Line(meter, tokens, fit[0], tokens * price, note)
        if fit and fit[0].state == "included":
            return Line(meter, tokens, fit[0], Fraction(0), f"{wanted} is included")
        if fit:
            return f"{wanted} has no printed price ({fit[0].state})"
    return f"no price of {meter}"


def _fit(use: Use, said: Conditions, window: str | None) -> tuple[int, int] | None:
    """How many conditions of a rate the use leaves open, and minus how many it meets; None where one does not hold."""
    spans = [
        (span, tokens)
        for span, tokens in ((said.context_tokens, use.context), (said.output_tokens, use.answer))
        if span
    ]
    if any(
        (span.gt is not None and tokens <= span.gt) or (span.lte is not None and tokens > span.lte)
        for span, tokens in spans
    ):
        return None
    wanted = (
        (said.window, window),
        (said.cache_ttl, use.cache_ttl),
        (said.mode, use.mode),
        (said.region, use.region),
        (said.other, use.other),
    )
    words = [(word, want) for word, want in wanted if word is not None]
    if any(want is not None and word != want for word, want in words):
        return None
    still_open = sum(want is None for _, want in words)
    return still_open, -len(spans) - sum(want is not None for _, want in words)


def _differences(rates: Sequence[Rate]) -> str:
    words = dict.fromkeys(
        f"{name}: {value}" for rate in rates for name, value in rate.conditions.to_json().items() if value
    )
    return "; ".join(words)[:200]


def _first_like(pairs: Iterable[tuple[str, Fraction]], model: str, otherwise: Fraction) -> Fraction:
    names = (model.casefold(), model.casefold().replace(" ", "-"))
    return next(
        (value for pattern, value in pairs if any(fnmatchcase(name, pattern.casefold()) for name in names)), otherwise
    )
