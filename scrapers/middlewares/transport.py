"""The last step outwards: carries one request, gives back a whole body, or says in words why not.

A host of `fetch.hosts` is asked at its loopback address under its own name: the Host header and the address of the
response stay the provider's. The time limit of a page begins with its first connection and is shared by its tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from service_identity.exceptions import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed, SSLError
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError
from twisted.web.client import ResponseFailed

from scrapers.fetching import FetchSettings
from scrapers.middlewares.bodies import IncompleteError, TooLargeError, find_cut, unpack_gzip
from scrapers.middlewares.browser import Browser
from scrapers.middlewares.lost import PageLost, refuse_ended

_LOOK_S = 0.25


class _Turns:
    """Whose turn it is: one request at a time per host, and no more than `concurrency` over all.

    Scrapy's own slots let a whole queue through at once when a host's delay is zero.
    """

    def __init__(self, concurrency: int) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._hosts: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        async with self._hosts.setdefault(host, asyncio.Lock()), self._all:
            yield


_TURNS: WeakKeyDictionary[Crawler, _Turns] = WeakKeyDictionary()  # http and https have a handler each


class Transport(HTTP11DownloadHandler):
    """The download handler for http and https."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._settings: FetchSettings = crawler.settings["PRICEFALL_FETCH"]
        self._turns = _TURNS.setdefault(crawler, _Turns(self._settings.concurrency))
        self._browser = Browser(crawler, self._carry)

    async def download_request(self, request: Request) -> Response:
        """One try; a page that needs a browser is laid out by it.

        Raises:
            PageLost: nothing came, or not the whole.

        """
        response = await self._carry(request)
        task = request.meta.get("task")
        if getattr(task, "render", "") != "browser" or request.meta.get("is_robots") or response.status != 200:
            return response
        shown = await self._browser.render(request, response, request.meta["deadline"] - monotonic())
        if len(shown.body) > self._settings.max_bytes:
            raise _too_large(request, f"laid out it is longer than {self._settings.max_bytes} bytes")
        return shown

    async def close(self) -> None:
        await self._browser.close()
        await super().close()

    async def _carry(self, request: Request) -> Response:
        async with self._turns.turn(urlsplit(request.url).hostname or ""):
            trying = asyncio.ensure_future(super().download_request(self._prepare(request)))
            await _wait_unless_ended(trying, request)
            try:
                response = trying.result()
            except Exception as err:
                raise self._name_loss(request, err) from err
        return _unpack(request, response, self._settings.max_bytes)

    def _prepare(self, request: Request) -> Request:
        refuse_ended(request)
        deadline = request.meta.setdefault("deadline", monotonic() + self._settings.page_deadline_s)
        left = deadline - monotonic()
        if left <= 0:
            raise PageLost(
                "timeout",
                f"{request.url} did not come within {self._settings.page_deadline_s:g} s with all its tries; "
                "try later, or raise fetch.page_deadline",
            )
        is_robots = bool(request.meta.get("is_robots"))
        meta = {
            "download_timeout": min(self._settings.timeout_s, left),
            # of a robots.txt the beginning is kept, however long it is
            "download_maxsize": 0 if is_robots else self._settings.max_bytes,
            **{key: request.meta[key] for key in ("is_robots",) if key in request.meta},
        }
        outward = request.replace(meta=meta, cookies=None)
        outward.headers["Accept-Encoding"] = "identity" if is_robots else "gzip"
        parts = urlsplit(request.url)
        target = self._settings.hosts.get(parts.hostname or "")
        if target is None:
            return outward
        outward.headers["Host"] = parts.netloc
        base = urlsplit(target)
        return outward.replace(url=parts._replace(scheme=base.scheme, netloc=base.netloc).geturl())

    def _name_loss(self, request: Request, err: Exception) -> PageLost:
        """What an exception of Scrapy or Twisted means for a person."""
        if isinstance(err, PageLost):
            return err
        host = urlsplit(request.url).hostname or ""
        if isinstance(err, CannotResolveHostError):
            if host in getattr(_installed_resolver(), "refused", ()):
                return PageLost(
                    "address",
                    f"{request.url} was not fetched: DNS gives only private addresses for {host}; "
                    "correct the page's address, or look at this machine's DNS",
                )
            return PageLost(
                "dns",
                f"DNS knows no address for {host}; check the page's address and this machine's network",
                is_passing=True,
            )
        if isinstance(err, DownloadTimeoutError):
            limit = self._settings.timeout_s
            return PageLost(
                "timeout",
                f"{host} did not give {request.url} within {limit:g} s; try later, or raise fetch.timeout",
                is_passing=True,
            )
        if isinstance(err, DownloadCancelledError):
            return _too_large(request, f"it is longer than {self._settings.max_bytes} bytes")
        if isinstance(err, ResponseDataLossError):
            return _incomplete(request, "the connection ended before its end")
        return _name_connection_loss(request, host, err)


async def _wait_unless_ended(trying: asyncio.Future[Response], request: Request) -> None:
    """Waits for a try; breaks it off when its run is stopped."""
    while not trying.done():
        await asyncio.wait({trying}, timeout=_LOOK_S)
        try:
            refuse_ended(request)
        except PageLost:
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)
            raise


def _name_connection_loss(request: Request, host: str, err: Exception) -> PageLost:
    causes = list(_causes(err))
    if any(isinstance(cause, SSL.Error | SSLError | VerificationError) for cause in causes):
        return PageLost(
            "tls",
            f"the certificate or encryption of {host} is not valid ({_shortest(causes)}); "
            "the page is not trusted until its owner mends it",
        )
    if isinstance(err, DownloadConnectionRefusedError):
        return PageLost("refused", f"{host} refuses connections; try later, or check the address", is_passing=True)
    if any(isinstance(cause, ParseError) for cause in causes):
        return PageLost("protocol", f"{host} does not answer {request.url} in HTTP; check the address", is_passing=True)
    if isinstance(err, DownloadFailedError | ConnectionClosed):
        return PageLost("reset", f"{host} broke the connection for {request.url}; try later", is_passing=True)
    if isinstance(err, ConnectError):
        return PageLost("refused", f"{host} cannot be reached ({err}); check this machine's network", is_passing=True)
    return PageLost("internal", f"{request.url} could not be fetched ({type(err).__name__}: {err}); please report it")


def _unpack(request: Request, response: Response, max_bytes: int) -> Response:
    """The response with its body unpacked and its address the one that was asked for.

    Raises:
        PageLost: the body is packed in a way nobody asked for, too large, or not whole.

    """
    body = response.body
    packed = (response.headers.get("Content-Encoding") or b"").decode("latin-1").strip().lower()
    is_page = 200 <= response.status < 300 and not request.meta.get("is_robots")
    if is_page and "partial" in response.flags:
        raise _incomplete(request, "the server gave no length and closed the connection, so its end is not known")
    if is_page and packed in {"gzip", "x-gzip"} and body:
        try:
            body = unpack_gzip(body, max_bytes)
        except TooLargeError as err:
            raise _too_large(request, str(err)) from err
        except IncompleteError as err:
            raise _incomplete(request, str(err)) from err
    elif is_page and packed not in {"", "identity", "gzip", "x-gzip"}:
        raise PageLost(
            "encoding", f"{request.url} came packed as {packed!r}, which was not asked for; please report the page"
        )
    if is_page:
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()
        cut = find_cut(body, kind)
        if cut is not None:
            raise _incomplete(request, cut)
    return Response(
        url=request.url,
        status=response.status,
        headers=response.headers,
        body=body,
        flags=response.flags,
        request=request,
    )


def _too_large(request: Request, why: str) -> PageLost:
    return PageLost("too_large", f"{request.url} was given up because {why}; raise fetch.max_bytes if it is a page")


def _incomplete(request: Request, why: str) -> PageLost:
    return PageLost(
        "incomplete",
        f"{request.url} did not come whole: {why}; nothing of it is used, and the next run tries again",
        is_passing=True,
    )


def _causes(err: BaseException | None) -> Any:
    """An exception with everything that it wraps."""
    if err is None:
        return
    yield err
    if isinstance(err, ResponseFailed):
        for reason in err.reasons:
            yield from _causes(reason.value if isinstance(reason, Failure) else reason)
    yield from _causes(err.__cause__)


def _shortest(causes: list[BaseException]) -> str:
    """The words of the innermost reason."""
    for cause in reversed(causes):
        if isinstance(cause, SSL.Error) and cause.args and cause.args[0]:
            return str(cause.args[0][-1][-1]).strip()
        if isinstance(cause, VerificationError):
            return "it was issued for another name"
    return "the handshake failed"


def _installed_resolver() -> Any:
    from twisted.internet import reactor

    return reactor.nameResolver
