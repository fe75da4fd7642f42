"""Pages that only a browser can show: Chromium lays out the page, and this module is its network.

Every request of the page, its scripts and their calls is carried by our own transport, so the guard of addresses, the
limits and `fetch.hosts` hold for them as for any other; Chromium itself can resolve no name. Needs the `[browser]`
extra and a Chromium.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from scrapers.fetching import FetchSettings
from scrapers.middlewares.addresses import find_refusal
from scrapers.middlewares.lost import PageLost

Carry = Callable[[Request], Awaitable[Response]]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_CARRIED = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})
_SETTLE_MS = 10_000
_OWN_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "set-cookie"})
_REMEDY = "install it with `pip install 'pricefall[browser]'`, or use a page that needs no browser"


class Browser:
    """One Chromium for a crawl, started at the first page that needs it; `render` shows one page at a time."""

    def __init__(self, crawler: Crawler, carry: Carry) -> None:
        self._crawler = crawler
        self._carry = carry
        self._settings: FetchSettings = crawler.settings["PRICEFALL_FETCH"]
        self._handler: Any = None
        self._one = asyncio.Lock()

    async def render(self, request: Request, shell: Response, limit_s: float) -> Response:
        """The page after its scripts have run; `shell` is what the server gave for it.

        Raises:
            PageLost: there is no browser, or it could not show the page within the limit.

        """
        async with self._one:
            handler = await self._started(request)
            meta = {
                "playwright": True,
                "playwright_page_init_callback": _network(request, shell, self._carried),
                "playwright_page_goto_kwargs": {"timeout": limit_s * 1000, "wait_until": "domcontentloaded"},
                "playwright_page_methods": [_settled()],
            }
            try:
                shown = await asyncio.wait_for(handler.download_request(Request(request.url, meta=meta)), limit_s)
            except Exception as err:
                raise PageLost(
                    "browser",
                    f"the browser could not show {request.url} ({type(err).__name__}: {str(err).splitlines()[0]}); "
                    "try later, or name a page that needs no browser",
                    is_passing=True,
                ) from err
        return shell.replace(body=shown.body)

    async def close(self) -> None:
        """Ends the browser, if it was started."""
        if self._handler is not None:
            await self._handler.close()

    async def _started(self, request: Request) -> Any:
        if self._handler is not None:
            return self._handler
        try:
            from scrapy_playwright.handler import (  # type: ignore[import-untyped] # it brings no types
                ScrapyPlaywrightDownloadHandler,
            )
        except ImportError as err:
            raise PageLost("browser", f"{request.url} needs a browser and the extra is missing; {_REMEDY}") from err
        if find_chromium(self._settings.browser) is None:
            raise PageLost(
                "browser", f"{request.url} needs a browser and no Chromium was found; install one, or set fetch.browser"
            )
        handler = ScrapyPlaywrightDownloadHandler(self._crawler)
        # The engine has started already, so its signal, on which the library launches, will not come.
        await handler._launch()  # noqa: SLF001 # the library has no public way to start late
        self._handler = handler
        return handler

    async def _carried(self, request: Request) -> Response | None:
        """What our transport says to a request of the page; None where it must not be asked, or nothing came."""
        if find_refusal(request.url, self._settings.hosts) is not None:
            return None
        try:
            return await self._carry(request)
        except PageLost:
            return None


def browser_settings(fetch: FetchSettings) -> dict[str, Any]:
    """Scrapy's settings for the browser; they start nothing."""
    return {
        "PLAYWRIGHT_LAUNCH_OPTIONS": {"executable_path": find_chromium(fetch.browser), "args": _arguments()},
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 1,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": fetch.page_deadline_s * 1000,
    }


def find_chromium(wanted: str) -> str | None:
    """The program that `fetch.browser` names, or else the first Chromium on the path.

    >>> find_chromium("/no/such/program") is None
    True
    """
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, _NAMES)), None)


def _arguments() -> list[str]:
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    # Whatever does not come through our transport does not come at all.
    closed = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-quic", "--no-first-run"]
    # Chromium's sandbox refuses to run under the superuser.
    return [*quiet, *closed, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def _network(page_request: Request, shell: Response, carry: Callable[[Request], Awaitable[Response | None]]) -> Any:
    """The callback that puts our transport in the place of the page's network."""
    shared: dict[str, Any] = {key: page_request.meta[key] for key in ("deadline", "ended") if key in page_request.meta}
    own = {"User-Agent": page_request.headers["User-Agent"], "Accept-Language": page_request.headers["Accept-Language"]}

    async def answer(route: Any) -> None:
        asked = route.request
        if asked.resource_type not in _CARRIED or asked.method not in {"GET", "POST"}:
            await route.abort()
            return
        if asked.is_navigation_request() and asked.url.partition("#")[0] == page_request.url.partition("#")[0]:
            response: Response | None = shell
        else:
            kept = {name: value for name, value in asked.headers.items() if name in {"accept", "content-type"}}
            body, headers = asked.post_data_buffer or b"", {**own, **kept}
            response = await carry(
                Request(asked.url, method=asked.method, headers=headers, body=body, meta=dict(shared))
            )
        if response is None:
            await route.abort()
            return
        said = {
            name.decode("latin-1"): values[-1].decode("latin-1")
            for name, values in response.headers.items()
            if name.decode("latin-1").lower() not in _OWN_HEADERS
        }
        await route.fulfill(status=response.status, headers=said, body=response.body)

    async def on_page(page: Any, _request: Request) -> None:
        await page.route("**/*", answer)

    return on_page


def _settled() -> Any:
    """Waits until the page asks for nothing more; a page that never rests is taken as it stands."""
    from playwright.async_api import TimeoutError as PlaywrightTimeoutError
    from scrapy_playwright.page import PageMethod  # type: ignore[import-untyped] # it brings no types

    async def settle(page: Any) -> None:
        try:
            await page.wait_for_load_state("networkidle", timeout=_SETTLE_MS)
        except PlaywrightTimeoutError:
            return

    return PageMethod(settle)
