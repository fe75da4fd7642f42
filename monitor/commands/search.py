"""`pricefall search WORDS`: which models are known by such a name, and what they cost now."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

Row = dict[str, Any]
_NAMES = Path(__file__).parent.parent.parent / "config" / "names.toml"


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many models at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(config_path: str | None, words: tuple[str, ...], limit: int, as_json: bool, as_csv: bool) -> None:
    """Find models by words of their names or their provider's id, in any script; the nearest first.

    Prices are those of the standard tier.

    \b
    pricefall search qwen max
    pricefall search 通义千问
    pricefall search openai gpt 4o --json
    """
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from storage.queries import model_names
    from storage.search import prices_of, search_models

    asked = spellings(" ".join(words))
    if not asked:
        raise click.UsageError("name a model, or a part of its name")
    with open_to_read(config_path) as parts:
        found = search_models(parts.store, asked, limit)
        prices = prices_of(parts.store, found)
        near = "" if found else _nearest(" ".join(words), dict(model_names(parts.store)))
    rows = [{**row, "prices": prices.get((row["provider"], row["market"], row["model_key"]), [])} for row in found]
    shown = rows if as_json else [_for_people(row) for row in rows]
    title = f"{len(rows)} models" + (" or more; --limit shows them" if len(rows) == limit else "")
    empty = f"no model is called {' '.join(words)!r}{near}"
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=title, empty=empty)


def spellings(text: str) -> list[list[str]]:
    """The words of a question, each with what it is called in other languages, folded like the names of models.

    >>> spellings("通义千问Max")
    [['通义千问', '千问', '通义', 'qwen', 'tongyi'], ['max']]
    """
    from scrapers.rates import model_key

    same: list[list[str]] = tomllib.loads(_NAMES.read_text(encoding="utf-8"))["same"]
    # Chinese writes no spaces: a known name is a word of its own, the longest first.
    names = sorted((name for line in same for name in line if not name.isascii()), key=len, reverse=True)
    words = re.sub("|".join(names), r" \g<0> ", model_key(text)).split()
    return [[word, *(name for line in same if word in line for name in line if name != word)] for word in words]


def _nearest(text: str, printed: Mapping[str, str]) -> str:
    """Up to three names, given by what they are folded, that look like what was asked for."""
    from difflib import get_close_matches

    from scrapers.rates import model_key

    close = [repr(printed[key]) for key in get_close_matches(model_key(text), printed, n=3, cutoff=0.5)]
    return f"; did you mean {' or '.join(close)}?" if close else "; `pricefall prices` shows all"


def _for_people(row: Row) -> Row:
    shown = {name: row[name] for name in ("provider", "market", "model")}
    for meter in ("input", "output"):
        shown[meter] = _price([price for price in row["prices"] if price["meter"] == meter])
    return {**shown, "since": row["first_seen"][:10], "now": "" if row["is_current"] else "no longer"}


def _price(prices: Sequence[Row]) -> str:
    """The first price, which holds always or is the lowest; "from" where there are others."""
    from monitor.tables import per_text

    if not prices:
        return ""
    first = prices[0]
    if first["amount"] is None:
        return str(first["state"])
    more = "from " if len(prices) > 1 else ""
    return f"{more}{first['amount']} {first['currency']} / {per_text(first['per'], first['unit'])}"
