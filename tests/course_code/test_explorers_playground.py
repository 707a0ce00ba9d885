"""The playground: its data, its trainings, and what its pictures say."""

import re

import numpy as np
import pytest

from course_code.explorers import Prediction, playground
from course_code.explorers.playground import DATA_SETS, STARTS, STEPS, data, train
from course_code.explorers.playground_picture import (
    COLUMNS,
    CROSS,
    REACH,
    _short,
    dead_units,
    distinct_units,
    draw,
)
from course_code.network import MLP
from course_code.training import fit

LAST = STEPS[-1]


@pytest.fixture(scope="module")
def runs():
    return train(DATA_SETS, list(STARTS), "tanh")


@pytest.mark.parametrize("name", DATA_SETS)
def test_data_are_balanced_standardized_and_the_same_each_time(name):
    X, y = data(name)
    assert X.shape == (64, 2)
    assert np.bincount(y).tolist() == [32, 32]
    np.testing.assert_allclose([X.mean(axis=0), X.std(axis=0)], [[0, 0], [1, 1]], atol=1e-12)
    assert np.abs(X).max() < REACH  # all points are on the surface
    np.testing.assert_array_equal(X, data(name)[0])


def test_no_line_separates_xor_and_the_spirals():
    for name in ("XOR", "spirals"):
        X, y = data(name)
        line = MLP([2, 1], initializer="zeros", rng=np.random.default_rng(0))
        fit(line, X, y, learning_rate=1.0, epochs=500)
        assert ((line.logits(X)[:, 0] > 0) == y).mean() < 0.7


def test_a_run_is_the_training_that_it_says(runs):
    run = runs["XOR", "Xavier"]
    network = MLP([2, 6, 6, 1], initializer="glorot_normal", rng=np.random.default_rng(run.shown))
    history = fit(network, run.X, run.y, learning_rate=0.3, epochs=101)
    np.testing.assert_allclose(history.loss, run.losses[:101, run.shown], rtol=1e-9)
    # The network kept for a step is the one that has that step's loss.
    for step in (0, 100, LAST):
        value, _ = run.networks[step].gradients(run.X, run.y)
        np.testing.assert_allclose(value, run.losses[step, run.shown], rtol=1e-9)


def test_the_draw_shown_is_the_median_one(runs):
    for run in runs.values():
        final = run.losses[-1]
        assert final[run.shown] == np.median(final)


def test_zeros_stay_at_log_2_with_a_flat_surface(runs):
    for name in DATA_SETS:
        run = runs[name, "zeros"]
        np.testing.assert_allclose(run.losses, np.log(2), rtol=1e-12)
        assert np.ptp(run.networks[LAST].logits(run.X)) == 0


def test_a_constant_learns_what_one_unit_can(runs):
    for name in DATA_SETS:
        run = runs[name, "constant"]
        first, last = run.losses[0, 0], run.losses[-1, 0]
        assert last < 0.68 < first
        assert last > 0.2  # none of the four can be separated by a function of one direction
        assert distinct_units(run.networks[LAST], run.X) == [1, 1]


def test_xavier_and_he_learn_whatever_the_draw(runs):
    relu = train(DATA_SETS, ["Xavier", "He"], "relu")
    tanh = {key: run for key, run in runs.items() if key in relu}
    for learned in (tanh, relu):
        final = np.array([np.sort(run.losses[-1]) for run in learned.values()])
        assert (final[:, 4] < 0.05).all()  # at least five draws of seven, for each data set
        assert np.mean(final < 0.05) > 0.85


def test_too_small_waits_at_log_2(runs):
    for name in ("circles", "XOR"):
        assert np.abs(runs[name, "too small"].losses - np.log(2)).max() < 0.005
    # Where the features covary with the label it leaves in the end, and only then.
    moons = runs["moons", "too small"].losses
    assert (np.abs(moons[200] - np.log(2)) < 0.01).all()
    assert (moons[-1] < 0.3).all()


def test_too_large_starts_high_and_ends_worse_than_xavier(runs):
    for name in DATA_SETS:
        large, xavier = (runs[name, start].losses for start in ("too large", "Xavier"))
        assert np.median(large[0]) > 1.5 * xavier[0].max()
        assert np.median(large[-1]) > 10 * np.median(xavier[-1])


def test_sigmoid_slows_xavier_down():
    runs = train(["circles", "XOR"], ["Xavier"], "sigmoid")
    for run in runs.values():
        assert np.median(run.losses[-1]) > 0.6


def test_the_picture_says_its_numbers(runs):
    run = runs["XOR", "Xavier"]
    picture = draw(run, LAST, "XOR", "Xavier", "tanh")
    assert picture.svg.count("<svg") == 2
    said = picture.description
    assert said.startswith("XOR, start Xavier, tanh, step 1000: loss 0.003 nats, 100% of 64 points")
    assert "Distinct hidden units: 6 and 6 of 6." in said
    assert re.search(r"Loss of 7 draws at this step: 0\.00\d to 0\.00\d\.", said)
    assert "Over the plane, the probability of class 1 goes from 0.00 to 1.00." in said
    flat = draw(runs["XOR", "zeros"], 0, "XOR", "zeros", "tanh").description
    assert flat.endswith("from 0.50 to 0.50.")
    assert "draws" not in draw(runs["XOR", "zeros"], 0, "XOR", "zeros", "tanh").description


def test_the_band_of_losses_covers_all_draws_to_the_last_step(runs):
    run = runs["moons", "Xavier"]
    loss = draw(run, LAST, "moons", "Xavier", "tanh").svg.partition("(0 187)")[2]
    band = re.search(r'fill-opacity="\.2" d="M([^z]+)z', loss)[1]
    points = np.array([point.split() for point in band.split("L")], float)
    x = points[:, 0]
    assert np.array_equal(x, x[::-1])  # there along the lowest, and back along the highest
    half = len(x) // 2
    assert (points[:half, 1] >= points[half:, 1][::-1]).all()
    dot = re.search(r'<circle class="k1" cx="([\d.]+)"', loss)[1]
    assert x.max() == pytest.approx(float(dot), abs=0.6)
    assert "cut at 10" not in loss
    run.losses[0] = 11.0
    try:
        assert "cut at 10" in draw(run, LAST, "moons", "Xavier", "tanh").svg
    finally:
        run.losses[0] = run.losses[1]


def test_negative_weights_are_dashed_and_tiny_ones_have_no_colour(runs):
    def edges(start, step):
        picture = draw(runs["XOR", start], step, "XOR", start, "tanh").svg
        group = re.search(r"<g transform=.translate\(15 32\).*?</g>", picture)[0]
        return re.findall(r'<path class="(\w+)" stroke-width="([.\d]+)"( stroke-dash\S+)?', group)

    assert edges("zeros", LAST) == [("g", ".1", "")]
    drawn = edges("Xavier", LAST)
    assert {bool(dash) for name, _, dash in drawn if name == "k1"} == {True}
    assert {bool(dash) for name, _, dash in drawn if name == "k0"} == {False}
    assert len({width for _, width, _ in drawn}) > 2


def test_dead_relu_units_are_crosses_and_counted():
    run = train(["XOR"], ["too large"], "relu")["XOR", "too large"]
    network = run.networks[LAST]
    dead = dead_units(network, run.X)
    slopes = [z > 0 for z in network.forward(run.X).pre_activations[:-1]]
    for layer, slope in zip(dead, slopes):
        np.testing.assert_array_equal(layer, ~slope.any(axis=0))
    first, second = (int(layer.sum()) for layer in dead)
    assert (first, second) == (1, 4)
    picture = draw(run, LAST, "XOR", "too large", "relu")
    assert f"Dead hidden units, 0 on all points: {first} and {second} of 6." in picture.description
    assert f"× dead, 0 on all points: {first} of 6, then {second} of 6" in picture.svg
    assert crosses_and_dots(picture) == (5, 15 - 5)
    places = set(re.findall(rf"M(\d+) (\d+){CROSS}", picture.svg))
    first_unit = int(np.flatnonzero(dead[0])[0])
    assert (str(COLUMNS[1]), str(2 * first_unit)) in places


def test_units_that_live_have_no_cross(runs):
    relu = train(["XOR"], ["He"], "relu")["XOR", "He"]
    picture = draw(relu, LAST, "XOR", "He", "relu")
    assert "Dead hidden units, 0 on all points: 0 and 0 of 6." in picture.description
    assert crosses_and_dots(picture) == (0, 15)
    # A tanh unit whose value is 0 has a slope: it is not dead.
    zeros = draw(runs["XOR", "zeros"], LAST, "XOR", "zeros", "tanh")
    assert "dead" not in (zeros.description + zeros.svg).lower()
    assert crosses_and_dots(zeros) == (0, 15)


def crosses_and_dots(picture):
    """Count the units of each kind; the data's dots are in the other drawing."""
    network = picture.svg.partition("(15 32)")[2].partition("</g>")[0]
    return network.count(CROSS), len(re.findall(r"M\d+ \d+h0", network))


def test_a_flat_surface_has_no_boundary(runs):
    # A boundary is the only path of that colour.
    assert "#222" not in draw(runs["XOR", "zeros"], LAST, "XOR", "zeros", "tanh").svg
    assert "#222" in draw(runs["XOR", "Xavier"], LAST, "XOR", "Xavier", "tanh").svg


def test_the_explorer_has_all_states_and_computes_other_steps():
    explorer = playground.playground(("XOR",), ("zeros", "Xavier"))
    assert [control.key for control in explorer.controls] == ["start", "step"]
    exact = explorer.picture(start="Xavier", step=123)
    assert "step 123: loss" in exact.description
    later = explorer.picture(start="Xavier", step=1500)
    assert "step 1500: loss 0.00" in later.description
    # The draw shown stays the same: the largest weight of a trained network tells draws apart.
    after = [explorer.picture(start="Xavier", step=step).description for step in (1000, 1001)]
    assert len({re.search(r"Largest weight: ([\d.]+)", words)[1] for words in after}) == 1
    pictures = [explorer.picture(start="Xavier", step=step) for step in (100, 123, 200)]
    losses = [float(re.search(r"loss ([\d.]+) nats", p.description)[1]) for p in pictures]
    assert losses[0] > losses[1] > losses[2]
    with pytest.raises(ValueError, match="step must be finite and in"):
        explorer.picture(step=20_001)


def test_a_page_of_playground_is_small_enough():
    explorer = playground.playground(
        prediction=Prediction("Which start?", {"Xavier": "Yes.", "too large": "No."})
    )
    assert explorer.size < 560_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data_sets": ["moon"]}, "data must be one of moons, circles, XOR, spirals; got 'moon'"),
        ({"starts": ["xavier"]}, "start must be one of zeros, constant, too small"),
        ({"activations": ["selu"]}, "activation must be one of tanh, relu, sigmoid"),
        ({"activations": []}, "'activation' has no values"),
    ],
)
def test_bad_arguments_are_named_before_any_training(arguments, message, monkeypatch):
    monkeypatch.setattr(playground, "train", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        playground.playground(**arguments)


@pytest.mark.parametrize("steps", [[-1], [20_001]])
def test_steps_out_of_range(steps):
    with pytest.raises(ValueError, match="step must be"):
        train(["XOR"], ["zeros"], "tanh", steps)


def test_unknown_start_in_train():
    with pytest.raises(ValueError, match="start must be one of zeros"):
        train(["XOR"], ["zero"], "tanh")


def test_losses_are_written_with_the_digits_that_count():
    assert [_short(x) for x in (0.0004, 0.6931, 722.9)] == ["0.0004", "0.693", "723"]
