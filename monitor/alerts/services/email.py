"""`type = "email"`; the conversation with the server is `monitor.alerts.mail`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field

from monitor.alerts.delivery import Delivery
from monitor.alerts.messages import compose
from monitor.alerts.services.service import Service
from monitor.channel_secrets import variable_name
from monitor.channels import EmailChannel, Place
from monitor.form_fields import Address, ChannelForm, Duration, Line


class EmailForm(ChannelForm):
    """`[[channel]]` with `type = "email"`."""

    type: Literal["email"]
    host: Annotated[Line, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line = ""
    password: str | None = None
    password_file: str | None = None
    sender: Address = Field(alias="from")
    to: Annotated[list[Address], Field(min_length=1)]
    ca_file: str | None = None
    timeout: Duration = 20


def _read(form: EmailForm, place: Place) -> EmailChannel:
    password = place.secret("password", form.password, form.password_file)
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


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _compose(_channel: EmailChannel, delivery: Delivery) -> str:
    message = compose(delivery.payload, delivery.language)
    return f"Subject: {message.subject}\n\n{message.text}"


def _send(channel: EmailChannel, delivery: Delivery) -> None:
    from monitor.alerts.mail import send_mail

    recipient = delivery.address.partition("/")[2]
    send_mail(channel, recipient, delivery.id, delivery.payload, delivery.language, delivery.now, delivery.reader)


SERVICE = Service(EmailForm, _read, _compose, _send)
