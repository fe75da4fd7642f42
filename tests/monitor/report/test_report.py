"""What the pages say, read as a parser reads them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from bs4 import BeautifulSoup, Tag
from click.testing import CliRunner

from monitor.commands.report import command
from monitor.report.words import keys
from storage.store import Store
from tests.monitor.calls import call
from tests.monitor.report.world import AT, HOSTILE, both, look, make_database


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def words(tag: Tag | BeautifulSoup | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def lines(page: BeautifulSoup, name: str) -> list[str]:
    return [words(line) for line in page.select(f"#{name} ~ table tbody tr, #{name} ~ div table tbody tr")]


def test_the_first_page_has_the_cheapest_the_moves_and_every_provider(site: Path) -> None:
    page = soup(site / "index.html")
    assert lines(page, "cheapest")[:2] == [
        "星 pro xing last seen on 2026-03-02, may have moved since ¥0.8 ¥2 ¥12",
        "nova-mini aurora last seen on 2026-05-11, may have moved since $0.1 $0.4 $1.8",
    ]
    assert "{provider} free" not in words(page.select_one("section"))
    rise, move = lines(page, "moves")
    assert "$0.002 → $2 per 1M tokens +99900% and 1 more" in rise
    assert move.startswith("2026-05-11 price cut nova-1 aurora · input why, and where it was read it fell; <script>")
    assert "2.50 USD for 1M page captured 2026-05-11 09:00 UTC, aurora202605" in move
    assert move.endswith("$5 → $2.5 per 1M tokens -50% -50%")
    assert [line.split()[0] for line in lines(page, "providers")] == ["aurora", "xing"]


def test_a_model_has_its_line_its_dots_and_the_evidence_of_each(site: Path) -> None:
    page = soup(site / "m" / "aurora" / "nova-1.html")
    (dot,) = page.select(".big svg a")
    assert words(dot).startswith(
        "2026-05-11: $2.50 per 1M tokens — 2.50 USD for 1M — https://aurora.example/p aurora2026"
    )
    row = page.select_one(f"tr{dot['href']}")
    assert row is not None
    assert "2.50 USD for 1M" in words(row)
    assert page.select_one(".big svg desc") is not None
    history = [words(line) for line in page.select("#history ~ table tbody tr")]
    assert any("$5 2026-03-02 – 2026-05-11" in line for line in history)


def test_an_announced_price_is_in_the_history_and_not_in_force(site: Path) -> None:
    page = soup(site / "m" / "aurora" / "nova-mini.html")
    now, history = (words(page.select_one(f"#{name}").parent) for name in ("now", "history"))  # type: ignore[union-attr] # each page has both
    assert "$0.05" not in now
    assert "$0.05 2026-06-01" in history


def test_prices_per_thousand_and_in_yuan_carry_what_the_switches_need(site: Path) -> None:
    page = soup(site / "models.html")
    price = next(each for each in page.select("span.p") if each["data-a"] == "0.8")
    assert (price["data-c"], price.get_text()) == ("CNY", "¥0.8")
    assert re.fullmatch(r"0\.1\d{1,3}", str(price["data-u"]))
    assert "European Central Bank" in words(page.find("footer"))
    assert "2026-" in words(page.find("footer"))


def test_a_model_that_is_gone_stays_with_its_history(site: Path) -> None:
    page = soup(site / "p" / "aurora.html")
    assert "nova-old 2026-03-02" in words(page.select_one("#gone").parent)  # type: ignore[union-attr] # it is there
    assert "nova-old" not in words(soup(site / "models.html"))
    assert "No price is in force" in words(soup(site / "m" / "aurora" / "nova-old.html").main)


def test_s03_every_name_and_quote_is_literal(site: Path) -> None:
    for path in site.rglob("*.html"):
        page = soup(path)
        assert {tag["src"].rpartition("/")[2] for tag in page.find_all("script")} == {"report.js"}
        assert not page.find_all("img")
        for tag in page.find_all(True):
            assert not [name for name in tag.attrs if name.startswith("on") or name == "style"], tag
            assert not str(tag.get("href", "")).lower().startswith(("javascript:", "data:"))
    assert HOSTILE in words(soup(site / "models.html"))


def test_every_link_within_the_report_leads_somewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        for link in soup(path).select("a[href], link[href], script[src]"):
            address = str(link.get("href") or link.get("src"))
            if address.startswith("https://"):
                continue
            file, mark = urldefrag(address)
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), (path, address)
            assert target.is_relative_to(site.resolve())
            assert not mark or soup(target).find(id=mark), (path, address)


class Nesting(HTMLParser):
    """Complains of an element that is closed by another's end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        if tag not in {"meta", "link", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


@pytest.mark.parametrize("name", ["index.html", "zh/index.html", "m/aurora/nova-1.html", "p/xing.html", "month.html"])
def test_pages_are_well_formed_and_can_be_walked_by_ear(site: Path, name: str) -> None:
    checker = Nesting()
    checker.feed((site / name).read_text(encoding="utf-8"))
    assert not checker.open
    page = soup(site / name)
    assert [page.find(tag) is not None for tag in ("header", "nav", "main", "footer", "h1")] == [True] * 5
    assert page.html is not None
    assert page.html["lang"] == ("zh-CN" if name.startswith("zh/") else "en")
    assert page.select_one("a.skip")["href"] == "#main"  # type: ignore[index] # it is there
    for table in page.find_all("table"):
        assert words(table.caption)
        assert all(head.get("scope") in {"col", "row"} for head in table.find_all("th"))
    assert "default-src 'none'" in str(page.find("meta", {"http-equiv": "Content-Security-Policy"}))


def test_chinese_pages_are_chinese_and_lead_to_their_twins(site: Path) -> None:
    page = soup(site / "zh" / "m" / "aurora" / "nova-1.html")
    assert "现行价格" in words(page)
    assert "2.5 美元" in words(page)
    twin = page.select_one("a.twin")
    assert twin is not None
    assert (site / "zh" / "m" / "aurora" / str(twin["href"])).resolve() == site / "m" / "aurora" / "nova-1.html"


def test_both_languages_have_the_same_words() -> None:
    assert keys("en") == keys("zh")


def test_one_language_alone_stands_at_the_root_without_a_switch(database: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(
        command, ["--db", str(database), "--out", str(tmp_path / "x"), "--at", AT, "--language", "zh"]
    )
    assert said.exit_code == 0, said.output
    page = soup(tmp_path / "x" / "index.html")
    assert "今日最低价" in words(page)
    assert not page.select("a.twin")
    assert not (tmp_path / "x" / "zh").exists()


def test_the_same_database_and_instant_give_the_same_bytes(site: Path, tmp_path: Path) -> None:
    again = make_database(tmp_path / "prices.db")
    said = CliRunner().invoke(command, ["--db", str(again), "--out", str(tmp_path / "site"), "--at", AT])
    assert said.exit_code == 0, said.output
    files = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*") if path.is_file()
    )
    assert all((site / path).read_bytes() == (tmp_path / "site" / path).read_bytes() for path in files)


def test_an_earlier_report_knows_nothing_of_later(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "march"
    assert CliRunner().invoke(command, ["--db", str(database), "--out", str(out), "--at", "2026-03-31"]).exit_code == 0
    page = words(soup(out / "m" / "aurora" / "nova-1.html"))
    assert "$5" in page
    assert "$2.5" not in page
    assert "Nothing is known to have happened yet." in words(soup(out / "changes" / "none.html"))


def test_the_data_is_one_json_object(database: Path) -> None:
    said = json.loads(CliRunner().invoke(command, ["--db", str(database), "--at", AT, "--json"]).output)
    months = {one["model"]: one["month"] for one in said["month_of_work"]}
    assert months["nova-1"] == "55"
    assert [move["kind"] for move in said["moves"]] == ["raise", "raise", "cut"]
    assert {price["model"] for price in said["prices"]} >= {"nova-paint", HOSTILE}
    assert {(each["currency"], each["into"]) for each in said["exchange"]} == {("CNY", "USD"), ("USD", "CNY")}


def test_a_missing_or_empty_database_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, err = call(capsys, "report", "--db", str(tmp_path / "none.db"), "--out", str(tmp_path / "x"))
    assert (code, "`pricefall run` creates it" in err) == (5, True)
    Store.open(tmp_path / "new.db").close()
    code, _out, err = call(capsys, "report", "--db", str(tmp_path / "new.db"), "--out", str(tmp_path / "x"))
    assert (code, "`pricefall run` looks at the pages" in err) == (2, True)
    assert not (tmp_path / "x").exists()


def test_a_date_before_the_first_price_is_named(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, err = call(capsys, "report", "--db", str(database), "--out", str(tmp_path / "x"), "--at", "2020-01-01")
    assert code == 2
    assert "name a later --at" in err


def test_a_price_that_nobody_has_seen_for_long_says_so_in_chinese_too(site: Path) -> None:
    assert words(soup(site / "zh" / "month.html").select_one("main")).count("最后一次看到是 2026-03-02") == 2


def test_a_price_from_before_its_name_meant_so_able_a_model_is_of_no_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for year, classes in ((2024, ["gpt-3.5"]), (2025, ["gpt-4", "gpt-3.5"])):
        path = tmp_path / f"{year}.db"
        with Store.open(path) as store:
            look(store, "deepseek", datetime(year, 5, 6, 9, tzinfo=UTC), both("deepseek-chat", "1", "2", "CNY"))
        told = json.loads(call(capsys, "report", "--db", str(path), "--at", "2025-06-01", "--json")[1])
        assert [each["classes"] for each in told["month_of_work"]] == [classes]
