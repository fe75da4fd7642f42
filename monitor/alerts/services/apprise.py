"""`type = "apprise"`: any service that apprise knows, by its address there, which is a secret.

Apprise connects by itself, so the guard stands where names become addresses. It counts an error inside of a 200 as
success for DingTalk, Feishu, Lark and WeCom: their addresses are refused here, since Pricefall speaks to them itself.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from monitor.alerts.brief import Brief, brief_of, fit, units
from monitor.alerts.delivery import Delivery
from monitor.alerts.errors import NotNow
from monitor.alerts.guard import is_public
from monitor.alerts.phrases import visible
from monitor.alerts.services.service import Service
from monitor.channel_secrets import MASK, Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm

_NATIVE = {
    "NotifyDingTalk": "dingtalk",
    "NotifyFeishu": "feishu",
    "NotifyLark": "lark",
    "NotifyWeComBot": "wecom",
}
_NATIVE_SCHEMES = {"dingtalk": "dingtalk", "feishu": "feishu", "lark": "lark", "wecombot": "wecom"}
_KINDS = {"good": "success", "bad": "warning", "plain": "info"}

for _name in ("apprise", "urllib3.connectionpool", "requests"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # what they say below that holds addresses and bodies
_log = logging.getLogger("apprise")
_log.propagate = False  # its warnings hold answers; `_send` tells what may be told


class AppriseForm(ChannelForm):
    """`[[channel]]` with `type = "apprise"`."""

    type: Literal["apprise"]
    url: str | None = None
    url_file: str | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class AppriseChannel(OneAddress):
    """One address of apprise."""

    type: ClassVar[str] = "apprise"
    id: str
    url: Secret
    allow_private: bool = False
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.url,)


def _read(form: AppriseForm, place: Place) -> AppriseChannel | None:
    url = place.needed("url", form.url, form.url_file)
    if find_spec("apprise") is None:
        place.complain("type", "needs the extra `notify`; run: pip install 'pricefall[notify]'")
        return None
    if url is None:
        return None
    words = url.reveal()
    scheme = words.partition("://")[0].casefold()
    native = _NATIVE_SCHEMES.get(scheme)
    if native is None and (plugin := _plugin(words)) is not None:
        native = _NATIVE.get(type(plugin).__name__)
    elif native is None:
        place.complain("url", "is no address that apprise understands; its wiki has the form of each service's")
    if native is not None:
        place.complain("url", f'is a service whose errors apprise takes for success; say `type = "{native}"` instead')
    return AppriseChannel(form.id, url, form.allow_private, form.language)


def compose(channel: AppriseChannel, delivery: Delivery) -> dict[str, Any]:
    """Title and body as apprise is given them, within the lengths that the service takes."""
    plugin = _plugin(channel.url.reveal())
    most = int(getattr(plugin, "body_maxlen", 32768))
    has_title = int(getattr(plugin, "title_maxlen", 250)) > 0
    brief = brief_of(delivery)
    room = most if has_title else most - units(brief.title) - 2  # apprise puts it before the body
    body = fit(brief, _write, lambda text: units(text) <= room)
    return {"title": brief.title, "body": body, "notify_type": _KINDS[brief.mood]}


def send(channel: AppriseChannel, delivery: Delivery) -> None:
    """Send it.

    Raises:
        NotNow: apprise says that it did not arrive, or it would have connected to a private address.

    """
    import apprise

    plugin = _plugin(channel.url.reveal())
    if plugin is None:
        raise NotNow(f"apprise {channel.id!r}: its `url` is none that apprise understands; correct it")
    sender = apprise.Apprise(asset=_asset())
    sender.add(plugin)
    said: list[str] = []
    with _warnings(said), _guard(allow_private=channel.allow_private) as refused:
        try:
            arrived = bool(sender.notify(**compose(channel, delivery), body_format="text"))
        except Exception as err:  # noqa: BLE001 - 170 plugins may fail in any way, and their words may hold secrets
            arrived, said[:] = False, [type(err).__name__]
    if refused:
        raise NotNow(
            f"apprise {channel.id!r} leads to {refused[0]}, an address inside a private network; nothing was sent. Say "
            "`allow_private = true` in its channel if that is meant"
        )
    if not arrived:
        why = f" ({_masked(said[-1], channel)})" if said else ""
        raise NotNow(f"apprise {channel.id!r} ({plugin.service_name}) could not deliver{why}; check its `url`")


def _asset() -> Any:
    import apprise

    return apprise.AppriseAsset(http_redirects=False, async_mode=False, storage_mode="memory")


def _plugin(url: str) -> Any | None:
    """Apprise's own channel for an address; None where it understands none."""
    import apprise

    with _warnings([]):
        plugin = apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if plugin is not None:
        plugin.socket_connect_timeout, plugin.socket_read_timeout = 3.0, 10.0
    return plugin


@contextlib.contextmanager
def _warnings(said: list[str]) -> Iterator[None]:
    """Collect what apprise warns of instead of logging it."""
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign] # a list is enough
    _log.addHandler(handler)
    try:
        yield
    finally:
        _log.removeHandler(handler)


@contextlib.contextmanager
def _guard(*, allow_private: bool) -> Iterator[list[str]]:
    """Let what runs inside resolve names to public addresses only; yields the private ones that were asked for.

    The rule follows into the threads that apprise starts, and outlives its waiting for them.
    """
    refused: list[str] = []
    if socket.getaddrinfo is not _guarded:
        _resolvers.append(socket.getaddrinfo)
        socket.getaddrinfo = _guarded
    token = _refused.set(None if allow_private else refused)
    try:
        yield refused
    finally:
        _refused.reset(token)


_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)
_resolvers: list[Callable[..., Any]] = []


def _guarded(*arguments: Any, **options: Any) -> Any:
    found = _resolvers[-1](*arguments, **options)
    refused = _refused.get()
    if refused is not None:
        private = [str(entry[4][0]) for entry in found if not is_public(str(entry[4][0]))]
        if private:
            refused.extend(private)
            raise socket.gaierror(socket.EAI_FAIL, "an address inside a private network")
    return found


def _masked(text: str, channel: AppriseChannel) -> str:
    """What apprise says, without any longer piece of the address."""
    pieces = re.split(r"[/?&=:@]+", channel.url.reveal().partition("://")[2])
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= 4:
            text = text.replace(piece, MASK)
    return visible(text, 160)


def _write(brief: Brief) -> str:
    parts = ["\n".join([item.headline, *(f"{d.label}: {d.words}" for d in item.details)]) for item in brief.items]
    return "\n\n".join([*parts, *(words for words in (brief.more, brief.foot) if words)])


SERVICE = Service(AppriseForm, _read, compose, send, pause_s=1)
