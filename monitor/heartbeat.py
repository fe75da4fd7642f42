"""The heartbeat: a service such as Healthchecks hears that a run began and how it ended, and speaks up when none comes.

It may never cost a run anything: a ping is waited for a few seconds, and one that fails is a warning. It goes past the
outbox on purpose, because a ping that comes later says something else.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import click

from monitor.alerts.guard import UnsafeUrl, check_url
from monitor.channel_secrets import Secret, find_secret
from monitor.channels import Complaint

if TYPE_CHECKING:
    from monitor.cycle import CycleSummary
    from monitor.settings_form import RunForm

HeartbeatStyle = Literal["healthchecks", "uptime-kuma", "plain"]
Phase = Literal["start", "success", "fail"]

VARIABLE = "PRICEFALL_RUN_HEARTBEAT_URL"
DEADLINE_S = 6.0
TIMEOUTS = (3, 4)
BODY_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where pings go; the URL is the right to ping and so a secret."""

    url: Secret
    style: HeartbeatStyle = "healthchecks"
    allow_private: bool = False


def read_heartbeat(
    form: RunForm, folder: Path, env: Mapping[str, str], complaints: list[Complaint]
) -> Heartbeat | None:
    """The heartbeat of `[run]`, None without a URL; errors are added to `complaints`."""
    found = find_secret("", "heartbeat_url", None, form.heartbeat_url_file, folder, env, variable=VARIABLE)
    url = found.secret or (Secret(form.heartbeat_url) if form.heartbeat_url else None)
    if form.heartbeat_url and form.heartbeat_url_file:
        both = "says both `heartbeat_url` and `heartbeat_url_file`; keep the file"
        complaints.append(Complaint(("run", "heartbeat_url"), both))
    elif found.error:
        complaints.append(Complaint(("run", "heartbeat_url_file"), found.error))
    if url is None:
        return None
    try:
        check_url(url.reveal(), allow_private=form.heartbeat_allow_private)
    except UnsafeUrl as err:
        message = str(err).replace("allow_private", "heartbeat_allow_private")
        complaints.append(Complaint(("run", "heartbeat_url"), message))
    return Heartbeat(url, form.heartbeat_style, form.heartbeat_allow_private)


def _warn(words: str) -> None:
    click.echo(f"pricefall: warning: {words}", err=True)


@dataclass(slots=True)
class Pulse:
    """The pings of one run; they share one `rid`, so that the service can tell two runs apart."""

    heartbeat: Heartbeat | None
    warn: Callable[[str], None] = _warn
    rid: str = field(default_factory=lambda: str(uuid.uuid4()))
    _is_over: bool = False

    def start(self) -> None:
        """The run begins; told only in the style of Healthchecks, the others know no beginning."""
        if self.heartbeat is not None and self.heartbeat.style == "healthchecks":
            self._ping(self.heartbeat, "start", "")

    def end(self, *, is_ok: bool, words: str) -> None:
        """The run is over; the first word counts. In the style `plain` a failed one is told by silence."""
        if self.heartbeat is None or self._is_over:
            return
        self._is_over = True
        if is_ok or self.heartbeat.style != "plain":
            self._ping(self.heartbeat, "success" if is_ok else "fail", words[:BODY_LENGTH])

    def _ping(self, heartbeat: Heartbeat, phase: Phase, words: str) -> None:
        """One ping, beside the run: resolving a name alone may take half a minute, and no time-out covers it."""
        errors: list[str] = []
        sending = threading.Thread(target=_send, args=(heartbeat, phase, self.rid, words, errors), daemon=True)
        sending.start()
        sending.join(DEADLINE_S)
        if sending.is_alive():
            errors.append(f"no answer within {DEADLINE_S:.0f} seconds")
        if errors:
            self.warn(f"the heartbeat ({phase}) was not heard: {errors[0]}; the run goes on without it")


@contextmanager
def beating(heartbeat: Heartbeat | None, warn: Callable[[str], None] = _warn) -> Iterator[Pulse]:
    """The pulse of one run; an error that ends the run is told as its failure, another run at work is none."""
    from storage.errors import AlreadyRunning

    pulse = Pulse(heartbeat, warn)
    try:
        yield pulse
    except AlreadyRunning:
        raise
    except BaseException as err:
        pulse.end(is_ok=False, words=str(err) or type(err).__name__)
        raise


def round_words(summary: CycleSummary) -> str:
    """What a run came to, for the body of a ping: a line of counts, then each page that failed."""
    counts = summary.counts()
    figures = ", ".join(f"{counts[name]} {name}" for name in ("read", "unchanged", "failed", "suspect", "events"))
    failed = [f"{page.provider} {page.url}: {page.error}" for page in summary.pages if page.error]
    return "\n".join([f"{summary.status}: {figures}, {counts['held']} held", *failed])


def is_good(summary: CycleSummary) -> bool:
    """Whether the run did its work: a page that fails is told as an incident, and is no failure of the run."""
    return summary.status in {"ok", "some_failed"}


def _send(heartbeat: Heartbeat, phase: Phase, rid: str, words: str, errors: list[str]) -> None:
    """One request, and another when it did not arrive; why it failed is added to `errors`, without the URL."""
    import requests

    from monitor.alerts.errors import DeliveryError
    from monitor.alerts.posting import guarded_session

    error = ""
    for _ in range(2):
        try:
            with guarded_session(allow_private=heartbeat.allow_private) as session:
                answer = session.request(
                    "POST" if heartbeat.style == "healthchecks" else "GET",
                    ping_url(heartbeat, phase, rid, words),
                    data=words.encode() if heartbeat.style == "healthchecks" else None,
                    headers={"user-agent": "Pricefall/0.1 (heartbeat)", "content-type": "text/plain; charset=utf-8"},
                    timeout=TIMEOUTS,
                    allow_redirects=False,
                    stream=True,
                )
                answer.close()
        except DeliveryError:
            errors.append("it leads to a private address; say `heartbeat_allow_private = true` if that is meant")
            return
        except (requests.exceptions.RequestException, OSError, ValueError):
            error = "its host cannot be reached"
            continue
        if 200 <= answer.status_code < 300:
            return
        error = f"its host answers {answer.status_code}"
        if answer.status_code < 500:
            break
    errors.append(error)


def ping_url(heartbeat: Heartbeat, phase: Phase, rid: str, words: str) -> str:
    """The address of one ping.

    >>> ping_url(Heartbeat(Secret("https://hc.example/ping/key?create=1")), "fail", "r1", "")
    'https://hc.example/ping/key/fail?create=1&rid=r1'
    >>> ping_url(Heartbeat(Secret("https://k.example/api/push/t?status=up&msg=OK"), "uptime-kuma"), "fail", "", "no")
    'https://k.example/api/push/t?status=down&msg=no'
    """
    parts = urlsplit(heartbeat.url.reveal())
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = parts.path
    if heartbeat.style == "healthchecks":
        query["rid"] = rid
        path = path.rstrip("/") + {"start": "/start", "success": "", "fail": "/fail"}[phase]
    elif heartbeat.style == "uptime-kuma":
        query |= {"status": "down" if phase == "fail" else "up", "msg": words[:200] or "OK"}
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(query), ""))
