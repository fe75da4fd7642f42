"""What a page is instead of a price page, in the words that a person is told."""

from __future__ import annotations

import pytest

from scrapers.errors import NoTable
from scrapers.reader import read_page

PAGES = {
    "a page that is gone": (
        "not found",
        "<title>404</title><h1>Seite nicht gefunden</h1><a href=/>Preise ab 0,10 €</a>",
    ),
    "a page that moved": ("not found", "<title>出错了</title><p>您访问的页面不存在或已被删除。</p>"),
    "repair": ("maintenance", "<title>メンテナンス中</title><p>ただいまメンテナンスを行っています。</p>"),
    "a proxy's error": ("maintenance", "<title>502 Bad Gateway</title><center><h1>502 Bad Gateway</h1></center>"),
    "a log-in without a field": ("login", "<title>Вход в консоль</title><p>Войдите, чтобы увидеть цены.</p>"),
    "consent": ("consent", "<title>Avant de continuer</title><p>Nous utilisons des cookies. Tout accepter</p>"),
    "another country": ("region", "<title>Sorry</title><p>This service is not available in your country.</p>"),
    "credits": ("credits", "<h1>Cost</h1><p>Each call costs credits; 1,000 credits are $10.</p>"),
    "machines": ("instance prices", "<h1>Cloud</h1><p>H100 GPU instances start at $2.10 an hour.</p>"),
    "plans": ("plan page", "<h1>Plans</h1><p>Pro</p><p>$20 / month</p><p>Team</p><p>$30 per seat</p>"),
    "examples": ("other prices", "<h1>Costs</h1><p>A chat of ten turns came to $0.04 in our test.</p>"),
    "prose": ("prose", "<h1>About</h1><p>Our models are described elsewhere.</p>"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_refusal_names_what_the_page_is(name: str) -> None:
    found, inner = PAGES[name]
    with pytest.raises(NoTable) as refused:
        read_page(f"<!doctype html><html><body>{inner}</body></html>".encode())
    assert refused.value.found == found


def test_a_word_of_a_wall_in_a_long_page_is_no_wall() -> None:
    text = "<p>We tell you here how billing works.</p>" * 80
    with pytest.raises(NoTable) as refused:
        read_page(f"<!doctype html><html><body><h1>Sign in and read on</h1>{text}</body></html>".encode())
    assert refused.value.found == "prose"
