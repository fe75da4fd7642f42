"""The form of pricefall.toml: which keys there are, of which types, within which bounds.

pydantic checks it, because it names all errors of a file at once; the module is imported late, since only loading
settings needs it. The frozen values that the program works with stand in `monitor.settings`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.alerts.guard import UnsafeUrl, check_url
from monitor.alerts.waiting import covers_the_week, parse_day, parse_quiet, parse_time
from monitor.channels import Language
from monitor.form_fields import Address, Duration, Form, Id, Line, keys_of
from monitor.settings import WitnessSettings
from monitor.severity import Severity, WakeFor
from monitor.workloads import parse_tokens
from scrapers.catalog import nearest
from scrapers.feeds.catalog import load_feeds
from scrapers.rates import METERS
from storage.nouns import EVENT_KINDS


def _kind(value: str) -> str:
    if value != "*" and value not in EVENT_KINDS:
        raise ValueError(
            f"{value!r} is no kind of event{nearest(value, EVENT_KINDS)}; known are {', '.join(EVENT_KINDS)}"
        )
    return value


def _meter(value: str) -> str:
    if not any(fnmatchcase(meter, value.casefold()) for meter in METERS):
        what = "fits no meter" if any(sign in value for sign in "*?[") else "is no meter"
        raise ValueError(f"{value!r} {what}{nearest(value, METERS)}; known are {', '.join(METERS)}")
    return value


def _hour(value: str) -> str:
    parse_time(value)
    return value


def _weekday(value: str) -> str:
    parse_day(value)
    return value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _quiet(spans: list[str]) -> list[str]:
    if covers_the_week(parse_quiet(span) for span in spans):
        raise ValueError('they leave no hour of the week, so nothing would ever be sent; write them as "22:00-07:00"')
    return spans


def _zone(value: str) -> str:
    zones = available_timezones()
    if value not in zones:
        raise ValueError(f'{value!r} is no time zone{nearest(value, zones)}; write it as "Europe/Berlin"')
    return value


@cache  # every command reads the settings, which name five feeds
def _feeds() -> tuple[str, ...]:
    return tuple(load_feeds())


def _feed(value: str) -> str:
    feeds = _feeds()
    if value not in feeds:
        raise ValueError(f"{value!r} is no feed{nearest(value, feeds)}; known are {', '.join(feeds)}")
    return value


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha():
        raise ValueError(f'{value!r} is no currency; write the code of ISO 4217, such as "USD" or "CNY"')
    return value.upper()


def _quoted_currency(value: str) -> str:
    code = _currency(value)
    if code not in QUOTED:
        known = ", ".join(QUOTED)
        raise ValueError(f"the ECB quotes no rate for {value!r}{nearest(code, QUOTED)}; known are {known}")
    return code


def _https(value: str) -> str:
    try:
        check_url(value, allow_private=False)
    except UnsafeUrl as err:
        raise ValueError(str(err)) from err
    if "#" in value:
        raise ValueError("holds a #, after which nothing reaches a server; name the address of your endpoint alone")
    return value


def _token_count(value: Any) -> int:
    return parse_tokens(value if isinstance(value, int | str) and not isinstance(value, bool) else repr(value))


def _token_meter(value: str) -> str:
    known = [meter for meter in METERS if "put" in meter or meter == "cache_write"]
    if value not in known:
        raise ValueError(f"{value!r} is no meter of tokens{nearest(value, known)}; known are {', '.join(known)}")
    return value


_CODES = "AUDBRLCADCHFCNYCZKDKKEURGBPHKDHUFIDRILSINRISKJPYKRWMXNMYRNOKNZDPHPPLNRONSEKSGDTHBTRYUSDZAR"
QUOTED = tuple(_CODES[start : start + 3] for start in range(0, len(_CODES), 3))
"""The currencies of which the ECB publishes rates each day; `monitor.exchange` knows more when it is asked."""

Globs = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class FetchForm(Form):
    """`[fetch]`."""

    user_agent: Annotated[Line, Field(min_length=1)] = (
        "Pricefall/0.1 (price monitor; set fetch.contact in pricefall.toml)"
    )
    contact: Line = ""
    timeout: Duration = 30
    page_deadline: Duration = 120
    max_bytes: Annotated[int, Field(gt=0, le=1 << 30)] = 10 * 1024 * 1024
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    retry_after_cap: Duration = 600
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    full_every: Duration = 7 * 86400
    browser: Line = ""
    hosts: dict[str, str] = Field(default_factory=dict)


class ExchangeForm(Form):
    """`[exchange]`."""

    update: Literal["daily", "never"] = "daily"


class MonitorForm(Form):
    """`[monitor]`."""

    confirm_after: Duration = 120
    confirm_large_after: Duration = 1_800
    confirm_removal_after: Duration = 6 * 3_600
    settle_after: Duration = 72 * 3_600
    flap_window: Duration = 7 * 86_400
    lock_timeout: Duration = 0
    jitter: Duration = 600


class RunForm(Form):
    """`[run]`."""

    heartbeat_url: Line | None = None
    heartbeat_url_file: str | None = None
    heartbeat_style: Literal["healthchecks", "uptime-kuma", "plain"] = "healthchecks"
    heartbeat_allow_private: bool = False
    summary_channels: list[str] = Field(default_factory=list)


class HealthForm(Form):
    """`[health]`."""

    channels: list[str] = Field(default_factory=list)
    vanished_after: Annotated[int, Field(ge=1, le=100)] = 3
    failing_after: Annotated[int, Field(ge=1, le=100)] = 3
    layout_after: Annotated[int, Field(ge=1, le=100)] = 2
    unread_margin: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.05
    stale_after: Duration = 3 * 86400
    held_after: Duration = 3 * 86400


class WitnessesForm(Form):
    """`[witnesses]`."""

    feeds: list[Annotated[str, AfterValidator(_feed)]] = Field(default_factory=lambda: list(WitnessSettings().feeds))
    every: Duration = WitnessSettings().every_s


class AlertsForm(Form):
    """`[alerts]`."""

    match: Literal["all", "first"] = "all"
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"


class SubscriberRuleForm(Form):
    """`[[subscriber.rule]]`: a rule whose one channel is the subscriber."""

    id: Id
    kinds: Annotated[list[Annotated[str, AfterValidator(_kind)]], Field(min_length=1)] = Field(
        default_factory=lambda: ["*"]
    )
    providers: Globs = Field(default_factory=lambda: ["*"])
    models: Globs = Field(default_factory=lambda: ["*"])
    meters: Annotated[list[Annotated[str, AfterValidator(_meter)]], Field(min_length=1)] = Field(
        default_factory=lambda: ["*"]
    )
    service_tiers: Globs = Field(default_factory=lambda: ["*"])
    min_percent: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    workloads: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    min_saving: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0.0
    min_severity: Severity = "low"
    deliver: Literal["immediate", "daily", "weekly"] = "immediate"
    digest_time: Annotated[str, AfterValidator(_hour)] = "08:00"
    digest_day: Annotated[str, AfterValidator(_weekday)] = "monday"
    quiet_hours: Annotated[list[str], BeforeValidator(_one_or_more), AfterValidator(_quiet)] = Field(
        default_factory=list
    )
    wake_for: WakeFor = "urgent"


class RuleForm(SubscriberRuleForm):
    """`[[rule]]`."""

    channels: Annotated[list[str], Field(min_length=1)]


class SubscriberForm(Form):
    """`[[subscriber]]`."""

    address: Address
    language: Language | None = None
    currency: Annotated[str, AfterValidator(_quoted_currency)] | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    workloads: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    digest: Literal["daily", "weekly"] | None = None
    rule: list[SubscriberRuleForm] = Field(default_factory=list)


class SubscribersForm(Form):
    """`[subscribers]`."""

    channel: str | None = None
    unsubscribe_url: Annotated[Line, AfterValidator(_https)] | None = None


Tokens = Annotated[int, BeforeValidator(_token_count)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class UseForm(Form):
    """`[[workload.use]]`: shares are in percent."""

    provider: Annotated[str, Field(min_length=1)]
    model: Annotated[Line, Field(min_length=1)]
    market: Line | None = None
    tokens: Annotated[dict[Annotated[str, AfterValidator(_token_meter)], Tokens], Field(min_length=1)]
    batch_share: Percent = 0.0
    peak_share: Percent = 100.0
    context: Tokens = 8_000
    answer: Tokens = 1_000
    mode: Literal["thinking", "non_thinking"] | None = None
    region: Line | None = None
    other: Line | None = None
    cache_ttl: Line = "5m"


class WorkloadForm(Form):
    """`[[workload]]`: discounts and tax are in percent."""

    id: Id
    use: Annotated[list[UseForm], Field(min_length=1)]
    shortlist: Globs = Field(default_factory=lambda: ["*"])
    discounts: dict[str, Percent] = Field(default_factory=dict)
    vat: Percent | None = None
    tokens_factor: dict[str, Annotated[float, Field(gt=0, le=10)]] = Field(default_factory=dict)


class SettingsForm(Form):
    """The whole file; the form of a `[[channel]]` depends on its type, see `monitor.alerts.services`."""

    database: Annotated[str, Field(min_length=1)] = "pricefall.db"
    archive: Annotated[str, Field(min_length=1)] = "archive"
    providers: Annotated[str, Field(min_length=1)] = "providers"
    language: Literal["en", "zh"] = "en"
    fetch: FetchForm = Field(default_factory=FetchForm)
    exchange: ExchangeForm = Field(default_factory=ExchangeForm)
    monitor: MonitorForm = Field(default_factory=MonitorForm)
    run: RunForm = Field(default_factory=RunForm)
    health: HealthForm = Field(default_factory=HealthForm)
    witnesses: WitnessesForm = Field(default_factory=WitnessesForm)
    alerts: AlertsForm = Field(default_factory=AlertsForm)
    channel: list[dict[str, Any]] = Field(default_factory=list)
    rule: list[RuleForm] = Field(default_factory=list)
    subscribers: SubscribersForm = Field(default_factory=SubscribersForm)
    subscriber: list[SubscriberForm] = Field(default_factory=list)
    workload: list[WorkloadForm] = Field(default_factory=list)


def known_keys(loc: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys of the table in which the key at `loc` stands, for the proposal beside a misspelt one.

    Those of channels are named by `monitor.channels`.
    """
    forms: dict[str, type[Form]] = {
        "fetch": FetchForm,
        "exchange": ExchangeForm,
        "monitor": MonitorForm,
        "run": RunForm,
        "health": HealthForm,
        "witnesses": WitnessesForm,
        "alerts": AlertsForm,
        "rule": RuleForm if loc[0] == "rule" else SubscriberRuleForm,
        "subscribers": SubscribersForm,
        "subscriber": SubscriberForm,
        "workload": WorkloadForm,
        "use": UseForm,
    }
    names = [part for part in loc[:-1] if isinstance(part, str)]
    form = forms.get(names[-1], SettingsForm) if names else SettingsForm
    return keys_of(form)
