"""No pattern of the reader is slow on any text: it needs linear time, which is well below 50 ms for 10 kB.

A pattern is tried with the methods that the code calls on it; the reading room gives its patterns cleaned text. The
clock is the process's own, the best of three tries, and the bound three times as wide, for slow machines: what needs
more than linear time fails by far.
"""

from __future__ import annotations

import ast
import gc
import importlib
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

import scrapers.documents
import scrapers.reading
from scrapers.reading.text import clean

_LENGTH = 10_000
_BOUND = 0.15
_TRIES = 3
_METHODS: dict[str, Callable[[re.Pattern[Any], Any], object]] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "search": lambda pattern, text: pattern.search(text),
    "finditer": lambda pattern, text: list(pattern.finditer(text)),
    "findall": lambda pattern, text: pattern.findall(text),
    "sub": lambda pattern, text: pattern.sub("", text),
    "split": lambda pattern, text: pattern.split(text),
}
_RUNS = [
    *(" ", "\n", " \n", "0", "1,", "1.", ".", "-", "1-", "a", "A_", "a-b.", "a: ", "(", "[", "{", "<", "<!--", "<div "),
    *("{{", "{/*", "[a](", "`", "*", "| ", "|-", "#", "\\", '"', "=", "/", "/ ", "$", "$1 ", "1M ", "128K ", "0 < "),
    *("per ", "input token ", "to 1 ", "输入 ", "元", "价 1 ", "，", "2026-01-01 ", "12:34 ", "import x ", "\n- a:\n"),
]  # fmt: skip


class _SlowError(Exception):
    pass


def _texts() -> Iterator[str]:
    for run in _RUNS:
        body = run * (_LENGTH // len(run))
        yield from (body, f"{body}x")


def _modules() -> Iterator[ModuleType]:
    for room in (scrapers.documents, scrapers.reading):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)
    yield importlib.import_module("scrapers.reader")


def _calls(module: ModuleType) -> dict[str, set[str]]:
    """The methods that a module calls on each of its names."""
    called: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in _METHODS:
            called.setdefault(node.value.id, set()).add(node.attr)
    return called


def _patterns() -> Iterator[Any]:
    seen: set[re.Pattern[Any]] = set()

    def inside(value: object) -> Iterator[re.Pattern[Any]]:
        if isinstance(value, re.Pattern) and value not in seen:
            seen.add(value)
            yield value
        elif isinstance(value, list | tuple):
            for one in value:
                yield from inside(one)
        elif isinstance(value, dict):
            yield from inside(list(value.values()))

    for module in _modules():
        called = _calls(module)
        for name, value in vars(module).items():
            for number, pattern in enumerate(inside(value)):
                methods = sorted(called.get(name) or {"search", "finditer"})
                is_cleaned = module.__name__.startswith("scrapers.reading")
                label = f"{module.__name__.removeprefix('scrapers.')}.{name}-{number}"
                yield pytest.param(pattern, methods, is_cleaned, id=label)


@pytest.fixture
def alarm() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _SlowError

    before = signal.signal(signal.SIGVTALRM, ring)
    gc.disable()  # the collector's time is not the pattern's, and an alarm that rings inside it is lost
    yield
    gc.enable()
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


_RAW = tuple(dict.fromkeys(_texts()))
_CLEANED = tuple(dict.fromkeys(clean(text) for text in _RAW))


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize(("pattern", "methods", "is_cleaned"), list(_patterns()))
def test_no_text_makes_a_pattern_slow(pattern: re.Pattern[Any], methods: list[str], is_cleaned: bool) -> None:
    for text in _CLEANED if is_cleaned else _RAW:
        subject = text.encode() if isinstance(pattern.pattern, bytes) else text
        for method in methods:
            tries = (_is_quick(pattern, subject, method) for _ in range(_TRIES))
            assert any(tries), f"{method} needs more than {_BOUND} s on {text[:30]!r}... of {len(text)} characters"


def _is_quick(pattern: re.Pattern[Any], subject: str | bytes, method: str) -> bool:
    gc.disable()  # what the alarm raises would be lost in a callback of the collector
    signal.setitimer(signal.ITIMER_VIRTUAL, _BOUND)
    try:
        _METHODS[method](pattern, subject)
    except _SlowError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        gc.enable()
    return True
