"""Secrets of channels: from the environment, from files, or (with a warning) from the settings file.

A secret shows as asterisks wherever it is printed; only `reveal()` gives the words, at the place where they are sent.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

MASK = "**********"


class Secret:
    """Words that must never be printed; equality is by content, so that settings can be compared."""

    __slots__ = ("_words",)

    def __init__(self, words: str) -> None:
        self._words = words

    def reveal(self) -> str:
        """The words themselves."""
        return self._words

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._words == self._words

    def __hash__(self) -> int:
        return hash(self._words)

    def __bool__(self) -> bool:
        return bool(self._words)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled; hand over the channel's id and load the settings again")


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret and what must be said about where it was found (an error, or a warning)."""

    secret: Secret | None
    error: str | None = None
    warning: str | None = None


def variable_name(channel: str, field: str) -> str:
    """The environment variable of a channel's secret.

    >>> variable_name("finops-mail", "password")
    'PRICEFALL_CHANNEL_FINOPS_MAIL_PASSWORD'
    """
    return f"PRICEFALL_CHANNEL_{channel.upper().replace('-', '_')}_{field.upper()}"


def find_secret(
    channel: str,
    field: str,
    plain: str | None,
    file: str | None,
    folder: Path,
    env: Mapping[str, str],
    *,
    variable: str | None = None,
) -> FoundSecret:
    """A secret from its environment variable, else its file, else the settings file.

    Args:
        channel: the channel's id.
        field: the setting's name, such as `password`.
        plain: what the settings file says itself.
        file: the path that `<field>_file` gives, relative to `folder`.
        folder: where the settings file stands.
        env: the environment.
        variable: the environment variable, where the secret is no channel's.

    """
    variable = variable or variable_name(channel, field)
    if env.get(variable):
        return FoundSecret(Secret(env[variable]))
    if plain is not None and file is not None:
        return FoundSecret(None, error=f"says both `{field}` and `{field}_file`; keep the file")
    if file is not None:
        return _read_secret_file(folder / Path(file).expanduser(), variable)
    if plain:
        return FoundSecret(
            Secret(plain),
            warning=f"`{field}` stands in the settings file for all who can read it; move it to {variable} or to a "
            f"file of mode 600 named by `{field}_file`",
        )
    return FoundSecret(None)


def check_signing_secret(secret: Secret) -> str | None:
    """What is wrong with a Standard Webhooks secret, or None; the words are not repeated."""
    words = secret.reveal()
    remedy = "make one with: python3 -c \"import base64,os; print('whsec_'+base64.b64encode(os.urandom(32)).decode())\""
    if not words.startswith("whsec_"):
        return f"must begin with `whsec_`; {remedy}"
    try:
        key = base64.b64decode(words.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return f"is no base64 after `whsec_`; {remedy}"
    return None if len(key) >= 16 else f"is shorter than 16 bytes; {remedy}"


def _read_secret_file(path: Path, variable: str) -> FoundSecret:
    try:
        with path.open("rb") as stream:
            facts = os.fstat(stream.fileno())
            if not stat.S_ISREG(facts.st_mode):
                return FoundSecret(None, error=f"{path} is no regular file")
            if facts.st_mode & 0o007:
                return FoundSecret(None, error=f"{path} can be read or changed by everybody; run: chmod 600 {path}")
            if facts.st_uid not in {0, os.geteuid()}:
                return FoundSecret(None, error=f"{path} belongs to another user; make a copy that is yours, mode 600")
            words = stream.read(65536).decode("utf-8").strip()
    except UnicodeDecodeError:
        return FoundSecret(None, error=f"{path} is not text in UTF-8")
    except OSError as err:
        return FoundSecret(
            None, error=f"{path} cannot be read ({err.strerror}); write the secret there, mode 600, or set {variable}"
        )
    if not words or "\n" in words or "\r" in words:
        return FoundSecret(None, error=f"{path} must hold the secret on one line and nothing else")
    return FoundSecret(Secret(words))
