"""P31 to P33: too little memory or descriptors, wrong settings, and cron's empty environment."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.place import PRICES, Place
from tests.faults.limited import limited_run

ROOT = Path(__file__).parent.parent.parent
CHEAPER = {**PRICES, "aurora-large": ("2.50", "7.50")}


@pytest.mark.parametrize("descriptors", [16, 64])
def test_P31_few_descriptors_are_enough_or_an_error(place: Place, descriptors: int) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    done = limited_run(place, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 if descriptors == 64 else done.returncode != 70, done.stderr
    place.run()
    assert len(place.mails.messages) == 1
    assert len({row["id"] for row in place.query("select id from events")}) == 2


def test_P31_too_little_memory_is_a_sentence_and_loses_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real limit ends the process anywhere, also in a library; the error is raised where it hurts most."""

    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    with monkeypatch.context() as patch:
        patch.setattr("monitor.cycle.judge_page", exhausted)
        done = place.call("run", "--only", "aurora")
    assert done.returncode == 71
    assert "not enough memory" in done.stderr
    assert {event["kind"] for event in place.run()["events"]} == {"cut"}


WRONG = [
    ("retries = 0", "retrys = 0", "line 5: fetch.retrys: unknown key"),
    ("retries = 0", 'retries = "two"', "line 5: fetch.retries"),
    ('secret_file = "hook-secret"', 'secret_file = "missing"', "secret_file"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG, ids=["key", "type", "secret"])
def test_P32_wrong_settings_are_named_with_their_line_and_nothing_is_fetched(
    place: Place, right: str, wrong: str, words: str
) -> None:
    path = place.folder / "pricefall.toml"
    path.write_text(path.read_text().replace(right, wrong))
    done = place.call("run")
    assert done.returncode == 2
    assert words in done.stderr
    assert "line " in done.stderr
    assert "Traceback" not in done.stderr
    assert place.site.requests == []
    assert not (place.folder / "prices.db").exists()


def test_P32_a_secret_that_the_world_can_read_is_refused(place: Place) -> None:
    (place.folder / "hook-secret").chmod(0o644)
    done = place.call("run")
    assert done.returncode == 2
    assert "can be read or changed by everybody; run: chmod 600" in done.stderr
    assert place.site.requests == []


def test_P33_cron_s_empty_environment_is_enough(place: Place) -> None:
    place.show({"通义千问-旗舰版": ("5.00", "15.00")})
    empty = {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
    }  # no PATH, no HOME
    done = subprocess.run(
        [sys.executable, *place.command("run", "--json", "--only", "aurora")[1:]],
        env=empty,
        capture_output=True,
        timeout=180,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["rates"] == 2
    prices = [sys.executable, *place.command("prices")[1:]]
    said = subprocess.run(prices, env=empty, capture_output=True, timeout=180, check=False, cwd="/")
    assert said.returncode == 0, said.stderr
    assert "通义千问-旗舰版" in said.stdout.decode("utf-8")
