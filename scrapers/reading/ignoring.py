"""The rules by which a printed amount is no rate, in the words that `--explain` shows.

An amount is ignored by nothing but `ignore`, which takes the rule, so none can leave the account without one.
"""

from __future__ import annotations

from scrapers.rates import Complaint
from scrapers.reading.headings import ABOVE
from scrapers.reading.labels import Reading
from scrapers.reading.vocabulary import Meaning

BY_MODEL_HINT = "the provider file's `ignore_models` names the model"
ALLOWANCE = "what is free of a price"
BEFORE_REDUCTION = "a price before a reduction"
BY_MODEL_HINT = "the provider file's `ignore_models` names the model"
BY_THE_PROVIDER_FILE = "the provider file's `ignore` names this block"
DOUBTFUL = "a range or an open price of no known meter"
EQUIVALENT = "the same price in other terms"
HEADING = "a heading"
HIRED = "a machine for a time and no model's price"
IN_TEXT = "a price in running text"
NO_COLUMN = "words across the table or beside its prices"
NO_METER = "a zero of no known meter"
NO_MODEL = "beside no model's name"
NO_PRICES = "words or a key that head no prices"
OTHER_GOODS = "a price of other goods or of a plan"
OTHERS = "a price of others beside the seller's own"
PAST = "what a price was in the past"
RELATIVE = "a price in relation to another"
TOTAL = "the total of an example"
RULES = frozenset(
    {
        *(ALLOWANCE, BEFORE_REDUCTION, BY_MODEL_HINT, BY_THE_PROVIDER_FILE, DOUBTFUL, EQUIVALENT, HEADING, HIRED),
        *(IN_TEXT, NO_COLUMN, NO_METER, NO_MODEL, NO_PRICES, OTHER_GOODS, OTHERS, PAST, RELATIVE, TOTAL),
    }
)
OF_ROLES = {
    "total": TOTAL,
    "relative": RELATIVE,
    "list": BEFORE_REDUCTION,
    "free_tier": ALLOWANCE,
    "foreign": OTHER_GOODS,
    "ignore": NO_PRICES,
}
# What settles a complaint on an amount that is in truth no price.
SETTLED_BY = "if it is no model's price, add its model to ignore_models or its heading to ignore in [hints]"


def ignore(rule: str, quote: str, locator: str, count: int = 1) -> Reading:
    """The account of amounts that a rule sets aside.

    Args:
        rule: one of the sentences above.
        quote: the words that hold the amounts.
        locator: where they stand.
        count: how many they are.

    """
    return Reading(amounts_seen=count, set_aside=(Complaint("ignored", rule, quote, locator),) * count)


def rule_of(meaning: Meaning) -> str | None:
    """The rule that labels or headings name by their roles: a plan, a total, a list price; None where none does."""
    return next(
        (rule for role, rule in OF_ROLES.items() if not meaning.roles.isdisjoint({role, ABOVE.get(role, role)})), None
    )
