"""The lean Scrapy spider that `passes.py` compares with: no judge, no evidence, no archive, no alerts.

    python -m benchmarks.lean_spider DATABASE URLS            # sends conditional requests, notes what is seen
    python -m benchmarks.lean_spider DATABASE URLS --rows     # walks the tables with lxml and inserts rows as well

`URLS` is a file with an address a line. Prints what came of it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import lxml.html
import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response


class LeanSpider(scrapy.Spider):
    """Fetches every address once."""

    name = "lean"
    handle_httpstatus_list = [304]  # noqa: RUF012 # Scrapy reads a class attribute

    def __init__(self, database: str, urls: list[str], rows: bool) -> None:
        super().__init__()
        self.urls, self.rows = urls, rows
        self.db = sqlite3.connect(database, isolation_level=None)
        self.db.execute("create table if not exists pages (url text primary key, etag text, seen text)")
        self.db.execute("create table if not exists prices (url text, model text, place integer, price text)")
        self.etags = dict(self.db.execute("select url, etag from pages"))
        self.counts = {"fetched": 0, "unchanged": 0, "rows": 0}

    async def start(self) -> AsyncIterator[Any]:
        for url in self.urls:
            headers = {"If-None-Match": self.etags[url]} if self.etags.get(url) else {}
            yield scrapy.Request(url, headers=headers, dont_filter=True)

    def parse(self, response: Response, **_: Any) -> None:
        """One page: what is new goes into the database in one transaction."""
        self.db.execute("begin immediate")
        if response.status == 304:
            self.counts["unchanged"] += 1
            self.db.execute("update pages set seen = datetime('now') where url = ?", [response.url])
        else:
            self.counts["fetched"] += 1
            etag = (response.headers.get("ETag") or b"").decode()
            self.db.execute("insert or replace into pages values (?, ?, datetime('now'))", [response.url, etag])
            if self.rows:
                self._keep_rows(response)
        self.db.execute("commit")

    def _keep_rows(self, response: Response) -> None:
        tree = lxml.html.fromstring(response.body)
        for row in tree.iter("tr"):
            cells = [cell.text_content().strip() for cell in row.iter("td")]
            for place, text in enumerate(cells[1:]):
                self.db.execute("insert into prices values (?, ?, ?, ?)", [response.url, cells[0], place, text])
                self.counts["rows"] += 1


def main() -> None:
    """Command line."""
    database, urls, *flags = sys.argv[1:]
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": 8,
            "ROBOTSTXT_OBEY": True,
            "LOG_LEVEL": "WARNING",
            "TELNETCONSOLE_ENABLED": False,
            "COOKIES_ENABLED": False,
            "RETRY_ENABLED": False,
        }
    )
    crawler = process.create_crawler(LeanSpider)
    process.crawl(crawler, database=database, urls=Path(urls).read_text().split(), rows="--rows" in flags)
    process.start()
    sys.stdout.write(json.dumps(crawler.spider.counts if isinstance(crawler.spider, LeanSpider) else {}) + "\n")


if __name__ == "__main__":
    main()
