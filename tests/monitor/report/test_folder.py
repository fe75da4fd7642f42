"""A report replaces only a report, and only when it is whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.report import folder
from monitor.report.folder import MARK, replaced_folder
from scrapers.catalog import ConfigError


def put(out: Path, text: str) -> None:
    with replaced_folder(out) as building:
        (building / "index.html").write_text(text)


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_report_takes_the_place_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(folder, "_exchange", lambda _one, _other: False)
    out = tmp_path / "deep" / "site"
    put(out, "first")
    (out / "p").mkdir()
    put(out, "second")
    assert (out / "index.html").read_text() == "second"
    assert names(out) == [MARK, "index.html"]
    assert names(out.parent) == ["site"]


def test_a_report_that_fails_leaves_the_old_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, "first")
    with pytest.raises(FileNotFoundError), replaced_folder(out) as building:
        (building / "no such folder" / "page.html").write_text("half")
    assert (out / "index.html").read_text() == "first"
    assert names(tmp_path) == ["site"]


def test_a_killed_report_leaves_the_old_one_and_the_next_clears_up(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, "first")
    begun = (
        "import os, sys; from pathlib import Path; from monitor.report.folder import replaced_folder\n"
        "with replaced_folder(Path(sys.argv[1])) as new:\n"
        "    (new / 'index.html').write_text('half'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", begun, str(out)], check=False).returncode == -9
    assert (out / "index.html").read_text() == "first"
    assert len(names(tmp_path)) == 2
    put(out, "second")
    assert names(tmp_path) == ["site"]


def test_what_no_report_made_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.jpg").write_text("meow")
    with pytest.raises(ConfigError, match="was not made by `pricefall report`"), replaced_folder(foreign):
        pass
    out = tmp_path / "site"
    put(out, "first")
    (out / "my notes.txt").write_text("dear diary")
    with pytest.raises(ConfigError, match=r"holds 'my notes.txt'"), replaced_folder(out):
        pass
    link = tmp_path / "link"
    link.symlink_to(out)
    with pytest.raises(ConfigError, match="is a symbolic link"), replaced_folder(link):
        pass
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ConfigError, match="is no folder"), replaced_folder(file):
        pass
    assert (foreign / "cat.jpg").read_text() == "meow"
    assert (out / "my notes.txt").is_file()


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    put(tmp_path / "site", "first")
    assert names(tmp_path / "site") == [MARK, "index.html"]


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match=r"nothing can be written in .*file .*; name another folder with --out"):
        put(tmp_path / "file" / "site", "new")
    assert (tmp_path / "file").read_text() == "mine"
