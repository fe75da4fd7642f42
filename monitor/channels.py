"""Channels, the ways to reach somebody: what the settings say of them, with their secrets found."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from monitor.alerts.guard import UnsafeUrl, check_url
from monitor.channel_secrets import Secret, check_signing_secret, find_secret, variable_name

if TYPE_CHECKING:
    from monitor.settings_form import EmailForm, WebhookForm

Language = Literal["en", "zh"]
"""Of messages; a channel without one has that of the settings (`Settings.language_of`)."""


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """A mail server and who is written to; each recipient is delivered to on its own."""

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

    @property
    def addresses(self) -> tuple[str, ...]:
        """What stands as `channel` in the outbox: one address of delivery a recipient."""
        return tuple(f"{self.id}/{recipient}" for recipient in self.to)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.password,) if self.password else ()


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """An address that takes signed POST requests; `previous_secret` signs beside `secret` while keys are changed."""

    id: str
    url: Secret
    secret: Secret
    previous_secret: Secret | None = None
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.id,)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        both = (self.url, self.secret, self.previous_secret)
        return tuple(secret for secret in both if secret is not None)


Channel = EmailChannel | WebhookChannel


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong in the file, and the path of keys to it."""

    loc: tuple[str | int, ...]
    message: str


def read_channels(
    raw: Mapping[str, Any], folder: Path, env: Mapping[str, str], complaints: list[Complaint]
) -> tuple[tuple[Channel, ...], tuple[str, ...]]:
    """The channels whose form is right, with their secrets; errors are added to `complaints`."""
    from pydantic import ValidationError

    from monitor.settings_form import EmailForm, WebhookForm

    channels: list[Channel] = []
    warnings: list[str] = []
    for number, table in enumerate(tables_of(raw, "channel")):
        place = _Place(("channel", number), folder, env, complaints, warnings)
        try:
            if table.get("type") == "email":
                channels.append(_email(EmailForm.model_validate(dict(table)), place))
            elif table.get("type") == "webhook":
                webhook = _webhook(WebhookForm.model_validate(dict(table)), place)
                channels.extend([webhook] if webhook else [])
        except ValidationError:
            continue  # `_check` has named what is wrong
    health = raw.get("health")
    naming = [*tables_of(raw, "rule"), health if isinstance(health, dict) else {}]
    used = {channel for table in naming for channel in _strings(table.get("channels"))}
    warnings.extend(
        f"channel {channel.id!r} is named by no rule, so nothing is ever sent to it"
        for channel in channels
        if channel.id not in used
    )
    return tuple(channels), tuple(warnings)


def tables_of(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of an array such as `[[channel]]`; what has another shape is left to the form to complain of."""
    tables = raw.get(name)
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _strings(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a channel stands, and where what is found wrong with it is written down."""

    loc: tuple[str | int, ...]
    folder: Path
    env: Mapping[str, str]
    complaints: list[Complaint]
    warnings: list[str]

    def complain(self, key: str, message: str) -> None:
        self.complaints.append(Complaint((*self.loc, key), message))

    def secret(self, channel: str, key: str, plain: str | None, file: str | None) -> Secret | None:
        found = find_secret(channel, key, plain, file, self.folder, self.env)
        if found.error:
            self.complain(key if plain is not None and file is None else f"{key}_file", found.error)
        if found.warning:
            self.warnings.append(f"channel {channel!r}: {found.warning}")
        return found.secret

    def file(self, key: str, name: str | None) -> Path | None:
        if name is None:
            return None
        path = self.folder / Path(name).expanduser()
        if not path.is_file():
            self.complain(key, f"{path} does not exist; name a file of certificates in PEM form")
        return path


def _email(form: EmailForm, place: _Place) -> EmailChannel:
    password = place.secret(form.id, "password", form.password, form.password_file)
    if form.username and password is None and form.password_file is None:
        place.complain(
            "username", f"needs a password: set {variable_name(form.id, 'password')}, or name a `password_file`"
        )
    if form.security == "none" and not _is_this_machine(form.host):
        place.complain(
            "security", f'"none" is only for a server on this machine, not for {form.host}; say "starttls" or "tls"'
        )
    return EmailChannel(
        id=form.id,
        host=form.host,
        port=form.port,
        security=form.security,
        username=form.username,
        password=password,
        sender=form.sender,
        to=tuple(dict.fromkeys(form.to)),
        ca_file=place.file("ca_file", form.ca_file),
        timeout_s=form.timeout,
        language=form.language,
    )


def _webhook(form: WebhookForm, place: _Place) -> WebhookChannel | None:
    """The channel, or None when it has no URL or no secret; that is complained about."""
    # A URL is no secret by itself, so that it may stand in the file without a warning.
    url = Secret(form.url) if form.url and form.url_file is None else None
    if url is None or place.env.get(variable_name(form.id, "url")):
        url = place.secret(form.id, "url", form.url, form.url_file) or url
    secret = place.secret(form.id, "secret", form.secret, form.secret_file)
    previous = place.secret(form.id, "previous_secret", form.previous_secret, form.previous_secret_file)
    if url is not None:
        try:
            check_url(url.reveal(), allow_private=form.allow_private)
        except UnsafeUrl as err:
            place.complain("url", str(err))
    elif form.url_file is None:
        place.complain("url", "is missing")
    if secret is None and form.secret_file is None:
        place.complain("secret", f"is missing: set {variable_name(form.id, 'secret')}, or name a `secret_file`")
    for key, words in (("secret", secret), ("previous_secret", previous)):
        wrong = check_signing_secret(words) if words else None
        if wrong:
            place.complain(key, wrong)
    ca_file = place.file("ca_file", form.ca_file)
    if url is None or secret is None:
        return None
    return WebhookChannel(form.id, url, secret, previous, form.allow_private, ca_file, form.language)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
