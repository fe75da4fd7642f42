"""`pricefall backfill`: history from before anybody watched, marked as found later; nobody is ever told of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitor.backfill.wayback import Every
    from monitor.parts import Parts
    from scrapers.catalog import Page, Provider


@click.group()
def command() -> None:
    """Fill in the past: what happened before anybody watched.

    What is found is marked as found later and answers only for the time before
    a seller's pages were watched. Nobody is told of it. See docs/history.md.

    \b
    pricefall backfill history
    pricefall backfill captures saved-pages
    pricefall backfill wayback deepseek --from 2024-05
    """


@command.command("history")
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Your own files of facts instead of the shipped ones.",
)
@click.pass_obj
def history(config_path: str | None, folder: Path | None) -> None:
    """Load the curated facts of 2023 to 2026, each with its source.

    Loading them again changes nothing; it needs no network.

    \b
    pricefall backfill history
    pricefall prices --at 2023-12-15 --model 'gpt-4*'
    """
    say_loaded(config_path, folder)


def say_loaded(config_path: str | None, folder: Path | None = None) -> None:
    """Load facts and say what came of it."""
    from monitor.backfill.facts import SHIPPED_HISTORY
    from monitor.backfill.history import load_history
    from monitor.parts import open_locked, utc_now

    with open_locked(config_path) as parts:
        done = load_history(parts.store, utc_now(), folder or SHIPPED_HISTORY)
    click.echo(
        f"{done.prices} prices and {done.changes} changes from {done.files} files of facts: "
        f"{done.added} rows are new, {done.superseded} taken back"
    )


@command.command("captures")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--provider", metavar="ID", help="Of files whose name or manifest does not say it.")
@click.option("--url", metavar="URL", help="The page that they are copies of, where the provider has several.")
@click.pass_obj
def captures(config_path: str | None, folder: Path, provider: str | None, url: str | None) -> None:
    """Read saved pages of the past, each with its day.

    The day stands in a file's name (2024-05-20, 20240520093000), the provider
    in its folder's or its own; or DIR has a manifest.jsonl with file, provider,
    url and captured. What cannot be used or read is named and counted.

    \b
    pricefall backfill captures saved-pages --provider deepseek
    """
    from monitor.arguments import known_provider
    from monitor.backfill.saved import saved_pages
    from monitor.parts import open_locked, utc_now
    from storage.past_captures import PastCapture, add_past_captures

    with open_locked(config_path) as parts:
        pages, unusable = saved_pages(folder, parts.catalog, known_provider(parts, provider), url)
        for file in unusable:
            click.echo(f"pricefall: {file.file}: {file.why}", err=True)
        found = [
            PastCapture(
                saved.provider.id,
                saved.page.market,
                saved.page.url,
                saved.captured_at,
                "captures",
                saved.file.name,
                parts.archive.put(saved.file.read_bytes()),
            )
            for saved in pages
        ]
        new = add_past_captures(parts.store, found, utc_now())
        click.echo(f"{len(pages)} saved pages, {new} of them new; {len(unusable)} files were not used")
        touched = {(each.provider.id, each.page.market, each.page.url): (each.provider, each.page) for each in pages}
        _read_past(parts, touched.values())


@command.command("wayback")
@click.argument("provider", metavar="PROVIDER")
@click.option("--from", "since", metavar="DATE", default="2023-03", show_default=True, help="The first day or month.")
@click.option("--to", "until", metavar="DATE", help="The last day; default: today.")
@click.option(
    "--every",
    type=click.Choice(["capture", "day", "week", "month"]),
    default="week",
    show_default=True,
    help="At most one copy in each.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many copies this time.")
@click.option("--delay", metavar="TIME", default="5s", show_default=True, help="The pause between two requests.")
@click.pass_obj
def wayback(
    config_path: str | None, provider: str, since: str, until: str | None, every: Every, limit: int | None, delay: str
) -> None:
    """Fetch the Wayback Machine's copies of a provider's pages, and read them.

    One request at a time, with a pause. Called again, it goes on where it
    stopped. Exit status 1: the archive asked for a longer pause, or failed; what
    came is kept.

    \b
    pricefall backfill wayback deepseek --from 2024-05
    pricefall backfill wayback openai --from 2023-03 --to 2024-06 --every day
    """
    from monitor.arguments import moment
    from monitor.backfill.gathering import Wish, gather
    from monitor.parts import read_settings, utc_now
    from scrapers.catalog import choose, load_catalog, parse_duration

    begin = moment(f"{since}-01" if len(since) == len("2023-03") else since, "--from", "start")
    end = moment(until, "--to") or utc_now()
    if begin is None or begin >= end:
        raise click.UsageError("--from is not before --to; turn them round")
    settings = read_settings(config_path)
    seller = choose(load_catalog(settings.providers_dir), [provider])[provider]
    wish = Wish(begin, end, every, limit, float(parse_duration(delay, "--delay")))
    outcome = gather(settings, seller, wish)
    click.echo(f"{outcome.copies} copies came, {outcome.empty} of them without a page; {outcome.known} were known")
    if outcome.pages:
        from monitor.parts import locked_parts

        with locked_parts(settings) as parts:
            _read_past(parts, [(seller, page) for page in outcome.pages])
    if outcome.stopped:
        click.echo(f"pricefall: {outcome.stopped}", err=True)
        sys.exit(1)


def _read_past(parts: Parts, pages: Iterable[tuple[Provider, Page]]) -> None:
    """Read all that is kept of the past of these pages, and say what came of it."""
    from monitor.backfill.replaying import replay_past
    from monitor.parts import utc_now

    for provider, page in pages:
        past = replay_past(parts, provider, page, utc_now())
        for at, why in past.unread:
            click.echo(f"pricefall: {provider.id} {at:%Y-%m-%d %H:%M}Z gave no prices: {why}", err=True)
        click.echo(
            f"{provider.id} {page.market} {page.url}: {past.captures - len(past.unread)} of {past.captures} captures "
            f"read, {past.prices} prices and {past.changes} changes; "
            f"{past.recorded.added} rows are new, {past.recorded.superseded} taken back"
        )
