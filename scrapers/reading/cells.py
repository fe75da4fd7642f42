"""A cell to its prices: each amount with the words, unit and list price that belong to it.

Labels stand before their amount ("Input: $3 / MTok") or behind it ("$2.00, prompts <= 200k tokens $4.00"); which of the
two is decided once for a line by what it begins with.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from scrapers.documents.blocks import Run
from scrapers.reading.ignoring import BEFORE_REDUCTION, EQUIVALENT, ignore
from scrapers.reading.labels import Reading, Scope
from scrapers.reading.money import Amount, find_amounts
from scrapers.reading.text import clean, has_words
from scrapers.reading.units import FOREIGN, FoundUnit, Unit, find_units, unit_after
from scrapers.reading.vocabulary import Meaning, State

STRUCK_OPEN, STRUCK_CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Price:
    """One price of a cell.

    Attributes:
        amount: the price in force, or None for a state.
        state: what stands instead of an amount.
        label: words beside it, for `Scope.label`.
        unit: what is printed directly behind it.
        late_unit: what is printed behind the last amount of its line only: "Input $3, output $15 per million tokens".
        list_value: the struck or named price before a reduction.
        is_derived: computed from a list price and a discount.
        quote: the line as printed.
        line: number of the line in the cell.
        doubt: why it must not be believed.

    """

    amount: Amount | None
    state: State | None = None
    label: str = ""
    unit: Unit | None = None
    late_unit: Unit | None = None
    list_value: Decimal | None = None
    is_derived: bool = False
    quote: str = ""
    line: int = 0
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class CellPrices:
    """The prices of a cell, how many amounts it prints, and those that are no price, each as (rule, words)."""

    prices: tuple[Price, ...] = ()
    seen: int = 0
    ignored: tuple[tuple[str, str], ...] = ()

    def set_aside(self, locator: str) -> Reading:
        """The account of what is no price in the cell of that place."""
        return sum((ignore(rule, words, locator) for rule, words in self.ignored), Reading())


_MAX_ALONE = 24  # characters of an amount with its currency
_CLAUSE = re.compile(r"\s*[;；]\s*|\s+\|\s+|\s*•\s*")
_DISCOUNT = re.compile(r"([0-9](?:\.[0-9])?)\s*折")
_LABEL_END = re.compile(r"[:：]\s*$")
_EQUIVALENT_WORD = re.compile(
    r"[(（]?\s*(?:约|約|≈|approx\.?|approximately|about|equivalent to|equals?(?: to)?|相当于|折合|~|circa|ca\."
    r"|etwa)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"^[^$¥€£:：;；]{0,40}(?:\band|\bor|和|或|/)\s*$", re.IGNORECASE)
_OWN = re.compile(r"^\s*[,，(（]")
_NOTE = re.compile(r"^\s*[(（][^()（）]*[)）]")
_BILLED = re.compile(
    r"[(（]\s*(?:(?:rounded|billed|charged|metered|pro-?rated|minimum)\b|不足|按秒)[^()（）]*[)）]", re.IGNORECASE
)  # "$0.006 / minute (rounded to the nearest second)": how the amount is counted, not what it is for
_CLOSING = re.compile(r"^[^()（）]*[)）]")  # the rest of a bracket that holds the amount: "Input $1 ($0.10 cached)"
_LATER = re.compile(
    r"(?:\bthen|\bafterwards?|\bthereafter|之后|此后|届时|\bdanach|\bensuite|\bluego)\s*[:：]?\s*$", re.IGNORECASE
)
_BRACKET = re.compile(r"[(（][^()（）]*[)）]")
_ANY_NOTE = re.compile(r"[(（][^()（）]*[)）]")
_INVERSE = re.compile(
    r"(?<![$¥€£0-9.,])(?:[0-9][0-9.,]*\s?[kmb]\w*|[0-9]{1,3}(?:,[0-9]{3})+)\s*/\s*$", re.IGNORECASE
)  # "9.09M / $1"
_AMOUNT_BUYS = re.compile(
    r"\bor\s+(?:(?:around|about|approximately|roughly|up to|~)\s*)?[0-9][0-9.,]*\s?(?:[a-z]+\s){1,5}(?:for|per)\s*$",
    re.IGNORECASE,
)  # "or around 333 thousand tokens for $1"
_EQUIVALENT = re.compile(r"[(（]\s*(?:约|≈|approx|about|~|equivalent|equals|相当于|折合)", re.IGNORECASE)


def read_cell(lines: Iterable[tuple[Run, ...]], scope: Scope, *, bare: bool = False) -> CellPrices:
    """All prices of a cell, line by line; `bare` where the column is known to hold prices without a currency."""
    key = (tuple(lines), bare, scope.mark)
    known: CellPrices | None = scope.cells.get(key)
    if known is None:
        known = scope.cells[key] = _read_lines(key[0], scope, bare=bare)
    return known


def _read_lines(lines: Iterable[tuple[Run, ...]], scope: Scope, *, bare: bool) -> CellPrices:
    lines = tuple(lines)
    if len(lines) == 1 and len(lines[0]) == 1 and (alone := _alone(lines[0][0], scope)) is not None:
        return CellPrices((Price(alone, quote=lines[0][0].text.strip()),), seen=1)
    total = CellPrices()
    for number, line in enumerate(_joined(lines)):
        printed = "".join(run.text for run in line).strip()
        marked = clean(
            "".join(
                f"{STRUCK_OPEN}{run.text}{STRUCK_CLOSE}" if run.struck else run.text for run in line if not run.raised
            )
        )
        struck = _struck_spans(marked)
        text = marked.replace(STRUCK_OPEN, " ").replace(STRUCK_CLOSE, " ")
        start = 0
        for clause in [*_CLAUSE.finditer(text), None]:
            end = clause.start() if clause else len(text)
            part = _read_clause(text[start:end], [(a - start, b - start) for a, b in struck], scope, bare=bare)
            quotes = _quotes(printed, part.prices)
            prices = tuple(
                replace(price, quote=quote, line=number) for price, quote in zip(part.prices, quotes, strict=True)
            )
            total = CellPrices(total.prices + prices, total.seen + part.seen, total.ignored + part.ignored)
            start = clause.end() if clause else end
    return total


def _alone(run: Run, scope: Scope) -> Amount | None:
    """The amount of a text that holds nothing else, as most cells do: no rule for words beside it can apply."""
    if run.struck or run.raised or len(run.text) > _MAX_ALONE:
        return None
    text = clean(run.text)
    amounts = find_amounts(text, mark=scope.mark)
    is_alone = len(amounts) == 1 and (amounts[0].start, amounts[0].end) == (0, len(text))
    return amounts[0] if is_alone and not (amounts[0].doubt or amounts[0].is_list) else None


def _joined(lines: Iterable[tuple[Run, ...]]) -> list[tuple[Run, ...]]:
    """The lines of a cell; a discount alone ("限时5折") belongs to the list price above, a struck one to that below."""
    joined: list[tuple[Run, ...]] = []
    for line in lines:
        text = clean("".join(run.text for run in line))
        is_discount = bool(_DISCOUNT.search(text)) and not find_amounts(text) and len(text) < 12
        is_sale = bool(text) and bool(joined) and _is_struck(joined[-1]) and not _is_struck(line)
        if is_sale or (joined and (is_discount or (is_unit(text) and ends_with_amount(joined[-1])))):
            joined[-1] = (*joined[-1], Run(" "), *line)
        else:
            joined.append(line)
    return joined


def is_unit(text: str) -> bool:
    """Whether a line is a unit and nothing else: "/ 1M tokens"."""
    units = find_units(text, is_label=False)
    return len(units) == 1 and (units[0].start, units[0].end) == (0, len(text))


def ends_with_amount(line: tuple[Run, ...]) -> bool:
    """Whether a line ends with an amount whose unit may follow."""
    text = clean("".join(run.text for run in line if not run.raised))
    amounts = find_amounts(text)
    return bool(amounts) and amounts[-1].end == len(text)


def _is_struck(line: tuple[Run, ...]) -> bool:
    """Whether a line holds one struck price and nothing else."""
    printed = [run for run in line if run.text.strip()]
    return bool(printed) and all(run.struck for run in printed)


def _quotes(printed: str, prices: tuple[Price, ...]) -> list[str]:
    """For each price the line as printed, or of a line with several prices or much text the part from its amount on."""
    amounts = [price.amount.printed for price in prices if price.amount]
    if len(amounts) < 2 and len(printed) <= 200:
        return [printed] * len(prices)
    starts: list[int] = []
    position = 0
    for amount in amounts:
        found = printed.find(amount, position)
        starts.append(found if found >= 0 else position)
        position = starts[-1] + len(amount)
    quotes: list[str] = []
    for price in prices:
        if price.amount is None:
            quotes.append(printed[:200])
            continue
        number = sum(1 for quote in quotes if quote)
        begin = starts[min(number, len(starts) - 1)]
        while begin and not printed[begin - 1].isspace() and begin > starts[min(number, len(starts) - 1)] - 4:
            begin -= 1
        stop = starts[number + 1] if number + 1 < len(starts) else len(printed)
        part = _COMPARES.split(printed[begin : min(stop, begin + 160)])[0].strip()
        quotes.append(_TRAILING_SIGN.sub("", part).strip() or amounts[number])
    return quotes


_COMPARES = re.compile(r"[<>≤≥]")  # what follows is a condition, and an escaped one in Markdown
_TRAILING_SIGN = re.compile(r"(?<![\s(,;/·|])[\s(,;/·|]*+(?:US|HK|CN)?[$¥￥€£]?$")


def _struck_spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(f"{STRUCK_OPEN}[^{STRUCK_CLOSE}]*{STRUCK_CLOSE}", text)]


def _read_clause(text: str, struck: list[tuple[int, int]], scope: Scope, *, bare: bool) -> CellPrices:
    amounts = find_amounts(text, mark=scope.mark)
    if bare and not amounts:
        amounts = _bare_amounts(text, scope)
    in_struck = [
        replace(one, start=one.start + a, end=one.end + a, is_list=True)
        for a, b in struck
        if 0 <= a < len(text)
        for one in find_amounts(text[a:b], bare=True, mark=scope.mark)
    ]
    live = [a for a in amounts if not any(s.start < a.end and a.start < s.end for s in in_struck)]
    seen = len(live) + len(in_struck)
    lists = [*in_struck, *(a for a in live if a.is_list)]
    live = [a for a in live if not a.is_list]
    kept = _without_equivalents(text, live)
    printed = text
    for amount in (each for each in live if each not in kept):
        unit = unit_after(text, amount.end)
        word = _EQUIVALENT_WORD.search(text[: amount.start]) or _AMOUNT_BUYS.search(text[: amount.start])
        start, end = word.start() if word else amount.start, unit.end if unit else amount.end
        text = text[:start] + " " * (end - start) + text[end:]
    rules = [*((BEFORE_REDUCTION, one) for one in lists), *((EQUIVALENT, one) for one in live if one not in kept)]
    ignored = tuple((rule, printed[max(0, one.start - 80) : one.end + 40].strip()) for rule, one in rules)
    if not kept and lists:
        return _from_list_price(text, lists, seen, ignored)
    if not kept:
        return _state_of(text, scope, seen, ignored)
    prices = () if lists else _in_listed_order(text, kept, scope)
    prices = prices or _with_labels(text, kept, lists, scope)
    return CellPrices(prices, seen, ignored)


def _bare_amounts(text: str, scope: Scope) -> tuple[Amount, ...]:
    """Numbers without a currency in a price column: one alone, or behind a label and a colon; "286 tokens" is none."""
    found = find_amounts(text, bare=True, mark=scope.mark)
    if not found:
        return ()
    lists = [one for one in found if one.is_list]
    notes = [note.span() for note in _BRACKET.finditer(text)]
    if lists and all(any(start < one.start < end for start, end in notes) for one in lists):
        plain = _BRACKET.sub(lambda note: " " * len(note[0]), text)  # "2 (原价 4)": the number before it is alone
        return (*_bare_amounts(plain, scope), *lists)
    unit = unit_after(text, found[-1].end)
    lead, rest = text[: found[0].start].strip(), text[unit.end if unit else found[-1].end :]
    between = "".join(text[one.end : other.start] for one, other in itertools.pairwise(found))
    tail = _NOTE.sub("", rest).strip(" *")
    is_alone = (not has_words(lead) or _LABEL_END.search(lead)) and not has_words(tail) and not has_words(between)
    return found if is_alone else ()


def _without_equivalents(text: str, amounts: list[Amount]) -> list[Amount]:
    """Amounts that are prices themselves: not "equivalent to $0.13 per image and $0.24 per larger one"."""
    kept: list[Amount] = []
    last: Amount | None = None
    for amount in amounts:
        before = text[max(0, amount.start - 24) : amount.start]
        is_same = amount.is_approximate or _EQUIVALENT.search(before[-14:]) or _INVERSE.search(before)
        is_same = is_same or _AMOUNT_BUYS.search(text[last.end if last else 0 : amount.start])
        if not is_same and last is not None and _GOES_ON.search(text[last.end : amount.start]):
            is_same = True
        if is_same:
            last = amount
        else:
            kept.append(amount)
            last = None
    return kept


def _from_list_price(text: str, lists: list[Amount], seen: int, ignored: tuple[tuple[str, str], ...]) -> CellPrices:
    """Of "原价12元 限时5折" the sale price is computed from what is printed; a struck price alone is no price."""
    discount = _DISCOUNT.search(text)
    if discount is None or len(lists) != 1:
        return CellPrices((), seen, ignored)
    whole = lists[0]
    value = whole.value * Decimal(discount[1]) / 10
    sale = replace(whole, value=_trimmed(value), is_list=False)
    unit = unit_after(text, whole.end)
    return CellPrices(
        (Price(sale, unit=unit.unit if unit else None, list_value=whole.value, is_derived=True),), seen, ignored[1:]
    )


def _trimmed(value: Decimal) -> Decimal:
    plain = value.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain


def _state_of(text: str, scope: Scope, seen: int, ignored: tuple[tuple[str, str], ...]) -> CellPrices:
    label, _, rest = text.rpartition(":")
    state = scope.vocabulary.read_state(text) or (scope.vocabulary.read_state(rest) if label else None)
    if state is None or state == "none":
        return CellPrices((), seen, ignored)
    beside = label if scope.vocabulary.read_state(text) is None else ""
    return CellPrices((Price(None, state=state, label=beside),), seen, ignored)


def _shared_lead(text: str, amounts: list[Amount], scope: Scope) -> str:
    """The label at the beginning of a line that is of all its amounts: "Batch: $1 input, $2 output"."""
    lead = text[: amounts[0].start]
    if not _LABEL_END.search(lead):
        lead = lead[: lead.rfind(":") + 1]  # "思考モード: 入力 ¥150、出力 ¥600"
    if len(amounts) < 2 or not lead:
        return ""
    label = scope.label(lead)
    said = _which(label)
    gaps = (text[one.end : other.start] for one, other in itertools.pairwise(amounts))
    is_told_again = any(said & _which(scope.label(gap)) for gap in gaps)  # "Non-thinking: $0.60 Thinking: $3.50"
    is_shared = bool(said) and not is_told_again
    return lead if is_shared and not label.has_meter and not label.unknown else ""


def _which(label: Meaning) -> set[str]:
    """The ways in which a label says for which prices of a meter it holds."""
    return {way for way in ("tier", "mode", "window", "context") if getattr(label, way)}


def _without_notes_of(text: str, lists: list[Amount]) -> str:
    """A line without the brackets that only tell what a price was before: "(was $2, 60% off)"."""
    for note in _ANY_NOTE.finditer(text):
        inside = [one for one in lists if note.start() < one.start < note.end()]
        if len(inside) == 1:
            text = f"{text[: note.start()]}{' ' * len(note.group())}{text[note.end() :]}"
    return text


def _in_listed_order(text: str, amounts: list[Amount], scope: Scope) -> tuple[Price, ...]:
    """Amounts parted by strokes whose meters stand in the same order beside them: "$0.10/$0.32 in/out Mtoken"."""
    gaps = [text[one.end : other.start].strip() for one, other in itertools.pairwise(amounts)]
    units = {found.unit for found in find_units(text)}
    if not gaps or any(gap not in {"/", "|"} for gap in gaps) or any(one.doubt for one in amounts) or len(units) > 1:
        return ()
    unit = next((each for each in units if each.unit == "token"), None)
    before, behind = _unitless(text[: amounts[0].start]), _unitless(text[amounts[-1].end :])
    for words, others in ((behind, before), (before, behind)):
        parts = [part for part in re.split(r"\s*[/|]\s*", words) if has_words(part)]
        labels = [scope.label(part) for part in parts]
        said = {(label.direction, label.cache) for label in labels if label.has_meter and not label.unknown}
        if len(said) == len(parts) == len(amounts):
            pairs = zip(amounts, parts, strict=True)
            return tuple(Price(amount, label=f"{others} {part}".strip(), unit=unit) for amount, part in pairs)
    return ()


def _unitless(text: str) -> str:
    """Words without their units and the signs around them."""
    for found in reversed(find_units(text)):
        text = f"{text[: found.start]} {found.rest} {text[found.end :]}"
    return text.strip(" ()（）:：,，")


def _with_labels(text: str, amounts: list[Amount], lists: list[Amount], scope: Scope) -> tuple[Price, ...]:
    """Each amount with its words: in front of it, or behind it where the line begins with an amount."""
    printed = text
    shared = _shared_lead(text, amounts, scope)
    text = " " * len(shared) + _without_notes_of(text, lists)[len(shared) :]
    units = [unit_after(text, amount.end) for amount in amounts]
    ends = [max(amount.end, unit.end if unit else 0) for amount, unit in zip(amounts, units, strict=True)]
    stops = [amount.start for amount in amounts[1:]] + [len(text)]
    gaps = [text[: amounts[0].start]] + [text[end:stop] for end, stop in zip(ends, stops, strict=True)]
    begins = has_words(gaps[0])
    is_named_behind = not begins and units[-1] is not None and has_words(units[-1].rest)  # "$2 per M output tokens"
    last = _CLOSING.sub("", gaps[-1]) if begins else gaps[-1]  # "Output $2 ($0.20 cached)"
    leads = bool(_LABEL_END.search(gaps[0])) or (not has_words(last) and not is_named_behind)
    if begins and len(amounts) > 1 and not leads:  # "入力 ¥150、出力 ¥600（税抜）": the words behind are no label
        leads = scope.label(gaps[0]).has_meter and not (scope.label(last).has_meter or is_named_behind)
    before: list[str] = []
    behind: list[str] = []
    for number in range(len(amounts)):
        lead = gaps[number]
        if number and (leads or _LABEL_END.search(lead)) and not _is_own(lead, begins):
            note = _NOTE.match(lead) or _CLOSING.match(lead)
            lead = lead[note.end() :] if note else lead
        elif number:
            lead = ""
        before.append(lead)
    for number in range(len(amounts)):
        tail = _BILLED.sub(" ", gaps[number + 1])
        is_last = number + 1 == len(amounts)
        if not is_last and (leads or _LABEL_END.search(tail)) and not _is_own(tail, begins):
            note = _NOTE.match(tail) or _CLOSING.match(tail)
            tail = note.group() if note else ""
        behind.append(tail)
    prices = []
    for amount, unit, lead, tail in zip(amounts, units, before, behind, strict=True):
        rest = unit.rest if unit else ""
        prices.append(
            Price(
                amount,
                label=_BLANKS.sub(" ", f"{shared} {lead} {rest} {tail}").strip(" ,，。.、/|+"),
                unit=unit.unit if unit else None,
                list_value=_list_of(amount, printed, amounts, lists),
                doubt=amount.doubt
                or ("what holds later" if _LATER.search(text[: amount.start]) else "")
                or _doubt_unit(text[: amount.start], unit, text[amount.end :]),
            )
        )
    later = find_units(gaps[-1], is_label=False) if prices[-1].unit is None else ()
    unit_of_all = later[0].unit if len(later) == 1 else prices[-1].unit  # "$1 input / $2 output per 1M tokens"
    if unit_of_all is not None and unit_of_all.unit == "token" and all(price.unit is None for price in prices[:-1]):
        prices[:-1] = [replace(price, late_unit=unit_of_all) for price in prices[:-1]]
    return _doubt_small(prices)


def _list_of(amount: Amount, text: str, amounts: list[Amount], lists: list[Amount]) -> Decimal | None:
    """The list price of an amount: the only one beside the only amount, or the only one in the bracket behind it."""
    if len(amounts) == 1:
        return lists[0].value if len(lists) == 1 else None
    stop = min((other.start for other in amounts if other.start > amount.start), default=len(text))
    own = [one for one in lists if amount.end <= one.start < stop and re.search(r"[(（][^)）]*$", text[: one.start])]
    return own[0].value if len(own) == 1 and own[0].value > amount.value else None


_COUNT_BEHIND = re.compile(
    r"\s*(?:/|(?:per|par|pro|por|за)\s(?:cada\s)?|每)\s*[0-9](?![0-9.,]*\s?[$€¥元₽])", re.IGNORECASE
)
_COUNT_BEFORE = re.compile(r"(?:当たり|あたり|につき|ごと|[개건회]당)\s*$")


def _doubt_unit(before: str, unit: FoundUnit | None, after: str) -> str:
    """Why an amount must not take the unit of its column: its own words name one that is not known, or not ours."""
    if unit is not None:
        return "belongs to other goods" if unit.unit.unit == FOREIGN else ""
    if _COUNT_BEHIND.match(after) or (_COUNT_BEFORE.search(before) and not find_units(before, is_label=False)):
        return "a unit that is not known"
    return ""


def _doubt_small(prices: list[Price]) -> tuple[Price, ...]:
    """Of several amounts in one line, a tiny one that prints no unit of its own cannot be a price of the same unit."""
    largest = max(price.amount.value for price in prices if price.amount)
    return tuple(
        replace(price, doubt="far below its neighbour and without a unit of its own")
        if price.amount
        and price.unit is None
        and not price.doubt
        and price.amount.value
        and price.amount.value * 500 < largest
        else price
        for price in prices
    )


def _is_own(gap: str, begins_with_label: bool) -> bool:
    """Whether the words between two amounts belong to the first alone: one bracket, or what follows a comma.

    In a line that begins with a label the comma only parts one price from the next.
    """
    note = _NOTE.match(gap)
    if note is not None:
        return not has_words(gap[note.end() :])
    return not begins_with_label and bool(_OWN.match(gap)) and not _LABEL_END.search(gap)


_BLANKS = re.compile(r"\s+")
