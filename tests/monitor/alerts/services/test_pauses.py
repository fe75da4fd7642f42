"""Chats that take only so many messages a minute: the run lock is not held for them longer than a moment."""

from __future__ import annotations

import time

import pytest
from pytest_httpserver import HTTPServer

from monitor.alerts import sender
from monitor.alerts.sender import deliver_due
from storage import outbox
from storage.store import Store
from tests.monitor.alerts.parts import NOW, Postbox, change, mail_channel, queue, settings_of
from tests.monitor.alerts.services.chat import Chat


class Clock:
    """A monotonic clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Only the sender's."""
    clock = Clock()
    monkeypatch.setattr(sender, "time", clock)
    return clock


def test_what_a_chat_does_not_take_in_time_goes_with_the_next_call_in_order(
    store: Store, httpserver: HTTPServer, postbox: Postbox, clock: Clock
) -> None:
    chat = Chat("wecom", httpserver)  # 20 a minute: one each 3 s
    mails = mail_channel(postbox)
    settings = settings_of(chat.channel(), mails)
    queue(store, settings, *(change(provider=f"provider-{number:02}") for number in range(15)))
    began = clock.at
    first = deliver_due(store, settings, NOW).sent
    assert len(postbox.mails) == 15, "no other channel waits for a chat"
    assert clock.at - began <= sender.MOST_REST_S
    assert (first, len(chat.requests)) == (15 + 7, 7)
    clock.at += 60
    assert deliver_due(store, settings, NOW).sent == 7
    clock.at += 60
    assert deliver_due(store, settings, NOW).sent == 1
    assert outbox.counts(store)["pending"] == 0
    told = [request.get_data(as_text=True) for request in chat.requests]
    assert [f"provider-{number:02}" in text for number, text in enumerate(told)] == [True] * 15


def test_nobody_waits_where_nothing_is_due(store: Store, httpserver: HTTPServer, clock: Clock) -> None:
    chat = Chat("wecom", httpserver)
    settings = settings_of(chat.channel())
    queue(store, settings)
    began, real = clock.at, time.monotonic()
    assert deliver_due(store, settings, NOW).sent == 1
    assert clock.at == began
    assert time.monotonic() - real < 2
