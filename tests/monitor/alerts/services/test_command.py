from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from monitor.alerts.errors import DeliveryError, NotNow, Refused
from monitor.alerts.services.command import ExecChannel
from storage.lock import RunLock
from tests.monitor.alerts.parts import change
from tests.monitor.alerts.services.chat import delivery, post
from tests.monitor.test_settings import load, refusal


def channel(code: str, *words: str, timeout_s: int = 20) -> ExecChannel:
    return ExecChannel("own", (sys.executable, "-c", code, *words), timeout_s)


def test_a_command_gets_the_payload_its_words_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICEFALL_CHANNEL_HOOK_SECRET", "canary")
    monkeypatch.setenv("OTHER", "stays")
    told = tmp_path / "told"
    code = "import os,sys,json; json.dump([sys.stdin.read(), sys.argv[2:], dict(os.environ)], open(sys.argv[1], 'w'))"
    hostile = change("$(touch /x); `id` <&*")
    what = delivery(hostile)
    post(channel(code, str(told), "; rm -rf", "$HOME"), what)
    body, words, env = json.loads(told.read_text())
    assert json.loads(body) == json.loads(json.dumps(what.payload))
    assert words == ["; rm -rf", "$HOME"], "no shell"
    assert {key: value for key, value in env.items() if key.startswith("PRICEFALL")} == {"PRICEFALL_ALERT_ID": "msg_1"}
    assert env["OTHER"] == "stays"
    assert "canary" not in told.read_text()


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("import sys; sys.exit(75)", NotNow, "asks to try again later, with status 75"),
        (
            "import sys; print('no room\\x1b[31m\\n', file=sys.stderr); sys.exit(1)",
            Refused,
            r"status 1 \(no room\[31m\)",
        ),
        ("import os; os.kill(os.getpid(), 9)", Refused, "signal SIGKILL"),
        ("print('x' * 10_000_000); import sys; sys.exit(2)", Refused, "status 2"),
        ("import sys; sys.stdin.close(); sys.exit(3)", Refused, "status 3"),
    ],
)
def test_how_a_command_ends_says_what_becomes_of_the_alert(code: str, error: type[DeliveryError], words: str) -> None:
    big = delivery(*(change(f"model-{number}") for number in range(300)))
    with pytest.raises(error, match=words) as raised:
        post(channel(code), big)
    assert type(raised.value) is error
    assert raised.value.message.isprintable()
    assert len(raised.value.message) < 400


def test_a_command_that_talks_without_end_or_reads_nothing_is_no_trouble() -> None:
    post(channel("import sys\nfor _ in range(2000): print('y' * 5000)"), delivery())
    post(channel("pass"), delivery(*(change(f"model-{number}") for number in range(500))))


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess,sys,time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid)); print('begun', flush=True); time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(NotNow, match=r"still at work after 2 s and was ended \(begun\)"):
        post(channel(code, str(pid), timeout_s=2), delivery())
    assert time.monotonic() - began < 15
    until = time.monotonic() + 10
    while Path(f"/proc/{pid.read_text()}").exists() and time.monotonic() < until:
        state = Path(f"/proc/{pid.read_text()}/stat").read_text().split()[2]
        if state == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{pid.read_text()}").exists()


def test_a_child_that_lives_on_holds_neither_the_lock_nor_the_delivery(tmp_path: Path) -> None:
    code = (
        "import subprocess,sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'], start_new_session=True)\n"
        "open(sys.argv[1], 'w').write(str(child.pid))"
    )
    pid = tmp_path / "pid"
    with RunLock(tmp_path / "lock"):
        began = time.monotonic()
        post(channel(code, str(pid)), delivery())
        assert time.monotonic() - began < 15
    with RunLock(tmp_path / "lock"):
        os.kill(int(pid.read_text()), 9)


def test_a_command_is_looked_for_when_the_settings_are_read(tmp_path: Path) -> None:
    text = '[[channel]]\nid = "own"\ntype = "exec"\ncommand = {}\n'
    for words, complaint in (
        ('["./none"]', "is no command that can be run; name a file with its path, chmod +x"),
        ('["no-such-command-anywhere"]', "'no-such-command-anywhere' is no command that can be run"),
        ("[]", "should have at least 1 item"),
        ('"ls -l"', 'must be a list, as ["one", "two"]'),
        ('["sh"]\ntimeout = "10m"', "must be from 1s to 120s"),
    ):
        assert complaint in refusal(tmp_path, text.format(words), PATH=os.environ["PATH"])
    own = tmp_path / "tell"
    own.write_text("#!/bin/sh\ncat > told\n")
    own.chmod(0o755)
    (channel,) = load(tmp_path, text.format('["./tell", "x y"]')).channels
    assert isinstance(channel, ExecChannel)
    assert channel.command == (str(own), "x y")
    own.chmod(0o644)
    with pytest.raises(NotNow, match="tell cannot be started"):
        post(channel, delivery())
