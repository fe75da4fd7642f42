"""What a person sees of the demo, and what a program does: the same story on a terminal and as JSON lines."""

from __future__ import annotations

import email
import email.policy
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from monitor.demo.verdicts import Verdict
from monitor.tables import per_text, visible
from scrapers.rates import Rate, format_decimal
from storage.nouns import Event

if TYPE_CHECKING:
    from monitor.cycle import PageReport

_SIGNS = {"USD": "$", "CNY": "¥"}
_FIRST_MODELS = 3  # of a page seen for the first time, so that its fame shows
_LOOKS = {  # mark, word and colour of each kind of event
    "cut": ("▼", "cut", "bold green"),
    "free": ("▼", "free", "bold green"),
    "raise": ("▲", "raise", "bold red"),
    "launch": ("+", "new", "cyan"),
    "removal": ("-", "removed", "magenta"),
    "successor": ("◆", "successor", "bold yellow"),
    "notice": ("·", "notice", "dim"),
    "held": ("?", "held", "yellow"),
}
_WORD_COLOURS = {"checks out": "green", "in part": "yellow", "no price": "green", "does not": "red"}


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a demo left, and what it took: `asked` pages of the server, `unchanged` of them answered with 304."""

    folder: Path
    prices: int
    events: int
    mails: int
    webhooks: int
    refused: int
    undelivered: int
    asked: int
    unchanged: int
    seconds: float


class Narrator(Protocol):
    """Told of everything in its order."""

    def begin(self, folder: Path, days: int) -> None: ...

    def day(self, on: date, title: str, words: str) -> None: ...

    def event(self, event: Event) -> None: ...

    def page(self, page: PageReport, accepted: Sequence[Rate]) -> None: ...

    def messages(self, mails: Sequence[Path], bodies: Sequence[Path]) -> None: ...

    def verdicts(self, verdicts: Sequence[Verdict]) -> None: ...

    def end(self, left: Leftovers) -> None: ...


@dataclass(slots=True)
class JsonNarrator:
    """One JSON object a line, told apart by `type`."""

    console: Console
    _day: str = ""

    def begin(self, folder: Path, days: int) -> None:
        self._print("begin", {"folder": str(folder), "days": days})

    def day(self, on: date, title: str, words: str) -> None:
        self._day = on.isoformat()
        self._print("day", {"date": self._day, "title": title, "words": words})

    def event(self, event: Event) -> None:
        self._print("event", {"date": self._day, **event.to_json()})

    def page(self, page: PageReport, accepted: Sequence[Rate]) -> None:
        said = {name: getattr(page, name) for name in ("provider", "url", "status", "rates", "waiting", "error")}
        self._print("page", {"date": self._day, **said, "accepted": len(accepted)})

    def messages(self, mails: Sequence[Path], bodies: Sequence[Path]) -> None:
        names = {"mails": [str(path) for path in mails], "webhooks": [str(path) for path in bodies]}
        self._print("messages", {"date": self._day, **names})

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            self._print("verdict", verdict.to_json())

    def end(self, left: Leftovers) -> None:
        self._print("end", {**asdict(left), "folder": str(left.folder), "seconds": round(left.seconds, 2)})

    def _print(self, kind: str, value: dict[str, Any]) -> None:
        self.console.out(json.dumps({"type": kind, **value}, ensure_ascii=False), highlight=False)


@dataclass(slots=True)
class TerminalNarrator:
    """For reading; the meters of one model stand in one line."""

    console: Console
    _events: list[Event] = field(default_factory=list)
    _unchanged: list[str] = field(default_factory=list)
    _looked_at: set[str] = field(default_factory=set)

    def begin(self, folder: Path, days: int) -> None:
        self.console.print(
            f"\n[bold]The price war of 2023-24, on this machine.[/] {days} days; a web server shows the price pages "
            f"of each day, and the monitor looks, compares and tells. All is kept in [bold]{escape(str(folder))}/[/]."
        )

    def day(self, on: date, title: str, words: str) -> None:
        self.console.print()
        self.console.print(Rule(f"[bold]{on}[/]  {escape(title)}", align="left", style="blue"))
        self.console.print(Text(words, style="italic"))
        self._looked_at.clear()

    def event(self, event: Event) -> None:
        self._events.append(event)

    def page(self, page: PageReport, accepted: Sequence[Rate]) -> None:
        name = f"[bold]{escape(page.provider)}[/]"
        if page.provider in self._looked_at:
            name += ", looked at again"
        self._looked_at.add(page.provider)
        if page.status in {"failed", "suspect"}:
            self.console.print(f"  [red]{name} {page.status}: {escape(visible(page.error))}[/]")
        elif page.status == "baseline":
            models = len({rate.model_key for rate in accepted})
            words = f"seen for the first time: {len(accepted)} prices of {models} models remembered, nobody is told"
            self.console.print(f"  {name} [dim]{words}[/]")
            self._print_rows(_price_rows(accepted))
        elif page.waiting:
            words = f"{page.waiting} prices differ; looked at again before anybody is told"
            self.console.print(f"  {name} [dim]{words}[/]")
        elif page.status == "unchanged" and not self._events:
            self._unchanged.append(page.provider + ("" if page.http_unchanged else " (asked in full)"))
        elif not self._events:
            self.console.print(f"  {name} [dim]the page changed, its {page.rates} prices did not[/]")
        else:
            self.console.print(f"  {name}")
        self._print_rows(_event_rows(self._events))
        self._events.clear()

    def messages(self, mails: Sequence[Path], bodies: Sequence[Path]) -> None:
        if self._unchanged:
            self.console.print(f"  [dim]unchanged: {escape(', '.join(self._unchanged))}[/]")
            self._unchanged.clear()
        for path in mails:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            line = Text(f"  ✉ {visible(message['Subject'] or path.name)}", style="blue")
            self.console.print(line, no_wrap=True, overflow="ellipsis")
        if bodies:
            calls = "1 signed webhook call" if len(bodies) == 1 else f"{len(bodies)} signed webhook calls"
            self.console.print(f"  [blue]⇢ {calls}[/]")

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        title = "What an article of May 2024 says, and what the database says"
        self.console.print()
        self.console.print(Rule(f"[bold]{title}[/]", align="left", style="blue"))
        table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), pad_edge=False)
        table.add_column("", no_wrap=True)
        table.add_column("the article", ratio=9)
        table.add_column("its figure", ratio=4)
        table.add_column("computed from the database", ratio=11)
        table.add_column("verdict", no_wrap=True)
        for verdict in verdicts:
            claim = verdict.claim
            computed = Text(verdict.computed)
            if verdict.note:
                computed.append(f"\n{verdict.note}", style="dim italic")
            table.add_row(
                claim.id,
                Text.assemble((f"{claim.dated}  ", "dim"), claim.statement),
                Text(claim.figure),
                computed,
                Text(verdict.word, style=_WORD_COLOURS.get(verdict.word, "bold red")),
            )
        self.console.print(table)
        counts = Counter(verdict.word for verdict in verdicts)
        words = ", ".join(f"{word}: {count}" for word, count in counts.most_common())
        self.console.print(f"{len(verdicts)} statements: {words}")

    def end(self, left: Leftovers) -> None:
        settings = f"pricefall --config {left.folder}/pricefall.toml"
        rows = (
            ("pricefall.db", f"{left.prices} prices and {left.events} events; open it with sqlite3 or Datasette"),
            ("mails/", f"{left.mails} mails, as they came in"),
            ("webhooks/", f"{left.webhooks} webhook bodies, their signatures beside them, all verified"),
            ("archive/", "every page that was read, compressed"),
        )
        self.console.print(f"\n[bold]Left in {escape(str(left.folder))}/[/]")
        table = Table.grid(padding=(0, 2))
        for name, words in rows:
            table.add_row(f"  {name}", words)
        self.console.print(table)
        for trouble, count in (("messages not delivered", left.undelivered), ("webhook calls refused", left.refused)):
            if count:
                self.console.print(f"  [bold red]{count} {trouble}[/]")
        self.console.print("Look around:")
        report = f"report --at 2024-05-31 --out {left.folder}/report"
        for command in ("history gpt-4o", "changes --since 2023-01-01", report):
            self.console.print(f"  [bold]{escape(settings)} {command}[/]", soft_wrap=True)
        self.console.print(
            f"[dim]{left.asked} requests for pages, {left.unchanged} of them answered 304; {left.seconds:.1f} s[/]"
        )

    def _print_rows(self, rows: Iterable[tuple[Text, Text]]) -> None:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=15, no_wrap=True)
        table.add_column()
        for kind, words in rows:
            table.add_row(kind, words)
        if table.row_count:
            self.console.print(table)


def _price_rows(accepted: Sequence[Rate]) -> list[tuple[Text, Text]]:
    """The first models of a page, each with its prices."""
    models: dict[str, list[Rate]] = {}
    for rate in accepted:
        models.setdefault(rate.model, []).append(rate)
    rows = []
    for model, rates in list(models.items())[:_FIRST_MODELS]:
        words = Text.assemble((visible(model), "bold"))
        words.append("  " + ", ".join(f"{r.meter} {_price(r)}" for r in rates) + _per(rates[0]))
        rows.append((Text("    price", style="dim"), words))
    return rows


def _event_rows(events: Sequence[Event]) -> list[tuple[Text, Text]]:
    """One row for all meters of a model that the same thing happened to."""
    groups: dict[tuple[str, str, str, str], list[Event]] = {}
    for event in events:
        rate = event.rate
        key = (event.kind, rate.model_key, rate.service_tier, event.predecessor or "")
        groups.setdefault(key, []).append(event)
    return [(_kind_text(group[0]), _group_text(group)) for group in groups.values()]


def _kind_text(event: Event) -> Text:
    mark, word, colour = _LOOKS.get(event.kind, ("•", event.kind, "yellow"))
    return Text(f"    {mark} {word}", style=colour)


def _group_text(group: Sequence[Event]) -> Text:
    first = group[0]
    words = Text.assemble((visible(first.rate.model), "bold"))
    if first.rate.service_tier != "standard":
        words.append(f" ({first.rate.service_tier})")
    if first.predecessor:
        words.append(f" against {visible(first.predecessor)}")
    if first.kind in {"held", "notice"}:
        return Text(visible(first.why), style="dim")
    words.append("  ")
    for number, event in enumerate(group):
        words.append(", " if number else "")
        words.append(f"{event.rate.meter} {_move(event)}")
        if event.percent:
            words.append(f" {event.percent:+.1f}%", style="green" if event.percent < 0 else "")
    return words.append(_per(first.rate))


def _move(event: Event) -> str:
    """`$10 → $5`, `$5` for a launch, `was $5` for a removal, `$5 as before` for a successor at the same price."""
    sign = _SIGNS.get(event.rate.currency or "", "")
    old, new = event.amount_of(event.old), event.amount_of(event.new)
    if event.percent == 0:
        return f"{sign}{new} as before"
    if old is None or new is None:
        only = new if new is not None else old
        return f"{'' if new is not None else 'was '}{sign}{only}" if only is not None else event.rate.state
    return f"{sign}{old} → {sign}{new}"


def _price(rate: Rate) -> str:
    return rate.state if rate.amount is None else f"{_SIGNS.get(rate.currency or '', '')}{format_decimal(rate.amount)}"


def _per(rate: Rate) -> str:
    if rate.per is None:
        return ""
    return f" per {per_text(format_decimal(rate.per), rate.unit)}"
