"""The table *Delivery*: faults between the outbox and a receiver. Each test names the row that it shows."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from monitor.alerts import posting
from monitor.alerts.errors import Refused
from monitor.alerts.sender import WAITS_S, deliver_due
from monitor.alerts.webhook import signed_headers
from monitor.channel_secrets import Secret
from monitor.settings import Settings
from storage import outbox
from storage.store import Store
from tests.e2e.place import PRICES, Place, is_killed
from tests.faults.receiver import Receiver, wait_until
from tests.monitor.alerts.conftest import Certificate
from tests.monitor.alerts.parts import (
    NOW,
    PASSWORD,
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
KILL_AT = Path(__file__).parents[1] / "e2e" / "kill_at.py"
CHEAPER = {**PRICES, "aurora-large": ("2.50", "15.00")}


def message_ids(postbox: Postbox) -> list[str]:
    return [mail["Message-ID"] for _to, mail in postbox.mails]


@pytest.mark.parametrize("fault", ["refused", "no such name", "says nothing"])
def test_D01_a_mail_server_that_is_away_keeps_the_alert_pending_and_gets_it_later(
    store: Store, postbox: Postbox, fault: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = {
            "refused": mail_channel(Postbox(unused_port())),
            "no such name": mail_channel(postbox, host="no-such-host.invalid"),
            "says nothing": mail_channel(Postbox(silent.getsockname()[1]), timeout_s=0.2),
        }[fault]
        (alert_id,) = queue(store, settings_of(away))
        (failure,) = deliver_due(store, settings_of(away), NOW).failures
    assert "mail server" in failure.error
    waiting = outbox.get_alert(store, alert_id)
    assert (waiting.state, waiting.attempts) == ("pending", 1)
    assert NOW < waiting.next_attempt_at <= NOW + timedelta(seconds=6)
    back = settings_of(mail_channel(postbox))
    assert deliver_due(store, back, NOW).sent == 0, "it waits for its turn"
    assert deliver_due(store, back, NOW + HOUR).sent == 1
    assert message_ids(postbox) == [f"<{alert_id}@example.com>"]


@pytest.mark.parametrize("answer", ["421 closing", "451 try later", "452 no room"])
@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_D02_a_4xx_is_tried_again_until_it_is_taken(store: Store, postbox: Postbox, answer: str, step: str) -> None:
    if step == "RCPT":
        postbox.recipients["ann@example.com"] = answer
    else:
        postbox.answers = [answer]
    settings = settings_of(mail_channel(postbox))
    (alert_id,) = queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert (summary.retried, summary.dead) == (1, 0)
    assert answer in summary.failures[0].error
    assert outbox.get_alert(store, alert_id).next_attempt_at > NOW
    postbox.recipients.clear()
    assert deliver_due(store, settings, NOW + HOUR).sent == 1
    assert message_ids(postbox) == [f"<{alert_id}@example.com>"]


def test_D03_one_refused_recipient_of_two_is_dead_and_reported_and_the_other_gets_it_once(
    store: Store, postbox: Postbox
) -> None:
    postbox.recipients["gone@example.com"] = "550 no such user"
    settings = settings_of(mail_channel(postbox, "gone@example.com", "ann@example.com"))
    gone, taken = queue(store, settings)
    summary = deliver_due(store, settings, NOW)
    assert [(failure.channel, failure.is_dead) for failure in summary.failures] == [("mail/gone@example.com", True)]
    for hours in range(1, 100, 9):
        deliver_due(store, settings, NOW + hours * HOUR)
    dead, sent = outbox.get_alert(store, gone), outbox.get_alert(store, taken)
    assert (dead.state, dead.attempts, sent.state) == ("dead", 1, "sent")
    assert "550 no such user" in (dead.last_error or "")
    assert "correct `to`" in (dead.last_error or "")
    subjects = [(to, mail["Subject"]) for to, mail in postbox.mails]
    assert subjects == [
        ("ann@example.com", "deepseek: price cut, deepseek-chat input: ¥2 → ¥1 per 1M tokens (-50%)"),
        ("ann@example.com", "Pricefall could not deliver to mail/gone@example.com"),
    ]


def test_D04_a_drop_before_the_answer_repeats_the_message_id_and_loses_nothing(store: Store, postbox: Postbox) -> None:
    postbox.answers = ["drop", "drop"]
    settings = settings_of(mail_channel(postbox))
    (alert_id,) = queue(store, settings)
    assert deliver_due(store, settings, NOW).retried == 1
    assert deliver_due(store, settings, NOW + HOUR).retried == 1
    assert deliver_due(store, settings, NOW + 2 * HOUR).sent == 1
    assert message_ids(postbox) == [f"<{alert_id}@example.com>"] * 3, "a duplicate is possible, a loss is not"
    assert outbox.counts(store)["sent"] == 1


@pytest.mark.parametrize("fault", ["no STARTTLS", "bad certificate", "log-in refused"])
def test_D05_nothing_goes_in_plain_text_and_no_secret_into_the_log(
    store: Store,
    tmp_path: Path,
    open_postbox: Callable[..., Postbox],
    make_certificate: Callable[[str], Certificate],
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    certificate = make_certificate("mx.example.com" if fault == "bad certificate" else "127.0.0.1")
    tls = {} if fault == "no STARTTLS" else {"tls_context": certificate.server_context()}
    postbox = open_postbox(log_in=True, auth_require_tls=False, auth_required=False, **tls)
    postbox.accepts_log_in = False
    settings = settings_of(
        mail_channel(
            postbox, security="starttls", username="ann", password=Secret(PASSWORD), ca_file=certificate.ca_file
        )
    )
    queue(store, settings)
    (failure,) = deliver_due(store, settings, NOW).failures
    words = {
        "no STARTTLS": "offers no STARTTLS; nothing was sent in plain text",
        "bad certificate": "certificate that does not hold",
        "log-in refused": "refuses the log-in of 'ann'",
    }
    assert words[fault] in failure.error
    assert not postbox.mails
    assert bool(postbox.log_ins) == (fault == "log-in refused"), "only a verified server hears the password"
    assert outbox.counts(store)["pending"] == 1
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("monitor"))
    assert "could not deliver to mail/ann@example.com" in ours
    assert PASSWORD not in ours + failure.error


def test_D06_a_storm_of_500_for_three_days_ends_in_a_dead_letter_a_notice_and_a_replay(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.hook.status = 500
    place.show(CHEAPER)
    place.run()
    settings = _settings_of(place)
    with Store.open(place.folder / "prices.db") as store:
        (waiting,) = outbox.list_alerts(store, state="pending")
        tried = [waiting.created_at]
        while outbox.get_alert(store, waiting.id).state == "pending":
            tried.append(outbox.get_alert(store, waiting.id).next_attempt_at)
            assert deliver_due(store, settings, tried[-1]).retried + outbox.counts(store)["dead"] == 1
    assert len(tried) == len(WAITS_S) + 1, "ten tries"
    assert timedelta(hours=75) <= tried[-1] - tried[0] <= timedelta(hours=83.5)
    for (earlier, later), wait in zip(pairwise(tried), WAITS_S, strict=True):
        assert wait <= (later - earlier).total_seconds() <= wait * 1.1 + 2
    assert [mail["Subject"] for mail in place.mails.messages][1:] == ["Pricefall could not deliver to hook"]
    notice = place.mails.messages[1].get_body(("plain",)).get_content()
    assert "answers 500" in notice
    assert "pricefall alerts retry" in notice
    place.hook.status = 200
    again = place.call("alerts", "retry", waiting.id)
    assert again.returncode == 0, again.stderr
    assert [headers["webhook-id"] for headers, _body in place.hook.bodies] == [waiting.id]


def _settings_of(place: Place) -> Settings:
    from monitor.settings import load_settings

    return load_settings(place.folder / "pricefall.toml")


def test_D07_a_timeout_after_the_work_was_done_repeats_the_same_id(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "TIMEOUTS", (1, 0.3))
    receiver.acts = ["stall"]
    settings = settings_of(hook_channel(receiver.url))
    (alert_id,) = queue(store, settings)
    (failure,) = deliver_due(store, settings, NOW).failures
    assert "did not answer in time; should it have the message, the next try has the same webhook-id" in failure.error
    assert deliver_due(store, settings, NOW + HOUR).sent == 1
    assert receiver.took == [alert_id, alert_id]


def test_D08_a_410_switches_the_endpoint_off_tells_the_others_and_keeps_its_alerts(
    store: Store, receiver: Receiver, postbox: Postbox
) -> None:
    receiver.acts = [410]
    hook = hook_channel(receiver.url)
    first, second = queue(store, settings_of(hook))[0], queue(store, settings_of(hook), change(provider="zhipu"))[0]
    settings = settings_of(hook, mail_channel(postbox))
    summary = deliver_due(store, settings, NOW)
    assert summary.disabled == ("hook",)
    assert list(outbox.disabled_channels(store)) == ["hook"]
    assert deliver_due(store, settings, NOW + 24 * HOUR).failures == ()
    assert receiver.ids == [first]
    assert [mail["Subject"] for _to, mail in postbox.mails] == ["Pricefall could not deliver to hook"]
    outbox.enable_channel(store, "hook")
    assert deliver_due(store, settings, NOW + 25 * HOUR).sent == 2
    assert sorted(receiver.ids) == sorted([first, first, second])


@pytest.mark.parametrize(("said", "waits_s"), [("7200", 7200), ("999999999", 86400), ("soon", 5.5), ("-60", 5.5)])
@pytest.mark.parametrize("status", [429, 503])
def test_D09_retry_after_is_obeyed_by_all_that_waits_for_the_endpoint_up_to_a_day(
    store: Store, receiver: Receiver, status: int, said: str, waits_s: float
) -> None:
    receiver.acts = [(status, said)]
    settings = settings_of(hook_channel(receiver.url))
    (first,) = queue(store, settings)
    (other,) = queue(store, settings, change(provider="zhipu"))
    deliver_due(store, settings, NOW)
    assert receiver.ids == [first]
    if waits_s > 60:
        deliver_due(store, settings, NOW + timedelta(seconds=waits_s - 1))
        assert receiver.ids == [first], "neither this alert nor another one comes too early"
    assert deliver_due(store, settings, NOW + timedelta(seconds=waits_s)).sent == 2
    assert sorted(receiver.took) == sorted([first, other])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (302, "redirects are not followed"),
        (307, "redirects are not followed"),
        (400, "refuses the message with 400"),
        (404, "refuses the message with 404"),
        ("garbage", "talks no HTTP"),
        ("drop", "cannot be reached or talks no HTTP"),
    ],
)
def test_D10_an_answer_that_is_no_yes_is_a_failure_and_nothing_is_followed(
    store: Store, receiver: Receiver, act: int | str, words: str
) -> None:
    receiver.acts = [act]
    settings = settings_of(hook_channel(receiver.url))
    (alert_id,) = queue(store, settings)
    (failure,) = deliver_due(store, settings, NOW).failures
    assert words in failure.error
    assert not failure.is_dead
    assert receiver.ids == [alert_id], "a redirect would be a second request"
    assert deliver_due(store, settings, NOW + HOUR).sent == 1


_SENDS_ONE = """
import resource, sys
from datetime import timedelta
from pathlib import Path
from monitor.alerts.sender import deliver_due
from storage.store import Store
from tests.monitor.alerts.parts import NOW, hook_channel, settings_of
with Store.open(Path(sys.argv[1])) as store:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (failure,) = deliver_due(store, settings_of(hook_channel(sys.argv[2])), NOW).failures
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, failure.error)
"""


def test_D10_of_an_answer_of_100_MB_little_is_read(store: Store, tmp_path: Path, receiver: Receiver) -> None:
    receiver.acts = ["flood"]
    queue(store, settings_of(hook_channel(receiver.url)))
    command = [sys.executable, "-c", _SENDS_ONE, str(tmp_path / "pricefall.db"), receiver.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    grown_kb, _, error = done.stdout.partition(" ")
    assert int(grown_kb) < 20_000, "the process grows by less than a fifth of the answer"
    assert receiver.flooded < 20_000_000, "the rest was never taken"
    assert "answers 500" in error
    assert len(error) < 400


def test_D11_death_between_sending_and_marking_repeats_the_same_id(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    _die_at(place, "sent")
    assert len(place.mails.messages) + len(place.hook.bodies) == 1, "it died after the first message"
    assert place.call("alerts", "retry", "--now").returncode == 0
    ids = [mail["Message-ID"] for mail in place.mails.messages] + [h["webhook-id"] for h, _body in place.hook.bodies]
    assert len(ids) == 3, "one duplicate for one kill"
    assert len(set(ids)) == 2
    assert place.query("select state, count(*) n from alerts group by 1") == [{"state": "sent", "n": 2}]


def test_D12_death_between_commit_and_sending_is_made_good_at_the_next_start(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    _die_at(place, "finished")
    assert place.query("select state, count(*) n from alerts group by 1") == [{"state": "pending", "n": 2}]
    assert (place.mails.messages, place.hook.bodies) == ([], [])
    place.run()
    assert (len(place.mails.messages), len(place.hook.bodies)) == (1, 1)
    assert "aurora-large" in place.mails.messages[0]["Subject"]


def _die_at(place: Place, step: str) -> None:
    command = [sys.executable, str(KILL_AT), step, "1", "--", *place.command("run", "--only", "aurora")[3:]]
    dead = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert is_killed(dead.returncode), dead.stderr.decode()


def test_D13_a_second_sender_leaves_a_leased_alert_and_what_follows_it_alone(
    store: Store, tmp_path: Path, receiver: Receiver
) -> None:
    settings = settings_of(hook_channel(receiver.url))
    (cut,), (rise,) = queue(store, settings), queue(store, settings, change(old="1", new="2"))
    receiver.acts = ["stall"]
    first = threading.Thread(target=_send, args=(tmp_path / "pricefall.db", settings))
    first.start()
    wait_until(lambda: receiver.ids == [cut])
    assert deliver_due(store, settings, NOW).sent == 0, "the first sender holds it, and the rise comes after it"
    receiver.closed.set()
    first.join(20)
    later = NOW + HOUR
    while outbox.counts(store)["pending"]:
        deliver_due(store, settings, later)
        later += HOUR
    assert receiver.took == [cut, cut, rise], "no duplicate but that of the receiver which never answered"


def _send(database: Path, settings: Settings) -> None:
    with Store.open(database) as store:
        deliver_due(store, settings, NOW)


def test_D14_a_later_change_never_overtakes_a_stuck_one_and_other_channels_go_on(
    store: Store, receiver: Receiver, postbox: Postbox
) -> None:
    receiver.acts = [400]
    settings = settings_of(hook_channel(receiver.url), mail_channel(postbox))
    cut, rise = queue(store, settings), queue(store, settings, change(old="1", new="2"))
    other = queue(store, settings, change(provider="zhipu"))
    deliver_due(store, settings, NOW)
    assert receiver.ids == [cut[0], other[0]]
    assert [mail["X-Pricefall-Alert"] for _to, mail in postbox.mails] == [cut[1], other[1], rise[1]]
    deliver_due(store, settings, NOW + HOUR)
    assert receiver.ids == [cut[0], other[0], cut[0], rise[0]]


def test_D15_a_poison_message_is_dead_after_its_tries_and_the_queue_goes_on(store: Store, receiver: Receiver) -> None:
    settings = settings_of(hook_channel(receiver.url))
    (poison,), (behind,) = queue(store, settings), queue(store, settings, change(old="1", new="2"))
    (other,) = queue(store, settings, change(provider="zhipu"))
    receiver.choose = lambda alert_id: 400 if alert_id == poison else 204
    assert deliver_due(store, settings, NOW).sent == 1, "a refused message does not hold back another provider's"
    for days in range(1, Refused.tries + 1):
        deliver_due(store, settings, NOW + timedelta(days=days))
    assert outbox.get_alert(store, poison).state == "dead"
    assert receiver.ids.count(poison) == Refused.tries
    assert receiver.took == [other, behind]


def test_D17_the_same_change_found_again_after_a_restored_backup_has_the_same_ids(place: Place) -> None:
    place.show(PRICES)
    place.run()
    database, backup = place.folder / "prices.db", place.folder / "backup.db"
    with sqlite3.connect(database) as live, sqlite3.connect(backup) as copy:
        live.backup(copy)
    live.close()
    copy.close()
    place.show(CHEAPER)
    place.run()
    for leftover in place.folder.glob("prices.db-*"):
        leftover.unlink()
    shutil.copy(backup, database)
    place.run()
    hooks = [headers["webhook-id"] for headers, _body in place.hook.bodies]
    mails = [mail["Message-ID"] for mail in place.mails.messages]
    assert len(hooks) == len(mails) == 2
    assert len(set(hooks)) == len(set(mails)) == 1, "receivers drop the second"


def test_D18_500_cuts_in_one_run_are_one_message_of_20_kB_with_a_file(place: Place) -> None:
    place.show({f"aurora-{n:03}": (str(20 + n), "15.00") for n in range(500)})
    place.run()
    place.show({f"aurora-{n:03}": (f"{(20 + n) * (0.99 - n / 2000):.4f}", "15.00") for n in range(500)})
    place.run()
    place.run()
    assert place.query("select count(*) n from events where kind = 'cut'") == [{"n": 500}]
    (mail,) = place.mails.messages
    ((_headers, body),) = place.hook.bodies
    assert mail["Subject"].endswith(", and 499 more")
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert len(part.get_content().encode()) <= 20_000
    attached, sheet = mail.iter_attachments()
    assert len(json.loads(attached.get_content())["data"]["events"]) == 500
    assert len(sheet.get_content().splitlines()) == 501
    told = json.loads(body)["data"]
    assert len(body) <= 256 * 1024
    assert len(told["events"]) + told["more"]["count"] == 500
    assert place.query("select json_array_length(event_ids) n from alerts") == [{"n": 500}, {"n": 500}]


def test_D19_two_secrets_sign_a_replay_has_the_same_id_and_an_old_timestamp_is_refused(
    store: Store, receiver: Receiver
) -> None:
    other = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXI="
    channel = hook_channel(receiver.url, previous_secret=Secret(other))
    (alert_id,) = queue(store, settings_of(channel))
    deliver_due(store, settings_of(channel), NOW)
    ((headers, body),) = receiver.seen
    for secret in (SIGNING_SECRET, other):
        assert Webhook(secret).verify(body, headers)["id"] == alert_id == headers["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "eWV0LWFub3RoZXIteWV0LWFub3RoZXI=").verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SIGNING_SECRET).verify(body, {**headers, "webhook-id": "msg_another"})
    old = signed_headers(channel, alert_id, body, datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SIGNING_SECRET).verify(body, old)


def test_D20_a_full_outbox_is_led_by_its_index_in_bounded_batches_and_told(
    store: Store, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(hook_channel(receiver.url))
    queue(store, settings)
    small = _seconds_to_lease(store)
    template = dict(store.connection.rows("SELECT * FROM alerts")[0])
    del template["seq"]
    names = ", ".join(template)
    marks = ", ".join(f":{name}" for name in template)
    with store.connection.write() as sql:
        sql.executemany(
            f"INSERT INTO alerts ({names}) VALUES ({marks})",
            ({**template, "id": f"msg_{n}", "order_key": f"provider-{n % 40}"} for n in range(100_000)),
        )
    statements: list[str] = []
    store.connection.raw.set_trace_callback(statements.append)
    assert len(outbox.lease(store, NOW, 60, 10)) == 10
    store.connection.raw.set_trace_callback(None)
    (query,) = [text for text in statements if "heads" in text]
    plan = [row["detail"] for row in store.connection.rows(f"EXPLAIN QUERY PLAN {query}")]
    first_row = "SCAN alerts USING INDEX alerts_pending"  # of an ordered index, with LIMIT 1
    whole = [line for line in plan if line.startswith("SCAN") and line not in {"SCAN CONSTANT ROW", first_row}]
    assert {line.split()[1] for line in whole} <= {"heads", "channels", "json_each"}, plan
    assert sum("INDEX alerts_pending" in line for line in plan) == 4, plan  # the last: what takes a waiting head along
    full = min(_seconds_to_lease(store) for _ in range(5))
    assert full < max(0.05, 20 * small), f"{full:.4f} s beside {small:.4f} s"
    began = time.monotonic()
    assert deliver_due(store, settings, NOW + HOUR, limit=5).sent == 5
    assert time.monotonic() - began < 10
    assert "wait in the outbox" in caplog.text


def _seconds_to_lease(store: Store) -> float:
    began = time.perf_counter()
    leased = outbox.lease(store, NOW, 60, 10)
    seconds = time.perf_counter() - began
    outbox.release(store, leased)
    return seconds
