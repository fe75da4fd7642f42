"""Incidents: each kind begins when it should, is told once, and is over when it is over."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.health import stands_still
from monitor.settings import HealthSettings
from monitor.settings_form import HealthForm
from scrapers.rates import Retirement
from storage.incidents import INCIDENT_KINDS
from storage.nouns import Flapping, Pending, identity_text
from storage.store import Store
from tests.monitor.world import PRICED, START, Found, World, kinds, price_list

MANY = tuple(f"p{number}" for number in range(12))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "prices.db") as opened:
        yield opened


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def failed(world: World, *found: str) -> list[list[tuple[str, str]]]:
    """What each of these looks opens."""
    return [kinds(world.run(kind).opened) for kind in found]


@pytest.mark.parametrize(
    ("found", "kind", "title"),
    [
        (["http_404"] * 3, "vanished", "page vanished"),
        (["http_404", "http_410", "moved"], "vanished", "page vanished"),
        (["blocked"] * 3, "blocked", "page blocked"),
        (["http_403", "robots", "blocked"], "blocked", "page blocked"),
        (["timeout", "http_503", "dns"], "failing", "page fails"),
        (["http_404", "timeout", "no_table"], "failing", "page fails"),
        (["no_table"] * 2, "layout", "layout changed"),
        (["implausible", "UnknownColumn"], "layout", "layout changed"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_page_that_fails_in_a_row_is_one_incident_that_is_told_once(
    world: World, found: list[str], kind: str, title: str
) -> None:
    world.run(price_list())
    opened = failed(world, *found)
    assert opened == [[]] * (len(found) - 1) + [[(kind, "aurora")]]
    assert failed(world, found[0], found[-1]) == [[], []]
    (incident,) = world.health_now().open
    assert (incident.since, incident.facts["looks"]) == (START + timedelta(hours=12), len(found) + 2)
    after = world.run(None)
    assert kinds(after.closed) == [(kind, "aurora")]
    assert after.open == ()
    assert world.told() == [f"aurora: {title}", f"aurora: {title}, over after {_hours(6 * (len(found) + 2))}"]
    assert kinds(world.run(None).closed) == []


def _hours(hours: int) -> str:
    days, rest = divmod(hours, 24)
    parts = [f"{days} day{'s' if days > 1 else ''}" if days else "", f"{rest} hours" if rest else ""]
    return " ".join(part for part in parts if part)


def test_a_good_look_in_between_begins_the_count_again(world: World) -> None:
    world.run(price_list())
    failed(world, "http_404", "http_404")
    world.run(None)
    assert failed(world, "http_404", "http_404") == [[], []]


def test_two_looks_of_one_run_count_once(world: World) -> None:
    world.run(price_list())
    failed(world, "timeout")
    world.now += timedelta(hours=6)
    run_id = world.store.begin_run(world.now, "run")
    for _ in range(3):
        world._look(run_id, "aurora", "timeout", world.now)
    assert world._finish(run_id).open == ()


def test_thresholds_are_settings(world: World) -> None:
    world.health = HealthSettings(vanished_after=1, failing_after=2, layout_after=1)
    world.run(price_list())
    assert failed(world, "http_404") == [[("vanished", "aurora")]]
    world.run(None)
    assert failed(world, "timeout", "reset") == [[], [("failing", "aurora")]]


def test_a_failure_that_becomes_certain_takes_over_and_the_first_is_not_called_over(world: World) -> None:
    world.run(price_list())
    failed(world, "timeout", "timeout", "timeout", "http_404", "http_404")
    changes = world.run("http_404")
    assert kinds(changes.opened) == [("vanished", "aurora")]
    assert changes.closed == ()
    assert kinds(changes.open) == [("vanished", "aurora")]
    assert world.told() == ["aurora: page fails", "aurora: page vanished"]


def test_a_page_that_fails_in_turns_does_not_open_a_second_incident(world: World) -> None:
    world.run(price_list())
    failed(world, "http_404", "http_404", "http_404")
    assert failed(world, "http_503", "timeout", "dns", "http_404", "http_503") == [[]] * 5
    assert kinds(world.health_now().open) == [("vanished", "aurora")]


def test_columns_that_are_not_understood_any_more_are_an_incident_until_they_are(world: World) -> None:
    world.run(price_list(columns=1))
    world.run(price_list(columns=1))
    changes = world.run(price_list(columns=2, unread=30))
    (incident,) = changes.opened  # the unread amounts have the same cause
    assert incident.kind == "layout"
    assert incident.why == '2 columns are not understood, 1 were before: nobody knows what "Zorp 1" means.'
    for _ in range(14):  # the page goes on changing: what was usual before is not forgotten
        assert world.run(price_list(columns=2, unread=30)).opened == ()
    assert kinds(world.run(price_list(columns=1)).closed) == [("layout", "aurora")]


def test_a_first_page_is_never_worse_than_before(world: World) -> None:
    assert world.run(price_list(columns=5, unread=30)).open == ()


def test_the_share_of_unread_amounts_is_compared_with_what_is_usual_on_the_page(world: World) -> None:
    for unread in (8, 9, 8):
        world.run(price_list(unread=unread))
    assert world.run(price_list(unread=10)).open == (), "ten of forty are not five points above eight"
    (incident,) = world.run(price_list(unread=11)).opened
    assert incident.why == "11 of 40 amounts on the page are not understood (28 %); 21 % were usual."
    for _ in range(14):
        assert world.run(price_list(unread=11)).opened == ()
    assert kinds(world.run(price_list(unread=10)).closed) == [("unread", "aurora")]


def test_a_page_that_runs_pass_over_becomes_stale_and_a_look_ends_it(store: Store) -> None:
    world = World(store, ("aurora", "borealis"))
    world.run(price_list())
    opened = [kinds(world.run({"aurora": None}, hours=12).opened) for _ in range(7)]
    assert opened == [[]] * 5 + [[("stale", "borealis")], []]
    assert kinds(world.run(None).closed) == [("stale", "borealis")]
    assert world.told() == [
        "borealis: page not read for long",
        "borealis: page not read for long, over after 3 days 18 hours",
    ]


def test_a_page_that_is_due_rarely_is_not_stale_before_its_second_look(store: Store) -> None:
    world = World(store, ("aurora", "borealis"), interval_s=7 * 86400)
    world.run(price_list())
    assert [kinds(world.run({"aurora": None}, hours=24).opened) for _ in range(13)] == [[]] * 13
    assert kinds(world.run({"aurora": None}, hours=24).opened) == [("stale", "borealis")]


def test_a_machine_that_was_off_finds_no_page_stale_before_it_had_the_time_to_look(store: Store) -> None:
    world = World(store, ("aurora", "borealis"))
    world.run(price_list())
    assert world.run({"aurora": None}, hours=24 * 9).open == ()
    assert world.run({"borealis": None}, hours=0.1).open == ()


def test_a_failing_page_is_not_also_stale(world: World) -> None:
    world.run(price_list())
    for _ in range(16):
        world.run("timeout")
    assert kinds(world.health_now().open) == [("failing", "aurora")]


def test_a_stale_page_that_turns_out_to_fail_is_not_called_over(store: Store) -> None:
    world = World(store, ("aurora", "borealis"))
    world.run(price_list())
    for _ in range(7):
        world.run({"aurora": None}, hours=12)
    changes = [world.run({"borealis": "timeout"}, hours=1) for _ in range(3)]
    assert [kinds(each.closed) for each in changes] == [[], [], []]
    assert kinds(world.health_now().open) == [("failing", "borealis")]


def test_n22_nothing_but_304_for_longer_than_a_full_look_may_take_is_stale(world: World) -> None:
    world.run(price_list())
    for _ in range(9):
        assert world.run(None, hours=24).open == ()
    (incident,) = world.run(None, hours=24).opened
    assert incident.kind == "stale"
    assert "only said that nothing changed" in incident.why
    assert kinds(world.run(price_list()).closed) == [("stale", "aurora")]


def test_changes_that_wait_for_a_person_are_told_when_they_have_waited_long(world: World) -> None:
    world.run(price_list())
    dear = replace(PRICED, amount=PRICED.amount * 20 if PRICED.amount else None)
    held = Pending(identity_text(dear), "held", "raise", PRICED, dear, "twentyfold", world.now)
    world.run(price_list(), pending=(held, replace(held, outcome="wait")))
    assert world.run(None, hours=60).open == ()
    (incident,) = world.run(None).opened
    assert incident.why == "1 change is held, the oldest since 2026-03-02 12:00 UTC."
    assert kinds(world.run(price_list(), pending=()).closed) == [("held", "aurora")]


def test_prices_that_go_to_and_fro_are_one_incident_of_their_page_until_they_are_calm(world: World) -> None:
    world.run(price_list())
    price = Flapping(identity_text(PRICED), 2, START, world.now, "$5 and $4 in turn")
    assert world.run(price_list(), flapping=(price,)).open == ()
    often = replace(price, reversals=3, last_at=world.now)
    (incident,) = world.run(
        price_list(), flapping=(often, replace(often, key="", reversals=4, why="9 prices changed together"))
    ).opened
    assert incident.why == "2 prices go to and fro: 9 prices changed together."
    assert world.run(None, hours=24 * 6).open != ()
    assert kinds(world.run(None, hours=24).closed) == [("flapping", "aurora")]


def test_the_end_of_a_model_is_told_once_and_again_when_the_page_drops_it(world: World) -> None:
    soon = Retirement("Aurora Large", START + timedelta(days=40), "retires on April 11, 2026")
    undated = Retirement("aurora-nano", None, "(deprecated)")
    past = Retirement("aurora-old", START - timedelta(days=40), "retired on January 21, 2026")
    world.run(price_list())
    changes = world.run(price_list(retirements=(soon, undated, past)))
    assert [incident.subject for incident in changes.opened] == ["aurora large", "aurora nano"]
    assert world.told() == ["2 incidents, first: aurora: Aurora Large will be retired"]
    assert world.run(price_list(retirements=(soon, undated, past))).opened == ()
    assert world.run("timeout").closed == ()
    (over,) = world.run(price_list(retirements=(undated, past))).closed
    assert over.subject == "aurora large"


def test_models_that_were_deprecated_before_the_first_look_are_no_news_until_a_day_is_named(world: World) -> None:
    legacy = tuple(Retirement(f"aurora-{n}", None, "(deprecated)") for n in range(12))
    soon = Retirement("aurora-large", START + timedelta(days=40), "retires on April 11, 2026")
    assert [each.subject for each in world.run(price_list(retirements=(*legacy, soon))).opened] == ["aurora large"]
    assert world.run(price_list(retirements=(*legacy, soon, Retirement("aurora-nova", None, "legacy")))).opened != ()
    dated = replace(legacy[0], retires_at=START + timedelta(days=50))
    (incident,) = world.run(price_list(retirements=(dated, *legacy[1:], soon))).opened
    assert incident.subject == "aurora 0"


def test_a_page_that_is_watched_no_more_has_no_incident_and_nobody_hears_that_it_is_well(world: World) -> None:
    world.run(price_list())
    failed(world, "http_404", "http_404", "http_404")
    world.providers = ("borealis",)
    changes = world.run(price_list())
    assert changes.open == changes.closed == ()
    (row,) = world.store.connection.rows("SELECT closed_at, facts FROM incidents")
    assert row["closed_at"] is not None
    assert "not watched any more" in row["facts"]


def test_an_incident_that_comes_back_within_a_day_is_the_same_and_its_last_end_is_told_after_a_calm_day(
    world: World,
) -> None:
    world.run(price_list())
    failed(world, "http_404", "http_404", "http_404")
    for _ in range(4):  # to and fro every day and a half
        world.run(None)
        failed(world, "http_404", "http_404", "http_404")
    world.run(None)
    assert [len(world.run(None).closed) for _ in range(5)] == [0, 0, 0, 1, 0]
    assert world.told() == [
        "aurora: page vanished",
        "aurora: page vanished, over after 18 hours",
        "aurora: page vanished",
        "aurora: page vanished, over after 4 days 18 hours",
    ]
    (row,) = world.store.connection.rows("SELECT reopened FROM incidents")
    assert row["reopened"] == 4
    failed(world, "http_404", "http_404", "http_404")
    assert world.told()[4:] == ["aurora: page vanished"]
    assert len(world.store.connection.rows("SELECT 1 FROM incidents")) == 2, "after a calm day it is another one"


def test_a_restart_between_forgets_nothing(tmp_path: Path) -> None:
    found = [price_list(), "http_404", "http_404", "http_404", "http_404", None]
    now, opened, closed = START, [], []
    for what in found:
        with Store.open(tmp_path / "prices.db") as store:
            world = World(store, now=now)
            changes = world.run(what)
            now = world.now
            opened.append(len(changes.opened))
            closed.append(len(changes.closed))
    assert (opened, closed) == ([0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1])


def test_without_a_channel_nobody_is_told_and_the_incident_is_kept(world: World) -> None:
    world.health = HealthSettings()
    world.run(price_list())
    failed(world, "http_404", "http_404", "http_404")
    assert world.told() == []
    assert kinds(world.health_now().open) == [("vanished", "aurora")]


# Storms


@pytest.fixture
def many(store: Store) -> World:
    world = World(store, MANY)
    world.run(price_list())
    return world


def test_n19_when_everything_fails_together_there_is_one_incident_and_one_message(many: World) -> None:
    changes = many.run("http_500")
    (incident,) = changes.opened
    assert incident.why == "12 of 12 pages, of 12 providers, began to fail together: http_500 (12)."
    for _ in range(20):
        assert many.run("http_500").opened == ()
    changes = many.run(None)
    assert kinds(changes.closed) == [("outage", "")]
    assert many.told() == ["pages cannot be read", "pages cannot be read, over after 5 days 6 hours"]


def test_n38_a_network_that_goes_in_the_middle_of_a_run_is_one_incident(many: World) -> None:
    found: dict[str, Found] = {name: None if number < 3 else "dns" for number, name in enumerate(MANY)}
    (incident,) = many.run(found).opened
    assert incident.why == "9 of 12 pages, of 9 providers, began to fail together: dns (9)."


def test_a_watch_that_looks_at_one_provider_after_another_tells_one_outage(many: World) -> None:
    """Each provider is a run of its own: those that still seem well were not looked at since."""
    for _ in range(4):
        for name in MANY:
            many.run({name: "timeout"}, hours=0.5)
    assert many.told() == ["pages cannot be read"]
    many.run({MANY[0]: None}, hours=0.5)
    assert many.told()[1:] == [], "one provider that is well may have its own way out"
    many.run({MANY[1]: None}, hours=0.5)
    assert len(many.told()) == 2
    for name in MANY[2:]:
        assert many.run({name: None}, hours=0.5).opened == ()
    assert len(many.told()) == 2


def test_after_an_outage_a_page_is_told_of_when_it_goes_on_failing(many: World) -> None:
    for _ in range(5):
        many.run("timeout")
    found: dict[str, Found] = {**dict.fromkeys(MANY), MANY[0]: "http_404"}
    changes = [many.run(found) for _ in range(4)]
    assert [kinds(each.opened) for each in changes] == [[], [], [], [("vanished", MANY[0])]]
    assert kinds(changes[0].closed) == [("outage", "")]


def test_an_incident_from_before_an_outage_goes_on_in_it_and_is_not_called_over(many: World) -> None:
    alone: dict[str, Found] = {**dict.fromkeys(MANY), MANY[0]: "timeout"}
    assert [len(many.run(alone).opened) for _ in range(3)] == [0, 0, 1]
    for _ in range(4):
        many.run({**dict.fromkeys(MANY, "dns"), MANY[0]: "http_404"})
    assert kinds(many.health_now().open) == [("failing", MANY[0]), ("outage", "")]
    assert kinds(many.run(alone).closed) == [("outage", "")]
    assert many.told()[:2] == ["p0: page fails", "pages cannot be read"]


def test_an_outage_that_comes_back_lasts_until_its_own_pages_are_well(store: Store) -> None:
    names = tuple(f"p{number}" for number in range(16))
    world = World(store, names)
    for found in (price_list(), "dns", None):
        world.run(found)
    for name in names[:6] * 2:  # the other ten were not looked at since: that they were well before says nothing
        assert kinds(world.run({name: "dns"}, hours=0.1).closed) == []
    assert kinds(world.health_now().open) == [("outage", "")]
    assert world.told()[2:] == ["pages cannot be read"]


def test_a_third_of_the_pages_is_no_outage_and_is_told_together(many: World) -> None:
    found: dict[str, Found] = {name: "timeout" if number < 4 else None for number, name in enumerate(MANY)}
    opened = [len(many.run(found).opened) for _ in range(4)]
    assert opened == [0, 0, 4, 0]
    assert many.told() == ["4 incidents, first: p0: page fails"]


def test_pages_that_failed_one_after_another_over_weeks_are_no_outage(store: Store) -> None:
    world = World(store, MANY[:8])
    world.run(price_list())
    gone: dict[str, Found] = dict.fromkeys(MANY[:8], price_list())
    for name in MANY[:7]:
        gone[name] = "http_404"
        for _ in range(4):
            world.run(gone, hours=24)
    assert kinds(world.health_now().open) == [("vanished", name) for name in MANY[:7]]
    assert len(world.told()) == 7


def test_a_few_pages_are_never_an_outage(store: Store) -> None:
    world = World(store, MANY[:5])
    world.run(price_list())
    assert world.run("dns").open == ()


# Without a run


def test_a_watch_that_stands_still_is_seen_by_who_asks() -> None:
    settings = HealthSettings()
    assert stands_still(START, settings, START + timedelta(days=2, hours=23)) is None
    incident = stands_still(START, settings, START + timedelta(days=3))
    assert incident is not None
    assert incident.why == "The last run ended on 2026-03-02 06:00 UTC."
    assert stands_still(None, settings, START) is None


# docs/health.md


def test_every_kind_and_every_setting_is_documented_with_its_default() -> None:
    text = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| `(.*)` \|$", text, re.MULTILINE))
    said = "\n".join(f"{key} = {value}" for key, value in rows.items())
    assert set(rows) == set(HealthForm.model_fields)
    assert HealthForm.model_validate(tomllib.loads(said)) == HealthForm()
    assert set(re.findall(r"^\| `(\w+)` \| ", text.split("## Not too many")[0], re.MULTILINE)) == set(INCIDENT_KINDS)
