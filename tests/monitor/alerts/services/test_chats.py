"""Each chat service on a real server that answers as the service documents it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_httpserver import HTTPServer

from monitor.alerts.delivery import Delivery
from monitor.alerts.errors import ChannelGone, DeliveryError, NotNow, Refused
from monitor.alerts.payload import health_payload, notice_payload
from storage.incidents import Incident
from tests.monitor.alerts.parts import NOW, change
from tests.monitor.alerts.services.chat import CHATS, KEY, TOKEN, Chat, delivery, post, texts

HOSTILE = "<!channel> <@U1> @everyone *b* _i_ ~s~ `c` [x](https://evil.example) </b><script>&amp; {{7*7}} ${x} %s \\"
ITEM = "price cut, model-"


@pytest.fixture(params=CHATS)
def chat(request: pytest.FixtureRequest, httpserver: HTTPServer) -> Chat:
    return Chat(request.param, httpserver)


@pytest.mark.parametrize(("language", "fact"), [("en", "deepseek-chat input: ¥2 → ¥1"), ("zh", "deepseek-chat 输入")])
def test_a_change_is_told_with_its_fact_its_reason_and_its_link(chat: Chat, language: str, fact: str) -> None:
    post(chat.channel(), delivery(language=language))
    said = "\n".join(texts(chat.message)).replace("\\", "")
    assert fact in said
    assert "seen twice, 120 s apart" in said
    assert "https://deepseek.example/pricing" in said
    assert chat.kind == "ntfy" or "Pricefall" in said, "the keyword that Feishu's and DingTalk's robots can ask for"
    assert "more" not in said
    assert "另有" not in said


def test_a_test_a_notice_and_an_incident_are_told_too(chat: Chat) -> None:
    page = "https://z.example/pricing"
    incident = Incident("stale", "zhipu", "cn", page, NOW, NOW, "", facts={"last_ok": "2026-05-01"})
    for payload, words in (
        (notice_payload("test", NOW, "Pricefall test message", "The channel works."), "The channel works."),
        (notice_payload("channel.down", NOW, "could not deliver", "x" * 900), "x" * 900),
        (health_payload([incident], NOW, "en", is_end=False), "page not read for long"),
    ):
        post(chat.channel(), Delivery("team", "msg_2", {"id": "msg_2", **payload}, "en", NOW))
        assert words in "\n".join(texts(chat.message)).replace("\\", "")


LIMITS: dict[str, Any] = {
    "slack": lambda m: (
        len(m["blocks"]) <= 50
        and len(m["blocks"][0]["text"]["text"]) <= 150
        and len(json.dumps(m)) <= 40_000
        and all(len(each["text"]) <= 3000 for each in m["blocks"][-1]["elements"])
    ),
    "discord": lambda m: (
        len(m["content"]) <= 2000
        and len(m["embeds"]) <= 10
        and all(len(e.get("title", "")) <= 256 and len(e.get("description", "")) <= 4096 for e in m["embeds"])
        and sum(len(text) for e in m["embeds"] for key, text in e.items() if key in {"title", "description"}) <= 6000
    ),
    "teams": lambda m: len(json.dumps(m, ensure_ascii=False).encode()) <= 28 * 1024,
    "telegram": lambda m: len(m["text"].encode("utf-16-le")) // 2 <= 4096,
    "ntfy": lambda m: len(m["message"].encode()) <= 4096,
    "feishu": lambda m: len(json.dumps(m, ensure_ascii=False).encode()) <= 20 * 1024,
    "lark": lambda m: len(json.dumps(m, ensure_ascii=False).encode()) <= 20 * 1024,
    "dingtalk": lambda m: len(m["markdown"]["text"].encode()) <= 20_000,
    "wecom": lambda m: len(m["markdown"]["content"].encode()) <= 4096,
}
"""The limits as the services document them, not as the modules have them."""


@pytest.mark.parametrize(
    "name", ["model-{}", "模型" * 30 + "model-{}", "<&*_[]`>" * 9 + "model-{}", "😀" * 70 + "-model-{}"]
)
def test_d18_of_500_events_whole_ones_are_shown_and_the_rest_counted(chat: Chat, name: str) -> None:
    events = [change(name.format(f"{number:03}"), "2", "1") for number in range(500)]
    post(chat.channel(), delivery(*events))
    assert LIMITS[chat.kind](chat.message)
    said = "\n".join(texts(chat.message))
    (more,) = set(re.findall(r"and (\d+) more: .pricefall alerts show msg_1.", said))
    shown = said.count("seen twice, 120 s apart")
    assert shown + int(more) == 500
    assert 1 <= shown <= 20
    assert said.count("price cut, ") >= shown


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser's signature
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_s03_s04_a_hostile_name_stays_words(chat: Chat) -> None:
    post(chat.channel(), delivery(change(HOSTILE)))
    message = chat.message
    if chat.kind == "slack":
        assert message["mrkdwn"] is False
        assert not re.search(r"<[^>]", message["text"])
        kinds = {e["type"] for b in message["blocks"][1:-1] for s in b["elements"] for e in s["elements"]}
        assert kinds <= {"text", "link", "emoji"}, "nothing that Slack reads as a mention or as markup"
    elif chat.kind == "discord":
        assert message["allowed_mentions"] == {"parse": []}
        title = message["embeds"][0]["title"]
        assert not re.search(r"(?<!\\)[*_~`|<>\[\]@]", title.replace("\\\\", "")), title
        assert re.sub(r"\\(.)", r"\1", title).find(HOSTILE[:60]) > 0
    elif chat.kind == "teams":
        blocks = message["attachments"][0]["content"]["body"]
        kinds = {each["type"] for block in blocks for each in block.get("items", [block])}
        assert kinds == {"RichTextBlock"}, "runs are read neither as Markdown nor as templates"
    elif chat.kind == "telegram":
        seen = _Seen()
        seen.feed(message["text"])
        assert seen.tags == {"b", "i", "a"}
        assert HOSTILE[:70] in seen.text
    elif chat.kind == "ntfy":
        assert message.get("markdown") is None
        assert HOSTILE[:70] in message["message"]
    elif chat.kind in {"feishu", "lark"}:
        kinds = set(re.findall(r'"tag": "(\w+)"', json.dumps(message)))
        assert kinds <= {"plain_text", "div", "hr", "note", "action", "button"}
    else:
        text = message["markdown"].get("text") or message["markdown"]["content"]
        assert "<@" not in text
        assert re.findall(r"\]\((.*?)\)", text) == ["https://deepseek.example/pricing"]
        assert "＜！channel" not in text
        assert "＜!channel＞" in text


def test_s06_a_script_address_is_no_link(chat: Chat) -> None:
    post(chat.channel(), delivery(change(url="javascript:alert(1)//https://x")))
    urls = re.findall(r'"(?:url|click)": "([^"]*)"|href=\\"(.*?)\\"|\]\((.*?)\)', json.dumps(chat.message))
    assert not any("javascript" in part for found in urls for part in found)


SPOKEN: list[tuple[str, int, str, dict[str, str], type[DeliveryError], float | None]] = [
    ("slack", 429, "rate_limited", {"Retry-After": "30"}, NotNow, 30),
    ("slack", 400, "invalid_payload", {}, Refused, None),
    ("slack", 404, "no_service", {}, ChannelGone, None),
    ("slack", 410, "channel_is_archived", {}, ChannelGone, None),
    ("slack", 403, "invalid_token", {}, ChannelGone, None),
    ("slack", 403, "action_prohibited", {}, Refused, None),
    ("slack", 500, "rollup_error", {}, NotNow, None),
    ("discord", 429, '{"message": "slow", "retry_after": 12.5, "global": false}', {"Retry-After": "13"}, NotNow, 12.5),
    ("discord", 429, "<html>", {"Retry-After": "65"}, NotNow, 65),
    ("discord", 429, "", {}, NotNow, 60),
    ("discord", 404, '{"message": "Unknown Webhook", "code": 10015}', {}, ChannelGone, None),
    ("discord", 401, '{"message": "Invalid Webhook Token", "code": 50027}', {}, ChannelGone, None),
    ("discord", 400, '{"embeds": ["0"]}', {}, Refused, None),
    ("discord", 502, "", {}, NotNow, None),
    ("teams", 200, "Webhook message delivery failed with error: HTTP error 429", {}, NotNow, 60),
    ("teams", 200, "Webhook message delivery failed with error: HTTP error 413", {}, Refused, None),
    ("teams", 400, '{"error": {"code": "WorkflowTriggerIsNotEnabled"}}', {}, ChannelGone, None),
    ("teams", 404, '{"error": {"code": "WorkflowNotFound"}}', {}, ChannelGone, None),
    ("teams", 429, "", {"Retry-After": "7"}, NotNow, 7),
    ("telegram", 429, '{"ok": false, "error_code": 429, "parameters": {"retry_after": 35}}', {}, NotNow, 35),
    ("telegram", 200, '{"ok": false, "error_code": 429}', {}, NotNow, 60),
    ("telegram", 200, '{"ok": false, "error_code": 400, "description": "chat not found"}', {}, Refused, None),
    ("telegram", 403, '{"ok": false, "error_code": 403, "description": "bot was blocked"}', {}, ChannelGone, None),
    ("telegram", 401, '{"ok": false, "error_code": 401, "description": "Unauthorized"}', {}, ChannelGone, None),
    ("telegram", 400, '{"ok": false, "error_code": 400, "description": "bad entities"}', {}, Refused, None),
    ("telegram", 400, '{"ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": -9}}', {}, NotNow, None),
    ("telegram", 200, "<html>a captive portal</html>", {}, Refused, None),
    ("ntfy", 429, '{"code": 42901, "http": 429}', {"Retry-After": "9"}, NotNow, 9),
    ("ntfy", 403, '{"code": 40301, "http": 403, "error": "forbidden"}', {}, NotNow, None),
    ("ntfy", 507, "", {}, NotNow, None),
    ("feishu", 200, '{"code": 19021, "msg": "sign match fail"}', {}, NotNow, None),
    ("feishu", 200, '{"code": 19024, "msg": "Key Words Not Found"}', {}, NotNow, None),
    ("feishu", 200, '{"code": 19001, "msg": "incoming webhook access token invalid"}', {}, ChannelGone, None),
    ("feishu", 200, '{"code": 11232, "msg": "frequency limited"}', {}, NotNow, 60),
    ("feishu", 400, '{"code": 11232, "msg": "frequency limited"}', {}, NotNow, 60),
    ("feishu", 200, '{"code": 9499, "msg": "Bad Request"}', {}, Refused, None),
    ("lark", 200, '{"StatusCode": 9499, "msg": "Bad Request"}', {}, Refused, None),
    ("lark", 200, "", {}, Refused, None),
    ("dingtalk", 200, '{"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}', {}, NotNow, 60),
    ("dingtalk", 200, '{"errcode": 310000, "errmsg": "keywords not in content"}', {}, NotNow, None),
    ("dingtalk", 200, '{"errcode": 300001, "errmsg": "token is not exist"}', {}, ChannelGone, None),
    ("dingtalk", 200, '{"errcode": 40035, "errmsg": "bad json"}', {}, Refused, None),
    ("dingtalk", 503, "", {}, NotNow, None),
    ("wecom", 200, '{"errcode": 45009, "errmsg": "api freq out of limit"}', {}, NotNow, 60),
    ("wecom", 200, '{"errcode": 93000, "errmsg": "invalid webhook url"}', {}, ChannelGone, None),
    ("wecom", 200, '{"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"}', {}, Refused, None),
    ("wecom", 200, '{"errcode": 1e999}', {}, Refused, None),
]


@pytest.mark.parametrize(("kind", "status", "body", "headers", "error", "wait"), SPOKEN)
def test_d10_each_answer_is_understood(
    httpserver: HTTPServer,
    kind: str,
    status: int,
    body: str,
    headers: dict[str, str],
    error: type[DeliveryError],
    wait: float | None,
) -> None:
    chat = Chat(kind, httpserver, [(status, body, headers)])
    with pytest.raises(error) as raised:
        post(chat.channel(), delivery())
    assert type(raised.value) is error
    assert raised.value.retry_after_s == wait
    assert f"{kind} 'team' at localhost" in raised.value.message
    post(chat.channel(), delivery())
    assert len(chat.requests) == 2, "the next one is taken"


@pytest.mark.parametrize("status", [200, 302, 400, 404, 429, 500])
def test_s12_no_secret_is_in_an_error_or_a_log(chat: Chat, caplog: pytest.LogCaptureFixture, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    channel = chat.channel(signed=True)
    spoken = " ".join([chat.path, *(secret.reveal() for secret in channel.secrets)])
    echo = json.dumps({"ok": False, "code": 1, "errcode": 1, "error": spoken})
    chat.answers = [(status, echo, {"Location": "/elsewhere"})]
    try:
        post(channel, delivery())
        assert (chat.kind, status) in {("slack", 200), ("discord", 200), ("ntfy", 200)}, "these say all by the status"
    except DeliveryError as err:
        told = err.message
        if status == 302:
            assert "redirects are not followed" in told
        logged = [r.getMessage() for r in caplog.records if not r.name.startswith(("werkzeug", "pytest"))]
        for place in (told, repr(channel), *logged):
            assert "canary" not in place
    assert len(chat.requests) == 1


def test_s01_nothing_is_sent_into_a_private_network(chat: Chat) -> None:
    with pytest.raises(NotNow, match="inside a private network; nothing was sent"):
        post(chat.channel(allow_private=False), delivery())
    assert chat.requests == []


def test_feishu_is_signed_as_its_document_says(httpserver: HTTPServer) -> None:
    chat = Chat("feishu", httpserver)
    post(chat.channel(signed=True), delivery())
    message = chat.message
    assert abs(int(message["timestamp"]) - time.time()) < 60
    key = f"{message['timestamp']}\n{KEY}".encode()
    assert message["sign"] == base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode()
    post(chat.channel(), delivery())
    assert "sign" not in chat.message


def test_dingtalk_is_signed_as_its_document_says(httpserver: HTTPServer) -> None:
    chat = Chat("dingtalk", httpserver)
    post(chat.channel(signed=True), delivery())
    said = parse_qs(urlsplit(chat.requests[0].url).query)
    (timestamp,), (sign,) = said["timestamp"], said["sign"]
    assert said["access_token"] == ["x"]
    assert abs(int(timestamp) / 1000 - time.time()) < 60
    wanted = hmac.new(KEY.encode(), f"{timestamp}\n{KEY}".encode(), hashlib.sha256).digest()
    assert sign == base64.b64encode(wanted).decode()


def test_ntfy_shows_how_urgent_a_change_is_and_a_second_delivery_takes_the_place_of_the_first(
    httpserver: HTTPServer,
) -> None:
    chat = Chat("ntfy", httpserver)
    post(chat.channel(signed=True), delivery(change(old="1", new="2")))
    message = chat.message
    assert (message["topic"], message["priority"], message["sequence_id"]) == (TOKEN, 4, "msg_1")
    assert message["tags"] == ["chart_with_upwards_trend", "deepseek"]
    assert message["click"] == "https://deepseek.example/pricing"
    assert chat.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    post(chat.channel(), delivery(change(old="2", new="1.6")))
    assert chat.message["priority"] == 3
    assert "Authorization" not in chat.requests[1].headers
    urgent = delivery()
    urgent.payload["data"]["events"][0]["severity"] = "urgent"
    post(chat.channel(), urgent)
    assert chat.message["priority"] == 5
