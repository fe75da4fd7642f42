"""The webhook's body and docs/webhook.schema.json say the same: a key that one lacks fails here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.payload import MOST_ASIDE, VERSION, Background, notice_payload, payload_of
from monitor.alerts.posting import to_json
from monitor.alerts.services.webhook import MOST_BYTES, capped
from monitor.price_lines import price_line
from storage.nouns import EVENT_KINDS, Event
from storage.price_lines import KnownPrice
from tests.monitor.alerts.parts import NOW, change, rate, tiered

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "webhook.schema.json").read_text())
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def faults(value: Any, schema: Mapping[str, Any], at: str = "body") -> Iterator[str]:
    """Where a value and its schema differ; an undescribed key is a fault too, though receivers must accept it."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(TYPES[name] for name in types)):
        yield f"{at} is no {types}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is not one of {schema['enum']}"
    if isinstance(value, dict) and "properties" in schema:
        yield from (f"{at}.{key} is missing" for key in schema.get("required", []) if key not in value)
        for key, inner in value.items():
            if key not in schema["properties"]:
                yield f"{at}.{key} is not described"
            else:
                yield from faults(inner, schema["properties"][key], f"{at}.{key}")
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from faults(inner, schema["items"], f"{at}[{number}]")


def as_sent(payload: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps({"id": "msg_1", **payload}))


EVENTS = [
    change(),
    Event("launch", "deepseek", "cn", NOW, None, tiered(), 0.9, "w", "https://x.example/"),
    Event("removal", "deepseek", "cn", NOW, rate(), None, 0.9, "w", "https://x.example/"),
    Event(
        "promo_start",
        "deepseek",
        "cn",
        NOW,
        rate(),
        rate(list_amount=Decimal(2), valid_until=datetime(2027, 1, 1, tzinfo=UTC)),
        1.0,
        "w",
        "https://x.example/",
        effective_from=NOW,
        predecessor="deepseek-v2",
    ),
    Event(
        "free",
        "deepseek",
        "cn",
        NOW,
        rate(),
        rate(state="free", amount=None, currency=None, per=None, unit=None),
        0.9,
        "w",
        "https://x.example/",
    ),
    Event("held", "deepseek", "cn", NOW, rate(unit="image", per=Decimal(1)), rate(), 0.1, "w", "https://x.example/"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_alert_s_payload_is_what_the_schema_describes(event: Event) -> None:
    assert list(faults(as_sent(payload_of([event], "cuts,all", "en")), SCHEMA)) == []


def test_lines_and_what_else_moved_are_what_the_schema_describes() -> None:
    line = price_line(change(), [KnownPrice(rate(amount="4"), NOW - timedelta(days=90), None)])
    assert line is not None
    aside = [change(f"model-{number}", "9", "3") for number in range(MOST_ASIDE + 2)]
    aside.append(replace(aside[0], new=rate("model-0", "3", meter="output"), old=rate("model-0", "9", meter="output")))
    sent = as_sent(payload_of([change()], "cuts", "en", Background(lines={change().id: line}, aside=aside)))
    assert list(faults(sent, SCHEMA)) == []
    assert [point["price"] for point in sent["data"]["events"][0]["line"]["points"]] == ["4", "1"]
    assert (len(sent["data"]["also"]), sent["data"]["also_count"]) == (MOST_ASIDE, MOST_ASIDE + 2)
    assert sent["data"]["also"][0]["fact"] == ("price cut, model-0 input: ¥9 → ¥3 per 1M tokens (-66.67%), and 1 more")


def test_a_notice_s_payload_is_what_the_schema_describes() -> None:
    for kind in ("test", "channel.down"):
        assert list(faults(as_sent(notice_payload(kind, NOW, "s", "t")), SCHEMA)) == []


def test_the_schema_describes_nothing_that_is_never_sent() -> None:
    sent = as_sent(payload_of(EVENTS, "cuts", "en"))
    described = SCHEMA["$defs"]["event"]
    assert set(described["properties"]) == set(described["required"]) == set(sent["data"]["events"][0])
    assert described["properties"]["kind"]["enum"] == list(EVENT_KINDS)
    assert SCHEMA["properties"]["version"]["enum"] == [VERSION]


def test_the_checker_sees_what_is_wrong() -> None:
    sent = as_sent(payload_of([change()], "cuts", "en"))
    sent["data"]["events"][0] |= {"old": 2.0, "surprise": 1}
    del sent["timestamp"]
    assert sorted(faults(sent, SCHEMA)) == [
        "body.data.events[0].old is no ['string', 'null']",
        "body.data.events[0].surprise is not described",
        "body.timestamp is missing",
    ]


def test_a_body_that_would_be_too_large_has_whole_events_and_says_how_many_are_missing() -> None:
    events = [change(f"model-{number}") for number in range(400)]
    payload = {"id": "msg_1", **payload_of(events, "cuts", "en")}
    body = capped(payload)
    assert len(to_json(body)) <= MOST_BYTES < len(to_json(payload))
    shown = body["data"]["events"]
    assert shown == payload["data"]["events"][: len(shown)]
    assert body["data"]["more"] == {
        "count": 400 - len(shown),
        "command": "pricefall alerts show msg_1 --as json",
    }
    assert list(faults(body, SCHEMA)) == []
    assert len(to_json(_with_one_more(payload, len(shown)))) > MOST_BYTES, "no event is left out that would fit"
    assert capped(body) == body


def _with_one_more(payload: Mapping[str, Any], shown: int) -> dict[str, Any]:
    return {**payload, "data": {**payload["data"], "events": payload["data"]["events"][: shown + 1]}}
