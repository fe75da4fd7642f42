"""A first provider file from one page: what the page says is left to the page, and every doubt is marked `# ?`.

Nothing is guessed into force: a currency or a unit that the page does not print is written as a comment for a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urljoin, urlsplit

from scrapers.rates import METERS, PriceList, model_key
from scrapers.reading.text import clean
from scrapers.reading.units import find_units

_IGNORED_LABELS = frozenset(
    {
        "www",
        "api",
        "docs",
        "platform",
        "open",
        "cloud",
        "help",
        "developer",
        "developers",
        "console",
        "com",
        "co",
        "org",
    }
)
_LINK = re.compile(r"""(?:href|src)\s*=\s*["']([^"'\s<>]{1,300})["']|\]\(([^()\s]{1,300})\)|(/llms(?:-full)?\.txt)""")
_TWIN = re.compile(r"(?:\.md|\.mdx|\.json|/llms(?:-full)?\.txt)(?:[?#].*)?\Z", re.IGNORECASE)
_ABOUT_PRICES = re.compile(r"pric|model|rate|cost|llms|billing|tarif|preis|价|費|料金", re.IGNORECASE)
_PHRASE = re.compile(r"(?:known for|the key|numbers under) (['\"])(?!a price beside)(.{1,80}?)\1")
_ROW = re.compile(r"in the row (['\"])(.{1,120}?)\1; give a word")
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")
_MAX_TWINS = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """A provider file to be looked over: its text, and each doubt in it in words."""

    id: str
    toml: str
    doubts: tuple[str, ...]
    twins: tuple[str, ...]


def propose_id(source: str) -> str:
    """A provider's id from the address or the name of a file.

    >>> propose_id("https://platform.nova-labs.com/docs/pricing"), propose_id("Nova Prices.html")
    ('nova-labs', 'nova-prices')
    >>> propose_id("https://ai.example.co.uk/pricing")
    'example'
    """
    host = urlsplit(source).hostname
    if host is None:
        stem = source.replace("\\", "/").rpartition("/")[2].partition(".")[0]
        return re.sub(r"[^a-z0-9]+", "-", stem.casefold()).strip("-")
    labels = [label for label in host.split(".")[:-1] if label not in _IGNORED_LABELS]
    return re.sub(r"[^a-z0-9-]", "", labels[-1] if labels else host.replace(".", "-"))


def draft_provider(
    provider_id: str, url: str, read: PriceList, *, text: str, language: str, seen_on: date | None
) -> Draft:
    """The file for one page.

    Args:
        provider_id: the file's name without its ending.
        url: the page's address, "" where only a saved copy is known.
        read: what was understood without any hint.
        text: the page as it came, searched for twins that are easier to read.
        language: what the page declares.
        seen_on: the day on which the address showed these prices, None where nobody fetched it.

    """
    doubts: list[str] = []
    hints = list(_hints(read, doubts))
    twins = _twins(text, url)
    doubts += [f"the page links {twin}: a twin like that may be easier to read" for twin in twins]
    names = list({model_key(rate.model): rate.model for rate in read.rates}.values())
    currencies = {rate.currency for rate in read.rates if rate.currency}
    market = "cn" if currencies == {"CNY"} else "intl"
    if not url:
        doubts.append("url: the address of the page is not known from a file; write it")
    if any(not any(char.isdigit() for char in name) for name in names):
        doubts.append("names: some models have no digit in their name; are they models?")
    doubts += ["market: pages of one market state the same prices", "expect: how many models, and which stay"]
    least = max(1, len(names) * 6 // 10)
    lines = [
        f"name = {_text(provider_id.replace('-', ' ').title())}  # ? how the provider writes itself",
        'interval = "6h"',
        "",
        "[[page]]",
        f"url = {_text(url or 'https://example.com/pricing')}" + ("" if url else "  # ? the page's address"),
        f"market = {_text(market)}  # ? intl or cn; the page prints {', '.join(sorted(currencies)) or 'no currency'}",
        f"language = {_text((language or 'en')[:2])}" + ("" if language else "  # ? the page does not declare one"),
        f"verified = {seen_on.isoformat() if seen_on else 'false'}"
        + ("" if seen_on else "  # ? a date once a fetch has shown prices at this address"),
        *(f"# ? twin: {twin}" for twin in twins),
        "",
        *hints,
        "[expect]",
        f"models = {{ min = {least} }}  # ? {len(names)} were read; fewer than min is an error and never a removal",
        f"always = [{', '.join(_text(name) for name in _sentinels(read))}]  # ? models that will stay for long",
        "",
    ]
    return Draft(provider_id, "\n".join(lines), tuple(doubts), twins)


def _hints(read: PriceList, doubts: list[str]) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for complaint in read.complaints:
        kinds.setdefault(complaint.kind, []).append(f"{complaint.message} ({complaint.quote[:60]!r})")
    said: list[str] = []
    for kind, key, example in (
        ("unknown_currency", "currency", '"USD"'),
        ("unknown_unit", "unit", '"1M tokens"'),
    ):
        if kind in kinds:
            said.append(f"# ? {key} = {example}  # {len(kinds[kind])} amounts name none")
            doubts.append(f"{key}: {len(kinds[kind])} amounts name none; look at the page")
    doubts += dict.fromkeys(kinds.get("unknown_column", ()))
    phrases = {
        match[2]: _meter_of(complaint.quote)
        for complaint in read.complaints
        if complaint.kind == "unknown_column" and (match := _PHRASE.search(complaint.message))
    }
    if phrases:
        table = ", ".join(f"{_text(_comment(phrase))} = {_text(meter)}" for phrase, meter in phrases.items())
        said.append(f'# ? meters = {{ {table} }}  # the meter of each, or "-" where it is no price')
    rows = dict.fromkeys(match[2] for words in kinds.get("unknown_column", ()) if (match := _ROW.search(words)))
    if rows:
        patterns = ", ".join(_text("^" + _SPECIAL.sub(r"\\\g<0>", _comment(row)) + "$") for row in rows)
        said.append(f"# ? ignore_models = [{patterns}]  # rows that are no models")
    regions = sorted({rate.conditions.region for rate in read.rates if rate.conditions.region})
    if not regions:
        said.append('# ? region = "..."  # only where the prices hold in one region alone')
    yield "[hints]"
    yield from said
    yield ""


def _meter_of(quote: str) -> str:
    """A first proposal: what is paid by the image is an image."""
    found = find_units(clean(quote))
    unit = found[0].unit.unit if found else ""
    return unit if unit in METERS else "input"


def _sentinels(read: PriceList) -> list[str]:
    """Three models with input and output prices, evenly spread over the page."""
    meters: dict[str, set[str]] = {}
    for rate in read.rates:
        meters.setdefault(rate.model, set()).add(rate.meter)
    names = [name for name, of in meters.items() if {"input", "output"} <= of] or list(meters)
    return names[:: max(1, len(names) // 3)][:3]


def _twins(text: str, url: str) -> tuple[str, ...]:
    found = dict.fromkeys(
        urljoin(url, link)
        for match in _LINK.finditer(text)
        if (link := match[1] or match[2] or match[3]) and _TWIN.search(link) and _ABOUT_PRICES.search(link)
    )
    return tuple(twin for twin in found if twin != url)[:_MAX_TWINS]


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(words: str) -> str:
    return "".join(char if char.isprintable() else " " for char in words)
