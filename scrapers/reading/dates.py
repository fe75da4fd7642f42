"""From when until when: "through August 31, 2026", "自2026年9月1日起", "take effect at 16:00 UTC on August 16, 2026".

Instants are UTC. A day without a clock begins at midnight of the page's zone, so a Beijing midnight is 16:00 UTC of the
day before; "through the 31st" ends when the next day begins. A date without a year is the nearest one to the capture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from scrapers.reading.text import has_digits, openings, pieces_of

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio janeiro januari января",
            "february feb februar février febrero febbraio fevereiro februari февраля",
            "march mar märz mars marzo março maret марта",
            "april apr avril abril aprile апреля",
            "may mai mayo maggio maio mei мая",
            "june jun juni juin junio giugno junho июня",
            "july jul juli juillet julio luglio julho июля",
            "august aug août agosto agustus августа",
            "september sep sept septembre septiembre settembre setembro сентября",
            "october oct oktober okt octobre octubre ottobre outubro октября",
            "november nov novembre noviembre novembro ноября",
            "december dec dezember dez décembre diciembre dicembre dezembro desember декабря",
        ),
        start=1,
    )
    for name in names.split(" ")
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ZONE = (
    r"(?P<zone>utc\s?[+-]\s?[0-9]{1,2}(?::?00)?|utc|gmt|beijing time|beijing"
    r"|china standard time|cst|北京时间|pst|pdt|pt"
    r"|est|edt|et|jst|日本時間|cet|cest)"
)
_CLOCK = (
    rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?\s?(?P<half>am|pm|a\.m\."
    rf"|p\.m\.)?(?:\s*\(?{_ZONE}\)?)?"
)
_DAYS = (
    r"(?P<y>20[0-9]{2})\s?[-/.]\s?(?P<m>[0-9]{1,2})\s?[-/.]\s?(?P<d>[0-9]{1,2})(?![0-9])",
    r"(?:(?P<y>20[0-9]{2})\s?[年년]\s?)?(?P<m>[0-9]{1,2})\s?[月월]\s?(?P<d>[0-9]{1,2})\s?[日号號일]",
    r"(?<![0-9.])(?P<d>[0-9]{1,2})\.\s?(?P<m>[0-9]{1,2})\.\s?(?P<y>20[0-9]{2})(?![0-9])",
    rf"(?<![a-z])(?P<month>{_MONTH})\.?\s(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<y>20[0-9]{{2}}))?(?![0-9])",
    (
        r"(?<![0-9])(?P<d>[0-9]{1,2})\.?(?:st|nd|rd|th|er|[oº°])?\s(?:de\s)?"
        rf"(?P<month>{_MONTH})\.?(?:,?\s(?:de\s)?(?P<y>20[0-9]{{2}})(?:\s(?:года|г\.))?)?(?![a-z0-9])"
    ),
)
_DAY_IN_DIGITS = re.compile(r"20[0-9]{2}\s?[-/.]|[0-9]\s?[月월]|[0-9]\.\s?[0-9]{1,2}\.")  # what the first three need
_MONTH_PIECES = openings(_MONTHS)
_DAY_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _DAYS)
_CLOCK_BEFORE = re.compile(rf"{_CLOCK}\s*(?:,|on|of|am|le|el)?\s*$", re.IGNORECASE)
_CLOCK_AFTER = re.compile(rf"\s*(?:at|,|um|à|a las)?\s*(?:{_ZONE.replace('zone', 'zone0')})?\s*{_CLOCK}", re.IGNORECASE)
_FROM = re.compile(
    r"(?:starting(?: on| from)?|start(?:s|ing)? on|from|effective(?: from| on| as of)?|as of|since"
    r"|beginning(?: on)?|begins on|takes? effect(?: at| on| from)?|"
    r"in effect from|will (?:start|begin|apply)(?: on| from| at)?|自|从|從|于|ab(?: dem)?|gültig ab|à partir du"
    r"|a partir del?|dal|с|mulai(?: dari)?)\s*(?:at\s*)?:?\s*$",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"(?:through|until|till|to|valid until|ends?(?: on)?|ending(?: on)?"
    r"|expires?(?: on)?|up to|by|-|~|截至|截止到|截止至"
    r"|截止|有效期至|至|到|bis(?: zum)?|jusqu'au|hasta(?: el)?|fino al|até|до|hingga"
    r"|sampai(?: dengan)?)\s*(?:at\s*)?:?\s*$",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:before|prior to|vor dem|avant le|antes del?)\s*$", re.IGNORECASE)
_FROM_AFTER = re.compile(r"\s*(?:起生效|起|开始|正式生效|生效|から|以降|より|부터)", re.IGNORECASE)
_UNTIL_AFTER = re.compile(r"\s*(?:まで|为止|截止|止|结束|까지)", re.IGNORECASE)
_BEFORE_AFTER = re.compile(r"\s*(?:之?前|以前)", re.IGNORECASE)
_ZONES: dict[str, tzinfo] = {
    "utc": UTC, "gmt": UTC, "beijing": ZoneInfo("Asia/Shanghai"), "beijing time": ZoneInfo("Asia/Shanghai"),
    "china standard time": ZoneInfo("Asia/Shanghai"), "北京时间": ZoneInfo("Asia/Shanghai"),
    "jst": ZoneInfo("Asia/Tokyo"),
    "日本時間": ZoneInfo("Asia/Tokyo"), "pst": ZoneInfo("America/Los_Angeles"), "pdt": ZoneInfo("America/Los_Angeles"),
    "pt": ZoneInfo("America/Los_Angeles"), "est": ZoneInfo("America/New_York"), "edt": ZoneInfo("America/New_York"),
    "et": ZoneInfo("America/New_York"), "cet": ZoneInfo("Europe/Berlin"), "cest": ZoneInfo("Europe/Berlin"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Validity:
    """From when and until when something holds, and the text without the words that said it."""

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    rest: str = ""


@lru_cache(maxsize=5_000)
def read_validity(text: str, zone: str = "UTC", captured_at: datetime | None = None) -> Validity:
    """What a cleaned text says about from when until when.

    >>> validity = read_validity("Claude Sonnet 5 through August 31, 2026")
    >>> validity.rest, validity.valid_until.isoformat()
    ('Claude Sonnet 5', '2026-09-01T00:00:00+00:00')
    >>> read_validity("The new prices take effect at 16:00 UTC on August 16, 2026").valid_from.isoformat()
    '2026-08-16T16:00:00+00:00'
    >>> read_validity("自2026年9月1日起", "Asia/Shanghai").valid_from.isoformat()
    '2026-08-31T16:00:00+00:00'
    >>> read_validity("gpt-4o-2024-08-06").rest
    'gpt-4o-2024-08-06'
    """
    if not has_digits(text) or (pieces_of(text).isdisjoint(_MONTH_PIECES) and not _DAY_IN_DIGITS.search(text)):
        return Validity(rest=" ".join(text.split()))
    start: datetime | None = None
    end: datetime | None = None
    kept = text
    for pattern in _DAY_PATTERNS:
        for match in pattern.finditer(text):
            found = _read_one(match, text, zone, captured_at)
            if found is None:
                continue
            instant, is_start, words = found
            if is_start:
                start = start or instant
            else:
                end = end or instant
            kept = kept.replace(words, " ", 1)
    rest = re.sub(r"[(（]\s*[)）]", " ", kept) if kept != text else text
    return Validity(start, end, re.sub(r"\s+", " ", rest).strip())


def read_day(text: str, zone: str = "UTC", captured_at: datetime | None = None) -> datetime | None:
    """The first day that a cleaned text names, whatever it says of it, with its clock where it has one.

    >>> read_day("will be retired on May 15, 2026 at 12:00pm PT").isoformat()
    '2026-05-15T19:00:00+00:00'
    >>> read_day("将于2026年9月1日下线", "Asia/Shanghai").isoformat(), read_day("soon")
    ('2026-08-31T16:00:00+00:00', None)
    """
    if not has_digits(text):
        return None
    found = sorted((match for pattern in _DAY_PATTERNS for match in pattern.finditer(text)), key=re.Match.start)
    for match in found:
        day = _day(match, captured_at)
        if day is not None:
            clock = _CLOCK_BEFORE.search(text[: match.start()]) or _CLOCK_AFTER.match(text, match.end())
            return _at(day, clock, zone)[0]
    return None


def _read_one(
    match: re.Match[str], text: str, zone: str, captured_at: datetime | None
) -> tuple[datetime, bool, str] | None:
    before, after_at = text[: match.start()], match.end()
    clock_before = _CLOCK_BEFORE.search(before)
    clock_after = _CLOCK_AFTER.match(text, after_at)
    clock = clock_before or clock_after
    if clock_before:
        before = before[: clock_before.start()].rstrip()
    elif clock_after:
        after_at = clock_after.end()
    day = _day(match, captured_at)
    if day is None:
        return None
    instant, has_clock = _at(day, clock, zone)
    for pattern, is_start, adds_day in ((_FROM, True, False), (_UNTIL, False, True), (_BEFORE, False, False)):
        lead = pattern.search(before)
        if lead and _stands_alone(before, lead.start()):
            moment = instant + timedelta(days=1) if adds_day and not has_clock else instant
            return moment, is_start, text[lead.start() : after_at]
    for pattern, is_start, adds_day in (
        (_FROM_AFTER, True, False),
        (_UNTIL_AFTER, False, True),
        (_BEFORE_AFTER, False, False),
    ):
        tail = pattern.match(text, after_at)
        if tail:
            moment = instant + timedelta(days=1) if adds_day and not has_clock else instant
            return moment, is_start, text[len(before) : tail.end()]
    return None


def _stands_alone(text: str, position: int) -> bool:
    """A leading word begins a word, and "-" alone is no "until" inside a name such as gpt-4o-2024-08-06."""
    if text[position : position + 1] in {"-", "~"}:
        return bool(re.search(r"[0-9日号:]\s*$", text[:position])) and text[position - 1 : position] == " "
    return position == 0 or not text[position - 1].isalnum() or not text[position].isascii()


def _day(match: re.Match[str], captured_at: datetime | None) -> datetime | None:
    groups = match.groupdict()
    month = int(groups["m"]) if groups.get("m") else _MONTHS[groups["month"].casefold()]
    try:
        if groups.get("y"):
            return datetime(int(groups["y"]), month, int(groups["d"]))  # noqa: DTZ001  the zone is added by _at
        if captured_at is None:
            return None
        near = [datetime(captured_at.year + shift, month, int(groups["d"])) for shift in (-1, 0, 1)]  # noqa: DTZ001  as above
    except ValueError:
        return None
    return min(near, key=lambda each: abs(each - captured_at.replace(tzinfo=None)))


def _at(day: datetime, clock: re.Match[str] | None, zone: str) -> tuple[datetime, bool]:
    groups = clock.groupdict() if clock else {}
    named = (groups.get("zone") or groups.get("zone0") or "").casefold().replace(" ", "") if clock else ""
    place = _zone(named) or ZoneInfo(zone)
    hour, minute = int(groups.get("hour") or 0), int(groups.get("minute") or 0)
    if (groups.get("half") or "").startswith("p") and hour < 12:
        hour += 12
    if hour > 24 or minute > 59:
        return day.replace(tzinfo=place).astimezone(UTC), False
    moment = day + timedelta(hours=hour, minutes=minute)
    return moment.replace(tzinfo=place).astimezone(UTC), bool(groups.get("hour"))


def _zone(named: str) -> tzinfo | None:
    for word, place in _ZONES.items():
        if word.replace(" ", "") == named:
            return place
    shift = re.fullmatch(r"utc([+-])([0-9]{1,2})(?::?00)?", named)
    if shift:
        return timezone(timedelta(hours=int(shift[2]) * (1 if shift[1] == "+" else -1)))
    return None
