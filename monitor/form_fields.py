"""What the forms of the settings file are made of: their common rules, and the kinds of values that many keys have.

It is imported late, with the forms, since it needs pydantic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from monitor.channels import Complaint, Language
from scrapers.catalog import ConfigError, nearest, parse_duration


def _duration(value: Any) -> int:
    try:
        return parse_duration(value, "")
    except ConfigError as err:
        raise ValueError(str(err).removeprefix(": ")) from err


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable text")
    return value


def _address(value: str) -> str:
    local, at, domain = _one_line(value).rpartition("@")
    if not at or not local or not domain or any(sign in value for sign in ' ,;<>"') or not value.isascii():
        raise ValueError(f'{value!r} is no bare mail address; write it as "name@example.com"')
    return value


Duration = Annotated[int, BeforeValidator(_duration)]
Line = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[str, AfterValidator(_address)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Form(BaseModel):
    """Unknown keys are refused, and nothing is converted quietly: a port is a number, not a text of digits."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ChannelForm(Form):
    """What every `[[channel]]` has beside its `type`, which each form declares as a `Literal`."""

    id: Id
    language: Language | None = None


def keys_of(form: type[Form]) -> tuple[str, ...]:
    """The keys that a table of this form may have."""
    return tuple(spec.alias or name for name, spec in form.model_fields.items())


def complaints_of(
    err: ValidationError, prefix: tuple[str | int, ...], known_keys: Callable[[tuple[str | int, ...]], tuple[str, ...]]
) -> Iterator[Complaint]:
    """What pydantic found wrong, in our words.

    Args:
        err: what it raised.
        prefix: where the table stands in the file.
        known_keys: the keys of the table in which a key stands, for the proposal beside a misspelt one.

    """
    for error in err.errors(include_url=False):
        loc = error["loc"]
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            known = known_keys(loc)
            message = f"unknown key{nearest(str(loc[-1]), known)}; known are {', '.join(sorted(known))}"
        elif error["type"] == "missing":
            message = "is missing"
        elif error["type"] == "list_type" and isinstance(error["input"], str):
            message = 'must be a list, as ["one", "two"]'
        elif error["type"] == "literal_error" and isinstance(error["input"], str):  # a word of ours is no secret
            message += nearest(error["input"], re.findall(r"'([^']*)'", error["ctx"]["expected"]))
        yield Complaint((*prefix, *loc), message)
