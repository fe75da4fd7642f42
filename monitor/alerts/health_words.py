"""Incidents in words: what is wrong, why it is thought so and what to do, in English and Chinese.

A sentence of the fetcher or the reader that stands in it stays in English: it is what the logs say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.alerts.phrases import instant_text, visible
from monitor.alerts.words import word

_Words = tuple[str, str, str]  # title, why, what to do

_EN: dict[str, _Words] = {
    "outage": (
        "pages cannot be read",
        "{pages} of {looked} pages, of {providers} providers, began to fail together: {kinds}.",
        "Check this machine's network, DNS and proxy first. A page that fails even afterwards is told of by itself.",
    ),
    "vanished": (
        "page vanished",
        "It was not there at {looks} looks in a row. The last one said: {message}.",
        "Find its new address for the provider file and test it with `pricefall provider try {provider}`.",
    ),
    "blocked": (
        "page blocked",
        "{looks} looks in a row ended at a challenge, a log-in or a refusal. The last one said: {message}.",
        "Look for a Markdown or JSON twin of the page, or ask its owner.",
    ),
    "failing": (
        "page fails",
        "{looks} looks in a row failed. The last one said: {message}.",
        "Open the page in a browser; if it is there, `pricefall provider try {provider}` says more.",
    ),
    "layout": (
        "layout changed",
        "The page came, and at {looks} looks in a row it could not be read or believed: {message}.",
        "`pricefall provider try {provider}` shows what was not understood and proposes the line for its file.",
    ),
    "columns": (
        "layout changed",
        "{columns} columns are not understood, {columns_before} were before: {example}.",
        "`pricefall provider try {provider}` shows what was not understood and proposes the line for its file.",
    ),
    "unread": (
        "more amounts unread",
        "{unread} of {seen} amounts on the page are not understood ({percent} %); {before_percent} % were usual.",
        "`pricefall provider try {provider}` shows what was not understood and proposes the line for its file.",
    ),
    "stale": (
        "page not read for long",
        "It was last read on {last_ok}.",
        "Try `pricefall run --only {provider}`; see whether cron or `pricefall watch` looks at this provider.",
    ),
    "not_in_full": (
        "page not read for long",
        "Its text last came on {last_full}; since then its server has only said that nothing changed.",
        "Compare the page in a browser with `pricefall prices --provider {provider}`.",
    ),
    "idle": (
        "nothing is watched",
        "The last run ended on {last_run}.",
        "See whether cron or `pricefall watch` is still at work.",
    ),
    "flapping": (
        "prices go to and fro",
        "{prices} prices go to and fro: {example}.",
        "Nothing is told of them until they settle. See whether the page is served in two versions.",
    ),
    "held": (
        "changes wait for a person",
        "{held} changes are held, the oldest since {since}.",
        "Decide with `pricefall review`.",
    ),
    "retirement": (
        "{model} will be retired",
        "The page says that {model} ends on {retires_at}: “{quote}”.",
        "Move to another model before that day.",
    ),
    "deprecation": (
        "{model} is deprecated",
        "The page calls {model} deprecated, or says that it ends: “{quote}”.",
        "Ask the provider when it ends, and plan for another model.",
    ),
}

_ZH: dict[str, _Words] = {
    "outage": (
        "多个页面无法读取",
        "{providers} 家服务商的 {pages} 个页面（共查看 {looked} 个）同时开始失败：{kinds}。",
        "请先检查本机的网络、DNS 和代理。之后仍然失败的页面会另行通知。",
    ),
    "vanished": (
        "页面已不存在",
        "连续 {looks} 次查看均未找到该页面，最近一次的说明：{message}。",
        "请找到新地址并写入服务商文件，可用 `pricefall provider try {provider}` 验证。已有价格保持不变。",
    ),
    "blocked": (
        "页面被拦截",
        "连续 {looks} 次查看遇到验证、登录或拒绝访问，最近一次的说明：{message}。",
        "请寻找该页面的 Markdown 或 JSON 版本，或联系其所有者。",
    ),
    "failing": (
        "页面读取失败",
        "连续 {looks} 次查看失败，最近一次的说明：{message}。",
        "请在浏览器中打开该页面；若页面正常，请运行 `pricefall provider try {provider}`。",
    ),
    "layout": (
        "页面结构已变",
        "页面可以打开，但连续 {looks} 次无法读取或不可信：{message}。",
        "`pricefall provider try {provider}` 会列出未能理解的内容，并给出可写入服务商文件的建议。",
    ),
    "columns": (
        "页面结构已变",
        "有 {columns} 列未能理解（此前为 {columns_before} 列）：{example}。",
        "`pricefall provider try {provider}` 会列出未能理解的内容，并给出可写入服务商文件的建议。",
    ),
    "unread": (
        "未能理解的金额增多",
        "页面上 {seen} 个金额中有 {unread} 个未能理解（{percent} %，通常为 {before_percent} %）。",
        "`pricefall provider try {provider}` 会列出未能理解的内容，并给出可写入服务商文件的建议。",
    ),
    "stale": (
        "页面长时间未读取",
        "最近一次成功读取于 {last_ok}。",
        "请运行 `pricefall run --only {provider}`，并检查 cron 或 `pricefall watch` 是否仍在查看该服务商。",
    ),
    "not_in_full": (
        "页面长时间未读取",
        "最近一次取得全文于 {last_full}，此后服务器只答复未改动。",
        "请在浏览器中打开页面，与 `pricefall prices --provider {provider}` 比较。",
    ),
    "idle": (
        "监测已停止",
        "最近一次运行结束于 {last_run}。",
        "请检查 cron 或 `pricefall watch` 是否仍在运行。",
    ),
    "flapping": (
        "价格反复变动",
        "有 {prices} 个价格反复变动：{example}。",
        "价格稳定之前不会发送变动消息。请查看页面是否存在两个版本。",
    ),
    "held": (
        "有变动等待人工确认",
        "有 {held} 项变动待确认，最早始于 {since}。",
        "请运行 `pricefall review` 处理。",
    ),
    "retirement": (
        "{model} 即将下线",
        "页面称 {model} 将于 {retires_at} 下线：“{quote}”。",
        "请在此日期之前改用其他模型。",
    ),
    "deprecation": (
        "{model} 已标记为弃用",
        "页面称 {model} 已弃用或将下线：“{quote}”。",
        "请向服务商确认下线日期，并准备改用其他模型。",
    ),
}  # fmt: skip

_ONE = {
    "{columns} columns are": "1 column is",
    "{prices} prices go": "1 price goes",
    "{held} changes are": "1 change is",
    "{unread} of {seen} amounts on the page are": "1 of {seen} amounts on the page is",
}
_COUNTS = ("columns", "prices", "held", "unread")


def title_text(kind: str, facts: Mapping[str, Any], language: str) -> str:
    """What is wrong, in two to five words.

    >>> title_text("vanished", {"looks": 3}, "en"), title_text("retirement", {"model": "o1", "retires_at": None}, "en")
    ('page vanished', 'o1 is deprecated')
    """
    return _filled(_words(kind, facts, language)[0], facts, language)


def why_text(kind: str, facts: Mapping[str, Any], language: str) -> str:
    """Why it is thought so, in a sentence.

    >>> why_text("held", {"held": 1, "since": "2026-11-20T08:00:00Z"}, "en")
    '1 change is held, the oldest since 2026-11-20 08:00 UTC.'
    """
    text = _words(kind, facts, language)[1]
    for many, one in _ONE.items():
        if any(facts.get(name) == 1 and f"{{{name}}}" in many for name in _COUNTS):
            text = text.replace(many, one)
    return _filled(text, facts, language)


def advice_text(kind: str, facts: Mapping[str, Any], provider: str, language: str) -> str:
    """What to do, in a sentence or two."""
    return _filled(_words(kind, facts, language)[2], {**facts, "provider": provider}, language)


def health_subject(incidents: Sequence[Mapping[str, Any]], language: str, *, is_end: bool) -> str:
    """The subject line of a notice, from the JSON of its incidents: the only one, or their number and the first."""
    first = headline(incidents[0])
    if is_end:
        lasted = duration_text(incidents[0]["lasted_s"], language)
        first = word("health_over", language, fact=first, lasted=lasted)
    if len(incidents) > 1:
        first = word("health_several", language, count=len(incidents), fact=first)
    return f"{word('health', language)}: {first}"


def headline(incident: Mapping[str, Any]) -> str:
    """Whose page it is and what is wrong with it."""
    provider = incident["provider"]
    return f"{visible(provider, 60)}: {incident['title']}" if provider else str(incident["title"])


def duration_text(seconds: float, language: str) -> str:
    """How long something lasted, in its largest unit and the next smaller one.

    >>> duration_text(187_260, "en"), duration_text(86_460, "en"), duration_text(59, "en"), duration_text(3600, "zh")
    ('2 days 4 hours', '1 day', 'less than a minute', '1 小时')
    """
    minutes = int(seconds // 60)
    if not minutes:
        return "不到 1 分钟" if language == "zh" else "less than a minute"
    parts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    names = ("天", "小时", "分钟") if language == "zh" else ("day", "hour", "minute")
    first = next(place for place, count in enumerate(parts) if count)
    said = [
        f"{count} {name}{'s' if language != 'zh' and count > 1 else ''}"
        for count, name in list(zip(parts, names, strict=True))[first : first + 2]
        if count
    ]
    return " ".join(said)


def _words(kind: str, facts: Mapping[str, Any], language: str) -> _Words:
    """The sentences of a kind; some kinds are told apart by what is known of them."""
    if kind == "layout" and "columns" in facts:
        kind = "columns"
    elif kind == "stale" and "last_ok" not in facts:
        kind = "not_in_full" if "last_full" in facts else "idle"
    elif kind == "retirement" and not facts.get("retires_at"):
        kind = "deprecation"
    return (_ZH if language == "zh" else _EN)[kind]


def _filled(text: str, facts: Mapping[str, Any], language: str) -> str:
    """The sentence with its facts; words of pages and servers are made safe, and bring no full stop of their own."""
    for name, value in facts.items():
        if name == "kinds":
            shown = ", ".join(f"{visible(kind, 40)} ({count})" for kind, count in value.items())
        elif name in {"since", "last_ok", "last_full", "last_run", "retires_at"} and value:
            shown = instant_text(str(value), language)
        else:
            shown = visible(value, 300).rstrip(".。")
        text = text.replace("{" + name + "}", shown)  # never str.format: a value may hold braces
    return text
