"""A rule in words, and what became of the messages about an event, for `pricefall rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.alerts.waiting import QuietSpan
from monitor.settings import Rule, Settings
from scrapers.rates import format_instant
from scrapers.windows import MIDNIGHT, WEEK
from storage import outbox
from storage.outbox import OutboxAlert
from storage.store import Store
from storage.withdrawals import withdrawals_of


def asks_for(rule: Rule) -> str:
    """The conditions of a rule, without those that let everything through."""
    said = [
        f"{name.replace('_', ' ')} {', '.join(getattr(rule, name))}"
        for name in ("kinds", "providers", "models", "meters", "service_tiers", "workloads")
        if getattr(rule, name) not in {("*",), ()}
    ]
    if rule.min_percent:
        said.append(f"{rule.min_percent:g} % or more")
    if rule.currency:
        said.append(f"in {rule.currency}")
    if rule.min_saving:
        said.append(f"saves {rule.min_saving:g} % or more")
    if rule.min_severity != "low":
        said.append(f"{rule.min_severity} or more severe")
    return "; ".join(said) or "everything but held and notice"


def tells_when(rule: Rule, zone: str) -> str:
    """When a rule tells: at once, in a digest, and its quiet hours.

    >>> tells_when(Rule("r", ("hook",), deliver="weekly"), "Europe/Berlin")
    'weekly, mon 08:00 Europe/Berlin'
    """
    if rule.deliver == "immediate":
        if not rule.quiet_hours:
            return "at once"
        through = "" if rule.wake_for == "nothing" else f", {rule.wake_for} at any hour"
        return f"at once, quiet {', '.join(map(_span, rule.quiet_hours))} {zone}{through}"
    day = f"{WEEK[rule.digest_day]} " if rule.deliver == "weekly" else ""
    return f"{rule.deliver}, {day}{_clock(rule.digest_time)} {zone}"


def fates_of(store: Store, event_id: str, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """What became of each message about an event, the oldest first; a part of a digest tells of its digest."""
    disabled = outbox.disabled_channels(store)
    undone = {each["alert_id"]: each for each in withdrawals_of(store.connection, event_id)}
    zone = ZoneInfo(settings.alerts.time_zone)
    return [
        {
            "id": alert.id,
            "channel": alert.channel,
            "rule": alert.rule,
            "state": alert.state,
            "not_before": format_instant(alert.not_before),
            "digest": alert.digest,
            "digest_id": alert.digest_id,
            "sent_at": format_instant(alert.sent_at),
            "fate": _undone(undone[alert.id]) if alert.id in undone else _fate(store, alert, disabled, now, zone),
        }
        for alert in outbox.alerts_about(store, event_id)
        if alert.order_key != "digest"  # its parts tell of it
    ]


def _undone(withdrawal: Mapping[str, Any]) -> str:
    follow_up = withdrawal["follow_up"]
    return f"{f'taken back by {follow_up}' if follow_up else 'withdrawn before it was sent'}: {withdrawal['why']}"


def _fate(store: Store, alert: OutboxAlert, disabled: dict[str, str], now: datetime, zone: ZoneInfo) -> str:
    if alert.state == "folded" and alert.digest_id is not None:
        digest = _fate(store, outbox.get_alert(store, alert.digest_id), disabled, now, zone)
        return f"in the digest {alert.digest_id}, {digest}"
    if alert.state == "collected":
        return f"waits for the {alert.digest} digest of {_when(alert.not_before or now, zone)}"
    if alert.state == "sent":
        return f"sent {_when(alert.sent_at or now, zone)}"
    if alert.state == "dead":
        return (
            f"given up after {alert.attempts} tries: {alert.last_error}; `pricefall alerts retry {alert.id}` wakes it"
        )
    if alert.state != "pending":
        return alert.state
    if alert.channel in disabled:
        return f"waits, because the channel is switched off: {disabled[alert.channel]}"
    if alert.not_before is not None and alert.not_before > now:
        return f"waits for the end of quiet hours, {_when(alert.not_before, zone)}"
    if alert.attempts:
        return f"tried {alert.attempts} times, again {_when(alert.next_attempt_at, zone)}: {alert.last_error}"
    return "queued, sent by the next run"


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _span(span: QuietSpan) -> str:
    days = "" if len(span.days) == len(WEEK) else ",".join(WEEK[day] for day in span.days) + " "
    return f"{days}{_clock(span.begin)}-{_clock(span.end)}"


def _clock(minute: int) -> str:
    return "24:00" if minute == MIDNIGHT else f"{minute // 60:02}:{minute % 60:02}"
