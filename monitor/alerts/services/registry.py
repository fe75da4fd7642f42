"""Which types of channels there are; the module of one is imported when a channel of its type is met."""

from __future__ import annotations

from importlib import import_module

from monitor.alerts.services.service import Service

TYPES = {
    "email": "email",
    "webhook": "webhook",
    "slack": "slack",
    "discord": "discord",
    "teams": "teams",
    "telegram": "telegram",
    "ntfy": "ntfy",
    "feishu": "feishu",
    "lark": "feishu",
    "dingtalk": "dingtalk",
    "wecom": "wecom",
    "apprise": "apprise",
    "atom": "atom",
    "exec": "command",
}
"""The `type` of a channel, and the module that serves it."""


def service_of(kind: str) -> Service:
    """The service of a channel's type, one of `TYPES`."""
    module = import_module(f"monitor.alerts.services.{TYPES[kind]}")
    service: Service = module.SERVICE
    return service
