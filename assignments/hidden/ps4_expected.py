"""Problem set 4: the right answers and the usual wrong ones, for any input; never handed out."""

import numpy as np

from course_code import expect
from course_code.exercises import Problem, Seed, array, number

SHAPE = (300, 200)
KURTOSIS = {"normal": 3.0, "uniform": 1.8, "truncated_normal": 2.37}
CUT_STD = 0.879626  # of a standard normal cut at two standard deviations


# Task 1: a gain from a table


def grid(n=2001, end=8.0):
    """Return increasing numbers that are dense near 0 and sparse far out."""
    return np.sinh(np.linspace(-1, 1, n) * np.arcsinh(end))


def expect_gain(answers, z, a, what):
    """Compare the student's gain with ours; name the usual mistakes."""
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    mean, second = np.trapezoid(a * density, z), np.trapezoid(a**2 * density, z)
    even = np.sum(a**2 * density) / np.sum(density)
    hints = [
        (second**-1.0, "this is the square of the gain: take the root"),
        (second**0.5, "this is the rms of f(Z); the gain is one over it"),
        (second, "this is E[f(Z)^2]; the gain is one over its root"),
        (
            (second - mean**2) ** -0.5,
            "this comes from the variance of f(Z). The mean counts, too:"
            " the next layer turns it into variance, so take the second moment E[f(Z)^2]",
        ),
        (even**-0.5, "every z has got the same weight, as if z were evenly spaced"),
        (np.mean(a**2) ** -0.5, "this is a plain mean over the table: weight it with the density"),
        (abs(mean) ** -1 if mean else np.inf, "this is 1 / E[f(Z)]: square f first"),
    ]
    expect.close(answers.call("gain", z, a), second**-0.5, what, rtol=0.01, hints=hints)


# Task 2: He's rule


def he_std(shape, slope, fan):
    n = shape[0] if fan == "fan_in" else shape[1]
    return np.sqrt(2 / ((1 + slope**2) * n))


def expect_law(W, std, law, what):
    """Check that W is uniform or normal and not the other, by its largest entry."""
    largest = np.abs(W).max() / std
    if law == "uniform" and largest > np.sqrt(3) * 1.001:
        raise Problem(
            f"{what}: the largest entry is {largest:.2f} standard deviations; a uniform "
            "law with that variance ends at sqrt(3) = 1.73"
        )
    if law == "normal" and largest < 3:
        raise Problem(
            f"{what}: no entry is beyond {largest:.2f} standard deviations; of so many "
            "normal numbers some are beyond 3"
        )
    if law == "truncated_normal" and not 2.2 < largest < 2.275:
        raise Problem(
            f"{what}: the largest entry is {largest:.2f} times the standard deviation "
            "asked for; it should be just below 2 / 0.8796 = 2.27"
        )


def expect_he(answers, shape, slope, fan, law, seed=0):
    """Check mean, standard deviation and law of the student's weights."""
    what = f"he({shape}, rng, {slope}, {fan!r}, {law!r})"
    W = array(answers.call("he", shape, Seed(seed), slope, fan, law), what, shape)
    std, n = he_std(shape, slope, fan), shape[0] if fan == "fan_in" else shape[1]
    other = he_std(shape, slope, "fan_out" if fan == "fan_in" else "fan_in")
    expect.centred(W, what, hint="are they all positive? rand is not randn" if W.min() >= 0 else "")
    hints = [
        (std**2, "this is the variance: the standard deviation is its root"),
        (std / np.sqrt(2), "the factor 2 is missing: ReLU passes on half of the second moment"),
        (other, f"this divides by the other fan; {fan} of the shape {shape} is {n}"),
        (he_std(shape, 0, fan), "the slope is not used"),
        (
            np.sqrt(2 / n) / (1 + slope),
            "the negative half passes s^2 of the second moment:"
            " the factor is 2 / (1 + s^2), not 2 / (1 + s)^2",
        ),
        (np.sqrt(2 / ((1 + slope) * n)), "the slope has to be squared"),
        (np.sqrt(2 * (1 + slope**2) / n), "a slope lets more through, so less is needed: divide"),
        (np.sqrt(2 / (shape[0] + shape[1])), "this is Glorot's rule"),
        (np.sqrt(3) * std, "a uniform law U(-b, b) has the variance b^2 / 3: b = sqrt(3) std"),
        (std / np.sqrt(3), "this is U(-std, std), whose standard deviation is std / sqrt(3)"),
        (std * CUT_STD, "this is a truncated normal, uncorrected; the task asks for one not cut"),
    ]
    expect.standard_deviation(W, std, what, kurtosis=KURTOSIS[law], hints=hints)
    expect_law(W, std, law, what)


# Task 3: one function and seven names


def fan_of(shape, mode):
    return {"fan_in": shape[0], "fan_out": shape[1], "fan_avg": (shape[0] + shape[1]) / 2}[mode]


def scaled(answers, shape, scale, mode, distribution, seed=0):
    """Return the student's weights, what to call them and the right standard deviation."""
    what = f"variance_scaling({shape}, rng, {scale:.3g}, {mode!r}, {distribution!r})"
    W = answers.call("variance_scaling", shape, Seed(seed), scale, mode, distribution)
    return array(W, what, shape), what, np.sqrt(scale / fan_of(shape, mode))


def scaling_hints(shape, scale, mode, std):
    total = np.sqrt(scale / (shape[0] + shape[1]))
    others = [m for m in ("fan_in", "fan_out") if m != mode]
    hints = [
        (std**2, "this is the variance: the standard deviation is its root"),
        (
            scale / np.sqrt(fan_of(shape, mode)),
            "scale is part of the variance: it belongs under the root",
        ),
        (np.sqrt(3) * std, "a uniform law U(-b, b) has the variance b^2 / 3: b = sqrt(3) std"),
        (std / np.sqrt(3), "this is U(-std, std), whose standard deviation is std / sqrt(3)"),
    ]
    if mode == "fan_avg":
        hints.append((total, "fan_avg is the mean of the two fans, not their sum"))
    return hints + [
        (
            np.sqrt(scale / fan_of(shape, m)),
            f"this divides by {m}; {mode} of the shape {shape} is {fan_of(shape, mode):g}",
        )
        for m in others
    ]


def expect_scaled(answers, shape, scale, mode, distribution, seed=0):
    """Check mean, standard deviation and law."""
    W, what, std = scaled(answers, shape, scale, mode, distribution, seed)
    expect.centred(W, what, hint="are they all positive? rand is not randn" if W.min() >= 0 else "")
    hints = scaling_hints(shape, scale, mode, std)
    expect.standard_deviation(W, std, what, kurtosis=KURTOSIS[distribution], hints=hints)
    expect_law(W, std, distribution, what)


def expect_truncated(answers, shape, scale, mode, seed=0):
    """Check the cut, and that the standard deviation is corrected for it."""
    W, what, std = scaled(answers, shape, scale, mode, "truncated_normal", seed)
    size = np.sort(np.abs(W).ravel()) / std
    if np.sum(size > size[-1] * (1 - 1e-6)) > 5:
        raise Problem(
            f"{what}: {np.mean(size > size[-1] * (1 - 1e-6)):.1%} of the weights sit "
            "exactly at the bound. Clipping moves them there; a truncated normal draws "
            "them again"
        )
    hints = [
        (CUT_STD * std, "this is what the cut leaves, 0.8796 of what is asked for: make up for it"),
        (CUT_STD**2 * std, "the correction is on the wrong side: divide by 0.8796"),
        (std / CUT_STD, "this is too large by 1 / 0.8796: is it cut at all? Or corrected twice?"),
        *scaling_hints(shape, scale, mode, std),
    ]
    expect.standard_deviation(W, std, what, kurtosis=KURTOSIS["truncated_normal"], hints=hints)
    outside = np.mean(size > 2.275)
    if outside:
        raise Problem(
            f"{what}: {outside:.2%} of the weights are beyond the cut, which is at two "
            "standard deviations of the normal that is cut: 2 / 0.8796 = 2.27 of those "
            "asked for. Can a number that is drawn again fall outside again?"
        )
    expect_law(W, std, "truncated_normal", what)


RECIPES = {
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
    "pytorch": (1 / 3, "fan_in", "uniform"),
}
RECIPE_HINTS = {
    ("pytorch", 2.0): "The function that PyTorch calls is named kaiming_uniform_, but with a slope "
    "of sqrt(5), so the factor is 2 / (1 + 5)",
    ("pytorch", 1.0): "1 is the square of the bound times fan_in; the variance of U(-b, b) is "
    "b^2 / 3",
    ("glorot_normal", 2.0): "Glorot's 2 / (fan_in + fan_out) is 1 over the mean of the fans",
    ("glorot_uniform", 2.0): "Glorot's 2 / (fan_in + fan_out) is 1 over the mean of the fans",
    ("he_normal", 1.0): "He's factor is 2",
    ("he_uniform", 1.0): "He's factor is 2",
    ("he_uniform", 6.0): "6 belongs to the bound of the uniform law; scale is about the variance",
    (
        "lecun_uniform",
        3.0,
    ): "3 belongs to the bound of the uniform law; scale is about the variance",
}


def expect_recipe(answers, name):
    """Check one recipe."""
    recipe = answers.call("recipe", name)
    if not isinstance(recipe, list | tuple) or len(recipe) != 3:
        raise Problem(
            f"recipe({name!r}) should be a tuple (scale, mode, distribution); got {recipe!r}"
        )
    scale, mode, distribution = RECIPES[name]
    what = f"recipe({name!r})"
    found = number(recipe[0], f"the scale of {what}")
    if recipe[1] != mode:
        raise Problem(f"{what}: the mode is {recipe[1]!r}, but should be {mode!r}")
    if not np.isclose(found, scale, rtol=1e-3):
        hint = RECIPE_HINTS.get((name, round(found, 3)), "")
        raise Problem(f"{what}: the scale is {found:.3g}, which is wrong. {hint}".rstrip())
    if recipe[2] != distribution:
        raise Problem(f"{what}: the distribution is {recipe[2]!r}, but should be {distribution!r}")


# Task 4: orthogonal


def expect_orthonormal(answers, shape, gain, seed=0):
    """Check the shape and that the shorter side is orthonormal, times the gain."""
    what = f"orthogonal({shape}, rng, {gain:.3g})"
    W = array(answers.call("orthogonal", shape, Seed(seed), gain), what, shape).astype(float)
    gram = W.T @ W if shape[0] >= shape[1] else W @ W.T
    lines = "columns" if shape[0] >= shape[1] else "rows"
    length, one = np.sqrt(np.diag(gram)), np.eye(len(gram))
    if np.allclose(gram, gain**2 * one, rtol=0, atol=1e-4 * gain**2):
        return
    if np.allclose(gram, np.diag(np.diag(gram)), rtol=0, atol=1e-4 * gain**2):
        raise Problem(
            f"{what}: the {lines} are perpendicular, but their length is "
            f"{length[0]:.3g} instead of {gain:.3g}"
        )
    raise Problem(f"{what}: the {lines} are not perpendicular to one another")


def expect_fair(answers, size, draws=200):
    """Check that signs and determinants are even, within five standard errors."""
    W = [answers.call("orthogonal", (size, size), Seed(seed), 1.0) for seed in range(draws)]
    W = np.array([array(w, "orthogonal", (size, size)) for w in W], dtype=float)
    shares = {
        "W[0, 0] is positive": W[:, 0, 0] > 0,
        "W[1, 1] is positive": W[:, 1, 1] > 0,
        "the determinant is positive": np.linalg.det(W) > 0,
    }
    for event, happened in shares.items():
        if abs(happened.mean() - 0.5) > 5 * 0.5 / np.sqrt(draws):
            raise Problem(
                f"in {happened.mean():.0%} of {draws} draws {event}, instead of half of "
                "them: not all orthogonal matrices are equally likely. The signs of Q's "
                "columns are the QR routine's choice; use those of R's diagonal to undo "
                "it"
            )


# Task 5: thirty layers


def normal_weights(widths, seed, variance=1.0):
    """Return weights of the given variance times fan_in, one for each pair of widths."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, m)) * np.sqrt(variance / n) for n, m in zip(widths, widths[1:])]


def expect_rms(answers, X, weights):
    """Compare the rms by layer."""
    A, Z, right, before, spread = X, None, [], [], []
    for W in weights:
        Z = A @ W
        A = np.maximum(Z, 0)
        right.append(np.sqrt(np.mean(A**2)))
        before.append(np.sqrt(np.mean(Z**2)))
        spread.append(A.std())
    found = answers.call("rms_by_layer", X, weights)
    if isinstance(found, list | tuple | np.ndarray) and len(found) == len(weights) + 1:
        raise Problem(
            f"rms_by_layer returned {len(found)} numbers for {len(weights)} layers: "
            "leave out the input's"
        )
    hints = [
        (before, "this is the rms of the pre-activations: apply ReLU first"),
        (spread, "this is the standard deviation, which leaves out the mean; rms does not"),
        (np.square(right), "these are mean squares: take the root"),
        ([w.std() for w in weights], "this is the spread of the weights, not of the signal"),
    ]
    expect.close(found, right, "rms_by_layer(X, weights)", rtol=1e-3, hints=hints)


def expect_fate(answers, name, width, right, seed=0):
    """Compare one fate."""
    found = answers.call("fate", name, width, Seed(seed))
    if not isinstance(found, str) or found not in ("dies", "survives", "explodes"):
        raise Problem(f"fate({name!r}, {width}, rng) is {found!r}: no fate of the three")
    if found != right:
        raise Problem(f"fate({name!r}, {width}, rng) is {found!r}, but should be {right!r}")


# Task 6: dead units


def expect_dead(answers, X, weights, biases):
    """Compare the counts of dead units; name the usual mistakes."""
    A, right, ever, zeros = X, [], [], []
    for W, b in zip(weights, biases):
        A = np.maximum(A @ W + b, 0)
        right.append(np.all(A == 0, axis=0).sum())
        ever.append(np.any(A == 0, axis=0).sum())
        zeros.append(np.sum(A == 0))
    samples = len(X)
    hints = [
        (ever, "these are the units that are 0 on some sample; dead units are 0 on every sample"),
        (zeros, "these are all zeros of the layer; count units"),
        (np.divide(zeros, samples), "this is the share of zeros; dead are units 0 on all samples"),
        (np.subtract([len(b) for b in biases], right), "these are the living units"),
        ([len(b) - e for b, e in zip(biases, ever)], "these are the units that are never 0"),
        (np.divide(right, [len(b) for b in biases]), "these are shares; the task asks for counts"),
    ]
    found = answers.call("dead_units", X, weights, biases)
    expect.close(found, right, "dead_units(X, weights, biases)", hints=hints)


def dead_problem(seed, samples=12):
    """Return inputs, weights and biases with some dead units in every layer."""
    rng = np.random.default_rng(seed)
    weights = normal_weights([4, 10, 8, 6], seed, variance=2.0)
    biases = [0.5 * rng.standard_normal(W.shape[1]) for W in weights]
    for W, b in zip(weights, biases):
        W[:, 0], b[0] = 0.0, -1.0
    return rng.standard_normal((samples, 4)), weights, biases
