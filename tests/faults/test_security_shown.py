"""The table *Security*, S03 to S06 and S12: what a page names is shown and never obeyed, and no secret is shown."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import subprocess
import traceback
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitor.alerts.sender import deliver_due
from monitor.alerts.services.registry import TYPES
from monitor.rules import alerts_for
from monitor.settings import Settings, load_settings
from monitor.tables import csv_text
from storage import outbox
from storage.nouns import Event
from storage.store import Store
from tests.e2e.place import PRICES, Place
from tests.faults.receiver import Receiver
from tests.monitor.alerts.parts import NOW, Postbox, change, hook_channel, mail_channel, settings_of

CANARY = "canary-7f3a"


class Page(HTMLParser):
    """What a browser would make of a message: its elements, the addresses of its links, its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def mailed(store: Store, postbox: Postbox, event: Event) -> tuple[str, str, Page]:
    """Subject, plain text and page of the mail that tells of an event, as a mail server got it."""
    settings = settings_of(mail_channel(postbox))
    outbox.enqueue(store, alerts_for([event], settings), NOW)
    assert deliver_due(store, settings, NOW).sent == 1
    ((_to, mail),) = postbox.mails
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return str(mail["Subject"]), plain.get_content(), Page(html.get_content())


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)"])
def test_S03_markup_in_a_name_or_a_link_is_text_in_the_mail(store: Store, postbox: Postbox, name: str) -> None:
    subject, text, page = mailed(store, postbox, change(name, url=name, why=name))
    assert name in subject
    assert name in text
    assert name in page.words
    assert {"script", "img", "iframe", "form"}.isdisjoint(page.names)
    assert not [key for key, _value in page.attributes if key.startswith("on")]
    assert not [value for key, value in page.attributes if key in {"href", "src"}], "no http address, no link"


@pytest.mark.parametrize("name", ["{{7*7}}", "${x}", "%s %(x)s", "{0.__class__}", "{count}", "{fact}"])
def test_S04_a_template_in_a_name_is_literal_text(
    store: Store, postbox: Postbox, receiver: Receiver, name: str
) -> None:
    subject, text, page = mailed(store, postbox, change(name, why=name))
    for part in (subject, text, page.words):
        assert name in part
    settings = settings_of(hook_channel(receiver.url))
    outbox.enqueue(store, alerts_for([change(name)], settings), NOW)
    deliver_due(store, settings, NOW)
    ((_headers, body),) = receiver.seen
    said = json.loads(body)
    assert said["data"]["events"][0]["model"] == name
    assert name in said["data"]["subject"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_S05_a_formula_in_a_cell_is_text_and_a_number_stays_a_number(start: str) -> None:
    name = f"{start}cmd|' /C calc'!A0"
    (row,) = csv.DictReader(io.StringIO(csv_text([{"model": name, "percent": -50.0, "amount": "-1.5"}]), newline=""))
    assert row["model"] == f"'{name}"
    assert (row["percent"], row["amount"]) == ("-50.0", "-1.5")


def test_S05_the_commands_that_print_csv_write_it_so(place: Place) -> None:
    place.show({"=cmd|calc": ("5.00", "15.00"), **PRICES})
    place.run()
    place.show({"=cmd|calc": ("2.50", "15.00"), **PRICES})
    place.run()
    for command in (["prices", "--csv"], ["changes", "--csv"]):
        done = place.call(*command)
        assert done.returncode == 0, done.stderr
        models = [row["model"] for row in csv.DictReader(io.StringIO(done.stdout))]
        assert "'=cmd|calc" in models
        assert "=cmd|calc" not in models


def test_S06_line_breaks_and_direction_marks_in_a_name_make_no_second_header(store: Store, postbox: Postbox) -> None:
    name = "x\r\nBcc: eve@example.com\r\n\r\nhello\u202e\x00\n"
    subject, _text, _page = mailed(store, postbox, change(name))
    ((_to, mail),) = postbox.mails
    assert mail["Bcc"] is None
    assert mail.keys().count("Subject") == 1
    assert "x Bcc: eve@example.com hello input" in subject
    assert not {"\u202e", "\x00", "\r", "\n"} & set(subject)


_HOOKS = ("webhook", "slack", "discord", "teams", "feishu", "lark", "dingtalk", "wecom")
_SIGNED = ("feishu", "lark", "dingtalk")


def _canaries(postbox: Postbox, receiver: Receiver) -> tuple[str, dict[str, str]]:
    """Settings with a channel of every type, and the environment that holds all their secrets."""
    server = receiver.url.removesuffix("/hook")
    channels: dict[str, str] = {
        "email": f'host = "127.0.0.1"\nport = {postbox.port}\nsecurity = "none"\nusername = "ann"\n'
        'from = "pricefall@example.com"\nto = ["ops@example.com"]',
        **dict.fromkeys(_HOOKS, "allow_private = true"),
        "telegram": f'allow_private = true\nserver = "{server}"\nchat = "123"',
        "ntfy": f'allow_private = true\nserver = "{server}"',
        "apprise": "allow_private = true",
        "atom": 'path = "feed.xml"',
        "exec": 'command = ["sh", "-c", "env | tr \\"\\\\n\\" \\" \\"; exit 1"]',
    }
    assert set(channels) == set(TYPES), "a channel of every type"
    key = "whsec_Y2FuYXJ5LTdmM2EtY2FuYXJ5LTdmM2E="  # base64 of the canary, twice
    secrets = {
        "EMAIL_PASSWORD": f"password-{CANARY}",
        "WEBHOOK_SECRET": key,
        "WEBHOOK_PREVIOUS_SECRET": key,
        **{f"{name.upper()}_URL": f"{receiver.url}/{CANARY}" for name in _HOOKS},
        **{f"{name.upper()}_SECRET": f"secret-{CANARY}" for name in _SIGNED},
        "TELEGRAM_TOKEN": f"123456:{CANARY}-AAAAAAAAAAAAAAAAAAAAAAAA",
        "NTFY_TOKEN": f"tk_{CANARY}",
        "NTFY_TOPIC": CANARY,
        "APPRISE_URL": f"json://{server.removeprefix('http://')}/{CANARY}",
    }
    said = [f'[[channel]]\nid = "{name}"\ntype = "{name}"\n{more}\n' for name, more in channels.items()]
    rule = f'[[rule]]\nid = "all"\nchannels = {json.dumps(list(channels))}\n'
    return "".join([*said, rule]), {f"PRICEFALL_CHANNEL_{name}": value for name, value in secrets.items()}


def _channels_of(place: Place, said: str) -> None:
    """Put these channels in place of those of the settings."""
    path = place.folder / "pricefall.toml"
    path.write_text(path.read_text().partition("[[channel]]")[0] + said)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import
def test_S12_no_secret_of_any_channel_is_in_database_archive_log_output_or_traceback(
    place: Place,
    receiver: Receiver,
    open_postbox: Callable[..., Postbox],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    postbox = open_postbox(log_in=True, auth_require_tls=False, auth_required=False)
    postbox.accepts_log_in = False  # and it repeats the password
    receiver.choose = lambda _alert_id: 400
    receiver.repeats = True
    said, secrets = _canaries(postbox, receiver)
    _channels_of(place, said)
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PRICEFALL_TRACEBACK", "1")
    place.show(PRICES)
    place.run()
    place.show({**PRICES, "aurora-large": ("2.50", "15.00")})
    place.run()
    shown = [
        repr(place.call(*command))
        for command in (
            ["alerts", "test"],
            ["alerts", "retry", "--now"],
            ["alerts", "list", "--json"],
            ["doctor"],
            ["health"],
            ["sql", "--json", "select * from alerts, deliveries"],
        )
    ]
    assert len(postbox.log_ins) >= 3, "the server heard the password, so it could have leaked"
    heard = {name for name in TYPES if f"could not deliver to {name}" in caplog.text}
    assert heard >= {*TYPES} - {"atom"}, "each that has a secret failed, and was written to the log"
    assert len(receiver.seen) >= 2 * (len(_HOOKS) + 2)
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail."))
    kept = [path.read_bytes().decode("latin-1") for path in place.folder.rglob("*") if path.is_file()]
    assert len(kept) >= 4, "settings, database and kept pages"
    for place_to_look in (*shown, *_without_server(ours), *kept, _traceback_of(place)):
        for secret in (*secrets.values(), CANARY, "Y2FuYXJ5LTdmM2E"):
            assert secret not in place_to_look


def _without_server(log: str) -> list[str]:
    return [line for line in log.splitlines() if "aiosmtpd" not in line]


def _traceback_of(place: Place) -> str:
    """What a fault of the program would print of the settings, with the values of the frames."""
    settings = load_settings(place.folder / "pricefall.toml")
    try:
        _fail(settings)
    except ZeroDivisionError as err:
        told = traceback.TracebackException.from_exception(err, capture_locals=True)
        return "".join(told.format())
    raise AssertionError


def _fail(settings: Settings) -> None:
    channels = settings.channels
    assert len(channels) == len(TYPES)
    1 / 0  # noqa: B018 - the fault


def test_S12_a_process_that_fails_shows_no_secret(place: Place, postbox: Postbox, receiver: Receiver) -> None:
    said, secrets = _canaries(postbox, receiver)
    _channels_of(place, said)
    (place.folder / "prices.db").write_text("no database")
    done = subprocess.run(
        place.command("run"),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **secrets, "PRICEFALL_TRACEBACK": "1"},
    )
    assert done.returncode == 5
    assert CANARY not in done.stdout + done.stderr
    assert Path(place.folder / "prices.db").read_text() == "no database"
