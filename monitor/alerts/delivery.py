"""One message on its way to one address: what a service is given to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.alerts.reader import Reader
from monitor.channels import Language


@dataclass(frozen=True, slots=True)
class Delivery:
    """An alert for one address.

    Attributes:
        address: as it stands in the outbox: the channel's id, and after a slash who of several is meant.
        id: the alert's, the same at each try.
        payload: see `monitor.alerts.payload`.
        language: of the words.
        now: the monitor's clock, in UTC.
        reader: the subscriber who gets it; None where it goes to the operator.

    """

    address: str
    id: str
    payload: Mapping[str, Any]
    language: Language
    now: datetime
    reader: Reader | None = None
