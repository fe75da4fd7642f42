"""Where the pages of a report stand, and how one leads to another.

Names of models are anybody's text. A file is named by letters, digits and dashes only; a name that has more is told
apart by a hash, so that two models never share a page and an old link keeps its meaning when models are added.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

LANGUAGES = ("en", "zh")
_PART = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """One page in one language: `path` below the language's root, which is `base` ("" or "zh/") below the site's."""

    language: str
    path: str
    base: str = ""
    other: str | None = None  # the base of the other language's pages, None without them

    @property
    def file(self) -> str:
        """The path below the site's root."""
        return self.base + self.path

    @property
    def root(self) -> str:
        """From here to the root of this language."""
        return "../" * self.path.count("/")

    @property
    def top(self) -> str:
        """From here to the site's root."""
        return "../" * self.file.count("/")

    def to(self, path: str) -> str:
        """The address of another page of the same language."""
        return self.root + path

    @property
    def twin(self) -> str | None:
        """The address of this page in the other language."""
        return None if self.other is None else self.top + self.other + self.path


def slug(name: str, joint: str = " ") -> str:
    """A file's name for a folded model name, whose parts a blank joins, or for a provider, whose parts a dash joins.

    >>> slug("gpt 4o"), slug("aws-bedrock", "-")
    ('gpt-4o', 'aws-bedrock')
    >>> slug("../etc/passwd"), slug("豆包 pro"), slug("gpt-4o")
    ('etc-passwd_7fef78f5', 'pro_116034b2', 'gpt-4o_a2a69af7')
    """
    if len(name) <= 60 and all(_PART.fullmatch(part) for part in name.split(joint)):
        return name.replace(joint, "-")
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:50].strip("-")
    return f"{plain or 'x'}_{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def provider_path(provider: str) -> str:
    """The page of a provider."""
    return f"p/{slug(provider, '-')}.html"


def model_path(provider: str, key: str) -> str:
    """The page of a model, by its folded name."""
    return f"m/{slug(provider, '-')}/{slug(key)}.html"


def month_path(month: str, number: int = 1) -> str:
    """The page of what happened in a month, "2026-11"; further ones where it was too much for one."""
    return f"changes/{month}.html" if number == 1 else f"changes/{month}-{number}.html"
