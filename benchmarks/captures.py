"""Saved pages by their manifest, for the benchmarks that read them.

A directory of captures holds `manifest.jsonl`, a line a capture: {"file", "provider", "url", "captured", "kind"} and
perhaps "negative" for a page without prices; `file` is relative to the directory.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scrapers.catalog import Hints, Provider

ROOT = Path(__file__).resolve().parent.parent
SEED = 20240506


@dataclass(frozen=True, slots=True)
class Saved:
    """One line of a manifest; `captured` is a date, or empty where nobody knows it."""

    path: Path
    file: str
    provider: str
    url: str
    captured: str
    kind: str
    is_negative: bool = False

    @property
    def captured_at(self) -> datetime | None:
        """Midnight UTC of the day."""
        return datetime.fromisoformat(self.captured).replace(tzinfo=UTC) if self.captured else None

    def hints(self, catalog: Mapping[str, Provider]) -> Hints:
        """What the provider's file says of the page; nothing where there is no file."""
        return catalog[self.provider].hints_for(self.url) if self.provider in catalog else Hints()


def load_manifest(corpus: Path) -> list[Saved]:
    """The captures of a directory, oldest first; those without a date come before all others.

    Raises:
        SystemExit: there is no manifest; the message says what is wanted.

    """
    manifest = corpus / "manifest.jsonl"
    if not manifest.is_file():
        raise SystemExit(f"{manifest} is missing; give a directory of captures with --corpus")
    said = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [
        Saved(
            path=corpus / one["file"],
            file=one["file"],
            provider=one["provider"],
            url=one["url"],
            captured=one.get("captured") or "",
            kind=one.get("kind") or "",
            is_negative=bool(one.get("negative")),
        )
        for one in said
    ]
    return sorted(found, key=lambda saved: saved.captured)


def parser_for(description: str | None) -> argparse.ArgumentParser:
    """A parser with what the benchmarks that change pages at random share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="directory with manifest.jsonl")
    parser.add_argument("--only", default="", metavar="TEXT", help="only pages whose file name contains TEXT")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the generator ({SEED})")
    return parser
