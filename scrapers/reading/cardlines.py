"""The lines of a card and what each is: a model's name, a label, a price, or something else.

A line that holds a name and its prices becomes two; a currency's sign on a line of its own joins the number below it,
an amount the unit below it.
A line of the form "Word: value" is a property and no name, unless the word is "model".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scrapers.documents.blocks import Run
from scrapers.documents.inline import Line, line_text
from scrapers.reading.cells import CellPrices, ends_with_amount, is_unit, read_cell
from scrapers.reading.labels import Scope
from scrapers.reading.names import is_model_like
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Meaning

Kind = Literal["name", "label", "price", "other"]

_SIGN = re.compile(r"[$¥￥€£]\Z")
_NUMBER = re.compile(r"\d[\d.,]{0,20}\Z")
_GLUED = re.compile(r"(?<=[a-z])(?=[$¥￥€£]\s?\d)")
_NAMED = re.compile(r"\W{0,4}([^:：$¥￥€£]{2,60}?)\s*(?:[:：]\s*|\s[—–\-]+\s+|\s+(?=[$¥￥€£]\s?\d))")
_LEADS = frozenset({"for", "using", "with", "the", "a", "an", "example", "if", "when", "from", "by", "on", "in", "at"})
_PROPERTY = re.compile(r"\W{0,4}(?P<word>[^\d:：]{2,30}?)\s*[:：]\s*(?P<value>\S.*)")
_LISTED = re.compile(r"(?:\d{1,2}[.)、]|[-*•·▪])\s+")
_MAX_NAME_WORDS = 5
MAX_LABEL = 60


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of a card and what it is.

    Attributes:
        is_own: a name that nothing above outweighs: bold, in code, called the model, or on the line of its prices.

    """

    kind: Kind
    text: str
    found: CellPrices
    meaning: Meaning
    is_own: bool = False


def join_lines(lines: Sequence[Line]) -> Iterator[Line]:
    """Lines as they are meant: a currency's sign or an amount whose number or unit stands on the line below it."""
    pending: Line | None = None
    for line in _join_signs(lines):
        if pending is not None and is_unit(clean(line_text(line))):
            yield (*pending, Run(" "), *line)
            pending = None
            continue
        if pending is not None:
            yield pending
        pending = line if ends_with_amount(line) else None
        if pending is None:
            yield line
    if pending is not None:
        yield pending


def _join_signs(lines: Sequence[Line]) -> Iterator[Line]:
    pending: Line | None = None
    for line in lines:
        text = line_text(line)
        if pending is not None:
            if _NUMBER.match(text):
                yield (Run(f"{line_text(pending)}{text}"),)
                pending = None
                continue
            yield pending
            pending = None
        if _SIGN.match(text):
            pending = line
        else:
            yield line
    if pending is not None:
        yield pending


def read_lines(line: Line, scope: Scope) -> Iterator[CardLine]:
    """What a printed line is: one line of a card, or two where it names a model and its prices."""
    strong, behind = _strong_start(line)
    found = classify(line, scope)
    if found.kind == "price":
        name = strong.rstrip(":： ")
        if name and behind and could_name(name, scope) and is_model_like(name, scope):
            yield CardLine("name", name, CellPrices(), Meaning(), is_own=True)
            yield classify((Run(behind.lstrip(":：-–— ")),), scope)
            return
        yield from _split_name(found, scope)
        return
    is_named = strong and not strong.endswith((":", "：")) and not behind.startswith((":", "："))
    if is_named and found.kind != "label" and could_name(strong, scope) and is_model_like(strong, scope):
        yield CardLine("name", strong, CellPrices(), Meaning(), is_own=True)
        return
    yield found


def classify(line: Line, scope: Scope) -> CardLine:
    """What a line is; a label is a line of which every word is understood."""
    line = tuple(replace(run, text=_GLUED.sub(" ", run.text)) for run in line)
    text = clean(line_text(line))
    found = read_cell((line,), scope)
    if found.prices or found.seen:
        return CardLine("price", text, found, Meaning())
    meaning = scope.label(text) if len(text) <= MAX_LABEL else Meaning(unknown=text)
    if not meaning.unknown and (
        meaning.has_meter or meaning.context or meaning.tier or meaning.roles or meaning.modalities
    ):
        return CardLine("label", text, found, meaning)
    said = _PROPERTY.fullmatch(text)
    if said is not None:
        label = scope.label(said["word"])
        is_model = not label.unknown and "model" in label.roles and is_model_like(said["value"], scope)
        return CardLine("name", said["value"], found, meaning, is_own=True) if is_model else _other(text, meaning)
    if is_model_like(text, scope) and not scope.vocabulary.is_section(text):
        return CardLine("name", text, found, meaning)
    return _other(text, meaning)


def _other(text: str, meaning: Meaning) -> CardLine:
    return CardLine("other", text, CellPrices(), meaning)


def _strong_start(line: Line) -> tuple[str, str]:
    """The bold or coded words with which a line begins, and what follows them; blank ones where it begins otherwise."""
    runs = [run for run in line if run.text.strip()]
    if not runs or not runs[0].strong:
        return "", ""
    return clean(runs[0].text), clean("".join(run.text for run in line[line.index(runs[0]) + 1 :]))


def _split_name(line: CardLine, scope: Scope) -> Iterator[CardLine]:
    """A line "nova-1: $1 input, $2 output" as the model's name and a line of prices.

    A name without a digit is believed where the line says the prices of both directions.
    """
    listed = _LISTED.match(line.text)
    text = line.text[listed.end() :] if listed else line.text
    match = _NAMED.match(text)
    if match is None or not could_name(match[1], scope):
        yield line
        return
    clause = re.split("[,，、]", match[1])[1:]
    if clause and scope.label(clause[-1]).has_meter:
        yield line  # "with nova-1, input $3, output $15" is a sentence
        return
    rest = classify((Run(text[match.end() :]),), scope)
    said = {scope.label(price.label).direction for price in rest.found.prices if price.label}
    if is_model_like(match[1], scope) or {"input", "output"} <= said:
        yield CardLine("name", match[1], CellPrices(), Meaning(), is_own=True)
        yield rest
        return
    yield line


def could_name(text: str, scope: Scope) -> bool:
    """Whether words begin as names do and are none of those that head a section ("Chat Completions").

    >>> from scrapers.reading.labels import Scope
    >>> [could_name(text, Scope()) for text in ("Mercury Edit", "Using Nova 4", "Text Generation", "command-a")]
    [True, False, False, True]
    """
    words = text.split()
    if not words or len(words) > _MAX_NAME_WORDS or words[0].casefold() in _LEADS:
        return False
    if len(words) > 1 and not all(
        word[0].isupper() or any(char.isdigit() or char in "-_/" for char in word) or not word[0].isascii()
        for word in words
    ):
        return False
    return is_model_like(text, scope, needs_digit=False) and not scope.vocabulary.is_section(text)
