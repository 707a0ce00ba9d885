"""The scalers against scikit-learn's, and against bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn import preprocessing as sk
from sklearn.datasets import load_breast_cancer

from course_code.preprocessing import MinMaxScaler, StandardScaler

PAIRS = [(MinMaxScaler, sk.MinMaxScaler), (StandardScaler, sk.StandardScaler)]
SCALERS = [MinMaxScaler, StandardScaler]
LEARNED = {
    MinMaxScaler: ["data_min_", "data_max_", "data_range_", "scale_", "min_"],
    StandardScaler: ["mean_", "var_", "scale_"],
}

tables = st.sampled_from([np.float64, np.float32]).flatmap(
    lambda dtype: arrays(
        dtype,
        array_shapes(min_dims=2, max_dims=2, max_side=12),
        elements=st.floats(-1e6, 1e6, width=32)
        | st.sampled_from([0.0, 1.0, 0.1, 1e-12, 1e-16, 123456.789]).map(lambda v: float(dtype(v))),
        fill=st.just(dtype(0.1)),  # constant columns, at a value that is not exact in binary
    )
)


def assert_same(ours, theirs, X, new):
    """Everything equal: what is learned, both directions, and the dtype."""
    ours.fit(X)
    theirs.fit(X)
    for name in LEARNED[type(ours)]:
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-12, atol=0, err_msg=name
        )
    for method in ("transform", "inverse_transform"):
        expected = getattr(theirs, method)(new)
        result = getattr(ours, method)(new)
        assert result.dtype == expected.dtype
        rtol = 1e-12 if expected.dtype == np.float64 else 1e-5
        np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol, err_msg=method)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@settings(deadline=None)
@given(X=tables)
def test_equal_to_scikit_learn(ours, theirs, X):
    assert_same(ours(), theirs(), X, X[::-1] * X.dtype.type(2) + X.dtype.type(1))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e-17, 1e12 + 0.1])
@pytest.mark.parametrize("n", [1, 2, 1000])
def test_constant_columns(ours, theirs, value, n):
    """No division by zero: the mean of a constant is rounded, and its variance not quite 0."""
    X = np.column_stack([np.full(n, value), np.arange(n)])
    assert_same(ours(), theirs(), X, X + 1)
    assert ours().fit(X).scale_[0] == 1
    np.testing.assert_allclose(ours().fit_transform(X)[:, 0], 0, atol=1e-15 * abs(value) * n)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("spread", [1e-16, 3e-15, 1e-13, 1e-9])
@pytest.mark.parametrize("center", [0.0, 1.0, 1e6])
def test_nearly_constant_columns(ours, theirs, spread, center):
    """The decision what counts as constant is scikit-learn's on both sides of the border."""
    X = center + spread * np.arange(20.0)[:, None]
    assert_same(ours(), theirs(), X, X)


def test_constant_border_is_crossed():
    columns = np.arange(2.0)[:, None]
    assert MinMaxScaler().fit(2e-15 * columns).scale_ == 1
    assert MinMaxScaler().fit(3e-15 * columns).scale_ > 1e14


@pytest.mark.parametrize("feature_range", [(-1, 1), (0.0, 255.0), [2, 3]])
def test_feature_range(feature_range):
    X = load_breast_cancer().data
    scaler = MinMaxScaler(feature_range)
    assert_same(scaler, sk.MinMaxScaler(feature_range=tuple(feature_range)), X, X)
    scaled = scaler.transform(X)
    np.testing.assert_allclose(scaled.min(axis=0), feature_range[0], atol=1e-12)
    np.testing.assert_allclose(scaled.max(axis=0), feature_range[1], rtol=1e-12)


@pytest.mark.parametrize("scaler", SCALERS)
def test_round_trip_leaves_input_alone(scaler):
    X = load_breast_cancer().data
    before = X.copy()
    fitted = scaler().fit(X)
    back = fitted.inverse_transform(fitted.transform(X))
    np.testing.assert_allclose(back, before, rtol=1e-9, atol=1e-12)
    assert (X == before).all()
    np.testing.assert_array_equal(scaler().fit_transform(X), fitted.transform(X))


def test_standardized_columns_have_mean_0_and_variance_1():
    X = StandardScaler().fit_transform(load_breast_cancer().data)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(X.var(axis=0), 1, rtol=1e-12)


def test_fit_learns_again():
    scaler = StandardScaler().fit([[0.0, 1.0], [2.0, 3.0]])
    scaler.fit([[10.0], [30.0]])
    assert scaler.mean_.tolist() == [20.0]
    assert scaler.scale_.tolist() == [10.0]


@pytest.mark.parametrize("dtype", [int, bool, np.uint8])
def test_integers_become_float64(dtype):
    X = np.array([[0, 1], [1, 1]], dtype=dtype)
    assert StandardScaler().fit_transform(X).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("scaler", SCALERS)
@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform", "inverse_transform"])
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"at least 2 axes; got shape \(2,\)"),
        (np.ones((2, 2, 2)), ValueError, r"2 axes, \(n_samples, n_features\); got shape \(2, 2, 2"),
        (np.ones((0, 2)), ValueError, "X is empty"),
        (np.ones((2, 0)), ValueError, "X is empty"),
        ([[1.0, np.nan]], ValueError, r"finite.*got nan at index \(0, 1\)"),
        ([[np.inf, 1.0]], ValueError, "finite.*got inf"),
        ([[1.0, 2.0], [3.0]], ValueError, "rectangular"),
        ([["a", "b"]], TypeError, "real numbers"),
        (np.ones((2, 2), complex), TypeError, "real numbers"),
        (None, TypeError, "real numbers"),
    ],
)
def test_bad_tables(scaler, method, X, error, message):
    fitted = scaler().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(error, match=message):
        getattr(fitted, method)(X)


@pytest.mark.parametrize("scaler", SCALERS)
@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_use_before_fit_and_with_other_columns(scaler, method):
    with pytest.raises(ValueError, match=f"{scaler.__name__} has learned nothing yet: call fit"):
        getattr(scaler(), method)([[1.0]])
    fitted = scaler().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=r"3 columns \(shape \(1, 3\)\); .* fitted on 2"):
        getattr(fitted, method)([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    ("scaler", "what"), [(MinMaxScaler, "range"), (StandardScaler, "variance")]
)
def test_overflow_is_named_and_nothing_learned(scaler, what):
    instance = scaler()
    with pytest.raises(ValueError, match=f"the {what} of column 1 of X overflows float64"):
        instance.fit([[0.0, -1.5e308], [1.0, 1.5e308]])
    with pytest.raises(ValueError, match="learned nothing"):
        instance.transform([[0.0, 0.0]])


@pytest.mark.parametrize(
    ("feature_range", "error"),
    [
        ((1, 0), ValueError),
        ((1, 1), ValueError),
        ((0, np.inf), ValueError),
        (("a", "b"), TypeError),
        (1.0, TypeError),
        ((0, 1, 2), TypeError),
        ("01", TypeError),
    ],
)
def test_bad_feature_range(feature_range, error):
    with pytest.raises(error, match="feature_range"):
        MinMaxScaler(feature_range)
