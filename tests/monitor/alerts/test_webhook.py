from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from werkzeug import Request, Response

from monitor.alerts import posting
from monitor.alerts.errors import ChannelGone, DeliveryError, NotNow, Refused
from monitor.alerts.payload import payload_of
from monitor.alerts.webhook import post_webhook, signed_headers
from monitor.channel_secrets import Secret
from monitor.channels import WebhookChannel
from tests.monitor.alerts.conftest import Certificate
from tests.monitor.alerts.parts import SIGNING_SECRET, change, hook_channel

PAYLOAD = {"id": "msg_1", **payload_of([change()], "cuts", "zh")}
ODD = "https://hooks.example.com/T0KEN-canary"


def odd_channel(**changes: Any) -> WebhookChannel:
    return hook_channel(ODD, **{"allow_private": True, **changes})


def test_a_body_is_signed_and_carries_the_alert_s_id(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/hook", method="POST").respond_with_data("", status=204)
    post_webhook(hook_channel(httpserver.url_for("/hook")), "msg_1", PAYLOAD)
    ((request, _answer),) = httpserver.log
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    body = Webhook(SIGNING_SECRET).verify(request.get_data(), dict(request.headers))
    assert body == PAYLOAD
    assert body["data"]["events"][0]["new"] == "1"


def test_d19_both_secrets_sign_while_a_key_is_changed_and_an_old_message_is_refused() -> None:
    other = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXI="
    channel = hook_channel("https://h.example/", previous_secret=Secret(other))
    body = json.dumps(PAYLOAD).encode()
    fresh = signed_headers(channel, "msg_1", body, datetime.now(UTC))
    for secret in (SIGNING_SECRET, other):
        assert Webhook(secret).verify(body, fresh) == PAYLOAD
    old = signed_headers(channel, "msg_1", body, datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(other).verify(body, old)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Refused), (404, Refused), (410, ChannelGone), (408, NotNow), (429, NotNow), (500, NotNow), (503, NotNow)],
)
def test_d10_each_status_is_told_apart(httpserver: HTTPServer, status: int, error: type[DeliveryError]) -> None:
    httpserver.expect_request("/hook").respond_with_data("sorry\r\n\x1b[31m", status=status)
    with pytest.raises(error, match=str(status)) as raised:
        post_webhook(hook_channel(httpserver.url_for("/hook")), "msg_1", PAYLOAD)
    assert type(raised.value) is error
    assert str(raised.value).isprintable()


def test_d10_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=307, headers={"Location": "/elsewhere"})
    httpserver.expect_request("/elsewhere").respond_with_data("")
    with pytest.raises(NotNow, match="answers 307; redirects are not followed"):
        post_webhook(hook_channel(httpserver.url_for("/hook")), "msg_1", PAYLOAD)
    assert [request.path for request, _answer in httpserver.log] == ["/hook"]


def test_d10_of_an_endless_answer_little_is_read(httpserver: HTTPServer) -> None:
    pieces = 0

    def endless(_request: Request) -> Response:
        def body() -> Any:
            nonlocal pieces
            for _ in range(10_000):
                pieces += 1
                yield b"x" * 65536

        return Response(body(), status=500)

    httpserver.expect_request("/hook").respond_with_handler(endless)
    began = time.monotonic()
    with pytest.raises(NotNow, match="answers 500"):
        post_webhook(hook_channel(httpserver.url_for("/hook")), "msg_1", PAYLOAD)
    assert time.monotonic() - began < 5
    assert pieces < 1000


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\x01\x02 what\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n", b"", b"HTTP/1.1 500 no\r\nContent-Length: 9\r\n\r\nab"],
)
def test_d10_a_garbage_answer_is_a_failure(garbage: bytes) -> None:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(garbage)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(NotNow):
            post_webhook(hook_channel(f"http://127.0.0.1:{listener.getsockname()[1]}/"), "msg_1", PAYLOAD)
        thread.join(5)


@responses.activate
@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120.0), ("99999999", 86400.0), ("-3", None), ("soon", None), ("", None)]
)
def test_d09_retry_after_is_read_and_capped(header: str, seconds: float | None) -> None:
    responses.post(ODD, status=429, headers={"Retry-After": header})
    with pytest.raises(NotNow) as raised:
        post_webhook(odd_channel(), "msg_1", PAYLOAD)
    assert raised.value.retry_after_s == seconds


@responses.activate
@pytest.mark.parametrize(("minutes", "seconds"), [(-5, None), (10, 600), (60 * 24 * 3650, 86400)])
def test_d09_retry_after_may_be_a_date(minutes: int, seconds: float | None) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    responses.post(ODD, status=503, headers={"Retry-After": moment})
    with pytest.raises(NotNow) as raised:
        post_webhook(odd_channel(), "msg_1", PAYLOAD)
    assert raised.value.retry_after_s == (None if seconds is None else pytest.approx(seconds, abs=5))


@responses.activate
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (requests.exceptions.ReadTimeout(f"read timed out: {ODD}"), "did not answer in time"),
        (requests.exceptions.ConnectionError(f"refused: {ODD}"), "cannot be reached"),
        (requests.exceptions.ChunkedEncodingError(ODD), "cannot be reached"),
        (requests.exceptions.SSLError(ODD), "certificate that does not hold"),
    ],
)
def test_d07_s12_a_failed_connection_is_told_without_the_url(failure: Exception, words: str) -> None:
    responses.post(ODD, body=failure)
    with pytest.raises(NotNow, match=words) as raised:
        post_webhook(odd_channel(), "msg_1", PAYLOAD)
    assert "webhook 'hook' at hooks.example.com" in str(raised.value)
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


@responses.activate
def test_s12_a_receiver_that_repeats_the_secret_does_not_get_it_into_the_log() -> None:
    responses.post(ODD, status=400, body=f"bad key {SIGNING_SECRET} for {ODD}")
    channel = odd_channel()
    with pytest.raises(Refused, match=r"bad key \*+ for \*+") as raised:
        post_webhook(channel, "msg_1", PAYLOAD)
    for place in (str(raised.value), repr(channel), str(channel), repr(replace(channel, id="x"))):
        assert "canary" not in place
        assert SIGNING_SECRET not in place


def test_d07_a_slow_receiver_is_left_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUTS", (1, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotNow, match="same webhook-id"):
        post_webhook(hook_channel(f"http://127.0.0.1:{silent.getsockname()[1]}/"), "msg_1", PAYLOAD)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_s01_s02_nothing_is_sent_to_an_address_that_turns_out_to_be_private(httpserver: HTTPServer, host: str) -> None:
    channel = hook_channel(f"http://{host}:{httpserver.port}/hook", allow_private=False)
    with pytest.raises(NotNow, match="private network; nothing was sent"):
        post_webhook(channel, "msg_1", PAYLOAD)
    assert not httpserver.log


def test_s02_the_address_that_was_judged_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers 93.184.215.14 first and loopback after is asked once."""
    asked: list[str] = []
    connected: list[str] = []

    def rebinding(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(posting, "create_connection", connect)
    with pytest.raises(NotNow, match="cannot be reached"):
        post_webhook(hook_channel("https://hooks.example.com/", allow_private=False), "msg_1", PAYLOAD)
    assert asked == ["hooks.example.com"]
    assert connected == ["93.184.215.14"]


@pytest.mark.parametrize(
    ("failure", "words"), [(TimeoutError(), "did not answer in time"), (ConnectionRefusedError(), "cannot be reached")]
)
def test_a_guarded_connection_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, failure: OSError, words: str
) -> None:
    def connect(*_: Any, **__: Any) -> socket.socket:
        raise failure

    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: public)
    monkeypatch.setattr(posting, "create_connection", connect)
    with pytest.raises(NotNow, match=words):
        post_webhook(hook_channel("https://hooks.example.com/", allow_private=False), "msg_1", PAYLOAD)


def test_d01_a_name_that_leads_nowhere_is_named() -> None:
    with pytest.raises(NotNow, match=r"at no-such-host.invalid cannot be reached"):
        post_webhook(hook_channel("https://no-such-host.invalid/", allow_private=False), "msg_1", PAYLOAD)


def test_a_proxy_and_a_netrc_of_the_environment_are_left_alone(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    httpserver.expect_request("/hook").respond_with_data("")
    post_webhook(hook_channel(httpserver.url_for("/hook")), "msg_1", PAYLOAD)
    assert "Authorization" not in httpserver.log[0][0].headers


@pytest.mark.parametrize("name", ["127.0.0.1", "hooks.example.com"])
def test_the_certificate_is_verified(make_certificate: Callable[[str], Certificate], name: str) -> None:
    certificate = make_certificate(name)
    with HTTPServer(host="127.0.0.1", ssl_context=certificate.server_context()) as server:
        server.expect_request("/hook").respond_with_data("")
        channel = hook_channel(f"https://127.0.0.1:{server.port}/hook", ca_file=certificate.ca_file)
        if name == "127.0.0.1":
            post_webhook(channel, "msg_1", PAYLOAD)
            assert len(server.log) == 1
        else:
            with pytest.raises(NotNow, match="certificate that does not hold"):
                post_webhook(channel, "msg_1", PAYLOAD)
            assert not server.log
