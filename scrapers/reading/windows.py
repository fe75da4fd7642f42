"""The hours of peak and off-peak prices, from footnotes, headers and sentences in any of the vocabulary's languages.

Hours are taken only beside a word for the window, and only with a zone that the page or the provider file names; two
sentences that contradict each other say nothing. Whoever calls this knows that the page has prices for such windows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise

from scrapers.catalog import Hints
from scrapers.reading.dates import read_validity
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Vocabulary
from scrapers.windows import MIDNIGHT, WEEK, Window, WindowName

_MAX_TEXT = 2_000  # a paragraph that tells of hours is shorter


def _time(name: str) -> str:
    minute = rf":(?P<m{name}>[0-5]\d)(?::[0-5]\d)?|h(?P<f{name}>[0-5]\d)?(?![a-z])"
    cjk = rf"\s?[点點時时시](?:\s?(?P<k{name}>[0-5]?\d)\s?[分분]|(?P<half{name}>半))?"
    return rf"(?P<h{name}>[01]?\d|2[0-4])(?:{minute}|{cjk}|(?=\s?[ap]m\b))(?:\s?(?P<a{name}>[ap])m\b)?"


_TO = r"\s*(?:hrs?|uhr|utc|gmt)?\s*(?:-|~|to|until|till|through|and|至|到|から|부터|bis|à|a|al|às|до)\s*"
_NEXT_DAY = r"(?:(?:the )?(?:next|following) day(?: at)?|次日|翌日|第二天|다음날)?\s*"
_SPAN = re.compile(rf"(?<![\d.:$¥€]){_time('1')}{_TO}{_NEXT_DAY}{_time('2')}(?![\d:])")
_ALL_DAY = re.compile(r"all[ -]day|24 hours|around the clock|whole day|全天|终日|終日|종일")
_PIECES = re.compile(r"[,;()\[\]。；!?\n]|\.(?=\s|$)|(?<!\d),|,(?!\d)")
_NOT_PRICES = re.compile(r"rate[ -]limit|throttl|quota|maintenance|限流|限速|限频|维护")

_ZONES: tuple[tuple[str, str], ...] = (
    (r"beijing(?: standard)?(?: time)?|china standard time|北京时间|北京時間|中国标准时间", "Asia/Shanghai"),
    (r"singapore(?: standard)? time|\bsgt\b|新加坡时间", "Asia/Singapore"),
    (r"hong kong time|\bhkt\b|香港时间", "Asia/Hong_Kong"),
    (r"japan(?: standard)? time|\bjst\b|日本時間|日本标准时间", "Asia/Tokyo"),
    (r"korea(?:n)?(?: standard)? time|\bkst\b|한국\s?시간", "Asia/Seoul"),
    (r"pacific(?: standard| daylight)? time|\bp[sd]?t\b|太平洋时间", "America/Los_Angeles"),
    (r"eastern(?: standard| daylight)? time|\be[sd]?t\b|美东时间", "America/New_York"),
    (r"central european(?: summer)? time|\bces?t\b|\bmez\b|\bmesz\b", "Europe/Berlin"),
    (r"moscow time|\bmsk\b|по московскому времени|мск", "Europe/Moscow"),
)
_OFFSET = re.compile(r"\b(?:utc|gmt)\s?(?P<sign>[+-])\s?0?(?P<hours>1[0-4]|\d)(?::?00)?(?![\d:])")
_UTC = re.compile(r"\b(?:utc|gmt|z(?=ulu))\b|世界标准时间|协调世界时|世界時")

_DAY_NAMES: tuple[tuple[str, ...], ...] = (
    ("mon(?:days?)?", "周一", "星期一", "月曜", "월요일"),
    ("tue(?:s(?:days?)?)?", "周二", "星期二", "火曜", "화요일"),
    ("wed(?:nesdays?)?", "周三", "星期三", "水曜", "수요일"),
    ("thu(?:rs(?:days?)?)?", "周四", "星期四", "木曜", "목요일"),
    ("fri(?:days?)?", "周五", "星期五", "金曜", "금요일"),
    ("sat(?:urdays?)?", "周六", "星期六", "土曜", "토요일"),
    ("sun(?:days?)?", "周日", "周天", "星期日", "星期天", "日曜", "일요일"),
)
_DAY = "|".join(f"(?P<d{n}>{'|'.join(rf'{w}' for w in names)})" for n, names in enumerate(_DAY_NAMES))
_A_DAY = re.compile(rf"(?<![a-z])(?:{_DAY})(?![a-z])")
_DAY_TO = re.compile(r"\s*(?:-|~|to|through|thru|至|到|から|부터|bis)\s*(?=\S)")
_WORKED = re.compile(r"\b(?:business|working|work) ?days?\b|工作日|営業日|영업일|arbeitstag")
_WEEKDAYS = re.compile(r"\bweekdays?\b|平日|평일|werktags|jours de semaine|días laborables|dias úteis|будн")
_WEEKEND = re.compile(r"\bweekends?\b|周末|週末|双休日|土日|주말|wochenende|fins? de semana|выходн")
_HOLIDAY = re.compile(
    r"\bholidays?\b|节假日|節假日|法定假日|祝日|공휴일|feiertag|jours fériés|festivos|feriados|праздни"
)
_INCLUDING = re.compile(r"(?:includ\w*|incl\.|as well as|含|包括|包含)[^,;]{0,20}$")


@dataclass(frozen=True, slots=True)
class _Group:
    """What was said of one window: its pieces of a text, joined."""

    name: WindowName | None
    text: str


def read_windows(
    texts: Iterable[tuple[str, str]], vocabulary: Vocabulary, hints: Hints, captured_at: datetime | None = None
) -> tuple[Window, ...]:
    """The windows that a page's texts tell of, each text with its place; none where they contradict each other."""
    found: list[Window] = []
    told = [(clean(text), locator) for text, locator in dict.fromkeys(texts) if len(text) <= _MAX_TEXT]
    told = [(text, locator) for text, locator in told if _SPAN.search(_plain(text)) or _ALL_DAY.search(_plain(text))]
    common = {zone for text, _ in told for zone, _ in _zones(_plain(text))}
    zone = hints.timezone if hints.timezone != "UTC" else None
    fallback = zone or (common.pop() if len(common) == 1 else None)
    for text, locator in told:
        for window in _read_text(text, locator, vocabulary, fallback, captured_at):
            if not any(_is_same(window, other, captured_at) for other in found):
                found.append(window)
    broken = {one.name for one in found for other in found if _contradict(one, other)}
    return tuple(window for window in found if window.name not in broken)


def _read_text(
    text: str, locator: str, vocabulary: Vocabulary, fallback: str | None, captured_at: datetime | None
) -> Iterator[Window]:
    for sentence in re.split(r"(?<=[。；!?])|(?<=\.)(?<![ap]\.m\.)\s|\n", text):
        plain = _plain(sentence)
        if _NOT_PRICES.search(plain) or not (_SPAN.search(plain) or _ALL_DAY.search(plain)):
            continue
        start = read_validity(sentence, fallback or "UTC", captured_at).valid_from
        for group in _groups(plain, vocabulary):
            days, wants_calendar = _days(group.text)
            for zone, hours in _hours(group.text, plain, fallback, has_days=bool(days)).items():
                calendar = _country(plain, zone) if wants_calendar else None
                if wants_calendar and calendar is None:
                    continue  # nobody says whose holidays
                if group.name is not None:
                    yield Window(
                        group.name, zone, tuple(sorted(hours)), days or WEEK, calendar, start, "page", sentence, locator
                    )


def _plain(text: str) -> str:
    return clean(text).casefold().replace("a.m.", "am").replace("p.m.", "pm").replace("，", ",")


def _groups(text: str, vocabulary: Vocabulary) -> Iterator[_Group]:
    """Pieces of a sentence by the window that they speak of; what comes before the first word belongs to it."""
    name: WindowName | None = None
    gathered, has_word = "", False
    for piece in _PIECES.split(text):
        words = list(_words(vocabulary).finditer(piece or ""))
        cuts = [0, *(word.start() for word in words[1:]), len(piece or "")]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            part = piece[begin:end]
            if not words:
                gathered = f"{gathered}, {part}"
                continue
            if has_word:
                yield _Group(name, gathered)
                gathered = ""
            has_word = True
            meant = vocabulary.phrases[_folded(words[number][0])].window
            name = meant if meant in {"peak", "off_peak"} else None  # type: ignore[assignment]  # one of the two
            gathered = f"{gathered}, {part}"
    if has_word:
        yield _Group(name, gathered)


@cache
def _pattern(phrases: frozenset[str]) -> re.Pattern[str]:
    spelled = [r"[\s-]?".join(map(re.escape, phrase.split())) for phrase in sorted(phrases, key=len, reverse=True)]
    return re.compile(rf"(?<![a-z])(?:{'|'.join(spelled)})(?![a-z])")


def _words(vocabulary: Vocabulary) -> re.Pattern[str]:
    """The vocabulary's phrases for windows, with blanks or dashes between their words."""
    return _pattern(frozenset(phrase for phrase, meaning in vocabulary.phrases.items() if meaning.window))


def _folded(word: str) -> str:
    return " ".join(word.replace("-", " ").split())


def _hours(text: str, sentence: str, fallback: str | None, *, has_days: bool) -> dict[str, list[tuple[int, int]]]:
    """The spans of hours in a text by zone: the zone that stands nearest, else the sentence's, else the page's."""
    found: dict[str, list[tuple[int, int]]] = {}
    near = _zones(text)
    around = {zone for zone, _ in _zones(sentence)}
    rest = around.pop() if len(around) == 1 else None if around else fallback
    for span in _SPAN.finditer(text):
        begin, end = _minute(span, "1", span["a1"] or span["a2"]), _minute(span, "2", span["a2"])
        zone = _nearest(near, span, text) or rest
        if zone is not None and begin is not None and end is not None:
            found.setdefault(zone, []).append((begin % MIDNIGHT, end))
    if not found and has_days and _ALL_DAY.search(text):
        zone = near[0][0] if near else rest
        return {zone: [(0, MIDNIGHT)]} if zone else {}
    return found


def _nearest(zones: list[tuple[str, int]], span: re.Match[str], text: str) -> str | None:
    """The zone that stands nearest to a span of hours, one of the same bracket or clause before all others."""
    begin, end = text.rfind(",", 0, span.start()), text.find(",", span.end())
    own = [each for each in zones if begin < each[1] and (end < 0 or each[1] < end)]
    middle = (span.start() + span.end()) // 2
    return min(own or zones, key=lambda each: abs(each[1] - middle), default=(None, 0))[0]


def _minute(span: re.Match[str], name: str, half: str | None) -> int | None:
    hour = int(span[f"h{name}"])
    minute = int(span[f"m{name}"] or span[f"f{name}"] or span[f"k{name}"] or (30 if span[f"half{name}"] else 0))
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute if hour * 60 + minute <= MIDNIGHT else None


def _zones(text: str) -> list[tuple[str, int]]:
    """The zones that a text names, with their places; an offset beside a named zone that has it says the same."""
    found = [(zone, word.start()) for words, zone in _ZONES for word in re.finditer(words, text)]
    for word in _OFFSET.finditer(text):
        hours = int(word["hours"]) * (1 if word["sign"] == "+" else -1)
        if not any(abs(place - word.start()) < 40 for _, place in found):
            found.append((_zone_of(hours), word.start()))
    plain = _OFFSET.sub(lambda word: " " * len(word[0]), text)
    found += [("UTC", word.start()) for word in _UTC.finditer(plain)]
    return sorted(found, key=lambda each: each[1])


def _zone_of(hours: int) -> str:
    """The IANA zone of a whole offset; its sign is turned round there."""
    return "UTC" if hours == 0 else "Asia/Shanghai" if hours == 8 else f"Etc/GMT{-hours:+d}"


def _days(text: str) -> tuple[tuple[str, ...], bool]:
    """The days that a text names, and whether holidays are told from others; no days where it names none."""
    named: set[str] = set()
    position = 0
    while (first := _A_DAY.search(text, position)) is not None:
        begin, position = _index(first), first.end()
        to = _DAY_TO.match(text, position)
        last = _A_DAY.match(text, to.end()) if to else None
        if last is not None:
            named |= {WEEK[(begin + step) % 7] for step in range((_index(last) - begin) % 7 + 1)}
            position = last.end()
        else:
            named.add(WEEK[begin])
    worked = _WORKED.search(text) is not None
    if worked or _WEEKDAYS.search(text):
        named |= set(WEEK[:5])
    if _WEEKEND.search(text):
        named |= set(WEEK[5:])
    holiday = _HOLIDAY.search(text)
    if holiday is None:
        return _in_order(named), worked
    is_rest = not named & set(WEEK[:5])  # "weekends and public holidays", or holidays alone
    if is_rest:
        return _in_order(named | {"holiday"}), True
    if _INCLUDING.search(text[: holiday.start()]) or named >= set(WEEK):
        return _in_order(named), False
    return _in_order(named), True


def _in_order(named: set[str]) -> tuple[str, ...]:
    return tuple(day for day in (*WEEK, "holiday") if day in named)


def _index(day: re.Match[str]) -> int:
    return int((day.lastgroup or "d0")[1:])


_COUNTRIES = (
    (r"\bchin(?:a|ese)\b|\bprc\b|中国|法定节假日|法定假日|节假日", "CN"),
    (r"\bu\.?s\.? |american|federal", "US"),
    (r"japan|祝日", "JP"),
    (r"korea|공휴일", "KR"),
)
_OF_ZONE = {
    "Asia/Shanghai": "CN", "Asia/Tokyo": "JP", "Asia/Seoul": "KR", "Asia/Singapore": "SG", "Asia/Hong_Kong": "HK",
    "America/Los_Angeles": "US", "America/New_York": "US", "Europe/Berlin": "DE", "Europe/Moscow": "RU",
}  # fmt: skip


def _country(sentence: str, zone: str) -> str | None:
    """Whose holidays are meant: the country that is named, or that of the zone."""
    named = next((country for words, country in _COUNTRIES if re.search(words, sentence)), None)
    return named or _OF_ZONE.get(zone)


def _is_same(one: Window, other: Window, captured_at: datetime | None) -> bool:
    """Whether two windows are one: told twice, or in two zones."""
    day: date = (captured_at or datetime(2026, 1, 1, tzinfo=UTC)).date()
    mine, theirs = ((each.name, sorted(each.utc_hours(day)), each.days, each.valid_from) for each in (one, other))
    return mine == theirs


def _contradict(one: Window, other: Window) -> bool:
    """Whether two windows of one name and time give other hours for the same days."""
    is_other = one.rule != other.rule and one.name == other.name and one.valid_from == other.valid_from
    return is_other and bool(set(one.days) & set(other.days))
