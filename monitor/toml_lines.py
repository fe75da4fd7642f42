"""TOML files that people write: read with errors in words, and where a key stands, which the parser forgets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from scrapers.catalog import ConfigError

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=""")


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a file and what it says.

    Raises:
        ConfigError: it cannot be read or is no TOML.

    """
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); check the path and its permissions") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: not valid TOML: {err}") from err


def line_of(text: str, loc: tuple[str | int, ...]) -> int | None:
    r"""The line of a key, else that of the nearest table around it, counted from 1; None where neither is found.

    It reads headers and keys at the beginning of lines, which is how people write such files; a key inside an inline
    table is found by the key that holds it.

    >>> line_of('a = 1\n[[rule]]\nid = "x"\n[[rule]]\nkinds = 3\n', ("rule", 1, "kinds"))
    5
    >>> line_of('a = 1\n[[rule]]\nid = "x"\n', ("rule", 0, "channels"))
    2
    >>> line_of("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\nc = 1\n", ("a", 1, "b", 0, "c"))
    5
    """
    best: tuple[int, int] | None = None
    prefix: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        table = _TABLE.match(line)
        if table is not None:
            *outer, name = _names(table[2])
            prefix = ()
            for each in outer:
                prefix = (*prefix, each)
                prefix = (*prefix, counts[prefix]) if prefix in counts else prefix
            prefix = (*prefix, name)
            if table[1] == "[[":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = (*prefix, counts[prefix])
            at = prefix
        else:
            key = _KEY.match(line)
            if key is None:
                continue
            at = (*prefix, *_names(key[1]))
        depth = len(at)
        if loc[:depth] == at and (best is None or depth > best[0]):
            best = (depth, number)
    return None if best is None else best[1]


def _names(dotted: str) -> list[str]:
    """The names of a dotted key; a quoted one is taken whole."""
    if dotted[0] in "\"'":
        return [dotted.strip("\"'")]
    return [name.strip().strip("\"'") for name in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', dotted)]
