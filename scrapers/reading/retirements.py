"""What a page says of the end of its models: "will be retired on May 15", "(deprecated)", 即将下线, a shutdown date.

Only names that the page prices, or prints as code, are taken, and only from the part of a sentence that speaks of the
end: "use B instead of A, which will be retired" ends A. A model that is gone already is no news.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from scrapers.documents.blocks import Block, Card, Cell, Prose, Run, Table
from scrapers.rates import Retirement, model_key
from scrapers.reading.dates import read_day
from scrapers.reading.labels import split_sentences
from scrapers.reading.text import clean

_ENDING = (
    r"(?:retire[ds]?|retiring|deprecated?|discontinued?|shut ?down|sunset(?:ted)?|removed|turned off|decommissioned)"
)
_SAYS_END = re.compile(
    r"\b(?:will(?: all)?(?: be)?(?: fully)?|(?:is|are)(?: being| now| scheduled to be| planned to be)?|to be)"
    rf"\s{_ENDING}\b(?! to )"
    r"|\bwill no longer be (?:available|supported|served)|\bretiring\b|\breach(?:es)? (?:its )?end[ -]of[ -]life"
    r"|\b(?:scheduled|slated|planned) for (?:retirement|deprecation|shutdown|removal)"
    r"|\b(?:retirement|deprecation|shutdown|sunset|end[ -]of[ -]life) (?:date|is|on)\b"
    r"|即将(?:下线|停用|停服|退役|停止服务)|(?:将|计划|预计|拟)[^，。；]{0,30}(?:下线|停止服务|停止支持|停服|退役|弃用)"
    r"|(?:下线|停止服务|停服)(?:时间|日期)|已?弃用"
    r"|(?:提供|サポート)を?終了|廃止(?:予定|され)|非推奨|(?:지원|서비스)\s?종료"
    r"|wird\b.{0,40}\b(?:eingestellt|abgeschaltet)|sera (?:retiré|abandonné|arrêté)",
    re.IGNORECASE,
)
_NOTE = (
    r"(?:deprecated|deprecating|retiring(?: soon)?|sunset(?:ting)?|discontinued soon|即将下线|即将停用|待下线|已?弃用"
    r"|非推奨|廃止予定|veraltet|obsolète)"
)
_NOTE_AFTER = re.compile(rf"\s*[(（\[【|·–-]?\s*{_NOTE}(?![a-z])", re.IGNORECASE)
_NOTE_ALONE = re.compile(rf"[\s(（\[【]*{_NOTE}(?![a-z]).{{0,40}}", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never|no plans?|unless|until)\b|不会|暂不|尚未|没有", re.IGNORECASE)
_TURN = re.compile(
    r"\b(?:us(?:e|ing)|switch\w*|migrat\w+|mov(?:e|ing) to|upgrad\w+|replac\w+|instead|recommend\w*|in favou?r of"
    r"|successors?|served by|billed|rout(?:es?|ed)|redirect\w*|points? to|consider)\b"
    r"|请(?:使用|改用|迁移|切换)|替代|替换|推荐|建议|改用|迁移|切换|指向",
    re.IGNORECASE,
)
_PART_OF = re.compile(
    r"(?<!instead )(?<!support )(?<!access )(?<!availability )(?<!retirement )(?<!deprecation )(?<!shutdown )"
    r"\b(?:for|of|on|in|with|from|to|via)\s(?:the\s)?$",
    re.IGNORECASE,
)  # "fast mode for A is deprecated" does not end A, "support for A" does
_DATE_COLUMN = re.compile(
    r"(?:shut ?down|retire(?:ment)?|deprecation|sunset|end[ -]of[ -]life|discontinuation) ?(?:date|on)?|eol"
    r"|(?:下线|停止服务|停服|弃用)(?:时间|日期)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"[a-z][a-z0-9.]*(?:[-_/:@][a-z0-9.]+)+", re.IGNORECASE)
_DATED_NAME = re.compile(r"(?<![\w.-])[A-Za-z][\w.-]{0,80}-20\d\d-\d\d-\d\d")
_GOES_ON = r"(?![\w]|[.\-_/@:][\w]|\s(?:lite|mini|pro|preview|fast|flash|nano|turbo|max|image|live|audio|tts|exp)\b)"
_SIGN = re.compile(
    r"deprecat|retir|discontinu|shut ?down|sunset|end[ -]of[ -]life|eol\b|no longer be|removed|turned off|decommission"
    r"|下线|停止服务|停服|停用|弃用|退役|終了|廃止|非推奨|종료|eingestellt|abgeschaltet|veraltet|retiré|obsolète",
    re.IGNORECASE,
)


_STEMS = (
    *("deprecat", "retir", "discontinu", "shut", "sunset", "life", "eol", "no longer be", "removed", "turned off"),
    *("decommission", "下线", "停", "弃用", "退役", "終了", "廃止", "非推奨", "종료", "eingestellt", "abgeschaltet"),
    *("veraltet", "obsol"),
)  # of `_SIGN`, in lower case


def _has_sign(text: str) -> bool:
    """Whether a text speaks of an end; most speak of none, and looking for the stems shows that soonest."""
    lowered = text.lower()
    return any(stem in lowered for stem in _STEMS) and _SIGN.search(text) is not None


def find_retirements(
    blocks: Iterable[Block], models: Iterable[str], zone: str, captured_at: datetime | None
) -> tuple[Retirement, ...]:
    """What the blocks of a page say of the end of models, the dated word of each before one without a day.

    Args:
        blocks: all blocks of the page.
        models: the names that it prices.
        zone: of a day without a zone.
        captured_at: dates without a year are near it.

    """
    finder = _Finder(tuple(dict.fromkeys(models)), zone, captured_at)
    found: dict[str, Retirement] = {}
    for block in blocks:
        for said in finder.read(block):
            key = model_key(said.model)
            if key not in found or (found[key].retires_at is None and said.retires_at is not None):
                found[key] = said
    return tuple(found.values())


class _Finder:
    """The names of one page and how its days are read."""

    def __init__(self, models: Sequence[str], zone: str, captured_at: datetime | None) -> None:
        self._forms = {model.casefold(): model for model in models}
        self._zone = zone
        self._captured_at = captured_at

    def read(self, block: Block) -> Iterator[Retirement]:
        """What one block says."""
        if isinstance(block, Table):
            yield from self._read_table(block)
            for _, note in block.context.notes:
                yield from self._read_text(note, (), f"{block.locator} note")
        elif isinstance(block, Card):
            for line in block.lines:
                yield from self._read_text("".join(run.text for run in line), line, block.locator)
        elif isinstance(block, Prose):
            yield from self._read_text(block.text, block.runs, block.locator)

    def _read_table(self, table: Table) -> Iterator[Retirement]:
        if not _has_sign("\n".join([cell.text for row in table.rows for cell in row if cell is not None])):
            return
        dated = {
            number
            for row in table.rows[: max(1, table.header_rows)]
            for number, cell in enumerate(row)
            if cell is not None and _DATE_COLUMN.fullmatch(clean(cell.text))
        }
        for row in table.rows:
            cells = {id(cell): (number, cell) for number, cell in enumerate(row) if cell is not None}
            texts = [(number, cell, clean(cell.text)) for number, cell in cells.values()]
            for number, cell, text in texts:
                locator = f"{table.locator} row {cell.row + 1}"
                if _has_sign(text):
                    yield from self._read_text(text, _runs(cell), locator)
                is_date, is_note = number in dated, _NOTE_ALONE.fullmatch(text) is not None
                day = self._day(text) if is_date or is_note else None
                if is_note or day is not None:
                    names = (name for other, _, words in texts if other != number for name in self._named(words))
                    for name in list(names)[:1]:
                        yield Retirement(name, day, text, locator)

    def _named(self, text: str) -> list[str]:
        """The model that a cell names, alone or before its notes."""
        found = self._mentions(text, ())
        return [name for name, start, _ in found if start == 0] or ([text] if _CODE.fullmatch(text) else [])

    def _read_text(self, text: str, runs: Iterable[Run], locator: str) -> Iterator[Retirement]:
        if not _has_sign(text):
            return
        code = tuple(clean(run.text) for run in runs if run.strong)
        for sentence in split_sentences(text):
            if len(sentence) <= 1_000 and _SIGN.search(sentence):
                for name, day in self._read_sentence(sentence, code):
                    yield Retirement(name, day, sentence[:300], locator)

    def _read_sentence(self, sentence: str, code: Sequence[str]) -> Iterator[tuple[str, datetime | None]]:
        mentions = self._mentions(sentence, code)
        for name, _, end in mentions:
            if _NOTE_AFTER.match(sentence, end):
                yield name, self._day(sentence) if len(mentions) == 1 else None
        said = _SAYS_END.search(sentence)
        if said is None or _NOT.search(sentence):
            return
        cuts = [0, *(turn.start() for turn in _TURN.finditer(sentence)), len(sentence)]
        begin = max(cut for cut in cuts if cut <= said.start())
        end = min(cut for cut in cuts if cut >= said.end())
        for name, start, _ in mentions:
            if begin <= start < end and not _PART_OF.search(sentence[begin:start]):
                yield name, self._day(sentence[begin:end]) or self._day(sentence)

    def _mentions(self, sentence: str, code: Sequence[str]) -> list[tuple[str, int, int]]:
        """Names in a sentence with their places, the longest first, so that "grok-4" is not found in "grok-4-fast"."""
        forms = {**{word.casefold(): word for word in code if _CODE.fullmatch(word)}, **self._forms}
        found: list[tuple[str, int, int]] = []
        text = sentence.casefold()
        if len(text) != len(sentence):  # folding moved the places ("İ"): too rare to follow
            return []
        for form in sorted(forms, key=len, reverse=True):
            if form not in text:
                continue
            for match in re.finditer(rf"(?<![\w.\-/]){re.escape(form)}{_GOES_ON}", text):
                found.append((forms[form], match.start(), match.end()))
                text = text[: match.start()] + "\0" * len(form) + text[match.end() :]
        return sorted(found, key=lambda mention: mention[1])

    def _day(self, text: str) -> datetime | None:
        bare = text
        for name, start, end in self._mentions(text, ()):
            bare = bare[:start] + " " * len(name) + bare[end:] if end - start == len(name) else bare
        return read_day(_DATED_NAME.sub(" ", bare), self._zone, self._captured_at)


def _runs(cell: Cell) -> tuple[Run, ...]:
    return tuple(run for line in cell.lines for run in line)
