"""Who reads a message, where that is not the operator: how to leave, and a second currency to see prices in.

What is converted is only shown: nothing is stored, compared or judged by it. So the rates of exchange are not known
here, and come as a function from the command that sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from monitor.alerts.phrases import money
from monitor.alerts.words import word
from scrapers.rates import format_decimal

Convert = Callable[[str, str, date], tuple[Fraction, date] | None]
"""From a currency to another on a day: the factor and the day of its rate; None where there is no rate."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber.

    Attributes:
        way_out: where to unsubscribe: an https or a mailto address.
        currency: what prices are shown in beside the printed one; None for no other.
        convert: see `Convert`.

    """

    way_out: str
    currency: str | None = None
    convert: Convert | None = None

    def converted(self, event: Mapping[str, Any], language: str) -> str:
        """The prices of an event in the reader's currency, marked with the rate's day; "" where they are in it."""
        if self.currency is None or self.convert is None:
            return ""
        sides, days = [], []
        for printed in (event["old_printed"], event["new_printed"]):
            if printed is None or printed["amount"] is None or printed["currency"] in {None, self.currency}:
                continue
            found = self.convert(printed["currency"], self.currency, date.fromisoformat(event["captured"][:10]))
            if found is not None:
                factor, day = found
                sides.append(money(_rounded(Fraction(printed["amount"]) * factor), self.currency, language))
                days.append(day.isoformat())
        return word("converted", language, prices=" → ".join(sides), day=days[-1]) if sides else ""


def _rounded(amount: Fraction) -> str:
    """Four significant digits, since a rate of exchange gives no more."""
    rounded = Context(prec=4).divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return format_decimal(rounded.normalize())
