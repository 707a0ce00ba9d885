"""The build executes what is not in its cache, and says which cell failed."""

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import execute_notebooks as tool
from notebooks import KERNELSPEC


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty project in a temporary folder, and a function that writes notebooks into it."""
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "CACHE", tmp_path / "_build" / ".jupyter_cache")
    (tmp_path / "requirements-dev.txt").write_text("numpy==2.4.6\n")
    (tmp_path / "course_code").mkdir()
    (tmp_path / "course_code" / "losses.py").write_text("half = 0.5\n")

    def write(name, *sources):
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": dict(KERNELSPEC)})
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(notebook, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def in_this_process(monkeypatch):
    """Start no worker processes: quicker where the test is about something else."""
    monkeypatch.setattr(tool, "execute_all", lambda paths: map(tool.execute, paths))


def test_only_new_and_changed_notebooks_are_executed(book, capsys):
    paths = [book("a.ipynb", "print(1)"), book("b.ipynb", "print(2)")]
    assert tool.fill_cache(paths)
    assert sorted(capsys.readouterr().out.split()[1::5]) == ["a.ipynb", "b.ipynb"]
    book("b.ipynb", "print(3)")
    assert tool.fill_cache(paths)
    assert capsys.readouterr().out.split()[1::5] == ["b.ipynb"]


def test_everything_is_executed_again_when_the_package_changes(
    book, tmp_path, monkeypatch, in_this_process
):
    path, executed = book("a.ipynb", "print(1)"), []
    execute = tool.execute
    monkeypatch.setattr(tool, "execute", lambda path: executed.append(path) or execute(path))
    assert tool.fill_cache([path])
    assert tool.fill_cache([path])
    assert len(executed) == 1
    (tmp_path / "course_code" / "losses.py").write_text("half = 0.25\n")
    assert tool.fill_cache([path])
    assert len(executed) == 2


def test_a_failing_cell_is_shown_and_the_file_left_alone(book, capsys, in_this_process):
    path = book("a.ipynb", "x = 1", "print(x / 0)")
    before = path.read_text()
    assert not tool.fill_cache([path])
    error = capsys.readouterr().err
    assert "a.ipynb failed" in error
    assert "print(x / 0)" in error
    assert "ZeroDivisionError" in error
    assert not tool.execute_in_place([path])
    assert path.read_text() == before


def test_in_place_stores_text_and_counts_and_no_pictures(book, in_this_process):
    figure = "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))"
    path = book("a.ipynb", "print(f'{1 / 3:.3f}')", figure)
    assert tool.execute_in_place([path])
    first, second = nbformat.read(path, as_version=4).cells
    assert first.execution_count == 1
    assert first.outputs[0].text == "0.333\n"
    assert set(second.outputs[0].data) == {"text/plain"}
