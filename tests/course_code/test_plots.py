"""Figures: what they show, which input they refuse, and that they leave nothing behind."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_code import ensembles, initializers, plots
from course_code.network import MLP


@pytest.fixture(autouse=True)
def agg():
    with mpl.rc_context():
        plt.switch_backend("agg")
        yield


def two_features(n_members, activation="tanh"):
    rng = np.random.default_rng(0)
    return ensembles.stack(
        [MLP([2, 3, 1], activation=activation, rng=rng) for _ in range(n_members)]
    )


def points(n=40):
    rng = np.random.default_rng(1)
    return rng.standard_normal((n, 2)), np.arange(n) % 2


FIGURES = {
    "curves": lambda: plots.curves({"a": ([1, 2], [3, 4])}, x_label="x", y_label="y (nats)"),
    "loss_curves": lambda: plots.loss_curves({"a": [3, 2, 1]}, levels={"ln 2": np.log(2)}),
    "final_losses": lambda: plots.final_losses({"2": [0.1, 0.2]}, x_label="hidden units"),
    "decision_boundaries": lambda: plots.decision_boundaries(
        {"one": two_features(1), "many": two_features(4)}, *points(), x_label="u", y_label="v"
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_returns_a_drawable_figure_with_labelled_axes_and_changes_nothing_global(name, tmp_path):
    settings, kept = dict(mpl.rcParams), plt.figure()
    figure = FIGURES[name]()
    figure.savefig(tmp_path / "figure.png")
    assert isinstance(figure, Figure)
    assert figure.axes[-1].get_xlabel()
    assert all(axes.get_ylabel() for axes in figure.axes)
    assert plt.get_fignums() == [kept.number]  # neither left open nor closed for the caller
    assert plt.gcf() is kept
    assert dict(mpl.rcParams) == settings
    plt.close(kept)


def test_curves_draw_the_median_and_the_range_of_the_members():
    y = np.array([[1.0, 5.0, 2.0], [3.0, 3.5, 9.0]])
    axes = plots.curves({"a": ([0, 1], y)}, x_label="x", y_label="y").axes[0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 3.5]
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1.0, 9.0)


def test_a_member_that_diverged_does_not_hide_the_others():
    y = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, np.nan]])
    axes = plots.curves({"a": ([0, 1], y)}, x_label="x", y_label="y").axes[0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 1.5]


def test_every_series_differs_in_colour_and_in_line():
    series = {str(k): ([0, 1], [k, k]) for k in range(6)}
    axes = plots.curves(series, x_label="x", y_label="y", markers=True).axes[0]
    for cue in ("get_color", "get_linestyle", "get_marker"):
        looks = {str(getattr(line, cue)()) for line in axes.lines}
        assert len(looks) >= 4 if cue == "get_linestyle" else len(looks) == 6, cue
    assert len({repr(style) for style in plots.LINES}) == 6


def test_scales_and_levels():
    figure = plots.curves(
        {"a": ([1, 10], [1, 100])},
        x_label="x",
        y_label="y",
        x_scale="log",
        y_scale="log",
        levels={"limit": 50.0},
    )
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.lines[1].get_ydata()[0] == 50.0
    assert [text.get_text() for text in axes.texts] == ["limit"]


def test_loss_curves_count_steps_from_zero():
    axes = plots.loss_curves({"a": [3.0, 2.0, 1.0]}).axes[0]
    assert axes.lines[0].get_xdata().tolist() == [0, 1, 2]


def test_final_losses_draw_every_member():
    losses = np.full(100, 0.25)
    axes = plots.final_losses({"2": losses, "8": losses[:10]}, x_label="width").axes[0]
    x, y = axes.lines[0].get_data()
    assert len(set(x)) == 100  # equal losses do not hide one another
    assert set(y) == {0.25}
    assert np.abs(x).max() <= 0.5  # and no dot strays into the next group
    assert len(axes.lines[1].get_xdata()) == 10


def test_a_boundary_is_where_the_logit_is_zero():
    weights = np.array([[1.0], [-2.0]])
    network = MLP([2, 1], initializer=lambda shape, rng: weights, rng=np.random.default_rng(0))
    figure = plots.decision_boundaries({"line": network}, *points(), x_label="u", y_label="v")
    contour = figure.axes[0].collections[0].get_paths()[0].vertices
    assert len(contour) > 10
    np.testing.assert_allclose(contour @ weights, 0.0, atol=1e-9)


def test_one_contour_for_each_member_and_a_panel_for_each_ensemble():
    panels = {"three": two_features(3), "five": two_features(5)}
    figure = plots.decision_boundaries(panels, *points(), x_label="u", y_label="v")
    assert [len(axes.collections) for axes in figure.axes] == [3, 5]
    assert [axes.get_title() for axes in figure.axes] == ["three", "five"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.loss_curves({}), "series must hold 1 to 6 entries; got 0"),
        (lambda: plots.loss_curves({str(k): [1] for k in range(7)}), "1 to 6 entries; got 7"),
        (lambda: plots.loss_curves({"a": []}), r"series\['a'\] must be"),
        (lambda: plots.curves({"a": ([1, 2], [1])}, x_label="x", y_label="y"), r"\(2,\) and \(1,"),
        (lambda: plots.loss_curves({"a": [1]}, y_scale="ln"), "y_scale must be one of linear, log"),
        (lambda: plots.final_losses({"a": [[1]]}, x_label="x"), r"one axis; got shape \(1, 1\)"),
        (
            lambda: plots.decision_boundaries({}, *points(), x_label="u", y_label="v"),
            "ensembles must hold 1 to 6 entries; got 0",
        ),
        (
            lambda: plots.decision_boundaries(
                {"wide": MLP([3, 1], rng=np.random.default_rng(0))},
                *points(),
                x_label="u",
                y_label="v",
            ),
            r"wide must take 2 features to 1 logit; it has \(3, 1\)",
        ),
        (
            lambda: plots.decision_boundaries(
                {"a": two_features(1)}, np.ones((4, 2)), [0, 1], x_label="u", y_label="v"
            ),
            r"got \(4, 2\) and \(2,\)",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_that_never_changes_its_mind_draws_no_boundary():
    always = MLP(
        [2, 1],
        initializer="zeros",
        bias_initializer=initializers.get("constant", value=5.0),
        rng=np.random.default_rng(0),
    )
    figure = plots.decision_boundaries({"always": always}, *points(), x_label="u", y_label="v")
    assert not figure.axes[0].collections
