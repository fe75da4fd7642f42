"""Damage is found where it is, named, and told with what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from storage.archive import Archive
from storage.store import Store
from storage.verify import Checked, verify
from tests.storage.looks import outcome, rate


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def filled(database: Path, archive: Archive) -> Path:
    bodies = [archive.put(f"<html>{n}".encode() * 50) for n in range(3)]
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()], sha256=bodies[0], companion_sha256=bodies[2]))
        store.record_page(outcome(1, [rate(amount="4.00")], sha256=bodies[1]))
    return database


def check(path: Path, archive: Archive, *, quick: bool = False) -> Checked:
    with Store.open(path, read_only=True) as store:
        return verify(store.connection, archive, read_bodies=not quick)


def change(path: Path, sql: str) -> None:
    raw = sqlite3.connect(path)
    raw.execute(sql)
    raw.commit()
    raw.close()


def test_what_is_whole_is_counted(filled: Path, archive: Archive) -> None:
    checked = check(filled, archive)
    assert (checked.pages, checked.bodies, checked.bytes, checked.damage) == (1, 3, 1050, ())


def test_a_flipped_digit_in_a_price(filled: Path, archive: Archive) -> None:
    change(filled, "UPDATE rates SET amount = '4.01' WHERE ended_at IS NULL")
    [damage] = check(filled, archive).damage
    assert damage.about == "prices"
    assert damage.what == "the accepted prices of openai https://openai.example/api/pricing are not what was written"
    assert "pricefall restore FILE --force" in damage.remedy


def test_the_newest_backup_is_named(filled: Path, archive: Archive) -> None:
    backup = filled.with_name("pricefall.db.v9-20260101T000000Z.bak")
    backup.touch()
    change(filled, "UPDATE rates SET amount = '4.01' WHERE ended_at IS NULL")
    [damage] = check(filled, archive).damage
    assert f"pricefall restore {backup} --force" in damage.remedy


@pytest.mark.parametrize("quick", [False, True])
def test_a_kept_page_that_is_gone(filled: Path, archive: Archive, *, quick: bool) -> None:
    path = archive.path_of(Archive.address(b"<html>2" * 50))
    path.unlink()
    [damage] = check(filled, archive, quick=quick).damage
    assert "https://openai.example/api/pricing of openai, captured 2024-05-13T09:00:00Z" in damage.what
    assert f"put {path} back" in damage.remedy


def test_a_kept_page_that_is_another(filled: Path, archive: Archive) -> None:
    first, second = (archive.path_of(Archive.address(f"<html>{n}".encode() * 50)) for n in (0, 1))
    first.write_bytes(second.read_bytes())
    second.write_bytes(b"rubbish")
    found = check(filled, archive).damage
    assert [("does not hold the page" in each.what, "is damaged" in each.what) for each in found] == [
        (True, False),
        (False, True),
    ]
    assert check(filled, archive, quick=True).damage == ()


def test_a_reference_to_nothing_and_a_name_that_is_not_found(filled: Path, archive: Archive) -> None:
    change(filled, "UPDATE captures SET run_id = 77")
    change(filled, "DELETE FROM models")
    found = check(filled, archive).damage
    assert {each.about for each in found} == {"database", "names"}
    assert "of captures refers to a row of runs that is not there" in found[0].what


def test_an_index_that_does_not_fit_its_table(filled: Path, archive: Archive) -> None:
    raw = sqlite3.connect(filled)
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, '(captured_at)', '(recorded_at)') WHERE name = 'events_time'"
    )
    raw.execute("UPDATE sqlite_schema SET sql = replace(sql, 'model_key, seen_from', 'model, seen_from') "
                "WHERE name = 'rates_model_key'")  # fmt: skip
    raw.commit()
    raw.close()
    assert "database" in {each.about for each in check(filled, archive).damage}
