"""Any series gives a chart that is valid XML, stands in its box and says what it was told, and no more."""

from __future__ import annotations

import itertools
import re
import sys
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.charts.axis import TimeAxis, price_axis
from monitor.charts.lines import Line, Point, sparkline
from monitor.charts.png import render_png
from monitor.charts.steps import BARE, MOST_LINES, PAGE, PICTURE, StepChart, draw_steps, spread

START = datetime(2025, 5, 4, tzinfo=UTC)
NOW = START + timedelta(days=365)
SVG = "{http://www.w3.org/2000/svg}"

fractions = st.builds(Fraction, st.integers(1, 10**12), st.integers(1, 10**12))
prices = st.one_of(st.none(), st.just(Fraction(0)), fractions, st.just(Fraction(1, 10**30)))
points = st.lists(st.tuples(st.integers(-50, 450), prices), max_size=12).map(
    lambda found: tuple(Point(START + timedelta(days=day), price) for day, price in sorted(found, key=lambda p: p[0]))
)
lines = st.lists(st.builds(Line, st.text(max_size=60), points), max_size=8)


def chart(*drawn: Line, title: str = "deepseek-chat", words: str = "what it says") -> StepChart:
    return StepChart(
        drawn, START, NOW, NOW, title, words, money=lambda price: f"¥{float(price):g}", day=lambda at: f"{at:%Y-%m}"
    )


def line(label: str, *changes: tuple[int, str | None]) -> Line:
    return Line(label, tuple(Point(START + timedelta(days=d), None if p is None else Fraction(p)) for d, p in changes))


def numbers(path: str) -> list[tuple[str, float]]:
    """Each coordinate of a path with the axis it belongs to."""
    found = []
    for command, said in re.findall(r"([MHV])([-\d. ]+)", path):
        values = [float(value) for value in said.split()]
        found += list(zip("xy" if command == "M" else {"H": "x", "V": "y"}[command], values, strict=True))
    return found


@settings(deadline=None, max_examples=150)
@given(lines, st.integers(0, 1200), st.integers(0, 600), st.sampled_from([PAGE, PICTURE]), st.text(max_size=80))
def test_any_series_is_valid_xml_within_its_box(
    drawn: list[Line], width: int, height: int, look: object, title: str
) -> None:
    svg = draw_steps(chart(*drawn, title=title), width=width, height=height, look=look)  # type: ignore[arg-type] # one of both
    root = ET.fromstring(svg)  # noqa: S314 - our own text, whose form is what is tested
    box = {"x": float(root.attrib["width"]), "y": float(root.attrib["height"])}
    placed = [(axis, value) for path in root.iter(f"{SVG}path") for axis, value in numbers(path.attrib["d"])]
    for name, keys in (("circle", ("cx", "cy")), ("text", ("x", "y"))):
        placed += [(key[-1], float(each.attrib[key])) for each in root.iter(SVG + name) for key in keys]
    assert all(0 <= value <= box[axis] for axis, value in placed)
    assert root.find(f"{SVG}title") is not None
    assert not list(root.iter(f"{SVG}script"))


@settings(deadline=None)
@given(st.lists(st.floats(-50, 150), min_size=1, max_size=7))
def test_end_labels_never_overlap_and_keep_their_order(places: list[float]) -> None:
    moved = spread(places, 0, 100, 15)
    in_order = sorted(moved)
    assert all(second - first >= 15 - 1e-6 for first, second in itertools.pairwise(in_order))
    assert -1e-6 <= in_order[0] <= in_order[-1] <= 100 + 1e-6
    by_place = sorted(range(len(places)), key=places.__getitem__)
    assert [moved[index] for index in by_place] == in_order


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"/><image href="x"/>', "a\x00\x1b[31m\u202eb", "{{7*7}}"]
)
def test_s03_a_hostile_name_is_a_name(name: str) -> None:
    svg = draw_steps(chart(line(name, (0, "5"), (200, "1")), title=name, words=name))
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "style",
        "path",
        "text",
        "circle",
    }
    assert not {"\x00", "\x1b", "\u202e"} & set(svg)


def test_a_price_holds_until_it_changes_and_a_gap_is_a_gap() -> None:
    svg = draw_steps(chart(line("input", (0, "5"), (100, None), (200, "4"), (300, "1"))), width=600, height=200)
    paths = [path.attrib["d"] for path in ET.fromstring(svg).iter(f"{SVG}path")]  # noqa: S314 - our own text
    (drawn,) = [path for path in paths if path.count("H") > 1]
    assert [command for command in drawn if command.isalpha()] == ["M", "H", "M", "H", "V", "H"]
    assert svg.count("<circle") == 2  # where it came back, and the change
    assert "input ¥1" in svg


def test_a_dot_tells_its_evidence_and_leads_to_it_and_needs_no_inline_style() -> None:
    cut = Point(START + timedelta(days=100), Fraction(1), "input <$1>", "#r7")
    said = chart(Line("input", (*line("input", (0, "5")).points, cut)))
    dot = ET.fromstring(draw_steps(said)).find(f"{SVG}a")  # noqa: S314 - our own text
    assert dot is not None
    assert dot.attrib["href"] == "#r7"
    assert [each.text for each in dot.iter(f"{SVG}title")] == ["input <$1>"]
    bare = draw_steps(said, look=BARE)
    assert "style" not in bare
    assert 'role="group"' in bare  # an image could hold no link


def test_what_is_announced_is_dashed() -> None:
    announced = line("input", (0, "5"), (380, "1"))
    shown = StepChart([announced], START, NOW + timedelta(days=30), NOW, "t", "w", money=str, day=str)
    svg = draw_steps(shown)
    assert svg.count('stroke-dasharray="2 4"') == 1
    assert "stroke-dasharray" not in draw_steps(chart(line("input", (0, "5"), (300, "1"))))


def test_the_axis_is_chosen_by_the_span_and_starts_at_zero_when_linear() -> None:
    axis = price_axis([Fraction(5), Fraction(1)])
    assert (axis.is_log, axis.low, axis.ticks[0]) == (False, 0, 0)
    wide = price_axis([Fraction(300), Fraction(1, 10), Fraction(3)])
    assert wide.is_log
    assert list(wide.ticks) == [Fraction(1, 10), 1, 10, 100]
    assert list(price_axis([Fraction(60), Fraction(5, 2)]).ticks) == [2, 5, 10, 20, 50]
    assert not price_axis([Fraction(30), Fraction(0)]).is_log  # free has no place on a logarithmic one


@settings(deadline=None)
@given(fractions, fractions)
def test_a_higher_price_never_stands_lower(one: Fraction, other: Fraction) -> None:
    axis = price_axis([one, other])
    low, high = sorted((one, other))
    assert 0 <= axis.place(low) <= axis.place(high) <= 1
    assert 2 <= len(axis.ticks) <= 8


@settings(deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_dates_are_few_and_inside(begin: int, span: int) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=begin)
    axis = TimeAxis(start, start + timedelta(days=span))
    assert len(axis.ticks()) <= 5
    assert all(axis.start <= tick <= axis.end for tick in axis.ticks())


def test_more_lines_than_can_be_told_apart_are_left_out() -> None:
    svg = draw_steps(chart(*(line(f"meter-{n}", (0, "5"), (9, str(n + 1))) for n in range(9))), height=300)
    assert f"meter-{MOST_LINES - 1} " in svg
    assert f"meter-{MOST_LINES} " not in svg


def test_a_page_follows_dark_mode_and_a_picture_has_its_colours() -> None:
    drawn = chart(line("input", (0, "5"), (9, "1")))
    assert "prefers-color-scheme:dark" in draw_steps(drawn)
    assert "var(--pf-line-1)" in draw_steps(drawn)
    assert "var(" not in draw_steps(drawn, look=PICTURE)


def test_a_sparkline_shows_each_stretch_from_zero() -> None:
    said = sparkline(line("x", (0, "8"), (100, None), (200, "2"), (300, "0")).points, START, NOW, bars=10)
    assert said == "██  " + " " + "▂▂▂▁▁"


def test_a_picture_is_a_png_of_twice_its_size_and_missing_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = draw_steps(chart(line("input", (0, "5"), (9, "1"))), width=300, height=100, look=PICTURE)
    png = render_png(svg)
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (600, 200)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert render_png(svg) is None
