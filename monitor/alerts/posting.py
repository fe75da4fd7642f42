"""Posting to a receiver over HTTP: a webhook's, a chat service's.

A redirect is not followed, little of an answer is read, and a connection is only made to an address that was judged
by `monitor.alerts.guard` itself, not by the name that led to it. What an answer means is the caller's to say.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from monitor.alerts.errors import ChannelGone, DeliveryError, NotNow, Refused
from monitor.alerts.guard import is_public
from monitor.alerts.phrases import visible
from monitor.channel_secrets import MASK, Secret

TIMEOUTS = (3, 10)
"""Seconds to connect, and between two pieces of the answer."""

ANSWER_BYTES = 4096
RETRY_AFTER_CAP_S = 86400.0
USER_AGENT = "Pricefall/0.1 (webhook)"

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines hold paths, which are secrets


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to post, and how it is called in errors: the address itself may be a secret.

    Attributes:
        kind: the channel's type.
        channel: its id.
        url: the whole address.
        secrets: what no error may show.
        resent: what a receiver that has the message already can tell by, for the error about an answer that is late.

    """

    kind: str
    channel: str
    url: str
    secrets: tuple[Secret, ...]
    allow_private: bool = False
    ca_file: Path | None = None
    resent: str = "it comes twice"

    @property
    def name(self) -> str:
        return f"{self.kind} {self.channel!r} at {urlsplit(self.url).hostname}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: its status, its headers, and the beginning of its body."""

    receiver: Receiver
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after_s(self) -> float | None:
        return read_retry_after(self.headers.get("Retry-After"), datetime.now(UTC))

    @property
    def words(self) -> str:
        """The beginning of the body for a person, in brackets; no secret is in it."""
        text = self.body.decode("utf-8", "replace")
        for words in secret_words(self.receiver.secrets):
            text = text.replace(words, MASK)
        shown = visible(text, 120)
        return f" ({shown})" if shown else ""


def post(receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post a body and read the beginning of the answer, whatever it is.

    Raises:
        NotNow: there is no answer, or the address is a private one.

    """
    try:
        with (
            guarded_session(allow_private=receiver.allow_private) as session,
            session.post(
                receiver.url,
                data=body,
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity", **headers},
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
                verify=True if receiver.ca_file is None else str(receiver.ca_file),
            ) as answer,
        ):
            return Answer(receiver, answer.status_code, answer.headers, _beginning(answer))
    except DeliveryError:
        raise
    except requests.exceptions.SSLError:
        # `from None` here and below: the library's errors hold the whole URL, which may be a secret
        raise NotNow(
            f"{receiver.name} shows a certificate that does not hold; mend it, or name its authority in `ca_file`"
        ) from None
    except requests.exceptions.Timeout:
        raise NotNow(f"{receiver.name} did not answer in time; should it have the message, {receiver.resent}") from None
    except (requests.exceptions.RequestException, HTTPError, ValueError) as err:
        never_connected = isinstance(getattr(next(iter(err.args), None), "reason", None), NewConnectionError)
        raise NotNow(
            f"{receiver.name} cannot be reached or talks no HTTP; check its address", is_unsent=never_connected
        ) from None


def post_json(receiver: Receiver, message: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Post a JSON object; see `post`."""
    return post(receiver, to_json(message), {"content-type": "application/json; charset=utf-8", **(headers or {})})


def to_json(message: Mapping[str, Any]) -> bytes:
    """JSON as it is sent, for measuring as well."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def secret_words(secrets: Iterable[Secret]) -> list[str]:
    """What must not be shown, longest first: secrets, and the long pieces of an address after its host."""
    found: set[str] = set()
    for secret in secrets:
        words = secret.reveal()
        found.add(words)
        if "://" in words:
            rest = words.partition("://")[2].partition("/")[2]
            found.update(piece for piece in re.split(r"[/?&=]", rest) if len(piece) >= 8)
    return sorted(found, key=len, reverse=True)


def refusal(answer: Answer, *, gone: Collection[int] = (410,)) -> DeliveryError:
    """The error for an answer that is no 2xx; `gone` are the statuses that say that the hook is deleted."""
    name, status, words = answer.receiver.name, answer.status, answer.words
    if status in gone:
        return gone_error(answer, f"answers {status}{' Gone' if status == 410 else words}")
    if 300 <= status < 400:
        return NotNow(f"{name} answers {status}; redirects are not followed, so set `url` to the final address")
    if status in {408, 425, 429} or status >= 500 or status < 200:
        return NotNow(f"{name} answers {status}{words}; see the receiver's log", retry_after_s=answer.retry_after_s)
    return Refused(
        f"{name} refuses the message with {status}{words}; see the receiver's log", retry_after_s=answer.retry_after_s
    )


def gone_error(answer: Answer, what: str) -> ChannelGone:
    """The error for a receiver that is gone."""
    return ChannelGone(f"{answer.receiver.name} {what}; the channel is switched off until `pricefall alerts enable`")


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header (a number or a date), at most a day; None for none, the past or nonsense.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> read_retry_after("120", now), read_retry_after("-5", now)
    (120.0, None)
    >>> read_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", now)
    60.0
    """
    text = (value or "").strip()[:64]
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_CAP_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - now).total_seconds()
    return min(seconds, RETRY_AFTER_CAP_S) if seconds > 0 else None


def guarded_session(*, allow_private: bool) -> requests.Session:
    """A session that connects to public addresses only, unless `allow_private`."""
    session = requests.Session()
    session.trust_env = False  # no proxy (it would hide the address) and no log-in from ~/.netrc
    if not allow_private:
        session.mount("https://", _GuardedAdapter())
        session.mount("http://", _GuardedAdapter())
    return session


def _beginning(answer: requests.Response) -> bytes:
    """At most 4 KiB of the body, in no more time than one piece of it may take."""
    kept = b""
    until = time.monotonic() + TIMEOUTS[1]
    try:
        while len(kept) < ANSWER_BYTES and time.monotonic() < until:
            piece = answer.raw.read1(ANSWER_BYTES - len(kept), decode_content=False)
            if not piece:
                break
            kept += piece
    except Exception:  # noqa: BLE001, S110 - an answer that breaks off says what came of it, and its status is known
        pass
    return kept[:ANSWER_BYTES]


class _GuardedAdapter(HTTPAdapter):
    """Connects to public addresses only."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedTlsPool}


class _GuardedConnection(HTTPConnection):
    """Resolves the name itself and connects to the address that was judged, whatever the name says a moment later."""

    def _new_conn(self) -> socket.socket:
        return _connect_guarded(self)


class _GuardedTlsConnection(HTTPSConnection):
    """The same below TLS; the certificate is still checked against the name."""

    def _new_conn(self) -> socket.socket:
        return _connect_guarded(self)


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTlsConnection


def _connect_guarded(connection: HTTPConnection) -> socket.socket:
    """A connection to the first address of the host, all of which must be public.

    Raises:
        NotNow: an address is private; `requests` lets this error through as it is.

    """
    try:
        found = socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as err:
        raise NewConnectionError(connection, f"the name {connection.host} leads nowhere") from err
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    private = [address for address in addresses if not is_public(address)]
    if private:
        raise NotNow(
            f"{connection.host} leads to {private[0]}, an address inside a private network; nothing was sent. Say "
            "`allow_private = true` in its channel if that is meant",
            is_unsent=True,
        )
    failure: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as err:
            failure = err
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"no connection to {connection.host} in time") from failure
    raise NewConnectionError(connection, f"{connection.host} refuses the connection") from failure
