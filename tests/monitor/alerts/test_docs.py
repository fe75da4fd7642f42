"""docs/alerts.md names every setting and every kind of event, and its example receiver works."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.alerts.payload import payload_of
from monitor.alerts.services.registry import TYPES, service_of
from monitor.alerts.webhook import signed_headers
from monitor.form_fields import Form, keys_of
from monitor.settings_form import RuleForm
from storage.nouns import EVENT_KINDS
from tests.monitor.alerts.parts import SIGNING_SECRET, change, hook_channel

DOCUMENT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("form", "table"),
    [(RuleForm, "| key | meaning"), *((service_of(kind).form, f'| key | `type = "{kind}"`') for kind in TYPES)],
)
def test_every_setting_is_documented_and_no_other(form: type[Form], table: str) -> None:
    rows = DOCUMENT[DOCUMENT.index(table) :].split("\n\n")[0].splitlines()[2:]
    documented = {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == set(keys_of(form))


def test_every_kind_of_event_is_documented() -> None:
    assert all(f"`{kind}`" in DOCUMENT for kind in EVENT_KINDS)


def test_the_example_receiver_reads_what_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    names = {"SECRET": SIGNING_SECRET, "is_known": lambda _name: False}
    exec(code, names)  # noqa: S102 - the document's own example
    body = json.dumps({"id": "msg_1", **payload_of([change()], "cuts", "en")}).encode()
    headers = signed_headers(hook_channel("https://h.example/"), "msg_1", body, datetime.now(UTC))
    names["receive"](body, headers)  # type: ignore[operator] # the example defines it
    assert capsys.readouterr().out == "deepseek-chat input 2 -> 1 CNY seen twice, 120 s apart\n"
