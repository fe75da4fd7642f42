"""What a person is asked when a decision is made: why. Who decides is whoever is logged in."""

from __future__ import annotations

import sys

import click

from monitor.parts import utc_now
from monitor.ruling import Word, this_user


def reason_of(reason: str | None) -> str:
    """The reason given, or asked for in a terminal, in one line.

    Raises:
        UsageError: there is none.

    """
    if reason is None and sys.stdin.isatty():
        reason = click.prompt("Why")
    words = " ".join((reason or "").split())
    if not words:
        raise click.UsageError("say why with --reason; it is kept with the decision")
    return words


def this_word(reason: str) -> Word:
    """The word of whoever is logged in, now."""
    return Word(reason, this_user(), utc_now())
