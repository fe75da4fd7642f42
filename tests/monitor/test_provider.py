"""A newcomer's walk: a page becomes a provider file, the file is tried, the files are checked."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.e2e.place import WebSite
from tests.monitor.calls import call

PAGE = """# Nova prices

[as data](https://nova.example/pricing.json) and /llms.txt

| Model | Input (USD per 1M tokens) | Output (USD per 1M tokens) |
|---|---|---|
| nova-2 | $2.00 | $8.00 |
| nova-2-mini | $0.25 | $1.00 |
"""


@pytest.fixture(autouse=True)
def _page(home: Path) -> None:
    (home / "nova.md").write_text(PAGE)


def test_a_saved_page_becomes_a_file_that_loads_and_reads_the_page(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "provider", "new", "nova.md", "--url", "https://nova.example/pricing")
    assert code == 0
    assert "nova-2-mini" in out
    text = (home / "providers" / "nova.toml").read_text()
    said = tomllib.loads(text)
    assert said["page"][0] == {
        "url": "https://nova.example/pricing",
        "market": "intl",
        "language": "en",
        "verified": False,
    }
    assert said["expect"]["always"] == ["nova-2", "nova-2-mini"]
    assert "# ? twin: https://nova.example/pricing.json" in text
    assert "# ? twin: https://nova.example/llms.txt" in text
    code, out, _ = call(capsys, "provider", "try", "nova", "--page", "nova.md")
    assert code == 0
    assert "nothing is missing" in out


def test_an_address_is_fetched_and_its_page_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = WebSite()
    site.pages[("nova.example", "/pricing")] = (
        b"<!DOCTYPE html><html lang='en'><body><table><tr><th>Model</th><th>Input per 1M tokens</th></tr>"
        b"<tr><td>nova-2</td><td>$2</td></tr></table></body></html>"
    )
    with (home / "pricefall.toml").open("a") as settings:
        settings.write(f'[fetch]\nretries = 0\n[fetch.hosts]\n"nova.example" = "{site.address}"\n')
    try:
        code, out, _ = call(capsys, "provider", "new", "https://nova.example/pricing", "--json")
        lost, _, err = call(capsys, "provider", "new", "https://nova.example/nowhere", "--id", "other")
        tried, said, _ = call(capsys, "provider", "try", "nova", "--json")
    finally:
        site.close()
    said_new = json.loads(out)
    assert (code, said_new["id"], said_new["rates"]) == (0, "nova", 1)
    assert Path(said_new["page"]).exists()
    assert "verified = 20" in (home / "providers" / "nova.toml").read_text()
    assert lost == 2
    assert "look for the page's new address" in err
    assert not (home / "providers" / "other.toml").exists()
    assert (tried, json.loads(said)[0]["missing"]) == (0, [])


def test_what_the_page_leaves_open_is_marked_and_not_in_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "open.md").write_text(PAGE.replace("USD per 1M tokens", "price"))
    code, out, _ = call(capsys, "provider", "new", "open.md")
    assert code == 1
    text = (home / "providers" / "open.toml").read_text()
    assert '# ? unit = "1M tokens"' in text
    assert tomllib.loads(text)["hints"] == {}
    assert "unit: 4 amounts name none" in out


def test_words_that_nobody_knows_are_proposed_as_a_line_of_the_file(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "odd.md").write_text(PAGE.replace("Output (USD", "Zorp (USD"))
    code, _, err = call(capsys, "provider", "new", "odd.md")
    assert code == 0
    assert "column 3" in err
    mine = home / "providers" / "odd.toml"
    line = next(line for line in mine.read_text().splitlines() if "meters" in line)
    assert line.startswith('# ? meters = { "zorp" = "input" }')
    mine.write_text(mine.read_text().replace(line, 'meters = { "zorp" = "output" }'))
    code, out, _ = call(capsys, "provider", "try", "odd", "--page", "odd.md", "--json")
    assert code == 0
    assert {rate["meter"] for rate in json.loads(out)[0]["rates"]} == {"input", "output"}


def test_what_is_paid_by_the_video_is_proposed_as_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = "\n## Clips\n\n| Model | Zorp |\n|---|---|\n| nova-clip-1 | $0.40 / video |\n"
    (home / "nova.md").write_text(PAGE + clips)
    call(capsys, "provider", "new", "nova.md")
    assert '# ? meters = { "zorp" = "video" }' in (home / "providers" / "nova.toml").read_text()


def test_rows_that_are_no_models_are_proposed_and_the_proposal_settles_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "nova.md").write_text(PAGE + "\n| Service | Price |\n|---|---|\n| Voice (clone) | $9.90 / voice |\n")
    _, out, _ = call(capsys, "provider", "new", "nova.md", "--json")
    assert any("no words say what is paid for in the row 'Voice" in doubt for doubt in json.loads(out)["doubts"])
    file = home / "providers" / "nova.toml"
    file.write_text(file.read_text().replace("# ? ignore_models", "ignore_models"))
    code, out, _ = call(capsys, "provider", "try", "nova", "--page", "nova.md")
    assert code == 0
    assert "nothing is missing" in out


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("new", "missing.html"), 2, "missing.html cannot be read"),
        (("new", "plan.md"), 3, "nothing was written"),
        (("new", "nova.md", "--id", "openai"), 2, "--force"),
        (
            ("new", "nova.md", "--url", "https://developers.openai.com/api/docs/pricing", "--id", "nova"),
            2,
            "of 'openai' already",
        ),
        (("new", "nova.md", "--id", "No Id"), 2, "only a-z, 0-9 and dashes"),
        (("try", "opnai"), 2, "did you mean 'openai'"),
        (("check", "opnai"), 2, "did you mean 'openai'"),
    ],
)
def test_bad_input_says_what_to_do_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], status: int, words: str
) -> None:
    (home / "plan.md").write_text("# Plans\n\nPro is $20 a month.\n")
    code, _, err = call(capsys, "provider", *args)
    assert (code, words in err) == (status, True), err
    assert list((home / "providers").glob("*.toml")) == []


def test_a_file_that_exists_is_overwritten_only_by_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "provider", "new", "nova.md")
    mine = home / "providers" / "nova.toml"
    mine.write_text('name = "Mine"\n')
    assert call(capsys, "provider", "new", "nova.md")[0] == 2
    assert mine.read_text() == 'name = "Mine"\n'
    assert call(capsys, "provider", "new", "nova.md", "--force")[0] == 0
    assert "[expect]" in mine.read_text()


def test_try_names_a_model_that_is_missing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "provider", "new", "nova.md")
    mine = home / "providers" / "nova.toml"
    mine.write_text(mine.read_text().replace('["nova-2", ', '["nova-3", '))
    code, out, _ = call(capsys, "provider", "try", "nova", "--page", "nova.md")
    assert code == 1
    assert "missing: model 'nova-3'" in out


def test_check_names_every_fault_of_every_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = home / "providers"
    own.mkdir()
    page = '[[page]]\nurl = "https://a.example/p"\nverified = false\n'
    (own / "aa.toml").write_text(page)
    (own / "bb.toml").write_text(page + "[hints]\n# ? currency\n")
    (own / "cc.toml").write_text('nmae = "C"\n')
    (own / "dd.toml").write_text('name = "D"\nhome = \n')
    code, out, _ = call(capsys, "provider", "check", "--json")
    said = {(row["level"], row["provider"]): row["words"] for row in json.loads(out)}
    assert code == 1
    assert "https://a.example/p stands 2 times, in aa, bb" in said["wrong", "aa"]
    assert "did you mean 'name'" in said["wrong", "cc"]
    assert "line 2" in said["wrong", "dd"]
    assert any("lines 5 are marked" in row["words"] for row in json.loads(out))
    assert call(capsys, "doctor")[0] == 1  # and does not stop at the first


def test_explain_shows_columns_and_what_each_amount_became(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "mixed.md").write_text(
        "# Nova\n\nA chat costs about $1.\n\n| Model | Input per 1M tokens | Batch | Total cost |\n|---|---|---|---|\n"
        "| nova-2 | $2.00 | 0.5x | $9.00 |\n"
    )
    code, out, _ = call(capsys, "extract", "mixed.md", "--explain", "--json")
    blocks = [json.loads(line) for line in out.splitlines()]
    became = {(each["text"], each["became"]) for block in blocks for each in block["outcomes"]}
    assert code == 0
    assert {
        ("$2.00", "rate"),
        ("$9.00", "ignored"),
        ("0.5x", "condition"),
        ("A chat costs about $1.", "ignored"),
    } <= became
    why = {each["text"]: each["why"] for block in blocks for each in block["outcomes"]}
    assert why["$9.00"] == "the total of an example"
    _, out, _ = call(capsys, "extract", "mixed.md", "--explain")
    assert "column 2 'Input per 1M tokens': price (input" in out


def test_explain_shows_a_joined_page_once_for_each_region(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "t.html").write_text(
        "<!DOCTYPE html><html><body><h2>Nova</h2><table><tr><th>Nova models</th><th>Price per 1M input tokens ($)</th>"
        "</tr><tr><td>Nova Lite</td><td>{priceOf!a!N-IN!*!1000}</td></tr></table></body></html>"
    )
    feed = {"regions": {"Utopia": {"N-IN": {"price": "0.0003"}}, "Erewhon": {"N-IN": {"price": "0.0004"}}}}
    (home / "feed.json").write_text(json.dumps(feed))
    code, out, _ = call(capsys, "extract", "t.html", "--explain", "--json", "--with", "feed.json")
    blocks = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {(block["path"].split(" > ")[0], each["text"]) for block in blocks for each in block["outcomes"]} == {
        ("Utopia", "0.3"),
        ("Erewhon", "0.4"),
    }
    _, out, _ = call(capsys, "extract", "t.html", "--explain", "--with", "feed.json")
    assert "Utopia > Nova" in out
    (home / "feed.json").write_text("{}")
    code, _, err = call(capsys, "extract", "t.html", "--explain", "--with", "feed.json")
    assert (code, "no placeholder" in err) == (3, True)


def test_a_person_sees_the_words_that_were_not_understood(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = PAGE.replace("| Output (USD per 1M tokens) |\n|---|", "| Output (USD per 1M tokens) | Zing |\n|---|---|")
    (home / "nova.md").write_text(strange.replace("$8.00 |", "$8.00 | $9.75 |").replace("$1.00 |", "$1.00 | $9.85 |"))
    _, _, err = call(capsys, "extract", "nova.md")
    assert "'$9.75': no meter is known for 'zing'" in err
