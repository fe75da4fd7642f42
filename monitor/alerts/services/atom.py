"""`type = "atom"`: a feed file, for a web server or a reader on this machine.

The file is all that is known of the feed: it is read, changed and replaced as a whole. An entry's id is the alert's,
so an alert that is delivered again takes its own place.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from lxml import etree
from pydantic import Field

from monitor.alerts.brief import Brief, Detail, Item, brief_of, fit
from monitor.alerts.delivery import Delivery
from monitor.alerts.errors import NotNow
from monitor.alerts.markup import element, link
from monitor.alerts.services.service import Service
from monitor.channel_secrets import Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm, Line
from scrapers.rates import format_instant

NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_BYTES = 40_000
FILE_BYTES = 64 * 1024 * 1024


class AtomForm(ChannelForm):
    """`[[channel]]` with `type = "atom"`."""

    type: Literal["atom"]
    path: Annotated[str, Field(min_length=1)]
    max_entries: Annotated[int, Field(ge=1, le=10_000)] = 200
    title: Annotated[Line, Field(min_length=1)] = "Pricefall"
    url: Line | None = None


@dataclass(frozen=True, slots=True)
class AtomChannel(OneAddress):
    """A feed file; `url` is where others find it, for its link to itself."""

    type: ClassVar[str] = "atom"
    id: str
    path: Path
    max_entries: int = 200
    title: str = "Pricefall"
    url: str | None = None
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return ()


def _read(form: AtomForm, place: Place) -> AtomChannel:
    path = place.folder / Path(form.path).expanduser()
    if not path.parent.is_dir():
        place.complain("path", f"the folder {path.parent} does not exist; make it, or name another")
    if form.url is not None:
        place.check_url("url", form.url, allow_private=True)
    return AtomChannel(form.id, path, form.max_entries, form.title, form.url, form.language)


def compose(_channel: AtomChannel, delivery: Delivery) -> str:
    """The entry, in XML."""
    text: str = etree.tostring(_entry(delivery), encoding="unicode", pretty_print=True)
    return text


def send(channel: AtomChannel, delivery: Delivery) -> None:
    """Put the alert into the feed, newest first.

    Raises:
        NotNow: the file cannot be read or written, or is no feed of ours.

    """
    try:
        feed = _load(channel)
        ours = feed.findall(_tag("entry"))
        for entry in ours:
            feed.remove(entry)
        new = _entry(delivery)
        entries = [entry for entry in ours if _text(entry, "id") != _text(new, "id")]
        # A stable sort: among alerts of one moment, the one delivered last stands first.
        entries = sorted([new, *entries], key=lambda entry: _text(entry, "updated"), reverse=True)
        entries = entries[: channel.max_entries]
        updated = feed.find(_tag("updated"))
        updated.text = _text(entries[0], "updated")
        feed.extend(entries)
        _replace(channel.path, etree.tostring(feed, encoding="utf-8", xml_declaration=True, pretty_print=True))
    except OSError as err:
        raise NotNow(
            f"the feed {channel.path} cannot be written ({err.strerror}); check its folder's space and permissions"
        ) from err


def _load(channel: AtomChannel) -> Any:
    """The feed without its title's and link's old settings; a new one where there is no file."""
    feed = etree.Element(_tag("feed"), nsmap={None: NAMESPACE})
    _add(feed, "id", f"urn:pricefall:feed:{channel.id}")
    _add(feed, "title", channel.title)
    _add(_add(feed, "author"), "name", "Pricefall")
    _add(feed, "generator", "Pricefall")
    if channel.url is not None:
        _add(feed, "link", rel="self", href=channel.url)
    _add(feed, "updated")
    body = _read_file(channel.path)
    if body.strip():
        safe = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        try:
            old = etree.fromstring(body, safe)
        except etree.XMLSyntaxError as err:
            raise NotNow(f"{channel.path} is no feed that can be read; move it away, and a new one is begun") from err
        if old.tag != _tag("feed") or not _text(old, "id").startswith("urn:pricefall:feed:"):
            raise NotNow(f"{channel.path} is not Pricefall's feed and is left as it is; name another `path`")
        feed.extend(old.findall(_tag("entry")))
    return feed


def _read_file(path: Path) -> bytes:
    """The file's bytes, none where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    except OSError as err:
        if path.is_symlink():
            raise NotNow(f"{path} is a symbolic link and is not written to; name the file itself") from err
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotNow(f"{path} is no regular file; name another `path`")
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(FILE_BYTES)


def _replace(path: Path, body: bytes) -> None:
    """Write the file beside its place and move it there, so that a reader sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, 0o644)  # whatever the umask is: a web server reads it
            stream.write(body)
            stream.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _entry(delivery: Delivery) -> Any:
    brief = brief_of(delivery)
    entry = etree.Element(_tag("entry"), nsmap={None: NAMESPACE})
    _add(entry, "id", f"urn:pricefall:alert:{delivery.id}")
    _add(entry, "title", brief.title)
    _add(entry, "updated", str(delivery.payload["timestamp"]) or format_instant(delivery.now))
    if brief.url:
        _add(entry, "link", rel="alternate", href=brief.url)
    _add(entry, "category", term=brief.kind)
    _add(entry, "content", fit(brief, _html, lambda text: len(text.encode()) <= CONTENT_BYTES), type="html")
    return entry


def _html(brief: Brief) -> str:
    foot = [element("p", words) for words in (brief.more, brief.foot) if words]
    return "".join([*(_block(item) for item in brief.items), *foot])


def _block(item: Item) -> str:
    rows = [element("li", f"{each.label}: ", _words(each)) for each in item.details]
    return element("p", element("b", item.headline)) + (element("ul", *rows) if rows else "")


def _words(detail: Detail) -> str:
    return link(detail.words, detail.url) if detail.url else detail.words


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    child = etree.SubElement(parent, _tag(name), attributes)
    child.text = text
    return child


def _text(parent: Any, name: str) -> str:
    return str(parent.findtext(_tag(name)) or "")


SERVICE = Service(AtomForm, _read, compose, send)
