"""One run at a time; free at once when its holder dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.errors import ReadOnlyDatabase
from storage.lock import AlreadyRunning, RunLock

ROOT = Path(__file__).parent.parent.parent
HOLD = (
    "import subprocess, sys, time; from pathlib import Path; from storage.lock import RunLock\n"
    "with RunLock(Path(sys.argv[1])):\n"
    "    child = subprocess.Popen(['sleep', '30'], close_fds=False) if 'child' in sys.argv else None\n"
    "    print(child.pid if child else 0, flush=True); sys.stdin.read()"
)


@contextmanager
def other_run(path: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pricefall.db.lock"


def test_a_second_run_is_refused_with_pid_and_since(path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with other_run(path) as (process, _), pytest.raises(AlreadyRunning) as caught:
        RunLock(path).acquire()
    assert caught.value.pid == process.pid
    assert caught.value.since is not None
    assert before <= caught.value.since <= datetime.now(UTC)
    assert f"pid {process.pid} is already running since" in str(caught.value)


def test_it_is_free_after_the_first_has_ended_and_the_file_stays(path: Path) -> None:
    with RunLock(path):
        pass
    assert path.read_bytes() == b""
    with RunLock(path):
        assert str(os.getpid()) in path.read_text()


def test_waiting_for_another_run_to_end(path: Path) -> None:
    with other_run(path) as (process, _):
        started = time.monotonic()
        with pytest.raises(AlreadyRunning):
            RunLock(path, timeout_s=0.25).acquire()
        assert time.monotonic() - started >= 0.25
        assert process.stdin is not None
        process.stdin.close()
        with RunLock(path, timeout_s=30):
            pass


def test_a_holder_that_left_no_words_is_still_refused(path: Path) -> None:
    with RunLock(path):
        path.write_text("garbage")
        with pytest.raises(AlreadyRunning, match="another run is already running and holds") as caught:
            RunLock(path).acquire()
    assert (caught.value.pid, caught.value.since) == (None, None)


def test_a_lock_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadOnlyDatabase, match="cannot be opened"):
        RunLock(tmp_path).acquire()  # a folder


def test_releasing_twice_is_harmless(path: Path) -> None:
    lock = RunLock(path)
    lock.acquire()
    lock.release()
    lock.release()
    with RunLock(path):
        pass
