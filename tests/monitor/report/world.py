"""A small database for the tests of the report: two sellers, two currencies, a cut, a promise, and names to fear."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from scrapers.rates import Conditions, Evidence, PriceList, Rate
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.store import Store

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LONG = "an-endless-name-" * 12
FIRST, SECOND = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 5, 11, 9, tzinfo=UTC)
AT = "2026-05-20"


def rate(model: str, meter: str, amount: str, currency: str = "USD", **more: Any) -> Rate:
    quote = f"{amount} {currency} for 1M"
    said = {"evidence": Evidence(quote, "table 1"), "per": Decimal(1_000_000), "unit": "token", **more}
    return Rate(model, meter, "priced", Decimal(amount), currency, **said)


def both(model: str, price_in: str, price_out: str, currency: str = "USD", **more: Any) -> list[Rate]:
    return [rate(model, "input", price_in, currency, **more), rate(model, "output", price_out, currency, **more)]


def make_database(path: Path) -> Path:
    """Two looks at each of two pages."""
    nova = both("nova-1", "5.00", "15.00")
    cheaper = both("nova-1", "2.50", "15.00")
    rest = [
        *both("nova-mini", "0.10", "0.40"),
        *both("{provider} free", "0", "0"),
        *both(LONG, "1", "2"),
        rate("nova-embed", "input", "0.02"),
        rate("nova-paint", "image", "0.04", per=Decimal(1), unit="image"),
        *both("nova-old", "30", "60"),
    ]
    announced = rate("nova-mini", "input", "0.05", valid_from=datetime(2026, 6, 1, tzinfo=UTC))
    cut = Event(
        "cut", "aurora", "intl", SECOND, nova[0], cheaper[0], 0.95, f"it fell; {HOSTILE}", "https://aurora.example/p"
    )
    risen = tuple(
        Event("raise", "aurora", "intl", SECOND, old, new, 0.9, "it rose", "https://aurora.example/p")
        for old, new in zip(both(LONG, "0.000131", "0.002"), both(LONG, "1", "2"), strict=True)
    )
    yuan = [*both("星 pro", "0.0008", "0.0020", "CNY", per=Decimal(1000)), *both(HOSTILE, "1", "2", "CNY")]
    long = rate("星 pro", "input", "0.0016", "CNY", per=Decimal(1000), conditions=Conditions(other=HOSTILE))
    with Store.open(path) as store:
        look(store, "aurora", FIRST, [*nova, *rest])
        look(store, "aurora", SECOND, [*cheaper, *rest[:-2], announced], events=(cut, *risen))
        look(store, "xing", FIRST, [*yuan, long])
    return path


def look(store: Store, provider: str, at: datetime, rates: list[Rate], **more: Any) -> None:
    url = f"https://{provider}.example/p"
    sha256 = f"{provider}{at:%Y%m%d}".ljust(64, "0")
    store.record_page(
        PageOutcome(None, provider, "intl", url, at, sha256, 99, PriceList(tuple(rates)), tuple(rates), at, **more)
    )
