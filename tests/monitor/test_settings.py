from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.channel_secrets import Secret
from monitor.channels import EmailChannel, WebhookChannel
from monitor.settings import DEFAULT_FILE, MonitorSettings, Rule, Settings, load_settings, write_default
from monitor.toml_lines import line_of
from scrapers.catalog import ConfigError
from scrapers.fetching import FetchSettings

SIGNING_SECRET = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
MAIL = """
[[channel]]
id = "finops-mail"
type = "email"
host = "smtp.example.com"
username = "pricefall"
from = "pricefall@example.com"
to = ["finops@example.com"]
"""
HOOK = """
[[channel]]
id = "hook"
type = "webhook"
url = "https://example.com/hooks/pricefall"
"""
RULE = """
[[rule]]
id = "all"
channels = ["{channel}"]
"""


def load(folder: Path, text: str, **env: str) -> Settings:
    path = folder / "pricefall.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, env={"HOME": str(folder), **env}, cwd=folder)


def refusal(folder: Path, text: str, **env: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(folder, text, **env)
    return str(refused.value)


def secret_file(folder: Path, words: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(words)
    path.chmod(mode)
    return path


# Where settings come from


def test_settings_are_sought_in_four_places_and_the_first_wins(tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "home" / ".config" / "pricefall"
    work.mkdir()
    home.mkdir(parents=True)
    named, by_variable = tmp_path / "named.toml", tmp_path / "variable.toml"
    places = [named, by_variable, work / "pricefall.toml", home / "pricefall.toml"]
    for path in places:
        path.write_text("")
    env = {"HOME": str(tmp_path / "home"), "PRICEFALL_CONFIG": str(by_variable)}
    assert load_settings(named, env=env, cwd=work).path == named
    assert load_settings(env=env, cwd=work).path == by_variable
    del env["PRICEFALL_CONFIG"]
    assert load_settings(env=env, cwd=work).path == work / "pricefall.toml"
    (work / "pricefall.toml").unlink()
    assert load_settings(env=env, cwd=work).path == home / "pricefall.toml"


def test_without_a_file_the_defaults_hold_in_the_user_s_folder(tmp_path: Path) -> None:
    settings = load_settings(env={"HOME": str(tmp_path)}, cwd=tmp_path)
    assert settings.path is None
    assert settings.database == tmp_path / ".config" / "pricefall" / "pricefall.db"
    assert settings.archive == tmp_path / ".config" / "pricefall" / "archive"
    assert settings.fetch == FetchSettings()
    assert (settings.channels, settings.rules, settings.warnings) == ((), (), ())


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_named_file_that_is_missing_is_an_error_and_not_the_defaults(tmp_path: Path, by_variable: bool) -> None:
    missing = tmp_path / "no.toml"
    env = {"HOME": str(tmp_path)} | ({"PRICEFALL_CONFIG": str(missing)} if by_variable else {})
    with pytest.raises(ConfigError, match=r"no.toml: .*does not exist; `pricefall init` writes one"):
        load_settings(None if by_variable else missing, env=env, cwd=tmp_path)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, 'database = "db/prices.db"\narchive = "/var/lib/pages"\nproviders = "mine"\n')
    assert settings.database == tmp_path / "db" / "prices.db"
    assert settings.archive == Path("/var/lib/pages")
    assert settings.providers_dir == tmp_path / "mine"


def test_p33_home_need_not_be_set(tmp_path: Path) -> None:
    assert load_settings(env={}, cwd=tmp_path).database.is_absolute()


# What init writes


def test_init_writes_settings_that_equal_the_defaults_and_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pricefall.toml"
    write_default(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "# A channel is a way to reach somebody." in path.read_text()
    written = load_settings(path, env={}, cwd=tmp_path)
    nothing = load(tmp_path, "")
    assert (written.fetch, written.monitor, written.language) == (
        nothing.fetch,
        nothing.monitor,
        nothing.language,
    )
    assert written.database == path.with_name("pricefall.db")


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pricefall.toml"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="exists already and is left as it is"):
        write_default(path)
    assert path.read_text() == "mine"


def test_s14_init_does_not_write_through_a_link(tmp_path: Path) -> None:
    link, target = tmp_path / "pricefall.toml", tmp_path / "elsewhere"
    link.symlink_to(target)
    with pytest.raises(ConfigError):
        write_default(link)
    assert not target.exists()


def test_init_names_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file cannot be made"):
        write_default(tmp_path / "file" / "pricefall.toml")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import
def test_every_commented_setting_of_the_default_file_is_a_real_one(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=[\[\"a-z])", "", DEFAULT_FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    secret_file(tmp_path, "pa55").rename(tmp_path / "smtp-password")
    secret_file(tmp_path, SIGNING_SECRET).rename(tmp_path / "webhook-secret")
    secret_file(tmp_path, "https://open.larksuite.com/open-apis/bot/v2/hook/x").rename(tmp_path / "bot-address")
    secret_file(tmp_path, "123456789:AAx").rename(tmp_path / "bot-token")
    for name in ("bot-secret", "ntfy-token"):
        secret_file(tmp_path, "x").rename(tmp_path / name)
    text = re.sub(r'(type = "apprise".*)\nurl_file.*', r'\1\nurl = "jsons://example.com/x"', text)
    settings = load(tmp_path, text)
    assert [channel.type for channel in settings.channels] == [
        "email",
        "webhook",
        "lark",
        "ntfy",
        "telegram",
        "apprise",
        "atom",
        "exec",
    ]
    assert settings.fetch.hosts == {"openai.com": "http://127.0.0.1:8080"}
    assert settings.rules[0].min_percent == 5
    assert "`url` stands in the settings file" in settings.warnings[0], "put there by this test"
    (unused,) = settings.warnings[1:]
    named = "'team-chat', 'phone', 'bot', 'anything', 'feed', 'own'"
    assert unused == f"channels {named} are named by no rule, so nothing is ever sent to them"


# What is wrong


def test_p32_all_errors_come_at_once_with_their_lines_and_proposals(tmp_path: Path) -> None:
    text = """databse = "x.db"
language = "fr"

[fetch]
timeout = "3 parsecs"
concurency = 3

[[channel]]
id = "hook"
type = "pigeon"

[[channel]]
id = "mail"
type = "email"
host = "smtp.example.com"
port = "587"
from = "pricefall@example.com"
to = ["finops@example.com", "nobody"]

[[rule]]
id = "cuts"
kinds = ["cuts"]
meters = ["inptu"]
channels = ["hok"]
"""
    message = refusal(tmp_path, text).replace(f"{tmp_path}/pricefall.toml ", "")
    lines = message.splitlines()
    for expected in (
        "line 1: databse: unknown key; did you mean 'database'?",
        "line 2: language: Input should be 'en' or 'zh'",
        "line 5: fetch.timeout: '3 parsecs' is no duration; write it as",
        "line 6: fetch.concurency: unknown key; did you mean 'concurrency'?",
        "line 10: channel[1].type: 'pigeon' is no type of channel; known are email, webhook, slack",
        "line 16: channel[2].port: Input should be a valid integer",
        "line 18: channel[2].to[2]: 'nobody' is no bare mail address",
        "line 22: rule[1].kinds[1]: 'cuts' is no kind of event; did you mean 'cut'?",
        "line 23: rule[1].meters[1]: 'inptu' is no meter; did you mean 'input'?",
        "line 24: rule[1].channels: no channel is called 'hok'; did you mean 'hook'?",
    ):
        assert any(line.startswith(expected) for line in lines), expected
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", "not valid TOML"),
        ("[fetch]\nretries = 99\n", "fetch.retries: Input should be less than or equal to 10"),
        ("[fetch]\nretries = true\n", "fetch.retries: Input should be a valid integer"),
        ('[fetch]\nuser_agent = "a\\r\\nX: y"\n', "fetch.user_agent: must be one line"),
        ('[fetch.hosts]\n"openai.com" = "http://10.0.0.1:80"\n', "pricefall.toml line 1: fetch.hosts: 'openai.com'"),
        ('[[rule]]\nid = "r"\n', "line 1: rule[1].channels: is missing"),
        ('[[rule]]\nid = "R 1"\nchannels = ["x"]\n', "line 2: rule[1].id"),
        (HOOK * 2, "channel[2].id: 'hook' is used twice"),
        ('[health]\nchannels = ["hok"]\n', "line 2: health.channels: no channel is called 'hok'"),
        ("[health]\nunread_margin = 5\n", "health.unread_margin: Input should be less than or equal to 1"),
        ("[health]\nfailling_after = 2\n", "failling_after: unknown key; did you mean 'failing_after'?"),
        ("channel = 3\n", "line 1: channel: Input should be a valid list"),
        ("rule = [3]\n", "line 1: rule[1]"),
        (RULE.format(channel="x") + "min_percent = -1\n", "min_percent: Input should be greater than or equal to 0"),
        (RULE.format(channel="x") + 'currency = "dollars"\n', "'dollars' is no currency"),
        (HOOK.replace("https", "http"), "channel[1].url: the URL must begin with https://"),
        (HOOK.replace("example.com", "192.168.1.1"), "192.168.1.1 is a private address; say `allow_private = true`"),
        (HOOK.replace("url =", "#"), "channel[1].url: is missing"),
        (HOOK, "channel[1].secret: is missing: set PRICEFALL_CHANNEL_HOOK_SECRET, or name a `secret_file`"),
        (HOOK + 'secret = "canary"\n', "must begin with `whsec_`"),
        (HOOK + 'secret = "whsec_canary!"\n', "is no base64"),
        (HOOK + 'secret = "whsec_Y2FuYXJ5"\n', "is shorter than 16 bytes"),
        (HOOK + f'secret = "{SIGNING_SECRET}"\nca_file = "no.pem"\n', "no.pem does not exist"),
        (MAIL, "needs a password: set PRICEFALL_CHANNEL_FINOPS_MAIL_PASSWORD"),
        (
            MAIL.replace("username", "#") + 'security = "none"\n',
            "is only for a server on this machine, not for smtp.example.com",
        ),
        (MAIL.replace("pricefall@example", "Pricefall <p@example"), "is no bare mail address"),
        (MAIL.replace('["finops@example.com"]', "[]"), "channel[1].to: List should have at least 1 item"),
    ],
)
def test_p32_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    message = refusal(tmp_path, text)
    assert complaint in message
    assert "canary" not in message


def test_a_directory_or_strange_bytes_in_place_of_the_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "pricefall.toml"
    path.write_bytes(b'language = "\xff"')
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(path, env={}, cwd=tmp_path)
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(tmp_path, env={}, cwd=tmp_path)


def test_a_line_is_found_in_tables_of_tables_and_quoted_keys() -> None:
    text = '[fetch]\nretries = 1\n[fetch.hosts]\n"open.ai" = 3\n[[rule]]\n[[rule]] # two\nkinds = [\n 3]\n'
    assert line_of(text, ("fetch", "hosts", "open.ai")) == 4
    assert line_of(text, ("rule", 1, "kinds", 0)) == 7
    assert line_of(text, ("rule", 0, "channels")) == 5
    assert line_of(text, ("nowhere",)) is None


# Secrets


def test_a_secret_comes_from_the_environment_before_a_file(tmp_path: Path) -> None:
    secret_file(tmp_path, "from-file")
    text = MAIL + 'password_file = "secret"\n' + RULE.format(channel="finops-mail")
    (channel,) = load(tmp_path, text).channels
    assert isinstance(channel, EmailChannel)
    assert channel.password == Secret("from-file")
    (channel,) = load(tmp_path, text, PRICEFALL_CHANNEL_FINOPS_MAIL_PASSWORD="from-env").channels
    assert isinstance(channel, EmailChannel)
    assert channel.password == Secret("from-env")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o602])
def test_s13_a_secret_file_that_everybody_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    secret_file(tmp_path, "canary", mode)
    message = refusal(tmp_path, MAIL + 'password_file = "secret"\n')
    assert "line 9: channel[1].password_file:" in message
    assert f"run: chmod 600 {tmp_path}/secret" in message
    assert "canary" not in message


def test_a_group_may_read_a_secret_file(tmp_path: Path) -> None:
    secret_file(tmp_path, "from-file\n", 0o640)
    (channel,) = load(tmp_path, MAIL + 'password_file = "secret"\n').channels
    assert isinstance(channel, EmailChannel)
    assert channel.password == Secret("from-file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_s13_a_secret_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(secret_file(tmp_path, "canary"), 12345, 12345)
    assert "belongs to another user" in refusal(tmp_path, MAIL + 'password_file = "secret"\n')


@pytest.mark.parametrize(("words", "complaint"), [("", "must hold the secret on one line"), ("a\nb", "on one line")])
def test_a_secret_file_holds_one_line(tmp_path: Path, words: str, complaint: str) -> None:
    secret_file(tmp_path, words)
    assert complaint in refusal(tmp_path, MAIL + 'password_file = "secret"\n')


def test_a_secret_file_that_is_missing_or_no_file_is_named(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in refusal(tmp_path, MAIL + 'password_file = "secret"\n')
    assert "is no regular file" in refusal(tmp_path, MAIL + 'password_file = "/dev/null"\n')


def test_a_secret_in_the_settings_file_is_taken_with_a_warning(tmp_path: Path) -> None:
    settings = load(tmp_path, HOOK + f'secret = "{SIGNING_SECRET}"\n' + RULE.format(channel="hook"))
    (warning,) = settings.warnings
    assert "channel 'hook': `secret` stands in the settings file" in warning
    assert "PRICEFALL_CHANNEL_HOOK_SECRET" in warning
    assert SIGNING_SECRET not in warning


def test_a_secret_said_twice_is_refused(tmp_path: Path) -> None:
    secret_file(tmp_path, SIGNING_SECRET)
    text = HOOK + f'secret = "{SIGNING_SECRET}"\nsecret_file = "secret"\n'
    assert "says both `secret` and `secret_file`" in refusal(tmp_path, text)


def test_a_webhook_s_url_and_both_secrets_may_come_from_the_environment(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[[channel]]\nid = "hook"\ntype = "webhook"\n' + RULE.format(channel="hook"),
        PRICEFALL_CHANNEL_HOOK_URL="https://example.com/T0KEN",
        PRICEFALL_CHANNEL_HOOK_SECRET=SIGNING_SECRET,
        PRICEFALL_CHANNEL_HOOK_PREVIOUS_SECRET=SIGNING_SECRET + "YWJj",
    )
    (channel,) = settings.channels
    assert isinstance(channel, WebhookChannel)
    assert channel.url.reveal() == "https://example.com/T0KEN"
    assert channel.previous_secret == Secret(SIGNING_SECRET + "YWJj")
    assert settings.warnings == ()


def test_s12_secrets_are_masked_wherever_settings_are_printed(tmp_path: Path) -> None:
    settings = load(tmp_path, MAIL + 'password = "canary"\n' + HOOK + f'secret = "{SIGNING_SECRET}"\n')
    for place in (repr(settings), str(settings.channels), f"{settings}", f"{Secret('canary')!s:>20}"):
        assert "canary" not in place
        assert SIGNING_SECRET not in place
        assert "**********" in place
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("canary"))


def test_commands_that_only_read_touch_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "pricefall.toml"
    path.write_text(MAIL + 'password_file = "not-there"\n' + RULE.format(channel="finops-mail"))
    settings = load_settings(path, env={}, cwd=tmp_path, with_secrets=False)
    assert settings.channels == ()
    assert settings.database == tmp_path / "pricefall.db"


# What is read


def test_channels_and_rules_are_read_as_they_stand(tmp_path: Path) -> None:
    text = """
language = "zh"
[monitor]
confirm_after = "5m"
confirm_large_after = "1h"
confirm_removal_after = "1d"
settle_after = "2d"
flap_window = "0s"
jitter = 30
[[channel]]
id = "local"
type = "email"
host = "localhost"
port = 1025
security = "none"
from = "pricefall@example.com"
to = ["a@example.com", "b@example.com", "a@example.com"]
[[channel]]
id = "abroad"
type = "email"
host = "localhost"
security = "none"
from = "pricefall@example.com"
to = ["c@example.com"]
language = "en"
[[rule]]
id = "cuts"
kinds = ["cut", "held"]
models = ["gpt-*"]
meters = ["*input"]
min_percent = 2.5
currency = "cny"
channels = ["local"]
"""
    settings = load(tmp_path, text)
    assert settings.language == "zh"
    assert settings.monitor == MonitorSettings(300, 3_600, 86_400, 2 * 86_400, 0, jitter_s=30)
    channel, abroad = settings.channels
    assert channel.addresses == ("local/a@example.com", "local/b@example.com")
    assert [settings.language_of(each) for each in (channel, abroad)] == ["zh", "en"]
    assert settings.rules == (
        Rule(
            "cuts",
            ("local",),
            kinds=("cut", "held"),
            models=("gpt-*",),
            meters=("*input",),
            min_percent=2.5,
            currency="CNY",
        ),
    )
    assert settings.channel("local") is channel


def test_a_channel_that_no_rule_names_is_warned_of(tmp_path: Path) -> None:
    settings = load(tmp_path, HOOK, PRICEFALL_CHANNEL_HOOK_SECRET=SIGNING_SECRET)
    assert settings.warnings == ("channel 'hook' is named by no rule, so nothing is ever sent to it",)


def test_health_settings_are_read_and_a_channel_for_health_alone_is_no_mistake(tmp_path: Path) -> None:
    text = HOOK + '[health]\nchannels = ["hook"]\nvanished_after = 2\nstale_after = "36h"\nunread_margin = 0.1\n'
    settings = load(tmp_path, text, PRICEFALL_CHANNEL_HOOK_SECRET=SIGNING_SECRET)
    health = settings.health
    assert (health.channels, health.vanished_after, health.failing_after) == (("hook",), 2, 3)
    assert (health.stale_after_s, health.unread_margin) == (129_600, 0.1)
    assert settings.warnings == ()


def test_fetch_settings_reach_the_fetcher(tmp_path: Path) -> None:
    text = '[fetch]\ntimeout = "5s"\nretry_after_cap = "1h"\ncontact = "ops@example.com"\nretries = 0\n'
    fetch = load(tmp_path, text).fetch
    assert (fetch.timeout_s, fetch.retry_after_cap_s, fetch.retries) == (5, 3600, 0)
    assert "ops@example.com" in fetch.full_user_agent


def test_the_command_starts_without_the_slow_libraries() -> None:
    code = "import sys, monitor.settings, monitor.rules; print({'pydantic', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
