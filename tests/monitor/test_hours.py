"""`pricefall windows` and the hour of `pricefall prices`, with public holidays and the days worked instead of them."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.hours import Calendars
from scrapers.catalog import ConfigError, load_provider
from scrapers.rates import PriceList
from scrapers.windows import WEEK, Window, window_at
from storage.outcomes import PageOutcome
from storage.store import Store
from tests.monitor.calls import call
from tests.monitor.price_lists import OFF_PEAK, PEAK, rate

URL = "https://api-docs.deepseek.com/quick_start/pricing"
BEIJING = Window("peak", "Asia/Shanghai", ((540, 720), (840, 1080)), WEEK[:5], "CN", quote="工作日 9:00-12:00 ...")
SPLIT = (
    rate("deepseek-v4", "input", "0.22", conditions=OFF_PEAK),
    rate("deepseek-v4", "input", "0.44", conditions=PEAK),
)


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-08-20T10:00+08:00", "peak"),  # a Thursday
        ("2026-08-20T13:00+08:00", "off_peak"),
        ("2026-08-22T10:00+08:00", "off_peak"),  # a Saturday
        ("2026-10-01T10:00+08:00", "off_peak"),  # National Day, a Thursday
        ("2026-10-06T10:00+08:00", "off_peak"),  # a Tuesday off, for a Sunday that is worked
        ("2026-10-10T10:00+08:00", "peak"),  # a Saturday that is worked
        ("2026-09-20T10:00+08:00", "peak"),  # a Sunday that is worked
        ("2026-10-09T10:00+08:00", "peak"),
    ],
)
def test_working_days_are_those_of_the_calendar(moment: str, held: str) -> None:
    calendars = Calendars()
    assert window_at([BEIJING], datetime.fromisoformat(moment), calendars.day_of) == held
    assert calendars.note() == ""


def test_holidays_are_days_of_the_country_also_where_hours_are_told_in_utc() -> None:
    evening = Window("peak", "UTC", ((1080, 1200),), WEEK[:5], "CN")  # 02:00-04:00 of the next day in Beijing
    day_of = Calendars().day_of
    assert window_at([evening], datetime.fromisoformat("2026-09-30T18:30Z"), day_of) == "off_peak"
    assert window_at([evening], datetime.fromisoformat("2026-09-29T18:30Z"), day_of) == "peak"


def test_weekends_and_holidays_may_be_a_window_of_their_own() -> None:
    rest = Window("off_peak", "Asia/Shanghai", ((0, 1440),), ("sat", "sun", "holiday"), "CN")
    day_of = Calendars().day_of
    held = {
        day: window_at([BEIJING, rest], datetime.fromisoformat(f"{day}T20:00+08:00"), day_of)
        for day in ("2026-10-01", "2026-10-10", "2026-08-22")
    }
    assert set(held.values()) == {"off_peak"}
    assert not rest.is_open(datetime.fromisoformat("2026-10-10T20:00+08:00"), day_of)


def test_without_the_package_weekdays_count_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    calendars = Calendars()
    assert window_at([BEIJING], datetime.fromisoformat("2026-10-01T10:00+08:00"), calendars.day_of) == "peak"
    assert "holidays of CN are not applied: install them with `pip install 'pricefall[holidays]'`" in calendars.note()


def test_a_country_without_a_calendar_is_named() -> None:
    nowhere = replace(BEIJING, calendar="XX")
    calendars = Calendars()
    assert window_at([nowhere], datetime.fromisoformat("2026-10-01T10:00+08:00"), calendars.day_of) == "peak"
    assert "XX" in calendars.note()


def record(home: Path, at: str, *windows: Window, rates: Any = SPLIT) -> None:
    moment = datetime.fromisoformat(at)
    read = PriceList(rates, windows=windows)
    with Store.open(home / "prices.db") as store:
        store.record_page(
            PageOutcome(None, "deepseek", "intl", URL, moment, f"{moment.day:064}", 9, read, rates, moment)
        )


def in_force(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    code, text, _ = call(capsys, "prices", "--json", *args)
    assert code == 0
    return {row["conditions"].get("window", "flat"): row["in_force"] for row in json.loads(text)}


def test_prices_say_which_window_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(home, "2026-08-17T00:00Z", BEIJING)
    assert in_force(capsys, "--at", "2026-08-20T10:00+08:00") == {"peak": True, "off_peak": False}
    assert in_force(capsys, "--at", "2026-08-22T10:00+08:00", "--now") == {"off_peak": True}
    assert in_force(capsys, "--at", "2026-10-10T10:00+08:00", "--now") == {"peak": True}
    assert in_force(capsys, "--at", "2026-08-20") == {"peak": None, "off_peak": None}  # a day has both
    _, table, _ = call(capsys, "prices", "--at", "2026-08-20T10:00+08:00")
    assert "in force" in table
    code, _, err = call(capsys, "prices", "--at", "2026-08-20", "--now")
    assert (code, "--now needs a time of day" in err) == (2, True)


def test_a_flat_price_beside_a_discount_at_night_holds_for_the_rest_of_the_day(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night = Window("off_peak", "UTC", ((990, 30),))
    rates = (rate("deepseek-chat", "input", "0.27"), rate("deepseek-chat", "input", "0.135", conditions=OFF_PEAK))
    other = replace(rates[0], meter="output")
    record(home, "2026-08-17T00:00Z", night, rates=(*rates, other))
    assert in_force(capsys, "--at", "2026-08-20T12:00Z", "--meter", "input") == {"flat": True, "off_peak": False}
    assert in_force(capsys, "--at", "2026-08-20T23:00Z", "--meter", "input") == {"flat": False, "off_peak": True}
    assert in_force(capsys, "--at", "2026-08-20T23:00Z", "--meter", "output") == {"flat": True}


def test_hours_that_nobody_tells_leave_the_question_open(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(home, "2026-08-17T00:00Z")
    assert in_force(capsys, "--at", "2026-08-20T10:00+08:00", "--now") == {"peak": None, "off_peak": None}
    _, _, err = call(capsys, "prices", "--at", "2026-08-20T10:00+08:00", "--now")
    assert "the hours of deepseek are not known" in err
    _, text, _ = call(capsys, "windows", "--json")
    [row] = json.loads(text)
    assert (row["provider"], row["hours"], row["in_force"]) == ("deepseek", [], None)
    _, table, _ = call(capsys, "windows")
    assert "not known" in table


def test_a_provider_file_may_tell_the_hours(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "providers").mkdir()
    (home / "providers" / "deepseek.toml").write_text(
        f'[[page]]\nurl = "{URL}"\nverified = false\n'
        '[[window]]\nwindow = "peak"\nzone = "Asia/Shanghai"\nhours = ["09:00-12:00"]\ndays = ["mon-fri"]\n'
        'holidays = "cn"\nvalid_from = 2026-08-19\nmarket = "intl"\n'
    )
    record(home, "2026-08-17T00:00Z")
    assert in_force(capsys, "--at", "2026-08-20T10:00+08:00", "--now") == {"peak": True}
    assert in_force(capsys, "--at", "2026-08-18T10:00+08:00") == {"peak": None, "off_peak": None}
    _, text, _ = call(capsys, "windows", "deepseek", "--json")
    [row] = json.loads(text)
    assert (row["source"], row["utc_hours"], row["valid_from"]) == (
        "file", [["01:00", "04:00"]], "2026-08-18T16:00:00Z",
    )  # fmt: skip


def test_windows_are_listed_with_what_they_were(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(home, "2026-08-17T00:00Z", replace(BEIJING, days=WEEK, calendar=None))
    record(home, "2026-09-10T00:00Z", BEIJING)
    _, text, _ = call(capsys, "windows", "--at", "2026-09-12T10:00+08:00", "--json")
    [row] = json.loads(text)
    assert (row["days"], row["in_force"], row["calendar"]) == (list(WEEK[:5]), False, "CN")
    _, text, _ = call(capsys, "windows", "--at", "2026-09-12T10:00+08:00", "--as-known-on", "2026-09-01", "--json")
    [row] = json.loads(text)
    assert (row["days"], row["in_force"]) == (list(WEEK), True)
    _, text, _ = call(capsys, "windows", "--all", "--csv")
    assert ("mon-fri, not on holidays (CN)" in text, "daily" in text, "2026-09-10" in text) == (True, True, True)
    _, _, err = call(capsys, "windows", "openai")
    assert "no price is known that depends on the hour" in err


@pytest.mark.parametrize(
    ("line", "words"),
    [('market = "cm"', "known are cn"), ('hour = "9"', "did you mean 'hours'"), ('zone = "CST"', "Asia/Shanghai")],
)
def test_a_wrong_window_of_a_provider_file_is_refused(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "acme.toml"
    window = {"window": '"peak"', "zone": '"UTC"', "hours": '["09:00-12:00"]'}
    key, _, value = line.partition(" = ")
    text = "\n".join(f"{name} = {said}" for name, said in (window | {key: value}).items())
    path.write_text(f'[[page]]\nurl = "https://acme.example/p"\nmarket = "cn"\nverified = false\n[[window]]\n{text}\n')
    with pytest.raises(ConfigError, match=r"\[\[window\]\] 1") as refused:
        load_provider(path)
    assert words in str(refused.value)
