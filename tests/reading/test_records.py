from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from scrapers.catalog import Hints
from scrapers.documents.blocks import Record
from scrapers.documents.read import read_document
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.meternames import split_meter_name
from scrapers.reading.records import read_record

PER_TOKEN = Hints(currency="USD", unit="token")
PER_MILLION = Hints(currency="USD", unit="1M tokens")


def read(value: Any, hints: Hints = PER_MILLION) -> Reading:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    total = Reading()
    for block in read_document(text.encode()).blocks:
        if isinstance(block, Record):
            total += read_record(block, Scope(hints=hints))
    return total


def told(reading: Reading) -> list[tuple[object, ...]]:
    """Model, meter, amount, per, and the tier and conditions that are not the usual ones."""
    return [
        (
            rate.model,
            rate.meter,
            None if rate.amount is None else str(rate.amount),
            None if rate.per is None else int(rate.per),
            *([rate.service_tier] if rate.service_tier != "standard" else []),
            *([rate.conditions.key] if rate.conditions.to_json() else []),
        )
        for rate in reading.rates
    ]


def test_a_routers_list_of_models_is_read_per_token_with_long_prompts_apart() -> None:
    reading = read(
        {
            "data": [
                {
                    "id": "nova/nova-1",
                    "name": "Nova: Nova 1",
                    "context_length": 128000,
                    "created": 1785478908,
                    "pricing": {
                        "prompt": "0.0000025",
                        "completion": "0.000015",
                        "input_cache_read": "0.00000025",
                        "input_cache_write_1h": "0.000005",
                        "overrides": [{"min_prompt_tokens": 272000, "prompt": "0.000005"}],
                    },
                    "top_provider": {"max_completion_tokens": 16384},
                }
            ]
        },
        PER_TOKEN,
    )
    assert told(reading) == [
        ("nova/nova-1", "input", "0.0000025", 1),
        ("nova/nova-1", "output", "0.000015", 1),
        ("nova/nova-1", "cached_input", "2.5E-7", 1),
        ("nova/nova-1", "cache_write", "0.000005", 1, '{"cache_ttl":"1h"}'),
        ("nova/nova-1", "input", "0.000005", 1, '{"context_tokens":{"gt":271999,"lte":null}}'),
    ]
    assert reading.complaints == ()
    assert reading.rates[0].evidence.quote == '"prompt": "0.0000025"'


def test_a_negative_amount_depends_on_something_and_is_no_price() -> None:
    reading = read({"data": [{"id": "router/auto", "pricing": {"prompt": "-1", "completion": "-1"}}]}, PER_TOKEN)
    assert [(rate.meter, rate.state, rate.amount) for rate in reading.rates] == [
        ("input", "dynamic", None),
        ("output", "dynamic", None),
    ]


def test_models_that_are_keys_and_units_that_stand_in_keys() -> None:
    reading = read(
        '{"nova-1": {"max_input_tokens": 128000, "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05,'
        ' "cache_read_input_token_cost": 1.25e-06, "input_cost_per_token_above_200k_tokens": 5e-06,'
        ' "input_cost_per_token_batches": 1.25e-06}}',
        Hints(currency="USD"),
    )
    assert told(reading) == [
        ("nova-1", "input", "0.0000025", 1),
        ("nova-1", "output", "0.00001", 1),
        ("nova-1", "cached_input", "0.00000125", 1),
        ("nova-1", "input", "0.000005", 1, '{"context_tokens":{"gt":200000,"lte":null}}'),
        ("nova-1", "input", "0.00000125", 1, "batch"),
    ]
    assert reading.rates[0].evidence.quote == '"input_cost_per_token": 2.5e-06'


def test_the_price_in_force_is_read_and_the_one_before_is_its_list_price() -> None:
    prices = {
        "actual": {
            "type": "flat",
            "input_price": "1.6",
            "prompt_thresholds": [{"threshold": 200000, "input_price": "3"}],
        },
        "origin": {"type": "flat", "input_price": "2.0", "prompt_thresholds": []},
        "discount": "80",
    }
    reading = read([{"model": "nova/nova-1", "price": prices}])
    assert told(reading) == [
        ("nova/nova-1", "input", "1.6", 1_000_000),
        ("nova/nova-1", "input", "3", 1_000_000, '{"context_tokens":{"gt":200000,"lte":null}}'),
    ]
    assert [rate.list_amount for rate in reading.rates] == [Decimal("2.0"), None]


def test_label_and_value_pairs_in_two_currencies_need_no_hint() -> None:
    reading = read(
        [
            {
                "name": "Nova Medium 3",
                "type": "Premier Model",
                "price": [
                    {"value": "Input (/M tokens)", "price_dollar": "<p>$0.4</p>", "price_euro": "<p>0.35&euro;</p>"},
                    {"value": "Output (/M tokens)", "price_dollar": "$2", "price_euro": "1.8€"},
                ],
                "fine_tuning": [{"value": "Input (/M tokens)", "price_dollar": "$0.5"}],
            }
        ],
        Hints(),
    )
    assert [(rate.meter, str(rate.amount), rate.currency, rate.conditions.other) for rate in reading.rates] == [
        ("input", "0.4", "USD", None),
        ("input", "0.35", "EUR", None),
        ("output", "2", "USD", None),
        ("output", "1.8", "EUR", None),
        ("input", "0.5", "USD", "fine-tuned"),
    ]


def test_a_label_beside_a_price_goes_before_the_misleading_name_of_its_key() -> None:
    reading = read(
        {
            "models": [
                {
                    "modelName": "Nova Embed 4",
                    "per": "1M tokens",
                    "pricings": [
                        {"inputLabel": "Cost", "inputPrice": 0.12, "outputLabel": "Image cost", "outputPrice": 0.47}
                    ],
                }
            ]
        },
        Hints(currency="USD"),
    )
    assert told(reading) == [
        ("Nova Embed 4", "input", "0.12", 1_000_000),
        ("Nova Embed 4", "image_input", "0.47", 1_000_000),
    ]


def test_rows_with_a_type_a_unit_and_a_currency_of_their_own() -> None:
    prices = [
        {"type": "input", "price": "0.5", "unit": "1M tokens", "currency": "USD"},
        {"type": "output", "price": "1.5", "unit": "1M tokens", "currency": "USD"},
        {"type": "cache_read", "price": "0.05", "unit": "1K tokens", "currency": "USD"},
    ]
    assert told(read({"models": [{"model": "nova-1", "prices": prices}]}, Hints())) == [
        ("nova-1", "input", "0.5", 1_000_000),
        ("nova-1", "output", "1.5", 1_000_000),
        ("nova-1", "cached_input", "0.05", 1_000),
    ]


def test_tiers_of_prompt_lengths_are_ranges_and_a_models_window_is_none() -> None:
    tiers = [
        {"max_input_tokens": 32000, "input": 1, "output": 4},
        {"min_input_tokens": 32001, "max_input_tokens": 128000, "input": 2, "output": 8},
    ]
    reading = read({"models": [{"model": "nova-1", "max_input_tokens": 128000, "tiers": tiers}]})
    assert [rate.conditions.key for rate in reading.rates[::2]] == [
        '{"context_tokens":{"gt":null,"lte":32000}}',
        '{"context_tokens":{"gt":32000,"lte":128000}}',
    ]


def test_an_api_of_meters_splits_model_from_direction_and_deployment() -> None:
    said = {"productName": "Nova AI", "unitPrice": 0.00275, "unitOfMeasure": "1K", "currencyCode": "USD"}
    rows = [
        {"meterName": f"nova 4o 1120 {words} Tokens", "location": "US East", **said}
        for words in ("Inp Data Zone", "cached Inp glbl", "Batch Outp regnl")
    ]
    reading = read("\n".join(map(json.dumps, rows)), Hints())
    assert [(rate.model, rate.meter, rate.service_tier, rate.conditions.region) for rate in reading.rates] == [
        ("nova 4o 1120", "input", "standard", "US East"),
        ("nova 4o 1120", "cached_input", "standard", "US East"),
        ("nova 4o 1120", "output", "batch", "US East"),
    ]
    assert [rate.conditions.other for rate in reading.rates] == ["data zone", "global", "regional"]


def test_a_product_family_is_no_model_where_nothing_names_a_direction() -> None:
    row = {"productName": "Nova AI", "unitPrice": 0.00275, "unitOfMeasure": "1K", "currencyCode": "USD"}
    reading = read(json.dumps(row) + "\n" + json.dumps(row), Hints())
    assert reading.rates == ()
    assert {complaint.kind for complaint in reading.complaints} == {"unknown_column"}


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "nova", "Zorblax": 1, "output": 3},
        {"id": "nova", "pricing": {"input": 1, "output": 3, "zorblax": 0.5}},
        {"name": "nova-1", "price": [{"value": "Input (/M tokens)", "Zorblax": "$0.4"}]},
        {"id": "nova", "input_zorblax_price": 1},
    ],
)
def test_an_amount_under_a_key_that_nobody_explained_is_a_complaint_and_never_a_guess(broken: dict[str, Any]) -> None:
    reading = read({"models": [broken]})
    assert "unknown_column" in {complaint.kind for complaint in reading.complaints}
    assert {rate.meter for rate in reading.rates} <= {"input", "output"}
    assert all(str(rate.amount) in {"1", "3"} for rate in reading.rates)


def test_a_renamed_key_does_not_move_its_amount_to_another_meter() -> None:
    assert told(read({"models": [{"id": "nova", "pricing": {"output": 3, "input": 1}}]})) == [
        ("nova", "output", "3", 1_000_000),
        ("nova", "input", "1", 1_000_000),
    ]


def test_an_amount_that_no_provider_asks_is_refused() -> None:
    reading = read({"models": [{"id": "nova", "input_token_price_per_m": 40000, "output_token_price_per_m": 40000}]})
    assert reading.rates == ()
    assert {complaint.kind for complaint in reading.complaints} == {"unreadable_price"}


def test_cents_are_turned_into_the_currency_and_marked_as_derived() -> None:
    reading = read([{"model_name": "nova", "pricing": {"cents_per_input_token": 5e-5}}], Hints(currency="USD"))
    (rate,) = reading.rates
    assert (rate.amount, rate.per, rate.flags) == (Decimal("0.0000005"), Decimal(1), ("derived",))


def test_requests_are_never_counted_in_tokens() -> None:
    model = {"id": "nova", "input": 3, "output": 15, "request": {"low": 6, "high": 14}}
    without = read({"models": [model]})
    assert [rate.meter for rate in without.rates] == ["input", "output"]
    assert len(without.complaints) == 2
    hints = Hints(currency="USD", unit="1M tokens", extra=(("unit request", "1K requests"),))
    assert told(read({"models": [model]}, hints))[2:] == [
        ("nova", "request", "6", 1_000, '{"other":"low"}'),
        ("nova", "request", "14", 1_000, '{"other":"high"}'),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"plans": [{"name": "Plus", "price": 20, "interval": "month"}, {"name": "Pro 5", "price": 200}]},
        {"usage": [{"id": "run-1", "max_completion_tokens": 16384, "context_length": 200000}]},
        {"offers": [{"name": "GPU H100", "price": "2.5"}]},
        {
            "apis": [
                {"name": "Capture 1", "type": "Tools", "price": [{"value": "Price", "price_dollar": "$0.04 /M tokens"}]}
            ]
        },
    ],
)
def test_what_is_no_price_of_a_model_gives_no_rate(value: dict[str, Any]) -> None:
    assert read(value).rates == ()


def test_a_literal_quotes_its_keys_as_the_page_spells_them() -> None:
    document = read_document(b"# P\n\nexport const X = {models: [{id: 'nova', input: 1.50, 'output': 2}]};\n")
    (record,) = (block for block in document.blocks if isinstance(block, Record))
    quotes = [rate.evidence.quote for rate in read_record(record, Scope(hints=PER_MILLION)).rates]
    assert quotes == ["input: 1.50", "'output': 2"]


@pytest.mark.parametrize("name", ["gpt-4o", "nova-fast", "o1-pro", "Input Tokens"])
def test_names_without_words_of_a_meter_are_left_whole(name: str) -> None:
    assert split_meter_name(name, Scope()) is None


def test_a_bill_that_counts_tokens_is_no_price_list() -> None:
    rows = [{"model": "nova", "input_tokens": 1203332, "output_tokens": 5000, "input_cost": 3.01, "output_cost": 1.2}]
    assert read({"rows": rows}).rates == ()


def test_numbers_without_measure_are_neither_read_nor_printed() -> None:
    reading = read(
        '{"models": [{"id": "nova", "max_input_tokens": 1e999999999, "input": 1e999999999, "output": 1e-99999}]}'
    )
    assert reading.rates == ()


def test_a_version_is_named_by_its_family_and_a_hired_machine_is_no_model() -> None:
    said = {"productName": "Deep model family", "unitPrice": 0.5, "currencyCode": "USD", "retailPrice": 0.6}
    rows = [
        {"meterName": "V3 Inp glbl Tokens", "unitOfMeasure": "1K", **said},
        {"meterName": "Provisioned Managed Global", "unitOfMeasure": "1/Hour", **said},
    ]
    reading = read("\n".join(map(json.dumps, rows)), Hints())
    assert told(reading) == [("Deep V3", "input", "0.5", 1_000, '{"region":"global"}')]
    assert reading.complaints == ()


def test_zeros_that_fill_the_form_of_another_kind_of_model_promise_nothing() -> None:
    form = {"hourly": 0, "base": 0}
    reading = read(
        [
            {"id": "nova-chat", "type": "chat", "pricing": {"input": 0.2, "output": 0, **form}},
            {"id": "nova-embed", "type": "embedding", "pricing": {"input": 0.02, "output": 0, **form}},
            {"id": "nova-paint", "type": "image", "pricing": {"input": 0, "output": 0, **form}},
        ]
    )
    assert told(reading) == [
        ("nova-chat", "input", "0.2", 1_000_000),
        ("nova-chat", "output", "0", 1_000_000),
        ("nova-embed", "input", "0.02", 1_000_000),
    ]
    assert reading.complaints == ()


def test_a_key_without_a_unit_takes_that_of_tokens_beside_it_and_never_that_of_images() -> None:
    reading = read(
        {
            "nova-4": {
                "input_cost_per_token": 2e-06,
                "output_cost_per_token": 8e-06,
                "input_cost_per_image": 0.001,
                "cache_read_input_token_cost": 5e-07,
            }
        },
        Hints(currency="USD"),
    )
    assert [(rate.meter, rate.unit) for rate in reading.rates] == [
        ("input", "token"),
        ("output", "token"),
        ("image_input", "image"),
        ("cached_input", "token"),
    ]


def test_whole_numbers_that_may_count_parts_of_a_dollar_are_refused() -> None:
    reading = read([{"id": "nova-4", "input_token_price_per_m": 2690, "output_token_price_per_m": 400}])
    assert reading.rates == ()
    assert [complaint.kind for complaint in reading.complaints] == ["unreadable_price"] * 2


def test_an_entry_that_shows_how_entries_are_written_is_no_free_model() -> None:
    sample = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "mode": "one of: chat, embedding"}
    real = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "mode": "chat"}
    reading = read({"sample_spec": sample, "nova-1": real}, PER_TOKEN)
    assert {rate.model for rate in reading.rates} == {"nova-1"}


def test_an_entry_whose_prices_stand_deeper_is_no_form_whatever_it_explains() -> None:
    entry = {"id": "nova-1", "description": "One of our best", "pricing": {"prompt": "0.000002", "completion": "0"}}
    assert told(read({"data": [entry]}, PER_TOKEN)) == [
        ("nova-1", "input", "0.000002", 1),
        ("nova-1", "output", "0", 1),
    ]


def test_a_range_in_an_entrys_name_is_a_condition_and_a_length_in_it_is_none() -> None:
    entries = [
        {"id": "nova-pro-200k", "name": "Nova Pro >200k", "input": 2.5, "output": 15},
        {"id": "nova-pro", "name": "Nova Pro ≤200k", "input": 1.25, "output": 10},
        {"id": "nova-long", "name": "Nova Long 1M", "input": 4, "output": 8},
    ]
    assert told(read({"prices": entries}))[::2] == [
        ("nova-pro-200k", "input", "2.5", 1_000_000, '{"context_tokens":{"gt":200000,"lte":null}}'),
        ("nova-pro", "input", "1.25", 1_000_000, '{"context_tokens":{"gt":null,"lte":200000}}'),
        ("nova-long", "input", "4", 1_000_000),
    ]


def tiered(*tiers: dict[str, Any]) -> Reading:
    pricing = {"input": "0.00000125", "output": "0.00001", "input_tiers": list(tiers)}
    return read({"data": [{"id": "nova/nova-1", "pricing": pricing}]}, PER_TOKEN)


def test_tiers_of_a_price_replace_the_plain_price_beside_them() -> None:
    reading = tiered({"cost": "0.00000125", "min": 0, "max": 200001}, {"cost": "0.0000025", "min": 200001})
    assert told(reading) == [
        ("nova/nova-1", "output", "0.00001", 1),
        ("nova/nova-1", "input", "0.00000125", 1, '{"context_tokens":{"gt":null,"lte":200000}}'),
        ("nova/nova-1", "input", "0.0000025", 1, '{"context_tokens":{"gt":200000,"lte":null}}'),
    ]
    assert reading.complaints == ()


def test_tiers_that_may_count_something_else_are_a_complaint_and_take_the_plain_price_with_them() -> None:
    reading = tiered({"cost": "0.00000125", "min": 0, "max": 50}, {"cost": "0.000001", "min": 50})
    assert told(reading) == [("nova/nova-1", "output", "0.00001", 1)]
    assert [complaint.kind for complaint in reading.complaints] == ["unknown_column"]


def test_keys_that_say_above_name_a_range_or_how_long_a_cache_lives() -> None:
    entry = {
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost_above_200k_tokens": 6e-07,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
    }
    reading = read({"nova-1": entry}, PER_TOKEN)
    assert told(reading)[2:] == [
        ("nova-1", "cached_input", "6E-7", 1, '{"context_tokens":{"gt":200000,"lte":null}}'),
        ("nova-1", "cache_write", "0.000006", 1, '{"cache_ttl":"1h"}'),
        ("nova-1", "cache_write", "0.000012", 1, '{"cache_ttl":"1h","context_tokens":{"gt":200000,"lte":null}}'),
    ]
    assert reading.complaints == ()


def test_the_ends_of_a_list_of_offers_are_no_price() -> None:
    offers = {"@type": "AggregateOffer", "lowPrice": "1.25", "highPrice": "10", "priceCurrency": "USD"}
    assert read({"name": "nova-1", "offers": offers}, PER_TOKEN).rates == ()


def test_the_unit_text_of_an_offer_is_its_unit() -> None:
    offer = {"name": "nova-1 input", "price": "1.25", "priceCurrency": "USD", "unitText": "1M tokens"}
    plain = {key: value for key, value in offer.items() if key != "unitText"}
    assert told(read([offer], Hints())) == [("nova-1", "input", "1.25", 1_000_000)]
    assert read([plain], Hints()).rates == ()


def test_a_direction_at_the_end_of_an_entrys_name_is_its_meter() -> None:
    entries = [
        {"name": "nova-1 input", "price": "1.25", "currency": "USD", "unit": "1M tokens"},
        {"name": "nova-1 output", "price": "5.00", "currency": "USD", "unit": "1M tokens"},
    ]
    assert told(read(entries)) == [("nova-1", "input", "1.25", 1_000_000), ("nova-1", "output", "5.00", 1_000_000)]


def test_counts_that_are_printed_as_text_make_a_bill_too() -> None:
    row = {"model": "nova-1", "number_of_input_tokens": "5000", "input_cost": "0.004", "output_cost": "0.036"}
    assert read([row]).rates == ()
