"""`pricefall report`: a site of the prices, for looking at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from monitor.classes import CapabilityClass
    from monitor.exchange import Exchange
    from storage.store import Store


@click.command()
@click.option(
    "--db",
    "database",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="This database, instead of that of the settings.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("pricefall-report"),
    show_default=True,
    help="Where the site stands; an older report there is replaced.",
)
@click.option("--at", metavar="DATE", help="As of this date instead of now: an instant, or the end of a day in UTC.")
@click.option(
    "--language",
    type=click.Choice(["both", "en", "zh"]),
    default="both",
    show_default=True,
    help="English, Chinese, or English with a switch.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what the report tells as one JSON object; write nothing.")
@click.pass_obj
def command(
    config_path: str | None, *, database: Path | None, out: Path, at: str | None, language: str, as_json: bool
) -> None:
    """Write a site of all prices that opens from the disk, without network or server.

    It has the cheapest models, what moved this month, a page for each provider
    and model with its price line and the evidence, search, and switches for
    currency and unit.

    \b
    pricefall report --out site
    pricefall report --db old.db --at 2024-06-01 --language zh --out site-2024
    """
    import json
    import time

    from monitor.arguments import moment
    from monitor.parts import utc_now
    from monitor.progress import Steps
    from monitor.report.folder import check_place, replaced_folder
    from monitor.report.paths import LANGUAGES
    from monitor.report.site import report_data, write_site
    from storage.reports import models_known

    when = moment(at, "--at")
    started = time.monotonic()
    if not as_json:
        check_place(out)
    with _opened(config_path, database, is_past=when is not None) as (store, exchange, classes):
        when = when or utc_now().replace(microsecond=0)
        models = models_known(store, when)
        if not models:
            raise click.UsageError(_nothing(store, when))
        if as_json:
            click.echo(json.dumps(report_data(store, exchange, classes, when), ensure_ascii=False, indent=1))
            return
        languages = LANGUAGES if language == "both" else (language,)
        with replaced_folder(out) as folder, Steps("models", models) as steps:
            written = write_site(store, exchange, classes, when, languages, folder, steps.advance)
    click.echo(
        f"{out / 'index.html'}: {written.models} models of {written.providers} providers on {written.pages} pages, "
        f"{written.size / 1e6:.1f} MB, in {time.monotonic() - started:.1f} s"
    )


def _opened(
    config_path: str | None, database: Path | None, *, is_past: bool
) -> AbstractContextManager[tuple[Store, Exchange, tuple[CapabilityClass, ...]]]:
    """The database, the rates of exchange beside it (newer ones are asked for only for a report of now), the classes.

    Raises:
        StoreError: the database is missing, empty or strange; the message says what to do.

    """
    from contextlib import contextmanager
    from functools import partial

    from monitor.classes import load_classes
    from monitor.exchange import fetch_rates, open_exchange
    from monitor.parts import utc_now
    from monitor.settings import load_settings
    from storage.store import Store

    @contextmanager
    def opened() -> Iterator[tuple[Store, Exchange, tuple[CapabilityClass, ...]]]:
        fetch: Any = None
        path, folder = database, None
        if path is None:
            settings = load_settings(Path(config_path) if config_path else None, with_secrets=False)
            path, folder = settings.database, settings.providers_dir.parent
            if settings.exchange_update == "daily" and not is_past:
                fetch = partial(fetch_rates, settings.fetch)
        with Store.open(path, read_only=True) as store:
            yield (
                store,
                open_exchange(
                    path, fetch=fetch, now=utc_now(), say=lambda words: click.echo(f"pricefall: {words}", err=True)
                ),
                load_classes(folder).classes,
            )

    return opened()


def _nothing(store: Store, when: datetime) -> str:
    from scrapers.rates import format_instant
    from storage.queries import first_known

    first = first_known(store)
    if first is None:
        return f"{store.path} knows no price yet; `pricefall run` looks at the pages, then report again"
    return (
        f"no price was seen by {format_instant(when)}; the first was recorded at {format_instant(first)}: name a later "
        "--at, or none"
    )
