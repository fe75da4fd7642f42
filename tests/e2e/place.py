"""A user's installation for tests: settings, one or more providers, a web site, a mail server, a webhook receiver."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from monitor.cli import main

SECRET = "whsec_cHJpY2VmYWxsLXRlc3Qtc2VjcmV0LTEyMzQ1Njc4OTA="
PRICEFALL = (sys.executable, "-m", "monitor")

PRICES = {"aurora-large": ("5.00", "15.00"), "aurora-small": ("0.50", "1.50"), "aurora-nano": ("0.10", "0.40")}


def price_page(prices: Mapping[str, tuple[str, str]], note: str = "") -> bytes:
    """A small price page as a provider would print it."""
    rows = "\n".join(f"<tr><td>{name}</td><td>${old}</td><td>${new}</td></tr>" for name, (old, new) in prices.items())
    return f"""<!doctype html><html lang="en"><head><title>Pricing</title></head><body>
<h1>API pricing</h1><p>All prices are in US dollars per 1M tokens. {note}</p>
<table><thead><tr><th>Model</th><th>Input</th><th>Output</th></tr></thead>
<tbody>{rows}</tbody></table></body></html>""".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed hangs up; that is no news."""


class WebSite:
    """Pages by host and path, with ETags; `answer` may be replaced to misbehave."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], bytes | Callable[[int], tuple[int, bytes]]] = {}
        self.requests: list[tuple[str, str, int]] = []
        self.on_request: Callable[[str, str], None] | None = None
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host = (self.headers.get("Host") or "").partition(":")[0]
                if site.on_request:
                    site.on_request(host, self.path)
                page = site.pages.get((host, self.path))
                status, body = 200, b""
                if self.path == "/robots.txt" or page is None:
                    status = 404
                elif callable(page):
                    seen = sum(1 for h, p, _ in site.requests if (h, p) == (host, self.path))
                    status, body = page(seen)
                else:
                    body = page
                etag = '"' + hashlib.sha256(body).hexdigest()[:12] + '"'
                if status == 200 and self.headers.get("If-None-Match") == etag:
                    status, body = 304, b""
                site.requests.append((host, self.path, status))
                self.send_response(status)
                self.send_header("ETag", etag)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
                """Tests read `requests`."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Hook:
    """A webhook receiver; answers with `status` and remembers headers and bodies."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.status == 200:
                    hook.bodies.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
                """Tests read `bodies`."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mails:
    """What the mail server took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802  (aiosmtpd's names)
        import email
        import email.policy

        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Place:
    """The folder of one user and the servers around it."""

    folder: Path
    site: WebSite
    hook: Hook
    mails: Mails
    smtp_port: int
    providers: tuple[str, ...] = ("aurora",)
    extra: dict[str, str] = field(default_factory=dict)

    def write(self, **monitor: str) -> Self:
        """Settings and provider files; keywords go to `[monitor]`."""
        hosts = "\n".join(f'"{name}.example" = "{self.site.address}"' for name in self.providers)
        quick = {
            "confirm_after": '"0s"',
            "confirm_large_after": '"0s"',
            "confirm_removal_after": '"0s"',
            "jitter": '"0s"',
        }
        lines = "\n".join(f"{key} = {value}" for key, value in (quick | monitor).items())
        (self.folder / "pricefall.toml").write_text(f"""
database = "prices.db"
archive = "pages"
[fetch]
retries = 0
timeout = "5s"
[fetch.hosts]
{hosts}
[monitor]
{lines}
[[channel]]
id = "mail"
type = "email"
host = "127.0.0.1"
port = {self.smtp_port}
security = "none"
from = "pricefall@example.com"
to = ["ops@example.com"]
[[channel]]
id = "hook"
type = "webhook"
url = "{self.hook.url}"
allow_private = true
secret_file = "hook-secret"
[[rule]]
id = "all"
channels = ["mail", "hook"]
""")
        secret = self.folder / "hook-secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        own = self.folder / "providers"
        own.mkdir(exist_ok=True)
        for name in self.providers:
            (own / f"{name}.toml").write_text(
                f"""
name = "{name.title()}"
interval = "2s"
delay = 0
[[page]]
url = "https://{name}.example/pricing"
verified = false
"""
                + self.extra.get(name, "")
            )
        return self

    def show(self, prices: Mapping[str, tuple[str, str]] | bytes, provider: str = "aurora") -> None:
        """What the provider's page says from now on."""
        body = prices if isinstance(prices, bytes) else price_page(prices)
        self.site.pages[(f"{provider}.example", "/pricing")] = body

    def command(self, *args: str) -> list[str]:
        return [*PRICEFALL, "--config", str(self.folder / "pricefall.toml"), *args]

    def call(self, *args: str) -> Ended:
        """Run one command to its end, in this process: many tests would spend their time starting Python."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stopped:
            main(self.command(*args)[len(PRICEFALL) :])
        code = stopped.value.code
        return Ended(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())

    def run(self, *more: str, expect: int = 0) -> dict[str, Any]:
        """`pricefall run --json` of this place's providers; the printed object."""
        done = self.call("run", "--json", "--only", ",".join(self.providers), *more)
        assert done.returncode == expect, done.stderr + done.stdout
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def query(self, sql: str) -> list[dict[str, Any]]:
        done = self.call("sql", "--json", sql)
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Begin a command and leave it running."""
        return subprocess.Popen(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_killed(status: int) -> bool:
    """Whether a process died by SIGKILL."""
    return status == -signal.SIGKILL
