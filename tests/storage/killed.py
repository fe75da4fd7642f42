"""Looks at a page by a process that is killed, for the fault tests P01, P02 and P04.

Run as a script it prints one JSON object: how many rounds there were, and every broken invariant. Children are forked
before a database is open, so each round costs milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapers.rates import Complaint, Rate
from storage.outbox import lease
from storage.outcomes import PageOutcome
from storage.queries import prices
from storage.store import Store
from tests.storage.looks import MARKET, PROVIDER, URL, alert, day, event, outcome, page_id, rate, waiting

NAMES = ("GPT-4o", "GPT-4 Turbo", "o1", "o3-mini")


def listed(step: int) -> list[Rate]:
    """The price list of a step: all prices move, one model comes and goes."""
    kept = [name for number, name in enumerate(NAMES) if number != step % 4]
    return [rate(name, f"{(step * 7 + number) % 90 + 1}.50") for number, name in enumerate(kept)]


def look(step: int) -> PageOutcome:
    before = {each.model: each for each in listed(step - 1)}
    moved = [event("cut", before[each.model], each, step, repeat=step) for each in listed(step) if each.model in before]
    return outcome(
        step,
        listed(step),
        complaints=[Complaint("unread_amount", "unknown word", f"${step}")],
        pending=(waiting(listed(step)[0], rate("o9"), step),),
        events=tuple(moved),
        alerts=(alert(*moved, order_key=f"step {step}"),),
        sha256=f"step {step}",
    )


def recorded_step(store: Store) -> int:
    sha256 = store.page_state(PROVIDER, MARKET, URL).sha256
    return 0 if sha256 is None else int(sha256.removeprefix("step "))


def broken(path: Path, acknowledged: int) -> list[str]:
    """Every invariant that does not hold after a kill."""
    with Store.open(path) as store:

        def one(sql: str) -> Any:
            return store.connection.rows(sql)[0][0]

        step = recorded_step(store)
        told = {name for row in store.connection.rows("SELECT event_ids FROM alerts") for name in json.loads(row[0])}
        events = {row[0] for row in store.connection.rows("SELECT id FROM events")}
        moved = one("SELECT count(*) FROM rates WHERE seen_from > seen_until OR ended_at < seen_until")
        twice = one(
            "SELECT count(*) FROM (SELECT 1 FROM rates WHERE ended_at IS NULL GROUP BY page_id, identity "
            "HAVING count(*) > 1)"
        )
        overlaps = one(
            "SELECT count(*) FROM rates a JOIN rates b ON a.identity = b.identity AND a.id < b.id "
            "AND b.seen_from < coalesce(a.ended_at, '9999')"
        )
        holds = {
            "the file is whole": one("PRAGMA integrity_check") == "ok",
            "references hold": not store.connection.rows("PRAGMA foreign_key_check"),
            "what was acknowledged is there": step >= acknowledged,
            "a capture a step": one("SELECT count(*) FROM captures") == step,
            "a complaint a capture": one("SELECT count(*) FROM complaints") == step,
            "an alert a step": one("SELECT count(*) FROM alerts") == step,
            "every event is told, and nothing else": told == events,
            "no price twice": not twice,
            "no interval overlaps the next": not overlaps and not moved,
            "a look belongs to a run": not one(
                "SELECT count(*) FROM captures WHERE run_id IS NOT NULL AND run_id NOT IN (SELECT id FROM runs)"
            ),
            "one run at most is unfinished": one("SELECT count(*) FROM runs WHERE finished_at IS NULL") <= 1,
        }
        if step:
            page = page_id(store)
            holds["the accepted list is that of the step"] = store.accepted_rates(page) == tuple(listed(step))
            holds["what waits is that of the step"] = store.pending_of(page) == look(step).pending
            holds["the prices in force are the accepted list"] = len(prices(store)) == len(listed(step))
            holds["alerts can be leased"] = len(lease(store, day(step), 0, limit=1)) == 1
        return [name for name, is_true in holds.items() if not is_true]


def die_at_statement(path: Path, number: int) -> bool:
    """Make one run in a child that is killed before its `number`th statement; False when it had fewer."""
    child = os.fork()
    if child == 0:
        with Store.open(path) as store:
            step = recorded_step(store) + 1
            left = number

            def count(_: str) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            store.connection.raw.set_trace_callback(count)
            run = store.begin_run(day(step), "run")
            store.record_page(replace(look(step), run_id=run))
            store.finish_run(run, day(step), "ok", {})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def die_some_time(path: Path, looks: int, seconds: float) -> int:
    """Record looks in a child that is killed so long after it acknowledged so many, however slow the machine is.

    Returns the last step that it acknowledged.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        with Store.open(path) as store:
            os.write(write_end, b"r")
            step = recorded_step(store)
            while True:
                step += 1
                store.record_page(look(step))
                os.write(write_end, b"%d\n" % step)
    os.close(write_end)
    os.read(read_end, 1)
    said = b""
    while said.count(b"\n") < looks:
        said += os.read(read_end, 64)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read_end, "rb") as pipe:
        acknowledged = (said + pipe.read()).split()
    return int(acknowledged[-1]) if acknowledged else 0


def main(how: str, path: Path, rounds: int) -> None:
    faults: list[str] = []
    done = acknowledged = 0
    if how == "points":
        for _ in range(rounds):
            point = 0
            while die_at_statement(path, point):
                faults += [f"before statement {point}: {name}" for name in broken(path, acknowledged)]
                point += 1
                done += 1
            acknowledged += 1
            faults += [f"without a kill: {name}" for name in broken(path, acknowledged)]
        with Store.open(path) as store:
            run = store.begin_run(day(99), "run")
            ended = store.connection.rows("SELECT DISTINCT status FROM runs WHERE id < ?", (run,))
            faults += [] if {row[0] for row in ended} == {"ok", "interrupted"} else ["a killed run is not closed"]
    else:
        dice = random.Random(rounds)  # noqa: S311 - not a secret
        for _ in range(rounds):
            acknowledged = max(acknowledged, die_some_time(path, dice.randrange(2), dice.random() * 0.03))
            faults += broken(path, acknowledged)
            done += 1
    print(json.dumps({"rounds": done, "acknowledged": acknowledged, "faults": faults}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
