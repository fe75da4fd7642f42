"""`pricefall provider`: draft a provider file from a page, try it on a page, check all files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.settings import Settings
    from scrapers.catalog import Page, Provider
    from scrapers.fetching import Capture, FetchTask
    from scrapers.rates import PriceList


@click.group()
def command() -> None:
    """Add a provider: draft its file from a page, try it, check it."""


@command.command()
@click.argument("source", metavar="URL|FILE")
@click.option("--id", "provider_id", metavar="ID", help="The file's name; taken from the address unless given.")
@click.option("--url", metavar="URL", help="Where a saved FILE came from.")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def new(
    config_path: str | None, source: str, provider_id: str | None, url: str | None, force: bool, as_json: bool
) -> None:
    """Record a page, show what it says, and write its provider file.

    \b
    What the page leaves open is marked `# ?` in the file; nothing is guessed.
    Exit status 1 when no price can be read before a doubt is settled, 3 when
    the page holds no model prices (then no file is written).

    \b
    pricefall provider new https://example.com/pricing
    pricefall provider new saved.html --id example --url https://example.com/pricing
    """
    from monitor.parts import read_settings, utc_now
    from monitor.tables import complaint_text, print_rates, visible
    from scrapers.catalog import load_catalog, load_provider
    from scrapers.documents.decode import decode
    from scrapers.documents.read import read_document
    from scrapers.drafting import draft_provider, propose_id
    from scrapers.fetching import FetchTask
    from storage.archive import Archive

    settings = read_settings(config_path)
    is_fetched = source.startswith(("http://", "https://"))
    address = source if is_fetched else url or ""
    name = provider_id or propose_id(address or source)
    target = settings.providers_dir / f"{name}.toml"
    if not force:
        _refuse_known(load_catalog(settings.providers_dir), name, target, address)
    charset = None
    if is_fetched:
        capture = _capture(settings, FetchTask(name, source, ask_in_full=True))
        body, charset = capture.body, capture.charset
    else:
        body = _saved(Path(source))
    read = _read_or_stop(source, body, charset)
    sha256 = Archive(settings.archive).put(body)
    draft = draft_provider(
        name,
        address,
        read,
        text=decode(body, charset),
        language=read_document(body, charset=charset).language,
        seen_on=utc_now().date() if is_fetched else None,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    before = target.read_bytes() if target.exists() else None
    target.write_text(draft.toml, encoding="utf-8")
    try:
        load_provider(target)
    except Exception:
        target.unlink() if before is None else target.write_bytes(before)
        raise
    if as_json:
        said: dict[str, Any] = {"id": name, "file": str(target), "page": str(Archive(settings.archive).path_of(sha256))}
        said |= {"rates": len(read.rates), "complaints": _complaints(read)}
        said |= {"doubts": draft.doubts, "twins": draft.twins}
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    print_rates(read.rates, title=name)
    for complaint in read.complaints:
        click.echo(complaint_text(complaint), err=True)
    for doubt in draft.doubts:
        click.echo(visible(f"? {doubt}"))
    click.echo(
        f"wrote {target}, kept the page; settle the lines with `# ?`, then: pricefall provider try {name}"
        + ("" if is_fetched else f" --page {source}")
    )
    sys.exit(0 if read.rates else 1)


@command.command(name="try")
@click.argument("provider_id", metavar="ID")
@click.option("--page", "file", type=click.Path(path_type=Path), help="Read this saved page instead of fetching.")
@click.option("--url", metavar="URL", help="Which of the provider's pages; all of them unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a page, in an array.")
@click.pass_obj
def try_(config_path: str | None, provider_id: str, file: Path | None, url: str | None, as_json: bool) -> None:
    """Read a provider's pages with its file and say what is missing; nothing is stored.

    Exit status 1 when something is missing.
    """
    from monitor.parts import read_settings
    from monitor.tables import complaint_text, print_rates, visible
    from scrapers.catalog import ConfigError, choose, load_catalog

    settings = read_settings(config_path)
    provider = choose(load_catalog(settings.providers_dir), [provider_id])[provider_id]
    pages = [page for page in provider.pages if url is None or page.url == url]
    if not pages:
        raise ConfigError(f"{provider_id} has no page{f' {url}' if url else ''}; add a [[page]] with its `url`")
    results = [_tried(settings, provider, page, file) for page in (pages[:1] if file else pages)]
    if as_json:
        click.echo(json.dumps([_tried_json(*result) for result in results], ensure_ascii=False, indent=1))
    else:
        for page, read, missing in results:
            if read is not None:
                print_rates(read.rates, title=page.url)
                for complaint in read.complaints:
                    click.echo(complaint_text(complaint))
            for words in missing:
                click.echo(visible(f"missing: {words}"))
            if not missing:
                click.echo(f"{page.url}: nothing is missing")
    sys.exit(1 if any(missing for _, _, missing in results) else 0)


@command.command()
@click.argument("provider_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON array of findings.")
@click.pass_obj
def check(config_path: str | None, provider_id: str | None, as_json: bool) -> None:
    """Check one provider file or all: keys, addresses, expectations against the last capture.

    Exit status 1 when something is wrong, 0 when there are only warnings.
    """
    from monitor.parts import read_settings
    from monitor.provider_check import check_files
    from monitor.tables import print_rows

    found = check_files(read_settings(config_path), provider_id)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_rows(found, title="Provider files", empty="nothing is wrong with the provider files")
    sys.exit(1 if any(row["level"] == "wrong" for row in found) else 0)


def _refuse_known(catalog: dict[str, Provider], name: str, target: Path, address: str) -> None:
    from scrapers.catalog import ConfigError

    if target.exists() or name in catalog:
        raise ConfigError(
            f"there is a provider {name!r} already; look at it with `pricefall provider try {name}`, give the new one "
            f"another --id, or overwrite {target} with --force"
        )
    for provider in catalog.values():
        if address and any(page.url.rstrip("/") == address.rstrip("/") for page in provider.pages):
            raise ConfigError(
                f"{address} is a page of {provider.id!r} already; see `pricefall provider try {provider.id}`"
            )


def _capture(settings: Settings, task: FetchTask) -> Capture:
    """One page as it came.

    Raises:
        FetchError: it did not come.

    """
    from monitor.parts import utc_now
    from scrapers.crawl import CrawlSession
    from scrapers.fetching import FetchFailure

    click.echo(f"fetching {task.url}", err=True)
    with CrawlSession(settings.fetch, utc_now) as session:
        (outcome,) = list(session.fetch([task]))
    if isinstance(outcome, FetchFailure):
        raise outcome.error
    return outcome


def _saved(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise click.UsageError(f"{path} cannot be read: {err.strerror}; give a saved page or an http address") from err


def _read_or_stop(source: str, body: bytes, charset: str | None) -> PriceList:
    """What a page says without hints, complaints alone where it lacks hints; ends the command where no prices are."""
    from monitor.parts import utc_now
    from scrapers.documents.read import read_document
    from scrapers.errors import LayoutError, NoTable
    from scrapers.rates import PriceList
    from scrapers.reader import read_blocks, read_page

    try:
        return read_page(body, captured_at=utc_now(), charset=charset)
    except NoTable as err:
        parts = [part for _, _, part in read_blocks(read_document(body, charset=charset), captured_at=utc_now())]
        complaints = tuple(complaint for part in parts for complaint in part.complaints)
        if any(complaint.kind == err.found for complaint in complaints):
            return PriceList((), complaints)
        click.echo(f"pricefall: {source}: no model prices ({err.found}): {err.message}; nothing was written", err=True)
    except LayoutError as err:
        click.echo(f"pricefall: {source}: {err.message}; nothing was written", err=True)
    sys.exit(3)


def _tried(
    settings: Settings, provider: Provider, page: Page, file: Path | None
) -> tuple[Page, PriceList | None, list[str]]:
    """One page with its file: what was read, and what is missing."""
    from monitor.parts import utc_now
    from monitor.provider_check import unmet
    from scrapers.errors import FetchError, LayoutError
    from scrapers.fetching import FetchTask
    from scrapers.reader import read_page

    companion = None
    if file is not None:
        body, charset = _saved(file), None
    else:
        try:
            capture = _capture(settings, FetchTask.for_page(provider, page, ask_in_full=True))
        except FetchError as err:
            return page, None, [str(err)]
        body, charset, companion = capture.body, capture.charset, capture.companion
    try:
        read = read_page(body, hints=page.hints, captured_at=utc_now(), charset=charset, companion=companion)
    except LayoutError as err:
        return page, None, [f"no model prices: {err.message}"]
    missing = unmet(page, [rate.model for rate in read.rates])
    missing += [f"an explanation of {each.quote[:60]!r}: {each.message}" for each in read.complaints]
    return page, read, missing


def _tried_json(page: Page, read: PriceList | None, missing: list[str]) -> dict[str, Any]:
    return {
        "url": page.url,
        "rates": [] if read is None else [rate.to_json() for rate in read.rates],
        "complaints": [] if read is None else _complaints(read),
        "missing": missing,
    }


def _complaints(read: PriceList) -> list[dict[str, str]]:
    return [{"kind": c.kind, "message": c.message, "quote": c.quote, "locator": c.locator} for c in read.complaints]
