"""`backup`, `restore`, `verify` and `prune` as a person types them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.archive import Archive
from storage.lock import RunLock
from storage.store import Store
from tests.monitor.calls import call
from tests.storage.looks import outcome, rate


@pytest.fixture
def watched(home: Path) -> Path:
    archive = Archive(home / "pages")
    with Store.open(home / "prices.db") as store:
        for number in range(30):
            body = archive.put(f"<html>{number}".encode())
            store.record_page(outcome(number, [rate()], sha256=body))
    return home


def test_a_backup_and_back(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "backup", "copy.bak")
    assert (code, "copy.bak: 1 prices, newest page of 2024-06-11T09:00:00Z" in out, ", checked" in out) == (
        0,
        True,
        True,
    )
    with Store.open(watched / "prices.db") as store:
        store.record_page(outcome(40, [rate(amount="1.00")]))
    code, _, err = call(capsys, "restore", "copy.bak")
    assert (code, "is there; with --force it is kept as prices.db.replaced-" in err) == (5, True)
    code, out, _ = call(capsys, "restore", "copy.bak", "--force")
    assert (code, "prices.db is copy.bak now" in out, "the old file is" in out) == (0, True, True)
    [row] = json.loads(call(capsys, "prices", "--json")[1])
    assert row["amount"] == "5.00"


def test_a_backup_without_a_name_stands_beside_the_database(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (watched / "folder").mkdir()
    assert call(capsys, "backup")[0] == 0
    assert call(capsys, "backup", "folder")[0] == 0
    assert len(list(watched.glob("prices.db.v*.bak"))) == len(list(watched.glob("folder/prices.db.v*.bak"))) == 1


def test_a_restore_waits_for_no_run(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "backup", "copy.bak")
    with RunLock(watched / "prices.db.lock"):
        code, _, err = call(capsys, "restore", "copy.bak", "--force")
    assert (code, "already running" in err) == (75, True)


def test_verify_tells_what_is_damaged(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "verify")
    assert (code, "everything is as it was written: 1 pages, 30 kept bodies" in out) == (0, True)
    Archive(watched / "pages").path_of(Archive.address(b"<html>7")).unlink()
    raw = sqlite3.connect(watched / "prices.db")
    raw.execute("UPDATE rates SET amount = '6.00'")
    raw.commit()
    raw.close()
    code, out, _ = call(capsys, "verify", "--json")
    assert code == 1
    assert [row["about"] for row in json.loads(out)["damage"]] == ["prices", "archive"]
    code, out, _ = call(capsys, "verify", "--quick")
    assert (code, "2 damaged, of 1 pages, 30 kept bodies" in out) == (1, True)


def test_prune_counts_first_and_removes_then(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted((watched / "pages").glob("*/*.zst"))
    code, out, _ = call(capsys, "prune", "--older-than", "365d")
    assert (code, "would be removed: 9 captures with 9 kept pages" in out, "--apply" in out) == (0, True, True)
    assert sorted((watched / "pages").glob("*/*.zst")) == before
    code, out, _ = call(capsys, "prune", "--older-than", "365d", "--apply")
    assert (code, out.startswith("removed: 9 captures with 9 kept pages")) == (0, True)
    assert len(list((watched / "pages").glob("*/*.zst"))) == 21
    assert call(capsys, "verify")[0] == 0
    assert call(capsys, "doctor")[0] == 0


@pytest.mark.parametrize(("age", "words"), [("soon", "is no duration"), ("3d", "less than a week")])
def test_an_age_that_cannot_be_meant_is_refused(
    watched: Path, capsys: pytest.CaptureFixture[str], age: str, words: str
) -> None:
    code, _, err = call(capsys, "prune", "--older-than", age, "--apply")
    assert (code, words in err) == (2, True)
    assert len(list((watched / "pages").glob("*/*.zst"))) == 30


def test_what_is_younger_stays(watched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    age = (datetime.now(UTC) - datetime(2024, 5, 13, tzinfo=UTC)) // timedelta(days=1) + 1
    _, out, _ = call(capsys, "prune", "--older-than", f"{age}d")
    assert "would be removed: 0 captures" in out
