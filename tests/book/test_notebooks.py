"""Every notebook of the book is committed in the form that CONTRIBUTING.md asks for."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))

spec = importlib.util.spec_from_file_location("notebooks", ROOT / "tools" / "notebooks.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_in_committed_form(path):
    assert tool.check(tool.read(path)) == []


def cell(source, *outputs, count=1, tags=()):
    return {
        "cell_type": "code",
        "id": f"c{count}",
        "metadata": {"tags": list(tags)} if tags else {},
        "execution_count": count,
        "source": source,
        "outputs": list(outputs),
    }


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook(*cells):
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": dict(tool.KERNELSPEC), "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


GOOD = notebook(
    cell("print(f'{1 / 3:.3f}')", stream("0.333\n")),
    cell("plot()", count=2, tags=["nbval-ignore-output"]),
)


def rules(candidate):
    return [problem.split("[")[1].split("]")[0] for problem in tool.check(candidate)]


def test_good_notebook_passes_and_is_left_alone():
    assert tool.check(GOOD) == []
    assert tool.clean(GOOD) == GOOD


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("long-cell", cell("x = 1\n" * 21)),
        ("print-and-draw", cell("plot()\nprint(1)", tags=["nbval-ignore-output"])),
        ("stored-ignored", cell("plot()", stream("1\n"), tags=["nbval-ignore-output"])),
        (
            "error",
            cell("f()", {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}),
        ),
        ("stderr", cell("f()", stream("Warning", name="stderr"))),
        ("picture", cell("plot()", display(**{"image/png": "AAAA", "text/plain": "<Figure>"}))),
        ("repr", cell("x", display(**{"text/plain": "np.float64(0.5)"}))),
        ("repr", cell("x", display(**{"text/plain": "array([1., 2.])"}))),
        ("repr", cell("x", display(**{"text/plain": "<course_code.network.MLP at 0x7f0c>"}))),
        ("long-output", cell("print('x' * 9999)", stream("x" * 9999))),
        ("counts", cell("print(1)", stream("1\n"), count=3)),
        ("counts", cell("print(1)", stream("1\n"), count=None)),
    ],
)
def test_each_rule_is_caught(rule, broken):
    assert rules(notebook(broken)) == [rule]


def test_missing_kernelspec_is_caught():
    broken = copy.deepcopy(GOOD)
    del broken["metadata"]["kernelspec"]
    assert rules(broken) == ["kernelspec"]


def test_metadata_noise_is_caught():
    broken = copy.deepcopy(GOOD)
    broken["cells"][0]["metadata"]["execution"] = {"iopub.status.busy": "2026"}
    assert rules(broken) == ["noise"]


def test_clean_drops_pictures_and_noise_and_keeps_numbers_and_counts():
    picture = display(**{"image/png": "AAAA", "text/plain": "<Figure size 640x480 with 1 Axes>"})
    dirty = copy.deepcopy(GOOD)
    dirty["cells"][1]["outputs"] = [picture]
    dirty["cells"][0]["metadata"]["scrolled"] = True
    dirty["metadata"]["widgets"] = {"state": {}}
    dirty["metadata"]["language_info"]["version"] = "3.11.2"
    assert tool.clean(dirty) == GOOD


def test_what_was_printed_in_pieces_is_put_together():
    pieces = [{"output_type": "stream", "name": "stdout", "text": t} for t in ("1\n", "2\n", "3\n")]
    split = copy.deepcopy(GOOD)
    split["cells"][0]["outputs"] = pieces
    assert rules(split) == ["noise"]
    (output,) = tool.clean(split)["cells"][0]["outputs"]
    assert output["text"] == ["1\n", "2\n", "3\n"]


def test_clean_drops_an_untagged_picture_without_leaving_its_repr():
    picture = display(**{"image/png": "AAAA", "text/plain": "<Figure size 640x480 with 1 Axes>"})
    assert tool.clean(notebook(cell("plot()", picture)))["cells"][0]["outputs"] == []


WIDGET = display(**{tool.WIDGET: {"model_id": "a1"}, "text/plain": "VBox(children=(HTML()...))"})


@pytest.mark.parametrize(
    ("tags", "rule"), [(["nbval-ignore-output"], "stored-ignored"), ([], "picture")]
)
def test_a_stored_widget_is_caught_and_dropped(tags, rule):
    stored = cell("explorer", WIDGET, tags=tags)
    assert rules(notebook(stored)) == [rule]
    assert tool.clean(notebook(stored))["cells"][0]["outputs"] == []


def test_widget_state_is_caught_and_dropped():
    stateful = copy.deepcopy(GOOD)
    stateful["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    assert rules(stateful) == ["noise"]
    assert tool.clean(stateful) == GOOD


def test_check_command_names_file_and_rule(tmp_path, capsys, monkeypatch):
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps(notebook(cell("x", display(**{"text/plain": "np.int64(3)"})))))
    monkeypatch.setattr("sys.argv", ["notebooks.py", "check", str(path)])
    assert tool.main() == 1
    assert "broken.ipynb: cell 0: [repr]" in capsys.readouterr().out


def test_clean_command_writes_what_jupyter_writes(tmp_path, monkeypatch):
    path = tmp_path / "dirty.ipynb"
    dirty = copy.deepcopy(GOOD)
    dirty["cells"][0]["metadata"]["scrolled"] = True
    path.write_text(json.dumps(dirty))
    monkeypatch.setattr("sys.argv", ["notebooks.py", "clean", str(path)])
    assert tool.main() == 0
    assert path.read_text() == tool.dump(GOOD)
    nbformat = pytest.importorskip("nbformat")
    assert nbformat.writes(nbformat.read(path, as_version=4)) + "\n" == path.read_text()
