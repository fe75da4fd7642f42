"""The named questions and the views say what a person would work out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from scrapers.rates import Complaint, Conditions, Rate
from storage import queries
from storage.queries import changes, doctor, history, prices, providers
from storage.store import Store
from tests.storage.looks import alert, day, event, outcome, page_id, rate, view, waiting

TWIN = "https://openai.example/zh/pricing"


def told(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["model"], row["amount"]) for row in rows]


def test_current_prices_has_one_row_for_each_price_from_the_page_that_saw_it_last(store: Store) -> None:
    store.record_page(outcome(0, [rate(), rate("GPT-4", "30.00")]))
    store.record_page(outcome(1, [rate("gpt-4o", "5")], url=TWIN))
    rows = {row["model"]: row for row in view(store, "current_prices")}
    assert {name: row["amount"] for name, row in rows.items()} == {"gpt-4o": "5", "GPT-4": "30.00"}
    assert (rows["gpt-4o"]["url"], rows["gpt-4o"]["per_million_tokens"]) == (TWIN, 5.0)


def test_current_prices_follows_the_page_that_saw_it_last_when_pages_differ(store: Store) -> None:
    store.record_page(outcome(2, [rate(amount="2.50")]))
    store.record_page(outcome(1, [rate(amount="5.00")], url=TWIN))
    assert [row["amount"] for row in view(store, "current_prices")] == ["2.50"]
    store.record_unchanged(None, [page_id(store, TWIN)], day(3))
    assert [row["amount"] for row in view(store, "current_prices")] == ["5.00"]


def test_markets_keep_their_own_prices(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(0, [rate(amount="35", currency="CNY")], market="cn"))
    assert {(row["market"], row["amount"]) for row in view(store, "current_prices")} == {("intl", "5.00"), ("cn", "35")}


def test_what_is_announced_or_over_is_not_in_force(store: Store) -> None:
    listed = [
        rate(),
        rate(amount="10.00", valid_from=datetime.fromisoformat("2999-01-01T00:00:00Z")),
        rate("GPT-4", "3.00", valid_until=day(30)),
        rate("o1", "15.00", valid_from=day(-9)),
    ]
    store.record_page(outcome(0, listed))
    assert sorted(row["amount"] for row in view(store, "current_prices")) == ["15.00", "5.00"]
    assert len(view(store, "price_history")) == 4


def test_a_promotion_with_an_end_goes_before_the_undated_price_until_then(store: Store) -> None:
    store.record_page(outcome(0, [rate(), rate(amount="2.00", valid_until=day(30))]))
    assert told(prices(store, at=day(29))) == [("GPT-4o", "2.00")]
    assert told(prices(store, at=day(30))) == [("GPT-4o", "5.00")]


def test_an_announced_price_takes_the_place_of_the_undated_one_on_its_day(store: Store) -> None:
    store.record_page(outcome(0, [rate(), rate(amount="10.00", valid_from=day(30))]))
    assert told(prices(store, at=day(29))) == [("GPT-4o", "5.00")]
    assert told(prices(store, at=day(30))) == [("GPT-4o", "10.00")]


def test_prices_that_are_no_token_prices_have_no_price_per_million(store: Store) -> None:
    store.record_page(outcome(0, [rate("DALL·E 3", "0.04", meter="image", unit="image", per=Decimal(1))]))
    assert view(store, "current_prices")[0]["per_million_tokens"] is None
    assert view(store, "price_history")[0]["per_million_tokens"] is None


@pytest.mark.parametrize(
    ("asked", "models"),
    [
        ({"model": "gpt-4*"}, ["GPT-4 Turbo", "GPT-4o", "GPT-4o", "GPT-4o"]),
        ({"model": "GPT 4O"}, ["GPT-4o", "GPT-4o", "GPT-4o"]),
        ({"model": "*turbo"}, ["GPT-4 Turbo"]),
        ({"model": "nothing"}, []),
        ({"provider": "deepseek"}, ["deepseek-chat"]),
        ({"meter": "output"}, ["GPT-4o"]),
        ({"tier": "batch"}, ["GPT-4o"]),
        ({"currency": "cny"}, ["deepseek-chat"]),
        ({"model": "gpt*", "tier": "standard", "meter": "input"}, ["GPT-4 Turbo", "GPT-4o"]),
    ],
)
def test_prices_and_history_can_be_narrowed(store: Store, asked: dict[str, str], models: list[str]) -> None:
    listed = [
        rate(),
        rate(amount="15.00", meter="output"),
        rate(amount="2.50", service_tier="batch"),
        rate("GPT-4 Turbo", "10.00"),
    ]
    store.record_page(outcome(0, listed))
    store.record_page(outcome(0, [rate("deepseek-chat", "1", currency="CNY")], provider="deepseek"))
    assert sorted(row["model"] for row in prices(store, **asked)) == models  # type: ignore[arg-type]  # names of filters
    assert sorted(row["model"] for row in history(store, **asked)) == models


def test_a_bracketed_note_can_be_asked_for(store: Store) -> None:
    store.record_page(outcome(0, [rate("GLM-4 (preview)", "5"), rate("GLM-4 Air", "1")]))
    assert [row["model"] for row in history(store, "*preview*")] == ["GLM-4 (preview)"]
    assert [row["model"] for row in prices(store, model="glm-4")] == ["GLM-4 (preview)"]


def test_rows_for_programs_hold_conditions_and_flags_as_what_they_are(store: Store) -> None:
    store.record_page(outcome(0, [rate(conditions=Conditions(window="peak"), flags=("derived",))]))
    [row] = prices(store)
    assert (row["conditions"], row["flags"]) == ({"window": "peak"}, ["derived"])


def test_what_did_we_believe_on_day_d_about_day_e(store: Store) -> None:
    wrong, right, later = rate(amount="5000"), rate(amount="5.00"), rate(amount="2.50")
    store.record_page(outcome(0, [wrong]))
    correction = event("correction", wrong, right, 2)
    store.record_page(outcome(2, [right], events=(correction,)))
    store.record_page(outcome(9, [later]))

    def amounts(at: int, known: int | None = None) -> list[str]:
        on = None if known is None else day(known)
        return [row["amount"] for row in prices(store, at=day(at), as_known_on=on)]

    assert amounts(1) == []  # what was wrong then is known to be wrong
    assert amounts(1, known=1) == ["5000"]  # and was believed on that day
    assert amounts(3) == ["5.00"]
    assert amounts(9) == ["2.50"]
    assert amounts(12, known=8) == ["5.00"]  # day 12 as it was expected on day 8
    assert amounts(-1) == []


def test_a_price_holds_from_the_day_that_the_page_says_even_before_it_was_seen(store: Store) -> None:
    store.record_page(outcome(0, [rate()]))
    store.record_page(outcome(9, [rate(amount="2.50", valid_from=day(5))]))
    assert [row["amount"] for row in prices(store, at=day(4))] == ["5.00"]
    assert [row["amount"] for row in prices(store, at=day(6))] == ["2.50"]
    assert [row["amount"] for row in prices(store, at=day(6), as_known_on=day(7))] == ["5.00"]


def test_history_is_oldest_first(store: Store) -> None:
    for number, amount in enumerate(("5.00", "2.50", "1.00")):
        store.record_page(outcome(number, [rate(amount=amount)]))
    assert [row["amount"] for row in history(store, "gpt-4o")] == ["5.00", "2.50", "1.00"]
    assert [row["amount"] for row in history(store)] == ["5.00", "2.50", "1.00"]


def test_changes_by_time_kind_provider_and_model(store: Store) -> None:
    a, b = rate(), rate(amount="2.50")
    store.record_page(outcome(0, [a], events=(event("cut", a, b, 1), event("raise", b, a, 2))))
    other = event("cut", rate("deepseek-chat", "2"), rate("deepseek-chat", "1"), 3, provider="deepseek")
    store.record_page(outcome(3, [rate("deepseek-chat", "1")], provider="deepseek", events=(other,)))
    assert [row["kind"] for row in changes(store)] == ["cut", "raise", "cut"]
    assert [row["kind"] for row in changes(store, day(2))] == ["raise", "cut"]
    assert [row["provider"] for row in changes(store, kinds=["cut"])] == ["openai", "deepseek"]
    assert [row["kind"] for row in changes(store, provider="openai", until=day(2))] == ["cut"]
    [row] = changes(store, model="deepseek*")
    assert (row["old_amount"], row["new_amount"], row["percent"], row["why"]) == (
        "2",
        "1",
        -50.0,
        "input fell; 1 of 2 models on the page changed",
    )
    newest = view(store, "price_events")[0]
    assert (newest["provider"], newest["kind"], newest["id"]) == ("deepseek", "cut", other.id)


def test_providers_says_what_each_page_states_and_what_is_wrong_with_it(store: Store) -> None:
    unread = [Complaint("unread_amount", "unknown word", "$1")]
    listed = [rate(), rate(meter="output", amount="15.00")]
    store.record_page(outcome(0, listed, complaints=unread, pending=(waiting(rate(), None, 0, outcome="held"),)))
    store.record_failure(None, "openai", "intl", TWIN, day(1), "Blocked", "a challenge page")
    good, bad = providers(store)
    assert (good["models"], good["rates"], good["complaints"], good["amounts_unread"], good["held"]) == (1, 2, 1, 1, 1)
    assert (bad["rates"], bad["failures"], bad["last_error"]) == (0, 1, "Blocked: a challenge page")
    assert [row["quote"] for row in queries.complaints(store)] == ["$1"]
    assert queries.complaints(store, provider="deepseek") == []


def test_doctor_finds_a_healthy_database_healthy(store: Store, database: Path) -> None:
    run_id = store.begin_run(day(0), "run")
    cut = event("cut", rate(), rate(amount="2.50"))
    store.record_page(outcome(0, [rate()], events=(cut,), alerts=(alert(cut),)))
    store.finish_run(run_id, day(0) + timedelta(minutes=1), "ok", {"pages": 1})
    facts = doctor(store, full_check=True)
    assert facts["problems"] == []
    assert (facts["path"], facts["journal_mode"], facts["newest_backup"]) == (str(database), "wal", None)
    assert facts["schema_version"] == facts["known_schema_version"]
    assert facts["rows"]["rates"] == 1
    assert facts["alerts"] == {"pending": 1, "collected": 0, "sent": 0, "dead": 0, "withdrawn": 0}
    assert (facts["last_run"]["status"], facts["last_run"]["summary"]) == ("ok", {"pages": 1})
    assert facts["failing_pages"] == []


def test_doctor_finds_what_is_wrong(store: Store) -> None:
    store.record_failure(None, "openai", "intl", TWIN, day(1), "Blocked", "a challenge page")
    store.connection.execute("PRAGMA foreign_keys = OFF")
    store.connection.execute(
        "INSERT INTO complaints (capture_id, kind, message, quote, locator) VALUES (77, 'x', 'x', 'x', 'x')"
    )
    facts = doctor(store)
    assert ["foreign key" in problem for problem in facts["problems"]] == [True]
    assert [page["url"] for page in facts["failing_pages"]] == [TWIN]
    assert facts["last_run"] is None


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [((3, 6, 23), False), ((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)],
)
def test_doctor_names_the_versions_of_sqlite_with_the_wal_bug(
    store: Store, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], has_bug: bool
) -> None:
    monkeypatch.setattr("storage.queries.sqlite3.sqlite_version_info", version)
    assert doctor(store)["wal_reset_bug"] is has_bug


def test_runs_come_newest_first(store: Store) -> None:
    store.begin_run(day(0), "run")
    store.begin_run(day(1), "watch")
    assert [(row["command"], row["status"]) for row in queries.runs(store)] == [
        ("watch", "running"),
        ("run", "interrupted"),
    ]


def test_free_and_unknown_prices_are_rows_too(store: Store) -> None:
    free: Rate = rate("glm-4-flash", None, state="free")
    contact = rate("enterprise", None, state="contact", per=None, unit=None, currency=None)
    store.record_page(outcome(0, [free, contact]))
    rows = {row["model"]: (row["state"], row["amount"], row["per_million_tokens"]) for row in prices(store)}
    assert rows == {"glm-4-flash": ("free", None, 0.0), "enterprise": ("contact", None, None)}
