"""Channels, the ways to reach somebody: what the settings say of them, with their secrets found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from monitor.alerts.guard import UnsafeUrl, check_url
from monitor.channel_secrets import Secret, find_secret, variable_name
from scrapers.catalog import nearest

if TYPE_CHECKING:
    from monitor.alerts.services.service import Service
    from monitor.form_fields import ChannelForm

Language = Literal["en", "zh"]
"""Of messages; a channel without one has that of the settings (`Settings.language_of`)."""


class Channel(Protocol):
    """What every channel has; the rest is known to its service, see `monitor.alerts.services`."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def language(self) -> Language | None: ...
    @property
    def addresses(self) -> tuple[str, ...]:
        """What stands as `channel` in the outbox: one for each who is delivered to on its own."""
        ...

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must be shown in no error, not even where a receiver repeats it."""
        ...


class OneAddress:
    """What is the same in every channel that is one address of delivery."""

    __slots__ = ()
    id: str

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.id,)


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """A mail server and who is written to; each recipient is delivered to on its own."""

    type: ClassVar[str] = "email"
    id: str
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str
    password: Secret | None
    sender: str
    to: tuple[str, ...]
    ca_file: Path | None = None
    timeout_s: int = 20
    language: Language | None = None
    currency: str | None = None  # what a subscriber sees prices in as well

    @property
    def addresses(self) -> tuple[str, ...]:
        """What stands as `channel` in the outbox: one address of delivery a recipient."""
        return tuple(f"{self.id}/{recipient}" for recipient in self.to)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.password,) if self.password else ()


@dataclass(frozen=True, slots=True)
class WebhookChannel(OneAddress):
    """An address that takes signed POST requests; `previous_secret` signs beside `secret` while keys are changed."""

    type: ClassVar[str] = "webhook"
    id: str
    url: Secret
    secret: Secret
    previous_secret: Secret | None = None
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        both = (self.url, self.secret, self.previous_secret)
        return tuple(secret for secret in both if secret is not None)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong in the file, and the path of keys to it."""

    loc: tuple[str | int, ...]
    message: str


def channel_forms(raw: Mapping[str, Any], complaints: list[Complaint]) -> tuple[tuple[int, Service, ChannelForm], ...]:
    """Each `[[channel]]` whose form is right, with its number and its service; errors are added to `complaints`."""
    from monitor.alerts.services.registry import TYPES, service_of

    forms = []
    for number, table in enumerate(tables_of(raw, "channel")):
        loc, kind = ("channel", number), table.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            what = "is missing" if kind is None else f"{kind!r} is no type of channel{nearest(str(kind), TYPES)}"
            complaints.append(Complaint((*loc, "type"), f"{what}; known are {', '.join(TYPES)}"))
            continue
        service = service_of(kind)
        form = _check(service.form, table, loc, complaints)
        forms.extend([] if form is None else [(number, service, form)])
    return tuple(forms)


def _check(
    kind: type[ChannelForm], table: Mapping[str, Any], loc: tuple[str | int, ...], complaints: list[Complaint]
) -> ChannelForm | None:
    from pydantic import ValidationError

    from monitor.form_fields import complaints_of, keys_of

    try:
        return kind.model_validate(dict(table))
    except ValidationError as err:
        complaints.extend(complaints_of(err, loc, lambda _loc: keys_of(kind)))
        return None


def read_channels(
    forms: Sequence[tuple[int, Service, ChannelForm]],
    raw: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
    complaints: list[Complaint],
) -> tuple[tuple[Channel, ...], tuple[str, ...]]:
    """The channels with their secrets, and what a person should be warned of; errors are added to `complaints`."""
    channels: list[Channel] = []
    warnings: list[str] = []
    for number, service, form in forms:
        channel = service.read(form, Place(("channel", number), form.id, folder, env, complaints, warnings))
        channels.extend([channel] if channel else [])
    health = raw.get("health")
    naming = [*tables_of(raw, "rule"), health if isinstance(health, dict) else {}]
    used = {channel for table in naming for channel in _strings(table.get("channels"))}
    run = raw.get("run")
    used |= set(_strings(run.get("summary_channels"))) if isinstance(run, dict) else set()
    served = raw.get("subscribers")
    if isinstance(served, dict) or tables_of(raw, "subscriber"):
        mails = [channel.id for channel in channels if channel.type == "email"]
        used |= {str(served["channel"])} if isinstance(served, dict) and "channel" in served else set(mails)
    unused = [channel.id for channel in channels if channel.id not in used]
    if unused:
        named = ", ".join(map(repr, unused))
        words = (f"channels {named} are", "them") if len(unused) > 1 else (f"channel {named} is", "it")
        warnings.append(f"{words[0]} named by no rule, so nothing is ever sent to {words[1]}")
    return tuple(channels), tuple(warnings)


def tables_of(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of an array such as `[[channel]]`; what has another shape is left to the form to complain of."""
    tables = raw.get(name)
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _strings(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel stands, and where what is found wrong with it is written down."""

    loc: tuple[str | int, ...]
    channel: str
    folder: Path
    env: Mapping[str, str]
    complaints: list[Complaint]
    warnings: list[str]

    def complain(self, key: str, message: str) -> None:
        """Write down what is wrong with a key; the settings are refused."""
        self.complaints.append(Complaint((*self.loc, key), message))

    def secret(self, key: str, plain: str | None, file: str | None) -> Secret | None:
        """A secret from its variable, its file or the settings; None where there is none, or where it is wrong."""
        found = find_secret(self.channel, key, plain, file, self.folder, self.env)
        if found.error:
            self.complain(key if plain is not None and file is None else f"{key}_file", found.error)
        if found.warning:
            self.warnings.append(f"channel {self.channel!r}: {found.warning}")
        return found.secret

    def needed(self, key: str, plain: str | None, file: str | None) -> Secret | None:
        """A secret without which the channel is nothing; a missing one is complained of."""
        secret = self.secret(key, plain, file)
        if secret is None and file is None:
            variable = variable_name(self.channel, key)
            self.complain(key, f"is missing: set {variable}, or name a `{key}_file`")
        return secret

    def check_url(self, key: str, url: str, *, allow_private: bool) -> None:
        """Complain of an address to which nothing may be posted."""
        try:
            check_url(url, allow_private=allow_private)
        except UnsafeUrl as err:
            self.complain(key, str(err))

    def file(self, key: str, name: str | None) -> Path | None:
        """A file of certificates; one that is not there is complained of."""
        if name is None:
            return None
        path = self.folder / Path(name).expanduser()
        if not path.is_file():
            self.complain(key, f"{path} does not exist; name a file of certificates in PEM form")
        return path
