"""Rules: which events are told to whom, and the alerts that carry them.

Related events travel together: one alert for each address of delivery and provider, whatever number of rules named
it. Alerts about one provider on one channel keep their order (`order_key` is the provider), so a rise never arrives
before the cut that it follows. What is undone later is taken back by `monitor.alerts.withdrawal`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from monitor.alerts.payload import Background, payload_of
from monitor.channels import Channel
from monitor.effects import Effect
from monitor.price_lines import PriceLine
from monitor.settings import Rule, Settings
from scrapers.rates import model_key
from storage.nouns import Alert, Event

Effects = Mapping[str, Sequence[Effect]]  # by the event's id
QUIET_KINDS = frozenset({"held", "notice"})
"""Kinds that a rule must name itself: `*` does not mean them."""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule says to one event; `why` names the first condition that does not hold, or "matches"."""

    rule: str
    matches: bool
    why: str


def alerts_for(
    events: Sequence[Event],
    settings: Settings,
    effects: Effects | None = None,
    lines: Mapping[str, PriceLine] | None = None,
) -> tuple[Alert, ...]:
    """The alerts that the rules make of events, in the order of the channels in the settings.

    An event that several rules send to one channel is told once. The alert's payload is complete (see
    `monitor.alerts.payload`), so that its sender needs no other table. `effects` are those on the user's workloads,
    `lines` the year before, both by the event's id.
    """
    effects = effects or {}
    alerts: list[Alert] = []
    unique = tuple({event.id: event for event in events}.values())
    for channel in settings.channels:
        rules = [rule for rule in settings.rules if channel.id in rule.channels]
        for provider in dict.fromkeys(event.provider for event in unique):
            told = [
                (event, [rule.id for rule in rules if _objection(event, rule, effects) is None])
                for event in unique
                if event.provider == provider
            ]
            told = [(event, names) for event, names in told if names]
            if told:
                named = {name for _event, names in told for name in names}
                in_order = ",".join(rule.id for rule in rules if rule.id in named)
                mine = [event for event, _names in told]
                aside = [event for event in unique if event.provider == provider and event not in mine]
                known = Background(effects, lines or {}, aside)
                alerts.extend(_alerts(channel, in_order, mine, settings, known))
    return tuple(alerts)


def explain(event: Event, settings: Settings, effects: Effects | None = None) -> tuple[RuleVerdict, ...]:
    """What each rule says to an event, for `pricefall alerts explain`."""
    verdicts = []
    for rule in settings.rules:
        objection = _objection(event, rule, effects or {})
        verdicts.append(RuleVerdict(rule.id, objection is None, objection or "matches"))
    return tuple(verdicts)


def _alerts(
    channel: Channel, rules: str, events: Sequence[Event], settings: Settings, known: Background
) -> list[Alert]:
    payload = payload_of(events, rules, settings.language_of(channel), known)
    alerts = []
    for address in channel.addresses:
        alert = Alert(address, rules, tuple(event.id for event in events), events[0].provider)
        alerts.append(replace(alert, payload={"id": alert.id, **payload}))
    return alerts


def _objection(event: Event, rule: Rule, effects: Effects) -> str | None:
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
    if rule.workloads or rule.min_saving:
        return _bill_objection(rule, effects.get(event.id, ()))
    return None


def _bill_objection(rule: Rule, effects: Sequence[Effect]) -> str | None:
    """What a rule about workloads misses in the effects of an event."""
    mine = [one for one in effects if not rule.workloads or one.workload in rule.workloads]
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
