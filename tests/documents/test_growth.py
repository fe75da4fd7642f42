"""A page of four times the size takes four times the work, whatever its kind; work is counted in calls, not in time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from scrapers.errors import NoTable
from scrapers.reader import read_page


def _records(count: int) -> str:
    pricing = {"prompt": "0.0000015", "completion": "0.000004"}
    return json.dumps({"data": [{"id": f"acme/nova-{n}", "pricing": pricing} for n in range(count)]})


def _rows(count: int) -> str:
    rows = "".join(f"| nova-{n} | ${n}.5 | $4 |\n" for n in range(count))
    return f"# Prices\n\nUSD per 1M tokens\n\n| Model | Input | Output |\n|---|---|---|\n{rows}"


def _yaml(count: int) -> str:
    return "".join(
        f"- model: nova-{n}\n  input_cost_per_token: 1e-06\n  output_cost_per_token: {n + 1}e-06\n"
        for n in range(count)
    )


def _open_tags(count: int) -> str:
    return "import x from 'x'\n\n" + "".join(f"<Card a={{ x\n\nwords {n}\n\n" for n in range(count))


def _open_exports(count: int) -> str:
    return "".join(f"export function f{n}() {{ g(\n\n" for n in range(count))


def _paragraph(count: int) -> str:
    return "# Prices\n\n" + "what nova costs is not known, and $3 is no price / " * count


def _open_quotes(count: int) -> str:
    return 'x",a,"b\n' * count


def _boxes_in_boxes(count: int) -> str:
    inner = "<div>Nova</div><div>Input</div><div>Output</div>"
    for _ in range(count // 4):  # no deeper than the tree is walked
        inner = f"<div>a</div><div>b</div><div>c</div><div>{inner}</div>"
    return f"<!doctype html><html><body><h1>Prices</h1>{inner}</body></html>"


def _calls(text: str) -> int:
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        del frame, argument
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        read_page(text.encode())
    except NoTable:
        pass  # a refusal takes its time too
    finally:
        sys.setprofile(None)
    return count


WRITERS = (_records, _rows, _yaml, _open_tags, _open_exports, _paragraph, _open_quotes, _boxes_in_boxes)


@pytest.mark.parametrize("write", WRITERS)
def test_work_grows_as_the_page_does(write: Callable[[int], str]) -> None:
    _calls(write(100))  # what is loaded once
    small, large = _calls(write(101)), _calls(write(404))
    assert large < small * 4.6


def test_a_page_with_many_open_brackets_counts_as_cut() -> None:
    prices = "| Model | Input ($/1M tokens) |\n|---|---|\n| nova-1 | $2 |\n\n"
    found = read_page(f"import x from 'x'\n\n{prices}{_open_tags(60)}".encode())
    assert [rate.model for rate in found.rates] == ["nova-1"]
    assert "incomplete" in {complaint.kind for complaint in found.complaints}
