"""What people type, checked: dates, providers, meters, kinds; each error proposes what may have been meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from monitor.parts import Parts
from scrapers.catalog import nearest
from scrapers.rates import METERS, model_key, parse_instant
from storage import queries
from storage.nouns import EVENT_KINDS
from storage.past_queries import past_providers
from storage.store import Store

if TYPE_CHECKING:
    from monitor.exchange import Exchange

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
    """A provider of the catalog, or one of which something was found later."""
    if name is not None and name not in parts.catalog:
        found_later = past_providers(parts.store)
        if name not in found_later:
            near = nearest(name, {*parts.catalog, *found_later})
            raise click.UsageError(f"no provider is called {name!r}{near} (see `pricefall providers`)")
    return name


def known_meter(name: str | None) -> str | None:
    """A meter of the contract."""
    known_word(name, METERS, "meter")
    return name


def known_word(name: str | None, words: Sequence[str], what: str) -> None:
    """Refuse a word of a fixed list that is none, with what may have been meant."""
    if name is not None and name not in words:
        raise click.UsageError(f"{name!r} is no {what}{nearest(name, words)}; known are {', '.join(words)}")


def known_kind(name: str) -> str:
    """A kind of event."""
    known_word(name, EVENT_KINDS, "kind of event")
    return name


def unknown_words(
    store: Store, model: str | None = None, tier: str | None = None, currency: str | None = None
) -> str | None:
    """What of a question that found nothing stands nowhere in the database, with the nearest that does; None if all do.

    A model's name may be a pattern and is compared folded, so that `GPT4o-mini` is near `gpt-4o-mini`.
    """
    if model is not None and not queries.of_model([{"model": name} for _, name in queries.model_names(store)], model):
        return f"no model that was ever seen matches {model!r}{_nearest_model(store, model)}"
    words: tuple[tuple[Literal["service_tier", "currency"], str | None], ...] = (
        ("service_tier", tier),
        ("currency", currency and currency.upper()),
    )
    for column, word in words:
        known = queries.known_words(store, column)
        if word is not None and known and word not in known:
            return f"no price has the {column.replace('_', ' ')} {word!r}{nearest(word, known)}"
    return None


def _nearest_model(store: Store, pattern: str) -> str:
    printed = dict(queries.model_names(store))
    close = difflib.get_close_matches(model_key(pattern.strip("*?")), printed, n=1)
    return f"; did you mean {printed[close[0]]!r}?" if close else ""


def exchange_into(parts: Parts, target: str, on: date, option: str = "--in") -> tuple[Exchange, str]:
    """The rates of exchange at hand, and the code of a currency that people typed.

    Raises:
        click.UsageError: the ECB has no rate for that currency on that day.

    """
    from monitor.exchange import NoExchangeRate, fetch_rates, open_exchange
    from monitor.parts import utc_now

    fetch = partial(fetch_rates, parts.settings.fetch) if parts.settings.exchange_update == "daily" else None
    exchange = open_exchange(parts.settings.database, fetch=fetch, now=utc_now(), say=warn)
    code = target.strip().upper()
    try:
        exchange.conversion("EUR", code, on)
    except NoExchangeRate as err:
        known = ", ".join(exchange.currencies)
        near = nearest(code, exchange.currencies)
        raise click.UsageError(f"{option} {target}: {err}{near}; known are {known}") from err
    return exchange, code


def warn_of_old(parts: Parts, rows: Sequence[Mapping[str, Any]], at: datetime | None) -> None:
    """Say how many prices nobody had seen for long at `at`, by default now: their pages may say otherwise.

    Long is the setting `[health] stale_after`. What was found later says itself until when it answers.
    """
    from monitor.parts import utc_now

    first = (at or utc_now()) - timedelta(seconds=parts.settings.health.stale_after_s)
    watched = [row["seen_until"] for row in rows if "source" not in row]
    old = [seen for seen in watched if datetime.fromisoformat(seen) < first]
    if old:
        warn(f"{len(old)} of {len(rows)} prices were last seen on {max(old)[:10]} or earlier and may have moved since")


def warn(words: str) -> None:
    """A sentence beside an answer, on standard error."""
    click.echo(f"pricefall: {words}", err=True)
