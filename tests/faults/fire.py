"""Delivery under fire: senders that are killed, a receiver that fails nearly half of the time, and what came of it.

The senders are processes of their own and die by kill -9; the receiver refuses, answers 429 or 500, works and then says
500, works and drops the connection, or works and never answers. Used by a test at a small size, and by
`benchmarks/deliver_under_fire.py` in full.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from monitor.rules import alerts_for
from monitor.settings import Settings
from storage import outbox
from storage.store import Store
from tests.faults.drain import settings_for
from tests.faults.receiver import Act, Receiver
from tests.monitor.alerts.parts import SIGNING_SECRET, Postbox, change

ROOT = Path(__file__).parents[2]
PROVIDERS, MODELS = 20, 5

HOOK_FAULTS: Sequence[tuple[float, Act, bool]] = (
    (0.09, 503, False),
    (0.09, (429, "0"), False),
    (0.06, "refuse", False),
    (0.09, "500 after the work", True),
    (0.09, "drop", True),
    (0.03, "stall", True),
)
"""Share of the answers, what is done, and whether the message was taken all the same (a lie): 45 % in all."""

MAIL_FAULTS: Sequence[tuple[float, str, bool]] = (
    (0.12, "451 try later", False),
    (0.12, "421 closing", False),
    (0.18, "drop", True),
)
"""The same for a mail server's answer to DATA: 42 % in all."""


@dataclass
class Fire:
    """What came of it; `lies` are messages that were taken although the answer said no, or nothing."""

    queued: int = 0
    lost: int = 0
    invented: int = 0
    duplicates: int = 0
    lies: int = 0
    kills: int = 0
    kills_in_the_middle: int = 0
    inversions: int = 0
    bad_signatures: int = 0
    requests: int = 0
    seconds: float = 0.0
    left: dict[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What breaks a promise."""
        found = [name for name in ("lost", "invented", "inversions", "bad_signatures") if getattr(self, name)]
        if self.duplicates > self.lies + self.kills:
            found.append("more duplicates than lies and kills")
        if self.left.get("pending") or self.left.get("dead"):
            found.append("not all is sent")
        return found


@dataclass
class Dice:
    """Draws faults with their shares, and counts the lies."""

    faults: Sequence[tuple[float, Any, bool]]
    good: Any
    seed: int
    lies: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a test's dice
        self._lock = threading.Lock()

    def throw(self) -> Any:
        """The next answer."""
        with self._lock:
            luck = self._chance.random()
            for share, act, is_lie in self.faults:
                luck -= share
                if luck < 0:
                    self.lies += is_lie
                    return act
            return self.good


def fire_at_hook(folder: Path, *, alerts: int, kills: int, senders: int = 2, seed: int = 11) -> Fire:
    """Webhooks to a receiver that fails 45 % of the time."""
    receiver = Receiver()
    dice = Dice(HOOK_FAULTS, 204, seed)
    receiver.choose = lambda _alert_id: dice.throw()
    try:
        fire = _fire(folder, f"hook {receiver.url}", alerts, kills, senders, seed, lambda: list(receiver.took))
        fire.bad_signatures = sum(not _is_signed(headers, body) for headers, body in receiver.seen)
        fire.requests, fire.lies = len(receiver.seen), dice.lies
    finally:
        receiver.close()
    return fire


def fire_at_mail(
    folder: Path, open_postbox: Callable[[], Postbox], *, mails: int, kills: int, senders: int = 2, seed: int = 7
) -> Fire:
    """Mails to a server that fails 42 % of the time; what it took is told by the Message-ID."""
    postbox = open_postbox()
    dice = Dice(MAIL_FAULTS, "250 OK", seed)
    postbox.throw = dice.throw

    def took() -> list[str]:
        return [mail["X-Pricefall-Alert"] for _to, mail in postbox.mails]

    fire = _fire(folder, f"mail {postbox.port}", mails, kills, senders, seed, took)
    wrong = sum(mail["Message-ID"] != f"<{mail['X-Pricefall-Alert']}@example.com>" for _to, mail in postbox.mails)
    fire.bad_signatures, fire.requests, fire.lies = wrong, len(postbox.mails), dice.lies
    return fire


def _fire(
    folder: Path, target: str, alerts: int, kills: int, count: int, seed: int, took: Callable[[], list[str]]
) -> Fire:
    database = folder / "pricefall.db"
    fire = Fire(queued=alerts, kills=kills)
    began = time.monotonic()
    with Store.open(database) as store, _Senders(database, target) as senders:
        order = _queue(store, settings_for(target), alerts)
        dice = random.Random(seed)  # noqa: S311 - a test's dice
        running = [senders.start() for _ in range(count)]
        for kill in range(kills):
            far = alerts * 0.9 * (kill + 1) / (kills + 1)  # each at another place of the work, the last before its end
            while len(set(took())) < far:
                time.sleep(0.005)
            time.sleep(dice.uniform(0, 0.02))
            fire.kills_in_the_middle += outbox.counts(store)["pending"] > 0
            os.kill(running[kill % count], signal.SIGKILL)
            senders.wait(running[kill % count])
            running[kill % count] = senders.start()
        for process in running:
            senders.wait(process)
        fire.left = outbox.counts(store)
    fire.seconds = round(time.monotonic() - began, 1)
    arrived = took()
    first = {name: place for place, name in reversed(list(enumerate(arrived)))}
    expected = {name for names in order.values() for name in names}
    fire.lost = len(expected - set(first))
    fire.invented = len(set(first) - expected)
    fire.duplicates = sum(Counter(arrived).values()) - len(first)
    for names in order.values():
        places = [first[name] for name in names if name in first]
        fire.inversions += sum(one > other for one, other in pairwise(places))
    return fire


def _queue(store: Store, settings: Settings, alerts: int) -> dict[str, list[str]]:
    """Prices of 100 models that fall and fall; the ids of each model in their order."""
    order: dict[str, list[str]] = {}
    for number in range(alerts):
        place = number % (PROVIDERS * MODELS)
        step = number // (PROVIDERS * MODELS)
        provider, model = f"provider-{place % PROVIDERS}", f"model-{place // PROVIDERS}"
        queued = alerts_for([change(model, f"{1000 - step}", f"{999 - step}", provider=provider)], settings)
        outbox.enqueue(store, queued, datetime.now(UTC))
        order.setdefault(f"{provider}/{model}", []).extend(alert.id for alert in queued)
    return order


class _Senders:
    """The process that forks senders, see `tests.faults.drain`."""

    def __init__(self, database: Path, target: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.drain", str(database), target]

    def __enter__(self) -> Self:
        self._host = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._host.communicate(timeout=60)

    def start(self) -> int:
        return self._ask("start")

    def wait(self, process: int) -> int:
        return self._ask(f"wait {process}")

    def _ask(self, line: str) -> int:
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.write(f"{line}\n")
        self._host.stdin.flush()
        return int(self._host.stdout.readline())


def _is_signed(headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(SIGNING_SECRET).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True
