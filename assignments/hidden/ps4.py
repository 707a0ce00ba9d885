"""The checks of problem set 4 that decide the points; students do not see this file."""

import numpy as np
import ps4_checks as visible
import ps4_expected as expected

from course_code import expect
from course_code.exercises import Problem, Seed, array

# Task 1


def check_gain_leaky(answers):
    """The gain of leaky ReLUs, on other grids."""
    rng = np.random.default_rng(3)
    for slope in rng.uniform(-1, 1, 3):
        z = np.sort(np.append(rng.uniform(-8, 8, 4000), [-8.0, 8.0]))
        expected.expect_gain(answers, z, np.where(z > 0, z, slope * z), f"gain, slope {slope:.2f}")


def check_gain_spacing(answers):
    """The spacing of the table does not matter."""
    even = np.linspace(-8, 8, 3001)
    for z in (even, expected.grid(3001), np.sort(even * np.abs(even) / 8)):
        expected.expect_gain(answers, z, np.maximum(z, 0), "gain of ReLU on another grid")


def check_gain_mean(answers):
    """An activation with a mean."""
    z = expected.grid()
    for shift in (0.5, -2.0):
        expected.expect_gain(answers, z, np.tanh(z) + shift, f"gain of tanh + {shift}")


def check_gain_scale(answers):
    """A table that is scaled."""
    z = expected.grid()
    expected.expect_gain(answers, z, 3 * np.sin(z), "gain of 3 sin")
    expected.expect_gain(answers, z, 0.1 * z**2, "gain of 0.1 z^2")


# Task 2


def check_he_shapes(answers):
    """He's normal weights in other shapes."""
    expected.expect_he(answers, (500, 130), 0.0, "fan_in", "normal", seed=4)
    expected.expect_he(answers, (90, 700), 0.0, "fan_in", "normal", seed=5)


def check_he_fan_out(answers):
    """Fan_out."""
    expected.expect_he(answers, (90, 700), 0.0, "fan_out", "normal", seed=6)
    expected.expect_he(answers, (500, 130), 0.0, "fan_out", "uniform", seed=6)


def check_he_uniform(answers):
    """He's uniform weights in other shapes."""
    expected.expect_he(answers, (500, 130), 0.0, "fan_in", "uniform", seed=7)


def check_he_slopes(answers):
    """Leaky slopes."""
    expected.expect_he(answers, (400, 300), 0.3, "fan_in", "normal", seed=8)
    expected.expect_he(answers, (400, 300), 1.0, "fan_out", "uniform", seed=9)


def check_he_rng(answers):
    """The generator is used, and nothing repeats."""
    visible.check_he_rng(answers)
    W = array(answers.call("he", (40, 30), Seed(3), 0.0, "fan_in", "normal"), "he", (40, 30))
    if len(np.unique(W)) < W.size / 2:
        raise Problem(
            "he((40, 30), rng, ...) holds the same number more than once: every weight "
            "needs a draw of its own, or units stay alike"
        )


# Task 3


def check_modes(answers):
    """The three modes in another shape."""
    for mode in ("fan_in", "fan_out", "fan_avg"):
        expected.expect_scaled(answers, (120, 480), 0.7, mode, "normal", seed=3)


def check_uniform(answers):
    """The uniform law in another shape."""
    expected.expect_scaled(answers, (120, 480), 3.0, "fan_avg", "uniform", seed=4)
    expect.reproducible(answers, "variance_scaling", (3, 4), Seed(0), 1.0, "fan_in", "uniform")


def check_truncated_std(answers):
    """The truncated normal has the standard deviation asked for."""
    shape, scale, mode = (480, 320), 2.0, "fan_out"
    expected.expect_truncated(answers, shape, scale, mode, seed=5)


def check_truncated_cut(answers):
    """The truncated normal is cut where it should be, and not clipped."""
    W, what, std = expected.scaled(answers, (600, 400), 1.0, "fan_in", "truncated_normal", seed=6)
    expected.expect_law(W, std, "truncated_normal", what)
    if np.sum(np.abs(W) > np.abs(W).max() * (1 - 1e-6)) > 5:
        raise Problem(f"{what}: many weights sit exactly at the bound: drawn again, not clipped")
    kurtosis = np.mean((W / W.std()) ** 4)
    if abs(kurtosis - 2.37) > 0.06:
        raise Problem(
            f"{what}: the shape is not that of a normal law cut at two standard "
            f"deviations (kurtosis {kurtosis:.2f}, not 2.37)"
        )
    expect.reproducible(
        answers, "variance_scaling", (30, 40), Seed(0), 1.0, "fan_in", "truncated_normal"
    )


def check_recipes_lecun_he(answers):
    """The recipes of LeCun and He."""
    for name in ("lecun_normal", "lecun_uniform", "he_normal", "he_uniform"):
        expected.expect_recipe(answers, name)


def check_recipes_glorot(answers):
    """The recipes of Glorot and Bengio."""
    expected.expect_recipe(answers, "glorot_normal")
    expected.expect_recipe(answers, "glorot_uniform")


def check_recipe_pytorch(answers):
    """PyTorch's default."""
    expected.expect_recipe(answers, "pytorch")


# Task 4


def check_tall(answers):
    """Square and tall matrices."""
    expected.expect_orthonormal(answers, (6, 6), 1.0, seed=1)
    expected.expect_orthonormal(answers, (40, 11), 1.0, seed=2)
    expected.expect_orthonormal(answers, (7, 1), 1.0, seed=3)


def check_wide(answers):
    """Wide matrices."""
    expected.expect_orthonormal(answers, (11, 40), 1.0, seed=4)
    expected.expect_orthonormal(answers, (1, 7), 1.0, seed=5)


def check_orthogonal_gain(answers):
    """The gain, and the generator."""
    expected.expect_orthonormal(answers, (9, 9), np.sqrt(2), seed=6)
    expected.expect_orthonormal(answers, (4, 9), 0.3, seed=7)
    expect.reproducible(answers, "orthogonal", (4, 3), Seed(0), 1.0)


def check_fair(answers):
    """All orthogonal matrices are equally likely."""
    expected.expect_orthonormal(answers, (3, 3), 1.0)
    expected.expect_fair(answers, 2)
    expected.expect_fair(answers, 3)
    expected.expect_fair(answers, 4)


# Task 5


def check_rms(answers):
    """The rms by layer in other networks."""
    X = np.random.default_rng(5).standard_normal((50, 12)) + 0.5
    expected.expect_rms(
        answers, X, expected.normal_weights([12, 30, 8, 8, 3], seed=6, variance=2.0)
    )
    expected.expect_rms(answers, 1e-3 * X, expected.normal_weights([12] * 9, seed=7, variance=0.5))


def check_fates(answers):
    """Fates that do not depend on the width."""
    for name, width in (("he_uniform", 100), ("orthogonal x sqrt 2", 80), ("identity", 50)):
        expected.expect_fate(answers, name, width, "survives", seed=3)
    for name, width in (("pytorch", 60), ("orthogonal", 90), ("glorot_uniform", 150)):
        expected.expect_fate(answers, name, width, "dies", seed=4)
    expected.expect_fate(answers, "ones", 40, "explodes", seed=5)


def check_fixed_std(answers):
    """A fixed standard deviation at several widths."""
    for width, right in ((64, "dies"), (128, "survives"), (256, "explodes")):
        expected.expect_fate(answers, "std 0.125", width, right, seed=6)


# Task 6


def check_dead_counts(answers):
    """The counts in other networks."""
    for seed in (1, 2, 3):
        expected.expect_dead(answers, *expected.dead_problem(seed, samples=5 + 10 * seed))


def check_dead_extremes(answers):
    """A layer without dead units, and one in which all are dead."""
    X = np.random.default_rng(8).standard_normal((9, 4))
    weights = expected.normal_weights([4, 6, 5], seed=9)
    expected.expect_dead(answers, X, weights, [np.full(6, 9.0), np.full(5, 99.0)])
    expected.expect_dead(answers, X, weights, [np.full(6, -99.0), np.zeros(5)])


HIDDEN = {
    "gain": [
        (1, visible.check_predicted_order),
        (1, visible.check_gain),
        (1, check_gain_spacing),
        (1, check_gain_leaky),
        (1, check_gain_mean),
        (1, check_gain_scale),
    ],
    "he": [
        (2, check_he_shapes),
        (1, check_he_fan_out),
        (2, check_he_uniform),
        (1, check_he_slopes),
        (1, check_he_rng),
    ],
    "scaling": [
        (1, check_modes),
        (1, check_uniform),
        (2, check_truncated_std),
        (2, check_truncated_cut),
        (2, check_recipes_lecun_he),
        (1, check_recipes_glorot),
        (1, check_recipe_pytorch),
    ],
    "orthogonal": [
        (2, check_tall),
        (1, check_wide),
        (1, check_orthogonal_gain),
        (3, check_fair),
    ],
    "thirty": [
        (1, visible.check_predicted_fate),
        (2, check_rms),
        (2, check_fates),
        (1, check_fixed_std),
    ],
    "dead": [(3, check_dead_counts), (1, check_dead_extremes)],
}
