"""What must not become a price: words that nobody has explained, other goods, examples, and what two readings share."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import pytest

from scrapers.catalog import ColumnHint, Hints
from scrapers.errors import NoTable
from scrapers.rates import PriceList
from scrapers.reader import read_page

CAPTURED = datetime(2026, 8, 1, tzinfo=UTC)


def read(text: str, hints: Hints | None = None) -> PriceList:
    return read_page(dedent(text).encode(), hints=hints or Hints(), captured_at=CAPTURED)


def kinds(page: PriceList) -> set[str]:
    return {complaint.kind for complaint in page.complaints}


PLAIN = """
| Model | Input (per 1M tokens) | Output (per 1M tokens) |
|---|---|---|
| nova-1 | $1.25 | $10.00 |
"""

NEGATIVE = {
    "a plan page": """
        | Plan | Price | Requests |
        |---|---|---|
        | Pro | $20 / month | 500 |
        | Team | $30 per seat per month | 1,000 |
        """,
    "machines by the hour": """
        | GPU | Price |
        |---|---|
        | H100 | $2.49 / hour |
        """,
    "storage": """
        | 服务项 | 价格 |
        |---|---|
        | 知识库 | 0.04元 / GB / 小时 |
        """,
    "a worked example": """
        | Line item | Calculation | Cost |
        |---|---|---|
        | Input tokens | 50,000 x $5 / 1,000,000 | $0.25 |
        | **Total** | | **$0.63** |
        """,
    "prose": "Our model costs less than others. Prices are explained elsewhere.",
    "counts of tokens": """
        Prices are in US dollars per 1M tokens.

        | Model | Additional input tokens |
        |---|---|
        | nova-1 | 325 tokens |
        """,
    "tools alone": """
        | Tool | Cost |
        |---|---|
        | Web search | $5 / 1k calls |
        """,
    "a benchmark's cost": """
        Prices per 1M tokens are on another page.

        | Model | Accuracy | Cost ($) |
        |---|---|---|
        | nova-1 | 88.1 | 12.30 |
        """,
}


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_page_without_model_prices_is_refused_and_named(name: str) -> None:
    with pytest.raises(NoTable) as caught:
        read(NEGATIVE[name])

    assert caught.value.found


def test_an_unknown_column_of_amounts_is_a_complaint_and_the_others_are_read() -> None:
    page = read(
        """
        Prices per 1M tokens.

        | Model | Input | Zorp | Output |
        |---|---|---|---|
        | nova-1 | $1.25 | $7.77 | $10.00 |
        """
    )

    assert {(rate.meter, str(rate.amount)) for rate in page.rates} == {("input", "1.25"), ("output", "10.00")}
    assert "unknown_column" in kinds(page)
    assert any("$7.77" in complaint.quote for complaint in page.complaints)


def test_an_unknown_column_of_bare_numbers_is_a_complaint() -> None:
    page = read(
        """
        | 模型 | 输入（元/百万tokens） | 左旋（元/百万tokens） | 输出（元/百万tokens） |
        |---|---|---|---|
        | 云雀-1 | 0.8 | 7.7 | 2.0 |
        """
    )

    assert {str(rate.amount) for rate in page.rates} == {"0.8", "2.0"}
    assert "unknown_column" in kinds(page)


def test_a_single_price_beside_an_unknown_column_is_not_taken_for_both_directions() -> None:
    with pytest.raises(NoTable, match="unexplained"):
        read(
            """
            | Model | Price per 1M tokens | Zorp per 1M tokens |
            |---|---|---|
            | nova-1 | $1.25 | $10.00 |
            """
        )


def test_no_unit_is_a_complaint_and_a_hint_shows_in_the_evidence() -> None:
    text = PLAIN.replace(" (per 1M tokens)", "")
    with pytest.raises(NoTable, match="without a unit"):
        read(text)

    page = read(text, Hints(unit="1M tokens"))

    assert {rate.per for rate in page.rates} == {1_000_000}
    assert all("unit '1M tokens'" in rate.evidence.locator for rate in page.rates)


def test_no_currency_is_a_complaint_and_a_hint_shows_in_the_evidence() -> None:
    text = PLAIN.replace("$", "")
    with pytest.raises(NoTable, match="without a currency"):
        read(text)

    page = read(text, Hints(currency="EUR"))

    assert {rate.currency for rate in page.rates} == {"EUR"}
    assert all("currency 'EUR'" in rate.evidence.locator for rate in page.rates)


def test_the_yen_sign_is_chinese_on_a_chinese_page_and_open_elsewhere() -> None:
    chinese = read(
        """
        | 模型 | 输入价格（每百万 tokens） | 输出价格（每百万 tokens） |
        |---|---|---|
        | 云雀大语言模型-1 | ¥0.8 | ￥2.0 |
        """
    )
    assert {rate.currency for rate in chinese.rates} == {"CNY"}

    with pytest.raises(NoTable, match="currency"):
        read(PLAIN.replace("$", "¥"))
    assert {rate.currency for rate in read(PLAIN.replace("$", "¥"), Hints(currency="JPY")).rates} == {"JPY"}


def test_two_values_for_one_thing_are_a_conflict_and_neither_is_reported() -> None:
    page = read(PLAIN + "| nova-1 | $2.50 | $10.00 |\n| nova-2 | $3.00 | $9.00 |\n")

    assert {(rate.model, rate.meter) for rate in page.rates} == {
        ("nova-1", "output"),
        ("nova-2", "input"),
        ("nova-2", "output"),
    }
    assert kinds(page) == {"conflict"}


def test_two_values_are_told_apart_by_their_headings() -> None:
    page = read("## Direct\n" + PLAIN + "\n## Through partners\n" + PLAIN.replace("1.25", "1.40"))

    inputs = {rate.conditions.other: str(rate.amount) for rate in page.rates if rate.meter == "input"}
    assert inputs == {"Direct": "1.25", "Through partners": "1.40"}


def test_open_prices_and_ranges_are_complaints() -> None:
    with pytest.raises(NoTable, match="open price"):
        read(PLAIN.replace("$1.25", "from $1.25").replace("$10.00", "$8 - $12"))


def test_a_row_that_ran_past_its_headings_is_not_read() -> None:
    page = read(PLAIN + "| nova-2 | small | $1.00 | $2.00 |\n")

    assert {rate.model for rate in page.rates} == {"nova-1"}
    assert kinds(page) == {"ragged_row"}


def test_component_rows_of_an_unknown_length_are_refused() -> None:
    hints = Hints(
        currency="USD",
        columns=(ColumnHint("Prices", ("model", "input", "cached_input", "output"), unit="1M tokens"),),
    )
    text = """
        # Pricing

        <Prices rows={[
          ["nova-1", 1.25, 0.125, 10],
          ["nova-2", 2, 0.2, "-"],
          ["nova-3", 2, 0.2, 2.5, 12],
        ]} />
        """
    page = read_page(dedent(text).encode(), hints=hints, kind="mdx")

    assert {(rate.model, rate.meter, str(rate.amount)) for rate in page.rates} == {
        ("nova-1", "input", "1.25"),
        ("nova-1", "cached_input", "0.125"),
        ("nova-1", "output", "10"),
        ("nova-2", "input", "2"),
        ("nova-2", "cached_input", "0.2"),
    }
    assert "unknown_column" in kinds(page)


@pytest.mark.parametrize("said", ["No charges for output tokens.", "Per image token count varies.", "Pay per token."])
def test_a_sentence_that_speaks_of_a_token_is_no_unit_of_an_amount(said: str) -> None:
    table = "\n\n| Model | Input | Output |\n|---|---|---|\n| nova-1 | $0.000025 | $0.00005 |\n"
    with pytest.raises(NoTable, match="an amount without a unit"):
        read(f"# Nova\n\n{said}{table}")

    (one, _) = read(f"# Nova\n\nAll prices are per token.{table}").rates
    assert (one.per, one.unit) == (1, "token")


def test_ignored_sections_and_models_are_counted_and_not_read() -> None:
    text = "## Now\n" + PLAIN + "\n## Retired\n" + PLAIN.replace("nova-1", "nova-0")

    page = read(text, Hints(ignore=("^Retired",)))
    assert {rate.model for rate in page.rates} == {"nova-1"}
    assert (page.amounts_seen, page.amounts_ignored) == (4, 2)

    assert {rate.model for rate in read(text, Hints(ignore_models=("-0$",))).rates} == {"nova-1"}


def test_hinted_words_are_read_and_named_in_the_evidence() -> None:
    text = PLAIN.replace("Input (per", "Zorp (per")

    page = read(text, Hints(meters=(("zorp", "input"),)))

    (rate,) = [rate for rate in page.rates if rate.meter == "input"]
    assert str(rate.amount) == "1.25"
    assert "meter 'zorp'" in rate.evidence.locator


def test_every_amount_is_a_rate_ignored_or_complained_of() -> None:
    page = read(PLAIN + "| nova-2 | $3.00 (about €2.80) | from $9 |\n")

    assert page.amounts_seen == 5
    assert len(page.rates) + page.amounts_ignored + len(page.complaints) == 5
    assert page.amounts_ignored == 1


def test_announced_prices_carry_their_day() -> None:
    page = read(
        PLAIN
        + """
From 16:00 UTC on August 16, 2026, these prices apply:

| Model | Input (per 1M tokens) | Output (per 1M tokens) |
|---|---|---|
| nova-1 | $2.50 | $20.00 |
"""
    )

    now = {(rate.meter, str(rate.amount)) for rate in page.rates if rate.is_in_force(CAPTURED)}
    later = {(str(rate.amount), rate.valid_from) for rate in page.rates if not rate.is_in_force(CAPTURED)}
    assert now == {("input", "1.25"), ("output", "10.00")}
    assert later == {(amount, datetime(2026, 8, 16, 16, tzinfo=UTC)) for amount in ("2.50", "20.00")}


def test_an_incomplete_page_says_so() -> None:
    page = read_page(
        b"<!DOCTYPE html><html><body><table><tr><th>Model<th>Input per 1M tokens</tr><tr><td>nova-1<td>$1</tr>"
    )

    assert "incomplete" in kinds(page)


def test_a_text_that_ends_amid_a_row_gives_nothing_of_that_table() -> None:
    table = "| Model | Input per 1M tokens |\n|---|---|\n"
    page = read_page(f"{table}| nova-1 | $1 |\n\n## More\n\n{table}| vega-1 | $2 |\n| vega-1-mini | $0.".encode())

    assert {rate.model for rate in page.rates} == {"nova-1"}
    assert {each.message for each in page.complaints if each.kind == "incomplete" and each.locator} == {
        "the text breaks off in this table; its amounts are not read"
    }


def test_a_property_below_a_heading_of_models_names_none() -> None:
    page = "Model\tModel\tPrice (per 1M tokens)\nContext length\tinput tokens\t$1\nnova-1\tinput tokens\t$2\n"

    assert {rate.model for rate in read_page(page.encode()).rates} == {"nova-1"}


def test_another_currency_does_not_settle_a_conflict() -> None:
    page = read_page(
        b"| Model | Output, chats ($/1M tokens) | Output, calls ($/1M tokens) | Output, other ($/1M tokens) |\n"
        b"|---|---|---|---|\n| nova-1 | $6 | $18 | \xe2\x82\xac50 |\n| vega-1 | $2 | $2 | $2 |\n"
    )

    assert {rate.model for rate in page.rates} == {"vega-1"}
    assert {"$6", "\u20ac50"} <= {each.quote for each in page.complaints if each.kind == "conflict"}


def test_two_currencies_without_a_conflict_are_two_rates() -> None:
    page = read_page(
        "| Model | Output (USD per 1M tokens) | Output (EUR per 1M tokens) |\n|---|---|---|\n"
        "| nova-1 | $18 | €16 |\n".encode()
    )

    assert {(rate.currency, str(rate.amount)) for rate in page.rates} == {("USD", "18"), ("EUR", "16")}


def test_a_template_is_refused_alone_and_read_with_its_amounts() -> None:
    page = (
        b"<!DOCTYPE html><html><body><h2>Nova</h2><table><tr><th>Nova models</th><th>Price per 1M input tokens ($)</th>"
        b"<th>Price per 1M output tokens ($)</th></tr><tr><td>Nova Lite</td><td>{priceOf!a!N-IN!*!1000}</td>"
        b"<td>{priceOf!a!N-OUT!*!1000!opt}</td></tr></table></body></html>"
    )
    feed = b'{"regions": {"Utopia": {"N-IN": {"price": "0.0003000"}, "N-OUT": {"price": "0.0025000"}}}}'

    with pytest.raises(NoTable):
        read_page(page)
    rates = read_page(page, companion=feed).rates

    assert {(rate.meter, str(rate.amount), rate.conditions.region, rate.flags) for rate in rates} == {
        ("input", "0.3", "Utopia", ("derived",)),
        ("output", "2.5", "Utopia", ("derived",)),
    }
    with pytest.raises(NoTable, match="placeholder"):
        read_page(page, companion=b"{}")


def test_prices_in_relation_to_others_are_kept_as_words() -> None:
    page = read(PLAIN + "\nThe Batch API halves both rates: a 50% discount on input and output.\n")

    assert any("50% discount" in words for words in page.relative)
    assert len(page.rates) == 2
