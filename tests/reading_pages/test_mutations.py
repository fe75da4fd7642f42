"""Damaged pages: bytes are dropped, doubled, moved and replaced; each is read or refused by name, and nothing else."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from scrapers.errors import LayoutError, NoTable

_TOKENS = (
    *(b"<", b">", b"<table>", b"</td>", b"<td>", b"{", b"}", b"[", b"|", b"\n", b"`", b"```", b"<!--", b"\0", b"\xff"),
    *(b"<script>", b"&", b'"', b"$1", b" rowspan=0 colspan=9 ", b"\\", b"1e99", b"---\n", b"{/*", b"<Tab ", b"\xe4"),
)
_EDITS = 6


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The page after a few edits."""
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(body) + 1)
        end = min(len(body), start + chance.choice((0, 1, 3, 40, 400)))
        other = chance.randrange(len(body) + 1)
        new = chance.choice((b"", chance.choice(_TOKENS), chance.choice(_TOKENS) * 40, body[other : other + 200]))
        body = body[:start] + new + body[end:]
    return body


def test_a_damaged_page_is_read_or_refused(golden: Any) -> None:
    chance = random.Random(golden.id)  # noqa: S311  the same damage in every run
    whole = golden.path.read_bytes()
    for _ in range(_EDITS):
        with contextlib.suppress(NoTable, LayoutError):
            golden.read(mutated(whole, chance))
