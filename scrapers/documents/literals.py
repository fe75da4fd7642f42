"""JavaScript literals in MDX and scripts: arrays, objects, strings, numbers; never evaluated, only read.

Numbers become Decimal and keep their printed digits. A call with a string literal (`html("$10.00")`) is read as that
string, since pages wrap cells so; any other expression is read as None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d{1,30}(?:_\d{1,10}){0,5}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?")
_NAME = re.compile(r"[A-Za-z_$][\w$]{0,100}(?:\.[A-Za-z_$][\w$]{0,100}){0,8}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "v": "", "0": "", "\n": ""}
_PLAIN_STRING = re.compile(r"\"[^\"\\\n]*\"|'[^'\\\n]*'|`[^`\\]*`")
_STRING_STOP = re.compile(r"[\"'`\\\n]")
_DULL = re.compile(r"[^'\"`()\[\]{}/]+")  # what neither opens nor closes anything
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_MAX_DEPTH = 60


class PrintedNumber(Decimal):
    """A number that remembers how the document spells it: `5e-7`, `.50`."""

    printed: str

    def __new__(cls, printed: str) -> Self:
        number = super().__new__(cls, printed.replace("_", ""))
        number.printed = printed
        return number


JSON = json.JSONDecoder(parse_float=PrintedNumber, parse_int=PrintedNumber, parse_constant=lambda _: None)


class PrintedKey(str):
    """A key of an object that remembers how the document spells it, "" where key and value stand apart."""

    __slots__ = ("printed",)
    printed: str

    def __new__(cls, key: str, printed: str) -> Self:
        word = super().__new__(cls, key)
        word.printed = printed
        return word


class LiteralError(ValueError):
    """The text at this place is no literal that can be read."""


def parse_literal(text: str, start: int = 0, *, names: Mapping[str, Any] | None = None) -> tuple[Any, int]:
    """The value that begins at `start` and the place after it; `names` are values that the text refers to.

    >>> parse_literal("{a: [1.50, 'x',], 'b': html(`$2`)}")[0]
    {'a': [Decimal('1.50'), 'x'], 'b': '$2'}

    Raises:
        LiteralError: an unclosed string, array or object, or something that is no literal.

    """
    try:
        value, end = JSON.raw_decode(text, start)  # most are JSON, which is read twenty times as fast
    except (ValueError, RecursionError):
        reader = _Reader(text, start, names or {})
        return reader.value(0), reader.place
    return value, end


def skip_balanced(text: str, start: int) -> int:
    """The place after the bracket that closes the one at `start`, strings and comments respected.

    Raises:
        LiteralError: it is never closed.

    """
    reader = _Reader(text, start)
    reader.skip_bracket()
    return reader.place


class _Reader:
    def __init__(self, text: str, place: int, names: Mapping[str, Any] | None = None) -> None:
        self._text = text
        self._names = names or {}
        self.place = place

    def _space(self) -> None:
        match = _SPACE.match(self._text, self.place)
        if match:
            self.place = match.end()

    def _peek(self) -> str:
        self._space()
        return self._text[self.place : self.place + 1]

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise LiteralError("nested too deeply")
        first = self._peek()
        if first == "[":
            return self._array(depth)
        if first == "{":
            return self._object(depth)
        if first and first in "'\"`":
            return self._string()
        number = _NUMBER.match(self._text, self.place)
        if number:
            self.place = number.end()
            return PrintedNumber(number[0])
        return self._named(depth)

    def _named(self, depth: int) -> Any:
        name = _NAME.match(self._text, self.place)
        if name is None:
            raise LiteralError(f"no literal at {self._text[self.place : self.place + 20]!r}")
        self.place = name.end()
        if name[0] in {"true", "false"}:
            return name[0] == "true"
        if self._peek() == "(":
            return self._call(depth)
        return self._names.get(name[0])

    def _call(self, depth: int) -> Any:
        """The first argument where it is a string literal, else None."""
        begin = self.place
        try:
            self.place += 1
            argument = self.value(depth + 1) if self._peek() in {"'", '"', "`"} else None
        except LiteralError:
            argument = None
        self.place = begin
        self.skip_bracket()
        return argument

    def _array(self, depth: int) -> list[Any]:
        self.place += 1
        values: list[Any] = []
        while True:
            first = self._peek()
            if first == "]":
                self.place += 1
                return values
            if first == ",":
                self.place += 1
                continue
            if not first:
                raise LiteralError("an array is never closed")
            values.append(self.value(depth + 1))
            self._after_value("]")

    def _object(self, depth: int) -> dict[str, Any]:
        self.place += 1
        values: dict[str, Any] = {}
        while True:
            first = self._peek()
            if first == "}":
                self.place += 1
                return values
            if first == ",":
                self.place += 1
                continue
            if not first:
                raise LiteralError("an object is never closed")
            self._space()
            begin = self.place
            name = self._key()
            key = PrintedKey(name, self._text[begin : self.place])
            if self._peek() != ":":
                raise LiteralError(f"the key {key!r} has no value")
            self.place += 1
            values[key] = self.value(depth + 1)
            self._after_value("}")

    def _after_value(self, closer: str) -> None:
        if self._peek() not in {",", closer}:
            raise LiteralError(f"an expression at {self._text[self.place : self.place + 20]!r}")

    def _key(self) -> str:
        if self._peek() in {"'", '"'}:
            return self._string()
        match = _NAME.match(self._text, self.place) or _NUMBER.match(self._text, self.place)
        if match is None:
            raise LiteralError(f"no key at {self._text[self.place : self.place + 20]!r}")
        self.place = match.end()
        return match[0]

    def _string(self) -> str:
        plain = _PLAIN_STRING.match(self._text, self.place)
        if plain:
            self.place = plain.end()
            return plain[0][1:-1]
        quote = self._text[self.place]
        parts: list[str] = []
        place = self.place + 1
        while stop := _STRING_STOP.search(self._text, place):
            parts.append(self._text[place : stop.start()])
            character, place = stop[0], stop.end()
            if character == quote:
                self.place = place
                return "".join(parts)
            if character == "\n" and quote != "`":
                break
            if character == "\\":
                text, place = self._escape(place)
                parts.append(text)
            else:
                parts.append(character)
        raise LiteralError("a string is never closed")

    def _escape(self, place: int) -> tuple[str, int]:
        mark = self._text[place : place + 1]
        digits = {"u": 4, "x": 2}.get(mark)
        if digits:
            code = self._text[place + 1 : place + 1 + digits]
            if re.fullmatch(r"[0-9A-Fa-f]+", code) and len(code) == digits:
                character = chr(int(code, 16))
                return ("\ufffd" if "\ud800" <= character <= "\udfff" else character), place + 1 + digits
        return _ESCAPES.get(mark, mark), place + 1

    def skip_bracket(self) -> None:
        closers: list[str] = []
        while self.place < len(self._text):
            dull = _DULL.match(self._text, self.place)
            self.place = dull.end() if dull else self.place
            self._space()
            character = self._text[self.place : self.place + 1]
            if character in {"'", '"', "`"}:
                try:
                    self._string()
                    continue
                except LiteralError:
                    pass  # an apostrophe in text between tags
            self.place += 1
            if character in _CLOSERS:
                closers.append(_CLOSERS[character])
            elif closers and character == closers[-1]:
                closers.pop()
                if not closers:
                    return
        raise LiteralError("a bracket is never closed")
