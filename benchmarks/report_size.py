"""How large a report of many models is and how long it takes, from a database that is made up on the spot.

    python benchmarks/report_size.py [--models 5000] [--providers 60] [--keep DIR]

Each model has four prices, each of which moved three times. It prints the seconds, the pages, and the largest page of
each kind; it ends with status 1 where a page is over 3 MB.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from monitor.classes import load_classes
from monitor.exchange import Exchange
from monitor.report.site import write_site
from scrapers.rates import Evidence, PriceList, Rate
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.store import Store

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
MOST = 3_000_000
METERS = ("input", "cached_input", "output", "cache_write")


def main() -> None:
    """Make the database, write the report, print what it is."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--models", type=int, default=5000)
    asked.add_argument("--providers", type=int, default=60)
    asked.add_argument("--keep", type=Path, help="leave database and site here")
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = said.keep or Path(name)
        site = folder / "site"
        site.mkdir(parents=True)
        began = time.perf_counter()
        make_database(folder / "prices.db", said.models, said.providers)
        print(f"database made in {time.perf_counter() - began:.1f} s")
        with Store.open(folder / "prices.db", read_only=True) as store:
            began, worked = time.perf_counter(), time.process_time()
            at = START + timedelta(days=100)
            written = write_site(store, Exchange(), load_classes().classes, at, ("en", "zh"), site, lambda _count: None)
        print(f"{written.models} models on {written.pages} pages in {time.perf_counter() - began:.1f} s "
              f"({time.process_time() - worked:.1f} s of work), {written.size / 1e6:.0f} MB")  # fmt: skip
        kinds: dict[str, list[int]] = defaultdict(list)
        for path in site.rglob("*.html"):
            parts = [part for part in path.relative_to(site).parts if part != "zh"]
            kinds[parts[0] if parts[0].endswith(".html") else f"{parts[0]}/"].append(path.stat().st_size)
        for kind, sizes in sorted(kinds.items()):
            print(f"{kind:<12} {len(sizes):>6} pages, the largest {max(sizes) / 1e3:.0f} kB")
        print(f"search.js {(site / 'search.js').stat().st_size / 1e3:.0f} kB")
    sys.exit(written.largest > MOST)


def make_database(path: Path, models: int, providers: int) -> None:
    """Four looks at a page of each provider."""
    chance = random.Random(7)  # noqa: S311 - figures for a benchmark
    with Store.open(path) as store:
        for number in range(providers):
            mine = range(number, models, providers)
            currency = ("USD", "CNY")[number % 3 == 0]
            rates = [
                Rate(
                    f"maker-{model % 17}/model-{model}-instruct",
                    meter,
                    "priced",
                    Decimal(chance.randint(20, 900)) / (1000 if meter != "output" else 200),
                    currency,
                    Decimal(1_000_000),
                    "token",
                    evidence=Evidence("$0.10 / 1M tokens", "table 1"),
                )
                for model in mine
                for meter in METERS
            ]
            for look in range(4):
                at = START + timedelta(days=30 * look, minutes=number)
                moved = [replace(rate, amount=(rate.amount or Decimal(1)) * Decimal("0.9")) for rate in rates]
                told = tuple(
                    Event("cut", f"seller-{number}", "intl", at, old, new, 0.9, "it fell", "https://seller.example/p")
                    for old, new in zip(rates[::8], moved[::8], strict=True)
                )
                rates = moved if look else rates
                store.record_page(
                    PageOutcome(
                        None, f"seller-{number}", "intl", f"https://seller-{number}.example/p", at,
                        f"{number:04}{look}".ljust(64, "0"), 99, PriceList(tuple(rates)), tuple(rates), at,
                        events=told if look else (),
                    )
                )  # fmt: skip


if __name__ == "__main__":
    main()
