"""Rows as CSV, JSON Lines or Parquet, written as they come.

Money stays the exact text that it is in the database, in Parquet too: a float would round it, and a decimal column of
one scale would cut the small ones. Instants are Parquet timestamps in UTC.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

import click

from monitor.tables import csv_cell

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")
Rows = Iterable[tuple[Any, ...]]

_JSON_COLUMNS = frozenset({"conditions", "flags", "identity"})
_INSTANTS = frozenset(
    ("captured_at", "effective_from", "valid_from", "valid_until", "seen_from", "seen_until", "ended_at")
) | {"superseded_at", "recorded_at"}
_REALS = frozenset({"per_million_tokens", "percent", "confidence"})
_BATCH = 20_000


def write_csv(columns: Sequence[str], rows: Rows, out: IO[bytes]) -> int:
    """CSV with a header; a text that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
        count += 1
    text.detach()
    return count


def write_jsonl(columns: Sequence[str], rows: Rows, out: IO[bytes]) -> int:
    """One JSON object a line; conditions, flags and identity as what they are."""
    count = 0
    for row in rows:
        said = {
            name: json.loads(value) if name in _JSON_COLUMNS and value is not None else value
            for name, value in zip(columns, row, strict=True)
        }
        out.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def write_parquet(columns: Sequence[str], rows: Rows, out: IO[bytes]) -> int:
    """Parquet, compressed, in groups of 20,000 rows.

    Raises:
        click.UsageError: the extra is not installed.

    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as err:
        raise click.UsageError("Parquet needs an extra: pip install 'pricefall[parquet]', or export jsonl") from err
    types = {name: pa.timestamp("s", tz="UTC") for name in _INSTANTS} | {name: pa.float64() for name in _REALS}
    types["rate_id"] = pa.int64()
    schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            cells = ([_cell(name, row[place]) for row in batch] for place, name in enumerate(columns))
            arrays = [pa.array(column, type=field.type) for column, field in zip(cells, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count


WRITERS: dict[Format, Callable[[Sequence[str], Rows, IO[bytes]], int]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole: who reads it meanwhile has the old one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def _batches(rows: Rows) -> Iterator[list[tuple[Any, ...]]]:
    one = iter(rows)
    while batch := list(islice(one, _BATCH)):
        yield batch


def _cell(name: str, value: Any) -> Any:
    if value is None or name in _REALS or name == "rate_id":
        return value
    return datetime.fromisoformat(value) if name in _INSTANTS else str(value)
