"""Price APIs without a key that are read as pages: Azure's retail prices, and providers' own lists of models.

They have no shape of their own here: the readers of pages understand them, with the hints of the provider's file. Such
a feed states its seller's own prices, so its lineage is the seller.
"""

from __future__ import annotations

from scrapers.catalog import Hints
from scrapers.feeds.prices import FeedReading, Quote, UnknownKey
from scrapers.reader import read_page


def read_list(body: bytes, seller: str, hints: Hints) -> FeedReading:
    """The rates of a document; its complaints are listed as what is not known.

    Raises:
        LayoutError: the document holds no prices that can be read.

    """
    read = read_page(body, hints=hints)
    unknown = tuple(
        UnknownKey(complaint.quote or complaint.kind, complaint.message, complaint.locator)
        for complaint in read.complaints
    )
    return FeedReading(tuple(Quote(seller, rate) for rate in read.rates), unknown)
