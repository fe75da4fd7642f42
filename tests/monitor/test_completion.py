"""Tab in bash: click's own completion, with the words of this installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from monitor.cli import cli
from scrapers.rates import PriceList, Rate
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bash(home: Path) -> Path:
    """A folder with settings, a database, and `pricefall` on its path."""
    rates = tuple(
        Rate(name, "input", "priced", Decimal(1), "USD", Decimal(1_000_000), "token")
        for name in ("Claude Opus 4.5", "claude-haiku-4.5", "gpt-4o")
    )
    at = datetime(2026, 8, 1, tzinfo=UTC)
    with Store.open(home / "prices.db") as store:
        store.record_page(
            PageOutcome(None, "anthropic", "intl", "https://e.example", at, "0" * 64, 9, PriceList(rates), rates, at)
        )
    command = home / "bin" / "pricefall"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m monitor "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return home


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_offers_the_models_of_this_installation(bash: Path) -> None:
    """As a person would: the documented line is read, then Tab is pressed."""
    script = """
        eval "$(_PRICEFALL_COMPLETE=bash_source pricefall)"
        COMP_WORDS=(pricefall history cl) COMP_CWORD=2
        _pricefall_completion pricefall
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=bash,
        env={**os.environ, "PATH": f"{bash / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout.split(), ran.stderr) == (["Claude-Opus-4.5", "claude-haiku-4.5"], "")


def pressed(line: str) -> list[str]:
    """What is offered after the last word of a line."""
    *words, last = line.split(" ")
    return [item.value for item in ShellComplete(cli, {}, "pricefall", "").get_completions(words, last)]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pri", ["prices"]),
        ("prices --provider deepse", ["deepseek"]),
        ("prices --meter cached_i", ["cached_input", "cached_image_input"]),
        ("prices --tier ", ["standard"]),
        ("prices --currency u", ["USD"]),
        ("prices --unit tok", ["token", "token_hour"]),
        ("changes --kind promo", ["promo_start", "promo_end"]),
        ("cheapest --class gpt", ["gpt-4", "gpt-3.5"]),
        ("compare gpt-4o claude", ["Claude-Opus-4.5", "claude-haiku-4.5"]),
        ("provider try anthr", ["anthropic"]),
        ("export pr", ["prices"]),
        ("index openai/gpt-4", ["openai/gpt-4", "openai/gpt-4o-2024-05-13"]),
    ],
)
def test_words_are_offered(bash: Path, line: str, offered: list[str]) -> None:
    assert pressed(line) == offered


def test_what_is_offered_is_understood(bash: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (name, _) = pressed("history cl")
    assert json.loads(call(capsys, "history", name, "--json")[1])[0]["model"] == "Claude Opus 4.5"


def test_what_cannot_be_read_offers_nothing_and_no_error(home: Path) -> None:
    assert pressed("history gp") == []
    (home / "pricefall.toml").write_text("databse = 3", encoding="utf-8")
    assert pressed("prices --provider o") == []
