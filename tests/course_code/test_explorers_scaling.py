"""Scaling: the quadratic's theory, its path, and what the pictures say."""

import re

import numpy as np
import pytest

from course_code.explorers import scaling
from course_code.explorers.scaling import FEATURES, RATES, problem
from course_code.explorers.scaling_picture import LEFT, SIDE, TOP, _place, _reach, draw


@pytest.mark.parametrize("features", FEATURES)
def test_the_minimum_and_the_limit_are_right(features):
    loss = problem(features)
    largest, smallest = loss.eigenvalues
    assert largest > smallest > 0
    np.testing.assert_allclose(
        loss.eigenvectors @ np.diag(loss.eigenvalues) @ loss.eigenvectors.T, loss.hessian
    )
    for factor, converges in ((0.99, True), (1.01, False)):
        end = loss.path(factor * loss.limit, 3000)[-1]
        assert (np.abs(end - loss.minimum).max() < 1e-3 * np.abs(loss.minimum).max()) == converges


def test_the_minimum_is_that_of_least_squares():
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    expected = np.linalg.lstsq(X[:, :2], 2.0 * y - 1, rcond=None)[0]
    np.testing.assert_allclose(problem("raw").minimum, expected)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("share", [0.3, 0.95, 1.02])
def test_the_loss_along_the_path_is_the_predicted_one(features, share):
    loss = problem(features)
    errors = loss.path(share * loss.limit, 40) - loss.minimum
    excess = np.einsum("ti,ij,tj->t", errors, loss.hessian, errors)
    predicted = loss.excess(share * loss.limit, np.arange(41))
    np.testing.assert_allclose(predicted, excess / excess[0], rtol=1e-8)


@pytest.mark.parametrize("features", FEATURES)
def test_steps_are_counted_to_the_first_below(features):
    loss = problem(features)
    rate = 0.7 * loss.limit
    steps = loss.steps_to(1e-3, rate)
    assert loss.excess(rate, steps) <= 1e-3 < loss.excess(rate, steps - 1)
    assert loss.steps_to(1e-3, loss.limit) is None
    fewest, best = loss.fewest_steps(1e-3)
    assert fewest == loss.steps_to(1e-3, best)
    assert fewest <= min(loss.steps_to(1e-3, f * loss.limit) for f in (0.3, 0.6, 0.9, 0.97))


def test_standardizing_helps_by_the_condition_number_not_by_the_limit():
    raw, min_max, standardized = (problem(features) for features in FEATURES)
    assert raw.limit < standardized.limit < min_max.limit
    kappas = [p.condition_number for p in (raw, min_max, standardized)]
    steps = [p.fewest_steps(1e-3)[0] for p in (raw, min_max, standardized)]
    assert kappas == sorted(kappas, reverse=True)
    assert steps == sorted(steps, reverse=True)


def test_a_path_ends_before_it_overflows():
    path = problem("raw").path(10.0, 100)
    assert len(path) < 40
    assert np.isfinite(path).all()


@pytest.mark.parametrize("features", FEATURES)
def test_a_diverging_path_is_drawn_to_the_edge(features):
    picture = draw(features, 1.5 * problem(features).limit)
    line = re.search(r'<path class="k1" style="fill:none;stroke-width:1.3" d="([^"]+)', picture.svg)
    points = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", line[1]), float) - [LEFT, TOP]
    assert (points > -0.1).all()
    assert (points < SIDE + 0.1).all()
    on_edge = np.minimum(np.abs(points[-1]), np.abs(points[-1] - SIDE)).min()
    assert on_edge == pytest.approx(0, abs=0.1)


def test_a_path_that_creeps_is_drawn_to_its_hundredth_step():
    loss = problem("raw")
    picture = draw("raw", 0.001).svg
    line = re.search(r'<path class="k1" style="fill:none;stroke-width:1.3" d="([^"]+)', picture)
    end = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", line[1])[-1], float)
    reach = _reach(loss)
    relative = (loss.path(0.001, 100)[-1] - loss.minimum) / reach
    assert end == pytest.approx(_place(relative), abs=0.7)


def test_the_description_has_the_numbers():
    words = draw("raw", 0.001).description
    assert words == (
        "raw features: eigenvalues 593 and 9.84, condition number 60.2, stability limit 2/λ₁ = "
        "0.00337. Learning rate 0.001, 0.296 of it: it takes 173 steps to a thousandth of the "
        "excess loss. The fewest steps of any rate are 54, at 0.00321."
    )
    assert (
        "it diverges: after 10 steps the excess loss is 1.33 times"
        in draw("raw", 0.0034).description
    )
    loss = problem("standardized")
    rate = float(loss.fewest_steps(0.5)[1])
    assert "it takes" in draw("standardized", rate).description


@pytest.mark.parametrize("features", FEATURES)
def test_every_curve_is_named_with_its_colour_and_dash(features):
    svg = draw(features, 1.0).svg
    named = re.findall(
        r'<path class="l (k\d d\d)"( style="stroke-width:4")? d="M[^"]+"/><text [^>]*>([^<]+)', svg
    )
    assert [name for *_, name in named] == list(FEATURES)
    for color, (classes, thick, name) in enumerate(named):
        assert classes == f"k{color} d{color}"
        assert bool(thick) == (name == features)
        # The sample, the curve and the limit.
        assert len(re.findall(rf'class="(?:l )?k{color} d{color}"', svg)) == 3
    # Names are written twice: beside the sample, and to the left of the limits.
    assert [svg.count(f">{name}</text>") for name in FEATURES] == [2, 2, 2]


def test_the_explorer_has_all_states_and_computes_others():
    explorer = scaling.scaling()
    assert [control.key for control in explorer.controls] == ["features", "learning_rate"]
    assert explorer.size < 350_000
    assert (
        "Learning rate 0.0025" in explorer.picture(features="raw", learning_rate=0.0025).description
    )
    with pytest.raises(ValueError, match="learning rate must be finite and in"):
        explorer.picture(learning_rate=0.0)
    limits = [problem(features).limit for features in FEATURES]
    for limit in limits:  # a rate just below and one just above each
        assert any(0.95 * limit < rate < limit for rate in RATES)
        assert any(limit < rate < 1.05 * limit for rate in RATES)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="features must be one of raw, min-max, standardized"):
        scaling.scaling(["whitened"])
    with pytest.raises(ValueError, match="features must be one of raw"):
        problem("whitened")
    with pytest.raises(ValueError, match=r"must be in \[1e-06, 1000\]"):
        scaling.scaling(learning_rates=[0.0, 1.0], start=1.0)
