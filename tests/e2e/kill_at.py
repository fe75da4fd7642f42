"""`python kill_at.py STEP CALL -- ARGS`: run the command and die by SIGKILL at the CALLth time a step is reached.

The steps are functions of the program, replaced from outside: the program itself knows nothing of this.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

STEPS = {
    "fetched": ("monitor.cycle", "read_page", "before"),
    "archived": ("storage.archive", "Archive.put", "after"),
    "judged": ("monitor.cycle", "judge_page", "after"),
    "recording": ("storage.store", "Store.record_page", "before"),
    "recorded": ("storage.store", "Store.record_page", "after"),
    "finishing": ("storage.store", "Store.finish_run", "before"),
    "finished": ("storage.store", "Store.finish_run", "after"),
    "leased": ("storage.outbox", "lease", "after"),
    "sent": ("storage.outbox", "mark_sent", "before"),
    "marked": ("storage.outbox", "mark_sent", "after"),
}
DECISION_STEPS = {
    "deciding": ("storage.store", "Store.record_decisions", "before"),
    "ruling": ("storage.recording", "write_rulings", "after"),
    "alerting": ("storage.recording", "insert_alerts", "after"),
    "decided": ("storage.store", "Store.record_decisions", "after"),
}


def main() -> None:
    import importlib

    step, call = sys.argv[1], int(sys.argv[2])
    module_name, path, when = (STEPS | DECISION_STEPS)[step]
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        value = original(*args, **kwargs)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    setattr(owner, name, dying)
    for module in ("monitor.cycle", "monitor.alerts.sender"):  # names that were imported by value
        loaded = importlib.import_module(module)
        if getattr(loaded, name, None) is original:
            setattr(loaded, name, dying)
    from monitor.cli import main as pricefall

    pricefall(sys.argv[4:])


if __name__ == "__main__":
    main()
