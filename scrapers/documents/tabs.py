"""Which words name the pane that an element is: "Batch" for the third pane of a row of tabs.

Four ways in which pages say it are known: ARIA (`role=tabpanel` with `aria-labelledby`, else by order beside the
`role=tablist`), a pane with `data-value` that begins with its own hidden label, elements and components named for
tabs that carry a title, and a bar of labels beside as many panes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from scrapers.documents.inline import attribute, text_of
from scrapers.documents.nodes import Tag
from scrapers.documents.traits import TITLED_GROUPS, TITLED_TAGS

_MAX_LABEL = 60
_ACTIVE_WORD = re.compile(r"(^|[-_])(active|selected|current|checked)$", re.IGNORECASE)


def pane_labels(root: Tag) -> tuple[dict[int, str], set[int]]:
    """Labels by `id()` of the pane's element, and the `id()` of bars whose words name panes."""
    labels: dict[int, str] = {}
    bars: set[int] = set()
    every = [node for node in root.elements() if node.traits.bears_on_panes or "data-value" in node.attrs]
    _by_bar(every, labels, bars)
    _by_title(every, labels)
    _by_value(every, labels)
    _by_role(every, labels)
    if labels:
        bars.update(id(bar) for bar in _of_role(every, "tablist") if _is_only_labels(bar, _bar_labels(bar)))
    return labels, bars


def _of_role(every: Sequence[Tag], role: str) -> list[Tag]:
    return [node for node in every if node.attrs.get("role") == role]


def _by_role(every: Sequence[Tag], labels: dict[int, str]) -> None:
    panels = _of_role(every, "tabpanel")
    if not panels:
        return
    by_id = {attribute(node, "id"): node for node in _of_role(every, "tab") if attribute(node, "id")}
    by_target = {attribute(n, "aria-controls"): n for n in by_id.values() if attribute(n, "aria-controls")}
    for panel in panels:
        named = by_id.get(attribute(panel, "aria-labelledby")) or by_target.get(attribute(panel, "id"))
        label = text_of(named) if named is not None else attribute(panel, "aria-label")
        if not label:
            label = _label_by_order(panel, panels)
        if label:
            labels[id(panel)] = label[:_MAX_LABEL]


def _label_by_order(panel: Tag, panels: Iterable[Tag]) -> str:
    """The n-th label of the nearest list of tabs above the n-th panel, when there are as many panels as labels."""
    for ancestor in panel.parents:
        tablist = ancestor.find(role="tablist")
        if tablist is not None:
            tabs = tablist.find_all(role="tab")
            mine = [other for other in panels if other.parent is panel.parent]
            places = [place for place, other in enumerate(mine) if other is panel]
            if len(mine) == len(tabs) and places:
                return text_of(tabs[places[0]])
            return ""
    return ""


def _by_value(every: Sequence[Tag], labels: dict[int, str]) -> None:
    for pane in every:
        if "data-value" not in pane.attrs or pane.name in {"option", "button", "span", "input", "li", "a"}:
            continue
        if not any(name.startswith("data-") and "pane" in name for name in pane.attrs):
            continue
        first = next((child for child in pane.children if isinstance(child, Tag)), None)
        label = text_of(first) if first is not None and "hidden" in first.traits.classes else ""
        labels[id(pane)] = label[:_MAX_LABEL] or attribute(pane, "data-value")


def _by_title(every: Sequence[Tag], labels: dict[int, str]) -> None:
    for pane in (node for node in every if node.name in TITLED_TAGS):
        label = attribute(pane, "title") or attribute(pane, "label") or attribute(pane, "name")
        if label:
            labels[id(pane)] = label[:_MAX_LABEL]
    for group in (node for node in every if node.name in TITLED_GROUPS):
        for pane in group.find_all("section", recursive=False):
            heading = pane.find({"h1", "h2", "h3", "h4", "h5", "h6"})
            if heading is not None:
                labels[id(pane)] = text_of(heading)[:_MAX_LABEL]


def _by_bar(every: Sequence[Tag], labels: dict[int, str], bars: set[int]) -> None:
    """A bar of n labels whose following siblings are n panes; or one pane, which then is the active label's."""
    for bar in (node for node in every if node.traits.names_tabs):
        words = _bar_labels(bar)
        if len(words) < 2:
            continue
        node: Tag | None = bar
        for _ in range(3):
            if node is None:
                break
            panes = [sibling for sibling in node.find_next_siblings() if sibling.name not in {"script", "style"}]
            if len(panes) == 1:
                inner = [child for child in panes[0].children if isinstance(child, Tag)]
                if len(inner) == len(words):
                    panes = inner
            if panes:
                if _name_panes(panes, words, labels) and _is_only_labels(bar, words):
                    bars.add(id(bar))
                break
            node = node.parent


def _name_panes(panes: list[Tag], words: list[tuple[str, bool]], labels: dict[int, str]) -> bool:
    if len(panes) == len(words):
        for pane, (label, _) in zip(panes, words, strict=True):
            labels.setdefault(id(pane), label)
        return True
    active = [label for label, is_active in words if is_active]
    if len(panes) == 1 and len(active) == 1:
        labels.setdefault(id(panes[0]), active[0])
        return True
    return False


def _is_only_labels(bar: Tag, words: list[tuple[str, bool]]) -> bool:
    """Whether nothing but its labels stands in a bar; only then may the bar itself be left out."""
    return bool(words) and len(text_of(bar)) <= sum(len(label) + 1 for label, _ in words)


def _bar_labels(bar: Tag) -> list[tuple[str, bool]]:
    """The labels of a bar with whether each is the active one; [] where its children are no short labels."""
    every = [node for node in bar.elements() if node.traits.labels_tab]
    every = every or [child for child in bar.children if isinstance(child, Tag)]
    outer = {id(node) for node in every}
    found = [node for node in every if not any(id(above) in outer for above in node.parents)]
    words: list[tuple[str, bool]] = []
    for node in found:
        label = text_of(node)
        if not label or len(label) > _MAX_LABEL:
            return []
        holder = (*node.traits.classes, *(node.parent.traits.classes if node.parent is not None else ()))
        is_active = attribute(node, "aria-selected") == "true" or any(_ACTIVE_WORD.search(word) for word in holder)
        words.append((label, is_active))
    return words
