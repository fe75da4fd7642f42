"""Acme's price page in the tests of the past, and a user who wants to hear of everything."""

from __future__ import annotations

PAGE = "https://acme.example/pricing"

PROVIDER = f"""name = "Acme"
home = "https://acme.example"

[[page]]
url = "{PAGE}"
verified = false
prefixes = ["https://old.acme.example/prices"]
"""

RULES = """
[[channel]]
id = "all"
type = "webhook"
url = "https://hooks.example.com/all"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

[[rule]]
id = "everything"
channels = ["all"]
"""


def page(price_in: str, price_out: str) -> str:
    """The page with these dollars for a million tokens."""
    return (
        "<html><body><h1>API pricing</h1><p>Prices per 1M tokens</p><table>"
        "<tr><th>Model</th><th>Input</th><th>Output</th></tr>"
        f"<tr><td>acme-large</td><td>${price_in}</td><td>${price_out}</td></tr></table></body></html>"
    )
