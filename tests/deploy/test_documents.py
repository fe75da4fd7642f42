"""README, tour and FAQ name only documents, commands and options that exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from monitor.cli import cli

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FAQ = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
SHOWN = ("README.md", "docs/tour.md", "docs/faq.md")
CRON = r"(?:[\d*/,-]+ +){5}"


def called(text: str) -> Iterator[str]:
    """What is typed: lines of code blocks, after a prompt or cron's five fields, and commands between backticks."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from re.findall(rf"^(?:\$ |{CRON})?(pricefall .*)$", block, re.MULTILINE)
    yield from re.findall(r"`(pricefall (?!COMMAND)[^`\n]+)`", text)


def check(line: str) -> None:
    """Fail where the line, up to a pipe or a comment, names a command or an option that does not exist."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&>")
    lexer.whitespace_split = True
    words = list(lexer)
    end = next((at for at, word in enumerate(words) if set(word) <= set(";|&>")), len(words))
    command: click.Command = cli
    context = click.Context(cli, info_name="pricefall")
    left = words[1:end]
    while True:
        _, left, _ = command.make_parser(context).parse_args(left)
        if not isinstance(command, click.Group) or not left:
            break
        found = command.get_command(context, left[0])
        if found is None:
            context.fail(f"no command {left[0]!r}")
        command, context, left = found, click.Context(found, context, left[0]), left[1:]
    if left:
        context.fail(f"what is {left}?")


@pytest.mark.parametrize("name", SHOWN)
def test_every_command_and_option_that_is_shown_exists(name: str) -> None:
    lines = list(called((ROOT / name).read_text(encoding="utf-8")))
    assert len(lines) >= 8
    for line in lines:
        try:
            check(line)
        except click.UsageError as error:
            pytest.fail(f"{name}: `{line}`: {error.format_message()}")


@pytest.mark.parametrize(
    "line",
    [
        "pricefall lookup gpt-4o",
        "pricefall backfill lookup",
        "pricefall prices --weather",
        "pricefall --weather prices",
        "pricefall history --provider",
        "pricefall history gpt-4o gpt-4",
        "pricefall run --quiet --weather | head  # a comment",
    ],
)
def test_what_does_not_exist_is_found(line: str) -> None:
    assert list(called(f"```\n$ {line}\n```")) == [line]
    with pytest.raises(click.UsageError):
        check(line)


def test_every_document_is_linked_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)[)#]", README))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("name", SHOWN)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_faq_says_how_many_addresses_are_unverified() -> None:
    files = [tomllib.loads(path.read_text("utf-8")) for path in (ROOT / "config" / "providers").glob("*.toml")]
    pages = [page for file in files for page in file["page"]]
    unverified = [page for page in pages if not page["verified"]]
    assert f"{len(unverified)} of {len(pages)} say the" in " ".join(FAQ.split())
