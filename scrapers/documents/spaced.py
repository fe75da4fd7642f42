"""Tables of plain text whose columns are parted by spaces: a column begins behind a gap that all lines share.

A gap is at least two places wide, for one space stands within a name. Lines whose gaps do not agree are no table.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

_CHUNK = re.compile(r"\S+(?: \S+)*")
_MIN_GAP = 2


def spaced_rows(lines: Sequence[str]) -> list[list[str]]:
    """The rows of neighbouring lines that print a table, or [] where they print none.

    >>> spaced_rows(["Model      In    Out", "nova 1     $1    $2", "nova 2           $3"])
    [['Model', 'In', 'Out'], ['nova 1', '$1', '$2'], ['nova 2', '', '$3']]
    >>> spaced_rows(["Prices  are", "listed below, in dollars"])
    []
    """
    chunks = [[found.group() for found in _CHUNK.finditer(line.strip())] for line in lines]
    counts = {len(row) for row in chunks}
    if len(lines) < 2 or min(counts) < 2:
        return []
    wide = [_widened(line.rstrip()) for line in lines]
    length = max(map(len, wide))
    blank = [all(line[place : place + 1] in {"", " "} for line in wide) for place in range(length)]
    bounds = [0, *_gap_ends(blank), length]
    rows = [[line[a:b].replace(_FILL, "").strip() for a, b in itertools.pairwise(bounds)] for line in wide]
    is_parted = all(len(_CHUNK.findall(cell)) < 2 for row in rows for cell in row)
    if len(bounds) > max(counts) and is_parted:
        return rows if all(rows[0][1:]) else []
    return chunks if len(counts) == 1 else []  # a copy whose letters were not all of one width


_FILL = "\ue004"


def _widened(line: str) -> str:
    """The line with a second place for each character that a terminal prints twice as wide."""
    return "".join(f"{char}{_FILL}" if unicodedata.east_asian_width(char) in {"W", "F"} else char for char in line)


def _gap_ends(blank: Sequence[bool]) -> list[int]:
    """Where the columns after the first begin: behind each run of blank places that is wide enough."""
    ends: list[int] = []
    run = 0
    for place, is_blank in enumerate(blank):
        if not is_blank and run >= _MIN_GAP and place > run:
            ends.append(place)
        run = run + 1 if is_blank else 0
    return ends
