"""Senders in processes of their own that can be killed: each delivers until the outbox is empty, without long waits."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from monitor.alerts import posting, sender
from monitor.alerts.errors import NotNow
from monitor.settings import Settings
from storage import outbox
from storage.store import Store
from tests.monitor.alerts.parts import Postbox, hook_channel, mail_channel, settings_of


def settings_for(target: str) -> Settings:
    """Settings with one channel: `hook URL` or `mail PORT`."""
    kind, _, where = target.partition(" ")
    return settings_of(hook_channel(where) if kind == "hook" else mail_channel(Postbox(int(where)), timeout_s=2))


def main() -> None:
    """Start a sender for each line `start`, and say its process id; wait for the process of each line `wait ID`.

    Each is a fork of this process, which has imported all and opened nothing: it is at work at once.
    """
    database, target = Path(sys.argv[1]), sys.argv[2]
    settings = settings_for(target)
    for line in sys.stdin:
        verb, _, process = line.strip().partition(" ")
        if verb == "start":
            said = os.fork()
            if said == 0:
                _drain(database, settings)
                os._exit(0)
        else:
            said = os.waitstatus_to_exitcode(os.waitpid(int(process), 0)[1])
        print(said, flush=True)  # noqa: T201 - who started it waits for it


def _drain(database: Path, settings: Settings) -> None:
    sender.WAITS_S = (0,)  # type: ignore[assignment] # the schedule of three days, made short
    sender.LEASE_S = 2
    posting.TIMEOUTS = (1, 0.3)  # type: ignore[assignment] # the same for a receiver that never answers
    NotNow.tries = 1000
    with Store.open(database) as store:
        while outbox.counts(store)["pending"]:
            sender.deliver_due(store, settings, datetime.now(UTC))
            time.sleep(0.01)


if __name__ == "__main__":
    main()
