from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from monitor.alerts import sender
from monitor.alerts.errors import RefusedForGood
from monitor.alerts.payload import notice_payload
from monitor.alerts.sender import WAITS_S, deliver_due, send_test, wait_before_next
from monitor.rules import alerts_for
from scrapers.catalog import ConfigError
from storage import outbox
from storage.nouns import Alert
from storage.store import Store
from tests.monitor.alerts.parts import (
    NOW,
    SIGNING_SECRET,
    Postbox,
    change,
    hook_channel,
    mail_channel,
    queue,
    settings_of,
    unused_port,
)

HOUR = timedelta(hours=1)


def ids_at(server: HTTPServer) -> list[str]:
    return [request.headers["webhook-id"] for request, _answer in server.log]


def test_d12_what_was_queued_is_sent_once(store: Store, httpserver: HTTPServer, postbox: Postbox) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    settings = settings_of(mail_channel(postbox), hook_channel(httpserver.url_for("/hook")))
    queued = queue(store, settings, change(), change("deepseek-reasoner", "4", "2"))
    summary = deliver_due(store, settings, NOW)
    assert (summary.sent, summary.failures) == (2, ())
    assert ids_at(httpserver) == [queued[1]]
    assert [mail["X-Pricefall-Alert"] for _to, mail in postbox.mails] == [queued[0]]
    assert deliver_due(store, settings, NOW + 2 * HOUR).sent == 0
    assert {name: count for name, count in outbox.counts(store).items() if count} == {"sent": 2}


def test_a_receiver_that_is_down_loses_nothing_and_gets_the_same_ids_later(
    store: Store, httpserver: HTTPServer
) -> None:
    port = unused_port()
    down = settings_of(hook_channel(f"http://127.0.0.1:{port}/hook"))
    queued = [
        *queue(store, down),
        *queue(store, down, change(provider="zhipu")),
        *queue(store, down, change(old="1", new="3")),
    ]
    first = deliver_due(store, down, NOW)
    assert first.sent == 0
    assert [failure.alert_id for failure in first.failures] == [queued[0]], (
        "one failure tells that the receiver is down"
    )
    assert outbox.counts(store)["pending"] == 3
    httpserver.expect_request("/hook").respond_with_data("")
    up = settings_of(hook_channel(httpserver.url_for("/hook")))
    assert deliver_due(store, up, NOW + HOUR).sent == 3
    assert sorted(ids_at(httpserver)) == sorted(queued)
    assert ids_at(httpserver).index(queued[0]) < ids_at(httpserver).index(queued[2]), (
        "deepseek's cut comes before its rise"
    )


def test_a_notice_that_is_given_up_makes_no_further_notice(store: Store, postbox: Postbox) -> None:
    postbox.recipients = {"a@example.com": "550 gone", "b@example.com": "550 gone"}
    settings = settings_of(mail_channel(postbox, "a@example.com", "b@example.com"))
    queue(store, settings)
    for hour in range(5):
        deliver_due(store, settings, NOW + hour * HOUR)
    counts = {name: count for name, count in outbox.counts(store).items() if count}
    assert counts == {"dead": 4}, "two alerts, and one notice of each"


def test_a_message_of_no_price_that_is_given_up_is_announced_too(store: Store, postbox: Postbox) -> None:
    postbox.recipients = {"a@example.com": "550 gone"}
    settings = settings_of(mail_channel(postbox, "a@example.com", "b@example.com"))
    alert = Alert(settings.channels[0].addresses[0], "summary", ("run.summary 1",), "summary")
    payload = {"id": alert.id, **notice_payload("run.summary", NOW, "A run", "2 pages failed")}
    outbox.enqueue(store, [replace(alert, payload=payload)], NOW)
    assert deliver_due(store, settings, NOW).dead == 1
    deliver_due(store, settings, NOW + HOUR)
    assert [to for to, _mail in postbox.mails] == ["b@example.com"]


def test_one_busy_recipient_is_tried_again_alone(store: Store, postbox: Postbox) -> None:
    postbox.recipients["busy@example.com"] = "450 busy"
    settings = settings_of(mail_channel(postbox, "busy@example.com", "ann@example.com"))
    queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert (summary.sent, summary.retried) == (1, 1)
    postbox.recipients.clear()
    assert deliver_due(store, settings, NOW + HOUR).sent == 1
    assert [to for to, _mail in postbox.mails] == ["ann@example.com", "busy@example.com"]


def test_the_limit_bounds_one_call(store: Store, postbox: Postbox) -> None:
    settings = settings_of(mail_channel(postbox))
    for provider in ("a", "b", "c"):
        queue(store, settings, change(provider=provider))
    assert deliver_due(store, settings, NOW, limit=2).sent == 2
    assert deliver_due(store, settings, NOW).sent == 1


def test_a_batch_that_takes_too_long_is_broken_off_and_the_rest_given_back(
    store: Store, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mail takes 200 s of a lease of 300 s, so three alerts make three batches, and none is sent twice."""
    clock = SimpleNamespace(at=0.0)
    monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=lambda: clock.at))

    def take() -> str:
        clock.at += 200
        return "250 OK"

    postbox.throw = take
    given_back = []
    release = outbox.release
    monkeypatch.setattr(outbox, "release", lambda at, some: (given_back.append(len(some)), release(at, some)))
    settings = settings_of(mail_channel(postbox))
    for provider in ("a", "b", "c"):
        queue(store, settings, change(provider=provider))
    assert deliver_due(store, settings, NOW).sent == 3
    assert [mail["Subject"][0] for _to, mail in postbox.mails] == ["a", "b", "c"]
    assert given_back == [2, 1], "the first batch came to one of three, the second to one of two"


def test_an_alert_of_a_channel_that_is_no_longer_set_waits(store: Store, postbox: Postbox) -> None:
    settings = settings_of(mail_channel(postbox))
    queue(store, settings)
    assert deliver_due(store, settings_of(), NOW).sent == 0
    assert outbox.counts(store)["pending"] == 1


def test_an_alert_of_another_version_is_given_up_and_names_the_cause(
    store: Store, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(mail_channel(postbox))
    queue(store, settings)
    monkeypatch.setattr(sender, "VERSION", 2)
    (failure,) = deliver_due(store, settings, NOW).failures
    assert failure.is_dead
    assert "another version of Pricefall" in failure.error
    assert RefusedForGood.tries == 1


def test_the_schedule_lasts_three_days_and_spreads_alerts() -> None:
    total = sum(WAITS_S)
    assert 72 * 3600 <= total <= 80 * 3600
    for attempt, planned in enumerate(WAITS_S, start=1):
        waits = {wait_before_next(f"msg_{number}", attempt).total_seconds() for number in range(50)}
        assert planned <= min(waits) < max(waits) <= planned * 1.1
    assert wait_before_next("msg_1", 3) == wait_before_next("msg_1", 3)


def test_a_test_message_goes_to_each_address_past_the_outbox(
    store: Store, httpserver: HTTPServer, postbox: Postbox
) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    mail = mail_channel(postbox, "ann@example.com", "bob@example.com")
    settings = settings_of(mail, hook_channel(httpserver.url_for("/hook")), language="zh")
    assert [each.address for each in send_test(settings, "mail", NOW)] == [
        "mail/ann@example.com",
        "mail/bob@example.com",
    ]
    assert [(to, message["Subject"]) for to, message in postbox.mails] == [
        ("ann@example.com", "Pricefall 测试消息"),
        ("bob@example.com", "Pricefall 测试消息"),
    ]
    (one,) = send_test(settings, "hook", datetime.now(UTC))
    assert (one.address, one.error) == ("hook", None)
    request = httpserver.log[0][0]
    body = Webhook(SIGNING_SECRET).verify(request.get_data(), dict(request.headers))
    assert body["type"] == "test"
    assert body["id"] == request.headers["webhook-id"]
    assert outbox.counts(store)["sent"] == 0


def test_each_channel_speaks_its_own_language(store: Store, postbox: Postbox) -> None:
    ann, zhang = mail_channel(postbox), mail_channel(postbox, "zhang@example.com", id="cn", language="zh")
    settings = settings_of(ann, zhang)
    outbox.enqueue(store, alerts_for([change()], settings), NOW)
    deliver_due(store, settings, NOW)
    words = {to: (mail["Subject"], mail.get_body(("plain",)).get_content()) for to, mail in postbox.mails}  # type: ignore[union-attr] # it has one
    assert "price cut" in words["ann@example.com"][0]
    assert all("降价" in said and "price cut" not in said for said in words["zhang@example.com"])
    send_test(settings, "cn", NOW)
    assert postbox.mails[-1][1]["Subject"] == "Pricefall 测试消息"


def test_a_test_message_to_an_unknown_channel_proposes_the_nearest(postbox: Postbox) -> None:
    with pytest.raises(ConfigError, match="did you mean 'mail'"):
        send_test(settings_of(mail_channel(postbox)), "mial", NOW)
