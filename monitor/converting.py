"""Rates of exchange for the messages of subscribers, as a function that commands hand to the sender.

It stands apart from `monitor.parts`, since no judge and no message may know the rates themselves.
"""

from __future__ import annotations

from functools import partial

import click

from monitor.alerts.reader import Convert
from monitor.exchange import converter, fetch_rates, open_exchange
from monitor.parts import utc_now
from monitor.settings import Settings


def converter_of(settings: Settings) -> Convert:
    """What converts prices, with the ECB's newest rates where `[exchange]` lets them be fetched."""

    def say(words: str) -> None:
        click.echo(f"pricefall: {words}", err=True)

    fetch = partial(fetch_rates, settings.fetch) if settings.exchange_update == "daily" else None
    return converter(lambda: open_exchange(settings.database, fetch=fetch, now=utc_now(), say=say))
