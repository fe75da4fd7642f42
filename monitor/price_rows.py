"""Rows of prices for reading: amounts per a number of tokens that was asked for, and their order.

Prices are put in order exactly, as fractions, and never across currencies: what is not converted is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

from monitor.workloads import parse_tokens
from storage.nouns import fraction_text

Row = dict[str, Any]
Order = Literal["name", "price", "since"]
ORDERS: tuple[Order, ...] = ("name", "price", "since")

_COUNTED = frozenset({"token", "character"})


def parse_per(text: str) -> int:
    """What amounts are to be shown per: "1K", "1M", "1000".

    Raises:
        ValueError: it is no power of ten, by which alone every printed amount can be shown exactly.

    >>> parse_per("1K"), parse_per("1000000")
    (1000, 1000000)

    """
    number = parse_tokens(text)
    if str(number).strip("0") != "1":
        raise ValueError(f"{text!r} is no 1, 1K, 1M or the like")
    return number


def per_tokens(row: Row, per: int) -> Row:
    """The row with its amounts per so many tokens or characters; one of another unit as it is.

    >>> row = {"amount": "0.0005", "list_amount": None, "per": "1000", "unit": "token"}
    >>> per_tokens(row, 1_000_000)["amount"]
    '0.5'
    """
    if row["unit"] not in _COUNTED or row["per"] is None or Fraction(row["per"]) == per:
        return row
    factor = per / Fraction(row["per"])
    amounts = {
        name: None if row[name] is None else fraction_text(Fraction(row[name]) * factor)
        for name in ("amount", "list_amount")
    }
    return {**row, **amounts, "per": str(per)}


def in_order(rows: Sequence[Row], order: Order) -> list[Row]:
    """Rows by name, by price (the cheapest of each meter, tier, unit and currency first), or the newest first."""
    if order == "price":
        return sorted(rows, key=cheapest_first)
    if order == "since":
        return sorted(rows, key=lambda row: str(row["valid_from"] or row["seen_from"]), reverse=True)
    return list(rows)


def cheapest_first(row: Row) -> tuple[object, ...]:
    """By meter, tier and unit, then what is free, then by price; what has no price in the currency comes last.

    The currency is the one that the row was converted into, else the printed one.
    """
    amount = row["converted_amount"] if "converted_currency" in row else row["amount"]
    currency = "" if "converted_currency" in row else row["currency"] or ""
    has_price = row["state"] == "free" or amount is not None
    price = Fraction(0) if amount is None or not row["per"] else Fraction(amount) / Fraction(row["per"])
    kind = (row["meter"], row["service_tier"], row["unit"] or "", currency)
    return (*kind, not has_price, price, row["provider"], row["model"])
