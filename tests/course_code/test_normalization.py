"""Normalization layers: what they normalize, exact gradients, and torch's numbers."""

import numpy as np
import pytest

from course_code import normalization

KINDS = ["batch", "layer", "rms"]


def layer_and_batch(kind, seed=0, shape=(7, 4)):
    rng = np.random.default_rng(seed)
    layer = normalization.get(kind, shape[-1])
    layer.scale[:] = rng.uniform(0.5, 1.5, shape[-1])
    layer.shift[:] = rng.standard_normal(shape[-1])
    return layer, 3 + 2 * rng.standard_normal(shape), rng.standard_normal(shape)


def test_a_fresh_layer_gives_mean_0_and_variance_1_over_its_axis():
    _, z, _ = layer_and_batch("batch")
    out, _ = normalization.get("batch", 4).forward(z, training=True)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(out.var(axis=0), z.var(axis=0) / (z.var(axis=0) + 1e-5), rtol=1e-12)
    out, _ = normalization.get("layer", 4).forward(z, training=True)
    np.testing.assert_allclose(out.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(out.var(axis=1), z.var(axis=1) / (z.var(axis=1) + 1e-5), rtol=1e-12)
    out, _ = normalization.get("rms", 4).forward(z, training=True)
    square = np.square(z).mean(axis=1)
    np.testing.assert_allclose(np.square(out).mean(axis=1), square / (square + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(out * np.sqrt(square + 1e-5)[:, None], z, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_finite_differences(kind):
    """The statistics depend on z: a gradient that held them fixed would be off by order 1."""
    layer, z, delta = layer_and_batch(kind)
    _, cache = layer.forward(z, training=True)
    gradients = layer.backward(delta, cache)
    h = 1e-5
    for ours, array in zip(gradients, (z, layer.scale, layer.shift), strict=True):
        assert ours.shape == array.shape
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + h
            above = (delta * layer.forward(z, training=True)[0]).sum()
            array[index] = kept - h
            below = (delta * layer.forward(z, training=True)[0]).sum()
            array[index] = kept
            assert ours[index] == pytest.approx((above - below) / (2 * h), abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_leading_axes_are_independent_members(kind):
    layer, z, delta = layer_and_batch(kind)
    stacked = np.stack([z, 2 * z + 1])
    two = normalization.get(kind, 4)
    two.scale, two.shift, two.running_mean, two.running_variance = (
        np.stack([array, array])
        for array in (layer.scale, layer.shift, layer.running_mean, layer.running_variance)
    )
    out, cache = two.forward(stacked, training=True)
    d_z, d_scale, d_shift = two.backward(np.stack([delta, delta]), cache)
    for member in range(2):
        alone, _, _ = layer_and_batch(kind)
        expected, cache_alone = alone.forward(stacked[member], training=True)
        np.testing.assert_allclose(out[member], expected, rtol=1e-13)
        for ours, theirs in zip(
            (d_z, d_scale, d_shift), alone.backward(delta, cache_alone), strict=True
        ):
            np.testing.assert_allclose(ours[member], theirs, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(two.running_mean[member], alone.running_mean, rtol=1e-13)
        np.testing.assert_allclose(two.running_variance[member], alone.running_variance, rtol=1e-13)


def test_batch_normalization_predicts_from_running_statistics():
    layer, z, _ = layer_and_batch("batch")
    layer.forward(z, training=True)
    np.testing.assert_allclose(layer.running_mean, 0.1 * z.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(
        layer.running_variance, 0.9 + 0.1 * z.var(axis=0, ddof=1), rtol=1e-13
    )
    before = [s.copy() for s in layer.statistics]
    out, _ = layer.forward(z[:1], training=False)  # one sample is enough
    expected = (z[:1] - before[0]) / np.sqrt(before[1] + 1e-5) * layer.scale + layer.shift
    np.testing.assert_allclose(out, expected, rtol=1e-13)
    assert all((a == b).all() for a, b in zip(before, layer.statistics, strict=True))


def test_a_batch_of_one_has_variance_0():
    layer, z, _ = layer_and_batch("batch")
    out, _ = layer.forward(z[:1], training=True)
    np.testing.assert_array_equal(out[0], layer.shift)
    np.testing.assert_allclose(layer.running_variance, 0.9)


def test_layer_and_rms_remember_nothing():
    for kind in ("layer", "rms"):
        layer, z, _ = layer_and_batch(kind)
        trained, _ = layer.forward(z, training=True)
        assert (layer.running_mean == 0).all()
        assert (layer.running_variance == 1).all()
        np.testing.assert_array_equal(layer.forward(z, training=False)[0], trained)


def test_a_fresh_layer_and_its_arrays():
    layer = normalization.get("batch", 3, dtype=np.float32)
    assert [p.tolist() for p in layer.parameters] == [[1.0] * 3, [0.0] * 3]
    assert [s.tolist() for s in layer.statistics] == [[0.0] * 3, [1.0] * 3]
    assert {a.dtype for a in layer.parameters + layer.statistics} == {np.dtype(np.float32)}
    assert normalization.get("batch", 3).scale.dtype == np.float64


def test_errors():
    with pytest.raises(ValueError, match="normalization must be one of batch, layer, rms; got 'x'"):
        normalization.get("x", 3)
    with pytest.raises(ValueError, match="width must be at least 1; got 0"):
        normalization.get("batch", 0)
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        normalization.get("batch", 3, dtype=int)
    layer = normalization.get("layer", 3)
    for shape in [(3,), (5, 1), (5, 4)]:
        with pytest.raises(ValueError, match=r"z must be of shape \(\.\.\., n, 3\); got \("):
            layer.forward(np.ones(shape), training=True)
    out, cache = layer.forward([[1, 2, 3]], training=True)
    assert out.dtype == np.float64
    with pytest.raises(ValueError, match=r"delta must be of shape \(1, 3\); got \(3,\)"):
        layer.backward(np.ones(3), cache)


@pytest.mark.parametrize("kind", KINDS)
def test_torch_agrees_forward_backward_and_on_running_statistics(kind):
    torch = pytest.importorskip("torch")
    make = {
        "batch": lambda: torch.nn.BatchNorm1d(4),
        "layer": lambda: torch.nn.LayerNorm(4),
        "rms": lambda: torch.nn.RMSNorm(4, eps=normalization.EPSILON),
    }
    theirs = make[kind]().double()
    layer, _, _ = layer_and_batch(kind)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(layer.scale))
        if kind == "rms":
            layer.shift[:] = 0  # torch's RMSNorm has none
        else:
            theirs.bias.copy_(torch.tensor(layer.shift))
    for step in range(5):
        _, z, delta = layer_and_batch(kind, seed=step + 1, shape=(7 + step, 4))
        tensor = torch.tensor(z, requires_grad=True)
        theirs.zero_grad()
        out = theirs(tensor)
        out.backward(torch.tensor(delta))
        ours, cache = layer.forward(z, training=True)
        d_z, d_scale, d_shift = layer.backward(delta, cache)
        np.testing.assert_allclose(ours, out.detach().numpy(), rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(d_z, tensor.grad.numpy(), rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(d_scale, theirs.weight.grad.numpy(), rtol=1e-10, atol=1e-13)
        if kind != "rms":
            np.testing.assert_allclose(d_shift, theirs.bias.grad.numpy(), rtol=1e-10, atol=1e-13)
    theirs.eval()
    _, z, _ = layer_and_batch(kind, seed=9)
    inference, _ = layer.forward(z, training=False)
    np.testing.assert_allclose(inference, theirs(torch.tensor(z)).detach().numpy(), rtol=1e-11)
    if kind == "batch":
        np.testing.assert_allclose(layer.running_mean, theirs.running_mean.numpy(), rtol=1e-12)
        np.testing.assert_allclose(layer.running_variance, theirs.running_var.numpy(), rtol=1e-12)
