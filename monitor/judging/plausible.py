"""Whether one price, or one change of one price, can be meant.

Everything here looks at single rates; what only a whole page can show is in `guards`. A doubt is a sentence, no doubt
is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from monitor.diff import price_of
from monitor.judging.words import money, times
from scrapers.rates import Rate

MILLION = 1_000_000
TOKEN_BAND = (Fraction(1, MILLION), Fraction(100_000))
PIECE_BAND = (Fraction(1, 10**12), Fraction(10_000))
USUAL_TOKENS = (Fraction(1, 1_000), Fraction(2_000))
USUAL_PIECE = {"image": Fraction(2), "second": Fraction(5), "page": Fraction(2), "character": Fraction(1, 1_000)}
LARGE_FACTOR = 10
CACHE_FACTOR = 100
LARGE_FREE = Fraction(10)
ROUGH_PER_DOLLAR = {"CNY": 7, "JPY": 150, "KRW": 1_400, "INR": 85, "RUB": 90}
EXCHANGE = (Fraction(685, 100), Fraction(840, 100))
_NOT_DEARER = {
    "cached_input": "input",
    "cached_audio_input": "audio_input",
    "cached_image_input": "image_input",
}


def in_dollars(rate: Rate) -> Fraction | None:
    """Rough dollars of one million tokens, or of one of what else the rate counts; only for bands, never shown."""
    price = rate.unit_price
    if price is None:
        return None
    rough = price / ROUGH_PER_DOLLAR.get(rate.currency or "", 1)
    return rough * MILLION if _counts_tokens(rate) else rough


def band_doubt(rate: Rate) -> str | None:
    """A price that nobody has ever asked: below a millionth or above 100,000 dollars per million tokens."""
    price = in_dollars(rate)
    if price is None or price == 0:
        return None
    low, high = TOKEN_BAND if _counts_tokens(rate) else PIECE_BAND
    if low <= price <= high:
        return None
    return f"{money(rate)} is outside what a {rate.meter.replace('_', ' ')} price can be; the unit was probably misread"


def is_unusual(rate: Rate) -> bool:
    """Whether the price, though possible, is far from what such a meter costs anywhere: a slipped unit."""
    price = in_dollars(rate)
    if not price:
        return False
    if _counts_tokens(rate):
        return not USUAL_TOKENS[0] <= price <= USUAL_TOKENS[1]
    unit = "second" if rate.unit in {"minute", "hour"} else rate.unit or ""
    return price > USUAL_PIECE.get(unit, Fraction(1_000))


def ratio_of(old: Rate, new: Rate) -> Fraction | None:
    """New price by old price; None where there is none of both, or in different units or currencies."""
    before, after = price_of(old), price_of(new)
    if not before[1] or not after[1] or before[2] != after[2] or old.currency != new.currency:
        return None
    return after[1] / before[1]


def power_of_ten(ratio: Fraction) -> int | None:
    """The exponent when a ratio is 10, 100, 1000, ... or one of their inverses to a thousandth; else None.

    >>> power_of_ten(Fraction(1, 1000)), power_of_ten(Fraction(2)), power_of_ten(Fraction(1))
    (-3, None, None)
    """
    size = ratio if ratio >= 1 else 1 / ratio
    for exponent in range(1, 16):
        power = Fraction(10) ** exponent
        if abs(size - power) <= power / 1_000:
            return exponent if ratio > 1 else -exponent
    return None


def is_exchange_rate(ratio: Fraction) -> bool:
    """Whether a ratio could be that of yuan and dollars."""
    size = ratio if ratio >= 1 else 1 / ratio
    return EXCHANGE[0] <= size <= EXCHANGE[1]


def factor_doubt(old: Rate, new: Rate, siblings: Sequence[Rate]) -> str | None:
    """A change by a power of ten, or by more than tenfold.

    A cache price may fall or rise further (by up to a hundredfold while it stays below the input price): providers did
    so five times, and a first discount on cached input is exactly tenfold. A price whose old value the page itself
    prints as struck is no doubt at all.
    """
    ratio = ratio_of(old, new)
    if ratio is None or _strikes(new, old):
        return None
    exponent = power_of_ten(ratio)
    if exponent == -1 and _is_first_cache_discount(old, new, siblings):
        return None
    if exponent is not None:
        how = f"{10 ** abs(exponent):,} times {'more' if exponent > 0 else 'less'}"
        if old.amount == new.amount and old.per != new.per:
            return f"exactly {how}, because the unit changed while the printed amount stayed the same"
        return f"exactly {how} than before, as a slipped unit or decimal point would be"
    size = ratio if ratio > 1 else 1 / ratio
    if size <= LARGE_FACTOR or (size <= CACHE_FACTOR and _is_cache_below_input(new, siblings)):
        return None
    return f"{times(size)} times {'more' if ratio > 1 else 'less'} than before; a change above tenfold is not believed"


def order_doubt(rate: Rate, siblings: Sequence[Rate]) -> str | None:
    """A cached price above the input price, or a batch price above the standard one."""
    price = price_of(rate)[1]
    if not price:
        return None
    dearer = _NOT_DEARER.get(rate.meter)
    if dearer is not None:
        other = _sibling(rate, siblings, meter=dearer, tier=rate.service_tier)
        if other is not None and _is_less(other, price):
            return f"cached at {money(rate)} would cost more than {dearer.replace('_', ' ')} at {money(other)}"
    if rate.service_tier == "batch":
        other = _sibling(rate, siblings, meter=rate.meter, tier="standard")
        if other is not None and _is_less(other, price):
            return f"batch at {money(rate)} would cost more than standard at {money(other)}"
    return None


def is_large(rate: Rate) -> bool:
    """Whether a price is too high to become free, or to begin after free, without a person's look."""
    price = in_dollars(rate)
    return price is not None and _counts_tokens(rate) and price >= LARGE_FREE


def _counts_tokens(rate: Rate) -> bool:
    return rate.unit in {"token", "token_hour"}


def _strikes(new: Rate, old: Rate) -> bool:
    """Whether the new rate prints the old price as struck."""
    if new.list_amount is None or not new.amount or new.unit_price is None:
        return False
    return new.unit_price * Fraction(new.list_amount) / Fraction(new.amount) == old.unit_price


def _is_first_cache_discount(old: Rate, new: Rate, siblings: Sequence[Rate]) -> bool:
    """Whether cached input at about the price of input falls to a tenth of it, as caches usually cost."""
    wide = _sibling(new, siblings, meter="input", tier=new.service_tier)
    if new.meter != "cached_input" or wide is None or not wide.unit_price:
        return False
    before, after = old.unit_price or Fraction(0), new.unit_price or Fraction(0)
    return before * 2 >= wide.unit_price and after * 50 >= wide.unit_price


def is_cache_step(old: Rate, new: Rate, siblings: Sequence[Rate]) -> bool:
    """Whether a cached price fell to exactly a tenth and is no less than a five-hundredth of the input price."""
    ratio = ratio_of(old, new)
    if ratio is None or power_of_ten(ratio) != -1 or new.meter != "cached_input":
        return False
    wide = _sibling(new, siblings, meter="input", tier=new.service_tier)
    if wide is None or not wide.unit_price or not old.unit_price or not new.unit_price:
        return False
    return old.unit_price <= wide.unit_price <= new.unit_price * 500


def _is_cache_below_input(rate: Rate, siblings: Sequence[Rate]) -> bool:
    if rate.meter not in {"cached_input", "cache_write"}:
        return False
    wide = _sibling(rate, siblings, meter="input", tier=rate.service_tier)
    return wide is not None and not _is_less(wide, rate.unit_price or Fraction(0))


def _is_less(rate: Rate, price: Fraction) -> bool:
    other = price_of(rate)[1]
    return other is not None and other != 0 and other < price


def _sibling(rate: Rate, siblings: Sequence[Rate], *, meter: str, tier: str) -> Rate | None:
    """The same model's rate on another meter or tier, under the same conditions or under none."""
    near = [
        other
        for other in siblings
        if (other.model_key, other.meter, other.service_tier) == (rate.model_key, meter, tier)
        and other.currency == rate.currency
        and other.unit == rate.unit
        and other.unit_price is not None
    ]
    exact = [other for other in near if other.conditions == rate.conditions]
    plain = [other for other in near if not other.conditions.to_json()]
    return next(iter(exact or plain), None)  # a rate under other conditions says nothing
