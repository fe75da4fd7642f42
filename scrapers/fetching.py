"""What a fetch is asked, and what comes of it: settings, tasks, captures, failures.

A task ends in exactly one outcome, a `Capture` or a `FetchFailure`; nothing is raised for a page that did not come.
This module imports neither Scrapy nor Twisted, so that commands which fetch nothing start quickly.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from scrapers.catalog import ConfigError, Page, Provider
from scrapers.errors import FetchError


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How pages are fetched; the fields are the keys of `[fetch]` in pricefall.toml, times in seconds.

    Attributes:
        user_agent: the one name under which Pricefall asks; robots.txt is read for its first word.
        contact: an address or URL that a provider can write to, appended to the user agent.
        timeout_s: for one answer, from connecting to its last byte.
        page_deadline_s: for one page with its redirects and retries; a wait that the server asked for does not count.
        max_bytes: of a body, after unpacking.
        retries: further tries after a reset, a time-out or a 5xx.
        retry_after_cap_s: a longer Retry-After is not waited for: the page is put off to the next run.
        concurrency: requests under way at once, over all hosts; a host gets one at a time.
        full_every_s: how often a page is asked for in full; whoever makes the tasks heeds it.
        hosts: host to `http://127.0.0.1:PORT`, for tests and demonstrations: the only way past the address guard.
        browser: the Chromium for pages that need one; empty: the first on the path.
        backoff_s: pause before the first retry; it doubles with each.

    Raises:
        ConfigError: `hosts` names an address that is not this machine's loopback.

    """

    user_agent: str = "Pricefall/0.1 (price monitor; set fetch.contact in pricefall.toml)"
    contact: str = ""
    timeout_s: float = 30.0
    page_deadline_s: float = 120.0
    max_bytes: int = 10_485_760
    retries: int = 2
    retry_after_cap_s: float = 600.0
    concurrency: int = 8
    full_every_s: float = 604_800.0
    hosts: Mapping[str, str] = field(default_factory=dict)
    browser: str = ""
    backoff_s: float = 1.0

    def __post_init__(self) -> None:
        for host, target in self.hosts.items():
            parts = urlsplit(target)
            if parts.scheme not in {"http", "https"} or parts.path.strip("/") or not _is_loopback(parts.hostname):
                raise ConfigError(
                    f"fetch.hosts: {host!r} is sent to {target!r}; write a port of this machine, `http://127.0.0.1:PORT`"
                )

    @property
    def full_user_agent(self) -> str:
        """The user agent as it is sent: with the contact in place of the reminder to set one."""
        if not self.contact:
            return self.user_agent
        return f"{self.user_agent.partition(' (')[0]} (+{self.contact})"

    @property
    def robots_token(self) -> str:
        """The product word that robots.txt files may name."""
        return self.user_agent.partition("/")[0].split(maxsplit=1)[0] if self.user_agent.strip() else "Pricefall"


@dataclass(frozen=True, slots=True)
class FetchTask:
    """One page to fetch.

    Attributes:
        etag: the validator of the last capture, or None; `last_modified` likewise.
        ask_in_full: do not send the validators, whatever they are.
        bypass_caches: a confirming look: caches on the way are told to ask the origin, and no validators are sent.
        delay_s: pause between two requests to this host.
        robots: "obey", or "documented_api" for the one written exception.
        companion: address of the document that holds this page's amounts; it is fetched with the page, both in full.
        render: "browser" where only a browser shows the prices, else "http".
        language: what the page is asked to be written in, as an Accept-Language tag.

    """

    provider: str
    url: str
    market: str = "intl"
    etag: str | None = None
    last_modified: str | None = None
    ask_in_full: bool = False
    bypass_caches: bool = False
    delay_s: float = 2.0
    robots: str = "obey"
    companion: str | None = None
    render: str = "http"
    language: str = "en"

    @classmethod
    def for_page(
        cls,
        provider: Provider,
        page: Page,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        ask_in_full: bool = False,
        bypass_caches: bool = False,
    ) -> FetchTask:
        """The task that fetches a page of the catalog."""
        return cls(
            provider=provider.id,
            url=page.url,
            market=page.market,
            etag=etag,
            last_modified=last_modified,
            ask_in_full=ask_in_full,
            bypass_caches=bypass_caches,
            delay_s=provider.delay_s,
            robots=page.robots,
            companion=page.companion,
            render=page.render,
            language=page.language,
        )

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def validators(self) -> Mapping[str, str]:
        """The conditional headers that this task may send; others than plain pages are always asked in full."""
        is_plain = self.companion is None and self.render == "http"
        if self.ask_in_full or self.bypass_caches or not is_plain:
            return {}
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


@dataclass(frozen=True, slots=True)
class Capture:
    """A page as it came.

    `status` is "unchanged" when the server answered a conditional request with 304: `body` is then empty and the
    validators are those of the task. `captured_at` is aware UTC. `headers` have lower-case names; cookies are left out.
    """

    task: FetchTask
    final_url: str
    status: Literal["fetched", "unchanged"]
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str | None
    charset: str | None
    captured_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    companion: bytes | None = None

    @property
    def is_unchanged(self) -> bool:
        return self.status == "unchanged"


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A page that did not come, and why.

    Attributes:
        error: a sentence that says what happened and what to do.
        kind: one of `KINDS`, or `http_` and a status.
        retry_at: when the server said that it may be asked again, if it did; aware UTC.

    """

    task: FetchTask
    error: FetchError
    kind: str
    retry_at: datetime | None = None

    @property
    def url(self) -> str:
        return self.task.url


KINDS = (
    "address",  # a private address, or a literal one
    "blocked",  # a challenge
    "browser",  # a page that needs a browser, and none is there or it failed
    "content_type",  # no text
    "dns",
    "empty",
    "encoding",  # packed in a way that was not asked for
    "incomplete",
    "internal",  # our own mistake
    "interrupted",
    "moved",  # redirected to a log-in or home page
    "protocol",  # no HTTP
    "rate_limited",
    "redirect",
    "refused",
    "reset",
    "robots",
    "timeout",
    "tls",
    "too_large",
)


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
