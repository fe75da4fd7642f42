"""Kill -9 and receivers that fail nearly half of the time, in small: `benchmarks/deliver_under_fire.py` is in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.faults.fire import fire_at_hook, fire_at_mail
from tests.monitor.alerts.parts import Postbox


def test_D11_D12_D13_D14_kills_of_two_senders_lose_nothing_and_keep_the_order(tmp_path: Path) -> None:
    fire = fire_at_hook(tmp_path, alerts=200, kills=15)
    assert fire.problems == [], fire
    assert fire.lies > 20, "the receiver lied"
    assert fire.kills_in_the_middle >= 12, "the kills came in the middle"
    assert fire.left["sent"] == 200


def test_D04_D11_mails_under_kills_are_all_there_and_fold_by_their_message_id(
    tmp_path: Path, open_postbox: Callable[..., Postbox]
) -> None:
    fire = fire_at_mail(tmp_path, open_postbox, mails=60, kills=5, senders=1)
    assert fire.problems == [], fire
    assert fire.lies > 5, "the server dropped the answer after it took the mail"
    assert fire.kills_in_the_middle >= 4, "the kills came in the middle"
