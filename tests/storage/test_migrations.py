"""Every older schema with prices in it: migrated, nothing lost, and the backup is what it was."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import backup
from storage.archive import Archive
from storage.connection import Connection
from storage.queries import changes, history, prices
from storage.restoring import restore
from storage.schema import latest_version
from storage.search import search_models
from storage.store import Store
from storage.verify import verify
from tests.storage.looks import URL, alert, event, outcome, page_id, rate, view
from tests.storage.test_opening import make_old

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
TABLES = ("runs", "pages", "captures", "complaints", "conditions", "rates", "events", "pending", "alerts")


def fill_old(path: Path, newest: Path) -> None:
    """Copy the rows of a database of today into an older one: all that its tables and columns can hold."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("ATTACH ? AS newest", (str(newest),))
    raw.execute("DELETE FROM runs")
    for table in TABLES:
        columns = [row[1] for row in raw.execute(f"PRAGMA main.table_info({table})")]
        names = ", ".join(column for column in columns if column != "rates_sha256")
        if columns:
            raw.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newest.{table}")
    raw.close()


def dump(path: Path) -> list[str]:
    raw = sqlite3.connect(path)
    lines = list(raw.iterdump())
    raw.close()
    return lines


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Archive]:
    """Two looks: a cut that was told, and a price with conditions."""
    folder = tmp_path_factory.mktemp("today")
    archive = Archive(folder / "archive")
    cut = event("cut", rate(), rate(amount="2.50"))
    long = rate("通义千问-Max", "2.00", valid_until=datetime(2030, 1, 1, tzinfo=UTC))
    with Store.open(folder / "p.db") as store:
        run = store.begin_run(NOW, "run")
        store.record_page(outcome(0, [rate(), long], run_id=run, sha256=archive.put(b"one")))
        store.record_page(
            outcome(1, [rate(amount="2.50"), long], events=(cut,), alerts=(alert(cut),), sha256=archive.put(b"two"))
        )
    return folder / "p.db", archive


@pytest.mark.parametrize("version", range(1, latest_version()))
def test_nothing_is_lost_from_any_older_schema(database: Path, today: tuple[Path, Archive], version: int) -> None:
    newest, archive = today
    make_old(database, version)
    fill_old(database, newest)
    before = dump(database)
    with Store(Connection.open(database, now=NOW)) as store, Store.open(newest, read_only=True) as wanted:
        tables = [name for name in TABLES if any(f"CREATE TABLE {name} " in line for line in before)]
        for table in {*tables} - {"pages"}:
            assert view(store, table) == view(wanted, table), table
        if "rates" in tables:
            assert prices(store) == prices(wanted)
            assert history(store) == history(wanted)
            assert [row["model"] for row in search_models(store, [["千问"]])] == ["通义千问-Max"]
        if "events" in tables:
            assert changes(store) == changes(wanted)
        if "alerts" in tables:
            assert [row["event_id"] for row in view(store, "alert_events")] == json.loads(
                view(wanted, "alerts")[0]["event_ids"]
            )
        assert verify(store.connection, archive).damage == ()
        store.record_page(outcome(2, [rate(amount="2.00")]))
        assert "2.00" in {row["amount"] for row in prices(store)}
        assert page_id(store, URL)
    kept = backup.newest_backup(database)
    assert kept is not None
    assert dump(kept) == before
    restore(database, kept, NOW, overwrite=True)
    assert dump(database) == before


def test_the_list_of_tables_holds_all_that_stood_in_the_first_schemas(database: Path) -> None:
    make_old(database, 4)
    raw = sqlite3.connect(database)
    there = {row[0] for row in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    raw.close()
    assert there - {"_sqlite_migrations", "channels", "deliveries"} <= {*TABLES}
