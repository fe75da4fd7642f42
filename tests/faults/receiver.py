"""A webhook receiver that does as it is told: answers, lies, drops and stalls."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Act = int | str | tuple[int, str]
"""A status, `(status, Retry-After)`, or what to do once the body was read: `drop`, `stall`, `garbage`, `flood`; and
`refuse`, a reset before it was.
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class Receiver:
    """Takes each message down, then does the next act of `acts`, or answers 204.

    `seen` holds every request, as headers and body. `took` those that it acted on: all but the ones that were answered
    by a status of 400 or more (a status that is told as text, "500 after", is a lie: it took the message).
    """

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.choose: Callable[[str], Act] | None = None
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.took: list[str] = []
        self.flooded = 0
        self.repeats = False  # whether answers repeat the path and the log-in of the request
        self.lock = threading.Lock()
        self.closed = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                with receiver.lock:
                    act = receiver.acts.pop(0) if receiver.acts else 204
                if receiver.choose is not None:
                    act = receiver.choose(headers.get("webhook-id", ""))
                if act == "refuse":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender died in the middle of it: no receiver acts on half a request
                    self.close_connection = True
                    return
                with receiver.lock:
                    receiver.seen.append((headers, body))
                    status = act[0] if isinstance(act, tuple) else act
                    if isinstance(status, str) or status < 300:
                        receiver.took.append(headers.get("webhook-id", ""))
                receiver._do(self, act)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                """Tests read `seen`."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    @property
    def ids(self) -> list[str]:
        """The id of every request, in order."""
        return [headers.get("webhook-id", "") for headers, _body in self.seen]

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _do(self, handler: BaseHTTPRequestHandler, act: Act) -> None:
        if act == "drop":
            handler.close_connection = True
        elif act == "stall":
            self.closed.wait(3)
        elif act == "garbage":
            handler.wfile.write(b"\x00\x01 what?\r\n\r\n")
        elif act == "flood":
            self._flood(handler)
        else:
            status, retry_after = act if isinstance(act, tuple) else (act, None)
            handler.send_response(int(str(status).partition(" ")[0]))
            if retry_after is not None:
                handler.send_header("Retry-After", retry_after)
            handler.send_header("Location", "/elsewhere")
            said = f"{handler.path} {handler.headers.get('Authorization')}".encode() if self.repeats else b""
            handler.send_header("Content-Length", str(len(said)))
            handler.end_headers()
            handler.wfile.write(said)

    def _flood(self, handler: BaseHTTPRequestHandler) -> None:
        """A refusal of 100 MB."""
        handler.send_response(500)
        handler.end_headers()
        piece = b"x" * 65536
        with contextlib.suppress(OSError):
            for _ in range(1600):
                handler.wfile.write(piece)
                self.flooded += len(piece)


@pytest.fixture
def receiver() -> Iterator[Any]:
    opened = Receiver()
    yield opened
    opened.close()


def wait_until(is_true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)
