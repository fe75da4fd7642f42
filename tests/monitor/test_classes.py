"""The classes of models: what is shipped, and what a file may say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from monitor.classes import Classes, load_classes
from scrapers.catalog import ConfigError

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def shipped() -> Classes:
    return load_classes()


@pytest.mark.parametrize(
    ("name", "provider", "model", "on", "is_in"),
    [
        ("gpt-4", "openai", "gpt-4o", TODAY, True),
        ("gpt-4", "openai", "GPT-4o (2024-08-06)", TODAY, True),
        ("gpt-4", "openai", "gpt-4o-mini", TODAY, False),
        ("gpt-3.5", "openai", "gpt-4o-mini", TODAY, True),
        ("gpt-3.5", "openai", "gpt-4o", TODAY, True),  # what is as able as GPT-4 is as able as GPT-3.5
        ("gpt-4", "deepseek", "deepseek-chat", date(2024, 12, 25), False),  # it was V2.5 until then
        ("gpt-4", "deepseek", "deepseek-chat", date(2024, 12, 26), True),
        ("gpt-4", "anthropic", "Claude Sonnet 4.5", TODAY, True),
        ("gpt-4", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", TODAY, True),
        ("reasoning", "together", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", TODAY, False),
        ("embedding", "openai", "gpt-4o", TODAY, False),
    ],
)
def test_who_is_in_a_shipped_class(
    shipped: Classes, name: str, provider: str, model: str, on: date, is_in: bool
) -> None:
    assert shipped.named(name).has(provider, model, on) == is_in


def test_every_shipped_member_has_its_reason(shipped: Classes) -> None:
    assert len(shipped.classes) >= 4
    assert all(len(member.reason) > 8 for each in shipped.classes for member in each.members)


def test_the_users_own_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "classes.toml").write_text(GOOD, encoding="utf-8")
    assert [each.id for each in load_classes(tmp_path).classes] == ["ours"]


GOOD = """[expected]
fall_percent = [50, 75]

[[class]]
id = "ours"
name = "Ours"
reason = "we tried them"

[[class.member]]
models = ["nova-*"]
reason = "we tried it"
"""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (GOOD.replace("models =", "model ="), "line 10: unknown key 'model'; did you mean 'models'"),
        (GOOD.replace('reason = "we tried it"\n', ""), "say `reason` in words"),
        (GOOD.replace('["nova-*"]', '"nova-*"'), "line 10: `models` is a list of words"),
        (GOOD.replace("[50, 75]", "50"), "line 2: `fall_percent` is two numbers"),
        (GOOD + 'since = "2024-01-01"\n', "line 12: `since` is a day, such as 2024-12-26"),
        (GOOD + GOOD[GOOD.index("[[class]]") :], "the class 'ours' is there twice"),
        (
            GOOD.replace('name = "Ours"', 'name = "Ours"\nabove = ["our"]'),
            "no class is called 'our'; did you mean 'ours'",
        ),
        (GOOD.replace("]\n", "\n", 1), "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, wrong: str, words: str) -> None:
    (tmp_path / "classes.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_classes(tmp_path)
    assert words in str(refused.value)
