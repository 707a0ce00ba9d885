"""On Colab the notebooks' first cell installs the repository that the notebook is from."""

import importlib.util
import json
import re
import sys
import types
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import colab  # noqa: E402

sys.path.remove(str(ROOT / "tools"))

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
OPENED = "fileId=https%3A//github.com/someone/a.fork/blob/{}/book/05_xavier.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_starts_with_the_cell(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert colab.with_setup(notebook) == notebook, "run: python tools/colab.py book/*.ipynb"


def test_the_cell_is_put_first_once_and_the_counts_move_on():
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title"]},
        {"cell_type": "code", "id": "b", "execution_count": 1, "outputs": [], "source": ["x"]},
    ]
    once = colab.with_setup({"cells": cells})
    assert [cell["id"] for cell in once["cells"]] == [colab.ID, "a", "b"]
    assert once["cells"][2]["execution_count"] == 2
    assert colab.with_setup(once) == once
    assert cells[1]["execution_count"] == 1


def run(monkeypatch, *, path="fileId=1abc", provenance=(), on_colab=True, installed=False):
    """Run the cell as Colab would; return the address that pip is given, if any."""
    asked = []
    code = re.sub(r"%pip install -q (.*)", r'pip(f"\1")', colab.SOURCE)
    copy = {"ipynb": {"metadata": {"colab": {"provenance": list(provenance)}}}}
    if on_colab:
        google = types.ModuleType("google.colab")
        google._message = types.SimpleNamespace(blocking_request=lambda name: copy)
        monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", google)
    answer = types.SimpleNamespace(text=json.dumps([{"path": path, "name": "05_xavier.ipynb"}]))
    monkeypatch.setattr(requests, "get", lambda url, timeout: answer)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if installed else None)
    exec(code, {"pip": asked.append})
    return asked


@pytest.mark.parametrize("branch", ["main", "v1.2.0", "feature/wider"])
def test_it_installs_the_fork_and_branch_that_was_opened(monkeypatch, branch):
    asked = run(monkeypatch, path=OPENED.format(branch))
    assert asked == [f"git+https://github.com/someone/a.fork@{branch}"]


def test_a_copy_saved_to_drive_remembers_its_origin(monkeypatch):
    origin = "https://github.com/someone/course/blob/main/book/05_xavier.ipynb"
    asked = run(monkeypatch, provenance=[{"file_id": origin, "timestamp": 1}])
    assert asked == ["git+https://github.com/someone/course@main"]


def test_a_notebook_of_unknown_origin_says_what_to_run(monkeypatch):
    with pytest.raises(ImportError, match=r"%pip install git\+https://github.com/"):
        run(monkeypatch)


@pytest.mark.parametrize("state", [{"on_colab": False}, {"installed": True}])
def test_it_does_nothing_elsewhere_or_twice(monkeypatch, state):
    assert run(monkeypatch, path=OPENED.format("main"), **state) == []
