"""1,000 webhooks under 60 kills and 45 % faults, 400 mails under 40 kills and 42 %: the counts, and what they break.

    nice -n 10 python benchmarks/deliver_under_fire.py [--alerts 1000] [--kills 60] [--mails 400] [--senders 2]

Exit status 1 when a promise of `docs/alerts.md` is broken. A test does the same in small.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from aiosmtpd.controller import Controller

from tests.faults.fire import Fire, fire_at_hook, fire_at_mail
from tests.monitor.alerts.parts import Postbox


def main() -> None:
    """Run both, print the counts."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--alerts", type=int, default=1000)
    said.add_argument("--kills", type=int, default=60)
    said.add_argument("--mails", type=int, default=400)
    said.add_argument("--senders", type=int, default=2)
    said.add_argument("--seed", type=int, default=11)
    asked = said.parse_args()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        hook = fire_at_hook(Path(one), alerts=asked.alerts, kills=asked.kills, senders=asked.senders, seed=asked.seed)
        _show("webhooks", hook)
        mail = fire_at_mail(
            Path(two), _open_postbox, mails=asked.mails, kills=40, senders=asked.senders, seed=asked.seed
        )
        _show("mails", mail)
    sys.exit(1 if hook.problems or mail.problems else 0)


def _show(what: str, fire: Fire) -> None:
    print(what, *(f"{key} {value}" for key, value in asdict(fire).items()), sep="; ", flush=True)
    print(f"{what}: {', '.join(fire.problems) or 'every promise held'}", flush=True)


def _open_postbox() -> Postbox:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    postbox = Postbox(port)
    Controller(postbox, hostname="127.0.0.1", port=port).start()
    return postbox


if __name__ == "__main__":
    main()
