from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import responses
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from monitor.alerts import sender
from monitor.alerts.errors import Refused, RefusedForGood
from monitor.alerts.sender import WAITS_S, deliver_due, send_test, wait_before_next
from monitor.channel_secrets import Secret
from monitor.rules import alerts_for
from monitor.settings import Settings
from scrapers.catalog import ConfigError
from storage import outbox
from storage.nouns import Event
from storage.store import Store
from tests.monitor.alerts.parts import (
    NOW,
    PASSWORD,
    SIGNING_SECRET,
    Postbox,
    change,
    hook_channel,
    mail_channel,
    settings_of,
)

HOUR = timedelta(hours=1)


def queue(store: Store, settings: Settings, *events: Event) -> tuple[str, ...]:
    alerts = alerts_for(events or [change()], settings)
    outbox.enqueue(store, alerts, NOW)
    return tuple(alert.id for alert in alerts)


def ids_at(server: HTTPServer) -> list[str]:
    return [request.headers["webhook-id"] for request, _answer in server.log]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_d12_what_was_queued_is_sent_once(store: Store, httpserver: HTTPServer, postbox: Postbox) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    settings = settings_of(mail_channel(postbox), hook_channel(httpserver.url_for("/hook")))
    queued = queue(store, settings, change(), change("deepseek-reasoner", "4", "2"))
    summary = deliver_due(store, settings, NOW)
    assert (summary.sent, summary.failures) == (2, ())
    assert ids_at(httpserver) == [queued[1]]
    assert [mail["X-Pricefall-Alert"] for _to, mail in postbox.mails] == [queued[0]]
    assert deliver_due(store, settings, NOW + 2 * HOUR).sent == 0
    assert outbox.counts(store) == {"pending": 0, "sent": 2, "dead": 0}


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


def test_d06_a_receiver_that_fails_for_three_days_is_given_up_and_others_are_told(
    store: Store, httpserver: HTTPServer, postbox: Postbox
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=500)
    hook = hook_channel(httpserver.url_for("/hook"))
    only_hook = settings_of(hook)
    (alert_id,) = queue(store, only_hook)
    settings = settings_of(hook, mail_channel(postbox))
    now = NOW
    while outbox.get_alert(store, alert_id).state == "pending":
        assert outbox.counts(store)["dead"] == 0
        last, now = now, now + timedelta(minutes=30)
        deliver_due(store, settings, last)
        assert last < NOW + timedelta(days=6)
    assert timedelta(hours=74) < last - NOW < timedelta(hours=85)
    assert set(ids_at(httpserver)) == {alert_id}
    assert len(httpserver.log) == len(WAITS_S) + 1
    ((_to, notice),) = postbox.mails
    assert notice["Subject"] == "Pricefall could not deliver to hook"
    plain = notice.get_body(("plain",))
    assert plain is not None
    assert "answers 500" in plain.get_content()
    assert "pricefall alerts retry" in plain.get_content()
    httpserver.clear()
    httpserver.expect_request("/hook").respond_with_data("")
    assert outbox.retry_dead(store, now) == 1
    assert deliver_due(store, settings, now).sent == 1
    assert ids_at(httpserver)[-1] == alert_id


def test_d03_one_refused_recipient_of_two_is_given_up_and_the_other_gets_it_once(
    store: Store, postbox: Postbox
) -> None:
    postbox.recipients["gone@example.com"] = "550 no such user"
    settings = settings_of(mail_channel(postbox, "gone@example.com", "ann@example.com"))
    queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert [(failure.channel, failure.is_dead) for failure in summary.failures] == [("mail/gone@example.com", True)]
    assert "550 no such user" in summary.failures[0].error
    deliver_due(store, settings, NOW + HOUR)
    subjects = [(to, mail["Subject"]) for to, mail in postbox.mails]
    assert subjects == [
        ("ann@example.com", "deepseek: price cut, deepseek-chat input: ¥2 → ¥1 per 1M tokens (-50%)"),
        ("ann@example.com", "Pricefall could not deliver to mail/gone@example.com"),
    ]


def test_a_notice_that_is_given_up_makes_no_further_notice(store: Store, postbox: Postbox) -> None:
    postbox.recipients = {"a@example.com": "550 gone", "b@example.com": "550 gone"}
    settings = settings_of(mail_channel(postbox, "a@example.com", "b@example.com"))
    queue(store, settings)
    for hour in range(5):
        deliver_due(store, settings, NOW + hour * HOUR)
    assert outbox.counts(store) == {"pending": 0, "sent": 0, "dead": 4}, "two alerts, and one notice of each"


def test_one_busy_recipient_is_tried_again_alone(store: Store, postbox: Postbox) -> None:
    postbox.recipients["busy@example.com"] = "450 busy"
    settings = settings_of(mail_channel(postbox, "busy@example.com", "ann@example.com"))
    queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert (summary.sent, summary.retried) == (1, 1)
    postbox.recipients.clear()
    assert deliver_due(store, settings, NOW + HOUR).sent == 1
    assert [to for to, _mail in postbox.mails] == ["ann@example.com", "busy@example.com"]


def test_d04_a_dropped_answer_makes_a_duplicate_with_the_same_message_id(store: Store, postbox: Postbox) -> None:
    postbox.answers = ["drop"]
    settings = settings_of(mail_channel(postbox))
    (alert_id,) = queue(store, settings)
    assert deliver_due(store, settings, NOW).sent == 0
    assert deliver_due(store, settings, NOW + HOUR).sent == 1
    assert [mail["Message-ID"] for _to, mail in postbox.mails] == [f"<{alert_id}@example.com>"] * 2


def test_d08_a_410_switches_the_channel_off_and_keeps_its_alerts(
    store: Store, httpserver: HTTPServer, postbox: Postbox
) -> None:
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=410)
    httpserver.expect_ordered_request("/hook").respond_with_data("")
    hook = hook_channel(httpserver.url_for("/hook"))
    (alert_id,) = queue(store, settings_of(hook))
    settings = settings_of(hook, mail_channel(postbox))
    summary = deliver_due(store, settings, NOW)
    assert summary.disabled == ("hook",)
    assert deliver_due(store, settings, NOW + HOUR * 24).failures == ()
    assert len(httpserver.log) == 1
    assert [mail["Subject"] for _to, mail in postbox.mails] == ["Pricefall could not deliver to hook"]
    outbox.enable_channel(store, "hook")
    assert deliver_due(store, settings, NOW + HOUR * 25).sent == 1
    assert ids_at(httpserver) == [alert_id, alert_id]


@responses.activate
def test_d09_retry_after_is_obeyed(store: Store) -> None:
    url = "https://hooks.example.com/x"
    responses.post(url, status=429, headers={"Retry-After": "7200"})
    settings = settings_of(hook_channel(url))
    queue(store, settings)
    deliver_due(store, settings, NOW)
    assert deliver_due(store, settings, NOW + timedelta(seconds=7199)).failures == ()
    assert len(deliver_due(store, settings, NOW + timedelta(seconds=7200)).failures) == 1


def test_d15_a_message_that_is_always_refused_dies_and_the_queue_goes_on(store: Store, httpserver: HTTPServer) -> None:
    settings = settings_of(hook_channel(httpserver.url_for("/hook")))
    poison, good = *queue(store, settings), *queue(store, settings, change(provider="zhipu"))
    httpserver.expect_request("/hook", headers={"webhook-id": poison}).respond_with_data("no", status=400)
    httpserver.expect_request("/hook").respond_with_data("")
    first = deliver_due(store, settings, NOW)
    assert first.sent == 1, "a refused message does not hold back another provider's"
    now = NOW
    for _ in range(Refused.tries):
        now += timedelta(days=1)
        deliver_due(store, settings, now)
    assert outbox.get_alert(store, poison).state == "dead"
    assert ids_at(httpserver).count(poison) == Refused.tries
    assert ids_at(httpserver).count(good) == 1


def test_d14_a_later_change_never_overtakes_a_stuck_one_and_other_channels_go_on(
    store: Store, httpserver: HTTPServer, postbox: Postbox
) -> None:
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=400)
    httpserver.expect_ordered_request("/hook").respond_with_data("")
    httpserver.expect_ordered_request("/hook").respond_with_data("")
    settings = settings_of(hook_channel(httpserver.url_for("/hook")), mail_channel(postbox))
    cut, rise = queue(store, settings), queue(store, settings, change(old="1", new="2"))
    summary = deliver_due(store, settings, NOW)
    assert summary.sent == 2, "both mails"
    assert ids_at(httpserver) == [cut[0]]
    deliver_due(store, settings, NOW + HOUR)
    assert ids_at(httpserver) == [cut[0], cut[0], rise[0]]
    assert [mail["X-Pricefall-Alert"] for _to, mail in postbox.mails] == [cut[1], rise[1]]


def test_d11_death_between_sending_and_marking_repeats_the_same_id(
    store: Store, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    settings = settings_of(hook_channel(httpserver.url_for("/hook")))
    (alert_id,) = queue(store, settings)
    (other,) = queue(store, settings, change(provider="zhipu"))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            deliver_due(store, settings, NOW)
    assert deliver_due(store, settings, NOW).sent == 1, "what was not begun was given back"
    assert ids_at(httpserver) == [alert_id, other], "the lease of the other still runs"
    assert deliver_due(store, settings, NOW + timedelta(seconds=sender.LEASE_S)).sent == 1
    assert ids_at(httpserver) == [alert_id, other, alert_id]


def test_d13_a_second_sender_leaves_a_leased_alert_alone(store: Store, tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    settings = settings_of(hook_channel(httpserver.url_for("/hook")))
    queue(store, settings)
    queue(store, settings, change(old="1", new="2"))
    outbox.lease(store, NOW, 60, 1)
    with Store.open(tmp_path / "pricefall.db") as second:
        assert deliver_due(second, settings, NOW).sent == 0
    assert not httpserver.log


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
    clock = iter([0, 0, 200, 200, 200, 200, 400, 400, 400])
    monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=clock.__next__))
    settings = settings_of(mail_channel(postbox))
    for provider in ("a", "b", "c"):
        queue(store, settings, change(provider=provider))
    assert deliver_due(store, settings, NOW).sent == 3
    assert [mail["Subject"][0] for _to, mail in postbox.mails] == ["a", "b", "c"]
    assert list(clock) == []


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


def test_s12_no_secret_in_log_database_or_summary(
    store: Store,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    httpserver: HTTPServer,
    open_postbox: Callable[..., Postbox],
) -> None:
    caplog.set_level(logging.DEBUG)
    postbox = open_postbox(log_in=True, auth_require_tls=False, auth_required=False)
    postbox.accepts_log_in = False
    httpserver.expect_request("/hook-canary").respond_with_data(f"who is {SIGNING_SECRET}?", status=400)
    settings = settings_of(
        mail_channel(postbox, username="ann", password=Secret(PASSWORD)),
        hook_channel(httpserver.url_for("/hook-canary")),
    )
    queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert len(summary.failures) == 2
    assert postbox.log_ins, "the server saw the password and repeated it"
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("monitor"))
    assert "could not deliver to mail/ann@example.com" in ours
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("pricefall.db"))
    for place in (ours, repr(summary), repr(settings), kept.decode("latin-1")):
        assert "canary" not in place
        assert SIGNING_SECRET not in place


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
    assert send_test(settings, "mail", NOW) == ("mail/ann@example.com", "mail/bob@example.com")
    assert [(to, message["Subject"]) for to, message in postbox.mails] == [
        ("ann@example.com", "Pricefall 测试消息"),
        ("bob@example.com", "Pricefall 测试消息"),
    ]
    assert send_test(settings, "hook", datetime.now(UTC)) == ("hook",)
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
