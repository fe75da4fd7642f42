"""One spelling for what pages print in many: width, invisible marks, dashes, escapes.

`clean` keeps case and order, so that what is read from it can be pointed out in what was printed; `fold` is for
comparing words with the vocabulary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\ufe0f\u0000-\u0008\u000b\u000c\u000e-\u001f]"
)
_LIST_COMMA = re.compile(r"(?<![０-９])，(?=[0-9])")  # "0.8，2" are two numbers, "１，５００" is one
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
_SIGNS = str.maketrans({"＜": "<", "＞": ">", "⩽": "≤", "≦": "≤", "⩾": "≥", "≧": "≥", "～": "~", "〜": "~", "·": "·"})
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!$<>|~&])")
_ELISIONS = re.compile(r"(?<![^\W_])(?:d|l|dell|all|qu)['’](?=[^\W\d_])")  # "prix d'entrée"
_JOINERS = str.maketrans(dict.fromkeys("-_‐‑", " "))
_STARRED = re.compile(r"(?<=[0-9])\*{1,3}(?=\s?(?:/|每|per\b))", re.IGNORECASE)  # "$3* /Mt": a footnote's mark
_SUPERSCRIPT = re.compile("[¹²³⁰⁴-⁹ᵃ-ᵛ†‡]+")


@lru_cache(maxsize=20_000)
def clean(text: str) -> str:
    r"""Text with half-width signs, plain dashes and no invisible characters; runs of white space are one space.

    >>> clean("￥０.５０／千 tokens\u200b （缓存）")
    '¥0.50/千 tokens (缓存)'
    >>> clean("\\$0.6 \\<= 200k"), clean("$3¹ – $5†")
    ('$0.6 <= 200k', '$3 - $5')
    >>> clean("$3* /Mt")
    '$3 /Mt'
    """
    bare = text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)
    if not bare.isascii():
        bare = _LIST_COMMA.sub(", ", _SUPERSCRIPT.sub("", bare))
        bare = unicodedata.normalize("NFKC", bare).translate(_DASHES).translate(_SIGNS)
    if "\\" in bare:
        bare = _ESCAPED.sub(r"\1", bare)
    if "*" in bare:
        bare = _STARRED.sub("", bare)
    return " ".join(bare.split())


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Cleaned text in one case, joined words apart: for comparing with the vocabulary.

    >>> fold("Cache-Read_Input  TOKENS")
    'cache read input tokens'
    """
    folded = clean(text).casefold().translate(_JOINERS)
    if "'" in folded or "’" in folded:
        folded = _ELISIONS.sub("", folded)
    return " ".join(folded.split())


_PIECE = re.compile(r"[a-z]+|[^\sa-z0-9]")


@lru_cache(maxsize=20_000)
def pieces_of(text: str) -> frozenset[str]:
    """The words of plain letters and all other signs of a cleaned text: what no pattern finds need not be looked for.

    >>> sorted(pieces_of("Input ($/1M tokens)")), sorted(pieces_of("元/千tokens"))
    (['$', '(', ')', '/', 'input', 'm', 'tokens'], ['/', 'tokens', '元', '千'])
    """
    return frozenset(_PIECE.findall(text.lower()))


def openings(phrases: Iterable[str]) -> frozenset[str]:
    """For each phrase a piece that every text has in which the phrase stands by itself.

    >>> sorted(openings(["us dollar", "€", "token数", "mio."]))
    ['mio', 'us', 'usdollar', '€', '数']
    """
    found = set()
    for phrase in phrases:
        for spelling in (phrase, phrase.replace(" ", "")):
            pieces = _PIECE.findall(spelling.lower())
            found.add(next((piece for piece in pieces if not piece.isascii()), pieces[0]))
    return frozenset(found)


_DIGIT = re.compile(r"[0-9]")
_LATIN = re.compile(r"[A-Za-z]")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def has_digits(text: str) -> bool:
    """Whether a cleaned text can hold an amount, a range, a date: they all print a digit.

    >>> has_digits("Input price"), has_digits(clean("￥０.５"))
    (False, True)
    """
    return _DIGIT.search(text) is not None


def has_words(text: str) -> bool:
    """Whether letters of any script are left."""
    return _LATIN.search(text) is not None or (not text.isascii() and any(char.isalpha() for char in text))


def has_cjk(text: str) -> bool:
    """Whether Chinese, Japanese or Korean characters occur."""
    return _CJK.search(text) is not None
