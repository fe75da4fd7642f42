"""Health: what is wrong with the watching itself, decided at the end of every run from what the database remembers.

`evaluate` is pure: the histories of pages and the known incidents go in, what begins and ends comes out. An incident is
told when it begins and when it is over. One that comes back within a day of its end is the same one: that is told once,
and from then on its end only after a calm day. `docs/health.md` has the kinds and their thresholds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.alerts.health_words import why_text
from monitor.alerts.payload import health_payload
from monitor.page_health import FAILURES, Finding, Thresholds, find_on_page, runs_of
from monitor.settings import HealthSettings, Settings
from scrapers.catalog import Provider
from scrapers.rates import format_instant, parse_instant
from storage.incidents import Incident, IncidentKind, known_incidents
from storage.nouns import Alert
from storage.page_histories import FailedLook, PageHistory, page_histories
from storage.store import Store

CALM = timedelta(days=1)
STORM_PAGES = 6
STORM_PROVIDERS = 3

PageKey = tuple[str, str, str]
IncidentKey = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class HealthChanges:
    """What an evaluation came to.

    Attributes:
        changed: every incident with a new state, to be written.
        opened: those among them that somebody must be told of.
        closed: those whose end somebody must be told of.
        open: all that is open now.

    """

    changed: tuple[Incident, ...] = ()
    opened: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    open: tuple[Incident, ...] = ()


def look_at_health(store: Store, settings: Settings, catalog: Iterable[Provider], now: datetime) -> HealthChanges:
    """`evaluate` with what the database remembers and the catalog watches; nothing where nothing is watched."""
    watched = {
        (provider.id, page.market, page.url): provider.interval_s
        for provider in catalog
        if provider.enabled
        for page in provider.pages
        if page.enabled
    }
    if not watched:
        return HealthChanges()
    known = known_incidents(store, now - CALM)
    return evaluate(page_histories(store), known, settings, now, watched=watched)


def evaluate(
    histories: Iterable[PageHistory],
    known: Sequence[Incident],
    settings: Settings,
    now: datetime,
    *,
    watched: Mapping[PageKey, int],
) -> HealthChanges:
    """What begins and what is over.

    Args:
        histories: of all pages that were ever looked at.
        known: open incidents, those closed within a day, and those whose end is not told yet.
        settings: the thresholds of `[health]`, and what `[fetch]` and `[monitor]` say of full looks and flapping.
        now: aware UTC.
        watched: the enabled pages of the catalog, with the interval of their provider in seconds.

    """
    pages = [history for history in histories if history.page in watched]
    is_open = {incident.key: incident for incident in known if incident.closed_at is None}
    outage = _outage(pages, known)
    ends_now = outage is None and any(incident.kind == "outage" for incident in is_open.values())
    calm_from = now if ends_now else _end_of_outage(known)
    flap_window = timedelta(seconds=settings.monitor.flap_window_s)
    found: dict[IncidentKey, Finding] = {}
    for history in pages:
        interval_s = watched[history.page]
        thresholds = Thresholds(settings.health, interval_s, settings.fetch.full_every_s, flap_window, calm_from)
        mine = {each.kind: each for each in is_open.values() if each.page == history.page}
        for finding in find_on_page(history, mine, thresholds, now):
            said = finding if outage is None else _in_an_outage(finding, mine)
            if said is not None:
                found[said.key] = said
    if outage is not None:
        found[outage.key] = outage
    return _settle(found, known, now, frozenset(watched))


def _in_an_outage(finding: Finding, is_open: Mapping[IncidentKind, Incident]) -> Finding | None:
    """What is told of a page while many fail: no new failure, and one that was known before goes on as it was."""
    if finding.kind in is_open or finding.kind not in {*FAILURES, "stale"}:
        return finding
    known = next((kind for kind in FAILURES if kind in is_open), None)
    return None if known is None or finding.kind == "stale" else replace(finding, kind=known)


def notices(changes: HealthChanges, settings: Settings, now: datetime) -> tuple[Alert, ...]:
    """The messages to the channels of `[health]`: one for all that began and one for all that is over."""
    alerts = []
    for channel in settings.channels:
        for incidents, is_end in ((changes.opened, False), (changes.closed, True)):
            if channel.id not in settings.health.channels or not incidents:
                continue
            payload = health_payload(incidents, now, settings.language_of(channel), is_end=is_end)
            ids = tuple(_notice_id(incident, is_end=is_end) for incident in incidents)
            for address in channel.addresses:
                alert = Alert(address, "health", ids, "health")
                alerts.append(replace(alert, payload={"id": alert.id, **payload}))
    return tuple(alerts)


def _notice_id(incident: Incident, *, is_end: bool) -> str:
    """Names one telling of an incident, so that it is queued once whatever happens."""
    words = (*incident.key, format_instant(incident.opened_at) or "", str(incident.reopened), str(is_end))
    return "inc_" + hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:24]


def stands_still(last_run_at: datetime | None, settings: HealthSettings, now: datetime) -> Incident | None:
    """The incident that no run can find: that there was no run for as long as makes a page stale."""
    if last_run_at is None or now - last_run_at < timedelta(seconds=settings.stale_after_s):
        return None
    facts = {"last_run": format_instant(last_run_at)}
    return Incident("stale", "", "", "", last_run_at, now, why_text("stale", facts, "en"), facts=facts)


@dataclass(frozen=True, slots=True)
class _Storm:
    """Pages that began to fail together, and how many were looked at since the run in which it began."""

    members: list[PageHistory]
    looked: int
    since: datetime

    @property
    def is_real(self) -> bool:
        providers = {history.state.provider for history in self.members}
        many = len(self.members) >= STORM_PAGES and len(providers) >= STORM_PROVIDERS
        return many and 2 * len(self.members) > self.looked


def _outage(pages: Sequence[PageHistory], known: Sequence[Incident]) -> Finding | None:
    """More than half of the pages fail since the same moment: that is one incident, and rarely the pages' fault."""
    now_open = next((each for each in known if each.kind == "outage" and each.closed_at is None), None)
    if now_open is not None:
        began = parse_instant(now_open.facts["began"]) or now_open.since  # of an outage that came back, the last time
        if _is_over(pages, began):
            return None
        failing = [history for history in pages if history.failures]
        looked = [history for history in pages if (history.state.last_checked_at or began) >= began]
        return _outage_finding(failing, len(looked), began)
    calm_from = _end_of_outage(known)
    firsts = {history.page: looks[0] for history in pages if (looks := runs_of(history, calm_from))}
    storms = [_storm_at(look, firsts, pages) for look in firsts.values()]
    worst = max((storm for storm in storms if storm.is_real), key=lambda storm: len(storm.members), default=None)
    return None if worst is None else _outage_finding(worst.members, worst.looked, worst.since)


def _storm_at(moment: FailedLook, firsts: Mapping[PageKey, FailedLook], pages: Sequence[PageHistory]) -> _Storm:
    """The pages that were good before this failure and failed first then or later; and all looked at since."""
    members = [
        history
        for history in pages
        if (first := firsts.get(history.page)) is not None
        and first.failed_at >= moment.failed_at
        and (history.state.last_ok_at is None or history.state.last_ok_at <= moment.failed_at)
    ]
    looked = sum((history.last_run_id or 0) >= (moment.run_id or 0) for history in pages)
    return _Storm(members, looked, moment.failed_at)


def _is_over(pages: Sequence[PageHistory], since: datetime) -> bool:
    """Most of what was looked at since the first recovery is good, and not of one provider alone."""
    good = [h for h in pages if not h.failures and h.state.last_ok_at is not None and h.state.last_ok_at > since]
    if not good:
        return not any(history.failures for history in pages)
    first = min(history.state.last_ok_at for history in good if history.state.last_ok_at)
    failing = [h for h in pages if h.failures and h.state.last_checked_at and h.state.last_checked_at >= first]
    wanted = min(2, len({history.state.provider for history in pages}))
    return len({history.state.provider for history in good}) >= wanted and len(good) > len(failing)


def _outage_finding(failing: Sequence[PageHistory], looked: int, since: datetime) -> Finding:
    kinds = Counter(history.failures[-1].kind for history in failing if history.failures)
    facts = {
        "began": format_instant(since),
        "pages": len(failing),
        "looked": max(looked, len(failing)),
        "providers": len({history.state.provider for history in failing}),
        "kinds": dict(kinds.most_common(5)),
    }
    return Finding("outage", ("", "", ""), since, facts)


def _end_of_outage(known: Iterable[Incident]) -> datetime | None:
    """Failures up to the end of an outage are its own and are not counted against a page."""
    return max((each.closed_at for each in known if each.kind == "outage" and each.closed_at), default=None)


def _settle(
    found: Mapping[IncidentKey, Finding], known: Sequence[Incident], now: datetime, watched: frozenset[PageKey]
) -> HealthChanges:
    """Findings against known incidents: begun, brought up to date, come back, over, and ends that are due."""
    newest = {incident.key: incident for incident in known}  # they come in order
    changed, opened, closed, still_open = [], [], [], []
    for key, finding in found.items():
        before = newest.get(key)
        if before is not None and _is_long_over(before, now):
            if not before.is_end_told:  # it is back as another incident: nobody needs to hear of that end
                changed.append(replace(before, is_end_told=True))
            before = None
        state = _begun(finding, before, now)
        if state != before:
            changed.append(state)
        if before is None or (before.closed_at is not None and state.reopened == 1):
            opened.append(state)
        still_open.append(state)
    for incident in newest.values():
        if incident.key in found or incident.is_end_told:
            continue
        state = _ended(incident, found, now, watched)
        if state != incident:
            changed.append(state)
        if state.is_end_told and "end" not in state.facts:
            closed.append(state)
    return HealthChanges(tuple(changed), tuple(opened), tuple(closed), tuple(still_open))


def _is_long_over(incident: Incident, now: datetime) -> bool:
    return incident.closed_at is not None and incident.closed_at < now - CALM


def _begun(finding: Finding, before: Incident | None, now: datetime) -> Incident:
    """The open incident: a new one, the one that goes on, or the one that came back."""
    why = why_text(finding.kind, finding.facts, "en")
    if before is None:
        return Incident(
            finding.kind, *finding.page, finding.since, now, why, subject=finding.subject, facts=finding.facts
        )
    state = replace(before, why=why, facts=finding.facts)
    if before.closed_at is None:
        return state
    return replace(state, closed_at=None, is_end_told=False, reopened=before.reopened + 1)


def _ended(
    incident: Incident, found: Mapping[IncidentKey, Finding], now: datetime, watched: frozenset[PageKey]
) -> Incident:
    """The closed incident; where the page did not recover, `facts` say so under `end` and nobody is told.

    The end of an incident that came back is told after a calm day.
    """
    if incident.closed_at is not None:
        return replace(incident, is_end_told=incident.closed_at <= now - CALM)
    others = {finding.kind for finding in found.values() if finding.page == incident.page}
    end = ""
    if incident.provider and incident.page not in watched:
        end = "not watched any more"
    elif incident.kind in {*FAILURES, "stale"} and others & set(FAILURES):
        end = f"goes on as {', '.join(sorted(others & set(FAILURES)))}"
    if end:
        return replace(incident, closed_at=now, is_end_told=True, facts={**incident.facts, "end": end})
    return replace(incident, closed_at=now, is_end_told=incident.reopened == 0)
