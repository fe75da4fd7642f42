"""`pricefall explore`: a real Datasette over a real database, which only reads."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from monitor.explore.metadata import metadata_of
from storage.store import Store
from tests.monitor.calls import call
from tests.storage.recipes import fill

ROOT = Path(__file__).resolve().parents[2]
HAS_DATASETTE = importlib.util.find_spec("datasette") is not None
needs_datasette = pytest.mark.skipif(not HAS_DATASETTE, reason="needs the extra: pip install 'pricefall[explore]'")
QUERIES = tomllib.loads((ROOT / "config" / "explore.toml").read_text(encoding="utf-8"))["query"]
KEY = "c0ffee" * 8
VIEWS = ("current_prices", "cheapest_prices", "price_changes", "price_history", "price_events")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with the market of the recipes."""
    home = tmp_path_factory.mktemp("explore")
    (home / "pricefall.toml").write_text('database = "prices.db"\narchive = "pages"\n')
    with Store.open(home / "prices.db") as store:
        fill(store)
        with store.connection.write() as sql:
            sql.execute("INSERT INTO subscriber_key VALUES (?)", (KEY,))
    return home


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    """The address that the command tells, with its process and what it wrote."""
    log = folder / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "monitor", "explore", "--port", "0"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield _wait(log, process), process, log
    finally:
        process.kill()
        process.wait()


def _wait(log: Path, process: subprocess.Popen[str]) -> str:
    """The address, once it answers."""
    for _ in range(600):
        found = re.match(r"(http://127\.0\.0\.1:\d+)/prices shows", log.read_text())
        try:
            if found and requests.get(f"{found[1]}/-/versions.json", timeout=5).ok:
                return found[1]
        except requests.ConnectionError:
            pass
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    raise AssertionError(log.read_text())


@needs_datasette
def test_views_are_shown_with_what_their_columns_hold(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    address = served[0]
    rows = requests.get(f"{address}/prices/current_prices.json?_shape=array&model=aurora-mini&meter=input", timeout=20)
    assert sorted(row["amount"] for row in rows.json()) == ["0.10", "0.20"]
    page = requests.get(f"{address}/prices/current_prices", timeout=20).text
    assert "exact, as printed" in page
    assert "cached_input" in page


@needs_datasette
@pytest.mark.parametrize("query", QUERIES, ids=[query["name"] for query in QUERIES])
def test_every_question_has_an_answer(
    served: tuple[str, subprocess.Popen[str], Path], query: dict[str, object]
) -> None:
    values = {"model": "aurora%", "meter": "input", "since": "2026-01-01", "currency": "USD"}
    values |= {"input_millions": "10", "output_millions": "2"}
    found = requests.get(f"{served[0]}/prices/{query['name']}.json?_shape=array", params=values, timeout=20)
    assert found.status_code == 200
    assert found.json()


@needs_datasette
def test_the_history_is_drawn(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    values = {"model": "aurora-large", "meter": "input"}
    page = requests.get(f"{served[0]}/prices/history_of_a_model", params=values, timeout=20).text
    source = re.search(r'<img src="([^"]*history_of_a_model\.svg[^"]*)"', page)
    assert source is not None
    chart = requests.get(served[0] + source[1].replace("&amp;", "&"), timeout=20)
    assert chart.headers["content-type"].startswith("image/svg+xml")
    assert "aurora aurora-large input USD 3;" in chart.text
    assert "meridian Aurora Large input USD 2.8" in chart.text
    nothing = requests.get(f"{served[0]}/prices/history_of_a_model.svg?model=none&meter=input", timeout=20)
    assert nothing.text.startswith("<svg")


@needs_datasette
def test_a_part_of_a_name_is_searched_for(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    found = requests.get(f"{served[0]}/prices/models.json?_shape=array&_search=mini", timeout=20).json()
    assert [row["model"] for row in found] == ["aurora-mini"]


@needs_datasette
@pytest.mark.parametrize(
    ("place", "asked"),
    [("prices/subscriber_key.json", {}), ("prices.json", {"sql": "select key as k from subscriber_key"})],
    ids=["page", "question"],
)
def test_s12_the_key_that_signs_is_shown_to_nobody(
    served: tuple[str, subprocess.Popen[str], Path], place: str, asked: dict[str, str]
) -> None:
    answer = requests.get(f"{served[0]}/{place}", params={**asked, "_shape": "arrays"}, timeout=20)
    assert KEY not in answer.text
    assert answer.json()["rows"][0][-1] is None


@needs_datasette
@pytest.mark.parametrize(
    "sql", ["delete from rates", "attach 'stolen.db' as other", "with x as (select 1) delete from rates"]
)
def test_nothing_is_written(served: tuple[str, subprocess.Popen[str], Path], folder: Path, sql: str) -> None:
    before = (folder / "prices.db").read_bytes()
    assert requests.get(f"{served[0]}/prices.json", params={"sql": sql}, timeout=20).status_code == 400
    assert (folder / "prices.db").read_bytes() == before
    assert not (folder / "stolen.db").exists()
    assert "Traceback" not in served[2].read_text()


@needs_datasette
def test_nobody_else_reaches_it(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    port = int(served[0].rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5).close()
    assert requests.get(f"{served[0]}/prices.db", timeout=20).status_code == 403


@needs_datasette
def test_a_taken_port_is_said(
    served: tuple[str, subprocess.Popen[str], Path],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    code, _, err = call(capsys, "explore", "--port", served[0].rpartition(":")[2])
    assert code == 2
    assert "name another with --port" in err


@needs_datasette
def test_ctrl_c_ends_it_without_a_word(served: tuple[str, subprocess.Popen[str], Path]) -> None:
    _, process, log = served
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in {0, 130, -signal.SIGINT}
    assert "Traceback" not in log.read_text()


def test_without_datasette_the_remedy_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("monitor.commands.explore.importlib.util.find_spec", lambda _: None)
    code, _, err = call(capsys, "explore")
    assert code == 2
    assert "pip install 'pricefall[explore]'" in err


def test_every_column_of_a_view_is_described(folder: Path) -> None:
    with Store.open(folder / "prices.db", read_only=True) as store:
        tables = metadata_of(store.connection)["databases"]["prices"]["tables"]
        columns = {
            view: {row["name"] for row in store.connection.rows(f"SELECT name FROM pragma_table_info('{view}')")}
            for view in VIEWS
        }
    assert {view: columns[view] - set(tables[view]["columns"]) for view in VIEWS} == {view: set() for view in VIEWS}
    assert tables["_sqlite_migrations"]["hidden"] is True
