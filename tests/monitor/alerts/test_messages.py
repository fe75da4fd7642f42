from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from monitor.alerts.messages import SHOWN_EVENTS, compose
from monitor.alerts.payload import notice_payload, payload_of
from monitor.alerts.phrases import visible
from scrapers.rates import Evidence
from storage.nouns import EVENT_KINDS, Event
from tests.monitor.alerts.parts import NOW, change, rate, tiered


class Reader(HTMLParser):
    """What a browser would make of the HTML: elements with attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> list[str | None]:
        return [attributes.get("href") for name, attributes in self.elements if name == "a"]


def message_of(*events: Event, language: str = "en") -> Any:
    return compose({"id": "msg_1", **payload_of(events, "cuts", language)}, language)


def per_thousand(amount: str) -> Any:
    return rate("glm-3-turbo", amount, per=Decimal(1000), evidence=Evidence(f"{amount} 元 / 千 tokens", "row 3"))


def test_one_change_says_all_that_a_person_asks() -> None:
    event = Event(
        "cut",
        "zhipu",
        "cn",
        NOW,
        per_thousand("0.005"),
        per_thousand("0.001"),
        0.95,
        "two looks agree",
        "https://zhipu.example/pricing",
        effective_from=datetime(2026, 4, 30, 16, tzinfo=UTC),
    )
    message = message_of(event)
    assert message.subject == "zhipu: price cut, glm-3-turbo input: ¥0.005 → ¥0.001 per 1K tokens (-80%)"
    for words in (
        "* price cut, glm-3-turbo input: ¥0.005 → ¥0.001 per 1K tokens (-80%)",
        "Per 1M tokens: ¥5 → ¥1",
        "When: since 2026-04-30 16:00 UTC",
        "Evidence: “0.001 元 / 千 tokens” <https://zhipu.example/pricing>",
        "Why: two looks agree (confidence 95 %)",
        "by the rule cuts",
    ):
        assert words in message.text
    page = Reader(message.html)
    assert page.links == ["https://zhipu.example/pricing"]
    for words in ("¥0.005 → ¥0.001 per 1K tokens (-80%)", "¥5 → ¥1", "since 2026-04-30 16:00 UTC", "two looks agree"):
        assert words in page.words
    assert message.attachment is None


def test_conditions_tier_and_validity_are_told() -> None:
    new = tiered()
    event = Event(
        "promo_start",
        "alibaba",
        "cn",
        NOW,
        None,
        rate(
            "qwen-plus",
            "0.4",
            service_tier="batch",
            conditions=new.conditions,
            list_amount=Decimal("0.8"),
            valid_until=datetime(2026, 6, 1, tzinfo=UTC),
        ),
        0.8,
        "struck price",
        "https://alibaba.example/",
    )
    text = message_of(event).text
    assert "Conditions: tier batch; context ≤ 128,000" in text
    assert "List price: ¥0.8" in text
    assert "until 2026-06-01 UTC" in text


def test_a_page_without_a_date_says_when_it_was_seen_and_a_planned_price_from_when() -> None:
    assert "When: seen on 2026-05-04 12:00 UTC" in message_of(change()).text
    planned = change(kind="scheduled", effective_from=NOW + timedelta(days=30))
    assert "When: from 2026-06-03 12:00 UTC" in message_of(planned).text


def test_chinese_words() -> None:
    message = message_of(change(), change("deepseek-reasoner", "4", "5"), language="zh")
    assert message.subject == ("deepseek: 2 项价格变动，首项：降价, deepseek-chat 输入: ¥2 → ¥1 / 百万 tokens (-50%)")
    assert "涨价, deepseek-reasoner 输入: ¥4 → ¥5 / 百万 tokens (+25%)" in message.text
    assert "可信度 95 %" in message.text
    assert 'lang="zh-CN"' in message.html


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_has_words_in_both_languages(kind: str, language: str) -> None:
    text = message_of(change(kind=kind), language=language).text
    assert "_" not in text.split("deepseek-chat")[0]
    if language == "zh":
        assert not text.split("deepseek-chat", maxsplit=1)[0].removeprefix("deepseek: ").isascii()


def test_free_contact_and_vanished_prices_have_words() -> None:
    free = rate(state="free", amount=None, currency=None, per=None, unit=None)
    assert (
        "¥2 per 1M tokens → free"
        in message_of(Event("free", "deepseek", "cn", NOW, rate(), free, 0.9, "w", "https://x.example/")).text
    )
    contact = rate(state="contact", amount=None, per=None, unit=None)
    assert (
        "¥2 per 1M tokens → on request"
        in message_of(Event("repriced", "deepseek", "cn", NOW, rate(), contact, 0.9, "w", "https://x.example/")).text
    )
    assert (
        "no longer listed, deepseek-chat input: ¥2 per 1M tokens"
        in message_of(Event("removal", "deepseek", "cn", NOW, rate(), None, 0.9, "w", "https://x.example/")).text
    )


def test_a_change_of_currency_shows_each_price_in_its_own() -> None:
    dollars = rate(amount="0.14", currency="USD")
    event = Event("repriced", "deepseek", "cn", NOW, rate(), dollars, 0.9, "w", "https://x.example/")
    assert "¥2 → $0.14 per 1M tokens" in message_of(event).text
    yen = rate(amount="20", currency="JPY")
    event = Event("repriced", "deepseek", "cn", NOW, rate(), yen, 0.9, "w", "https://x.example/")
    assert "¥2 → 20 JPY per 1M tokens" in message_of(event).text


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "${7*7}",
        "%s %n",
        "{0.__class__}",
        "{count}",
    ],
)
def test_s03_s04_a_name_is_shown_as_it_is(name: str) -> None:
    event = Event(
        "cut",
        "deepseek",
        "cn",
        NOW,
        rate(name),
        rate(name, "1", evidence=Evidence(name)),
        0.9,
        name,
        "https://x.example/",
    )
    message = message_of(event)
    page = Reader(message.html)
    assert {"script", "img"}.isdisjoint(element for element, _attributes in page.elements)
    assert page.words.count(name) >= 4
    assert message.text.count(name) >= 3
    assert name in message.subject


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", 'https://x.example/"onclick="alert(1)'])
def test_s03_an_address_of_another_scheme_is_no_link(url: str) -> None:
    page = Reader(message_of(change(url=url)).html)
    assert page.links == ([url] if url.startswith("https") else [])
    assert not any("onclick" in attributes for _name, attributes in page.elements)


def test_s06_c24_control_and_direction_signs_never_reach_a_reader() -> None:
    name = "a\r\nb\u202ec\u200bd\x00\x1b[31m\u2028e"
    message = message_of(change(name))
    for part in (message.subject, message.text, message.html):
        assert not {"\r", "\u202e", "\u200b", "\x00", "\x1b", "\u2028"} & set(part)
    assert "a bcd[31m e" in message.subject
    assert "\n" not in message.subject


def test_c25_a_name_of_ten_kilobytes_is_cut() -> None:
    message = message_of(change("x" * 10_000))
    assert len(message.subject) <= 180
    assert len(message.text) < 2000


def test_d18_500_cuts_are_one_message_with_the_largest_first_and_a_file() -> None:
    events = [change(f"model-{number:03}", "1000", str(1000 - number)) for number in range(1, 501)]
    payload = {"id": "msg_1", **payload_of(events, "cuts", "en")}
    message = compose(payload, "en")
    assert message.subject.startswith("deepseek: 500 price changes, first: price cut, model-500 input")
    assert message.text.count("* price cut") == SHOWN_EVENTS
    assert "480 more are in the attached file." in message.text
    assert len(message.text.encode()) < 20_000
    assert len(message.html.encode()) < 40_000
    assert message.attachment is not None
    assert json.loads(message.attachment) == payload


def test_a_notice_has_both_parts() -> None:
    message = compose(notice_payload("channel.down", NOW, "Pricefall could not deliver", "<b>gone</b>"), "en")
    assert message.subject == "Pricefall could not deliver"
    assert "<b>gone</b>" in message.text
    assert "&lt;b&gt;gone&lt;/b&gt;" in message.html


def test_text_is_cut_at_its_limit_and_not_before() -> None:
    assert visible("x" * 200) == "x" * 200
    assert visible("x" * 201) == "x" * 199 + "…"
