"""What only the whole page can show: lost models and columns, shifted rows and columns, one ratio over many rows.

A guard never changes a price; it names the differences that are not to be believed and says why. The thresholds are
in models, because rows of one model stand and fall together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from monitor.diff import Difference, price_of
from monitor.judging.plausible import is_exchange_rate, power_of_ten, ratio_of
from monitor.judging.words import listed, money, name_of, times
from scrapers.rates import Rate

MASS_MODELS = 3
MASS_SHARE = Fraction(1, 3)
COMMON_SHARE = Fraction(4, 5)
HALF_RATES = 6
FLOOD = 5

Column = tuple[str, str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Guards:
    """What the page as a whole forbids.

    Attributes:
        removals: why no removal on this page is believed, or "".
        changes: why no change on this page is believed, or "".
        held: why single differences are held.
        slow: why single differences need a third look.
        quiet: why additions of these differences are no launches.

    """

    removals: str = ""
    changes: str = ""
    held: Mapping[Difference, str] = field(default_factory=dict)
    slow: Mapping[Difference, str] = field(default_factory=dict)
    quiet: Mapping[Difference, str] = field(default_factory=dict)


def page_guards(
    old: Sequence[Rate], new: Sequence[Rate], differences: Sequence[Difference], settled: frozenset[tuple[str, ...]]
) -> Guards:
    """All guards of one comparison.

    Args:
        old: the accepted rates in force.
        new: the page's rates in force.
        differences: what `diff` says of them.
        settled: identities of prices whose absence is held already: what else happens on the page is judged without.

    """
    known = [rate for rate in old if rate.identity not in settled]
    fresh = [d for d in differences if d.kind != "removed" or d.rate.identity not in settled]
    lost = _lost_models(known, new)
    halved = "" if lost else _halved(known, fresh)
    columns, quiet = _columns(known, new, fresh)
    changed = [d for d in differences if d.kind == "changed"]
    held = _relabelled(differences)
    reasons = [reason for reason in (lost, halved, columns) if reason]
    for find in (_swapped, _shifted_columns, _shifted_rows):
        found = find(changed, old, new)
        held = {**found, **held}
        models = models_of(d.rate for d in found)
        if len(models) >= MASS_MODELS:
            reasons.append(f"prices of {len(models)} models changed places on the page: {_last_words(found)}")
    slips, slow = _common_ratio(changed, new)
    held = {**_exchanged(changed), **slips, **held}
    if lost:
        quiet = {**_flood(old, new, differences, lost), **quiet}
    return Guards("; ".join(reasons), "; ".join(reasons), held, slow, quiet)


def _last_words(found: Mapping[Difference, str]) -> str:
    """What kind of move it was: "swapped columns", "a shifted row"."""
    return next(iter(found.values())).rsplit(": ", 1)[-1]


def models_of(rates: Iterable[Rate]) -> set[str]:
    """Folded names of the models in a list."""
    return {rate.model_key for rate in rates}


def _lost_models(old: Sequence[Rate], new: Sequence[Rate]) -> str:
    """More than a third of the models, and at least three, are gone at once."""
    before = models_of(old)
    gone = sorted(before - models_of(new))
    if len(gone) < MASS_MODELS or Fraction(len(gone), len(before)) <= MASS_SHARE:
        return ""
    return f"{len(gone)} of {len(before)} models are gone from the page at once ({listed(gone)}): a lost table"


def _halved(old: Sequence[Rate], differences: Sequence[Difference]) -> str:
    """More than half of the rates, and at least six, are gone at once."""
    gone = [d for d in differences if d.kind == "removed"]
    if len(gone) < HALF_RATES or len(gone) * 2 <= len(old):
        return ""
    return f"{len(gone)} of {len(old)} prices are gone from the page at once: a lost table"


def _columns(
    old: Sequence[Rate], new: Sequence[Rate], differences: Sequence[Difference]
) -> tuple[str, dict[Difference, str]]:
    """Meters that most models lost or gained at once: a column went or came, and no model's price did."""
    staying = models_of(old) & models_of(new)
    had = _models_by_column(rate for rate in old if rate.model_key in staying)
    lost = _by_column(d for d in differences if d.kind == "removed" and d.rate.model_key in staying)
    came = _by_column(d for d in differences if d.kind == "added" and d.rate.model_key in staying)
    reasons = []
    for column, gone in sorted(lost.items(), key=lambda entry: str(entry[0])):
        models = models_of(d.rate for d in gone)
        if len(models) >= MASS_MODELS and len(models) * 2 > len(had[column]):
            reasons.append(
                f"{len(models)} of {len(had[column])} models lost their {_words(column)} price: a lost column"
            )
    quiet: dict[Difference, str] = {}
    for column, arrived in came.items():
        models = models_of(d.rate for d in arrived)
        if len(models) >= MASS_MODELS and len(models) * 2 > len(staying):
            why = f"{len(models)} of {len(staying)} models got {_words(column)} prices at once: a new column"
            quiet |= dict.fromkeys(arrived, why)
            if column[1] not in {rate.service_tier for rate in old}:  # the rest of that column: audio, for the few
                rest = (d for other, found in came.items() for d in found if other[1] == column[1])
                quiet = dict.fromkeys(rest, why) | quiet
    return "; ".join(reasons), quiet


def _flood(
    old: Sequence[Rate], new: Sequence[Rate], differences: Sequence[Difference], lost: str
) -> dict[Difference, str]:
    """Many new models while many are lost: the page shows other tables than before, not other models."""
    before = models_of(old)
    come = models_of(new) - before
    if len(come) <= max(FLOOD, len(before) // 3):
        return {}
    why = f"{len(come)} models appear on the page while {lost}"
    return {d: why for d in differences if d.kind == "added" and d.rate.model_key in come}


def _swapped(changed: Sequence[Difference], _old: Sequence[Rate], _new: Sequence[Rate]) -> dict[Difference, str]:
    """Two prices of one model have changed places."""
    held: dict[Difference, str] = {}
    for members in _by_model(changed).values():
        for one in members:
            for other in members:
                if one is not other and _takes(one, other) and _takes(other, one) and _is_move(one):
                    why = (
                        f"{_meter(one)} and {_meter(other)} of {one.rate.model} exchanged their prices: swapped columns"
                    )
                    held[one] = why
    return held


def _shifted_columns(changed: Sequence[Difference], old: Sequence[Rate], new: Sequence[Rate]) -> dict[Difference, str]:
    """Prices of most changed models now stand under another meter or tier of the same model: a column was inserted.

    A price equal to another one that moved by the same ratio is no sign: a halved standard price equals the old batch
    price while the batch price is halved too.
    """
    before, after = _by_model_rates(old), {rate.identity: rate for rate in new}
    shifted: dict[Difference, str] = {}
    for difference in changed:
        source = _source(difference, before.get(difference.rate.model_key, []), after)
        if source is not None:
            where = f"the old {source.meter.replace('_', ' ')} ({source.service_tier}) price"
            shifted[difference] = f"{_meter(difference)} of {difference.rate.model} now shows {where}: a shifted column"
    models = models_of(d.rate for d in shifted)
    if len(models) < MASS_MODELS or len(models) * 2 <= len(models_of(d.rate for d in changed)):
        return {}
    why = f"prices of {len(models)} models stand under another meter or tier than before: a shifted column"
    return {d: shifted.get(d, why) for d in changed if d.rate.model_key in models}


def _source(
    difference: Difference, before: Sequence[Rate], after: Mapping[tuple[str, str, str, str, str], Rate]
) -> Rate | None:
    """The other rate of the model whose old price a changed rate now shows."""
    if difference.old is None or difference.new is None:
        raise ValueError("a changed price needs an old and a new rate")
    ratio, shown = ratio_of(difference.old, difference.new), price_of(difference.new)
    for rate in before:
        is_other = rate.identity != difference.old.identity and rate.currency == difference.new.currency
        if not is_other or price_of(rate) != shown or shown[1] is None:
            continue
        now = after.get(rate.identity)
        if now is None or ratio_of(rate, now) != ratio:
            return rate
    return None


def _relabelled(differences: Sequence[Difference]) -> dict[Difference, str]:
    """A price of a model went and the same price came under another meter or tier: a label was read differently."""
    held: dict[Difference, str] = {}
    gone = _by_model(d for d in differences if d.kind == "removed")
    for model, arrived in _by_model(d for d in differences if d.kind == "added").items():
        for come in arrived:
            twin = next((g for g in gone.get(model, ()) if _is_relabelled(g.rate, come.rate)), None)
            if twin is not None:
                why = (
                    f"{money(come.rate)} stood under {_meter(twin)} and now stands under {_meter(come)}: another label"
                )
                held |= {come: why, twin: why}
    return held


def _is_relabelled(old: Rate, new: Rate) -> bool:
    return bool(old.unit_price) and price_of(old) == price_of(new) and old.currency == new.currency


def _shifted_rows(changed: Sequence[Difference], old: Sequence[Rate], new: Sequence[Rate]) -> dict[Difference, str]:
    """Changed prices are those that the row above (or below) had before: rows moved against their names.

    Most changed prices of at least three models must agree on the direction, or all of two models; two rows that
    exchange all their prices are enough by themselves.
    """
    before = {rate.identity: rate for rate in old}
    rows = list(dict.fromkeys(rate.model_key for rate in new))
    place = {model: number for number, model in enumerate(rows)}
    for step in (-1, 1):
        held: dict[Difference, str] = {}
        for difference in changed:
            source = place[difference.rate.model_key] + step
            if not 0 <= source < len(rows):
                continue
            there = before.get((rows[source], *difference.rate.identity[1:]))
            if there is not None and price_of(there) == price_of(difference.rate):
                held[difference] = (
                    f"{name_of(difference.rate)} now shows the price that the row of {there.model} had: a shifted row"
                )
        models = models_of(d.rate for d in held)
        is_pair = len(models) == 2 and len(held) == len(changed) >= 4  # two whole rows, and nothing else
        if is_pair or (len(models) >= MASS_MODELS and len(held) * 2 > len(changed)):
            return held
    return _exchanged_rows(changed, old, new)


def _exchanged_rows(changed: Sequence[Difference], old: Sequence[Rate], new: Sequence[Rate]) -> dict[Difference, str]:
    """Two models that have all each other's prices."""
    named = models_of(d.rate for d in changed)
    before = {model: _vector(rates) for model, rates in _by_model_rates(old).items() if model in named}
    after = {model: _vector(rates) for model, rates in _by_model_rates(new).items() if model in named}
    took = {one: other for one in after for other in after if one != other and after[one] == before.get(other)}
    return {
        d: f"{d.rate.model} and {took[d.rate.model_key]} exchanged all their prices: exchanged rows"
        for d in changed
        if took.get(took.get(d.rate.model_key, "")) == d.rate.model_key
    }


def _common_ratio(
    changed: Sequence[Difference], new: Sequence[Rate]
) -> tuple[dict[Difference, str], dict[Difference, str]]:
    """One ratio over most prices of a page: a unit or currency slip is held, another one needs a third look."""
    ratios: dict[Fraction, list[Difference]] = defaultdict(list)
    for difference in changed:
        ratio = difference.old and difference.new and ratio_of(difference.old, difference.new)
        if ratio and ratio != 1:
            ratios[ratio].append(difference)
    if not ratios:
        return {}, {}
    ratio, members = max(ratios.items(), key=lambda entry: (len(entry[1]), entry[0]))
    models = models_of(d.rate for d in members)
    priced = [rate for rate in new if rate.unit_price]
    if len(models) < MASS_MODELS or len(members) < COMMON_SHARE * len(priced):
        return {}, {}
    why = f"{len(members)} of {len(priced)} prices on the page changed by the same factor {_factor(ratio)}"
    if power_of_ten(ratio) is not None or is_exchange_rate(ratio):
        return dict.fromkeys(members, f"{why}: a slipped unit or currency"), {}
    return {}, dict.fromkeys(members, f"{why}: a sale, or another column (batch?) read as this one")


def _exchanged(changed: Sequence[Difference]) -> dict[Difference, str]:
    """All prices of a model changed by what one currency costs in another."""
    held: dict[Difference, str] = {}
    for members in _by_model(changed).values():
        ratios = [ratio_of(d.old, d.new) for d in members if d.old is not None and d.new is not None]
        known = [ratio for ratio in ratios if ratio is not None and ratio != 1]
        if len(known) < 2 or not all(is_exchange_rate(ratio) for ratio in known):
            continue
        if max(known) <= min(known) * Fraction(115, 100):
            why = f"all prices of {members[0].rate.model} changed by about {_factor(known[0])}, a rate of exchange"
            held |= dict.fromkeys(members, why)
    return held


def _takes(one: Difference, other: Difference) -> bool:
    """Whether `one` now costs what `other` did."""
    return one.new is not None and other.old is not None and price_of(one.new) == price_of(other.old)


def _is_move(difference: Difference) -> bool:
    return (
        difference.old is not None
        and difference.new is not None
        and price_of(difference.old) != price_of(difference.new)
    )


def _vector(rates: Iterable[Rate]) -> frozenset[tuple[object, ...]]:
    """All prices of a model without its name."""
    return frozenset((*rate.identity[1:], price_of(rate)) for rate in rates)


def _column_of(rate: Rate) -> Column:
    said = rate.conditions
    return (rate.meter, rate.service_tier, said.window, said.mode, said.cache_ttl)


def _words(column: Column) -> str:
    meter, *rest = column
    said = [word for word in rest if word and word != "standard"]
    return meter.replace("_", " ") + (f" ({', '.join(said)})" if said else "")


def _meter(difference: Difference) -> str:
    rate = difference.rate
    return rate.meter.replace("_", " ") + ("" if rate.service_tier == "standard" else f" ({rate.service_tier})")


def _factor(ratio: Fraction) -> str:
    """A ratio for a sentence: 2, 0.5, or how many times less."""
    return times(ratio) if ratio >= 1 else f"1/{times(1 / ratio)}"


def _models_by_column(rates: Iterable[Rate]) -> dict[Column, set[str]]:
    columns: dict[Column, set[str]] = defaultdict(set)
    for rate in rates:
        columns[_column_of(rate)].add(rate.model_key)
    return columns


def _by_column(differences: Iterable[Difference]) -> dict[Column, list[Difference]]:
    groups: dict[Column, list[Difference]] = defaultdict(list)
    for difference in differences:
        groups[_column_of(difference.rate)].append(difference)
    return groups


def _by_model(differences: Iterable[Difference]) -> dict[str, list[Difference]]:
    groups: dict[str, list[Difference]] = defaultdict(list)
    for difference in differences:
        groups[difference.rate.model_key].append(difference)
    return groups


def _by_model_rates(rates: Iterable[Rate]) -> dict[str, list[Rate]]:
    groups: dict[str, list[Rate]] = defaultdict(list)
    for rate in rates:
        groups[rate.model_key].append(rate)
    return groups
