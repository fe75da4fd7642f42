"""The hours of peak and off-peak prices, from what pages print; never guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scrapers.catalog import Hints
from scrapers.reader import read_page
from scrapers.reading.vocabulary import load_vocabulary
from scrapers.reading.windows import read_windows
from scrapers.windows import Window, days_text, hours_text

TABLE = """# Prices

USD per 1M tokens.

| Model | | Input | Output |
| --- | --- | --- | --- |
| bay-large | OFF-PEAK | $0.22 | $0.66 |
| bay-large | PEAK | $0.44 | $1.32 |

"""


def read(*texts: str, zone: str = "UTC") -> list[str]:
    told = [(text, "note") for text in texts]
    windows = read_windows(told, load_vocabulary(), Hints(timezone=zone), datetime(2026, 8, 1, tzinfo=UTC))
    return [_words(window) for window in windows]


def _words(window: Window) -> str:
    return f"{window.name} {hours_text(window.hours)} {window.zone} {days_text(window.days, window.calendar)}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "(1) Peak rates are twice the others. Peak hours are 01:00 - 04:00 and 06:00 - 10:00 UTC (else off-peak).",
            ["peak 01:00-04:00, 06:00-10:00 UTC daily"],
        ),
        (
            "Peak hours: 01:00 – 04:00 and 06:00 – 10:00 UTC, Monday through Friday (at all other hours off-peak).",
            ["peak 01:00-04:00, 06:00-10:00 UTC mon-fri"],
        ),
        ("Discount price（UTC 16:30-00:30）", ["off_peak 16:30-00:30 UTC daily"]),
        ("STANDARD PRICE（UTC 00:30-16:30）", []),
        ("Off-peak discounts apply during 16:30-00:30 UTC each day.", ["off_peak 16:30-00:30 UTC daily"]),
        (
            "[Peak hours: 9:00–12:00 and 14:00–18:00 (Beijing Time, UTC+8) daily]",
            ["peak 09:00-12:00, 14:00-18:00 Asia/Shanghai daily"],
        ),
        (
            "Peak: 9:00-12:00 and 14:00-18:00 Beijing time (01:00-04:00 and 06:00-10:00 UTC).",
            ["peak 09:00-12:00, 14:00-18:00 Asia/Shanghai daily"],
        ),
        (
            "优惠时段为每天北京时间 00:30-08:30，其他时间按标准价格收费。",
            ["off_peak 00:30-08:30 Asia/Shanghai daily"],
        ),
        ("优惠时段价格（北京时间 00:30-08:30）", ["off_peak 00:30-08:30 Asia/Shanghai daily"]),
        (
            "高峰时段：工作日 9:00-12:00、14:00-18:00（北京时间），周末及法定节假日全天为低谷时段。",
            [
                "peak 09:00-12:00, 14:00-18:00 Asia/Shanghai mon-fri, not on holidays (CN)",
                "off_peak 00:00-24:00 Asia/Shanghai sat, sun, holiday (CN)",
            ],
        ),
        (
            "周一至周五（法定节假日除外）北京时间9点至12点半为高峰时段，其余为低谷时段",
            ["peak 09:00-12:30 Asia/Shanghai mon-fri, not on holidays (CN)"],
        ),
        ("高峰时段为每日 22:00-次日 06:00（北京时间）", ["peak 22:00-06:00 Asia/Shanghai daily"]),
        (
            "Peak hours: Monday-Friday 9 am-5:30 p.m. PT, excluding public holidays",
            ["peak 09:00-17:30 America/Los_Angeles mon-fri, not on holidays (US)"],
        ),
        ("On weekdays, peak hours are 9:00-12:00 UTC+8.", ["peak 09:00-12:00 Asia/Shanghai mon-fri"]),
        ("Off-peak: 10 pm to 12 am the next day (GMT-3)", ["off_peak 22:00-00:00 Etc/GMT+3 daily"]),
        (
            "Peak rates apply 9:00-18:00 (GMT+8) from Monday to Saturday",
            ["peak 09:00-18:00 Asia/Shanghai mon-fri, sat"],
        ),
        ("ピーク時間帯は平日9時から18時（日本時間）", ["peak 09:00-18:00 Asia/Tokyo mon-fri"]),
        ("Nebenzeit ist 22:00 bis 6:00 CET", ["off_peak 22:00-06:00 Europe/Berlin daily"]),
        ("피크 시간은 09:00~18:00 (한국 시간)", ["peak 09:00-18:00 Asia/Seoul daily"]),
        ("Peak hours 9:00-12:00", []),  # in which zone?
        ("Our team answers 9:00-12:00 UTC", []),
        ("During peak hours (15:00-17:30 UTC) rate limits are tightened", []),
        ("Peak prices are $0.22-$0.44, off-peak $0.11", []),
        ("Peak hours begin at 9:00 UTC", []),
        ("Peak hours are 25:00-26:00 UTC", []),
        ("Peak hours are 13 pm - 15 pm UTC", []),
        ("On public holidays all day is off-peak, Fiji time", []),
    ],
)
def test_a_sentence_tells_its_hours(text: str, words: list[str]) -> None:
    assert read(text) == words


def test_a_zone_may_stand_elsewhere_on_the_page_or_in_the_provider_file() -> None:
    assert read("Peak hours are 9:00-12:00", zone="Asia/Shanghai") == ["peak 09:00-12:00 Asia/Shanghai daily"]
    note = "Peak hours are 9:00-12:00 Beijing time"
    assert read(note, "Off-peak: 22:00-08:00") == [
        "peak 09:00-12:00 Asia/Shanghai daily",
        "off_peak 22:00-08:00 Asia/Shanghai daily",
    ]


def test_hours_that_are_told_twice_are_told_once_and_contradictions_say_nothing() -> None:
    english, chinese = "Off-peak hours: 16:30-00:30 UTC", "优惠时段：北京时间 00:30-08:30"
    assert read(english, chinese, english) == ["off_peak 16:30-00:30 UTC daily"]
    assert read("Peak hours are 01:00-04:00 UTC.", "Peak hours are 02:00-04:00 UTC.", english) == [
        "off_peak 16:30-00:30 UTC daily"
    ]


def test_hours_that_begin_on_a_day_carry_it() -> None:
    told = [("Peak hours are 01:00-04:00 UTC.", "1"), ("From September 10, 2026 peak hours are 02:00-05:00 UTC.", "2")]
    windows = read_windows(told, load_vocabulary(), Hints(), datetime(2026, 8, 1, tzinfo=UTC))
    assert [(w.hours, w.valid_from) for w in windows] == [
        (((60, 240),), None),
        (((120, 300),), datetime(2026, 9, 10, tzinfo=UTC)),
    ]


def test_a_page_with_prices_by_the_hour_tells_its_hours_with_their_words() -> None:
    page = f"{TABLE}\n(1) Peak hours are 01:00 - 04:00 UTC.\n"
    [window] = read_page(page.encode()).windows
    assert (window.name, window.hours, window.source) == ("peak", ((60, 240),), "page")
    assert window.quote == "(1) Peak hours are 01:00 - 04:00 UTC."
    assert window.locator


def test_hours_may_stand_in_the_table() -> None:
    table = TABLE.replace("| OFF-PEAK |", "| OFF-PEAK (UTC 16:30-00:30) |")
    [window] = read_page(table.encode()).windows
    assert (window.name, window.hours) == ("off_peak", ((990, 30),))


def test_a_page_without_such_prices_has_no_hours() -> None:
    flat = TABLE.replace("| OFF-PEAK |", "| |").replace("| bay-large | PEAK | $0.44 | $1.32 |\n", "")
    page = f"{flat}\nPeak hours are 01:00 - 04:00 UTC.\n"
    assert read_page(page.encode()).windows == ()


def test_the_provider_file_speaks_where_the_page_does_not() -> None:
    own = Window("peak", "Asia/Shanghai", ((540, 720),), source="file")
    assert read_page(TABLE.encode(), hints=Hints(windows=(own,))).windows == (own,)
    page = f"{TABLE}\nPeak hours are 01:00 - 04:00 UTC.\n"
    assert [w.source for w in read_page(page.encode(), hints=Hints(windows=(own,))).windows] == ["page"]
