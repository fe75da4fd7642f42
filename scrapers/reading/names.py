"""Model names without what pages hang on them: badges, footnote marks, notes in brackets, dates of validity.

A word that marks another offer at another price ("原厂直供") stays in the name. Whatever is cut off is kept as a
note: it tells two rows apart where nothing else does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from scrapers.documents.blocks import Run
from scrapers.reading.dates import read_validity
from scrapers.reading.labels import Scope, split_sentences
from scrapers.reading.money import find_amounts
from scrapers.reading.text import clean, fold, has_cjk, has_words
from scrapers.reading.vocabulary import Meaning


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as the page names it, what its cell says besides ("(输入)", "through August 31"), and its notes."""

    name: str
    meaning: Meaning = field(default_factory=Meaning)
    notes: tuple[str, ...] = ()


_BRACKETS = re.compile(r"[(（【〔\[]([^()（）【】〔〕\[\]]*)[)）】〕\]]")
_VARIANT = re.compile(r"(?<=[0-9A-Za-z]\s)\[([a-z]{3,12})\]", re.IGNORECASE)  # "[pro]" beside "[dev]": two models
_MARKS = re.compile(
    r"(?:\s*(?:\^[^\s^]{0,20}+\^?|[*†‡§¶]{1,9}+|\[(?:\^[^\]]{0,20}+|[0-9]{1,2}|[a-z])\])){1,9}+\s*$", re.IGNORECASE
)
_SERIES = re.compile(
    r"(?P<family>[A-Za-z][\w .\-]*?[ \-])(?P<first>[0-9][0-9.]{0,5})(?P<rest>(?:\s*/\s*[0-9][0-9.]{0,5})+)"
)  # "Sonnet 4.6 / 4.5 / 4"
_EXCEPTS = re.compile(
    r"except|exclud|other than|unlike|compared|instead|\bnot\b|除|不含|außer|sauf|excepto|tranne|кроме|以外|제외",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"^(?:introducing|announcing|about|new:|pricing (?:for|of)|preise für|tarifs de)\s+"
    r"|^(?:模型|模型服务|接口)?调用[\s:：\-]+(?=[^\s])|\s+(?:pricing|prices|定价|价格)$",
    re.IGNORECASE,
)
_SIZE_IN_BRACKETS = re.compile(r"[(（]\s*(?P<size>[0-9]+(?:\.[0-9]+)?[bB]|[01][0-9][0-3][0-9])\s*[)）]")
_CAPITAL_TAIL = re.compile(r"(?<=[a-z0-9])[A-Z][A-Za-z]{2,}$")  # "nova-1NEW"
_LENGTH = re.compile(r"[0-9]+\s?[km]", re.IGNORECASE)
_PER = re.compile(r"\s*(?:per\b|/|每|pro\b|par\b|por\b)", re.IGNORECASE)
_ID = re.compile(r"[@a-z0-9][\w@./:+\-]*", re.IGNORECASE)
_CONTINUED = re.compile(r"(?:with|without|for|on|via)\s(?:\S+\s){0,2}\S+$")  # in lower case: the name goes on
_GLUED = re.compile(r"(?P<stem>.*[a-z0-9)\]])\s*[-:]?\s*(?P<tail>[\u3040-\u9fff\uac00-\ud7af].*)", re.IGNORECASE)
_MAX_TAIL = 4  # words: "cached input tokens"
_PATH = re.compile(r"\w\s*[>›»]\s")  # "Qwen > Qwen3 Coder > Flex": where something stands, no name
_DATE = re.compile(
    r"(?:[^\W\d_]{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,?|[0-9]{1,2}\.? (?:de )?[^\W\d_]{3,10}\.?(?: de)?|q[1-4]"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*) 20[0-9]{2}"
    r"|20[0-9]{2}\s?[-/.年]\s?[0-9]{1,2}(?:\s?[-/.月]\s?[0-9]{1,2})?\s?[月日]?",
    re.IGNORECASE,
)  # "November 12, 2025" heads an entry of a changelog
_PROSE_END = re.compile(r"[.!?。！？]\s*$")


def read_models(lines: tuple[tuple[Run, ...], ...], scope: Scope) -> tuple[ModelName, ...]:
    """The models that a cell names: usually one, several where each line or part between commas is an identifier."""
    texts = _texts(lines, with_struck=False)
    if not has_words(_BRACKETS.sub("", " ".join(texts))):
        texts = _texts(lines, with_struck=True)  # a struck name is a name still
    if not texts:
        return ()
    texts[0] = _strip_badges(texts[0], scope)
    if len(texts) > 1 and _is_maker(texts[0], texts[1], scope):
        texts = texts[1:]
    if len(texts) > 1 and all(is_identifier(text) for text in texts):
        return tuple(name for text in texts if (name := read_model(text, scope)))
    series = _SERIES.fullmatch(texts[0])
    if series is not None:
        versions = (series["first"], *re.split(r"\s*/\s*", series["rest"].strip(" /")))
        return tuple(name for version in versions if (name := read_model(f"{series['family']}{version}", scope)))
    parts = re.split(r"\s*[,、，]\s*|\s+/\s+|\s*\n\s*|\s+(?:and|und|和|&)\s+", texts[0])
    if len(parts) > 1 and (all(map(is_identifier, parts)) or _are_relatives(texts[0], parts, scope)):
        return tuple(name for part in parts if (name := read_model(part, scope)))
    while len(texts) > 1 and _goes_on(texts[0], texts[1], scope):
        texts[:2] = [f"{texts[0]} {texts[1]}"]
    first = read_model(texts[0], scope)
    if first is None:
        return ()
    meaning, notes = first.meaning, list(first.notes)
    for text in texts[1:]:
        label = scope.label(text)
        if not label.unknown and not label.roles & {"ignore"}:
            meaning = meaning.over(_kept(label))
        else:
            meaning = meaning.over(_bounds(label))
        notes.append(text)
    return (replace(first, meaning=meaning, notes=tuple(notes)),)


def _is_maker(first: str, second: str, scope: Scope) -> bool:
    """Whether a line of words stands above an identifier that holds none of them: "Meta", "Llama-3.3-70B-Instruct"."""
    if any(char.isdigit() for char in first) or not is_identifier(second) or not scope.label(second).unknown:
        return False
    is_named = re.search(r"[a-z]", second, re.IGNORECASE) and any(char.isdigit() for char in second) and "-" in second
    return bool(is_named) and fold(first).split(" ")[0] not in fold(second)


def _are_relatives(text: str, parts: Sequence[str], scope: Scope) -> bool:
    """Whether commas part names of one family: "Nova 2 Instruct, Nova 2 Thinking"."""
    first = {part.split(" ")[0].casefold() for part in parts}
    is_list = len(re.split(r"\s*[,、，]\s*", text)) == len(parts)
    return is_list and len(first) == 1 and all(" " in part and is_model_like(part, scope) for part in parts)


def _texts(lines: tuple[tuple[Run, ...], ...], *, with_struck: bool) -> list[str]:
    joined = (
        clean("".join(run.text for run in line if not run.raised and (with_struck or not run.struck))) for line in lines
    )
    return [text for text in joined if text]


def _is_condition(name: str, scope: Scope) -> bool:
    """Whether a text is a range or a unit and no name: a row of a table that lost its first cell."""
    label = scope.label(name)
    return not label.unknown and bool(label.context or label.output or label.unit)


def _goes_on(first: str, second: str, scope: Scope) -> bool:
    """Whether a name goes on in the next line ("Gemini 2.5 Pro", "Computer Use-Preview"); a note does not."""
    if _CONTINUED.match(second):
        return True
    if " " not in first or has_cjk(second) or len(second.split(" ")) > 4 or len(first) + len(second) > 60:
        return False
    if is_identifier(second) or not second[0].isalnum() or _PROSE_END.search(second):
        return False
    if any(word[0].islower() and not any(char.isdigit() for char in word) for word in second.split(" ")):
        return False  # "Best for coding"
    label = scope.label(second)
    return bool(label.unknown) and not (label.valid_from or label.valid_until)


def read_model(text: str, scope: Scope) -> ModelName | None:
    """One model's name out of one line; None when nothing is left that could be a name.

    >>> from scrapers.reading.labels import Scope
    >>> [read_model(t, Scope()).name for t in ("GLM-5.2 新品", "kimi-k2推荐", "Claude Opus 4 (retired)", "GPT-4o*")]
    ['GLM-5.2', 'kimi-k2', 'Claude Opus 4', 'GPT-4o']
    >>> read_model("ERNIE-Bot-8k大模型公有云在线调用服务(输入)", Scope()).meaning.direction
    'input'
    >>> read_model("Claude Sonnet 5 starting September 1, 2026", Scope()).name
    'Claude Sonnet 5'
    >>> [read_model(t, Scope()).name for t in ("nova.1 [pro]", "nova.1 [dev]", "nova.1 [new]", "nova.1 [2]")]
    ['nova.1 [pro]', 'nova.1 [dev]', 'nova.1', 'nova.1']
    """
    if text not in scope.names:
        scope.names[text] = _parse_model(clean(text), scope)
    known: ModelName | None = scope.names[text]
    return known


def _parse_model(text: str, scope: Scope) -> ModelName | None:
    validity = read_validity(text, scope.hints.timezone, scope.captured_at)
    name = validity.rest
    meaning = Meaning(valid_from=validity.valid_from, valid_until=validity.valid_until)
    notes: list[str] = []
    name = _SIZE_IN_BRACKETS.sub(r"\g<size>", name)
    name = _VARIANT.sub(lambda found: _protect(found, scope), name)
    for bracket in _BRACKETS.findall(name):
        label = scope.label(bracket)
        said = _bounds(label) if label.unknown or _LENGTH.fullmatch(bracket.strip()) else _kept(label)
        if label.unit and not label.unknown and _PER.match(bracket):
            said = said._replace(unit=label.unit, currency=label.currency)
        meaning = meaning.over(said)
        if bracket.strip():
            notes.append(bracket.strip())
    bare = _BRACKETS.sub(" ", name)
    bare = bare if has_words(bare) else name
    bare = _strip_badges(_MARKS.sub("", bare), scope)
    bare = bare.translate(_UNPROTECT)
    bare = re.sub(r"\s+", " ", bare).strip(" \t:：,，;|`'\"“”").strip()
    if not has_words(bare) or len(bare) > 120 or _is_condition(bare, scope):
        return None
    return ModelName(bare, meaning, tuple(notes))


_UNPROTECT = str.maketrans({"\ue002": "[", "\ue003": "]"})


def _protect(found: re.Match[str], scope: Scope) -> str:
    """A word in square brackets that the vocabulary does not know is part of the name and no note."""
    label = scope.label(found[1])
    is_note = found[1].casefold() in scope.vocabulary.badges or not (label.unknown or label.roles == {"filler"})
    return found[0] if is_note else f"\ue002{found[1]}\ue003"


def find_mentions(sentences: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """The known models that the sentences above a table name, for tables that name none: () where they disagree.

    The family's first word may be missing ("Claude Sonnet 4 or Sonnet 4.5"); a sentence that excepts names nothing.

    >>> known = ["Claude Sonnet 4", "Claude Sonnet 4.5", "Claude Opus 4"]
    >>> find_mentions(["When using Claude Sonnet 4 or Sonnet 4.5 with 1M context:"], known)
    ('Claude Sonnet 4', 'Claude Sonnet 4.5')
    """
    forms = {}
    for name in known:
        forms[name] = name
        short = name.partition(" ")[2]
        if " " in short:
            forms.setdefault(short, name)
    longest_first = sorted(forms, key=len, reverse=True)
    sets = []
    for sentence in (part for text in sentences for part in split_sentences(text)):
        text = sentence
        lowered = sentence.casefold()
        found: list[str] = []
        for form in longest_first:
            if form.casefold() not in lowered:
                continue
            pattern = rf"(?<![0-9A-Za-z_.]){re.escape(form)}(?![0-9A-Za-z_]|\.[0-9])"
            if re.search(pattern, text, re.IGNORECASE):
                found.append(forms[form])
                text = re.sub(pattern, " ", text, flags=re.IGNORECASE)
        if found and not _EXCEPTS.search(sentence):
            sets.append(tuple(dict.fromkeys(found)))
    return sets[0] if sets and all(set(each) == set(sets[0]) for each in sets) else ()


def is_model_like(text: str, scope: Scope, *, needs_digit: bool = True) -> bool:
    """Whether a heading or header reads like a model's name: short, no sentence, no amount, not all explained.

    >>> from scrapers.reading.labels import Scope
    >>> [is_model_like(t, Scope()) for t in ("Gemini 2.5 Pro", "Standard", "Pricing in 2025.", "deepseek-v4-flash")]
    [True, False, False, True]
    """
    cleaned = clean(text)
    if not has_words(cleaned) or len(cleaned) > 80 or len(cleaned.split(" ")) > 9 or _PROSE_END.search(cleaned):
        return False
    if _PATH.search(cleaned) or '":' in cleaned or _DATE.fullmatch(cleaned):
        return False
    if needs_digit and not any(char.isdigit() for char in cleaned):
        return False
    if find_amounts(cleaned):
        return False
    label = scope.label(cleaned)
    # "Embed 4" is a name, and so is "Imagen 4", whose word is Spanish for a picture.
    is_kind = label.kind in {"embedding", "rerank", "speech"} or cleaned.startswith("Imagen ")
    is_kind = is_kind and any(char.isdigit() for char in cleaned)
    if label.unit is not None or not (label.unknown or is_kind) or label.roles & {"price", "foreign", "total"}:
        return False
    return not (has_cjk(cleaned) and len(cleaned) > 40)


def split_direction(text: str, scope: Scope) -> tuple[str, Meaning] | None:
    """A name without the direction at one of its ends, and that direction: "nova-1 - Output tokens"; None without."""
    if text.endswith((")", "]", "】")):
        return None  # what stands in brackets is read with the name
    words = text.split(" ")
    splits = [(words[:-size], words[-size:]) for size in range(min(_MAX_TAIL, len(words) - 1), 0, -1)]
    splits += [(words[size:], words[:size]) for size in range(min(_MAX_TAIL, len(words) - 1), 0, -1)]
    pairs = [(" ".join(stem), " ".join(tail)) for stem, tail in splits]
    glued = _GLUED.fullmatch(text)
    if glued is not None:
        pairs.append((glued["stem"], glued["tail"]))
    for stem, tail in pairs:
        label = scope.label(tail)
        bare = stem.strip(" -:|/·,")
        if any(char.isdigit() for char in tail):
            continue
        if label.unknown or label.kind or not (label.direction or label.cache) or label.roles & {"ignore", "price"}:
            continue
        if is_model_like(bare, scope, needs_digit=False):
            return bare, label._replace(roles=frozenset(), unit=None, currency=None)
    return None


def split_deployment(text: str, scope: Scope) -> tuple[str, Meaning] | None:
    """A name without the deployment behind it, and that as its region: "nova-1 Data Zone"; None without one."""
    words = text.split(" ")
    for size in range(min(_MAX_TAIL, len(words) - 1), 0, -1):
        tail, stem = " ".join(words[-size:]), " ".join(words[:-size]).strip(" -:|/·,")
        label = scope.label(tail)
        is_place = label.region and label == Meaning(region=label.region, roles=label.roles & {"filler"})
        if is_place and is_model_like(stem, scope):
            return stem, Meaning(region=tail)
    return None


def is_identifier(text: str) -> bool:
    """gpt-4o, claude-3-opus@20240229, GLM-4-Air: one word with a digit or a dash in it."""
    return bool(_ID.fullmatch(text)) and any(char.isdigit() or char in "-_/" for char in text) and has_words(text)


def _kept(label: Meaning) -> Meaning:
    """Of a bracket beside a model's name: what bears on the price. Currencies and units stay out."""
    return label._replace(
        roles=frozenset(),
        unit=None,
        currency=None,
        unknown="",
        kind=None if label.kind != "training" else label.kind,
    )


def _bounds(label: Meaning) -> Meaning:
    """Of words that are not all understood: when and for which lengths the price holds."""
    return Meaning(
        context=label.context, output=label.output, valid_from=label.valid_from, valid_until=label.valid_until
    )


def _strip_badges(name: str, scope: Scope) -> str:
    bare = _LEADS.sub("", _trim_symbols(name))
    for tail in scope.vocabulary.tails:
        bare = bare.removesuffix(tail).strip()
    for _ in range(3):
        folded = fold(bare)
        if not folded.endswith(scope.vocabulary.badges) and not folded.startswith(("new ", "hot ")):
            break
        glued_on = _CAPITAL_TAIL.search(bare)
        if glued_on is not None and fold(glued_on.group()) in scope.vocabulary.badges:
            bare = bare[: glued_on.start()].rstrip(" -·|")
            continue
        for badge in scope.vocabulary.badges:
            if folded == badge or len(folded) - len(badge) < 2:
                continue
            glued = has_cjk(badge)
            if bare[: -len(badge)].endswith("-"):
                continue  # "nova-3-beta" is an identifier
            if folded.endswith(badge if glued else f" {badge}") and bare[-len(badge) :].casefold() == badge:
                bare = bare[: -len(badge)].rstrip(" -·|")
                break
            if folded.startswith(f"{badge} ") and badge in {"new", "hot"} and bare[: len(badge)].isupper():
                bare = bare[len(badge) :].lstrip()
                break
        else:
            break
    return bare


def _trim_symbols(name: str) -> str:
    """Without emoji and other symbols at either end."""
    chars = list(name.strip())
    while chars and unicodedata.category(chars[-1]) in {"So", "Sk", "Mn", "Cf"}:
        chars.pop()
    while chars and unicodedata.category(chars[0]) in {"So", "Sk", "Mn", "Cf"}:
        chars.pop(0)
    return "".join(chars).strip()
