"""The examples under docs/deploy and docs/operating.md say only what exists, and what can be run of them is run."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from monitor.cli import cli
from monitor.settings_form import RunForm

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "docs" / "deploy"
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((DEPLOY / "github-actions.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step["run"] for step in WORKFLOW["jobs"]["run"]["steps"] if "run" in step}


def called(text: str) -> Iterator[list[str]]:
    """The arguments of each call of `pricefall` in a text of commands."""
    for line in text.splitlines():
        code = line.partition("  #")[0].strip()
        for part in re.split(r"\|\||&&|;|>|\|", code):
            for found in re.finditer(r"(?:^\s*|\sthen |\s`)(?:/[\w/]+/)?pricefall(?= )([^`]*)", part):
                yield shlex.split(found[1])


def check(words: list[str]) -> str:
    """The command that is called; an option that it does not have fails."""
    command: click.Command = cli
    ctx = click.Context(cli)
    path = []
    words = list(words)
    while words:
        word = words.pop(0)
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        if word.startswith("-"):
            assert word in known | {"--help"}, f"{' '.join(path)}: no option {word}"
            option = next(p for p in command.params if word in p.opts)
            if isinstance(option, click.Option) and not option.is_flag:
                words.pop(0)
        elif isinstance(command, click.Group):
            found = command.get_command(ctx, word)
            assert found is not None, f"no command {word}"
            command = found
            path.append(word)
    assert path, "no command is named"
    return path[0]


def commands_of_units() -> str:
    units = [path.read_text() for path in DEPLOY.glob("*.service")]
    lines = [line for unit in units for line in unit.splitlines()]
    return "\n".join(line.partition("=")[2] for line in lines if line.startswith("ExecStart="))


def test_every_command_and_option_exists() -> None:
    crontab = "\n".join(
        line.split(maxsplit=5)[5] for line in (DEPLOY / "crontab").read_text().splitlines() if line[:1].isdigit()
    )
    code = "\n".join(re.findall(r"`(pricefall [^`]+)`", OPERATING))
    found = {
        "units": [check(words) for words in called(commands_of_units())],
        "crontab": [check(words) for words in called(crontab)],
        "actions": [check(words) for text in STEPS.values() for words in called(text)],
        "operating": [check(words) for words in called(code)],
    }
    assert sorted(found["units"]) == ["run", "watch"]
    assert found["crontab"] == ["run", "status", "status", "backup"]
    assert found["actions"] == ["init", "run"]
    assert {"run", "watch", "status", "health", "doctor"} <= set(found["operating"])


def test_an_option_that_does_not_exist_would_be_found() -> None:
    with pytest.raises(AssertionError, match="no option --quite"):
        check(["run", "--quite"])


def test_every_setting_of_run_is_explained() -> None:
    assert all(name.removesuffix("_file") in OPERATING for name in RunForm.model_fields)


@pytest.mark.parametrize("name", ["pricefall-watch.service", "pricefall-run.service", "pricefall-run.timer"])
def test_systemd_takes_the_units(tmp_path: Path, name: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read_string((DEPLOY / name).read_text())
    assert "Unit" in unit.sections()
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed; the form was read")
    for path in DEPLOY.glob("pricefall-*"):
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/pricefall/bin/pricefall", "/bin/true"))
    done = subprocess.run([analyze, "verify", str(tmp_path / name)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_containerfile_is_small_safe_and_installs_what_the_makefile_does() -> None:
    said = instructions((DEPLOY / "Containerfile").read_text())
    assert {word for word, _ in said} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    images = [rest for word, rest in said if word == "FROM"]
    assert all("slim" in image for image in images)
    final = said[[number for number, (word, _) in enumerate(said) if word == "FROM"][-1] :]
    assert [rest for word, rest in final if word == "USER"] == ["10001"]
    assert [rest for word, rest in final if word == "VOLUME"] == ["/data"]
    health = next(rest for word, rest in final if word == "HEALTHCHECK")
    assert check(yaml.safe_load(health.partition("CMD ")[2])[1:]) == "status"
    entry, command = (yaml.safe_load(next(r for w, r in final if w == word)) for word in ("ENTRYPOINT", "CMD"))
    assert (entry, check(command)) == (["pricefall"], "watch")
    copied = [rest.split()[:-1] for word, rest in said[: len(said) - len(final)] if word == "COPY"]
    assert all((ROOT / name).exists() for names in copied for name in names)
    makefile = (ROOT / "Makefile").read_text()
    for words in ("--require-hashes --only-binary :all: -r requirements.lock", "--no-deps --no-build-isolation"):
        assert words in makefile
        assert any(words in rest for word, rest in said if word == "RUN")


def git(*words: str, cwd: Path) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    names = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    return subprocess.run(["git", *names, *words], cwd=cwd, env=env, check=True, capture_output=True, text=True).stdout


def test_the_github_workflow_keeps_the_database_in_one_commit(tmp_path: Path) -> None:
    """Its steps are run against a local repository, with a program in the place of Pricefall that adds a line a run."""
    assert {"Install", "Fetch the database", "Run", "Keep the database"} == set(STEPS)
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False
    git("init", "-q", "--bare", "-b", "main", "server", cwd=tmp_path)
    git("clone", "-q", "server", "first", cwd=tmp_path)
    (tmp_path / "first" / "README").write_text("x")
    git("add", "README", cwd=tmp_path / "first")
    git("commit", "-q", "-m", "Begin", cwd=tmp_path / "first")
    git("push", "-q", "origin", "HEAD:main", cwd=tmp_path / "first")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "pricefall"
    program.write_text(
        '#!/bin/sh\n[ "$1" = run ] || { echo settings > "$2/pricefall.toml"; exit; }\necho run >> data/pricefall.db\n'
    )
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null"}

    def step(name: str, job: str) -> int:
        run = ["bash", "-e", "-c", STEPS[name]]
        return subprocess.run(run, cwd=tmp_path / job, env=env, check=False, capture_output=True).returncode

    for number in (1, 2, 3):
        git("clone", "-q", "--branch", "main", "server", f"job{number}", cwd=tmp_path)
        assert [step(name, f"job{number}") for name in ("Fetch the database", "Run", "Keep the database")] == [0, 0, 0]
        kept = git("--git-dir=server", "show", "pricefall-data:pricefall.db", cwd=tmp_path)
        assert kept == "run\n" * number
        assert git("--git-dir=server", "rev-list", "--count", "pricefall-data", cwd=tmp_path) == "1\n"
    assert git("--git-dir=server", "show", "pricefall-data:pricefall.db.previous", cwd=tmp_path) == "run\nrun\n"
    assert git("--git-dir=server", "ls-tree", "--name-only", "main", cwd=tmp_path) == "README\n"

    for job in ("away", "slow"):
        git("clone", "-q", "--branch", "main", "server", job, cwd=tmp_path)
    git("remote", "set-url", "origin", str(tmp_path / "nowhere"), cwd=tmp_path / "away")
    assert step("Fetch the database", "away") not in {0, 2}
    assert not (tmp_path / "away" / "data").exists()  # a server that is away is no reason to begin anew
    keep = next(each for each in WORKFLOW["jobs"]["run"]["steps"] if each.get("name") == "Keep the database")
    assert keep["if"] == "always() && steps.fetch.outcome == 'success'"

    assert step("Fetch the database", "slow") == 0
    git("clone", "-q", "--branch", "main", "server", "quick", cwd=tmp_path)
    for job, name in (
        ("quick", "Fetch the database"),
        ("quick", "Run"),
        ("quick", "Keep the database"),
        ("slow", "Run"),
    ):
        assert step(name, job) == 0
    (tmp_path / "slow" / "data" / "late").touch()
    assert step("Keep the database", "slow") != 0  # what it would replace is not what it fetched
    assert git("--git-dir=server", "show", "pricefall-data:pricefall.db", cwd=tmp_path) == "run\n" * 4
