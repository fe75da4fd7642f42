"""What the tests of alerts are made of: prices, events, channels, a mail server's postbox."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import AuthResult, LoginPassword

from monitor.channel_secrets import Secret
from monitor.channels import Channel, EmailChannel, WebhookChannel
from monitor.rules import alerts_for
from monitor.settings import Rule, Settings
from scrapers.rates import Conditions, Evidence, Rate, TokenRange
from storage import outbox
from storage.nouns import Event
from storage.store import Store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SIGNING_SECRET = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
PASSWORD = "canary-correct-horse"


def rate(model: str = "deepseek-chat", amount: str | None = "2", **changes: Any) -> Rate:
    facts: dict[str, Any] = {
        "model": model,
        "meter": "input",
        "state": "priced",
        "amount": None if amount is None else Decimal(amount),
        "currency": "CNY",
        "per": Decimal(1_000_000),
        "unit": "token",
        "evidence": Evidence(f"{amount}元", "table 1, row 2"),
    }
    return Rate(**{**facts, **changes})


def change(model: str = "deepseek-chat", old: str = "2", new: str = "1", **changes: Any) -> Event:
    facts: dict[str, Any] = {
        "kind": "cut" if Decimal(new) < Decimal(old) else "raise",
        "provider": "deepseek",
        "market": "cn",
        "captured_at": NOW,
        "old": rate(model, old),
        "new": rate(model, new),
        "confidence": 0.95,
        "why": "seen twice, 120 s apart",
        "url": "https://deepseek.example/pricing",
    }
    return Event(**{**facts, **changes})


def tiered(model: str = "qwen-plus") -> Rate:
    return rate(model, "0.8", service_tier="batch", conditions=Conditions(context_tokens=TokenRange(None, 128000)))


@dataclass
class Postbox:
    """What a mail server got, and what it answers: `recipients` to RCPT, `answers` to DATA ("drop" hangs up)."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    recipients: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    log_ins: list[bytes] = field(default_factory=list)
    accepts_log_in: bool = True
    throw: Callable[[], str] | None = None  # the answers to DATA from somewhere else

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the server's name for it
        if address in self.recipients:
            return self.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the server's name for it
        answer = self.throw() if self.throw else self.answers.pop(0) if self.answers else "250 OK"
        if answer == "drop" or answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.extend((recipient, mail) for recipient in envelope.rcpt_tos)
        if answer == "drop":
            server.transport.abort()
        return answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, words: Any) -> AuthResult:
        assert isinstance(words, LoginPassword)
        self.log_ins.append(words.password)
        message = None if self.accepts_log_in else f"535 no such password {words.password.decode()}"
        return AuthResult(success=self.accepts_log_in, handled=False, message=message)


def mail_channel(postbox: Postbox, *to: str, **changes: Any) -> EmailChannel:
    facts: dict[str, Any] = {
        "id": "mail",
        "host": "127.0.0.1",
        "port": postbox.port,
        "security": "none",
        "username": "",
        "password": None,
        "sender": "pricefall@example.com",
        "to": to or ("ann@example.com",),
        "timeout_s": 3,
    }
    return EmailChannel(**{**facts, **changes})


def hook_channel(url: str, **changes: Any) -> WebhookChannel:
    facts: dict[str, Any] = {"id": "hook", "url": Secret(url), "secret": Secret(SIGNING_SECRET), "allow_private": True}
    return WebhookChannel(**{**facts, **changes})


def settings_of(*channels: Channel, language: str = "en", folder: Path = Path()) -> Settings:
    everything = Rule("all", tuple(channel.id for channel in channels))
    return Settings(
        path=None,
        database=folder / "pricefall.db",
        archive=folder / "archive",
        providers_dir=folder / "providers",
        language="zh" if language == "zh" else "en",
        channels=channels,
        rules=(everything,),
    )


def queue(store: Store, settings: Settings, *events: Event) -> tuple[str, ...]:
    """Queue the alerts of events, of one cut when none is given; their ids."""
    alerts = alerts_for(events or [change()], settings)
    outbox.enqueue(store, alerts, NOW)
    return tuple(alert.id for alert in alerts)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
