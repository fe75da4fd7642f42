from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from monitor.alerts.delivery import Delivery
from monitor.alerts.errors import NotNow
from monitor.alerts.services.atom import AtomChannel
from scrapers.rates import format_instant
from tests.monitor.alerts.parts import NOW, change
from tests.monitor.alerts.services.chat import delivery, post
from tests.monitor.test_settings import load, refusal

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def channel(tmp_path: Path) -> AtomChannel:
    return AtomChannel("feed", tmp_path / "prices.xml", url="https://example.com/prices.xml")


def alert(number: int, minutes: int = 0, **changes: Any) -> Delivery:
    at = format_instant(NOW + timedelta(minutes=minutes))
    return replace(delivery(change(**changes), timestamp=at), id=f"msg_{number}")


def entries(channel: AtomChannel) -> list[tuple[str, str]]:
    feed = ET.parse(channel.path).getroot()  # noqa: S314 - our own file
    return [
        (str(each.findtext(f"{ATOM}id")), str(each.findtext(f"{ATOM}updated"))) for each in feed.findall(f"{ATOM}entry")
    ]


def numbers(channel: AtomChannel) -> list[int]:
    return [int(name.rpartition("_")[2]) for name, _updated in entries(channel)]


def test_a_feed_has_all_that_atom_asks_for(channel: AtomChannel) -> None:
    post(channel, alert(1, model="<script>alert(1)</script>&amp;"))
    feed = ET.parse(channel.path).getroot()  # noqa: S314 - our own file
    assert feed.tag == f"{ATOM}feed"
    assert feed.findtext(f"{ATOM}title") == "Pricefall"
    assert feed.findtext(f"{ATOM}id") == "urn:pricefall:feed:feed"
    assert feed.findtext(f"{ATOM}updated") == "2026-05-04T12:00:00Z"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Pricefall"
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "urn:pricefall:alert:msg_1"
    assert "<script>alert(1)</script>&amp; input" in str(entry.findtext(f"{ATOM}title"))
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert "<script" not in str(content.text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in str(content.text)
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://deepseek.example/pricing"
    assert channel.path.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in channel.path.parent.iterdir()] == ["prices.xml"]


def test_a_second_delivery_adds_nothing_and_the_newest_stands_first(channel: AtomChannel) -> None:
    for number, minutes in ((1, 0), (3, 20), (2, 10), (3, 20), (1, 0), (4, 20)):
        post(channel, alert(number, minutes))
    assert numbers(channel) == [4, 3, 2, 1]
    before = channel.path.read_bytes()
    post(channel, alert(4, 20))
    assert channel.path.read_bytes() == before


def test_only_the_newest_are_kept_and_an_old_one_does_not_come_back(channel: AtomChannel) -> None:
    small = replace(channel, max_entries=3)
    for number in range(6):
        post(small, alert(number, number))
    assert numbers(small) == [5, 4, 3]
    post(small, alert(1, 1))
    assert numbers(small) == [5, 4, 3]


def test_d18_an_entry_of_500_events_counts_what_it_does_not_show(channel: AtomChannel) -> None:
    post(channel, delivery(*(change(f"model-{number}") for number in range(500))))
    text = channel.path.read_text(encoding="utf-8")
    assert "and 480 more" in text
    assert len(text) < 60_000


def test_s14_a_symbolic_link_is_not_written_through(channel: AtomChannel, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("")
    channel.path.symlink_to(target)
    with pytest.raises(NotNow, match="is a symbolic link and is not written to"):
        post(channel, alert(1))
    assert target.read_text() == ""
    assert channel.path.is_symlink()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("dear diary", "is no feed that can be read; move it away"),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:another</id></feed>',
            "is not Pricefall's feed and is left",
        ),
        ("<html/>", "is not Pricefall's feed and is left"),
    ],
)
def test_a_file_of_another_kind_is_left_as_it_is(channel: AtomChannel, body: str, words: str) -> None:
    channel.path.write_text(body)
    with pytest.raises(NotNow, match=words):
        post(channel, alert(1))
    assert channel.path.read_text() == body


def test_an_empty_file_becomes_a_feed_and_a_folder_is_named(channel: AtomChannel, tmp_path: Path) -> None:
    channel.path.write_text("")
    post(channel, alert(1))
    assert numbers(channel) == [1]
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(NotNow, match="is no regular file"):
        post(replace(channel, path=folder), alert(1))
    with pytest.raises(NotNow, match="cannot be written"):
        post(replace(channel, path=tmp_path / "none" / "prices.xml"), alert(1))


def test_the_path_is_relative_to_the_settings_and_its_folder_must_be_there(tmp_path: Path) -> None:
    text = '[[channel]]\nid = "feed"\ntype = "atom"\npath = "{}"\n'
    (channel,) = load(tmp_path, text.format("prices.xml")).channels
    assert isinstance(channel, AtomChannel)
    assert (channel.path, channel.max_entries) == (tmp_path / "prices.xml", 200)
    assert "line 4: channel[1].path: the folder" in refusal(tmp_path, text.format("none/prices.xml"))
