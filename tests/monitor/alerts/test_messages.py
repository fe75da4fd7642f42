from __future__ import annotations

import csv
import io
import json
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from monitor.alerts.blocks import SHOWN_PRICES, blocks_of
from monitor.alerts.messages import compose
from monitor.alerts.payload import Background, notice_payload, payload_of
from monitor.alerts.phrases import visible
from monitor.alerts.plain_text import WIDTH, columns_of
from monitor.charts.steps import draw_steps
from monitor.effects import Effect
from monitor.price_lines import price_line
from scrapers.rates import Conditions, Evidence, TokenRange
from storage.nouns import EVENT_KINDS, Event
from storage.price_lines import KnownPrice
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


def svg_of(payload: Any, language: str) -> str:
    (graph,) = (block.graph for _group, block in blocks_of(payload["data"]["events"], language))
    assert graph is not None
    return draw_steps(graph.chart)


def message_of(*events: Event, language: str = "en") -> Any:
    return compose({"id": "msg_1", **payload_of(events, "cuts", language)}, language)


def per_thousand(amount: str) -> Any:
    return rate("glm-3-turbo", amount, per=Decimal(1000), evidence=Evidence(f"{amount} 元 / 千 tokens", "row 3"))


def flat(text: str) -> str:
    """A plain part without its line ends and alignment."""
    return " ".join(text.split())


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
        "* price cut: glm-3-turbo",
        "per 1K tokens before now change input ¥0.005 ¥0.001 -80%",
        "Per 1M tokens: ¥5 → ¥1",
        "When since 2026-04-30 16:00 UTC (so says the page); seen 2026-05-04 12:00 UTC",
        "Read as “0.001 元 / 千 tokens” <https://zhipu.example/pricing>",
        "Why two looks agree",
        "Confidence very sure, 95%",
        "pricefall evidence glm-3-turbo --provider zhipu",
        "pricefall history glm-3-turbo --provider zhipu",
        "by the rule cuts",
    ):
        assert words in flat(message.text)
    page = Reader(message.html)
    assert page.links == ["https://zhipu.example/pricing"]
    for words in ("¥0.005", "¥0.001", "-80%", "¥5 → ¥1", "since 2026-04-30 16:00 UTC", "two looks agree"):
        assert words in page.words
    assert message.attachments == ()


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
        0.6,
        "struck price",
        "https://alibaba.example/",
    )
    text = flat(message_of(event).text)
    assert "Conditions tier batch, context ≤ 128,000" in text
    assert "List price ¥0.8" in text
    assert "until 2026-06-01 UTC (so says the page)" in text
    assert "not quite sure: look at the page before you act, 60%" in text


def test_a_page_without_a_date_says_when_it_was_seen_and_a_planned_price_from_when() -> None:
    assert "When seen 2026-05-04 12:00 UTC" in flat(message_of(change()).text)
    planned = change(kind="scheduled", effective_from=NOW + timedelta(days=30))
    assert "When from 2026-06-03 12:00 UTC (so says the page)" in flat(message_of(planned).text)


def test_chinese_reads_as_chinese() -> None:
    effective = datetime(2026, 4, 30, 16, tzinfo=UTC)
    new = per_thousand("0.001")
    event = Event(
        "cut", "zhipu", "cn", NOW, per_thousand("0.005"), new, 0.95, "w", "https://x.example/", effective_from=effective
    )
    message = message_of(event, change("glm-4", "4", "5", provider="zhipu"), language="zh")
    assert message.subject == "zhipu：glm-3-turbo 输入降价：0.005 → 0.001 元/千 tokens（-80%），另有 1 项"
    text = flat(message.text)
    for words in (
        "每千 tokens 调整前 现价 变动 输入 0.005 元 0.001 元 -80%",
        "每百万 tokens：5 元 → 1 元",
        "自2026年5月1日 0:00（北京时间）起生效（页面注明）；发现于 2026年5月4日 20:00（北京时间）",
        "涨价：glm-4",
        "把握很大，95%",
    ):
        assert words.replace(" ", "") in text.replace(" ", "")
    assert 'lang="zh-CN"' in message.html
    launch = Event("launch", "doubao", "cn", NOW, None, rate("doubao-pro", "0.8"), 0.9, "w", "https://x.example/")
    assert message_of(launch, language="zh").subject == "doubao：doubao-pro 新上线，输入：0.8 元/百万 tokens"
    image = rate("cogview", "0.1", unit="image", per=Decimal(1), meter="image")
    launch = Event("launch", "zhipu", "cn", NOW, None, image, 0.9, "w", "https://x.example/")
    assert message_of(launch, language="zh").subject.endswith("0.1 元/张")


def meters(model: str, **prices: tuple[str, str]) -> list[Event]:
    """Changes of several meters of one model, in dollars."""
    changes = []
    for meter, (old, new) in prices.items():
        before, after = (
            rate(model, amount, meter=meter, currency="USD", evidence=Evidence(f"${amount}")) for amount in (old, new)
        )
        changes.append(replace(change(model, old, new), old=before, new=after))
    return changes


def test_a_cut_of_input_output_and_cache_of_one_model_is_one_block() -> None:
    cuts = meters("gpt-4o", output=("15", "10"), cached_input=("2.5", "1.25"), input=("5", "2.5"))
    message = message_of(*cuts)
    assert message.subject.endswith("$5 → $2.5 per 1M tokens (-50%), and 2 more")
    text = flat(message.text)
    assert message.text.count("* price cut") == 1
    assert "input $5 $2.5 -50% output $15 $10 -33.33% cached input $2.5 $1.25 -50%" in text
    assert "Read as input “$2.5”, output “$10”, cached input “$1.25”" in text
    assert text.count("seen twice, 120 s apart") == text.count("Confidence") == 1
    assert Reader(message.html).words.count("gpt-4o") == 2 + 2 + 1  # heading and title, commands, the block


def test_a_successor_stands_beside_the_model_that_it_follows() -> None:
    event = change("gpt-4o", "10", "5", kind="successor", predecessor="gpt-4-turbo", provider="openai")
    message = message_of(event)
    assert message.subject == "openai: gpt-4o against gpt-4-turbo, input: ¥10 → ¥5 per 1M tokens (-50%)"
    assert "per 1M tokens gpt-4-turbo gpt-4o difference input ¥10 ¥5 -50%" in flat(message.text)
    subject = message_of(event, language="zh").subject
    assert subject == "openai：gpt-4o 与上一代 gpt-4-turbo 相比，输入：10 → 5 元/百万 tokens（-50%）"


@pytest.mark.parametrize(
    ("kind", "columns"), [("scheduled", "now announced"), ("cancelled", "announced now"), ("held", "accepted shown")]
)
def test_a_price_that_is_not_in_force_never_stands_as_today_s(kind: str, columns: str) -> None:
    assert f"per 1M tokens {columns} change input ¥2 ¥1 -50%" in flat(message_of(change(kind=kind)).text)


def test_what_differs_within_a_model_stands_beside_its_price() -> None:
    fell, rose = meters("gpt-4o", input=("5", "2.5"), output=("10", "15"))
    text = flat(message_of(fell, replace(rose, why="the page says so")).text)
    assert "input $5 $2.5 -50% price cut" in text
    assert "output $10 $15 +50% price rise" in text
    assert "Why input: seen twice, 120 s apart; output: the page says so" in text
    assert "* price cut · price rise: gpt-4o" in text


def with_line(*events: Event) -> Background:
    known = {
        event.id: price_line(
            event,
            [
                KnownPrice(replace(event.old, amount=Decimal(30)), NOW - timedelta(days=200), NOW - timedelta(days=90)),
                KnownPrice(event.old, NOW - timedelta(days=90), None),
            ],
        )
        for event in events
        if event.old is not None
    }
    return Background(lines={name: line for name, line in known.items() if line is not None})


def test_the_price_line_of_the_last_year_stands_in_every_part() -> None:
    cuts = meters("gpt-4o", input=("5", "2.5"), output=("15", "10"))
    payload = {"id": "msg_1", **payload_of(cuts, "cuts", "en", with_line(*cuts))}
    plain = compose(payload, "en")
    assert re.search(r"Since Oct 2025 +input +█+▂+▁+ +\$30 → \$5 → \$2\.5\n +output +█+▄+▃+ +\$30 → ", plain.text)
    assert "<img" not in plain.html
    assert "█" in plain.html
    drawn = compose(payload, "en", with_pictures=True)
    ((_name, picture),) = [element for element in Reader(drawn.html).elements if element[0] == "img"]
    assert picture["src"] == f"cid:{drawn.pictures[0].cid}"
    assert picture["alt"] == (
        "gpt-4o, the price over the last year, per 1M tokens: input: $30 (Oct 2025) → $5 (Feb 2026) → $2.5 (May 2026); "
        "output: $30 (Oct 2025) → $15 (Feb 2026) → $10 (May 2026)"
    )
    assert compose(payload, "en", with_pictures=True) == drawn


def test_what_else_moved_and_the_bill_are_told() -> None:
    effect = Effect("support-bot", "gpt-4o", "USD", Fraction(65), Fraction(40))
    cuts = meters("gpt-4o", input=("5", "2.5"), output=("15", "10"))
    background = Background(
        effects={cut.id: (effect,) for cut in cuts}, aside=[change(f"other-{number}") for number in range(12)]
    )
    text = flat(compose(payload_of(cuts, "cuts", "en", background), "en").text)
    assert text.count("Your bill support-bot: 65.00 → 40.00 USD a month (-38.5%)") == 1
    assert "What else moved at the same time - price cut, other-0 input: ¥2 → ¥1 per 1M tokens (-50%)" in text
    assert "- 2 more" in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_has_words_in_both_languages(kind: str, language: str) -> None:
    text = message_of(change(kind=kind), language=language).text
    assert "_" not in text.split("deepseek-chat")[0]
    if language == "zh":
        assert not text.split("deepseek-chat", maxsplit=1)[0].removeprefix("deepseek: ").isascii()


def told(kind: Any, old: Any, new: Any, language: str = "en") -> str:
    return flat(
        message_of(Event(kind, "deepseek", "cn", NOW, old, new, 0.9, "w", "https://x.example/"), language=language).text
    )


def test_free_contact_and_vanished_prices_have_words() -> None:
    free = rate(state="free", amount=None, currency=None, per=None, unit=None)
    assert "¥2 per 1M tokens → free" in told("free", rate(), free)
    assert "2 元/百万 tokens → 免费" in told("free", rate(), free, "zh")
    contact = rate(state="contact", amount=None, per=None, unit=None)
    assert "¥2 per 1M tokens → on request" in told("repriced", rate(), contact)
    assert "no longer listed, deepseek-chat input: ¥2 per 1M tokens" in told("removal", rate(), None)


def test_a_change_of_currency_shows_each_price_in_its_own() -> None:
    dollars = rate(amount="0.14", currency="USD")
    assert "¥2 → $0.14 per 1M tokens" in told("repriced", rate(), dollars)
    assert "2 元 → 0.14 美元/百万 tokens" in told("repriced", rate(), dollars, "zh")
    assert "¥2 → 20 JPY per 1M tokens" in told("repriced", rate(), rate(amount="20", currency="JPY"))


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
    background = Background(lines=with_line(event).lines, aside=[change(name)])
    for language in ("en", "zh"):
        payload = {"id": "msg_1", **payload_of([event], "cuts", language, background)}
        message = compose(payload, language, with_pictures=True)
        page = Reader(message.html)
        assert "script" not in {element for element, _attributes in page.elements}
        assert [list(attributes) for element, attributes in page.elements if element == "img"] == [
            ["src", "alt", "width"]
        ]
        assert page.words.count(name) >= 4
        assert flat(message.text).count(name) >= 3
        assert name in message.subject
        ET.fromstring(svg_of(payload, language))  # noqa: S314 - our own text, whose form is what is tested


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


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["model", "模型" * 30], ids=["short", "long"])
def test_d18_500_cuts_are_one_message_with_the_largest_first_and_files(name: str, language: str) -> None:
    events = [change(f"{name}-{number:03}", "1000", str(1000 - number)) for number in range(1, 501)]
    payload = {"id": "msg_1", **payload_of(events, "cuts", language)}
    message = compose(payload, language)
    assert f"{name}-500" in message.subject
    assert "499" in message.subject
    assert len(message.text.encode()) < 20_000
    assert len(message.html.encode()) < 40_000
    text = "".join(message.text.split())
    assert text.index(f"{name}-500") < text.index(f"{name}-499") < text.index(f"{name}-498")
    shown = sum(f"{name}-{number:03}" in text for number in range(1, 501))
    assert (f"{500 - shown}morestand" if language == "en" else f"另有{500 - shown}项") in text
    whole, sheet = message.attachments
    assert json.loads(whole.body) == payload
    rows = list(csv.DictReader(io.StringIO(sheet.body.decode("utf-8-sig"))))
    assert len(rows) == 500
    assert (rows[0]["model"], rows[0]["old"], rows[0]["new"], rows[0]["percent"]) == (
        f"{name}-500",
        "1000",
        "500",
        "-50.0",
    )


def test_a_sheet_is_safe_against_formulas() -> None:
    names = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "a\r\n=1"]
    events = [change(f"{name}{number}", "9", "3", why=name) for name in names for number in range(10)]
    _whole, sheet = compose(payload_of(events, "cuts", "en"), "en").attachments
    rows = list(csv.DictReader(io.StringIO(sheet.body.decode("utf-8-sig"))))
    assert len(rows) == 60
    for row in rows:
        assert row["model"][0] in "'a"
        assert row["why"][0] in "'a"
    assert {row["percent"] for row in rows} == {"-66.67"}


def test_many_prices_of_one_model_are_cut_and_counted() -> None:
    bands = [Conditions(context_tokens=TokenRange(number * 1000, None)) for number in range(30)]
    events = [replace(change(), old=rate(conditions=band), new=rate(amount="1", conditions=band)) for band in bands]
    message = message_of(*events)
    assert message.text.count("-50%") == SHOWN_PRICES + 1
    assert f"{30 - SHOWN_PRICES} more stand in the attached files." in message.text
    assert [file.ending for file in message.attachments] == ["json", "csv"]


def test_a_notice_has_both_parts() -> None:
    message = compose(notice_payload("channel.down", NOW, "Pricefall could not deliver", "<b>gone</b>"), "en")
    assert message.subject == "Pricefall could not deliver"
    assert "<b>gone</b>" in message.text
    assert "&lt;b&gt;gone&lt;/b&gt;" in message.html


def test_text_is_cut_at_its_limit_and_not_before() -> None:
    assert visible("x" * 200) == "x" * 200
    assert visible("x" * 201) == "x" * 199 + "…"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_plain_text_is_wrapped_and_every_address_whole(language: str) -> None:
    url = "https://deepseek.example/pricing/" + "x" * 100
    why = "看到两次，价格一致。" * 20 if language == "zh" else "it was seen twice and agrees " * 10
    text = message_of(change(why=why, url=url), change("other", "9", "3", why=why, url=url), language=language).text
    assert f"<{url}>" in text
    assert all(columns_of(line) <= WIDTH or url in line or "pricefall " in line for line in text.splitlines())


def test_a_command_can_be_pasted_whatever_the_model_is_called() -> None:
    text = message_of(change("x'; rm -rf ~; [beta] `id` $(id)")).text
    (command,) = [line for line in text.splitlines() if "pricefall history" in line]
    words = shlex.split(command[command.index("pricefall") :])
    assert words == ["pricefall", "history", "x'; rm -rf ~; ?beta] `id` $(id)", "--provider", "deepseek"]
