"""`pricefall extract`: one saved page to rates, without network or database; its options are an interface."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from scrapers.catalog import Hints, Provider, load_catalog

KINDS = ("html", "markdown", "mdx", "json", "ndjson", "yaml", "text")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--provider", metavar="SLUG", help="Whose page it is; picks the hints of that provider's file.")
@click.option("--url", help="Where the page was; picks hints by its longest prefix.")
@click.option("--captured", metavar="DATE", help="When it was saved (ISO 8601); dates on the page are judged by it.")
@click.option("--format", "kind", type=click.Choice(KINDS), help="What the file is, instead of sniffing.")
@click.option(
    "--with", "companion", type=click.Path(path_type=Path), help="The document that holds the page's amounts."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@click.option("--explain", is_flag=True, help="Show the page as read: each block, its axes, what each amount became.")
def command(
    file: Path,
    provider: str | None,
    url: str | None,
    captured: str | None,
    kind: str | None,
    companion: Path | None,
    as_json: bool,
    explain: bool,
) -> None:
    """Read the prices on one saved page.

    \b
    pricefall extract pricing.md --provider deepseek --captured 2026-08-13
    pricefall extract page.html --url https://openai.com/api/pricing --json | jq .model
    """
    from scrapers.errors import LayoutError, NoTable
    from scrapers.reader import joined_pages, read_page

    body = _read_file(file)
    amounts = None if companion is None else _read_file(companion)
    hints = _hints(provider, url)
    try:
        if explain:
            pages = [(hints, body)] if amounts is None else joined_pages(body, amounts, hints)
            shown = _explain(pages, _instant(captured), kind, as_json=as_json)
            if as_json:
                sys.exit(0 if shown else 3)
        read = read_page(
            body,
            hints=hints,
            captured_at=_instant(captured),
            kind=kind,  # type: ignore[arg-type]  # click has checked the choice
            companion=amounts,
        )
    except NoTable as err:
        click.echo(f"pricefall: {file}: no model prices ({err.found}): {err.message}", err=True)
        sys.exit(3)
    except LayoutError as err:
        click.echo(f"pricefall: {file}: {err.message}", err=True)
        sys.exit(3)
    if as_json:
        for rate in read.rates:
            click.echo(json.dumps(rate.to_json(), ensure_ascii=False))
    else:
        from monitor.tables import print_rates

        print_rates(read.rates, title=file.name)
    if explain or not as_json:
        from monitor.tables import complaint_text

        for complaint in read.complaints:
            click.echo(complaint_text(complaint), err=True)
    if explain:
        for words in read.relative:
            click.echo(f"only in relation: {words}", err=True)
    if not read.rates:
        click.echo(f"pricefall: {file}: no price could be read; see the complaints with --explain", err=True)
        sys.exit(3)


def _explain(
    pages: Iterable[tuple[Hints, bytes]], captured_at: datetime | None, kind: str | None, *, as_json: bool
) -> bool:
    """Show each block as it was read, of a joined page below its region; whether any amount became a rate."""
    from monitor.tables import print_accounts
    from scrapers.documents.read import read_document
    from scrapers.explain import explain

    accounts = []
    for hints, body in pages:
        document = read_document(body, kind=kind)  # type: ignore[arg-type]  # click has checked the choice
        region = hints.region or ""
        accounts += [
            replace(account, path=" > ".join(filter(None, (region, account.path))))
            for account in explain(document, hints, captured_at)
        ]
    if as_json:
        for account in accounts:
            click.echo(json.dumps(account.to_json(), ensure_ascii=False))
    else:
        print_accounts(accounts)
    return any(outcome.became == "rate" for account in accounts for outcome in account.outcomes)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise click.UsageError(f"{path} cannot be read: {err.strerror}") from err


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise click.UsageError(f"--captured {text!r} is no ISO 8601 date; write it as 2026-08-13") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _hints(provider: str | None, url: str | None) -> Hints:
    """Hints of the named provider, or of the one whose address is the longest beginning of the URL."""
    if provider is None and url is None:
        return Hints()
    catalog = _catalog()
    if provider is not None:
        if provider not in catalog:
            click.echo(f"pricefall: no provider file for {provider!r}; read without hints", err=True)
            return Hints()
        return catalog[provider].hints_for(url)
    pages = ((p, p.page_for(url)) for p in catalog.values())
    found = [(len(page.url), page.hints) for _, page in pages if page is not None]
    return max(found, key=lambda pair: pair[0])[1] if found else Hints()


def _catalog() -> dict[str, Provider]:
    """Shipped providers, with the user's own where a settings file stands beside a `providers` folder."""
    return load_catalog(Path("providers") if Path("pricefall.toml").exists() else None)
