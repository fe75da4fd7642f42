"""One event through every type of channel, and the commands that look after them, on real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug import Request, Response

from monitor.alerts.services.registry import TYPES
from tests.e2e.place import PRICES, SECRET, Place
from tests.monitor.alerts.services.chat import BOT_TOKEN, GOOD

CHEAPER = {**PRICES, "aurora-large": ("2.50", "15.00")}
OLDER = "whsec_" + "b2xkZXItb2xkZXItb2xkZXItb2xkZXI="

pytestmark = [
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # apprise's own import
]


def add(place: Place, *channels: str, named: str) -> None:
    """Add channels to the settings and name them in the rule."""
    path = place.folder / "pricefall.toml"
    text = path.read_text().replace('channels = ["mail", "hook"]', f"channels = {named}")
    path.write_text(text + "".join(channels))


def private(place: Place, name: str, words: str) -> str:
    path = place.folder / name
    path.write_text(words)
    path.chmod(0o600)
    return name


@pytest.fixture
def every(place: Place, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Request]]:
    """A place with a channel of each type; what came to each chat, by type."""
    came: dict[str, list[Request]] = {kind: [] for kind in (*GOOD, "apprise")}

    def listen(kind: str, path: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            came[kind].append(request)
            return Response(GOOD.get(kind, (200, ""))[1], GOOD.get(kind, (200, ""))[0])

        httpserver.expect_request(path, method="POST").respond_with_handler(answer)
        return answer

    server = httpserver.url_for("").rstrip("/")
    channels = []
    for kind in TYPES:
        if kind in {"email", "webhook"}:
            continue
        lines = {
            "telegram": f'chat = "-100"\nserver = "{server}"\nallow_private = true\ntoken_file = "bot-token"',
            "ntfy": f'topic_file = "topic"\nserver = "{server}"\nallow_private = true',
            "apprise": 'url_file = "apprise"\nallow_private = true',
            "atom": 'path = "feed.xml"',
            "exec": 'command = ["sh", "-c", "cat > told-$PRICEFALL_ALERT_ID"]',
        }.get(kind, f'url_file = "{kind}"\nallow_private = true')
        channels.append(f'[[channel]]\nid = "{kind}"\ntype = "{kind}"\n{lines}\n')
        if kind in GOOD and kind not in {"telegram", "ntfy"}:
            private(place, kind, f"{server}/{kind}/canary-token")
            listen(kind, f"/{kind}/canary-token")
    private(place, "bot-token", BOT_TOKEN)
    private(place, "topic", "canary-topic")
    private(place, "apprise", f"json://127.0.0.1:{httpserver.port}/apprise/canary")
    listen("telegram", f"/bot{BOT_TOKEN}/sendMessage")
    listen("ntfy", "/")
    listen("apprise", "/apprise/canary")
    names = ["mail", "hook", *(kind for kind in TYPES if kind not in {"email", "webhook"})]
    add(place, *channels, named=json.dumps(names))
    monkeypatch.chdir(place.folder)
    return came


def test_one_event_reaches_every_type_of_channel_once(place: Place, every: dict[str, list[Request]]) -> None:
    place.show(PRICES)
    place.run()
    place.show(CHEAPER)
    place.run()
    place.run()
    for kind, requests in every.items():
        assert len(requests) == 1, kind
        assert "aurora-large" in json.dumps(requests[0].get_json(), ensure_ascii=False).replace("\\", ""), kind
    assert len(place.mails.messages) == len(place.hook.bodies) == 1
    feed = ET.parse(place.folder / "feed.xml").getroot()  # noqa: S314 - our own file
    (entry,) = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert "aurora-large" in str(entry.findtext("{http://www.w3.org/2005/Atom}title"))
    (told,) = Path(place.folder).glob("told-*")
    assert json.loads(told.read_text())["data"]["events"][0]["new"] == "2.50"
    rows = json.loads(place.call("alerts", "list", "--json").stdout)
    assert {row["channel"] for row in rows} == {"mail/ops@example.com", "hook", *TYPES} - {"email", "webhook"}
    assert {row["state"] for row in rows} == {"sent"}
    ids = {entry.findtext("{http://www.w3.org/2005/Atom}id")}
    assert ids == {f"urn:pricefall:alert:{row['id']}" for row in rows if row["channel"] == "atom"}


def test_a_test_message_shows_what_was_sent_and_no_secret(place: Place, every: dict[str, list[Request]]) -> None:
    done = place.call("alerts", "test", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, {row["type"] for row in told}) == (0, set(TYPES))
    assert all(row["ok"] and row["error"] is None for row in told)
    shown = {row["address"]: row["sent"] for row in told}
    assert every["slack"][0].get_json() == shown["slack"]
    assert every["ntfy"][0].get_json() == {"topic": "canary-topic", **shown["ntfy"]}
    assert "The channel works" in shown["mail/ops@example.com"]
    assert "canary" not in done.stdout
    assert BOT_TOKEN not in done.stdout
    assert all(len(requests) == 1 for requests in every.values())
    place.hook.status = 503
    failed = place.call("alerts", "test", "hook", "slack")
    assert failed.returncode == 1
    assert "hook: failed: webhook 'hook' at 127.0.0.1 answers 503" in failed.stderr
    assert "slack: sent:\n    {" in failed.stdout
    assert place.call("alerts", "test", "slak").returncode == 2


def test_what_was_sent_can_be_listed_and_looked_at(place: Place) -> None:
    place.show(PRICES)
    place.run()
    place.hook.status = 500
    place.show(CHEAPER)
    place.run()
    rows = json.loads(place.call("alerts", "list", "--json", "--channel", "hook").stdout)
    ((name, state),) = [(row["id"], row["state"]) for row in rows]
    assert state == "pending"
    assert len(json.loads(place.call("alerts", "list", "--json", "--channel", "mail").stdout)) == 1, "by its id"
    for more, count in ((("--rule", "all"), 2), (("--rule", "al"), 0), (("--since", "2000-01-01"), 2)):
        assert len(json.loads(place.call("alerts", "list", "--json", *more).stdout)) == count, more
    text = place.call("alerts", "show", name).stdout
    assert "To: hook\nSubject: aurora: price cut, aurora-large input" in text
    assert " failed: webhook 'hook' at 127.0.0.1 answers 500" in text
    assert ", again at 20" in text
    assert place.call("alerts", "show", name, "--as", "html").stdout.startswith("<!doctype html>")
    whole = json.loads(place.call("alerts", "show", name, "--as", "json").stdout)
    assert (whole["state"], whole["payload"]["id"], whole["deliveries"][0]["outcome"]) == ("pending", name, "failed")
    place.hook.status = 200
    assert place.call("alerts", "retry", "--now").returncode == 0
    assert place.call("alerts", "show", name).stdout.rstrip().endswith("sent")
    for wrong in (("list", "--since", "soon"), ("list", "--limit", "0"), ("show", name, "--as", "pdf")):
        assert place.call("alerts", *wrong).returncode == 2, wrong
    missing = place.call("alerts", "show", "msg_none")
    assert missing.returncode != 0
    assert "no alert has the id 'msg_none'; `pricefall alerts list` shows them" in missing.stderr


def test_d19_a_secret_is_changed_without_a_message_that_a_receiver_refuses(place: Place) -> None:
    """The old key, both, the new one: a receiver with either key reads what comes while both are set."""

    def received(secret: str) -> bool:
        headers, body = place.hook.bodies[-1]
        try:
            Webhook(secret).verify(body, headers)
        except WebhookVerificationError:
            return False
        return True

    private(place, "hook-secret", OLDER)
    assert place.call("alerts", "test", "hook").returncode == 0
    assert (received(OLDER), received(SECRET)) == (True, False)
    path = place.folder / "pricefall.toml"
    both = path.read_text().replace(
        'secret_file = "hook-secret"', 'secret_file = "hook-secret"\nprevious_secret_file = "old-secret"'
    )
    alone = path.read_text()
    private(place, "hook-secret", SECRET)
    private(place, "old-secret", OLDER)
    path.write_text(both)
    assert place.call("alerts", "test", "hook").returncode == 0
    assert (received(OLDER), received(SECRET)) == (True, True)
    path.write_text(alone)
    assert place.call("alerts", "test", "hook").returncode == 0
    assert (received(OLDER), received(SECRET)) == (False, True)
