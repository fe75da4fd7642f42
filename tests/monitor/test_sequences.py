"""Dated pages through `pricefall replay`: what a subscriber hears is what a person typed beside each page.

A file of `sequences` holds captures, each begun by `=== DATE PROVIDER URL`, the page as it stood, and after
`--- expected` one line for each event: kind | model | meter, tier and conditions | old -> new, per the page's own unit,
and `@` the instant from which it holds where that is what the sequence is about. The pages are written for these tests
in the providers' shapes; prices and dates are mostly real.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.monitor.calls import call

SEQUENCES = sorted((Path(__file__).parent / "sequences").glob("*.txt"))
_HEAD = re.compile(r"^=== (\S+) (\S+) (\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Dated:
    captured: str
    provider: str
    url: str
    page: str
    expected: tuple[str, ...]


def read_sequence(path: Path) -> list[Dated]:
    _, *parts = _HEAD.split(path.read_text(encoding="utf-8"))
    captures = []
    for captured, provider, url, text in zip(*[iter(parts)] * 4, strict=True):
        page, lines = text.split("--- expected\n")
        captures.append(Dated(captured, provider, url, page, tuple(line for line in lines.splitlines() if line)))
    return captures


def line_of(event: dict[str, Any], *, with_instant: bool) -> str:
    """An event as the sequences write it."""
    said = [event["meter"], *([event["service_tier"]] if event["service_tier"] != "standard" else [])]
    for key, value in event["conditions"].items():
        is_range = isinstance(value, dict)
        bounds = f"context {value['gt'] or ''}..{value['lte'] or ''}" if is_range else value
        said.append(bounds if is_range or key != "context_tokens" else str(value))
    old, new = (event[side] or "-" for side in ("old", "new"))
    line = f"{event['kind']} | {event['model']} | {' '.join(said)} | {old} -> {new}"
    return f"{line} @ {event['effective_from']}" if with_instant else line


@pytest.mark.parametrize("path", SEQUENCES, ids=lambda path: path.stem)
def test_a_sequence_tells_what_was_typed_and_nothing_else(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    captures = read_sequence(path)
    lines = []
    for number, capture in enumerate(captures):
        (tmp_path / f"{number}.page").write_text(capture.page, encoding="utf-8")
        said = {"provider": capture.provider, "url": capture.url, "captured": capture.captured}
        lines.append(json.dumps({"file": f"{number}.page", **said}))
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("\n".join(lines), encoding="utf-8")
    code, out, err = call(capsys, "replay", str(manifest), "--db", str(tmp_path / "replay.db"), "--json")
    assert (code, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    for capture in captures:
        moment = capture.captured if "T" in capture.captured else f"{capture.captured}T00:00:00Z"
        with_instant = any(" @ " in line for line in capture.expected)
        told = [line_of(event, with_instant=with_instant) for event in events if event["captured"] == moment]
        assert sorted(told) == sorted(capture.expected), capture.captured
    assert len(events) == sum(len(capture.expected) for capture in captures)
