"""One database and one report of it for all tests that only look."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.commands.report import command
from tests.monitor.report.world import AT, make_database


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("report") / "prices.db")


@pytest.fixture(scope="session")
def site(database: Path) -> Path:
    out = database.parent / "site"
    said = CliRunner().invoke(command, ["--db", str(database), "--out", str(out), "--at", AT])
    assert said.exit_code == 0, said.output
    return out
