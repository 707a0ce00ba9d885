"""The visible checks of problem set 4: He and the initializer zoo.

They look at one or two small cases. The checks that decide the points look at others.
"""

import numpy as np

from course_code import expect
from course_code.exercises import Problem, Seed, array, number

FATES = ("dies", "survives", "explodes")
FUNCTIONS = ["absolute", "relu", "square", "step"]
VARIANCE = "this is the variance: the standard deviation is its root"
BOUND = "a uniform law U(-b, b) has the variance b^2 / 3; do not take std for b, nor b for std"


def check_predicted_order(answers):
    """A prediction was made."""
    predicted = answers.value("predicted_order")
    if predicted is None or predicted is ...:
        raise Problem("predicted_order is still None: guess, it costs nothing to be wrong")
    if not isinstance(predicted, list | tuple) or sorted(map(str, predicted)) != FUNCTIONS:
        raise Problem(f"predicted_order should hold each of {FUNCTIONS} once; got {predicted!r}")


def check_gain(answers):
    """The gain of ReLU."""
    z = np.sinh(np.linspace(-2.8, 2.8, 2001))
    hints = [
        (2.0, "this is the square of the gain: take the root"),
        (0.7071, "this is the rms of f(Z); the gain is one over it"),
        (0.5, "this is E[f(Z)^2]; the gain is one over its root"),
        (1.713, "this comes from the variance of f(Z). Its mean counts, too: the next layer turns "
         "it into variance. Take the second moment"),
        (1.672, "every z has got the same weight, as if z were evenly spaced"),
        (0.4152, "this is a plain mean over the table: weight it with the density"),
    ]  # fmt: skip
    found = answers.call("gain", z, np.maximum(z, 0))
    expect.close(found, 1.4142, "gain(z, relu(z))", rtol=0.01, hints=hints)


def he_weights(answers, slope, law):
    what = f"he((300, 200), rng, {slope}, 'fan_in', {law!r})"
    W = array(answers.call("he", (300, 200), Seed(0), slope, "fan_in", law), what, (300, 200))
    expect.centred(W, what, hint="are they all positive? rand is not randn" if W.min() >= 0 else "")
    return W, what


def check_he_normal(answers):
    """He's normal weights."""
    W, what = he_weights(answers, 0.0, "normal")
    hints = [
        (0.006667, VARIANCE),
        (0.05774, "the factor 2 is missing: ReLU passes on half of the second moment"),
        (0.1, "this divides by fan_out; of the shape (300, 200) fan_in is 300"),
        (0.06325, "this is Glorot's rule, with the mean of the fans"),
        (0.07182, "this is a truncated normal, uncorrected; the task asks for one not cut"),
    ]
    expect.standard_deviation(W, 0.08165, what, hints=hints)
    if np.abs(W).max() < 3 * 0.08165:
        raise Problem(f"{what}: no weight is beyond 3 standard deviations, but some of 60,000 are")


def check_he_uniform(answers):
    """He's uniform weights."""
    W, what = he_weights(answers, 0.0, "uniform")
    hints = [
        (0.04714, BOUND),
        (0.1414, BOUND),
        (0.05774, "the factor 2 is missing: ReLU passes on half of the second moment"),
        (0.1, "this divides by fan_out; of the shape (300, 200) fan_in is 300"),
    ]
    expect.standard_deviation(W, 0.08165, what, kurtosis=1.8, hints=hints)


def check_he_slope(answers):
    """A leaky slope of 0.5."""
    W, what = he_weights(answers, 0.5, "normal")
    hints = [
        (0.08165, "the slope is not used"),
        (0.05443, "the negative half passes s^2 of the second moment; this has (1 + s)^2"),
        (0.06667, "the slope has to be squared"),
        (0.09129, "a slope lets more through, so less is needed: divide"),
    ]
    expect.standard_deviation(W, 0.07303, what, hints=hints)


def check_he_rng(answers):
    """The generator is used."""
    expect.reproducible(answers, "he", (3, 4), Seed(0), 0.0, "fan_in", "normal")
    expect.reproducible(answers, "he", (3, 4), Seed(0), 0.0, "fan_in", "uniform")


def scaled(answers, scale, mode, distribution):
    what = f"variance_scaling((300, 200), rng, {scale}, {mode!r}, {distribution!r})"
    W = answers.call("variance_scaling", (300, 200), Seed(0), scale, mode, distribution)
    W = array(W, what, (300, 200))
    expect.centred(W, what, hint="are they all positive? rand is not randn" if W.min() >= 0 else "")
    return W, what


def check_scaling_modes(answers):
    """The three modes, normal."""
    right = {"fan_in": 0.08165, "fan_out": 0.1, "fan_avg": 0.08944}
    for mode, std in right.items():
        W, what = scaled(answers, 2.0, mode, "normal")
        hints = [(std**2, VARIANCE)]
        hints += [(s, f"this divides by {other}") for other, s in right.items() if other != mode]
        hints += [(0.06325, "fan_avg is the mean of the two fans, not their sum")]
        expect.standard_deviation(W, std, what, hints=hints)


def check_scaling_uniform(answers):
    """The uniform law."""
    W, what = scaled(answers, 1.0, "fan_in", "uniform")
    hints = [(0.03333, BOUND), (0.1, BOUND), (0.003333, VARIANCE)]
    expect.standard_deviation(W, 0.05774, what, kurtosis=1.8, hints=hints)


def check_scaling_truncated(answers):
    """The truncated normal law."""
    W, what = scaled(answers, 1.0, "fan_in", "truncated_normal")
    largest = np.abs(W).max()
    if np.sum(np.abs(W) > largest * (1 - 1e-6)) > 5:
        raise Problem(
            f"{what}: many weights sit exactly at the bound. Clipping moves them there; a "
            "truncated normal draws them again"
        )
    hints = [
        (0.05079, "this is what the cut leaves, 0.8796 of what is asked for: make up for it"),
        (0.04467, "the correction is on the wrong side: divide by 0.8796"),
        (0.06564, "this is too large by 1 / 0.8796: is it cut at all?"),
        (0.003333, VARIANCE),
    ]
    expect.standard_deviation(W, 0.05774, what, kurtosis=2.37, hints=hints)
    if not 2.2 < largest / 0.05774 < 2.275:
        raise Problem(
            f"{what}: the largest weight is {largest / 0.05774:.2f} times the standard deviation "
            "asked for; it should be just below 2 / 0.8796 = 2.27. Is the law cut at all, and can "
            "a number that is drawn again fall outside again?"
        )


def check_recipe(answers):
    """The recipe of LeCun's normal rule."""
    found = answers.call("recipe", "lecun_normal")
    if not isinstance(found, list | tuple) or len(found) != 3:
        raise Problem(f"recipe should return a tuple (scale, mode, distribution); got {found!r}")
    if not np.isclose(number(found[0], "the scale of lecun_normal"), 1.0):
        raise Problem(f"LeCun's variance is 1 / fan_in; the scale is {found[0]!r}")
    if tuple(found[1:]) != ("fan_in", "truncated_normal"):
        raise Problem(f"LeCun's normal rule has fan_in and a truncated_normal; got {found[1:]!r}")


def check_orthogonal(answers):
    """Orthonormal columns in a tall matrix, rows in a wide one."""
    for shape in ((8, 5), (5, 8)):
        what = f"orthogonal({shape}, rng, 1.0)"
        W = array(answers.call("orthogonal", shape, Seed(0), 1.0), what, shape)
        gram, lines = (W.T @ W, "columns") if shape[0] > shape[1] else (W @ W.T, "rows")
        if not np.allclose(gram, np.diag(np.diag(gram)), atol=1e-4):
            raise Problem(f"{what}: the {lines} are not perpendicular to one another")
        expect.close(np.diag(gram), np.ones(5), f"{what}: squared length of the {lines}", rtol=1e-4)


def check_orthogonal_fair(answers):
    """Half of the first entries are positive."""
    draws = [answers.call("orthogonal", (3, 3), Seed(seed), 1.0) for seed in range(200)]
    positive = np.mean([array(W, "orthogonal", (3, 3))[0, 0] > 0 for W in draws])
    if not 0.32 < positive < 0.68:
        raise Problem(
            f"W[0, 0] is positive in {positive:.0%} of 200 draws, so not all orthogonal matrices "
            "are equally likely: see the hint about R's diagonal"
        )


def check_predicted_fate(answers):
    """A prediction was made."""
    predicted = answers.value("predicted_fate")
    if not isinstance(predicted, dict) or not predicted:
        raise Problem("predicted_fate should be the dictionary of the ten names")
    wrong = [name for name, word in predicted.items() if word not in FATES]
    if wrong or len(predicted) < 10:
        raise Problem(
            f"predicted_fate needs one of {FATES} for each of the ten names; "
            f"still missing or misspelt: {', '.join(wrong) or 'a name'}"
        )


def check_rms(answers):
    """The rms by layer of a tiny network."""
    X, W = np.array([[1.0, -1.0], [3.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    found = answers.call("rms_by_layer", X, [W, W])
    if isinstance(found, list | tuple | np.ndarray) and len(found) == 3:
        raise Problem("rms_by_layer returned 3 numbers for 2 layers: leave out the input's")
    hints = [
        ([2.121320, 3.240370], "is ReLU applied after each layer?"),
        ([2.121320, 2.549510], "this is the rms before ReLU; apply it first"),
        ([3.5, 6.5], "these are mean squares: take the root"),
        ([1.118034, 1.581139], "this is the standard deviation, which leaves out the mean"),
    ]
    expect.close(found, [1.870829, 2.549510], "rms_by_layer(X, weights)", rtol=1e-4, hints=hints)


def check_fate(answers):
    """He and Glorot at width 64."""
    for name, right in (("he_normal", "survives"), ("glorot_uniform", "dies")):
        found = answers.call("fate", name, 64, Seed(0))
        if not isinstance(found, str) or found != right:
            raise Problem(f"fate({name!r}, 64, rng) is {found!r}, but should be {right!r}")


def check_dead(answers):
    """The count in a tiny network."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    # Two units that are 0 on the last sample, two dead ones, three that are never 0.
    W = np.array([[1.0, 2.0, -1.0, 0.0, 1.0, 0.0, 1.0], [1.0, 1.0, -1.0, 0.0, 0.0, 1.0, -1.0]])
    biases = [np.array([0.0, 0.0, -2.0, -1.0, 2.5, 3.0, 4.0])]
    hints = [
        (4, "these are the units that are 0 on some sample; dead units are 0 on every sample"),
        (8, "this counts zeros; count units that are 0 on every sample"),
        (5, "these are the living units"),
        (3, "these are the units that are never 0"),
        (2 / 7, "this is a share; the task asks for the number of units"),
    ]
    found = array(answers.call("dead_units", X, [W], biases), "dead_units(X, weights, biases)")
    expect.close(found, 2, "the dead units of one layer", hints=hints)


VISIBLE = {
    "gain": [check_predicted_order, check_gain],
    "he": [check_he_normal, check_he_uniform, check_he_slope, check_he_rng],
    "scaling": [check_scaling_modes, check_scaling_uniform, check_scaling_truncated, check_recipe],
    "orthogonal": [check_orthogonal, check_orthogonal_fair],
    "thirty": [check_predicted_fate, check_rms, check_fate],
    "dead": [check_dead],
}
