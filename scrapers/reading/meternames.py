"""Names of meters that hold model, direction and deployment in one: "gpt 4o 1120 cached Inp Data Zone Tokens".

Words are taken off from the right as long as each says something of a price; what is left is the model. A word that is
part of a name elsewhere ("fast", "pro") is only taken off where a space parts it.
"""

from __future__ import annotations

import re

from scrapers.reading.labels import Scope
from scrapers.reading.vocabulary import Meaning

_SHORT = {
    **dict.fromkeys(("inp", "inpt", "in"), "input"),
    **dict.fromkeys(("outp", "outpt", "opt", "out"), "output"),
    **dict.fromkeys(("cchd", "cd"), "cached"),
    **dict.fromkeys(("glbl", "gl"), "global"),
    **dict.fromkeys(("rgnl", "regnl"), "regional"),
    **dict.fromkeys(("dzone", "dz", "datazone"), "data zone"),
    **dict.fromkeys(("tkn", "tkns"), "tokens"),
    "txt": "text",
    "aud": "audio",
    "img": "image",
    "vid": "video",
    "trng": "training",
    "std": "standard",
    "wr": "write",
    "rd": "read",
}
_PART = re.compile(r"(?:\A|(?<![\s\-_])[\s\-_]++)([^\s\-_]++)\s*\Z")
_PAIRS = frozenset(("data zone", "cached input", "cache read", "cache write", "cache hit", "cache miss", "low latency"))


def split_meter_name(name: str, scope: Scope) -> tuple[str, Meaning] | None:
    """The model and what the words behind it say; None when they say nothing or leave no model.

    >>> from scrapers.reading.labels import Scope
    >>> model, said = split_meter_name("o1-pro Batch Outp glbl Tokens", Scope())
    >>> model, said.direction, said.tier, said.region
    ('o1-pro', 'output', 'batch', 'global')
    >>> split_meter_name("gpt-4o", Scope()) is None
    True
    """
    rest = name
    words: list[str] = []
    while True:
        match = _PART.search(rest)
        if match is None or match.start() == 0:
            break
        word = _SHORT.get(match[1].casefold(), match[1])
        before = _PART.search(rest[: match.start()])
        if before is not None and f"{before[1]} {word}".casefold() in _PAIRS:
            words.insert(0, f"{before[1]} {word}")
            rest = rest[: before.start()]
            continue
        if not _says_something(word, scope, is_parted=match[0][:1].isspace()):
            break
        words.insert(0, word)
        rest = rest[: match.start()]
    said = scope.label(" ".join(words)) if words else Meaning()
    rest = rest.strip(" -_")
    if not words or not scope.label(rest).unknown:
        return None
    return rest, said


def _says_something(word: str, scope: Scope, *, is_parted: bool) -> bool:
    if word.casefold() in {"token", "tokens"}:
        return True
    label = scope.label(word)
    if label.unknown or any(character.isdigit() for character in word):
        return False
    if label.tier is not None and label.tier != "batch":
        return is_parted
    return bool(label.has_meter or label.modalities or label.tier or label.region)


def names_tokens(name: str) -> bool:
    """Whether a meter's name ends with what it counts: "babbage-002-base-glbl Tokens"."""
    return re.search(r"\b(?:tokens?|tkns?)\Z", name.strip(), re.IGNORECASE) is not None
