"""llm-prices (`current-v1.json`, `historical-v1.json`): a flat list, dollars a million tokens, kept by one person.

A premium for long context is a model of its own there: "GPT-5.4 >272k" beside "GPT-5.4 ≤272k".
"""

from __future__ import annotations

import re
from datetime import datetime

from scrapers.feeds.prices import MILLION, FeedError, FeedReading, Notebook, Use, parse_mapping
from scrapers.rates import Conditions, TokenRange, parse_instant

_USES = {"input": Use("input", MILLION), "output": Use("output", MILLION), "input_cached": Use("cached_input", MILLION)}
_PLAIN = {"id", "vendor", "name", "from_date", "to_date"}
_LENGTH = re.compile(r"\s*([>≤<])\s*=?(\d{1,4})([kKmM])\b")
_SHAPE = "an object with a list `prices`, as llm-prices' current-v1.json is"


def read_llm_prices(document: object) -> FeedReading:
    """All prices of the list, past ones with their dates; the seller is the vendor.

    Raises:
        FeedError: the document has another shape.

    """
    prices = parse_mapping(document, "llm-prices", _SHAPE).get("prices")
    if not isinstance(prices, list):
        raise FeedError(f"llm-prices: expected {_SHAPE}; is this a file of another kind?")
    book = Notebook()
    for entry in prices:
        if not isinstance(entry, dict) or "id" not in entry:
            continue
        vendor, given = str(entry.get("vendor", "")), str(entry["id"])
        name, conditions = _length(str(entry.get("name", "")))
        model = re.sub(r"-\d{1,4}[km]\Z", "", given) if conditions.context_tokens else given
        for key, value in entry.items():
            where = f"{vendor}/{given} {key}"
            if key in _USES:
                use = Use(_USES[key].meter, MILLION, conditions=conditions)
                book.quote(vendor, model, use, value, where, names=(name,), valid=_dates(entry))
            elif key not in _PLAIN:
                book.refuse(key, where, "not a known key of a price")
    return book.reading()


def _length(name: str) -> tuple[str, Conditions]:
    """A display name without its length, and the length.

    >>> _length("GPT-5.4 >272k")[1].context_tokens, _length("GPT-5.4 Mini")
    (TokenRange(gt=272000, lte=None), ('GPT-5.4 Mini', Conditions()))
    """
    found = _LENGTH.search(name)
    if found is None:
        return name, Conditions()
    tokens = int(found[2]) * (1_000 if found[3] in "kK" else 1_000_000)
    span = TokenRange(gt=tokens) if found[1] == ">" else TokenRange(lte=tokens)
    return name[: found.start()] + name[found.end() :], Conditions(context_tokens=span)


def _dates(entry: dict[str, object]) -> tuple[datetime | None, datetime | None]:
    """From (inclusive) and to (exclusive), as days in UTC; what is no date is none."""
    ends = [entry.get(key) for key in ("from_date", "to_date")]
    try:
        first, last = (parse_instant(end) if isinstance(end, str) else None for end in ends)
    except ValueError:
        return None, None
    return first, last
