"""Rules: which events are told to whom and when, and the alerts that carry them.

Related events travel together: one alert for each address of delivery and provider, whatever number of rules named
it. Alerts about one provider on one channel keep their order (`order_key` is the provider), so a rise never arrives
before the cut that it follows: what must not wait takes along what waits for the end of quiet hours. A digest is a
summary, in no order with these. What is undone later is taken back by `monitor.alerts.withdrawal`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal
from zoneinfo import ZoneInfo

from monitor.alerts.payload import Background, payload_of
from monitor.alerts.waiting import next_digest, quiet_until
from monitor.channels import Channel
from monitor.effects import Effect
from monitor.price_lines import PriceLine
from monitor.rule_checks import QUIET_KINDS
from monitor.settings import Rule, Settings
from monitor.severity import SEVERITIES, Severity, is_used, severity_of
from monitor.subscribers import views
from scrapers.rates import model_key
from storage.nouns import Alert, Event

Effects = Mapping[str, Sequence[Effect]]  # by the event's id


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says to one event; `why` names the first condition that does not hold, or "matches"."""

    rule: str
    matches: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Wait:
    """Until when an event waits (None: for nothing), and in which digest, if in one."""

    until: datetime | None = None
    digest: Literal["", "daily", "weekly"] = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """An event with what is known of it, and the rules that apply to it."""

    event: Event
    severity: Severity
    rules: tuple[Rule, ...]


def alerts_for(
    events: Sequence[Event],
    settings: Settings,
    effects: Effects | None = None,
    lines: Mapping[str, PriceLine] | None = None,
    now: datetime | None = None,
) -> tuple[Alert, ...]:
    """The alerts that the rules make of events, in the order of channels and subscribers in the settings.

    An event that several rules send to one channel is told once, at the soonest of their times. The alert's payload is
    complete (see `monitor.alerts.payload`), so that its sender needs no other table.

    Args:
        events: what happened.
        settings: rules, channels and workloads.
        effects: those on the user's workloads, by the event's id.
        lines: the year before each event, by its id.
        now: when the alerts are written, which decides whether it is quiet and which digest is next; the newest
            capture when None.

    """
    unique = tuple({event.id: event for event in events}.values())
    if not unique:
        return ()
    now = now or max(event.captured_at for event in unique)
    operator, *subscribers = views(settings)
    alerts = _alerts_of(unique, operator, effects or {}, lines or {}, now)
    for view in subscribers:
        own = {workload.id for workload in view.workloads}
        theirs = {name: [each for each in some if each.workload in own] for name, some in (effects or {}).items()}
        alerts += _alerts_of(unique, view, theirs, lines or {}, now)
    return tuple(alerts)


def _alerts_of(
    unique: Sequence[Event], settings: Settings, effects: Effects, lines: Mapping[str, PriceLine], now: datetime
) -> list[Alert]:
    """The alerts of one reader."""
    cases = [_case(event, settings, effects) for event in unique]
    alerts: list[Alert] = []
    for channel in settings.channels:
        for provider in dict.fromkeys(event.provider for event in unique):
            mine = [
                (replace(case, rules=told), _soonest(case, told, settings, now))
                for case in cases
                if case.event.provider == provider
                and (told := tuple(rule for rule in case.rules if channel.id in rule.channels))
            ]
            for wait in _messages([wait for _case, wait in mine]):
                together = [case for case, its in mine if its == wait or (not its.digest and not wait.digest)]
                here = [case.event for case in together]
                aside = [event for event in unique if event.provider == provider and event not in here]
                known = Background(effects, lines, aside, {case.event.id: case.severity for case in together})
                alerts.extend(_alerts(channel, together, wait, settings, known))
    return alerts


def explain(event: Event, settings: Settings, effects: Effects | None = None) -> tuple[RuleVerdict, ...]:
    """What each rule says to an event, for `pricefall rules explain`."""
    own = (effects or {}).get(event.id, ())
    severity = severity_of(event, own, settings.workloads)
    verdicts: list[RuleVerdict] = []
    first = ""
    for rule in settings.rules:
        objection = _objection(event, rule, own, severity, settings)
        if first and objection is None:
            objection = f"rule {first!r} took it before"
        verdicts.append(RuleVerdict(rule.id, objection is None, objection or "matches"))
        if objection is None and settings.alerts.match == "first":
            first = rule.id
    return tuple(verdicts)


def _case(event: Event, settings: Settings, effects: Effects) -> _Case:
    matching = {verdict.rule for verdict in explain(event, settings, effects) if verdict.matches}
    severity = severity_of(event, effects.get(event.id, ()), settings.workloads)
    return _Case(event, severity, tuple(rule for rule in settings.rules if rule.id in matching))


def _soonest(case: _Case, rules: Sequence[Rule], settings: Settings, now: datetime) -> _Wait:
    """The first of the times at which these rules tell an event."""
    zone = ZoneInfo(settings.alerts.time_zone)
    waits = [_wait(rule, case.severity, now, zone) for rule in rules]
    return min(waits, key=lambda wait: (wait.until or now, wait.digest != ""))


def _wait(rule: Rule, severity: Severity, now: datetime, zone: ZoneInfo) -> _Wait:
    if rule.deliver != "immediate":
        day = rule.digest_day if rule.deliver == "weekly" else None
        return _Wait(next_digest(now, rule.digest_time, day, zone), rule.deliver)
    if rule.wake_for != "nothing" and SEVERITIES.index(severity) >= SEVERITIES.index(rule.wake_for):
        return _Wait()
    return _Wait(quiet_until(now, rule.quiet_hours, zone))


def _messages(waits: Sequence[_Wait]) -> Iterator[_Wait]:
    """The waits of the messages that are made: one without digest, at the soonest, and one for each digest."""
    at_once = [wait for wait in waits if not wait.digest]
    if at_once:
        yield _Wait(None if any(wait.until is None for wait in at_once) else min(w.until for w in at_once if w.until))
    yield from dict.fromkeys(wait for wait in waits if wait.digest)


def _alerts(
    channel: Channel, cases: Sequence[_Case], wait: _Wait, settings: Settings, known: Background
) -> Iterator[Alert]:
    named = {rule.id for case in cases for rule in case.rules}
    rules = ",".join(rule.id for rule in settings.rules if rule.id in named)
    events = [case.event for case in cases]
    payload = payload_of(events, rules, settings.language_of(channel), known)
    for address in channel.addresses:
        alert = Alert(
            address,
            rules,
            tuple(event.id for event in events),
            events[0].provider,
            not_before=wait.until,
            digest=wait.digest,
        )
        yield replace(alert, payload={"id": alert.id, **payload})


def _objection(
    event: Event, rule: Rule, effects: Sequence[Effect], severity: Severity, settings: Settings
) -> str | None:
    """The first condition of a rule that an event does not meet, in words; None when it meets all.

    `min_percent` asks for a change of at least that size in either direction. An event that has no percentage (a
    launch, a removal, a change of currency) is not kept back by it.
    """
    rate = event.rate
    if event.kind not in rule.kinds and ("*" not in rule.kinds or event.kind in QUIET_KINDS):
        must = " (it must be named, `*` does not mean it)" if event.kind in QUIET_KINDS else ""
        return f"kind {event.kind!r} is not among {_listed(rule.kinds)}{must}"
    compared: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("provider", event.provider, rule.providers),
        ("meter", rate.meter, rule.meters),
        ("service tier", rate.service_tier, rule.service_tiers),
    )
    for word, value, globs in compared:
        if not any(_is_like(value, glob) for glob in globs):
            return f"{word} {value!r} is not among {_listed(globs)}"
    if not any(_is_model_like(rate.model, glob) for glob in rule.models):
        return f"model {rate.model!r} is not among {_listed(rule.models)}"
    currency = rate.currency or (event.old.currency if event.old else None)
    if rule.currency is not None and currency not in {None, rule.currency}:
        return f"currency {currency} is not {rule.currency}"
    percent = event.percent
    if percent is not None and abs(percent) < rule.min_percent:
        return f"the change of {percent:+.2f} % is smaller than {rule.min_percent:g} %"
    if SEVERITIES.index(severity) < SEVERITIES.index(rule.min_severity):
        return f"its severity {severity!r} is below {rule.min_severity!r}"
    if rule.workloads or rule.min_saving:
        return _bill_objection(event, rule, effects, settings)
    return None


def _bill_objection(event: Event, rule: Rule, effects: Sequence[Effect], settings: Settings) -> str | None:
    """What a rule about workloads misses in an event; a model in use that is no longer listed has no bill."""
    mine = [one for one in effects if not rule.workloads or one.workload in rule.workloads]
    users = [one for one in settings.workloads if not rule.workloads or one.id in rule.workloads]
    if event.kind == "removal" and not rule.min_saving and is_used(event, users):
        return None
    if not mine:
        return f"it changes no bill of {_listed(rule.workloads) if rule.workloads else 'any workload'}"
    saving = max(-one.percent for one in mine)
    if saving < rule.min_saving:
        return f"it saves {saving:.1f} % at most, less than {rule.min_saving:g} %"
    return None


def _is_like(value: str, glob: str) -> bool:
    """Whether a glob fits, without regard to case and width.

    >>> _is_like("DeepSeek", "deep*"), _is_like("openai", "open?i"), _is_like("openai", "open")
    (True, True, False)
    """
    return fnmatchcase(_folded(value), _folded(glob))


def _is_model_like(model: str, glob: str) -> bool:
    """Whether a glob fits a model's name as printed or as compared (separators and bracketed notes do not count).

    >>> _is_model_like("GPT‑4o (2024-08-06)", "gpt-4o"), _is_model_like("GLM 4.5 Air", "glm-4.5*")
    (True, True)
    >>> _is_model_like("gpt-4o-mini", "gpt-4o")
    False
    """
    if _is_like(model, glob):
        return True
    bare = "".join(" " if sign in "-_. " else sign for sign in _folded(glob))
    return fnmatchcase(model_key(model), " ".join(bare.split()))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _listed(words: Sequence[Any]) -> str:
    return ", ".join(repr(word) for word in words)
