"""`config/feeds.toml`: which feeds there are, where they are, whose numbers they carry, and who their sellers are.

A seller that is not named there belongs to no provider, and nothing is guessed from likeness: "azure" is not OpenAI.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from scrapers.catalog import CONFIG_DIR, ConfigError, nearest

FEEDS_FILE = CONFIG_DIR / "feeds.toml"
FeedKind = Literal["litellm", "openrouter", "models.dev", "genai-prices", "llm-prices", "aws", "page"]
KINDS: tuple[FeedKind, ...] = get_args(FeedKind)
_KEYS = {"kind", "url", "lineage", "robots", "sellers", "synced"}


@dataclass(frozen=True, slots=True)
class Seller:
    """Who a feed's seller is here; `market` is one of the provider's markets, None for any."""

    provider: str
    market: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of other people's prices.

    Attributes:
        lineage: whose numbers it carries: copies of one source are one witness.
        sellers: the feed's word for a seller to the provider here.
        synced: sellers whose prices the feed copies from the seller's own API by program; their lineage is the seller.
        robots: "obey", or "documented_api" for an API that its owner documents for programs.

    """

    id: str
    kind: FeedKind
    url: str
    lineage: str
    sellers: Mapping[str, Seller]
    synced: frozenset[str] = frozenset()
    robots: str = "obey"

    def lineage_of(self, seller: str) -> str:
        """The lineage of what this feed says about a seller."""
        known = self.sellers.get(seller)
        return f"{known.provider} itself" if known is not None and seller in self.synced else self.lineage

    def knows(self, provider: str) -> bool:
        """Whether any of its sellers is this provider."""
        return any(seller.provider == provider for seller in self.sellers.values())


def load_feeds(path: Path = FEEDS_FILE) -> dict[str, Feed]:
    """All feeds by id.

    Raises:
        ConfigError: the file is missing or wrong.

    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot be read ({err}); restore it from the distribution") from err
    return {name: _feed(name, raw, f"{path} [{name}]") for name, raw in data.items()}


def choose_feeds(feeds: Mapping[str, Feed], names: Iterable[str]) -> tuple[Feed, ...]:
    """The named feeds, in that order.

    Raises:
        ConfigError: a name is unknown; the message proposes the nearest.

    """
    chosen = []
    for name in dict.fromkeys(names):
        if name not in feeds:
            raise ConfigError(f"no feed is called {name!r}{nearest(name, feeds)}; known are {', '.join(feeds)}")
        chosen.append(feeds[name])
    return tuple(chosen)


def _feed(name: str, raw: Mapping[str, Any], where: str) -> Feed:
    strange = sorted(set(raw) - _KEYS)
    if strange:
        raise ConfigError(f"{where}: unknown key {strange[0]!r}; known are {', '.join(sorted(_KEYS))}")
    kind = raw.get("kind", name)
    if kind not in KINDS:
        raise ConfigError(f"{where}: {kind!r} is no kind of feed{nearest(kind, KINDS)}; known are {', '.join(KINDS)}")
    sellers = {word: Seller(*str(provider).split("/", 1)) for word, provider in raw.get("sellers", {}).items()}
    missing = sorted(set(raw.get("synced", ())) - set(sellers))
    if missing:
        raise ConfigError(f"{where}: `synced` names {missing[0]!r}, which is none of its sellers")
    return Feed(
        id=name,
        kind=kind,
        url=str(raw["url"]),
        lineage=str(raw.get("lineage", name)),
        sellers=sellers,
        synced=frozenset(raw.get("synced", ())),
        robots=raw.get("robots", "obey"),
    )
