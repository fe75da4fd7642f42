"""P18 to P21: a disk that is full or may not be written, and a database that another program keeps."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from storage.errors import DatabaseBusy, DiskFull
from storage.store import Store
from tests.e2e.place import PRICES, Place
from tests.faults.limited import limited_run
from tests.storage.looks import outcome, page_id, rate, view

CHEAPER = {**PRICES, "aurora-large": ("2.50", "7.50")}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "pricefall.db"


def test_P18_a_full_disk_stops_the_look_and_later_it_goes_on(database: Path) -> None:
    """The number of pages of the file is limited: no test may fill the disk."""
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
        big = [rate(f"model {number}") for number in range(600)]
        store.connection.execute("PRAGMA max_page_count = 60")
        with pytest.raises(DiskFull, match="make room and run again"):
            store.record_page(outcome(1, big))
        assert store.accepted_rates(page_id(store)) == (rate(),)
        assert len(view(store, "captures")) == 1
        store.connection.execute("PRAGMA max_page_count = 100000")
        store.record_page(outcome(1, big))
        assert len(store.accepted_rates(page_id(store))) == 600


def cramped_run(place: Place, room: int) -> subprocess.CompletedProcess[str]:
    """A run whose files may not grow beyond `room` bytes: the archive, the log and the database alike."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    return limited_run(place, limit)


@pytest.mark.parametrize("room", [100, 4_000, 33_000, 45_000])
def test_P18_P19_wherever_the_room_ends_it_is_said_and_nothing_is_lost(place: Place, room: int) -> None:
    """A limit on the size of files stands for the full disk: for the archive, the shared memory, the log, the file."""
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    done = cramped_run(place, room)
    assert done.returncode == 5, done.stderr + done.stdout
    assert "is full" in done.stderr or "cannot be written" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert place.mails.messages == []
    assert len(place.query("select * from current_prices")) == 6
    assert {event["kind"] for event in place.run()["events"]} == {"cut"}
    assert len(place.mails.messages) == 1


def test_P19_a_full_disk_below_the_output_loses_no_alert(place: Place) -> None:
    """`/dev/full` takes nothing: where the log of cron goes."""
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            place.command("run", "--only", "aurora"), stdout=full, stderr=full, timeout=180, check=False, cwd=ROOT
        )
    assert done.returncode != 0
    assert {row["kind"] for row in place.query("select kind from events")} == {"cut"}
    place.run()
    assert len(place.mails.messages) == 1


def unprivileged() -> list[str]:
    """What to put before a command so that permissions count for it, also where the tests run as root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_P20_a_database_that_may_not_be_written_is_refused_before_the_crawl_and_can_be_queried(
    place: Place, what: str
) -> None:
    place.show(PRICES)
    place.run()
    asked = len(place.site.requests)
    target = place.folder / "prices.db" if what == "file" else place.folder
    (place.folder / "prices.db.lock").unlink()
    before = target.stat().st_mode
    target.chmod(0o444 if what == "file" else 0o555)
    try:
        done = subprocess.run(
            [*unprivileged(), *place.command("run", "--only", "aurora")],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            cwd=ROOT,
        )
        said = subprocess.run(
            [*unprivileged(), *place.command("prices", "--json")],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            cwd=ROOT,
        )
    finally:
        target.chmod(before)
    assert done.returncode == 5, done.stderr
    assert "check the permissions" in done.stderr
    assert len(place.site.requests) == asked
    assert said.returncode == 0, said.stderr
    assert "aurora-large" in said.stdout


def test_P21_a_lock_that_is_kept_too_long_is_an_error_with_nothing_half(database: Path) -> None:
    """30 seconds, here 50 ms."""
    with Store.open(database) as store:
        store.connection.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="close it"):
            store.record_page(outcome(0, [rate()]))
        other.execute("ROLLBACK")
        other.close()
        store.record_page(outcome(0, [rate()]))
        assert len(view(store, "captures")) == 1


def test_P21_a_lock_that_is_given_back_in_time_is_waited_for(place: Place) -> None:
    place.show(PRICES)
    place.run()
    other = sqlite3.connect(place.folder / "prices.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    later = threading.Timer(2.0, lambda: other.execute("ROLLBACK"))
    later.start()
    place.show(CHEAPER)
    assert {event["kind"] for event in place.run()["events"]} == {"cut"}
    later.join()
    other.close()


def test_P21_a_run_that_gives_up_waiting_keeps_its_alerts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.connection.BUSY_TIMEOUT_S", 0.2)
    place.show(PRICES)
    place.run()
    place.hook.status = 500
    place.show(CHEAPER)
    place.run()
    other = sqlite3.connect(place.folder / "prices.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert "an open transaction in a database browser" in done.stderr
    other.execute("ROLLBACK")
    other.close()
    assert place.query("select state from alerts where channel = 'hook'") == [{"state": "pending"}]
    place.hook.status = 200
    place.run()
    place.call("alerts", "retry", "--now")
    assert len(place.hook.bodies) == 1
