"""What the chat services have in common: one address to post to, which is a secret, and perhaps a key beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.channel_secrets import Secret
from monitor.channels import Language, OneAddress, Place
from monitor.form_fields import ChannelForm

if TYPE_CHECKING:
    from monitor.alerts.posting import Answer

BUSY_S = 60.0
"""How long a service is left alone that says it is asked too often, and not for how long."""


class HookForm(ChannelForm):
    """The keys of a `[[channel]]` that posts to one address."""

    url: str | None = None
    url_file: str | None = None
    allow_private: bool = False
    ca_file: str | None = None


class SignedHookForm(HookForm):
    """The same, for a service that can ask for a signature."""

    secret: str | None = None
    secret_file: str | None = None


@dataclass(frozen=True, slots=True)
class HookChannel(OneAddress):
    """The address of a chat service; `key` signs what is posted there, where the service asks for it."""

    type: str
    id: str
    url: Secret
    key: Secret | None = None
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.url,) if self.key is None else (self.url, self.key)


def read_hook(kind: str, form: HookForm, place: Place, example: str, hosts: tuple[str, ...]) -> HookChannel | None:
    """The channel of a form; None without an address.

    Args:
        kind: the type.
        form: its form.
        place: where complaints go.
        example: how the service's addresses look, for the complaint about another.
        hosts: the ends of the hosts' names. Any host is right beside `allow_private`, for a relay of your own.

    """
    url = place.needed("url", form.url, form.url_file)
    ca_file = place.file("ca_file", form.ca_file)
    key = place.secret("secret", form.secret, form.secret_file) if isinstance(form, SignedHookForm) else None
    if url is None:
        return None
    place.check_url("url", url.reveal(), allow_private=form.allow_private)
    if not form.allow_private and not _is_of(url.reveal(), hosts):
        place.complain(
            "url",
            f"is no address of {kind}; it looks like {example} (for a relay of your own say `allow_private = true`)",
        )
    return HookChannel(kind, form.id, url, key, form.allow_private, ca_file, form.language)


def post_to(
    channel: HookChannel, message: Mapping[str, Any], *, query: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """Post a message to a hook; `query` is added to its address.

    Raises:
        NotNow: there is no answer.

    """
    from monitor.alerts.posting import Receiver, post_json

    url = channel.url.reveal()
    if query:
        url += ("&" if urlsplit(url).query else "?") + query
    receiver = Receiver(channel.type, channel.id, url, channel.secrets, channel.allow_private, channel.ca_file)
    return post_json(receiver, message, headers)


@dataclass(frozen=True, slots=True)
class Codes:
    """What a service's error codes mean that come inside of a 200.

    Attributes:
        busy: it is asked too often.
        gone: the hook was taken out of its chat, or switched off.
        set_up: what a person has to change there, by code.

    """

    busy: frozenset[int]
    gone: frozenset[int]
    set_up: Mapping[int, str] = field(default_factory=dict)


def check_code(answer: Answer, code: object, codes: Codes) -> None:
    """Return where an answer's code says that the message was taken (0).

    Raises:
        NotNow: it is asked too often, or set up in another way.
        ChannelGone: the hook is gone.
        DeliveryError: another refusal, see `monitor.alerts.posting`.

    """
    from monitor.alerts.errors import NotNow, Refused
    from monitor.alerts.posting import gone_error, refusal

    name = answer.receiver.name
    if answer.is_good and code == 0:
        return
    if code in codes.busy:
        wait = answer.retry_after_s or BUSY_S
        raise NotNow(f"{name} says that it is asked too often; it is tried again later", retry_after_s=wait)
    if code in codes.gone:
        raise gone_error(answer, f"answers {code}{answer.words}")
    if isinstance(code, int) and code in codes.set_up:
        raise NotNow(f"{name} answers {code}{answer.words}; {codes.set_up[code]}")
    if not answer.is_good:
        raise refusal(answer, gone=(404, 410))
    raise Refused(f"{name} refuses the message{answer.words or ' without a word'}; see the robot's settings")


def _is_of(url: str, hosts: tuple[str, ...]) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return True  # complained about already
    return any(host == end or host.endswith(f".{end}") for end in hosts)
