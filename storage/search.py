"""Models by words of their names, in any script.

The trigram index of `model_search` finds three letters and more. Shorter words are looked for in the list of names:
two Chinese characters anywhere, a number or a letter at the beginning of a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from storage.queries import Row
from storage.rows import dump
from storage.store import Store

_TRIGRAM = 3  # letters
_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d])(?=\d)")

_IS_KNOWN = """EXISTS (
  SELECT 1 FROM rates WHERE rates.model_key = models.model_key AND rates.provider = models.provider
    AND rates.market = models.market AND superseded_at IS NULL {and_open})"""


def search_models(store: Store, words: Sequence[Sequence[str]], limit: int = 20) -> list[Row]:
    """The models whose names, or whose provider's id, hold one of the spellings of each word; the nearest first.

    Args:
        store: the open database.
        words: for each word its spellings, folded as `model_key` does, the one that was asked for first.
        limit: how many models at most.

    """
    tests: list[str] = []
    values: list[str] = []
    for place, spellings in enumerate(words):
        before = words[place - 1][0] if place else ""
        choices = [_test_of(each, before) for spelling in spellings for each in _variants(spelling)]
        tests.append("(" + " OR ".join(test for test, _ in choices) + ")")
        values += [value for _, some in choices for value in some]
    found = store.connection.rows(
        f"SELECT provider, market, model_key, model, first_seen, {_IS_KNOWN.format(and_open='AND ended_at IS NULL')} "  # noqa: S608 - our own expressions
        f"AS is_current FROM models WHERE {' AND '.join(tests)} AND {_IS_KNOWN.format(and_open='')}",
        values,
    )
    asked = " ".join(spellings[0] for spellings in words)
    ranked = sorted((dict(row) for row in found), key=lambda row: _rank(row, asked))
    return [{**row, "is_current": bool(row["is_current"])} for row in ranked[:limit]]


def prices_of(store: Store, found: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """What input and output of these models cost in the standard tier now, by provider, market and folded name."""
    rows = store.connection.rows(
        "SELECT provider, market, model_key, meter, conditions, state, amount, currency, per, unit FROM current_prices "
        "WHERE model_key IN (SELECT value FROM json_each(?)) AND service_tier = 'standard' "
        "AND meter IN ('input', 'output') ORDER BY meter, conditions != '{}', per_million_tokens",
        (dump(sorted({row["model_key"] for row in found})),),
    )
    prices: dict[tuple[str, str, str], list[Row]] = {}
    for row in map(dict, rows):
        prices.setdefault((row.pop("provider"), row.pop("market"), row.pop("model_key")), []).append(row)
    return prices


def _variants(spelling: str) -> list[str]:
    """`glm4` is `glm 4` too."""
    return list(dict.fromkeys((spelling, _LETTER_BESIDE_DIGIT.sub(" ", spelling))))


def _test_of(spelling: str, before: str) -> tuple[str, list[str]]:
    """SQL that says whether a name holds a spelling, and its values."""
    if len(spelling) >= _TRIGRAM:
        phrase = '"' + spelling.replace('"', '""') + '"'
        test = "id IN (SELECT rowid FROM model_search WHERE model_search MATCH ?) OR instr(provider, ?) = 1"
        return test, [phrase, spelling]
    if not spelling.isascii():
        return "instr(model_key, ?)", [spelling]
    if before:  # "glm 4" is a GLM4 as well
        return "instr(' ' || model_key, ?) OR instr(model_key, ?)", [f" {spelling}", before + spelling]
    return "instr(' ' || model_key, ?)", [f" {spelling}"]


def _rank(row: Row, asked: str) -> tuple[Any, ...]:
    key = row["model_key"]
    joined, wanted = key.replace(" ", ""), asked.replace(" ", "")
    return (
        joined != wanted,
        not row["is_current"],
        not joined.startswith(wanted),
        f" {asked} " not in f" {key} ",
        len(key),
        key,
        row["provider"],
        row["market"],
        row["model"],
    )
