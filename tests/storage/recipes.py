"""A small market for the recipes of `docs/database.md`, and their answers as the document prints them.

`python -m tests.storage.recipes` writes the answers into the document; read them before you commit.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrapers.rates import Conditions, Rate, TokenRange
from storage.nouns import Event, Pending
from storage.sql import run_sql
from storage.store import Store
from tests.storage.looks import outcome, rate

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "database.md"
RECIPE = re.compile(r"```sql\n(?P<sql>.*?)```\n\n```text\n(?P<text>.*?)```", re.DOTALL)
FIRST = datetime(2026, 5, 4, 9, tzinfo=UTC)
LAST = datetime(2026, 11, 23, 9, tzinfo=UTC)

Prices = dict[str, tuple[str, str, str]]  # model: input, output, cached input

AURORA: Prices = {"aurora-large": ("5.00", "12.00", "0.30"), "aurora-mini": ("0.20", "0.80", "0.02")}
MERIDIAN: Prices = {"Aurora Large": ("2.80", "12.00", "0.30"), "Borealis 70B": ("0.60", "0.60", "0.06")}
LUMEN: Prices = {"星河-Max": ("8", "32", "1.6"), "星河-Lite": ("0.5", "1", "0.1")}


def fill(store: Store) -> None:
    """Three sellers: one cuts its input price twice, one sells the same model for less, one writes Chinese."""
    others = (("meridian", "intl", _listed(MERIDIAN, "USD")), ("lumen", "cn", _listed(LUMEN, "CNY")))
    nano = [rate("aurora-nano", "0.05"), rate("aurora-nano", "0.20", meter="output")]
    held = Pending(
        "key", "held", "cut", rate("aurora-mini", "0.20"), rate("aurora-mini", "0.02"), "10 times less", LAST
    )
    for seller in others:
        _look(store, *seller, at=FIRST)
    _look(store, "aurora", "intl", _aurora("5.00"), at=FIRST)
    for day, old, new in ((60, "5.00", "4.00"), (154, "4.00", "3.00")):
        at = FIRST + timedelta(days=day)
        _look(store, "aurora", "intl", _aurora(new), at=at, events=(_cut(old, new, at),))
    _look(store, "aurora", "intl", [*_aurora("3.00"), *nano], at=LAST, pending=(held,))
    for seller in others:
        _look(store, *seller, at=LAST)


def answer(database: Path, sql: str) -> str:
    """What a query gives, as a table of plain text."""
    found = run_sql(database, sql, limit_s=20)
    rows = [found.columns, *(tuple("" if cell is None else str(cell) for cell in row) for row in found.rows)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(found.columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join((lines[0], "  ".join("-" * width for width in widths), *lines[1:])) + "\n"


def _listed(prices: Prices, currency: str) -> list[Rate]:
    return [
        rate(model, amount, meter=meter, currency=currency)
        for model, amounts in prices.items()
        for meter, amount in zip(("input", "output", "cached_input"), amounts, strict=True)
    ]


def _aurora(amount: str) -> list[Rate]:
    """Aurora's page, with this input price of its large model."""
    large = {"aurora-large": (amount, *AURORA["aurora-large"][1:])}
    long = rate("aurora-large", "6.00", conditions=Conditions(context_tokens=TokenRange(gt=200_000)))
    batch = [rate("aurora-large", "1.50", service_tier="batch"), rate("aurora-mini", "0.10", service_tier="batch")]
    return [*_listed({**AURORA, **large}, "USD"), long, *batch]


def _cut(old: str, new: str, at: datetime) -> Event:
    why = f"aurora-large input fell from ${old} to ${new} per 1M tokens; seen twice, 130 s apart"
    before, after = rate("aurora-large", old), rate("aurora-large", new)
    return Event("cut", "aurora", "intl", at, before, after, 0.97, why, "https://aurora.example/pricing")


def _look(store: Store, provider: str, market: str, listed: list[Rate], *, at: datetime, **more: Any) -> None:
    seen = {"captured_at": at, "recorded_at": at, "url": f"https://{provider}.example/pricing"}
    sha256 = f"{provider.encode().hex()}{at:%Y%m%d}".ljust(64, "0")
    store.record_page(outcome(0, listed, provider=provider, market=market, sha256=sha256, **seen, **more))


def main() -> None:
    """Write the answers into the document."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "recipes.db"
        with Store.open(database) as store:
            fill(store)
        text = DOCUMENT.read_text(encoding="utf-8")
        text = RECIPE.sub(lambda m: f"```sql\n{m['sql']}```\n\n```text\n{answer(database, m['sql'])}```", text)
        DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
