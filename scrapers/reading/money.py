"""Amounts as pages print them: one small anchored grammar, and the only reader of money in the project.

An amount is a number beside a currency, or a bare number where the caller knows that the place holds a price. What the
grammar cannot read with certainty ("1.234" on a page that writes decimal commas, "from $3", "$1-$2") comes out with
`doubt` set and must become a complaint, never a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from scrapers.reading.currencies import BEHIND_ONLY, CURRENCY_OF, PARTS, YEN_OR_YUAN, code_of, either, is_spaced
from scrapers.reading.text import has_digits

# How a page writes decimals: "." or "," where it is known; "?" where its language writes commas and no number tells.
Mark = Literal[".", ",", "?"]

_NUMBER = (
    r"(?:[0-9]{1,3}(?P<sep>['’ ])[0-9]{3}(?:(?P=sep)[0-9]{3}){0,3}(?:[.,][0-9]{1,18})?"
    r"|[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,18})?"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){1,4},[0-9]{1,18}|[0-9]{1,3}(?:\.[0-9]{3}){2,4}"
    r"|[0-9]{1,2}(?:,[0-9]{2}){1,3},[0-9]{3}(?:\.[0-9]{1,9})?"
    r"|[0-9]{1,4}(?:\.[0-9]{1,15})?e-[0-9]{1,2}|[0-9]{1,12}(?:[.,][0-9]{1,22})?|\.[0-9]{1,22})"
)
_MAGNITUDES = {"千": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "百万": 6, "百萬": 6, "백만": 6, "亿": 8, "億": 8, "억": 8}
_SIGNS_BEHIND = [*CURRENCY_OF, *PARTS]
_SUFFIX = (
    rf"(?:{either(filter(is_spaced, _SIGNS_BEHIND))})(?![a-zà-ÿа-я0-9])"
    rf"|(?:{either(sign for sign in _SIGNS_BEHIND if not is_spaced(sign))})(?!素)"
)
_PREFIX = rf"(?<![a-z])(?:{either({*CURRENCY_OF, '¢', 'us¢'} - BEHIND_ONLY)})"
_SCALE = rf"(?:\s?(?P<scale>{either(_MAGNITUDES)})(?=\s?(?:{_SUFFIX})|$|[\s)/,]))?"
# What an amount can begin with; the look at one character spares that at forty.
_FIRST = re.escape("".join(sorted({sign[0] for sign in (*CURRENCY_OF, "¢")} | set("-.0123456789"))))
_AMOUNT = re.compile(
    rf"(?=[{_FIRST}])(?=[^0-9]{{0,40}}+[0-9])(?<![0-9A-Za-zÀ-ɏЀ-ӿ_])(?:(?P<prefix>{_PREFIX})\s{{0,2}}|(?<![.,]))(?P<minus>-\s?)?"
    rf"(?:(?P<prefix2>{_PREFIX})\s{{0,2}})?(?P<number>{_NUMBER})(?P<more>(?:[.,'’][0-9]+){{0,6}})(?![0-9])"
    rf"{_SCALE}(?:\s{{0,2}}(?P<suffix>{_SUFFIX}))?",
    re.IGNORECASE,
)
_GLUED = re.compile(r"[\w]")
_WORD_BEHIND = re.compile(
    r"(?:per|input|output|for|each)(?![a-z])", re.IGNORECASE
)  # in a box of its own: "$0.60per 1M"
_MAX_LEAD = 80  # characters before an amount that can speak of it
_BEFORE_DOUBT = re.compile(
    r"(?:\bfrom|\bstarting (?:at|from)|\bup to|\bas low as|\bat least|\bab|\bdès|\bdesde|\bà partir d[e'’]"
    r"|\ba partir de|\ba partire da|\bjusqu['’]à|\bbis zu|\bhasta|\baté|\bfino a|\bmulai(?: dari)?|\bhingga|\bот|\bдо"
    r"|最低|最高|低至|至少|起价)"
    r"\s*:?\s*$",
    re.IGNORECASE,
)
_AFTER_DOUBT = re.compile(r"\s*(?:起(?![始])|から|부터|이상|and up\b|以上|\+(?![\s]?[0-9]))", re.IGNORECASE)
_APPROXIMATE = re.compile(
    r"(?:约|約|≈|approx\.?|approximately|about|equivalent to|equals?(?: to)?|相当于|折合|~|environ|circa|ca\."
    r"|etwa|ungefähr|aproximadamente|aprox\.|cerca de|около|примерно|sekitar|약)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_RANGE_NEXT = re.compile(r"\s*(?:~|-|to|至|到|–)\s*(?:[$¥€£₽₩]|us\$|r\$)?\s*[0-9]", re.IGNORECASE)
_RANGE_BEFORE = re.compile(r"[0-9]\s*(?:[a-z元]{0,3})\s*(?:~|-|\bto\b|至|到)\s*$", re.IGNORECASE)
_LIST_BEFORE = re.compile(
    r"(?:原价|原價|刊例价|标准价|list price|was|originally|regular price|instead of|statt|通常価格|定価|정가|au lieu de"
    r"|antes|en lugar de|em vez de|invece di|вместо|harga normal)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\s*(?:[%％×x](?![a-z])|倍|折|[kmb](?![a-z0-9])|°|px\b|p\b|fps\b|mp\b)", re.IGNORECASE)
_LONGER_BEFORE = re.compile(r"[0-9][ 。]$")
_SCALED_WORD = re.compile(
    r"\s?(?:(?:thousand|million|billion|mio|mln|lakh|crore|млн|тыс)(?![a-zа-я])(?!\.?\s*(?:of\s)?(?:[a-z]+\s)?(?:tok|char|ток))"
    r"|[千万萬亿億百천만억])",
    re.IGNORECASE,
)
# A minute, a corner or a piece and no money: "5分钟", "5分キャッシュ", "/ 1分".
_HAN_PARTS = frozenset({"分", "角", "厘", "块", "圆"})
_HAN_GOES_ON = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_KANA = re.compile(r"[\u3041-\u30fa]")
_COMMA_CURRENCIES = frozenset({"IDR", "VND", "BRL"})  # at home "1.500" is fifteen hundred, whatever the page's language
_WHOLE_CURRENCIES = frozenset({"IDR", "VND"})  # whose parts nobody prints: three digits behind a point are thousands
_OPEN_NUMBER = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}[.,][0-9]{3}(?![.,]?[0-9])")
_ALONE = re.compile(
    r"([$€£¥])([0-9]{1,12}(?:\.[0-9]{1,12})?)"
)  # of which nothing is in doubt, and which most cells are
_BARE_CELL = re.compile(rf"\s*(?P<number>{_NUMBER})\s*")


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount in a text.

    Attributes:
        value: the price in whole currency units.
        currency: ISO 4217, YEN_OR_YUAN for a sign that two currencies share, None where none is printed.
        start, end: where it stands in the cleaned text, currency words included.
        printed: the digits as printed.
        is_list: words beside it say that it is the price before a reduction.
        is_approximate: an equivalent in other terms, no price of its own.
        doubt: why it must not be believed, "" for a sound one.

    """

    value: Decimal
    currency: str | None
    start: int
    end: int
    printed: str
    is_list: bool = False
    is_approximate: bool = False
    doubt: str = ""


@lru_cache(maxsize=20_000)
def find_amounts(text: str, *, bare: bool = False, mark: Mark = ".") -> tuple[Amount, ...]:
    """The amounts of a cleaned text, from left to right.

    Args:
        text: what `clean` gave.
        bare: also numbers without a currency; only for a place that is known to hold a price.
        mark: how the place writes decimals; where that is open ("?"), 1.234 and 1,234 are doubtful.

    >>> [str(a.value) for a in find_amounts("$0.075, then $1.25, prompts <= 200k")]
    ['0.075', '1.25']
    >>> find_amounts("22,50 $")[0].value, find_amounts("$1,234.50")[0].value, find_amounts("1.234,50 €")[0].value
    (Decimal('22.50'), Decimal('1234.50'), Decimal('1234.50'))
    >>> find_amounts("¥0.8")[0].currency, find_amounts("0.8元")[0].currency, find_amounts("110円")[0].currency
    ('¥', 'CNY', 'JPY')
    >>> find_amounts("0.8厘/千tokens")[0].value, find_amounts("from $3")[0].doubt, find_amounts("$-1")[0].doubt
    (Decimal('0.0008'), 'an open price', 'a negative amount')
    >>> find_amounts("1_000 0x10 GPT-4 50% 8K"), find_amounts("12", bare=True)[0].value
    ((), Decimal('12'))
    >>> find_amounts("1.234 €", mark="?")[0].doubt, find_amounts("1.234 €", mark=",")[0].value
    ('thousands or decimals', Decimal('1234'))
    >>> find_amounts("1 000,00 ₽")[0].value, find_amounts("₹1,00,000")[0].value, find_amounts("¥1.5万")[0].value
    (Decimal('1000.00'), Decimal('100000'), Decimal('15000.0'))
    >>> find_amounts("1.234.56 $")[0].doubt, find_amounts("$1.5e-06")[0].value, find_amounts("US¢ 5")[0].value
    ('no number of a known form', Decimal('0.0000015'), Decimal('0.05'))

    """
    if not has_digits(text):
        return ()
    if mark == "." and (alone := _ALONE.fullmatch(text)):
        return (Amount(Decimal(alone[2]), CURRENCY_OF[alone[1]], 0, len(text), alone[2]),)
    found = (_amount(match, text, bare=bare, mark=mark) for match in _AMOUNT.finditer(text))
    return tuple(amount for amount in found if amount is not None)


def read_mark(texts: Iterable[str]) -> Mark | None:
    """How cleaned texts write decimals, told by their amounts and by texts that are a number; None where nothing tells.

    "?" where some tell one way and some the other. Only texts with a number that could be read in two ways make
    the rest worth looking at, so others give None at once.

    >>> read_mark(["0,30 €", "1.500 €"]), read_mark(["0.30 €", "1.500 €"]), read_mark(["0,30 €"])
    (',', '.', None)
    """
    kept = list(texts)
    if not any(_OPEN_NUMBER.search(text) for text in kept):
        return None
    marks: set[Mark] = set()
    for text in kept:
        alone = _BARE_CELL.fullmatch(text)
        for printed in [alone["number"]] if alone else [amount.printed for amount in find_amounts(text)]:
            marks |= _marks_of(printed)
    return None if not marks else marks.pop() if len(marks) == 1 else "?"


@lru_cache(maxsize=5_000)
def _marks_of(printed: str) -> frozenset[Mark]:
    """The decimal mark of a number whose form leaves no choice."""
    signs = [sign for sign in printed if sign in ",."]
    if not signs or _number(printed, ".")[0] != _number(printed, ",")[0]:
        return frozenset()
    last = signs[-1]
    is_decimal = signs.count(last) == 1 and (len(signs) == 1 or len(set(signs)) == 2)
    return frozenset({"," if (last == ",") == is_decimal else "."})


def _amount(match: re.Match[str], text: str, *, bare: bool, mark: Mark) -> Amount | None:
    prefix = (match["prefix"] or match["prefix2"] or "").casefold()
    suffix = (match["suffix"] or "").casefold()
    before = text[max(0, match.start() - _MAX_LEAD) : match.start()]
    if suffix in _HAN_PARTS and _is_no_part(suffix, text, match.end(), before):
        suffix = ""
    if not prefix and not suffix and (not bare or match["more"] or _COUNTED.match(text, match.end("number"))):
        return None
    end = match.end() if suffix or not match["suffix"] else match.end("scale" if match["scale"] else "more")
    after = text[match.end("number") : match.end("number") + 1]
    if not suffix and _GLUED.match(after) and after.isascii() and not (prefix and _WORD_BEHIND.match(text, end)):
        return None
    currency, power = _currency(prefix, suffix, mark)
    if mark == "?" and currency in _WHOLE_CURRENCIES:
        mark = ","
    value, doubt = _number(match["number"], "?" if mark == "." and currency in _COMMA_CURRENCIES else mark)
    if currency == "conflict":
        currency, doubt = None, "two currencies"
    if match["minus"]:
        if before.rstrip()[-1:].isdigit():
            return None if bare and not prefix and not suffix else _doubtful(match, "a range")
        doubt = "a negative amount"
    return Amount(
        value=value.scaleb(-power) * 10 ** _MAGNITUDES.get(match["scale"] or "", 0),
        currency=currency,
        start=match.start(),
        end=end,
        printed=match["number"],
        is_list=bool(_LIST_BEFORE.search(before)),
        is_approximate=bool(_APPROXIMATE.search(before)),
        doubt=doubt or _doubt(match, text, end, before, has_prefix=bool(prefix)),
    )


def _is_no_part(suffix: str, text: str, end: int, before: str) -> bool:
    following = text[end : end + 1]
    if _HAN_GOES_ON.match(following) and following != "每":
        return True
    return suffix == "分" and (before.rstrip().endswith("/") or _KANA.search(text) is not None)


def _doubt(match: re.Match[str], text: str, end: int, before: str, *, has_prefix: bool) -> str:
    """Why an amount that reads well by itself must not be believed where it stands."""
    number = match["number"]
    if match["more"]:
        return "no number of a known form"
    if (
        not has_prefix
        and _LONGER_BEFORE.search(before)
        and (before[-1] == "。" or re.match(r"[0-9]{3}(?![0-9])", number))
    ):
        return "part of a longer number"
    if not match["scale"] and has_prefix and _SCALED_WORD.match(text, match.end("number")):
        return "a number whose scale is not clear"
    if _RANGE_NEXT.match(text, end) or _RANGE_BEFORE.search(before):
        return "a range"
    if _BEFORE_DOUBT.search(before) or _AFTER_DOUBT.match(text, end):
        return "an open price"
    return ""


def _doubtful(match: re.Match[str], doubt: str) -> Amount:
    return Amount(Decimal(0), None, match.start(), match.end(), match["number"], doubt=doubt)


def _currency(prefix: str, suffix: str, mark: Mark) -> tuple[str | None, int]:
    """(ISO code, YEN_OR_YUAN, None or "conflict"; power of ten of a part of the currency)."""
    part = next((sign for sign in (re.sub(r"\s", " ", suffix), prefix) if sign in PARTS), None)
    if part is not None:
        code, power = PARTS[part]
        return code or ("USD" if mark == "." else None), power
    codes = {code_of(sign) for sign in (prefix, suffix) if sign}
    if len(codes) == 2 and YEN_OR_YUAN in codes and codes & {"CNY", "JPY"}:
        codes.discard(YEN_OR_YUAN)
    if len(codes) == 2 and "$" in (prefix, suffix) and codes & {"AUD", "CAD", "SGD", "HKD", "TWD", "MXN", "NZD"}:
        codes.discard("USD")
    if len(codes) > 1:
        return "conflict", 0
    return (codes.pop() if codes else None), 0


def _number(printed: str, mark: Mark) -> tuple[Decimal, str]:
    """The number and why it is doubtful; the mark decides only where the form leaves a choice."""
    bare = re.sub(r"['’ ]", "", printed)
    if "," in bare and "." in bare:
        decimal = max(bare.rfind(","), bare.rfind("."))
        whole, part = bare[:decimal], bare[decimal + 1 :]
        return Decimal(re.sub(r"[.,]", "", whole) + "." + part), ""
    sign = "," if "," in bare else "."
    head, *tail = bare.split(sign)
    if len(tail) > 1:
        return Decimal(head + "".join(tail)), ""
    if not tail:
        return Decimal(head), ""
    decimal_form = f"{head or '0'}.{tail[0]}"
    if len(tail[0]) != 3 or head in {"0", ""} or len(head) > 3 or bare != printed:
        return Decimal(decimal_form), ""
    if mark == "?":
        return Decimal(decimal_form), "thousands or decimals"
    return Decimal(decimal_form) if sign == mark else Decimal(head + tail[0]), ""
