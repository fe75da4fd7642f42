"""An alert as a chat shows it: a title, a few lines an event, and "and 12 more" for what a service does not take.

A service writes a brief in its own markup and says whether that fits; `fit` leaves out whole events until it does.
Names come from pages that anybody may have written: each service escapes them sign by sign (`clip`), so that nothing is
ever cut inside of an escape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from monitor.alerts.delivery import Delivery
from monitor.alerts.health_words import duration_text, headline
from monitor.alerts.phrases import (
    bill_text,
    conditions_text,
    confidence_text,
    fact_among,
    instant_text,
    list_price,
    per_million,
    visible,
    when_text,
)
from monitor.alerts.words import word

Mood = Literal["good", "bad", "plain"]

SHOWN_ITEMS = 20
TITLE_LENGTH = 180
URL_LENGTH = 2000

_MOODS: dict[str, Mood] = {
    "cut": "good",
    "free": "good",
    "promo_start": "good",
    "raise": "bad",
    "promo_end": "bad",
    "health.closed": "good",
    "health.opened": "bad",
    "channel.down": "bad",
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Detail:
    """A labelled line below a headline; `url` makes its words a link."""

    label: str
    words: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One event or incident. `url` is the page that shows it, "" where there is none."""

    headline: str
    details: tuple[Detail, ...] = ()
    mood: Mood = "plain"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a chat message says, in plain text on single lines; `hidden` items are only counted in `more`.

    `kind` is that of the first event, or the payload's type where it holds none.
    """

    id: str
    kind: str
    title: str
    items: tuple[Item, ...]
    hidden: int
    foot: str
    language: str

    @property
    def mood(self) -> Mood:
        return _MOODS.get(self.kind, "plain")

    @property
    def url(self) -> str:
        """The page of the first item, "" where there is none."""
        return next((item.url for item in self.items if item.url), "")

    @property
    def more(self) -> str:
        """The line for what is left out, "" for nothing."""
        return word("and_more", self.language, count=self.hidden, id=self.id) if self.hidden else ""


def brief_of(delivery: Delivery) -> Brief:
    """The brief of an alert, a health notice, a test or a notice of a channel that is down."""
    contents: Mapping[str, Any] = delivery.payload["data"]
    kind, language = str(delivery.payload["type"]), delivery.language
    incidents: Sequence[Mapping[str, Any]] = contents.get("incidents", ())
    events: Sequence[Mapping[str, Any]] = contents.get("events", ())
    if incidents:
        items = [_incident(each, kind, language) for each in incidents[:SHOWN_ITEMS]]
        foot = word("health_foot", language)
    elif events:
        items = [_event(contents, each, language) for each in events[:SHOWN_ITEMS]]
        foot = word("foot", language, rules=", ".join(visible(rule, 80) for rule in contents["rules"]))
    else:
        said = visible(contents.get("text", ""), 1000)
        items, foot = [Item(said)] if said else [], "Pricefall"
    whole = max(len(incidents), len(events), len(items))
    extra = [*(_withdrawn(each, language) for each in contents.get("withdrawn", ()) if events)]
    extra += [_section(each) for each in contents.get("sections", ())]
    items = [*items, *extra[:SHOWN_ITEMS]]
    return Brief(
        id=delivery.id,
        kind=str(events[0]["kind"]) if events else kind,
        title=visible(contents["subject"], TITLE_LENGTH),
        items=tuple(items),
        hidden=whole + len(extra) - len(items),
        foot=foot,
        language=language,
    )


def fit(brief: Brief, write: Callable[[Brief], _T], fits: Callable[[_T], bool]) -> _T:
    """The message with as many whole items as fit; of one that is too long alone, the headline."""
    total = brief.hidden + len(brief.items)
    for count in range(len(brief.items), 0, -1):
        message = write(replace(brief, items=brief.items[:count], hidden=total - count))
        if fits(message):
            return message
    if brief.items:
        message = write(replace(brief, items=(replace(brief.items[0], details=()),), hidden=total - 1))
        if fits(message):
            return message
    return write(replace(brief, items=(), hidden=total))


def clip(text: str, limit: int, escapes: Mapping[int, str] | None = None) -> str:
    r"""Text with its signs escaped, cut so that it is at most `limit` UTF-16 units long, as chats count.

    >>> clip("a<b", 9, {ord("<"): "&lt;"}), clip("a<b", 5, {ord("<"): "&lt;"}), clip("😀😀", 3)
    ('a&lt;b', 'a…', '😀…')
    """
    pieces = [(escapes or {}).get(ord(sign), sign) for sign in text]
    if units("".join(pieces)) <= limit:
        return "".join(pieces)
    kept, left = [], limit - 1
    for piece in pieces:
        left -= units(piece)
        if left < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def units(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2


def web_url(url: object) -> str:
    """An address that may be linked: http or https, of no sign that ends a link; "" for any other."""
    text = str(url or "")
    is_plain = text.isascii() and text.isprintable() and not any(sign in text for sign in " <>\"'\\`|()[]{}")
    return text if is_plain and text.startswith(("https://", "http://")) and len(text) <= URL_LENGTH else ""


def _event(contents: Mapping[str, Any], event: Mapping[str, Any], language: str) -> Item:
    url = web_url(event["url"])
    quote = visible(event["evidence"]["quote"], 200)
    details = [
        Detail("per_million", per_million(event, language)),
        Detail("list_price", list_price(event, language)),
        Detail("when", when_text(event, language)),
        Detail("conditions", conditions_text(event, language)),
        *(Detail("bill", bill_text(effect, language)) for effect in event.get("effects", ())),
        Detail("predecessor", visible(event["predecessor"] or "")),
        Detail("evidence", f"“{quote}”" if quote else visible(event["url"]), url),
        Detail("why", f"{visible(event['why'], 300)} ({confidence_text(event['confidence'], language)})"),
    ]
    fact = fact_among(contents, event, language)
    return Item(fact, _said(details, language), _MOODS.get(str(event["kind"]), "plain"), url)


def _incident(incident: Mapping[str, Any], kind: str, language: str) -> Item:
    url = web_url(incident["url"])
    over = ""
    if incident["closed"] is not None:
        lasted = duration_text(incident["lasted_s"], language)
        over = word("lasted", language, when=instant_text(incident["closed"], language), lasted=lasted)
    details = [
        Detail("page_address", visible(incident["url"] or ""), url),
        Detail("began", instant_text(incident["since"], language)),
        Detail("over", over),
        Detail("why", visible(incident["why"], 400)),
        Detail("advice", "" if over else visible(incident["advice"], 300)),
    ]
    return Item(visible(headline(incident), 300), _said(details, language), _MOODS.get(kind, "plain"), url)


def _withdrawn(withdrawn: Mapping[str, Any], language: str) -> Item:
    """What an earlier message said that no longer holds."""
    fact, why = visible(withdrawn["fact"], 300), visible(withdrawn["why"], 300)
    return Item(word("withdrawn", language, fact=fact, why=why), mood="bad")


def _section(section: Mapping[str, Any]) -> Item:
    """One section of the summary of a run."""
    lines = [Detail(visible(line["provider"], 60), visible(line["text"], 300)) for line in section["lines"]]
    return Item(f"{visible(section['title'])}: {section['count']}", tuple(lines))


def _said(details: Sequence[Detail], language: str) -> tuple[Detail, ...]:
    return tuple(replace(each, label=word(each.label, language)) for each in details if each.words)
