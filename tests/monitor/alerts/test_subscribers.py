"""Subscribers: own mails by own rules, nobody's address in another's, and a way out that holds at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.sender import deliver_due
from monitor.alerts.withdrawal import Undoing, settle
from monitor.effects import Effect
from monitor.rules import alerts_for
from monitor.settings import Rule, Settings
from monitor.subscribers import CHANNEL, Subscriber, SubscriberSettings, address_of, token_of, with_subscribers
from monitor.workloads import Use, Workload
from scrapers.fetching import FetchSettings
from storage import outbox
from storage.nouns import Event
from storage.store import Store
from storage.subscriber_notes import leave_note, notes_path
from storage.subscribers import Note, signing_key
from tests.monitor.alerts.parts import NOW, Postbox, change, hook_channel, mail_channel, settings_of, unused_port

ANN, BOB, LI = "ann@example.com", "bob@example.net", "li@example.cn"
URL = "https://prices.example.com/leave"


def reader(address: str, **facts: Any) -> Subscriber:
    rule = facts.pop("rule", {})
    return Subscriber(address, (Rule("all", (CHANNEL,), **rule),), **facts)


def settings_with(postbox: Postbox, *subscribers: Subscriber, **changes: Any) -> Settings:
    server = mail_channel(postbox)
    settings = Settings(None, Path("db"), Path("archive"), Path("providers"), fetch=FetchSettings())
    subscription = SubscriberSettings(server, URL)
    return replace(settings, subscribers=subscribers, subscription=subscription, **changes)


def tell(store: Store, settings: Settings, *events: Event, **more: Any) -> None:
    outbox.enqueue(store, alerts_for(events or [change()], settings, **more), NOW)


def text_of(mail: Any, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def test_each_gets_a_mail_of_their_own_and_nobody_sees_another_address(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN), reader(BOB))
    tell(store, settings)
    assert deliver_due(store, settings, NOW).sent == 2
    assert sorted(recipient for recipient, _mail in postbox.mails) == [ANN, BOB]
    for recipient, mail in postbox.mails:
        assert mail["To"] == recipient
        assert mail["Cc"] is None
        assert (BOB if recipient == ANN else ANN) not in mail.as_string()


def test_a_mail_has_a_signed_link_to_leave_and_one_click_does_it(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    ((_to, mail),) = postbox.mails
    link = str(mail["List-Unsubscribe"]).strip("<>")
    token = link.removeprefix(f"{URL}?t=")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{link}>" in text_of(mail)
    assert f'href="{link}"' in text_of(mail, "html")
    assert "ann" not in token.lower()
    assert address_of(token, [BOB, "Ann@Example.com"], signing_key(store.connection)) == "Ann@Example.com"
    assert address_of(token[:-1] + ("A" if token[-1] != "A" else "B"), [ANN, BOB], b"k" * 32) is None
    assert address_of(token, [BOB], signing_key(store.connection)) is None
    assert address_of(token_of(ANN, b""), [ANN], None) is None, "a token of no key is nobody's"


def test_without_an_endpoint_a_mail_to_the_sender_is_the_way_out(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN))
    settings = replace(settings, subscription=replace(settings.subscription, unsubscribe_url=None))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    ((_to, mail),) = postbox.mails
    assert re.fullmatch(
        r"<mailto:pricefall@example\.com\?subject=unsubscribe%20[\w-]{43}>", str(mail["List-Unsubscribe"])
    )
    assert mail["List-Unsubscribe-Post"] is None


def leave(store: Store, address: str = ANN) -> None:
    leave_note(store.path, Note("unsubscribe", address, NOW, "unsubscribed by the link of a message"))


def test_who_left_is_not_mailed_what_was_queued_before_and_it_is_withdrawn_with_the_reason(
    store: Store, postbox: Postbox
) -> None:
    settings = settings_with(postbox, reader(ANN), reader(BOB), reader(LI, rule={"deliver": "daily"}))
    tell(store, settings)
    leave(store, ANN.upper())
    leave(store, LI)
    assert deliver_due(store, settings, NOW + timedelta(days=2)).sent == 1
    assert [recipient for recipient, _mail in postbox.mails] == [BOB]
    withdrawn = {alert.channel: alert for alert in outbox.list_alerts(store, state="withdrawn")}
    assert set(withdrawn) == {f"subscriber/{ANN}", f"subscriber/{LI}"}
    assert withdrawn[f"subscriber/{ANN}"].last_error == "unsubscribed by the link of a message"
    assert notes_path(store.path).read_bytes() == b"", "the note was taken in"


def test_a_click_between_two_messages_of_one_round_holds(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN))
    tell(store, settings, change(), change(provider="zhipu"))

    def click() -> str:
        leave(store)
        return "250 OK"

    postbox.throw = click
    assert deliver_due(store, settings, NOW).sent == 1
    assert len(postbox.mails) == 1
    assert outbox.list_alerts(store, state="pending") == ()


def test_the_same_address_named_anew_stays_unsubscribed_until_it_is_resubscribed(
    store: Store, postbox: Postbox
) -> None:
    settings = settings_with(postbox, reader(ANN))
    leave(store)
    deliver_due(store, settings_with(postbox), NOW)  # nobody in the settings: the word is kept all the same
    tell(store, settings)
    assert deliver_due(store, settings, NOW).sent == 0
    leave_note(store.path, Note("resubscribe", ANN, NOW))
    tell(store, settings, change(new="0.5"))
    assert deliver_due(store, settings, NOW).sent == 1


def test_a_message_that_was_given_up_is_not_woken_for_who_left(store: Store, postbox: Postbox) -> None:
    postbox.recipients = {ANN: "550 no such user"}
    settings = settings_with(postbox, reader(ANN))
    tell(store, settings)
    assert deliver_due(store, settings, NOW).dead == 1
    leave(store)
    deliver_due(store, settings, NOW)
    assert outbox.retry_dead(store, NOW) == 0


def test_who_is_added_by_command_is_mailed_and_who_is_removed_is_not(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox)
    form = {"address": LI, "language": "zh", "rule": [{"id": "mine", "providers": ["deepseek"]}]}
    leave_note(store.path, Note("add", LI, NOW, form=form))
    tell(store, with_subscribers(store, settings), change(), change(provider="zhipu"))
    assert deliver_due(store, settings, NOW).sent == 1
    ((recipient, mail),) = postbox.mails
    assert (recipient, mail["Subject"]) == (LI, "deepseek：deepseek-chat 输入降价：2 → 1 元/百万 tokens（-50%）")
    assert "退订" in text_of(mail)
    leave_note(store.path, Note("remove", LI, NOW, "removed by command"))
    assert with_subscribers(store, settings).subscribers == ()


def test_rules_language_and_digest_are_each_ones_own(store: Store, postbox: Postbox) -> None:
    settings = settings_with(
        postbox,
        reader(ANN, rule={"kinds": ("raise",)}),
        reader(BOB, rule={"deliver": "weekly", "digest_day": 0}),
        reader(LI, language="zh", rule={"models": ("deepseek*",)}),
    )
    tell(store, settings)
    assert deliver_due(store, settings, NOW).sent == 1
    assert [recipient for recipient, _mail in postbox.mails] == [LI]
    assert deliver_due(store, settings, NOW + timedelta(days=7)).sent == 1
    assert [recipient for recipient, _mail in postbox.mails] == [LI, BOB]
    assert str(postbox.mails[1][1]["Subject"]).startswith("Weekly digest: deepseek: price cut")


def test_a_second_currency_stands_behind_the_printed_price_and_is_marked(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN, currency="USD"), reader(LI, currency="CNY", language="zh"))
    tell(store, settings)

    def convert(currency: str, other: str, on: date) -> tuple[Fraction, date]:
        assert (currency, other, on) == ("CNY", "USD", NOW.date())
        return Fraction(138, 1000), date(2026, 5, 1)

    deliver_due(store, settings, NOW, convert=convert)
    texts = {recipient: text_of(mail) for recipient, mail in postbox.mails}
    assert "about $0.276 → $0.138, converted (ECB, 2026-05-01)" in texts[ANN]
    assert texts[ANN].index("¥2") < texts[ANN].index("$0.276")
    assert "欧洲央行" not in texts[LI], "it is printed in that currency"
    subjects = {recipient: str(mail["Subject"]) for recipient, mail in postbox.mails}
    assert "$" not in subjects[ANN]


def test_a_bill_is_told_to_whose_it_is_and_to_nobody_else(store: Store, postbox: Postbox) -> None:
    use = Use("deepseek", "deepseek-chat", (("input", 1_000_000),))
    workloads = (Workload("hers", (use,)), Workload("his", (use,)))
    settings = settings_with(
        postbox, reader(ANN, workloads=("hers",)), reader(BOB, workloads=("his",)), workloads=workloads
    )
    effects = {
        change().id: [
            Effect(name, "deepseek-chat", "CNY", Fraction(old), Fraction(1))
            for name, old in (("hers", 111), ("his", 222))
        ]
    }
    tell(store, settings, effects=effects)
    deliver_due(store, settings, NOW)
    texts = {recipient: text_of(mail) for recipient, mail in postbox.mails}
    assert ("111.00" in texts[ANN], "222.00" in texts[ANN]) == (True, False)
    assert ("111.00" in texts[BOB], "222.00" in texts[BOB]) == (False, True)


def test_a_hostile_model_name_stays_literal_and_adds_no_header(store: Store, postbox: Postbox) -> None:
    name = "<b>x</b>\r\nList-Unsubscribe: <https://evil.example>\r\nBcc: eve@example.com {rules}"
    settings = settings_with(postbox, reader(LI, language="zh"))
    tell(store, settings, change(name))
    deliver_due(store, settings, NOW)
    ((_to, mail),) = postbox.mails
    assert mail["Bcc"] is None
    assert mail.get_all("List-Unsubscribe") == [mail["List-Unsubscribe"]]
    assert str(mail["List-Unsubscribe"]).startswith(f"<{URL}?t=")
    assert "<b>x</b>" not in text_of(mail, "html")
    assert "&lt;b&gt;x&lt;/b&gt;" in text_of(mail, "html")


def test_a_subscriber_is_shown_no_command_of_the_operator(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    ((_to, mail),) = postbox.mails
    assert "pricefall evidence" not in text_of(mail)
    assert "pricefall" not in re.sub(r"<!?[^>]+>", "", text_of(mail, "html"))


def test_a_follow_up_of_what_was_undone_reaches_the_subscriber_who_was_told(store: Store, postbox: Postbox) -> None:
    settings = settings_with(postbox, reader(ANN, language="zh"))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    settled = settle(store, settings, [], [Undoing(change(), "a person said so")])
    outbox.enqueue(store, settled.alerts, NOW)
    deliver_due(store, settings, NOW)
    assert "已撤回" in str(postbox.mails[1][1]["Subject"])
    assert "退订" in text_of(postbox.mails[1][1])


def test_the_operators_chat_hears_of_a_dead_mailbox_once_a_day_and_not_whose_it_is(
    store: Store, postbox: Postbox
) -> None:
    postbox.recipients = {ANN: f"550 {ANN} does not exist", BOB: "550 no"}
    settings = settings_with(postbox, reader(ANN), reader(BOB), channels=(hook_channel("https://example.com/x"),))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    notices = outbox.list_alerts(store, channel="hook")
    assert len(notices) == 1
    assert ANN not in str(notices[0].payload)
    assert "a subscriber" in notices[0].payload["data"]["subject"]
    assert [alert.channel for alert in outbox.list_alerts(store, channel=ANN)] == [f"subscriber/{ANN}"]


def test_a_mail_server_that_is_away_is_asked_once_and_not_for_each_subscriber(store: Store) -> None:
    away = Postbox(unused_port())
    settings = settings_with(away, reader(ANN), reader(BOB), reader(LI))
    tell(store, settings)
    assert len(deliver_due(store, settings, NOW).failures) == 1


def test_operators_own_channels_are_as_they_were(store: Store, open_postbox: Callable[..., Postbox]) -> None:
    postbox = open_postbox()
    settings = settings_of(mail_channel(postbox, "ops@example.com"))
    tell(store, settings)
    deliver_due(store, settings, NOW)
    ((_to, mail),) = postbox.mails
    assert mail["List-Unsubscribe"] is None
    assert "Unsubscribe" not in text_of(mail)


@pytest.mark.parametrize("deed", ["unsubscribe", "resubscribe"])
def test_half_a_note_that_a_full_disk_left_spoils_no_other(store: Store, postbox: Postbox, deed: Any) -> None:
    with notes_path(store.path).open("wb") as file:
        file.write(b'{"deed": "unsubscribe", "addr\n')
    leave_note(store.path, Note(deed, ANN, NOW, "x"))
    deliver_due(store, settings_with(postbox, reader(ANN)), NOW)
    found = store.connection.rows("SELECT unsubscribed_why FROM subscribers WHERE key = ?", (ANN,))
    assert [row[0] for row in found] == ["x" if deed == "unsubscribe" else None]
