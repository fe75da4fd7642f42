"""Pages that the provider files no longer have watched: their last prices are history and not current.

That is no removal: the provider may go on asking these prices, and nobody is told of any. A page that is named again is
current again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scrapers.catalog import Provider
from storage.outcomes import PageState


def pages_that_left(states: Iterable[PageState], catalog: Iterable[Provider]) -> Mapping[int, str]:
    """Why each page that is not watched any more is not, by its id; the whole catalog must be given."""
    providers = {provider.id: provider for provider in catalog}
    why = {state.page_id: _why(state, providers.get(state.provider)) for state in states if state.page_id is not None}
    return {page_id: words for page_id, words in why.items() if words}


def _why(state: PageState, provider: Provider | None) -> str:
    if provider is None:
        return f"no provider file {state.provider}.toml names it any more"
    page = next((page for page in provider.pages if (page.market, page.url) == (state.market, state.url)), None)
    if page is None:
        return f"{provider.id}.toml no longer names it in the market {state.market}"
    return "" if provider.enabled and page.enabled else f"it is disabled in {provider.id}.toml"
