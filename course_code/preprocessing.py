r"""Scalers: columns brought to a common range or to mean 0 and variance 1.

What ``fit`` learns comes from the training data only; the same numbers then transform the
validation and test data. Results, learned attributes and the treatment of constant columns are
those of the classes of the same names in scikit-learn.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from . import checks
from .checks import Array


class MinMaxScaler:
    r"""Map each column's smallest and largest training value to the ends of a range.

    .. math::

       x' = a + (b - a) \frac{x - \min}{\max - \min}

    A column whose range is below 10 machine epsilons counts as constant: it is shifted to
    :math:`a` and not stretched.

    Parameters
    ----------
    feature_range : (float, float), default (0, 1)
        The ends :math:`a < b`.

    Attributes
    ----------
    data_min_, data_max_, data_range_ : ndarray, shape (n_features,)
        Learned by :meth:`fit`.
    scale_, min_ : ndarray, shape (n_features,)
        The map written as ``X * scale_ + min_``.

    Raises
    ------
    TypeError, ValueError
        If `feature_range` is not two finite numbers, the first below the second.

    References
    ----------
    ``sklearn.preprocessing.MinMaxScaler``.

    Examples
    --------
    >>> scaler = MinMaxScaler()
    >>> scaler.fit_transform([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]]).tolist()
    [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]
    >>> scaler.transform([[7.0, 8.0]]).tolist()  # new data may leave the range
    [[1.5, 1.0]]
    """

    data_min_: Array
    data_max_: Array
    data_range_: Array
    scale_: Array
    min_: Array

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0)) -> None:
        if not isinstance(feature_range, tuple | list) or len(feature_range) != 2:
            raise TypeError(f"feature_range must be a pair of numbers; got {feature_range!r}")
        low, high = (checks.real("every end of feature_range", end) for end in feature_range)
        if low >= high:
            raise ValueError(f"feature_range must go from low to high; got {feature_range}")
        self.feature_range = (low, high)

    def fit(self, X: ArrayLike) -> Self:
        """Learn each column's smallest and largest value.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        MinMaxScaler
            Itself.

        Raises
        ------
        TypeError, ValueError
            If X is not a two-dimensional, non-empty array of finite numbers, or a range overflows.
        """
        X = _table(X)
        low, high = self.feature_range
        data_min, data_max = X.min(axis=0), X.max(axis=0)
        with np.errstate(over="ignore"):
            data_range = data_max - data_min
        _refuse_overflow("range", data_range)
        constant = data_range < 10 * np.finfo(X.dtype).eps
        self.data_min_, self.data_max_, self.data_range_ = data_min, data_max, data_range
        self.scale_ = (high - low) / np.where(constant, X.dtype.type(1), data_range)
        self.min_ = low - data_min * self.scale_
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return X scaled by what :meth:`fit` learned.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            A new array; float32 stays float32.

        Raises
        ------
        TypeError, ValueError
            Before :meth:`fit`, for another number of columns, or as in :meth:`fit`.
        """
        X = _table(X, self).copy()
        X *= self.scale_
        X += self.min_
        return X

    def fit_transform(self, X: ArrayLike) -> Array:
        """Return ``fit(X).transform(X)``."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Return the unscaled columns: what :meth:`transform` undoes.

        Parameters and errors are those of :meth:`transform`.
        """
        X = _table(X, self).copy()
        X -= self.min_
        X /= self.scale_
        return X


class StandardScaler:
    r"""Bring each column to mean 0 and variance 1 on the training data.

    .. math::

       x' = \frac{x - \mu}{\sigma}, \qquad
       \sigma^2 = \frac{1}{n} \sum_i (x_i - \mu)^2

    A column whose variance is within the rounding error of its computation,
    :math:`n \epsilon \sigma^2 + (n \mu \epsilon)^2`, counts as constant: it is only centered.

    Attributes
    ----------
    mean_, var_ : ndarray, shape (n_features,)
        Learned by :meth:`fit`, in float64.
    scale_ : ndarray, shape (n_features,)
        The square root of ``var_``, and 1 for constant columns.

    References
    ----------
    ``sklearn.preprocessing.StandardScaler``; the variance and its error bound are those of Chan,
    Golub and LeVeque (1983), *Algorithms for computing the sample variance*.

    Examples
    --------
    >>> scaler = StandardScaler()
    >>> scaler.fit_transform([[1.0, 7.0], [3.0, 7.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    >>> scaler.mean_.tolist(), scaler.var_.tolist(), scaler.scale_.tolist()
    ([2.0, 7.0], [1.0, 0.0], [1.0, 1.0])
    """

    mean_: Array
    var_: Array
    scale_: Array

    def fit(self, X: ArrayLike) -> Self:
        """Learn each column's mean and variance.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        StandardScaler
            Itself.

        Raises
        ------
        TypeError, ValueError
            If X is not a two-dimensional, non-empty array of finite numbers, or a variance
            overflows.
        """
        X = _table(X)
        n = X.shape[0]
        with np.errstate(over="ignore", invalid="ignore"):
            mean = X.sum(axis=0, dtype=np.float64) / n
            deviations = X - mean
            # The second term is zero but for the rounding of the mean, which it corrects.
            var = (np.square(deviations).sum(axis=0) - deviations.sum(axis=0) ** 2 / n) / n
            epsilon = np.finfo(np.float64).eps
            constant = var <= n * epsilon * var + (n * mean * epsilon) ** 2
        _refuse_overflow("variance", var)
        self.mean_, self.var_ = mean, var
        self.scale_ = np.where(constant, 1.0, np.sqrt(np.maximum(var, 0)))
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return X standardized by what :meth:`fit` learned.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_features)
            A new array; float32 stays float32.

        Raises
        ------
        TypeError, ValueError
            Before :meth:`fit`, for another number of columns, or as in :meth:`fit`.
        """
        X = _table(X, self).copy()
        X -= self.mean_
        X /= self.scale_
        return X

    def fit_transform(self, X: ArrayLike) -> Array:
        """Return ``fit(X).transform(X)``."""
        return self.fit(X).transform(X)

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Return the columns in their own units: what :meth:`transform` undoes.

        Parameters and errors are those of :meth:`transform`.
        """
        X = _table(X, self).copy()
        X *= self.scale_
        X += self.mean_
        return X


def _table(X: ArrayLike, fitted: MinMaxScaler | StandardScaler | None = None) -> Array:
    """Return X as a finite array of rows and columns: as many as `fitted` has learned."""
    name = type(fitted).__name__
    if fitted is not None and not hasattr(fitted, "scale_"):
        raise ValueError(f"this {name} has learned nothing yet: call fit with the training data")
    X = checks.array("X", X, minimum_axes=2)
    if X.ndim > 2:
        raise ValueError(f"X must have 2 axes, (n_samples, n_features); got shape {X.shape}")
    if fitted is not None and X.shape[1] != fitted.scale_.size:
        raise ValueError(
            f"X has {X.shape[1]} columns (shape {X.shape}); "
            f"this {name} was fitted on {fitted.scale_.size}"
        )
    return X


def _refuse_overflow(what: str, values: Array) -> None:
    if not np.isfinite(values).all():
        column = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"the {what} of column {column} of X overflows {values.dtype}")
