"""The ways to reach somebody, a module each: its form in the settings, the message as its users expect it, the sending.

A new one is a file with a `SERVICE` here, a name in `registry`, and a table in docs/alerts.md.
"""
