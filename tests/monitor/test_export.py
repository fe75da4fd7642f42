"""`pricefall export`: what other programs get is what the database holds, exactly and safely."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scrapers.rates import Conditions, Evidence, PriceList, Rate
from storage.nouns import Event
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call

URL = "https://example.com/pricing"
FIRST, SECOND = datetime(2026, 8, 1, 9, tzinfo=UTC), datetime(2026, 8, 2, 9, tzinfo=UTC)


def rate(model: str, amount: str, **more: Any) -> Rate:
    said: dict[str, Any] = {"evidence": Evidence(f"${amount}")} | more
    return Rate(model, "input", "priced", Decimal(amount), "USD", Decimal(1_000_000), "token", **said)


@pytest.fixture
def shop(home: Path) -> Path:
    """A cut of one price, a model whose name is a formula, a price under conditions."""
    old, new = rate("通义千问-plus", "0.50"), rate("通义千问-plus", "0.2500000000000000000000000001")
    trap = rate('=HYPERLINK("https://evil.example","x")', "1", evidence=Evidence("@SUM(1)\n+2"))
    long = rate("nova", "0.10", conditions=Conditions(region="eu"))
    cut = Event("cut", "alibaba", "intl", SECOND, old, new, 0.9, "-half of it", URL)
    with Store.open(home / "prices.db") as store:
        for at, first, events in ((FIRST, old, ()), (SECOND, new, (cut,))):
            rates = (first, trap, long)
            store.record_page(
                PageOutcome(
                    None, "alibaba", "intl", URL, at, f"{at.day:064}", 9, PriceList(rates), rates, at, events=events
                )
            )
    return home


def test_json_lines_hold_the_exact_money_and_real_objects(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "export", "prices", "--json")
    rows = {row["model"]: row for row in map(json.loads, out.splitlines())}
    assert rows["通义千问-plus"]["amount"] == "0.2500000000000000000000000001"
    assert rows["nova"]["conditions"] == {"region": "eu"}
    assert rows["nova"]["flags"] == []


def test_no_cell_of_a_csv_file_is_a_formula(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "export", "prices", "--out", "prices.csv")
    assert (code, out) == (0, "wrote prices.csv: 3 rows\n")
    rows = list(csv.DictReader(io.StringIO((shop / "prices.csv").read_text(encoding="utf-8"))))
    assert {row["model"] for row in rows} == {"通义千问-plus", "nova", '\'=HYPERLINK("https://evil.example","x")'}
    assert "'@SUM(1)\n+2" in {row["quote"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@", "-"))]
    call(capsys, "export", "changes", "--out", "changes.csv")
    (change,) = csv.DictReader(io.StringIO((shop / "changes.csv").read_text(encoding="utf-8")))
    assert (change["why"], change["percent"]) == ("'-half of it", "-50.0")  # a negative number is no formula


def test_history_is_filtered_and_its_columns_are_those_of_the_view(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, "export", "history", "--model", "通义*", "--meter", "input", "--out", "h.jsonl")
    rows = [json.loads(line) for line in (shop / "h.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["amount"] for row in rows] == ["0.50", "0.2500000000000000000000000001"]
    with Store.open(shop / "prices.db", read_only=True) as store:
        names = [row["name"] for row in store.connection.rows("SELECT name FROM pragma_table_info('price_history')")]
    assert list(rows[0]) == names


def test_a_file_that_is_there_is_replaced_whole(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "prices.csv").write_text("old", encoding="utf-8")
    code, _, err = call(capsys, "export", "prices", "--provider", "alibaba", "--model", "novva", "--out", "prices.csv")
    assert code == 0
    assert "did you mean 'nova'" in err
    assert (shop / "prices.csv").read_text(encoding="utf-8").startswith("provider,market,model")
    assert [path.name for path in shop.iterdir() if path.name.endswith(".new")] == []


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "shut").mkdir(mode=0o500)
    code, _, err = call(capsys, "export", "prices", "--out", "shut/prices.csv")
    assert code == 2
    assert "shut" in err


def test_a_missing_folder_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "export", "prices", "--out", "nowhere/prices.csv")
    assert code == 2
    assert "there is no folder nowhere" in err


def test_parquet_has_instants_and_exact_money(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [parquet] is not installed")
    assert call(capsys, "export", "history", "--out", "h.parquet")[0] == 0
    table = parquet.read_table(shop / "h.parquet")
    rows = {row["amount"]: row for row in table.to_pylist() if row["model"].startswith("通义")}
    new = rows["0.2500000000000000000000000001"]
    assert (new["seen_from"], new["ended_at"], rows["0.50"]["ended_at"]) == (SECOND, None, SECOND)
    assert new["per_million_tokens"] == pytest.approx(0.25)


def test_without_the_extra_parquet_says_what_to_install_and_leaves_no_file(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = call(capsys, "export", "prices", "--out", "p.parquet")
    assert code == 2
    assert "pip install 'pricefall[parquet]'" in err
    assert [path.name for path in shop.iterdir() if "parquet" in path.name] == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["prices", "--out", "prices.xlsx"], "end it in .csv, .jsonl or .parquet"),
        (["prices", "--out", "prices.parqet"], "did you mean 'parquet'"),
        (["prices", "--format", "parquet"], "name a file: --out prices.parquet"),
        (["pices"], "'prices', 'history', 'changes'"),
        (["prices", "--provider", "alibabba"], "did you mean 'alibaba'"),
        (["prices", "--meter", "inputs"], "did you mean 'input'"),
    ],
)
def test_what_cannot_be_meant_ends_with_status_2(
    shop: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    code, out, err = call(capsys, "export", *args)
    assert (code, out) == (2, "")
    assert words in err
