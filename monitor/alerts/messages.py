"""An alert's payload as a message for people: a subject, a plain and an HTML part, and a file where it is long.

Both parts are made from the same rows, so that they cannot tell two stories. A message shows the first 20 events; the
rest stands in the attached JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.alerts.health_words import duration_text, headline
from monitor.alerts.markup import Markup, element, link
from monitor.alerts.phrases import (
    bill_text,
    conditions_text,
    fact_among,
    instant_text,
    list_price,
    per_million,
    visible,
    when_text,
)
from monitor.alerts.summary import summary_foot
from monitor.alerts.words import word

SHOWN_EVENTS = 20
SUBJECT_LENGTH = 180

_COLOURS = {"cut": "#0a7d33", "free": "#0a7d33", "promo_start": "#0a7d33", "raise": "#b3261e", "promo_end": "#b3261e"}
_QUIET = "color:#666"
_STYLE = "font-family:system-ui,sans-serif;font-size:15px;line-height:1.45;max-width:44em"


@dataclass(frozen=True, slots=True)
class Message:
    """What a person gets; `attachment` is the whole payload as JSON where the parts do not show all of it."""

    subject: str
    text: str
    html: str
    attachment: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """A labelled line below an event; `url` makes its words a link."""

    label: str
    words: str
    url: str | None = None


_Block = tuple[str, str, list[_Row]]  # headline, colour of its rule, rows


def compose(payload: Mapping[str, Any], language: str) -> Message:
    """The message of an alert's payload (see `monitor.alerts.payload`) in `en` or `zh`."""
    contents = payload["data"]
    if "incidents" in contents:
        return _health_message(payload, language)
    if "sections" in contents:
        return _summary_message(payload, language)
    if payload["type"] != "price.changes":
        return _short_message(visible(contents["subject"], SUBJECT_LENGTH), visible(contents["text"], 1000), language)
    events: Sequence[Mapping[str, Any]] = contents["events"]
    shown, hidden = events[:SHOWN_EVENTS], len(events) - SHOWN_EVENTS
    rules = ", ".join(visible(rule, 80) for rule in contents["rules"])
    blocks = [
        (fact_among(contents, event, language), _COLOURS.get(event["kind"], "#333"), _rows(event, language))
        for event in shown
    ]
    return _message(payload, blocks, hidden, word("foot", language, rules=rules), language)


def _health_message(payload: Mapping[str, Any], language: str) -> Message:
    """What begins or is over with the watching itself; no price stands in it."""
    incidents: Sequence[Mapping[str, Any]] = payload["data"]["incidents"]
    colour = "#0a7d33" if payload["type"] == "health.closed" else "#b26a00"
    blocks = [(headline(each), colour, _incident_rows(each, language)) for each in incidents[:SHOWN_EVENTS]]
    return _message(payload, blocks, len(incidents) - SHOWN_EVENTS, word("health_foot", language), language)


def _summary_message(payload: Mapping[str, Any], language: str) -> Message:
    """What a run came to."""
    blocks: list[_Block] = []
    for section in payload["data"]["sections"]:
        rows = [_Row(visible(line["provider"]), visible(line["text"], 400)) for line in section["lines"]]
        blocks.append((f"{section['title']}: {section['count']}", "#333", rows))
    return _message(payload, blocks, 0, summary_foot(language), language)


def _message(payload: Mapping[str, Any], blocks: Sequence[_Block], hidden: int, foot: str, language: str) -> Message:
    """Both parts of a message from its blocks; what does not fit is attached."""
    subject = visible(payload["data"]["subject"], SUBJECT_LENGTH)
    closing = [word("more", language, count=hidden)] if hidden > 0 else []
    closing += [
        word("withdrawn", language, fact=visible(each["fact"], 300), why=visible(each["why"], 500))
        for each in payload["data"].get("withdrawn", ())[:SHOWN_EVENTS]
    ]
    text = [subject, ""]
    for fact, _colour, rows in blocks:
        text += [f"* {fact}", *(f"    {_plain(row)}" for row in rows), ""]
    text += [*closing, "--", foot]
    body = [_html_block(fact, colour, rows) for fact, colour, rows in blocks]
    body += [element("p", line) for line in closing]
    return Message(
        subject=subject,
        text="\n".join(text) + "\n",
        html=_page(subject, [element("h2", subject), *body, element("p", foot, style=_QUIET)], language),
        attachment=_attachment(payload) if hidden > 0 else None,
    )


def _incident_rows(incident: Mapping[str, Any], language: str) -> list[_Row]:
    """What is told of one incident below its headline: when it is over, how long it lasted and no advice."""
    url = visible(incident["url"] or "", 2000)
    over = ""
    if incident["closed"] is not None:
        lasted = duration_text(incident["lasted_s"], language)
        over = word("lasted", language, when=instant_text(incident["closed"]), lasted=lasted)
    rows = [
        _Row("page_address", url, url),
        _Row("since", instant_text(incident["since"])),
        _Row("over", over),
        _Row("why", visible(incident["why"], 700)),
        _Row("advice", "" if over else visible(incident["advice"], 500)),
    ]
    return [_Row(word(row.label, language), row.words, row.url) for row in rows if row.words]


def _rows(event: Mapping[str, Any], language: str) -> list[_Row]:
    """What is told of one event below its headline; a row without words is left out."""
    confidence = word("confidence", language, percent=round(event["confidence"] * 100))
    quote = visible(event["evidence"]["quote"], 300)
    rows = [
        _Row("per_million", per_million(event)),
        _Row("list_price", list_price(event)),
        _Row("when", when_text(event, language)),
        _Row("conditions", conditions_text(event, language)),
        *(_Row("bill", bill_text(effect, language)) for effect in event.get("effects", ())),
        _Row("predecessor", visible(event["predecessor"] or "")),
        _Row("evidence", f"“{quote}”" if quote else visible(event["url"]), visible(event["url"], 2000)),
        _Row("why", f"{visible(event['why'], 500)} ({confidence})"),
    ]
    return [_Row(word(row.label, language), row.words, row.url) for row in rows if row.words]


def _plain(row: _Row) -> str:
    suffix = f" <{row.url}>" if row.url and row.url != row.words else ""
    return f"{row.label}: {row.words}{suffix}" if row.label else f"{row.words}{suffix}"


def _html_block(fact: str, colour: str, rows: Sequence[_Row]) -> Markup:
    lines = [
        element(
            "tr",
            element("td", row.label, style=f"{_QUIET};padding-right:1em;vertical-align:top"),
            element("td", link(row.words, row.url) if row.url else row.words),
        )
        for row in rows
    ]
    headline = element(
        "p", element("b", fact), style=f"margin:1.2em 0 .3em;border-left:4px solid {colour};padding-left:.6em"
    )
    return element("div", headline, element("table", *lines, style="border-collapse:collapse;margin-left:1em"))


def _page(title: str, body: Sequence[Markup], language: str) -> str:
    head = element("head", Markup('<meta charset="utf-8">'), element("title", title))
    code = "zh-CN" if language == "zh" else "en"
    return "<!doctype html>" + element("html", head, element("body", *body, style=_STYLE), lang=code)


def _attachment(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, indent=1).encode()


def _short_message(subject: str, words: str, language: str) -> Message:
    return Message(subject, words + "\n", _page(subject, [element("p", words)], language))
