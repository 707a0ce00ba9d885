"""Drawings: where things go, and that they stay small and legible."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from course_code.explorers import drawing
from course_code.explorers.style import STYLE


def axes(**changes):
    given = {"x": (0, 10), "y": (0, 1), "x_label": "step", "y_label": "loss (nats)"} | changes
    return drawing.Axes(**given)


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter("text")]


def test_corners_of_the_data_are_corners_of_the_frame():
    plane = axes()
    assert plane.at(0, 0) == (drawing.LEFT, drawing.HEIGHT - drawing.BOTTOM)
    assert plane.at(10, 1) == (drawing.WIDTH - drawing.RIGHT, drawing.TOP)


def test_a_log_axis_spaces_decades_evenly_and_clips():
    plane = axes(y=(1e-4, 1e4), y_scale="log")
    heights = [plane.at(0, 10.0**k)[1] for k in (-4, 0, 4, 7)]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2])
    assert heights[3] == heights[2]


def test_lines_break_where_there_is_no_number():
    assert drawing.path([(0, 0), (1, 1.04), (math.nan, 2), (3, 3)], "l") == (
        '<path class="l" d="M0 0 1 1M3 3"/>'
    )


def test_all_that_can_be_drawn_is_valid_xml_with_its_words():
    plane = axes(y=(1e-6, 1), y_scale="log")
    plane.line([0, 10], [1, 0.1], 2)
    plane.line([0, 10], [1, 0.1], 1, dash=0)
    plane.dots([1, math.nan], [0.5, 0.5], 1)
    plane.level(0.1, "bound")
    plane.level(0.2)
    plane.upright(5)
    plane.bars([0, 1, 2], [0.5, 1.0])
    plane.legend("theory < 1", 0)
    plane.legend("measured", 1, marker=True)
    plane.words(1, 0.5, "here", "m")
    plane.raw("<g/>")
    svg = plane.svg()
    words = texts(svg)
    assert {"step", "loss (nats)", "bound", "theory < 1", "measured", "here"} <= set(words)
    assert {"10⁻⁶", "10⁻⁴", "0.01", "1"} <= set(words)
    assert svg.count("<circle") == 2
    assert len(svg) < 2500


def test_linear_ticks_are_round_numbers():
    assert axes(x=(0, 10))._x.ticks() == [0, 2, 4, 6, 8, 10]
    assert axes(x=(-0.25, 0.31))._x.ticks() == [-0.2, 0.0, 0.2]
    assert texts(axes(x=(-1, 1)).svg())[0] == "−1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": (1, 1)}, "linear axis cannot go from 1 to 1"),
        ({"y": (0, 1), "y_scale": "log"}, "log axis cannot go from 0 to 1"),
        ({"x_scale": "square"}, "linear or log; got 'square'"),
    ],
)
def test_impossible_axes(change, message):
    with pytest.raises(ValueError, match=message):
        axes(**change)


def test_the_style_has_every_class_that_drawings_use():
    plane = axes()
    for color in range(6):
        plane.line([0, 1], [0, 1], color)
    used = set(re.findall(r'class="([^"]+)"', plane.svg()))
    for name in {name for names in used for name in names.split()}:
        assert re.search(rf"\.explorer-drawing \.{name}\b", STYLE), name
    assert ".explorer :focus-visible{" in STYLE
