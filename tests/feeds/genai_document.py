"""Prints genai-prices' data as its makers publish it, in a process of its own: half a million objects stay there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

from genai_prices.data import providers


def plain(value: Any) -> Any:
    """The package's objects as JSON."""
    if type(value).__name__ == "ModelPrice":
        return {name: plain(price) for name, price in vars(value).items() if price is not None}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        said = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {name: part for name, part in said.items() if part is not None}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() else float(value)
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


PARTS = ("id", "name", "prices", "price_variants")
json.dump(
    [
        {"id": provider.id, "models": [{name: plain(getattr(m, name)) for name in PARTS} for m in provider.models]}
        for provider in providers
    ],
    sys.stdout,
)
