"""Subscribers as an operator sets them up, looks at them and lets them go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.alerts.sender import deliver_due
from monitor.exchange import Exchange
from monitor.rules import alerts_for
from monitor.settings import load_settings
from monitor.settings_form import QUOTED
from monitor.subscribers import token_of, with_subscribers
from scrapers.catalog import ConfigError
from storage import outbox
from storage.sql import run_sql
from storage.store import Store
from storage.subscribers import make_signing_key, note_known
from tests.monitor.alerts.parts import NOW, change
from tests.monitor.calls import call

ROOT = Path(__file__).parent.parent.parent
SETTINGS = """
[[channel]]
id = "mail"
type = "email"
host = "localhost"
security = "none"
from = "pricefall@example.com"
to = ["ops@example.com"]
[[rule]]
id = "all"
channels = ["mail"]
[subscribers]
unsubscribe_url = "https://example.com/leave"
[[subscriber]]
address = "ann@example.com"
digest = "weekly"
[[subscriber.rule]]
id = "cuts"
kinds = ["cut"]
[[subscriber.rule]]
id = "urgent"
deliver = "immediate"
min_percent = 50
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "pricefall.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    monkeypatch.setenv("PRICEFALL_CONFIG", str(path))
    return path


@pytest.fixture
def database(config: Path) -> Path:
    """A database that has mailed Ann once, so that there is a key."""
    path = config.with_name("pricefall.db")
    with Store.open(path) as store:
        note_known(store, ["ann@example.com"], NOW)
        make_signing_key(store)
    return path


def refusal(config: Path, text: str) -> str:
    config.write_text(SETTINGS + text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_settings(config, env={})
    return str(refused.value)


def test_rules_come_in_the_digest_unless_they_say_otherwise(config: Path) -> None:
    (ann,) = load_settings(config, env={}).subscribers
    assert [(rule.id, rule.deliver, rule.channels) for rule in ann.rules] == [
        ("cuts", "weekly", ("subscriber",)),
        ("urgent", "immediate", ("subscriber",)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[subscriber]]\naddress = "Bob <b@example.com>"\n', 25, "is no bare mail address"),
        ('[[subscriber]]\naddress = "ANN@example.com"\n', 25, "'ANN@example.com' is used twice"),
        ('[[subscriber]]\naddress = "b@example.com"\nlangage = "zh"\n', 26, "did you mean 'language'?"),
        ('[[subscriber]]\naddress = "b@example.com"\ncurrency = "UDS"\n', 26, "did you mean 'USD'?"),
        ('[[subscriber]]\naddress = "b@example.com"\nworkloads = ["bot"]\n', 26, "no workload is called 'bot'"),
        (
            '[[subscriber]]\naddress = "b@example.com"\n[[subscriber.rule]]\nid = "x"\nkinds = ["cuts"]\n',
            28,
            "'cuts' is no kind of event; did you mean 'cut'?",
        ),
        (
            '[[subscriber]]\naddress = "b@example.com"\n[[subscriber.rule]]\nid = "x"\nchannels = ["mail"]\n',
            28,
            "unknown key",
        ),
        (
            '[[subscriber]]\naddress = "b@example.com"\n[[subscriber.rule]]\nid = "x"\nproviders = ["opnai"]\n',
            28,
            "'opnai' fits no provider; did you mean 'openai'?",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_meant(
    config: Path, text: str, line: int, words: str
) -> None:
    said = refusal(config, text)
    assert f"line {line}:" in said
    assert words in said


def test_the_server_must_be_a_mail_channel_and_the_way_out_encrypted(config: Path) -> None:
    text = SETTINGS.replace("[subscribers]\n", '[subscribers]\nchannel = "mial"\n')
    text = text.replace("https://example.com/leave", "http://example.com/leave")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_settings(config, env={})
    config.write_text(text.replace("http://", "https://"), encoding="utf-8")
    assert "unsubscribe_url" in str(refused.value)
    with pytest.raises(ConfigError, match=r"of type email is called .mial.; did you mean .mail."):
        load_settings(config, env={})


def test_every_currency_that_may_be_named_is_one_that_the_ecb_quotes() -> None:
    assert set(QUOTED) <= set(Exchange().currencies)


def test_list_shows_who_subscribes_and_who_left(
    config: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _out, _err = call(capsys, "subscribers", "add", "li@example.cn", "--language", "zh", "--kind", "raise")
    assert status == 0
    assert call(capsys, "subscribers", "unsubscribe", "--address", "ann@example.com")[0] == 0
    rows = json.loads(call(capsys, "subscribers", "list", "--json")[1])
    assert [(row["address"], row["from"], bool(row["unsubscribed"])) for row in rows] == [
        ("ann@example.com", "settings", True),
        ("li@example.cn", "command", False),
    ]
    assert rows[1]["rules"] == "own: kinds raise, at once"
    assert call(capsys, "subscribers", "resubscribe", "ann@example.com")[0] == 0
    assert [row["unsubscribed"] for row in json.loads(call(capsys, "subscribers", "list", "--json")[1])] == [None, None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "ann@example.com"), "stands in the settings file"),
        (("add", "li at example"), "is no bare mail address"),
        (("add", "li@example.cn", "--kind", "cuts"), "did you mean 'cut'?"),
        (("add", "li@example.cn", "--provider", "depseek"), "did you mean 'deepseek'?"),
        (("add", "li@example.cn", "--currency", "CNX"), "did you mean"),
        (("remove", "ann@example.com"), "delete its [[subscriber]] there"),
        (("remove", "li@example.cn"), "was not added"),
        (("resubscribe", "ann@example.com"), "is not among those who unsubscribed"),
        (("unsubscribe",), "say a token, or --address"),
        (("unsubscribe", "--", "ann@example.com"), "this token is nobody's"),
        (("unsubscribe", "--", "--address"), "this token is nobody's"),
        (("unsubscribe", "--address", "an@example.com"), "did you mean 'ann@example.com'?"),
    ],
)
def test_a_wrong_command_changes_nothing_and_says_what_to_do(
    config: Path, database: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    status, _out, err = call(capsys, "subscribers", *words)
    assert (status, said in err) == (2, True), err
    assert not database.with_name("pricefall.db.subscribers").exists()


def test_the_endpoint_shows_a_button_and_unsubscribes_only_when_it_is_pressed(
    config: Path, database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Store.open(database) as store:
        token = token_of("ann@example.com", make_signing_key(store))
    script = (ROOT / "docs" / "deploy" / "unsubscribe.cgi").read_text(encoding="utf-8")
    program = f"{sys.executable} -m monitor --config {config}"
    ours = script.replace("/opt/pricefall/bin/pricefall --config /etc/pricefall/pricefall.toml", program)
    assert ours != script
    (tmp_path / "leave.cgi").write_text(ours, encoding="utf-8")

    def ask(method: str, query: str) -> str:
        env = {**os.environ, "REQUEST_METHOD": method, "QUERY_STRING": query, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            ["sh", str(tmp_path / "leave.cgi")], env=env, capture_output=True, text=True, check=True
        ).stdout

    assert "<button>Unsubscribe</button>" in ask("GET", f"t={token}")
    assert json.loads(call(capsys, "subscribers", "list", "--json")[1])[0]["unsubscribed"] is None
    assert ask("POST", "t=$(reboot)").startswith("Status: 400")
    assert "no further message" in ask("POST", f"x=1&t={token}")
    assert json.loads(call(capsys, "subscribers", "list", "--json")[1])[0]["unsubscribed"]


def test_rules_and_alerts_know_subscribers(config: Path, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(call(capsys, "rules", "list", "--json")[1])
    assert [(row["rule"], row["channels"]) for row in listed] == [
        ("all", "mail"),
        ("cuts", "subscriber/ann@example.com"),
        ("urgent", "subscriber/ann@example.com"),
    ]
    with Store.open(database) as store:
        settings = with_subscribers(store, load_settings(config, env={}))
        outbox.enqueue(store, alerts_for([change(new="1.9")], settings), NOW)
    found = json.loads(call(capsys, "alerts", "list", "--channel", "ann@example.com", "--json")[1])
    assert [(row["channel"], row["rule"], row["state"]) for row in found] == [
        ("subscriber/ann@example.com", "cuts", "collected")
    ]
    shown = call(capsys, "alerts", "show", found[0]["id"])[1]
    assert "You get these messages because you subscribed to them." in shown


def test_the_key_of_the_links_is_not_for_user_sql(database: Path) -> None:
    with pytest.raises(Exception, match="the table subscriber_key is refused"):
        run_sql(database, "SELECT key FROM subscriber_key")
    assert run_sql(database, "SELECT address FROM subscribers").rows == (("ann@example.com",),)


def test_a_click_holds_while_another_process_has_the_run_lock(
    config: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from monitor.parts import locked_parts

    settings = load_settings(config, env={})
    with locked_parts(settings) as parts:
        token = token_of("ann@example.com", make_signing_key(parts.store))
        assert call(capsys, "subscribers", "unsubscribe", "--", token)[0] == 0
        assert call(capsys, "subscribers", "unsubscribe", "--", token)[0] == 0, "a second click is no fault"
        assert with_subscribers(parts.store, settings).subscribers == ()
        deliver_due(parts.store, settings, NOW)
        (row,) = parts.store.connection.rows("SELECT unsubscribed_why FROM subscribers")
    assert row[0] == "unsubscribed by the link of a message"
