"""A chat service on loopback for the tests, and a channel of each type that posts to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.alerts.delivery import Delivery
from monitor.alerts.payload import payload_of
from monitor.alerts.services.hooks import HookChannel
from monitor.alerts.services.ntfy import NtfyChannel
from monitor.alerts.services.registry import service_of
from monitor.alerts.services.telegram import TelegramChannel
from monitor.channel_secrets import Secret
from monitor.channels import Channel
from storage.nouns import Event
from tests.monitor.alerts.parts import NOW, change

TOKEN = "canary-0123456789abcdef"
BOT_TOKEN = "123456789:AAcanary_0123456789-abcdefghijk"
KEY = "SECcanary-key-0123456789"

GOOD: dict[str, tuple[int, str]] = {
    "slack": (200, "ok"),
    "discord": (200, '{"id": "1", "type": 0}'),
    "teams": (202, ""),
    "telegram": (200, '{"ok": true, "result": {"message_id": 1}}'),
    "ntfy": (200, '{"id": "abc", "event": "message"}'),
    "feishu": (200, '{"code": 0, "msg": "success", "data": {}}'),
    "lark": (200, '{"StatusCode": 0, "StatusMessage": "success"}'),
    "dingtalk": (200, '{"errcode": 0, "errmsg": "ok"}'),
    "wecom": (200, '{"errcode": 0, "errmsg": "ok"}'),
}
"""What each service answers to a message that it takes."""

CHATS = tuple(GOOD)


@dataclass
class Chat:
    """A server that speaks for one service; `answers` come before the good one."""

    kind: str
    server: HTTPServer
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.expect_request(self.path, method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        status, body, headers = self.answers.pop(0) if self.answers else (*GOOD[self.kind], {})
        return Response(body, status, headers)

    @property
    def path(self) -> str:
        return {"telegram": f"/bot{BOT_TOKEN}/sendMessage", "ntfy": "/"}.get(self.kind, f"/hook/{TOKEN}")

    def channel(self, *, signed: bool = False, allow_private: bool = True) -> Channel:
        server = self.server.url_for("").rstrip("/")
        if self.kind == "telegram":
            return TelegramChannel("team", Secret(BOT_TOKEN), "-1001234567890", None, server, allow_private)
        if self.kind == "ntfy":
            return NtfyChannel("team", Secret(TOKEN), server, Secret(KEY) if signed else None, allow_private)
        url = Secret(server + self.path + ("?access_token=x" if self.kind == "dingtalk" else ""))
        return HookChannel(self.kind, "team", url, Secret(KEY) if signed else None, allow_private)

    @property
    def message(self) -> Any:
        """The last message that came."""
        return json.loads(self.requests[-1].get_data())


def delivery(*events: Event, language: Any = "en", **payload: Any) -> Delivery:
    said = {"id": "msg_1", **payload_of(events or (change(),), "cuts", language), **payload}
    return Delivery("team", "msg_1", said, language, NOW)


def post(channel: Channel, what: Delivery) -> None:
    service_of(channel.type).send(channel, what)


def texts(message: Any) -> list[str]:
    """Every text in a message, wherever it stands."""
    if isinstance(message, str):
        return [message]
    inside = message.values() if isinstance(message, dict) else message if isinstance(message, list) else ()
    return [text for each in inside for text in texts(each)]
