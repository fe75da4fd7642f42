"""P22 to P30: what may stand, or be missing, where the database should be."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import backup
from storage.errors import CorruptDatabase, DatabaseMissing, NewerSchema, StoreError
from storage.schema import latest_version
from storage.store import Store
from tests.e2e.place import PRICES, Place, price_page
from tests.storage.killed import broken, look, recorded_step
from tests.storage.looks import outcome, page_id, rate


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "pricefall.db"


def log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def test_P22_a_long_reader_is_warned_of_and_the_log_is_folded_once_it_has_left(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is 64 MB; here it is 1 MB, so that the test need not write so much."""
    monkeypatch.setattr("storage.connection.LOG_WARNING_BYTES", 1_000_000)
    place.show(PRICES)
    place.run()
    database = place.folder / "prices.db"
    reader = sqlite3.connect(database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM rates").fetchone()
    with Store.open(database) as store:
        for number in range(4):
            store.record_page(outcome(number, [rate(f"m{each}", f"{number + 1}.5") for each in range(400)]))
    assert log_of(database).stat().st_size > 1_000_000
    done = place.call("run", "--only", "aurora", "--quiet")
    assert done.returncode == 0
    assert "warning: the log prices.db-wal has grown to" in done.stderr
    assert "has grown" in place.call("doctor").stdout
    reader.close()
    assert place.call("run", "--only", "aurora", "--quiet").stderr == ""
    assert not log_of(database).exists()


def test_P23_a_flipped_bit_is_an_error_or_changes_no_price(database: Path) -> None:
    """400 flips: what is refused stays as it is and names the backup; what is not refused reads as it was written."""
    shown = [rate(f"model {each}", f"{each}.25") for each in range(60)]
    with Store.open(database) as store:
        store.record_page(outcome(0, shown))
        page = page_id(store)
        copy = backup.back_up(store.connection.raw, backup.backup_name(database, 1, datetime(2026, 1, 1, tzinfo=UTC)))
    whole = database.read_bytes()
    dice = random.Random(23)  # noqa: S311 - not a secret
    refused = changed = unnamed = 0
    for _ in range(400):
        flipped = bytearray(whole)
        flipped[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        database.write_bytes(flipped)
        try:
            with Store.open(database) as store:
                changed += store.accepted_rates(page) not in (tuple(shown), ())
        except StoreError as err:
            refused += 1
            changed += database.read_bytes() != flipped
            unnamed += isinstance(err, CorruptDatabase) and err.backup != copy
    assert refused > 20
    assert (changed, unnamed) == (0, 0)


def test_P23_a_price_with_a_flipped_digit_is_damage_and_no_cut(place: Place) -> None:
    """The integrity check of SQLite does not see it; the hash over the accepted list does."""
    place.show(PRICES)
    place.run()
    database = place.folder / "prices.db"
    raw = sqlite3.connect(database)
    raw.execute("UPDATE rates SET amount = '9.00' WHERE amount = '5.00'")
    raw.commit()
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
    place.show(price_page(PRICES, "New wording."))
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert "are not what was written there" in done.stderr
    assert place.query("select * from events") == []
    assert place.mails.messages == []


@pytest.mark.parametrize(("content", "words"), [(b"", "is empty (0 bytes)"), (b"model,price\n", "no SQLite database")])
def test_P24_what_is_no_database_is_refused_and_left_as_it_is(place: Place, content: bytes, words: str) -> None:
    place.show(PRICES)
    database = place.folder / "prices.db"
    database.write_bytes(content)
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert words in done.stderr
    assert database.read_bytes() == content
    assert place.site.requests == []


def test_P24_a_database_that_vanishes_during_the_run_is_not_made_anew(place: Place) -> None:
    place.show(PRICES)
    place.run()
    database = place.folder / "prices.db"
    kept = database.with_name("kept.db")
    place.show({**PRICES, "aurora-large": ("2.50", "7.50")})
    place.site.on_request = lambda _, path: database.rename(kept) if path == "/pricing" and database.exists() else None
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert "was deleted or replaced while it was open" in done.stderr
    assert not database.exists()
    assert place.mails.messages == []
    place.site.on_request = None
    kept.rename(database)
    assert {each["kind"] for each in place.run()["events"]} == {"cut"}


def test_P24_a_write_into_the_void_is_refused(database: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
        database.unlink()
        with pytest.raises(DatabaseMissing, match="deleted or replaced"):
            store.record_page(outcome(1, [rate()]))
    assert not database.exists()


def test_P25_the_log_of_another_database_is_not_replayed(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "pricefall.db"
    with Store.open(other) as store:
        store.record_page(outcome(0, [rate(f"m{each}", "1") for each in range(300)]))
        shutil.copy(log_of(other), tmp_path / "stale-wal")
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    whole = database.read_bytes()
    shutil.copy(tmp_path / "stale-wal", log_of(database))
    long_ago = time.time() - 3600
    os.utime(log_of(database), (long_ago, long_ago))
    with pytest.raises(CorruptDatabase, match=r"the log pricefall\.db-wal beside it is older and not of it"):
        Store.open(database)
    assert database.read_bytes() == whole
    log_of(database).rename(tmp_path / "away")
    database.with_name("pricefall.db-shm").unlink(missing_ok=True)
    with Store.open(database) as store:
        assert store.accepted_rates(page_id(store)) == (rate(),)


def test_P25_garbage_beside_the_database_is_ignored(database: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    log_of(database).write_bytes(os.urandom(20_000))
    database.with_name("pricefall.db-shm").write_bytes(os.urandom(32768))
    with Store.open(database) as store:
        assert store.accepted_rates(page_id(store)) == (rate(),)
        store.record_page(outcome(1, [rate()]))


def test_P25_the_log_that_a_killed_run_left_is_its_own_and_replayed(database: Path, tmp_path: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    with Store.open(database) as store:
        store.record_page(outcome(1, [rate("GPT-5", "2")]))
        for name in ("pricefall.db", "pricefall.db-wal"):
            shutil.copy(database.with_name(name), tmp_path / f"kept-{name}")
    for name in ("pricefall.db", "pricefall.db-wal"):
        (tmp_path / f"kept-{name}").rename(database.with_name(name))
    with Store.open(database) as store:
        assert store.accepted_rates(page_id(store)) == (rate("GPT-5", "2"),)


def test_P26_a_newer_schema_is_refused_with_both_versions_and_can_be_queried(place: Place) -> None:
    place.show(PRICES)
    place.run()
    raw = sqlite3.connect(place.folder / "prices.db", isolation_level=None)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    asked = len(place.site.requests)
    done = place.call("run", "--only", "aurora")
    assert done.returncode == 5
    assert f"schema version 99 and this Pricefall knows up to {latest_version()}" in done.stderr
    assert len(place.site.requests) == asked
    assert len(place.query("select * from current_prices")) == 6
    with pytest.raises(NewerSchema):
        Store.open(place.folder / "prices.db")


def counts_and_hashes(path: Path) -> dict[str, tuple[int, str]]:
    raw = sqlite3.connect(path)
    tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    said = {}
    for table in tables:
        rows = raw.execute(f"SELECT * FROM {table}").fetchall()
        said[table] = (len(rows), hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest())
    raw.close()
    return said


def test_P28_backups_during_a_run_are_whole_and_can_be_restored(database: Path, tmp_path: Path) -> None:
    """Each copy holds whole looks with their alerts, and the last one put back is the database as it was."""
    written = 0
    is_over = threading.Event()

    def run() -> None:
        nonlocal written
        with Store.open(database) as writer:
            while not is_over.is_set():
                written += 1
                writer.record_page(look(written))

    Store.open(database).close()
    thread = threading.Thread(target=run)
    with Store.open(database) as store:
        thread.start()
        try:
            copies = []
            for number in range(8):
                before = written
                copies.append(backup.back_up(store.connection.raw, tmp_path / f"{number}.bak"))
                while written == before and thread.is_alive():
                    time.sleep(0.001)
        finally:
            is_over.set()
            thread.join()
        last = backup.back_up(store.connection.raw, tmp_path / "last.bak")
    steps = []
    for copy in copies:
        assert broken(copy, 0) == []
        with Store.open(copy, read_only=True) as kept:
            steps.append(recorded_step(kept))
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    was = counts_and_hashes(database)
    database.unlink()
    shutil.copy(last, database)
    assert counts_and_hashes(database) == was
    with Store.open(database) as store:
        store.record_page(look(recorded_step(store) + 1))


def test_P29_a_run_reads_no_history_however_long_it_is(database: Path) -> None:
    """What a run does is the same with and without history; the 15 million rows themselves are not made here."""

    def cost(store: Store, number: int) -> int:
        """Steps of SQLite's machine, in hundreds: no clock, so that a busy machine changes nothing."""
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        store.connection.raw.set_progress_handler(count, 100)
        store.record_page(outcome(number, [rate(f"model {each}", f"{number}") for each in range(20)]))
        store.connection.raw.set_progress_handler(None, 100)
        return steps

    with Store.open(database) as store:
        store.record_page(outcome(0, [rate(f"model {each}", "7") for each in range(20)]))
        first = cost(store, 1)
        with store.connection.write() as sql:
            names = [row[1] for row in sql.execute("PRAGMA table_info(rates)")][1:]
            plain = ", ".join(name for name in names if name != "ended_at")
            for _ in range(500):
                sql.execute(
                    f"INSERT INTO rates ({plain}, ended_at) SELECT {plain}, '2020' FROM rates WHERE ended_at IS NULL"
                )
        assert store.connection.rows("SELECT count(*) FROM rates")[0][0] > 10_000
        assert cost(store, 2) < first * 2 + 5


@pytest.mark.parametrize(("version", "is_in_range"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)])
def test_P30_doctor_names_an_sqlite_with_the_fault_of_the_log(
    place: Place, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], is_in_range: bool
) -> None:
    place.show(PRICES)
    place.run()
    monkeypatch.setattr("storage.queries.sqlite3.sqlite_version_info", version)
    said = " ".join(place.call("doctor").stdout.split())
    assert ("may damage a file that two programs checkpoint at once" in said) is is_in_range


def test_P30_only_who_holds_the_lock_may_write(place: Place) -> None:
    """The rule that keeps the fault away: every command that writes refuses beside another one."""
    from storage.lock import RunLock

    place.show(PRICES)
    place.run()
    with RunLock(place.folder / "prices.db.lock", database=place.folder / "prices.db"):
        for words in (("run",), ("watch",), ("alerts", "retry", "--now"), ("reread", "--apply", "--yes")):
            done = place.call(*words)
            assert done.returncode in {75, 2}, words
            assert done.returncode == 75 or "No such option" in done.stderr, done.stderr
        assert place.call("prices").returncode == 0
