"""P07 to P11: one run at a time, whatever becomes of the lock file and of its holder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.errors import ReadOnlyDatabase
from storage.lock import AlreadyRunning, RunLock, file_system, find_holder
from storage.store import Store
from tests.e2e.place import PRICES, Place
from tests.e2e.test_watch import wait_for
from tests.storage.test_lock import other_run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pricefall.db.lock"


@contextmanager
def slow_run(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A run that waits for its page, with the lock in its hand."""
    place.site.on_request = lambda _, path: time.sleep(3) if path == "/pricing" else None
    asked = len(place.site.requests)
    running = place.start("run", "--only", "aurora", "--json")
    try:
        wait_for(lambda: len(place.site.requests) > asked, 90)
        yield running
    finally:
        running.kill()
        running.communicate()
        place.site.on_request = None


def test_P07_a_second_run_says_who_is_at_work_and_writes_nothing(place: Place) -> None:
    place.show(PRICES)
    place.run()
    with slow_run(place) as first:
        before = place.query("select (select count(*) from runs) r, (select count(*) from captures) c")
        asked = len(place.site.requests)
        second = place.call("run", "--only", "aurora")
        assert second.returncode == 75
        assert f"pid {first.pid} is already running since" in second.stderr
        assert len(place.site.requests) == asked
        assert place.query("select (select count(*) from runs) r, (select count(*) from captures) c") == before
        out, err = first.communicate(timeout=90)
    assert first.returncode == 0, err
    assert json.loads(out)["status"] == "ok"


def test_P08_the_lock_of_a_killed_holder_is_free_at_once(path: Path) -> None:
    with other_run(path) as (process, _):
        assert (find_holder(path) or pytest.fail("it is held")).pid == process.pid
        process.kill()
        process.wait()
        assert find_holder(path) is None
        with RunLock(path):
            assert f'"pid": {os.getpid()}' in path.read_text()


def test_P08_the_holder_that_was_stopped_two_hours_ago_is_named_with_its_age(path: Path) -> None:
    with other_run(path) as (process, _):
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        since = datetime.now(UTC) - timedelta(hours=2, seconds=30)
        path.write_text(json.dumps({"pid": process.pid, "since": since.isoformat()}))
        with pytest.raises(AlreadyRunning) as refused:
            RunLock(path).acquire()
        os.kill(process.pid, signal.SIGCONT)
    assert "(for 2 h 0 min)" in str(refused.value)
    assert f"continue it with `kill -CONT {process.pid}`" in str(refused.value)


def test_P08_a_clock_that_was_set_back_makes_no_negative_age() -> None:
    soon = datetime.now(UTC) + timedelta(hours=5)
    assert "(for 0 min)" in str(AlreadyRunning(Path("x.lock"), pid=1, since=soon))


def test_P09_a_lock_file_that_is_deleted_while_it_is_held_lets_no_second_run_in(path: Path) -> None:
    database = path.with_name("pricefall.db")
    Store.open(database).close()
    with RunLock(path, database=database):
        path.unlink()
        with pytest.raises(AlreadyRunning):
            RunLock(path, database=database).acquire()
        with Store.open(database) as store:  # the guard is no lock to SQLite
            store.begin_run(datetime.now(UTC), "run")
    with RunLock(path, database=database):
        pass


def test_P09_the_first_run_of_all_guards_the_database_that_it_made(path: Path) -> None:
    database = path.with_name("pricefall.db")
    with RunLock(path, database=database) as lock, Store.open(database):
        lock.guard_database()
        path.unlink()
        with pytest.raises(AlreadyRunning):
            RunLock(path, database=database).acquire()


def test_P09_whole_runs(place: Place) -> None:
    place.show(PRICES)
    place.run()
    with slow_run(place) as first:
        (place.folder / "prices.db.lock").unlink()
        assert place.call("run", "--only", "aurora").returncode == 75
        _, err = first.communicate(timeout=90)
    assert first.returncode == 0, err
    assert place.query("select count(*) n from runs") == [{"n": 2}]


def test_P09_a_lock_file_deleted_between_opening_and_locking_locks_the_new_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RunLock._open
    opened = []

    def open_and_lose(self: RunLock) -> int:
        handle = real(self)
        opened.append(handle)
        if len(opened) == 1:
            path.unlink()
        return handle

    monkeypatch.setattr(RunLock, "_open", open_and_lose)
    lock = RunLock(path)
    lock.acquire()
    assert len(opened) == 2
    with pytest.raises(AlreadyRunning):
        RunLock(path).acquire()
    lock.release()


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:50 / /srv/team\\040share rw,relatime shared:2 - {kind} server:/export rw
"""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_P10_a_network_folder_is_refused_before_anything_is_fetched(
    path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """No such file system can be mounted in a test: the table of mounts is written by hand."""
    table = path.with_name("mountinfo")
    table.write_text(MOUNTS.format(kind=kind))
    assert file_system(Path("/srv/team share/pricefall"), table) == kind
    assert file_system(Path("/srv/team shares"), table) == "ext4"
    monkeypatch.setattr("storage.lock.file_system", lambda _: kind)
    with pytest.raises(ReadOnlyDatabase, match=f"network file system \\({kind}\\)"):
        RunLock(path).acquire()
    assert not path.exists()


def test_P10_a_folder_that_cannot_be_written_is_refused_at_the_start(place: Place) -> None:
    """`/proc` takes no new file, whoever asks."""
    settings = place.folder / "pricefall.toml"
    settings.write_text(settings.read_text().replace('"prices.db"', '"/proc/prices.db"'))
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert "the lock file /proc/prices.db.lock cannot be opened" in done.stderr
    assert place.site.requests == []


def test_P10_a_file_system_without_locks_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("storage.lock.fcntl.flock", refuse)
    with pytest.raises(ReadOnlyDatabase, match="keep the database on a local file system"):
        RunLock(path).acquire()


def test_P11_a_child_that_lives_on_does_not_hold_the_lock(path: Path) -> None:
    """The child was even started with its parent's descriptors."""
    with other_run(path, "child") as (process, child):
        process.kill()
        process.wait()
        try:
            RunLock(path).acquire()
        finally:
            os.kill(child, signal.SIGKILL)


INHERITED = """
import os, subprocess, sys
from pathlib import Path
from storage.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire()
os.set_inheritable(lock._handle, True)
print(subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL).pid, flush=True)
os._exit(0)
"""


def test_P11_an_orphan_that_holds_it_after_all_is_said_to_be_one(path: Path) -> None:
    """Only a descriptor that was made inheritable on purpose gets there."""
    parent = subprocess.Popen([sys.executable, "-c", INHERITED, str(path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    parent.communicate()
    try:
        with pytest.raises(AlreadyRunning) as refused:
            RunLock(path).acquire()
    finally:
        os.kill(orphan, signal.SIGKILL)
    assert refused.value.pid == parent.pid
    assert f"one that it started still holds the lock: `fuser {path}` names it" in str(refused.value)
