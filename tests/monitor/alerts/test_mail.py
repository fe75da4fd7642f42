from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.alerts.errors import NotNow, RefusedForGood
from monitor.alerts.mail import send_mail
from monitor.alerts.payload import Background, payload_of
from monitor.channel_secrets import Secret
from monitor.channels import EmailChannel
from monitor.price_lines import price_line
from storage.price_lines import KnownPrice
from tests.monitor.alerts.conftest import Certificate
from tests.monitor.alerts.parts import NOW, PASSWORD, Postbox, change, mail_channel, rate

YEAR = timedelta(days=360)


def send(channel: EmailChannel, **words: Any) -> None:
    payload = payload_of([change(**words)], "cuts", "en")
    send_mail(channel, channel.to[0], "msg_1", payload, "en", NOW)


def test_a_mail_has_both_parts_and_says_who_sent_it_and_when(postbox: Postbox) -> None:
    send(mail_channel(postbox))
    ((recipient, mail),) = postbox.mails
    assert recipient == mail["To"] == "ann@example.com"
    assert mail["Subject"] == "deepseek: price cut, deepseek-chat input: ¥2 → ¥1 per 1M tokens (-50%)"
    assert mail["Message-ID"] == "<msg_1@example.com>"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "¥2 → ¥1 per 1M tokens (-50%)" in plain.get_content()
    assert "¥2 → ¥1 per 1M tokens (-50%)" in html.get_content()
    assert list(mail.iter_attachments()) == []


def test_the_price_line_is_a_picture_of_the_mail_itself_and_the_same_when_it_is_sent_again(postbox: Postbox) -> None:
    channel = mail_channel(postbox)
    background = Background(lines={change().id: price_line(change(), [KnownPrice(rate(), NOW - YEAR, None)])})  # type: ignore[dict-item] # there is one
    payload = {"id": "msg_1", **payload_of([change()], "cuts", "en", background)}
    for _ in range(2):
        send_mail(channel, channel.to[0], "msg_1", payload, "en", NOW)
    mails = [mail for _to, mail in postbox.mails]
    (picture,) = (part for part in mails[0].walk() if part.get_content_type() == "image/png")
    page = mails[0].get_body(("html",))
    assert page is not None
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page.get_content()
    assert "¥2 (May 2025) → ¥1 (May 2026)" in page.get_content()  # the alternative text
    assert picture.get_content() == next(
        part.get_content() for part in mails[1].walk() if part.get_content_type() == "image/png"
    )
    assert picture["Content-ID"] in [part["Content-ID"] for part in mails[1].walk()]


def test_without_the_extra_for_pictures_the_line_is_text(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    channel = mail_channel(postbox)
    line = price_line(change(), [KnownPrice(rate(), NOW - YEAR, None)])
    assert line is not None
    payload = payload_of([change()], "cuts", "en", Background(lines={change().id: line}))
    send_mail(channel, channel.to[0], "msg_1", payload, "en", NOW)
    ((_to, mail),) = postbox.mails
    assert not [part for part in mail.walk() if part.get_content_maintype() == "image"]
    page = mail.get_body(("html",))
    assert page is not None
    assert "██▄" in page.get_content()


def test_what_does_not_fit_is_attached_as_json_and_as_a_sheet(postbox: Postbox) -> None:
    channel = mail_channel(postbox)
    events = [change(f"model-{number}", "9", "3") for number in range(100)]
    send_mail(channel, channel.to[0], "msg_1", payload_of(events, "cuts", "en"), "en", NOW)
    ((_to, mail),) = postbox.mails
    files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert list(files) == ["msg_1.json", "msg_1.csv"]


@pytest.mark.parametrize("answer", ["421 closing", "451 try later", "452 no room"])
def test_d02_a_4xx_is_tried_again(postbox: Postbox, answer: str) -> None:
    postbox.answers = [answer]
    with pytest.raises(NotNow, match=answer):
        send(mail_channel(postbox))
    assert not postbox.mails


def test_d02_a_4xx_to_the_recipient_is_tried_again(postbox: Postbox) -> None:
    postbox.recipients["ann@example.com"] = "450 mailbox busy"
    with pytest.raises(NotNow, match="450 mailbox busy"):
        send(mail_channel(postbox))


def test_d03_a_5xx_is_final_for_its_recipient(postbox: Postbox) -> None:
    postbox.recipients["ann@example.com"] = "550 no such user"
    with pytest.raises(RefusedForGood, match=r"refuses ann@example.com \(550 no such user\); correct `to`"):
        send(mail_channel(postbox))
    postbox.recipients, postbox.answers = {}, ["554 looks like spam"]
    with pytest.raises(RefusedForGood, match="554 looks like spam"):
        send(mail_channel(postbox))


def test_d04_a_drop_before_the_answer_is_sent_again_with_the_same_message_id(postbox: Postbox) -> None:
    postbox.answers = ["drop"]
    with pytest.raises(NotNow, match="without an answer"):
        send(mail_channel(postbox))
    send(mail_channel(postbox))
    assert [mail["Message-ID"] for _to, mail in postbox.mails] == ["<msg_1@example.com>"] * 2


def test_d01_a_refused_connection_and_a_wrong_name_are_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotNow, match=f"127.0.0.1:{port} cannot be reached"):
        send(mail_channel(Postbox(port)))
    with pytest.raises(NotNow, match="cannot be reached"):
        send(mail_channel(Postbox(port), host="no-such-host.invalid"))


def test_d01_a_server_that_says_nothing_is_left_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotNow, match="without an answer"):
        send(mail_channel(Postbox(silent.getsockname()[1]), timeout_s=0.2))


def test_a_goodbye_that_fails_does_not_undo_a_delivery() -> None:
    """A server that takes the mail and hangs up at QUIT has it; to send again would be a duplicate."""
    seen: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            for line in lines:
                seen.append(line)
                verb = line[:4].upper()
                if verb == b"QUIT":
                    connection.sendall(b"421 bye\r\n")
                    return
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    for part in lines:
                        if part == b".\r\n":
                            break
                connection.sendall(b"250 OK\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        send(mail_channel(Postbox(listener.getsockname()[1])))
        thread.join(5)
    assert seen[-1].upper() == b"QUIT\r\n"


def test_starttls_is_verified_and_the_log_in_goes_through_it(
    open_postbox: Callable[..., Postbox], make_certificate: Callable[[str], Certificate]
) -> None:
    certificate = make_certificate("127.0.0.1")
    postbox = open_postbox(tls_context=certificate.server_context(), require_starttls=True, log_in=True)
    send(
        mail_channel(
            postbox, security="starttls", username="ann", password=Secret(PASSWORD), ca_file=certificate.ca_file
        )
    )
    assert postbox.log_ins == [PASSWORD.encode()]
    assert len(postbox.mails) == 1


def test_tls_from_the_first_byte(
    open_postbox: Callable[..., Postbox], make_certificate: Callable[[str], Certificate]
) -> None:
    certificate = make_certificate("127.0.0.1")
    postbox = open_postbox(ssl_context=certificate.server_context())
    send(mail_channel(postbox, security="tls", ca_file=certificate.ca_file))
    assert len(postbox.mails) == 1


def test_d05_no_starttls_is_an_error_and_nothing_goes_in_plain_text(open_postbox: Callable[..., Postbox]) -> None:
    postbox = open_postbox(log_in=True, auth_require_tls=False, auth_required=False)
    channel = mail_channel(postbox, security="starttls", username="ann", password=Secret(PASSWORD))
    with pytest.raises(NotNow, match="offers no STARTTLS; nothing was sent in plain text"):
        send(channel)
    assert not postbox.mails
    assert not postbox.log_ins


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_d05_a_certificate_for_another_name_is_refused(
    open_postbox: Callable[..., Postbox], make_certificate: Callable[[str], Certificate], security: str
) -> None:
    certificate = make_certificate("mx.example.com")
    context = certificate.server_context()
    postbox = open_postbox(**({"ssl_context": context} if security == "tls" else {"tls_context": context}))
    with pytest.raises(NotNow, match="certificate that does not hold"):
        send(mail_channel(postbox, security=security, ca_file=certificate.ca_file))
    assert not postbox.mails


def test_d05_an_unknown_authority_is_refused(
    open_postbox: Callable[..., Postbox], make_certificate: Callable[[str], Certificate]
) -> None:
    postbox = open_postbox(tls_context=make_certificate("127.0.0.1").server_context())
    with pytest.raises(NotNow, match="name its authority in `ca_file`"):
        send(mail_channel(postbox, security="starttls"))
    assert not postbox.mails


def test_s12_a_refused_log_in_does_not_repeat_the_password(
    open_postbox: Callable[..., Postbox],
    make_certificate: Callable[[str], Certificate],
    caplog: pytest.LogCaptureFixture,
) -> None:
    certificate = make_certificate("127.0.0.1")
    postbox = open_postbox(tls_context=certificate.server_context(), log_in=True)
    postbox.accepts_log_in = False
    channel = mail_channel(
        postbox, security="starttls", username="ann", password=Secret(PASSWORD), ca_file=certificate.ca_file
    )
    with pytest.raises(NotNow, match="refuses the log-in of 'ann'") as refused:
        send(channel)
    assert postbox.log_ins, "the test needs a server that saw the password and repeats it"
    assert "535 no such password **********" in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    for place in (str(refused.value), repr(channel), f"{channel}", caplog.text):
        assert PASSWORD not in place


def test_plain_text_is_only_for_this_machine(monkeypatch: pytest.MonkeyPatch, postbox: Postbox) -> None:
    monkeypatch.setattr("monitor.alerts.mail.is_loopback", lambda _address: False)
    with pytest.raises(NotNow, match="is not this machine"):
        send(mail_channel(postbox))
    assert not postbox.mails


def test_s06_a_name_with_line_breaks_makes_no_second_header(postbox: Postbox) -> None:
    send(mail_channel(postbox), model="x\r\nBcc: eve@example.com\r\n\r\nhello\u202e\x00")
    ((_to, mail),) = postbox.mails
    assert mail["Bcc"] is None
    assert "x Bcc: eve@example.com hello input" in mail["Subject"]
    assert not {"\u202e", "\x00"} & set(mail["Subject"])


def test_chinese_words_arrive_through_a_seven_bit_server(postbox: Postbox) -> None:
    channel = mail_channel(postbox)
    payload = payload_of([change(model="豆包-pro")], "cuts", "zh")
    send_mail(channel, channel.to[0], "msg_1", payload, "zh", NOW)
    ((_to, mail),) = postbox.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert mail["Subject"].startswith("deepseek：豆包-pro 输入降价")
    assert "豆包-pro 输入" in plain.get_content()
    assert plain["Content-Transfer-Encoding"] in {"base64", "quoted-printable"}


def test_a_refused_sender_and_a_closed_server_are_named_and_tried_again() -> None:
    def serve(listener: socket.socket, answers: list[bytes]) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(answers.pop(0))
            while answers and lines.readline():
                connection.sendall(answers.pop(0))

    for answers, words in (
        ([b"421 come back later\r\n"], "answers 421 come back later"),
        ([b"220 here\r\n", b"250 hello\r\n", b"553 not from you\r\n"], "does not take mail from pricefall@example.com"),
        ([b"220 here\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"451 no disk\r\n"], "451 no disk"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener, answers))
            thread.start()
            with pytest.raises(NotNow, match=words):
                send(mail_channel(Postbox(listener.getsockname()[1])))
            thread.join(5)


@pytest.mark.parametrize("length", range(1, 60, 3))
def test_a_subject_keeps_its_spaces_wherever_it_is_folded(postbox: Postbox, length: int) -> None:
    model = "m" * length
    send(mail_channel(postbox), model=model)
    ((_, mail),) = postbox.mails
    assert mail["Subject"] == f"deepseek: price cut, {model} input: ¥2 → ¥1 per 1M tokens (-50%)"
