"""config/providers to Provider and Page: what may be said to the program about a seller.

A provider file says only what its pages do not say themselves. Unknown keys are refused with the nearest known one:
a misspelt hint would be a silent guess.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapers.rates import METERS
from scrapers.windows import WINDOW_KEYS, Window, window_of_table

CONFIG_DIR = Path(__file__).resolve().parent.parent / "config"
SHIPPED_PROVIDERS = CONFIG_DIR / "providers"

_DURATION = re.compile(r"(\d+)\s*([smhdw])\Z")
_DURATION_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class ConfigError(Exception):
    """A settings or provider file says something that cannot be meant; the message names file, key and remedy."""


@dataclass(frozen=True, slots=True)
class ColumnHint:
    """Columns of a component that prints no headings: `columns` by position for rows of exactly that length.

    Attributes:
        component: the component's name as the document spells it.
        columns: one word a column: `model`, a meter, or `-` for a column that holds no price.
        when: the component's other properties that must hold, as text.
        unit: what the amounts buy, where the component does not say ("1M tokens").

    """

    component: str
    columns: tuple[str, ...]
    when: tuple[tuple[str, str], ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page does not say itself; every hint that is used shows in the evidence.

    Attributes:
        currency: ISO 4217 code for amounts without a sign, or for the sign ¥ where a page leaves it open.
        unit: what amounts without a unit buy, in words that the vocabulary reads ("1M tokens", "token").
        ignore: regular expressions; a block whose heading path, caption or component matches one is not read.
        ignore_models: regular expressions; a row whose model matches one is not read.
        tiers: phrase in a heading, tab or property to service tier, where the vocabulary does not know it.
        meters: phrase in a header or label to meter, where the vocabulary does not know it.
        columns: components that print no headings.
        region: the region for all rates of the page that name none.
        timezone: IANA zone of dates that name none.
        extra: reader options by name, for what the fields above cannot say.
        windows: the file's `[[window]]` tables: hours of peak and off-peak prices for pages that print none.

    """

    currency: str | None = None
    unit: str | None = None
    ignore: tuple[str, ...] = ()
    ignore_models: tuple[str, ...] = ()
    tiers: tuple[tuple[str, str], ...] = ()
    meters: tuple[tuple[str, str], ...] = ()
    columns: tuple[ColumnHint, ...] = ()
    region: str | None = None
    timezone: str = "UTC"
    extra: tuple[tuple[str, str], ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must be true of a page's price list: below `min_models` or without an `always` model it is an error."""

    min_models: int = 1
    max_models: int | None = None
    always: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One address of a provider.

    Attributes:
        market: pages of one market state the same prices in different words ("intl", "cn").
        verified: the day on which a capture showed prices at this address, None when nobody has seen it.
        robots: "obey", or "documented_api" with `robots_source`, the one written exception to robots.txt.
        prefixes: other addresses for which this page's hints hold, for saved copies.
        render: "browser" where only a browser shows the prices, else "http".
        companion: address of the document that holds this page's amounts (a template page), or None.

    """

    provider: str
    url: str
    market: str = "intl"
    language: str = "en"
    enabled: bool = True
    verified: date | None = None
    robots: str = "obey"
    robots_source: str | None = None
    prefixes: tuple[str, ...] = ()
    render: str = "http"
    companion: str | None = None
    hints: Hints = field(default_factory=Hints)
    expect: Expectations = field(default_factory=Expectations)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Successor:
    """A declared lineage: `model` took the place of `predecessor` on `since`."""

    model: str
    predecessor: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """One seller: its pages, hints where they are ambiguous, what to expect of it.

    `interval_s` is the time between two looks at its pages in seconds; `delay_s` the pause between two requests to
    one host of it.
    """

    id: str
    name: str
    home: str = ""
    interval_s: int = 6 * 3600
    delay_s: float = 2.0
    enabled: bool = True
    is_reseller: bool = False
    pages: tuple[Page, ...] = ()
    successors: tuple[Successor, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    hints: Hints = field(default_factory=Hints)

    def page_for(self, url: str | None) -> Page | None:
        """The page whose address or prefix is the longest beginning of `url`; None when none is."""
        if url is None:
            return None
        wanted = _bare(url)
        best: tuple[int, Page] | None = None
        for page in self.pages:
            for prefix in (page.url, *page.prefixes):
                bare = _bare(prefix)
                if wanted.startswith(bare) and (best is None or len(bare) > best[0]):
                    best = (len(bare), page)
        return None if best is None else best[1]

    def hints_for(self, url: str | None) -> Hints:
        """The hints of the page at `url`, or the provider's own where no page fits."""
        page = self.page_for(url)
        return self.hints if page is None else page.hints


def load_provider(path: Path) -> Provider:
    """One provider file.

    Raises:
        ConfigError: the file is missing, no TOML, or says something unknown.

    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); check the path and its permissions") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: not valid TOML: {err}") from err
    provider_id = path.stem
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", provider_id):
        raise ConfigError(f"{path}: a provider's id is its file name and holds only a-z, 0-9 and dashes")
    known = {
        "name",
        "home",
        "interval",
        "delay",
        "enabled",
        "reseller",
        "hints",
        "page",
        "lineage",
        "aliases",
        "expect",
        "window",
    }
    _refuse_unknown(data, known, f"{path}")
    own = _hints(data.get("hints", {}), Hints(), f"{path} [hints]")
    expect = _expectations(data.get("expect", {}), f"{path} [expect]")
    pages = tuple(
        _page(raw, provider_id, own, expect, f"{path} [[page]] {number}")
        for number, raw in enumerate(data.get("page", []), start=1)
    )
    windows = [
        _window(raw, f"{path} [[window]] {number}", {page.market for page in pages})
        for number, raw in enumerate(data.get("window", []), start=1)
    ]
    pages = tuple(
        replace(page, hints=replace(page.hints, windows=tuple(w for m, w in windows if m in {None, page.market})))
        for page in pages
    )
    return Provider(
        id=provider_id,
        name=data.get("name", provider_id),
        home=data.get("home", ""),
        interval_s=parse_duration(data.get("interval", "6h"), f"{path} interval"),
        delay_s=float(data.get("delay", 2.0)),
        enabled=bool(data.get("enabled", True)),
        is_reseller=bool(data.get("reseller", False)),
        pages=pages,
        successors=tuple(_successor(raw, f"{path} [[lineage]]") for raw in data.get("lineage", [])),
        aliases=tuple(sorted(data.get("aliases", {}).items())),
        hints=own,
    )


def load_catalog(own: Path | None = None, shipped: Path = SHIPPED_PROVIDERS) -> dict[str, Provider]:
    """All providers by id; a file in `own` takes the place of the shipped one with its name.

    Raises:
        ConfigError: any file is wrong.

    """
    paths = {path.stem: path for path in sorted(shipped.glob("*.toml"))}
    if own is not None and own.is_dir():
        paths.update({path.stem: path for path in sorted(own.glob("*.toml"))})
    return {name: load_provider(path) for name, path in sorted(paths.items())}


def choose(catalog: Mapping[str, Provider], only: Iterable[str]) -> dict[str, Provider]:
    """The named providers, all enabled ones when none is named.

    Raises:
        ConfigError: a name is unknown; the message proposes the nearest.

    """
    names = list(only)
    if not names:
        return {name: provider for name, provider in catalog.items() if provider.enabled}
    for name in names:
        if name not in catalog:
            raise ConfigError(f"no provider is called {name!r}{nearest(name, catalog)} (see `pricefall providers`)")
    return {name: catalog[name] for name in dict.fromkeys(names)}


def parse_duration(value: object, where: str) -> int:
    """Seconds of "90s", "15m", "6h", "7d", "2w" or of a plain number of seconds.

    >>> parse_duration("6h", "interval"), parse_duration(90, "interval")
    (21600, 90)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f'{where}: {value!r} is no duration; write it as "15m", "6h" or "7d"')
    return int(found[1]) * _DURATION_SECONDS[found[2]]


def nearest(word: str, known: Iterable[str]) -> str:
    """A proposal for a misspelt word, or "" when nothing is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _page(raw: Mapping[str, Any], provider: str, own: Hints, expect: Expectations, where: str) -> Page:
    known = {
        "url",
        "market",
        "language",
        "enabled",
        "verified",
        "robots",
        "robots_source",
        "prefixes",
        "companion",
        "render",
    }
    _refuse_unknown(raw, known | {"hints", "expect"}, where)
    if not isinstance(raw.get("url"), str) or urlsplit(raw["url"]).scheme not in {"http", "https"}:
        raise ConfigError(f"{where}: `url` must be an http or https address")
    if "verified" not in raw:
        raise ConfigError(f"{where}: say `verified = false`, or the date on which a capture showed this page")
    verified = raw["verified"]
    if verified is not False and not isinstance(verified, date):
        raise ConfigError(f"{where}: `verified` is false or a date such as 2026-08-21, without quotes")
    robots = raw.get("robots", "obey")
    if robots not in {"obey", "documented_api"}:
        raise ConfigError(f'{where}: `robots` is "obey" or "documented_api", not {robots!r}')
    if robots == "documented_api" and not raw.get("robots_source"):
        raise ConfigError(f"{where}: `documented_api` needs `robots_source`, the page that documents the API")
    if raw.get("render", "http") not in {"http", "browser"}:
        raise ConfigError(f'{where}: `render` is "http" or "browser", not {raw["render"]!r}')
    return Page(
        provider=provider,
        url=raw["url"],
        market=raw.get("market", "intl"),
        language=raw.get("language", "en"),
        enabled=bool(raw.get("enabled", True)),
        verified=verified or None,
        robots=robots,
        robots_source=raw.get("robots_source"),
        prefixes=tuple(raw.get("prefixes", ())),
        render=raw.get("render", "http"),
        companion=raw.get("companion"),
        hints=_hints(raw.get("hints", {}), own, f"{where} [hints]"),
        expect=_expectations(raw["expect"], f"{where} [expect]") if "expect" in raw else expect,
    )


def _window(raw: Mapping[str, Any], where: str, markets: set[str]) -> tuple[str | None, Window]:
    """A `[[window]]` with the market that it is for, None for all."""
    _refuse_unknown(raw, {*WINDOW_KEYS, "market"}, where)
    market = raw.get("market")
    if market is not None and market not in markets:
        raise ConfigError(f"{where}: no page has the market {market!r}; known are {', '.join(sorted(markets))}")
    try:
        return market, window_of_table(raw)
    except ValueError as err:
        raise ConfigError(f"{where}: {err}") from err


def _hints(raw: Mapping[str, Any], inherited: Hints, where: str) -> Hints:
    """Hints of a table over those that it inherits: single values replace, lists and tables add."""
    _refuse_unknown(raw, {f.name for f in fields(Hints)} - {"windows"}, where)
    for meter in raw.get("meters", {}).values():
        if meter not in METERS and meter != "-":
            raise ConfigError(f"{where}: {meter!r} is no meter{nearest(meter, METERS)}")
    columns = tuple(_column_hint(entry, where) for entry in raw.get("columns", []))
    for key in ("ignore", "ignore_models"):
        for pattern in raw.get(key, ()):
            _check_pattern(pattern, f"{where} {key}")
    return Hints(
        currency=raw.get("currency", inherited.currency),
        unit=raw.get("unit", inherited.unit),
        ignore=(*inherited.ignore, *raw.get("ignore", ())),
        ignore_models=(*inherited.ignore_models, *raw.get("ignore_models", ())),
        tiers=(*raw.get("tiers", {}).items(), *inherited.tiers),
        meters=(*raw.get("meters", {}).items(), *inherited.meters),
        columns=(*columns, *inherited.columns),
        region=raw.get("region", inherited.region),
        timezone=raw.get("timezone", inherited.timezone),
        extra=(*((k, str(v)) for k, v in raw.get("extra", {}).items()), *inherited.extra),
    )


def _column_hint(raw: Mapping[str, Any], where: str) -> ColumnHint:
    _refuse_unknown(raw, {f.name for f in fields(ColumnHint)}, f"{where} columns")
    columns = tuple(raw.get("columns", ()))
    for word in columns:
        if word not in {"model", "-", *METERS}:
            raise ConfigError(f"{where} columns: {word!r} is neither `model`, a meter nor `-`{nearest(word, METERS)}")
    if not raw.get("component") or not columns:
        raise ConfigError(f"{where} columns: name the `component` and its `columns`")
    when = tuple((str(k), str(v)) for k, v in raw.get("when", {}).items())
    return ColumnHint(raw["component"], columns, when, raw.get("unit"))


def _expectations(raw: Mapping[str, Any], where: str) -> Expectations:
    _refuse_unknown(raw, {"models", "always"}, where)
    counts = raw.get("models", {})
    _refuse_unknown(counts, {"min", "max"}, f"{where} models")
    return Expectations(counts.get("min", 1), counts.get("max"), tuple(raw.get("always", ())))


def _successor(raw: Mapping[str, Any], where: str) -> Successor:
    _refuse_unknown(raw, {"model", "predecessor", "since"}, where)
    if "model" not in raw or "predecessor" not in raw:
        raise ConfigError(f"{where}: name `model` and its `predecessor`")
    return Successor(raw["model"], raw["predecessor"], raw.get("since"))


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as err:
        raise ConfigError(f"{where}: {pattern!r} is no regular expression ({err})") from err


def _refuse_unknown(raw: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    known = set(known)
    for key in raw:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown key {key!r}{nearest(key, known)}; known are {', '.join(sorted(known))}"
            )


def _bare(url: str) -> str:
    """An address without scheme, `www.`, query and trailing slash, for comparing beginnings."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return (host + parts.path).rstrip("/").removesuffix(".md").removesuffix(".html")
