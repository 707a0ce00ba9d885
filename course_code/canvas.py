"""A small canvas for drawn images: shapes as signed distances, painted with smooth edges.

A shape is a signed distance, negative inside. How far a pixel's centre lies from the edge says how
much of the pixel is covered, which gives smooth edges without a drawing library. Only sums,
products, quotients, square roots and comparisons are used: IEEE 754 rounds them the same way
everywhere, so a drawing has the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Point = tuple[float, float]
Window = tuple[slice, slice, slice]
Shape = tuple[Callable[[Array, Array], Array], Point, float]  # distance, centre, reach around it

RIM = 0.04  # the width of an outline, in the frame's units


def mix(first: ArrayLike, second: ArrayLike, share: float) -> Array:
    """Return the colour `share` of the way from `first` to `second`."""
    start, end = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return start + share * (end - start)


def ellipse(x: float, y: float, rx: float, ry: float, slant: float = 0.0) -> Shape:
    """An ellipse around (x, y); `slant` is the tangent of the angle by which it is turned."""
    cos = 1 / np.sqrt(1 + slant * slant)
    sin = slant * cos

    def distance(u: Array, v: Array) -> Array:
        a = (cos * (u - x) + sin * (v - y)) / rx
        b = (cos * (v - y) - sin * (u - x)) / ry
        level = np.sqrt(a * a + b * b) + 1e-9
        slope = np.sqrt(a * a / (rx * rx) + b * b / (ry * ry)) + 1e-9
        return level * (level - 1) / slope  # to first order the distance to the edge

    return distance, (x, y), max(rx, ry)


def box(x: float, y: float, rx: float, ry: float) -> Shape:
    """An upright rectangle around (x, y) that reaches `rx` to the sides, `ry` up and down."""
    return lambda u, v: np.maximum(abs(u - x) - rx, abs(v - y) - ry), (x, y), rx + ry


def stroke(points: Sequence[Point], start: float, end: float) -> Shape:
    """A brush stroke through `points`, its radius going from `start` to `end`."""

    def distance(u: Array, v: Array) -> Array:
        nearest = np.full_like(u + v, np.inf)
        for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
            dx, dy = x1 - x0, y1 - y0
            along = np.clip(((u - x0) * dx + (v - y0) * dy) / (dx * dx + dy * dy), 0, 1)
            a, b = u - x0 - along * dx, v - y0 - along * dy
            radius = start + (end - start) * (i + along) / (len(points) - 1)
            nearest = np.minimum(nearest, np.sqrt(a * a + b * b) - radius)
        return nearest

    (left, top), (right, bottom) = np.min(points, axis=0), np.max(points, axis=0)
    centre = (float(left + right) / 2, float(top + bottom) / 2)
    return distance, centre, float(right - left + bottom - top) / 2 + max(start, end)


def curve(points: Sequence[Point]) -> list[Point]:
    """Round the corners of a line through `points`: Chaikin's corner cutting, twice."""
    line = np.asarray(points, dtype=np.float64)
    for _ in range(2):
        quarter = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        cut = np.stack(quarter, axis=1).reshape(-1, 2)
        line = np.concatenate([line[:1], cut[1:-1], line[-1:]])
    return [(float(x), float(y)) for x, y in line]


class Canvas:
    """A square image, `pixels` (3, size, size), and the frame in which shapes are given.

    The frame has its origin at (x, y) and its unit of length in image widths, `y` pointing down;
    it may be turned (`turn` is the tangent of half the angle) and mirrored (`flip` = -1).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.pixels: Array = np.zeros((3, size, size))
        self.place()

    def place(
        self, x: float = 0.0, y: float = 0.0, unit: float = 1.0, turn: float = 0.0, flip: int = 1
    ) -> None:
        """Move the frame in which the next shapes are given."""
        self.x, self.y, self.unit, self.flip = x * self.size, y * self.size, unit * self.size, flip
        self.cos, self.sin = (1 - turn * turn) / (1 + turn * turn), 2 * turn / (1 + turn * turn)

    def measure(self, shape: Shape, margin: float = 0.0) -> tuple[Window, Array]:
        """Return the window of the image that the shape may touch, and its distances there."""
        distance, (cx, cy), reach = shape
        middle_x = self.x + self.flip * self.unit * (self.cos * cx - self.sin * cy)
        middle_y = self.y + self.unit * (self.sin * cx + self.cos * cy)
        around = (reach + margin) * self.unit + 2
        rows, columns = (
            slice(*(int(min(max(middle + step, 0), self.size)) for step in (-around, around)))
            for middle in (middle_y, middle_x)
        )
        pixel = np.arange(self.size) + 0.5
        dx = self.flip * (pixel[None, columns] - self.x) / self.unit
        dy = (pixel[rows, None] - self.y) / self.unit
        d = distance(self.cos * dx + self.sin * dy, self.cos * dy - self.sin * dx)
        return (slice(None), rows, columns), d

    def cover(self, d: Array, soft: float = 0.0) -> Array:
        """Return the share of each pixel (0 to 1) that is inside, from its distance to the edge."""
        return np.clip(0.5 - d / max(1 / self.unit, soft), 0, 1)

    def blend(self, where: Window, coverage: Array, colour: ArrayLike) -> None:
        """Mix `colour` into a window of the image."""
        pixels = self.pixels[where]
        pixels += coverage * (np.asarray(colour, dtype=np.float64)[:, None, None] - pixels)

    def paint(
        self,
        shape: Shape,
        colour: ArrayLike,
        *,
        opacity: float = 1.0,
        soft: float = 0.0,
        inside: Shape | None = None,
    ) -> None:
        """Blend `colour` over the pixels that the shape, and the shape `inside`, cover."""
        where, d = self.measure(shape, soft)
        coverage = opacity * self.cover(d, soft)
        if inside is not None:
            mask = np.zeros((1, self.size, self.size))
            there, d = self.measure(inside)
            mask[there] = self.cover(d)
            coverage = coverage * mask[where]
        self.blend(where, coverage, colour)

    def outline(self, parts: Sequence[Shape], colour: ArrayLike, rim: ArrayLike) -> None:
        """Paint `parts` as one body: a thin rim around all of them first, then the parts."""
        measured = [self.measure(part, RIM) for part in parts]
        for where, d in measured:
            self.blend(where, self.cover(d - RIM), rim)
        for where, d in measured:
            self.blend(where, self.cover(d), colour)
