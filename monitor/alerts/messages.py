"""An alert's payload as a message for people: a subject, a plain and an HTML part, pictures, and files.

Both parts are made from one letter (`monitor.alerts.letter`), so that they cannot tell two stories. A letter shows the
first models in full and further ones in a line each; the rest stands in the attached files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.alerts.blocks import SHOWN_PRICES, blocks_of
from monitor.alerts.health_words import duration_text, headline
from monitor.alerts.html_page import html_page
from monitor.alerts.letter import Block, Letter, Listing, Row
from monitor.alerts.phrases import fact_among, instant_text, visible
from monitor.alerts.plain_text import plain_text
from monitor.alerts.reader import Reader
from monitor.alerts.sheet import Attachment, attachments_of
from monitor.alerts.summary import summary_foot
from monitor.alerts.words import word
from monitor.charts.png import render_png
from monitor.charts.steps import PICTURE, draw_steps

SHOWN_BLOCKS = 8
SHOWN_LINES = 40
SHOWN_INCIDENTS = 20
SHOWN_WITHDRAWN = 8
SHOWN_PICTURES = 4
SUBJECT_LENGTH = 180
MOST_BYTES = 20_000
"""Of the plain part; names of hostile length leave room for fewer."""

_PICTURE_SIZE = (440, 150)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that the HTML part names by `cid`, which is the same each time the alert is sent."""

    cid: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What a person gets; `attachments` hold the whole payload where the parts do not show all of it."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    pictures: tuple[Picture, ...] = ()


def compose(
    payload: Mapping[str, Any], language: str, *, with_pictures: bool = False, reader: Reader | None = None
) -> Message:
    """The message of an alert's payload (see `monitor.alerts.payload`) in `en` or `zh`, for a subscriber if for one.

    With pictures, price lines are drawn for the HTML part where the extra `[png]` is installed; else they are bars of
    text there too.
    """
    contents = payload["data"]
    if "incidents" in contents:
        letter, is_whole = _health_letter(payload, language)
    elif "sections" in contents:
        letter, is_whole = _summary_letter(payload, language), True
    elif payload["type"] != "price.changes":
        letter, is_whole = _notice_letter(contents, language), True
    else:
        letter, is_whole = _price_letter(contents, language, reader)
    if reader is not None:
        letter = replace(
            letter, way_out=Row(word("subscribed", language), word("unsubscribe", language), reader.way_out)
        )
    pictures = _pictures(payload, letter) if with_pictures else {}
    return Message(
        subject=letter.subject,
        text=plain_text(letter),
        html=html_page(letter, {number: f"cid:{picture.cid}" for number, picture in pictures.items()}),
        attachments=() if is_whole else attachments_of(payload),
        pictures=tuple(pictures.values()),
    )


def _subject(contents: Mapping[str, Any]) -> str:
    return visible(contents["subject"], SUBJECT_LENGTH)


def _price_letter(contents: Mapping[str, Any], language: str, reader: Reader | None) -> tuple[Letter, bool]:
    """The letter of price changes, and whether it shows all of them."""
    events: Sequence[Mapping[str, Any]] = contents["events"]
    rules = ", ".join(visible(rule, 80) for rule in contents["rules"])
    letter = Letter(
        subject=_subject(contents),
        origin=_origin(contents["provider"], max(event["captured"] for event in events), language),
        language=language,
        foot=word("foot", language, rules=rules),
    )
    groups = blocks_of(events, language, reader)
    back: Sequence[Mapping[str, Any]] = contents.get("withdrawn", ())
    taken_back = [
        word("withdrawn", language, fact=visible(each["fact"], 300), why=visible(each["why"], 300))
        for each in back[:SHOWN_WITHDRAWN]
    ]
    blocks, lines = SHOWN_BLOCKS, SHOWN_LINES
    while True:
        shown = [group for group, _block in groups[blocks:]]
        further = [event for group in shown for event in group]
        hidden = sum(max(0, len(group) - SHOWN_PRICES) for group, _block in groups[:blocks])
        hidden += max(0, len(further) - lines)
        letter = replace(
            letter,
            blocks=tuple(block for _group, block in groups[:blocks]),
            listings=tuple(_listings(contents, further[:lines], language)),
            closing=(*taken_back, *([word("more", language, count=hidden)] if hidden else [])),
        )
        if len(plain_text(letter).encode()) <= MOST_BYTES or (blocks, lines) == (1, 0):
            return letter, not further and not hidden and len(back) <= SHOWN_WITHDRAWN
        blocks, lines = max(1, blocks - 1 if not lines else blocks), lines // 2


def _listings(contents: Mapping[str, Any], further: Sequence[Mapping[str, Any]], language: str) -> list[Listing]:
    """What has no block of its own: further events of the alert, and what it does not tell."""
    listings = []
    if further:
        listings.append(
            Listing(word("further", language), tuple(fact_among(contents, event, language) for event in further))
        )
    also: Sequence[Mapping[str, Any]] = contents.get("also", ())
    if also:
        facts = [visible(event["fact"], 300) for event in also]
        hidden = contents["also_count"] - len(also)
        facts += [word("also_more", language, count=hidden)] if hidden else []
        listings.append(Listing(word("also", language), tuple(facts)))
    return listings


def _health_letter(payload: Mapping[str, Any], language: str) -> tuple[Letter, bool]:
    """What begins or is over with the watching itself; no price stands in it."""
    contents = payload["data"]
    incidents: Sequence[Mapping[str, Any]] = contents["incidents"]
    hidden = len(incidents) - SHOWN_INCIDENTS
    letter = Letter(
        subject=_subject(contents),
        origin=_origin(contents["provider"], payload["timestamp"], language),
        language=language,
        blocks=tuple(_incident_block(each, language) for each in incidents[:SHOWN_INCIDENTS]),
        closing=(word("more", language, count=hidden),) if hidden > 0 else (),
        foot=word("health_foot", language),
    )
    return letter, hidden <= 0


def _incident_block(incident: Mapping[str, Any], language: str) -> Block:
    """One incident: when it is over, how long it lasted and no advice."""
    url = visible(incident["url"] or "", 2000)
    over = ""
    if incident["closed"] is not None:
        lasted = duration_text(incident["lasted_s"], language)
        over = word("lasted", language, when=instant_text(incident["closed"], language), lasted=lasted)
    rows = (
        Row("why", visible(incident["why"], 700)),
        Row("advice", "" if over else visible(incident["advice"], 500)),
        Row("began", instant_text(incident["since"], language)),
        Row("over", over),
        Row("page_address", url, url),
    )
    return Block(
        badge="",
        tone="good" if over else "warn",
        name=headline(incident),
        rows=tuple(replace(row, label=word(row.label, language)) for row in rows if row.words),
    )


def _summary_letter(payload: Mapping[str, Any], language: str) -> Letter:
    """What a run came to."""
    listings = []
    for section in payload["data"]["sections"]:
        facts = [[visible(line["provider"], 60), visible(line["text"], 400)] for line in section["lines"]]
        shown = tuple(word("colon", language).join(part for part in fact if part) for fact in facts)
        listings.append(Listing(f"{section['title']}{word('colon', language)}{section['count']}", shown))
    return Letter(
        subject=_subject(payload["data"]),
        origin=_origin(None, payload["timestamp"], language),
        language=language,
        listings=tuple(listings),
        foot=summary_foot(language),
    )


def _notice_letter(contents: Mapping[str, Any], language: str) -> Letter:
    return Letter(
        subject=_subject(contents),
        origin="Pricefall",
        language=language,
        paragraphs=(visible(contents["text"], 1000),),
    )


def _origin(provider: str | None, at: str, language: str) -> str:
    """Who writes, of whom, and when: the line above the heading."""
    return " · ".join(part for part in ("Pricefall", visible(provider or "", 60), instant_text(at, language)) if part)


def _pictures(payload: Mapping[str, Any], letter: Letter) -> dict[int, Picture]:
    """The pictures of the first blocks that have a price line, by the number of the block."""
    drawn: dict[int, Picture] = {}
    width, height = _PICTURE_SIZE
    for number, block in enumerate(letter.blocks):
        if block.graph is None or len(drawn) == SHOWN_PICTURES:
            continue
        png = render_png(draw_steps(block.graph.chart, width=width, height=height, look=PICTURE))
        if png is not None:
            drawn[number] = Picture(f"line-{number + 1}.{payload.get('id', 'alert')}@pricefall", png)
    return drawn
