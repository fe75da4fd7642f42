"""`pricefall review`: a person decides about differences that were held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.parts import Parts
    from scrapers.rates import Rate
    from storage.nouns import Pending
    from storage.outcomes import PageState


@click.command()
@click.option(
    "--accept", "accepted", multiple=True, metavar="NUMBER", type=int, help="Believe this one, and tell of it."
)
@click.option("--accept-all", "provider", metavar="PROVIDER", help="Believe all that is held on this provider's pages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def command(config_path: str | None, accepted: tuple[int, ...], provider: str | None, as_json: bool) -> None:
    """Show what was seen and not believed, and decide.

    What is not accepted stays held for as long as the page shows it, and
    vanishes by itself when the page shows the old price again.

    \b
    pricefall review
    pricefall review --accept 2
    """
    from monitor.parts import open_locked, open_to_read
    from monitor.tables import write_rows

    if accepted or provider:
        with open_locked(config_path) as parts:
            for words in _accept(parts, accepted, provider):
                click.echo(words)
        return
    with open_to_read(config_path) as parts:
        rows = [_row(number, state, held) for number, (state, held) in enumerate(_held(parts), start=1)]
    write_rows(rows, as_json=as_json, as_csv=False, title=f"{len(rows)} held", empty="nothing is held")


def _held(parts: Parts) -> list[tuple[PageState, Pending]]:
    return [(state, pending) for state, pending in parts.store.all_pending() if pending.outcome == "held"]


def _row(number: int, state: PageState, held: Pending) -> dict[str, Any]:
    from monitor.tables import price_text

    rate = held.new or held.old
    return {
        "number": number,
        "provider": state.provider,
        "model": rate.model if rate else "",
        "meter": rate.meter if rate else "",
        "kind": held.kind,
        "accepted": price_text(held.old) if held.old else None,
        "page says": price_text(held.new) if held.new else None,
        "since": f"{held.first_seen:%Y-%m-%d}",
        "why": held.why,
        "page": state.url,
    }


def _accept(parts: Parts, numbers: tuple[int, ...], provider: str | None) -> list[str]:
    """Write the chosen held differences into the accepted lists, with their events and alerts."""
    from monitor.parts import utc_now
    from monitor.rules import alerts_for
    from storage.nouns import Event
    from storage.outcomes import Decision

    held = _held(parts)
    for number in numbers:
        if not 1 <= number <= len(held):
            raise click.UsageError(f"there is no number {number}; `pricefall review` lists 1 to {len(held)}")
    chosen = [held[n - 1] for n in numbers] + [pair for pair in held if pair[0].provider == provider]
    told = []
    for state in dict.fromkeys(state for state, _ in chosen):
        if state.page_id is None:
            continue
        mine = [pending for owner, pending in chosen if owner == state]
        accepted = list(parts.store.accepted_rates(state.page_id))
        for pending in mine:
            accepted = _apply(accepted, pending)
        now = utc_now()
        events = parts.store.new_events(
            Event(
                kind=pending.kind if pending.kind not in {"held", "notice"} else "correction",
                provider=state.provider,
                market=state.market,
                captured_at=pending.first_seen,
                old=pending.old,
                new=pending.new,
                confidence=1.0,
                why=f"accepted by a person on {now:%Y-%m-%d}; it had been held: {pending.why}",
                url=state.url,
            )
            for pending in mine
        )
        parts.store.record_decision(
            Decision(
                run_id=None,
                page_id=state.page_id,
                decided_at=now,
                recorded_at=now,
                accepted=tuple(accepted),
                pending=tuple(p for p in parts.store.pending_of(state.page_id) if p not in mine),
                events=events,
                alerts=alerts_for(events, parts.settings),
            )
        )
        told += [f"accepted: {event.provider} {event.rate.model} {event.rate.meter} ({event.kind})" for event in events]
    return told or ["nothing was held there"]


def _apply(accepted: list[Rate], pending: Pending) -> list[Rate]:
    gone = {rate.identity for rate in (pending.old, pending.new) if rate is not None}
    kept = [rate for rate in accepted if rate.identity not in gone]
    return kept if pending.new is None else [*kept, pending.new]
