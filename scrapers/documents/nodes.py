"""The tree of a page: light elements that lxml's parser fills, with text as plain strings among their children.

An element knows its name, attributes, children and parent, and no more. Of a whole page BeautifulSoup would build
such a tree at ten times the cost, so it reads only the fragments that other documents keep in their strings; the few of
its ways of searching that this room uses have the same names here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType

from bs4 import BeautifulSoup
from bs4 import Tag as SoupTag
from bs4.element import NavigableString, PreformattedString
from lxml import etree

from scrapers.documents.traits import traits_of

Names = str | Collection[str] | Callable[["Tag"], bool] | None


_NO_ATTRS: Mapping[str, str] = MappingProxyType({})


class Tag:
    """One element; `attrs` as the parser gives them, names in lower case.

    `boxes` counts the children of which a table can be made, `holds_block` says whether a block stands at any depth.
    """

    __slots__ = ("attrs", "boxes", "children", "holds_block", "name", "parent", "traits")

    def __init__(self, name: str, attrs: Mapping[str, str] = _NO_ATTRS, parent: Tag | None = None) -> None:
        self.name = name
        self.attrs = attrs
        self.traits = traits_of(name, attrs)
        self.parent = parent
        self.children: list[Tag | str] = []
        self.boxes = 0
        self.holds_block = False
        if parent is not None:
            parent.children.append(self)
            parent.boxes += self.traits.is_box

    @property
    def parents(self) -> Iterator[Tag]:
        """The elements around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    @property
    def string(self) -> str:
        """The text that stands directly in it, as a script's does."""
        return "".join(child for child in self.children if isinstance(child, str))

    def elements(self) -> Iterator[Tag]:
        """All elements in it, in reading order."""
        stack = self.children[::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, Tag):
                yield node
                if node.children:
                    stack += node.children[::-1]

    def find_all(self, names: Names = None, *, role: str | None = None, recursive: bool = True) -> list[Tag]:
        """The elements in it that a name, one of several names or a function chooses."""
        return list(self._chosen(names, role, recursive=recursive))

    def find(self, names: Names = None, *, role: str | None = None, recursive: bool = True) -> Tag | None:
        """The first of what `find_all` finds."""
        return next(self._chosen(names, role, recursive=recursive), None)

    def find_parent(self, name: str) -> Tag | None:
        """The nearest element around it of a name."""
        return next((above for above in self.parents if above.name == name), None)

    def find_next_siblings(self) -> list[Tag]:
        """The elements beside it that follow."""
        beside = [] if self.parent is None else [child for child in self.parent.children if isinstance(child, Tag)]
        return beside[beside.index(self) + 1 :] if beside else []

    def _chosen(self, names: Names, role: str | None, *, recursive: bool) -> Iterator[Tag]:
        every = self.elements() if recursive else (child for child in self.children if isinstance(child, Tag))
        if role is not None:
            every = (node for node in every if node.attrs.get("role") == role)
        if names is None:
            return iter(every)
        if callable(names):
            return filter(names, every)
        wanted = {names} if isinstance(names, str) else names
        return (node for node in every if node.name in wanted)


class _Builder:
    """What lxml's parser calls while it reads; a comment parts the text around it as elements do."""

    def __init__(self) -> None:
        self.root = self.place = Tag("[document]")
        self.text: list[str] = []

    def start(self, name: str, attrs: Mapping[str, str]) -> None:
        if self.text:
            self._add_text()
        self.place = Tag(name, attrs, self.place)

    def end(self, name: str) -> None:
        del name  # lxml closes what it opened
        if self.text:
            self._add_text()
        above = self.place.parent or self.root
        if self.place.holds_block or self.place.traits.is_block:
            above.holds_block = True
        self.place = above

    def data(self, text: str) -> None:
        self.text.append(text)

    def comment(self, text: str) -> None:
        del text
        if self.text:
            self._add_text()

    def pi(self, target: str, text: str | None = None) -> None:
        del target
        self.comment(text or "")

    def close(self) -> Tag:
        if self.text:
            self._add_text()
        return self.root

    def _add_text(self) -> None:
        self.place.children.append("".join(self.text))
        self.text.clear()


def parse_html(text: str) -> Tag:
    """The tree of a page or of a fragment; what no parser can read is an empty tree."""
    builder = _Builder()
    parser = etree.HTMLParser(target=builder, encoding="utf-8")
    try:
        parser.feed(text.replace("</br>", "<br>").encode("utf-8", errors="replace"))  # a line ends there in browsers
        parser.close()
    except etree.LxmlError:
        builder.close()
    return builder.root


def parse_fragment(text: str) -> Tag:
    """The tree of the markup in a cell or a value: its tags may be cut, crossed or without what should hold them."""
    return _from_soup(BeautifulSoup(text, "lxml"), None)


def _from_soup(soup: SoupTag, parent: Tag | None) -> Tag:
    attrs = {name: value if isinstance(value, str) else " ".join(value) for name, value in soup.attrs.items()}
    node = Tag(soup.name, attrs, parent)
    for child in soup.children:
        if isinstance(child, SoupTag):
            inner = _from_soup(child, node)
            node.holds_block = node.holds_block or inner.holds_block or inner.traits.is_block
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            node.children.append(str(child))
    return node
