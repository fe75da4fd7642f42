"""What the chat services have in common: one address to post to, which is a secret, and perhaps a key beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.channel_secrets import Secret
from monitor.channels import Language, Place
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
class HookChannel:
    """The address of a chat service; `key` signs what is posted there, where the service asks for it."""

    type: str
    id: str
    url: Secret
    key: Secret | None = None
    allow_private: bool = False
    ca_file: Path | None = None
    language: Language | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.id,)

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


def _is_of(url: str, hosts: tuple[str, ...]) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return True  # complained about already
    return any(host == end or host.endswith(f".{end}") for end in hosts)
