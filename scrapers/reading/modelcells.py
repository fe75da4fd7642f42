"""A table's column of models, from top to bottom: names, and cells that go on with the name above.

A cell that says only for which lengths, at which tier or in which state the prices of its row hold ("↳ >200K",
"└ cached", "同上") is never a model. The direction at the end of a name ("nova-1 - Output tokens") is the row's meter
where rows differ in nothing else, or where no column names a direction; a deployment there ("nova-1 Regional") is the
row's region where a model has several.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from scrapers.documents.blocks import Cell
from scrapers.reading.labels import Scope
from scrapers.reading.layout import Layout
from scrapers.reading.names import (
    ModelName,
    is_model_like,
    read_model,
    read_models,
    split_deployment,
    split_direction,
)
from scrapers.reading.text import clean
from scrapers.reading.vocabulary import Meaning

_BRANCH = re.compile(r"^\s*(?:[↳└├│╰┗┣»›→⇒⤷•·▸▪]\s*|-+\s+|>\s+(?![0-9]))+")
_NOTED = re.compile(r"(?P<base>[^()（）]+?)\s*[(（](?P<note>[^()（）]*)[)）]")


class ModelColumn:
    """The models of a table's rows; `read` is called once for each row, in order."""

    def __init__(self, layout: Layout, above: tuple[ModelName, ...], scope: Scope) -> None:
        self._scope = scope
        self._above = above
        self._models: tuple[ModelName, ...] = ()
        self._texts = _texts_of(layout)
        self._parted = self._with_directions(layout)
        self._placed = self._with_deployments()

    def forget(self) -> None:
        """A new group begins: a blank cell goes on with nothing."""
        self._models = ()

    def read(self, cell: Cell | None) -> tuple[tuple[ModelName, ...], Meaning]:
        """The models of a row, and what its cell says where it goes on with the row above."""
        text = clean(cell.plain) if cell is not None else ""
        if cell is None or not text or self._scope.vocabulary.is_same(text):
            return self._models, Meaning()
        repeated = _NOTED.fullmatch(text)
        if repeated is not None and self._scope.vocabulary.is_same(repeated["base"]):
            label = self._scope.label(repeated["note"])
            return self._models, label._replace(roles=frozenset(), unit=None, currency=None, unknown="")
        sized = self._sized(text)
        if sized:
            self._models = sized
            return sized, Meaning()
        if self._is_property(text):
            self._models = ()
            return (), Meaning()
        said = self._continuation(text)
        if said is not None:
            return self._models or self._above, said
        stem, meaning = self._parted.get(text, (text, Meaning()))
        stem, place = self._placed.get(stem, (stem, Meaning()))
        if stem != text:
            name = read_model(stem, self._scope)
            self._models = () if name is None else (replace(name, meaning=meaning.over(place).over(name.meaning)),)
        else:
            self._models = read_models(cell.lines, self._scope)
        return self._models, Meaning()

    def _sized(self, text: str) -> tuple[ModelName, ...]:
        """The models above the table where its model column holds only their sizes: "8K context"."""
        label = self._scope.label(text)
        if label.unknown or not label.roles & {"ignore", "condition"}:
            return ()
        return tuple(replace(model, meaning=Meaning(others=(text,))) for model in self._above)

    def _is_property(self, text: str) -> bool:
        """Whether a cell names what models have and no model: "Context length"."""
        label = self._scope.label(text)
        return label == Meaning(roles=frozenset({"ignore"}))

    def _continuation(self, text: str) -> Meaning | None:
        """What a cell says that names no model; None where it is a name."""
        bare = _BRANCH.sub("", text)
        is_branch = bare != text
        label = self._scope.label(bare)
        if label.unknown:
            if not is_branch or is_model_like(bare, self._scope):
                return None
            return Meaning(context=label.context, output=label.output, others=(bare[:80],))
        says = (label.context, label.output, label.direction, label.cache, label.mode, label.window, label.tier)
        if label.kind or not (any(says) or (is_branch and label.modalities)):
            return None
        return label._replace(roles=frozenset(), unit=None, currency=None)

    def _with_directions(self, layout: Layout) -> dict[str, tuple[str, Meaning]]:
        """Names with a direction at an end, by their text, and what is left of each without it."""
        texts = self._texts
        parted = {text: split for text in texts if (split := split_direction(text, self._scope)) is not None}
        count = Counter(stem for stem, _ in parted.values())
        names_direction = any(column.role == "price" and column.meaning.has_meter for column in layout.columns)
        return {
            text: (stem, meaning)
            for text, (stem, meaning) in parted.items()
            if count[stem] > 1 or stem in texts or not names_direction
        }

    def _with_deployments(self) -> dict[str, tuple[str, Meaning]]:
        """Names with a deployment behind them ("nova-1 Global", "nova-1 Regional"), where one model has several."""
        texts = dict.fromkeys(self._parted[text][0] if text in self._parted else text for text in self._texts)
        placed = {text: split for text in texts if (split := split_deployment(text, self._scope)) is not None}
        count = Counter(stem for stem, _ in placed.values())
        return placed if any(count[stem] > 1 or stem in texts for stem in count) else {}


def _texts_of(layout: Layout) -> dict[str, None]:
    """What the cells of the models' column print, in order."""
    index = layout.model_column
    if index is None:
        return {}
    return dict.fromkeys(clean(cell.plain) for row in layout.body if index < len(row) and (cell := row[index]))
