"""One page to one price list: documents to blocks, blocks to rates, and the accounting of what was not understood.

Reading is pure: the same bytes and hints give the same list. Two values for one identity are a conflict, and neither is
reported unless the context of the two tells them apart.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scrapers.catalog import Hints
from scrapers.documents.blocks import Block, Card, Context, Document, Kind, Prose, Record, Table
from scrapers.documents.decode import decode
from scrapers.documents.read import read_document
from scrapers.errors import NoTable
from scrapers.rates import Complaint, PriceList, Rate
from scrapers.reading.apart import settle
from scrapers.reading.headers import where
from scrapers.reading.ignoring import BY_THE_PROVIDER_FILE, IN_TEXT, ignore
from scrapers.reading.labels import Reading, Scope, read_sentence, split_sentences
from scrapers.reading.meterheads import join_meter_cards
from scrapers.reading.money import find_amounts
from scrapers.reading.refusals import refusal
from scrapers.reading.retirements import find_retirements
from scrapers.reading.rivals import without_rivals
from scrapers.reading.sentences import family_of, read_sentences
from scrapers.reading.siblings import Habits, habits_of
from scrapers.reading.tables import read_table
from scrapers.reading.templates import fill_template
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Meaning, Vocabulary, load_vocabulary
from scrapers.reading.windows import read_windows
from scrapers.windows import Window

_NO_HINTS = Hints()
_NOTHING_READ = Reading()
_TOOL_METERS = frozenset({"search", "request", "other"})


def read_page(
    body: bytes,
    *,
    hints: Hints = _NO_HINTS,
    captured_at: datetime | None = None,
    kind: Kind | None = None,
    charset: str | None = None,
    companion: bytes | None = None,
) -> PriceList:
    """The price list that a page states.

    Args:
        body: the page as it came.
        hints: what the page does not say itself.
        captured_at: when it was fetched; dates without a year are near it.
        kind: what the bytes are, instead of sniffing.
        charset: the encoding that the server named.
        companion: the document that holds a template page's amounts.

    Raises:
        NoTable: the document holds no model prices; `found` names what it is instead.
        LayoutError: the document cannot be read.

    """
    if companion is not None:
        return _read_joined(body, companion, hints=hints, captured_at=captured_at, kind=kind, charset=charset)
    document = read_document(body, kind=kind, charset=charset)
    total = Reading()
    located: list[tuple[Rate, Context]] = []
    for block, _, part in read_blocks(document, hints, captured_at):
        if part != _NOTHING_READ:
            located += [(rate, block.context) for rate in part.rates]
            total += replace(part, rates=())
    rates, conflicts = settle(located)
    complaints = [*total.complaints, *conflicts]
    if not document.is_complete:
        complaints.append(Complaint("incomplete", "the document's end is missing; do not compare its prices"))
    if all(rate.meter in _TOOL_METERS for rate in rates):
        raise refusal(document, _sample(document.blocks), replace(total, complaints=tuple(complaints)))
    names = (rate.model for rate in rates)
    ends = find_retirements(document.blocks, names, hints.timezone, captured_at)
    relative = tuple(dict.fromkeys(total.relative))
    return PriceList(
        rates,
        tuple(complaints),
        total.amounts_seen,
        total.amounts_ignored,
        relative,
        retirements=ends,
        windows=_windows(document, rates, hints, captured_at),
    )


def _windows(
    document: Document, rates: Sequence[Rate], hints: Hints, captured_at: datetime | None
) -> tuple[Window, ...]:
    """The hours of the page's peak and off-peak prices: its own words, else those of the provider file."""
    if not any(rate.conditions.window for rate in rates):
        return ()
    texts = [(text, block.locator) for block in document.blocks for text in _texts(block)]
    texts += [(text, block.locator) for block in document.blocks for _, text in block.context.notes]
    return read_windows(texts, load_vocabulary(), hints, captured_at) or hints.windows


def read_blocks(
    document: Document, hints: Hints = _NO_HINTS, captured_at: datetime | None = None
) -> Iterator[tuple[Block, Scope, Reading]]:
    """Each block with what was known when it was read and what it gave; `read_page` joins them.

    An amount that a block holds and its reader passed over is a complaint here: nothing is lost in silence. Sentences
    are read for prices only where nothing else states any, and only where they speak of one family of models.
    """
    read = without_rivals(list(_read_blocks(document, hints, captured_at)))
    if any(rate.meter not in _TOOL_METERS for _, _, part in read for rate in part.rates):
        yield from read
        return
    stated = [Reading() if is_ignored(block, hints) else _read_prose(block, scope) for block, scope, _ in read]
    is_one_family = len({family_of(rate.model) for part in stated for rate in part.rates}) == 1
    for (block, scope, part), prose in zip(read, stated, strict=True):
        yield block, scope, (_with_lost(block, prose) if is_one_family and prose.rates else part)


def _read_prose(block: Block, scope: Scope) -> Reading:
    if not isinstance(block, Prose | Card):
        return Reading()
    parts = (read_sentences(text, block.context, scope, block.locator) for text in _texts(block))
    return sum(parts, Reading())


def _read_blocks(
    document: Document, hints: Hints, captured_at: datetime | None
) -> Iterator[tuple[Block, Scope, Reading]]:
    scope = _scope(document, hints, captured_at)
    sections = _Sections(scope)
    names: dict[str, None] = {}
    habits = _habits(document, scope)
    # Of a text that ends amid a row the table is in doubt: what its lost rows say can change what the others mean.
    is_cut = not document.is_complete and document.kind in {"markdown", "mdx"}
    cut = document.blocks[-1] if is_cut and document.blocks and isinstance(document.blocks[-1], Table) else None
    for block in join_meter_cards(document.blocks, scope):
        sections.hear(block)
        placed = scope if isinstance(block, Prose) else sections.scope_for(block)
        if isinstance(block, Table | Card):
            placed = replace(placed, models=tuple(names))
        part = _broken_off(block) if block is cut else _with_lost(block, _read_block(block, placed, habits))
        names.update(dict.fromkeys(rate.model for rate in part.rates))
        yield block, placed, part


def _habits(document: Document, scope: Scope) -> dict[str, Habits]:
    """What the records of each list of a document have in common."""
    lists: dict[str, list[Mapping[str, Any]]] = {}
    for block in document.blocks:
        if isinstance(block, Record):
            lists.setdefault(_list_of(block), []).append(block.fields)
    return {name: habits_of(entries, scope) for name, entries in lists.items()}


def _list_of(record: Record) -> str:
    """Where the list stands that a record is an entry of: its place without its number."""
    return record.locator.rstrip("0123456789[]")


def _broken_off(block: Block) -> Reading:
    """The amounts of a table in which the text breaks off: none is a rate."""
    message = "the text breaks off in this table; its amounts are not read"
    return Reading(complaints=(Complaint("incomplete", message, "", block.locator),), amounts_seen=count_amounts(block))


def _with_lost(block: Block, part: Reading) -> Reading:
    lost = count_amounts(block) - part.amounts_seen
    if lost <= 0 or isinstance(block, Prose | Record):
        return part
    message = f"{lost} amounts of this {type(block).__name__.casefold()} were passed over; please report the page"
    told = {
        *(rate.evidence.quote for rate in part.rates),
        *(each.quote for each in (*part.complaints, *part.set_aside)),
    }
    texts = [(text, place) for text, place, _ in _amounts(block) if not any(quote in text for quote in told if quote)]
    quote, place = texts[0] if texts else ("", block.locator)
    complaint = Complaint("unread_amount", message, quote, place)
    return part + Reading(complaints=(complaint,), amounts_seen=lost)


def joined_pages(body: bytes, companion: bytes, hints: Hints, charset: str | None = None) -> list[tuple[Hints, bytes]]:
    """A template page with the amounts of its second document, once for each region, and the hints for each.

    Raises:
        NoTable: the second document has no amount for the page.

    """
    pages = fill_template(decode(body, charset), companion)
    if not pages:
        raise NoTable("no placeholder of the page names an amount of the second document", found="template")
    return [
        (replace(hints, region=hints.region or region or None), text.encode("utf-8")) for region, text in pages.items()
    ]


def _read_joined(
    body: bytes,
    companion: bytes,
    *,
    hints: Hints,
    captured_at: datetime | None,
    kind: Kind | None,
    charset: str | None,
) -> PriceList:
    """The price list of a template page, one region of its amounts after the other."""
    total = PriceList(())
    for placed, text in joined_pages(body, companion, hints, charset):
        one = read_page(text, hints=placed, captured_at=captured_at, kind=kind, charset="utf-8")
        joined = tuple(replace(rate, flags=tuple(dict.fromkeys((*rate.flags, "derived")))) for rate in one.rates)
        total = PriceList(
            total.rates + joined,
            total.complaints + one.complaints,
            total.amounts_seen + one.amounts_seen,
            total.amounts_ignored + one.amounts_ignored,
            total.relative + one.relative,
            tuple(dict.fromkeys(total.windows + one.windows)),
        )
    return total


def _read_block(block: Block, scope: Scope, habits: Mapping[str, Habits]) -> Reading:
    if is_ignored(block, scope.hints):
        return _ignored(block, BY_THE_PROVIDER_FILE)
    if isinstance(block, Table):
        return read_table(block, scope)
    if isinstance(block, Card):
        from scrapers.reading.cards import read_card

        return read_card(block, scope)
    if isinstance(block, Record):
        from scrapers.reading.records import read_record

        return read_record(block, scope, habits[_list_of(block)])
    return replace(_ignored(block, IN_TEXT), relative=_relative(block))


def _ignored(block: Block, rule: str) -> Reading:
    return sum((ignore(rule, text, place, count) for text, place, count in _amounts(block)), Reading())


_RELATION = re.compile(
    r"[0-9]{1,3}(?:\.[0-9]{1,6})?\s?%\s?(?:off|discount|of|less|cheaper|lower|higher|premium|more|reduction|rabatt|günstiger)"
    r"|(?:[0-9.]{1,8}x|[0-9.]{1,8} times|half|twice|double|multiplier)\b.{0,60}(?:price|rate|cost|pricing)"
    r"|(?:price|rate|cost|pricing)\w*\b.{0,60}\b(?:[0-9.]{1,8}x|[0-9.]{1,8} times|half|twice|double)\b"
    r"|半价|[0-9.]{1,8}\s?折|[0-9.]{1,8}\s?倍|割引",
    re.IGNORECASE,
)


_RELATION_SIGNS = ("%", "x", "times", "half", "twice", "double", "multiplier", "半价", "折", "倍", "割引")


def _relative(block: Prose) -> tuple[str, ...]:
    """Sentences that state a price only in relation to others: conditions of the page, no rates."""
    text = clean(block.text).lower()
    if not any(sign in text for sign in _RELATION_SIGNS):
        return ()
    sentences = split_sentences(block.text)
    return tuple(sentence[:300] for sentence in sentences if _RELATION.search(sentence[:600]))


def is_ignored(block: Block, hints: Hints) -> bool:
    """Whether the provider file's `ignore` names the block by a heading, tab, caption or component."""
    if not hints.ignore:
        return False
    context = block.context
    words = (" > ".join(context.headings), *context.headings, *context.tabs, context.caption, context.component)
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in hints.ignore for text in words if text)


def count_amounts(block: Block) -> int:
    """How many amounts with a currency a block prints; a record's numbers print none."""
    return sum(count for _, _, count in _amounts(block))


def _amounts(block: Block) -> Iterator[tuple[str, str, int]]:
    """The texts of a block that hold amounts: as printed, where, and how many."""
    places: Iterable[tuple[str, str]] = ()
    if isinstance(block, Prose):
        has_amount = bool(find_amounts(clean(block.text)))
        places = ((sentence, block.locator) for sentence in split_sentences(block.text) if has_amount)
    elif isinstance(block, Table):
        cells = {id(cell): cell for row in block.rows for cell in row if cell is not None}
        places = ((cell.text, where(block.locator, cell)) for cell in cells.values())
    elif isinstance(block, Card):
        places = (("".join(run.text for run in line), block.locator) for line in block.lines)
    for text, place in places:
        count = len(find_amounts(clean(text)))
        if count:
            yield text, place, count


def _scope(document: Document, hints: Hints, captured_at: datetime | None) -> Scope:
    text = _sample(document.blocks)
    vocabulary = load_vocabulary()
    language = document.language.casefold() or _language(text, vocabulary)
    scope = Scope(
        vocabulary=vocabulary.with_hints(hints),
        hints=hints,
        captured_at=captured_at,
        yen="CNY" if language.startswith("zh") else "JPY" if language.startswith("ja") and _YEN.search(text) else None,
        mark="?" if language[:2] in vocabulary.decimal_comma else ".",
    )
    if scope.mark == "?":
        scope = scope.marked_by(clean(text) for block in document.blocks for text in _texts(block))
    return _with_page(scope, document)


_YEN = re.compile(r"円|税抜|税込|税別|日本円|JPY")


def _texts(block: Block) -> Iterator[str]:
    if isinstance(block, Prose):
        yield block.text
    elif isinstance(block, Table):
        yield from (cell.text for row in block.rows for cell in row if cell is not None)
    elif isinstance(block, Card):
        yield from ("".join(run.text for run in line) for line in block.lines)


def _with_page(scope: Scope, document: Document) -> Scope:
    """The scope with the unit and the currency that the page states once, where all such sentences agree."""
    units, currencies = set(), set()
    for block in document.blocks:
        if not isinstance(block, Prose):
            continue
        said = read_sentence(block.text, scope)
        if said.unit is not None:
            units.add(said.unit)
        if said.currency is not None:
            currencies.add(said.currency)
    is_bare = bool(units and currencies) and not any(map(count_amounts, document.blocks))
    page = Meaning(
        roles=frozenset({"bare"} if is_bare else ()),
        unit=next(iter(units)) if len(units) == 1 else None,
        currency=next(iter(currencies)) if len(currencies) == 1 else None,
    )
    return replace(scope, page=page)


class _Sections:
    """What the sections of a page say of unit and currency: a sentence holds until its section ends.

    Two sentences of one section that disagree say nothing for the blocks that follow both.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.said: dict[tuple[str, ...], list[Meaning]] = {}

    def hear(self, block: Block) -> None:
        if isinstance(block, Prose):
            said = read_sentence(block.text, self.scope)
            if said.unit or said.currency:
                self.said.setdefault(block.context.headings, []).append(said)

    def scope_for(self, block: Block) -> Scope:
        path = block.context.headings
        if not self.said:
            return self.scope
        meaning = Meaning()
        for length in range(len(path), 0, -1):
            said = self.said.get(path[:length], [])
            units = {each.unit for each in said if each.unit}
            currencies = {each.currency for each in said if each.currency}
            meaning = meaning.over(
                Meaning(
                    unit=units.pop() if len(units) == 1 else None,
                    currency=currencies.pop() if len(currencies) == 1 else None,
                )
            )
        return replace(self.scope, page=meaning.over(self.scope.page))


def _sample(blocks: Sequence[Block]) -> str:
    """Some thousand characters of what the page prints, for telling its language."""
    kept: list[str] = []
    length = 0
    for block in blocks:
        if length > 20_000:
            break
        more = list(itertools.islice(_texts(block), 100))
        kept += more
        length += sum(map(len, more))
    return " ".join(kept)[:20_000]


_SCRIPTS = tuple(
    re.compile(each) for each in ("[\u3040-\u30ff]", "[\u4e00-\u9fff]", "[\uac00-\ud7af]", "[\u0400-\u04ff]")
)


def _language(text: str, vocabulary: Vocabulary) -> str:
    """The language by its script and, of those in Latin letters, by its commonest small words."""
    kana, han, hangul, cyrillic = (0 if text.isascii() else len(script.findall(text)) for script in _SCRIPTS)
    other = len(text) - kana - han - hangul - cyrillic
    if kana * 10 > han > 0:
        return "ja"
    if hangul > han:
        return "ko"
    if han > 20 or han * 10 > other or (han >= 8 and han * 20 > other):
        return "zh"
    if cyrillic > 20 or cyrillic * 10 > other:
        return "ru"
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    scores = {name: sum(words[word] for word in small) for name, small in vocabulary.small_words.items()}
    best = max(scores, key=lambda name: scores[name], default="")
    return best if best and scores[best] else ""
