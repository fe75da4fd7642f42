"""A small Wayback Machine on this machine: it speaks CDX and `id_` pages over real sockets, and fails on order."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_COPY = re.compile(r"/web/(\d{14})id_/(.+)")


@dataclass
class Answer:
    """What is sent for a copy: the page, or a failure."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class WaybackMachine:
    """Holds copies by stamp and address; `asked` has the path of every request."""

    copies: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    page_limit: int = 3000
    index_answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        machine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                machine.asked.append(self.path)
                answer = machine.answer(self.path)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def keep(self, stamp: str, url: str, *answers: Answer | bytes, digest: str = "") -> None:
        """A copy, with its answers in turn; the last one again and again."""
        said = [Answer(answer) if isinstance(answer, bytes) else answer for answer in answers]
        self.copies[stamp, url] = said
        self.digests[stamp, url] = digest or stamp

    def copies_asked(self) -> list[str]:
        """The stamps that were asked for, in order."""
        return [found[1] for path in self.asked if (found := _COPY.match(path))]

    def answer(self, path: str) -> Answer:
        copy = _COPY.match(path)
        if copy is not None:
            answers = self.copies.get((copy[1], copy[2]), [Answer(status=404)])
            return answers.pop(0) if len(answers) > 1 else answers[0]
        if urlsplit(path).path != "/cdx/search/cdx":
            return Answer(status=404)
        return self.index_answers.pop(0) if self.index_answers else self._index(parse_qs(urlsplit(path).query))

    def _index(self, said: dict[str, list[str]]) -> Answer:
        """Rows of one address in their order, in pieces of `page_limit`, with the key of the next piece."""
        since, until, start = said["from"][0], said["to"][0], int(said.get("resumeKey", ["0"])[0])
        rows = [
            [stamp, url, self.digests[stamp, url]]
            for stamp, url in sorted(self.copies)
            if url.split("://")[-1] == said["url"][0].split("://")[-1] and since <= stamp <= until
        ]
        piece: list[list[str]] = rows[start : start + self.page_limit]
        answer: list[list[str]] = [["timestamp", "original", "digest"], *piece] if piece else []
        if start + self.page_limit < len(rows):
            answer += [[], [str(start + self.page_limit)]]
        return Answer(json.dumps(answer).encode(), kind="application/json")
