"""Mail over SMTP: one conversation a recipient, encrypted and verified, with a Message-ID that never changes.

A server that drops the connection before its last answer may have taken the message or not; it is sent again with the
same Message-ID, so a reader's program can fold the two (FAULTS D04). There is no way back to plain text: a server that
offers no STARTTLS is an error.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from monitor.alerts.errors import Busy, DeliveryError, NotNow, RefusedForGood
from monitor.alerts.guard import is_loopback
from monitor.alerts.messages import Message, compose
from monitor.alerts.phrases import visible
from monitor.alerts.reader import Reader
from monitor.channel_secrets import MASK
from monitor.channels import EmailChannel


class _WholeSubject(EmailPolicy):
    """Encodes a subject that is not ASCII as one: word by word, readers drop the spaces between (RFC 2047, 6.2).

    One that is ASCII begins on the line of its name: begun on the next, it would arrive with a space before it.
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() != "subject" or value.isascii():
            folded: str = super().fold(name, value)
            return folded.replace(f"{name}:{self.linesep} ", f"{name}: ", 1)
        encoded = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() != "subject":
            folded: bytes = super().fold_binary(name, value)
            return folded
        return self.fold(name, value).encode("ascii")


_POLICY = _WholeSubject(linesep="\r\n").clone(cte_type="7bit")  # not every server offers 8BITMIME


def send_mail(
    channel: EmailChannel,
    recipient: str,
    alert_id: str,
    payload: Mapping[str, Any],
    language: str,
    now: datetime,
    reader: Reader | None = None,
) -> None:
    """Send one alert to one recipient.

    Args:
        channel: the server and the sender.
        recipient: one of `channel.to`.
        alert_id: makes the Message-ID.
        payload: see `monitor.alerts.payload`.
        language: of the words, `en` or `zh`.
        now: for the Date header.
        reader: the subscriber whom it goes to, if to one.

    Raises:
        NotNow: the server is away, slow, wrongly set up, or says to try later (`Busy`: for this recipient).
        RefusedForGood: the server refuses this recipient or this message.

    """
    message = compose(payload, language, with_pictures=True, reader=reader)
    mail = build_mail(channel, recipient, alert_id, message, now, payload.get("follows", ()))
    if reader is not None:
        add_way_out(mail, reader.way_out)
    try:
        server = _connect(channel)
        try:
            _secure(server, channel)
            _log_in(server, channel)
            _hand_over(server, channel, recipient, mail)
        finally:
            _say_goodbye(server)
    except DeliveryError:
        raise
    except ssl.SSLCertVerificationError as err:
        raise NotNow(
            f"{_name(channel)} shows a certificate that does not hold ({err.verify_message}); correct `host`, or name "
            "its authority in `ca_file`",
            is_unsent=True,
        ) from err
    except smtplib.SMTPNotSupportedError as err:
        wanted = "STARTTLS" if channel.security == "starttls" else "log-in"
        raise NotNow(
            f"{_name(channel)} offers no {wanted}; nothing was sent in plain text. Correct `port` or `security` "
            '(port 465 wants "tls")',
            is_unsent=True,
        ) from err
    except smtplib.SMTPAuthenticationError as err:
        raise NotNow(
            f"{_name(channel)} refuses the log-in of {channel.username!r} ({_answer(err, channel)}); correct "
            "`username` and the password",
            is_unsent=True,
        ) from None  # the library's error may quote what was sent
    except (smtplib.SMTPServerDisconnected, TimeoutError) as err:
        raise NotNow(
            f"{_name(channel)} ended the conversation without an answer; should it have the message, the next try has "
            "the same Message-ID"
        ) from err
    except smtplib.SMTPResponseException as err:
        raise NotNow(f"{_name(channel)} answers {_answer(err, channel)}; ask its postmaster if it goes on") from None
    except (OSError, smtplib.SMTPException) as err:
        raise NotNow(
            f"{_name(channel)} cannot be reached ({_cause(err)}); check `host` and `port`",
            is_unsent=isinstance(err, ConnectionRefusedError | socket.gaierror),
        ) from err


def build_mail(
    channel: EmailChannel,
    recipient: str,
    alert_id: str,
    message: Message,
    now: datetime,
    follows: Sequence[str] = (),
) -> EmailMessage:
    """The mail as it is sent; the same alert gives the same Message-ID each time.

    It answers the mails of the alerts that it `follows`, so that a reader's program shows them together.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = channel.sender
    mail["To"] = recipient
    mail["Subject"] = visible(message.subject)
    mail["Date"] = format_datetime(now)
    host = channel.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{alert_id}@{host}>"
    if follows:
        mail["In-Reply-To"] = mail["References"] = " ".join(f"<{one}@{host}>" for one in follows)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Pricefall-Alert"] = alert_id
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    page = mail.get_body(("html",))
    if page is not None:
        for picture in message.pictures:
            page.add_related(picture.png, maintype="image", subtype="png", cid=f"<{picture.cid}>", disposition="inline")
    for file in message.attachments:
        maintype, subtype = file.media_type
        mail.add_attachment(file.body, maintype=maintype, subtype=subtype, filename=f"{alert_id}.{file.ending}")
    return mail


def add_way_out(mail: EmailMessage, address: str) -> None:
    """The headers by which a reader's program unsubscribes, with one click where it is https (RFC 2369, RFC 8058)."""
    mail["List-Unsubscribe"] = f"<{address}>"
    if address.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _context(channel: EmailChannel) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if channel.ca_file is None else str(channel.ca_file))


def _connect(channel: EmailChannel) -> smtplib.SMTP:
    name = socket.gethostname() or "localhost"
    if channel.security == "tls":
        return smtplib.SMTP_SSL(channel.host, channel.port, name, timeout=channel.timeout_s, context=_context(channel))
    return smtplib.SMTP(channel.host, channel.port, name, timeout=channel.timeout_s)


def _secure(server: smtplib.SMTP, channel: EmailChannel) -> None:
    """From here on the connection is encrypted and verified, or leads to this machine."""
    if channel.security == "starttls":
        server.starttls(context=_context(channel))
    elif channel.security == "none" and (server.sock is None or not is_loopback(str(server.sock.getpeername()[0]))):
        raise NotNow(f'{_name(channel)} is not this machine; say `security = "starttls"` or "tls"')


def _say_goodbye(server: smtplib.SMTP) -> None:
    """End the conversation; a server that does not say goodbye has taken the message all the same."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _log_in(server: smtplib.SMTP, channel: EmailChannel) -> None:
    if channel.username and channel.password is not None:
        server.login(channel.username, channel.password.reveal())


def _hand_over(server: smtplib.SMTP, channel: EmailChannel, recipient: str, mail: EmailMessage) -> None:
    """Envelope and message; a 5xx to the recipient or to the message is final, all else is tried again."""
    server.ehlo_or_helo_if_needed()
    code, answer = server.mail(channel.sender)
    if code != 250:
        raise NotNow(
            f"{_name(channel)} does not take mail from {channel.sender} ({_said(code, answer, channel)}); see `from`"
        )
    code, answer = server.rcpt(recipient)
    if code >= 500:
        raise RefusedForGood(
            f"{_name(channel)} refuses {recipient} ({_said(code, answer, channel)}); correct `to`", is_unsent=True
        )
    if code not in {250, 251}:
        raise Busy(
            f"{_name(channel)} cannot take mail for {recipient} now ({_said(code, answer, channel)})", is_unsent=True
        )
    try:
        code, answer = server.data(mail.as_bytes())
    except smtplib.SMTPDataError as err:
        code, answer = err.smtp_code, err.smtp_error if isinstance(err.smtp_error, bytes) else err.smtp_error.encode()
    if code >= 500:
        raise RefusedForGood(
            f"{_name(channel)} refuses the message ({_said(code, answer, channel)}); ask its postmaster"
        )
    if code != 250:
        raise NotNow(f"{_name(channel)} cannot take the message now ({_said(code, answer, channel)})")


def _name(channel: EmailChannel) -> str:
    return f"mail server {channel.host}:{channel.port}"


def _answer(err: smtplib.SMTPResponseException, channel: EmailChannel) -> str:
    answer = err.smtp_error if isinstance(err.smtp_error, bytes) else str(err.smtp_error).encode()
    return _said(err.smtp_code, answer, channel)


def _said(code: int, answer: bytes, channel: EmailChannel) -> str:
    """A server's answer for a person, without the password should the server repeat it."""
    text = answer.decode("utf-8", "replace")
    for secret in channel.secrets:
        text = text.replace(secret.reveal(), MASK)
    return f"{code} {visible(text)}"


def _cause(err: Exception) -> str:
    return visible(getattr(err, "strerror", None) or err)
