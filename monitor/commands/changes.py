"""`pricefall changes`: what happened to prices since a date, with why it is believed."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.option("--since", metavar="DATE", help="Only what was seen since then; default: the last 30 days.")
@click.option("--until", metavar="DATE", help="Only what was seen before then, or up to the end of a day.")
@click.option("--as-known-on", metavar="DATE", help="Only what had been told by then: an instant, or the end of a day.")
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind: cut, raise, launch, ...; repeat it."
)
@click.option("--provider", metavar="ID", help="Only this provider.")
@click.option("--model", metavar="PATTERN", help="Only models that match.")
@click.option("--why", "with_why", is_flag=True, help="Also say why each is believed; JSON and CSV always do.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def command(
    config_path: str | None,
    since: str | None,
    until: str | None,
    as_known_on: str | None,
    kinds: tuple[str, ...],
    provider: str | None,
    model: str | None,
    with_why: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show what happened to prices, oldest first.

    \b
    pricefall changes --since 2024-05-01 --kind cut --kind free
    pricefall changes --since 2026-08-01 --provider deepseek --json
    """
    from datetime import timedelta

    from monitor.arguments import known_kind, known_provider, moment, unknown_words
    from monitor.parts import open_to_read, utc_now
    from monitor.tables import write_rows
    from storage import queries

    end, known = moment(until, "--until", "next"), moment(as_known_on, "--as-known-on")
    begin = moment(since, "--since", "start") or min(end or utc_now(), known or utc_now()) - timedelta(days=30)
    if end is not None and end <= begin:
        raise click.UsageError(
            f"--until is not after the {begin:%Y-%m-%d} that the search begins with; turn them round"
        )
    wanted = [known_kind(kind) for kind in kinds] or None
    with open_to_read(config_path) as parts:
        rows = queries.changes(
            parts.store,
            begin,
            wanted,
            known_provider(parts, provider),
            model,
            until=end,
            as_known_on=known,
            found_later=True,
        )
        unknown = None if rows else unknown_words(parts.store, model)
    shown = rows if as_json else [_for_people(row, with_why=with_why or as_csv) for row in rows]
    title = f"{len(rows)} changes since {begin:%Y-%m-%d}"
    empty = f"nothing changed since {begin:%Y-%m-%d}{'; ' + unknown if unknown else ''}"
    write_rows(shown, as_json=as_json, as_csv=as_csv, title=title, empty=empty, tells_empty=True)


def _for_people(row: dict[str, Any], *, with_why: bool) -> dict[str, Any]:
    from monitor.commands.prices import model_text, source_text
    from monitor.tables import conditions_text, per_text
    from scrapers.rates import Conditions

    return {
        "seen": row["captured_at"][:10],
        "kind": row["kind"],
        "provider": row["provider"],
        "model": model_text(row),
        "meter": row["meter"] if row["service_tier"] == "standard" else f"{row['meter']} ({row['service_tier']})",
        "conditions": conditions_text(Conditions.from_json(row["conditions"])),
        "old": row["old_amount"],
        "new": row["new_amount"],
        "in": f"{row['currency'] or ''} per {per_text(row['per'], row['unit'])}".strip(),
        "%": None if row["percent"] is None else f"{row['percent']:+.1f}",
        "from": (row["effective_from"] or "")[:10],
        "found_later": source_text(row),
        "why": row["why"] if with_why else None,
    }
