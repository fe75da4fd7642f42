"""The folder of a report: written beside its place, then put there whole, so that a killed report leaves the old one.

Only a folder that a report made is ever replaced, and only while nothing else was put into it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scrapers.catalog import ConfigError

MARK = ".made-by-pricefall-report"
_OWN = frozenset(
    {MARK, "index.html", "models.html", "month.html", "report.css", "report.js", "search.js", "changes", "p", "m", "zh"}
)
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_HERE = -100  # AT_FDCWD


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """A new folder to write into; when the block ends without an error it takes the place of `out`.

    Raises:
        ConfigError: something stands at `out` that no report made, or nothing can be written beside it.

    """
    check_place(out)
    building = out.with_name(f".{out.name}.new-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(out)
        building.mkdir()
    except OSError as err:
        why = f"nothing can be written in {out.parent} ({err.strerror}); name another folder with --out"
        raise ConfigError(why) from err
    try:
        (building / MARK).write_text("`pricefall report` may write over this folder.\n", encoding="utf-8")
        yield building
        check_place(out)
        _put(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_place(out: Path) -> None:
    """Whether a report may stand at `out`.

    Raises:
        ConfigError: a link, a file, or a folder that holds something else; it is left as it is.

    """
    if out.is_symlink():
        raise ConfigError(f"{out} is a symbolic link; name the folder itself with --out")
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is no folder; move it away, or name another with --out")
    names = {path.name for path in out.iterdir()}
    if names and MARK not in names:
        raise ConfigError(f"{out} was not made by `pricefall report` and is left as it is; name another with --out")
    strange = sorted(names - _OWN)
    if strange:
        raise ConfigError(
            f"{out} holds {strange[0]!r}, which no report made, and is left as it is; move that away, or name another "
            "folder with --out"
        )


def _put(building: Path, out: Path) -> None:
    """The new folder in the place of the old one, in one step where the system has one."""
    if not out.exists():
        building.rename(out)
    elif not _exchange(building, out):
        old = out.with_name(f".{out.name}.old-{os.getpid()}")
        out.rename(old)
        building.rename(out)
        shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names; False where the system or the file system cannot."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return renameat2 is not None and renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _clear_leftovers(out: Path) -> None:
    """Take away what reports that were killed had begun; one that still writes is left alone."""
    for left in out.parent.glob(f".{out.name}.new-*"):
        pid = left.name.rpartition("-")[2]
        if left.is_dir() and not left.is_symlink() and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
