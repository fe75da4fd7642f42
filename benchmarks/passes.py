"""What a pass over many pages costs beside a lean Scrapy spider and, with --peers, beside urlwatch and webchanges.

    python -m benchmarks.passes [--pages 1000] [--rounds 3] [--peers VENV] [--json]

The pages (`made_pages.py`: 100 kB, forty models) come from a server on loopback, twenty hosts of it. Four passes of
each program are timed as whole processes, the programs in turn, `rounds` times from nothing:

- **first**: nothing is known yet. The lean spider walks the tables with lxml and inserts rows.
- **etag**: nothing changed and the server says so with 304.
- **full**: nothing changed, and the server knows no ETag: every body comes again.
- **changed**: one page in ten changed, half of them in a price, half in something else (`made_pages.COSMETICS`).

Pricefall's second look follows at once here (`confirm_after = "0s"`), which is part of what is timed. The peers are of
a virtual environment of their own: `python -m venv VENV && VENV/bin/pip install urlwatch webchanges`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.captures import ROOT
from benchmarks.made_pages import MadePage, changed

HOSTS = 20
PASSES = ("first", "etag", "full", "changed")


@dataclass(frozen=True, slots=True)
class Took:
    """One pass: seconds of the whole process, and what it says it found."""

    seconds: float
    found: int


# --- the server --------------------------------------------------------------


def serve(pages: int, port: Any, mode: Any) -> None:
    """Answers `/page/N` for every host; `mode` is 0 with ETags, 1 without, 2 with the changed pages."""
    bodies = [MadePage(n).html() for n in range(pages)]
    edited = {n: changed(MadePage(n), n // 10).html() for n in range(0, pages, 10)}
    tags = {id(body): hashlib.sha256(body).hexdigest()[:16] for body in [*bodies, *edited.values()]}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1]
                writer.write(say(path, head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def say(path: bytes, head: bytes) -> bytes:
        if not path.startswith(b"/page/"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        number = int(path[6:])
        body = edited.get(number, bodies[number]) if mode.value == 2 else bodies[number]
        tag = tags[id(body)].encode()
        if mode.value != 1 and tag in head:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "%s"\r\n\r\n' % tag
        etag = b"" if mode.value == 1 else b'ETag: "%s"\r\n' % tag
        lines = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n"
        return lines % (etag, len(body)) + body

    async def run() -> None:
        first = await asyncio.start_server(answer, "127.0.0.1", 0)
        number = first.sockets[0].getsockname()[1]
        rest = [await asyncio.start_server(answer, f"127.0.0.{1 + n}", number) for n in range(1, HOSTS)]
        port.value = number
        await asyncio.gather(*(server.serve_forever() for server in [first, *rest]))

    asyncio.run(run())


@contextmanager
def serving(pages: int) -> Iterator[tuple[int, Any]]:
    """The port and the mode of a server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    port, mode = context.Value("i", 0), context.Value("i", 0)
    process = context.Process(target=serve, args=(pages, port, mode), daemon=True)
    process.start()
    try:
        while not port.value:
            time.sleep(0.05)
        yield port.value, mode
    finally:
        process.terminate()
        process.join()


# --- the programs ------------------------------------------------------------


class Pricefall:
    """`pricefall run`, all provider files of its own."""

    name = "pricefall"

    def __init__(self, folder: Path, pages: int, port: int) -> None:
        self.folder = folder
        (folder / "providers").mkdir()
        hosts = [f"shop{n}.example" for n in range(HOSTS)]
        for n, host in enumerate(hosts):
            said = [f'name = "Shop {n}"', f'home = "https://{host}"', 'interval = "1h"', "delay = 0.0"]
            said += [f'\n[[page]]\nurl = "https://{host}/page/{at}"\nverified = false' for at in range(n, pages, HOSTS)]
            (folder / "providers" / f"shop{n}.toml").write_text("\n".join(said) + "\n")
        table = "\n".join(f'"{host}" = "http://127.0.0.1:{port}"' for host in hosts)
        (folder / "pricefall.toml").write_text(
            'database = "pricefall.db"\narchive = "archive"\nproviders = "providers"\n\n[monitor]\n'
            f'confirm_after = "0s"\n\n[witnesses]\nfeeds = []\n\n[fetch.hosts]\n{table}\n'
        )
        self.only = ",".join(f"shop{n}" for n in range(HOSTS))

    def run(self, which: str) -> Took:
        """One pass; found are rates at the first, models with an event later."""
        command = [sys.executable, "-m", "monitor", "--config", str(self.folder / "pricefall.toml"), "run", "--json"]
        took, out = timed([*command, "--only", self.only], ROOT)
        said = json.loads(out)
        counts = said["counts"]
        if counts["failed"] or counts["suspect"]:
            raise SystemExit(f"a page failed: {counts}")
        return Took(took, counts["rates"] if which == "first" else len({event["model"] for event in said["events"]}))


class Lean:
    """The spider of `lean_spider.py`."""

    name = "lean spider"

    def __init__(self, folder: Path, pages: int, port: int) -> None:
        self.folder = folder
        (folder / "urls").write_text("\n".join(addresses(pages, port)))

    def run(self, which: str) -> Took:
        """One pass; found are rows at the first, pages that came in full later."""
        command = [
            sys.executable,
            "-m",
            "benchmarks.lean_spider",
            str(self.folder / "lean.db"),
            str(self.folder / "urls"),
        ]
        flags = ["--rows"] if which in {"first", "changed"} else []
        took, out = timed([*command, *flags], ROOT)
        counts = json.loads(out)
        return Took(took, counts["rows"] if which == "first" else counts["fetched"])


class Urlwatch:
    """urlwatch of the peers' environment, html2text off: it compares whole bodies."""

    name = "urlwatch"

    def __init__(self, folder: Path, pages: int, port: int, peers: Path) -> None:
        self.folder, self.peers = folder, peers
        (folder / "urls.yaml").write_text("---\n".join(f'url: "{url}"\n' for url in addresses(pages, port)))
        (folder / "config.yaml").write_text("report:\n  stdout:\n    enabled: true\n")

    def run(self, _which: str) -> Took:
        """One pass; found are the pages that it reports as new or changed."""
        files = ["--urls", "urls.yaml", "--config", "config.yaml", "--cache", "cache.db"]
        took, out = timed([str(self.peers / "bin" / self.name), *files], self.folder)
        return Took(took, sum(line.startswith(("NEW: ", "CHANGED: ")) for line in out.splitlines()))


class Webchanges(Urlwatch):
    """webchanges, urlwatch's descendant."""

    name = "webchanges"

    def run(self, _which: str) -> Took:
        """One pass; found are the pages that it reports as new or changed."""
        files = ["--jobs", "urls.yaml", "--config", "config.yaml", "--database", "snapshots.db"]
        took, out = timed([str(self.peers / "bin" / self.name), *files], self.folder)
        return Took(took, len(re.findall(r"^\d+\. (?:NEW|CHANGED): ", out, re.MULTILINE)))


def addresses(pages: int, port: int) -> list[str]:
    """The pages as programs ask for them that know no other name of this machine; hosts are addresses of loopback."""
    return [f"http://127.0.0.{1 + n % HOSTS}:{port}/page/{n}" for n in range(pages)]


def timed(command: list[str], cwd: Path) -> tuple[float, str]:
    """Seconds of the whole process, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in {0, 1}:
        raise SystemExit(f"{' '.join(command[:3])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


# --- the measuring -----------------------------------------------------------


def measure(pages: int, rounds: int, peers: Path | None, chosen: set[str]) -> dict[str, dict[str, list[Took]]]:
    """Name of the program to pass to what each round took."""
    took: dict[str, dict[str, list[Took]]] = {}
    with serving(pages) as (port, mode):
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="passes-") as folder:
                programs = list(_programs(Path(folder), pages, port, peers, chosen))
                for which in PASSES:
                    mode.value = {"full": 1, "changed": 2}.get(which, 0)
                    for program in programs:
                        print(f"  {program.name}: {which}", file=sys.stderr, flush=True)
                        took.setdefault(program.name, {}).setdefault(which, []).append(program.run(which))
    return took


def _programs(folder: Path, pages: int, port: int, peers: Path | None, chosen: set[str]) -> Iterator[Any]:
    makers: dict[str, Callable[[Path], Any]] = {
        "lean spider": lambda own: Lean(own, pages, port),
        "pricefall": lambda own: Pricefall(own, pages, port),
    }
    if peers is not None:
        makers["urlwatch"] = lambda own: Urlwatch(own, pages, port, peers)
        makers["webchanges"] = lambda own: Webchanges(own, pages, port, peers)
    for name, make in makers.items():
        if not chosen or name in chosen:
            own = folder / name.replace(" ", "-")
            own.mkdir()
            yield make(own)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="a virtual environment with urlwatch and webchanges")
    parser.add_argument("--only", default="", help="programs by name, separated by commas")
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args()
    took = measure(said.pages, said.rounds, said.peers, set(filter(None, said.only.split(","))))
    medians = {
        name: {
            which: {"seconds": round(statistics.median(t.seconds for t in times), 2), "found": times[-1].found}
            for which, times in passes.items()
        }
        for name, passes in took.items()
    }
    if said.json:
        print(json.dumps(medians, indent=1))
        return
    lean = medians.get("lean spider", {})
    print(f"{'':<14}" + "".join(f"{which:>26}" for which in PASSES))
    for name, passes in medians.items():
        cells = []
        for which in PASSES:
            seconds, found = passes[which]["seconds"], passes[which]["found"]
            ratio = f"{seconds / lean[which]['seconds']:5.2f}x" if lean else ""
            cells.append(f"{seconds:8.2f} s {ratio} {found:>7}")
        print(f"{name:<14}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
