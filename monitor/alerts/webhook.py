"""Signed webhooks after Standard Webhooks: `webhook-id` is the alert's id, so a receiver can drop what it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from monitor.alerts.posting import Receiver, post, refusal, to_json
from monitor.channels import WebhookChannel


def post_webhook(
    channel: WebhookChannel, alert_id: str, payload: Mapping[str, Any], *, signed_at: datetime | None = None
) -> None:
    """Post one alert to a webhook.

    Args:
        channel: the address and its secrets.
        alert_id: the `webhook-id`, the same for each attempt.
        payload: the body, see `monitor.alerts.payload`.
        signed_at: the aware UTC time of the attempt; now, unless a test says otherwise. Receivers refuse old ones, so
            it is the real time even where the monitor's clock is set.

    Raises:
        NotNow: no answer, a 3xx, 408, 425, 429 or 5xx.
        Refused: another 4xx.
        ChannelGone: 410.

    """
    body = to_json(payload)
    receiver = Receiver(
        "webhook",
        channel.id,
        channel.url.reveal(),
        channel.secrets,
        channel.allow_private,
        channel.ca_file,
        resent="the next try has the same webhook-id",
    )
    answer = post(receiver, body, signed_headers(channel, alert_id, body, signed_at or datetime.now(UTC)))
    if not answer.is_good:
        raise refusal(answer)


def signed_headers(channel: WebhookChannel, alert_id: str, body: bytes, signed_at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; while a secret is changed, both secrets sign."""
    secrets = [channel.secret] if channel.previous_secret is None else [channel.secret, channel.previous_secret]
    signatures = [Webhook(secret.reveal()).sign(alert_id, signed_at, body.decode()) for secret in secrets]
    return {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": alert_id,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
