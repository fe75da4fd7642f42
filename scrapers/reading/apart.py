"""What tells two prices of one thing apart: the words of their rows, the headings above them, the bands that they fill.

Two values for one identity are never both believed. Where the page's own words part them, these become a condition as
printed; where none do, neither is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scrapers.documents.blocks import Context
from scrapers.rates import Complaint, Rate
from scrapers.reading.ignoring import SETTLED_BY
from scrapers.reading.text import clean

_MAX_WORDS = 80


def close_bands(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """Let "512K+" beside "(0, 512K]" begins above 512,000: bands of one price do not overlap."""
    ends = {
        (rate.model, rate.meter, rate.service_tier, rate.conditions.context_tokens.lte)
        for rate in rates
        if rate.conditions.context_tokens is not None and rate.conditions.context_tokens.lte
    }
    closed: list[Rate] = []
    for rate in rates:
        span = rate.conditions.context_tokens
        if (
            span is not None
            and span.gt is not None
            and (rate.model, rate.meter, rate.service_tier, span.gt + 1) in ends
        ):
            wider = replace(span, gt=span.gt + 1)
            closed.append(replace(rate, conditions=replace(rate.conditions, context_tokens=wider)))
        else:
            closed.append(rate)
    return tuple(closed)


def tell_rows_apart(rates: Sequence[tuple[Rate, tuple[str, ...]]]) -> tuple[Rate, ...]:
    """The rates of one table; those that disagree get the words of their rows in which they differ.

    What tells two rows apart goes to all their prices, so that an identity does not depend on which of them differ.

    Args:
        rates: each with the words of its row, place by place.

    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, (rate, _) in enumerate(rates):
        groups.setdefault(_key(rate), []).append(number)
    told = [rate for rate, _ in rates]
    by_row: dict[tuple[object, ...], dict[str, None]] = {}
    for numbers in groups.values():
        if len(numbers) < 2 or len({told[number].value for number in numbers}) < 2:
            continue
        words = [rates[number][1] for number in numbers]
        if len({len(each) for each in words}) > 1:
            continue
        places = [place for place, column in enumerate(zip(*words, strict=True)) if len(set(column)) > 1]
        labels = [", ".join(each[place][:_MAX_WORDS] for place in places if each[place]) for each in words]
        by_label: dict[str, set[object]] = {}
        for number, label in zip(numbers, labels, strict=True):
            by_label.setdefault(label, set()).add(told[number].value)
        if any(len(values) > 1 for values in by_label.values()):
            continue
        for number, label in zip(numbers, labels, strict=True):
            told[number] = _with_words(told[number], label)
            by_row.setdefault(_row_key(*rates[number]), {})[label] = None
    for number, (rate, own) in enumerate(rates):
        said = by_row.get(_row_key(rate, own), {})
        if len(said) == 1 and told[number] is rate:
            told[number] = _with_words(rate, next(iter(said)))
    return tuple(told)


def _row_key(rate: Rate, words: tuple[str, ...]) -> tuple[object, ...]:
    """What all prices of one row share, whichever of them disagree with another row's."""
    return (rate.model_key, words, rate.valid_from, rate.valid_until)


def settle(located: Iterable[tuple[Rate, Context]]) -> tuple[tuple[Rate, ...], list[Complaint]]:
    """Each identity of a page once; where two values disagree their headings tell them apart, or neither is kept.

    What stands in another currency in the same table is not kept either: its sign tells nothing of what parts the two.
    """
    groups: dict[tuple[object, ...], list[tuple[Rate, Context]]] = {}
    for rate, context in located:
        groups.setdefault(_key(rate), []).append((rate, context))
    kept: list[Rate] = []
    complaints: list[Complaint] = []
    torn: set[tuple[object, ...]] = set()
    for group in groups.values():
        if len(group) == 1:
            kept.append(group[0][0])
            continue
        distinct: dict[object, tuple[Rate, Context]] = {}
        for rate, context in group:
            known = distinct.get(rate.value)
            if known is None or ("hidden" in known[0].flags and "hidden" not in rate.flags):
                distinct[rate.value] = (rate, context)
        if len(distinct) == 1:
            kept.append(next(iter(distinct.values()))[0])
            continue
        apart = _tell_blocks_apart(list(distinct.values()))
        kept += apart
        if not apart:
            complaints.append(_conflict([rate for rate, _ in group]))
            torn.update(_place(rate) for rate, _ in group)
    if not torn:
        return tuple(kept), complaints
    complaints += [_conflict([rate]) for rate in kept if _place(rate) in torn]
    return tuple(rate for rate in kept if _place(rate) not in torn), complaints


def _place(rate: Rate) -> tuple[object, ...]:
    """What a rate prices in whatever currency, and the block in which it stands."""
    return (_key(replace(rate, currency=None)), rate.evidence.locator.partition(" row ")[0])


def _key(rate: Rate) -> tuple[object, ...]:
    return (*rate.identity, rate.unit, rate.valid_from, rate.valid_until)


def _with_words(rate: Rate, words: str) -> Rate:
    other = ", ".join(filter(None, (rate.conditions.other, words))) or None
    return replace(rate, conditions=replace(rate.conditions, other=other))


def _tell_blocks_apart(group: list[tuple[Rate, Context]]) -> list[Rate]:
    """The rates with the words of their context in which they differ, or [] where there are none."""
    paths = [(*context.headings, *context.tabs, context.caption) for _, context in group]
    labels = []
    for path in paths:
        own = [word for word in path if word and any(word not in other for other in paths if other is not path)]
        labels.append(clean(own[-1]) if own else "")
    if len(set(labels)) < len(labels):
        return []
    return [_with_words(rate, label) for (rate, _), label in zip(group, labels, strict=True)]


def _conflict(rates: Sequence[Rate]) -> Complaint:
    first = rates[0]
    values = ", ".join(sorted({str(rate.amount) for rate in rates}))
    message = f"{first.model} {first.meter} has several prices and nothing tells them apart: {values}; {SETTLED_BY}"
    return Complaint("conflict", message, first.evidence.quote, first.evidence.locator)
