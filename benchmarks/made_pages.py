"""Pages of 100 kB with a table of 40 models, made by a seed: what a usual price page costs, among prose and scripts.

Each page has its own names and amounts, so nothing that was understood of one page helps with the numbers of the next.
"""

from __future__ import annotations

import random

_TEXT = (
    "The service answers requests from many regions and keeps no prompt longer than it must. Teams choose a plan, set a"
    " budget and read the usage report at the end of each month. Developers call the interface with a key, stream the"
    " answer and retry when the network fails."
)
_WORDS = _TEXT.split()
_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pricing | Acme {number}</title>
<link rel="stylesheet" href="/a.css"><script>window.dataLayer=[];</script></head><body>
<header><nav><ul class="nav">{links}</ul></nav></header><main><h1>Pricing</h1><p>Prices are in USD per 1M tokens.</p>
<table class="w-full"><thead><tr><th>Model</th><th>Context length</th><th>Input</th><th>Cached input</th><th>Output</th>
</tr></thead><tbody>"""
_CELL = '<td class="px-4 py-2">{}</td>'
_TAIL = "</main><footer><p>Terms apply.</p></footer></body></html>"


def made_page(number: int, *, models: int = 40, size: int = 100_000) -> bytes:
    """One page of about so many bytes; the same number gives the same page."""
    chance = random.Random(number)  # noqa: S311  no secret
    links = [f'<li class="nav-item"><a class="px-2" href="/docs/{n}">{word}</a></li>' for n, word in enumerate(_WORDS)]
    rows = [_row(f"acme-{number}-{model}", chance) for model in range(models)]
    parts = [_HEAD.format(number=number, links="".join(links)), *rows, "</tbody></table>"]
    left = size - sum(map(len, parts)) - len(_TAIL)
    while left > 0:
        part = _script(chance) if len(parts) % 3 == 0 else _section(len(parts), chance)
        parts.append(part)
        left -= len(part)
    return "".join((*parts, _TAIL)).encode()


def _row(stem: str, chance: random.Random) -> str:
    price = chance.randrange(5, 4000) / 100
    cells = (
        f"<code>{stem}-{chance.choice(('mini', 'pro', 'max'))}</code>",
        f"{chance.choice((8, 32, 128, 200))}K",
        f"${price:.2f}",
        f"${price / 10:.3f}",
        f"${price * 4:.2f}",
    )
    return f'<tr class="border-b">{"".join(map(_CELL.format, cells))}</tr>\n'


def _section(number: int, chance: random.Random) -> str:
    texts = (" ".join(chance.choices(_WORDS, k=60)) for _ in range(5))
    paragraphs = "".join(f'<p class="text-sm">{text}</p>' for text in texts)
    return f'<section class="mt-8"><h2>Section {number}</h2>{paragraphs}</section>\n'


def _script(chance: random.Random) -> str:
    numbers = ",".join(f'"{chance.randrange(10**9):x}"' for _ in range(150))
    return f"<script>(function(){{var q=[{numbers}];window.__c=q;}})();</script>\n"
