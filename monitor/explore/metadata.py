"""What Datasette is told: titles, facets and questions from `config/explore.toml`, columns from the schema's comments.

A view's columns are those of the tables below it, so what their comments say is said of the view as well.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from storage.connection import Connection

_CONFIG = Path(__file__).parent.parent.parent / "config" / "explore.toml"
_COMMENTED = re.compile(r"^\s*(\w+)\b.*?\s-- (.+)$", re.MULTILINE)  # a column of a table, as `.schema` shows it
_BELOW_VIEWS = ("pages", "events", "rates")


def metadata_of(connection: Connection) -> dict[str, Any]:
    """The metadata of Datasette for this database."""
    told = tomllib.loads(_CONFIG.read_text(encoding="utf-8"))
    said = {row["name"]: row for row in connection.rows("SELECT name, type, sql FROM sqlite_schema WHERE sql NOT NULL")}
    comments = {name: dict(_COMMENTED.findall(row["sql"])) for name, row in said.items()}
    shared = {column: words for name in _BELOW_VIEWS for column, words in comments[name].items()} | told["columns"]
    tables: dict[str, Any] = {}
    for name, row in said.items():
        if row["type"] not in {"table", "view"}:
            continue
        known = shared if row["type"] == "view" else comments[name]
        columns = [each["name"] for each in connection.rows("SELECT name FROM pragma_table_info(?)", (name,))]
        tables[name] = _table(told["tables"].get(name, {}), {each: known[each] for each in columns if each in known})
        if name.startswith("_"):
            tables[name]["hidden"] = True
        elif row["type"] == "view":
            tables[name]["sortable_columns"] = columns
    database = {
        "description": told["description"],
        "tables": tables,
        "queries": {q["name"]: _query(q) for q in told["query"]},
    }
    return {"title": told["title"], "databases": {connection.path.stem: database}}


def _table(told: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {name: told[name] for name in ("description", "facets", "sort") if name in told}
    found = {"fts_table": told["search"], "fts_pk": "id"} if "search" in told else {}
    return {**table, **found, "columns": columns}


def _query(told: dict[str, Any]) -> dict[str, Any]:
    examples = "&".join(f"{name}={value}" for name, value in told["params"].items())
    description = f"For example ?{examples}" if examples else ""
    return {
        "title": told["title"],
        "sql": told["sql"].strip(),
        "params": list(told["params"]),
        "description": description,
    }
