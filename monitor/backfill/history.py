"""Curated facts into the database: each file as a whole, in one transaction; loading it again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.backfill.facts import SHIPPED_HISTORY, fact_files, load_facts
from monitor.backfill.timeline import timeline
from storage.past import record_past
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading came to: files, prices and changes that are known now, and rows that are new or taken back."""

    files: int
    prices: int
    changes: int
    added: int
    superseded: int


def load_history(store: Store, now: datetime, folder: Path = SHIPPED_HISTORY) -> Loaded:
    """Load all files of facts of a folder.

    Raises:
        ConfigError: a file is wrong, or there is none; nothing was loaded.

    """
    files = [(path.stem, *timeline(load_facts(path))) for path in fact_files(folder)]
    counts = [0, 0]
    for name, prices, events in files:
        done = record_past(store, "curated", name, prices, events, now)
        counts = [counts[0] + done.added, counts[1] + done.superseded]
    return Loaded(len(files), sum(len(file[1]) for file in files), sum(len(file[2]) for file in files), *counts)
