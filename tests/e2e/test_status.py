"""`pricefall status`, the status file of `watch`, the heartbeat and the summary of a run, all by real processes."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.watch_file import WatchFile
from tests.e2e.place import PRICES, Place
from tests.e2e.test_watch import CHEAPER
from tests.e2e.test_watch import wait_for as wait_shortly


def wait_for(what: Callable[[], object]) -> None:
    wait_shortly(what, 90)


def configure(place: Place, text: str) -> None:
    path = place.folder / "pricefall.toml"
    path.write_text(path.read_text() + text)


def status(place: Place, expect: int, *more: str) -> dict[str, Any]:
    done = place.call("status", "--json", *more)
    assert done.returncode == expect, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def watch_file(place: Place) -> dict[str, Any]:
    path = place.folder / "prices.db.watch.json"
    return json.loads(path.read_text()) if path.exists() else {}  # type: ignore[no-any-return]  # our own file


def test_without_a_watch_it_tells_of_the_last_run_the_queue_and_the_lock(place: Place) -> None:
    missing = place.call("status")
    assert (missing.returncode, "pricefall run" in missing.stderr) == (5, True)
    place.show(PRICES)
    place.run()
    said = status(place, 0)
    assert (said["is_well"], said["watch"], said["lock"]) == (True, None, None)
    assert (said["last_run"]["status"], said["pages"]["known"], said["pages"]["failing"]) == ("ok", 1, 0)
    assert "no `pricefall watch` runs" in place.call("status").stdout


def test_what_asks_for_attention_is_said_and_makes_the_status_1(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.hook.status = 404
    place.show(CHEAPER)
    place.run()
    for _ in range(4):
        place.call("alerts", "retry", "--now")
    assert place.query("select state from alerts where channel = 'hook'") == [{"state": "dead"}]
    said = status(place, 1)
    assert [words.partition(":")[0] for words in said["attention"]] == ["alerts"]
    assert (said["alerts"]["dead"], said["alerts"]["sent"] > 0) == (1, True)


def test_a_run_that_was_killed_asks_for_attention(place: Place) -> None:
    place.show(PRICES)
    is_over = threading.Event()
    place.site.on_request = lambda _, path: is_over.wait(60) and None if path == "/pricing" else None
    running = place.start("run", "--only", "aurora")
    try:
        wait_for(lambda: place.site.requests)
        wait_for(lambda: (place.folder / "prices.db").exists() and place.query("select * from runs"))
        assert status(place, 0)["lock"] == {
            "pid": running.pid,
            "since": status(place, 0)["lock"]["since"],
            "state": "running",
        }
    finally:
        running.kill()
        running.communicate()
        is_over.set()
    said = status(place, 1)
    assert said["lock"] is None
    assert said["attention"][0].endswith(": killed")


def test_a_watch_is_shown_while_it_lives_when_it_is_killed_and_when_it_has_stopped(place: Place) -> None:
    own = place.folder / "providers" / "aurora.toml"
    own.write_text(own.read_text().replace('interval = "2s"', 'interval = "1h"'))
    place.show(PRICES)
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: watch_file(place).get("last_round"))
        said = status(place, 0)
        assert (said["watch"]["pid"], said["lock"]["pid"]) == (watching.pid, watching.pid)
        assert said["watch"]["last_round"]["status"] == "ok"
        assert "look-aurora" in said["watch"]["due"]
        assert status(place, 0, "--alive")["is_well"] is True
        assert place.query("select next_due_at > last_checked_at as later from pages") == [{"later": 1}]
        watching.send_signal(signal.SIGSTOP)
        wait_for(lambda: "kill -CONT" in place.call("status", "--alive").stdout)
        watching.send_signal(signal.SIGCONT)
    finally:
        watching.kill()
        watching.communicate(timeout=20)
    dead = status(place, 1, "--alive")
    assert f"stale: pid {watching.pid} is dead" in dead["attention"][0]

    again = place.start("watch", "--only", "aurora", "--at-once")
    wait_for(lambda: watch_file(place).get("pid") == again.pid and watch_file(place)["last_round"])
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=20)
    assert "stopped as it should" in place.call("status").stdout
    assert status(place, 0)["watch"]["state"] == "stopped"
    assert status(place, 1, "--alive")["is_well"] is False


def test_a_watch_names_its_last_error(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.site.pages[("aurora.example", "/pricing")] = lambda _: (500, b"")
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: (watch_file(place).get("last_round") or {}).get("status") == "all_failed")
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)
    assert "aurora https://aurora.example/pricing" in watch_file(place)["last_error"]["words"]


def test_a_status_file_that_cannot_be_written_ends_no_watch(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    path = tmp_path / "there" / "x.watch.json"
    file = WatchFile(path, datetime.now(UTC))
    assert "cannot be written (No such file" in (file.write(datetime.now(UTC)) or "")
    path.parent.mkdir()
    assert file.write(datetime.now(UTC), state="looking") is None
    assert json.loads(path.read_text())["pid"] == os.getpid()


def test_run_and_watch_ping_the_heartbeat(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    pings: list[str] = []
    place.site.on_request = lambda host, path: pings.append(path.partition("?")[0]) if host == "127.0.0.1" else None
    place.site.pages[("127.0.0.1", "/beat")] = b""
    url = f"{place.site.address}/beat"
    configure(place, f'[run]\nheartbeat_style = "plain"\nheartbeat_url = "{url}"\nheartbeat_allow_private = true\n')
    place.show(PRICES)
    place.run()
    place.run("--dry-run")
    assert pings == ["/beat"]
    place.site.pages[("aurora.example", "/pricing")] = lambda _: (500, b"")
    place.run(expect=4)
    assert pings == ["/beat"]  # a run in which all failed is told by silence
    place.show(PRICES)
    watching = place.start("watch", "--only", "aurora", "--at-once")
    try:
        wait_for(lambda: len(pings) > 1)
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=20)


def test_a_heartbeat_that_nobody_hears_is_a_warning_and_the_run_goes_on(place: Place) -> None:
    configure(place, '[run]\nheartbeat_url = "http://127.0.0.1:9/beat"\nheartbeat_allow_private = true\n')
    place.show(PRICES)
    done = place.call("run", "--only", "aurora", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert "warning: the heartbeat (start) was not heard" in done.stderr
    assert "127.0.0.1:9" not in done.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_summary_comes_only_when_something_happened(place: Place, language: str) -> None:
    text = (place.folder / "pricefall.toml").read_text()
    text = f'language = "{language}"\n' + text.replace('channels = ["mail", "hook"]', 'channels = ["hook"]')
    (place.folder / "pricefall.toml").write_text(text + '[run]\nsummary_channels = ["mail"]\n')
    place.show(PRICES)
    place.run()
    place.run()
    assert place.mails.messages == []
    place.show(CHEAPER)
    place.run()
    (mail,) = place.mails.messages
    assert ("Changes 1" if language == "en" else "价格变动 1") in mail["Subject"]
    assert "aurora-large" in mail.get_body(("plain",)).get_content()
    assert "aurora-large" in mail.get_body(("html",)).get_content()
    place.site.pages[("aurora.example", "/pricing")] = lambda _: (500, b"")
    place.run(expect=4)
    assert "500" in place.mails.messages[1].get_body(("plain",)).get_content()
    place.run(expect=4)
    assert len(place.mails.messages) == 2, "a page that goes on failing is no news"
    assert len(place.hook.bodies) == 1
