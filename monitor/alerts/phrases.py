"""How a price, a condition, a date and a whole change are written in a line of plain text.

Everything here reads an event's JSON. Names and quotes come from pages that anybody may have written, so each goes
through `visible` before it stands anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from monitor.alerts.words import word

_SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£"}
_NAMES_ZH = {"CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元"}
_COUNTS = {"1": "", "1000": "1K", "10000": "10K", "1000000": "1M", "100000000": "100M"}
_COUNTS_ZH = {"1": "", "1000": "千", "10000": "万", "1000000": "百万", "100000000": "亿"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SURE = ((0.9, "very_sure"), (0.7, "fairly_sure"), (0.5, "not_quite_sure"), (0.0, "doubtful"))
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Side:
    """A price before or after a change: as an amount, as the bare figure, and what it buys ("" without amount)."""

    price: str
    figure: str
    bought: str

    def text(self, language: str, shared: str = "") -> str:
        """The price with what it buys, unless that is said elsewhere."""
        if not self.bought or self.bought == shared:
            return self.price
        return self.price + ("" if language == "zh" else " ") + self.bought


def visible(text: object, limit: int = 200) -> str:
    r"""Text of a page on one line: no control signs, no direction marks, no invisible ones, and not endless.

    >>> visible("a\r\nBcc: x\x00\u202eb"), visible("x" * 300)[-3:]
    ('a Bcc: xb', 'xx…')
    """
    said = str(text)
    if len(said) <= limit and said.isprintable():  # as nearly every text is, and the rest is slow
        return " ".join(said.split())
    kept = []
    for sign in said[: limit * 4]:
        category = unicodedata.category(sign)
        if category in {"Zl", "Zp"} or sign in "\t\n\r\v\f":
            kept.append(" ")
        elif category[0] != "C":
            kept.append(sign)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def subject_of(events: Sequence[Mapping[str, Any]], language: str) -> str:
    """The one fact of an alert, for a subject line: the only change, or the first with the number of the others."""
    provider = visible(events[0]["provider"], 60)
    return f"{provider}{word('colon', language)}{facts_of(events[0], language, len(events))}"


def facts_of(event: Mapping[str, Any], language: str, count: int) -> str:
    """One of so many events, and how many others there are."""
    more = word("besides", language, count=count - 1) if count > 1 else ""
    return fact_of(event, language) + more


def fact_of(event: Mapping[str, Any], language: str) -> str:
    """One event on one line: kind, model, meter, when it holds, old and new price, percent."""
    names = {
        "kind": word(event["kind"], language),
        "model": visible(event["model"], 80),
        "meter": word(event["meter"], language),
        "conditions": "",
        "price": "",
    }
    conditions = conditions_text(event, language)
    if conditions:
        names["conditions"] = word("in_brackets", language, words=visible(conditions, 80))
    price = price_change(event, language)
    if price:
        names["price"] = word("colon", language) + price
    if event["predecessor"]:
        return word("fact_successor", language, predecessor=visible(event["predecessor"], 80), **names)
    return word("fact_launch" if event["kind"] == "launch" else "fact", language, **names)


def fact_among(contents: Mapping[str, Any], event: Mapping[str, Any], language: str) -> str:
    """One event of a message on one line, with its provider where the message, a digest, tells of several."""
    whose = f"{visible(event['provider'], 60)}: " if contents["provider"] is None else ""
    return whose + fact_of(event, language)


def price_change(event: Mapping[str, Any], language: str) -> str:
    """Old and new price as printed, with what they buy and the change in percent; "" where neither is known."""
    known = [side for side in sides_of(event, language) if side is not None]
    if not known:
        return ""
    first, last = known[0], known[-1]
    before = "" if first is last else first.text(language)
    if before and first.bought == last.bought:  # said once: "¥5 → ¥1 per 1M tokens", "5 → 1 元/百万 tokens"
        is_one_currency = first.price.removeprefix(first.figure) == last.price.removeprefix(last.figure)
        before = first.figure if language == "zh" and is_one_currency else first.price
    percent = percent_of(event)
    text = " → ".join(part for part in (before, last.text(language)) if part)
    return text + (word("in_brackets", language, words=percent) if percent else "")


def sides_of(event: Mapping[str, Any], language: str) -> tuple[Side | None, Side | None]:
    """The prices before and after; None where there is no rate."""
    return _side(event, "old", language), _side(event, "new", language)


def per_million(event: Mapping[str, Any], language: str) -> str:
    """The same change per million tokens; "" where the page prints it so already, or sells no tokens."""
    sides = []
    for side in ("old", "new"):
        printed, amount = event[f"{side}_printed"], event[f"{side}_per_million"]
        if amount is not None and printed["amount"] is not None:
            sides.append((money(amount, printed["currency"], language), printed["per"]))
    if all(per == "1000000" for _price, per in sides):
        return ""
    return " → ".join(price for price, _per in sides)


def list_price(event: Mapping[str, Any], language: str) -> str:
    """The struck price beside a sale price; "" where there is none."""
    printed = event["new_printed"] or event["old_printed"]
    amount = event["list_amount"]
    return money(amount, printed["currency"], language) if amount is not None and printed is not None else ""


def bill_text(effect: Mapping[str, Any], language: str) -> str:
    """What an event does to a month of one of the user's workloads."""
    said = {name: visible(value) for name, value in effect.items()}
    if language == "zh":
        said["currency"] = _NAMES_ZH.get(said["currency"], said["currency"])
    said["percent"] = f"{effect['percent']:+g}"
    return word("bill_other" if effect["replaces"] else "bill_own", language, **said)


def percent_of(event: Mapping[str, Any]) -> str:
    """The change in percent with its sign.

    >>> percent_of({"percent": -97.5}), percent_of({"percent": 233.33}), percent_of({"percent": None})
    ('-97.5%', '+233.33%', '')
    """
    percent = event["percent"]
    return "" if percent is None else f"{f'{percent:+.2f}'.rstrip('0').rstrip('.')}%"


def confidence_text(confidence: float, language: str) -> str:
    """How sure it is, in a word and a figure.

    >>> confidence_text(0.95, "en"), confidence_text(0.95, "zh")
    ('very sure, 95%', '把握很大，95%')
    """
    sure = next(name for bound, name in _SURE if confidence >= bound)
    return f"{word(sure, language)}{word('comma', language)}{round(confidence * 100)}%"


def when_text(event: Mapping[str, Any], language: str) -> str:
    """Since when, or from when, the price holds as the page says, until when, and when it was seen."""
    effective, captured = event["effective_from"], event["captured"]
    seen = word("seen", language, when=instant_text(captured, language))
    parts = []
    if effective is not None and effective != captured:
        key = "from" if effective > captured else "since"
        parts.append(word(key, language, when=instant_text(effective, language)))
    if event["valid_until"] is not None:
        parts.append(word("until", language, when=instant_text(event["valid_until"], language)))
    if not parts:
        return seen
    return f"{word('comma', language).join(parts)}{word('page_says', language)}{seen}"


def instant_text(iso: str, language: str = "en") -> str:
    """A UTC instant for people; in Chinese by the clock of Beijing, where a day begins at 16:00 UTC of the day before.

    >>> instant_text("2024-05-14T16:00:00Z"), instant_text("2024-05-15T00:00:00Z")
    ('2024-05-14 16:00 UTC', '2024-05-15 UTC')
    >>> instant_text("2024-05-14T16:00:00Z", "zh"), instant_text("2024-05-15T00:00:00Z", "zh")
    ('2024年5月15日 0:00（北京时间）', '2024年5月15日（UTC）')
    """
    day, _, time = iso.removesuffix("Z").partition("T")
    is_day = time in {"", "00:00:00"}
    if language != "zh":
        return f"{day} UTC" if is_day else f"{day} {time[:5]} UTC"
    at = datetime.fromisoformat(iso.removesuffix("Z")).replace(tzinfo=UTC)
    if is_day:
        return f"{at.year}年{at.month}月{at.day}日（UTC）"
    at = at.astimezone(_BEIJING)
    return f"{at.year}年{at.month}月{at.day}日 {at.hour}:{at.minute:02}（北京时间）"


def month_text(at: datetime, language: str) -> str:
    """The month of an instant.

    >>> month_text(datetime(2024, 5, 15, tzinfo=UTC), "en"), month_text(datetime(2024, 5, 15, tzinfo=UTC), "zh")
    ('May 2024', '2024年5月')
    """
    return f"{at.year}年{at.month}月" if language == "zh" else f"{_MONTHS[at.month - 1]} {at.year}"


def conditions_text(event: Mapping[str, Any], language: str) -> str:
    """When the rate holds, in words; "" for a rate without conditions at the standard tier."""
    said = []
    if event["service_tier"] != "standard":
        said.append(f"{word('tier', language)} {word(visible(event['service_tier'], 60), language)}")
    for name, value in event["conditions"].items():
        shown = range_text(value) if isinstance(value, Mapping) else word(visible(value), language)
        said.append(f"{word(name, language)} {shown}")
    return word("comma", language).join(said)


def range_text(span: Mapping[str, int | None]) -> str:
    """A range of tokens.

    >>> range_text({"gt": 200000, "lte": None}), range_text({"gt": None, "lte": 32000})
    ('> 200,000', '≤ 32,000')
    """
    above, most = span.get("gt"), span.get("lte")
    parts = [] if above is None else [f"> {above:,}"]
    return ", ".join(parts if most is None else [*parts, f"≤ {most:,}"])


def money(amount: str, currency: str | None, language: str) -> str:
    """An amount in its currency.

    >>> money("0.8", "CNY", "en"), money("0.8", "CNY", "zh"), money("3", "SGD", "en")
    ('¥0.8', '0.8 元', '3 SGD')
    """
    code = visible(currency or "", 3)
    if language == "zh":
        return f"{amount} {_NAMES_ZH.get(code, code)}".strip()
    sign = _SIGNS.get(code)
    return f"{sign}{amount}" if sign else f"{amount} {code}".strip()


def what_it_buys(per: str, unit: str, language: str) -> str:
    """What an amount buys, as it follows the amount.

    >>> what_it_buys("1000000", "token", "en"), what_it_buys("1000000", "token", "zh"), what_it_buys("1", "image", "zh")
    ('per 1M tokens', '/百万 tokens', '/张')
    """
    counts = _COUNTS_ZH if language == "zh" else _COUNTS
    key = f"{unit}_many" if per != "1" else f"{unit}_one"
    count, name = counts.get(per, per), word(key, language, default=unit)
    blank = " " if count and (language != "zh" or name[0].isascii() or count.isdigit()) else ""
    return word("per", language, what=f"{count}{blank}{name}")


def _side(event: Mapping[str, Any], side: str, language: str) -> Side | None:
    printed, state = event[f"{side}_printed"], event[f"{side}_state"]
    if printed is None:
        return None
    if state != "priced" or printed["amount"] is None:
        said = word("free_state" if state == "free" else state, language)
        return Side(said, said, "")
    bought = ""
    if printed["per"] is not None and printed["unit"] is not None:
        bought = what_it_buys(printed["per"], printed["unit"], language)
    return Side(money(printed["amount"], printed["currency"], language), printed["amount"], bought)
