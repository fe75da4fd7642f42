from __future__ import annotations

import json
import logging
import socket
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from monitor.alerts.errors import NotNow
from monitor.alerts.services import apprise
from monitor.alerts.services.apprise import AppriseChannel
from monitor.channel_secrets import Secret
from tests.monitor.alerts.parts import change
from tests.monitor.alerts.services.chat import delivery, post
from tests.monitor.test_settings import load, refusal

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import


def channel(server: HTTPServer) -> AppriseChannel:
    return AppriseChannel("team", Secret(f"json://127.0.0.1:{server.port}/canary-path"), allow_private=True)


def settings(url: str) -> str:
    return f'[[channel]]\nid = "team"\ntype = "apprise"\nurl = "{url}"\n'


def test_an_alert_goes_through_apprise(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/canary-path", method="POST").respond_with_data("")
    post(channel(httpserver), delivery(change(), change("<b>other</b>", "4", "2")))
    sent = json.loads(httpserver.log[0][0].get_data())
    assert sent["title"].endswith(", and 1 more")
    assert "<b>other</b> input: ¥4 → ¥2" in sent["message"], "text stays text"
    assert sent["type"] == "success"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_s12_a_failure_is_told_without_the_address(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/canary-path").respond_with_data("canary-body", status, {"Location": "/elsewhere"})
    with pytest.raises(NotNow, match=r"apprise 'team' \(JSON\) could not deliver") as raised:
        post(channel(httpserver), delivery())
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("werkzeug")]
    for place in (raised.value.message, *logged, *capfd.readouterr()):
        assert "canary" not in place
    assert [request.path for request, _answer in httpserver.log] == ["/canary-path"], "no redirect is followed"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_s02_apprise_is_kept_out_of_private_networks(httpserver: HTTPServer, host: str) -> None:
    inside = AppriseChannel("team", Secret(f"json://{host}:{httpserver.port}/x"))
    with pytest.raises(NotNow, match="inside a private network; nothing was sent"):
        post(inside, delivery())
    assert httpserver.log == []
    assert socket.getaddrinfo("127.0.0.1", 80), "others resolve as before"


@pytest.mark.parametrize(
    ("url", "native"),
    [
        ("dingtalk://canarytoken/", "dingtalk"),
        ("feishu://canarytoken12345/", "feishu"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/canary-123", "lark"),
        ("wecombot://canarytoken/", "wecom"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary-123", "wecom"),
    ],
)
def test_a_service_whose_errors_apprise_takes_for_success_is_refused(tmp_path: Path, url: str, native: str) -> None:
    message = refusal(tmp_path, settings(url))
    assert (
        f'line 4: channel[1].url: is a service whose errors apprise takes for success; say `type = "{native}"`'
        in message
    )
    assert "canary" not in message


def test_an_address_that_apprise_does_not_know_is_refused(tmp_path: Path) -> None:
    assert "is no address that apprise understands" in refusal(tmp_path, settings("pigeon://canary"))
    (found,) = load(tmp_path, settings("jsons://example.com/canary")).channels
    assert "canary" not in repr(found)


def test_without_the_extra_the_settings_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "find_spec", lambda _name: None)
    message = refusal(tmp_path, settings("jsons://example.com/canary"))
    assert "line 3: channel[1].type: needs the extra `notify`; run: pip install 'pricefall[notify]'" in message
