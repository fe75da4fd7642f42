"""The three views for people, row by row, for files: what they hold may not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from storage.queries import of_model
from storage.store import Store

Exported = Literal["prices", "history", "changes"]
VIEWS: dict[Exported, str] = {"prices": "current_prices", "history": "price_history", "changes": "price_events"}


def exported(
    store: Store, what: Exported, *, provider: str | None = None, model: str | None = None, meter: str | None = None
) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """The columns of a view (docs/database.md) and its rows, of one provider, meter and pattern of models."""
    cursor = store.connection.raw.execute(
        f"SELECT * FROM {VIEWS[what]} WHERE (:provider IS NULL OR provider = :provider) "  # noqa: S608 - our own views
        "AND (:meter IS NULL OR meter = :meter)",
        {"provider": provider, "meter": meter},
    )
    columns = tuple(column[0] for column in cursor.description)
    return columns, (tuple(row) for row in cursor if model is None or of_model([{"model": row["model"]}], model))
