"""Claims about Keras, tested on Keras itself where it is installed (extra `frameworks`)."""

import os
import warnings

import numpy as np
import pytest

from course_code import initializers


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def drawn(initializer, shape):
    return np.asarray(initializer(shape).cpu()).astype(float)


def test_c12_keras_names_and_default(keras):
    for name in ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform"):
        assert callable(keras.initializers.get(name))
    for layer in (keras.layers.Dense(3), keras.layers.Conv2D(3, 3)):
        assert isinstance(layer.kernel_initializer, keras.initializers.GlorotUniform)
        assert isinstance(layer.bias_initializer, keras.initializers.Zeros)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal"])
def test_d6_d9_keras_normals(keras, name):
    fan_in, fan_out = 300, 700
    if name == "glorot_normal":
        initializer, std = keras.initializers.GlorotNormal(seed=0), np.sqrt(2 / (fan_in + fan_out))
    else:
        initializer, std = keras.initializers.HeNormal(seed=0), np.sqrt(2 / fan_in)
    W = drawn(initializer, (fan_in, fan_out))
    # A truncated normal's kurtosis is below 3: five standard errors of a variance at the most.
    assert abs(W.var() / std**2 - 1) < 5 * np.sqrt(2 / W.size)
    cut = 2 * std / 0.87962566103423978  # two deviations of the normal before the cut
    # A normal that is not cut has 4.6 % of its mass beyond. Keras's PyTorch backend picks the first
    # of four draws that is inside, so about 0.046**4 = 4e-6 of its numbers stay beyond.
    assert np.mean(np.abs(W) > cut * (1 + 1e-6)) < 1e-4
    assert np.abs(W).max() > 0.99 * cut


def test_d8_identity_in_keras_and_here(keras):
    np.testing.assert_array_equal(drawn(keras.initializers.Identity(), (3, 3)), np.eye(3))
    with pytest.raises(ValueError, match="2D"):
        keras.initializers.Identity()((3, 3, 2, 2))
    # A 3 x 3 kernel with the identity at its centre passes an image through unchanged.
    kernel = initializers.identity((3, 3, 2, 2), np.random.default_rng(0))
    image = np.random.default_rng(0).standard_normal((6, 6, 2))
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1))
    out = np.einsum("hwcij,ijcd->hwd", windows, kernel)
    np.testing.assert_array_equal(out, image[1:-1, 1:-1])
