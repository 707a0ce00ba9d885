"""The framework code of chapter 7 runs: its fenced blocks, executed as they are printed."""

import json
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from course_code import frameworks

# Keras on PyTorch turns tensors into arrays in a way that NumPy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

CHAPTER = Path(__file__).parents[2] / "book" / "07_initializer_zoo.ipynb"
FENCE = re.compile(r"^```python\n(.*?)^```$", re.S | re.M)


def markdown():
    cells = json.loads(CHAPTER.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def block(first_line):
    """The one fenced block that starts with a line."""
    (found,) = [code for code in FENCE.findall(markdown()) if code.startswith(first_line + "\n")]
    return found


def executed(code):
    namespace = {}
    exec(compile(code, str(CHAPTER), "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="module")
def keras(torch):
    os.environ.setdefault("KERAS_BACKEND", "torch")  # read when keras is first imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what keras itself imports
        return pytest.importorskip("keras", reason="Keras is not installed")


@pytest.fixture(scope="module")
def snippet(keras):
    return executed(block("# Keras 3: the six classes of the fourth document"))


def test_the_six_classes_draw_what_the_chapter_says(snippet):
    values = {name: value.astype(float) for name, value in snippet["values"].items()}
    n = 300
    np.testing.assert_array_equal(values["zeros"], np.zeros((n, n)))
    np.testing.assert_array_equal(values["ones"], np.ones((n, n)))
    np.testing.assert_array_equal(values["identity"], np.eye(n))
    Q = values["orthogonal"]
    np.testing.assert_allclose(Q @ Q.T, np.eye(n), atol=1e-5)
    for name, variance in (("glorot_normal", 2 / (n + n)), ("he_normal", 2 / n)):
        W = values[name]
        # Five standard errors; a truncated normal's kurtosis is 2.37.
        assert abs(W.var() / variance - 1) < 5 * np.sqrt((2.37 - 1) / W.size)
        assert abs(W.mean()) < 5 * np.sqrt(variance / W.size)


def test_the_layers_of_the_snippet_have_their_initializers(snippet, keras):
    first, second, last = snippet["model"].layers
    assert isinstance(first.kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(second.kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(last.kernel_initializer, keras.initializers.GlorotUniform)
    kernel = keras.ops.convert_to_numpy(first.kernel)
    assert kernel.shape == (30, 64)
    assert abs(kernel.var() * 30 / 2 - 1) < 5 * np.sqrt((2.37 - 1) / kernel.size)


def test_an_instance_repeats_itself_and_its_name_does_not(keras):
    def draw(initializer):
        return keras.ops.convert_to_numpy(initializer((4, 4)))

    shared = keras.initializers.HeNormal()
    np.testing.assert_array_equal(draw(shared), draw(shared))
    layers = [keras.layers.Dense(4, kernel_initializer=shared) for _ in range(2)]
    named = [keras.layers.Dense(4, kernel_initializer="he_normal") for _ in range(2)]
    for layer in layers + named:
        layer.build((None, 4))
    first, second = (keras.ops.convert_to_numpy(layer.kernel) for layer in layers)
    np.testing.assert_array_equal(first, second)
    first, second = (keras.ops.convert_to_numpy(layer.kernel) for layer in named)
    assert not np.array_equal(first, second)
    generator = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(0))
    assert not np.array_equal(draw(generator), draw(generator))


def test_the_pytorch_snippet_draws_what_its_comments_say(torch):
    namespace = executed(block("import torch"))
    model = namespace["model"]
    he = model[0].weight.detach().numpy()  # (fan_out, fan_in)
    assert abs(he.var() * 30 / 2 - 1) < 5 * np.sqrt(2 / he.size)
    assert not model[0].bias.detach().any()
    W = model[2].weight.detach().double()
    torch.testing.assert_close(
        W @ W.T, 2 * torch.eye(64, dtype=torch.float64), atol=1e-5, rtol=1e-5
    )
    assert namespace["gain"] == pytest.approx(np.sqrt(2))
    assert torch.nn.init.calculate_gain("selu") == 3 / 4


def test_the_table_of_names_is_the_package_s():
    rows = re.findall(
        r"^\| `(\w+)` \| (`.+?`|none) \| (`.+?`|none) \| (`.+?`|none) \|$", markdown(), re.M
    )
    prefixes = ("keras.initializers.", "torch.nn.init.", "jax.nn.initializers.")
    table = {
        name: [
            None if cell == "none" else prefix + cell.strip("`")
            for prefix, cell in zip(prefixes, cells, strict=True)
        ]
        for name, *cells in rows
    }
    assert table == {
        name: [row["keras"], row["pytorch"], row["jax"]] for name, row in frameworks.NAMES.items()
    }
