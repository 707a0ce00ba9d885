"""``import course_code`` costs NumPy and nothing else."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import course_code

MODULES = [
    "activations",
    "checks",
    "ensembles",
    "history",
    "initializers",
    "losses",
    "network",
    "normalization",
    "optimizers",
    "products",
    "span",
    "trace",
    "training",
    "workspace",
]
HEAVY = {"scipy", "sklearn", "matplotlib", "pandas", "ipywidgets", "tqdm", "PIL", "joblib", "torch"}


def modules_after(code):
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


def test_importing_the_core_imports_nothing_heavy():
    names = ", ".join(f"course_code.{name}" for name in MODULES)
    loaded = modules_after(f"import course_code, {names}")
    assert loaded & HEAVY == set()
    assert "numpy" in loaded


def test_a_training_imports_nothing_heavy_either():
    code = (
        "import numpy as np\n"
        "from course_code import network, training\n"
        "rng = np.random.default_rng(0)\n"
        "net = network.MLP([2, 3, 1], initializer='he_normal', rng=rng)\n"
        "training.fit(net, np.eye(2), [0, 1], epochs=2)"
    )
    assert modules_after(code) & HEAVY == set()


def test_the_version_is_that_of_pyproject():
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    assert course_code.__version__ == tomllib.loads(pyproject.read_text())["project"]["version"]
