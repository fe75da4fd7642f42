"""Opening: what is made, what is refused, and that nothing is ever made over what is there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrapers.rates import PriceList
from storage import backup, connection
from storage.connection import Connection, create
from storage.errors import (
    CorruptDatabase,
    DatabaseMissing,
    NewerSchema,
    NotADatabase,
    OlderSchema,
    ReadOnlyDatabase,
    StoreError,
)
from storage.queries import prices, run_sql
from storage.schema import latest_version, migrations
from storage.store import Store
from tests.storage.looks import outcome, page_id, rate, view

ROOT = Path(__file__).parent.parent.parent


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def make_old(path: Path, version: int) -> None:
    """A database as an older Pricefall left it."""
    from sqlite_utils import Database

    raw = sqlite3.connect(path, isolation_level=None)
    migrations.apply(Database(raw, execute_plugins=False), stop_before=migrations._migrations[version].name)
    raw.execute("INSERT INTO runs (command, started_at, status, summary) VALUES ('run', '2024', 'ok', '{}')")
    raw.execute(f"PRAGMA application_id = {connection.APPLICATION_ID}")
    raw.execute(f"PRAGMA user_version = {version}")
    raw.close()


def test_a_new_database_is_whole_safe_and_alone(database: Path) -> None:
    with Store.open(database) as store:
        assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert store.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert store.connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        assert store.connection.execute("PRAGMA user_version").fetchone()[0] == latest_version()
        store.record_page(outcome(0, [rate()]))
    assert beside(database) == ["pricefall.db"]


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    Store.open(tmp_path / "deep" / "down" / "p.db").close()
    assert (tmp_path / "deep" / "down" / "p.db").exists()


def test_a_text_file_is_refused_and_stays_as_it_was(database: Path) -> None:
    database.write_text("model,price\nGPT-4o,5\n")
    for read_only in (False, True):
        with pytest.raises(NotADatabase, match="no SQLite database; check the `database` setting"):
            Store.open(database, read_only=read_only)
    assert database.read_text() == "model,price\nGPT-4o,5\n"


def test_an_empty_file_is_refused_and_not_filled(database: Path) -> None:
    database.touch()
    with pytest.raises(NotADatabase, match=r"empty \(0 bytes\)"):
        Store.open(database)
    assert database.stat().st_size == 0


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADatabase, match="is a folder"):
        Store.open(tmp_path)


def test_the_database_of_another_program_is_refused_and_not_changed(database: Path) -> None:
    other = sqlite3.connect(database)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    with pytest.raises(NotADatabase, match="another program"):
        Store.open(database)
    other = sqlite3.connect(database)
    assert other.execute("SELECT group_concat(name) FROM sqlite_master").fetchone()[0] == "bookmarks"
    other.close()


def test_a_newer_schema_is_refused_with_both_versions_and_can_still_be_queried(database: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
        store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerSchema, match=f"schema version 99 and this Pricefall knows up to {latest_version()}"):
        Store.open(database)
    assert run_sql(database, "SELECT amount FROM current_prices").rows == (("5.00",),)


def test_reading_does_not_create(database: Path) -> None:
    with pytest.raises(DatabaseMissing, match="`pricefall run` creates it"):
        Store.open(database, read_only=True)
    assert not database.exists()


def test_what_was_opened_to_read_cannot_be_written(store: Store, database: Path) -> None:
    store.record_page(outcome(0, [rate()]))
    with Store.open(database, read_only=True) as reader:
        assert reader.accepted_rates(page_id(reader)) == (rate(),)
        with pytest.raises(ReadOnlyDatabase, match="opened to read only"):
            reader.record_page(outcome(1, [rate()]))


def test_in_a_folder_that_cannot_be_written_queries_work_and_leave_nothing(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    monkeypatch.setattr(connection.os, "access", lambda *_: False)
    with Store.open(database, read_only=True) as reader:
        assert len(prices(reader)) == 1
        assert beside(database) == ["pricefall.db"]  # no shared memory, no log


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_refused_at_once(database: Path) -> None:
    Store.open(database).close()
    database.chmod(0o444)
    with pytest.raises(ReadOnlyDatabase):
        Store.open(database)


def test_a_database_in_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReadOnlyDatabase, match="check `database`"):
        create(tmp_path / "file" / "p.db")


def test_a_damaged_database_is_refused_and_the_backup_named(database: Path) -> None:
    with Store.open(database) as store:
        for number in range(30):
            store.record_page(outcome(number, [rate(f"model {each}", f"{number + 1}") for each in range(20)]))
        copy = backup.back_up(store.connection.raw, backup.backup_name(database, 5, datetime(2026, 1, 1, tzinfo=UTC)))
    with database.open("r+b") as file:
        file.seek(40 * 4096)
        file.write(os.urandom(4096 * 6))
    damaged = database.read_bytes()
    with pytest.raises(CorruptDatabase, match="nothing was written") as caught:
        Store.open(database)
    assert caught.value.backup == copy
    assert str(copy) in str(caught.value)
    assert database.read_bytes() == damaged
    with Store.open(copy, read_only=True) as whole:  # what it names can be used
        assert len(prices(whole)) == 20


def test_damage_anywhere_in_the_file_ends_in_a_sentence(database: Path) -> None:
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate(f"model {each}", "1") for each in range(200)]))
    whole = database.read_bytes()
    refused = 0
    for start in range(0, len(whole), 4096):
        database.write_bytes(whole[: start + 100] + b"\xbf" * 3996 + whole[start + 4096 :])
        try:
            with Store.open(database) as store:
                prices(store)
        except StoreError:
            refused += 1
    assert refused > 10


def test_readers_see_whole_looks_while_another_connection_writes(store: Store, database: Path) -> None:
    store.record_page(outcome(0, [rate(), rate("GPT-4")]))
    with Store.open(database, read_only=True) as reader, store.connection.write() as sql:
        sql.execute("UPDATE rates SET amount = '1'")
        assert {row["amount"] for row in prices(reader)} == {"5.00"}


@pytest.mark.parametrize("version", range(1, latest_version()))
def test_an_older_database_is_migrated_after_a_backup(database: Path, version: int) -> None:
    make_old(database, version)
    with pytest.raises(OlderSchema, match=f"schema version {version} and this Pricefall needs {latest_version()}"):
        Store.open(database, read_only=True)
    moment = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    with Store(Connection.open(database, now=moment)) as store:
        assert store.connection.execute("PRAGMA user_version").fetchone()[0] == latest_version()
        assert view(store, "runs")[0]["command"] == "run"
        store.record_page(outcome(0, [rate()]))
    kept = database.with_name(f"pricefall.db.v{version}-20261124T080000Z.bak")
    assert backup.newest_backup(database) == kept
    old = sqlite3.connect(kept)
    assert old.execute("PRAGMA user_version").fetchone()[0] == version
    assert old.execute("SELECT command FROM runs").fetchall() == [("run",)]
    old.close()


def test_a_backup_that_cannot_be_made_stops_the_migration(database: Path) -> None:
    make_old(database, 1)
    moment = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    backup.backup_name(database, 1, moment).mkdir()  # in the way
    with pytest.raises(ReadOnlyDatabase, match="nothing was migrated"):
        Connection.open(database, now=moment)
    old = sqlite3.connect(database)
    assert old.execute("PRAGMA user_version").fetchone()[0] == 1
    old.close()


def test_a_migration_that_fails_leaves_the_old_schema_and_its_backup(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(database, 1)
    step = migrations._migrations[-1]

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("no such function: newer_than_this_sqlite")

    monkeypatch.setattr(step, "fn", fail)
    with pytest.raises(StoreError, match="newer_than_this_sqlite"):
        Store.open(database)
    assert backup.newest_backup(database) is not None
    monkeypatch.undo()
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))


def test_two_programs_that_create_it_at_once_share_one(database: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from storage.store import Store; Store.open(Path(sys.argv[1])).close()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(database)], cwd=ROOT) for _ in range(3)]
    assert [each.wait(timeout=60) for each in both] == [0, 0, 0]
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    # Only now: of two that leave at the same instant each sees the other, and SQLite keeps the log for who comes next.
    assert beside(database) == ["pricefall.db"]


def test_a_creation_that_is_killed_leaves_nothing_at_the_path(database: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from storage import connection\n"
        "connection.os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "connection.create(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(database)], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not database.exists()
    Store.open(database).close()


def test_a_copy_on_a_file_system_without_links_is_made_too(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(connection.os, "link", refuse)
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))
    assert beside(database) == ["pricefall.db"]


def test_a_store_can_hold_an_empty_price_list(store: Store) -> None:
    store.record_page(outcome(0, [], price_list=PriceList((), amounts_seen=3)))
    assert view(store, "captures")[0]["amounts_seen"] == 3
