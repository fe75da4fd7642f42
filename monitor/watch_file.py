"""The status file of `watch`: what the process is doing, beside the database, for `pricefall status` and whoever looks.

It is replaced whole, so a reader never sees half of it. A file outlives a killed process: who is alive is told by the
run lock, which a dead process cannot hold, and never by the pid.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scrapers.rates import format_instant

FORM = 1


@dataclass(frozen=True, slots=True)
class WatchState:
    """What stands in the file; times are ISO 8601 in UTC.

    Attributes:
        state: idle, looking, or stopped (it ended as it should).
        last_round: what the newest finished round came to: started, finished, status, providers, counts.
        due: when each provider is looked at again, by the scheduler.
        queue: providers whose look waits behind the present one.
        last_error: the newest failure of a page or of a delivery, and when.

    """

    pid: int
    version: str
    started_at: str
    written_at: str
    state: str = "idle"
    looking_at: tuple[str, ...] = ()
    last_round: Mapping[str, Any] | None = None
    due: Mapping[str, str] | None = None
    queue: tuple[str, ...] = ()
    last_error: Mapping[str, str] | None = None


def watch_file_path(database: Path) -> Path:
    """Where the status file of a database stands."""
    return database.with_name(database.name + ".watch.json")


class WatchFile:
    """The file of one `watch` process; a disk that takes no file ends no watch."""

    def __init__(self, path: Path, now: datetime) -> None:
        at = format_instant(now) or ""
        self.path = path
        self.state = WatchState(os.getpid(), version("pricefall"), at, at)

    def write(self, now: datetime, **changes: Any) -> str | None:
        """Replace the file with the changed state; returns what went wrong, None when nothing did."""
        self.state = replace(self.state, written_at=format_instant(now) or "", **changes)
        building = self.path.with_name(f".{self.path.name}.new")
        try:
            building.write_text(json.dumps({"form": FORM, **asdict(self.state)}, ensure_ascii=False, indent=1) + "\n")
            building.replace(self.path)
        except OSError as err:
            return f"the status file {self.path} cannot be written ({err.strerror})"
        return None


def read_watch_file(path: Path) -> dict[str, Any] | None:
    """What a `watch` process wrote last, None when there is no such file or it is no such file."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and said.get("form") == FORM else None
