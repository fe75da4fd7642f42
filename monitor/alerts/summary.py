"""The summary of a run: what was told, held and failed, in one message, and no message where nothing happened.

A page that goes on failing is not news: it is named in the run in which it begins to fail. So a summary that comes says
something, and silence means that the run found nothing new; that it took place is the heartbeat's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.alerts.health_words import headline
from monitor.alerts.payload import VERSION, event_json, incident_json
from monitor.alerts.phrases import fact_of, visible
from monitor.settings import Settings
from scrapers.rates import format_instant
from storage.incidents import Incident
from storage.nouns import Alert, Event

SHOWN = 20

_WORDS = {
    "en": {
        "told": "Changes",
        "held": "Held for a person (`pricefall review`)",
        "notices": "Notices",
        "failed": "Pages that began to fail",
        "opened": "Incidents that began",
        "closed": "Incidents that are over",
        "subject": "Pricefall run: {facts}",
        "more": "{count} more",
        "foot": "Sent by Pricefall at the end of a run in which something happened.",
    },
    "zh": {
        "told": "价格变动",
        "held": "待人工确认（`pricefall review`）",
        "notices": "提示",
        "failed": "开始读取失败的页面",
        "opened": "新出现的运行问题",
        "closed": "已恢复的运行问题",
        "subject": "Pricefall 本次运行：{facts}",
        "more": "另有 {count} 项",
        "foot": "本消息由 Pricefall 在有事发生的运行结束时发送。",
    },
}

Line = tuple[str, str]  # provider, what happened


def summary_alerts(
    events: Sequence[Event],
    failed: Sequence[Line],
    opened: Sequence[Incident],
    closed: Sequence[Incident],
    settings: Settings,
    run_id: int,
    now: datetime,
) -> tuple[Alert, ...]:
    """One alert for each address of `[run] summary_channels`; none when nothing happened.

    Args:
        events: what the run found, `held` and `notice` among it.
        failed: provider and reason of pages that were well until this run.
        opened: incidents that began.
        closed: incidents that are over.
        settings: channels and language.
        run_id: with the time it names the message: two runs may end in one second.
        now: the end of the run.

    """
    alerts: list[Alert] = []
    for channel in settings.channels:
        if channel.id not in settings.run.summary_channels:
            continue
        language = settings.language_of(channel)
        payload = _payload(_lines(events, failed, opened, closed, language), language, now)
        for address in channel.addresses if payload["data"]["sections"] else ():
            alert = Alert(address, "summary", (f"run.summary {run_id} {format_instant(now)}",), "summary")
            alerts.append(replace(alert, payload={"id": alert.id, **payload}))
    return tuple(alerts)


def summary_foot(language: str) -> str:
    """The last line of the message."""
    return _WORDS[language]["foot"]


def _lines(
    events: Sequence[Event],
    failed: Sequence[Line],
    opened: Sequence[Incident],
    closed: Sequence[Incident],
    language: str,
) -> dict[str, list[Line]]:
    """What happened, by section; a section without a line is left out."""
    lines: dict[str, list[Line]] = {
        "told": _facts([event for event in events if event.kind not in {"held", "notice"}], language),
        "held": _facts([event for event in events if event.kind == "held"], language),
        "notices": _facts([event for event in events if event.kind == "notice"], language),
        "failed": [(provider, visible(error, 300)) for provider, error in failed],
        "opened": _headlines(opened, language),
        "closed": _headlines(closed, language),
    }
    return {name: found for name, found in lines.items() if found}


def _payload(lines: Mapping[str, Sequence[Line]], language: str, now: datetime) -> dict[str, Any]:
    words = _WORDS[language]
    separator = "，" if language == "zh" else ", "
    facts = separator.join(
        f"{words[name].partition(' (')[0].partition('（')[0]} {len(found)}" for name, found in lines.items()
    )
    sections: list[dict[str, Any]] = []
    for name, found in lines.items():
        shown = [{"provider": provider, "text": text} for provider, text in found[:SHOWN]]
        if len(found) > SHOWN:
            shown.append({"provider": "", "text": words["more"].replace("{count}", str(len(found) - SHOWN))})
        sections.append({"title": words[name], "count": len(found), "lines": shown})
    text = "\n".join(
        f"{section['title']}: " + "; ".join(" ".join(line.values()).strip() for line in section["lines"])
        for section in sections
    )
    return {
        "type": "run.summary",
        "version": VERSION,
        "timestamp": format_instant(now),
        "data": {
            "subject": words["subject"].replace("{facts}", facts),
            "text": text,
            "provider": None,
            "rules": [],
            "events": [],
            "sections": sections,
        },
    }


def _facts(events: Sequence[Event], language: str) -> list[Line]:
    return [(event.provider, fact_of(event_json(event), language)) for event in events]


def _headlines(incidents: Sequence[Incident], language: str) -> list[Line]:
    return [(incident.provider, headline(incident_json(incident, language))) for incident in incidents]
