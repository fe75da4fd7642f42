"""Ranges of tokens: "<= 200K", "32K < input <= 128K", "[0, 32)", "8,192 < 长度 ≤ 32,768 tokens", "128K 以上".

Bounds are exact: "<32K" is at most 31,999 and ">=200K" more than 199,999 tokens. A bare length ("1M") is a model's
window and no range. Numbers in brackets without a scale take it from their column's header, else they say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from scrapers.rates import TokenRange
from scrapers.reading.text import has_digits, openings, pieces_of

Axis = Literal["context", "output"]


@dataclass(frozen=True, slots=True)
class FoundRange:
    """A range, where it stands in the text, which axis it bounds; `scale` is None where the text names no K or M."""

    start: int
    end: int
    low: Decimal | None
    high: Decimal | None
    low_open: bool = True
    high_open: bool = False
    scale: int | None = None
    axis: Axis = "context"
    names_tokens: bool = False

    def tokens(self, default_scale: int | None) -> TokenRange | None:
        """The range in tokens; None when its scale is unknown and numbers are too small to be tokens themselves."""
        bounds = [bound for bound in (self.low, self.high) if bound]
        if self.scale is None and default_scale is None:
            if not self.names_tokens and any(bound < 1000 for bound in bounds):
                return None
            scale = 1
        else:
            scale = self.scale if self.scale is not None else default_scale or 1
        return TokenRange(
            _bound(self.low, scale, -1 if not self.low_open else 0),
            _bound(self.high, scale, -1 if self.high_open else 0),
        )


_SCALES = {
    "k": 1000,
    "m": 1_000_000,
    "千": 1000,
    "万": 10_000,
    "萬": 10_000,
    "百万": 1_000_000,
    "百萬": 1_000_000,
    "thousand": 1000,
    "million": 1_000_000,
    "b": 1_000_000_000,
    "mil": 1000,
    "mille": 1000,
    "tausend": 1000,
    "tsd": 1000,
    "тыс": 1000,
    "тысяч": 1000,
    "ribu": 1000,
    "rb": 1000,
    "만": 10_000,
    "천": 1000,
    "млн": 1_000_000,
}
_SCALE = (
    r"(?:\s?(?:k|m|千|百万|百萬|万|萬|만|천|thousand|million|mille|mil|tausend|tsd|тысяч|тыс|млн|ribu|rb)\.?"
    r"(?![a-zа-я]))?"
)
_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3}){1,3}|[1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){1,3}|(?:[ '’][0-9]{3}){1,3})(?!\s?[km])"
_NUM = rf"(?:{_GROUPED}){_SCALE}|[0-9]{{1,10}}(?:\.[0-9]{{1,4}})?{_SCALE}"
_WORDS = (
    r"(?:input|inputs|prompt|prompts|context|contexts|length|len|window|output|outputs|token|tokens|tok|size|of"
    r"|the|request|requests|number|count|"
    r"single|输入长度|输出长度|输入|输出|上下文|长度|长文本|范围|令牌|単位|x|t|n|eingabe|ausgabe|kontext"
    r"|entrada|salida|contexte|entrée|"
    r"プロンプト|프롬프트|提示词|提示詞|提示|requêtes?|invites?|comandos?|instrucciones|instruções|perintah|запрос(?:ы|ов|а)?"
    r"|richieste|anfragen|para|de|入力|出力|コンテキスト|tokens?数|请求|輸入|輸出)"
)
_GAP = rf"(?:\s*{_WORDS}(?![a-z]))*\s*"
_LE, _LT, _GE, _GT = r"(?:<=|=<|≤|⩽)", r"<(?![=])", r"(?:>=|=>|≥)", r">(?![=])"
_TOKENS = (
    r"(?:\s*[个個]?\s*(?:(?:input|prompt|context|output|eingabe|ausgabe|入力|出力)[\s\-]*|de\s|di\s)?"
    r"(?:tokens?|tok|token数|トークン|令牌|词元|權杖|权杖|jetons?|токен(?:ов|ы|а)?|토큰)(?![a-zа-я]))?"
)

_BRACKETS = re.compile(
    rf"(?P<open>[\[(])\s*(?P<low>{_NUM})\s*(?:,|~|-|;|\s)\s*(?P<high>{_NUM}|\+?∞|inf|\+)\s*(?P<close>[\])])"
    rf"(?:\s*(?P<scale>[km千万萬](?![a-z])|百万|百萬|thousand|million))?{_TOKENS}",
    re.IGNORECASE,
)
_BRACKET_PLUS = re.compile(rf"(?P<open>[\[(])\s*(?P<low>{_NUM})\s*\+\s*,?\s*(?:∞)?\s*[\])]{_TOKENS}", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"(?P<low>{_NUM})\s*(?P<lop>{_LE}|{_LT}){_GAP}(?P<hop>{_LE}|{_LT})\s*(?P<high>{_NUM}){_TOKENS}", re.IGNORECASE
)
_FALLING = re.compile(
    rf"(?P<high>{_NUM})\s*(?P<hop>{_GE}|{_GT}){_GAP}(?P<lop>{_GE}|{_GT})\s*(?P<low>{_NUM}){_TOKENS}", re.IGNORECASE
)
_COMPARED = re.compile(rf"(?P<op>{_LE}|{_GE}|{_LT}|{_GT})\s*(?P<num>{_NUM}){_TOKENS}", re.IGNORECASE)
_REVERSED = re.compile(rf"(?P<num>{_NUM})\s*(?P<op>{_LE}|{_LT}){_GAP}(?:$|(?=[)\]]))", re.IGNORECASE)
_SPAN = re.compile(
    rf"(?<![0-9.a-z\-$¥€:])(?P<low>{_NUM})\s*(?:-|~|to|至|到|–)\s*(?P<high>{_NUM}){_TOKENS}(?![0-9\-:])", re.IGNORECASE
)
_PLUS = re.compile(rf"(?<![0-9.a-z\-$¥€])(?P<num>{_NUM})\s*\+(?![0-9a-z])", re.IGNORECASE)
_UNDER_WORDS = (
    r"(?:up to|at most|no more than|maximum|max\.?|within|不超过|最多|至多|bis(?: zu)?|jusqu'à|hasta|até|fino a|до)"
)
_BELOW_WORDS = r"(?:under|below|less than|fewer than|shorter than|小于|低于|少于|unter|moins de|menos de|meno di|менее)"
_OVER_WORDS = (
    r"(?:over|above|more than|greater than|longer than|exceeding|beyond|大于|超过|高于|über|mehr als|plus de|más de"
    r"|mais de|più di|oltre|более|свыше|lebih dari)"
)
_FROM_WORDS = r"(?:at least|不少于|不小于|ab|from)"
_WORDED = re.compile(
    rf"(?<![a-z])(?P<word>{_UNDER_WORDS}|{_BELOW_WORDS}|{_OVER_WORDS}|{_FROM_WORDS})\s*(?P<num>{_NUM}){_TOKENS}",
    re.IGNORECASE,
)
_POSTFIXED = re.compile(
    rf"(?<![0-9.,$¥€])(?P<num>{_NUM}){_TOKENS}\s*(?P<word>以内|以下|及以下|以上|及以上|未満|未满"
    rf"|(?:を|が|は)?超(?:える|えた|过)?|\(含\)以内"
    rf"|or less|or fewer|or more|and above|and below|or above|or below|이하|이상|초과"
    rf"|미만)(?:の(?:入力|出力)?(?:トークン)?)?",
    re.IGNORECASE,
)
_AXIS_BEFORE = re.compile(rf"(?<![a-z])(?:(?:{_WORDS})(?![a-z])[\s:：]*+){{1,12}}+$", re.IGNORECASE)
_SCALE_BEFORE = re.compile(r"(?:(?<![a-z])[0-9,]{0,15}\s?[km]|million|thousand|千|万|/)\s*$", re.IGNORECASE)
_OUTPUT_WORDS = re.compile(r"output|输出|輸出|ausgabe|出力|salida|saída|sortie", re.IGNORECASE)
_INPUT_WORDS = re.compile(r"input|prompt|context|输入|輸入|上下文|eingabe|kontext|入力|entrada|entrée", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def find_ranges(text: str) -> tuple[FoundRange, ...]:
    """All ranges of a cleaned text, words that belong to them included, from left to right.

    >>> [r.tokens(None) for r in find_ranges("prompts <= 200k tokens")]
    [TokenRange(gt=None, lte=200000)]
    >>> [r.tokens(1000) for r in find_ranges("输入长度 (32, 128]")]
    [TokenRange(gt=32000, lte=128000)]
    >>> [r.tokens(1000) for r in find_ranges("输入长度 [0, 32) 输出长度 [0.2+)")]
    [TokenRange(gt=None, lte=31999), TokenRange(gt=199, lte=None)]
    >>> [(r.axis, r.tokens(None)) for r in find_ranges("8,192 < 长度 ≤ 32,768 tokens")]
    [('context', TokenRange(gt=8192, lte=32768))]
    >>> [r.tokens(None) for r in find_ranges("128K 以上")], find_ranges("1M"), find_ranges("[0, 32]")[0].tokens(None)
    ([TokenRange(gt=127999, lte=None)], (), None)
    """
    if not has_digits(text):
        return ()
    found: list[FoundRange] = []
    pieces = pieces_of(text)
    for needed, pattern, read in _READERS:
        if pieces.isdisjoint(needed):
            continue
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            one = read(match)
            if one is not None:
                found.append(_with_axis(one, match, text, found))
    return tuple(sorted(found, key=lambda each: each.start))


def without_ranges(text: str) -> str:
    """The text without its ranges and their words, for reading what else it says.

    >>> without_ranges("Price (/1M tokens) <= 200K cached input tokens")
    'Price (/1M tokens)   cached input tokens'
    """
    for one in reversed(find_ranges(text)):
        text = f"{text[: one.start]} {text[one.end :]}"
    return text


def _with_axis(one: FoundRange, match: re.Match[str], text: str, found: list[FoundRange]) -> FoundRange:
    floor = max((other.end for other in found if other.end <= match.start()), default=0)
    before = _AXIS_BEFORE.search(text[floor : match.start()])
    if before and _SCALE_BEFORE.search(text[floor : floor + before.start()]):
        before = None  # the "tokens" of "per 1M tokens <= 200K" belong to the unit
    said = (before.group() if before else "") + match.group()
    is_output = _OUTPUT_WORDS.search(said) is not None and _INPUT_WORDS.search(said) is None
    axis: Axis = "output" if is_output else "context"
    start = floor + before.start() if before else one.start
    return replace(
        one,
        start=start,
        axis=axis,
        names_tokens=bool(re.search(r"tok|令牌|词元|トークン|權杖|jeton|ток|토큰", said, re.IGNORECASE)),
    )


def _brackets(match: re.Match[str]) -> FoundRange | None:
    low, scale = _read(match["low"])
    high = None
    if match["high"][0].isdigit():
        low, high, scale = _one_scale(low, scale, *_read(match["high"]))
    if scale is None and match["scale"]:
        scale = _SCALES[match["scale"].casefold()]
    is_open = match["close"] == ")" and high is not None
    return FoundRange(match.start(), match.end(), low, high, match["open"] == "(", is_open, scale)


def _bracket_plus(match: re.Match[str]) -> FoundRange | None:
    low, scale = _read(match["low"])
    return FoundRange(match.start(), match.end(), low, None, match["open"] == "(", scale=scale)


def _between(match: re.Match[str]) -> FoundRange | None:
    low, low_scale = _read(match["low"])
    high, high_scale = _read(match["high"])
    low, high, scale = _one_scale(low, low_scale, high, high_scale)
    low_open = match["lop"] in {"<", ">"}
    return FoundRange(match.start(), match.end(), low, high, low_open, match["hop"] in {"<", ">"}, scale)


def _compared(match: re.Match[str]) -> FoundRange | None:
    number, scale = _read(match["num"])
    sign = match["op"].replace("=<", "<=").replace("=>", ">=").replace("≤", "<=").replace("≥", ">=").replace("⩽", "<=")
    if sign.startswith("<"):
        return FoundRange(match.start(), match.end(), None, number, high_open=sign == "<", scale=scale)
    return FoundRange(match.start(), match.end(), number, None, low_open=sign == ">", scale=scale)


def _reversed(match: re.Match[str]) -> FoundRange | None:
    number, scale = _read(match["num"])
    return FoundRange(match.start(), match.end(), number, None, low_open=match["op"] == "<", scale=scale)


def _span(match: re.Match[str]) -> FoundRange | None:
    low, low_scale = _read(match["low"])
    high, high_scale = _read(match["high"])
    if high_scale is None:
        return None  # "2-15" may be anything; only 32K-128K is a range of tokens
    low, high, scale = _one_scale(low, low_scale, high, high_scale)
    if low >= high:
        return None
    return FoundRange(match.start(), match.end(), low, high, scale=scale)


def _plus(match: re.Match[str]) -> FoundRange | None:
    number, scale = _read(match["num"])
    return None if scale is None else FoundRange(match.start(), match.end(), number, None, low_open=False, scale=scale)


def _worded(match: re.Match[str]) -> FoundRange | None:
    number, scale = _read(match["num"])
    if scale is None and number < 1000:
        return None
    word = match["word"].casefold()
    for pattern, low, is_open in ((_UNDER_WORDS, False, False), (_BELOW_WORDS, False, True), (_OVER_WORDS, True, True)):
        if re.fullmatch(pattern, word, re.IGNORECASE):
            if low:
                return FoundRange(match.start(), match.end(), number, None, low_open=is_open, scale=scale)
            return FoundRange(match.start(), match.end(), None, number, high_open=is_open, scale=scale)
    return FoundRange(match.start(), match.end(), number, None, low_open=False, scale=scale)


def _postfixed(match: re.Match[str]) -> FoundRange | None:
    number, scale = _read(match["num"])
    if scale is None and number < 1000:
        return None
    word = match["word"].casefold()
    if word in {"以上", "及以上", "or more", "and above", "or above", "이상"}:
        return FoundRange(match.start(), match.end(), number, None, low_open=False, scale=scale)
    if "超" in word or word == "초과":
        return FoundRange(match.start(), match.end(), number, None, scale=scale)
    return FoundRange(match.start(), match.end(), None, number, high_open=word in {"未満", "未满", "미만"}, scale=scale)


_LESS, _MORE, _OPENED = frozenset("<≤⩽"), frozenset(">≥"), frozenset("[(")
_LEADING = openings(
    [
        "up",
        "at",
        "no",
        "maximum",
        "max",
        "within",
        "不",
        "最",
        "至",
        "bis",
        "jusqu",
        "hasta",
        "até",
        "fino",
        "до",
        "under",
        "below",
        "less",
        "fewer",
        "shorter",
        "小",
        "低",
        "少",
        "unter",
        "moins",
        "menos",
        "meno",
        "менее",
        "over",
        "above",
        "more",
        "greater",
        "longer",
        "exceeding",
        "beyond",
        "大",
        "超",
        "高",
        "über",
        "mehr",
        "plus",
        "más",
        "mais",
        "più",
        "oltre",
        "более",
        "свыше",
        "lebih",
        "ab",
        "from",
    ]
)
_TRAILING = openings(["以", "及", "未", "超", "含", "or", "and", "이", "초", "미"])
# What a text must hold for a pattern to find anything, the pattern, and how its match is read.
_READERS = (
    (_LESS, _BETWEEN, _between),
    (_MORE, _FALLING, _between),
    (_OPENED, _BRACKETS, _brackets),
    (_OPENED, _BRACKET_PLUS, _bracket_plus),
    (_LESS | _MORE, _COMPARED, _compared),
    (_LEADING, _WORDED, _worded),
    (_TRAILING, _POSTFIXED, _postfixed),
    (frozenset({*"-~至到–", "to"}), _SPAN, _span),
    (frozenset("+"), _PLUS, _plus),
    (_LESS, _REVERSED, _reversed),
)


def _read(printed: str) -> tuple[Decimal, int | None]:
    """A number as `_NUM` finds it, and the scale behind it."""
    grouped = _GROUPS.match(printed)
    number = re.sub(r"[^0-9]", "", grouped[0]) if grouped else _SCALE_BEHIND.sub("", printed)
    return Decimal(number), _SCALES.get("".join(filter(str.isalpha, printed)).casefold())


_GROUPS = re.compile(rf"(?:{_GROUPED})(?![0-9])", re.IGNORECASE)
_SCALE_BEHIND = re.compile(r"\s?[^\W\d_]+\.?\Z")


def _one_scale(
    low: Decimal, low_scale: int | None, high: Decimal, high_scale: int | None
) -> tuple[Decimal, Decimal, int | None]:
    """Both bounds in one scale: "32K < n <= 1M", and "0 < n <= 256K", "200-400K" where only one names it."""
    if low_scale is None or high_scale is None or low_scale == high_scale:
        if low_scale is None and high_scale is not None and low >= 1000:
            return low / high_scale, high, high_scale
        return low, high, high_scale or low_scale
    return low * low_scale, high * high_scale, 1


def _bound(number: Decimal | None, scale: int, shift: int) -> int | None:
    if number is None:
        return None
    value = int(number * scale) + shift
    return value if value > 0 else None
