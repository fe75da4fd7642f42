"""A run of the real command under a limit of its process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.e2e.place import Place

ROOT = Path(__file__).parents[2]


def limited_run(place: Place, limit: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    """Run once; `limit` is called in the new process, before the program."""
    return subprocess.run(
        place.command("run", "--only", "aurora"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        preexec_fn=limit,
        cwd=ROOT,
    )
