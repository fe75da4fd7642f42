"""The heartbeat: what a service hears, and that no service can hold up a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.channel_secrets import Secret
from monitor.heartbeat import Heartbeat, Pulse, beating
from monitor.settings import load_settings
from scrapers.catalog import ConfigError
from storage.errors import AlreadyRunning, DiskFull


class Service:
    """What arrived: method, path, query, body; `statuses` are answered one by one, then 200."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, list[str]], str]] = []
        self.statuses: list[int] = []
        self.wait: threading.Event | None = None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                address = urlsplit(self.path)
                if service.wait is not None:
                    service.wait.wait(20)
                service.heard.append((self.command, address.path, parse_qs(address.query), body))
                self.send_response(service.statuses.pop(0) if service.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815  (http.server's names)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
                """Tests read `heard`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/key"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    if made.wait is not None:
        made.wait.set()
    made.server.shutdown()
    made.server.server_close()


def beat(service: Service, style: str = "healthchecks", query: str = "") -> Heartbeat:
    return Heartbeat(Secret(service.url + query), style, allow_private=True)  # type: ignore[arg-type]  # a style


def test_a_good_run_is_a_start_and_a_success_with_one_rid(service: Service) -> None:
    with beating(beat(service)) as pulse:
        pulse.start()
        pulse.end(is_ok=True, words="ok: 1 read")
    (start, end) = service.heard
    assert (start[0], start[1]) == ("POST", "/ping/key/start")
    assert (end[0], end[1], end[3]) == ("POST", "/ping/key", "ok: 1 read")
    assert start[2]["rid"] == end[2]["rid"] == [pulse.rid]


def test_an_error_that_ends_the_run_is_its_failure_and_goes_on(service: Service) -> None:
    pulse = beating(beat(service))
    pulse.__enter__().start()
    err = DiskFull("the disk is full; make room")
    assert not pulse.__exit__(DiskFull, err, None)
    assert [(path, body) for _, path, _, body in service.heard] == [
        ("/ping/key/start", ""),
        ("/ping/key/fail", "the disk is full; make room"),
    ]


def test_another_run_at_work_is_no_failure(service: Service) -> None:
    with pytest.raises(AlreadyRunning), beating(beat(service)):
        raise AlreadyRunning(Path("x.lock"), pid=1, since=None)
    assert service.heard == []


def test_uptime_kuma_hears_up_and_down_by_get(service: Service) -> None:
    for is_ok in (True, False):
        with beating(beat(service, "uptime-kuma", "?status=up&msg=OK&ping=")) as pulse:
            pulse.start()
            pulse.end(is_ok=is_ok, words="3 read")
    said = [(method, query["status"], query["msg"]) for method, _, query, _ in service.heard]
    assert said == [("GET", ["up"], ["3 read"]), ("GET", ["down"], ["3 read"])]


def test_a_plain_url_is_got_after_a_good_run_only(service: Service) -> None:
    for is_ok in (False, True):
        with beating(beat(service, "plain")) as pulse:
            pulse.start()
            pulse.end(is_ok=is_ok, words="words")
    assert [(method, path) for method, path, _, _ in service.heard] == [("GET", "/ping/key")]


def test_an_answer_of_503_is_asked_again_and_a_404_is_a_warning_without_the_url(service: Service) -> None:
    warnings: list[str] = []
    service.statuses = [503]
    Pulse(beat(service), warnings.append).start()
    assert (len(service.heard), warnings) == (2, [])
    service.statuses = [404]
    Pulse(beat(service), warnings.append).end(is_ok=True, words="")
    assert warnings == ["the heartbeat (success) was not heard: its host answers 404; the run goes on without it"]


def test_a_service_that_hangs_costs_seconds_and_a_warning(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.heartbeat.DEADLINE_S", 0.3)
    service.wait = threading.Event()
    warnings: list[str] = []
    began = time.monotonic()
    Pulse(beat(service), warnings.append).start()
    assert time.monotonic() - began < 3
    assert "no answer within" in warnings[0]


def test_a_name_that_leads_to_a_private_address_is_not_asked(service: Service) -> None:
    warnings: list[str] = []
    port = service.server.server_address[1]
    heartbeat = Heartbeat(Secret(f"http://localhost:{port}/ping/key"))  # past the settings, as a name that turns later
    Pulse(heartbeat, warnings.append).start()
    assert service.heard == []
    assert "say `heartbeat_allow_private = true`" in warnings[0]


def settings(folder: Path, text: str, **env: str) -> Heartbeat | None:
    path = folder / "pricefall.toml"
    path.write_text(text)
    return load_settings(path, env={"HOME": str(folder), **env}, cwd=folder).run.heartbeat


def test_the_url_comes_from_the_file_the_variable_or_a_secret_file(tmp_path: Path) -> None:
    secret = tmp_path / "beat"
    secret.write_text("https://hc.example/from-file\n")
    secret.chmod(0o600)
    found = [
        settings(tmp_path, '[run]\nheartbeat_url = "https://hc.example/key"\nheartbeat_style = "plain"'),
        settings(tmp_path, '[run]\nheartbeat_url_file = "beat"'),
        settings(tmp_path, "", PRICEFALL_RUN_HEARTBEAT_URL="https://hc.example/from-variable"),
    ]
    assert [(each.url.reveal(), each.style) for each in found if each] == [
        ("https://hc.example/key", "plain"),
        ("https://hc.example/from-file", "healthchecks"),
        ("https://hc.example/from-variable", "healthchecks"),
    ]
    assert settings(tmp_path, "") is None
    assert "hc.example" not in repr(found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('heartbeat_url = "http://10.0.0.1/key"', "line 2: run.heartbeat_url: the URL must begin with https://"),
        ('heartbeat_ulr = "https://hc.example/"', "did you mean 'heartbeat_url'"),
        ('summary_channels = ["mial"]', "line 2: run.summary_channels: no channel is called 'mial'"),
        ('heartbeat_url_file = "none"', "line 2: run.heartbeat_url_file: "),
        ('heartbeat_url = "https://a.example/"\nheartbeat_url_file = "x"', "says both"),
        ('heartbeat_style = "cron"', "line 2: run.heartbeat_style"),
    ],
)
def test_wrong_settings_are_named_with_their_line(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, f"[run]\n{line}\n")
    assert words in str(refused.value)
