"""Plugins of Datasette; it loads every file of this folder."""
