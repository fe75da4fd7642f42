"""`type = "webhook"`; the signed request is `monitor.alerts.webhook`."""

from __future__ import annotations

from typing import Any, Literal

from monitor.alerts.delivery import Delivery
from monitor.alerts.services.service import Service
from monitor.channel_secrets import Secret, check_signing_secret, variable_name
from monitor.channels import Place, WebhookChannel
from monitor.form_fields import ChannelForm


class WebhookForm(ChannelForm):
    """`[[channel]]` with `type = "webhook"`."""

    type: Literal["webhook"]
    url: str | None = None
    url_file: str | None = None
    secret: str | None = None
    secret_file: str | None = None
    previous_secret: str | None = None
    previous_secret_file: str | None = None
    allow_private: bool = False
    ca_file: str | None = None


def _read(form: WebhookForm, place: Place) -> WebhookChannel | None:
    """The channel, or None when it has no URL or no secret; that is complained about."""
    # A URL is no secret by itself, so that it may stand in the file without a warning.
    url = Secret(form.url) if form.url and form.url_file is None else None
    if url is None or place.env.get(variable_name(form.id, "url")):
        url = place.secret("url", form.url, form.url_file) or url
    secret = place.needed("secret", form.secret, form.secret_file)
    previous = place.secret("previous_secret", form.previous_secret, form.previous_secret_file)
    if url is not None:
        place.check_url("url", url.reveal(), allow_private=form.allow_private)
    elif form.url_file is None:
        place.complain("url", "is missing")
    for key, words in (("secret", secret), ("previous_secret", previous)):
        wrong = check_signing_secret(words) if words else None
        if wrong:
            place.complain(key, wrong)
    ca_file = place.file("ca_file", form.ca_file)
    if url is None or secret is None:
        return None
    return WebhookChannel(form.id, url, secret, previous, form.allow_private, ca_file, form.language)


def _compose(_channel: WebhookChannel, delivery: Delivery) -> dict[str, Any]:
    return dict(delivery.payload)


def _send(channel: WebhookChannel, delivery: Delivery) -> None:
    from monitor.alerts.webhook import post_webhook

    post_webhook(channel, delivery.id, delivery.payload)


SERVICE = Service(WebhookForm, _read, _compose, _send)
