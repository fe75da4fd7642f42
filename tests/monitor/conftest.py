"""A user's folder for the tests of commands."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with settings and nothing else; also the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PRICEFALL_CONFIG", raising=False)
    (tmp_path / "pricefall.toml").write_text('database = "prices.db"\narchive = "pages"\n')
    return tmp_path
