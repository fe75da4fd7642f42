"""Feeds: structured sources that state what other sellers charge; each module knows the shape of one.

A feed never sets a price. It is a witness, and copies of one source are one witness: lineages are counted, not feeds.
"""
