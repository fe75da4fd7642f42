"""The benchmark's server answers with the newest capture of an address, and is a polite one."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from benchmarks import serve_captures
from scrapers.catalog import Page, Provider

ADDRESS = "https://www.shop.example.com/pricing"


def _corpus(folder: Path) -> Path:
    lines = []
    for name, url, captured in [
        ("new.html", ADDRESS, "2026-02-01"),
        ("old.html", ADDRESS, "2026-01-01"),
        ("moved.md", "https://old.example.com/prices", "2026-03-01"),
        ("else.md", "https://old.example.com/terms", "2026-03-01"),
    ]:
        (folder / name).write_text(f"<p>{name} 价</p>", encoding="utf-8")
        kind = "html" if name.endswith("html") else "markdown"
        lines.append(json.dumps({"file": name, "provider": "shop", "url": url, "captured": captured, "kind": kind}))
    (folder / "manifest.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


PROVIDER = Provider(
    id="shop",
    name="Shop",
    pages=(
        Page(provider="shop", url=ADDRESS),
        Page(provider="shop", url="https://shop.example.com/prices.md", prefixes=("https://old.example.com/prices",)),
        Page(provider="shop", url="https://shop.example.com/nowhere"),
        Page(provider="shop", url="https://shop.example.com/off", enabled=False),
    ),
)


def test_the_newest_capture_of_an_address_wins_then_a_declared_prefix(tmp_path: Path) -> None:
    choices = serve_captures.choose({"shop": PROVIDER}, serve_captures.load_manifest(_corpus(tmp_path)))
    assert [(choice.page.url, choice.saved.path.name, choice.by) for choice in choices] == [
        (ADDRESS, "new.html", "address"),
        ("https://shop.example.com/prices.md", "moved.md", "prefix"),
    ]


def test_it_serves_with_validators_and_robots_txt(tmp_path: Path) -> None:
    captures = serve_captures.load_manifest(_corpus(tmp_path))
    answers = serve_captures.load_answers(serve_captures.choose({"shop": PROVIDER}, captures), captures)

    def get(path: str, **headers: str) -> tuple[int, str | None, str | None, bytes]:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
        connection.request("GET", path, headers={"Host": "www.shop.example.com", **headers})
        answer = connection.getresponse()
        got = (answer.status, answer.getheader("ETag"), answer.getheader("Content-Type"), answer.read())
        connection.close()
        return got

    with serve_captures.serving(answers) as address:
        status, etag, kind, body = get("/pricing?lang=en")
        assert (status, kind, body.decode()) == (200, "text/html; charset=utf-8", "<p>new.html 价</p>")
        assert etag is not None
        assert get("/pricing", **{"If-None-Match": etag})[::3] == (304, b"")
        assert get("/nowhere")[0] == 404
        assert get("/robots.txt")[0] == 200
    assert serve_captures.hosts_table(answers, address).splitlines() == [
        "[fetch.hosts]",
        f'"shop.example.com" = "{address}"',
        f'"www.shop.example.com" = "{address}"',
    ]
