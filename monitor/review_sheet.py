"""One held difference as a person needs it to decide: both pages' evidence, what moved with it, what accepting tells.

The two captures are read again from the archive, to show the rows around each price as they were printed and what the
reader took the column for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from monitor.parts import Parts
from monitor.progress import event_line
from monitor.reviewing import Held, held_differences, with_parts
from monitor.rules import alerts_for, explain
from monitor.ruling import Word, would_tell
from monitor.settings import Settings
from monitor.tables import conditions_text, console, price_text, visible
from scrapers.catalog import Hints
from scrapers.documents.decode import decode
from scrapers.documents.read import read_document
from scrapers.errors import LayoutError
from scrapers.explain import Surroundings, surroundings
from scrapers.rates import Rate, format_instant
from scrapers.reading.templates import fill_template
from storage.errors import ArchiveError
from storage.nouns import Event
from storage.recorded import RecordedCapture, capture, captures_of, intervals_of

WIDE = 100  # columns of a terminal from which on the two sides stand beside each other
_MOST = 12


@dataclass(frozen=True, slots=True)
class Side:
    """What one page says: the price, its words and place, when the page came, where it is kept, the rows around."""

    price: str
    quote: str
    locator: str
    seen_from: str | None
    captured_at: str | None
    archived: str | None
    around: Surroundings | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is shown of one held difference; `tells` are the lines of events, `to` the messages' addresses."""

    id: str
    provider: str
    market: str
    model: str
    meter: str
    service_tier: str
    conditions: str
    kind: str
    why: str
    first_seen: str | None
    looks: int
    accepted: Side | None
    page_says: Side | None
    changed_with_it: tuple[str, ...]
    parts: tuple[str, ...]
    tells: str | None
    to: tuple[str, ...]
    links: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def sheet_of(parts: Parts, settings: Settings, held: Held, now: datetime) -> Sheet:
    """Gather everything about one held difference; `settings` come with their channels."""
    state, pending, rate = held.state, held.pending, held.rate
    page_id = state.page_id or 0
    latest = captures_of(parts.store.connection, page_id)[-1:]
    event = would_tell(parts.store, held, Word("", "", now))
    others = (one for one in with_parts([held], held_differences(parts.store)) if one.ref != held.ref)
    final = [one.final_url for one in latest if one.final_url and one.final_url != state.url]
    return Sheet(
        id=held.ref,
        provider=state.provider,
        market=state.market,
        model=rate.model,
        meter=rate.meter,
        service_tier=rate.service_tier,
        conditions=conditions_text(rate.conditions),
        kind=pending.kind,
        why=pending.why,
        first_seen=format_instant(pending.first_seen),
        looks=pending.looks,
        accepted=_accepted_side(parts, held),
        page_says=_page_side(parts, held, latest[0] if latest else None),
        changed_with_it=tuple(_neighbours(parts, held)),
        parts=tuple(one.ref for one in others),
        tells=None if event is None else _one_line(event),
        to=() if event is None else tuple(_addressees(settings, event)),
        links=(state.url, *final),
    )


def print_sheet(sheet: Sheet, width: int | None = None) -> None:
    """Show it: the sides beside each other where there is room, else one below the other."""
    out = console()
    width = width or out.width
    out.width = width
    name = " ".join(filter(None, (sheet.provider, sheet.model, sheet.meter, sheet.service_tier)))
    head = [f"{sheet.id}: {name}", sheet.conditions and f"when: {sheet.conditions}", f"market: {sheet.market}"]
    head += [f"held since {sheet.first_seen}, {sheet.looks} looks: {sheet.why}"]
    for words in filter(None, head):
        out.print(_text(words))
    sides = [("accepted", sheet.accepted), ("the page says", sheet.page_says)]
    shown = [(title, [Text("nothing")] if side is None else list(_lines(side))) for title, side in sides]
    if width >= WIDE:
        table = Table(width=width, show_lines=False)
        for title, _ in shown:
            table.add_column(title, ratio=1, overflow="fold")
        table.add_row(*(Text("\n").join(lines) for _, lines in shown))
        out.print(table)
    else:
        for title, lines in shown:
            out.print(_text(f"-- {title}"))
            for line in lines:
                out.print(line)
    out.print(_text("changed with it: " + ("; ".join(sheet.changed_with_it) or "nothing else on the page")))
    if sheet.parts:
        out.print(_text(f"parts of the same split, decided together: {', '.join(sheet.parts)}"))
    out.print(_text(f"accepting tells: {sheet.tells or 'nothing, it was told before'}"))
    out.print(_text("to: " + ("; ".join(sheet.to) or "nobody, no rule asks for it")))
    for link in sheet.links:
        out.print(_text(link), soft_wrap=True)


def _accepted_side(parts: Parts, held: Held) -> Side | None:
    old = held.pending.old
    if old is None:
        return None
    connection = parts.store.connection
    rows = intervals_of(connection, held.state.page_id or 0, only_open=True)
    row = next(
        (each for each in rows if (each.rate.identity, each.rate.valid_from) == (old.identity, old.valid_from)), None
    )
    if row is None:
        return _side(parts, held, old, None, None)
    return _side(parts, held, row.rate, capture(connection, row.last_capture_id), row.seen_from)


def _page_side(parts: Parts, held: Held, latest: RecordedCapture | None) -> Side | None:
    new, old = held.pending.new, held.pending.old
    if new is not None:
        return _side(parts, held, new, latest, held.pending.first_seen)
    if old is None:
        return None
    side = _side(parts, held, old, latest, held.pending.first_seen)
    remark = "no longer stated; this stands in its place now"
    return Side("not on the page", "", "", side.seen_from, side.captured_at, side.archived, side.around, remark)


def _side(parts: Parts, held: Held, rate: Rate, kept: RecordedCapture | None, seen_from: datetime | None) -> Side:
    around, remark = None, "the capture is not recorded"
    if kept is not None:
        around, remark = _around(parts, held, rate, kept)
    return Side(
        price=price_text(rate),
        quote=rate.evidence.quote,
        locator=rate.evidence.locator,
        seen_from=format_instant(seen_from),
        captured_at=None if kept is None else format_instant(kept.captured_at),
        archived=None if kept is None else str(parts.archive.path_of(kept.sha256)),
        around=around,
        remark=remark,
    )


def _around(parts: Parts, held: Held, rate: Rate, kept: RecordedCapture) -> tuple[Surroundings | None, str]:
    """The rows around a price in a capture, or why they cannot be shown."""
    provider = parts.catalog.get(held.state.provider)
    hints = Hints() if provider is None else provider.hints_for(held.state.url)
    try:
        documents = [read_document(body) for body in _bodies(parts, kept)]
    except (ArchiveError, LayoutError) as err:
        return None, str(err)
    places = (surroundings(each, rate.evidence.locator, rate.evidence.quote, hints, kept.captured_at)
              for each in documents)  # fmt: skip
    found = next((place for place in places if place), None)
    return found, "" if found else "that place was not found again in the capture"


def _bodies(parts: Parts, kept: RecordedCapture) -> list[bytes]:
    """The page as it was kept; a template as its amounts fill it, once for each region."""
    body = parts.archive.get(kept.sha256)
    if kept.companion_sha256 is None:
        return [body]
    return [text.encode() for text in fill_template(decode(body), parts.archive.get(kept.companion_sha256)).values()]


def _neighbours(parts: Parts, held: Held) -> Iterator[str]:
    """What else the same look changed on that page, held or told."""
    page_id, since = held.state.page_id or 0, held.pending.first_seen
    others = [one for one in held_differences(parts.store) if one.state == held.state and one.ref != held.ref]
    words = []
    for one in others:
        before = "nothing" if one.pending.old is None else price_text(one.pending.old)
        after = "nothing" if one.pending.new is None else price_text(one.pending.new)
        words.append(f"{one.ref} {one.rate.model} {one.rate.meter}: {before} → {after} (held)")
    words += [
        _one_line(event)
        for event in parts.store.recent_events(page_id, since)
        if event.url == held.state.url and event.captured_at == since and event.kind != "held"
    ]
    yield from words[:_MOST]
    if len(words) > _MOST:
        yield f"and {len(words) - _MOST} more"


def _addressees(settings: Settings, event: Event) -> Iterator[str]:
    for alert in alerts_for([event], settings):
        yield f"{alert.channel} (rule {alert.rule})"
    for verdict in explain(event, settings):
        if not verdict.matches:
            yield f"not by rule {verdict.rule}: {verdict.why}"


def _one_line(event: Event) -> str:
    return " ".join(event_line(event).split())


def _lines(side: Side) -> Iterator[Text]:
    yield Text(visible(side.price), style="bold")
    if side.quote:
        yield _text(f"“{side.quote}” at {side.locator or 'an unknown place'}")
    yield _text(f"on the page since {side.seen_from or 'an unknown day'}, captured {side.captured_at or 'never'}")
    if side.around is not None:
        if side.around.path:
            yield _text(side.around.path)
        if side.around.axis:
            yield _text(f"read as: {side.around.axis}")
        for number, row in enumerate(side.around.rows):
            mark = "▶" if number == side.around.marked else " "
            yield _text(f"{mark} {' | '.join(row)}")
    if side.remark:
        yield _text(f"({side.remark})")
    if side.archived:
        yield _text(side.archived)


def _text(words: str) -> Text:
    return Text(visible(words))
