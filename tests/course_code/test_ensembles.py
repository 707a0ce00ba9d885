"""Ensembles: each member is the network that it would be alone."""

import numpy as np
import pytest

from course_code import ensembles, training
from course_code.network import MLP
from course_code.optimizers import SGD, Adam, RMSProp

SIZES = [4, 5, 1]
OPTIMIZERS = {
    "sgd": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: RMSProp(0.01),
    "adam": lambda: Adam(0.01),
}


def networks(n=3, **arguments):
    return [MLP(SIZES, rng=np.random.default_rng(seed), **arguments) for seed in range(n)]


def data(n=20, n_features=4):
    rng = np.random.default_rng(10)
    X = rng.standard_normal((n, n_features))
    return X, (X[:, 0] > 0).astype(int)


def assert_same(ensemble, singles):
    for index, single in enumerate(singles):
        one = ensembles.member(ensemble, index)
        arrays = zip(
            one.parameters + one.statistics, single.parameters + single.statistics, strict=True
        )
        for ours, alone in arrays:
            np.testing.assert_allclose(ours, alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("norm", [None, "batch", "layer", "rms"])
@pytest.mark.parametrize("batch_size", [None, 6])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_member_trains_as_it_would_alone(optimizer, batch_size, norm):
    singles = networks(normalization=norm)
    ensemble = ensembles.stack(singles)
    X, y = data()

    def train(network):
        return training.fit(
            network, X, y, optimizer=OPTIMIZERS[optimizer](), epochs=15, batch_size=batch_size,
            rng=np.random.default_rng(0), validation_data=(X[:5], y[:5]),
        )  # fmt: skip

    together, alone = train(ensemble), [train(single) for single in singles]
    for field in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        expected = np.stack([getattr(history, field) for history in alone], axis=1)
        np.testing.assert_allclose(getattr(together, field), expected, rtol=1e-12, atol=1e-12)
    assert together.diverged_at == [None, None, None]
    assert_same(ensemble, singles)


def test_each_member_may_have_its_own_samples_and_labels():
    singles = networks()
    ensemble = ensembles.stack(singles)
    X, y = data()
    shifted = [(np.roll(X, k, axis=1), np.roll(y, k)) for k in range(3)]
    inputs, labels = (np.stack(parts) for parts in zip(*shifted, strict=True))
    training.fit(ensemble, inputs, labels, epochs=10, batch_size=7, rng=np.random.default_rng(0))
    for single, (Xi, yi) in zip(singles, shifted, strict=True):
        training.fit(single, Xi, yi, epochs=10, batch_size=7, rng=np.random.default_rng(0))
    assert_same(ensemble, singles)
    np.testing.assert_array_equal(
        training.accuracy(ensemble, inputs, labels),
        [training.accuracy(n, Xi, yi) for n, (Xi, yi) in zip(singles, shifted, strict=True)],
    )


@pytest.mark.parametrize("norm", [None, "batch"])
def test_stack_and_member_are_inverse_and_copy(norm):
    singles = networks(normalization=norm)
    ensemble = ensembles.stack(singles)
    assert ensemble.ensemble_shape == (3,)
    assert ensemble.weights[0].shape == (3, 4, 5)
    assert ensemble.n_parameters == singles[0].n_parameters
    assert_same(ensemble, singles)
    back = ensembles.member(ensemble, 1)
    for array in back.parameters + back.statistics + singles[0].parameters:
        array += 1
    for array in singles[0].parameters:
        array -= 1
    assert_same(ensemble, singles)
    last = ensembles.member(ensemble, -1)
    np.testing.assert_array_equal(last.weights[0], singles[2].weights[0])
    assert ensembles.stack([ensemble, ensemble]).ensemble_shape == (2, 3)
    assert ensembles.stack([ensemble, ensemble]).n_parameters == singles[0].n_parameters


def test_an_ensemble_of_ensembles_trains_too():
    singles = networks(4)
    ensemble = ensembles.stack([ensembles.stack(singles[:2]), ensembles.stack(singles[2:])])
    X, y = data()
    history = training.fit(ensemble, X, y, epochs=5)
    assert history.loss.shape == (5, 2, 2)
    assert history.diverged_at == [[None, None], [None, None]]
    training.fit(singles[2], X, y, epochs=5)
    inner = ensembles.member(ensembles.member(ensemble, 1), 0)
    np.testing.assert_allclose(inner.weights[0], singles[2].weights[0], rtol=1e-12)


@pytest.mark.parametrize("norm", [None, "batch"])
def test_a_member_that_diverges_leaves_the_others_alone(norm):
    """A product of weights grows without bound from a large start: member 1, within a few steps."""
    singles = networks(normalization=norm, activation="identity")
    singles[1].weights[-1][:] = 30.0
    ensemble = ensembles.stack(singles)
    X, y = data()
    arguments = {"loss": "mean_squared_error", "learning_rate": 0.05, "epochs": 60}
    validation = (X[:5], y[:5])
    together = training.fit(ensemble, X, y, validation_data=validation, **arguments)
    alone = [training.fit(n, X, y, validation_data=validation, **arguments) for n in singles]
    step = together.diverged_at[1]
    assert together.diverged_at == [None, step, None]
    assert step == alone[1].diverged_at
    assert 0 < step < 59
    assert np.isfinite(together.loss[:step]).all()
    assert not np.isfinite(together.loss[step, 1])
    assert np.isnan(together.loss[step + 1 :, 1]).all()
    assert np.isnan(together.validation_loss[step + 1 :, 1]).all()
    for member in (0, 2):
        np.testing.assert_allclose(together.loss[:, member], alone[member].loss, rtol=1e-12)
    np.testing.assert_allclose(together.loss[:step, 1], alone[1].loss[:step], rtol=1e-12)
    for index, single in enumerate(singles):
        one = ensembles.member(ensemble, index)
        for ours, theirs in zip(
            one.parameters + one.statistics, single.parameters + single.statistics, strict=True
        ):
            assert np.isfinite(ours).all()
            np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def test_training_stops_when_every_member_has_diverged():
    singles = networks(2)
    for single in singles:
        single.weights[-1][:] = 1e200
    ensemble = ensembles.stack(singles)
    X, y = data()
    history = training.fit(ensemble, X, y, loss="mean_squared_error", epochs=50)
    assert history.diverged_at == [0, 0]
    assert history.loss.tolist() == [[np.inf, np.inf]]
    assert_same(ensemble, singles)


@pytest.mark.parametrize(
    "other",
    [
        MLP([4, 6, 1], rng=np.random.default_rng(0)),
        MLP(SIZES, activation="relu", rng=np.random.default_rng(0)),
        MLP(SIZES, normalization="batch", rng=np.random.default_rng(0)),
        MLP(SIZES, dtype=np.float32, rng=np.random.default_rng(0)),
        ensembles.stack([MLP(SIZES, rng=np.random.default_rng(0))]),
    ],
)
def test_different_networks_do_not_stack(other):
    with pytest.raises(
        ValueError, match="networks must be alike but for the values of their param"
    ):
        ensembles.stack([networks(1)[0], other])


def test_bad_arguments():
    with pytest.raises(ValueError, match="networks is empty"):
        ensembles.stack([])
    for wrong in (3, None, [1, 2], networks(1)[0], [networks(1)[0], "MLP"]):
        with pytest.raises(TypeError, match="networks must be a list of MLPs; got"):
            ensembles.stack(wrong)
    ensemble = ensembles.stack(networks())
    for index in (3, -4, 10**30):
        with pytest.raises(IndexError, match=r"index must be from -3 to 2; got"):
            ensembles.member(ensemble, index)
    for index in (None, True, 1.0, slice(2), "0"):
        with pytest.raises(TypeError, match="index must be an integer"):
            ensembles.member(ensemble, index)
    with pytest.raises(IndexError, match="ensemble is a single network: it has no members"):
        ensembles.member(networks(1)[0], 0)
    with pytest.raises(TypeError, match="ensemble must be of class MLP; got 3"):
        ensembles.member(3, 0)
