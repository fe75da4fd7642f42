"""What headings, tabs and captions say of the prices beneath them, and how little they may say of the rest.

A heading announces and never decides: its "plans", "example" or "discount" set amounts aside only where nothing nearer
names a direction or a unit, and its service tier counts only where the words for it stand as a phrase of their own and
not in a model's name or an aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scrapers.reading.units import Unit
from scrapers.reading.vocabulary import Meaning

# The roles of a heading, kept apart from those of the labels beside the amount.
ABOVE = {role: f"{role} above" for role in ("foreign", "total", "relative")}
SET_ASIDE = frozenset({"foreign", "total", "relative", *ABOVE.values()})

_AND = re.compile(r"\b(?:and|or|und|et|y)\b|[&/+]|和|与|及|、", re.IGNORECASE)
_PARTS = re.compile(r"\s+[-–—|·•:]\s+|\s*[:：|｜·]\s*|\s*[(（【\[]\s*|\s*[)）】\]]\s*")
_IDENTIFIER = re.compile(r"(?<![\w.:/@])[A-Za-z0-9@][\w.:/@]*+-[\w.:/@\-]*+")
_AFTER_NAMES = frozenset({"batch", "flex/batch", "low_latency"})  # words that no model is called by
_MODE = re.compile(r"priorit|\bmode\b|模式|优先", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?:costs?|prices?|fees?)\s+(?:of|for|to\s\w+)\s+(?:a|an|one|two|five|ten|fifty|[0-9][0-9.,]*[km]?)\s"
    r"(?:hundred\s|thousand\s|million\s)?|(?:[0-9]|[一十百千万])(?:次|轮|條|条|个)?(?:对话|聊天|会话|對話)",
    re.IGNORECASE,
)
_OF_A_NAME = re.compile(r"\W*(?:fast|turbo|priority|flex|flexible)\W*", re.IGNORECASE)


def as_heading(text: str, read: Callable[[str], Meaning]) -> Meaning:
    """What a heading says for the prices beneath it.

    One with words that nobody has explained gives its service tier, unit, currency and validity alone; a model's name
    in a heading ("... Image Preview") is no modality.

    Args:
        text: the heading as printed.
        read: the reader of labels.

    """
    label = read(text)
    if label.unit is None and _COUNTED.search(text):
        return Meaning(currency=label.currency, roles=frozenset({ABOVE["total"]}))  # "Cost of one thousand chats"
    if "two_tiers" in label.roles and _AND.search(text):
        label = label._replace(tier=None)  # "On-demand and batch pricing" heads both
    if not label.unknown:
        if "model" in label.roles and not _MODE.search(text):  # "Fast models" are no models in fast mode
            label = label._replace(tier=None if label.tier == "priority" else label.tier, mode=None)
        roles = frozenset(ABOVE[role] for role in label.roles if role in ABOVE)
        return label._replace(direction=None, cache=None, roles=roles, others=())
    tier = label.tier and _tier_beside_names(text, read)
    return Meaning(
        tier=tier,
        unit=label.unit,
        currency=label.currency,
        kind=label.kind if label.kind == "training" else None,
        valid_from=label.valid_from,
        valid_until=label.valid_until,
        hints=label.hints if tier else (),
    )


def _tier_beside_names(text: str, read: Callable[[str], Meaning]) -> str | None:
    """The tier that a heading with strange words names, if a part of it says nothing else, or its word is no name's."""
    parts = [part for part in _PARTS.split(text) if part]
    said = [read(part) for part in parts] if len(parts) > 1 else []
    for part, meaning in zip(parts, said, strict=False):
        if meaning.tier and not meaning.unknown and not _OF_A_NAME.fullmatch(part):
            return None if meaning.tier in {"standard", "free"} else meaning.tier
    tier = read(_IDENTIFIER.sub(" ", text)).tier
    return tier if tier in _AFTER_NAMES else None


def weigh_headings(meaning: Meaning, unit: Unit | None) -> Meaning:
    """The meaning without the roles of headings that words nearer to the amount outweigh.

    A direction outweighs all but a worked example; a direction with a unit, or a unit of tokens, outweighs that too.

    Args:
        meaning: labels and headings joined.
        unit: what the cell or line itself says that the amount buys.

    """
    above = meaning.roles & frozenset(ABOVE.values())
    if not above:
        return meaning
    names = bool(meaning.direction or meaning.cache or meaning.meter)
    if unit is not None or meaning.unit is not None:
        unit = unit or meaning.unit
        names = names or (unit is not None and unit.unit == "token")
        outweighed = above if names else frozenset()
    else:
        outweighed = above - {ABOVE["total"]} if names else frozenset()
    return meaning._replace(roles=meaning.roles - outweighed)
