"""What a shell offers after Tab: providers, models, meters and the like, from the catalog and the database.

Options are told apart by their names alone, so that a new command offers words without saying so. A shell that asks
must never see an error: what cannot be read offers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from monitor.settings import Settings, load_settings
from scrapers.catalog import ConfigError, load_catalog
from scrapers.rates import METERS, STATES, UNITS, model_key
from storage import queries
from storage.errors import StoreError
from storage.nouns import EVENT_KINDS
from storage.store import Store

_MOST = 200  # more is no help on a terminal

Source = Callable[[Settings], Iterable[str]]


def offer_words(command: click.Command) -> None:
    """Make the options and arguments of a command, and of those below it, offer their words."""
    for parameter in command.params:
        source = _SOURCES.get(parameter.name or "")
        if source is not None and isinstance(parameter.type, click.types.StringParamType):
            parameter.type = _Word(source)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            offer_words(below)


class _Word(click.types.StringParamType):
    """A text of which some values are known."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002  (click's signature)
        incomplete: str,
    ) -> list[CompletionItem]:
        """The known values that begin like what was typed."""
        path = ctx.find_root().params.get("config_path")
        try:
            known = self._source(load_settings(Path(path) if path else None, with_secrets=False))
            begun = incomplete.casefold()
            return [CompletionItem(word) for word in known if word.casefold().startswith(begun)][:_MOST]
        except (ConfigError, StoreError, OSError):
            return []


def _providers(settings: Settings) -> Iterable[str]:
    return sorted(load_catalog(settings.providers_dir))


def _models(settings: Settings) -> Iterable[str]:
    """Each name once, with dashes for spaces: a shell would cut it there, and names are compared without."""
    with Store.open(settings.database, read_only=True) as store:
        names = dict(queries.model_names(store))
    return sorted(name.replace(" ", "-") for name in names.values() if model_key(name.replace(" ", "-")) in names)


def _indexes(settings: Settings) -> Iterable[str]:
    from monitor.classes import load_classes
    from monitor.index_subjects import subjects

    classes = load_classes(settings.providers_dir.parent)
    return [each.id for each in subjects(classes, load_catalog(settings.providers_dir).values())]


def _tiers(settings: Settings) -> Iterable[str]:
    with Store.open(settings.database, read_only=True) as store:
        return queries.known_words(store, "service_tier")


def _currencies(settings: Settings) -> Iterable[str]:
    with Store.open(settings.database, read_only=True) as store:
        return queries.known_words(store, "currency")


def _classes(settings: Settings) -> Iterable[str]:
    from monitor.classes import load_classes

    return [each.id for each in load_classes(settings.providers_dir.parent).classes]


_SOURCES: dict[str, Source] = {
    "provider": _providers,
    "provider_id": _providers,
    "only": _providers,
    "model": _models,
    "first": _models,
    "second": _models,
    "meter": lambda _: METERS,
    "unit": lambda _: UNITS,
    "state": lambda _: STATES,
    "kinds": lambda _: EVENT_KINDS,
    "tier": _tiers,
    "currency": _currencies,
    "class_id": _classes,
    "index": _indexes,
    "workload": lambda settings: [each.id for each in settings.workloads],
}
