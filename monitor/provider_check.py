"""What may be wrong with provider files, one finding a fault, so that a person sees all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scrapers.catalog import SHIPPED_PROVIDERS, ConfigError, Page, Provider, load_provider, nearest
from scrapers.rates import model_key

if TYPE_CHECKING:
    from monitor.settings import Settings

Finding = dict[str, str]


def check_files(settings: Settings, provider_id: str | None = None) -> list[Finding]:
    """The findings about one provider's file or about all; `wrong` needs a person, `warning` may wait.

    Raises:
        ConfigError: there is no file of that provider.

    """
    paths = {path.stem: path for path in sorted(SHIPPED_PROVIDERS.glob("*.toml"))}
    paths |= {path.stem: path for path in sorted(settings.providers_dir.glob("*.toml"))}
    if provider_id is not None and provider_id not in paths:
        raise ConfigError(f"no provider is called {provider_id!r}{nearest(provider_id, paths)}")
    found: list[Finding] = []
    providers: list[Provider] = []
    for name, path in sorted(paths.items()):
        try:
            provider = load_provider(path)
        except ConfigError as err:
            if provider_id in {None, name}:
                found.append(_finding("wrong", name, str(err)))
            continue
        providers.append(provider)
        if provider_id in {None, name}:
            found += _of_file(provider, path)
    found += _twice(providers, provider_id)
    chosen = [provider for provider in providers if provider_id in {None, provider.id}]
    return found + list(_of_captures(settings, chosen))


def unmet(page: Page, models: Iterable[str]) -> list[str]:
    """The expectations of a page that a list of models does not meet."""
    keys = {model_key(model) for model in models}
    words = [
        f"model {name!r}, which [expect] always names; correct the name, or the page lost it"
        for name in page.expect.always
        if model_key(name) not in keys
    ]
    if len(keys) < page.expect.min_models:
        words.insert(0, f"models: {len(keys)} were read and [expect] wants at least {page.expect.min_models}")
    if page.expect.max_models is not None and len(keys) > page.expect.max_models:
        words.insert(0, f"models: {len(keys)} were read and [expect] allows at most {page.expect.max_models}")
    return words


def _of_file(provider: Provider, path: Path) -> Iterator[Finding]:
    open_lines = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "# ?" in line]
    if open_lines:
        where = ", ".join(map(str, open_lines))
        yield _finding("warning", provider.id, f"{path}: lines {where} are marked `# ?`; settle them and drop the mark")
    if not provider.pages:
        yield _finding("wrong", provider.id, f"{path}: no [[page]]; add one with its `url`")
    for page in provider.pages:
        if not page.enabled:
            continue
        if page.expect.min_models <= 1 and not page.expect.always:
            words = f"{page.url}: nothing is expected; add [expect] models = {{ min = N }} and always = [...]"
            yield _finding("warning", provider.id, words)


def _twice(providers: Iterable[Provider], provider_id: str | None) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for provider in providers:
        for page in provider.pages:
            owners.setdefault(page.url.rstrip("/"), []).append(provider.id)
    for url, names in owners.items():
        if len(names) > 1 and (provider_id is None or provider_id in names):
            yield _finding("wrong", names[0], f"{url} stands {len(names)} times, in {', '.join(names)}; keep one")


def _of_captures(settings: Settings, providers: Iterable[Provider]) -> Iterator[Finding]:
    from storage.store import Store

    if not settings.database.exists():
        return
    with Store.open(settings.database, read_only=True) as store:
        for provider in providers:
            for page in provider.pages:
                state = store.page_state(provider.id, page.market, page.url)
                if state.page_id is None or not state.has_baseline:
                    continue
                models = [rate.model for rate in store.accepted_rates(state.page_id)]
                for words in unmet(page, models):
                    yield _finding("wrong", provider.id, f"{page.url}: the last capture misses {words}")


def _finding(level: str, provider: str, words: str) -> Finding:
    return {"level": level, "provider": provider, "words": words}
