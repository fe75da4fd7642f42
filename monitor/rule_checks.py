"""Mistakes in rules that only show when rules, provider files and workloads are seen together.

A rule that can tell nothing is refused at start: somebody relies on it. What is checked is certain; a pattern of
models is not looked at, since a model may be launched tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.channels import Complaint
from monitor.severity import SEVERITIES, highest
from scrapers.catalog import SHIPPED_PROVIDERS, load_catalog, nearest
from storage.nouns import EVENT_KINDS

if TYPE_CHECKING:
    from monitor.settings import Rule
    from monitor.settings_form import SubscriberRuleForm

QUIET_KINDS = frozenset({"held", "notice"})
"""Kinds that a rule must name itself: `*` does not mean them."""

_OF_NO_BILL = frozenset({"successor", "held", "notice"})
_PATTERNS = ("providers", "models", "meters", "service_tiers")


def rule_complaints(
    forms: Sequence[SubscriberRuleForm],
    rules: Sequence[Rule],
    place: tuple[str | int, ...],
    providers_dir: Path,
    *,
    match: str,
    has_workloads: bool,
) -> Iterator[Complaint]:
    """What is wrong with rules, each with the path to its key.

    Args:
        forms: the rules as they were written; each knows which keys were left out.
        rules: the same rules, frozen.
        place: the path to the table that holds them.
        providers_dir: the user's own provider files.
        match: whether all of them apply to an event, or only the first.
        has_workloads: whether there is a bill that they could ask for.

    """
    for number, (written, rule) in enumerate(zip(forms, rules, strict=True)):
        at = (*place, "rule", number)
        for pattern in rule.providers:
            known = _providers(providers_dir)
            if not any(fnmatchcase(name, pattern.casefold()) for name in known):
                message = f"{pattern!r} fits no provider{nearest(pattern, known)}; `pricefall providers` lists them"
                yield Complaint((*at, "providers"), message)
        tiers = () if rule.service_tiers == ("*",) else _tiers(providers_dir)
        for pattern in rule.service_tiers:
            if tiers and not any(fnmatchcase(tier, pattern.casefold()) for tier in tiers):
                message = f"{pattern!r} fits no service tier{nearest(pattern, tiers)}; known are {', '.join(tiers)}"
                yield Complaint((*at, "service_tiers"), message)
        yield from (Complaint((*at, key), message) for key, message in _without_meaning(written.model_fields_set, rule))
        yield from (Complaint((*at, key), message) for key, message in _impossible(rule, has_workloads))
        if match == "first":
            for earlier in rules[:number]:
                if _covers(earlier, rule):
                    message = (
                        f'can never match: with match = "first", {earlier.id!r} above takes all that it could match; '
                        "put this one first, or narrow that one"
                    )
                    yield Complaint((*at, "id"), message)
                    break


def _without_meaning(written: set[str], rule: Rule) -> Iterator[tuple[str, str]]:
    """Keys that say nothing in this rule, so that something else was meant."""
    if "digest_time" in written and rule.deliver == "immediate":
        yield "digest_time", 'is for digests; say deliver = "daily" or "weekly", or leave it out'
    if "digest_day" in written and rule.deliver != "weekly":
        yield "digest_day", 'is for weekly digests; say deliver = "weekly", or leave it out'
    if rule.quiet_hours and rule.deliver != "immediate":
        yield "quiet_hours", "a digest comes at its own hour and has none; say digest_time, or leave them out"
    if "wake_for" in written and not rule.quiet_hours:
        yield "wake_for", 'says what comes through quiet hours; say quiet_hours = "22:00-07:00" too, or leave it out'


def _impossible(rule: Rule, has_workloads: bool) -> Iterator[tuple[str, str]]:
    """Why a rule can never match, by its own words."""
    kinds = _kinds(rule)
    if (rule.min_saving or rule.workloads) and kinds <= _OF_NO_BILL:
        yield "kinds", f"can never match: {_listed(kinds)} change no bill, and this rule asks for one"
    elif rule.min_saving and not has_workloads:
        yield "min_saving", "can never match: it is a share of a bill; describe your use in a [[workload]] first"
    most = highest(sorted(kinds), with_workloads=has_workloads)
    if SEVERITIES.index(rule.min_severity) > SEVERITIES.index(most):
        hint = "" if has_workloads else "; only a [[workload]] makes events urgent"
        yield "min_severity", f"can never match: {_listed(kinds)} are {most!r} at most{hint}"


def _covers(one: Rule, other: Rule) -> bool:
    """Whether each event that `other` matches is matched by `one`; False where that is not certain."""
    return (
        _kinds(one) >= _kinds(other)
        and all(
            all(any(_is_wider(wide, narrow) for wide in getattr(one, name)) for narrow in getattr(other, name))
            for name in _PATTERNS
        )
        and one.min_percent <= other.min_percent
        and one.currency in {None, other.currency}
        and SEVERITIES.index(one.min_severity) <= SEVERITIES.index(other.min_severity)
        and one.min_saving <= other.min_saving
        and (not (one.workloads or one.min_saving) or _asks_for_less(one.workloads, other))
    )


def _asks_for_less(workloads: Sequence[str], other: Rule) -> bool:
    """Whether `other` asks for a bill too, and for no workload beside these; none named is any."""
    if not (other.workloads or other.min_saving):
        return False
    return not workloads or (bool(other.workloads) and set(other.workloads) <= set(workloads))


def _is_wider(wide: str, narrow: str) -> bool:
    """Whether the first pattern fits all that the second does; False where that is not certain.

    >>> _is_wider("gpt-*", "gpt-4*"), _is_wider("*", "?x"), _is_wider("gpt-?", "gpt-*"), _is_wider("gpt-4*", "gpt-*")
    (True, True, False, False)
    """
    wide, narrow = wide.casefold(), narrow.casefold()
    if wide in {narrow, "*"}:
        return True
    return not any(sign in wide for sign in "?[") and "[" not in narrow and fnmatchcase(narrow, wide)


def _kinds(rule: Rule) -> frozenset[str]:
    named = frozenset(rule.kinds)
    return named - {"*"} | (frozenset(EVENT_KINDS) - QUIET_KINDS if "*" in named else frozenset())


def _providers(own: Path) -> list[str]:
    return sorted({path.stem for folder in (SHIPPED_PROVIDERS, own) for path in folder.glob("*.toml")})


def _tiers(own: Path) -> tuple[str, ...]:
    """The service tiers that pages can have: those of the vocabulary, and those that provider files name."""
    from scrapers.reading.vocabulary import load_vocabulary

    pages = [page for provider in load_catalog(own).values() for page in provider.pages]
    said = {meaning.tier for meaning in load_vocabulary().phrases.values() if meaning.tier}
    return tuple(sorted({"standard", *said, *(tier for page in pages for _phrase, tier in page.hints.tiers)}))


def _listed(words: frozenset[str]) -> str:
    return ", ".join(repr(word) for word in sorted(words))
