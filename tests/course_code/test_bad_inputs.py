"""Any object where an argument belongs: accepted exactly if valid, else an error names it.

Every case is a public function, one of its arguments, and what that argument may be. Hypothesis
hands in numbers, names, arrays and objects of all kinds. An accepted value that is not valid would
be a silent wrong answer; another exception, or one without the argument's name, a bare traceback.
"""

import numbers

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_code import activations, ensembles, losses, normalization, optimizers, training
from course_code.network import MLP

N, SIZES = 4, [3, 2, 1]
X, Y = np.random.default_rng(0).standard_normal((N, 3)), np.array([0, 1, 1, 0])


def rng():
    return np.random.default_rng(0)


def net(**arguments):
    return MLP(SIZES, rng=rng(), **arguments)


# ---- what an argument may be -------------------------------------------------------------------


def is_bool(value):
    return isinstance(value, bool | np.bool_)


def whole(minimum):
    return lambda v: isinstance(v, numbers.Integral) and not is_bool(v) and v >= minimum


def real(low=-np.inf, high=np.inf, *, open_low=False, open_high=False):
    def valid(v):
        if not isinstance(v, numbers.Real) or is_bool(v) or abs(v) > 1e308 or v != v:
            return False
        return (v > low if open_low else v >= low) and (v < high if open_high else v <= high)

    return valid


def named(*names):
    return lambda v: isinstance(v, str) and v in names


def numbers_in(v):
    """The value as a finite array of real numbers, or None."""
    try:
        array = np.asarray(v)
    except ValueError:
        return None
    if array.dtype.kind not in "biuf" or not array.size or not np.isfinite(array).all():
        return None
    return array.astype(float)


def matrix(n_columns, n_rows=None):
    def valid(v):
        array = numbers_in(v)
        if array is None or array.ndim != 2 or array.shape[1] != n_columns:
            return False
        return n_rows is None or len(array) == n_rows

    return valid


def labels(n_classes=2, *, both=False):
    def valid(v):
        array = numbers_in(v)
        shapes = ((N,), (N, 1)) if n_classes == 2 else ((N,),)
        if array is None or array.shape not in shapes or not np.isin(array, range(n_classes)).all():
            return False
        return not both or len(np.unique(array)) > 1

    return valid


def targets(v):
    array = numbers_in(v)
    return array is not None and array.shape in ((N,), (N, 1))


def any_numbers(v):
    """f and df take what is not finite, as far as it comes as a float array."""
    return numbers_in(v) is not None or (isinstance(v, np.ndarray) and v.dtype.kind == "f")


def float_dtype(v):
    try:
        return v is not None and np.dtype(v) in (np.dtype("f4"), np.dtype("f8"))
    except (TypeError, ValueError):
        return False


def generator(v):
    return isinstance(v, np.random.Generator)


def or_none(valid):
    return lambda v: v is None or valid(v)


def integers_list(v):
    v = v.tolist() if isinstance(v, np.ndarray) else v
    return isinstance(v, list | tuple | range | bytes) and len(v) >= 2 and all(map(whole(1), v))


def nothing(v):
    return False


# ---- what is handed in -------------------------------------------------------------------------

WORDS = ["tanh", "relu", "zeros", "he_normal", "layer", "adam", "mean_squared_error", "f4", "", "x"]
NUMBERS = st.one_of(
    st.integers(-3, 6),
    st.sampled_from([10**400, -(10**400), 2**63, True, False, np.int8(3), np.float32(0.5), 1j]),
    st.floats(-2, 2),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e308, -0.0, 1e-300]),
)
DTYPES = st.sampled_from(["f4", "f8", "f2", "i8", "u1", "?", "c16", "U3", "O", "M8[D]"])
SHAPES = st.one_of(
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    st.sampled_from([(N, 3), (N, 1), (N,), (2, N, 3), (1, 3)]),
)
ARRAYS = st.one_of(
    hnp.arrays(DTYPES, SHAPES),
    hnp.arrays("i8", st.sampled_from([(N,), (N, 1)]), elements=st.integers(-1, 2)),
    hnp.arrays("f8", st.sampled_from([(N, 3), (N,), (N, 1)]), elements=st.floats(-9, 9)),
    st.sampled_from([X, Y, X.astype(np.float32), np.ma.masked_array(Y, Y == 9)]),
)
JUNK = st.one_of(
    st.none(),
    NUMBERS,
    st.sampled_from(WORDS),
    st.lists(st.one_of(st.integers(-1, 4), NUMBERS, st.none()), max_size=4),
    st.lists(st.lists(st.integers(-1, 3), max_size=3), max_size=4),
    ARRAYS,
    st.sampled_from([b"ab", {}, {"a": 1}, {1, 2}, (), object(), type, float, np.float32, len, ...]),
    st.builds(rng),
    st.sampled_from(
        [np.random.RandomState(0), slice(2), range(2, 4), net(), SGD := optimizers.SGD]
    ),
)

# ---- the cases: (call with the value, words that name the argument, what it may be) -------------


def fit(**arguments):
    given = {"epochs": 1, "network": net(), "X": X, "y": Y} | arguments
    return training.fit(given.pop("network"), given.pop("X"), given.pop("y"), **given)


def cases():
    """Name, call, what an error must mention, and which values are valid."""
    for name in activations.names():
        f = activations.get(name)
        yield f"{name}.f", f.f, "z", any_numbers
        yield f"{name}.df", f.df, "z", any_numbers
    is_activation = named(*activations.names())
    yield "activations.get", activations.get, "activation", is_activation
    yield "alpha", lambda v: activations.get("elu", alpha=v), "alpha", real(0)
    yield (
        "negative_slope",
        lambda v: activations.get("leaky_relu", negative_slope=v),
        "negative_slope",
        real(),
    )
    is_loss = named(*losses.names())
    yield "losses.get", losses.get, "loss", is_loss
    binary, squared = losses.get("binary_cross_entropy"), losses.get("mean_squared_error")
    categorical = losses.get("categorical_cross_entropy")
    zeros, table = np.zeros(N), np.zeros((N, 3))
    for method in ("value", "gradient"):
        yield (
            f"binary {method} y",
            (lambda v, m=method: getattr(binary, m)(zeros, v)),
            "y",
            labels(),
        )
        yield (
            f"categorical {method} y",
            (lambda v, m=method: getattr(categorical, m)(table, v)),
            "y",
            labels(3),
        )
        yield (
            f"squared {method} y",
            (lambda v, m=method: getattr(squared, m)(zeros, v)),
            "y",
            targets,
        )
        yield (
            f"binary {method} logits",
            (lambda v, m=method: getattr(binary, m)(v, Y)),
            "logits",
            (
                lambda v: (
                    targets(v)
                    or (
                        numbers_in(v) is not None
                        and numbers_in(v).ndim == 3
                        and numbers_in(v).shape[1:] == (N, 1)
                    )
                )
            ),
        )
    makers = {"SGD": optimizers.SGD, "RMSProp": optimizers.RMSProp, "Adam": optimizers.Adam}
    for name, make in makers.items():
        yield (
            f"{name} learning_rate",
            (lambda v, m=make: m(learning_rate=v)),
            "learning_rate",
            real(0),
        )
    decay = real(0, 1, open_high=True)
    yield "momentum", lambda v: optimizers.SGD(momentum=v), "momentum", decay
    yield "nesterov", lambda v: optimizers.SGD(0.1, 0.9, nesterov=v), "nesterov", is_bool
    yield "decay", lambda v: optimizers.RMSProp(decay=v), "decay", decay
    yield "beta_1", lambda v: optimizers.Adam(beta_1=v), "beta_1", decay
    yield "beta_2", lambda v: optimizers.Adam(beta_2=v), "beta_2", decay
    positive = real(0, open_low=True)
    yield "RMSProp epsilon", lambda v: optimizers.RMSProp(epsilon=v), "epsilon", positive
    yield "Adam epsilon", lambda v: optimizers.Adam(epsilon=v), "epsilon", positive
    yield "optimizers.get", optimizers.get, "optimizer", named(*optimizers.names())
    yield (
        "normalization.get",
        lambda v: normalization.get(v, 3),
        "normalization",
        named("batch", "layer", "rms"),
    )
    yield "width", lambda v: normalization.get("batch", v), "width", (whole(1))
    yield (
        "normalization dtype",
        lambda v: normalization.get("rms", 3, dtype=v),
        "dtype",
        float_dtype,
    )
    for kind in ("batch", "layer", "rms"):
        yield (
            f"{kind} forward",
            (lambda v, k=kind: normalization.get(k, 3).forward(v, training=True)),
            "z",
            (lambda v: any_numbers(v) and np.ndim(v) >= 2 and np.shape(v)[-1] == 3),
        )
    yield "sizes", lambda v: MLP(v, rng=rng()), "sizes", integers_list
    yield "activation", lambda v: net(activation=v), "activation", is_activation
    yield "initializer", lambda v: net(initializer=v), "initializer", named("zeros", "he_normal")
    yield "bias_initializer", lambda v: net(bias_initializer=v), "initializer", named("zeros")
    yield (
        "an initializer's values",
        (lambda v: net(initializer=lambda shape, rng: v if shape == (3, 2) else np.ones(shape))),
        "initializer returned|initializer must return",
        matrix(2, 3),
    )
    yield (
        "normalization",
        lambda v: net(normalization=v),
        "normalization",
        or_none(named("batch", "layer", "rms")),
    )
    yield "rng", lambda v: MLP(SIZES, rng=v), "rng", generator
    yield "dtype", lambda v: net(dtype=v), "dtype", float_dtype
    yield "logits", net().logits, "X", matrix(3)
    yield "forward", net().forward, "X", matrix(3)
    yield "gradients X", lambda v: net().gradients(v, Y), "X|y", matrix(3, N)
    yield "gradients y", lambda v: net().gradients(X, v), "y", labels()
    yield (
        "gradients loss",
        lambda v: net().gradients(X, Y, v),
        "loss",
        named("binary_cross_entropy", "mean_squared_error"),
    )
    yield "stack", ensembles.stack, "networks", nothing
    yield (
        "member",
        lambda v: ensembles.member(ensembles.stack([net()] * 3), v),
        "index",
        (lambda v: whole(-3)(v) and v < 3),
    )
    yield "member ensemble", lambda v: ensembles.member(v, 0), "ensemble", nothing
    yield (
        "predict network",
        lambda v: training.predict(v, X),
        "network",
        (lambda v: isinstance(v, MLP)),
    )
    yield "predict X", lambda v: training.predict(net(), v), "X", matrix(3)
    yield "accuracy X", lambda v: training.accuracy(net(), v, Y), "X|y", matrix(3, N)
    yield "accuracy y", lambda v: training.accuracy(net(), X, v), "y", labels()
    yield "fit network", lambda v: fit(network=v), "network", lambda v: isinstance(v, MLP)
    yield "fit X", lambda v: fit(X=v), "X|y", matrix(3, N)
    yield "fit y", lambda v: fit(y=v), "y", labels(both=True)
    yield (
        "fit loss",
        lambda v: fit(loss=v),
        "loss",
        named("binary_cross_entropy", "mean_squared_error"),
    )
    yield "fit optimizer", lambda v: fit(optimizer=v), "optimizer", named(*optimizers.names())
    yield "fit learning_rate", lambda v: fit(learning_rate=v), "learning_rate", real(0)
    yield "fit epochs", lambda v: fit(epochs=v), "epochs", whole(1)
    yield "fit batch_size", lambda v: fit(batch_size=v, rng=rng()), "batch_size", or_none(whole(1))
    yield "fit rng", lambda v: fit(rng=v), "rng", or_none(generator)
    yield "fit rng for batches", lambda v: fit(rng=v, batch_size=2), "rng", generator
    yield (
        "fit validation_data",
        lambda v: fit(validation_data=v),
        "validation_data",
        or_none(nothing),
    )
    yield "fit validation X", lambda v: fit(validation_data=(v, Y)), "validation_data", matrix(3, N)
    yield "fit validation y", lambda v: fit(validation_data=(X, v)), "validation_data", labels()
    yield "fit callback", lambda v: fit(callback=v), "callback", or_none(nothing)
    yield "fit progress", lambda v: fit(progress=v), "progress", is_bool
    yield "fit span", lambda v: fit(span=v), "span", or_none(lambda v: is_bool(v) and not v)


CASES = {name: (call, mention, valid) for name, call, mention, valid in cases()}
TAKE_CALLABLES = {"initializer", "bias_initializer", "fit callback"}
TAKE_LONG = {"sizes", "width", "fit epochs"}  # valid, but more than a test has time or memory for


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # huge, valid numbers may overflow
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=40)
@given(value=JUNK)
def test_only_what_is_valid_is_accepted(name, value):
    call, mention, valid = CASES[name]
    assume(not (name in TAKE_CALLABLES and callable(value)))
    assume(not (name in TAKE_LONG and isinstance(value, int) and value >= 2**63))
    error = None
    try:
        call(value)
    except (ValueError, TypeError, IndexError) as caught:
        error = caught
    assert valid(value) == (error is None), f"{value!r} gave {error!r}"
    assert error is None or any(word in str(error) for word in mention.split("|")), error
