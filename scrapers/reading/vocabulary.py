"""config/vocabulary.toml: what words mean, and reading a label by it.

`Meaning` is what a phrase says about the amounts beneath or beside it. Words that nobody has explained are kept in
`unknown`: over a column of amounts they are a complaint, never a guess.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from scrapers.catalog import CONFIG_DIR, Hints
from scrapers.rates import TokenRange
from scrapers.reading.text import fold
from scrapers.reading.units import Unit

State = Literal["free", "included", "contact", "dynamic", "none"]
VOCABULARY = CONFIG_DIR / "vocabulary.toml"


class Meaning(NamedTuple):
    """What a label says; None and empty where it says nothing. A tuple, because reading a page joins thousands of them.

    Attributes:
        direction: input or output.
        cache: hit, miss, write or storage.
        modalities: text, audio, image, video.
        kind: training, search, rerank, request, speech, embedding, page, image, video, tool.
        meter: a meter that a hint names outright.
        roles: what a column under this label holds (see the vocabulary).
        currency: ISO code, YEN_OR_YUAN, or None.
        others: words that tell rows apart and have no field of their own.
        unknown: words that the vocabulary does not explain.

    """

    direction: str | None = None
    cache: str | None = None
    modalities: frozenset[str] = frozenset()
    kind: str | None = None
    meter: str | None = None
    tier: str | None = None
    mode: str | None = None
    window: str | None = None
    ttl: str | None = None
    region: str | None = None
    context: TokenRange | None = None
    output: TokenRange | None = None
    unit: Unit | None = None
    currency: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    roles: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    unknown: str = ""
    hints: tuple[str, ...] = ()

    @property
    def has_meter(self) -> bool:
        """Whether the label says which meter the amounts belong to."""
        return bool(self.direction or self.cache or self.kind or self.meter)

    @property
    def says_nothing(self) -> bool:
        return self == Meaning(roles=self.roles & {"filler"}, hints=self.hints)

    def over(self, wider: Meaning) -> Meaning:
        """The label's meaning with the gaps filled from a wider one; what both say, this one decides."""
        if wider == _NOTHING:
            return self
        if self == _NOTHING:
            return wider
        mode = wider.mode if self.mode == "any" and wider.mode else self.mode or wider.mode  # "any": beside one of them
        is_rerank = self.kind == "search" and wider.kind == "rerank"  # searches are what a reranker is paid by
        return Meaning(
            direction=self.direction or wider.direction,
            cache=self.cache or wider.cache,
            modalities=self.modalities or wider.modalities,
            kind=wider.kind if is_rerank else self.kind or wider.kind,
            meter=self.meter or wider.meter,
            tier=self.tier or wider.tier,
            mode=mode,
            window=self.window or wider.window,
            ttl=self.ttl or wider.ttl,
            region=self.region or wider.region,
            context=self.context or wider.context,
            output=self.output or wider.output,
            unit=self.unit or wider.unit,
            currency=self.currency or wider.currency,
            valid_from=self.valid_from or wider.valid_from,
            valid_until=self.valid_until or wider.valid_until,
            roles=self.roles | wider.roles,
            others=_joined(self.others, wider.others),
            unknown=f"{self.unknown} {wider.unknown}".strip(),
            hints=_joined(self.hints, wider.hints),
        )


def _joined(own: tuple[str, ...], wider: tuple[str, ...]) -> tuple[str, ...]:
    """Both without what would stand there twice."""
    return (*own, *(word for word in wider if word not in own)) if own and wider else own or wider


_NOTHING = Meaning()


@dataclass(frozen=True)
class Vocabulary:
    """Phrases by their folded spelling. Built once; a provider's hints add to it by `with_hints`."""

    phrases: dict[str, Meaning]
    states: dict[str, State]
    badges: tuple[str, ...]
    tails: tuple[str, ...] = ()
    same: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()
    hinted: frozenset[str] = field(default_factory=frozenset)
    sections: frozenset[str] = field(default_factory=frozenset)
    decimal_comma: frozenset[str] = field(default_factory=frozenset)
    small_words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _by_start(self) -> dict[str, tuple[str, ...]]:
        """The phrases by the run of letters that they begin with, others by their first two characters; longest first.

        A phrase ends where a word ends, so in a text the whole run must be there, and no other is worth a look.
        """
        grouped: dict[str, list[str]] = {}
        for phrase in self.phrases:
            run = _RUN.match(phrase)
            grouped.setdefault(run[0] if run else phrase[:2], []).append(phrase)
        return {start: tuple(sorted(group, key=len, reverse=True)) for start, group in grouped.items()}

    @cached_property
    def _memory(self) -> dict[str, Meaning]:
        return {}

    @cached_property
    def _states_read(self) -> dict[str, State | None]:
        return {}

    def is_section(self, text: str) -> bool:
        """Whether a title holds only words that head sections, and such as mean something else than a name.

        An identifier is none, of whatever words: "chat-large".
        """
        if _IDENTIFIER.search(text):
            return False
        words = self.read_words(text)
        if words.kind and not words.unknown and any(char.isdigit() for char in text):
            return False  # "Embed 4"
        return fold(text) in self.sections or self.sections.issuperset(words.unknown.split())

    def read_words(self, text: str) -> Meaning:
        """The meaning of a text's words by the longest phrases; units, ranges and dates are not looked for here."""
        folded = fold(text)
        if folded not in self._memory:
            self._memory[folded] = self._read(folded)
        return self._memory[folded]

    def _read(self, folded: str) -> Meaning:
        said: list[Meaning] = []
        unknown: list[str] = []
        for phrase, word in self._parts(folded):
            if phrase:
                said.append(self.phrases[phrase])
            else:
                unknown.append(word)
        joined = _join(said)
        return joined._replace(unknown=" ".join(unknown)) if unknown else joined

    def explains(self, text: str) -> bool:
        """Whether the text holds no unknown word; the first one ends the looking."""
        return all(phrase for phrase, _ in self._parts(fold(text)))

    def _parts(self, folded: str) -> Iterator[tuple[str, str]]:
        """The known phrases of a text and its unknown words, each as (phrase, "") or ("", word)."""
        position = 0
        while position < len(folded):
            phrase = self._phrase_at(folded, position)
            if phrase:
                yield phrase, ""
                position += len(phrase)
                continue
            word = _WORD.match(folded, position)
            if word is not None and word[0][:1].isalpha():
                yield "", word[0]
            position = word.end() if word is not None else position + 1

    def _phrase_at(self, folded: str, position: int) -> str | None:
        run = _RUN.match(folded, position)
        starts = (run[0],) if run else (folded[position : position + 2], folded[position])
        for start in starts:
            for phrase in self._by_start.get(start, ()):
                end = position + len(phrase)
                if not folded.startswith(phrase, position):
                    continue
                if not (end < len(folded) and _is_spaced(phrase[-1]) and _is_spaced(folded[end])):
                    return phrase
        return None

    def read_state(self, text: str) -> State | None:
        """What a cell says instead of an amount; "none" for a dash, a blank or "not available".

        A remark in brackets behind the word does not count: "Free (limited time)".
        """
        if text not in self._states_read:
            self._states_read[text] = self._find_state(text)
        return self._states_read[text]

    def _find_state(self, text: str) -> State | None:
        folded = fold(text).strip(" .。!*")
        bare = re.sub(r"\s*[(（\[][^()（）\[\]]*[)）\]]\s*$", "", folded).strip()
        if not folded:
            return "none"
        stated = self.states.get(folded) or (self.states.get(bare) if bare else None)
        return stated or self.states.get(clean_dashes(text))

    def is_same(self, text: str) -> bool:
        """Whether a cell says that it repeats the one above: "ditto", "同上"."""
        return fold(text) in self.same

    def is_maker(self, text: str) -> bool:
        """Whether a heading stands over companies and not over models: "Provider", "模型厂商"."""
        return fold(text) in self.makers

    def with_hints(self, hints: Hints) -> Vocabulary:
        """The vocabulary with a provider file's own words, which win over the shipped ones."""
        if not hints.tiers and not hints.meters:
            return self
        phrases = dict(self.phrases)
        for phrase, meter in reversed(hints.meters):
            folded = fold(phrase)
            note = (f"meter {phrase!r}",)
            phrases[folded] = (
                Meaning(roles=frozenset({"ignore"}), hints=note) if meter == "-" else Meaning(meter=meter, hints=note)
            )
        for phrase, tier in reversed(hints.tiers):
            phrases[fold(phrase)] = Meaning(tier=tier, hints=(f"tier {phrase!r}",))
        return replace(
            self, phrases=phrases, hinted=frozenset(fold(phrase) for phrase, _ in (*hints.meters, *hints.tiers))
        )


_IDENTIFIER = re.compile(r"[^\W_][-_/][^\W_]|[^\W\d_]\d|\d[^\W\d_]")
_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
_RUN = re.compile(r"[^\W_\u3040-\u9fff\uac00-\ud7af]+")  # of a script that parts words by spaces, as `_is_spaced` says


def clean_dashes(text: str) -> str:
    """Text without its spaces: "- -" is a dash."""
    return re.sub(r"\s+", "", text)


def _is_spaced(char: str) -> bool:
    """Whether the character belongs to a script that parts words by spaces."""
    return char.isalnum() and not ("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af")


def _join(said: Sequence[Meaning]) -> Meaning:
    """Several phrases of one label: modalities add up, for the rest the first word stands, roles are collected."""
    if len(said) < 2:
        return said[0] if said else _NOTHING
    joined = Meaning()
    modalities: frozenset[str] = frozenset()
    for meaning in said:
        modalities |= meaning.modalities
        more = meaning
        if joined.cache == "hit" and meaning.cache in {"write", "storage", "miss"}:
            joined = joined._replace(cache=meaning.cache)  # "context cache (storage)" is storage
        if joined.tier and meaning.tier and "standard" in {joined.tier, meaning.tier} and joined.tier != meaning.tier:
            joined = joined._replace(roles=joined.roles | {"two_tiers"})
        if joined.tier == "standard" and meaning.tier:
            joined = joined._replace(tier=meaning.tier)  # "online inference (low latency)" is the latter
        if (
            joined.direction
            and meaning.direction
            and joined.direction != meaning.direction
            and not (joined.cache or meaning.cache)
        ):
            more = meaning._replace(direction=None)
            joined = joined._replace(direction="both")
        joined = joined.over(more)
    return joined._replace(modalities=modalities)


@cache
def load_vocabulary(path: Path = VOCABULARY) -> Vocabulary:
    """The vocabulary file, read once.

    Raises:
        ValueError: a phrase stands in two places with different meanings, or a meaning has an unknown key.

    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    phrases: dict[str, Meaning] = {}
    for entry in raw["say"]:
        meaning = _meaning(entry["means"], path)
        for word in entry["words"]:
            phrase = fold(word)
            own = meaning._replace(region=word) if entry["means"].get("region") else meaning
            own = own._replace(others=(word,)) if entry["means"].get("other") else own
            phrases.setdefault(phrase, own)
    states: dict[str, State] = {}
    for state, words in raw["states"].items():
        for word in words:
            states.setdefault(fold(word), state)
            states.setdefault(clean_dashes(word), state)
    badges = tuple(sorted((fold(word) for word in raw["badges"]["words"]), key=len, reverse=True))
    languages = raw["languages"]
    return Vocabulary(
        phrases,
        states,
        badges,
        tuple(raw["badges"].get("tails", ())),
        frozenset(fold(word) for word in raw["same"]["words"]),
        frozenset(fold(word) for word in raw["makers"]["words"]),
        sections=frozenset(fold(word) for word in raw["sections"]["words"]),
        decimal_comma=frozenset(languages["decimal_comma"]),
        small_words={name: tuple(words) for name, words in languages["small_words"].items()},
    )


def _meaning(raw: dict[str, Any], path: Path) -> Meaning:
    known = {"direction", "cache", "modality", "kind", "tier", "mode", "window", "ttl", "role", "region", "other"}
    if strange := set(raw) - known:
        raise ValueError(f"{path}: `means` knows no {', '.join(sorted(strange))}; known are {', '.join(sorted(known))}")
    role = raw.get("role")
    return Meaning(
        direction=raw.get("direction"),
        cache=raw.get("cache"),
        modalities=frozenset(raw.get("modality", ())),
        kind=raw.get("kind"),
        tier=raw.get("tier"),
        mode=raw.get("mode"),
        window=raw.get("window"),
        ttl=raw.get("ttl"),
        roles=frozenset({role} if role else ()),
    )
