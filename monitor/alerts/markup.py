"""HTML that cannot be injected into: text is escaped because it is text, and only `element` makes markup."""

from __future__ import annotations

import html
from collections.abc import Mapping


class Markup(str):
    """HTML made by `element`; everything else is text and is escaped."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Markup:
    """One element; underscores in an attribute's name are dashes, one at its end is dropped (`class_`).

    >>> element("p", "a < b ", element("b", "c"), title='"', aria_label="x")
    '<p title="&quot;" aria-label="x">a &lt; b <b>c</b></p>'
    """
    return Markup(f"<{name}{_attributes(attributes)}>{fragment(*children)}</{name}>")


def fragment(*children: str) -> Markup:
    """Texts and elements one after another.

    >>> fragment("a < b ", element("b", "c"))
    'a &lt; b <b>c</b>'
    """
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child, quote=True) for child in children))


def void(name: str, /, **attributes: str) -> Markup:
    """An element without an end, such as a picture.

    >>> void("img", alt="a < b")
    '<img alt="a &lt; b">'
    """
    return Markup(f"<{name}{_attributes(attributes)}>")


def link(text: str, url: str) -> Markup:
    """A link, or the text alone where the address is not http or https.

    >>> link("x", "javascript:alert(1)")
    'x'
    """
    if not url.startswith(("https://", "http://")):
        return Markup(html.escape(text, quote=True))
    return element("a", text, href=url)


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value, quote=True)}"' for key, value in attributes.items()
    )
