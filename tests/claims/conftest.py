"""Small experiments that several claims share."""

import numpy as np
import pytest

from course_code.network import MLP

AND = (np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 0, 0, 1]))
XOR = (AND[0], np.array([0, 1, 1, 0]))


@pytest.fixture
def logic_gates():
    return {"AND": AND, "XOR": XOR}


@pytest.fixture
def standardized_cancer():
    """Breast-cancer data, 30 standardized features, labels 0 and 1."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    return StandardScaler().fit_transform(data.data), data.target


@pytest.fixture
def gradient_ratio():
    """Return a function: the first hidden layer's gradient rms over the last hidden layer's."""

    def ratio(width, activation, initializer, *, depth=10, seed=0, n_samples=20):
        rng = np.random.default_rng(seed)
        network = MLP(
            [width] * (depth + 1) + [1], activation=activation, initializer=initializer, rng=rng
        )
        X = rng.standard_normal((n_samples, width))
        _, gradients = network.gradients(X, np.arange(n_samples) % 2)
        rms = [np.sqrt(np.mean(delta**2)) for delta in gradients.pre_activations]
        return rms[0] / rms[-2]

    return ratio
