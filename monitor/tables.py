"""Tables for people: rates, events and summaries on a terminal; programs get JSON or CSV from the commands.

Control characters in names are shown escaped, so that a page cannot paint on the reader's terminal.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scrapers.rates import Complaint, Conditions, Rate, TokenRange, format_decimal

if TYPE_CHECKING:
    from scrapers.explain import BlockAccount

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, 120 columns where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 140, highlight=False)


def complaint_text(complaint: Complaint) -> str:
    """What was not understood, with its place and words; the page cannot paint on the terminal."""
    where = f" at {complaint.locator}" if complaint.locator else ""
    what = f": {complaint.quote[:60]!r}" if complaint.quote else ""
    return visible(f"not understood ({complaint.kind}){where}{what}: {complaint.message}")


def visible(value: object) -> str:
    r"""Text with control and bidi characters written as escapes.

    >>> visible("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in str(value))


def per_text(per: object, unit: object) -> str:
    """`1M tokens`, `1K tokens`, `image`: what an amount buys, for reading.

    >>> per_text("1000000", "token"), per_text("1", "image"), per_text("1000", "token")
    ('1M tokens', 'image', '1K tokens')
    """
    if per is None or unit is None:
        return ""
    word = str(unit).replace("_", " ")
    number = str(per)
    if number == "1":
        return word
    short = {"1000000": "1M", "1000": "1K", "10000": "10K", "100000000": "100M"}.get(number, number)
    return f"{short} {word}s"


def range_text(name: str, span: TokenRange) -> str:
    """`context > 200000` and the like."""
    low, high = span.gt, span.lte
    if low is not None and high is not None:
        return f"{low} < {name} ≤ {high}"
    return f"{name} > {low}" if low is not None else f"{name} ≤ {high}"


def conditions_text(conditions: Conditions) -> str:
    """Conditions in one line for reading."""
    words = []
    if conditions.context_tokens:
        words.append(range_text("context", conditions.context_tokens))
    if conditions.output_tokens:
        words.append(range_text("output", conditions.output_tokens))
    words += [w for w in (conditions.cache_ttl, conditions.mode, conditions.window, conditions.region) if w]
    if conditions.other:
        words.append(conditions.other)
    return ", ".join(words)


def in_force_text(said: bool | None) -> str:
    """Whether a price holds at this hour, for reading; "?" where nobody says which hours are meant."""
    return "?" if said is None else "yes" if said else "no"


def price_text(rate: Rate) -> str:
    """`$0.50 / 1M tokens`, or the state in words."""
    if rate.amount is None:
        return rate.state
    return f"{format_decimal(rate.amount)} {rate.currency or '?'} / {per_text(_digits(rate.per), rate.unit)}"


def print_rates(rates: Sequence[Rate], title: str) -> None:
    """One row a rate."""
    rows = [
        {
            "model": r.model,
            "meter": r.meter,
            "tier": r.service_tier,
            "conditions": conditions_text(r.conditions),
            "price": price_text(r),
            "from": "" if r.valid_from is None else r.valid_from.date().isoformat(),
            "until": "" if r.valid_until is None else r.valid_until.date().isoformat(),
            "flags": " ".join(r.flags),
        }
        for r in rates
    ]
    print_rows(rows, title=f"{title}: {len(rates)} rates")


def print_accounts(accounts: Sequence[BlockAccount]) -> None:
    """Each block of a page as it was read: where it stands, its axes, what became of its amounts."""
    for account in accounts:
        click.echo(visible(f"{account.kind} ({account.size}) {account.path or account.locator}"))
        for words in account.axes:
            click.echo(visible(f"  {words}"))
        rows = [{"became": o.became, "text": o.text[:60], "as": o.why[:160]} for o in account.outcomes]
        print_rows(rows, title=f"{account.amounts} amounts, {account.ignored} of them ignored by a rule")
        click.echo()


def print_rows(rows: Sequence[Mapping[str, Any]], *, title: str = "", empty: str = "nothing found") -> None:
    """Dictionaries as a table; columns that are empty in every row are left out."""
    if not rows:
        click.echo(empty, err=True)
        return
    columns = [name for name in rows[0] if any(row.get(name) not in (None, "") for row in rows)]
    table = Table(title=escape(visible(title)) if title else None, title_justify="left")
    for name in columns:
        numeric = all(isinstance(row.get(name), int | float) or row.get(name) in (None, "") for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console().print(table)


def write_rows(
    rows: Sequence[Mapping[str, Any]],
    *,
    as_json: bool,
    as_csv: bool,
    title: str = "",
    empty: str = "nothing found",
    tells_empty: bool = False,
) -> None:
    """The same rows as JSON (one array), CSV (safe against formulas) or a table.

    `empty` is said to people where there are none, and with `tells_empty` beside an empty array or file too.
    """
    if not rows and tells_empty and (as_json or as_csv):
        click.echo(empty, err=True)
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1, default=str))
    elif as_csv:
        click.echo(csv_text(rows), nl=False)
    else:
        print_rows(rows, title=title, empty=empty)


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""CSV with a header; a text that a spreadsheet would run as a formula gets a leading apostrophe.

    >>> csv_text([{"model": "=cmd()", "amount": "-1"}])
    "model,amount\r\n'=cmd(),-1\r\n"
    """
    rows = list(rows)
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0].keys())
    for row in rows:
        writer.writerow([csv_cell(value) for value in row.values()])
    return out.getvalue()


def csv_cell(value: Any) -> Any:
    """A cell of a CSV file: a text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_number(value):
        return "'" + value
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, float):
        return Text(f"{value:g}")
    return Text(visible(value))


def _digits(per: Any) -> str | None:
    return None if per is None else format_decimal(per)
