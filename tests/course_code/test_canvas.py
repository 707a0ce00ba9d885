"""Shapes cover the area they should, where they should."""

import numpy as np
import pytest

from course_code.canvas import Canvas, box, curve, ellipse, mix, stroke


def area(shape, size=200, **frame):
    """Return the area that the shape covers, in units of the image's area."""
    canvas = Canvas(size)
    canvas.place(**frame)
    canvas.paint(shape, (1, 1, 1))
    return canvas.pixels[0].sum() / size**2


def drawn(shape, size=60, **frame):
    canvas = Canvas(size)
    canvas.place(**frame)
    canvas.paint(shape, (1, 2, 3))
    return canvas.pixels.transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (ellipse(0.5, 0.5, 0.3, 0.3), np.pi * 0.09),
        (ellipse(0.5, 0.5, 0.4, 0.2, slant=0.7), np.pi * 0.08),
        (box(0.5, 0.5, 0.3, 0.2), 0.24),
        (stroke([(0.3, 0.5), (0.7, 0.5)], 0.1, 0.1), 0.4 * 0.2 + np.pi * 0.01),
    ],
)
def test_a_shape_covers_its_area(shape, expected):
    assert area(shape) == pytest.approx(expected, rel=0.005)


def test_edges_are_smooth_and_the_inside_is_full():
    pixels = drawn(ellipse(0.5, 0.5, 0.3, 0.2))[:, :, 0]
    assert pixels[30, 30] == 1
    assert pixels[0, 0] == 0
    assert ((pixels > 0.05) & (pixels < 0.95)).sum() > 20


def test_the_frame_moves_scales_turns_and_mirrors():
    shape = ellipse(0.6, 0.0, 0.2, 0.1)
    straight = drawn(shape, x=0.5, y=0.5, unit=0.5)
    mirrored = drawn(shape, x=0.5, y=0.5, unit=0.5, flip=-1)
    quarter_turn = drawn(shape, x=0.5, y=0.5, unit=0.5, turn=1.0)
    np.testing.assert_allclose(mirrored, straight[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(quarter_turn, straight[::-1].transpose(1, 0, 2)[:, ::-1], atol=1e-9)
    assert straight[30, 48, 0] == 1  # 0.6 units of half an image right of the centre


def test_the_part_of_the_image_that_is_looked_at_holds_the_whole_shape():
    # A shape whose reach is too small would be cut off: painting with a huge reach is the truth.
    for shape in (
        ellipse(0.1, -0.2, 0.8, 0.1, slant=1.3),
        stroke([(-0.5, 0), (0.2, 0.4), (0.6, -0.5)], 0.05, 0.2),
        box(0, 0, 0.7, 0.2),
    ):
        frame = {"x": 0.5, "y": 0.45, "unit": 0.4, "turn": 0.3, "flip": -1}
        whole = (shape[0], shape[1], 100.0)
        np.testing.assert_array_equal(drawn(shape, **frame), drawn(whole, **frame))


def test_a_shape_outside_the_image_leaves_it_alone():
    assert drawn(ellipse(5, 5, 1, 1)).max() == 0


def test_inside_and_opacity_and_softness():
    canvas = Canvas(100)
    canvas.paint(box(0.5, 0.5, 0.4, 0.4), (100, 100, 100), inside=box(0.0, 0.5, 0.5, 1))
    assert canvas.pixels[0, 50, 20] == 100
    assert canvas.pixels[0, 50, 80] == 0
    canvas.paint(box(0.5, 0.5, 1, 1), (200, 200, 200), opacity=0.25)
    assert canvas.pixels[0, 50, 20] == pytest.approx(125)
    hard, soft = (Canvas(100), Canvas(100))
    hard.paint(ellipse(0.5, 0.5, 0.3, 0.3), (1, 1, 1))
    soft.paint(ellipse(0.5, 0.5, 0.3, 0.3), (1, 1, 1), soft=0.2)
    assert np.abs(np.diff(soft.pixels[0, 50])).max() < np.abs(np.diff(hard.pixels[0, 50])).max()


def test_an_outline_runs_around_all_parts_together():
    canvas = Canvas(100)
    parts = [ellipse(0.35, 0.5, 0.2, 0.2), ellipse(0.65, 0.5, 0.2, 0.2)]
    canvas.outline(parts, (200, 200, 200), (50, 50, 50))
    row = canvas.pixels[0, 50]
    assert row[12] == 50  # the rim, 0.04 wide, left of 0.15
    assert (row[17:83] == 200).all()  # no rim where the parts meet
    assert row[86] == 50
    assert row[5] == row[95] == 0


def test_curve_keeps_the_ends_and_stays_in_the_hull():
    line = curve([(0, 0), (1, 0), (1, 1)])
    assert line[0] == (0, 0)
    assert line[-1] == (1, 1)
    assert len(line) > 5
    assert all(0 <= x <= 1 and 0 <= y <= 1 and y <= x for x, y in line)
    assert (1.0, 0.0) not in line


def test_mix():
    np.testing.assert_allclose(mix((0, 100, 200), (100, 100, 0), 0.25), [25, 100, 150])
