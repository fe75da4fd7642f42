"""`pricefall compare-feeds`: our prices beside those of the feeds; it changes no price and tells nobody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.judging.agreement import Line, OurPrice
    from monitor.parts import Parts
    from scrapers.feeds.prices import FeedPrice
    from storage.store import Store

_Unknown = dict[str, list[dict[str, Any]]]  # keys that gave no rate, by feed
_COLUMNS = ("agree", "disagree", "not comparable", "only here", "only there")


@click.command()
@click.argument("provider", required=False)
@click.option("--feed-file", "files", multiple=True, metavar="FEED=PATH", help="Read a saved feed instead of asking.")
@click.option("--all", "show_all", is_flag=True, help="List each disagreement: ours, theirs, and where each stands.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with counts, disagreements and unknown keys.")
@click.pass_obj
def command(
    config_path: str | None, provider: str | None, files: tuple[str, ...], show_all: bool, as_json: bool
) -> None:
    """Compare the prices in force with what feeds say.

    Feeds that the settings name are asked when they were not asked lately;
    with --feed-file only the saved ones are read, and no network is used.

    \b
    pricefall compare-feeds
    pricefall compare-feeds openai --all
    pricefall compare-feeds --feed-file litellm=prices.json --json
    """
    from monitor.judging.agreement import compare_feeds
    from monitor.parts import open_locked, open_to_read, utc_now

    if files:
        with open_to_read(config_path) as parts:
            ours = _our_prices(parts, provider)
            theirs, unknown = _from_files(parts, files)
    else:
        with open_locked(config_path) as parts:
            ours = _our_prices(parts, provider)
            theirs, unknown = _from_network(parts, sorted({our.provider for our in ours}))
    lines = compare_feeds(ours, theirs, parts.catalog, utc_now())
    if as_json:
        _print_json(lines, unknown)
    else:
        _print_table(lines, unknown, show_all=show_all)


def _our_prices(parts: Parts, provider: str | None) -> list[OurPrice]:
    """The accepted prices in force of one provider or of all."""
    from monitor.arguments import known_provider
    from monitor.judging.agreement import OurPrice
    from monitor.parts import utc_now

    wanted, now = known_provider(parts, provider), utc_now()
    return [
        OurPrice(state.provider, state.market, state.url, rate)
        for state in parts.store.pages()
        if state.page_id is not None and wanted in {None, state.provider}
        for rate in parts.store.accepted_rates(state.page_id)
        if rate.is_in_force(now)
    ]


def _from_files(parts: Parts, files: Iterable[str]) -> tuple[Sequence[FeedPrice], _Unknown]:
    """What saved feeds say, and their unknown keys.

    Raises:
        UsageError: a file is not named as it should be, or cannot be read.
        FeedError: it is no feed of that kind.

    """
    from scrapers.feeds.catalog import choose_feeds, load_feeds
    from scrapers.feeds.read import read_feed

    prices: list[FeedPrice] = []
    unknown: _Unknown = {}
    for words in files:
        name, equals, path = words.partition("=")
        if not equals:
            raise click.UsageError(f"--feed-file {words}: write it as FEED=PATH, for example litellm=prices.json")
        feed = choose_feeds(load_feeds(), [name])[0]
        try:
            body = Path(path).read_bytes()
        except OSError as err:
            raise click.UsageError(f"--feed-file {words}: the file cannot be read ({err.strerror})") from err
        said = read_feed(feed, body, parts.catalog)
        prices += said.matched
        unknown[name] = [_unknown_json(u.key, u.why, u.example, u.count) for u in said.unknown]
    return prices, unknown


def _from_network(parts: Parts, providers: Sequence[str]) -> tuple[Sequence[FeedPrice], _Unknown]:
    """What the feeds of the settings say; one that does not come is named, and what it said last is used."""
    from monitor.parts import utc_now
    from monitor.tables import visible
    from monitor.witnesses import open_stand
    from scrapers.crawl import CrawlSession
    from storage.feeds import stored_feed_prices

    with CrawlSession(parts.settings.fetch, utc_now) as session:
        for report in open_stand(parts, session, utc_now).ask(providers):
            if report.error:
                click.echo(
                    visible(f"pricefall: {report.feed} did not come, its last prices are used: {report.error}"),
                    err=True,
                )
    feeds = parts.settings.witnesses.feeds
    return stored_feed_prices(parts.store, feeds), _stored_unknown(parts.store, feeds)


def _stored_unknown(store: Store, feeds: Sequence[str]) -> _Unknown:
    rows = store.connection.rows("SELECT * FROM feed_unknown_keys ORDER BY feed, key")
    return {
        feed: [_unknown_json(r["key"], r["why"], r["example"], r["count"]) for r in rows if r["feed"] == feed]
        for feed in feeds
    }


def _unknown_json(key: str, why: str, example: str, count: int) -> dict[str, Any]:
    return {"key": key, "count": count, "why": why, "example": example}


def _counts(lines: Iterable[Line]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    seen: set[object] = set()
    for line in lines:
        once = (line.provider, line.url, line.ours.identity) if line.ours is not None else line
        if once not in seen:  # two lineages may differ from one price of ours
            seen.add(once)
            counts.setdefault(line.provider, Counter())[line.outcome] += 1
    return counts


def _print_json(lines: Sequence[Line], unknown: _Unknown) -> None:
    said = {
        "providers": [
            {"provider": name, **{column.replace(" ", "_"): count[column] for column in _COLUMNS}}
            for name, count in _counts(lines).items()
        ],
        "disagreements": [line.to_json() for line in lines if line.outcome == "disagree"],
        "unknown_keys": unknown,
    }
    click.echo(json.dumps(said, ensure_ascii=False, indent=1))


def _print_table(lines: Sequence[Line], unknown: _Unknown, *, show_all: bool) -> None:
    from monitor.tables import print_rows

    rows = [{"provider": name, **{c: count[c] for c in _COLUMNS}} for name, count in _counts(lines).items()]
    print_rows(
        rows, title="prices in force beside the feeds", empty="no price is known; `pricefall run` looks at the pages"
    )
    if show_all:
        shown = [_for_people(line) for line in lines if line.outcome == "disagree"]
        print_rows(shown, title=f"{len(shown)} disagreements", empty="no feed disagrees")
    keys = [{"feed": feed, **entry} for feed, entries in unknown.items() for entry in entries]
    if keys and show_all:
        print_rows(keys, title=f"{len(keys)} keys that no rate was made from")
    elif keys:
        click.echo(
            f"{len(keys)} keys of price objects are not understood and were not read; --all lists them", err=True
        )


def _for_people(line: Line) -> dict[str, Any]:
    from monitor.tables import conditions_text

    said = line.to_json()
    rate = line.ours or line.theirs
    return {
        **{name: said[name] for name in ("provider", "model", "meter")},
        "tier": said["service_tier"],
        "conditions": "" if rate is None else conditions_text(rate.conditions),
        **{name: said[name] for name in ("ours", "theirs", "source", "key", "url")},
    }
