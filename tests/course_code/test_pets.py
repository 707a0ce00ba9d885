"""The drawings vary in everything but the animal, and only the animal depends on the species."""

import dataclasses

import numpy as np
import pytest

from course_code import pets

N = 400


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(0)
    return [pets.random_scene(rng) for _ in range(N)]


def test_a_picture_is_whole_numbers_from_0_to_255():
    for is_cat in (True, False):
        picture = pets.draw_pet(is_cat, 40, np.random.default_rng(1))
        assert picture.shape == (40, 40, 3)
        assert picture.dtype == np.float64
        np.testing.assert_array_equal(picture, np.rint(picture))
        assert picture.min() >= 0
        assert picture.max() <= 255
        assert np.ptp(picture) > 100


def test_the_species_takes_nothing_from_the_generator():
    for seed in range(10):
        cat_rng, dog_rng = np.random.default_rng(seed), np.random.default_rng(seed)
        pets.draw_pet(True, 32, cat_rng)
        pets.draw_pet(False, 32, dog_rng)
        assert cat_rng.bit_generator.state == dog_rng.bit_generator.state


def test_without_the_animal_a_cats_picture_is_a_dogs_picture(monkeypatch):
    # Background, coat, light and noise: all of it is drawn without knowing the species.
    scenes_of = {"cat": [], "dog": []}
    monkeypatch.setattr(pets, "draw_cat", lambda canvas, scene: scenes_of["cat"].append(scene))
    monkeypatch.setattr(pets, "draw_dog", lambda canvas, scene: scenes_of["dog"].append(scene))
    for seed in range(10):
        with_cat = pets.draw_pet(True, 32, np.random.default_rng(seed))
        with_dog = pets.draw_pet(False, 32, np.random.default_rng(seed))
        np.testing.assert_array_equal(with_cat, with_dog)
    for cat, dog in zip(scenes_of["cat"], scenes_of["dog"], strict=True):
        for field in dataclasses.fields(pets.Scene):
            np.testing.assert_array_equal(getattr(cat, field.name), getattr(dog, field.name))


def test_cats_and_dogs_of_one_scene_differ_where_the_animal_is():
    for seed in range(10):
        cat = pets.draw_pet(True, 64, np.random.default_rng(seed))
        dog = pets.draw_pet(False, 64, np.random.default_rng(seed))
        different = (abs(cat - dog).max(axis=2) > 30).mean()
        assert 0.05 < different < 0.7


def test_the_face_is_in_the_picture(scenes):
    # The head's circle of radius 1, the muzzle below and most of the ears above it.
    for scene in scenes:
        assert scene.unit <= scene.x <= 1 - scene.unit
        assert scene.unit * 1.3 <= scene.y <= 1 - scene.unit * 1.1


def test_scenes_vary(scenes):
    def values(name):
        return np.array([getattr(scene, name) for scene in scenes])

    for name, spread in (("x", 0.08), ("y", 0.04), ("unit", 0.04), ("tilt", 0.06), ("turn", 0.5)):
        assert values(name).std() > spread, name
    # Five standard errors of a share p among N: 5 sqrt(p (1 - p) / N).
    for share, expected in (
        ((values("flip") == 1).mean(), 0.5),
        (values("standing").mean(), 0.3),
        *(((values("pattern") == pattern).mean(), 0.25) for pattern in pets.PATTERNS),
        (np.mean([scene.collar is not None for scene in scenes]), 0.4),
    ):
        assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / N)
    coats = np.array([scene.coat for scene in scenes])
    nearest = abs(coats[:, None] - np.array(pets.COATS)).sum(axis=2).argmin(axis=1)
    assert set(nearest) == set(range(len(pets.COATS)))


def test_a_marking_can_be_told_from_the_coat(scenes):
    assert min(abs(scene.coat - scene.marking).sum() for scene in scenes) > 40


def test_backgrounds_vary():
    corners = []
    for seed in range(60):
        canvas = pets.Canvas(24)
        pets.draw_background(canvas, np.random.default_rng(seed))
        assert (canvas.pixels.max(axis=0) > 0).all()  # no pixel is left unpainted
        corners.append(canvas.pixels[:, [0, 0, -1, -1], [0, -1, 0, -1]].ravel())
    assert np.std(corners, axis=0).min() > 20
