"""Serves saved pages at the providers' own addresses and, with --run, lets `pricefall run` read them twice.

The directory holds `manifest.jsonl`, a line a capture: {"file", "provider", "url", "captured", "kind"}, `file` relative
to it. A page of the catalog is answered with the newest capture of its address, else with the newest capture for which
its provider file declares the page (`prefixes`); any other path is a 404.

    python benchmarks/serve_captures.py --corpus DIR                 # serves, prints [fetch.hosts] for pricefall.toml
    python benchmarks/serve_captures.py --corpus DIR --run           # and a table of two runs
    python benchmarks/serve_captures.py --corpus DIR --run --only openai,zhipu

With --run the exit status is 1 when a served page failed, or when the second run fetched or changed anything.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.captures import ROOT, Saved, load_manifest
from scrapers.catalog import Page, Provider, load_catalog

_TYPES = {
    "html": "text/html",
    "markdown": "text/markdown",
    "mdx": "text/markdown",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "yaml": "application/yaml",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a page of the catalog is answered with; `by` says whether its own address or a prefix led there."""

    page: Page
    saved: Saved
    by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A body as it is served."""

    body: bytes
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


def choose(catalog: Mapping[str, Provider], captures: Iterable[Saved]) -> list[Choice]:
    """The newest capture for each enabled page that has one."""
    captures = list(captures)
    choices = []
    for provider in catalog.values():
        own = [saved for saved in captures if saved.provider == provider.id]
        for page in provider.pages:
            same = [saved for saved in own if _place(saved.url) == _place(page.url)]
            declared = [saved for saved in own if provider.page_for(saved.url) is page]
            if page.enabled and (same or declared):
                choices.append(Choice(page, (same or declared)[-1], "address" if same else "prefix"))
    return choices


def _place(url: str) -> tuple[str, str]:
    """Host and path as the server sees them; the query does not count."""
    parts = urlsplit(url)
    return (parts.hostname or "", parts.path.rstrip("/") or "/")


def load_answers(choices: Iterable[Choice], captures: Iterable[Saved]) -> dict[tuple[str, str], Answer]:
    """Body by host and path: of the chosen captures, and of companions that were captured under their own address."""
    chosen = list(choices)
    answers = {_place(choice.page.url): _answer(choice.saved) for choice in chosen}
    companions = {_place(choice.page.companion) for choice in chosen if choice.page.companion}
    answers.update({_place(saved.url): _answer(saved) for saved in captures if _place(saved.url) in companions})
    return answers


def _answer(saved: Saved) -> Answer:
    body = saved.path.read_bytes()
    try:
        body.decode("utf-8")
        charset = "; charset=utf-8"
    except UnicodeDecodeError:
        charset = ""
    return Answer(body, _TYPES.get(saved.kind, "text/plain") + charset)


@contextmanager
def serving(answers: Mapping[tuple[str, str], Answer], port: int = 0) -> Iterator[str]:
    """Serves in a thread; gives the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:  # the name that the standard library calls
            place = _place(f"http://{self.headers.get('Host', '')}{self.path}")
            answer = answers.get(place)
            if place[1] == "/robots.txt":
                answer = Answer(b"User-agent: *\nAllow: /\n", "text/plain")
            if answer is None:
                self._say(404, Answer(b"no capture of this address\n", "text/plain"))
            elif self.headers.get("If-None-Match") == answer.etag:
                self._say(304, Answer(b"", ""), answer.etag)
            else:
                self._say(200, answer, answer.etag)

        def _say(self, status: int, answer: Answer, etag: str | None = None) -> None:
            self.send_response(status)
            if answer.content_type:
                self.send_header("Content-Type", answer.content_type)
            if etag:
                self.send_header("ETag", etag)
            if status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the standard library's name
            """Says nothing: the table is the output."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def hosts_table(places: Iterable[tuple[str, str]], address: str) -> str:
    """The lines for pricefall.toml that send the served hosts here."""
    return "\n".join(["[fetch.hosts]", *(f'"{host}" = "{address}"' for host in sorted({host for host, _ in places}))])


def run_twice(choices: list[Choice], hosts: str, folder: Path) -> int:
    """Two runs over the served pages, as a table; the number of things that are wrong."""
    settings = folder / "pricefall.toml"
    settings.write_text(
        f'database = "pricefall.db"\narchive = "archive"\n\n[monitor]\nconfirm_after = "0s"\n\n{hosts}\n'
    )
    only = ",".join(dict.fromkeys(choice.page.provider for choice in choices))
    first, first_s = _run(settings, only)
    second, second_s = _run(settings, only)
    again = {(page["provider"], page["url"]): page for page in second["pages"]}
    by_url = {(choice.page.provider, choice.page.url): choice for choice in choices}
    print(f"{'provider':<13}{'capture':<12}{'by':<9}{'first run':<12}{'rates':>6}{'compl.':>8}{'s':>7}  second run")
    wrong, unserved = 0, []
    for page in first["pages"]:
        choice = by_url.get((page["provider"], page["url"]))
        if choice is None:
            unserved.append(page["url"])
            continue
        later = again[page["provider"], page["url"]]
        is_same = later["status"] == "unchanged" and later["not_modified"] and not later["events"]
        is_read = page["status"] not in {"failed", "suspect"}
        wrong += not is_read or not is_same
        print(
            f"{page['provider']:<13}{choice.saved.captured or 'no date':<12}{choice.by:<9}{page['status']:<12}"
            f"{page['rates']:>6}{page['complaints']:>8}{page['seconds']:>7.2f}  "
            f"{'304, nothing changed' if is_same else f'''{later['status']}, {later['events']} events'''}"
        )
        if page["error"]:
            print(f"{'':<13}{page['error_kind']}: {page['error']}")
    _print_totals(first, first_s, "first")
    _print_totals(second, second_s, "second")
    if unserved:
        print(f"not in the directory, so answered with 404: {', '.join(unserved)}")
    return wrong


def _print_totals(summary: Mapping[str, Any], seconds: float, which: str) -> None:
    counts = summary["counts"]
    said = ", ".join(
        f"{counts[key]} {key}" for key in ("pages", "rates", "complaints", "not_modified", "events", "failed")
    )
    print(f"{which} run: {said}; {seconds:.1f} s")


def _run(settings: Path, only: str) -> tuple[dict[str, Any], float]:
    command = [sys.executable, "-m", "monitor", "--config", str(settings), "run", "--json", "--only", only]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.monotonic() - began
    try:
        summary: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"`pricefall run` ended with status {done.returncode} and no summary; see above")
    return summary, seconds


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory with manifest.jsonl")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--run", action="store_true", help="run `pricefall run` twice against it and print a table")
    parser.add_argument("--only", default="", help="these providers, separated by commas")
    chosen = parser.parse_args()
    catalog = load_catalog()
    names = set(filter(None, chosen.only.split(","))) or set(catalog)
    if unknown := names - set(catalog):
        parser.error(f"no provider is called {', '.join(sorted(unknown))}")
    captures = load_manifest(chosen.corpus)
    choices = choose({name: catalog[name] for name in sorted(names)}, captures)
    if not choices:
        sys.exit("the directory holds no capture of an enabled page of these providers")
    answers = load_answers(choices, captures)
    # hosts of pages without a capture are served too, with 404: a run must never leave this machine
    places = {_place(page.url) for name in names for page in catalog[name].pages if page.enabled} | set(answers)
    with serving(answers, chosen.port) as address:
        hosts = hosts_table(places, address)
        if chosen.run:
            with tempfile.TemporaryDirectory(prefix="pricefall-") as folder:
                sys.exit(min(1, run_twice(choices, hosts, Path(folder))))
        print(hosts, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
