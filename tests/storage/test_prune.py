"""The law of `prune`: what a stored price rests on always stays, whatever has happened."""

from __future__ import annotations

import itertools
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import prune as pruning
from storage.archive import Archive
from storage.outcomes import Decision
from storage.past_captures import PastCapture, add_past_captures
from storage.prune import prune
from storage.store import Store
from storage.verify import verify
from tests.storage.looks import day, event, outcome, page_id, rate, view, waiting

folders = itertools.count()
amounts = st.sampled_from(["1.00", "2.00", "3.00"])
looks = st.lists(
    st.tuples(
        st.sampled_from(["look", "look", "look", "unchanged", "failed", "told", "decided", "waits"]),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), amounts, min_size=1),
    ),
    min_size=3,
    max_size=14,
)


def play(store: Store, archive: Archive, story: list[tuple[str, dict[str, str]]]) -> None:
    """One look a day; each body is another, also where no price moves."""
    for number, (what, shown) in enumerate(story):
        rates = [rate(model, amount) for model, amount in shown.items()]
        body = archive.put(f"<html>{number}".encode())
        os.utime(archive.path_of(body), (day(number).timestamp(),) * 2)
        known = [row["id"] for row in view(store, "pages")]
        if what == "unchanged" and known:
            store.record_unchanged(None, known, day(number))
        elif what == "failed":
            store.record_failure(
                None, "openai", "intl", "https://openai.example/api/pricing", day(number), "dns", "none"
            )
        elif what == "decided" and known:
            store.record_decision(Decision(None, known[0], day(number), day(number), tuple(rates)))
        else:
            told = (event("cut", rate(rates[0].model, "9"), rates[0], number),) if what == "told" else ()
            held = (waiting(rates[0], rate(rates[0].model, "0.5"), number),) if what == "waits" else ()
            store.record_page(outcome(number, rates, sha256=body, events=told, pending=held))


@settings(max_examples=60, deadline=None)
@given(story=looks, before=st.integers(0, 15), newest=st.integers(1, 3))
def test_no_evidence_of_a_stored_price_is_ever_removed(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, dict[str, str]]], before: int, newest: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"law{next(folders)}"
    archive = Archive(folder / "archive")
    with pytest.MonkeyPatch.context() as patch, Store.open(folder / "p.db") as store:
        patch.setattr(pruning, "_USELESS", pruning._USELESS.replace(f"> {pruning.NEWEST_KEPT}", f"> {newest}"))
        play(store, archive, story)
        views = ("current_prices", "price_history", "price_events", "pending", "pages")
        known = {name: view(store, name) for name in views}
        captures = {row["id"]: row for row in view(store, "captures")}
        promised = prune(store.connection, archive, day(before), dry_run=True)
        assert len(view(store, "captures")) == len(captures)
        done = prune(store.connection, archive, day(before), dry_run=False)
        assert done == promised
        left = {row["id"]: row for row in view(store, "captures")}
        assert len(captures) - len(left) == done.captures
        for row in view(store, "rates"):
            for name in ("capture_id", "last_capture_id"):
                if row[name] is not None:
                    assert archive.get(left[row[name]]["sha256"])
        for row in view(store, "events"):
            assert row["capture_id"] is None or row["capture_id"] in left
        assert all(
            captures[number]["captured_at"] < f"{day(before):%FT%TZ}" for number in captures.keys() - left.keys()
        )
        assert {name: view(store, name) for name in views} == known
        assert verify(store.connection, archive).damage == ()
        assert prune(store.connection, archive, day(before), dry_run=False).captures == 0


@pytest.fixture
def noisy(store: Store, tmp_path: Path) -> Archive:
    """A page of one price that changes its words every day, for fifty days; its price once, on day 20."""
    archive = Archive(tmp_path / "archive")
    for number in range(50):
        body = archive.put(f"<html>{number}".encode() * 100)
        shown = [rate(amount="5.00" if number < 20 else "4.00")]
        store.record_page(outcome(number, shown, sha256=body))
    return archive


def test_captures_that_show_nothing_new_go_with_their_pages(store: Store, noisy: Archive) -> None:
    found = prune(store.connection, noisy, day(40), dry_run=False)
    # Days 0 (first), 19 (last of the old price), 20 (first of the new one) and the newest twenty stay.
    assert found.captures == 50 - 3 - 20
    assert found.bodies == found.captures
    assert found.bytes > 0
    assert [row["captured_at"][:10] for row in view(store, "captures")][:4] == [
        f"{day(number):%F}" for number in (0, 19, 20, 30)
    ]
    assert sum(1 for _ in noisy.folder.glob("*/*.zst")) == 23


def test_only_what_is_older_goes(store: Store, noisy: Archive) -> None:
    assert prune(store.connection, noisy, day(5), dry_run=False).captures == 4
    assert prune(store.connection, noisy, day(5), dry_run=False).captures == 0


def test_what_waits_keeps_the_pages_since_then(store: Store, noisy: Archive) -> None:
    held = waiting(rate(amount="4.00"), rate(amount="0.40"), 25, outcome="held")
    store.record_page(outcome(50, [rate(amount="4.00")], pending=(held,), sha256=noisy.put(b"last")))
    assert prune(store.connection, noisy, day(50), dry_run=False).captures > 0
    days = [row["captured_at"][:10] for row in view(store, "captures")]
    assert [f"{day(number):%F}" for number in (24, 25, 26)] == days[3:6]


def test_a_body_that_two_captures_share_stays_for_the_other(store: Store, noisy: Archive) -> None:
    with store.connection.write() as sql:
        sql.execute("UPDATE captures SET sha256 = (SELECT sha256 FROM captures WHERE id = 3) WHERE id = 49")
    prune(store.connection, noisy, day(40), dry_run=False)
    assert verify(store.connection, noisy).damage == ()


def test_files_that_a_killed_run_left_go_when_they_are_old(store: Store, noisy: Archive) -> None:
    old, new = (noisy.path_of(noisy.put(body)) for body in (b"old", b"new"))
    os.utime(old, (day(1).timestamp(),) * 2)
    prune(store.connection, noisy, day(2), dry_run=False)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_capture_that_was_found_later_stays_and_is_verified(store: Store, noisy: Archive) -> None:
    body = noisy.put(b"<html>found later")
    os.utime(noisy.path_of(body), (day(0).timestamp(),) * 2)
    found = PastCapture("openai", "intl", "https://openai.example/pricing", day(0), "captures", "a file", body)
    assert add_past_captures(store, [found], day(12)) == 1
    prune(store.connection, noisy, day(12), dry_run=False)
    assert noisy.get(body) == b"<html>found later"
    noisy.path_of(body).unlink()
    (damage,) = verify(store.connection, noisy).damage
    assert "https://openai.example/pricing" in damage.what


def test_old_failed_looks_go(store: Store, noisy: Archive) -> None:
    for number in (1, 45):
        store.record_failure(None, "openai", "intl", "https://openai.example/api/pricing", day(number), "dns", "none")
    assert page_id(store)
    assert prune(store.connection, noisy, day(40), dry_run=False).failed_looks == 1
    assert [row["failed_at"] for row in view(store, "failed_looks")] == [f"{day(45):%FT%TZ}"]
    assert day(45) - day(40) == timedelta(days=5)
