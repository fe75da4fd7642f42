"""Made price pages for benchmarks: 100 kB, forty models in an ordinary table, and ways in which such a page changes.

Names and prices follow from the number of the page: two processes make the same page, and what was understood of one
helps little with the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

MODELS = 40
SIZE = 100_000
_TEXT = (
    "build ship scale observe deploy route cache stream teams regions uptime limits support tokens batch review keys"
    " projects usage billing alerts access audit export search docs guides status latency context tools vision"
)
_WORDS = _TEXT.split()


@dataclass(frozen=True, slots=True)
class MadePage:
    """What a page shows. `cut` lowers the price of one model by a fifth; the rest are cosmetic and move no price."""

    number: int
    cut: bool = False
    headers: tuple[str, str, str] = ("Input", "Cached input", "Output")
    is_output_first: bool = False
    css: str = "px"
    is_per_thousand: bool = False
    note: str = "June"

    def prices(self) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        """Model, input, cached input, output; dollars a million tokens."""
        rows = []
        for place in range(MODELS):
            base = Decimal((self.number * 7919 + place * 104729) % 3995 + 5) / 100
            if self.cut and place == self.number % MODELS:
                base = base * 4 / 5
            rows.append((f"Aurora {self.number}-{place} Turbo", base, base / 10, base * 4))
        return rows

    def html(self, size: int = SIZE) -> bytes:
        """The page, filled with words to about `size` bytes."""
        unit, parts = ("1K", 1000) if self.is_per_thousand else ("1M", 1)
        columns = list(zip(("input", "cached", "output"), self.headers, strict=True))
        order = [2, 0, 1] if self.is_output_first else [0, 1, 2]
        head = "".join(f'<th class="{self.css}-h">{columns[at][1]}</th>' for at in order)
        body = []
        for name, *amounts in self.prices():
            cells = "".join(f'<td class="{self.css}-c">${_plain(amounts[at] / parts)}</td>' for at in order)
            body.append(f'<tr class="{self.css}-r"><td class="{self.css}-n">{name}</td>{cells}</tr>')
        table = (
            f"<section><h2>API pricing</h2><p>Prices in USD per {unit} tokens. Last edited in {self.note}.</p>"
            f'<table class="{self.css}-t"><thead><tr><th>Model</th>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
            "</table></section>"
        )
        title = f"<title>Shop {self.number} pricing</title>"
        top = f"<!doctype html><html lang=en><head><meta charset=utf-8>{title}</head><body>"
        left = size - len(top) - len(table)
        return f"{top}{_filler(self.css, left // 2)}{table}{_filler(self.css, left // 2)}</body></html>".encode()


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _filler(css: str, size: int) -> str:
    """Navigation, cards and prose without an amount."""
    parts, length, at = [], 0, 0
    while length < size:
        words = " ".join(_WORDS[(at * 7 + step * 5) % len(_WORDS)] for step in range(18))
        kind = at % 3
        if kind == 0:
            part = (
                f'<div class="{css}-card"><h3>{words[:24]}</h3><p>{words}.</p><a href="/docs/{at}">Read more</a></div>'
            )
        elif kind == 1:
            part = f'<ul class="{css}-list"><li><a href="/{at}">{words[:30]}</a></li><li><span>{words}</span></li></ul>'
        else:
            part = f"<p>{words}. {words.capitalize()}.</p>"
        parts.append(part)
        length += len(part)
        at += 1
    return "".join(parts)


COSMETICS: dict[str, Callable[[MadePage], MadePage]] = {
    "a reworded header": lambda page: replace(page, headers=("Input price", "Cached input price", "Output price")),
    "a moved column": lambda page: replace(page, is_output_first=True),
    "new class names": lambda page: replace(page, css="qz9"),
    "a restated unit": lambda page: replace(page, is_per_thousand=True),
    "an edited sentence": lambda page: replace(page, note="July"),
}


def changed(page: MadePage, turn: int) -> MadePage:
    """Even turns cut a price, odd ones make a cosmetic edit, each kind in its turn."""
    if turn % 2 == 0:
        return replace(page, cut=True)
    return list(COSMETICS.values())[turn // 2 % len(COSMETICS)](page)
