"""A page that changes its form gives the same prices, or scaled ones, or a complaint. Never other numbers.

Each test but one changes every golden page in one way, at every place where that way is possible; that one makes twenty
of the benchmark's random edits (rows, headings, marks, signs, wraps, payloads, panes). What is read is compared with
what was read before: nothing may be new, and what is lost must be loud.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from benchmarks.captures import SEED
from benchmarks.page_edits import STRANGE, PageBytes
from benchmarks.perturb_captures import fact, perturbed
from scrapers.errors import ScrapeError
from scrapers.rates import PriceList

METER_WORDS = re.compile(
    r"cached input|input|output|cache (?:hits?|writes?)(?: & refreshes)?|cost\b|eingabe|ausgabe|入力|出力"
    r"|输入(?:单价|价格)?(?!长度)|输出(?:单价|价格)?(?!长度)|缓存命中|缓存存储",
    re.IGNORECASE,
)
RECORD_KEYS = re.compile(
    r'\\?"(?:prompt|completion|input_cache_read|input|output|inputPrice|outputPrice|per|price_dollar|price_euro'
    r'|unitOfMeasure|currencyCode|meterName)\\?"(?=\s*:)'
)

Mutation = tuple[str, str]  # what was done, the page's new text


# What the tests ask


def test_columns_in_another_order(priced: Any) -> None:
    assert_never_other_numbers(priced, swapped_columns)


def test_an_unknown_column_of_numbers(priced: Any) -> None:
    assert_never_other_numbers(priced, strange_columns, must_complain=True)


def test_an_unknown_key_in_a_record(priced: Any) -> None:
    # Records hold many numbers that are no prices, so only an object of prices must speak of a strange one.
    assert_never_other_numbers(priced, strange_keys, must_complain=priced.provider == "openrouter")


def test_a_label_renamed_to_an_unknown_word(priced: Any) -> None:
    assert_never_other_numbers(priced, renamed_labels)


def test_another_unit_scales_the_prices(priced: Any) -> None:
    is_by_the_thousand = "/千tokens" in priced.path.read_text(encoding="utf-8")
    if is_by_the_thousand:
        assert_never_other_numbers(priced, millions_for_thousands, scale=Fraction(1, 1000))
    else:
        assert_never_other_numbers(priced, thousands_for_millions, scale=Fraction(1000))


def test_twenty_seeded_edits(priced: Any) -> None:
    kind = {".md": "markdown", ".txt": "text"}.get(priced.path.suffix, priced.path.suffix[1:])
    page = PageBytes(priced.id, kind, priced.captured_at, priced.hints, priced.path.read_bytes())
    findings = perturbed(page, count=20, seed=SEED)
    bad = [each for each in findings if each.answer in {"wrong", "silent"}]
    assert not bad, "\n".join(map(str, bad))


def test_no_currency_sign(priced: Any) -> None:
    assert_never_other_numbers(priced, without_currency_signs)


def test_a_page_cut_anywhere(priced: Any) -> None:
    # Markdown has no end of its own: a cut between two rows cannot be seen. HTML and JSON show it.
    has_end = priced.path.suffix in {".html", ".json"}  # NDJSON ends where its lines do
    body = priced.path.read_bytes()
    base = {fact(rate) for rate in priced.read().rates}
    for length in range(128, len(body.rstrip()) - 1, 128):
        got = read_or_refuse(priced, body[:length])
        where = f"{priced.id} cut after {length} bytes: ...{body[length - 40 : length].decode('utf-8', 'replace')!r}"
        if got is None:
            continue
        strangers = {fact(rate) for rate in got.rates} - base
        assert not strangers, f"{where}: {strangers}"
        if has_end:
            assert "incomplete" in {each.kind for each in got.complaints}, where


def test_a_row_of_a_component_that_has_an_unknown_length_is_refused(priced: Any) -> None:
    if priced.path.suffix != ".mdx":
        pytest.skip("only arrays without headings have lengths")
    text = priced.path.read_text(encoding="utf-8")
    rows = re.findall(r'\["gpt[^\]]*\]', text)
    base = {fact(rate) for rate in priced.read().rates}
    for row in rows:
        fields = row.removesuffix("]").split(", ")
        longer = ", ".join([*fields[:2], "7.77", "7.77", "7.77", *fields[2:]]) + "]"
        got = read_or_refuse(priced, text.replace(row, longer).encode())
        if got is not None:
            assert {fact(rate) for rate in got.rates} <= base, longer
            assert got.complaints, longer


# How a page is compared with itself


def read_or_refuse(page: Any, body: bytes) -> PriceList | None:
    try:
        read: PriceList = page.read(body)
    except ScrapeError:  # a named error is an answer; anything else fails the test
        return None
    return read


def assert_never_other_numbers(
    page: Any,
    mutate: Callable[[Any], Iterator[Mutation]],
    *,
    scale: Fraction | None = None,
    must_complain: bool = False,
) -> None:
    base = {fact(rate) for rate in page.read().rates}
    allowed = base if scale is None else {scaled(each, scale) for each in base} | {e for e in base if not per_token(e)}
    wrong = []
    mutations = list(mutate(page))
    if not mutations:
        pytest.skip("the page has nothing to change in this way")
    for what, text in mutations:
        got = read_or_refuse(page, text.encode("utf-8"))
        if got is None:
            continue
        facts = {fact(rate) for rate in got.rates}
        if facts - allowed:
            wrong.append(f"{what}: other numbers {sorted(map(str, facts - allowed))[:3]}")
        elif len(facts) < len(base) and not got.complaints:
            wrong.append(f"{what}: {len(base) - len(facts)} prices are lost without a word")
        elif must_complain and not got.complaints:
            wrong.append(f"{what}: the new numbers are passed over without a word")
    assert not wrong, f"{page.id}: {len(wrong)} faults\n" + "\n".join(wrong[:8])


def scaled(each: tuple[Any, ...], scale: Fraction) -> tuple[Any, ...]:
    return (*each[:6], None if each[6] is None else each[6] * scale, each[7])


def per_token(each: tuple[Any, ...]) -> bool:
    return each[1] not in {"video", "image", "search", "request", "page", "speech"}


# Ways to change a page


def swapped_columns(page: Any) -> Iterator[Mutation]:
    for left in range(8):
        for right in (left + 1, left + 3):
            yield from rewritten(
                page,
                f"columns {left} and {right} swapped",
                lambda grid, left=left, right=right: grid.swap(left, right),
            )


def strange_columns(page: Any) -> Iterator[Mutation]:
    for at in range(1, 8):
        yield from rewritten(page, f"a strange column at {at}", lambda grid, at=at: grid.insert(at))


def strange_keys(page: Any) -> Iterator[Mutation]:
    text = page.path.read_text(encoding="utf-8")
    for place in RECORD_KEYS.finditer(text):
        quote = place[0][: -len(place[0].lstrip('\\"'))]
        strange = f"{quote}{STRANGE}{quote}: {quote}0.000777{quote}, "
        yield (
            f"a strange key before {place[0]} at {place.start()}",
            text[: place.start()] + strange + text[place.start() :],
        )


def renamed_labels(page: Any) -> Iterator[Mutation]:
    text = page.path.read_text(encoding="utf-8")
    for place in METER_WORDS.finditer(text):
        line = text[text.rfind("\n", 0, place.start()) + 1 : text.find("\n", place.end())]
        if "|" in line or "<t" in line or "label" in line or "<div>" in line:
            yield f"{place[0]!r} at {place.start()} renamed", text[: place.start()] + STRANGE + text[place.end() :]
    for place in RECORD_KEYS.finditer(text):
        renamed = re.sub(r"\w+", STRANGE, place[0])
        yield f"key {place[0]} at {place.start()} renamed", text[: place.start()] + renamed + text[place.end() :]


def thousands_for_millions(page: Any) -> Iterator[Mutation]:
    text = page.path.read_text(encoding="utf-8")
    changed = re.sub(r"\b1M(?=\s*(?:tokens|INPUT|OUTPUT))", "1K", text).replace("MTok", "KTok").replace("百万", "千")
    changed = re.sub(r"(?<=per )M(?= (?:in|out)put)|(?<=\(/)M(?= tokens)", "K", changed)
    changed = changed.replace("1,000,000 tokens", "1,000 tokens").replace("1M = 1,000,000", "1K = 1,000")
    if changed != text:
        yield "millions became thousands", changed


def millions_for_thousands(page: Any) -> Iterator[Mutation]:
    text = page.path.read_text(encoding="utf-8")
    changed = text.replace("/千tokens", "/百万tokens")
    if changed != text:
        yield "thousands became millions", changed


def without_currency_signs(page: Any) -> Iterator[Mutation]:
    text = page.path.read_text(encoding="utf-8")
    changed = re.sub(r"\\?\$(?=\d|<)|[￥¥]|美元|元|厘", "", text)
    if changed != text:
        yield "no currency sign", changed


# Tables as something to turn and widen, in HTML, in Markdown, and in either held by JSON


def rewritten(page: Any, what: str, change: Callable[[Any], bool]) -> Iterator[Mutation]:
    """The page with its tables changed; nothing when no table could be."""
    text = page.path.read_text(encoding="utf-8")
    rewrite = html_tables if page.path.suffix == ".html" else markdown_tables
    if page.path.suffix == ".json":
        body = json.loads(text)
        holder, key = carrier(body)
        if holder is None:
            return
        rewrite = html_tables if "<table" in holder[key] else markdown_tables
        changed = rewrite(holder[key], change)
        if changed is not None:
            holder[key] = changed
            yield what, json.dumps(body, ensure_ascii=False)
        return
    changed = rewrite(text, change)
    if changed is not None:
        yield what, changed


def carrier(body: Any) -> tuple[Any, str]:
    """Where in a JSON document the text with tables stands."""
    for value in body.values() if isinstance(body, dict) else ():
        if isinstance(value, dict):
            for key, text in value.items():
                if isinstance(text, str) and ("<table" in text or "| ---" in text):
                    return value, key
    return None, ""


def html_tables(text: str, change: Callable[[Any], bool]) -> str | None:
    soup = BeautifulSoup(text, "lxml")
    changed = [change(HtmlGrid(table, soup)) for table in soup.find_all("table")]
    if not any(changed):
        return None
    return str(soup) if "<html" in text else str(soup.body.decode_contents() if soup.body else soup)


def markdown_tables(text: str, change: Callable[[Any], bool]) -> str | None:
    lines = text.split("\n")
    groups: list[list[int]] = []
    for number, line in enumerate(lines):
        if line.startswith("|"):
            if groups and groups[-1][-1] == number - 1:
                groups[-1].append(number)
            else:
                groups.append([number])
    is_changed = False
    for group in groups:
        grid = MarkdownGrid([lines[number] for number in group])
        if len(group) > 2 and grid.is_regular and change(grid):
            is_changed = True
            for number, line in zip(group, grid.lines(), strict=True):
                lines[number] = line
    return "\n".join(lines) if is_changed else None


class MarkdownGrid:
    """A Markdown table whose rows are all of one length."""

    def __init__(self, lines: list[str]) -> None:
        self.rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]

    @property
    def is_regular(self) -> bool:
        return len({len(row) for row in self.rows}) == 1

    def swap(self, left: int, right: int) -> bool:
        if right >= len(self.rows[0]):
            return False
        for row in self.rows:
            row[left], row[right] = row[right], row[left]
        return True

    def insert(self, at: int) -> bool:
        if at > len(self.rows[0]) or not any(re.fullmatch(r"\D*\d+\.\d+.*", cell) for row in self.rows for cell in row):
            return False  # no prices, so the numbers would be none
        for number, row in enumerate(self.rows):
            row.insert(at, STRANGE if number == 0 else "---" if number == 1 else "$7.77")
        return True

    def lines(self) -> list[str]:
        return ["| " + " | ".join(row) + " |" for row in self.rows]


class HtmlGrid:
    """An HTML table by columns, spans honoured; a cell of no span stands nowhere and stays first in its row."""

    def __init__(self, table: Tag, soup: BeautifulSoup) -> None:
        self.soup = soup
        self.rows: list[tuple[Tag, list[tuple[int, int, Tag]]]] = []
        taken: dict[int, int] = {}
        for tr in table.find_all("tr"):
            cells, column = [], 0
            for cell in tr.find_all(["td", "th"], recursive=False):
                span, down = int(str(cell.get("colspan", 1))), int(str(cell.get("rowspan", 1)))
                if span == 0 or down == 0:
                    continue
                while taken.get(column, 0) > 0:
                    column += 1
                cells.append((column, span, cell))
                for covered in range(column, column + span):
                    taken[covered] = down
                column += span
            taken = {covered: left - 1 for covered, left in taken.items()}
            self.rows.append((tr, cells))
        self.width = max((column + span for _, cells in self.rows for column, span, _ in cells), default=0)

    def swap(self, left: int, right: int) -> bool:
        if right >= self.width or self.is_across:
            return False
        for _, cells in self.rows:
            for column, span, _ in cells:
                if (column <= left < column + span) != (column <= right < column + span) and span > 1:
                    return False
        for tr, cells in self.rows:
            place = {left: right, right: left}
            moved = sorted(cells, key=lambda each: place.get(each[0], each[0]) if each[1] == 1 else each[0])
            for _, _, cell in cells:
                cell.extract()
            for _, _, cell in moved:
                tr.append(cell)
        return True

    def insert(self, at: int) -> bool:
        if at > self.width or self.is_across:
            return False
        for number, (tr, cells) in enumerate(self.rows):
            inside = next((cell for column, span, cell in cells if column < at < column + span), None)
            if inside is not None:
                inside["colspan"] = int(str(inside["colspan"])) + 1
                continue
            is_header = number < self.header_rows
            new = self.soup.new_tag("th" if is_header else "td")
            new.string = (STRANGE if number == self.header_rows - 1 else "") if is_header else self.strange_amount
            after = next((cell for column, _, cell in cells if column >= at), None)
            if after is None:
                tr.append(new)
            else:
                after.insert_before(new)
        return True

    @property
    def header_rows(self) -> int:
        marked = [tr for tr, _ in self.rows if tr.find_parent("thead") is not None]
        if marked:
            return len(marked)
        # The body of a table whose header stands in another table has no header of its own.
        return 0 if self.rows and "el-table__row" in (self.rows[0][0].get("class") or []) else 1

    @property
    def is_across(self) -> bool:
        """Models across: there a strange column is a strange model, and the order of label columns is their meaning."""
        return bool(self.rows) and "deepseek" in self.rows[0][0].get_text()

    @property
    def strange_amount(self) -> str:
        text = " ".join(tr.get_text() for tr, _ in self.rows)
        return "$7.77" if "$" in text else "7.77元" if re.search(r"\d元", text) else "7.77"
