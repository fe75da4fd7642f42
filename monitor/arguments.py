"""What people type, checked: dates, providers, meters, kinds; each error proposes what may have been meant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

import click

from monitor.parts import Parts
from scrapers.catalog import nearest
from scrapers.rates import METERS, parse_instant
from storage.nouns import EVENT_KINDS

_PLAIN_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_IN_A_DAY = {"start": timedelta(), "last": timedelta(days=1, seconds=-1), "next": timedelta(days=1)}


def moment(text: str | None, option: str, day: Literal["start", "last", "next"] = "last") -> datetime | None:
    """An ISO 8601 date or instant as an aware one in UTC, None when nothing was said.

    An instant without a zone is in UTC. A plain date is a day in UTC: its last second for a question about one moment,
    its first one where a span begins ("start"), the first one after it where a span ends before it ("next").

    Raises:
        click.UsageError: it is neither.

    """
    if text is None:
        return None
    try:
        found = parse_instant(text.strip())
        if found is not None:
            return found + (_IN_A_DAY[day] if is_plain_day(text) else timedelta())
    except (ValueError, OverflowError) as err:
        raise _no_date(text, option) from err
    raise _no_date(text, option)


def is_plain_day(text: str) -> bool:
    """Whether a date has no time of day.

    >>> is_plain_day("2026-08-13"), is_plain_day("2026-08-13T16:00+08:00")
    (True, False)
    """
    return _PLAIN_DAY.fullmatch(text.strip()) is not None


def _no_date(text: str, option: str) -> click.UsageError:
    return click.UsageError(
        f"{option} {text!r} is no date; write it as 2026-08-13, 2026-08-13T16:00:00Z or 2026-08-14T00:00+08:00"
    )


def known_provider(parts: Parts, name: str | None) -> str | None:
    """A provider of the catalog."""
    if name is not None and name not in parts.catalog:
        raise click.UsageError(
            f"no provider is called {name!r}{nearest(name, parts.catalog)} (see `pricefall providers`)"
        )
    return name


def known_meter(name: str | None) -> str | None:
    """A meter of the contract."""
    if name is not None and name not in METERS:
        raise click.UsageError(f"{name!r} is no meter{nearest(name, METERS)}; known are {', '.join(METERS)}")
    return name


def known_kind(name: str) -> str:
    """A kind of event."""
    if name not in EVENT_KINDS:
        raise click.UsageError(
            f"{name!r} is no kind of event{nearest(name, EVENT_KINDS)}; known are {', '.join(EVENT_KINDS)}"
        )
    return name
