"""P01 to P04 and P27: whenever the process or the machine dies, all of a look is there or nothing of it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from storage import backup
from storage.connection import Connection
from storage.errors import StoreError
from storage.schema import latest_version
from storage.store import Store
from tests.e2e.kill_at import STEPS
from tests.e2e.place import PRICES, Place, is_killed
from tests.storage.killed import broken, look
from tests.storage.looks import outcome, rate
from tests.storage.test_opening import make_old

ROOT = Path(__file__).parent.parent.parent
KILL_AT = ROOT / "tests" / "e2e" / "kill_at.py"
CHEAPER = {**PRICES, "aurora-large": ("2.50", "7.50")}
KILLS = int(os.environ.get("PRICEFALL_KILLS", "60"))
"""500 by hand, `PRICEFALL_KILLS=500`; the same number of power cuts is made four times."""

# Each step at the first look, and those of a page also at the confirming look.
CASES = [(step, 1) for step in STEPS] + [
    (step, 2) for step in ("fetched", "archived", "judged", "recording", "recorded")
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "pricefall.db"


def kill(how: str, database: Path, rounds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.storage.killed", how, str(database), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_P01_kill_before_each_statement_of_a_run_five_times(database: Path) -> None:
    answer = kill("points", database, 5)
    assert answer["faults"] == []
    assert answer["rounds"] > 5 * 25  # the run, BEGIN, the page, the capture, ... and COMMIT


@pytest.mark.parametrize(("step", "call"), CASES, ids=[f"{step}-{call}" for step, call in CASES])
def test_P01_killed_between_the_steps_of_a_run(place: Place, step: str, call: int) -> None:
    """The next run finishes the work: nothing is lost, told half, or told falsely."""
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    command = place.command("run", "--json", "--only", "aurora")[3:]
    dead = subprocess.run(
        [sys.executable, str(KILL_AT), step, str(call), "--", *command], capture_output=True, timeout=120, check=False
    )
    assert is_killed(dead.returncode), dead.stderr.decode()

    place.run()
    place.run()
    retried = place.call("alerts", "retry", "--now")
    assert retried.returncode == 0, retried.stderr

    told = place.query("select kind, meter, old_amount, new_amount from events order by meter")
    assert [(row["kind"], row["meter"], row["new_amount"]) for row in told] == [
        ("cut", "input", "2.50"),
        ("cut", "output", "7.50"),
    ]
    amounts = place.query("select meter, amount from current_prices where model = 'aurora-large' order by meter")
    assert amounts == [{"meter": "input", "amount": "2.50"}, {"meter": "output", "amount": "7.50"}]
    assert len({headers["webhook-id"] for headers, _ in place.hook.bodies}) == 1
    assert len({mail["Message-ID"] for mail in place.mails.messages}) == 1
    assert place.query("select count(*) n from alerts where state <> 'sent'") == [{"n": 0}]
    was_finished = step in {"finished", "leased", "sent", "marked"}
    runs = place.query("select status from runs order by id")
    assert [row["status"] for row in runs] == ["ok", "ok" if was_finished else "interrupted", "ok", "ok"]


def test_P02_kills_at_random(database: Path) -> None:
    answer = kill("random", database, KILLS)
    assert answer["faults"] == []
    assert answer["rounds"] == KILLS
    assert answer["acknowledged"] > KILLS // 3


WRITER = """
import os
import sys
from dataclasses import replace
from pathlib import Path
from storage.store import Store
from tests.storage.killed import look
with Store.open(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    step = 0
    while True:
        step += 1
        shown = look(step)
        name = f"{sys.argv[2]} {os.getpid()} {step}"
        alerts = tuple(replace(each, order_key=name, event_ids=(name,)) for each in shown.alerts)
        store.record_page(replace(shown, url=f"https://openai.example/{sys.argv[2]}", events=(), alerts=alerts))
"""


def test_P03_one_of_two_writers_is_killed_under_readers(database: Path) -> None:
    """Each look has one capture, one complaint and one alert: whoever counts another number saw half of one."""
    Store.open(database).close()
    counts = (
        "SELECT (SELECT count(*) FROM captures), (SELECT count(*) FROM complaints), (SELECT count(*) FROM alerts), "
        "(SELECT count(*) FROM captures WHERE id NOT IN (SELECT capture_id FROM complaints))"
    )
    reads = 0
    for _ in range(max(2, KILLS // 15)):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(database), name], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            for name in ("one", "two")
        ]
        try:
            for writer in writers:
                assert writer.stdout is not None
                assert writer.stdout.readline() == "ready\n"
            with Store.open(database, read_only=True) as reader:
                began = reader.connection.rows(counts)[0][0]
                seen = began
                while seen < began + 20 or writers[0].poll() is None:
                    captures, complaints, alerts, torn = reader.connection.rows(counts)[0]
                    assert captures == complaints == alerts
                    assert torn == 0
                    reads += 1
                    seen = captures
                    if seen >= began + 10:
                        writers[0].kill()
        finally:
            for writer in writers:
                writer.kill()
                writer.communicate()
    assert reads > 20
    with Store.open(database) as store:
        assert store.connection.rows("PRAGMA integrity_check")[0][0] == "ok"


def _files(database: Path) -> dict[str, bytes]:
    """The two files that a power cut may leave; the shared memory is rebuilt from them."""
    log = database.with_name(database.name + "-wal")
    return {"db": database.read_bytes(), "wal": log.read_bytes() if log.exists() else b""}


def _torn(before: bytes, after: bytes, dice: random.Random) -> bytes:
    """A file in which each sector that was written since the last sync is old or new, as the disk liked."""
    out = bytearray(after if len(after) >= len(before) else before)
    for at in range(0, len(out), 512):
        if dice.random() < 0.5:
            old = before[at : at + 512]
            out[at : at + 512] = old + bytes(len(out[at : at + 512]) - len(old))
    return bytes(out[: max(len(before), dice.randrange(len(out) + 1))])


def test_P04_power_cuts(database: Path, tmp_path: Path) -> None:
    """A model of a power cut, because a test cannot pull the plug.

    The log is synced at each commit (`synchronous=FULL`), so a cut keeps what stood in it at the last acknowledged
    commit, and of what was written since any selection of sectors. While the log is folded into the file, the log is
    whole and any selection of the file's sectors is new. When the log begins anew, its first sector is synced first.
    """
    dice = random.Random(4)  # noqa: S311 - not a secret
    states: list[tuple[int, dict[str, bytes], dict[str, bytes]]] = []  # acknowledged step, synced files, written files
    with Store.open(database) as store:
        assert store.connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # what the model takes for granted
        store.connection.execute("PRAGMA wal_autocheckpoint = 0")
        for step in range(1, 41):
            before = _files(database)
            store.record_page(look(step))
            after = _files(database)
            if before["wal"][:32] == after["wal"][:32] or not before["wal"]:
                states.append((step - 1, before, after))
            else:  # the log began anew over an old one
                header = {**before, "wal": after["wal"][:32] + before["wal"][32:]}
                states += [(step - 1, before, header), (step - 1, header, after)]
            if step % 7 == 0:
                store.connection.execute("PRAGMA wal_checkpoint(FULL)")
                states.append((step, after, {**_files(database), "wal": after["wal"]}))
        assert {after["wal"][:32] for _, _, after in states if after["wal"]} != set()
    faults = []
    for number in range(KILLS * 4):
        acknowledged, synced, written = states[number % len(states)]
        place = tmp_path / "cut" / str(number % 8) / "pricefall.db"
        place.parent.mkdir(parents=True, exist_ok=True)
        for left in place.parent.iterdir():
            left.unlink()
        place.write_bytes(_torn(synced["db"], written["db"], dice))
        place.with_name("pricefall.db-wal").write_bytes(_torn(synced["wal"], written["wal"], dice))
        faults += [f"cut {number} after step {acknowledged}: {name}" for name in broken(place, acknowledged)]
    assert faults == []
    assert len(states) > 45


KILLED_MIGRATION = """
import os, signal, sys
from pathlib import Path
from storage.connection import Connection
path = Path(sys.argv[1])
from storage import connection
real = connection.migrate
left = 0
def counted(raw):
    count = [left]
    def die(sql):
        count[0] -= 1
        if count[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    raw.set_trace_callback(die)
    real(raw)
connection.migrate = counted
import sqlite3
for left in range(10_000):
    child = os.fork()
    if child == 0:
        Connection.open(path).close()
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    print(raw.execute("PRAGMA user_version").fetchone()[0], raw.execute("PRAGMA quick_check").fetchone()[0],
          len(list(path.parent.glob("*.bak"))) > 0)
    raw.close()
"""


@pytest.mark.parametrize("version", [1, latest_version() - 1])
def test_P27_a_migration_that_is_killed_at_any_statement_leaves_the_old_schema_and_a_backup(
    database: Path, version: int
) -> None:
    make_old(database, version)
    command = [sys.executable, "-c", KILLED_MIGRATION, str(database)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    states = done.stdout.split("\n")[:-1]
    assert len(states) > 5
    assert states[0] == f"{version} ok True"
    assert set(states) <= {f"{version} ok True", f"{latest_version()} ok True"}
    with Store.open(database) as store:  # the last child was not killed
        assert store.connection.execute("PRAGMA user_version").fetchone()[0] == latest_version()
        store.record_page(outcome(0, [rate()]))


def test_P27_a_disk_that_fills_during_a_migration_leaves_the_old_schema(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for the migration only: the number of pages is limited once its backup is made."""
    from storage import connection

    real = connection.migrate
    refused = 0
    for room in range(0, 200, 3):
        database.unlink(missing_ok=True)
        for left in database.parent.glob("*.bak"):
            left.unlink()
        make_old(database, 1)

        def cramped(raw: sqlite3.Connection, room: int = room) -> None:
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages + room}")
            real(raw)

        monkeypatch.setattr(connection, "migrate", cramped)
        with contextlib.suppress(StoreError):
            Connection.open(database).close()
            break
        refused += 1
        raw = sqlite3.connect(database)
        assert raw.execute("PRAGMA user_version").fetchone()[0] == 1
        assert raw.execute("SELECT command FROM runs").fetchall() == [("run",)]
        raw.close()
        assert backup.newest_backup(database) is not None
    assert refused > 3
    monkeypatch.undo()
    with Store.open(database) as store:
        store.record_page(outcome(0, [rate()]))


def test_P02_a_killed_process_frees_its_lock_at_once_and_the_next_goes_on(place: Place) -> None:
    place.show(PRICES)
    place.site.on_request = lambda _, path: time.sleep(20) if path == "/pricing" else None
    running = place.start("run", "--only", "aurora")
    deadline = time.monotonic() + 90
    while not place.site.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    place.site.on_request = None
    place.run()
    assert [row["status"] for row in place.query("select status from runs order by id")] == ["interrupted", "ok"]
