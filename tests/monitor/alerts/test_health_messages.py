"""What people and receivers get of incidents: a mail of its own kind, a body that the schema describes, no price."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from monitor.alerts.health_words import advice_text, title_text, why_text
from monitor.alerts.messages import SHOWN_INCIDENTS, compose
from monitor.alerts.payload import health_payload
from monitor.alerts.sender import deliver_due
from monitor.health import HealthChanges, notices
from monitor.settings import HealthSettings
from storage.incidents import INCIDENT_KINDS, HealthOutcome, Incident
from storage.store import Store
from tests.monitor.alerts.parts import NOW, SIGNING_SECRET, Postbox, hook_channel, mail_channel, settings_of
from tests.monitor.alerts.test_schema import SCHEMA, as_sent, faults

URL = "https://deepseek.example/pricing"
FACTS: dict[str, dict[str, Any]] = {
    "outage": {
        "began": "2026-05-03T18:00:00Z",
        "pages": 9,
        "looked": 12,
        "providers": 9,
        "kinds": {"dns": 8, "timeout": 1},
    },
    "vanished": {"looks": 3, "error_kind": "http_404", "message": "it is not there", "last_ok": "2026-05-01T00:00:00Z"},
    "blocked": {"looks": 3, "error_kind": "blocked", "message": "a challenge {looks}", "last_ok": None},
    "failing": {"looks": 3, "error_kind": "timeout", "message": "no answer", "last_ok": None},
    "layout": {"columns": 1, "columns_before": 0, "example": "nobody knows Zorp"},
    "unread": {"unread": 9, "seen": 40, "percent": 22, "before": "1/20", "before_percent": 5},
    "stale": {"last_ok": "2026-05-01T08:30:00Z", "is_failing": False},
    "flapping": {"prices": 1, "reversals": 3, "example": "to and fro"},
    "held": {"held": 2, "since": "2026-05-01T00:00:00Z"},
    "retirement": {"model": "deepseek-chat", "retires_at": "2026-07-24T15:59:00Z", "quote": "下线"},
}
OTHERS = [
    ("layout", FACTS["failing"]),
    ("stale", {"last_full": "2026-04-20T00:00:00Z"}),
    ("stale", {"last_run": "2026-04-20T00:00:00Z"}),
    ("retirement", {"model": "o1", "retires_at": None, "quote": "(deprecated)"}),
]


def incident(kind: Any = "vanished", **changes: Any) -> Incident:
    since = NOW - timedelta(hours=18)
    return replace(Incident(kind, "deepseek", "cn", URL, since, NOW, "why", facts=FACTS[kind]), **changes)


def message_of(*incidents: Incident, language: str = "en", is_end: bool = False) -> Any:
    return compose({"id": "msg_1", **health_payload(incidents, NOW, language, is_end=is_end)}, language)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("kind", "facts"), [*FACTS.items(), *OTHERS])
def test_every_kind_has_words_and_every_word_its_fact(kind: str, facts: dict[str, Any], language: str) -> None:
    said = [title_text(kind, facts, language), why_text(kind, facts, language)]
    said.append(advice_text(kind, facts, "deepseek", language))
    assert all(said)
    without_quoted = " ".join(said).replace("a challenge {looks}", "")
    assert "{" not in without_quoted
    assert "None" not in without_quoted
    assert (language == "zh") == any("\u4e00" <= sign <= "\u9fff" for sign in said[2])


def test_every_kind_is_tried_and_described() -> None:
    assert set(FACTS) == set(INCIDENT_KINDS)
    assert SCHEMA["$defs"]["incident"]["properties"]["kind"]["enum"] == list(INCIDENT_KINDS)


@pytest.mark.parametrize("kind", INCIDENT_KINDS)
@pytest.mark.parametrize("is_end", [False, True])
def test_a_payload_is_what_the_schema_describes(kind: str, is_end: bool) -> None:
    closed_at = NOW if is_end else None
    payload = health_payload([incident(kind, closed_at=closed_at)], NOW, "en", is_end=is_end)
    assert list(faults(as_sent(payload), SCHEMA)) == []
    assert set(as_sent(payload)["data"]["incidents"][0]) == set(SCHEMA["$defs"]["incident"]["required"])


def test_a_message_says_what_since_when_why_and_what_to_do() -> None:
    message = message_of(incident())
    assert message.subject == "Pricefall health: deepseek: page vanished"
    words = " ".join(message.text.split())
    assert words.index("* deepseek: page vanished") < words.index("Why It was not there at 3 looks in a row.")
    for said in (
        "The last one said: it is not there.",
        "What to do Find its new address for the provider file and test it with `pricefall provider try deepseek`.",
        "Since 2026-05-03 18:00 UTC",
        f"Page {URL}",
        "no price has changed",
    ):
        assert said in words
    assert f'<a href="{URL}">' in message.html


def test_an_end_says_how_long_it_lasted_and_asks_for_nothing() -> None:
    message = message_of(incident(closed_at=NOW), is_end=True)
    assert message.subject == "Pricefall health: deepseek: page vanished, over after 18 hours"
    assert "Over 2026-05-04 12:00 UTC, after 18 hours" in " ".join(message.text.split())
    assert "What to do" not in message.text


def test_the_same_in_chinese() -> None:
    message = message_of(incident("retirement"), incident("held"), language="zh")
    assert message.subject == "Pricefall 运行状况: 2 项，首项：deepseek: deepseek-chat 即将下线"
    assert "页面称 deepseek-chat 将于 2026年7月24日 23:59（北京时间） 下线：“下线”。".replace(" ", "") in "".join(
        message.text.split()
    )
    assert "请运行 `pricefall review` 处理。" in message.text
    assert "历时 18 小时" in message_of(incident(closed_at=NOW), language="zh", is_end=True).text


def test_words_of_a_page_cannot_become_markup_or_lines() -> None:
    evil = {**FACTS["vanished"], "message": "<script>\r\nBcc: x@y</script>"}
    message = message_of(incident(facts=evil, provider="<b>\n"))
    assert "<script>" not in message.html
    assert "\nBcc" not in message.text
    assert "\n" not in message.subject


def test_a_long_list_is_attached_whole() -> None:
    many = [incident(url=f"{URL}/{number}") for number in range(SHOWN_INCIDENTS + 5)]
    message = message_of(*many)
    assert message.subject == f"Pricefall health: {SHOWN_INCIDENTS + 5} incidents, first: deepseek: page vanished"
    assert message.text.count("* deepseek") == SHOWN_INCIDENTS
    assert "5 more stand in the attached files." in message.text
    (whole,) = message.attachments
    assert len(json.loads(whole.body)["data"]["incidents"]) == SHOWN_INCIDENTS + 5


def test_mail_and_webhook_arrive_once_and_only_where_health_is_asked_for(
    store: Store, open_postbox: Callable[..., Postbox], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("")
    boxes = open_postbox(), open_postbox()
    settings = settings_of(
        mail_channel(boxes[0]), mail_channel(boxes[1], id="prices-only"), hook_channel(httpserver.url_for("/hook"))
    )
    settings = replace(settings, health=HealthSettings(channels=("mail", "hook")))
    over = incident("stale", url=f"{URL}/2", closed_at=NOW)
    for _ in range(2):  # a run that is done again after a kill
        outcome = HealthOutcome(alerts=notices(HealthChanges(opened=(incident(),), closed=(over,)), settings, NOW))
        store.finish_run(store.begin_run(NOW, "run"), NOW, "ok", {}, outcome)
        while deliver_due(store, settings, NOW).sent:
            pass
    assert [mail["Subject"] for _, mail in boxes[0].mails] == [
        "Pricefall health: deepseek: page vanished",
        "Pricefall health: deepseek: page not read for long, over after 18 hours",
    ]
    assert boxes[1].mails == []
    bodies = [request.get_data() for request, _ in httpserver.log]
    signed = [
        Webhook(SIGNING_SECRET).verify(request.get_data(), dict(request.headers)) for request, _ in httpserver.log
    ]
    assert [(body["type"], body["data"]["events"]) for body in signed] == [("health.opened", []), ("health.closed", [])]
    assert [list(faults(json.loads(body), SCHEMA)) for body in bodies] == [[], []]
