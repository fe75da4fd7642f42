"""The files of a message whose parts do not show all: the whole payload as JSON, and its events as a sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from monitor.alerts.phrases import conditions_text, visible

_COLUMNS = (
    "captured",
    "provider",
    "market",
    "model",
    "meter",
    "service_tier",
    "conditions",
    "kind",
    "old",
    "new",
    "currency",
    "per",
    "unit",
    "percent",
    "old_per_million",
    "new_per_million",
    "effective_from",
    "valid_until",
    "confidence",
    "why",
    "quote",
    "url",
    "id",
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a message; its name is the alert's id with this ending."""

    ending: Literal["json", "csv"]
    body: bytes

    @property
    def media_type(self) -> tuple[str, str]:
        return ("application", "json") if self.ending == "json" else ("text", "csv")


def attachments_of(payload: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The payload as JSON; where it holds events also as CSV, safe against formulas, which a spreadsheet opens."""
    whole = Attachment("json", json.dumps(payload, ensure_ascii=False, indent=1).encode())
    events: Sequence[Mapping[str, Any]] = payload["data"]["events"]
    return (whole, Attachment("csv", _sheet(events))) if events else (whole,)


def _sheet(events: Sequence[Mapping[str, Any]]) -> bytes:
    from monitor.tables import csv_text

    rows = []
    for event in events:
        said = {
            **event,
            "conditions": conditions_text({**event, "service_tier": "standard"}, "en"),
            "quote": event["evidence"]["quote"],
        }
        rows.append({name: _cell(said[name]) for name in _COLUMNS})
    return csv_text(rows).encode("utf-8-sig")  # without the mark Excel takes Chinese for Latin


def _cell(value: object) -> object:
    return visible(value, 1000) if isinstance(value, str) else value
