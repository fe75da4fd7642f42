"""`type = "exec"`: a command of your own, with the alert's JSON on its standard input.

No shell is between, it does not see Pricefall's variables (which hold secrets), and it holds no file of ours open.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from monitor.alerts.delivery import Delivery
from monitor.alerts.errors import NotNow, Refused
from monitor.alerts.phrases import visible
from monitor.alerts.services.service import Service
from monitor.channel_secrets import Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm, Duration

TRY_AGAIN = os.EX_TEMPFAIL
OUTPUT_BYTES = 4096


def _limit(seconds: int) -> int:
    if not 1 <= seconds <= 120:
        raise ValueError("must be from 1s to 120s; a command that needs longer should queue what it is given")
    return seconds


class ExecForm(ChannelForm):
    """`[[channel]]` with `type = "exec"`."""

    type: Literal["exec"]
    command: Annotated[list[str], Field(min_length=1)]
    timeout: Annotated[Duration, AfterValidator(_limit)] = 30


@dataclass(frozen=True, slots=True)
class ExecChannel(OneAddress):
    """A command and its words; `timeout_s` bounds one run."""

    type: ClassVar[str] = "exec"
    id: str
    command: tuple[str, ...]
    timeout_s: int = 30
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return ()


def _read(form: ExecForm, place: Place) -> ExecChannel | None:
    if any("\0" in word for word in form.command):
        place.complain("command", "holds a NUL")
        return None
    name = form.command[0]
    if "/" in name:
        name = str(place.folder / Path(name).expanduser())
    found = shutil.which(name, path=place.env.get("PATH", os.defpath))
    if found is None:
        place.complain("command", f"{name!r} is no command that can be run; name a file with its path, chmod +x")
        return None
    return ExecChannel(form.id, (found, *form.command[1:]), form.timeout, form.language)


def compose(_channel: ExecChannel, delivery: Delivery) -> dict[str, Any]:
    """What the command reads: the body of a webhook."""
    return dict(delivery.payload)


def send(channel: ExecChannel, delivery: Delivery) -> None:
    """Run the command: status 0 is delivered, 75 is "try again", another is a refusal.

    Raises:
        NotNow: it says to try again, takes too long, or cannot be started.
        Refused: it ends with another status or by a signal.

    """
    name = f"exec {channel.id!r}: {Path(channel.command[0]).name}"
    body = json.dumps(compose(channel, delivery), ensure_ascii=False).encode() + b"\n"
    try:
        process = subprocess.Popen(  # noqa: S603 - the words are the operator's, and no shell reads them
            channel.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(os.environ, delivery.id),
            close_fds=True,
            start_new_session=True,  # so that its children end with it
        )
    except OSError as err:
        raise NotNow(f"{name} cannot be started ({err.strerror}); correct `command`") from err
    talk = _Talk(process, body)
    try:
        status = process.wait(channel.timeout_s)
    except subprocess.TimeoutExpired:
        raise NotNow(
            f"{name} was still at work after {channel.timeout_s} s and was ended{talk.words()}; it is tried again"
        ) from None
    finally:
        if process.poll() is None:
            _end(process)
    if status == 0:
        return
    if status == TRY_AGAIN:
        raise NotNow(f"{name} asks to try again later, with status {status}{talk.words()}")
    how = f"status {status}" if status > 0 else f"signal {signal.Signals(-status).name}"
    raise Refused(f"{name} refuses the message with {how}{talk.words()}")


def _environment(ours: Mapping[str, str], alert_id: str) -> dict[str, str]:
    """The command's variables: ours, but for Pricefall's own."""
    others = {key: value for key, value in ours.items() if not key.upper().startswith("PRICEFALL_")}
    return {**others, "PRICEFALL_ALERT_ID": alert_id}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Talk:
    """Both pipes of a command at once, so that neither side waits for the other; of its output the end is kept."""

    def __init__(self, process: subprocess.Popen[bytes], body: bytes) -> None:
        if process.stdin is None or process.stdout is None:
            raise TypeError("the command must have been started with both pipes")
        self._kept = b""
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        writer = threading.Thread(target=self._write, args=(process.stdin, body), daemon=True)
        self._reader.start()
        writer.start()

    @staticmethod
    def _write(pipe: IO[bytes], body: bytes) -> None:
        with contextlib.suppress(OSError), pipe:  # a command need not read what it is told
            pipe.write(body)

    def _read(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError), pipe:
            while piece := os.read(pipe.fileno(), 65536):
                self._kept = (self._kept + piece)[-OUTPUT_BYTES:]

    def words(self) -> str:
        """The last line of the output, in brackets; a child that lives on may keep its end of the pipe."""
        self._reader.join(1)
        lines = [line for line in self._kept.decode("utf-8", "replace").splitlines() if line.strip()]
        return f" ({visible(lines[-1], 200)})" if lines else ""


SERVICE = Service(ExecForm, _read, compose, send)
