"""The end of models as pages announce it: names and days, and what looks like it and is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scrapers.catalog import Hints
from scrapers.reader import read_page

CAPTURED = datetime(2026, 4, 20, tzinfo=UTC)
PRICES = """
| Model | Input | Output |
|---|---|---|
| nova-4 | $2 | $8 |
| nova-4-fast | $1 | $4 |
| Nova Opus 3 {note} | $15 | $75 |
| Nova Opus 3.5 | $3 | $15 |
"""


def ends(text: str, note: str = "", **hints: str) -> dict[str, str | None]:
    """The models that a page with prices and this text says will end, with the day."""
    page = f"# Pricing\n\nUSD per 1M tokens.\n{PRICES.format(note=note)}\n\n{text}\n"
    read = read_page(page.encode(), captured_at=CAPTURED, kind="markdown", hints=Hints(**hints))  # type: ignore[arg-type]  # words of one kind
    assert len(read.rates) == 8, "the prices are what they were"
    days = {said.model: said.retires_at for said in read.retirements}
    return {model: None if day is None else day.strftime("%Y-%m-%d %H:%M") for model, day in days.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nova-4 will be retired on May 15, 2026.", {"nova-4": "2026-05-15 00:00"}),
        (
            "Some models will be retired on May 15 at 12:00pm PT, including `nova-4-fast` and `nova-2-vision`.",
            {"nova-4-fast": "2026-05-15 19:00", "nova-2-vision": "2026-05-15 19:00"},
        ),
        (
            "The names `nova-chat` and `nova-reasoner` will be fully retired after Jul 24th, 2026, 15:59 (UTC).",
            {"nova-chat": "2026-07-24 15:59", "nova-reasoner": "2026-07-24 15:59"},
        ),
        ("Nova Opus 3 is deprecated and will be shut down on 1 June 2026.", {"Nova Opus 3": "2026-06-01 00:00"}),
        ("nova-4 is scheduled for retirement on 2026-09-30; switch to nova-4-fast.", {"nova-4": "2026-09-30 00:00"}),
        ("Use nova-4 instead of Nova Opus 3, which will be discontinued soon.", {"Nova Opus 3": None}),
        ("nova-4-fast replaces nova-4, which will no longer be available.", {"nova-4": None}),
        ("Support for Nova Opus 3 will be discontinued on 2026-06-01.", {"Nova Opus 3": "2026-06-01 00:00"}),
        ("`nova-4-2025-04-14` will be retired.", {"nova-4-2025-04-14": None}),
    ],
)
def test_sentences_in_english(text: str, expected: dict[str, str | None]) -> None:
    assert ends(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nova-4 将于2026年9月1日下线，请迁移至 nova-4-fast。", {"nova-4": "2026-08-31 16:00"}),
        ("nova-4-fast 即将下线。", {"nova-4-fast": None}),
        ("nova-4 计划于 2026-06-30 停止服务，推荐使用 Nova Opus 3。", {"nova-4": "2026-06-29 16:00"}),
        ("nova-4 は2026年6月30日に提供を終了します。", {"nova-4": "2026-06-29 16:00"}),
        ("nova-4 暂不会下线。", {}),
    ],
)
def test_sentences_in_other_languages(text: str, expected: dict[str, str | None]) -> None:
    assert ends(text, timezone="Asia/Shanghai") == expected


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("(deprecated)", {"Nova Opus 3": None}),
        ("([deprecated](/docs/deprecations))", {"Nova Opus 3": None}),
        ("(deprecated, shutdown on June 1, 2026)", {"Nova Opus 3": "2026-06-01 00:00"}),
        ("（即将下线）", {"Nova Opus 3": None}),
        ("([retired, except on Bedrock](/docs/deprecations))", {}),
        ("(new)", {}),
    ],
)
def test_notes_beside_a_name(note: str, expected: dict[str, str | None]) -> None:
    assert ends("", note) == expected


def test_a_column_of_days_and_one_of_states() -> None:
    table = """
| Model | Shutdown date | Replacement |
|---|---|---|
| nova-4-0314 | 2026-06-30 | nova-4-fast |
| Nova Opus 3 | | Nova Opus 3.5 |

| Name | Status |
|---|---|
| nova-4 | Deprecated |
| nova-4-fast | Active |
"""
    assert ends(table) == {"nova-4-0314": "2026-06-30 00:00", "nova-4": None}


def test_a_day_goes_before_a_note_without_one() -> None:
    assert ends("Nova Opus 3 will be retired on May 15, 2026.", "(deprecated)") == {"Nova Opus 3": "2026-05-15 00:00"}


@pytest.mark.parametrize(
    "text",
    [
        "Fast mode for nova-4 is deprecated and will be removed on July 24, 2026.",
        "The Search API will be deprecated by December 15, 2026.",
        "Tuned models remain until their base models are deprecated.",
        "nova-4 will not be retired before 2027.",
        "There are no plans to retire nova-4.",
        "nova-4-turbo will be retired on May 15, 2026.",
        "Nova Opus 3 Lite will be retired on May 15, 2026.",
        "nova-2 has been retired; its requests are served by nova-4.",
        "See [model deprecations](/docs/deprecations) for nova-4.",
        "",
    ],
)
def test_what_ends_no_model_of_the_page(text: str) -> None:
    assert ends(text) == {}


def test_html_with_code_and_a_card_says_the_same() -> None:
    page = """<!doctype html><html lang="en"><head><title>Pricing</title></head><body><h1>Pricing</h1>
<p>Prices are in US dollars per 1M tokens.</p><table><tr><th>Model</th><th>Input</th><th>Output</th></tr>
<tr><td>nova-4 <span>Deprecated</span></td><td>$2</td><td>$8</td></tr>
<tr><td>nova-5</td><td>$2</td><td>$8</td></tr></table>
<ul><li>The alias <code>nova-latest-1</code> will be retired on <b>May 15, 2026</b>.</li></ul></body></html>"""
    read = read_page(page.encode(), captured_at=CAPTURED)
    assert {(said.model, said.retires_at and said.retires_at.day) for said in read.retirements} == {
        ("nova-4", None),
        ("nova-latest-1", 15),
    }
    assert all(said.quote and said.locator for said in read.retirements)
