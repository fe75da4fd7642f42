"""The settings of one user: pricefall.toml read, checked and turned into frozen values.

All errors of the file come at once, each with its line and key. Paths in the file are relative to the file. Secrets
come from `PRICEFALL_CHANNEL_<ID>_<FIELD>` or from the file that `<field>_file` names; see `monitor.channel_secrets`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from monitor.alerts.waiting import QuietSpan, parse_day, parse_quiet, parse_time
from monitor.channels import Channel, Complaint, Language, channel_forms, read_channels, tables_of
from monitor.heartbeat import Heartbeat, read_heartbeat
from monitor.rule_checks import rule_complaints
from monitor.severity import Severity, WakeFor
from monitor.subscribers import Subscriber, SubscriberSettings, place_of
from monitor.toml_lines import line_of, read_toml
from monitor.workloads import Use, Workload
from scrapers.catalog import CONFIG_DIR, ConfigError, nearest
from scrapers.fetching import FetchSettings

if TYPE_CHECKING:
    from monitor.settings_form import SettingsForm, SubscriberRuleForm, WorkloadForm

DEFAULT_FILE = CONFIG_DIR / "pricefall.toml"
FILE_NAME = "pricefall.toml"


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """`[monitor]`; durations in seconds."""

    confirm_after_s: int = 120
    confirm_large_after_s: int = 1_800
    confirm_removal_after_s: int = 6 * 3_600
    settle_after_s: int = 72 * 3_600
    flap_window_s: int = 7 * 86_400
    lock_timeout_s: int = 0
    jitter_s: int = 600


@dataclass(frozen=True, slots=True)
class RunSettings:
    """`[run]`: who is told of runs as such; see `docs/operating.md`."""

    heartbeat: Heartbeat | None = None
    summary_channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`[health]`: who is told of incidents, and after how many runs or how long; durations in seconds.

    `unread_margin` is a share: 0.05 is five of a hundred amounts. See `docs/health.md`.
    """

    channels: tuple[str, ...] = ()
    vanished_after: int = 3
    failing_after: int = 3
    layout_after: int = 2
    unread_margin: float = 0.05
    stale_after_s: int = 3 * 86400
    held_after_s: int = 3 * 86400


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """`[witnesses]`: feeds by their ids in config/feeds.toml; `every_s` is the time between two questions to one."""

    feeds: tuple[str, ...] = ("litellm", "models.dev", "genai-prices", "openrouter", "llm-prices")
    every_s: int = 6 * 3600


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """`[alerts]`: whether all rules that match apply or only the first, and the IANA zone of their hours."""

    match: Literal["all", "first"] = "all"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which events go to which channels and when; see `monitor.rules` for how each field is compared.

    Attributes:
        deliver: in the message of the change, or in a digest.
        digest_time: of a digest, in minutes after midnight.
        digest_day: of a weekly digest; 0 is Monday.
        quiet_hours: what falls in is sent at their end, but for what is as severe as `wake_for`.

    """

    id: str
    channels: tuple[str, ...]
    kinds: tuple[str, ...] = ("*",)
    providers: tuple[str, ...] = ("*",)
    models: tuple[str, ...] = ("*",)
    meters: tuple[str, ...] = ("*",)
    service_tiers: tuple[str, ...] = ("*",)
    min_percent: float = 0.0
    currency: str | None = None
    workloads: tuple[str, ...] = ()
    min_saving: float = 0.0
    min_severity: Severity = "low"
    deliver: Literal["immediate", "daily", "weekly"] = "immediate"
    digest_time: int = 8 * 60
    digest_day: int = 0
    quiet_hours: tuple[QuietSpan, ...] = ()
    wake_for: WakeFor = "urgent"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one user, with defaults for what the file does not say.

    Attributes:
        path: the file that was read; None when there is none and defaults hold.
        providers_dir: the user's own provider files, which take the place of the shipped ones; it need not exist.
        exchange_update: whether rates of exchange may be fetched when a conversion is asked for.
        subscribers: those of the file; `monitor.subscribers` adds those of the database.
        warnings: sentences that a person should see once, for example about a secret in the settings file.

    """

    path: Path | None
    database: Path
    archive: Path
    providers_dir: Path
    language: Language = "en"
    fetch: FetchSettings = field(default_factory=FetchSettings)
    exchange_update: Literal["daily", "never"] = "daily"
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    run: RunSettings = field(default_factory=RunSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    witnesses: WitnessSettings = field(default_factory=WitnessSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    channels: tuple[Channel, ...] = ()
    rules: tuple[Rule, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    subscription: SubscriberSettings = field(default_factory=SubscriberSettings)
    workloads: tuple[Workload, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[Channel, ...]:
        """All who are written to: the channels, and each subscriber as a channel of one address."""
        subscribers = (place_of(each, self) for each in self.subscribers)
        return (*self.channels, *(place for place in subscribers if place is not None))

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id.

        Raises:
            ConfigError: there is none; the message proposes the nearest.

        """
        for channel in self.channels:
            if channel.id == channel_id:
                return channel
        known = [channel.id for channel in self.channels]
        raise ConfigError(f"no [[channel]] of the settings is called {channel_id!r}{nearest(channel_id, known)}")

    def language_of(self, channel: Channel) -> Language:
        """The language of a channel's messages: its own, else that of all."""
        return channel.language or self.language


def load_settings(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    with_secrets: bool = True,
) -> Settings:
    """The settings from `path`, else `PRICEFALL_CONFIG`, `./pricefall.toml`, `~/.config/pricefall/pricefall.toml`.

    Without any file the defaults hold, with database and archive in `~/.config/pricefall`.

    Args:
        path: what `--config` says.
        env: the environment; `os.environ` unless given.
        cwd: the working directory, for tests.
        with_secrets: False for commands that only read the database: channels are left out, no secret is touched.

    Raises:
        ConfigError: the file is missing or wrong; the message lists every error with its line.

    """
    env = os.environ if env is None else env
    from monitor.subscriber_forms import read_subscribers, read_subscription

    found, home = _find_file(path, env, cwd or Path.cwd())
    if found is None:
        return _freeze(_check({}, []), (), FetchSettings(), None, home, (), ())
    text, raw = read_toml(found)
    complaints: list[Complaint] = []
    form = _check(raw, complaints)
    fetch = _fetch(form, complaints)
    complaints.extend(_cross_check(raw))
    rules = tuple(rule_of(rule, rule.channels) for rule in form.rule)
    providers, match = found.parent / Path(form.providers).expanduser(), form.alerts.match
    complaints.extend(rule_complaints(form.rule, rules, (), providers, match=match, has_workloads=bool(form.workload)))
    subscribers = read_subscribers(form, providers, complaints)
    forms = channel_forms(raw, complaints)
    channels, warnings = read_channels(forms, raw, found.parent, env, complaints) if with_secrets else ((), ())
    subscription = read_subscription(form, channels, complaints)
    heartbeat = read_heartbeat(form.run, found.parent, env, complaints) if with_secrets else None
    if complaints:
        raise ConfigError(_explain(found, text, complaints))
    settings = _freeze(form, rules, fetch, found, found.parent, channels, warnings)
    run = replace(settings.run, heartbeat=heartbeat)
    return replace(settings, run=run, subscribers=subscribers, subscription=subscription)


def write_default(path: Path) -> None:
    """Write the commented default settings to `path`, readable by its owner alone since secrets may be added.

    Raises:
        ConfigError: the file exists already, or the folder cannot be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{path.parent} cannot be made ({err.strerror}); name another place") from err
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target, DEFAULT_FILE.open("rb") as source:
            shutil.copyfileobj(source, target)
    except FileExistsError as err:
        raise ConfigError(f"{path} exists already and is left as it is; edit it, or move it away first") from err
    except OSError as err:
        raise ConfigError(f"{path} cannot be written ({err.strerror}); name another place") from err


def _find_file(path: Path | None, env: Mapping[str, str], cwd: Path) -> tuple[Path | None, Path]:
    """The settings file to read (None when there is none), and the folder that is home without one."""
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    folder = home / ".config" / "pricefall"
    for named, how in ((path, "--config"), (env.get("PRICEFALL_CONFIG"), "PRICEFALL_CONFIG")):
        if named:
            file = cwd / Path(named).expanduser()
            if not file.is_file():
                raise ConfigError(f"{file}: {how} names this file and it does not exist; `pricefall init` writes one")
            return file, folder
    for file in (cwd / FILE_NAME, folder / FILE_NAME):
        if file.is_file():
            return file, folder
    return None, folder


def _check(raw: Mapping[str, Any], complaints: list[Complaint]) -> SettingsForm:
    """The file in its form; errors are added to `complaints`, and the defaults stand in for a wrong file."""
    from pydantic import ValidationError

    from monitor.form_fields import complaints_of
    from monitor.settings_form import SettingsForm, known_keys

    try:
        return SettingsForm.model_validate(dict(raw))
    except ValidationError as err:
        complaints.extend(complaints_of(err, (), known_keys))
        return SettingsForm()


def _cross_check(raw: Mapping[str, Any]) -> Iterator[Complaint]:
    """What only shows when tables are seen together: ids used twice, rules that name no channel."""
    channels, rules = tables_of(raw, "channel"), tables_of(raw, "rule")
    for name, tables in (("channel", channels), ("rule", rules), ("workload", tables_of(raw, "workload"))):
        seen: set[object] = set()
        for number, table in enumerate(tables):
            own = table.get("id")
            if isinstance(own, str) and own in seen:
                yield Complaint((name, number, "id"), f"{own!r} is used twice; give each {name} its own id")
            seen.add(own if isinstance(own, str) else None)
    health = raw.get("health")
    places: list[tuple[str, tuple[str | int, ...], Any]] = [
        (name, ("rule", number, f"{name}s"), rule.get(f"{name}s"))
        for number, rule in enumerate(rules)
        for name in ("channel", "workload")
    ]
    places.append(("channel", ("health", "channels"), health.get("channels") if isinstance(health, dict) else None))
    run = raw.get("run")
    named_in_run = run.get("summary_channels") if isinstance(run, dict) else None
    places.append(("channel", ("run", "summary_channels"), named_in_run))
    for kind, loc, named in places:
        known = [str(table["id"]) for table in tables_of(raw, kind) if "id" in table]
        for name in named if isinstance(named, list) else ():
            if isinstance(name, str) and name not in known:
                yield Complaint(loc, f"no {kind} is called {name!r}{nearest(name, known)}")


def _explain(path: Path, text: str, complaints: list[Complaint]) -> str:
    """All that is wrong, in the order of the file."""
    lines = []
    for complaint in complaints:
        number = line_of(text, complaint.loc)
        key = ""
        for part in complaint.loc:
            key += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
        place = f"{path}" if number is None else f"{path} line {number}"
        lines.append((number or 0, f"{place}: {key.lstrip('.')}: {complaint.message}"))
    return "\n".join(dict.fromkeys(line for _number, line in sorted(lines, key=lambda pair: pair[0])))


def _fetch(form: SettingsForm, complaints: list[Complaint]) -> FetchSettings:
    """`[fetch]`; what the fetcher itself refuses is added to `complaints`."""
    fetch = form.fetch
    try:
        return FetchSettings(
            user_agent=fetch.user_agent,
            contact=fetch.contact,
            timeout_s=fetch.timeout,
            page_deadline_s=fetch.page_deadline,
            max_bytes=fetch.max_bytes,
            retries=fetch.retries,
            retry_after_cap_s=fetch.retry_after_cap,
            concurrency=fetch.concurrency,
            full_every_s=fetch.full_every,
            browser=fetch.browser,
            hosts=dict(fetch.hosts),
        )
    except ConfigError as err:
        key, _, message = str(err).partition(": ")
        complaints.append(Complaint(tuple(key.split(".")), message))
        return FetchSettings()


def _freeze(
    form: SettingsForm,
    rules: tuple[Rule, ...],
    fetch: FetchSettings,
    path: Path | None,
    folder: Path,
    channels: tuple[Channel, ...],
    warnings: tuple[str, ...],
) -> Settings:
    monitor = form.monitor
    return Settings(
        path=path,
        database=folder / Path(form.database).expanduser(),
        archive=folder / Path(form.archive).expanduser(),
        providers_dir=folder / Path(form.providers).expanduser(),
        language=form.language,
        fetch=fetch,
        exchange_update=form.exchange.update,
        monitor=MonitorSettings(
            confirm_after_s=monitor.confirm_after,
            confirm_large_after_s=monitor.confirm_large_after,
            confirm_removal_after_s=monitor.confirm_removal_after,
            settle_after_s=monitor.settle_after,
            flap_window_s=monitor.flap_window,
            lock_timeout_s=monitor.lock_timeout,
            jitter_s=monitor.jitter,
        ),
        run=RunSettings(summary_channels=tuple(dict.fromkeys(form.run.summary_channels))),
        health=_health(form),
        witnesses=WitnessSettings(tuple(dict.fromkeys(form.witnesses.feeds)), form.witnesses.every),
        channels=channels,
        alerts=AlertSettings(form.alerts.match, form.alerts.time_zone),
        rules=rules,
        workloads=tuple(_workload(workload) for workload in form.workload),
        warnings=warnings,
    )


def rule_of(form: SubscriberRuleForm, channels: Iterable[str]) -> Rule:
    """A rule as it is written, for these channels."""
    return Rule(
        id=form.id,
        channels=tuple(dict.fromkeys(channels)),
        kinds=tuple(form.kinds),
        providers=tuple(form.providers),
        models=tuple(form.models),
        meters=tuple(form.meters),
        service_tiers=tuple(form.service_tiers),
        min_percent=form.min_percent,
        currency=form.currency,
        workloads=tuple(form.workloads),
        min_saving=form.min_saving,
        min_severity=form.min_severity,
        deliver=form.deliver,
        digest_time=parse_time(form.digest_time),
        digest_day=parse_day(form.digest_day),
        quiet_hours=tuple(parse_quiet(span) for span in form.quiet_hours),
        wake_for=form.wake_for,
    )


def _workload(form: WorkloadForm) -> Workload:
    """Shares and percentages become exact parts of one."""
    return Workload(
        id=form.id,
        uses=tuple(
            Use(
                provider=use.provider,
                model=use.model,
                tokens=tuple(use.tokens.items()),
                market=use.market,
                batch_share=_part(use.batch_share),
                peak_share=_part(use.peak_share),
                context=use.context,
                answer=use.answer,
                mode=use.mode,
                region=use.region,
                other=use.other,
                cache_ttl=use.cache_ttl,
            )
            for use in form.use
        ),
        shortlist=tuple(form.shortlist),
        discounts=tuple((provider, _part(percent)) for provider, percent in form.discounts.items()),
        vat=None if form.vat is None else _part(form.vat),
        tokens_factor=tuple((name, Fraction(str(factor))) for name, factor in form.tokens_factor.items()),
    )


def _part(percent: float) -> Fraction:
    return Fraction(str(percent)) / 100


def _health(form: SettingsForm) -> HealthSettings:
    health = form.health
    return HealthSettings(
        channels=tuple(dict.fromkeys(health.channels)),
        vanished_after=health.vanished_after,
        failing_after=health.failing_after,
        layout_after=health.layout_after,
        unread_margin=health.unread_margin,
        stale_after_s=health.stale_after,
        held_after_s=health.held_after,
    )
