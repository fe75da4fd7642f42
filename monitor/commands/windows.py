"""`pricefall windows [PROVIDER]`: the hours of peak and off-peak prices, and which of them it is now."""

from __future__ import annotations

from datetime import date
from typing import Any

import click


@click.command()
@click.argument("provider", required=False)
@click.option("--at", metavar="INSTANT", help="Which hours held then, instead of now: 2026-08-20T09:00+08:00.")
@click.option("--as-known-on", metavar="DATE", help="As the database knew it then: an instant, or the end of a day.")
@click.option("--all", "with_old", is_flag=True, help="Also the hours that a page stated earlier.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    provider: str | None,
    at: str | None,
    as_known_on: str | None,
    with_old: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show the hours of peak and off-peak prices, and which of them it is now.

    Hours that no window names are of the other kind. A page that has such prices and names no hours is listed too; say
    its hours in a [[window]] of the provider file.

    \b
    pricefall windows deepseek
    pricefall windows --at 2026-10-01T10:00+08:00
    """
    from monitor.arguments import known_provider, moment
    from monitor.hours import Calendars, held_at, market_windows
    from monitor.parts import open_to_read, utc_now
    from monitor.tables import write_rows
    from storage.hours import windows_of
    from storage.queries import windowed_markets

    known = moment(as_known_on, "--as-known-on")
    instant = moment(at, "--at") or known or utc_now()
    calendars = Calendars()
    with open_to_read(config_path) as parts:
        provider = known_provider(parts, provider)
        windows = market_windows(parts.store, parts.catalog, provider, at=instant, as_known_on=known)
        ever = windows_of(parts.store.connection, provider, as_known_on=known) if with_old else []
        markets = windowed_markets(parts.store, provider)
    held = held_at(windows, instant, calendars)
    shown = [each for kept in windows.values() for each in kept]
    today = instant.date()
    rows = [_row(each, held.get((each.provider, each.market)), today) for each in shown]
    rows += [_row(each, None, today) for each in ever if each.ended_at is not None and each not in shown]
    rows += [_unknown(*market) for market in markets if market not in windows]
    if calendars.note():
        click.echo(f"pricefall: {calendars.note()}", err=True)
    shown_rows = rows if as_json else [_for_people(row) for row in rows]
    title = f"hours at {instant:%Y-%m-%dT%H:%M}Z"
    empty = "no price is known that depends on the hour"
    write_rows(shown_rows, as_json=as_json, as_csv=as_csv, title=title, empty=empty)


def _row(kept: Any, held: str | None, on: date) -> dict[str, Any]:
    from scrapers.rates import format_instant
    from scrapers.windows import clock

    window = kept.window
    return {
        "provider": kept.provider,
        "market": kept.market,
        "window": window.name,
        "in_force": None if held is None else held == window.name,
        "zone": window.zone,
        "days": list(window.days),
        "hours": [[clock(minute) for minute in span] for span in window.hours],
        "utc_hours": [[clock(minute) for minute in span] for span in window.utc_hours(on)],
        "calendar": window.calendar,
        "valid_from": format_instant(window.valid_from),
        "source": window.source,
        "quote": window.quote,
        "url": kept.url,
        "seen_from": format_instant(kept.seen_from),
        "seen_until": format_instant(kept.seen_until),
        "ended_at": format_instant(kept.ended_at),
    }


def _unknown(provider: str, market: str) -> dict[str, Any]:
    """A market with prices by the hour of which no hours are known."""
    row: dict[str, Any] = dict.fromkeys(_NAMES)
    return {**row, "provider": provider, "market": market, "days": [], "hours": [], "utc_hours": []}


_NAMES = (
    "provider", "market", "window", "in_force", "zone", "days", "hours", "utc_hours", "calendar", "valid_from",
    "source", "quote", "url", "seen_from", "seen_until", "ended_at",
)  # fmt: skip


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    from monitor.tables import in_force_text
    from scrapers.windows import days_text

    return {
        "provider": row["provider"],
        "market": row["market"],
        "window": row["window"] or "?",
        "in_force": in_force_text(row["in_force"]),
        "days": days_text(row["days"], row["calendar"]) if row["days"] else "",
        "hours": ", ".join("-".join(span) for span in row["hours"]) or "not known",
        "zone": row["zone"],
        "UTC": ", ".join("-".join(span) for span in row["utc_hours"]),
        "from": (row["valid_from"] or "")[:16],
        "ended": (row["ended_at"] or "")[:10],
        "read from": row["quote"] if row["source"] == "page" else row["source"],
    }
