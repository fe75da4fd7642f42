"""Whether two sources mean the same model by two names, told without guessing.

Words may come in another order and separators may differ ("Claude Haiku 4.5", "claude-4-5-haiku"), but every word and
every number must be there, the numbers in order. What is nearly the same (gpt-4o, gpt-4o-mini) is another model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scrapers.rates import model_key

_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_DATED = re.compile(r"[ -]?(?<!\d)20\d\d[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])(?!\d)")
_FLOATING = re.compile(r"[ -]latest\Z")
_BEDROCK = re.compile(r"\A(?:[a-z-]{2,6}\.)?[a-z0-9]+\.([a-z][\w.-]*)-v\d+:\d+\Z")  # eu.amazon.nova-pro-v1:0
_VERSION_AT = re.compile(r"@\S*\Z")
_ID_IN_BRACKETS = re.compile(r"[(（]([a-z0-9][a-z0-9._/-]*[a-z0-9])[)）]")

Words = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Spellings:
    """A model's name at three levels of likeness.

    Attributes:
        exact: folded as everywhere.
        words: words in any order and numbers in order, without the maker before a slash.
        undated: the same without a date or "latest"; empty for a name that has none.

    """

    exact: frozenset[str]
    words: frozenset[Words]
    undated: frozenset[Words]


@lru_cache(maxsize=16_384)  # a feed names some thousand models, a page is compared with them again and again
def spellings(*names: str) -> Spellings:
    """All that one model's names may be compared by.

    >>> spellings("Claude Haiku 4.5").words == spellings("anthropic/claude-4-5-haiku").words
    True
    >>> spellings("gpt-4o-2024-08-06").undated == spellings("GPT-4o").words, spellings("GPT-4o").undated
    (True, frozenset())
    >>> spellings("GPT-4o").words & spellings("GPT-4o mini").words
    frozenset()
    """
    given = [name for name in names if name.strip()]
    given += [found for name in given for found in _ID_IN_BRACKETS.findall(name) if "-" in found]
    bare = [_BEDROCK.sub(r"\1", _VERSION_AT.sub("", name.rpartition("/")[2])) for name in given]
    keys = [model_key(name) for name in bare]
    undated = [key for key in (_FLOATING.sub("", _DATED.sub("", key)) for key in keys) if key not in keys]
    return Spellings(
        frozenset(model_key(name) for name in given),
        frozenset(_words(key) for key in keys),
        frozenset(_words(key) for key in undated if key),
    )


def _words(key: str) -> Words:
    tokens = _TOKEN.findall(key)
    return (tuple(sorted(t for t in tokens if not t.isdigit())), tuple(t for t in tokens if t.isdigit()))
