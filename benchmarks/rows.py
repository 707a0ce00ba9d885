"""Every row of the table: what is measured, against what, and the floor no program can go below.

An experiment is a function ``(options) -> list of rows``; the rows of one experiment share one
interleaved measurement. Where a package is missing, its rows say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from course_code import datasets, ensembles, initializers
from course_code.network import MLP
from course_code.training import fit

from . import baselines
from .measure import interleaved, summary

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Options:
    """What the command line says, and what `measure.machine` measured."""

    repeats: int
    threads: int
    machine: dict
    tick: object = lambda: None


def row(what, against, target, bound, times, ours, theirs, *, floor=None, note=""):
    """Return a row; `target` is ``"at least"`` or ``"at most"`` of their time over ours."""
    result = {
        "what": what, "against": against, "target": target, "bound": bound, "ours": times[ours],
        "theirs": times.get(theirs), "floor": floor, "note": note, "missing": None, "ratio": None,
    }  # fmt: skip
    if theirs in times:
        result["ratio"] = times[theirs]["median"] / times[ours]["median"]
    else:
        result["missing"] = f"{theirs} is not installed: pip install -r requirements-frameworks.txt"
    return result


def floor(seconds, computed):
    """Return a floor: seconds, and how they were computed."""
    return {"seconds": seconds, "computed": computed}


def has(package):
    """Return whether `package` can be imported; PyTorch gets its number of threads here."""
    return find_spec(package) is not None


def two_threads(options):
    if has("torch"):
        import torch

        torch.set_num_threads(options.threads)


# ---- the article's four runs -------------------------------------------------------------------

STARTS = {
    "zeros": initializers.get("zeros"),
    "large": initializers.get("random_normal", std=10.0),
    "He": initializers.get("variance_scaling", scale=2.0, distribution="normal"),
    "Xavier": initializers.get("variance_scaling", scale=1.0, distribution="normal"),
}
ARTICLE = {"learning_rate": 0.01, "epochs": 1000}


def article_networks(n_features):
    return [
        MLP([n_features, 5, 5, 1], initializer=start, rng=np.random.default_rng(0))
        for start in STARTS.values()
    ]


def article(options):
    """The article's four runs: one training of four networks, and one after another."""
    X, y = datasets.make_pets(100, rng=np.random.default_rng(0))
    X /= 255
    networks, losses = article_networks(X.shape[1]), {}
    two_threads(options)

    def together():
        losses["ours"] = fit(ensembles.stack(networks), X, y, **ARTICLE).loss.T

    def one_by_one():
        losses["one by one"] = [fit(network.copy(), X, y, **ARTICLE).loss for network in networks]

    def textbook():
        losses["textbook"] = [
            baselines.textbook([W.T for W in network.weights], X, y, 0.01, 1000)
            for network in networks
        ]

    def torch():
        for network in networks:
            baselines.torch_training(network, X, y, 0.01)(1000)

    contestants = {"course_code": (together, 1), "one by one": (one_by_one, 1)}
    if has("torch"):
        contestants["torch"] = (torch, 1)
    contestants["textbook"] = (textbook, 1)
    # The textbook loop takes minutes: three rounds of it are enough for a ratio of a hundred.
    times = interleaved(contestants, min(options.repeats, 3), options.tick)
    errors = [
        np.max(np.abs(losses[ours][i] / losses["textbook"][i] - 1))
        for ours in ("ours", "one by one")
        for i in (0, 1)
    ]
    note = f"zeros and large: losses equal to the textbook's to {max(errors):.0e} (relative)"
    n, n_features = X.shape
    operations = n * n * n_features + 2 * 2 * n * n_features * 5 * 4
    at_best = floor(
        2 * X.nbytes / options.machine["bandwidth_bytes_per_second"]
        + operations / options.machine["float64_operations_per_second"],
        "X read twice; half of K = X X', then X W_0 and X' A for four networks",
    )
    four = "the article's four runs, 67,500-5-5-1, 100 samples, 1000 steps, float64"
    eager = f"PyTorch eager, float64, {options.threads} threads"
    loop = "the plain textbook loop"
    return [
        row(
            four, loop, "at least", 100, times, "course_code", "textbook", floor=at_best, note=note
        ),
        row(four, eager, "at least", 50, times, "course_code", "torch", floor=at_best),
        row(f"{four}, one after another", loop, "at least", None, times, "one by one", "textbook"),
    ]


# ---- one training step -------------------------------------------------------------------------


def moons(n, n_features, dtype=np.float64):
    """Return `n` samples of which a plane tells the classes apart."""
    X = np.random.default_rng(0).standard_normal((n, n_features)).astype(dtype)
    return X, (X.sum(axis=1) > 0).astype(int)


def trains(network, X, y, steps, learning_rate=0.1):
    """Return a contestant: that many steps of `fit`."""
    return lambda: fit(network, X, y, learning_rate=learning_rate, epochs=steps), steps


def trains_torch(network, X, y, steps, learning_rate=0.1):
    train = baselines.torch_training(network, X, y, learning_rate)
    return lambda: train(steps), steps


def step_operations(sizes, n):
    """Return the operations of a step's products: two passes in the first layer, then three."""
    products = [2 * n * a * b for a, b in zip(sizes, sizes[1:], strict=False)]
    return 3 * sum(products) - products[0]


def small(options):
    """A step so small that calling functions is all its cost."""
    rows, sizes, steps = [], [2, 16, 16, 1], 500
    two_threads(options)
    for dtype in (np.float64, np.float32):
        name = np.dtype(dtype).name
        X, y = moons(128, 2, dtype)
        network = MLP(sizes, rng=np.random.default_rng(0), dtype=dtype)
        contestants = {"course_code": trains(network, X, y, steps)}
        if has("torch"):
            contestants["torch"] = trains_torch(network, X, y, steps)
        if has("sklearn"):
            train = baselines.sklearn_training((16, 16), X, y, 0.1)
            contestants["scikit-learn"] = (lambda train=train: train(steps), steps)
        times = interleaved(contestants, options.repeats, options.tick)
        rate = options.machine[f"{name}_operations_per_second"]
        at_best = floor(step_operations(sizes, 128) / rate, "operations over the product rate")
        what, wanted = f"one step, 2-16-16-1, batch 128, {name}", "at least"
        sklearn = "scikit-learn's MLPClassifier.partial_fit"
        rows += [
            row(what, "PyTorch eager", wanted, 5, times, "course_code", "torch", floor=at_best),
            row(what, sklearn, wanted, 3, times, "course_code", "scikit-learn", floor=at_best),
        ]
    return rows


def deep(options):
    """A step so large that matrix products should be all its cost."""
    width, depth, batch, steps = 256, 50, 512, 50
    two_threads(options)
    X, y = moons(batch, width, np.float32)
    network = MLP(
        [width] * depth + [1], activation="relu", initializer="he_normal", dtype=np.float32,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    trace, out, out_W = network.forward(X), np.empty_like(X), np.empty_like(network.weights[0])

    def products(layers):
        """Those of the same steps and nothing else, each layer on the arrays of one of `layers`."""
        for _ in range(steps):
            for i, layer in enumerate(layers):
                A, W = trace.inputs[layer], network.weights[layer]
                np.matmul(A, W, out=out)
                np.matmul(A.T, A, out=out_W)
                if i > 0:  # no gradient for the input
                    np.matmul(A, W.T, out=out)

    contestants = {
        "course_code": trains(network, X, y, steps, 0.001),
        "in cache": (lambda: products([0] * (depth - 1)), steps),
        "own arrays": (lambda: products(range(depth - 1)), steps),
    }
    if has("torch"):
        contestants["torch"] = trains_torch(network, X, y, steps, 0.001)
    times = interleaved(contestants, options.repeats, options.tick)
    rate = options.machine["float32_operations_per_second"]
    operations = step_operations(network.sizes, batch)
    at_best = floor(operations / rate, "operations over the rate of a 1024 x 1024 product")
    times["at the rate"] = summary([operations / rate])
    what, wanted = "one step, 50 layers of 256, ReLU, batch 512, float32", "at least"
    rate_of = "the same matrix products alone"
    cached = f"{rate_of}, always on the same arrays (fraction of their rate)"
    own = f"{rate_of}, on each layer's own arrays"
    machine = f"{rate_of}, at the rate of a 1024 x 1024 product (fraction of that rate)"
    return [
        row(what, "PyTorch eager", wanted, 0.9, times, "course_code", "torch", floor=at_best),
        row(what, cached, wanted, 0.75, times, "course_code", "in cache", floor=at_best),
        row(what, machine, wanted, 0.75, times, "course_code", "at the rate", floor=at_best),
        row(what, own, wanted, None, times, "course_code", "own arrays", floor=at_best),
    ]


def ensemble(options):
    """256 networks of different seeds and scales, in one training."""
    rows, sizes, members, steps = [], [2, 16, 16, 1], 256, 50
    two_threads(options)
    for dtype in (np.float64, np.float32):
        name = np.dtype(dtype).name
        X, y = moons(128, 2, dtype)
        scales = np.geomspace(0.25, 4, members)
        networks = [
            MLP(
                sizes, rng=np.random.default_rng(seed), dtype=dtype,
                initializer=initializers.get("variance_scaling", scale=scale),
            )
            for seed, scale in enumerate(scales)
        ]  # fmt: skip
        contestants = {"course_code": trains(ensembles.stack(networks), X, y, steps)}
        if has("torch"):
            all_trains = [baselines.torch_training(one, X, y, 0.1) for one in networks]
            contestants["torch"] = (lambda trains=all_trains: [t(steps) for t in trains], steps)
        times = interleaved(contestants, options.repeats, options.tick)
        rate = options.machine[f"{name}_operations_per_second"]
        operations = members * step_operations(sizes, 128)
        at_best = floor(operations / rate, "operations over the product rate")
        what = f"one step of {members} networks 2-16-16-1, batch 128, {name}"
        one_by_one = "the same one after another in PyTorch eager"
        rows.append(
            row(what, one_by_one, "at least", 20, times, "course_code", "torch", floor=at_best)
        )
    return rows


# ---- memory and imports ------------------------------------------------------------------------

# The peak is that of a process of its own, as Linux counts it: it knows of every allocation, the
# BLAS's too. (ru_maxrss would not do: a process inherits it from its parent.) It is counted from
# what the process holds with everything imported and a small training done.
MEMORY = """
import sys
import numpy as np
from course_code import ensembles
from course_code.training import fit
from benchmarks.rows import ARTICLE, article_networks

def peak():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) * 1024

y = np.arange(100) % 2
fit(ensembles.stack(article_networks(200)), np.ones((100, 200)) * y[:, None], y, epochs=2)
before = peak()
X = np.random.default_rng(0).random((100, 67_500))
networks = article_networks(67_500)
if sys.argv[1] == "together":
    fit(ensembles.stack(networks), X, y, **ARTICLE)
else:
    for network in networks:
        fit(network, X, y, **ARTICLE)
print((peak() - before) / X.nbytes)
"""


def memory(options):
    """The peak memory of the article's runs, data included, as a multiple of the data."""
    rows = []
    for how in ("together", "one after another"):
        result = _at_most(
            f"peak memory of the article's four runs, {how} (data included)",
            "size of the data",
            2.5,
        )
        result["floor"] = floor(1.0, "the data itself")
        if Path("/proc/self/status").exists():
            values = []
            for _ in range(3):
                values.append(float(_python("-c", MEMORY, how)))
                options.tick()
            result["ours"], result["ratio"] = summary(values), float(np.median(values))
        else:
            result["missing"] = "measured on Linux only"
        rows.append(result)
    return rows


def _at_most(what, against, bound):
    """Return an empty row whose ratio is our cost over theirs."""
    empty = dict.fromkeys(("ours", "theirs", "ratio", "floor", "missing"))
    return {
        "what": what,
        "against": against,
        "target": "at most",
        "bound": bound,
        "note": "",
        **empty,
    }


def imports(options):
    """The time of ``import course_code`` over that of ``import numpy``, in new processes."""
    names = "activations ensembles initializers losses network optimizers training"
    core = ", ".join(f"course_code.{name}" for name in names.split())

    def run(code):
        return lambda: _python("-c", code), 1

    times = interleaved(
        {
            "nothing": run("pass"),
            "numpy": run("import numpy"),
            "package": run("import numpy, course_code"),
            "core": run(f"import {core}"),
        },
        3 * options.repeats,
        options.tick,
    )
    start = times["nothing"]["median"]  # of the interpreter, taken off all the others
    for name in ("numpy", "package", "core"):
        for key in ("median", "low", "high"):
            times[name][key] -= start
    rows = []
    for name, what in (("package", "import course_code"), ("core", "import all of its core")):
        result = _at_most(what, "import numpy", 1.5)
        result["ours"], result["theirs"] = times[name], times["numpy"]
        result["ratio"] = times[name]["median"] / times["numpy"]["median"]
        result["note"] = "numpy included, the interpreter's own start taken off"
        rows.append(result)
    return rows


def _python(*arguments):
    run = [sys.executable, *arguments]
    return subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True).stdout


# ---- what readers and contributors wait for ----------------------------------------------------


def book(options):
    """A cold build of the book in a copy of the tree, then one with nothing changed."""
    if not has("jupyter_book"):
        return [_waiting("cold build of the book", 60, None, "jupyter-book is not installed")]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "course"
        skip = shutil.ignore_patterns(".git", ".venv", "_build", ".*_cache", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=skip)
        rows = []
        for what, bound in (("cold build of the book", 60), ("again, nothing changed", 2)):
            seconds = _seconds([sys.executable, "tools/build_book.py"], copy)
            rows.append(_waiting(what, bound, seconds))
            options.tick()
    return rows


def tests(options):
    """All tests, as ``make test`` runs them."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto"]
    return [_waiting("all tests", 120, _seconds(command, ROOT))]


def _seconds(command, folder):
    # The threads of the BLAS are this command's own affair: the caller's setting is not its.
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    start = time.perf_counter()
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{run.stdout}\n{run.stderr}")
    return time.perf_counter() - start


def _waiting(what, bound, seconds, missing=None):
    result = _at_most(what, "a clock (seconds)", bound)
    ours = None if missing else summary([seconds])
    return result | {"ours": ours, "ratio": seconds, "missing": missing}


EXPERIMENTS = {
    "article": article,
    "small": small,
    "deep": deep,
    "ensemble": ensemble,
    "memory": memory,
    "imports": imports,
    "book": book,
    "tests": tests,
}
