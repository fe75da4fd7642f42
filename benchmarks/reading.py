"""How long reading a page takes beside lxml's parse of the same bytes, and how much memory the largest page needs.

    python benchmarks/reading.py                    # the project's own test pages
    python benchmarks/reading.py --corpus DIR       # a directory with a manifest.jsonl of {"file", "provider", "url"}
    python benchmarks/reading.py --json --only openai
    python benchmarks/reading.py --made 30          # pages of 100 kB with 40 models, one after the other

Both are measured in one run by the process's own clock, the best of several; the vocabulary is loaded and every other
cache is emptied before. benchmarks/README.md says how to read the table.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lxml import etree

from benchmarks.captures import ROOT, load_manifest
from benchmarks.made_pages import MadePage
from scrapers.catalog import Hints, load_catalog
from scrapers.documents.read import read_document
from scrapers.errors import LayoutError, NoTable
from scrapers.reader import read_page
from scrapers.reading.vocabulary import load_vocabulary


@dataclass(frozen=True, slots=True)
class Page:
    """A page to read; `hints` are those of its provider."""

    path: Path
    hints: Hints


@dataclass(frozen=True, slots=True)
class Measure:
    """Seconds for one page: lxml's parse, the way to blocks, and the whole reading."""

    file: str
    size: int
    lxml: float
    document: float
    reading: float

    @property
    def ratio(self) -> float:
        return self.reading / self.lxml

    @property
    def per_megabyte(self) -> float:
        return self.reading / self.size * 1e6


def find_pages(corpus: Path) -> Iterator[Page]:
    """The pages of a corpus: by its manifest, else by the test pages' `source.toml`."""
    catalog = load_catalog()
    manifest = corpus / "manifest.jsonl"
    if manifest.exists():
        found = [(saved.path, saved.provider, saved.url) for saved in load_manifest(corpus)]
    else:
        found = []
        for source in sorted(corpus.glob("*/*/source.toml")):
            one = tomllib.loads(source.read_text(encoding="utf-8"))
            found += [(path, one["provider"], one["url"]) for path in source.parent.glob("page.*")]
    for path, provider, url in found:
        yield Page(path, catalog[provider].hints_for(url) if provider in catalog else Hints())


def measure(page: Page, corpus: Path, rounds: int) -> Measure:
    """The best of several rounds for each of the three."""
    body = page.path.read_bytes()

    def read() -> None:
        with contextlib.suppress(NoTable, LayoutError):  # a refusal is an answer too, and takes its time
            read_page(body, hints=page.hints)

    return Measure(
        str(page.path.relative_to(corpus)),
        len(body),
        _best(lambda: etree.HTML(body), rounds * 3),
        _best(lambda: read_document(body), rounds),
        _best(read, rounds),
    )


def _best(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        _forget()
        begun = time.process_time_ns()
        work()
        spent.append(time.process_time_ns() - begun)
    return max(min(spent), 1000) / 1e9


def _forget() -> None:
    """Empties the reader's caches, all but the vocabulary's: a page is read as the first of its run."""
    for module in [module for name, module in sys.modules.items() if name.startswith("scrapers.")]:
        for value in vars(module).values():
            if isinstance(value, functools._lru_cache_wrapper) and value is not load_vocabulary:  # noqa: SLF001 # no public name
                value.cache_clear()
    gc.collect()


def measure_made(count: int) -> Iterator[tuple[str, float]]:
    """Milliseconds a page for made pages in a row, as a run reads them: what is known of words is kept between them."""
    bodies = [MadePage(number).html() for number in range(count)]
    works: dict[str, Callable[[bytes], object]] = {"lxml": etree.HTML, "blocks": read_document, "reading": read_page}
    for name, work in works.items():
        work(MadePage(count).html())
        begun = time.process_time_ns()
        for body in bodies:
            work(body)
        yield name, (time.process_time_ns() - begun) / count / 1e6


def peak_memory(path: Path) -> int:
    """The most memory in bytes that a process needs that reads one page and nothing else."""
    answer = subprocess.run([sys.executable, __file__, "--peak", str(path)], check=True, capture_output=True, text=True)
    return int(answer.stdout)


def _print_peak(path: Path) -> None:
    with contextlib.suppress(NoTable, LayoutError):
        read_page(path.read_bytes())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=ROOT / "tests" / "pages")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--made", type=int, default=0, metavar="N", help="N made pages of 100 kB with 40 models instead"
    )
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peak:
        _print_peak(chosen.peak)
        return
    load_vocabulary()
    if chosen.made:
        for name, spent in measure_made(chosen.made):
            print(f"{name:>8} {spent:7.2f} ms a page")
        return
    pages = [page for page in find_pages(chosen.corpus) if chosen.only in str(page.path)]
    if not pages:
        sys.exit(f"no page in {chosen.corpus}; give --corpus a directory with a manifest.jsonl")
    measures = sorted((measure(page, chosen.corpus, chosen.rounds) for page in pages), key=lambda each: each.ratio)
    largest = max(pages, key=lambda page: page.path.stat().st_size)
    html = [each for each in measures if each.file.endswith(".html")]
    summary = {
        "median ratio": statistics.median(each.ratio for each in measures),
        "median ratio of HTML": statistics.median(each.ratio for each in html) if html else None,
        "median ratio of blocks of HTML": statistics.median(each.document / each.lxml for each in html)
        if html
        else None,
        "most seconds per megabyte from 100 kB": max(
            (each.per_megabyte for each in measures if each.size >= 100_000), default=None
        ),
        "largest page": largest.path.stat().st_size,
        "its peak memory": peak_memory(largest.path),
    }
    if chosen.json:
        print(json.dumps({"pages": [asdict(each) for each in measures], **summary}))
        return
    print(f"{'ratio':>9} {'blocks':>8} {'reading':>10} {'lxml':>9} {'size':>9} {'s/MB':>6}  file")
    for each in measures:
        print(
            f"{each.ratio:9.1f} {each.document / each.lxml:8.1f} {each.reading * 1e3:7.1f} ms {each.lxml * 1e3:6.2f} ms"
            f" {each.size:9d} {each.per_megabyte:6.2f}  {each.file}"
        )
    for name, value in summary.items():
        print(f"{name}: {value if value is None or isinstance(value, int) else round(value, 2)}")


if __name__ == "__main__":
    main()
