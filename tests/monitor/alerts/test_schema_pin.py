"""Version 1 of the webhook's body, as receivers were promised it: keys may be added, nothing else may change.

`webhook-v1.json` was written once from the schema and is not rewritten; a change that fails here needs version 2. New
keys join it with a release.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.payload import VERSION

Promises = Mapping[str, Mapping[str, Any]]

PINNED: Promises = json.loads((Path(__file__).parent / "webhook-v1.json").read_text())
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "webhook.schema.json").read_text())


def promises(schema: Mapping[str, Any], whole: Mapping[str, Any], at: str = "body") -> Iterator[tuple[str, Any]]:
    """What a schema says of each value: its types, whether it is always there, the words it may be."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", [])
    said: dict[str, Any] = {"types": sorted([types] if isinstance(types, str) else types)}
    if "enum" in schema:
        said["enum"] = schema["enum"]
    yield at, {**said, "required": sorted(schema.get("required", []))}
    for name, inner in schema.get("properties", {}).items():
        yield from promises(inner, whole, f"{at}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from promises(schema["items"], whole, f"{at}[]")


def broken(pinned: Promises, schema: Mapping[str, Any]) -> list[str]:
    """What a receiver written for the pinned form could stumble over."""
    now = dict(promises(schema, schema))
    found = []
    for at, before in pinned.items():
        after = now.get(at)
        if after is None:
            found.append(f"{at} is gone")
            continue
        if not set(after["types"]) <= set(before["types"]):
            found.append(f"{at} may be {after['types']}, was {before['types']}")
        found += [f"{at}.{key} is no longer always there" for key in before["required"] if key not in after["required"]]
        found += [f"{at} is never {word!r} any more" for word in before.get("enum", []) if word not in after["enum"]]
    return found


def test_version_1_is_kept() -> None:
    assert VERSION == 1, "pin version 2 beside version 1"
    assert broken(PINNED, SCHEMA) == []


def rename(schema: dict[str, Any]) -> None:
    event = schema["$defs"]["event"]
    event["properties"]["new_price"] = event["properties"].pop("new")
    event["required"] = ["new_price" if key == "new" else key for key in event["required"]]


def to_float(schema: dict[str, Any]) -> None:
    schema["$defs"]["event"]["properties"]["new"]["type"] = ["number", "null"]


def may_be_null(schema: dict[str, Any]) -> None:
    schema["properties"]["timestamp"]["type"] = ["string", "null"]


def may_be_missing(schema: dict[str, Any]) -> None:
    schema["required"].remove("id")


def other_kinds(schema: dict[str, Any]) -> None:
    schema["$defs"]["event"]["properties"]["kind"]["enum"].remove("cut")


def other_version(schema: dict[str, Any]) -> None:
    schema["properties"]["version"]["enum"] = [2]


def nothing_said(schema: dict[str, Any]) -> None:
    schema["$defs"]["event"]["properties"] = {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rename, "body.data.events[].new is gone"),
        (to_float, "body.data.events[].new may be"),
        (may_be_null, "body.timestamp may be"),
        (may_be_missing, "body.id is no longer always there"),
        (other_kinds, "body.data.events[].kind is never 'cut' any more"),
        (other_version, "body.version is never 1 any more"),
        (nothing_said, "body.data.events[].model is gone"),
    ],
)
def test_an_incompatible_change_is_seen(change: Callable[[dict[str, Any]], None], words: str) -> None:
    schema = deepcopy(SCHEMA)
    change(schema)
    assert any(fault.startswith(words) for fault in broken(PINNED, schema))


def test_a_key_may_be_added() -> None:
    schema = deepcopy(SCHEMA)
    schema["$defs"]["event"]["properties"]["news"] = {"type": "string"}
    schema["$defs"]["event"]["required"].append("news")
    schema["properties"]["type"]["enum"].append("price.forecast")
    assert broken(PINNED, schema) == []
