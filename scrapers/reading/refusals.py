"""Why a document without model prices has none: what the page is instead, in words that say what to do.

What stands before a page (a challenge, a log-in, an error) is told by its title and headings, and only of a short page;
what a page sells instead (plans, machines, credits) by the words beside its amounts. The words are in the vocabulary.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from scrapers.documents.blocks import Document
from scrapers.errors import NoTable
from scrapers.reading.labels import Reading
from scrapers.reading.vocabulary import VOCABULARY

_SIGNS = (
    ("challenge", "a challenge stands in front of the page; fetch it later or with a browser"),
    ("login", "a log-in stands in front of the page"),
    ("template", "a template whose amounts stand in a second document; give it with --with"),
    ("shell", "a page that needs a script to show its prices; fetch what the script fetches"),
)
_SHORT = 1500
_TOKENS = re.compile(r"tok[ei]n|トークン|토큰|токен|jeton|词元|令牌", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One sort of page: its name, what to tell, whether it stands in front of another, and the words it is known by."""

    found: str
    says: str
    is_in_front: bool
    words: re.Pattern[str]


@cache
def _kinds() -> tuple[_Kind, ...]:
    entries = tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))["refusal"]
    return tuple(
        _Kind(each["found"], each["says"], each["is_in_front"], re.compile("|".join(each["words"]), re.IGNORECASE))
        for each in entries
    )


def refusal(document: Document, printed: str, total: Reading) -> NoTable:
    """The error for a document that holds no model prices.

    Args:
        document: as it was read.
        printed: its text, or the beginning of it.
        total: what its blocks gave: complaints and counts.

    """
    for sign, words in _SIGNS:
        if sign in document.signs and not (sign == "shell" and total.complaints and total.amounts_seen):
            return NoTable(words, found=sign)
    if len(printed) <= _SHORT:
        titles = " ".join((document.title, *(text for block in document.blocks for text in block.context.headings)))
        texts = [titles] if total.amounts_seen else [titles, printed]
        walls = [kind for text in texts for kind in _kinds() if kind.is_in_front and kind.words.search(text)]
        if walls:
            return NoTable(walls[0].says, found=walls[0].found)
    sold = max((kind for kind in _kinds() if not kind.is_in_front), key=lambda kind: len(kind.words.findall(printed)))
    is_sold = sold.words.search(printed) is not None
    kinds = {complaint.kind for complaint in total.complaints}
    if is_sold and (
        (kinds == {"unknown_currency"} and sold.found == "credits")
        or (kinds == {"unread_amount"} and not _TOKENS.search(printed))
    ):
        return NoTable(sold.says, found=sold.found)
    if total.complaints:
        first = total.complaints[0]
        return NoTable(
            f"amounts were seen and none could be read: {first.message} ({first.quote[:60]!r})", found=first.kind
        )
    if is_sold and (total.amounts_seen or sold.found == "credits"):
        return NoTable(sold.says, found=sold.found)
    if total.amounts_seen:
        return NoTable("its amounts are examples or prose and no model's prices", found="other prices")
    return NoTable("no amount on the page", found="prose")
