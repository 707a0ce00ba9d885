"""Drawn cats and dogs, the pictures behind :func:`course_code.datasets.make_pets`.

What the two species share (background, pose, place, coat, light) is drawn at random by functions
that do not know the species, and the species itself is drawn without randomness. So nothing but
the animal's own shape can give it away: not the colours, not the place, not the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .canvas import Array, Canvas, Point, Shape, box, curve, ellipse, mix, stroke

Colour = tuple[float, float, float]

GINGER, GREY, BLACK = (222, 132, 60), (136, 140, 150), (66, 64, 70)
CREAM, BROWN, SNOW = (230, 206, 164), (132, 92, 68), (236, 234, 230)
COATS = (GINGER, GREY, BLACK, CREAM, BROWN, SNOW)
PATTERNS = ("plain", "stripes", "patches", "points")
SKIES = ((62, 120, 176), (204, 112, 70), (44, 50, 96), (110, 150, 170))
GROUND = ((58, 104, 52), (130, 100, 54), (78, 72, 70), (34, 62, 44), (150, 160, 176))
WALLS = (
    (140, 70, 62),
    (50, 96, 98),
    (40, 46, 80),
    (150, 124, 82),
    (96, 38, 52),
    (38, 34, 42),
    (80, 62, 116),
)
COLLARS = ((204, 44, 56), (44, 90, 200), (244, 190, 40), (36, 156, 110))
EYES = ((240, 190, 50), (130, 200, 90), (120, 190, 250), (214, 130, 60), (170, 230, 210))
DARK, WHITE, PINK = (30, 24, 26), (250, 250, 248), (236, 130, 140)
SIDES = (-1, 1)


# ------------------------------------------------------- what the species share: all randomness


@dataclass(frozen=True)
class Scene:
    """A pose, a place and a coat; lengths in image widths, colours (3,) in 0 to 255."""

    standing: bool
    x: float
    y: float
    unit: float  # the head's radius: the unit of length for the animal
    tilt: float  # of the head: the tangent of half the angle
    turn: float  # where the face looks, from -1 to 1
    flip: int  # -1 mirrors the animal
    coat: Array
    marking: Array
    pattern: str
    collar: Array | None
    eyes: Array
    mood: float  # 0 to 1: narrow to wide eyes, closed mouth to tongue


def pick(rng: np.random.Generator, colours: Sequence[Colour], change: float = 14) -> Array:
    """Return one of the colours, slightly changed."""
    chosen = np.asarray(colours[int(rng.integers(len(colours)))], dtype=np.float64)
    return np.clip(chosen + rng.uniform(-change, change, 3), 0, 255)


def random_scene(rng: np.random.Generator) -> Scene:
    """Draw a pose, a place and a coat."""
    standing = bool(rng.random() < 0.3)
    unit = rng.uniform(0.165, 0.195) if standing else rng.uniform(0.19, 0.3)
    x = rng.uniform(1.3 * unit, 1 - 3.1 * unit) if standing else rng.uniform(0.42, 0.58)
    flip = 1 if rng.random() < 0.5 else -1
    coat, other = pick(rng, COATS, 7), pick(rng, COATS, 7)
    if abs(coat - other).sum() < 120:  # a marking has to be seen
        other = np.asarray(DARK if coat.sum() > 300 else WHITE, dtype=np.float64)
    return Scene(
        standing=standing,
        x=x if flip == 1 else 1 - x,
        y=1.35 * unit + rng.uniform(0, 0.1),
        unit=unit,
        tilt=rng.uniform(-0.12, 0.12),
        turn=rng.uniform(-1, 1),
        flip=flip,
        coat=coat,
        marking=mix(coat, other, rng.uniform(0.5, 0.9)),
        pattern=PATTERNS[int(rng.integers(len(PATTERNS)))],
        collar=pick(rng, COLLARS) if rng.random() < 0.4 else None,
        eyes=pick(rng, EYES),
        mood=rng.random(),
    )


def draw_background(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint a studio's backdrop, a landscape or a room over the whole image."""
    draw = (draw_studio, draw_landscape, draw_room)[int(rng.integers(3))]
    canvas.place()
    draw(canvas, rng)


def fill(canvas: Canvas, top: Array, bottom: Array) -> None:
    """Fill the image with a gradient."""
    height = (np.arange(canvas.size) + 0.5) / canvas.size
    canvas.pixels[:] = (top + height[:, None] * (bottom - top)).T[:, :, None]


def draw_studio(canvas: Canvas, rng: np.random.Generator) -> None:
    """A backdrop with soft discs of light."""
    fill(canvas, pick(rng, WALLS), pick(rng, WALLS))
    for _ in range(int(rng.integers(4, 10))):
        x, y, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.2)
        canvas.paint(
            ellipse(x, y, radius, radius), pick(rng, WALLS + SKIES), opacity=0.5, soft=0.04
        )


def draw_landscape(canvas: Canvas, rng: np.random.Generator) -> None:
    """A sky with the sun, hills, a tree and a meadow."""
    horizon, sky, ground = rng.uniform(0.5, 0.85), pick(rng, SKIES), pick(rng, GROUND)
    fill(canvas, sky, mix(sky, pick(rng, SKIES), 0.5))
    canvas.paint(ellipse(rng.uniform(0, 1), 0.18, 0.07, 0.07), (255, 236, 170), soft=0.03)
    for _ in range(3):
        radius, haze = rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.6)
        hill = ellipse(rng.uniform(0, 1), horizon, radius, 0.5 * radius)
        canvas.paint(hill, mix(ground, sky, haze))
    tree = rng.uniform(0, 1)
    canvas.paint(box(tree, horizon - 0.15, 0.025, 0.2), (84, 58, 42))
    canvas.paint(ellipse(tree, horizon - 0.35, 0.15, 0.2), mix(ground, DARK, 0.4))
    canvas.paint(box(0.5, horizon + 0.5, 0.6, 0.5), ground)
    patch = ellipse(rng.uniform(0, 1), horizon + 0.2, rng.uniform(0.2, 0.5), 0.08)
    canvas.paint(patch, pick(rng, GROUND), opacity=0.6)


def draw_room(canvas: Canvas, rng: np.random.Generator) -> None:
    """A wall, often striped, with a picture, and a floor with a rug."""
    horizon, wall, floor = rng.uniform(0.55, 0.85), pick(rng, WALLS), pick(rng, WALLS)
    fill(canvas, wall, mix(wall, DARK, 0.2))
    if rng.random() < 0.5:
        for i in range(8):
            canvas.paint(box(0.07 + 0.125 * i, 0.5, 0.025, 0.6), mix(wall, WHITE, 0.12))
    x, y = rng.uniform(0, 1), rng.uniform(0.12, 0.4)
    canvas.paint(box(x, y, 0.16, 0.13), mix(floor, DARK, 0.5))
    canvas.paint(box(x, y, 0.13, 0.1), pick(rng, SKIES))
    canvas.paint(box(0.5, horizon + 0.5, 0.6, 0.5), floor)
    rug = ellipse(rng.uniform(0, 1), horizon + 0.17, rng.uniform(0.2, 0.5), 0.09)
    canvas.paint(rug, pick(rng, WALLS))


def light(canvas: Canvas, rng: np.random.Generator) -> Array:
    """Return the picture, unevenly lit, tinted and with noise, as whole numbers 0 to 255."""
    across = (np.arange(canvas.size) + 0.5) / canvas.size - 0.5
    brightness, (slope_x, slope_y) = rng.uniform(0.8, 1.1), rng.uniform(-0.35, 0.35, 2)
    lit = brightness + slope_x * across[None, :] + slope_y * across[:, None]
    tint, grain = rng.uniform(0.96, 1.04, 3), rng.uniform(2, 8)
    noise = grain * rng.uniform(-1, 1, canvas.pixels.shape)
    exposed = 1.3 * canvas.pixels * lit * tint[:, None, None] - 62  # dark and rich in contrast
    return np.clip(np.rint(exposed + noise), 0, 255).transpose(1, 2, 0)


# ----------------------------------------------- the animals: lengths in heads, no randomness


def draw_body(canvas: Canvas, scene: Scene, tail: list[Point], width: float) -> None:
    """Paint tail, trunk, legs and collar below a head of radius 1, then turn to the head."""
    canvas.place(scene.x, scene.y, scene.unit, flip=scene.flip)
    coat, rim = scene.coat, mix(scene.coat, DARK, 0.55)
    tail_colour = scene.marking if scene.pattern == "points" else coat
    canvas.outline([stroke(curve(tail), 0.2, 0.11)], tail_colour, rim)
    if scene.standing:
        trunk = stroke([(0.3, 0.8), (0.5, 1.35), (2.35, 1.4)], 0.62 * width, 0.6 * width)
        far = [stroke([(x, 1.5), (x, 2.75)], 0.26 * width, 0.2) for x in (0.75, 2.05)]
        near = [stroke([(x, 1.5), (x, 2.95)], 0.28 * width, 0.22) for x in (0.25, 2.45)]
        canvas.outline(far, mix(coat, DARK, 0.25), rim)
        canvas.outline([trunk, *near], coat, rim)
        bands = [stroke([(x, 0.7), (x + 0.1, 1.5)], 0.1, 0.04) for x in (1.0, 1.5, 2.0, 2.5)]
        spots = [ellipse(1.3, 1.1, 0.45, 0.4), ellipse(2.5, 1.6, 0.4, 0.35)]
        chest = ellipse(0.15, 1.35, 0.3, 0.5)
    else:
        trunk = stroke([(0, 0.7), (0, 2.35)], 0.6 * width, 0.92 * width)
        haunches = [ellipse(0.68 * width * s, 2.65, 0.5, 0.5) for s in SIDES]
        legs = [stroke([(0.3 * s, 1.7), (0.33 * s, 3.0)], 0.24, 0.2) for s in SIDES]
        paws = [ellipse(0.36 * s, 3.05, 0.28, 0.17) for s in SIDES]
        canvas.outline(haunches, coat, rim)
        canvas.outline([trunk], coat, rim)
        canvas.outline([*legs, *paws], mix(coat, WHITE, 0.12), rim)
        heights = (1.5, 1.9, 2.3)
        bands = [stroke([(s, y), (0.45 * s, y + 0.1)], 0.09, 0.03) for s in SIDES for y in heights]
        spots = [ellipse(0.55, 1.6, 0.4, 0.5), ellipse(-0.7, 2.5, 0.4, 0.45)]
        chest = ellipse(0, 1.45, 0.36, 0.6)
    for marking in {"stripes": bands, "patches": spots}.get(scene.pattern, []):
        canvas.paint(marking, scene.marking, inside=trunk)
    canvas.paint(chest, mix(coat, WHITE, 0.5), opacity=0.8, soft=0.15, inside=trunk)
    if scene.collar is not None:
        band = stroke(curve([(-0.6, 0.8), (0, 1.05), (0.6, 0.8)]), 0.1, 0.1)
        canvas.paint(band, scene.collar)
        canvas.paint(ellipse(0, 1.1, 0.11, 0.11), (244, 206, 90))
    canvas.place(scene.x, scene.y, scene.unit, scene.tilt, scene.flip)


def draw_pattern(canvas: Canvas, scene: Scene, head: Shape) -> None:
    """Paint the coat's pattern on the head, and the light from above."""
    look = 0.2 * scene.turn
    markings, soft = [], 0.0
    if scene.pattern == "stripes":
        for x in (-0.28, 0, 0.28):
            markings.append(stroke([(x + look, -0.9), (0.8 * x + look, -0.42)], 0.09, 0.03))
        for s in SIDES:
            markings += [stroke([(s, y), (0.7 * s, y)], 0.07, 0.02) for y in (0.1, 0.35)]
    elif scene.pattern == "patches":
        markings = [ellipse(0.5 + look, -0.25, 0.5, 0.6)]
    elif scene.pattern == "points":
        markings, soft = [ellipse(look, 0.2, 0.55, 0.5)], 0.3
    for marking in markings:
        canvas.paint(marking, scene.marking, soft=soft, inside=head)
    canvas.paint(ellipse(0, -0.5, 0.6, 0.3), WHITE, opacity=0.12, soft=0.3, inside=head)


def draw_cat(canvas: Canvas, scene: Scene) -> None:
    """A cat: upright pointed ears, a round face, slit pupils, a small pink nose, whiskers."""
    tail = [(0.6, 2.6), (1.4, 2.9), (1.75, 2.2), (1.3, 1.6), (1.6, 1.0)]
    if scene.standing:
        tail = [(2.6, 1.3), (3.2, 0.9), (3.0, 0.1), (2.7, -0.4), (3.1, -0.8)]
    draw_body(canvas, scene, tail, width=0.85)
    coat, rim, look = scene.coat, mix(scene.coat, DARK, 0.55), 0.22 * scene.turn
    ears = [stroke([(0.52 * s, -0.4), (0.8 * s, -1.22)], 0.4, 0.03) for s in SIDES]
    head, cheeks = ellipse(0, 0, 1.0, 0.84), [ellipse(0.6 * s, 0.32, 0.45, 0.38) for s in SIDES]
    canvas.outline(ears, scene.marking if scene.pattern == "points" else coat, rim)
    for s in SIDES:
        canvas.paint(stroke([(0.58 * s, -0.5), (0.77 * s, -1.05)], 0.22, 0.02), PINK)
    canvas.outline([head, *cheeks], coat, rim)
    draw_pattern(canvas, scene, head)
    whisker = WHITE if coat.sum() < 480 else DARK
    for s in SIDES:
        draw_cat_eye(canvas, 0.42 * s + look, 0.16 * s, scene)
        canvas.paint(ellipse(0.17 * s + look, 0.43, 0.25, 0.19), mix(coat, WHITE, 0.75))
    for s in SIDES:
        for y in (0.25, 0.42, 0.6):
            hair = stroke([(0.3 * s + look, 0.42), (1.35 * s + look, y)], 0.024, 0.01)
            canvas.paint(hair, whisker, opacity=0.9)
        mouth = [(look, 0.3), (look, 0.5), (0.14 * s + look, 0.58), (0.26 * s + look, 0.46)]
        canvas.paint(stroke(curve(mouth), 0.028, 0.02), DARK)
    canvas.paint(stroke([(look, 0.25), (look, 0.33)], 0.12, 0.04), PINK)


def draw_cat_eye(canvas: Canvas, x: float, slant: float, scene: Scene) -> None:
    """A bright almond with a slit."""
    opening = 0.15 + 0.07 * scene.mood
    canvas.paint(ellipse(x, -0.05, 0.27, opening + 0.05, slant), DARK)
    eye = ellipse(x, -0.05, 0.23, opening, slant)
    canvas.paint(eye, scene.eyes)
    canvas.paint(ellipse(x + 0.04 * scene.turn, -0.05, 0.055, opening), DARK, inside=eye)
    canvas.paint(ellipse(x + 0.07, -0.12, 0.045, 0.045), WHITE)


def draw_dog(canvas: Canvas, scene: Scene) -> None:
    """A dog: hanging ears, a long pale muzzle, a big dark nose, often a tongue."""
    tail = [(0.7, 2.6), (1.5, 2.5), (1.6, 1.8)]
    if scene.standing:
        tail = [(2.6, 1.2), (3.1, 0.9), (3.1, 0.3)]
    draw_body(canvas, scene, tail, width=1.0)
    coat, rim, look = scene.coat, mix(scene.coat, DARK, 0.55), 0.3 * scene.turn
    head = ellipse(0, -0.1, 0.8, 0.84)
    muzzle = stroke([(0.6 * look, 0.3), (look, 0.62)], 0.48, 0.44)
    if scene.mood > 0.4:
        canvas.paint(stroke([(look, 0.85), (look, 1.1 + 0.25 * scene.mood)], 0.2, 0.17), PINK)
    canvas.outline([head, muzzle], coat, rim)
    draw_pattern(canvas, scene, head)
    canvas.paint(muzzle, mix(coat, WHITE, 0.6), opacity=0.9)
    ear = mix(coat, DARK if scene.pattern == "plain" else scene.marking, 0.5)
    for s in SIDES:
        flap = [(0.45 * s, -0.72), (1.0 * s, -0.6), (1.05 * s, 0.1), (0.95 * s, 0.65)]
        canvas.outline([stroke(curve(flap), 0.15, 0.3)], ear, rim)
        draw_dog_eye(canvas, 0.33 * s + 0.6 * look, scene)
        smile = [(look, 0.5), (look, 0.78), (0.2 * s + look, 0.88), (0.36 * s + look, 0.7)]
        canvas.paint(stroke(curve(smile), 0.035, 0.03), DARK)
    canvas.paint(ellipse(look, 0.36, 0.26, 0.18), DARK)
    canvas.paint(ellipse(look - 0.07, 0.3, 0.08, 0.04), WHITE, opacity=0.6)


def draw_dog_eye(canvas: Canvas, x: float, scene: Scene) -> None:
    """A round brown eye that looks to the side, and its brow."""
    canvas.paint(ellipse(x, -0.2, 0.16, 0.17), WHITE)
    canvas.paint(ellipse(x + 0.03 * scene.turn, -0.18, 0.13, 0.15), mix(scene.eyes, DARK, 0.8))
    canvas.paint(ellipse(x + 0.05, -0.25, 0.045, 0.045), WHITE)
    canvas.paint(
        stroke([(x - 0.1, -0.46), (x + 0.1, -0.46)], 0.04, 0.04), mix(scene.coat, DARK, 0.6)
    )


def draw_pet(is_cat: bool, size: int, rng: np.random.Generator) -> Array:
    """Return one picture, (size, size, 3), of a cat or a dog: whole numbers 0 to 255."""
    canvas = Canvas(size)
    draw_background(canvas, rng)
    scene = random_scene(rng)
    draw_cat(canvas, scene) if is_cat else draw_dog(canvas, scene)
    return light(canvas, rng)
