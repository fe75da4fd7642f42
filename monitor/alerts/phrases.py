"""How a price, a condition, a date and a whole change are written in a line of plain text.

Everything here reads an event's JSON. Names and quotes come from pages that anybody may have written, so each goes
through `visible` before it stands anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.words import word

_SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£"}
_COUNTS = {"1": "", "1000": "1K", "10000": "10K", "1000000": "1M"}
_COUNTS_ZH = {"1": "", "1000": "千", "10000": "万", "1000000": "百万"}


def visible(text: object, limit: int = 200) -> str:
    r"""Text of a page on one line: no control signs, no direction marks, no invisible ones, and not endless.

    >>> visible("a\r\nBcc: x\x00\u202eb"), visible("x" * 300)[-3:]
    ('a Bcc: xb', 'xx…')
    """
    kept = []
    for sign in str(text)[: limit * 4]:
        category = unicodedata.category(sign)
        if category in {"Zl", "Zp"} or sign in "\t\n\r\v\f":
            kept.append(" ")
        elif category[0] != "C":
            kept.append(sign)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def subject_of(events: Sequence[Mapping[str, Any]], language: str) -> str:
    """The one fact of an alert, for a subject line: the only change, or their number and the first of them."""
    provider = visible(events[0]["provider"], 60)
    fact = fact_of(events[0], language)
    if len(events) == 1:
        return f"{provider}: {fact}"
    return f"{provider}: {word('several', language, count=len(events), fact=fact)}"


def fact_of(event: Mapping[str, Any], language: str) -> str:
    """One event on one line: kind, model, meter, old and new price, percent."""
    name = visible(event["model"], 80)
    if event["service_tier"] != "standard":
        name += f" ({word(visible(event['service_tier'], 40), language)})"
    head = f"{word(event['kind'], language)}, {name} {word(event['meter'], language)}"
    price = price_change(event, language)
    return f"{head}: {price}" if price else head


def fact_among(contents: Mapping[str, Any], event: Mapping[str, Any], language: str) -> str:
    """One event of a message on one line, with its provider where the message, a digest, tells of several."""
    whose = f"{visible(event['provider'], 60)}: " if contents["provider"] is None else ""
    return whose + fact_of(event, language)


def price_change(event: Mapping[str, Any], language: str) -> str:
    """Old and new price as printed, with what they buy and the change in percent; "" where neither is known."""
    sides = [_side(event, side, language) for side in ("old", "new")]
    known = [side for side in sides if side is not None]
    if len({bought for _price, bought in known}) == 1:
        text = f"{' → '.join(price for price, _bought in known)} {known[0][1]}".strip()
    else:  # "¥0.005 per 1K tokens → ¥1 per 1M tokens", "¥2 per 1M tokens → free"
        text = " → ".join(f"{price} {bought}".strip() for price, bought in known)
    return text + percent_text(event) if text else ""


def per_million(event: Mapping[str, Any]) -> str:
    """The same change per million tokens; "" where the page prints it so already, or sells no tokens."""
    sides = []
    for side in ("old", "new"):
        printed, amount = event[f"{side}_printed"], event[f"{side}_per_million"]
        if amount is not None and printed["amount"] is not None:
            sides.append((_money(amount, printed["currency"]), printed["per"]))
    if all(per == "1000000" for _price, per in sides):
        return ""
    return " → ".join(price for price, _per in sides)


def list_price(event: Mapping[str, Any]) -> str:
    """The struck price beside a sale price; "" where there is none."""
    printed = event["new_printed"] or event["old_printed"]
    amount = event["list_amount"]
    return _money(amount, printed["currency"]) if amount is not None and printed is not None else ""


def bill_text(effect: Mapping[str, Any], language: str) -> str:
    """What an event does to a month of one of the user's workloads."""
    said = {name: visible(value) for name, value in effect.items()}
    said["percent"] = f"{effect['percent']:+g}"
    return word("bill_other" if effect["replaces"] else "bill_own", language, **said)


def percent_text(event: Mapping[str, Any]) -> str:
    """The change in percent, in brackets and with its sign.

    >>> percent_text({"percent": -97.5}), percent_text({"percent": 233.33}), percent_text({"percent": None})
    (' (-97.5%)', ' (+233.33%)', '')
    """
    percent = event["percent"]
    if percent is None:
        return ""
    return f" ({f'{percent:+.2f}'.rstrip('0').rstrip('.')}%)"


def when_text(event: Mapping[str, Any], language: str) -> str:
    """Since when, or from when, the price holds; where the page does not say, when it was seen."""
    effective, captured = event["effective_from"], event["captured"]
    if effective is None:
        text = f"{word('seen', language)} {instant_text(captured)}"
    else:
        key = "from" if effective > captured else "since"
        text = f"{word(key, language)} {instant_text(effective)}"
    if event["valid_until"] is not None:
        text += f", {word('until', language)} {instant_text(event['valid_until'])}"
    return text


def instant_text(iso: str) -> str:
    """A UTC instant for people.

    >>> instant_text("2024-05-14T16:00:00Z"), instant_text("2024-05-15T00:00:00Z")
    ('2024-05-14 16:00 UTC', '2024-05-15 UTC')
    """
    day, _, time = iso.removesuffix("Z").partition("T")
    return f"{day} UTC" if time in {"", "00:00:00"} else f"{day} {time[:5]} UTC"


def conditions_text(event: Mapping[str, Any], language: str) -> str:
    """When the rate holds, in words; "" for a rate without conditions at the standard tier."""
    said = []
    if event["service_tier"] != "standard":
        said.append(f"{word('tier', language)} {word(visible(event['service_tier'], 60), language)}")
    for name, value in event["conditions"].items():
        shown = range_text(value) if isinstance(value, Mapping) else word(visible(value), language)
        said.append(f"{word(name, language)} {shown}")
    return "; ".join(said)


def range_text(span: Mapping[str, int | None]) -> str:
    """A range of tokens.

    >>> range_text({"gt": 200000, "lte": None}), range_text({"gt": None, "lte": 32000})
    ('> 200,000', '≤ 32,000')
    """
    above, most = span.get("gt"), span.get("lte")
    parts = [] if above is None else [f"> {above:,}"]
    return ", ".join(parts if most is None else [*parts, f"≤ {most:,}"])


def _side(event: Mapping[str, Any], side: str, language: str) -> tuple[str, str] | None:
    """The price before or after and what it buys ("" for a price without amount); None where there is no rate."""
    printed, state = event[f"{side}_printed"], event[f"{side}_state"]
    if printed is None:
        return None
    if state != "priced" or printed["amount"] is None:
        return word("free_state" if state == "free" else state, language), ""
    bought = ""
    if printed["per"] is not None and printed["unit"] is not None:
        bought = _what_it_buys(printed["per"], printed["unit"], language)
    return _money(printed["amount"], printed["currency"]), bought


def _money(amount: str, currency: str | None) -> str:
    sign = _SIGNS.get(currency or "")
    return f"{sign}{amount}" if sign else f"{amount} {visible(currency or '', 3)}".strip()


def _what_it_buys(per: str, unit: str, language: str) -> str:
    counts = _COUNTS_ZH if language == "zh" else _COUNTS
    key = f"{unit}_many" if per != "1" else unit
    return word("per", language, count=counts.get(per, per), unit=word(key, language)).replace("  ", " ")
