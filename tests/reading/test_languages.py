"""One price page in every language: the same table in the words of eleven translations gives the same prices."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from scrapers.reader import read_page
from scrapers.reading.dates import read_validity
from scrapers.reading.text import clean

PAGES = tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))


def _found(page: str) -> set[tuple[str, str, Decimal, str, int, str, str | None]]:
    rates = read_page(page.encode()).rates
    return {
        (
            rate.model,
            rate.meter,
            rate.amount or Decimal(0),
            rate.currency or "",
            int(rate.per or 0),
            rate.service_tier,
            rate.conditions.cache_ttl,
        )
        for rate in rates
        if rate.state == "priced"
    }


@pytest.mark.parametrize("language", PAGES)
def test_meters_down_under_a_heading_that_names_the_model(language: str) -> None:
    head, *rows = PAGES[language]["meters"]
    page = (
        f'<!doctype html><html lang="{language}"><h2>Nova 2.5 Swift</h2><table><tr><th></th>'
        + "".join(f"<th>{cell}</th>" for cell in head)
        + "</tr>"
        + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        + "</table></html>"
    )
    amounts = {
        "input": "0.30",
        "audio_input": "1.00",
        "output": "2.50",
        "cached_input": "0.03",
        "cached_audio_input": "0.1",
        "cache_storage": "1.00",
    }
    assert _found(page) == {
        ("Nova 2.5 Swift", meter, Decimal(amount), "USD", 10**6, "standard", None) for meter, amount in amounts.items()
    }


@pytest.mark.parametrize("language", PAGES)
def test_models_down_and_cache_writes_by_their_time(language: str) -> None:
    page = (
        f"# Nova\n\n| {' | '.join(PAGES[language]['models'])} |\n|---|---|---|---|---|---|\n"
        "| Nova Opus 4.6 | $5 / MTok | $6.25 / MTok | $10 / MTok | $0.50 / MTok | $25 / MTok |\n"
    )
    wanted = [
        ("input", "5", None),
        ("cache_write", "6.25", "5m"),
        ("cache_write", "10", "1h"),
        ("cached_input", "0.50", None),
        ("output", "25", None),
    ]
    assert _found(page) == {
        ("Nova Opus 4.6", meter, Decimal(amount), "USD", 10**6, "standard", ttl) for meter, amount, ttl in wanted
    }


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("1,25 $, requêtes <= 200 000 jetons", 200_000),
        ("1,25 $, Prompts <= 200.000 Tokens", 200_000),
        ("US$ 1,25, comandos <= 200 mil tokens", 200_000),
        ("1,25 доллара США, запросы <= 200 тыс. токенов", 200_000),
        ("$1,25, perintah <= 200 rb token", 200_000),
        ("$1.25、プロンプト <= 20 万トークン", 200_000),
        ("$1.25, 프롬프트 <= 20만 토큰", 200_000),
        ("1.25 美元，提示 <= 20 万个 token", 200_000),
    ],
)
def test_a_limit_of_the_prompt_is_a_condition_and_neither_unit_nor_meter(words: str, limit: int) -> None:
    page = f"## Nova 2.5 Swift\n\n| | Per 1M tokens in USD |\n|---|---|\n| Output | {words} |\n"
    (rate,) = read_page(page.encode()).rates
    assert (rate.meter, rate.amount, rate.per) == ("output", Decimal("1.25"), Decimal(10**6))
    assert rate.conditions.context_tokens is not None
    assert rate.conditions.context_tokens.lte == limit


def test_a_row_under_a_strange_word_is_not_given_to_both_directions() -> None:
    page = "## Nova 2.5 Swift\n\n| | Per 1M tokens in USD |\n|---|---|\n| Input | $1 |\n| Цена зорблаксов | $10.00 |\n"
    prices = read_page(page.encode())
    assert [rate.meter for rate in prices.rates] == ["input"]
    assert "зорблаксов" in prices.complaints[0].message


@pytest.mark.parametrize(
    "words", ["$35 / 1,000 zorblaxes", "1,000 件のゾルブラクスあたり $35", "$35 por cada 1,000 zorblaxes"]
)
def test_an_amount_with_a_count_of_its_own_never_takes_the_columns_unit(words: str) -> None:
    page = f"## Nova 2.5 Swift\n\n| | Per 1M tokens in USD |\n|---|---|\n| Input | $1 |\n| Search | {words} |\n"
    prices = read_page(page.encode())
    assert [(rate.meter, rate.amount) for rate in prices.rates] == [("input", Decimal(1))]
    assert prices.complaints


def test_where_the_storage_of_a_cache_is_priced_beside_it_the_rest_is_for_reading() -> None:
    page = (
        "## Nova 2.5 Swift\n\n| | Per 1M tokens in USD |\n|---|---|\n"
        "| Cache storage price | $0.125<br>$4.50 / 1,000,000 tokens per hour |\n"
    )
    rates = read_page(page.encode()).rates
    assert [(rate.meter, rate.unit) for rate in rates] == [("cached_input", "token"), ("cache_storage", "token_hour")]


@pytest.mark.parametrize(
    "text",
    [
        "2026년 9월 1일부터",
        "2026年9月1日から",
        "mulai 1 September 2026",
        "с 1 сентября 2026 г.",
        "à partir du 1er septembre 2026",
        "ab dem 1. September 2026",
        "ab 01.09.2026",
        "a partir de 1º de setembro de 2026",
        "dal 1° settembre 2026",
    ],
)
def test_from_when_in_every_language(text: str) -> None:
    assert read_validity(clean(text)).valid_from == datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026년 8월 31일까지", "sampai 31 Agustus 2026", "до 31 августа 2026 года", "bis 31.08.2026"]
)
def test_until_when_in_every_language(text: str) -> None:
    validity = read_validity(clean(text))
    assert (validity.valid_until, validity.rest) == (datetime(2026, 9, 1, tzinfo=UTC), "")


def test_a_russian_price_list_with_tax_and_two_modes() -> None:
    page = (
        "| Параметры модели | Количество юнитов</br>в 1 токене | Цена за 1000 токенов,</br>вкл. НДС |\n|---|---|---|\n"
        "| NovaGPT Lite, синхронный режим | 1 | 0,20 ₽ |\n| NovaGPT Pro, синхронный режим | 6 | 1 200,50 ₽ |\n"
    )
    rates = read_page(page.encode()).rates
    assert {(rate.meter, rate.amount, rate.currency, rate.per) for rate in rates} == {
        (meter, amount, "RUB", Decimal(1000))
        for meter in ("input", "output")
        for amount in (Decimal("0.20"), Decimal("1200.50"))
    }
