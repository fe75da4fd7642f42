"""Whole pages of sellers without a provider file, written in real shapes, with every price of each typed by hand.

`tests/strangers/NAME.truth` holds a line for each rate: model | meter | amount currency, or a state | per unit | tier
and conditions. A `*` stands for anything; a line that begins with `?` may be read or not; nothing else may be. A file
with `refused | NAME` alone says what the page is instead of a price page.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from scrapers.catalog import Hints
from scrapers.errors import NoTable
from scrapers.rates import Rate
from scrapers.reader import read_page

FOLDER = Path(__file__).resolve().parent.parent / "strangers"
CAPTURED = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fact:
    model: str
    meter: str = "*"
    price: str = "*"
    unit: str = "*"
    said: str = "*"
    is_optional: bool = False

    def fits(self, rate: Rate) -> bool:
        names = fnmatch.fnmatchcase(rate.model, self.model) and fnmatch.fnmatchcase(rate.meter, self.meter)
        return names and self._has_price(rate) and self.said in {"*", _said(rate)}

    def _has_price(self, rate: Rate) -> bool:
        amount, _, currency = self.price.partition(" ")
        if not currency:
            return self.price in {"*", rate.state}
        per, _, unit = self.unit.partition(" ")
        if rate.amount is None or rate.per is None or (rate.currency, rate.unit) != (currency, unit):
            return False
        return Fraction(rate.amount) / Fraction(rate.per) == Fraction(Decimal(amount)) / Fraction(per)


def _said(rate: Rate) -> str:
    span = rate.conditions.context_tokens
    words = [
        rate.service_tier if rate.service_tier != "standard" else "",
        f"gt={span.gt}" if span and span.gt else "",
        f"lte={span.lte}" if span and span.lte else "",
        f"region={rate.conditions.region}" if rate.conditions.region else "",
        f"ttl={rate.conditions.cache_ttl}" if rate.conditions.cache_ttl else "",
        f"mode={rate.conditions.mode}" if rate.conditions.mode else "",
        f"window={rate.conditions.window}" if rate.conditions.window else "",
        f"from={rate.valid_from:%Y-%m-%d}" if rate.valid_from else "",
        f"until={rate.valid_until:%Y-%m-%d}" if rate.valid_until else "",
    ]
    return ",".join(filter(None, words)) or "-"


def facts_of(name: str) -> list[Fact]:
    lines = (FOLDER / f"{name}.truth").read_text(encoding="utf-8").splitlines()
    return [
        Fact(*(part.strip() for part in line.removeprefix("?").split("|")), is_optional=line.startswith("?"))
        for line in lines
    ]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.truth")))
def test_a_stranger_reads_every_price_of_a_page_and_no_other(name: str) -> None:
    (path,) = (path for path in FOLDER.glob(f"{name}.*") if path.suffix != ".truth")
    facts = facts_of(name)
    if facts[0].model == "refused":
        with pytest.raises(NoTable) as refused:
            read_page(path.read_bytes(), hints=Hints(), captured_at=CAPTURED)
        assert refused.value.found == facts[0].meter
        return
    left = list(read_page(path.read_bytes(), hints=Hints(), captured_at=CAPTURED).rates)
    missed = []
    for fact in (fact for fact in facts if not fact.is_optional):
        found = next((rate for rate in left if fact.fits(rate)), None)
        left.remove(found) if found else missed.append(fact)
    extra = [rate for rate in left if not any(fact.fits(rate) for fact in facts if fact.is_optional)]
    assert (missed, extra) == ([], [])
