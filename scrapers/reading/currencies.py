"""The signs and names of currencies, beside an amount and in a label.

A sign that several currencies share ("¥") stays open until one who knows the page settles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from scrapers.reading.text import openings, pieces_of

YEN_OR_YUAN = "¥"

# "_" stands for a blank inside of a name.
_NAMES = {
    "USD": (
        "us$ usd usd$ $ $us $_us u$s us-dollar us_dollar us_dollars dollar dollars 美元 美金 米ドル ドル 달러 미국_달러"
        " dólar dólares dollari dollars_américains доллар доллара долларов долларах долларов_сша долларах_сша"
        " долл. долл._сша dolar_as"
    ),
    "CNY": "cny rmb cn¥ rmb¥ yuan 元 元人民币 人民币 人民幣 块 圆 人民元 위안 юаней",
    "EUR": "€ eur euro euros 欧元 歐元 ユーロ 유로 евро",
    "GBP": "£ gbp 英镑 英鎊 ポンド",
    "JPY": "jp¥ jpy 円 日本円 日元 日圆 日圓 엔 yen japanese_yen",
    "KRW": "₩ krw 원 韩元 韓元 ウォン korean_won south_korean_won",
    "INR": "₹ inr rs. rupees indian_rupees",
    "HKD": "hk$ hkd 港元 港币 港幣 hong_kong_dollar hong_kong_dollars",
    "TWD": "nt$ twd ntd 新台币 新臺幣 新台幣 台幣 taiwan_dollar taiwan_dollars",
    "SGD": "s$ sgd 新加坡元 singapore_dollar singapore_dollars",
    "AUD": "a$ au$ aud australian_dollar australian_dollars",
    "CAD": "c$ ca$ cad canadian_dollar canadian_dollars",
    "BRL": "r$ brl reais",
    "RUB": "₽ rub руб руб. рубля рублей рублях rubles roubles",
    "IDR": "rp rp. idr rupiah",
    "CHF": "chf",
    "MXN": "mx$ mxn",
    "NZD": "nz$ nzd new_zealand_dollar new_zealand_dollars",
    "PLN": "zł pln",
    "CZK": "kč czk",
    "UAH": "₴ uah грн",
    "TRY": "₺",
    "VND": "₫ vnd",
    "THB": "฿ thb",
    YEN_OR_YUAN: "¥",
}
CURRENCY_OF = {sign.replace("_", " "): code for code, signs in _NAMES.items() for sign in signs.split(" ")}
# Parts of a currency: the amount is printed in them, the price is counted in the whole. None: whose, the page says.
PARTS = {
    "分": ("CNY", 2), "分钱": ("CNY", 2), "厘": ("CNY", 3), "角": ("CNY", 1), "美分": ("USD", 2), "セント": ("USD", 2),
    "cents": (None, 2), "cent": (None, 2), "¢": ("USD", 2), "us¢": ("USD", 2), "us cents": ("USD", 2),
    "센트": ("USD", 2), "коп.": ("RUB", 2), "копеек": ("RUB", 2), "копейки": ("RUB", 2), "centavos": ("BRL", 2),
    "centimes": ("EUR", 2), "euro cents": ("EUR", 2), "eurocent": ("EUR", 2),
}  # fmt: skip
BEHIND_ONLY = frozenset({"元", "元人民币", "块", "圆", "円", "원", "엔", "위안", "reais"})
# Words that mean something else in a label, or stand inside of other words there.
_NO_LABEL = frozenset({"元", "块", "圆", "円", "원", "엔", "rp", "rp.", "rs.", "s$", "a$", "c$", "u$s"})


def either(words: Iterable[str]) -> str:
    """A pattern for one of several words, the longest first; the blank inside of a word need not be printed."""
    return "|".join(re.escape(word).replace(r"\ ", r"\s?") for word in sorted(words, key=len, reverse=True))


def is_spaced(sign: str) -> bool:
    """Whether the sign is of a script that parts words by spaces."""
    return not any("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in sign)


_WORDS = [sign for sign in CURRENCY_OF if sign not in _NO_LABEL]
_IN_LABEL = re.compile(
    rf"(?![\s0-9.,;:/()\-])(?P<word>(?<![^\W\d_])(?:{either(filter(is_spaced, _WORDS))})(?![^\W\d_])"
    rf"|{either(sign for sign in _WORDS if not is_spaced(sign))}"
    r"|(?<![\u3400-\u9fff])元(?=\s*(?:/|每|$|[)）\]、,，]))|(?<=[位:：(（])元"
    r"|(?<![\u3400-\u9fff])円(?=\s*(?:/|$|[)）\]、,]|で|建て|表示))"
    r"|(?<![\uac00-\ud7af])원(?=\s*(?:/|$|[)）\],]|기준|단위|입니다|으로)))",
    re.IGNORECASE,
)
_SEEN_IN_LABEL = openings(_WORDS) | {"元", "円", "원"}


@lru_cache(maxsize=5_000)
def find_currencies(text: str) -> frozenset[str]:
    """The currencies that a label names: "All prices are in USD", "美元/百万 tokens", "($/image)".

    >>> sorted(find_currencies("推理输入(美元/百万 tokens)")), sorted(find_currencies("Price in US dollars"))
    (['USD'], ['USD'])
    >>> [sorted(find_currencies(text)) for text in ("元/千tokens", "多元化模型", "单价(¥)", "지원 모델", "рубрика")]
    [['CNY'], [], ['¥'], [], []]
    """
    if pieces_of(text).isdisjoint(_SEEN_IN_LABEL):
        return frozenset()
    return frozenset(code_of(match["word"]) for match in _IN_LABEL.finditer(text))


def may_hold_currency(text: str) -> bool:
    """Whether a cleaned text, or any part of it, can name a currency."""
    return not pieces_of(text).isdisjoint(_SEEN_IN_LABEL)


def strip_currencies(text: str) -> str:
    """A label without its currency words, for reading what else it says.

    >>> strip_currencies("Input ($)"), strip_currencies("推理输入(美元/百万 tokens)")
    ('Input ( )', '推理输入( /百万 tokens)')
    """
    return text if pieces_of(text).isdisjoint(_SEEN_IN_LABEL) else _IN_LABEL.sub(" ", text)


def code_of(sign: str) -> str:
    """The currency of a sign as printed, in any case and with or without its blank."""
    return _CODE[sign.casefold().replace(" ", "")]


_CODE = {sign.replace(" ", ""): code for sign, code in CURRENCY_OF.items()}
