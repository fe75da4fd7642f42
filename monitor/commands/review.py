"""`pricefall review`: a person decides about differences that were held, and corrects accepted prices."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from scrapers.rates import UNITS

if TYPE_CHECKING:
    from monitor.judging.corrections import Meant
    from monitor.reviewing import Held
    from monitor.ruling import Outcome

_reason = click.option("--reason", metavar="TEXT", help="Why; asked for in a terminal.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON array.")


@click.group(invoke_without_command=True)
@_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show what was seen and not believed, and decide.

    What nobody decides about stays held for as long as the page shows it, and
    vanishes by itself when the page shows the old price again.

    \b
    pricefall review
    pricefall review show h3f9a2c
    pricefall review accept h3f9a2c --reason "their blog announces it"
    pricefall review reject h3f9a2c --reason "a slip on their page"
    pricefall review correct h3f9a2c --amount 2.5 --reason "cents, not dollars"
    pricefall review correct openai gpt-4o input --amount 2.5 --reason "misread"
    """
    if ctx.invoked_subcommand is not None:
        return
    from monitor.parts import open_to_read
    from monitor.reviewing import held_differences
    from monitor.tables import write_rows

    with open_to_read(ctx.obj) as parts:
        rows = [_row(held) for held in held_differences(parts.store)]
    title = f"{len(rows)} held; `pricefall review show ID` has the evidence"
    write_rows(rows, as_json=as_json, as_csv=False, title=title, empty="nothing is held")


@command.command("show")
@click.argument("ref", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(config_path: str | None, ref: str, as_json: bool) -> None:
    """Show both pages' evidence side by side, and what accepting would tell."""
    from monitor.parts import open_to_read, read_settings, utc_now
    from monitor.review_choice import chosen_held
    from monitor.review_sheet import print_sheet, sheet_of

    settings = read_settings(config_path)  # a reader's settings have no channels, and who would hear is shown
    with open_to_read(config_path) as parts:
        sheet = sheet_of(parts, settings, chosen_held(parts.store, [ref])[0], utc_now())
    if as_json:
        click.echo(json.dumps(sheet.to_json(), ensure_ascii=False, indent=1))
    else:
        print_sheet(sheet)


@command.command("accept")
@click.argument("refs", metavar="[ID]...", nargs=-1)
@click.option("--all", "provider", metavar="PROVIDER", help="All that is held on this provider's pages now.")
@_reason
@click.pass_obj
def accept(config_path: str | None, refs: tuple[str, ...], provider: str | None, reason: str | None) -> None:
    """Believe held changes, and tell of them as what they are."""
    refs = _with_all(config_path, refs, provider, "accept")
    _decide(config_path, refs, "accept", reason)


@command.command("reject")
@click.argument("refs", metavar="[ID]...", nargs=-1)
@click.option("--all", "provider", metavar="PROVIDER", help="All that is held on this provider's pages now.")
@_reason
@click.pass_obj
def reject(config_path: str | None, refs: tuple[str, ...], provider: str | None, reason: str | None) -> None:
    """Keep the accepted price for as long as the page shows the same."""
    refs = _with_all(config_path, refs, provider, "reject")
    _decide(config_path, refs, "reject", reason)


@command.command("correct")
@click.argument("names", metavar="ID | PROVIDER MODEL METER", nargs=-1, required=True)
@click.option("--amount", required=True, metavar="NUMBER", help="What it costs; 0 is free.")
@click.option("--currency", metavar="CODE", help="ISO 4217; as it was read when absent.")
@click.option("--per", metavar="NUMBER", help="How many the amount buys: 1000000, 1M, 1K; as it was read when absent.")
@click.option("--unit", type=click.Choice(UNITS), help="... of what; as it was read when absent.")
@click.option("--tier", metavar="NAME", help="Which service tier of an accepted price.")
@_reason
@click.pass_obj
def correct(
    config_path: str | None,
    names: tuple[str, ...],
    amount: str,
    currency: str | None,
    per: str | None,
    unit: str | None,
    tier: str | None,
    reason: str | None,
) -> None:
    """Say what the page means: of a held change, or of an accepted price that is wrong."""
    from monitor.judging.corrections import Meant

    meant = Meant(_amount(amount, "--amount"), _currency(currency), None if per is None else _per(per), unit)
    if len(names) not in {1, 3}:
        raise click.UsageError(
            "name one held change (`pricefall review correct ID ...`) or one price (`... PROVIDER MODEL METER ...`)"
        )
    if len(names) == 1 and not names[0].startswith("p"):
        _decide(config_path, names, "correct", reason, meant)
    else:
        _correct_accepted(config_path, names, tier, meant, reason)


@command.command("log")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@_json
@click.pass_obj
def log(config_path: str | None, limit: int, as_json: bool) -> None:
    """List what was decided, by whom and why, newest first."""
    from monitor.parts import open_to_read
    from monitor.tables import write_rows
    from storage.rulings import rulings

    with open_to_read(config_path) as parts:
        rows = [_ruling_row(ruling) for ruling in rulings(parts.store.connection, limit=limit)]
    write_rows(rows, as_json=as_json, as_csv=False, title=f"{len(rows)} decisions", empty="nothing was decided yet")


def _decide(
    config_path: str | None, refs: Sequence[str], action: str, reason: str | None, meant: Meant | None = None
) -> None:
    """Find the named ones under the lock and write the decision."""
    from monitor.asking import reason_of, this_word
    from monitor.parts import open_locked
    from monitor.review_choice import chosen_held
    from monitor.reviewing import held_differences, with_parts
    from monitor.ruling import decide

    if not refs:
        raise click.UsageError(f"say which: `pricefall review {action} ID...`; `pricefall review` lists the ids")
    why = reason_of(reason)
    with open_locked(config_path) as parts:
        chosen = chosen_held(parts.store, refs)
        if action == "correct" and chosen[0].pending.new is None:
            raise click.UsageError(f"{chosen[0].ref}: the page states no price there; accept or reject it")
        if action != "correct":
            chosen = list(with_parts(chosen, held_differences(parts.store)))
        outcome = decide(parts.store, parts.settings, chosen, action, this_word(why), meant)  # type: ignore[arg-type]  # one of the three commands
    _say(outcome)


def _correct_accepted(
    config_path: str | None, names: Sequence[str], tier: str | None, meant: Meant, reason: str | None
) -> None:
    from monitor.asking import reason_of, this_word
    from monitor.diff import price_of
    from monitor.judging.corrections import corrected_rate
    from monitor.parts import open_locked
    from monitor.review_choice import chosen_price
    from monitor.ruling import correct_accepted

    why = reason_of(reason)
    with open_locked(config_path) as parts:
        price, word = chosen_price(parts.store, names, tier), this_word(why)
        right = corrected_rate(price.rate, meant, word.at)
        if (right.identity, price_of(right)) == (price.rate.identity, price_of(price.rate)):
            raise click.UsageError("that is the accepted price; there is nothing to correct")
        outcome = correct_accepted(parts.store, parts.settings, price, meant, word)
    _say(outcome)


def _with_all(config_path: str | None, refs: tuple[str, ...], provider: str | None, action: str) -> tuple[str, ...]:
    """The ids named, with all of a provider that a person has seen and agreed to."""
    if provider is None:
        return refs
    from monitor.parts import open_to_read
    from monitor.reviewing import held_differences
    from monitor.tables import print_rows

    with open_to_read(config_path) as parts:
        found = [held for held in held_differences(parts.store) if held.state.provider == provider]
        if not found:
            from scrapers.catalog import nearest

            names = {*parts.catalog, *(state.provider for state in parts.store.pages())}
            raise click.UsageError(f"nothing is held of {provider!r}{nearest(provider, names - {provider})}")
    if sys.stdin.isatty():
        print_rows([_row(held) for held in found])
        click.confirm(f"{action} these {len(found)}?", abort=True)
    return (*refs, *(held.ref for held in found))


def _row(held: Held) -> dict[str, Any]:
    from monitor.tables import conditions_text, price_text

    pending, rate = held.pending, held.rate
    return {
        "id": held.ref,
        "provider": held.state.provider,
        "model": rate.model,
        "meter": rate.meter,
        "tier": "" if rate.service_tier == "standard" else rate.service_tier,
        "conditions": conditions_text(rate.conditions),
        "kind": pending.kind,
        "accepted": price_text(pending.old) if pending.old else None,
        "page says": price_text(pending.new) if pending.new else None,
        "since": f"{pending.first_seen:%Y-%m-%d}",
        "why": pending.why,
        "page": held.state.url,
    }


def _ruling_row(ruling: dict[str, Any]) -> dict[str, Any]:
    from monitor.tables import price_text

    rates = [ruling[name] for name in ("old_rate", "seen_rate", "new_rate")]
    rate = next(rate for rate in reversed(rates) if rate is not None)
    was, says, now = (None if each is None else price_text(each) for each in rates)
    return {
        "decided": ruling["decided_at"],
        "who": ruling["who"],
        "action": ruling["action"],
        "id": ruling["ref"],
        "provider": ruling["provider"],
        "model": rate.model,
        "meter": rate.meter,
        "was": was,
        "page says": says,
        "accepted": now,
        "reason": ruling["reason"],
        "event": ruling["event_id"],
    }


def _say(outcome: Outcome) -> None:
    from monitor.tables import visible

    for line in outcome.lines:
        click.echo(visible(line))
    if outcome.alerts:
        click.echo(f"{outcome.alerts} messages are queued; the next run sends them, or `pricefall alerts retry --now`")


def _amount(text: str, option: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise click.UsageError(f"{option} {text!r} is no amount; write it as 2.5")
    return amount


def _per(text: str) -> Decimal:
    scale = {"K": 1000, "M": 1_000_000}.get(text[-1:].upper(), 1)
    per = _amount(text if scale == 1 else text[:-1], "--per") * scale
    if not per:
        raise click.UsageError("--per 0 buys nothing; write 1000000, 1M or 1K")
    return per


def _currency(code: str | None) -> str | None:
    if code is None:
        return None
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise click.UsageError(f"--currency {code!r} is no ISO 4217 code; write it as USD")
    return code.upper()
