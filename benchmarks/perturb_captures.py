"""Changes saved pages at random places, as providers do, and counts what the reader then says: never another number.

The directory is one of `captures.py`. Each page is changed `--edits` times, one change at a
time, by a seeded generator; what is read is compared with what the page says unchanged. An answer is right when it is
the same rates, correctly scaled ones, fewer rates with a complaint, or a named error.

    python benchmarks/perturb_captures.py --corpus DIR                      # 200 edits a page, a table by kind of edit
    python benchmarks/perturb_captures.py --corpus DIR --only zhipu --show 5

The exit status is 1 when an edit gave another number or lost one in silence.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.captures import load_manifest, parser_for
from benchmarks.page_edits import STRANGE, PageBytes, edits_of
from scrapers.catalog import load_catalog
from scrapers.errors import ScrapeError
from scrapers.rates import PriceList, Rate
from scrapers.reader import read_page

_SCALES = (Fraction(1), Fraction(1000), Fraction(1, 1000))

Fact = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one edit led to: same, scaled, complained, refused, gone, silent or wrong."""

    file: str
    edit: str
    answer: str
    where: str


def main() -> int:
    """Changes the pages that the arguments name; 1 when an edit gave another number or lost one in silence."""
    arguments = _arguments()
    pages = [page for page in saved_pages(arguments.corpus) if arguments.only in page.file]
    started, findings = time.monotonic(), []
    perturb = partial(perturbed, count=arguments.edits, seed=arguments.seed)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for number, found in enumerate(pool.map(perturb, pages), 1):
            findings += found
            print(f"\r{number} of {len(pages)} pages, {len(findings)} edits", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    bad = [each for each in findings if each.answer in {"wrong", "silent"}]
    if arguments.json:
        counts = Counter((each.edit, each.answer) for each in findings)
        print(
            json.dumps([{"edit": edit, "answer": answer, "count": n} for (edit, answer), n in sorted(counts.items())])
        )
    else:
        print(_table(findings))
        print(f"{len(findings)} edits of {len(pages)} pages in {time.monotonic() - started:.0f} s")
    shown: Counter[tuple[str, str]] = Counter()
    for each in bad:
        shown[each.file, each.edit] += 1
        if shown[each.file, each.edit] <= arguments.show:
            print(f"{each.answer:7}{each.file}  {each.edit}: {each.where}")
    return bool(bad)


def saved_pages(corpus: Path) -> Iterator[PageBytes]:
    """The pages of the manifest that are no negatives, with their provider's hints."""
    catalog = load_catalog()
    for capture in load_manifest(corpus):
        if not capture.is_negative:
            body = capture.path.read_bytes()
            yield PageBytes(capture.file, capture.kind, capture.captured_at, capture.hints(catalog), body)


def perturbed(page: PageBytes, *, count: int, seed: int) -> list[Finding]:
    """What `count` edits of one page lead to. A page that is refused unchanged has nothing to compare."""
    base = _read_or_refuse(page, page.body)
    if base is None:
        return []
    chance = random.Random(f"{seed} {page.file}")  # noqa: S311 # repeatable edits, no secret
    edits = edits_of(page)
    findings, tries = [], 0
    while len(findings) < count and tries < count * 5:
        tries += 1
        name, edit = chance.choice(edits)
        edited = edit(page, chance)
        if edited is None or edited[1] == page.body:
            continue
        where, body = edited
        findings.append(Finding(page.file, name, *judged(page, base, name, where, body)))
    return findings


def judged(page: PageBytes, base: PriceList, name: str, where: str, body: bytes) -> tuple[str, str]:
    """The answer to one edit and where it was; a loss is loud only by a complaint that the page did not give before."""
    got = _read_or_refuse(page, body)
    if got is None:
        return "refused", where
    facts, before = ({fact(rate) for rate in one.rates} for one in (got, base))
    strangers = {each for each in facts - before if not is_expected(each, before, name)}
    if strangers:
        return "wrong", f"{where}: {min(strangers, key=str)}"
    if facts == before:
        return "same", where
    if name in {"unit", "sign"} and facts - before:
        return "scaled", where
    # Markdown, text and JSON lines have no end of their own: a cut between two rows cannot be seen.
    if _words(got) - _words(base) or (name == "cut" and not page.is_html and page.kind != "json"):
        return "complained", where
    lost = before - facts
    if name == "drop key" and len({each[0] for each in lost}) == 1:
        return "gone", where  # no other entry shows that this one had a price more
    return ("silent", f"{where}: {len(lost)} lost, {min(lost, key=str)}") if lost else ("same", where)


def _words(read: PriceList) -> Counter[tuple[str, str, str]]:
    return Counter((each.kind, each.message, each.quote) for each in read.complaints)


def is_expected(each: Fact, base: set[Fact], name: str) -> bool:
    """Whether the edit itself says this: a model of the strange name, a scaled price, another currency."""
    if STRANGE.casefold() in str(each[0]).casefold():
        return True
    if name == "unit" and each[6] is not None:
        return any((*each[:6], each[6] * scale, each[7]) in base for scale in _SCALES)
    if name == "sign":
        return any((*each[:4], known, *each[5:]) in base for known in ("USD", "CNY", "EUR", "JPY"))
    return False


def fact(rate: Rate) -> Fact:
    """All that a user would act on, without the free text and the evidence."""
    conditions = replace(rate.conditions, other=None).key
    return (
        *(rate.model_key, rate.meter, rate.service_tier, conditions),
        *(rate.currency, rate.state, rate.unit_price, rate.valid_from),
    )


def _read_or_refuse(page: PageBytes, body: bytes) -> PriceList | None:
    try:
        return read_page(body, hints=page.hints, captured_at=page.captured_at)
    except ScrapeError:
        return None


def _table(findings: Sequence[Finding]) -> str:
    answers = ("same", "scaled", "complained", "refused", "gone", "silent", "wrong")
    counts = Counter((each.edit, each.answer) for each in findings)
    names = sorted({each.edit for each in findings})
    lines = [f"{'edit':16}" + "".join(f"{answer:>12}" for answer in answers)]
    lines += [f"{name:16}" + "".join(f"{counts[name, answer]:12}" for answer in answers) for name in names]
    total = Counter(each.answer for each in findings)
    return "\n".join([*lines, f"{'all':16}" + "".join(f"{total[answer]:12}" for answer in answers)])


def _arguments() -> argparse.Namespace:
    parser = parser_for(__doc__)
    parser.add_argument("--edits", type=int, default=200, help="edits of each page (200)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--show", type=int, default=3, metavar="N", help="show N faults of each page and edit (3)")
    parser.add_argument("--json", action="store_true", help="counts as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
