"""`type = "webhook"`; the signed request is `monitor.alerts.webhook`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from monitor.alerts.delivery import Delivery
from monitor.alerts.posting import to_json
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


MOST_BYTES = 256 * 1024
"""Of a body: servers and functions that take webhooks refuse more, many of them from a megabyte on."""


def _compose(_channel: WebhookChannel, delivery: Delivery) -> dict[str, Any]:
    return capped(delivery.payload)


def capped(payload: Mapping[str, Any], most: int = MOST_BYTES) -> dict[str, Any]:
    """A body of at most so many bytes: the first events that fit, and `more` for the others; whole where it fits.

    The same payload gives the same body each time it is sent.
    """
    if len(to_json(payload)) <= most:
        return dict(payload)
    contents = payload["data"]
    events = contents["events"]
    low, high = 0, len(events)
    while low < high:  # the largest number of events that fits
        middle = (low + high + 1) // 2
        fits = len(to_json(_with_first(payload, middle))) <= most
        low, high = (middle, high) if fits else (low, middle - 1)
    return _with_first(payload, low)


def _with_first(payload: Mapping[str, Any], count: int) -> dict[str, Any]:
    contents = payload["data"]
    hidden = len(contents["events"]) - count
    more = {"more": {"count": hidden, "command": f"pricefall alerts show {payload.get('id', '')} --as json"}}
    return {**payload, "data": {**contents, "events": contents["events"][:count], **(more if hidden else {})}}


def _send(channel: WebhookChannel, delivery: Delivery) -> None:
    from monitor.alerts.webhook import post_webhook

    post_webhook(channel, delivery.id, capped(delivery.payload))


SERVICE = Service(WebhookForm, _read, _compose, _send)
