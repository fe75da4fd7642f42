"""`pricefall reread`: today's reader over all kept captures, against what was recorded from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.kept_pages import Reread
    from monitor.parts import Parts
    from monitor.rereading import Misreading
    from storage.outcomes import PageState

_KINDS = ("other", "missing", "new")


@click.command()
@click.argument("provider", required=False)
@click.option("--since", metavar="DATE", help="Only captures since then; what was recorded before stands.")
@click.option(
    "--only", type=click.Choice(_KINDS), multiple=True, help="Only prices read otherwise, no longer, or newly."
)
@click.option("--apply", "is_applied", is_flag=True, help="Correct the record by what is listed.")
@click.option("--reason", metavar="TEXT", help="Why, with --apply; asked for in a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def command(
    config_path: str | None,
    provider: str | None,
    since: str | None,
    only: tuple[str, ...],
    is_applied: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Read all kept captures again, and list what was recorded otherwise.

    Use it after a provider file or the reader was repaired. The differences are
    corrections and no events: with --apply the wrong prices are superseded with
    the reason, and only a price that is in force and changes is told, once, as a
    `correction`. What was believed before can still be asked (--as-known-on).

    \b
    pricefall reread deepseek
    pricefall reread deepseek --apply --reason "the unit hint was wrong"
    """
    from monitor.arguments import known_provider, moment
    from monitor.asking import reason_of, this_word
    from monitor.parts import open_locked, open_to_read

    after = moment(since, "--since")
    if reason is not None and not is_applied:
        raise click.UsageError("--reason goes with --apply; without it nothing is changed")
    why = reason_of(reason) if is_applied else ""
    with (open_locked if is_applied else open_to_read)(config_path) as parts:
        found = _reread(parts, known_provider(parts, provider), after, only or _KINDS)
        _show(found, as_json=as_json)
        wrong = [(each.state, each.misread) for each in found if each.misread]
        if is_applied and wrong:
            from monitor.ruling import correct_record

            outcome = correct_record(parts.store, parts.settings, wrong, this_word(why))
            count = sum(len(misread) for _, misread in wrong)
            click.echo(f"{count} recorded prices corrected; {outcome.alerts} messages are queued", err=True)


def _reread(parts: Parts, provider: str | None, since: datetime | None, only: tuple[str, ...]) -> list[Reread]:
    """All pages, with a bar over their captures on a terminal."""
    from dataclasses import replace

    from monitor.kept_pages import pages_to_read, reread
    from monitor.progress import Steps
    from storage.recorded import captures_of

    states = pages_to_read(parts, provider)
    total = sum(len(captures_of(parts.store.connection, state.page_id or 0, since)) for state in states)
    found = []
    with Steps("captures", total) as steps:
        for state in states:
            each = reread(parts, state, since, steps.advance)
            found.append(replace(each, misread=tuple(one for one in each.misread if one.what in only)))
    return found


def _show(found: list[Reread], *, as_json: bool) -> None:
    from monitor.tables import visible, write_rows

    rows = [_row(each.state, wrong) for each in found for wrong in each.misread]
    captures = sum(each.captures - len(each.skipped) for each in found)
    write_rows(
        rows,
        as_json=as_json,
        as_csv=False,
        title=f"{len(rows)} recorded prices are read otherwise in {captures} captures",
        empty=f"{captures} captures say what was recorded",
    )
    for each in found:
        for words in each.skipped[:5]:
            click.echo(f"pricefall: not compared: {visible(words)}", err=True)
        if len(each.skipped) > 5:
            more = len(each.skipped) - 5
            click.echo(f"pricefall: not compared: {more} more captures of {each.state.url}", err=True)


def _row(state: PageState, wrong: Misreading) -> dict[str, Any]:
    from monitor.tables import conditions_text, price_text
    from scrapers.rates import format_instant

    rate, old = wrong.rate, wrong.recorded
    first = wrong.pieces[0].seen_from if old is None else old.seen_from
    last = wrong.pieces[-1].seen_until if old is None else old.seen_until
    return {
        "provider": state.provider,
        "market": state.market,
        "model": rate.model,
        "meter": rate.meter,
        "tier": rate.service_tier,
        "conditions": conditions_text(rate.conditions),
        "what": wrong.what,
        "recorded": None if old is None else price_text(old.rate),
        "reads": ", then ".join(price_text(piece.rate) for piece in wrong.pieces) or None,
        "quote": rate.evidence.quote,
        "from": format_instant(first),
        "until": format_instant(last),
        "in force": wrong.is_in_force,
        "page": state.url,
    }
