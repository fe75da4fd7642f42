"""Backups that are checked, and their way back: nothing is overwritten, nothing is lost, no log is left behind."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.errors import CorruptDatabase, DatabaseMissing, NewerSchema, NotADatabase, ReadOnlyDatabase, StoreError
from storage.queries import prices
from storage.restoring import make_backup, restore
from storage.store import Store
from tests.storage.looks import outcome, rate
from tests.storage.test_opening import beside, make_old

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def amounts(path: Path) -> list[str]:
    with Store.open(path, read_only=True) as store:
        return [row["amount"] for row in prices(store)]


@pytest.fixture
def backed(database: Path, tmp_path: Path) -> Path:
    """A backup with $5; the database has gone on to $4."""
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
        make_backup(database, tmp_path / "copy.bak")
        store.record_page(outcome(1, [rate(amount="4.00")]))
    return tmp_path / "copy.bak"


def test_a_backup_is_whole_while_a_run_writes(database: Path, tmp_path: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate(), rate("GPT-4", "30")]))
        with store.connection.write() as sql:
            sql.execute("UPDATE rates SET quote = 'half'")
            copied = make_backup(database, tmp_path / "copy.bak")
    assert (copied.rates, copied.newest) == (2, "2024-05-13T09:00:00Z")
    assert sorted(amounts(tmp_path / "copy.bak")) == ["30", "5.00"]
    assert not list(tmp_path.glob(".*"))


def test_a_backup_replaces_nothing_unless_asked(backed: Path, database: Path) -> None:
    with pytest.raises(StoreError, match=r"is there already; .* --force"):
        make_backup(database, backed)
    assert amounts(backed) == ["5.00"]
    make_backup(database, backed, overwrite=True)
    assert amounts(backed) == ["4.00"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(database: Path, tmp_path: Path) -> None:
    Store.open(database).close()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(StoreError, match="cannot be written"):
        make_backup(database, closed / "copy.bak")


def test_a_folder_that_does_not_exist_is_named(database: Path, tmp_path: Path) -> None:
    Store.open(database).close()
    with pytest.raises(StoreError, match="no-such"):
        make_backup(database, tmp_path / "no-such" / "copy.bak")


def test_nothing_to_back_up(database: Path, tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match="`pricefall run` creates it"):
        make_backup(database, tmp_path / "copy.bak")


def test_restore_refuses_to_overwrite(backed: Path, database: Path) -> None:
    before = database.read_bytes()
    with pytest.raises(StoreError, match=r"--force it is kept as pricefall\.db\.replaced-20261124T080000Z"):
        restore(database, backed, NOW)
    assert database.read_bytes() == before


def test_restore_keeps_the_old_file_with_its_log(backed: Path, database: Path) -> None:
    with Store.open(database) as store:  # somebody reads all the while, so that a log stands beside the file
        store.record_page(outcome(2, [rate(amount="3.00")]))
        copied, kept = restore(database, backed, NOW, overwrite=True)
    assert kept == database.with_name("pricefall.db.replaced-20261124T080000Z")
    assert copied.rates == 1
    assert amounts(database) == ["5.00"]
    assert amounts(kept) == ["3.00"]
    with Store.open(database) as store:
        store.record_page(outcome(3, [rate(amount="2.00")]))
    assert amounts(database) == ["2.00"]
    assert amounts(backed) == ["5.00"]


def test_restore_where_nothing_is(backed: Path, tmp_path: Path) -> None:
    _, kept = restore(tmp_path / "new" / "p.db", backed, NOW)
    assert kept is None
    assert amounts(tmp_path / "new" / "p.db") == ["5.00"]
    assert beside(tmp_path / "new" / "p.db") == ["p.db"]


def test_a_damaged_database_is_replaced_and_kept(backed: Path, database: Path) -> None:
    database.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4000)
    _, kept = restore(database, backed, NOW, overwrite=True)
    assert kept is not None
    assert kept.read_bytes()[16:] == b"\xff" * 4000
    assert amounts(database) == ["5.00"]


def test_a_log_without_its_database_is_moved_away(backed: Path, tmp_path: Path) -> None:
    there = tmp_path / "there" / "p.db"
    there.parent.mkdir()
    there.with_name("p.db-wal").write_bytes(b"left behind")
    restore(there, backed, NOW)
    assert amounts(there) == ["5.00"]
    assert beside(there) == ["p.db", "p.db.replaced-20261124T080000Z-wal"]


def test_what_is_no_backup_is_refused_and_nothing_is_touched(backed: Path, database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()
    text = tmp_path / "notes.txt"
    text.write_text("nothing")
    other = tmp_path / "other.db"
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE t (x)")
    raw.close()
    for wrong, kind in ((text, NotADatabase), (other, NotADatabase), (tmp_path / "none", DatabaseMissing)):
        with pytest.raises(kind):
            restore(database, wrong, NOW, overwrite=True)
    with pytest.raises(StoreError, match="is the database itself"):
        restore(database, database, NOW, overwrite=True)
    raw = sqlite3.connect(backed)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(NewerSchema):
        restore(database, backed, NOW, overwrite=True)
    assert database.read_bytes() == before


def test_a_backup_whose_price_has_a_flipped_digit_is_refused(backed: Path, database: Path) -> None:
    raw = sqlite3.connect(backed)
    raw.execute("UPDATE rates SET amount = '5.01'")
    raw.commit()
    raw.close()
    with pytest.raises(CorruptDatabase, match=r"the accepted prices of https://openai\.example"):
        restore(database, backed, NOW, overwrite=True)
    assert amounts(database) == ["4.00"]


def test_an_older_backup_is_restored_and_migrated_by_the_next_run(database: Path, tmp_path: Path) -> None:
    make_old(tmp_path / "old.bak", 3)
    copied, _ = restore(database, tmp_path / "old.bak", NOW)
    assert copied.version == 3
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    assert amounts(database) == ["5.00"]


def test_a_restore_that_fails_leaves_the_database(
    backed: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.restoring.sync", fail)
    with pytest.raises(ReadOnlyDatabase, match="No space left"):
        restore(database, backed, NOW, overwrite=True)
    monkeypatch.undo()
    assert amounts(database) == ["4.00"]
    assert not list(database.parent.glob(".*"))
