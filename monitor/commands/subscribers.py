"""`pricefall subscribers`: who gets mails of their own, who is added, who leaves.

None of these commands waits for the run lock: they leave a note, which the next message heeds (see
`storage.subscriber_notes`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.settings import Settings
    from storage.subscribers import Deed, KnownSubscriber


@click.group()
def command() -> None:
    """List, add and remove those who get mails of their own."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header.")
@click.pass_obj
def list_(config_path: str | None, as_json: bool, as_csv: bool) -> None:
    """List subscribers, those of the settings and those added, and who unsubscribed."""
    from monitor.rule_words import asks_for, tells_when
    from monitor.tables import write_rows
    from scrapers.rates import format_instant
    from storage.subscribers import key_of

    settings = _settings(config_path)
    known = _known(settings)
    rows = []
    for each, fault in _everyone(settings, known):
        own = known.get(key_of(each.address))
        zone = each.time_zone or settings.alerts.time_zone
        rules = [f"{rule.id}: {asks_for(rule)}, {tells_when(rule, zone)}" for rule in each.rules]
        rows.append(
            {
                "address": each.address,
                "from": each.origin,
                "language": each.language or settings.language,
                "currency": each.currency,
                "workloads": ", ".join(each.workloads),
                "rules": fault or "; ".join(rules),
                "unsubscribed": format_instant(own.unsubscribed_at) if own else None,
            }
        )
    here = {key_of(row["address"] or "") for row in rows}
    rows += [
        {**dict.fromkeys(("address", "from", "language", "currency", "workloads", "rules")), "address": each.address}
        | {"from": "nowhere any more", "unsubscribed": format_instant(each.unsubscribed_at)}
        for key, each in known.items()
        if key not in here and each.unsubscribed_at is not None
    ]
    write_rows(rows, as_json=as_json, as_csv=as_csv, empty="nobody subscribes; docs/alerts.md says how somebody does")


@command.command("add")
@click.argument("address")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the mails; that of the settings unless said.")
@click.option("--currency", help="Show prices in this currency too, as USD.")
@click.option("--time-zone", help="Of digests and quiet hours, as Europe/Berlin.")
@click.option("--digest", type=click.Choice(["daily", "weekly"]), help="All in one mail a day or a week.")
@click.option(
    "--workload", "workloads", multiple=True, metavar="ID", help="Tell of this [[workload]]; may be repeated."
)
@click.option("--provider", "providers", multiple=True, metavar="PATTERN", help="Only these; may be repeated.")
@click.option("--model", "models", multiple=True, metavar="PATTERN", help="Only these; may be repeated.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these kinds, as cut; may be repeated.")
@click.option("--min-percent", type=float, help="Only changes of at least so many percent.")
@click.option("--rules", "rules_file", type=click.File("rb"), help="A TOML file of [[rule]]s without channels.")
@click.pass_obj
def add(config_path: str | None, /, address: str, rules_file: Any, **said: Any) -> None:
    """Add a subscriber, or change one that was added, without touching the settings file.

    \b
    pricefall subscribers add ann@example.com --provider deepseek --digest weekly
    pricefall subscribers add li@example.cn --language zh --currency CNY --rules li.toml
    """
    from monitor.subscriber_forms import read_added
    from monitor.subscribers import Subscriber
    from storage.subscribers import key_of

    settings = _settings(config_path)
    if settings.subscription.server is None and not _has_mail_channel(settings):
        raise click.UsageError(
            "no [[channel]] of type email can send the mails; name one as `channel` in [subscribers]"
        )
    if key_of(address) in {key_of(each.address) for each in settings.subscribers}:
        raise click.UsageError(f"{address} stands in the settings file; change its [[subscriber]] there")
    form: dict[str, Any] = {"address": address, "rule": _rules(said, rules_file)}
    form |= {key: said[key] for key in ("language", "currency", "time_zone", "digest") if said[key]}
    form |= {"workloads": list(said["workloads"])} if said["workloads"] else {}
    subscriber, wrong = read_added(form, settings)
    if not isinstance(subscriber, Subscriber):
        raise click.UsageError("; ".join(f"{'.'.join(map(str, each.loc))}: {each.message}" for each in wrong))
    known = _known(settings).get(key_of(address))
    _note(settings, "add", address, "added by command", form)
    click.echo(f"{address} is added; the next change that its rules ask for is its first mail")
    if known is not None and known.unsubscribed_at is not None:
        words = "pricefall: warning: {} unsubscribed on {:%Y-%m-%d} and gets nothing until `pricefall subscribers "
        click.echo(words.format(address, known.unsubscribed_at) + f"resubscribe {address}`", err=True)


@command.command("remove")
@click.argument("address")
@click.pass_obj
def remove(config_path: str | None, address: str) -> None:
    """Remove a subscriber that was added by command; what waits for it is withdrawn."""
    from scrapers.catalog import nearest
    from storage.subscribers import key_of

    settings = _settings(config_path)
    if key_of(address) in {key_of(each.address) for each in settings.subscribers}:
        raise click.UsageError(f"{address} stands in the settings file; delete its [[subscriber]] there")
    added = [each.address for each in _known(settings).values() if each.form is not None]
    if key_of(address) not in map(key_of, added):
        raise click.UsageError(f"{address!r} was not added{nearest(address, added)}; see `pricefall subscribers list`")
    _note(settings, "remove", address, "removed by command")
    click.echo(f"{address} is removed, and what waits for it is withdrawn")


@command.command("unsubscribe")
@click.argument("token", required=False)
@click.option("--address", help="Whom, instead of a token: only where that person asked you.")
@click.pass_obj
def unsubscribe(config_path: str | None, token: str | None, address: str | None) -> None:
    """Unsubscribe whoever a link's token belongs to. It is never mailed again, also not what waits.

    For the endpoint behind `unsubscribe_url`: pass what follows `t=`, after
    `--`. Status 0: done, or done before. Status 2: the token is nobody's.

    \b
    pricefall subscribers unsubscribe -- "$token"
    """
    from monitor.subscribers import address_of

    settings = _settings(config_path)
    if (token is None) == (address is None):
        raise click.UsageError("say a token, or --address")
    known = _known(settings)
    if address is None:
        addresses = [*(each.address for each in known.values()), *(each.address for each in settings.subscribers)]
        found = address_of(token or "", addresses, _from_database(settings, _signing_key, None))
        if found is None:
            raise click.UsageError("this token is nobody's: it is not whole, or another database made it")
        _note(settings, "unsubscribe", found, "unsubscribed by the link of a message")
        click.echo("unsubscribed; no further message is sent to this address")
        return
    _note(settings, "unsubscribe", _known_address(settings, known, address), "unsubscribed by the operator")
    click.echo(f"{address} is unsubscribed, and what waits for it is withdrawn")


@command.command("resubscribe")
@click.argument("address")
@click.pass_obj
def resubscribe(config_path: str | None, address: str) -> None:
    """Mail an address again that unsubscribed: only where that person asked you."""
    settings = _settings(config_path)
    known = {key: each for key, each in _known(settings).items() if each.unsubscribed_at is not None}
    _note(settings, "resubscribe", _known_address(settings, known, address, among="those who unsubscribed"), "")
    click.echo(f"{address} is mailed again, from the next change on")


def _settings(config_path: str | None) -> Settings:
    from pathlib import Path

    from monitor.settings import load_settings

    return load_settings(Path(config_path) if config_path else None, with_secrets=False)


def _has_mail_channel(settings: Settings) -> bool:
    """Without secrets no channel is read; the settings file says whether it names one that can send."""
    if settings.path is None:
        return False
    raw = tomllib.loads(settings.path.read_text(encoding="utf-8"))
    mails = [table for table in raw.get("channel", ()) if table.get("type") == "email"]
    return len(mails) == 1 or "channel" in raw.get("subscribers", {})


def _rules(said: Mapping[str, Any], rules_file: Any) -> list[dict[str, Any]]:
    """The rules of a file, or the one that the options make, if they do."""
    options = {key: list(said[key]) for key in ("providers", "models", "kinds") if said[key]}
    options |= {} if said["min_percent"] is None else {"min_percent": said["min_percent"]}
    if rules_file is None:
        return [{"id": "own", **options}] if options else []
    if options:
        raise click.UsageError("--rules says what the other options about prices would; leave them out")
    try:
        rules = tomllib.load(rules_file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise click.UsageError(f"{rules_file.name}: not valid TOML: {err}") from err
    if set(rules) != {"rule"} or not isinstance(rules["rule"], list):
        raise click.UsageError(f"{rules_file.name}: must hold [[rule]] tables and nothing else")
    return rules["rule"]


def _known(settings: Settings) -> dict[str, KnownSubscriber]:
    """Everybody who is known, with the notes that nobody has taken in yet."""
    from storage.subscriber_notes import waiting_notes
    from storage.subscribers import after, known_subscribers

    return after(_from_database(settings, known_subscribers, {}), waiting_notes(settings.database))


def _from_database(settings: Settings, ask: Callable[[Any], Any], otherwise: Any) -> Any:
    """An answer of the database; `otherwise` where none was made yet."""
    from storage.store import Store

    if not settings.database.exists():
        return otherwise
    with Store.open(settings.database, read_only=True) as store:
        return ask(store.connection)


def _signing_key(connection: Any) -> bytes | None:
    from storage.subscribers import signing_key

    return signing_key(connection)


def _everyone(settings: Settings, known: Mapping[str, KnownSubscriber]) -> list[tuple[Any, str]]:
    """Each subscriber, and why the table of one that was added cannot be read any more."""
    from monitor.subscriber_forms import read_added
    from monitor.subscribers import Subscriber

    found: list[tuple[Any, str]] = [(each, "") for each in settings.subscribers]
    for each in known.values():
        if each.form is not None:
            subscriber, wrong = read_added(each.form, settings)
            fault = "; ".join(f"{'.'.join(map(str, one.loc))}: {one.message}" for one in wrong)
            told = f"gets nothing, add it anew: {fault}" if fault else ""
            found.append((subscriber or Subscriber(each.address, (), origin="command"), told))
    return found


def _known_address(
    settings: Settings, known: Mapping[str, KnownSubscriber], address: str, among: str = "the subscribers"
) -> str:
    from scrapers.catalog import nearest
    from storage.subscribers import key_of

    there = [each.address for each in known.values()]
    there += [each.address for each in settings.subscribers] if among == "the subscribers" else []
    if key_of(address) not in map(key_of, there):
        raise click.UsageError(f"{address!r} is not among {among}{nearest(address, there)}")
    return address


def _note(settings: Settings, deed: Deed, address: str, why: str, form: Mapping[str, Any] | None = None) -> None:
    from monitor.parts import utc_now
    from storage.subscriber_notes import leave_note
    from storage.subscribers import Note

    leave_note(settings.database, Note(deed, address, utc_now(), why, form))
