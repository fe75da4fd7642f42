"""What the settings say of each type of channel, and what is said of a mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerts.services.hooks import HookChannel
from monitor.alerts.services.ntfy import NtfyChannel
from monitor.alerts.services.telegram import TelegramChannel
from monitor.channel_secrets import Secret
from tests.monitor.test_settings import load, refusal

URLS = {
    "slack": "https://hooks.slack.com/services/T0/B0/canary",
    "discord": "https://discord.com/api/webhooks/1/canary",
    "teams": "https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=canary",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/canary",
    "lark": "https://open.larksuite.com/open-apis/bot/v2/hook/canary",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=canary",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary",
}
BOT = "123456789:AAcanary_x-y"


def hook(kind: str, *lines: str) -> str:
    return "\n".join(["[[channel]]", 'id = "team"', f'type = "{kind}"', *lines]) + "\n"


@pytest.mark.parametrize("kind", URLS)
def test_an_address_comes_from_its_variable_or_with_a_warning_from_the_settings(tmp_path: Path, kind: str) -> None:
    settings = load(tmp_path, hook(kind, 'language = "zh"'), PRICEFALL_CHANNEL_TEAM_URL=URLS[kind])
    (channel,) = settings.channels
    assert isinstance(channel, HookChannel)
    assert (channel.type, channel.url, channel.language) == (kind, Secret(URLS[kind]), "zh")
    assert "canary" not in repr(settings)
    (warning, unused) = load(tmp_path, hook(kind, f'url = "{URLS[kind]}"')).warnings
    assert "`url` stands in the settings file for all who can read it" in warning
    assert "named by no rule" in unused


@pytest.mark.parametrize("kind", URLS)
def test_an_address_of_another_service_is_refused(tmp_path: Path, kind: str) -> None:
    other = URLS["slack" if kind != "slack" else "discord"]
    message = refusal(tmp_path, hook(kind, f'url = "{other}"'))
    assert f"line 4: channel[1].url: is no address of {kind}; it looks like https://" in message
    assert "canary" not in message
    for wrong in ("http://hooks.slack.com/x", "https://10.0.0.1/x", "https://hooks.slack.com.evil.example/x"):
        assert "line 4: channel[1].url: " in refusal(tmp_path, hook(kind, f'url = "{wrong}"'))
    relay = hook(kind, 'url = "http://10.0.0.1/canary"', "allow_private = true")
    assert len(load(tmp_path, relay).channels) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (hook("slack"), "channel[1].url: is missing: set PRICEFALL_CHANNEL_TEAM_URL, or name a `url_file`"),
        (hook("slack", 'secret = "x"'), "channel[1].secret: unknown key"),
        (hook("slak"), "line 3: channel[1].type: 'slak' is no type of channel; did you mean 'slack'?; known are email"),
        (hook("3"), "'3' is no type of channel"),
        ('[[channel]]\nid = "x"\n', "line 1: channel[1].type: is missing; known are email, webhook, slack"),
        (hook("telegram", 'chat = "1"'), "channel[1].token: is missing: set PRICEFALL_CHANNEL_TEAM_TOKEN"),
        (hook("telegram", 'chat = "1"', 'token = "canary"'), "is no token of a bot; it looks like 123456789:AA"),
        (hook("telegram", f'token = "{BOT}"', 'chat = "mine"'), "is no chat; write its number in quotes"),
        (hook("telegram", f'token = "{BOT}"', "chat = 5"), "channel[1].chat: Input should be a valid string"),
        (hook("telegram", f'token = "{BOT}"', 'chat = "5"', 'server = "http://a.example"'), "must begin with https://"),
        (hook("ntfy"), "channel[1].topic: is missing"),
        (hook("ntfy", 'topic = "a/b"'), "channel[1].topic: is no topic"),
        (hook("ntfy", 'topic = "a"', 'server = "https://192.168.1.2"'), "192.168.1.2 is a private address"),
        (hook("ntfy", 'topic = "a"', 'sever = "x"'), "sever: unknown key; did you mean 'server'?"),
        (hook("ntfy", 'topic = "a"', 'language = "fr"'), "language: Input should be 'en' or 'zh'"),
    ],
)
def test_p32_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    message = refusal(tmp_path, text)
    assert complaint in message
    assert "canary" not in message


def test_a_bot_and_a_topic_on_servers_of_ones_own(tmp_path: Path) -> None:
    own = ('server = "http://10.0.0.1:8081/"', "allow_private = true")
    text = hook("telegram", 'chat = "@prices"', "topic = 7", *own)
    (bot,) = load(tmp_path, text, PRICEFALL_CHANNEL_TEAM_TOKEN=BOT).channels
    assert isinstance(bot, TelegramChannel)
    assert (bot.chat, bot.topic, bot.server, bot.token) == ("@prices", 7, "http://10.0.0.1:8081", Secret(BOT))
    settings = load(tmp_path, hook("ntfy", 'topic = "prices"', *own), PRICEFALL_CHANNEL_TEAM_TOKEN="tk_canary")
    (topic,) = settings.channels
    assert isinstance(topic, NtfyChannel)
    assert (topic.topic, topic.token) == (Secret("prices"), Secret("tk_canary"))
    assert len(settings.warnings) == 1, "a topic beside a token is no secret"


def test_a_wrong_topic_is_told_in_words_and_not_by_a_pattern(tmp_path: Path) -> None:
    said = refusal(tmp_path, '[[channel]]\nid = "phone"\ntype = "ntfy"\ntopic = "my topic"\n')
    assert "topic: is no topic: write at most 64 letters, digits, dashes and underscores" in said
    assert "[-_A-Za" not in said
    assert "my topic" not in said, "it may be a secret"
