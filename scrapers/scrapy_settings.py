"""Scrapy's settings, for `scrapy list`, `scrapy crawl` and `scrapers.crawl.CrawlSession` alike.

Where Scrapy's default is unsafe or impolite it is turned round here: certificates are verified, sizes and times are
limited, robots.txt is obeyed, nothing listens on a port, and cookies, caches and proxies of the environment are off.
`PRICEFALL_HOSTS` (JSON, host to `http://127.0.0.1:PORT`) sends `scrapy crawl` to a server on this machine, for tests.
"""

from __future__ import annotations

import json
import os
from typing import Any

from scrapers.fetching import FetchSettings
from scrapers.middlewares.browser import browser_settings

BOT_NAME = "pricefall"
SPIDER_MODULES = ["scrapers.spiders.providers"]
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
TWISTED_DNS_RESOLVER = "scrapers.middlewares.resolver.GuardedResolver"

DOWNLOAD_HANDLERS = {
    "http": "scrapers.middlewares.transport.Transport",
    "https": "scrapers.middlewares.transport.Transport",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOADER_MIDDLEWARES = {
    "scrapers.middlewares.guard.GuardMiddleware": 100,
    "scrapers.middlewares.answers.AnswerMiddleware": 150,
    "scrapers.middlewares.patience.PatienceMiddleware": 200,
    "scrapers.middlewares.robots.RobotsMiddleware": 300,
    "scrapers.middlewares.conditional.ConditionalMiddleware": 500,
    "scrapers.middlewares.redirects.RedirectMiddleware": 650,
    # Scrapy's own, whose work the above does otherwise, or which Pricefall does not want
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
}
SPIDER_MIDDLEWARES = {"scrapy.spidermiddlewares.referer.RefererMiddleware": None}

DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_WARNSIZE = 0
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
COOKIES_ENABLED = False
HTTPPROXY_ENABLED = False
METAREFRESH_ENABLED = False
REFERER_ENABLED = False
MEMUSAGE_ENABLED = False
LOGSTATS_INTERVAL = 0
HTTPERROR_ALLOW_ALL = True
CONCURRENT_REQUESTS = 0  # the transport counts: what waits for a host's turn must not hold another host up
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0.0
FEED_EXPORT_ENCODING = "utf-8"
LOG_LEVEL = "WARNING"
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,text/markdown;q=0.9,application/json;q=0.9,text/plain;q=0.8,*/*;q=0.5"
}


def settings_for(fetch: FetchSettings) -> dict[str, Any]:
    """The settings of this module with those that the user's file decides."""
    fixed = {name: value for name, value in globals().items() if name.isupper() and not name.startswith("_")}
    return {
        **fixed,
        **browser_settings(fetch),
        "PRICEFALL_FETCH": fetch,
        "USER_AGENT": fetch.full_user_agent,
        "DOWNLOAD_TIMEOUT": fetch.timeout_s,
        "DOWNLOAD_MAXSIZE": fetch.max_bytes,
    }


PRICEFALL_FETCH = FetchSettings(hosts=json.loads(os.environ.get("PRICEFALL_HOSTS") or "{}"))
USER_AGENT = PRICEFALL_FETCH.full_user_agent
DOWNLOAD_TIMEOUT = PRICEFALL_FETCH.timeout_s
DOWNLOAD_MAXSIZE = PRICEFALL_FETCH.max_bytes
