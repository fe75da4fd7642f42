"""`[[subscriber]]` and `[subscribers]` read and checked, from the settings file and from the command alike.

It is imported late, with the forms, since it needs pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from monitor.channels import Channel, Complaint, EmailChannel
from monitor.form_fields import complaints_of
from monitor.rule_checks import rule_complaints
from monitor.settings_form import SettingsForm, SubscriberForm, SubscriberRuleForm, known_keys
from monitor.subscribers import CHANNEL, Subscriber, SubscriberSettings
from scrapers.catalog import nearest
from storage.subscribers import key_of

if TYPE_CHECKING:
    from monitor.settings import Rule, Settings

Loc = tuple[str | int, ...]


def read_subscribers(form: SettingsForm, providers_dir: Path, complaints: list[Complaint]) -> tuple[Subscriber, ...]:
    """The subscribers of the settings file; what is wrong with them is added to `complaints`."""
    known = [workload.id for workload in form.workload]
    seen: set[str] = set()
    found = []
    for number, table in enumerate(form.subscriber):
        at: Loc = ("subscriber", number)
        if key_of(table.address) in seen:
            complaints.append(Complaint((*at, "address"), f"{table.address!r} is used twice; make it one subscriber"))
        seen.add(key_of(table.address))
        complaints.extend(_complaints(table, at, known, providers_dir, form.alerts.match))
        found.append(_subscriber(table))
    return tuple(found)


def read_subscription(
    form: SettingsForm, channels: Sequence[Channel], complaints: list[Complaint]
) -> SubscriberSettings:
    """`[subscribers]` with the channel whose server it names, or with the only mail channel there is."""
    said = form.subscribers
    mails = {channel.id: channel for channel in channels if isinstance(channel, EmailChannel)}
    named = [str(table["id"]) for table in form.channel if table.get("type") == "email" and "id" in table]
    if said.channel is not None:
        if said.channel not in named:
            message = f"no [[channel]] of type email is called {said.channel!r}{nearest(said.channel, named)}"
            complaints.append(Complaint(("subscribers", "channel"), message))
    elif form.subscriber and len(named) != 1:
        message = "is missing: name the [[channel]] of type email whose server sends to subscribers"
        complaints.append(Complaint(("subscribers", "channel"), message))
    for number, table in enumerate(form.channel):
        if table.get("id") == CHANNEL:
            complaints.append(Complaint(("channel", number, "id"), f"{CHANNEL!r} means all subscribers; name it other"))
    chosen = said.channel or (named[0] if len(named) == 1 else "")
    return SubscriberSettings(mails.get(chosen), said.unsubscribe_url)


def read_added(table: Mapping[str, Any], settings: Settings) -> tuple[Subscriber | None, tuple[Complaint, ...]]:
    """A subscriber that was, or is to be, added by command, or what is wrong with the table."""
    try:
        form = SubscriberForm.model_validate(dict(table))
    except ValidationError as err:
        return None, tuple(complaints_of(err, (), lambda loc: known_keys(("subscriber", 0, *loc))))
    known = [workload.id for workload in settings.workloads]
    wrong = tuple(_complaints(form, (), known, settings.providers_dir, settings.alerts.match))
    return (None, wrong) if wrong else (_subscriber(form, "command"), ())


def _complaints(
    form: SubscriberForm, at: Loc, known: Sequence[str], providers_dir: Path, match: str
) -> Iterator[Complaint]:
    for name in form.workloads:
        if name not in known:
            yield Complaint((*at, "workloads"), f"no workload is called {name!r}{nearest(name, known)}")
    seen: set[str] = set()
    for number, rule in enumerate(form.rule):
        here: Loc = (*at, "rule", number)
        if rule.id in seen:
            yield Complaint((*here, "id"), f"{rule.id!r} is used twice; give each rule its own id")
        seen.add(rule.id)
        for name in rule.workloads:
            if name not in form.workloads:
                message = f"{name!r} is no workload of this subscriber{nearest(name, form.workloads)}"
                yield Complaint((*here, "workloads"), f"{message}; add it to the subscriber's `workloads`")
    has_workloads = bool(form.workloads)
    yield from rule_complaints(form.rule, _rules(form), at, providers_dir, match=match, has_workloads=has_workloads)


def _subscriber(form: SubscriberForm, origin: Any = "settings") -> Subscriber:
    return Subscriber(
        address=form.address,
        rules=_rules(form) or (_rule(SubscriberRuleForm(id="all"), form),),
        language=form.language,
        currency=form.currency,
        time_zone=form.time_zone,
        workloads=tuple(dict.fromkeys(form.workloads)),
        origin=origin,
    )


def _rules(form: SubscriberForm) -> tuple[Rule, ...]:
    return tuple(_rule(rule, form) for rule in form.rule)


def _rule(rule: SubscriberRuleForm, form: SubscriberForm) -> Rule:
    """A rule of a subscriber; one that does not say how it is delivered comes in the subscriber's digest."""
    from monitor.settings import rule_of

    if form.digest is not None and "deliver" not in rule.model_fields_set:
        rule = rule.model_copy(update={"deliver": form.digest})
    return rule_of(rule, (CHANNEL,))
